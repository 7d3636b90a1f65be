//! Where sources that are made of a part of this repository begin: `flux push artifact --path` makes such an artifact,
//! and its Flux Kustomizations name paths that are seen from there.

use std::collections::{BTreeMap, BTreeSet};

use super::document::{Objects, group};
use super::path::{is_within, rooted};
use super::{Index, folder_of};
use crate::yaml::Node;

/// Kinds of sources that may be made of a part of a repository. A `GitRepository` is always all of one.
pub(super) const MADE: [&str; 2] = ["OCIRepository", "Bucket"];

/// Of how many paths at least it must be told where a source begins: one alone may be alike by chance.
const AT_LEAST: usize = 2;

/// Folders of this repository at which sources begin, by kind and name of the source.
#[derive(Debug, Default)]
pub(super) struct Roots(BTreeMap<(String, String), String>);

impl Roots {
    /// Works out the root of each source: the one folder below which most of the paths are that are named of it.
    pub(super) fn of(index: &Index, objects: &Objects<'_>) -> Self {
        let mut named: BTreeMap<(String, String), BTreeMap<String, &str>> = BTreeMap::new();
        for (_, object) in objects.of_kind(group::KUSTOMIZE, "Kustomization") {
            let text = |path: &[&str]| object.node.at(path).and_then(Node::text);
            let (Some(kind), Some(name), Some(path)) = (
                text(&["spec", "sourceRef", "kind"]),
                text(&["spec", "sourceRef", "name"]),
                text(&["spec", "path"]).and_then(|path| rooted("", path)),
            ) else {
                continue;
            };
            if MADE.contains(&kind) && !path.is_empty() && !path.contains(['$', '<', '{']) {
                let key = (kind.to_owned(), name.to_owned());
                named.entry(key).or_default().insert(path, object.file());
            }
        }
        named.retain(|_, paths| paths.len() >= AT_LEAST);
        if named.is_empty() {
            return Self::default();
        }
        let folders = folders(index);
        let roots = named.into_iter().filter_map(|(source, paths)| {
            let root = root(&paths, &folders)?;
            Some((source, root))
        });
        Self(roots.collect())
    }

    /// The folder at which a source begins, where it is known to be made of a part of this repository.
    pub(super) fn get(&self, kind: &str, name: &str) -> Option<&str> {
        let key = (kind.to_owned(), name.to_owned());
        self.0.get(&key).map(String::as_str)
    }
}

/// Every folder of the repository.
fn folders(index: &Index) -> BTreeSet<&str> {
    let mut folders = BTreeSet::new();
    for path in &index.paths {
        let mut folder = folder_of(path);
        while !folder.is_empty() && folders.insert(folder) {
            folder = folder_of(folder);
        }
    }
    folders
}

/// The folder below which more of some paths are than below any other, and more than half of them. Each path comes with
/// the file that names it.
fn root(paths: &BTreeMap<String, &str>, folders: &BTreeSet<&str>) -> Option<String> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for (path, by) in paths {
        // What names a folder of its own name lies in it, and means that of another source.
        let own = |folder: &str| is_within(folder_of(by), folder);
        for folder in folders.iter().filter(|folder| !own(folder)) {
            let above = folder.strip_suffix(path.as_str());
            let root = above.and_then(|above| match above {
                "" => Some(""),
                above => above.strip_suffix('/'),
            });
            if let Some(root) = root {
                *counts.entry(root).or_default() += 1;
            }
        }
    }
    let most = counts.values().copied().max()?;
    let mut best = counts.iter().filter(|(_, count)| **count == most);
    let (root, _) = best.next()?;
    let sure = best.next().is_none() && most >= AT_LEAST && most * 2 > paths.len();
    sure.then(|| (*root).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_below_which_most_paths_are() {
        let folders = ["infra", "infra/a", "infra/b/c", "old/a", "apps/x"];
        let folders: BTreeSet<&str> = folders.into_iter().collect();
        let of = |paths: &[&str]| {
            let paths = paths
                .iter()
                .map(|path| ((*path).to_owned(), "x.yaml"))
                .collect();
            root(&paths, &folders)
        };
        assert_eq!(of(&["a", "b/c"]).as_deref(), Some("infra"));
        // One that is not there does not change it; of one alone nothing is known.
        assert_eq!(of(&["a", "b/c", "d"]).as_deref(), Some("infra"));
        assert_eq!(of(&["a", "x"]), None);
        assert_eq!(of(&["b/c", "d", "e", "f"]), None);
    }

    #[test]
    fn a_folder_of_a_longer_name_is_another() {
        let folders = [
            "apps",
            "infra",
            "apps-config",
            "old/apps",
            "old/infra",
            "old",
        ];
        let folders: BTreeSet<&str> = folders.into_iter().collect();
        let paths = ["apps", "infra"].map(|path| (path.to_owned(), "apps-config/x.yaml"));
        // Both fit, so it is not known.
        assert_eq!(root(&paths.into(), &folders), None);
    }
}
