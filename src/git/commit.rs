//! Staging and committing exactly the paths that were written.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use git2::{Config, ErrorCode, Repository, RepositoryInitOptions};

use super::{Place, git_failed};
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

/// Name and e-mail address that a commit would bear.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Identity {
    /// Name.
    pub name: Option<String>,
    /// E-mail address.
    pub email: Option<String>,
    /// Whether settings exist that count only in certain folders (`includeIf`): the rest may be there.
    conditional: bool,
}

/// Name and e-mail address that a commit would bear, as far as they are set.
pub fn identity(place: &Place) -> Identity {
    match place {
        Place::Root(repo) => identity_in(repo.inner.workdir()),
        Place::Fresh { .. } => identity_in(None),
    }
}

/// Refuses to go on if a commit would bear no name or no address.
///
/// # Errors
/// There is none, with the two lines that set it.
pub fn must_have_identity(place: &Place) -> Result<()> {
    let found = identity(place);
    // A new repository may get them from settings for its folder, once it is there.
    let may_come = found.conditional && matches!(place, Place::Fresh { .. });
    if found.name.is_some() && found.email.is_some() || may_come {
        return Ok(());
    }
    Err(nobody())
}

fn nobody() -> Error {
    Error::refused(Problem::new("Git does not know who you are").hint(
        "run\n    git config --global user.name \"Your Name\"\n    git config --global user.email you@example.com\n\
         or write without a commit: --no-commit",
    ))
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

/// As [`identity`]: in a repository, or from the settings for all of them.
fn identity_in(root: Option<&Path>) -> Identity {
    let settings = settings(root);
    let from = |variables: &[&str], keys: &[&str]| {
        let variable = variables.iter().find_map(|v| std::env::var(v).ok());
        let key = || keys.iter().find_map(|key| settings.get(*key).cloned());
        variable.or_else(key).filter(|text| !text.trim().is_empty())
    };
    Identity {
        name: from(
            &["GIT_COMMITTER_NAME", "GIT_AUTHOR_NAME"],
            &["committer.name", "user.name"],
        ),
        email: from(
            &["GIT_COMMITTER_EMAIL", "GIT_AUTHOR_EMAIL", "EMAIL"],
            &["committer.email", "user.email"],
        ),
        conditional: settings.keys().any(|key| key.starts_with("includeif.")),
    }
}

/// The settings about identity, by the user's `git`, which knows all places they can stand in; by git2 without it.
fn settings(root: Option<&Path>) -> BTreeMap<String, String> {
    const WANTED: &str = r"^(user|author|committer)\.(name|email)$|^includeif\.";
    let mut command = git();
    match root {
        Some(root) => command.arg("-C").arg(root),
        // Not those of a repository around us.
        None => command.env("GIT_DIR", "/nonexistent"),
    };
    let output = command
        .args(["config", "--null", "--get-regexp", WANTED])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output();
    if let Ok(output) = output {
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let entries = text.split('\0').filter_map(|entry| entry.split_once('\n'));
        return entries
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .collect();
    }
    let config = match root {
        Some(root) => Repository::open(root).and_then(|repository| repository.config()),
        None => Config::open_default(),
    };
    let config = config.and_then(|mut config| config.snapshot());
    [
        "user.name",
        "user.email",
        "committer.name",
        "committer.email",
    ]
    .into_iter()
    .filter_map(|key| {
        let value = config.as_ref().ok()?.get_string(key).ok()?;
        Some((key.to_owned(), value))
    })
    .collect()
}

/// A repository with the paths staged, which can still be undone.
struct Staged {
    repository: Repository,
    /// The index before, if the repository was there before.
    index: Option<Vec<u8>>,
    root: PathBuf,
}

impl Staged {
    fn undo(self) {
        let path = self.repository.path().to_owned();
        drop(self.repository);
        match self.index {
            // Both are best efforts: the error that led here is the one to tell.
            Some(bytes) => {
                let _ = std::fs::write(path.join("index"), bytes);
            }
            None => {
                let _ = std::fs::remove_dir_all(self.root.join(".git"));
            }
        }
    }
}

/// Stages paths, making a repository first where there is none.
///
/// # Errors
/// Git cannot; everything is then as before.
pub fn stage(root: &Path, branch: &str, paths: &[RepoPath]) -> Result<()> {
    stage_paths(root, branch, paths).map(|_| ())
}

fn stage_paths(root: &Path, branch: &str, paths: &[RepoPath]) -> Result<Staged> {
    let (repository, index) = if root.join(".git").exists() {
        let repository =
            Repository::open(root).map_err(|e| git_failed("open the repository", &e))?;
        let index = std::fs::read(repository.path().join("index")).unwrap_or_default();
        (repository, Some(index))
    } else {
        let mut options = RepositoryInitOptions::new();
        options.initial_head(branch).no_reinit(true);
        let made = Repository::init_opts(root, &options);
        (made.map_err(|e| git_failed("make a repository", &e))?, None)
    };
    let staged = Staged {
        repository,
        index,
        root: root.to_owned(),
    };
    match with_patience(|| add(&staged.repository, paths)) {
        Ok(()) => Ok(staged),
        Err(error) => {
            // An index that we could not write is as it was; only a new repository is to be taken away.
            if staged.index.is_none() {
                staged.undo();
            }
            Err(git_failed("stage the files", &error))
        }
    }
}

fn add(repository: &Repository, paths: &[RepoPath]) -> Result<(), git2::Error> {
    let mut index = repository.index()?;
    index.read(true)?;
    for path in paths {
        let path = Path::new(path.as_str());
        if repository
            .workdir()
            .is_some_and(|root| root.join(path).exists())
        {
            index.add_path(path)?;
        } else {
            index.remove_path(path)?;
        }
    }
    index.write()
}

/// Another Git process may hold the index for a moment.
fn with_patience(mut action: impl FnMut() -> Result<(), git2::Error>) -> Result<(), git2::Error> {
    for _ in 0..3 {
        match action() {
            Err(error) if error.code() == ErrorCode::Locked => {
                std::thread::sleep(Duration::from_millis(200));
            }
            other => return other,
        }
    }
    action()
}

/// Stages and commits exactly these paths; whatever else is staged stays staged.
///
/// # Errors
/// Git cannot, or a hook refuses, with what it said; the repository is then as before, the files are not touched.
pub fn commit(root: &Path, branch: &str, paths: &[RepoPath], message: &str) -> Result<Commit> {
    let staged = stage_paths(root, branch, paths)?;
    let first = staged.repository.head().is_err();
    let found = identity_in(Some(root));
    if found.name.is_none() || found.email.is_none() {
        staged.undo();
        return Err(nobody());
    }
    let done = match git_binary(root, paths, message) {
        Some(result) => result,
        None => without_binary(&staged.repository, message),
    };
    if let Err(error) = done {
        staged.undo();
        return Err(error);
    }
    let head = staged
        .repository
        .head()
        .map_err(|e| git_failed("read the commit", &e))?;
    Ok(Commit {
        id: head.target().map(|id| id.to_string()).unwrap_or_default(),
        branch: head.shorthand().unwrap_or(branch).to_owned(),
        first,
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
fn without_binary(repository: &Repository, message: &str) -> Result<()> {
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
    let make = || -> Result<(), git2::Error> {
        let mut index = repository.index()?;
        let head = repository
            .head()
            .ok()
            .and_then(|head| head.peel_to_commit().ok());
        let tree = repository.find_tree(index.write_tree()?)?;
        let signature = repository.signature()?;
        let parents: Vec<&git2::Commit<'_>> = head.iter().collect();
        repository.commit(
            Some("HEAD"),
            &signature,
            &signature,
            message,
            &tree,
            &parents,
        )?;
        Ok(())
    };
    make().map_err(|e| git_failed("commit", &e))
}
