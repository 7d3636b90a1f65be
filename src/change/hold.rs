//! The right to write in a folder, and the only road by which a change gets there: journal, files, Git.
//!
//! At every instant until the commit is there, what the journal tells is enough to put everything back; from then on, it
//! is enough to do what is left.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::disk::{Ready, make_folders, remove_file, remove_folders, sweep, sync_folder, together};
use super::journal::Journal;
use super::lock::Lock;
use super::ours::{checked, refused};
use super::recover::{Settled, complete, settle_journal, settle_locked};
use super::state::{Holder, State};
use super::{Action, Change, FileChange};
use crate::error::{Error, Problem, Result};
use crate::git::{self, Commit, Wanted, Work};
use crate::model::{RECORD, RepoPath};

/// What becomes of a change in Git.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Save<'a> {
    /// One commit of exactly its paths, with this message.
    Commit(&'a str),
    /// They are staged.
    Stage,
    /// Nothing: the folder is no repository, and becomes none.
    Leave,
}

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The commit, unless it was only staged.
    pub commit: Option<Commit>,
    /// What is new below the folder, as few paths as name it all: a folder that was made stands for what is in it.
    pub made: Vec<String>,
}

/// The right to write in a folder. While it is held, no other landform plans or writes there. It ends with the process,
/// however that ends, and the `git` that it has started.
#[derive(Debug)]
pub struct Hold {
    root: PathBuf,
    lock: Lock,
    /// Folders that were made to be locked, outermost first.
    made: Vec<PathBuf>,
    /// Where it is noted who holds, and whether the record's folder was made for that.
    state: State,
    made_record: bool,
    settled: Vec<Settled>,
    written: bool,
}

impl Hold {
    /// Takes a folder, which is made if it is not there. To be done before anything is planned: what a landform that
    /// was killed has left there is [settled](Hold::settled) first.
    ///
    /// # Errors
    /// Another landform is at work there, and is not done within three seconds; or the folder cannot be made, or what
    /// was left cannot be put in order.
    pub fn take(root: &Path) -> Result<Self> {
        let (mut made, mut settled) = (Vec::new(), Vec::new());
        let lock = loop {
            // The folder may go between the two, when another landform takes back what it made.
            if let Err(error) = make_folders(root, &mut made) {
                remove_folders(&made);
                return Err(Error::io("make", root, &error));
            }
            // If another has it, it stays, even if we have made it.
            let Some(lock) = Lock::take(root)? else {
                continue;
            };
            settled.extend(settle_locked(root, &lock)?);
            if root.exists() {
                break lock;
            }
            // It was made by the one that was killed.
            made.clear();
        };
        let state = State::of(root);
        // Who cannot write here is told so when there is something to write.
        let made_state = state.make();
        if made_state.is_ok() {
            state.note(Holder::this(made.len()));
        }
        Ok(Self {
            root: root.to_owned(),
            lock,
            made,
            state,
            made_record: made_state.unwrap_or(false),
            settled,
            written: false,
        })
    }

    /// What a landform that was killed had left there, and what became of it. To be told.
    pub fn settled(&self) -> &[Settled] {
        &self.settled
    }

    /// Whether the folder was there before.
    pub fn had_folder(&self) -> bool {
        self.made.is_empty()
    }

    /// Makes a change: all of it or nothing. Where there is no repository, one is made, on the branch given.
    ///
    /// # Errors
    /// The change has conflicts; a path lies behind a symbolic link or differs from one there only in case; a file is
    /// not as the change found it; the file system, Git or a hook fails. Then everything is as before, or it is told
    /// what is not, and the next landform puts it in order.
    pub fn write(&mut self, change: &Change, branch: &str, save: Save<'_>) -> Result<Written> {
        if let Some(conflict) = change.conflicts.first() {
            return Err(refused(conflict));
        }
        must_be_unchanged(&self.root, change)?;
        let (work, journal) = self.prepare(change, save)?;
        let done = match self.perform(change, work, &journal, branch, save) {
            Ok(done) => done,
            Err(error) => return Err(self.take_back(error, &journal)),
        };
        self.written = true;
        let (work, commit) = done;
        if let Err(mut error) = complete(&self.root, &self.state, &journal, work.as_ref()) {
            let message = match &commit {
                Some(commit) => format!("the commit {} was made, and stands", commit.id),
                None => "everything was written".to_owned(),
            };
            let hint = "the next landform here does what is left";
            error.problems.push(Problem::new(message).hint(hint));
            return Err(error);
        }
        let made = made(change, &journal);
        Ok(Written { commit, made })
    }

