//! A repository in which a change is being saved, or was when its landform was killed.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use git2::{Commit, Index, ObjectType, Oid, Repository, Sort, Tree};

use super::git_failed;
use crate::error::Result;
use crate::model::RepoPath;

/// A repository, and a folder for what is to be known of its index meanwhile.
pub struct Work {
    /// The repository.
    pub(super) repository: Repository,
    /// The folder that it is the repository of.
    pub(super) root: PathBuf,
    /// Where files of ours may lie.
    pub(super) state: PathBuf,
}

/// Git's own folder for `root`, if it is the root of a repository: a worktree's lies elsewhere.
pub fn folder(root: &Path) -> Option<PathBuf> {
    let git = root.join(".git");
    if git.is_dir() {
        return Some(git);
    }
    // A file leads to it. What cannot be opened is told of by whoever needs it.
    let found = git.is_file().then(|| Repository::open(root).ok())??;
    Some(found.path().to_owned())
}

/// The name that Git has for a content.
pub fn blob(content: &[u8]) -> Option<String> {
    let id = Oid::hash_object(ObjectType::Blob, content).ok()?;
    Some(id.to_string())
}

impl Work {
    /// Opens the repository of a folder.
    ///
    /// # Errors
    /// Git cannot.
    pub fn open(root: &Path, state: &Path) -> Result<Self> {
        let repository =
            Repository::open(root).map_err(|e| git_failed("open the repository", &e))?;
        // Git runs elsewhere.
        let absolute = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        Ok(Self {
            repository,
            root: root.to_owned(),
            state: absolute(state),
        })
    }

    /// The last commit, if there is one.
    pub fn head(&self) -> Option<String> {
        Some(self.head_commit()?.id().to_string())
    }

    /// Locks of references that lie there since a time: a git that was killed may have left them, or one holds them.
    pub fn reference_locks(&self, since: SystemTime) -> Vec<PathBuf> {
        let head = self.repository.find_reference("HEAD").ok();
        let branch = head.and_then(|h| Some(h.symbolic_target().ok()??.to_owned()));
        let common = self.repository.commondir();
        let locks = [
            Some(self.repository.path().join("HEAD.lock")),
            branch.map(|branch| common.join(branch).with_added_extension("lock")),
            Some(common.join("packed-refs.lock")),
        ];
        let made = |lock: &PathBuf| lock.metadata().ok()?.modified().ok();
        let mut locks: Vec<PathBuf> = locks.into_iter().flatten().collect();
        locks.retain(|lock| made(lock).is_some_and(|made| made >= since));
        locks
    }

    fn head_commit(&self) -> Option<Commit<'_>> {
        self.repository.head().ok()?.peel_to_commit().ok()
    }

    /// Whether the last commit, or one that it builds on, is that of a change: the next after `before`, and in these
    /// paths as the index that the commit was to be made from. Hooks may have put other text into both.
    pub fn has_commit(&self, before: Option<&str>, paths: &[RepoPath]) -> bool {
        let own = self.own_index_path();
        if !own.exists() {
            return false;
        }
        let (Ok(own), Ok(tree)) = (Index::open(&own), self.tree_of(before)) else {
            return false;
        };
        let as_staged = |commit: &Commit<'_>| {
            let tree = commit.tree().ok();
            paths.iter().all(|path| {
                let staged = own.get_path(Path::new(path.as_str()), 0);
                staged.map(|entry| entry.id) == in_tree(tree.as_ref(), path)
            })
        };
        // A change that changes no commit leaves none.
        let differs = paths.iter().any(|path| {
            let staged = own.get_path(Path::new(path.as_str()), 0);
            staged.map(|entry| entry.id) != in_tree(tree.as_ref(), path)
        });
        let after = self.commits_after(before).unwrap_or_default();
        differs
            && after.iter().any(|commit| {
                let mut parents = commit.parent_ids().map(|id| id.to_string());
                parents.next().as_deref() == before && parents.next().is_none() && as_staged(commit)
            })
    }

    /// Whether the last commit has a path otherwise than the one before the change: somebody has committed it since.
    pub fn was_committed(&self, before: Option<&str>, path: &RepoPath) -> bool {
        let now = self.head_commit().and_then(|commit| commit.tree().ok());
        let Ok(before) = self.tree_of(before) else {
            return true;
        };
        in_tree(now.as_ref(), path) != in_tree(before.as_ref(), path)
    }

    fn tree_of(&self, commit: Option<&str>) -> Result<Option<Tree<'_>>, git2::Error> {
        commit
            .map(|id| self.repository.find_commit(Oid::from_str(id)?)?.tree())
            .transpose()
    }

    /// The commits that the last one builds on, itself included, and `before` and those below it excluded.
    fn commits_after(&self, before: Option<&str>) -> Result<Vec<Commit<'_>>, git2::Error> {
        let mut walk = self.repository.revwalk()?;
        walk.set_sorting(Sort::NONE)?;
        walk.push_head()?;
        if let Some(before) = before {
            walk.hide(Oid::from_str(before)?)?;
        }
        walk.map(|id| self.repository.find_commit(id?)).collect()
    }
}

/// What a tree has at a path.
fn in_tree(tree: Option<&Tree<'_>>, path: &RepoPath) -> Option<Oid> {
    Some(tree?.get_path(Path::new(path.as_str())).ok()?.id())
}
