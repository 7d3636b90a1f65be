//! A repository that a change makes: there in one step, and known as ours until the change is done.

use std::fs;
use std::path::Path;

use git2::{Repository, RepositoryInitOptions};

use super::git_failed;
use super::work::Work;
use crate::error::{Error, Result};
use crate::fault;
use crate::model::RepoPath;

/// A file in a repository that a change has made and not finished; it holds the mark of that change.
const MARK: &str = "landform-made";

/// Makes a repository in `root`, by way of the folder `within`.
///
/// # Errors
/// Git cannot; nothing is there then.
pub fn make(root: &Path, branch: &str, within: &Path, mark: &str) -> Result<()> {
    let scratch = within.join("repository");
    let mut options = RepositoryInitOptions::new();
    options.initial_head(branch).no_reinit(true);
    fault::step("repository: make");
    let made = Repository::init_opts(&scratch, &options);
    drop(made.map_err(|e| git_failed("make a repository", &e))?);
    let (from, to) = (scratch.join(".git"), root.join(".git"));
    fault::step("repository: mark");
    fs::write(from.join(MARK), mark)
        .and_then(|()| {
            fault::step("repository: rename");
            fs::rename(&from, &to)
        })
        .map_err(|error| Error::io("write", &to, &error))?;
    fault::step("repository: made");
    Ok(())
}

/// Whether the repository in `root` was made by the change with this mark, which is not finished.
pub fn is_made(root: &Path, mark: &str) -> bool {
    fs::read_to_string(root.join(".git").join(MARK)).is_ok_and(|text| text == mark)
}

/// The repository in `root` is there to stay.
///
/// # Errors
/// Its mark cannot be removed.
pub fn keep(root: &Path) -> Result<()> {
    let mark = root.join(".git").join(MARK);
    match fs::remove_file(&mark) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(Error::io("remove", &mark, &error))
        }
        _ => Ok(()),
    }
}

impl Work {
    /// Removes a repository that was made, by way of the folder `within`, unless somebody uses it by now. Tells whether
    /// it is gone.
    ///
    /// # Errors
    /// It cannot be removed.
    pub fn unmake(self, within: &Path, paths: &[RepoPath]) -> Result<bool> {
        if self.is_used(paths) {
            keep(&self.root)?;
            return Ok(false);
        }
        let (git, gone) = (self.root.join(".git"), within.join("repository-gone"));
        drop(self.repository);
        fault::step("repository: take away");
        fs::rename(&git, &gone)
            .and_then(|()| fs::remove_dir_all(&gone))
            .map_err(|error| Error::io("remove", &git, &error))?;
        Ok(true)
    }

    /// Whether it has a commit, or something staged that is not ours.
    fn is_used(&self, paths: &[RepoPath]) -> bool {
        let ours = |path: &[u8]| paths.iter().any(|p| p.as_str().as_bytes() == path);
        let mut references = self.repository.references().into_iter().flatten();
        references.next().is_some()
            || self
                .repository
                .index()
                .is_ok_and(|index| index.iter().any(|entry| !ours(&entry.path)))
    }
}
