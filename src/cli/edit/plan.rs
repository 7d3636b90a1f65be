//! From a platform as it is and one as it should be to a change of files.

use std::collections::{BTreeMap, BTreeSet};

use super::{Edit, WriteFlags, like};
use crate::change::{Action, Change, FileChange, read_ours};
use crate::cli::opened::Owners;
use crate::cli::plan::uncommitted;
use crate::error::{Result, Source};
use crate::git::Place;
use crate::index::{Index, version_node};
use crate::merge::{Moves, Standing, merge, standing};
use crate::model::{RECORD, RepoPath, Tree};
use crate::render::render;
use crate::ui::Report;
use crate::yaml::parse_foreign;

/// A change, and what to tell about it.
#[derive(Clone)]
pub(in crate::cli) struct Planned {
    /// The change.
    pub(in crate::cli) change: Change,
    /// The change as data.
    pub(in crate::cli) report: Report,
    /// Why a file changes, in words.
    pub(in crate::cli) why: BTreeMap<RepoPath, String>,
    /// First line of the commit's message.
    pub(in crate::cli) subject: String,
    /// Whether there is a repository to commit to.
    pub(in crate::cli) in_git: bool,
}

/// Plans an edit.
///
/// # Errors
/// A template fails, a file cannot be read, or Git is in the middle of something.
pub(in crate::cli) fn plan(edit: &Edit<'_>, flags: &WriteFlags, place: &Place) -> Result<Planned> {
    let opened = edit.opened;
    let theirs = render(&edit.platform, edit.catalogue)?;
    let moves = Moves::find(&opened.base, &opened.index);
    let owners = Owners::of(&opened.platform, &opened.catalogue);
    let owned: BTreeMap<String, (String, Option<String>)> = opened
        .base
        .keys()
        .filter_map(|path| Some((moves.path(path.as_str()), owners.of_path(path)?)))
        .collect();
    // A file that is rendered as before stays as it is, whatever it is.
    let differs = |path: &RepoPath| opened.base.get(path) != theirs.get(path);
    // Whatever the user has put elsewhere goes on from there.
    let places: BTreeMap<String, String> = edit
        .places
        .iter()
        .map(|(was, is)| (moves.path(was), is.clone()))
        .collect();
    let is_placed = |path: &RepoPath| placed(&places, &moves.path(path.as_str())).is_some();
    let wanted =
        |path: &&RepoPath| differs(path) || is_placed(path) || is_restored(edit, &owners, path);
    let paths: BTreeSet<RepoPath> = opened
        .base
        .keys()
        .chain(theirs.keys())
        .filter(wanted)
        .cloned()
        .collect();
    let part = |tree: &Tree| -> Tree {
        let files = tree.iter().filter(|(path, _)| paths.contains(path));
        files
            .map(|(path, text)| (path.clone(), text.clone()))
            .collect()
    };
    let whole_base = moves.apply(&opened.base);
    let whole_theirs = moves.apply(&theirs);
    let (base, theirs) = if moves.is_empty() {
        (part(&whole_base), part(&whole_theirs))
    } else {
        // What speaks of a moved place may differ now.
        (whole_base, whole_theirs)
    };
    let mut own: BTreeSet<RepoPath> = base.keys().chain(theirs.keys()).cloned().collect();
    own.extend(user_files(edit, &places));
    own.extend(like::sources(edit, &moves));
    let ours = read_ours(&opened.root, own.iter())?;
    let mut base = base;
    base.retain(|path, _| {
        let owner = owned.get(path.as_str()).map(|(name, _)| name);
        let again = owner.is_some_and(|name| edit.restored.contains(name));
        !again || ours.tree.contains_key(path)
    });
    let mut change = if places.is_empty() {
        merge(&base, &ours.tree, &theirs)
    } else {
        merge_placed(&places, &base, &ours.tree, &theirs)
    };
    for (component, cluster, version) in &edit.versions {
        let layer = edit.catalogue.components[component].spec.layer;
        let path = format!("clusters/{cluster}/{layer}/{component}/version.yaml");
        named_version(&moves.path(&path), version, &ours.tree, &mut change);
    }
    let (carried, left_out) = like::carry(edit, &moves, &ours, &mut change);
    let mut lost = Vec::new();
    discard(edit, &owned, &base, &ours.tree, &mut change, &mut lost);
    let sides = change.sides.clone();
    for (path, sides) in sides {
        if let Some(text) = edit.resolved.get(path.as_str()) {
            change.settle(&path, text.text(&sides));
        }
    }
    change.oppose(ours.in_the_way);
    let in_git = matches!(place, Place::Root(_));
    if let Place::Root(repo) = place {
        repo.must_be_idle()?;
        if !flags.no_commit {
            let dirty = repo.dirty(change.files.keys())?;
            uncommitted(&mut change, &dirty);
        }
    }
    let why = why(&change);
    let folder = opened.root.display().to_string();
    let mut report = Report::new(edit.command, &folder, &change, flags.diff);
    for file in &mut report.files {
        let path = RepoPath::new(file.path.clone()).ok();
        file.why = path.and_then(|path| why.get(&path).cloned());
    }
    report.assumed = edit.assumed.iter().map(Into::into).collect();
    report.notes.clone_from(&edit.notes);
    if let Some((from, _)) = &edit.like {
        report.notes.extend(like::notes(&carried, &left_out, from));
    }
    if !lost.is_empty() {
        let lost = lost.join(", ");
        report.notes.push(format!(
            "your edits go with the files: {lost} (Git keeps them)"
        ));
    }
    report.notes.extend(left_behind(edit, &change));
    report.dry_run = flags.dry_run;
    let subject = edit
        .message(flags)
        .lines()
        .next()
        .unwrap_or_default()
        .to_owned();
    Ok(Planned {
        change,
        report,
        why,
        subject,
        in_git,
    })
}

