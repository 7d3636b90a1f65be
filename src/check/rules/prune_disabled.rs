//! `prune: disabled` all over.

use std::collections::BTreeSet;

use crate::check::finding::{Findings, Severity, Spot};
use crate::check::registry::Rule;
use crate::index::{PRUNE, Repository, folder_of};
use crate::yaml::Node;

pub(in crate::check) const RULE: Rule = Rule {
    id: "prune-disabled",
    severity: Severity::Warning,
    summary: "a label or patch that keeps whatever it reaches from ever being deleted",
    check,
};

fn check(repository: &Repository<'_>, findings: &mut Findings) {
    let index = repository.index;
    for (path, documents) in &index.files {
        let list = index.kustomization_file(folder_of(path));
        let (Some(node), Some(source)) = (documents.first(), index.texts.get(path)) else {
            continue;
        };
        if list.as_ref() != Some(path) || !repository.reached.contains(path.as_str()) {
            continue;
        }
        let items = |key: &str| node.get(key).into_iter().flat_map(Node::items);
        let pairs = items("labels").filter_map(|item| item.get("pairs"));
        let maps = ["commonLabels", "commonAnnotations"];
        let maps = maps.into_iter().filter_map(|key| node.get(key));
        for mark in maps.chain(pairs).filter_map(|map| map.get(PRUNE)) {
            if mark.text() == Some("disabled") {
                tell(
                    Spot::node(source, mark),
                    "everything that is built here",
                    findings,
                );
            }
        }
        for patch in items("patches").filter(|patch| is_blanket(patch)) {
            tell(
                Spot::node(source, patch),
                "everything that this patch reaches",
                findings,
            );
        }
    }
    let mut told: BTreeSet<(String, usize)> = BTreeSet::new();
    for unit in repository.units() {
        let Some(effective) = &unit.effective else {
            continue;
        };
        let marks = ["labels", "annotations"].into_iter().filter_map(|map| {
            let mark = effective.at(&["spec", "commonMetadata", map, PRUNE])?;
            (mark.text() == Some("disabled")).then_some(mark)
        });
        let patches = effective.items(&["spec", "patches"]);
        let patches = patches.into_iter().filter(|patch| is_blanket(patch.node));
        for found in marks.chain(patches) {
            let at = Spot::from(&found);
            if told.insert(at.key()) {
                tell(
                    at,
                    &format!("everything that {} applies", unit.name),
                    findings,
                );
            }
        }
    }
}

/// Whether a patch marks whatever is of a kind, or of any.
fn is_blanket(patch: &Node) -> bool {
    let text = patch.get("patch").and_then(Node::text).unwrap_or_default();
    let key = PRUNE.replace('/', "~1");
    let marks = text.contains(PRUNE) || text.contains(&key);
    let names = ["name", "labelSelector", "annotationSelector", "namespace"];
    let kinds = patch.at(&["target", "kind"]).and_then(Node::text);
    marks
        && text.contains("disabled")
        && patch
            .get("target")
            .is_some_and(|target| names.iter().all(|name| target.get(name).is_none()))
        && matches!(kinds, None | Some("Namespace" | ".*"))
}

fn tell(at: Spot, what: &str, findings: &mut Findings) {
    let explained = is_explained(&at);
    let finding = findings.add(at, format!("{what} is kept from being deleted"));
    if explained {
        finding.severity(Severity::Hint);
    }
    finding.effect("what is taken out of Git runs on, with its rights, and nothing tells of it");
    finding.hint("mark only what must not be lost: volumes, databases, the network");
}

/// Whether somebody says in a comment why: above the place, or above what holds it.
fn is_explained(at: &Spot) -> bool {
    let text = at.source.text.get(..at.span.start).unwrap_or_default();
    let above: Vec<&str> = text.lines().rev().skip(1).take(ABOVE).collect();
    above.iter().any(|line| line.trim_start().starts_with('#'))
}

/// Within how many lines above a mark its reason is looked for.
const ABOVE: usize = 3;
