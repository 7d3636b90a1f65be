//! Patches that cannot be applied to what they are for, and replacements that find nothing to take or to write.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::common::{has_open_parts, title};
use super::json_patch::{Failed, apply, lay};
use crate::check::finding::{Findings, Severity, Spot};
use crate::check::registry::Rule;
use crate::error::{Source, did_you_mean};
use crate::index::{
    Build, Builder, Built, Effective, Patch, Repository, Unit, folder_of, is_kustomization,
};
use crate::yaml::{Kind, Node};

pub(in crate::check) const RULE: Rule = Rule {
    id: "broken-patch",
    severity: Severity::Error,
    summary: "a JSON patch, or a replacement, for a field that is not there",
    check,
};

fn check(repository: &Repository<'_>, findings: &mut Findings) {
    let mut told = BTreeSet::new();
    for unit in repository.units() {
        for built in unit.built.iter().filter(|built| !built.patches.is_empty()) {
            let nested = repository.object(built).is_none_or(|object| object.nested);
            if let Some(effective) = repository.effective(built).filter(|_| !nested)
                && let Err(Some(broken)) = outcome(&effective)
                && told.insert(broken.at.key())
            {
                operation(&broken, built, unit, repository, findings);
            }
        }
    }
    replacements(repository, findings);
}

/// An operation that cannot be applied.
struct Broken {
    at: Spot,
    op: String,
    pointer: String,
    failed: Failed,
}

/// What an object comes to with its patches, if that is sure; or the operation that fails.
fn outcome(effective: &Effective<'_>) -> Result<Value, Option<Broken>> {
    let mut value = effective.base.node.to_value();
    for layer in &effective.patches {
        if !layer.under.is_empty() {
            let mut piece = layer.node.to_value();
            for key in layer.under.iter().rev() {
                piece = Value::Object(Map::from_iter([((*key).to_owned(), piece)]));
            }
            lay(&mut value, &piece);
            continue;
        }
        let Kind::Sequence(operations) = &layer.node.kind else {
            if layer.node.get("$patch").is_some() {
                return Err(None);
            }
            lay(&mut value, &layer.node.to_value());
            continue;
        };
        for operation in operations {
            let text = |key: &str| operation.get(key).and_then(Node::text);
            let (Some(op), Some(pointer)) = (text("op"), text("path")) else {
                return Err(None);
            };
            if has_open_parts(pointer) {
                return Err(None);
            }
            let new = operation.get("value").map(Node::to_value);
            match apply(&mut value, op, pointer, text("from"), new) {
                Ok(()) => {}
                Err(Failed::Unknown) => return Err(None),
                Err(failed) => {
                    return Err(Some(Broken {
                        at: place(layer, operation, pointer),
                        op: op.to_owned(),
                        pointer: pointer.to_owned(),
                        failed,
                    }));
                }
            }
        }
    }
    Ok(value)
}

/// Where an operation stands: in a patch that is written as text, at its path in that text.
fn place(layer: &Patch<'_>, operation: &Node, pointer: &str) -> Spot {
    let Some(text) = &layer.inline else {
        return Spot::node(layer.source, operation.get("path").unwrap_or(operation));
    };
    let whole = layer.source.text.get(text.clone()).unwrap_or_default();
    let before = |at: &usize| {
        !whole[at + pointer.len()..]
            .starts_with(|c: char| c.is_alphanumeric() || "/~-_".contains(c))
    };
    match whole.match_indices(pointer).map(|(at, _)| at).find(before) {
        Some(at) => Spot::span(
            layer.source,
            text.start + at..text.start + at + pointer.len(),
        ),
        None => Spot::span(layer.source, text.clone()),
    }
}

fn operation(
    broken: &Broken,
    built: &Built<'_>,
    unit: &Unit<'_>,
    repository: &Repository<'_>,
    findings: &mut Findings,
) {
    let Broken { op, pointer, .. } = broken;
    let title = title(built, repository);
    let (message, why, hint) = match &broken.failed {
        Failed::NoField => (
            format!("{title} has no {pointer} to {op}"),
            "missing value",
            "take the operation away, or narrow its target to what has the field".to_owned(),
        ),
        Failed::NoParent(parent) => (
            format!("{title} has no {parent} for {pointer} to go into"),
            "doc is missing path",
            format!(
                "add {parent} before, with a map or a list as its value, or write a merge patch, which makes what is missing"
            ),
        ),
        Failed::NoItem(index, length) => (
            format!("{title} has no item {index} at {pointer}: there are {length}"),
            "Unable to access invalid index",
            "count from 0, or end the path in /- to append".to_owned(),
        ),
        Failed::Otherwise => (
            format!("{title} does not have at {pointer} what is tested for"),
            "test failed",
            "test for what is there, or take the operation away".to_owned(),
        ),
        Failed::NoOperation => (
            format!("{op} is no operation of a JSON patch"),
            "Unexpected kind",
            match did_you_mean(op, OPERATIONS) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("write one of {}", OPERATIONS.join(", ")),
            },
        ),
        Failed::Unknown => return,
    };
    let finding = findings.add(broken.at.clone(), message);
    let name = if unit.name.is_empty() {
        "Flux"
    } else {
        &unit.name
    };
    finding.effect(format!(
        "kustomize build fails (\"{why}\"), and {name} applies nothing"
    ));
    finding.hint(hint);
    if let Some(object) = repository.object(built) {
        finding.related(Spot::name(object), "the object is written here");
    }
}

