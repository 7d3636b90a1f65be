//! Where a change keeps what is to be known of it while it is being made: in Git's folder, or beside the record.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use super::disk::{remove_file, sync_folder, write_file};
use crate::fault;
use crate::git;
use crate::model::RECORD;

/// Who is at work in a folder. It only informs: what counts is the lock.
const HOLDER: &str = "holder.json";
/// The journal of a change.
const JOURNAL: &str = "journal.json";
/// Everything that was to be staged is staged.
const STAGED: &str = "staged";

/// A folder for what a change keeps. While nobody is at work, it is not there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct State {
    folder: PathBuf,
    /// The folder around it that may have to be made for it: the record's.
    record: Option<PathBuf>,
}

/// Who is at work, and since when.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Holder {
    /// Its process.
    pub(super) process: u32,
    /// Seconds since 1970.
    pub(super) since: u64,
    /// How many folders it has made in order to lock one: that and those around it.
    #[serde(default)]
    pub(super) made: usize,
}

impl Holder {
    pub(super) fn this(made: usize) -> Self {
        Self {
            process: std::process::id(),
            since: now(),
            made,
        }
    }

    /// For how long, in words.
    pub(super) fn age(&self) -> String {
        let seconds = now().saturating_sub(self.since);
        let (count, unit) = match seconds {
            0..60 => (seconds, "second"),
            60..3600 => (seconds / 60, "minute"),
            3600..172_800 => (seconds / 3600, "hour"),
            _ => (seconds / 86400, "day"),
        };
        format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
    }
}

pub(super) fn now() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.map_or(0, |now| now.as_secs())
}

impl State {
    /// Where a change to `root` keeps it as things are.
    pub(super) fn of(root: &Path) -> Self {
        match git::folder(root) {
            Some(git) => Self {
                folder: git.join("landform"),
                record: None,
            },
            None => Self::beside_the_record(root),
        }
    }

    fn beside_the_record(root: &Path) -> Self {
        let record = root.join(RECORD);
        Self {
            folder: record.join("tmp"),
            record: Some(record),
        }
    }

    /// Everywhere that a change to `root` may have kept it: a repository may have come since.
    pub(super) fn all(root: &Path) -> Vec<Self> {
        let mut all = vec![Self::beside_the_record(root), Self::of(root)];
        all.dedup();
        all.retain(|state| state.is_there() && !state.leads_elsewhere());
        all
    }

    /// Whether there is anything of it, were it only the empty folder around it.
    fn is_there(&self) -> bool {
        let empty =
            |folder: &PathBuf| fs::read_dir(folder).is_ok_and(|mut all| all.next().is_none());
        self.folder.is_dir() || self.record.as_ref().is_some_and(empty)
    }

    /// Its folder.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(super) fn journal(&self) -> PathBuf {
        self.folder.join(JOURNAL)
    }

    /// Makes its folder. Tells whether the record's was made for it.
    pub(super) fn make(&self) -> io::Result<bool> {
        if self.leads_elsewhere() {
            return Err(io::Error::other("it is a symbolic link"));
        }
        let mut made = false;
        for folder in self.record.iter().chain([&self.folder]) {
            fault::step("state: make");
            match fs::create_dir(folder) {
                Ok(()) => made |= Some(folder) == self.record.as_ref(),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        // What a hook adds may not take it along.
        if self.record.is_some() {
            fs::write(self.folder.join(".gitignore"), "*\n")?;
        }
        Ok(made)
    }

    fn leads_elsewhere(&self) -> bool {
        self.record
            .iter()
            .chain([&self.folder])
            .any(|folder| folder.is_symlink())
    }

    /// Removes it, the journal first: without that the rest means nothing.
    pub(super) fn remove(&self) -> io::Result<()> {
        if self.leads_elsewhere() {
            return Ok(());
        }
        let journal = self.journal();
        if journal.exists() {
            remove_file(&journal)?;
            sync_folder(&self.folder)?;
        }
        fault::step("state: remove");
        match fs::remove_dir_all(&self.folder) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        if let Some(record) = &self.record {
            fault::step("state: remove record");
            // It holds the record by now, or is empty.
            let _ = fs::remove_dir(record);
        }
        Ok(())
    }

    /// Notes that everything is staged.
    pub(super) fn mark_staged(&self) -> io::Result<()> {
        write_file(&self.folder.join(STAGED), b"", None)?;
        sync_folder(&self.folder)
    }

    pub(super) fn is_staged(&self) -> bool {
        self.folder.join(STAGED).exists()
    }

    /// Notes who is at work. It is of use without lasting, so a failure is none.
    pub(super) fn note(&self, holder: Holder) {
        if let Ok(text) = serde_json::to_vec(&holder) {
            let _ = fs::write(self.folder.join(HOLDER), text);
        }
    }

    /// Who is at work, or was.
    pub(super) fn holder(&self) -> Option<Holder> {
        let text = fs::read(self.folder.join(HOLDER)).ok()?;
        serde_json::from_slice(&text).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_in_words() {
        for (seconds, words) in [
            (0, "0 seconds"),
            (1, "1 second"),
            (59, "59 seconds"),
            (61, "1 minute"),
            (7200, "2 hours"),
            (200_000, "2 days"),
        ] {
            let holder = Holder {
                process: 1,
                since: now() - seconds,
                made: 0,
            };
            assert_eq!(holder.age(), words);
        }
    }
}
