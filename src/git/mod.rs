//! The only place that talks to Git: git2 to look and to stage, the `git` binary to commit, because only it knows
//! the user's hooks, signing and environment.

mod commit;
mod identity;
mod kept;
mod made;
mod past;
mod refs;
mod staged;
mod work;

use std::path::{Path, PathBuf};

use git2::{ErrorCode, Repository, RepositoryState, Status};

use crate::error::{Error, Problem, Result};
use crate::model::{Environment, RepoPath};

pub use commit::{Commit, Wanted};
pub use identity::{Identity, identity, must_have_identity};
pub use kept::{forget_note, keep_note, note};
pub use made::{is_made, keep, make};
pub use past::{Texts, otherwise_at, was_there};
pub use work::{Work, blob, folder};

/// Brings a tag of a repository into a folder, by the user's `git` with its logins.
///
/// # Errors
/// There is no `git`, or it cannot.
pub fn fetch_tag(url: &str, tag: &str, into: &Path) -> Result<()> {
    let failed = |why: String| {
        Error::failed(
            Problem::new(format!("could not fetch {url} at {tag}:\n    {why}"))
                .hint("check the address and the tag, and whether `git clone` can read it"),
        )
    };
    // Nothing that git would take for an option or a helper to run.
    let scheme = url.split("://").next().unwrap_or_default();
    if !matches!(scheme, "https" | "http" | "ssh" | "file")
        || tag.starts_with('-')
        || tag.is_empty()
    {
        return Err(Error::refused(
            Problem::new(format!("`{url}#{tag}` is no address of a catalogue"))
                .hint("as https://github.com/acme/landform-catalog#v1.2.0"),
        ));
    }
    let output = commit::git()
        .args([
            "clone", "--quiet", "--depth", "1", "--branch", tag, "--", url,
        ])
        .arg(into)
        .env("GIT_TERMINAL_PROMPT", "0")
        .stdin(std::process::Stdio::null())
        .output()
        .map_err(|error| failed(error.to_string()))?;
    if output.status.success() {
        return Ok(());
    }
    Err(failed(
        String::from_utf8_lossy(&output.stderr).trim().to_owned(),
    ))
}

/// The repository of a folder.
pub struct Repo {
    inner: Repository,
}

/// What a folder is to Git.
pub enum Place {
    /// The root of a repository.
    Root(Repo),
    /// No repository's root; perhaps inside one.
    Fresh {
        /// The root of the repository around it.
        inside: Option<PathBuf>,
    },
}

/// Looks at a folder, which need not exist.
///
/// # Errors
/// There is a repository that git2 cannot read.
pub fn look(dir: &Path) -> Result<Place> {
    let mut existing = dir;
    while !existing.exists() {
        match existing.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => existing = parent,
            _ => existing = Path::new("."),
        }
    }
    let repository = match Repository::discover(existing) {
        Ok(repository) => repository,
        Err(error) if error.code() == ErrorCode::NotFound => {
            return Ok(Place::Fresh { inside: None });
        }
        Err(error) => return Err(unreadable(dir, &error)),
    };
    if repository.is_bare() {
        return Err(Error::refused(
            Problem::new(format!("{} lies in a bare repository", dir.display()))
                .hint("clone it, and use the clone"),
        ));
    }
    let inside_git = match (existing.canonicalize(), repository.path().canonicalize()) {
        (Ok(here), Ok(git)) => here.starts_with(git),
        _ => false,
    };
    if inside_git {
        return Err(Error::refused(
            Problem::new(format!("{} lies inside Git's own folder", dir.display()))
                .hint("choose another folder"),
        ));
    }
    let workdir = repository.workdir().map(Path::to_owned);
    let same = |a: &Path| match (a.canonicalize(), dir.canonicalize()) {
        (Ok(a), Ok(b)) => a == b,
        _ => false,
    };
    Ok(match workdir {
        Some(root) if same(&root) => Place::Root(Repo { inner: repository }),
        inside => Place::Fresh { inside },
    })
}

fn unreadable(dir: &Path, error: &git2::Error) -> Error {
    let said = error.message();
    let hint = if error.code() == ErrorCode::Owner {
        // The path must be absolute (git-config(1), safe.directory).
        let dir = dir.canonicalize().unwrap_or_else(|_| dir.to_owned());
        let root = dir.ancestors().find(|dir| dir.join(".git").exists());
        format!(
            "if you trust it, run\n    git config --global --add safe.directory \"{}\"\n\
             or take it over, or use a folder of your own",
            root.unwrap_or(&dir).display()
        )
    } else if said.contains("object format") || said.contains("extension") {
        "repositories with sha256 or reftable cannot be read yet; use another folder, and copy"
            .to_owned()
    } else {
        "run `git status` in that folder, mend what it says, and try again".to_owned()
    };
    let dir = dir.display();
    Error::failed(
        Problem::new(format!(
            "could not read the Git repository at {dir}: {said}"
        ))
        .hint(hint),
    )
}