    /// Writes the journal, after which the change is completed or taken back, whatever happens.
    fn prepare(&mut self, change: &Change, save: Save<'_>) -> Result<(Option<Work>, Journal)> {
        let root = self.root.clone();
        let state = State::of(&root);
        let made = state
            .make()
            .map_err(|error| Error::io("write", state.folder(), &error))?;
        self.made_record = made || self.made_record && state == self.state;
        self.state = state;
        let work = match git::folder(&root) {
            Some(_) => Some(Work::open(&root, self.state.folder())?),
            None if root.join(".git").exists() => {
                // What is wrong with it is told by opening it.
                Some(Work::open(&root, self.state.folder())?)
            }
            None => None,
        };
        let parents = || change.files.keys().flat_map(RepoPath::parents);
        let writes = |file: &FileChange| matches!(file.action, Action::Create | Action::Edit);
        let written = change.files.iter().filter(|(_, file)| writes(file));
        let folders: BTreeSet<&str> = written
            .flat_map(|(path, _)| path.parents())
            .filter(|folder| !root.join(folder).exists() || *folder == RECORD && self.made_record)
            .collect();
        let message = match save {
            Save::Commit(message) => Some(message),
            Save::Stage | Save::Leave => None,
        };
        let mut journal = Journal::new(
            &root,
            change,
            Holder::this(self.made.len()),
            folders.into_iter().map(str::to_owned).collect(),
            message,
        );
        if let Some(work) = &work {
            work.must_be_free()?;
            work.note_index()?;
            journal.repository = true;
            journal.head = work.head();
        }
        for folder in parents().chain([""]).collect::<BTreeSet<_>>() {
            sweep(&root.join(folder));
        }
        journal.save(&self.state)?;
        Ok((work, journal))
    }

    /// Everything between the journal's first instant and its last.
    fn perform(
        &self,
        change: &Change,
        work: Option<Work>,
        journal: &Journal,
        branch: &str,
        save: Save<'_>,
    ) -> Result<(Option<Work>, Option<Commit>)> {
        write_files(&self.root, change)?;
        let marked = || {
            let marked = self.state.mark_staged();
            marked.map_err(|error| Error::io("write", self.state.folder(), &error))
        };
        if work.is_none() && save == Save::Leave {
            marked()?;
            return Ok((None, None));
        }
        let work = if let Some(work) = work {
            work
        } else {
            git::make(&self.root, branch, self.state.folder(), &journal.mark)?;
            Work::open(&self.root, self.state.folder())?
        };
        let paths = journal.paths();
        let commit = if let Some(message) = &journal.message {
            let lock = self.lock.lend();
            Some(work.commit(Wanted {
                paths: &paths,
                message,
                lock,
            })?)
        } else {
            work.stage(&paths)?;
            marked()?;
            None
        };
        Ok((Some(work), commit))
    }

    /// Takes back what was done, because of an error, and gives that error, with what could not be taken back.
    fn take_back(&mut self, mut error: Error, journal: &Journal) -> Error {
        match settle_journal(&self.root, &self.state, journal) {
            Ok(settled) => {
                self.written = settled.completed;
                if settled.completed {
                    error.problems.push(Problem::new(
                        "the commit was made all the same, and stands: see `git log`",
                    ));
                }
                for path in settled.left {
                    let message = format!("{path} was edited meanwhile, and is left as it is");
                    error.problems.push(Problem::new(message));
                }
            }
            Err(more) => error.problems.extend(more.problems),
        }
        error
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        // What a journal tells of is left to the next landform.
        if !self.state.journal().exists() {
            let _ = self.state.remove();
        }
        if !self.written {
            remove_folders(&self.made);
        }
    }
}

