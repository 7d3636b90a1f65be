//! The user's own references to what a change moves or deletes: overlays and Flux Kustomizations that no template
//! knows. They follow what is moved, and keep what they use from being deleted.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::Edit;
use super::sides::placed;
use crate::change::{Action, Change};
use crate::error::{Place, Problem, Problems, Result, Source};
use crate::index::{Index, Reference, Role, names_paths, references, relative};
use crate::model::{RECORD, RepoPath};
use crate::yaml::{Node, parse_foreign};

/// Lets references to what gets another place name the new one; gives a note about those that no template would have
/// written.
pub(super) fn follow(
    edit: &Edit<'_>,
    places: &BTreeMap<String, String>,
    change: &mut Change,
) -> Option<String> {
    if places.is_empty() {
        return None;
    }
    let new = |path: &str| placed(places, path).unwrap_or_else(|| path.to_owned());
    let mut followed = Vec::new();
    for (source, found) in edit.opened.index.references() {
        let Some(path) = own(source) else { continue };
        let moves = |reference: &&Reference| placed(places, &reference.to).is_some();
        if !found.iter().any(|reference| moves(&reference)) {
            continue;
        }
        let Some((to, now)) = planned(change, new(path), source) else {
            continue;
        };
        let mut text = now.clone();
        // As it would be read in its old place: what a template wrote anew names the new place already.
        let documents = parse_foreign(&Source::new(path, text.clone())).unwrap_or_default();
        let mut left = references(path, &documents);
        left.retain(|reference| moves(&reference));
        left.sort_by_key(|reference| std::cmp::Reverse(reference.span.start));
        for reference in &left {
            let target = new(&reference.to);
            let written = match reference.role {
                Role::FluxPath | Role::SyncPath => target,
                _ => relative(&new(&reference.from), &target),
            };
            let written = reference.rewritten(&text, &written);
            text.replace_range(reference.span.clone(), &written);
        }
        if text != now {
            let before = (to.as_str() == path).then_some(&source.text);
            change.put(&to, before, text);
            followed.push(to.to_string());
        }
    }
    (!followed.is_empty()).then(|| {
        let list = followed.join(", ");
        format!("your own references follow to the new place: {list}")
    })
}

/// Lets whatever waits for a Flux Kustomization that gets another name wait for it by that name; gives a note about
/// the lines that no template would have written.
pub(super) fn follow_name(
    edit: &Edit<'_>,
    places: &BTreeMap<String, String>,
    change: &mut Change,
) -> Option<String> {
    let object = edit.object.as_ref()?;
    let index = &edit.opened.index;
    let waits = index.kustomizations.iter().filter(|unit| {
        let mut edges = unit.depends_on.iter();
        object.on.contains(&unit.cluster) && edges.any(|edge| edge.value == object.from)
    });
    let files: BTreeSet<&String> = waits.map(|unit| &unit.file).collect();
    let mut followed = Vec::new();
    for file in files {
        let source = &index.texts[file];
        let to = placed(places, file).unwrap_or_else(|| file.clone());
        let Some((to, now)) = planned(change, to, source) else {
            continue;
        };
        let read = Source::new(to.as_str(), now.clone());
        let documents = parse_foreign(&read).unwrap_or_default();
        let edges = documents
            .iter()
            .filter_map(|document| document.at(&["spec", "dependsOn"]))
            .flat_map(Node::items);
        let own = edges.filter(|edge| {
            let namespace = edge.get("namespace").and_then(Node::text);
            namespace.is_none_or(|namespace| namespace == "flux-system")
        });
        let mut names: Vec<&Node> = own
            .filter_map(|edge| edge.get("name"))
            .filter(|name| name.text() == Some(&object.from))
            .collect();
        names.sort_by_key(|name| name.span.start);
        let mut text = now.clone();
        for name in names.iter().rev() {
            text.replace_range(name.span.clone(), &object.to);
        }
        followed.extend(names.iter().map(|name| {
            let place = Place::Span(Arc::clone(&read), name.span.clone());
            let line = place.line_column().map(|(line, _)| format!(":{line}"));
            format!("{to}{}", line.unwrap_or_default())
        }));
        if text != now {
            let before = (to.as_str() == file).then_some(&source.text);
            change.put(&to, before, text);
        }
    }
    (!followed.is_empty()).then(|| {
        let list = followed.join(", ");
        format!("your own lines follow to the name {}: {list}", object.to)
    })
}

