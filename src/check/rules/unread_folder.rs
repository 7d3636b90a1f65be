//! Folders that look like others that Flux reads, and that it does not.

use std::collections::{BTreeMap, BTreeSet};

use crate::check::finding::{Findings, Severity, Spot};
use crate::check::registry::Rule;
use crate::index::{Repository, folder_of};

pub(in crate::check) const RULE: Rule = Rule {
    id: "unread-folder",
    severity: Severity::Hint,
    summary: "a folder beside others that Flux reads, and that nothing leads to",
    check,
};

fn check(repository: &Repository<'_>, findings: &mut Findings) {
    let index = repository.index;
    if !repository.has_known_start() {
        return;
    }
    let read: BTreeSet<&str> = repository
        .reached
        .iter()
        .map(|path| folder_of(path))
        .collect();
    // Folders above those that are read: how many of their folders are.
    let mut beside: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for folder in &read {
        beside.entry(folder_of(folder)).or_default().insert(folder);
    }
    let named: BTreeSet<&str> = repository
        .references
        .iter()
        .flat_map(|(_, references)| references.iter().map(|reference| reference.to.as_str()))
        .collect();
    for path in &index.paths {
        let folder = folder_of(path);
        if index.kustomization_file(folder).as_ref() != Some(path) || read.contains(folder) {
            continue;
        }
        let is_component = index
            .files
            .get(path)
            .and_then(|documents| documents.first())
            .is_some_and(|node| {
                node.get("kind").and_then(crate::yaml::Node::text) == Some("Component")
            });
        let siblings = beside.get(folder_of(folder)).map_or(0, BTreeSet::len);
        if is_component
            || siblings == 0
            || named.contains(folder)
            || folder.split('/').any(|part| part == "bootstrap")
            || begins(path, repository)
            || is_put_aside(folder, repository)
        {
            continue;
        }
        let Some(source) = index.texts.get(path) else {
            continue;
        };
        let name = folder.rsplit('/').next().unwrap_or(folder);
        let message = format!("nothing leads to {folder}, though Flux reads {siblings} beside it");
        let finding = findings.add(Spot::span(source, 0..0), message);
        finding
            .effect("Flux does not know of what is in it; if it did before, Flux has deleted that");
        finding.hint(format!(
            "list {name} where the others are listed, or delete it"
        ));
    }
}

/// Whether somebody has taken a folder out on purpose: its name stands in a comment of a kustomization.
fn is_put_aside(folder: &str, repository: &Repository<'_>) -> bool {
    let name = folder.rsplit('/').next().unwrap_or(folder);
    let above = [folder_of(folder), folder_of(folder_of(folder))];
    let lists = above
        .iter()
        .filter_map(|folder| repository.index.kustomization_file(folder));
    let mut texts = lists.filter_map(|list| repository.index.texts.get(&list));
    texts.any(|source| {
        let mut lines = source.text.lines();
        lines.any(|line| line.trim_start().starts_with('#') && line.contains(name))
    })
}

/// Whether a kustomization lists what a cluster begins with: `flux bootstrap` applies that by itself.
fn begins(list: &str, repository: &Repository<'_>) -> bool {
    let resources = repository.index.resources(folder_of(list));
    let mut clusters = repository.clusters.iter();
    clusters.any(|cluster| {
        let object = cluster.units.first().and_then(|unit| unit.object);
        object.is_some_and(|id| {
            let file = repository.objects.all[id].file();
            resources.iter().any(|path| path == file)
        })
    })
}
