//! What something beside Flux's own objects makes: Terraform, an operator's object.

use std::collections::BTreeSet;

use crate::index::Repository;

/// Kinds whose objects make a Secret of the name they say, or of their own.
pub(super) const MAKERS: [&str; 4] = [
    "ExternalSecret",
    "SealedSecret",
    "Certificate",
    "PushSecret",
];

/// Names of what is made elsewhere, collected once: on a hundred clusters they are asked for thousands of times.
pub(in crate::check) struct Made<'a> {
    /// Whatever stands in quotes in Terraform.
    terraform: BTreeSet<&'a str>,
    /// Secrets that objects make.
    secrets: BTreeSet<&'a str>,
    /// Buckets: their provisioner makes a `ConfigMap` and a Secret of their name.
    buckets: BTreeSet<&'a str>,
}

impl<'a> Made<'a> {
    /// What is made in a repository.
    pub(in crate::check) fn of(repository: &Repository<'a>) -> Self {
        let index = repository.index;
        let mut terraform = BTreeSet::new();
        for (_, source) in index.texts.iter().filter(|(path, _)| path.ends_with(".tf")) {
            let mut parts: Vec<&str> = source.text.split('"').skip(1).collect();
            parts.pop();
            terraform.extend(parts);
        }
        let mut secrets = BTreeSet::new();
        let objects = repository.objects.all.iter();
        for object in objects.filter(|object| MAKERS.contains(&object.kind)) {
            secrets.insert(object.name);
            for path in [&["spec", "target", "name"][..], &["spec", "secretName"]] {
                secrets.extend(object.node.at(path).and_then(|node| node.text()));
            }
        }
        let objects = repository.objects.all.iter();
        let claims = objects.filter(|object| object.kind == "ObjectBucketClaim");
        Self {
            terraform,
            secrets,
            buckets: claims.map(|claim| claim.name).collect(),
        }
    }

    /// Whether something else in the repository has the name.
    pub(in crate::check) fn has(&self, kind: &str, name: &str) -> bool {
        self.terraform.contains(name)
            || self.buckets.contains(name)
            || kind == "Secret" && self.secrets.contains(name)
    }
}