/// Where a file is after a change and what it says there; nothing if it goes, or is in conflict.
fn planned(change: &Change, to: String, source: &Source) -> Option<(RepoPath, String)> {
    let to = RepoPath::new(to).ok()?;
    let planned = change.files.get(&to);
    if planned.is_some_and(|file| file.after.is_none())
        || change.conflicts.iter().any(|conflict| conflict.path == to)
    {
        return None;
    }
    let after = planned.and_then(|file| file.after.clone());
    Some((to, after.unwrap_or_else(|| source.text.clone())))
}

/// Refuses a change that deletes what a file still names that stays.
///
/// # Errors
/// All such places.
pub(super) fn must_lead_somewhere(edit: &Edit<'_>, change: &Change) -> Result<()> {
    let goes = |path: &RepoPath| change.files[path].action == Action::Delete;
    let gone: BTreeSet<&str> = change
        .files
        .keys()
        .filter(|path| goes(path) && change.place_of(path).is_none())
        .map(RepoPath::as_str)
        .collect();
    if gone.is_empty() {
        return Ok(());
    }
    let before = &edit.opened.index;
    let mut after = before.paths.clone();
    for (path, file) in &change.files {
        match file.after {
            Some(_) => after.insert(path.to_string()),
            None => after.remove(path.as_str()),
        };
    }
    // What no Flux reads breaks nothing.
    let read: BTreeSet<&str> = edit
        .platform
        .clusters
        .keys()
        .flat_map(|cluster| before.reached(cluster))
        .collect();
    let mut problems = Problems::default();
    for (source, found) in edit.opened.index.references() {
        let path = source.name.as_str();
        if !after.contains(path) || !read.contains(path) {
            continue;
        }
        let breaks = |reference: &Reference| {
            leads(before, reference, &before.paths) && !leads(before, reference, &after)
        };
        if !found.iter().any(breaks) {
            continue;
        }
        let planned = RepoPath::new(path).ok();
        let planned = planned.and_then(|path| change.files.get(&path)?.after.clone());
        let source = match planned {
            Some(text) => Source::new(path, text),
            None => Arc::clone(source),
        };
        if !names_paths(path, &source.text) {
            continue;
        }
        let documents = parse_foreign(&source).unwrap_or_default();
        for reference in references(path, &documents) {
            if breaks(&reference) {
                let message = format!("this still uses {}, which would go", reference.to);
                let hint = "take that line away first, or let it name something that stays";
                problems.push(
                    Problem::new(message)
                        .span(&source, reference.span)
                        .hint(hint),
                );
            }
        }
    }
    problems.into_result()
}

/// The path of a file that is no part of the record.
fn own(source: &Source) -> Option<&str> {
    let path = source.name.as_str();
    (!is_below(RECORD, path)).then_some(path)
}

fn is_below(folder: &str, path: &str) -> bool {
    path.strip_prefix(folder)
        .is_some_and(|rest| rest.starts_with('/'))
}

/// Whether a reference leads to something among these paths: a file, or a folder that can be built.
fn leads(index: &Index, reference: &Reference, paths: &BTreeSet<String>) -> bool {
    let to = &reference.to;
    if paths.contains(to) {
        return true;
    }
    if !reference.role.is_built() {
        return false;
    }
    // Flux makes one where there is none; kustomize does not.
    index.kustomization_file(to).map_or_else(
        || {
            let mut below = paths.range(format!("{to}/")..);
            below.next().is_some_and(|path| is_below(to, path))
        },
        |file| paths.contains(&file),
    )
}
