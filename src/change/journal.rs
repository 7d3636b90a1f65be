//! The journal of a change: all that is needed to finish it, or to put back what was there before.

use std::fs;
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::state::{Holder, State};
use super::{Action, Change, disk};
use crate::error::{Error, Problem, Result};
use crate::git;
use crate::model::RepoPath;

/// What this landform writes and reads.
const FORMAT: u32 = 1;

/// A journal. It is written before the first file of the change is, and removed after its last step.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Journal {
    format: u32,
    /// Who writes.
    pub(super) holder: Holder,
    /// Tells this change from every other.
    pub(super) mark: String,
    /// Whether the folder was the root of a repository.
    pub(super) repository: bool,
    /// The last commit before it.
    pub(super) head: Option<String>,
    /// The message of its commit; none if it is only staged.
    pub(super) message: Option<String>,
    /// Folders that it makes, outermost first.
    pub(super) folders: Vec<String>,
    /// Files that it writes, removes or takes along.
    pub(super) files: Vec<JournalFile>,
}

/// A file in a journal.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct JournalFile {
    /// Its path.
    pub(super) path: String,
    /// Its text before, if it was there.
    pub(super) before: Option<String>,
    /// Its permissions before.
    pub(super) mode: Option<u32>,
    /// Git's name for its content after; none if it goes.
    pub(super) after: Option<String>,
}

impl Journal {
    /// The journal of a change that is about to be made.
    pub(super) fn new(
        root: &Path,
        change: &Change,
        holder: Holder,
        folders: Vec<String>,
        message: Option<&str>,
    ) -> Self {
        let files = change.files.iter().map(|(path, file)| JournalFile {
            path: path.to_string(),
            before: file.before.clone(),
            mode: disk::mode(&root.join(path.as_str())),
            after: match file.action {
                Action::Delete => None,
                _ => file
                    .after
                    .as_ref()
                    .and_then(|text| git::blob(text.as_bytes())),
            },
        });
        let nanos = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .map_or(0, |now| now.as_nanos());
        Self {
            format: FORMAT,
            holder,
            mark: format!("{}-{nanos}", holder.process),
            repository: false,
            head: None,
            message: message.map(str::to_owned),
            folders,
            files: files.collect(),
        }
    }

    /// Writes it, and makes it last.
    pub(super) fn save(&self, state: &State) -> Result<()> {
        let path = state.journal();
        let failed = |error: &io::Error| Error::io("write", &path, error);
        let text = serde_json::to_vec(self).map_err(|error| failed(&error.into()))?;
        disk::write_file(&path, &text, None)
            .and_then(|()| disk::sync_folder(state.folder()))
            .map_err(|error| failed(&error))
    }

    /// Reads the one that is there, if one is.
    ///
    /// # Errors
    /// It cannot be read.
    pub(super) fn load(state: &State) -> Result<Option<Self>> {
        let path = state.journal();
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Error::io("read", &path, &error)),
        };
        let journal: serde_json::Result<Self> = serde_json::from_slice(&text);
        let strange = match journal {
            Ok(journal) if journal.format == FORMAT => return Ok(Some(journal)),
            Ok(journal) => format!(
                "its format is {}, and this landform knows 1",
                journal.format
            ),
            Err(error) => error.to_string(),
        };
        Err(Error::failed(
            Problem::new(format!(
                "{} tells of a change that did not end, and cannot be read: {strange}",
                path.display()
            ))
            .hint(
                "run the landform that wrote it; or look at `git status`, put the files in order, and remove that file",
            ),
        ))
    }

    /// The paths of its files. One that does not lie in the folder is no path of ours.
    pub(super) fn paths(&self) -> Vec<RepoPath> {
        self.files.iter().filter_map(JournalFile::path).collect()
    }
}

impl JournalFile {
    pub(super) fn path(&self) -> Option<RepoPath> {
        RepoPath::new(self.path.as_str()).ok()
    }
}
