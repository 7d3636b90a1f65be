//! A change: what a command would do to the files of a repository. It is shown or applied, nothing else.

mod disk;
mod hold;
mod journal;
mod lock;
mod ours;
mod recover;
mod state;

use std::collections::{BTreeMap, BTreeSet};

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
    /// The three sides of a conflict between the user's text and the new one.
    pub sides: BTreeMap<RepoPath, Sides>,
    /// Files into which both the user's edits and new text went.
    pub merged: BTreeSet<RepoPath>,
    /// Files and folders that get another place, with all that is in them: a deletion and a creation each.
    pub places: BTreeMap<String, String>,
    /// Files that would have changed, had somebody not deleted them.
    pub deleted: BTreeSet<RepoPath>,
}

/// The sides of a conflict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sides {
    /// What landform wrote the last time.
    pub base: Option<String>,
    /// What is there.
    pub ours: String,
    /// What landform would write; nothing if it would delete the file.
    pub theirs: Option<String>,
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

    /// Lets a file have a text, whatever it was to become; `before` is what is there.
    pub fn put(&mut self, path: &RepoPath, before: Option<&String>, text: String) {
        let file = FileChange {
            action: match before {
                Some(_) => Action::Edit,
                None => Action::Create,
            },
            before: before.cloned(),
            after: Some(text),
        };
        self.files.insert(path.clone(), file);
    }

    /// Settles a conflict: the file gets this text, or goes, or stays as it is.
    pub fn settle(&mut self, path: &RepoPath, text: Option<String>) {
        let Some(sides) = self.sides.remove(path) else {
            return;
        };
        self.conflicts.retain(|conflict| &conflict.path != path);
        // What is moved is there as a new file already.
        if let Some(moved) = self.files.get_mut(path) {
            moved.after = text;
            if moved.after.is_none() {
                self.files.remove(path);
            }
            return;
        }
        if text.as_ref() == Some(&sides.ours) {
            return;
        }
        let file = FileChange {
            action: match text {
                Some(_) => Action::Edit,
                None => Action::Delete,
            },
            before: Some(sides.ours),
            after: text,
        };
        self.files.insert(path.clone(), file);
    }

    /// The old and the new place of what a file belongs to, if that is moved.
    pub fn place_of(&self, path: &RepoPath) -> Option<(&String, &String)> {
        let inside = |place: &str| {
            let rest = path.as_str().strip_prefix(place);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let mut places = self.places.iter();
        places.find(|(was, is)| inside(was) || inside(is))
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
