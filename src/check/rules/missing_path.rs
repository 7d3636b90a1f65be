//! A Flux Kustomization that leads to a folder that is not there.

use std::collections::BTreeSet;

use super::common::{mend_slip, near_path};
use crate::check::finding::{Findings, Severity, Spot};
use crate::check::registry::Rule;
use crate::index::{Folder, Repository, group, is_remote, join, relative, rooted};

pub(in crate::check) const RULE: Rule = Rule {
    id: "missing-path",
    severity: Severity::Error,
    summary: "a Flux Kustomization or FluxInstance leads to a folder that is not there",
    check,
};

fn check(repository: &Repository<'_>, findings: &mut Findings) {
    let mut told: BTreeSet<(String, usize)> = BTreeSet::new();
    for unit in repository.units() {
        let Some(effective) = &unit.effective else {
            continue;
        };
        let folder = match &unit.folder {
            Folder::Missing(folder) => folder.as_str(),
            Folder::Here(folder) if repository.index.paths.contains(folder) => folder,
            _ => continue,
        };
        let Some(path) = effective.at(&["spec", "path"]) else {
            continue;
        };
        if path.text().is_some_and(is_to_be_filled) {
            continue;
        }
        let at = Spot::from(&path);
        if told.insert(at.key()) {
            tell(
                at,
                path.text().unwrap_or_default(),
                folder,
                &unit.name,
                repository,
                findings,
            );
        }
    }
    components(repository, findings);
    for (_, object) in repository.objects.of_kind(group::OPERATOR, "FluxInstance") {
        let Some(path) = object.node.at(&["spec", "sync", "path"]) else {
            continue;
        };
        let text = path.text().unwrap_or_default();
        let begins = repository.clusters.iter().any(|cluster| {
            rooted(&cluster.start.root, text).as_ref() == Some(&cluster.start.folder)
        });
        // What it reads may be another repository; only what is nearly here is meant to be here.
        if !begins && !text.contains("${") && lies_in(object.file(), text, repository) {
            let at = Spot::node(object.source, path);
            tell(at, text, text, object.name, repository, findings);
        }
    }
}

/// `spec.components`: folders, seen from the one that is built.
fn components(repository: &Repository<'_>, findings: &mut Findings) {
    let mut told: BTreeSet<(String, usize)> = BTreeSet::new();
    for cluster in &repository.clusters {
        for unit in &cluster.units {
            let (Folder::Here(folder), Some(effective)) = (&unit.folder, &unit.effective) else {
                continue;
            };
            let ignored = effective.text(&["spec", "ignoreMissingComponents"]) == Some("true");
            if ignored || !cluster.surely_builds(unit) {
                continue;
            }
            for item in effective.items(&["spec", "components"]) {
                let text = item.text().unwrap_or_default();
                if text.is_empty()
                    || text.contains("${")
                    || is_remote(text)
                    || is_to_be_filled(text)
                {
                    continue;
                }
                let to = join(folder, text);
                let there = |to: &String| to.is_empty() || repository.index.has_folder(to);
                if to.as_ref().is_some_and(there) {
                    continue;
                }
                let at = Spot::from(&item);
                if !told.insert(at.key()) {
                    continue;
                }
                let message = format!(
                    "{} takes the component `{text}`, which is not there",
                    unit.name
                );
                let finding = findings.add(at, message);
                finding.effect(format!(
                    "the build fails, and {} applies nothing",
                    unit.name
                ));
                finding.hint(format!("write the path as it is seen from {folder}"));
                if let Some(near) = to.and_then(|to| near_path(&to, repository)) {
                    let written = relative(folder, &near);
                    finding.hint(format!("did you mean `{written}`?"));
                    mend_slip(finding, &written);
                }
            }
        }
    }
}

/// Whether a part of a path stands for another that a script puts in: `__CLUSTER__`.
fn is_to_be_filled(path: &str) -> bool {
    path.split('/')
        .any(|part| part.len() > 4 && part.starts_with("__") && part.ends_with("__"))
}

/// Whether a file lies in the tree that a path begins with, so that the path is meant for this repository.
fn lies_in(file: &str, path: &str, repository: &Repository<'_>) -> bool {
    let first = path
        .trim_start_matches("./")
        .split('/')
        .next()
        .unwrap_or_default();
    file.split('/').next() == Some(first) || near_path(path, repository).is_some()
}

fn tell(
    at: Spot,
    text: &str,
    folder: &str,
    name: &str,
    repository: &Repository<'_>,
    findings: &mut Findings,
) {
    let is_file = repository.index.paths.contains(folder);
    let is_link = repository.index.links.contains(folder);
    let what = if is_file {
        "is a file, not a folder"
    } else if is_link {
        "is a symbolic link, which Flux leaves out"
    } else {
        "is not there"
    };
    let finding = findings.add(at, format!("{name} applies `{text}`, which {what}"));
    finding.effect(format!(
        "{name} fails with \"path not found\" and applies nothing"
    ));
    finding.hint("write the path from the root of the repository, with /");
    if text.contains('\\') {
        finding.hint("write it with /, not \\");
    } else if is_file {
        finding.hint("name the folder that it is in");
    } else if let Some(near) = near_path(folder, repository) {
        finding.hint(format!("did you mean `./{near}`?"));
        let begin = if text.starts_with("./") { "./" } else { "" };
        let end = if text.ends_with('/') { "/" } else { "" };
        mend_slip(finding, &format!("{begin}{near}{end}"));
    }
}
