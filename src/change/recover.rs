//! What becomes of a change that did not end: it is completed if its commit was made, else what was there before comes
//! back. A change that fails is taken back in the same way.

use std::collections::BTreeSet;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use super::disk::{make_folders, remove_file, remove_folders, sweep, sync_folder, write_file};
use super::journal::{Journal, JournalFile};
use super::lock::{Attempt, Lock, busy};
use super::ours::checked;
use super::state::{Holder, State, now};
use crate::error::{Error, Problem, Result};
use crate::fault;
use crate::git::{self, Work};
use crate::model::RepoPath;

/// How long a landform that only reads waits for one that writes.
const PATIENCE: Duration = Duration::from_secs(3);

/// For how long a change counts as being made where the system cannot tell whether its landform still runs.
const UNSURE: u64 = 60;

/// How a change that did not end was settled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settled {
    /// Whether it was completed; else what was there before is there again.
    pub completed: bool,
    /// Files that were edited since, and so were left as they are.
    pub left: Vec<RepoPath>,
    /// Locks of Git that a git which was killed with it may have left. Whose they are cannot be known, so they stay.
    pub locks: Vec<PathBuf>,
    /// Whether it was to be committed.
    commits: bool,
    holder: Holder,
}

impl fmt::Display for Settled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (process, age) = (self.holder.process, self.holder.age());
        let change = format!("a change that did not end (process {process}, {age} ago)");
        match (self.completed, self.commits) {
            (true, true) => write!(f, "completed {change}: its commit had been made")?,
            (true, false) => write!(f, "completed {change}: all of it had been staged")?,
            (false, _) => write!(f, "restored what was there before {change}")?,
        }
        for path in &self.left {
            write!(
                f,
                "\n  {path} was edited since, and is left as it is: see to it yourself"
            )?;
        }
        for lock in &self.locks {
            let lock = lock.display();
            write!(
                f,
                "\n  {lock} is there, perhaps left by a git that was killed too: if no git is at work, remove it"
            )?;
        }
        Ok(())
    }
}

/// Settles what a landform that was killed has left in a folder. One that is still at work is waited for, a little.
///
/// # Errors
/// One is still at work there, or something cannot be put in order; the next landform tries again.
pub fn settle(root: &Path) -> Result<Vec<Settled>> {
    let states = State::all(root);
    if states.is_empty() {
        return Ok(Vec::new());
    }
    let writes = states.iter().any(|state| state.journal().exists());
    let patience = if writes { PATIENCE } else { Duration::ZERO };
    match Lock::attempt(root, patience) {
        Attempt::Taken(lock) => settle_locked(root, &lock),
        Attempt::Busy if writes => Err(busy(root)),
        Attempt::Busy | Attempt::Gone => Ok(Vec::new()),
    }
}

/// As [`settle`], in a folder that is ours.
pub(super) fn settle_locked(root: &Path, lock: &Lock) -> Result<Vec<Settled>> {
    let mut settled = Vec::new();
    for state in State::all(root) {
        let journal = Journal::load(&state)?;
        match journal {
            Some(journal) => {
                let age = now().saturating_sub(journal.holder.since);
                if !lock.is_sure() && age < UNSURE {
                    return Err(unsure(root, &journal.holder));
                }
                settled.push(settle_journal(root, &state, &journal)?);
                remove_root(root, journal.holder.made);
            }
            // It had not begun to write.
            None if lock.is_sure() => {
                let made = state.holder().map_or(0, |holder| holder.made);
                if state.remove().is_ok() {
                    remove_root(root, made);
                }
            }
            None => {}
        }
    }
    Ok(settled)
}

fn unsure(root: &Path, holder: &Holder) -> Error {
    let message = format!(
        "a change in {} has not ended (process {}, {} ago), and this file system cannot tell whether it still goes on",
        root.display(),
        holder.process,
        holder.age()
    );
    Error::failed(Problem::new(message).hint(format!(
        "{UNSURE} seconds after its beginning it counts as broken off: run the same command again then"
    )))
}

/// Settles one change.
pub(super) fn settle_journal(root: &Path, state: &State, journal: &Journal) -> Result<Settled> {
    let work = match git::folder(root) {
        Some(_) => Some(Work::open(root, state.folder())?),
        None => None,
    };
    if let Some(work) = &work {
        work.free_index()?;
    }
    let done = match (&work, &journal.message) {
        (Some(work), Some(_)) => work.has_commit(journal.head.as_deref(), &journal.paths()),
        (Some(_), None) => state.is_staged(),
        (None, _) => false,
    };
    let mut settled = Settled {
        completed: done,
        left: Vec::new(),
        locks: Vec::new(),
        commits: journal.message.is_some(),
        holder: journal.holder,
    };
    match work.as_ref().filter(|_| done) {
        Some(work) => complete(root, state, journal, work)?,
        None => settled.left = restore(root, state, journal, work)?,
    }
    if let Some(git) = git::folder(root) {
        let since = UNIX_EPOCH + Duration::from_secs(journal.holder.since);
        settled.locks = Work::open(root, &git)?.reference_locks(since);
    }
    Ok(settled)
}

