//! Indexes: one of our own to commit from, and the repository's, which changes in one step or not at all.
//!
//! A commit is made from an index of its own, so that until there is a commit the repository's is as it was, and no
//! lock of ours lies beside it. When it has to change, the new one is written elsewhere first. Its place is locked, as
//! Git does it, by the file `index.lock`; ours is a second name of the new index, so a later run knows for certain that
//! a lock left behind is ours.

use std::fs::{self, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use git2::{DiffDelta, DiffFile, Index, IndexEntry, IndexTime, Oid, Repository};

use super::git_failed;
use super::work::Work;
use crate::error::{Error, Problem, Result};
use crate::fault;
use crate::model::RepoPath;

/// The index as it was before.
const BEFORE: &str = "index.before";
/// The index that a commit is made from.
const OWN: &str = "index.own";
/// The index that is about to take the place of the repository's, or has taken it.
const NEW: &str = "index.new";

const ATTEMPTS: usize = 4;
const PAUSE: Duration = Duration::from_millis(200);

impl Work {
    /// Waits a little until no other Git holds the index.
    ///
    /// # Errors
    /// One does, and what to do if it is none.
    pub fn must_be_free(&self) -> Result<()> {
        let lock = self.index_lock();
        for attempt in 0..ATTEMPTS {
            if attempt > 0 {
                std::thread::sleep(PAUSE);
            }
            if lock.symlink_metadata().is_err() {
                return Ok(());
            }
        }
        Err(held(&lock))
    }

    /// Notes the index as it is now.
    ///
    /// # Errors
    /// It cannot be copied.
    pub fn note_index(&self) -> Result<()> {
        let copy = self.state.join(BEFORE);
        copy_anew(&self.index_path(), &copy).map_err(|error| Error::io("write", &copy, &error))
    }

    /// An index of the last commit and these paths, as they are in the folder. What else is staged is not in it.
    pub(super) fn own_index(&self, paths: &[RepoPath]) -> Result<PathBuf> {
        let own = self.own_index_path();
        fault::step("own index");
        // A copy, because it knows which files are as in the last commit, and Git need not read them all.
        copy_anew(&self.index_path(), &own).map_err(|error| Error::io("write", &own, &error))?;
        let write = || {
            let repository = Repository::open(&self.root)?;
            let mut index = Index::open(&own)?;
            repository.set_index(&mut index)?;
            let unmerged: Vec<Vec<u8>> = index
                .conflicts()?
                .flatten()
                .filter_map(|c| Some(c.our.or(c.their).or(c.ancestor)?.path))
                .collect();
            for path in unmerged {
                index.remove_path(&as_path(&path))?;
            }
            let head = repository.head().ok().and_then(|h| h.peel_to_tree().ok());
            let diff = repository.diff_tree_to_index(head.as_ref(), Some(&index), None)?;
            for delta in diff.deltas() {
                let old = delta.old_file();
                put(&mut index, &delta, &old, None)?;
            }
            add(&self.root, &mut index, paths)?;
            index.write()
        };
        write().map_err(|error| git_failed("stage the files", &error))?;
        Ok(own)
    }

    pub(super) fn own_index_path(&self) -> PathBuf {
        self.state.join(OWN)
    }

    /// Stages these paths, as they are in the folder, for the user's own commit.
    ///
    /// # Errors
    /// Git cannot; the index is then as before.
    pub fn stage(&self, paths: &[RepoPath]) -> Result<()> {
        self.swap("stage the files", |index| {
            add(&self.root, index, paths)?;
            Ok(true)
        })
    }

    /// Takes the staging of these paths back. What somebody has staged there since stays.
    ///
    /// # Errors
    /// Git cannot.
    pub fn unstage(&self, paths: &[RepoPath]) -> Result<()> {
        let (before, staged) = (self.state.join(BEFORE), self.state.join(NEW));
        if !staged.exists() {
            return Ok(());
        }
        let (had, path) = (before.exists(), self.index_path());
        let read =
            |path: &Path| Index::open(path).map_err(|e| git_failed("read the old index", &e));
        let (before, staged) = (read(&before)?, read(&staged)?);
        self.swap("put back what was staged", |index| {
            let mut changed = false;
            for path in paths {
                let path = Path::new(path.as_str());
                let (now, old) = (index.get_path(path, 0), before.get_path(path, 0));
                if same(now.as_ref(), old.as_ref())
                    || !same(now.as_ref(), staged.get_path(path, 0).as_ref())
                {
                    continue;
                }
                changed = true;
                match old {
                    Some(entry) => index.add(&entry)?,
                    None => index.remove_path(path)?,
                }
            }
            Ok(changed)
        })?;
        let empty = || Index::open(&path).is_ok_and(|index| index.is_empty());
        if !had && path.exists() && empty() {
            fs::remove_file(&path).map_err(|error| Error::io("remove", &path, &error))?;
        }
        Ok(())
    }

    /// Brings the index to what the last commit holds, where `before` was the one before: a hook may have put more into
    /// it, or other text. What the user has staged stays staged.
    ///
    /// # Errors
    /// Git cannot; the commit stands all the same.
    pub fn settle(&self, before: Option<&str>, paths: &[RepoPath]) -> Result<()> {
        let failed = |error: git2::Error| git_failed("bring the index up to date", &error);
        let read = |name: &str| Index::open(&self.state.join(name)).map_err(failed);
        let (noted, own) = (read(BEFORE)?, read(OWN)?);
        let head = || {
            let head = self.repository.head()?.peel_to_tree()?;
            let before = before
                .map(|id| self.repository.find_commit(Oid::from_str(id)?)?.tree())
                .transpose()?;
            Ok((before, head))
        };
        let (before, head) = head().map_err(failed)?;
        let diff = self
            .repository
            .diff_tree_to_tree(before.as_ref(), Some(&head), None);
        let diff = diff.map_err(failed)?;
        self.swap("bring the index up to date", |index| {
            let mut changed = false;
            for delta in diff.deltas() {
                let (old, new) = (delta.old_file(), delta.new_file());
                let Some(path) = new.path().or(old.path()) else {
                    continue;
                };
                let entry = index.get_path(path, 0);
                let staged = entry.as_ref().map(|entry| entry.id);
                let ours = paths.iter().any(|p| Path::new(p.as_str()) == path)
                    && same(entry.as_ref(), noted.get_path(path, 0).as_ref());
                if staged == id(&new) || !ours && staged != id(&old) {
                    continue;
                }
                changed = true;
                put(index, &delta, &new, own.get_path(path, 0))?;
            }
            Ok(changed)
        })
    }

    /// Removes the lock of the index, if it is one that a landform left which was killed.
    ///
    /// # Errors
    /// It cannot be removed.
    pub fn free_index(&self) -> Result<()> {
        let lock = self.index_lock();
        if same_file(&lock, &self.state.join(NEW)) {
            fs::remove_file(&lock).map_err(|error| Error::io("remove", &lock, &error))?;
        }
        Ok(())
    }

    fn index_path(&self) -> PathBuf {
        self.repository.path().join("index")
    }

    fn index_lock(&self) -> PathBuf {
        self.repository.path().join("index.lock")
    }

    /// Changes the repository's index in one step. Without a change it is not written.
    fn swap(
        &self,
        doing: &str,
        edit: impl Fn(&mut Index) -> Result<bool, git2::Error>,
    ) -> Result<()> {
        let (index, lock, new) = (self.index_path(), self.index_lock(), self.state.join(NEW));
        for attempt in 0..ATTEMPTS {
            if attempt > 0 {
                std::thread::sleep(PAUSE);
            }
            let read = fs::read(&index).ok();
            copy_anew(&index, &new).map_err(|error| Error::io("write", &new, &error))?;
            let edited = || {
                let repository = Repository::open(&self.root)?;
                let mut copy = Index::open(&new)?;
                repository.set_index(&mut copy)?;
                let changed = edit(&mut copy)?;
                if changed {
                    copy.write()?;
                }
                Ok(changed)
            };
            if !edited().map_err(|error| git_failed(doing, &error))? {
                return Ok(());
            }
            fault::step("index: lock");
            if !take(&new, &lock).map_err(|error| Error::io("write", &lock, &error))? {
                continue;
            }
            fault::step("index: rename");
            // Somebody may have changed it between our reading and our lock.
            if fs::read(&index).ok() != read {
                let _ = fs::remove_file(&lock);
                continue;
            }
            let renamed = fs::rename(&lock, &index);
            fault::step("index: done");
            return renamed.map_err(|error| {
                let _ = fs::remove_file(&lock);
                Error::io("write", &index, &error)
            });
        }
        Err(held(&lock))
    }
}

fn held(lock: &Path) -> Error {
    Error::failed(
        Problem::new(format!("{} is there: another git holds the index", lock.display())).hint(
            "wait until it is done; if no git is at work, remove that file, and run the same command again",
        ),
    )
}

/// Copies an index that may not be there to a new file. The old one may have a second name, so it is not written into;
/// whoever was killed while writing it has left its lock.
fn copy_anew(from: &Path, to: &Path) -> io::Result<()> {
    let lock = to.with_added_extension("lock");
    for result in [
        fs::remove_file(lock),
        fs::remove_file(to),
        fs::copy(from, to).map(|_| ()),
    ] {
        match result {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

/// Takes Git's lock, with the new index in it. `false`: another has it.
fn take(new: &Path, lock: &Path) -> io::Result<bool> {
    let there = |error: &io::Error| error.kind() == io::ErrorKind::AlreadyExists;
    match fs::hard_link(new, lock) {
        Ok(()) => return Ok(true),
        Err(error) if there(&error) => return Ok(false),
        // A file system without second names.
        Err(_) => {}
    }
    let mut file = match OpenOptions::new().write(true).create_new(true).open(lock) {
        Ok(file) => file,
        Err(error) if there(&error) => return Ok(false),
        Err(error) => return Err(error),
    };
    let copied = fs::File::open(new).and_then(|mut new| io::copy(&mut new, &mut file));
    if let Err(error) = copied.and_then(|_| file.sync_all()) {
        let _ = fs::remove_file(lock);
        return Err(error);
    }
    Ok(true)
}

/// Whether two names are of one file.
#[cfg(unix)]
fn same_file(a: &Path, b: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    match (a.symlink_metadata(), b.symlink_metadata()) {
        (Ok(a), Ok(b)) => (a.dev(), a.ino()) == (b.dev(), b.ino()),
        _ => false,
    }
}

#[cfg(not(unix))]
fn same_file(_: &Path, _: &Path) -> bool {
    false
}

/// Puts paths into an index, as they are in the folder.
fn add(root: &Path, index: &mut Index, paths: &[RepoPath]) -> Result<(), git2::Error> {
    for path in paths {
        let path = Path::new(path.as_str());
        if root.join(path).exists() {
            index.add_path(path)?;
        } else {
            index.remove_path(path)?;
        }
    }
    Ok(())
}

/// Puts one side of a difference into an index; `known` is an entry that may know the file's times.
fn put(
    index: &mut Index,
    delta: &DiffDelta<'_>,
    side: &DiffFile<'_>,
    known: Option<IndexEntry>,
) -> Result<(), git2::Error> {
    let path = side
        .path_bytes()
        .or_else(|| delta.new_file().path_bytes())
        .or_else(|| delta.old_file().path_bytes());
    match (id(side), path) {
        (Some(id), Some(path)) => {
            let known = known.filter(|known| known.id == id);
            index.add(&known.unwrap_or_else(|| entry(id, side.mode().into(), path)))
        }
        (None, Some(path)) => index.remove_path(&as_path(path)),
        _ => Ok(()),
    }
}

/// The content of a side of a difference, if it is there.
fn id(file: &DiffFile<'_>) -> Option<Oid> {
    Some(file.id()).filter(|id| !id.is_zero())
}

fn same(a: Option<&IndexEntry>, b: Option<&IndexEntry>) -> bool {
    let of = |entry: &IndexEntry| (entry.id, entry.mode);
    a.map(of) == b.map(of)
}

#[cfg(unix)]
fn as_path(bytes: &[u8]) -> PathBuf {
    use std::os::unix::ffi::OsStrExt as _;
    PathBuf::from(std::ffi::OsStr::from_bytes(bytes))
}

#[cfg(not(unix))]
fn as_path(bytes: &[u8]) -> PathBuf {
    PathBuf::from(String::from_utf8_lossy(bytes).into_owned())
}

/// An entry of the index that says nothing of the file's times: git looks at the file itself then.
fn entry(id: Oid, mode: u32, path: &[u8]) -> IndexEntry {
    IndexEntry {
        ctime: IndexTime::new(0, 0),
        mtime: IndexTime::new(0, 0),
        dev: 0,
        ino: 0,
        mode,
        uid: 0,
        gid: 0,
        file_size: 0,
        id,
        flags: 0,
        flags_extended: 0,
        path: path.to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Sandbox {
        dir: tempfile::TempDir,
    }

    impl Sandbox {
        fn new(files: &[&str]) -> Self {
            let dir = tempfile::tempdir().unwrap();
            Repository::init(dir.path()).unwrap();
            fs::create_dir(dir.path().join(".git/landform")).unwrap();
            for file in files {
                fs::write(dir.path().join(file), file).unwrap();
            }
            Self { dir }
        }

        fn work(&self) -> Work {
            Work::open(self.dir.path(), &self.dir.path().join(".git/landform")).unwrap()
        }

        fn staged(&self) -> Vec<String> {
            let index = Repository::open(self.dir.path()).unwrap().index().unwrap();
            let names = index.iter().map(|entry| entry.path);
            names.map(|path| String::from_utf8(path).unwrap()).collect()
        }

        fn add(&self, file: &str) {
            let repository = Repository::open(self.dir.path()).unwrap();
            let mut index = repository.index().unwrap();
            index.add_path(Path::new(file)).unwrap();
            index.write().unwrap();
        }
    }

    fn paths() -> [RepoPath; 1] {
        [RepoPath::new("a").unwrap()]
    }

    #[test]
    fn a_repository_without_an_index_gets_none() {
        let sandbox = Sandbox::new(&["a"]);
        let work = sandbox.work();
        work.note_index().unwrap();
        work.stage(&paths()).unwrap();
        assert_eq!(sandbox.staged(), ["a"]);
        work.unstage(&paths()).unwrap();
        assert!(!sandbox.dir.path().join(".git/index").exists());
        assert!(!sandbox.dir.path().join(".git/index.lock").exists());
    }

    #[test]
    fn what_is_staged_meanwhile_stays_staged() {
        for early in [true, false] {
            let sandbox = Sandbox::new(&["a", "mine", "other"]);
            if early {
                sandbox.add("mine");
            }
            let work = sandbox.work();
            work.note_index().unwrap();
            work.stage(&paths()).unwrap();
            sandbox.add("other");
            work.unstage(&paths()).unwrap();
            let expected: &[&str] = if early {
                &["mine", "other"]
            } else {
                &["other"]
            };
            assert_eq!(sandbox.staged(), expected);
        }
    }

    #[test]
    fn what_somebody_staged_in_our_place_stays() {
        let sandbox = Sandbox::new(&["a"]);
        let work = sandbox.work();
        work.note_index().unwrap();
        work.stage(&paths()).unwrap();
        fs::write(sandbox.dir.path().join("a"), "mine by now").unwrap();
        sandbox.add("a");
        work.unstage(&paths()).unwrap();
        assert_eq!(sandbox.staged(), ["a"]);
    }

    #[test]
    fn who_was_killed_while_writing_is_no_obstacle() {
        let sandbox = Sandbox::new(&["a"]);
        let work = sandbox.work();
        for left in ["index.new.lock", "index.own.lock", "index.before.lock"] {
            fs::write(sandbox.dir.path().join(".git/landform").join(left), "").unwrap();
        }
        work.note_index().unwrap();
        work.own_index(&paths()).unwrap();
        work.stage(&paths()).unwrap();
        assert_eq!(sandbox.staged(), ["a"]);
    }

    #[test]
    fn an_index_that_stays_locked_is_told_of() {
        let sandbox = Sandbox::new(&["a"]);
        let work = sandbox.work();
        work.note_index().unwrap();
        work.stage(&paths()).unwrap();
        fs::write(sandbox.dir.path().join(".git/index.lock"), "").unwrap();
        let told = work.unstage(&paths()).unwrap_err().to_string();
        assert!(told.contains("index.lock is there"), "{told}");
        assert!(work.must_be_free().is_err());
        assert_eq!(sandbox.staged(), ["a"]);
    }

    #[cfg(unix)]
    #[test]
    fn only_a_lock_of_our_own_is_removed() {
        let sandbox = Sandbox::new(&["a"]);
        let work = sandbox.work();
        let lock = sandbox.dir.path().join(".git/index.lock");
        let new = sandbox.dir.path().join(".git/landform").join(NEW);
        fs::write(&new, "").unwrap();
        fs::write(&lock, "").unwrap();
        work.free_index().unwrap();
        assert!(lock.exists());
        fs::remove_file(&lock).unwrap();
        fs::hard_link(&new, &lock).unwrap();
        work.free_index().unwrap();
        assert!(!lock.exists());
    }

    #[test]
    fn the_own_index_has_nothing_else_that_is_staged() {
        let sandbox = Sandbox::new(&["a", "mine"]);
        sandbox.add("mine");
        let own = sandbox.work().own_index(&paths()).unwrap();
        let index = Index::open(&own).unwrap();
        let names: Vec<_> = index.iter().map(|entry| entry.path).collect();
        assert_eq!(names, [b"a".to_vec()]);
        assert_eq!(sandbox.staged(), ["mine"]);
    }
}
