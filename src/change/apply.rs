//! The only writer. Each file is written beside its place and renamed into it; what fails is taken back.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::lock::Lock;
use super::{Action, Change, Conflict, FileChange};
use crate::error::{Error, Problem, Result};
use crate::model::{RepoPath, Tree};

/// A change that was applied and can still be taken back.
#[derive(Debug)]
#[must_use = "take it back or keep it"]
pub struct Applied {
    root: PathBuf,
    /// Folders made, outermost first.
    folders: Vec<PathBuf>,
    /// Files written or deleted, and what was there before.
    files: Vec<(PathBuf, Option<Vec<u8>>)>,
    /// No other landform writes here until this is kept or taken back.
    _lock: Lock,
}

impl Applied {
    /// Puts back what was there before because of an error, and gives that error, with what could not be put back.
    pub fn roll_back(self, mut error: Error) -> Error {
        for (path, before) in self.files.into_iter().rev() {
            let result = match before {
                Some(bytes) => write_file(&path, &bytes),
                None => fs::remove_file(&path),
            };
            if let Err(why) = result
                && why.kind() != io::ErrorKind::NotFound
            {
                let message = format!("could not put back {}: {why}", path.display());
                error.problems.push(Problem::new(message));
            }
        }
        remove_folders(self.folders);
        error
    }

    /// What is new below the root, as few paths as name it all: a folder that was made stands for what is in it.
    pub fn made(&self) -> Vec<String> {
        let mut made: Vec<&Path> = Vec::new();
        let new = self.files.iter().filter(|(_, before)| before.is_none());
        let all = self.folders.iter().chain(new.map(|(path, _)| path));
        for path in all.filter_map(|path| path.strip_prefix(&self.root).ok()) {
            let named = made.iter().any(|folder| path.starts_with(folder));
            if !named && path != Path::new("") {
                made.push(path);
            }
        }
        let mut made: Vec<String> = made.iter().map(|p| p.display().to_string()).collect();
        made.sort();
        made
    }
}

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

/// Applies a change below `root`, all of it or nothing. Until the outcome is dropped, no other landform writes there.
///
/// # Errors
/// The change has conflicts; another landform is at work there; a path lies behind a symbolic link or differs from one
/// there only in case; a file is not as the change found it; or the file system fails, and then everything is put back.
pub fn apply(change: &Change, root: &Path) -> Result<Applied> {
    if let Some(conflict) = change.conflicts.first() {
        return Err(refused(conflict));
    }
    let mut applied = hold(root)?;
    match write(change, &mut applied) {
        Ok(()) => Ok(applied),
        Err(error) => Err(applied.roll_back(error)),
    }
}

/// Makes the folder if it is not there, and locks it.
fn hold(root: &Path) -> Result<Applied> {
    let mut folders = Vec::new();
    loop {
        // The folder may go between the two, when another landform takes back what it made.
        make_folders(root, &mut folders).map_err(|error| Error::io("make", root, &error))?;
        match Lock::take(root) {
            Ok(Some(lock)) => {
                return Ok(Applied {
                    root: root.to_owned(),
                    folders,
                    files: Vec::new(),
                    _lock: lock,
                });
            }
            Ok(None) => {}
            Err(error) => {
                remove_folders(folders);
                return Err(error);
            }
        }
    }
}

fn write(change: &Change, applied: &mut Applied) -> Result<()> {
    let root = applied.root.clone();
    // All of them first: what has changed meanwhile is no reason to write anything.
    for (path, file) in &change.files {
        let full = checked(&root, path)?.map_err(|conflict| refused(&conflict))?;
        let now = match fs::read(&full) {
            Ok(bytes) => Some(bytes),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(Error::io("read", &full, &error)),
        };
        if now.as_deref() != file.before.as_deref().map(str::as_bytes) {
            return Err(Error::failed(
                Problem::new(format!(
                    "{} changed while landform was at work",
                    full.display()
                ))
                .hint("nothing was written; run the same command again"),
            ));
        }
    }
    let folders: BTreeSet<&str> = change
        .files
        .keys()
        .flat_map(RepoPath::parents)
        .chain([""])
        .collect();
    for folder in folders {
        sweep(&root.join(folder));
    }
    let changed = |(_, file): &(_, &FileChange)| file.action != Action::Keep;
    for (path, file) in change.files.iter().filter(changed) {
        let full = root.join(path.as_str());
        let result = match (file.action, &file.after) {
            (Action::Delete, _) | (_, None) => fs::remove_file(&full),
            (_, Some(text)) => make_folders(full.parent().unwrap_or(&root), &mut applied.folders)
                .and_then(|()| write_file(&full, text.as_bytes())),
        };
        result.map_err(|error| Error::io("write", &full, &error))?;
        let before = file.before.as_ref().map(|text| text.as_bytes().to_vec());
        applied.files.push((full, before));
    }
    Ok(())
}

fn refused(conflict: &Conflict) -> Error {
    Error::refused(
        Problem::new(format!("{}: {}", conflict.path, conflict.reason)).hint("remove or rename it"),
    )
}

