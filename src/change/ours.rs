//! What is in a folder where a change would write, and what stands in its way there.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::Conflict;
use crate::error::{Error, Problem, Result};
use crate::model::{RepoPath, Tree};

/// The files of a folder that a render speaks of.
#[derive(Debug, Clone, Default)]
pub struct Ours {
    /// Those that are text.
    pub tree: Tree,
    /// What is in the way of others: no text, a link, a folder, another name.
    pub in_the_way: Vec<Conflict>,
}

/// Reads the files that a render speaks of, as they are in a folder.
///
/// # Errors
/// A file cannot be read.
pub fn read_ours<'a>(root: &Path, paths: impl Iterator<Item = &'a RepoPath>) -> Result<Ours> {
    let mut ours = Ours::default();
    for path in paths {
        let conflict = match checked(root, path)? {
            Err(conflict) => conflict,
            Ok(full) => match fs::read(&full).map(String::from_utf8) {
                Ok(Ok(text)) => {
                    ours.tree.insert(path.clone(), text);
                    continue;
                }
                Ok(Err(_)) => Conflict {
                    path: path.clone(),
                    reason: "it is there already, and is no UTF-8 text".to_owned(),
                },
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(Error::io("read", &full, &error)),
            },
        };
        // A folder in the way is in the way of many files.
        if !ours.in_the_way.contains(&conflict) {
            ours.in_the_way.push(conflict);
        }
    }
    Ok(ours)
}

pub(super) fn refused(conflict: &Conflict) -> Error {
    Error::refused(
        Problem::new(format!("{}: {}", conflict.path, conflict.reason)).hint("remove or rename it"),
    )
}

/// The full path, or what is in the way: landform writes only inside the folder, so through no symbolic link, and
/// beside no name that differs only in case.
pub(super) fn checked(root: &Path, path: &RepoPath) -> Result<Result<PathBuf, Conflict>> {
    let conflict = |at: &str, reason: String| {
        let path = RepoPath::new(at).unwrap_or_else(|_| path.clone());
        Ok(Err(Conflict { path, reason }))
    };
    for on_the_way in path.parents().chain([path.as_str()]) {
        let there = root.join(on_the_way);
        let reason = match fs::symlink_metadata(&there) {
            Ok(meta) if meta.file_type().is_symlink() => {
                "it is a symbolic link, and landform writes only inside the folder"
            }
            Ok(meta) if on_the_way != path.as_str() && !meta.is_dir() => {
                "it is a file, where a folder is needed"
            }
            Ok(meta) if on_the_way == path.as_str() && meta.is_dir() => {
                "it is a folder, where a file is needed"
            }
            Ok(_) => continue,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let Some(other) = other_case(&there) else {
                    break;
                };
                let reason =
                    format!("{other} is there, which is the same where case does not count");
                return conflict(on_the_way, reason);
            }
            Err(error) => return Err(Error::io("look at", &there, &error)),
        };
        return conflict(on_the_way, reason.to_owned());
    }
    Ok(Ok(root.join(path.as_str())))
}

/// A name beside that of a path that differs from it only in case.
fn other_case(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_str()?;
    let entries = fs::read_dir(path.parent()?).ok()?;
    let mut others = entries
        .flatten()
        .filter_map(|e| e.file_name().into_string().ok());
    // Not the same name: that has come meanwhile, which is told otherwise.
    others.find(|other| other != name && other.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::merge::merge;

    #[cfg(unix)]
    #[test]
    fn tells_all_that_is_in_the_way() {
        let dir = tempfile::tempdir().unwrap();
        let (root, outside) = (dir.path(), tempfile::tempdir().unwrap());
        std::os::unix::fs::symlink(outside.path(), root.join("apps")).unwrap();
        fs::create_dir_all(root.join("Clusters/x")).unwrap();
        fs::create_dir(root.join("folder")).unwrap();
        fs::write(root.join("file"), "").unwrap();
        fs::write(root.join("bytes"), [0xff]).unwrap();
        let theirs: Tree = [
            "apps/x",
            "apps/y",
            "clusters/x",
            "file/x",
            "folder",
            "bytes",
            "fine",
        ]
        .map(|path| (RepoPath::new(path).unwrap(), "1".to_owned()))
        .into();
        let ours = read_ours(root, theirs.keys()).unwrap();
        let mut change = merge(&Tree::new(), &ours.tree, &theirs);
        change.oppose(ours.in_the_way);
        let told: Vec<String> = change
            .conflicts
            .iter()
            .map(|c| c.path.to_string())
            .collect();
        assert_eq!(told, ["apps", "bytes", "clusters", "file", "folder"]);
        assert!(change.conflicts[0].reason.contains("symbolic link"));
        assert!(
            change.conflicts[2]
                .reason
                .contains("where case does not count")
        );
        let left: Vec<&str> = change.files.keys().map(RepoPath::as_str).collect();
        assert_eq!(left, ["fine"]);
        assert!(fs::read_dir(outside.path()).unwrap().next().is_none());
    }
}