/// The last steps of a change whose commit is made, or that is staged.
pub(super) fn complete(root: &Path, state: &State, journal: &Journal, work: &Work) -> Result<()> {
    if journal.message.is_some() {
        work.settle(journal.head.as_deref(), &journal.paths())?;
    }
    if !journal.repository {
        git::keep(root)?;
    }
    state
        .remove()
        .map_err(|error| Error::io("remove", state.folder(), &error))
}

/// Puts back what was there before, and gives the files that were left because they were edited since.
fn restore(
    root: &Path,
    state: &State,
    journal: &Journal,
    work: Option<Work>,
) -> Result<Vec<RepoPath>> {
    let paths = journal.paths();
    let staged = journal.message.is_none();
    if let Some(work) = work.as_ref().filter(|_| staged) {
        work.unstage(&paths)?;
    }
    let folders: BTreeSet<&str> = paths.iter().flat_map(RepoPath::parents).collect();
    for folder in folders.iter().copied().chain([""]) {
        sweep(&root.join(folder));
    }
    let (mut left, mut problems) = (Vec::new(), Vec::new());
    // First what goes: on a full disk that makes room.
    let (come, stay): (Vec<_>, Vec<_>) = journal.files.iter().partition(|f| f.before.is_none());
    for file in come.into_iter().chain(stay) {
        let Some(path) = file.path() else {
            continue;
        };
        match restore_file(root, journal, file, &path, work.as_ref()) {
            Ok(true) => {}
            Ok(false) => left.push(path),
            Err(error) => problems.extend(error.problems),
        }
    }
    if !problems.is_empty() {
        return Err(Error {
            problems,
            ..Error::failed(Problem::new(""))
        });
    }
    if let Some(work) = work
        && !journal.repository
        && git::is_made(root, &journal.mark)
    {
        work.unmake(state.folder(), &paths)?;
    }
    let made = journal
        .folders
        .iter()
        .flat_map(|f| RepoPath::new(f.as_str()));
    let made: Vec<_> = made.map(|folder| root.join(folder.as_str())).collect();
    remove_folders(&made);
    for folder in folders.into_iter().chain([""]) {
        let folder = root.join(folder);
        sync_folder(&folder).map_err(|error| Error::io("write", &folder, &error))?;
    }
    state
        .remove()
        .map_err(|error| Error::io("remove", state.folder(), &error))?;
    Ok(left)
}

/// Puts back one file. `false`: it is neither as it was before nor as the change left it.
fn restore_file(
    root: &Path,
    journal: &Journal,
    file: &JournalFile,
    path: &RepoPath,
    work: Option<&Work>,
) -> Result<bool> {
    let Ok(full) = checked(root, path)? else {
        return Ok(false);
    };
    let now = match fs::read(&full) {
        Ok(bytes) => git::blob(&bytes),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(Error::io("read", &full, &error)),
    };
    let before = file.before.as_ref();
    if now == before.and_then(|text| git::blob(text.as_bytes())) {
        return Ok(true);
    }
    let committed = work.is_some_and(|w| w.was_committed(journal.head.as_deref(), path));
    if now != file.after || committed {
        return Ok(false);
    }
    let done = match before {
        Some(text) => {
            let folder = full.parent().unwrap_or(root);
            make_folders(folder, &mut Vec::new())
                .and_then(|()| write_file(&full, text.as_bytes(), file.mode))
        }
        None => remove_file(&full),
    };
    done.map(|()| true).map_err(|error| {
        let mut error = Error::io("put back", &full, &error);
        for problem in &mut error.problems {
            problem.hint = Some(
                "free some space or see who may write there; the next landform here puts it back"
                    .to_owned(),
            );
        }
        error
    })
}

/// Removes the folder itself, and those around it, as far as they were made for a change that came to nothing.
fn remove_root(root: &Path, made: usize) {
    for folder in root.ancestors().take(made) {
        fault::step("folder: remove");
        // It holds something, by now or because all went well.
        if fs::remove_dir(folder).is_err() {
            break;
        }
    }
}