fn is_restored(edit: &Edit<'_>, owners: &Owners, path: &RepoPath) -> bool {
    let owner = owners.of_path(path);
    owner.is_some_and(|(name, _)| edit.restored.contains(&name))
}

/// The new place of a path, if it or a folder on the way to it gets one.
fn placed(places: &BTreeMap<String, String>, path: &str) -> Option<String> {
    let mut prefix = path;
    loop {
        if let Some(new) = places.get(prefix) {
            return Some(format!("{new}{}", &path[prefix.len()..]));
        }
        prefix = prefix.rsplit_once('/')?.0;
    }
}

/// The user's own files in folders that get another place: they come along.
fn user_files<'e>(
    edit: &'e Edit<'_>,
    places: &'e BTreeMap<String, String>,
) -> impl Iterator<Item = RepoPath> + 'e {
    let paths = edit.opened.index.paths.iter();
    paths
        .filter(|path| placed(places, path).is_some())
        .filter_map(|path| RepoPath::new(path.clone()).ok())
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
    change
}

/// What is removed on purpose goes although it was edited.
fn discard(
    edit: &Edit<'_>,
    owned: &BTreeMap<String, (String, Option<String>)>,
    base: &Tree,
    ours: &Tree,
    change: &mut Change,
    lost: &mut Vec<String>,
) {
    let is_removed = |path: &RepoPath| {
        let Some((component, cluster)) = owned.get(path.as_str()) else {
            return path
                .as_str()
                .split('/')
                .nth(1)
                .is_some_and(|cluster| is_cluster_gone(edit, path.as_str(), cluster));
        };
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
}

fn is_cluster_gone(edit: &Edit<'_>, path: &str, cluster: &str) -> bool {
    (path.starts_with("clusters/") || path.starts_with("terraform/"))
        && edit.opened.platform.clusters.contains_key(cluster)
        && !edit.platform.clusters.contains_key(cluster)
}

/// The user's own files in folders of which everything else goes.
fn left_behind(edit: &Edit<'_>, change: &Change) -> Option<String> {
    let gone: BTreeSet<&str> = change
        .files
        .iter()
        .filter(|(path, file)| {
            file.action == Action::Delete && path.file_name() == "kustomization.yaml"
        })
        .filter_map(|(path, _)| Some(path.as_str().rsplit_once('/')?.0))
        .collect();
    let mut left: Vec<&str> = Vec::new();
    for path in &edit.opened.index.paths {
        let inside = gone.iter().any(|folder| {
            path.strip_prefix(folder)
                .is_some_and(|rest| rest.starts_with('/'))
        });
        let goes = RepoPath::new(path.clone()).is_ok_and(|path| change.files.contains_key(&path));
        if inside && !goes {
            left.push(path);
        }
    }
    (!left.is_empty()).then(|| {
        format!(
            "your own files stay, and nothing reads them any more: {}",
            left.join(", ")
        )
    })
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
    let before = ours.get(&path).cloned();
    let action = if before.is_some() {
        Action::Edit
    } else {
        Action::Create
    };
    let file = FileChange {
        action,
        before,
        after: Some(text),
    };
    change.files.insert(path, file);
}

/// Why files change: what a Flux Kustomization waits for from now on.
fn why(change: &Change) -> BTreeMap<RepoPath, String> {
    let side = |text: fn(&FileChange) -> Option<&String>| -> Index {
        let texts = change.files.iter().filter_map(|(path, file)| {
            let flux = path.as_str().starts_with("clusters/") && path.as_str().ends_with(".yaml");
            let source = Source::new(path.as_str(), text(file).filter(|_| flux)?.clone());
            Some((path.to_string(), source))
        });
        Index::new(texts.collect())
    };
    let (before, after) = (side(|f| f.before.as_ref()), side(|f| f.after.as_ref()));
    let waits = |index: &Index, file: &str| -> BTreeSet<String> {
        let units = index.kustomizations.iter().filter(|unit| unit.file == file);
        let names = units.flat_map(|unit| &unit.depends_on);
        names.map(|name| name.value.clone()).collect()
    };
    let mut why = BTreeMap::new();
    for (path, file) in &change.files {
        if path.parents().next() == Some(RECORD) {
            continue;
        }
        let (was, is) = (waits(&before, path.as_str()), waits(&after, path.as_str()));
        let list = |names: Vec<&String>| {
            let names: Vec<&str> = names.into_iter().map(String::as_str).collect();
            names.join(", ")
        };
        let more = list(is.difference(&was).collect());
        let fewer = list(was.difference(&is).collect());
        let text = match (file.action, more.is_empty(), fewer.is_empty()) {
            (Action::Create, false, _) => format!("waits for {more}"),
            (Action::Edit, false, true) => format!("now waits for {more}"),
            (Action::Edit, true, false) => format!("waits no more for {fewer}"),
            (Action::Edit, false, false) => format!("now waits for {more}, no more for {fewer}"),
            _ => continue,
        };
        why.insert(path.clone(), text);
    }
    why
}
