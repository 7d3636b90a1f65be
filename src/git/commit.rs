//! Committing exactly the paths that were written.

use std::fs::File;
use std::path::Path;
use std::process::{Command, Stdio};

use git2::{Index, Repository};

use super::git_failed;
use super::identity::{identity_in, nobody};
use super::work::Work;
use crate::error::{Error, Problem, Result};
use crate::fault;
use crate::model::RepoPath;

/// A commit that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// Its full id.
    pub id: String,
    /// The branch it is on.
    pub branch: String,
    /// Whether it is the first of the repository.
    pub first: bool,
}

/// The user's `git`, without what a hook that runs us has set for its own repository (git(1), "The Git Repository").
pub(super) fn git() -> Command {
    let mut command = Command::new("git");
    for variable in [
        "GIT_ALTERNATE_OBJECT_DIRECTORIES",
        "GIT_COMMON_DIR",
        "GIT_DIR",
        "GIT_INDEX_FILE",
        "GIT_NAMESPACE",
        "GIT_OBJECT_DIRECTORY",
        "GIT_PREFIX",
        "GIT_WORK_TREE",
    ] {
        command.env_remove(variable);
    }
    command
}

/// What a commit is made with.
#[derive(Debug)]
pub struct Wanted<'a> {
    /// Exactly these paths, as they are in the folder; whatever else is staged stays staged.
    pub paths: &'a [RepoPath],
    /// Its message.
    pub message: &'a str,
    /// A lock that the user's `git` inherits: it is held until that has ended too, even if we are killed before.
    pub lock: Option<File>,
}

impl Work {
    /// Commits. The repository's index still has to [settle](Work::settle) then.
    ///
    /// # Errors
    /// Git cannot, or a hook refuses, with what it said; the repository is then as before.
    pub fn commit(&self, wanted: Wanted<'_>) -> Result<Commit> {
        if !identity_in(Some(&self.root)).is_whole() {
            return Err(nobody());
        }
        let first = self.head().is_none();
        let (paths, message) = (wanted.paths, wanted.message);
        let index = self.own_index(paths)?;
        fault::step("commit");
        git_binary(&self.root, &index, wanted)
            .unwrap_or_else(|| without_binary(&self.repository, &index, message))?;
        fault::step("commit: made");
        let head = self
            .repository
            .head()
            .map_err(|e| git_failed("read the commit", &e))?;
        Ok(Commit {
            id: head.target().map(|id| id.to_string()).unwrap_or_default(),
            branch: head.shorthand().unwrap_or_default().to_owned(),
            first,
        })
    }
}

/// Commits an index of our own with the user's `git`; `None` if there is none.
fn git_binary(root: &Path, index: &Path, wanted: Wanted<'_>) -> Option<Result<()>> {
    // Git reads nothing from there, it only holds it open. Hooks do not inherit it.
    let lock = wanted.lock.map_or_else(Stdio::null, Stdio::from);
    let child = git()
        .arg("-C")
        .arg(root)
        .args(["commit", "--quiet", "--message", wanted.message])
        .env("GIT_INDEX_FILE", index)
        .stdin(lock)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let child = match child {
        Ok(child) => child,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return None,
        Err(error) => {
            return Some(Err(Error::failed(Problem::new(format!(
                "could not start git: {error}"
            )))));
        }
    };
    let output = match child.wait_with_output() {
        Ok(output) => output,
        Err(error) => {
            return Some(Err(Error::failed(Problem::new(format!(
                "git did not finish: {error}"
            )))));
        }
    };
    if output.status.success() {
        return Some(Ok(()));
    }
    let mut said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    let out = String::from_utf8_lossy(&output.stdout);
    if !out.trim().is_empty() {
        said = format!("{}\n{said}", out.trim());
    }
    if said.is_empty() {
        "a hook ended without a word".clone_into(&mut said);
    }
    Some(Err(Error::failed(
        Problem::new(format!("git did not commit:\n{}", indent(said.trim()))).hint(
            "nothing was changed. Mend what it says and run the same command again, or write without a commit: --no-commit",
        ),
    )))
}

fn indent(text: &str) -> String {
    text.lines()
        .map(|line| format!("    {line}"))
        .collect::<Vec<_>>()
        .join("\n")
}

/// Commits through git2 where no `git` is installed, unless hooks or signing are wanted: it knows neither.
fn without_binary(repository: &Repository, index: &Path, message: &str) -> Result<()> {
    let config = repository.config().and_then(|mut config| config.snapshot());
    let config = config.map_err(|e| git_failed("read Git's settings", &e))?;
    let signs = config.get_bool("commit.gpgsign").unwrap_or(false);
    let hooks = [
        "pre-commit",
        "prepare-commit-msg",
        "commit-msg",
        "post-commit",
    ]
    .iter()
    .any(|hook| repository.path().join("hooks").join(hook).exists())
        || config.get_string("core.hooksPath").is_ok();
    if signs || hooks {
        return Err(Error::failed(
            Problem::new(
                "this repository wants hooks or signed commits, and no `git` is installed",
            )
            .hint("install git, or write without a commit: --no-commit"),
        ));
    }
    let commit = || {
        let head = repository.head().ok();
        let head = head.and_then(|head| head.peel_to_commit().ok());
        let tree = Index::open(index)?.write_tree_to(repository)?;
        let tree = repository.find_tree(tree)?;
        let signature = repository.signature()?;
        let parents: Vec<&git2::Commit<'_>> = head.iter().collect();
        let (author, committer) = (&signature, &signature);
        repository.commit(Some("HEAD"), author, committer, message, &tree, &parents)
    };
    commit().map(|_| ()).map_err(|e| git_failed("commit", &e))
}