/// The full path, or what is in the way: landform writes only inside the folder, so through no symbolic link, and
/// beside no name that differs only in case.
fn checked(root: &Path, path: &RepoPath) -> Result<Result<PathBuf, Conflict>> {
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

/// Removes folders that were made, outermost first.
fn remove_folders(made: Vec<PathBuf>) {
    for folder in made.into_iter().rev() {
        // One that is not empty holds something of somebody else's by now.
        let _ = fs::remove_dir(folder);
    }
}

/// Makes a folder and those on the way to it, and notes which were made.
fn make_folders(folder: &Path, made: &mut Vec<PathBuf>) -> io::Result<()> {
    let mut missing = Vec::new();
    let mut next = Some(folder);
    while let Some(path) = next.filter(|path| !path.as_os_str().is_empty() && !path.exists()) {
        missing.push(path.to_owned());
        next = path.parent();
    }
    for path in missing.into_iter().rev() {
        match fs::create_dir(&path) {
            Ok(()) => made.push(path),
            // Another landform was faster.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// How the name of a file begins that is not yet in its place; six letters or digits follow.
const UNFINISHED: &str = ".landform-";

/// Removes what a landform that was killed left unfinished in a folder that is locked.
fn sweep(folder: &Path) {
    // Where a folder cannot be locked, another landform may be about to rename it.
    if !cfg!(unix) {
        return;
    }
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let rest = name.to_str().and_then(|name| name.strip_prefix(UNFINISHED));
        let ours = rest.is_some_and(|rest| {
            rest.len() == 6 && rest.bytes().all(|byte| byte.is_ascii_alphanumeric())
        });
        if ours && entry.file_type().is_ok_and(|kind| kind.is_file()) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Writes beside the place and renames into it: no reader ever sees half a file. Keeps the permissions of a file
/// that is there.
fn write_file(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or_else(|| Path::new("."));
    let mut file = tempfile::Builder::new()
        .prefix(UNFINISHED)
        .permissions_like_new_file()
        .tempfile_in(folder)?;
    file.write_all(bytes)?;
    if let Ok(meta) = fs::metadata(path) {
        file.as_file().set_permissions(meta.permissions())?;
    }
    file.persist(path).map(|_| ()).map_err(|error| error.error)
}

/// Temporary files are private by default; ours become ordinary files.
trait PermissionsLikeNewFile {
    fn permissions_like_new_file(&mut self) -> &mut Self;
}

impl PermissionsLikeNewFile for tempfile::Builder<'_, '_> {
    #[cfg(unix)]
    fn permissions_like_new_file(&mut self) -> &mut Self {
        use std::os::unix::fs::PermissionsExt as _;
        // The process's umask still applies.
        self.permissions(fs::Permissions::from_mode(0o666))
    }

    #[cfg(not(unix))]
    fn permissions_like_new_file(&mut self) -> &mut Self {
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::merge::merge;

    fn change(files: &[(&str, &str)], root: &Path) -> Result<Change> {
        let theirs: Tree = files
            .iter()
            .map(|(path, text)| (RepoPath::new(*path).unwrap(), (*text).to_owned()))
            .collect();
        let ours = read_ours(root, theirs.keys())?;
        Ok(merge(&Tree::new(), &ours.tree, &theirs))
    }

    #[test]
    fn writes_and_takes_back() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("new/deep");
        let change = change(&[("a/b/c.yaml", "x\n"), ("d", "y\n")], &root).unwrap();
        let applied = apply(&change, &root).unwrap();
        assert_eq!(fs::read_to_string(root.join("a/b/c.yaml")).unwrap(), "x\n");
        let error = applied.roll_back(Error::failed(Problem::new("no")));
        assert_eq!(error.problems.len(), 1);
        assert!(!dir.path().join("new").exists());
    }

    #[test]
    fn a_failure_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        let change = change(&[("a/x", "1"), ("b/y", "2")], root).unwrap();
        // Somebody puts a file where a folder is needed.
        fs::write(root.join("b"), "").unwrap();
        assert!(apply(&change, root).is_err());
        assert!(!root.join("a").exists());
        assert_eq!(fs::read_to_string(root.join("b")).unwrap(), "");
    }

    #[cfg(unix)]
    #[test]
    fn sweeps_what_a_killed_run_left_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        fs::create_dir(root.join("a")).unwrap();
        let others = [".landform-abc", ".landform-my-own", ".landform-abcdefg"];
        for name in others.iter().chain(&[".landform-Ab3x9Z"]) {
            fs::write(root.join("a").join(name), "x").unwrap();
        }
        fs::write(root.join(".landform-123456"), "").unwrap();
        let change = change(&[("a/x", "1")], root).unwrap();
        let _applied = apply(&change, root).unwrap();
        assert!(!root.join(".landform-123456").exists());
        assert!(!root.join("a/.landform-Ab3x9Z").exists());
        for name in others {
            assert!(root.join("a").join(name).exists(), "{name}");
        }
    }

    #[test]
    fn notices_what_changed_meanwhile() {
        let dir = tempfile::tempdir().unwrap();
        let change = change(&[("a", "1")], dir.path()).unwrap();
        fs::write(dir.path().join("a"), "theirs").unwrap();
        assert!(
            apply(&change, dir.path())
                .unwrap_err()
                .to_string()
                .contains("changed while")
        );
        assert_eq!(fs::read_to_string(dir.path().join("a")).unwrap(), "theirs");
    }

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

    #[test]
    fn never_through_what_came_meanwhile() {
        let dir = tempfile::tempdir().unwrap();
        let change = change(&[("apps/x", "1")], dir.path()).unwrap();
        fs::create_dir(dir.path().join("Apps")).unwrap();
        let error = apply(&change, dir.path()).unwrap_err();
        assert!(
            error.to_string().contains("where case does not count"),
            "{error}"
        );
        assert!(!dir.path().join("apps").exists());
    }

    #[test]
    fn knows_what_it_made() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir_all(dir.path().join("mine/deep")).unwrap();
        let files = [
            ("new/a/x", "1"),
            ("new/b", "1"),
            ("mine/x", "1"),
            ("mine/deep/y/z", "1"),
            ("top", "1"),
        ];
        let applied = apply(&change(&files, dir.path()).unwrap(), dir.path()).unwrap();
        assert_eq!(applied.made(), ["mine/deep/y", "mine/x", "new", "top"]);
    }
}
