//! Committing exactly the paths that were written.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use git2::{Index, Repository};

use super::git_failed;
use super::identity::{identity_in, nobody};
use super::staged::{Staged, stage_paths, with_patience};
use crate::error::{Error, Problem, Result};
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

/// Stages and commits exactly these paths; whatever else is staged stays staged.
///
/// # Errors
/// Git cannot, or a hook refuses, with what it said; the repository is then as before, the files are not touched.
pub fn commit(root: &Path, branch: &str, paths: &[RepoPath], message: &str) -> Result<Commit> {
    let staged = stage_paths(root, branch, paths)?;
    let before = staged.head().map(|tree| tree.id());
    let done = if identity_in(Some(root)).is_whole() {
        git_binary(root, paths, message).unwrap_or_else(|| without_binary(&staged, paths, message))
    } else {
        Err(nobody())
    };
    if let Err(error) = done {
        return Err(staged.undo(error));
    }
    // The commit stands, whatever becomes of the index: `git status` would show the difference, and lose nothing.
    let _ = with_patience(|| staged.settle(before));
    let head = staged
        .repository
        .head()
        .map_err(|e| git_failed("read the commit", &e))?;
    Ok(Commit {
        id: head.target().map(|id| id.to_string()).unwrap_or_default(),
        branch: head.shorthand().unwrap_or(branch).to_owned(),
        first: before.is_none(),
    })
}

/// Commits with the user's `git`; `None` if there is none.
fn git_binary(root: &Path, paths: &[RepoPath], message: &str) -> Option<Result<()>> {
    let child = git()
        .arg("-C")
        .arg(root)
        .args(["commit", "--quiet", "--only", "--message", message])
        .args(["--pathspec-from-file=-", "--pathspec-file-nul"])
        .env("GIT_LITERAL_PATHSPECS", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = match child {
        Ok(child) => child,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return None,
        Err(error) => {
            return Some(Err(Error::failed(Problem::new(format!(
                "could not start git: {error}"
            )))));
        }
    };
    if let Some(mut stdin) = child.stdin.take() {
        let names: Vec<&str> = paths.iter().map(RepoPath::as_str).collect();
        // If git ends early it says why itself.
        let _ = stdin.write_all(names.join("\0").as_bytes());
    }
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
fn without_binary(staged: &Staged<'_>, paths: &[RepoPath], message: &str) -> Result<()> {
    let repository = &staged.repository;
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
    commit_with_git2(repository, paths, message).map_err(|e| git_failed("commit", &e))
}

fn commit_with_git2(
    repository: &Repository,
    paths: &[RepoPath],
    message: &str,
) -> Result<(), git2::Error> {
    let head = repository
        .head()
        .ok()
        .and_then(|head| head.peel_to_commit().ok());
    // What else is staged stays out of it.
    let staged = repository.index()?;
    let mut index = Index::new()?;
    if let Some(head) = &head {
        index.read_tree(&head.tree()?)?;
    }
    for path in paths {
        let path = Path::new(path.as_str());
        match staged.get_path(path, 0) {
            Some(entry) => index.add(&entry)?,
            None => index.remove_path(path)?,
        }
    }
    let tree = repository.find_tree(index.write_tree_to(repository)?)?;
    let signature = repository.signature()?;
    let parents: Vec<&git2::Commit<'_>> = head.iter().collect();
    let (author, committer) = (&signature, &signature);
    repository.commit(Some("HEAD"), author, committer, message, &tree, &parents)?;
    Ok(())
}