/// All files first: what has changed meanwhile is no reason to write anything.
fn must_be_unchanged(root: &Path, change: &Change) -> Result<()> {
    for (path, file) in &change.files {
        let full = checked(root, path)?.map_err(|conflict| refused(&conflict))?;
        let now = match fs::read(&full) {
            Ok(bytes) => Some(bytes),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(Error::io("read", &full, &error)),
        };
        if now.as_deref() != file.before.as_deref().map(str::as_bytes) {
            return Err(Error::failed(
                Problem::new(format!(
                    "{} changed while landform was at work",
                    full.display()
                ))
                .hint("nothing was written; run the same command again"),
            ));
        }
    }
    Ok(())
}

/// Writes what is new beside its place, all of it, before anything that is there changes: a disk that is full shows
/// here.
fn write_files(root: &Path, change: &Change) -> Result<()> {
    let failed = |path: &Path, error: &io::Error| Error::io("write", path, error);
    let mut folders = BTreeSet::new();
    let (mut ready, mut gone) = (Vec::new(), Vec::new());
    for (path, file) in &change.files {
        let full = root.join(path.as_str());
        match (file.action, &file.after) {
            (Action::Keep, _) => continue,
            (Action::Delete, _) | (_, None) => gone.push((path, full)),
            (_, Some(text)) => {
                let mut made = Vec::new();
                let written = make_folders(full.parent().unwrap_or(root), &mut made)
                    .and_then(|()| Ready::write(&full, text.as_bytes(), None));
                ready.push(written.map_err(|error| failed(&full, &error))?);
            }
        }
        folders.extend(path.parents());
        folders.insert("");
    }
    together(&ready, |file| {
        file.sync().map_err(|error| failed(file.place(), &error))
    })?;
    for file in ready {
        let place = file.place().to_owned();
        file.put().map_err(|error| failed(&place, &error))?;
    }
    for (_, full) in &gone {
        remove_file(full).map_err(|error| failed(full, &error))?;
    }
    // No folder is left that says nothing.
    let emptied: BTreeSet<&str> = gone.iter().flat_map(|(path, _)| path.parents()).collect();
    for folder in emptied.iter().rev() {
        remove_folders(&[root.join(folder)]);
    }
    let folders: Vec<PathBuf> = folders
        .into_iter()
        .map(|folder| root.join(folder))
        .collect();
    together(&folders, |folder| {
        sync_folder(folder).map_err(|error| failed(folder, &error))
    })
}

/// What is new, as few paths as name it all.
fn made(change: &Change, journal: &Journal) -> Vec<String> {
    let new = change
        .files
        .iter()
        .filter(|(_, file)| file.before.is_none() && file.after.is_some())
        .map(|(path, _)| path.as_str());
    let mut made: Vec<&str> = Vec::new();
    for path in journal.folders.iter().map(String::as_str).chain(new) {
        if !made
            .iter()
            .any(|folder| Path::new(path).starts_with(folder))
        {
            made.push(path);
        }
    }
    let mut made: Vec<String> = made.into_iter().map(str::to_owned).collect();
    made.sort();
    made
}

#[cfg(test)]
mod tests {
    use super::super::read_ours;
    use super::*;
    use crate::merge::merge;
    use crate::model::Tree;

    fn change(files: &[(&str, &str)], root: &Path) -> Result<Change> {
        let theirs: Tree = files
            .iter()
            .map(|(path, text)| (RepoPath::new(*path).unwrap(), (*text).to_owned()))
            .collect();
        let ours = read_ours(root, theirs.keys())?;
        Ok(merge(&Tree::new(), &ours.tree, &theirs))
    }

    fn write(change: &Change, root: &Path) -> Result<Written> {
        Hold::take(root)?.write(change, "main", Save::Stage)
    }

