//! Locks of references that a `git` leaves which was killed together with the landform that had started it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::work::Work;
use crate::error::{Error, Result};

/// Git holds such a lock for an instant, so one that stays is nobody's.
const ATTEMPTS: usize = 5;
const PAUSE: Duration = Duration::from_millis(200);

impl Work {
    /// Removes the locks of `HEAD`, of its branch and of packed references that were made in the second `since`, counted from 1970, or later,
    /// and that nobody gives back. To be called only when no `git` of the killed landform lives any more.
    ///
    /// # Errors
    /// One cannot be removed.
    pub fn free_refs(&self, since: u64) -> Result<()> {
        for lock in self.ref_locks() {
            for attempt in 0..ATTEMPTS {
                if !made_since(&lock, since) {
                    break;
                }
                if attempt + 1 < ATTEMPTS {
                    std::thread::sleep(PAUSE);
                    continue;
                }
                match fs::remove_file(&lock) {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => {
                        return Err(Error::io("remove", &lock, &error));
                    }
                    _ => {}
                }
            }
        }
        Ok(())
    }

    fn ref_locks(&self) -> Vec<PathBuf> {
        let mut locks = vec![
            self.repository.path().join("HEAD.lock"),
            self.repository.commondir().join("packed-refs.lock"),
        ];
        let head = self.repository.find_reference("HEAD").ok();
        let branch = head.and_then(|head| Some(head.symbolic_target().ok()??.to_owned()));
        locks.extend(branch.map(|branch| {
            let common = self.repository.commondir();
            common.join(format!("{branch}.lock"))
        }));
        locks
    }
}

fn made_since(lock: &Path, since: u64) -> bool {
    let made = lock.symlink_metadata().and_then(|meta| meta.modified());
    let made = made
        .ok()
        .and_then(|at: SystemTime| at.duration_since(UNIX_EPOCH).ok());
    made.is_some_and(|made| made.as_secs() >= since)
}

#[cfg(test)]
mod tests {
    use super::*;
    use git2::{Repository, RepositoryInitOptions};

    #[test]
    fn only_locks_of_that_time_go() {
        let dir = tempfile::tempdir().unwrap();
        let mut options = RepositoryInitOptions::new();
        Repository::init_opts(dir.path(), options.initial_head("main")).unwrap();
        let head = dir.path().join(".git/HEAD.lock");
        let branch = dir.path().join(".git/refs/heads/main.lock");
        for lock in [&head, &branch] {
            fs::write(lock, "").unwrap();
        }
        let work = Work::open(dir.path(), dir.path()).unwrap();
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap()
            .as_secs();
        work.free_refs(now + 100).unwrap();
        assert!(head.exists() && branch.exists());
        work.free_refs(now - 10).unwrap();
        assert!(!head.exists() && !branch.exists());
    }
}
