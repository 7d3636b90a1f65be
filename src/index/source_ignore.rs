//! What Flux leaves out of what it stores.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};

use super::folder_of;

/// Patterns of what Flux leaves out, in the form of `.gitignore` (source-controller, fluxcd/pkg `sourceignore`).
pub(super) const SOURCE_IGNORE: &str = ".sourceignore";

/// The `.sourceignore` files of a repository, by folder.
#[derive(Debug, Default)]
pub(super) struct SourceIgnore(BTreeMap<String, Gitignore>);

impl SourceIgnore {
    /// Those among some paths below a folder. A pattern that cannot be read is passed over, and so is a file.
    pub(super) fn read(root: &Path, paths: &BTreeSet<String>) -> Self {
        let named = |path: &&String| path.rsplit('/').next() == Some(SOURCE_IGNORE);
        let mut all = BTreeMap::new();
        for path in paths.iter().filter(named) {
            let folder = folder_of(path);
            // Paths are matched as they are seen from the root of the repository.
            let mut builder = GitignoreBuilder::new(Path::new("/").join(folder));
            builder.add(root.join(path));
            if let Ok(patterns) = builder.build() {
                all.insert(folder.to_owned(), patterns);
            }
        }
        Self(all)
    }

    /// Those of some paths that are left out.
    pub(super) fn hidden(&self, paths: &BTreeSet<String>) -> BTreeSet<String> {
        if self.0.is_empty() {
            return BTreeSet::new();
        }
        let mut folders: HashMap<&str, bool> = HashMap::from([("", false)]);
        let hidden = paths.iter().filter(|path| {
            self.is_folder_left_out(folder_of(path), &mut folders) || self.is_left_out(path, false)
        });
        hidden.cloned().collect()
    }

    /// Whether a folder is, by itself or with one above it: nothing takes back what lies in one that is.
    fn is_folder_left_out<'p>(&self, folder: &'p str, known: &mut HashMap<&'p str, bool>) -> bool {
        if let Some(known) = known.get(folder) {
            return *known;
        }
        let left_out =
            self.is_folder_left_out(folder_of(folder), known) || self.is_left_out(folder, true);
        known.insert(folder, left_out);
        left_out
    }

    /// What the patterns that are nearest to a path say of it.
    fn is_left_out(&self, path: &str, is_folder: bool) -> bool {
        let mut above = folder_of(path);
        loop {
            if let Some(patterns) = self.0.get(above) {
                match patterns.matched(Path::new("/").join(path), is_folder) {
                    Match::Ignore(_) => return true,
                    Match::Whitelist(_) => return false,
                    Match::None => {}
                }
            }
            if above.is_empty() {
                return false;
            }
            above = folder_of(above);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_patterns_count_and_folders_take_all_with_them() {
        let dir = assert_fs::TempDir::new().unwrap();
        let files = [
            (
                ".sourceignore",
                "/docs\n*.md\n!keep.md\n/apps/*\n!/apps/web\n",
            ),
            ("apps/web/.sourceignore", "!b.md\nx/\n"),
            ("apps/web/a.md", ""),
            ("apps/web/b.md", ""),
            ("apps/web/c.yaml", ""),
            ("apps/web/x/d.yaml", ""),
            ("apps/other/e.yaml", ""),
            ("docs/keep.md", ""),
            ("keep.md", ""),
            ("more/docs/f.yaml", ""),
        ];
        for (path, text) in files {
            let path = dir.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let paths = files.map(|(path, _)| path.to_owned()).into();
        let hidden = SourceIgnore::read(dir.path(), &paths).hidden(&paths);
        let hidden: Vec<&str> = hidden.iter().map(String::as_str).collect();
        assert_eq!(
            hidden,
            [
                "apps/other/e.yaml",
                "apps/web/a.md",
                "apps/web/x/d.yaml",
                "docs/keep.md"
            ]
        );
    }
}
