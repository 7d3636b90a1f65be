//! Where the suite writes: in memory where there is room, since stores, artifacts and repositories are many small files.

use std::process::Command;

use tempfile::TempDir;

use super::process::run;

/// A file system in memory, on Linux.
const MEMORY: &str = "/dev/shm";

/// How much must be free there, in MiB: what all clusters that run at once write, several times over. A container
/// often has only 64.
const ENOUGH: u64 = 4096;

/// A scratch folder, removed when it is dropped.
pub(crate) fn folder() -> TempDir {
    let free = free(MEMORY).unwrap_or_default();
    let made = if free >= ENOUGH {
        tempfile::tempdir_in(MEMORY)
    } else {
        tempfile::tempdir()
    };
    made.expect("a scratch folder")
}

/// What is free in the file system of a folder, in MiB; nothing where it cannot be told.
fn free(folder: &str) -> Option<u64> {
    let said = run(Command::new("df").args(["-P", "-m", folder])).ok()?;
    said.lines().nth(1)?.split_whitespace().nth(3)?.parse().ok()
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_is_free_is_told() {
        assert!(super::free("/").is_some_and(|mib| mib > 0));
        assert_eq!(super::free("/no such folder"), None);
        let folder = super::folder();
        std::fs::write(folder.path().join("file"), "text").unwrap();
    }
}
