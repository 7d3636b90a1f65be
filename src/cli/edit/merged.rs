//! The sides of an edit, merged into a change.

use std::collections::BTreeMap;

use super::sides::{Sides, placed};
use super::{Edit, like, refer};
use crate::change::{Action, Change, FileChange};
use crate::error::Source;
use crate::index::version_node;
use crate::merge::{Standing, merge, standing};
use crate::model::{RECORD, RepoPath, Tree};
use crate::yaml::parse_foreign;

/// Merges the three sides of an edit, and gives what is to be told about it.
pub(super) fn change(edit: &Edit<'_>, sides: Sides) -> (Change, Vec<String>) {
    let Sides {
        base,
        ours,
        theirs,
        moves,
        places,
        owned,
        ..
    } = sides;
    let mut change = if places.is_empty() {
        merge(&base, &ours.tree, &theirs)
    } else {
        merge_placed(&places, &base, &ours.tree, &theirs)
    };
    for (path, version) in &edit.versions {
        named_version(&moves.path(path), version, &ours.tree, &mut change);
    }
    for (path, text) in &edit.files {
        change.put(path, ours.tree.get(path), text.clone());
    }
    let mut notes = Vec::new();
    if let Some((from, _)) = &edit.like {
        let (carried, left_out) = like::carry(edit, &moves, &ours, &mut change);
        notes.extend(like::notes(&carried, &left_out, from));
    }
    let lost = discard(edit, &owned, &base, &ours.tree, &mut change);
    if !lost.is_empty() {
        let lost = lost.join(", ");
        notes.push(format!(
            "your edits go with the files: {lost} (Git keeps them)"
        ));
    }
    for (path, sides) in change.sides.clone() {
        // The record is landform's own: what was left in it of something that somebody removed by hand makes way.
        if path.parents().next() == Some(RECORD) {
            change.settle(&path, sides.theirs);
        } else if let Some(settled) = edit.resolved.get(path.as_str()) {
            change.settle(&path, settled.text(&sides));
        }
    }
    forget(edit, &mut change);
    notes.extend(refer::follow(edit, &places, &mut change));
    notes.extend(refer::follow_name(edit, &places, &mut change));
    change.oppose(ours.in_the_way);
    (change, notes)
}

/// Takes from the record what it still has of a cluster or a component that goes, and that somebody removed by hand
/// before.
fn forget(edit: &Edit<'_>, change: &mut Change) {
    let Edit {
        opened, platform, ..
    } = edit;
    let prefix = format!("{RECORD}/clusters/");
    for (path, source) in &opened.index.texts {
        let parts = path.strip_prefix(&prefix).and_then(|rest| {
            let (cluster, file) = rest.split_once('/')?;
            Some((cluster, file.strip_suffix(".yaml")?))
        });
        let Some((cluster, component)) = parts else {
            continue;
        };
        let cluster_goes = opened.platform.clusters.contains_key(cluster)
            && !platform.clusters.contains_key(cluster);
        let component_goes = opened.platform.components.contains_key(component)
            && !platform.components.contains_key(component);
        if let Ok(path) = RepoPath::new(path.clone())
            && (cluster_goes || component_goes)
        {
            change.files.entry(path).or_insert_with(|| FileChange {
                action: Action::Delete,
                before: Some(source.text.clone()),
                after: None,
            });
        }
    }
}

/// Merges with what is there as if it lay in its new place already, then says what that means for both places.
fn merge_placed(
    places: &BTreeMap<String, String>,
    base: &Tree,
    ours: &Tree,
    theirs: &Tree,
) -> Change {
    let new = |path: &RepoPath| -> RepoPath {
        let new = placed(places, path.as_str());
        new.and_then(|new| RepoPath::new(new).ok())
            .unwrap_or_else(|| path.clone())
    };
    let at_new = |tree: &Tree| -> Tree {
        let files = tree.iter().map(|(path, text)| (new(path), text.clone()));
        files.collect()
    };
    let mut change = merge(&at_new(base), &at_new(ours), theirs);
    for (path, text) in ours {
        let to = new(path);
        if &to == path {
            continue;
        }
        let gone = FileChange {
            action: Action::Delete,
            before: Some(text.clone()),
            after: None,
        };
        let moved = change.files.remove(&to).unwrap_or_else(|| FileChange {
            action: Action::Create,
            before: None,
            after: Some(text.clone()),
        });
        if let Some(after) = moved.after {
            let there = FileChange {
                action: Action::Create,
                before: None,
                after: Some(after),
            };
            change.files.insert(to, there);
        }
        change.files.insert(path.clone(), gone);
    }
    change.places.clone_from(places);
    change
}

/// What is removed on purpose goes although it was edited; gives what was edited.
fn discard(
    edit: &Edit<'_>,
    owned: &BTreeMap<String, (String, Option<String>)>,
    base: &Tree,
    ours: &Tree,
    change: &mut Change,
) -> Vec<String> {
    let is_removed = |path: &RepoPath| {
        let Some((component, cluster)) = owned.get(path.as_str()) else {
            return path
                .as_str()
                .split('/')
                .nth(1)
                .is_some_and(|cluster| is_cluster_gone(edit, path.as_str(), cluster));
        };
        if let Some(cluster) = cluster
            && path.file_name() == "version.yaml"
            && edit
                .unpinned
                .contains(&(component.clone(), cluster.clone()))
        {
            return true;
        }
        let Some(from) = edit.removed.get(component) else {
            return cluster
                .as_ref()
                .is_some_and(|name| !edit.platform.clusters.contains_key(name));
        };
        match cluster {
            Some(cluster) => from.contains(cluster),
            None => !edit.platform.components.contains_key(component),
        }
    };
    change.conflicts.retain(|conflict| {
        let Some(text) = ours
            .get(&conflict.path)
            .filter(|_| is_removed(&conflict.path))
        else {
            return true;
        };
        let file = FileChange {
            action: Action::Delete,
            before: Some(text.clone()),
            after: None,
        };
        change.files.insert(conflict.path.clone(), file);
        change.sides.remove(&conflict.path);
        false
    });
    let mut lost = Vec::new();
    for (path, file) in &change.files {
        let edited = file.action == Action::Delete
            && is_removed(path)
            && base
                .get(path)
                .is_some_and(|base| standing(file.before.as_deref(), base) == Standing::Edited);
        if edited {
            lost.push(path.to_string());
        }
    }
    lost
}

fn is_cluster_gone(edit: &Edit<'_>, path: &str, cluster: &str) -> bool {
    (path.starts_with("clusters/") || path.starts_with("terraform/"))
        && edit.opened.platform.clusters.contains_key(cluster)
        && !edit.platform.clusters.contains_key(cluster)
}

/// Writes a version into a file as it was named, where the merge would have kept a newer one.
fn named_version(path: &str, version: &str, ours: &Tree, change: &mut Change) {
    let Ok(path) = RepoPath::new(path) else {
        return;
    };
    let planned = change.files.get(&path).and_then(|file| file.after.clone());
    let Some(mut text) = planned.or_else(|| ours.get(&path).cloned()) else {
        return;
    };
    let documents = parse_foreign(&Source::new(path.as_str(), text.clone())).unwrap_or_default();
    let Some(node) = documents.iter().find_map(version_node) else {
        return;
    };
    if node.text() == Some(version) {
        return;
    }
    text.replace_range(node.span.clone(), &format!("\"{version}\""));
    change.put(&path, ours.get(&path), text);
}
