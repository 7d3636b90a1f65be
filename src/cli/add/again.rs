//! What `add` brings back: a component whose removal has begun, or that somebody took from the list of its cluster.

use std::collections::{BTreeMap, BTreeSet};

use crate::cli::edit::{Edit, Unwritten};
use crate::cli::opened::Opened;
use crate::error::Result;
use crate::index::folder_of;
use crate::merge::Moves;
use crate::model::{PendingOp, RepoPath};
use crate::render::render;

/// Takes back the first step of a removal, or of a renaming of objects.
pub(super) fn keep_after_all(names: &[String], on: &BTreeSet<String>, edit: &mut Edit<'_>) {
    for name in names {
        let Some(chosen) = edit.platform.components.get_mut(name) else {
            continue;
        };
        let Some(pending) = &chosen.pending else {
            continue;
        };
        let kept: Vec<String> = pending.on.intersection(on).cloned().collect();
        if kept.is_empty() {
            continue;
        }
        let what = match pending.op {
            PendingOp::Remove => name.clone(),
            PendingOp::Rename => format!("the name of {name}"),
        };
        chosen.settle(on);
        edit.title = format!("Keep {what} on {}", kept.join(", "));
        edit.restored.insert(name.clone());
    }
}

/// Lists again what is there and what somebody took from the list of its cluster.
///
/// # Errors
/// A template fails.
pub(super) fn list_again(
    names: &[String],
    on: &BTreeSet<String>,
    nothing_new: bool,
    edit: &mut Edit<'_>,
) -> Result<()> {
    let mut relisted: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for name in names {
        let mut unlisted = edit.opened.unlisted(name);
        unlisted.retain(|cluster| on.contains(cluster));
        if unlisted.is_empty() {
            continue;
        }
        let list = unlisted.iter().cloned().collect::<Vec<_>>().join(", ");
        if nothing_new {
            edit.title = format!("List {name} on {list} again");
        }
        edit.notes.push(format!(
            "{name} was there on {list}, but not listed, so Flux did not apply it: its line is written again"
        ));
        relisted.insert(name.clone(), unlisted);
    }
    if !relisted.is_empty() {
        edit.unwritten
            .extend(lists_without(edit.opened, &relisted)?);
    }
    Ok(())
}

/// The lists of clusters as landform would write them without what is to be listed again.
fn lists_without(
    opened: &Opened,
    relisted: &BTreeMap<String, BTreeSet<String>>,
) -> Result<BTreeMap<RepoPath, Unwritten>> {
    let moves = Moves::find(&opened.base, &opened.index);
    let lists = render(&opened.platform.without(relisted), &opened.catalogue)?;
    let changed = lists.into_iter().filter(|(path, text)| {
        let folder = moves.path(folder_of(path.as_str()));
        let mut units = opened.index.kustomizations.iter();
        path.file_name() == "kustomization.yaml"
            && units.any(|unit| folder_of(&unit.file) == folder)
            && opened.base.get(path).is_some_and(|base| base != text)
    });
    let unwritten = changed.map(|(path, text)| {
        let unwritten = Unwritten {
            base: Some(text),
            by: relisted.keys().cloned().collect(),
        };
        (path, unwritten)
    });
    Ok(unwritten.collect())
}