    #[test]
    fn a_folder_that_was_only_held_goes() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("new/deep");
        drop(Hold::take(&root).unwrap());
        assert!(!dir.path().join("new").exists());
    }

    #[test]
    fn what_is_written_stays_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("new/deep");
        let change = change(&[("a/b/c.yaml", "x\n"), ("d", "y\n")], &root).unwrap();
        write(&change, &root).unwrap();
        assert_eq!(fs::read_to_string(root.join("a/b/c.yaml")).unwrap(), "x\n");
        let mut names: Vec<_> = fs::read_dir(&root)
            .unwrap()
            .map(|entry| entry.unwrap().file_name())
            .collect();
        names.sort();
        assert_eq!(names, [".git", "a", "d"]);
        assert!(!root.join(".git/landform").exists());
    }

    #[test]
    fn a_failure_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        let change = change(&[("a/x", "1"), ("b/y", "2")], root).unwrap();
        // Somebody puts a file where a folder is needed.
        fs::write(root.join("b"), "").unwrap();
        assert!(write(&change, root).is_err());
        assert!(!root.join("a").exists());
        assert_eq!(fs::read_to_string(root.join("b")).unwrap(), "");
        assert_eq!(fs::read_dir(root).unwrap().count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn sweeps_what_a_killed_run_left_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        fs::create_dir(root.join("a")).unwrap();
        let others = [".landform-abc", ".landform-my-own", ".landform-abcdefg"];
        for name in others.iter().chain(&[".landform-Ab3x9Z"]) {
            fs::write(root.join("a").join(name), "x").unwrap();
        }
        fs::write(root.join(".landform-123456"), "").unwrap();
        let change = change(&[("a/x", "1")], root).unwrap();
        write(&change, root).unwrap();
        assert!(!root.join(".landform-123456").exists());
        assert!(!root.join("a/.landform-Ab3x9Z").exists());
        for name in others {
            assert!(root.join("a").join(name).exists(), "{name}");
        }
    }

    #[test]
    fn notices_what_changed_meanwhile() {
        let dir = tempfile::tempdir().unwrap();
        let change = change(&[("a", "1")], dir.path()).unwrap();
        fs::write(dir.path().join("a"), "theirs").unwrap();
        let error = write(&change, dir.path()).unwrap_err();
        assert!(error.to_string().contains("changed while"), "{error}");
        assert_eq!(fs::read_to_string(dir.path().join("a")).unwrap(), "theirs");
    }

    #[test]
    fn never_through_what_came_meanwhile() {
        let dir = tempfile::tempdir().unwrap();
        let change = change(&[("apps/x", "1")], dir.path()).unwrap();
        fs::create_dir(dir.path().join("Apps")).unwrap();
        let error = write(&change, dir.path()).unwrap_err();
        assert!(
            error.to_string().contains("where case does not count"),
            "{error}"
        );
        assert!(!dir.path().join("apps").exists());
    }

    #[test]
    fn knows_what_it_made() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir_all(dir.path().join("mine/deep")).unwrap();
        let files = [
            (".landform/platform.yaml", "1"),
            ("new/a/x", "1"),
            ("new/b", "1"),
            ("mine/x", "1"),
            ("mine/deep/y/z", "1"),
            ("top", "1"),
        ];
        let change = change(&files, dir.path()).unwrap();
        let written = write(&change, dir.path()).unwrap();
        assert_eq!(
            written.made,
            [".landform", "mine/deep/y", "mine/x", "new", "top"]
        );
    }

    #[cfg(unix)]
    #[test]
    fn the_second_is_told_who_is_at_work() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("new");
        let _first = Hold::take(&root).unwrap();
        let told = Hold::take(&root).unwrap_err().to_string();
        let who = format!("another landform (process {}, for ", std::process::id());
        assert!(told.contains(&who), "{told}");
    }

    #[cfg(unix)]
    #[test]
    fn a_link_in_the_place_of_the_record_is_not_followed() {
        let dir = tempfile::tempdir().unwrap();
        let (root, outside) = (dir.path().join("root"), dir.path().join("outside"));
        fs::create_dir_all(outside.join("tmp")).unwrap();
        fs::create_dir(&root).unwrap();
        std::os::unix::fs::symlink(&outside, root.join(".landform")).unwrap();
        drop(Hold::take(&root).unwrap());
        assert!(fs::read_dir(outside.join("tmp")).unwrap().next().is_none());
    }
}
