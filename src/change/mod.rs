//! A change: what a command would do to the files of a repository. It is shown or applied, nothing else.

mod apply;
mod lock;

use std::collections::BTreeMap;

use crate::model::RepoPath;

pub use apply::{Applied, Ours, apply, read_ours};

/// What happens to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// It is new.
    Create,
    /// It changes.
    Edit,
    /// It goes.
    Delete,
}

/// The change of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileChange {
    /// What happens.
    pub action: Action,
    /// Its text before, if it is there.
    pub before: Option<String>,
    /// Its text after, unless it goes.
    pub after: Option<String>,
}

/// A file that would lose something of the user's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// The file.
    pub path: RepoPath,
    /// Why, in words.
    pub reason: String,
}

/// Everything a command would do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Change {
    /// Files by path.
    pub files: BTreeMap<RepoPath, FileChange>,
    /// What stands against it. A change with conflicts is never applied.
    pub conflicts: Vec<Conflict>,
}

impl Change {
    /// Whether it does nothing.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty() && self.conflicts.is_empty()
    }

    /// How many files have an action.
    pub fn count(&self, action: Action) -> usize {
        self.files
            .values()
            .filter(|file| file.action == action)
            .count()
    }
}
