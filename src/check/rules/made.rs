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
    /// What stands there with parts that are put in: the texts between those.
    patterns: BTreeSet<Vec<&'a str>>,
    /// Secrets that objects make.
    secrets: BTreeSet<&'a str>,
    /// Buckets: their provisioner makes a `ConfigMap` and a Secret of their name.
    buckets: BTreeSet<&'a str>,
}

impl<'a> Made<'a> {
    /// What is made in a repository.
    pub(in crate::check) fn of(repository: &Repository<'a>) -> Self {
        let index = repository.index;
        let (mut terraform, mut patterns) = (BTreeSet::new(), BTreeSet::new());
        for (_, source) in index.texts.iter().filter(|(path, _)| path.ends_with(".tf")) {
            let mut parts: Vec<&str> = source.text.split('"').skip(1).collect();
            parts.pop();
            patterns.extend(parts.iter().filter_map(|part| pattern(part)));
            terraform.extend(parts);
        }
        let mut secrets = BTreeSet::new();
        let objects = repository.objects.all.iter();
        for object in objects {
            if let Some(names) = secrets_of(object) {
                let names: Vec<&str> = names.collect();
                if names.is_empty() {
                    secrets.insert(object.name);
                }
                secrets.extend(names);
            }
        }
        let objects = repository.objects.all.iter();
        let claims = objects.filter(|object| object.kind == "ObjectBucketClaim");
        Self {
            terraform,
            patterns,
            secrets,
            buckets: claims.map(|claim| claim.name).collect(),
        }
    }

    /// Whether Terraform speaks of the name.
    pub(super) fn by_terraform(&self, name: &str) -> bool {
        self.terraform.contains(name)
            || self
                .patterns
                .iter()
                .any(|pattern| is_of_pattern(name, pattern))
    }

    /// Whether something else in the repository has the name.
    pub(in crate::check) fn has(&self, kind: &str, name: &str) -> bool {
        self.by_terraform(name)
            || self.buckets.contains(name)
            || kind == "Secret" && self.secrets.contains(name)
    }
}

/// The texts between what a string of Terraform puts in, if it does and says enough beside it.
fn pattern(text: &str) -> Option<Vec<&str>> {
    if !text.contains("${") || text.contains(['\n', ' ']) {
        return None;
    }
    let mut texts = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        texts.push(before);
        rest = after.split_once('}')?.1;
    }
    texts.push(rest);
    let said: usize = texts.iter().map(|text| text.len()).sum();
    (said >= SAID).then_some(texts)
}

/// How many letters of a name must be said for it to be told from any other.
const SAID: usize = 4;

/// Whether a name may come of a pattern.
fn is_of_pattern(name: &str, pattern: &[&str]) -> bool {
    let [first, middle @ .., last] = pattern else {
        return false;
    };
    let rest = name
        .strip_prefix(first)
        .and_then(|rest| rest.strip_suffix(last));
    let Some(mut rest) = rest else {
        return false;
    };
    middle.iter().all(|text| match rest.split_once(text) {
        Some((_, after)) => {
            rest = after;
            true
        }
        None => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_terraform_with_parts_put_in() {
        let of = |text: &str, name: &str| {
            pattern(text).is_some_and(|pattern| is_of_pattern(name, &pattern))
        };
        let text = "eks-${var.cluster_name}-vars";
        assert!(of(text, "eks-prod-vars"));
        assert!(!of(text, "eks-prod-values"));
        assert!(of("${var.a}-${var.b}-settings", "x-y-settings"));
        // This would be any name.
        assert!(!of("${var.name}", "settings"));
        assert!(!of("${var.name}-x", "a-x"));
    }
}
