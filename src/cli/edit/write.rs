//! Writing a change of a platform, and committing it.

use super::plan::Planned;
use super::{Edit, WriteFlags, next as after};
use crate::change::Save;
use crate::cli::confirm::Edited;
use crate::cli::here::Here;
use crate::cli::next::{self, Situation};
use crate::error::{Error, Problem, Result};
use crate::git::Place;

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
    let message = edit.message(flags);
    let save = match place {
        Place::Fresh { .. } => Save::Leave,
        Place::Root(_) if flags.no_commit => Save::Stage,
        Place::Root(_) => Save::Commit(&message),
    };
    let mut hold = edit.opened.hold.borrow_mut();
    let Some(hold) = hold.as_mut() else {
        return Err(Error::failed(Problem::new(
            "the folder was opened only to be read",
        )));
    };
    let written = hold.write(change, &edit.platform.git.branch, save)?;
    let commit = written.commit;
    let here = Here::of(root);
    let situation = Situation {
        dir: root,
        had_folder: true,
        had_repository: planned.in_git,
        made: written.made,
        restorable: &edited.restorable,
        replaced: &edited.replaced,
        kept: 0,
        had_staged,
        had_origin: true,
        commit: commit.as_ref(),
        here: &here,
    };
    let mut steps = after::steps(edit, change, &situation)?;
    if planned.in_git {
        steps.extend(next::undo(&situation));
    }
    planned.report.next = steps;
    planned.report.commit = commit.map(|commit| commit.id);
    Ok(())
}