const OPERATIONS: [&str; 6] = ["add", "remove", "replace", "move", "copy", "test"];

/// `replacements` of kustomizations that are known as a whole (kustomize, `filters/replacement`).
fn replacements(repository: &Repository<'_>, findings: &mut Findings) {
    let index = repository.index;
    let mut builder = Builder::new(index, repository.objects);
    for (path, documents) in &index.files {
        let list = documents.first().and_then(|node| node.get("replacements"));
        let (Some(list), Some(source)) = (list, index.texts.get(path)) else {
            continue;
        };
        if !is_kustomization(path) || !repository.reached.contains(path.as_str()) {
            continue;
        }
        let is_component = documents[0].get("kind").and_then(Node::text) == Some("Component");
        let build = builder.build(folder_of(path));
        // What a Component replaces lies in the folder that names it.
        if is_component || !build.open.is_empty() {
            continue;
        }
        for item in list.items() {
            replacement(source, item, &build, repository, findings);
        }
    }
}

fn replacement(
    source: &std::sync::Arc<Source>,
    item: &Node,
    build: &Build<'_>,
    repository: &Repository<'_>,
    findings: &mut Findings,
) {
    let Some(from) = item.get("source") else {
        return;
    };
    let text = |node: &Node, key: &str| node.get(key).and_then(Node::text).map(str::to_owned);
    let selected = |by: &Node| -> Vec<&Built<'_>> {
        let found = build
            .built
            .iter()
            .filter(|built| is_selected(by, built, repository));
        found.collect()
    };
    let folder = folder_of(&source.name);
    let mut tell = |at: &Node, message: String, why: &str, hint: &str| {
        let finding = findings.add(Spot::node(source, at), message);
        finding.effect(format!(
            "kustomize build fails (\"{why}\"), and Flux applies nothing of {folder}"
        ));
        finding.hint(hint);
    };
    let sources = selected(from);
    match sources.as_slice() {
        [] => {
            let message =
                "no object of this build is what the replacement is to take from".to_owned();
            let hint = "name an object that the same kustomization lists";
            tell(
                from.get("name").unwrap_or(from),
                message,
                "nothing selected",
                hint,
            );
        }
        [one] => {
            let field = text(from, "fieldPath").unwrap_or_else(|| "metadata.name".to_owned());
            let value = repository.effective(one).map(|all| outcome(&all));
            if let Some(Ok(value)) = value
                && simple(&field).is_some_and(|keys| find(&value, &keys).is_none())
            {
                let message = format!("{} has no {field} to take", title(one, repository));
                let at = from.get("fieldPath").unwrap_or(from);
                tell(
                    at,
                    message,
                    "is missing for replacement source",
                    "name a field that it has",
                );
            }
        }
        _ => {}
    }
    for target in item.get("targets").into_iter().flat_map(Node::items) {
        let creates = target.at(&["options", "create"]).and_then(Node::text) == Some("true");
        let (Some(select), false) = (target.get("select"), creates) else {
            continue;
        };
        if target.get("reject").is_some() {
            continue;
        }
        for field in target.get("fieldPaths").into_iter().flat_map(Node::items) {
            let Some(keys) = field.text().and_then(simple) else {
                continue;
            };
            for one in selected(select) {
                let value = repository.effective(one).map(|all| outcome(&all));
                // Its own replacements before this one may have made it.
                if let Some(Ok(value)) = value
                    && find(&value, &keys).is_none()
                    && keys.first().is_none_or(|first| first != "metadata")
                {
                    let field_text = field.text().unwrap_or_default();
                    let message =
                        format!("{} has no {field_text} to write", title(one, repository));
                    let hint = "name a field that it has, or say options: {create: true}";
                    tell(field, message, "unable to find field", hint);
                    break;
                }
            }
        }
    }
}

/// Whether a selector of a replacement is for an object: each thing that it names must be so, as it was or as it is.
fn is_selected(by: &Node, built: &Built<'_>, repository: &Repository<'_>) -> bool {
    let text = |key: &str| {
        by.get(key)
            .and_then(Node::text)
            .filter(|text| !text.is_empty())
    };
    let object = repository.object(built);
    let objects = repository.objects;
    let kind = text("kind").is_none_or(|kind| kind == built.kind(objects));
    let group = text("group").is_none_or(|group| group == built.group(objects));
    let name = text("name")
        .is_none_or(|name| name == built.name || object.is_some_and(|object| object.name == name));
    let namespace = text("namespace").is_none_or(|space| {
        let was = object
            .and_then(|object| object.namespace)
            .unwrap_or("default");
        Some(space) == built.namespace.as_deref() || space == was
    });
    kind && group && name && namespace
}

/// The keys of a path that names no item of a list.
fn simple(path: &str) -> Option<Vec<String>> {
    let plain = !path.contains(['[', '*', '\\', '$']) && !path.is_empty();
    plain.then(|| path.split('.').map(str::to_owned).collect())
}

/// The value along a path; an unknown one where something on the way is.
fn find<'v>(value: &'v Value, keys: &[String]) -> Option<&'v Value> {
    let Some((first, rest)) = keys.split_first() else {
        return Some(value);
    };
    match value {
        Value::Object(map) => find(map.get(first)?, rest),
        Value::Array(items) => find(items.get(first.parse::<usize>().ok()?)?, rest),
        other if super::json_patch::is_unknown(other) => Some(other),
        _ => None,
    }
}
