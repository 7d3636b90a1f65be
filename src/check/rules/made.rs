//! What something beside Flux's own objects makes: Terraform, an operator's object.

use std::collections::BTreeSet;

use crate::index::{Object, Repository};

/// Kinds whose objects make a Secret of the name they say, or of their own.
const MAKERS: [&str; 4] = [
    "ExternalSecret",
    "SealedSecret",
    "Certificate",
    "PushSecret",
];

/// Names that an object says for the Secret that it makes; nothing at all of one that makes none. Without any it is its
/// own.
pub(super) fn secrets_of<'a>(
    object: &Object<'a>,
) -> Option<impl Iterator<Item = &'a str> + use<'a>> {
    let node = object.node;
    let paths: [&[&str]; 2] = [&["spec", "target", "name"], &["spec", "secretName"]];
    let names = paths.into_iter().filter_map(|path| node.at(path)?.text());
    MAKERS.contains(&object.kind).then_some(names)
}

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
        for object in objects {
            if let Some(names) = secrets_of(object) {
                secrets.insert(object.name);
                secrets.extend(names);
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

    /// Whether Terraform speaks of the name.
    pub(super) fn by_terraform(&self, name: &str) -> bool {
        self.terraform.contains(name)
    }

    /// Whether something else in the repository has the name.
    pub(in crate::check) fn has(&self, kind: &str, name: &str) -> bool {
        self.by_terraform(name)
            || self.buckets.contains(name)
            || kind == "Secret" && self.secrets.contains(name)
    }
}
