//! Whose name and address a commit would bear.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;

use git2::{Config, Repository};

use super::Place;
use super::commit::git;
use crate::error::{Error, Problem, Result};

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
    if found.is_whole() || may_come {
        return Ok(());
    }
    Err(nobody())
}

impl Identity {
    /// Whether git has all that a commit wants.
    pub(super) fn is_whole(&self) -> bool {
        self.name.is_some() && self.email.is_some()
    }
}

pub(super) fn nobody() -> Error {
    Error::refused(Problem::new("Git does not know who you are").hint(
        "run\n    git config --global user.name \"Your Name\"\n    git config --global user.email you@example.com\n\
         or write without a commit: --no-commit",
    ))
}

/// As [`identity`]: in a repository, or from the settings for all of them.
pub(super) fn identity_in(root: Option<&Path>) -> Identity {
    let settings = settings(root);
    let set = |text: String| Some(text).filter(|text| !text.trim().is_empty());
    let variable = |name: String| std::env::var(name).ok();
    // In the order of git: what is named for one use, then the user's, then EMAIL (git-commit(1), "COMMIT INFORMATION").
    let of = |who: &str, what: &str| {
        variable(format!("GIT_{who}_{what}").to_uppercase())
            .or_else(|| settings.get(&format!("{who}.{what}")).cloned())
            .or_else(|| settings.get(&format!("user.{what}")).cloned())
            .or_else(|| variable("EMAIL".to_owned()).filter(|_| what == "email"))
            .and_then(set)
    };
    // A commit bears two of each, and git refuses it if one is missing.
    let both = |what: &str| of("author", what).and_then(|_| of("committer", what));
    Identity {
        name: both("name"),
        email: both("email"),
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
    let keys = ["user", "author", "committer"]
        .into_iter()
        .flat_map(|who| ["name", "email"].map(|what| format!("{who}.{what}")));
    keys.filter_map(|key| {
        let value = config.as_ref().ok()?.get_string(&key).ok()?;
        Some((key, value))
    })
    .collect()
}
