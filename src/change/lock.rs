//! One landform at a time in a folder.

use std::fs::{File, TryLockError};
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::error::{Error, Problem, Result};

/// How long another landform may take before we give up.
const PATIENCE: Duration = Duration::from_secs(3);

/// The right to write in a folder, for as long as it is held. It ends with the process, however that ends, and leaves
/// no file behind: what is locked is the folder itself.
///
/// Where the system cannot lock a folder (Windows, some network file systems) it holds nothing. Then two at once are
/// kept apart only by looking at each file before the first is written.
#[derive(Debug)]
pub(super) struct Lock {
    _folder: Option<File>,
}

impl Lock {
    /// Waits a little for the folder. `None` if it is another one by now, or none.
    ///
    /// # Errors
    /// Another landform is at work there.
    pub(super) fn take(root: &Path) -> Result<Option<Self>> {
        let folder = match File::open(root) {
            Ok(folder) => folder,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(_) => return Ok(Some(Self { _folder: None })),
        };
        let start = Instant::now();
        loop {
            match folder.try_lock() {
                Ok(()) => break,
                Err(TryLockError::Error(_)) => return Ok(Some(Self { _folder: None })),
                Err(TryLockError::WouldBlock) if start.elapsed() < PATIENCE => {
                    std::thread::sleep(Duration::from_millis(50));
                }
                Err(TryLockError::WouldBlock) => return Err(busy(root)),
            }
        }
        Ok(is_still(root, &folder).then_some(Self {
            _folder: Some(folder),
        }))
    }
}

fn busy(root: &Path) -> Error {
    Error::failed(
        Problem::new(format!("another landform is at work in {}", root.display()))
            .hint("nothing was written; wait until it is done, and run the same command again"),
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
