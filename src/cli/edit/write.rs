//! Writing a change of a platform, and committing it.

use super::plan::Planned;
use super::{Edit, WriteFlags, next as after};
use crate::change::{apply, remove_emptied};
use crate::cli::confirm::Edited;
use crate::cli::next::{self, Situation};
use crate::error::Result;
use crate::git::{self, Place};
use crate::model::RepoPath;

/// Writes and commits, and says what comes next.
///
/// # Errors
/// It cannot be written, or Git cannot; then everything is as before.
pub(super) fn write(
    edit: &Edit<'_>,
    flags: &WriteFlags,
    place: &Place,
    planned: &mut Planned,
) -> Result<()> {
    let root = &edit.opened.root;
    let change = &planned.change;
    let edited = Edited::look(change, place)?;
    let had_staged = matches!(place, Place::Root(repo) if repo.has_staged()?);
    // Until this is dropped no other landform writes here.
    let applied = apply(change, root)?;
    let paths: Vec<RepoPath> = change.files.keys().cloned().collect();
    let branch = &edit.platform.git.branch;
    let commit = match place {
        Place::Fresh { .. } => Ok(None),
        Place::Root(_) if flags.no_commit => git::stage(root, branch, &paths).map(|()| None),
        Place::Root(_) => git::commit(root, branch, &paths, &edit.message(flags)).map(Some),
    };
    let commit = match commit {
        Ok(commit) => commit,
        Err(error) => return Err(applied.roll_back(error)),
    };
    remove_emptied(change, root);
    let situation = Situation {
        dir: root,
        had_folder: true,
        had_repository: planned.in_git,
        made: applied.made(),
        restorable: &edited.restorable,
        replaced: &edited.replaced,
        kept: 0,
        had_staged,
        had_origin: true,
        commit: commit.as_ref(),
    };
    let mut steps = after::steps(edit, change, commit.as_ref());
    if planned.in_git {
        steps.extend(next::undo(&situation));
    }
    planned.report.next = steps;
    planned.report.commit = commit.map(|commit| commit.id);
    Ok(())
}
