//! From a platform as it is and one as it should be to a change of files.

use std::collections::{BTreeMap, BTreeSet};

use super::conflicts::describe;
use super::merged::change;
use super::sides::Sides;
use super::why::Reasons;
use super::{Edit, WriteFlags, refer};
use crate::change::{Action, Change};
use crate::cli::plan::uncommitted;
use crate::error::{Problem, Problems, Result};
use crate::git::Place;
use crate::model::RepoPath;
use crate::ui::Report;

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
    /// The component that each file belongs to.
    pub(in crate::cli) owners: BTreeMap<RepoPath, String>,
    /// Files that somebody deleted, and that are not written again.
    pub(in crate::cli) deleted: Vec<RepoPath>,
}

/// Plans an edit.
///
/// # Errors
/// A template fails, a file cannot be read, or Git is in the middle of something.
pub(in crate::cli) fn plan(edit: &Edit<'_>, flags: &WriteFlags, place: &Place) -> Result<Planned> {
    names_are_free(edit)?;
    let mut sides = Sides::of(edit)?;
    let owners = std::mem::take(&mut sides.owners);
    let deleted = std::mem::take(&mut sides.deleted);
    let missed = std::mem::take(&mut sides.missed);
    let reasons = Reasons::of(&sides);
    let moves = sides.moves.clone();
    let (mut change, notes) = change(edit, sides);
    refer::must_lead_somewhere(edit, &change)?;
    let in_git = matches!(place, Place::Root(_));
    if let Place::Root(repo) = place {
        repo.must_be_idle()?;
        if !flags.no_commit {
            let dirty = repo.dirty(change.files.keys())?;
            uncommitted(&mut change, &dirty);
        }
    }
    let mut why = reasons.tell(edit, &change);
    for (path, unwritten) in &edit.unwritten {
        let path = RepoPath::new(moves.path(path.as_str())).unwrap_or_else(|_| path.clone());
        if change.files.contains_key(&path) {
            let more = why.remove(&path).map(|more| format!(": {more}"));
            why.insert(path, unwritten.why() + &more.unwrap_or_default());
        }
    }
    let folder = edit.opened.root.display().to_string();
    let mut report = Report::new(edit.command, &folder, &change, flags.diff);
    for file in &mut report.files {
        let path = RepoPath::new(file.path.clone()).ok();
        file.why = path.and_then(|path| why.get(&path).cloned());
    }
    describe(edit, &owners, &mut report.conflicts);
    report.assumed = edit.assumed.iter().map(Into::into).collect();
    report.notes.clone_from(&edit.notes);
    report.notes.extend(notes);
    report.notes.extend(left_behind(edit, &change));
    // An update tells of everything that is deleted.
    if edit.command != "update" {
        report.notes.extend(written_nowhere(&missed));
    }
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
        owners,
        deleted,
    })
}

/// Refuses a Flux Kustomization of a name that the user has given to one of their own: two of one name cannot be
/// applied, and with them nothing on that cluster.
fn names_are_free(edit: &Edit<'_>) -> Result<()> {
    let mut problems = Problems::default();
    for unit in edit.opened.foreign() {
        let Some(cluster) = edit.platform.clusters.get(&unit.cluster) else {
            continue;
        };
        let (own, on) = (&unit.name.value, &unit.cluster);
        let taken = cluster.components.keys().find(|name| {
            let component = &edit.catalogue.components[*name];
            component.flux_units().any(|unit| &unit.object == own)
        });
        let Some(name) = taken else {
            continue;
        };
        let problem = Problem::new(format!(
            "your own Flux Kustomization on {on} is called {own}, as {name} would be"
        ));
        let problem = match edit.opened.index.texts.get(&unit.file) {
            Some(source) => problem.span(source, unit.name.span.clone()),
            None => problem,
        };
        problems.push(problem.hint(format!("remove yours first, or leave {name} off {on}")));
    }
    problems.into_result()
}

/// Files that stay deleted, although this edit has something to say in them: what it adds may not reach a cluster.
fn written_nowhere(missed: &[RepoPath]) -> Option<String> {
    let paths: Vec<&str> = missed.iter().map(RepoPath::as_str).collect();
    (!paths.is_empty()).then(|| {
        format!(
            "you deleted these, and they stay deleted, so what this changes in them stands nowhere, and Flux may not \
             come to what is new: {}",
            paths.join(", ")
        )
    })
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
