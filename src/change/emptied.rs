//! Folders that a change has left empty.

use std::fs;
use std::path::Path;

use super::{Action, Change};

/// Removes the folders that are empty since a change took the last file out of them. Git knows no empty folders, so
/// nothing is lost with one, and one that cannot be removed does no harm.
pub fn remove_emptied(change: &Change, root: &Path) {
    for (path, file) in &change.files {
        if file.action != Action::Delete {
            continue;
        }
        let folders = Path::new(path.as_str()).ancestors().skip(1);
        for folder in folders.filter(|folder| !folder.as_os_str().is_empty()) {
            if fs::remove_dir(root.join(folder)).is_err() {
                break;
            }
        }
    }
}
