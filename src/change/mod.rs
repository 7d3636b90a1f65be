//! A change: what a command would do to the files of a repository. It is shown or applied, nothing else.

mod disk;
mod hold;
mod journal;
mod lock;
mod ours;
mod recover;
mod state;

use std::collections::BTreeMap;

use crate::model::RepoPath;

pub use hold::{Hold, Save, Written};
pub use ours::{Ours, read_ours};
pub use recover::{Settled, settle};

/// What happens to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// It is new.
    Create,
    /// It changes.
    Edit,
    /// It goes.
    Delete,
    /// It is as it should be, and Git does not have it so yet.
    Keep,
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
    /// Puts conflicts into it: what they stand against, or what lies below, is not written.
    pub fn oppose(&mut self, conflicts: impl IntoIterator<Item = Conflict>) {
        for conflict in conflicts {
            let (at, below) = (&conflict.path, format!("{}/", conflict.path));
            self.files
                .retain(|path, _| path != at && !path.as_str().starts_with(&below));
            self.conflicts.push(conflict);
        }
        self.conflicts.sort_by(|a, b| a.path.cmp(&b.path));
    }

    /// Takes along files that are there as they should be, so that a commit holds them too.
    pub fn keep(&mut self, files: impl IntoIterator<Item = (RepoPath, String)>) {
        for (path, text) in files {
            if self.conflicts.iter().any(|conflict| conflict.path == path) {
                continue;
            }
            self.files.entry(path).or_insert(FileChange {
                action: Action::Keep,
                before: Some(text.clone()),
                after: Some(text),
            });
        }
    }

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
