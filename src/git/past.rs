//! What a repository held before.

use std::collections::BTreeMap;
use std::path::Path;

use git2::{Delta, DiffOptions, ErrorCode, Repository, Sort};

use super::git_failed;
use crate::error::{Error, Problem, Result};

/// Texts of an earlier commit, by path below a folder: none where there was no file.
pub type Texts = BTreeMap<String, Option<String>>;

/// The files below a folder that were otherwise at a commit, as they were: at that of a revision, or at the last one.
/// None where there is no commit to look at, and no revision was named.
///
/// # Errors
/// There is no such revision, or Git cannot say.
pub fn otherwise_at(root: &Path, revision: Option<&str>) -> Result<Option<Texts>> {
    let failed = |error: git2::Error| git_failed("compare with an earlier commit", &error);
    let repository = match Repository::discover(root) {
        Ok(repository) => repository,
        Err(_) if revision.is_none() => return Ok(None),
        Err(_) => {
            return Err(Error::refused(
                Problem::new(format!("{} is in no Git repository", root.display()))
                    .hint("without one there is nothing to compare with; leave out --since"),
            ));
        }
    };
    let tree = match repository.revparse_single(revision.unwrap_or("HEAD")) {
        Ok(object) => object.peel_to_tree().map_err(failed)?,
        Err(error) if revision.is_none() && error.code() == ErrorCode::NotFound => return Ok(None),
        Err(error) => {
            let name = revision.unwrap_or("HEAD");
            let problem = Problem::new(format!("there is no commit `{name}`: {}", error.message()));
            return Err(Error::refused(problem.hint(
                "name a commit, a branch or a tag; in CI the history may be cut off: fetch it whole",
            )));
        }
    };
    let Some(work) = repository.workdir() else {
        return Ok(None);
    };
    let inside = work.canonicalize().ok().and_then(|work| {
        let root = root.canonicalize().ok()?;
        let inside = root.strip_prefix(work).ok()?.to_str()?.replace('\\', "/");
        Some(inside)
    });
    let Some(inside) = inside else {
        return Ok(None);
    };
    let mut options = DiffOptions::new();
    options
        .include_untracked(true)
        .recurse_untracked_dirs(true)
        .ignore_submodules(true);
    if !inside.is_empty() {
        options.pathspec(&inside);
    }
    let diff = repository
        .diff_tree_to_workdir_with_index(Some(&tree), Some(&mut options))
        .map_err(failed)?;
    let mut texts = Texts::new();
    for delta in diff.deltas() {
        let old = delta.old_file();
        let file = if delta.status() == Delta::Deleted {
            &old
        } else {
            &delta.new_file()
        };
        let Some(path) = file.path().and_then(|path| path.strip_prefix(&inside).ok()) else {
            continue;
        };
        let Some(path) = path.to_str() else { continue };
        let blob = repository.find_blob(old.id()).ok();
        let text = blob.map(|blob| String::from_utf8_lossy(blob.content()).into_owned());
        texts.insert(path.replace('\\', "/"), text);
    }
    Ok(Some(texts))
}

/// Whether some commit before this one held a file or folder. Outside Git, and where the past is cut off, it cannot be
/// known, and is not said.
pub fn was_there(root: &Path, path: &str) -> bool {
    let found = || -> std::result::Result<bool, git2::Error> {
        let repository = Repository::open(root)?;
        let mut walk = repository.revwalk()?;
        walk.set_sorting(Sort::TIME)?;
        walk.push_head()?;
        for id in walk {
            let tree = repository.find_commit(id?)?.tree()?;
            if tree.get_path(Path::new(path)).is_ok() {
                return Ok(true);
            }
        }
        Ok(false)
    };
    found().unwrap_or(false)
}
