//! Staging exactly the paths that were written, and taking it back.

use std::fs::{self, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use git2::{DiffFile, ErrorCode, Index, IndexEntry, IndexTime, Oid, Repository};
use git2::{RepositoryInitOptions, Tree};
use tempfile::NamedTempFile;

use super::git_failed;
use crate::error::{Error, Problem, Result};
use crate::model::RepoPath;

/// A repository with the paths staged, which can still be undone.
pub(super) struct Staged<'a> {
    /// The repository.
    pub(super) repository: Repository,
    root: PathBuf,
    paths: &'a [RepoPath],
    before: Before,
    /// The index as this left it.
    after: Option<Vec<u8>>,
}

/// How the repository was found.
enum Before {
    /// There was none.
    Nothing,
    /// There was one; a new one, or the clone of an empty one, has no index yet.
    Repository {
        /// A copy beside the index: putting it back then needs no space on the disk.
        index: Option<NamedTempFile>,
    },
}

/// Stages paths, making a repository first where there is none.
///
/// # Errors
/// Git cannot; everything is then as before.
pub fn stage(root: &Path, branch: &str, paths: &[RepoPath]) -> Result<()> {
    stage_paths(root, branch, paths).map(|_| ())
}

/// As [`stage`], to be undone if what follows fails.
pub(super) fn stage_paths<'a>(
    root: &Path,
    branch: &str,
    paths: &'a [RepoPath],
) -> Result<Staged<'a>> {
    let (repository, before) = if root.join(".git").exists() {
        let repository =
            Repository::open(root).map_err(|e| git_failed("open the repository", &e))?;
        let index = copy_of(&repository.path().join("index"))?;
        (repository, Before::Repository { index })
    } else {
        let mut options = RepositoryInitOptions::new();
        options.initial_head(branch).no_reinit(true);
        let made = Repository::init_opts(root, &options);
        let made = made.map_err(|e| git_failed("make a repository", &e))?;
        (made, Before::Nothing)
    };
    let mut staged = Staged {
        repository,
        root: root.to_owned(),
        paths,
        before,
        after: None,
    };
    if let Err(error) = with_patience(|| staged.add()) {
        let error = git_failed("stage the files", &error);
        // An index that we could not write is as it was; only a new repository is to be taken away.
        return Err(match staged.before {
            Before::Nothing => staged.undo(error),
            Before::Repository { .. } => error,
        });
    }
    staged.after = fs::read(staged.index_path()).ok();
    Ok(staged)
}

/// A copy of an index, in the same folder, if there is an index.
fn copy_of(index: &Path) -> Result<Option<NamedTempFile>> {
    let copied = || -> io::Result<NamedTempFile> {
        let folder = index.parent().unwrap_or_else(|| Path::new("."));
        let copy = tempfile::Builder::new()
            .prefix("landform-index-")
            .tempfile_in(folder)?;
        fs::copy(index, copy.path())?;
        Ok(copy)
    };
    match copied() {
        Ok(copy) => Ok(Some(copy)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::io("copy", index, &error)),
    }
}

impl Staged<'_> {
    fn index_path(&self) -> PathBuf {
        self.repository.path().join("index")
    }

    fn index(&self) -> Result<Index, git2::Error> {
        let mut index = self.repository.index()?;
        index.read(true)?;
        Ok(index)
    }

    fn add(&self) -> Result<(), git2::Error> {
        let mut index = self.index()?;
        for path in self.paths {
            let path = Path::new(path.as_str());
            if self.root.join(path).exists() {
                index.add_path(path)?;
            } else {
                index.remove_path(path)?;
            }
        }
        index.write()
    }

    /// The files of the last commit, if there is one.
    pub(super) fn head(&self) -> Option<Tree<'_>> {
        self.repository.head().ok()?.peel_to_tree().ok()
    }

    /// Takes the staging back because of an error, and gives that error, with what could not be taken back.
    pub(super) fn undo(self, mut error: Error) -> Error {
        if let Err(problem) = self.put_back() {
            error.problems.push(problem);
        }
        error
    }

    fn put_back(self) -> Result<(), Problem> {
        let failed = |what: &Path, why: &dyn std::fmt::Display| {
            Problem::new(format!("could not put back {}: {why}", what.display()))
                .hint("`git status` tells what is staged; `git restore --staged` takes it out")
        };
        let path = self.index_path();
        let Before::Repository { index } = &self.before else {
            let git = self.root.join(".git");
            drop(self.repository);
            return fs::remove_dir_all(&git).map_err(|error| failed(&git, &error));
        };
        let lock = Lock::take(&path).map_err(|error| failed(&path, &error))?;
        if self.after == fs::read(&path).ok() {
            let result = match &self.before {
                Before::Repository { index: Some(copy) } => fs::rename(copy.path(), &path),
                _ => fs::remove_file(&path),
            };
            return result.map_err(|error| failed(&path, &error));
        }
        // Somebody has staged something since. That stays; only our own paths go back.
        drop(lock);
        let before = index.as_ref().map(|copy| Index::open(copy.path()));
        let put = || {
            let mut now = self.index()?;
            for path in self.paths {
                let path = Path::new(path.as_str());
                let entry = match &before {
                    Some(Ok(before)) => before.get_path(path, 0),
                    _ => None,
                };
                match entry {
                    Some(entry) => now.add(&entry)?,
                    None => now.remove_path(path)?,
                }
            }
            now.write()
        };
        with_patience(put).map_err(|error| failed(&path, &error.message()))
    }

    /// Brings the index to what the commit holds, where `before` was the last commit: a hook may have put more into
    /// it, or other text, and git knows that only in an index of its own. What the user has staged stays staged.
    pub(super) fn settle(&self, before: Option<Oid>) -> Result<(), git2::Error> {
        let repository = &self.repository;
        let before = before.map(|id| repository.find_tree(id)).transpose()?;
        let after = repository.head()?.peel_to_tree()?;
        let diff = repository.diff_tree_to_tree(before.as_ref(), Some(&after), None)?;
        let mut index = self.index()?;
        let mut changed = false;
        for delta in diff.deltas() {
            let (old, new) = (delta.old_file(), delta.new_file());
            let id = |file: &DiffFile<'_>| Some(file.id()).filter(|id| !id.is_zero());
            let Some(path) = new.path().or(old.path()) else {
                continue;
            };
            let staged = index.get_path(path, 0).map(|entry| entry.id);
            let ours = self.paths.iter().any(|p| Path::new(p.as_str()) == path);
            if staged == id(&new) || !ours && staged != id(&old) {
                continue;
            }
            changed = true;
            match (id(&new), new.path_bytes()) {
                (Some(id), Some(path)) => index.add(&entry(id, new.mode().into(), path))?,
                _ => index.remove_path(path)?,
            }
        }
        if changed { index.write() } else { Ok(()) }
    }
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

