//! Reading a repository from a folder.

use std::path::{Path, PathBuf};

use super::{Index, is_kustomization, is_yaml};
use crate::error::{Error, Problem, Result, Source};

/// Folders that hold nothing of the repository's own.
const FOREIGN: [&str; 3] = [".git", ".terraform", "node_modules"];

/// The nearest folder, from `start` upwards, that has a folder `mark`.
///
/// # Errors
/// `start` is not there.
pub fn find_root(start: &Path, mark: &str) -> Result<Option<PathBuf>> {
    let start = start
        .canonicalize()
        .map_err(|error| Error::io("look in", start, &error))?;
    Ok(start
        .ancestors()
        .find(|folder| folder.join(mark).is_dir())
        .map(Path::to_owned))
}

impl Index {
    /// Indexes the repository in a folder, and reads every file of its top folder `record` besides. Links are not
    /// followed.
    ///
    /// # Errors
    /// A folder cannot be read. A file that cannot be is a problem of the index.
    pub fn load(root: &Path, record: &str) -> Result<Self> {
        let mut index = Self::default();
        index.walk(root, "", record)?;
        index.build();
        Ok(index)
    }

    fn walk(&mut self, folder: &Path, prefix: &str, record: &str) -> Result<()> {
        let failed = |error| Error::io("read", folder, &error);
        for entry in std::fs::read_dir(folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let name = entry.file_name();
            let Some(name) = name.to_str() else {
                continue;
            };
            let path = format!("{prefix}{name}");
            let kind = entry.file_type().map_err(failed)?;
            if kind.is_dir() {
                // What a change keeps while it is being made is no part of the record.
                if !FOREIGN.contains(&name) && path != format!("{record}/tmp") {
                    self.walk(&entry.path(), &format!("{path}/"), record)?;
                }
                continue;
            }
            let recorded = path
                .strip_prefix(record)
                .is_some_and(|rest| rest.starts_with('/'));
            let wanted =
                recorded || is_yaml(name) || is_kustomization(name) || name.ends_with(".tf");
            if kind.is_file() && wanted {
                match std::fs::read_to_string(entry.path()) {
                    Ok(text) => {
                        self.texts
                            .insert(path.clone(), Source::new(path.clone(), text));
                    }
                    Err(error) => self
                        .problems
                        .push(Problem::new(format!("{path} could not be read: {error}"))),
                }
            }
            self.paths.insert(path);
        }
        Ok(())
    }
}
