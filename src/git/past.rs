//! What a repository held before.

use std::path::Path;

use git2::{Repository, Sort};

/// Whether some commit before this one held a file or folder. Outside Git, and where the past is cut off, it cannot be
/// known, and is not said.
pub fn was_there(root: &Path, path: &str) -> bool {
    let found = || -> Result<bool, git2::Error> {
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