/// What Git knows of a folder that helps to answer questions.
pub fn environment(dir: &Path, place: &Place) -> Environment {
    let folder = dir
        .canonicalize()
        .ok()
        .as_deref()
        .or(Some(dir))
        .and_then(Path::file_name)
        .and_then(|name| name.to_str())
        .map(str::to_owned);
    let mut environment = Environment {
        folder,
        ..Environment::default()
    };
    if let Place::Root(repo) = place {
        let origin = repo.inner.find_remote("origin").ok();
        environment.origin = origin.and_then(|remote| remote.url().ok().map(str::to_owned));
        environment.branch = repo.branch();
    }
    environment.email = identity(place).email;
    environment
}

impl Repo {
    /// The branch that is checked out, also one without any commit yet.
    fn branch(&self) -> Option<String> {
        let head = self.inner.find_reference("HEAD").ok()?;
        let target = head.symbolic_target().ok().flatten()?.to_owned();
        target.strip_prefix("refs/heads/").map(str::to_owned)
    }

    /// Refuses a repository in the middle of a merge, rebase or the like.
    ///
    /// # Errors
    /// What is going on, and how to end it.
    pub fn must_be_idle(&self) -> Result<()> {
        let doing = match self.inner.state() {
            RepositoryState::Clean => return Ok(()),
            RepositoryState::Merge => "merge",
            RepositoryState::Revert | RepositoryState::RevertSequence => "revert",
            RepositoryState::CherryPick | RepositoryState::CherryPickSequence => "cherry-pick",
            RepositoryState::Bisect => "bisect",
            RepositoryState::Rebase
            | RepositoryState::RebaseInteractive
            | RepositoryState::RebaseMerge => "rebase",
            RepositoryState::ApplyMailbox | RepositoryState::ApplyMailboxOrRebase => "am",
        };
        Err(Error::refused(
            Problem::new(format!("a git {doing} is in progress")).hint(format!(
                "finish it, or end it with git {doing} {}",
                if doing == "bisect" {
                    "reset"
                } else {
                    "--abort"
                }
            )),
        ))
    }

    /// Which of some paths differ from the last commit, in the folder or in the index.
    ///
    /// # Errors
    /// Git cannot say.
    pub fn dirty<'a>(&self, paths: impl Iterator<Item = &'a RepoPath>) -> Result<Vec<RepoPath>> {
        self.having(paths, |status| status != Status::CURRENT)
    }

    /// Whether anything is staged for the next commit.
    ///
    /// # Errors
    /// Git cannot say.
    pub fn has_staged(&self) -> Result<bool> {
        let failed = |error| git_failed("look at what is staged", &error);
        let mut options = git2::StatusOptions::new();
        options.show(git2::StatusShow::Index);
        let statuses = self.inner.statuses(Some(&mut options)).map_err(failed)?;
        Ok(!statuses.is_empty())
    }

    /// Which of some paths are in the folder otherwise than in the index.
    ///
    /// # Errors
    /// Git cannot say.
    pub fn unstaged<'a>(&self, paths: impl Iterator<Item = &'a RepoPath>) -> Result<Vec<RepoPath>> {
        let otherwise =
            Status::WT_NEW | Status::WT_MODIFIED | Status::WT_TYPECHANGE | Status::IGNORED;
        self.having(paths, |status| status.intersects(otherwise))
    }

    fn having<'a>(
        &self,
        paths: impl Iterator<Item = &'a RepoPath>,
        wanted: impl Fn(Status) -> bool,
    ) -> Result<Vec<RepoPath>> {
        let mut found = Vec::new();
        for path in paths {
            match self.inner.status_file(Path::new(path.as_str())) {
                Ok(status) if wanted(status) => found.push(path.clone()),
                Ok(_) => {}
                Err(error) if error.code() == ErrorCode::NotFound => {}
                Err(error) => return Err(git_failed("look at the work tree", &error)),
            }
        }
        Ok(found)
    }

    /// Whether `origin` is set.
    pub fn has_origin(&self) -> bool {
        self.inner.find_remote("origin").is_ok()
    }
}

fn git_failed(doing: &str, error: &git2::Error) -> Error {
    let hint = if error.code() == ErrorCode::Locked {
        "another git process is at work; if none is, remove .git/index.lock"
    } else {
        "run `git status` in that folder, mend what it says, and try again"
    };
    Error::failed(Problem::new(format!("could not {doing}: {}", error.message())).hint(hint))
}
