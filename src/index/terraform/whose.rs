//! For which clusters a root module is.

use super::Stack;
use crate::index::{Cluster, Known, Repository, rooted};

impl<'a> Repository<'a> {
    /// The clusters that a root module is for: where it lets Flux begin, or else the one that is called as its folder is,
    /// or the only one there is.
    pub fn clusters_of(&self, stack: &Stack<'_>) -> Vec<&Cluster<'a>> {
        let folder = |cluster: &Cluster<'_>| cluster.start.folder.clone();
        let all = || self.clusters.iter();
        let begun: Vec<String> = stack
            .syncs
            .iter()
            .filter_map(|path| rooted("", path))
            .collect();
        if !begun.is_empty() {
            // Of several repositories in one the nearest is meant: the path is seen from a folder above the root module.
            let root = |cluster: &Cluster<'_>| {
                let folder = folder(cluster);
                let mut roots = begun.iter().filter_map(|path| {
                    let root = folder.strip_suffix(path.as_str())?;
                    let root = root
                        .strip_suffix('/')
                        .map_or_else(|| root.is_empty().then_some(""), Some)?;
                    let above = root.is_empty() || stack.folder.starts_with(&format!("{root}/"));
                    above.then_some(root.len())
                });
                roots.next()
            };
            let nearest = all().filter_map(root).max();
            return all()
                .filter(|cluster| nearest.is_some() && root(cluster) == nearest)
                .collect();
        }
        let known = |cluster: &&Cluster<'_>| cluster.start.known != Known::Implied;
        let named: Vec<&Cluster<'_>> = all()
            .filter(known)
            .filter(|cluster| {
                let folder = folder(cluster);
                let name = folder.rsplit('/').next().unwrap_or_default();
                !name.is_empty() && stack.folder.split('/').any(|part| part == name)
            })
            .collect();
        if named.len() == 1 {
            return named;
        }
        let mut known = all().filter(known);
        match (known.next(), known.next()) {
            (Some(only), None) => vec![only],
            _ => Vec::new(),
        }
    }
}