/// Git's own lock of an index: while the file is there, no git writes.
struct Lock(PathBuf);

impl Lock {
    fn take(index: &Path) -> io::Result<Self> {
        let path = index.with_extension("lock");
        let mut patience = ATTEMPTS;
        loop {
            match OpenOptions::new().write(true).create_new(true).open(&path) {
                Ok(_) => return Ok(Self(path)),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists && patience > 0 => {
                    patience -= 1;
                    std::thread::sleep(PAUSE);
                }
                Err(error) => return Err(error),
            }
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

const ATTEMPTS: usize = 3;
const PAUSE: Duration = Duration::from_millis(200);

/// Another Git process may hold the index for a moment.
pub(super) fn with_patience(
    mut action: impl FnMut() -> Result<(), git2::Error>,
) -> Result<(), git2::Error> {
    for _ in 0..ATTEMPTS {
        match action() {
            Err(error) if error.code() == ErrorCode::Locked => std::thread::sleep(PAUSE),
            other => return other,
        }
    }
    action()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn repository(files: &[&str]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        Repository::init(dir.path()).unwrap();
        for file in files {
            fs::write(dir.path().join(file), file).unwrap();
        }
        dir
    }

    fn staged_names(root: &Path) -> Vec<String> {
        let index = Repository::open(root).unwrap().index().unwrap();
        let names = index.iter().map(|entry| entry.path);
        names.map(|path| String::from_utf8(path).unwrap()).collect()
    }

    fn add(root: &Path, file: &str) {
        let repository = Repository::open(root).unwrap();
        let mut index = repository.index().unwrap();
        index.add_path(Path::new(file)).unwrap();
        index.write().unwrap();
    }

    fn failure() -> Error {
        Error::failed(Problem::new("no"))
    }

    #[test]
    fn a_repository_without_an_index_gets_none() {
        let dir = repository(&["a"]);
        let paths = [RepoPath::new("a").unwrap()];
        let staged = stage_paths(dir.path(), "main", &paths).unwrap();
        assert_eq!(staged.undo(failure()).problems.len(), 1);
        assert!(!dir.path().join(".git/index").exists());
        assert!(!dir.path().join(".git/index.lock").exists());
    }

    #[test]
    fn what_is_staged_meanwhile_stays_staged() {
        for early in [true, false] {
            let dir = repository(&["a", "mine", "other"]);
            if early {
                add(dir.path(), "mine");
            }
            let paths = [RepoPath::new("a").unwrap()];
            let staged = stage_paths(dir.path(), "main", &paths).unwrap();
            add(dir.path(), "other");
            assert_eq!(staged.undo(failure()).problems.len(), 1);
            let expected: &[&str] = if early {
                &["mine", "other"]
            } else {
                &["other"]
            };
            assert_eq!(staged_names(dir.path()), expected);
        }
    }

    #[test]
    fn an_index_that_stays_locked_is_told_of() {
        let dir = repository(&["a"]);
        let paths = [RepoPath::new("a").unwrap()];
        let staged = stage_paths(dir.path(), "main", &paths).unwrap();
        fs::write(dir.path().join(".git/index.lock"), "").unwrap();
        let told = staged.undo(failure()).to_string();
        assert!(told.contains("could not put back"), "{told}");
        assert_eq!(staged_names(dir.path()), ["a"]);
    }
}
