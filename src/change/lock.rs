//! One landform at a time in a folder.

use std::fs::{File, TryLockError};
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use super::state::State;
use crate::error::{Error, Problem, Result};

/// How long another landform may take before we give up.
const PATIENCE: Duration = Duration::from_secs(3);

/// The right to write in a folder, for as long as it is held. It ends with the process, however that ends, and with
/// the `git` that the process has started and lent it to. What is locked is the folder itself, so no file is left.
///
/// Where the system cannot lock a folder (Windows, some network file systems) it holds nothing. Then two at once are
/// kept apart only by looking at each file before the first is written.
#[derive(Debug)]
pub(super) struct Lock {
    folder: Option<File>,
}

/// What became of an attempt to lock a folder.
pub(super) enum Attempt {
    /// It is ours.
    Taken(Lock),
    /// Another landform has it.
    Busy,
    /// The path leads to another folder by now, or to none.
    Gone,
}

impl Lock {
    /// Waits a little for the folder. `None` if it is another one by now, or none.
    ///
    /// # Errors
    /// Another landform is at work there.
    pub(super) fn take(root: &Path) -> Result<Option<Self>> {
        match Self::attempt(root, PATIENCE) {
            Attempt::Taken(lock) => Ok(Some(lock)),
            Attempt::Gone => Ok(None),
            Attempt::Busy => Err(busy(root)),
        }
    }

    /// Waits for the folder.
    pub(super) fn attempt(root: &Path, patience: Duration) -> Attempt {
        let folder = match File::open(root) {
            Ok(folder) => folder,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Attempt::Gone,
            Err(_) => return Attempt::Taken(Self { folder: None }),
        };
        let start = Instant::now();
        loop {
            match folder.try_lock() {
                Ok(()) => break,
                Err(TryLockError::Error(_)) => return Attempt::Taken(Self { folder: None }),
                Err(TryLockError::WouldBlock) if start.elapsed() < patience => {
                    std::thread::sleep(Duration::from_millis(20));
                }
                Err(TryLockError::WouldBlock) => return Attempt::Busy,
            }
        }
        if is_still(root, &folder) {
            Attempt::Taken(Self {
                folder: Some(folder),
            })
        } else {
            Attempt::Gone
        }
    }

    /// Whether it really keeps others out.
    pub(super) fn is_sure(&self) -> bool {
        self.folder.is_some()
    }

    /// The same lock, for a process that we start: it is free only when both have ended.
    pub(super) fn lend(&self) -> Option<File> {
        self.folder.as_ref()?.try_clone().ok()
    }
}

/// The refusal of a folder in which another landform is at work.
pub(super) fn busy(root: &Path) -> Error {
    // It is locked, so what is noted there is of the one that has it.
    let holder = State::all(root).iter().find_map(State::holder);
    let who = holder.map(|h| format!(" (process {}, for {})", h.process, h.age()));
    let (who, root) = (who.unwrap_or_default(), root.display());
    Error::failed(
        Problem::new(format!("another landform{who} is at work in {root}")).hint(
            "nothing was written; wait until it, and a git that it may have started, are done, and run the same \
             command again",
        ),
    )
}

/// Whether a path still leads to the folder that was opened.
#[cfg(unix)]
fn is_still(root: &Path, folder: &File) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    match (root.metadata(), folder.metadata()) {
        (Ok(now), Ok(then)) => (now.dev(), now.ino()) == (then.dev(), then.ino()),
        _ => false,
    }
}

#[cfg(not(unix))]
fn is_still(root: &Path, _: &File) -> bool {
    root.exists()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn one_at_a_time() {
        let dir = tempfile::tempdir().unwrap();
        let first = Lock::take(dir.path()).unwrap().unwrap();
        let error = Lock::take(dir.path()).unwrap_err();
        assert!(
            error.to_string().contains("another landform is at work"),
            "{error}"
        );
        drop(first);
        assert!(Lock::take(dir.path()).unwrap().is_some());
    }

    #[cfg(unix)]
    #[test]
    fn waits_a_little() {
        let dir = tempfile::tempdir().unwrap();
        let first = Lock::take(dir.path()).unwrap();
        std::thread::scope(|scope| {
            scope.spawn(|| {
                std::thread::sleep(Duration::from_millis(200));
                drop(first);
            });
            assert!(Lock::take(dir.path()).unwrap().is_some());
        });
    }

    #[test]
    fn a_folder_that_is_gone_is_not_held() {
        let dir = tempfile::tempdir().unwrap();
        assert!(Lock::take(&dir.path().join("gone")).unwrap().is_none());
    }
}
