//! What `landform new` would do to a folder, and what stands against it.

use std::io;
use std::path::Path;

use super::new::Args;
use crate::catalog::Catalogue;
use crate::change::{Change, Conflict, read_ours};
use crate::error::{Error, Problem, Result};
use crate::git::{self, Place};
use crate::merge::merge;
use crate::model::{RECORD, RepoPath, Resolution, Tree};
use crate::render::render;
use crate::ui::Report;

/// Refuses a path that is no folder and cannot become one.
pub(super) fn must_be_folder(dir: &Path) -> Result<()> {
    let refused = |path: &Path, what: &str| {
        let message = format!("{} is {what}", path.display());
        Err(Error::refused(
            Problem::new(message).hint("choose another folder"),
        ))
    };
    // The first that is there decides for all below it.
    for path in dir.ancestors() {
        match path.metadata() {
            Ok(meta) if meta.is_dir() => break,
            Ok(_) => return refused(path, "a file"),
            Err(error) if error.kind() == io::ErrorKind::NotFound && path.is_symlink() => {
                return refused(path, "a symbolic link that leads nowhere");
            }
            // A file further up has its turn.
            Err(_) => {}
        }
    }
    Ok(())
}

/// Refuses what can be refused before anybody answers questions in vain.
pub(super) fn could_write(args: &Args, place: &Place) -> Result<()> {
    let record = platform_record().filter(|path| args.dir.join(path.as_str()).exists());
    let unfinished = match place {
        Place::Root(repo) => {
            repo.must_be_idle()?;
            // What is not committed is left from a run that did not end: the same answers complete it.
            !repo.dirty(record.iter())?.is_empty()
        }
        Place::Fresh { .. } => false,
    };
    if record.is_some() && !unfinished {
        return Err(a_platform_already(&args.dir));
    }
    if !args.no_commit {
        git::must_have_identity(place)?;
    }
    Ok(())
}

/// What would be written, and what is to be told about it.
pub(super) fn plan(
    args: &Args,
    resolution: &Resolution,
    catalogue: &Catalogue,
    place: &Place,
) -> Result<(Change, Report)> {
    let theirs = render(&resolution.platform, catalogue)?;
    let ours = read_ours(&args.dir, theirs.keys())?;
    refuse_second(&args.dir, &ours.tree, &theirs)?;
    let mut change = merge(&Tree::new(), &ours.tree, &theirs);
    change.oppose(ours.in_the_way);
    match place {
        Place::Root(repo) => {
            repo.must_be_idle()?;
            if !args.no_commit {
                let dirty = repo.dirty(change.files.keys())?;
                uncommitted(&mut change, &dirty);
            }
            // As written: by a run that did not come to its end, or by the user, whose own text stays as it is.
            let mut same = ours.tree;
            same.retain(|path, text| theirs.get(path) == Some(text));
            let missing = if args.no_commit {
                repo.unstaged(same.keys())?
            } else {
                repo.dirty(same.keys())?
            };
            same.retain(|path, _| missing.contains(path));
            change.keep(same);
        }
        Place::Fresh { .. } => change.keep(ours.tree),
    }
    let mut report = Report::new("new", &args.dir.display().to_string(), &change, args.diff);
    report.assumed = resolution.assumed.iter().map(Into::into).collect();
    report.notes = notes(resolution, place, &args.dir);
    report.dry_run = args.dry_run;
    Ok((change, report))
}

/// A folder that holds another platform already is refused as a whole, not file by file.
fn refuse_second(dir: &Path, ours: &Tree, theirs: &Tree) -> Result<()> {
    let Some(path) = platform_record().filter(|path| ours.contains_key(path)) else {
        return Ok(());
    };
    if ours.get(&path) == theirs.get(&path) {
        return Ok(());
    }
    Err(a_platform_already(dir))
}

fn platform_record() -> Option<RepoPath> {
    RepoPath::new(format!("{RECORD}/platform.yaml")).ok()
}

fn a_platform_already(dir: &Path) -> Error {
    Error::refused(
        Problem::new(format!(
            "{} is a platform already, made from other answers",
            dir.display()
        ))
        .hint("choose another folder"),
    )
}

/// Files that landform would edit and that hold work not committed yet.
pub(super) fn uncommitted(change: &mut Change, dirty: &[RepoPath]) {
    let mut conflicts = Vec::new();
    for path in dirty {
        let Some(file) = change.files.get(path) else {
            continue;
        };
        let reason = if file.before.is_some() {
            "it has changes that are not committed; commit or stash them, or use --no-commit"
        } else if file.after.is_some() {
            "Git knows it, and it is gone from the folder; commit that first, or use --no-commit"
        } else {
            continue;
        };
        conflicts.push(Conflict {
            path: path.clone(),
            reason: reason.to_owned(),
        });
    }
    change.oppose(conflicts);
}

fn notes(resolution: &Resolution, place: &Place, dir: &Path) -> Vec<String> {
    let mut notes = resolution.notes.clone();
    if let Place::Fresh {
        inside: Some(around),
    } = place
    {
        notes.push(format!(
            "{} lies inside the repository {}; it becomes a repository of its own, because Flux reads a whole one",
            dir.display(),
            around.display()
        ));
    }
    notes
}
