//! Folders and files that the user has put elsewhere: found by what Flux reads, never by a guess.

use std::collections::BTreeMap;

use crate::error::Source;
use crate::index::{Index, join, relative};
use crate::model::{RepoPath, Tree};
use crate::yaml::Node;

/// Where what landform renders lies by now.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Moves(BTreeMap<String, String>);

impl Moves {
    /// Finds what was moved: the file of a Flux Kustomization by its name, the folder it applies by `spec.path`, and
    /// what that is laid over by its first folder. What is still in its place was not moved.
    pub fn find(theirs: &Tree, index: &Index) -> Self {
        let rendered = rendered(theirs);
        let mut moves = Self::default();
        for unit in &rendered.kustomizations {
            let Some(now) = index.kustomization(&unit.cluster, &unit.name.value) else {
                continue;
            };
            moves.note(&unit.file, &now.file, &rendered, index);
            let (Some(was), Some(is)) = (unit.folder(), now.folder()) else {
                continue;
            };
            moves.note(&was, &is, &rendered, index);
            let base = |index: &Index, folder: &str| {
                let mut resources = index.resources(folder).into_iter();
                resources.find(|path| !index.texts.contains_key(path))
            };
            if let (Some(was), Some(is)) = (base(&rendered, &was), base(index, &is)) {
                moves.note(&was, &is, &rendered, index);
            }
        }
        moves
    }

    /// A place that landform itself writes to is none that the user has put something in: a cluster without an overlay
    /// applies what all share.
    fn note(&mut self, was: &str, is: &str, rendered: &Index, index: &Index) {
        let in_it =
            |index: &Index, path: &str| index.paths.contains(path) || index.has_folder(path);
        if was != is && !in_it(index, was) && in_it(index, is) && !in_it(rendered, is) {
            self.0.insert(was.to_owned(), is.to_owned());
        }
    }

    /// Whether nothing was moved.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Where a path lies by now.
    pub fn path(&self, path: &str) -> String {
        let mut prefix = path;
        loop {
            if let Some(now) = self.0.get(prefix) {
                return format!("{now}{}", &path[prefix.len()..]);
            }
            match prefix.rsplit_once('/') {
                Some((parent, _)) => prefix = parent,
                None => return path.to_owned(),
            }
        }
    }

    /// A rendered tree as it would be with everything in its new place, and what speaks of a place with the new one.
    pub fn apply(&self, theirs: &Tree) -> Tree {
        if self.is_empty() {
            return theirs.clone();
        }
        let rendered = rendered(theirs);
        let mut edits: BTreeMap<&str, Vec<(&Node, String)>> = BTreeMap::new();
        for (path, documents) in &rendered.files {
            for document in documents {
                if let Some(node) = document.at(&["spec", "path"])
                    && let Some(was) = node.text().and_then(|text| join("", text))
                    && self.path(&was) != was
                {
                    let now = format!("./{}", self.path(&was));
                    edits.entry(path).or_default().push((node, now));
                }
            }
            let Some((folder, _)) = path.rsplit_once('/') else {
                continue;
            };
            if rendered.kustomization_file(folder).as_ref() != Some(path) {
                continue;
            }
            let home = self.path(folder);
            for (target, node) in rendered.resource_nodes(folder) {
                let now = relative(&home, &self.path(&target));
                if node.text() != Some(&now) {
                    edits.entry(path).or_default().push((node, now));
                }
            }
        }
        let moved = theirs.iter().filter_map(|(path, text)| {
            let mut text = text.clone();
            let mut edits = edits.remove(path.as_str()).unwrap_or_default();
            edits.sort_by_key(|(node, _)| std::cmp::Reverse(node.span.start));
            for (node, now) in edits {
                text.replace_range(node.span.clone(), &now);
            }
            Some((RepoPath::new(self.path(path.as_str())).ok()?, text))
        });
        moved.collect()
    }
}

/// A rendered tree, indexed.
fn rendered(theirs: &Tree) -> Index {
    let yaml = theirs.iter().filter(|(path, _)| {
        path.as_str().ends_with(".yaml") && !path.as_str().starts_with(".landform/")
    });
    Index::new(
        yaml.map(|(path, text)| {
            let source = Source::new(path.as_str(), text.clone());
            (path.to_string(), source)
        })
        .collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A Flux Kustomization of `x` that applies a folder, the folders `x` has, and what they are.
    fn tree(applied: &str, folders: &[&str]) -> Tree {
        let unit = format!(
            "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {{name: x}}\nspec: {{path: ./{applied}}}\n"
        );
        let mut files = vec![
            (
                "clusters/a/apps.yaml".to_owned(),
                unit.replace("name: x", "name: apps")
                    .replace(applied, "clusters/a/apps"),
            ),
            ("clusters/a/apps/x.yaml".to_owned(), unit),
        ];
        for folder in folders {
            files.push((
                format!("{folder}/kustomization.yaml"),
                "resources: []\n".to_owned(),
            ));
        }
        let file = |(path, text)| (RepoPath::new(path).unwrap(), text);
        files.into_iter().map(file).collect()
    }

    fn index(tree: &Tree) -> Index {
        let sources = tree
            .iter()
            .map(|(path, text)| (path.to_string(), Source::new(path.as_str(), text.clone())));
        Index::new(sources.collect())
    }

    #[test]
    fn what_clusters_share_is_no_place_of_an_overlay() {
        let rendered = tree("clusters/a/apps/x", &["apps/x", "clusters/a/apps/x"]);
        let without_overlay = index(&tree("apps/x", &["apps/x"]));
        assert!(Moves::find(&rendered, &without_overlay).is_empty());
        let elsewhere = index(&tree("clusters/a/mine", &["apps/x", "clusters/a/mine"]));
        let moves = Moves::find(&rendered, &elsewhere);
        assert_eq!(
            moves.path("clusters/a/apps/x/values.yaml"),
            "clusters/a/mine/values.yaml"
        );
    }
}
