//! Small notes of landform's own in Git's folder: never part of a commit, and of this clone alone.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use git2::Repository;

use crate::error::{Error, Result};

/// How the name of a note begins. The folder `landform` beside is that of changes, and goes with them.
const PREFIX: &str = "landform-";

fn place(root: &Path, name: &str) -> Option<PathBuf> {
    let repository = Repository::open(root).ok()?;
    Some(repository.path().join(format!("{PREFIX}{name}")))
}

/// A note and where it is, if it is there.
///
/// # Errors
/// It cannot be read.
pub fn note(root: &Path, name: &str) -> Result<Option<(PathBuf, String)>> {
    let Some(path) = place(root, name) else {
        return Ok(None);
    };
    match fs::read_to_string(&path) {
        Ok(text) => Ok(Some((path, text))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::io("read", &path, &error)),
    }
}

/// Keeps a note; gives where, or nothing where there is no repository.
///
/// # Errors
/// It cannot be written.
pub fn keep_note(root: &Path, name: &str, text: &str) -> Result<Option<PathBuf>> {
    let Some(path) = place(root, name) else {
        return Ok(None);
    };
    fs::write(&path, text).map_err(|error| Error::io("write", &path, &error))?;
    Ok(Some(path))
}

/// Forgets a note.
///
/// # Errors
/// It cannot be removed.
pub fn forget_note(root: &Path, name: &str) -> Result<()> {
    let Some(path) = place(root, name) else {
        return Ok(());
    };
    match fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(Error::io("remove", &path, &error))
        }
        _ => Ok(()),
    }
}
