//! Paths and files of a platform repository, in memory.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Serialize, Serializer};

/// A path below the root of the repository: relative, with `/`, without `.` and `..`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RepoPath(String);

/// The files of a repository.
pub type Tree = BTreeMap<RepoPath, String>;

impl RepoPath {
    /// Checks a path.
    ///
    /// # Errors
    /// The reason why it is not inside a repository, or not the same on every file system.
    pub fn new(path: impl Into<String>) -> Result<Self, String> {
        let path = path.into();
        for segment in path.split('/') {
            let reason = match segment {
                "" => "has an empty part",
                "." | ".." => "leaves its folder",
                s if s.eq_ignore_ascii_case(".git") => "is Git's own",
                s if s.ends_with('.') || s.ends_with(' ') => "ends in a dot or a blank",
                s if s
                    .chars()
                    .any(|c| c.is_control() || "\\:*?\"<>|".contains(c)) =>
                {
                    "has a character that not every file system takes"
                }
                _ => continue,
            };
            return Err(format!("the path {path:?} {reason}"));
        }
        Ok(Self(path))
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The last part.
    pub fn file_name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or_default()
    }

    /// Every folder on the way, outermost first.
    pub fn parents(&self) -> impl Iterator<Item = &str> {
        self.0.match_indices('/').map(|(at, _)| &self.0[..at])
    }
}

impl fmt::Display for RepoPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for RepoPath {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

/// Two paths that a file system without upper and lower case takes for one, if there are any.
pub fn case_collision(tree: &Tree) -> Option<(&RepoPath, &RepoPath)> {
    let mut seen: BTreeMap<String, &RepoPath> = BTreeMap::new();
    tree.keys().find_map(|path| {
        let other = seen.insert(path.as_str().to_lowercase(), path)?;
        Some((other, path))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths() {
        for good in [
            "a",
            "a/b.yaml",
            ".github/workflows/x.yaml",
            ".landform/platform.yaml",
        ] {
            assert!(RepoPath::new(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "/a",
            "a/",
            "../a",
            "a/../b",
            "./a",
            "a//b",
            ".git/config",
            "a/.GIT/x",
            "a\\b",
            "c:x",
            "a\n",
            "a.",
        ] {
            assert!(RepoPath::new(bad).is_err(), "{bad:?}");
        }
        let path = RepoPath::new("a/b/c").unwrap();
        assert_eq!(path.parents().collect::<Vec<_>>(), ["a", "a/b"]);
        assert_eq!(path.file_name(), "c");
    }

    #[test]
    fn collisions() {
        let tree: Tree = ["a/B", "a/b"]
            .map(|p| (RepoPath::new(p).unwrap(), String::new()))
            .into();
        assert!(case_collision(&tree).is_some());
    }
}
