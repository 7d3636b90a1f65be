//! What a writing command did or would do, as data: the `--json` output.

use schemars::JsonSchema;
use serde::Serialize;

use super::diff::file_diff;
use crate::change::{Action, Change, Sides};
use crate::model::Assumption;

/// The outcome of a command that writes. `landform schema change` describes it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Report {
    /// Version of this form: 1.
    pub format: u32,
    /// The command.
    pub command: String,
    /// Folder of the platform, as given.
    pub folder: String,
    /// Whether it was only asked what would happen.
    pub dry_run: bool,
    /// Files that change, by path.
    pub files: Vec<FileReport>,
    /// What stands against it; nothing was written then.
    pub conflicts: Vec<ConflictReport>,
    /// Defaults that were taken.
    pub assumed: Vec<AssumedReport>,
    /// What else is worth knowing.
    pub notes: Vec<String>,
    /// Id of the commit that was made.
    pub commit: Option<String>,
    /// What to do next, in order.
    pub next: Vec<Step>,
}

/// A file that changes.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct FileReport {
    /// Path below the folder.
    pub path: String,
    /// `create`, `edit`, `delete`, or `keep`: it is as it should be, and Git does not have it so yet.
    pub action: String,
    /// Lines after the change.
    pub lines: usize,
    /// Why, in words, where that is not plain.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// Unified diff, with `--diff`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub diff: Option<String>,
}

/// Something that stands against a change.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct ConflictReport {
    /// Path below the folder.
    pub path: String,
    /// Why, in words.
    pub reason: String,
    /// The component that the file belongs to, where what it is about is an edit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub component: Option<String>,
    /// What the component's templates say to mind.
    pub notes: Vec<String>,
    /// The three texts, where that is what it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sides: Option<SidesReport>,
}

/// The three texts of a conflict.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct SidesReport {
    /// What landform wrote the last time.
    pub base: Option<String>,
    /// What is there.
    pub yours: String,
    /// What landform would write; nothing if it would delete the file.
    pub new: Option<String>,
}

/// A default that was taken.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct AssumedReport {
    /// The cluster it is for; absent for the platform.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cluster: Option<String>,
    /// The key, as `--set` takes it.
    pub key: String,
    /// The value, as text.
    pub value: String,
}

/// Something to do next.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Step {
    /// What it is.
    pub title: String,
    /// What must be there before, in words.
    pub before: Vec<String>,
    /// What is worth knowing about it, in words.
    pub notes: Vec<String>,
    /// Commands, in order.
    pub commands: Vec<String>,
}

impl Report {
    /// A report of a change that nothing has been done about yet.
    pub fn new(command: &str, folder: &str, change: &Change, with_diff: bool) -> Self {
        let files = change.files.iter().map(|(path, file)| FileReport {
            path: path.to_string(),
            action: match file.action {
                Action::Create => "create",
                Action::Edit => "edit",
                Action::Delete => "delete",
                Action::Keep => "keep",
            }
            .to_owned(),
            why: None,
            lines: file.after.as_deref().map_or(0, |text| text.lines().count()),
            diff: with_diff
                .then(|| file_diff(path.as_str(), file.before.as_deref(), file.after.as_deref())),
        });
        let conflicts = change.conflicts.iter().map(|conflict| ConflictReport {
            path: conflict.path.to_string(),
            reason: conflict.reason.clone(),
            component: None,
            notes: Vec::new(),
            sides: change.sides.get(&conflict.path).map(Into::into),
        });
        Self {
            format: 1,
            command: command.to_owned(),
            folder: folder.to_owned(),
            dry_run: false,
            files: files.collect(),
            conflicts: conflicts.collect(),
            assumed: Vec::new(),
            notes: Vec::new(),
            commit: None,
            next: Vec::new(),
        }
    }
}

impl From<&Sides> for SidesReport {
    fn from(sides: &Sides) -> Self {
        Self {
            base: sides.base.clone(),
            yours: sides.ours.clone(),
            new: sides.theirs.clone(),
        }
    }
}

impl AssumedReport {
    /// The key as `--set` takes it.
    pub fn as_set(&self) -> String {
        match &self.cluster {
            // A component's answer has its own key; a cluster's fact is named after the cluster.
            Some(cluster) if self.key.contains('.') => format!("{cluster}:{}", self.key),
            Some(cluster) => format!("{cluster}.{}", self.key),
            None => self.key.clone(),
        }
    }
}

impl From<&Assumption> for AssumedReport {
    fn from(assumption: &Assumption) -> Self {
        Self {
            cluster: assumption.cluster.clone(),
            key: assumption.key.clone(),
            value: assumption.value.clone(),
        }
    }
}
