//! Edits of one cluster that a new one like it gets too.

use std::collections::BTreeSet;

use super::Edit;
use crate::change::{Action, Change, FileChange, Ours};
use crate::merge::{LeftOut, Moves, Partly, Standing, partly, standing};
use crate::model::RepoPath;

/// What was carried over, and what was not, in words.
pub(super) fn notes(carried: &[String], left_out: &[String], from: &str) -> Vec<String> {
    let mut notes = Vec::new();
    if !carried.is_empty() {
        notes.push(format!(
            "your edits on {from} carried over: {}",
            carried.join(", ")
        ));
    }
    notes.extend(
        left_out
            .iter()
            .map(|why| format!("your edit that does not fit is left out: {why}")),
    );
    notes
}

/// The path of another cluster's file in the new one.
fn renamed(path: &str, from: &str, to: &str) -> Option<String> {
    let (top, rest) = path.split_once('/')?;
    let rest = rest.strip_prefix(from)?;
    let of_cluster = matches!(top, "clusters" | "terraform") && rest.starts_with('/');
    of_cluster.then(|| format!("{top}/{to}{rest}"))
}

/// Files of the cluster that is copied, as they are: those that landform wrote, and the user's own.
pub(super) fn sources(edit: &Edit<'_>, moves: &Moves) -> BTreeSet<RepoPath> {
    let Some((from, to)) = &edit.like else {
        return BTreeSet::new();
    };
    let base = edit.opened.base.keys().map(RepoPath::as_str);
    let base = base.filter(|path| renamed(path, from, to).is_some());
    let base = base.map(|path| moves.path(path));
    let paths = edit.opened.index.paths.iter();
    let own = paths.filter(|path| renamed(path, from, to).is_some());
    base.chain(own.cloned())
        .filter_map(|path| RepoPath::new(path).ok())
        .collect()
}

/// Puts the user's edits of one cluster into the files of the new one. Gives what was carried over and what was not.
pub(super) fn carry(
    edit: &Edit<'_>,
    moves: &Moves,
    ours: &Ours,
    change: &mut Change,
) -> (Vec<String>, Vec<String>) {
    let (mut carried, mut left_out) = (Vec::new(), Vec::new());
    let Some((from, to)) = &edit.like else {
        return (carried, left_out);
    };
    let clusters = &edit.platform.clusters;
    let provider = |name: &str| clusters.get(name).map(|cluster| cluster.provider.clone());
    let same = provider(from) == provider(to);
    let marks = provider(from).filter(|_| !same).and_then(|provider| {
        let provider = edit.opened.catalogue.providers.get(&provider)?;
        Some(provider.spec.marks.clone())
    });
    let marks = marks.unwrap_or_default();
    let mut known: BTreeSet<String> = BTreeSet::new();
    for (path, base) in &edit.opened.base {
        let Some(new) = renamed(path.as_str(), from, to) else {
            continue;
        };
        let there = moves.path(path.as_str());
        known.insert(there.clone());
        if new.starts_with("terraform/") && !same {
            continue;
        }
        let (Ok(new), Ok(there)) = (RepoPath::new(new), RepoPath::new(there)) else {
            continue;
        };
        let Some(theirs) = change.files.get(&new).and_then(|file| file.after.clone()) else {
            continue;
        };
        let own = ours.tree.get(&there);
        if own.is_none()
            && !ours
                .in_the_way
                .iter()
                .any(|conflict| conflict.path == there)
        {
            change.files.remove(&new);
            carried.push(format!("{there} (deleted)"));
            continue;
        }
        let Some(own) = own.filter(|own| standing(Some(own.as_str()), base) == Standing::Edited)
        else {
            continue;
        };
        let fits = |text: &str| match marked(text, &theirs, &marks) {
            Some(line) => Err(speaks(from, line)),
            None => Ok(()),
        };
        let Partly {
            text,
            left_out: unfit,
        } = partly(&new, base, own, &theirs, fits);
        left_out.extend(unfit.iter().map(|left| told(left, &there, own, from)));
        if let Some(file) = change.files.get_mut(&new)
            && text != theirs
        {
            file.after = Some(text);
            carried.push(there.to_string());
        }
    }
    let mut missing = Vec::new();
    for (path, text) in &ours.tree {
        let Some(new) = renamed(path.as_str(), from, to).filter(|_| !known.contains(path.as_str()))
        else {
            continue;
        };
        let Ok(new) = RepoPath::new(new) else {
            continue;
        };
        // Terraform's own files there are of that cluster alone: its lock, its state, its variables.
        if new.as_str().starts_with("terraform/") {
            continue;
        }
        if new.as_str().contains(".sops.") {
            left_out.push(format!("{path}: a secret of {from}"));
            missing.push(new);
            continue;
        }
        let text = text.replace(&format!("clusters/{from}/"), &format!("clusters/{to}/"));
        if let Some(line) = marked(&text, "", &marks) {
            let at = text.lines().position(|own| own == line).unwrap_or_default() + 1;
            left_out.push(format!("{path}:{at}: {}", speaks(from, line)));
            missing.push(new);
            continue;
        }
        let file = FileChange {
            action: Action::Create,
            before: None,
            after: Some(text),
        };
        change.files.insert(new, file);
        carried.push(path.to_string());
    }
    drop_references(&missing, change, &mut left_out);
    (carried, left_out)
}

/// Takes what was left out from the kustomization that lists it.
fn drop_references(missing: &[RepoPath], change: &mut Change, left_out: &mut Vec<String>) {
    for path in missing {
        let Some((folder, name)) = path.as_str().rsplit_once('/') else {
            continue;
        };
        let Ok(list) = RepoPath::new(format!("{folder}/kustomization.yaml")) else {
            continue;
        };
        let Some(file) = change.files.get_mut(&list) else {
            continue;
        };
        let Some(text) = &file.after else {
            continue;
        };
        let kept: Vec<&str> = text
            .lines()
            .filter(|line| line.trim().trim_start_matches("- ") != name)
            .collect();
        let kept = format!("{}\n", kept.join("\n"));
        if &kept != text {
            file.after = Some(kept);
            left_out.push(format!("{list}: the line of {name}"));
        }
    }
}

/// An edit that does not fit, with its line: the one with the mark, which may stand further down in what was added.
fn told(left: &LeftOut, path: &RepoPath, own: &str, from: &str) -> String {
    let LeftOut { lines, reason } = left;
    let own = own.lines().enumerate();
    let mut within = own.skip(lines.start - 1).take(lines.len());
    let marked = within.find(|(_, line)| reason.ends_with(&speaks(from, line)));
    let line = marked.map_or(lines.start, |(at, _)| at + 1);
    format!("{path}:{line}: {reason}")
}

/// Why a line does not fit another provider.
fn speaks(from: &str, line: &str) -> String {
    format!("it speaks of {from}'s provider: {}", line.trim())
}

/// The first line of an edit that speaks of the other provider.
fn marked<'t>(text: &'t str, theirs: &str, marks: &[String]) -> Option<&'t str> {
    text.lines().find(|line| {
        !theirs.contains(*line) && marks.iter().any(|mark| line.contains(mark.as_str()))
    })
}
