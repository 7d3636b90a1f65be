//! Documents that a kustomization lists as objects, and that do not say what they are.

use std::collections::BTreeSet;

use super::common::{is_slip, mend_slip};
use crate::check::finding::{Findings, Severity, Spot};
use crate::check::registry::Rule;
use crate::index::{Repository, Role, is_kustomization};
use crate::yaml::{Kind, Node};

pub(in crate::check) const RULE: Rule = Rule {
    id: "incomplete-object",
    severity: Severity::Error,
    summary: "a document among resources without apiVersion, kind or name",
    check,
};

fn check(repository: &Repository<'_>, findings: &mut Findings) {
    let index = repository.index;
    let mut seen = BTreeSet::new();
    let lists = repository.references.iter();
    for reference in lists.flat_map(|(_, found)| found) {
        let path = reference.to.as_str();
        let wanted = reference.role == Role::Resource
            && !is_kustomization(path)
            && !index.hidden.contains(path)
            && !index.templated.contains(path);
        if !wanted || !seen.insert(path) {
            continue;
        }
        let (Some(documents), Some(source)) = (index.files.get(path), index.texts.get(path)) else {
            continue;
        };
        for document in documents {
            let Some((at, message, effect, hint, near)) = lacks(document) else {
                continue;
            };
            let finding = findings.add(Spot::node(source, at), message);
            finding.effect(effect);
            finding.hint(hint);
            if let Some(near) = near {
                finding.hint(format!("did you mean `{near}`?"));
                mend_slip(finding, near);
            }
            if !repository.reached.contains(path) && !repository.clusters.is_empty() {
                finding.severity(Severity::Warning);
            }
        }
    }
}

/// What a document lacks: where to point, what is wrong, what comes of it, what to do, and the field that is meant.
type Lack<'n> = (&'n Node, String, &'static str, String, Option<&'static str>);

/// Measured: `kustomize build` refuses what has no kind ("missing kind in object", "missing Resource metadata" for what
/// has neither field) and what has no name ("missing metadata.name in object"). What lacks `apiVersion` it lets pass.
fn lacks(document: &Node) -> Option<Lack<'_>> {
    let build = "the build fails, and Flux applies nothing of it";
    let Kind::Mapping(entries) = &document.kind else {
        let blank =
            document.is_null() || document.text().is_some_and(|text| text.trim().is_empty());
        return (!blank).then(|| {
            let message = "this is no object, and a kustomization lists it as one".to_owned();
            let hint = "write an object with apiVersion, kind and metadata.name, or name the file elsewhere than under resources";
            (document, message, build, hint.to_owned(), None)
        });
    };
    let (first, _) = entries.first()?;
    let has = |key: &str| document.get(key).is_some_and(|value| !value.is_null());
    let meant = |key: &'static str| {
        let mut keys = entries.iter().map(|(key, _)| key);
        keys.find(|written| {
            let text = written.text().unwrap_or_default();
            text.eq_ignore_ascii_case(key) || is_slip(text, key)
        })
    };
    for (key, effect) in [
        ("kind", build),
        (
            "apiVersion",
            "Flux applies nothing of its build: \"Object 'apiVersion' is missing\"",
        ),
    ] {
        if !has(key) {
            let near = meant(key);
            let message = format!("this document has no {key}");
            let hint = format!("write {key}, or take the document out of resources");
            return Some((
                near.unwrap_or(first),
                message,
                effect,
                hint,
                near.map(|_| key),
            ));
        }
    }
    let kind = document.get("kind").and_then(Node::text)?;
    if kind.ends_with("List") || kind.starts_with("ENC[") {
        return None;
    }
    let metadata = document.get("metadata");
    let named = metadata.and_then(|metadata| metadata.get("name"));
    if named.is_some_and(|name| name.text().is_some_and(|text| !text.is_empty())) {
        return None;
    }
    let near = metadata.and_then(|metadata| {
        let mut keys = metadata.entries().iter().map(|(key, _)| key);
        keys.find(|key| {
            key.text()
                .is_some_and(|text| text.eq_ignore_ascii_case("name"))
        })
    });
    let message = format!("this {kind} has no metadata.name");
    let hint = match metadata.and_then(|metadata| metadata.get("generateName")) {
        Some(_) => "write a name: kustomize does not know generateName",
        None => "write metadata.name",
    };
    let at = near.or(metadata).unwrap_or(first);
    Some((at, message, build, hint.to_owned(), near.map(|_| "name")))
}
