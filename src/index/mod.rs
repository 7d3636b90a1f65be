//! A repository on disk, parsed once: which Flux Kustomizations there are, where each leads, and the versions it finds.
//!
//! It knows Flux and kustomize, and nothing of landform's own model: any Flux repository can be indexed.

mod applied;
mod artifact;
mod build;
mod cluster;
mod configuration;
mod disk;
mod document;
mod effective;
mod envsubst;
mod flux;
mod helm;
mod identity;
mod immutable;
mod patch;
mod path;
mod reference;
mod repository;
mod roots;
mod scope;
mod selector;
mod source;
mod source_ignore;
mod start;
mod starts;
pub mod terraform;
mod variables;
mod whole;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

pub use applied::{Applied, Held, Holder, Holders, Identity, Lost, Past, Written};
pub use build::{Build, Builder, Built, Generated, Origin, PRUNE, SUBSTITUTE, is_remote};
pub use cluster::{Cluster, Lookup, Unit};
pub use disk::find_root;
pub use document::{Object, ObjectId, Objects, group};
pub use effective::{Effective, Layer as Patch, Located};
pub use envsubst::{Piece, Variable, pieces};
pub use flux::{FluxKustomization, Version, version_node};
pub use helm::{Layer, Release, chart_source, release_id};
pub use identity::Clash;
pub use patch::{Fit, Idle, fit};
pub use path::{folder_of, is_within, join, relative, rooted};
pub use reference::{Reference, Role, names_paths, references};
pub use repository::Repository;
pub use scope::{is_cluster_scoped, lives_in_namespace};
pub use source::{Folder, SourceName};
pub use start::{Known, Start};
pub use starts::bootstrapped;
pub use variables::Variables;

use hcl_edit::structure::Body;
use rayon::prelude::*;

use crate::error::{Problem, Source};
use crate::yaml::{Node, parse_foreign};

/// The folder of clusters.
pub const CLUSTERS: &str = "clusters";

/// Names that kustomize reads.
pub const KUSTOMIZATION: [&str; 3] = ["kustomization.yaml", "kustomization.yml", "Kustomization"];

/// A repository: its texts, and what those that Flux reads say.
#[derive(Debug, Default)]
pub struct Index {
    /// Texts by path: every YAML and Terraform file, and whatever lies in dot-folders asked for.
    pub texts: BTreeMap<String, Arc<Source>>,
    /// Every file there is, read or not.
    pub paths: BTreeSet<String>,
    /// The documents of each file that lies in `clusters/`, or that one of those leads to.
    pub files: BTreeMap<String, Vec<Node>>,
    /// Every Flux Kustomization in `clusters/`, by file.
    pub kustomizations: Vec<FluxKustomization>,
    /// Files that could not be read, and why.
    pub problems: Vec<Problem>,
    /// Paths of those that should have been parsed.
    broken: BTreeSet<String>,
    /// Files that `.sourceignore` keeps from Flux.
    pub hidden: BTreeSet<String>,
    /// Symbolic links, which Flux leaves out of what it stores.
    pub links: BTreeSet<String>,
    /// Files that a template language makes: what they will say is not known.
    pub templated: BTreeSet<String>,
    /// Patches that are written into a file as text, parsed. Only of a repository that was read as a whole.
    pub inline: BTreeMap<String, Inline>,
    /// Files of Terraform, parsed. Only of a repository that was read as a whole.
    pub hcl: BTreeMap<String, Body>,
    /// Files of Terraform that cannot be parsed.
    pub broken_hcl: BTreeMap<String, terraform::BrokenHcl>,
}

/// Patches of a file that are written as text: the byte at which the text stands, and its documents. Their spans are
/// those in that text.
pub type Inline = BTreeMap<usize, Vec<Node>>;

impl Index {
    /// Indexes texts by path.
    pub fn new(texts: BTreeMap<String, Arc<Source>>) -> Self {
        let mut index = Self {
            paths: texts.keys().cloned().collect(),
            texts,
            ..Self::default()
        };
        index.build();
        index
    }

    fn build(&mut self) {
        let prefix = format!("{CLUSTERS}/");
        let below: Vec<String> = self
            .texts
            .keys()
            .filter(|path| path.starts_with(&prefix) && is_yaml(path))
            .cloned()
            .collect();
        for path in &below {
            self.parse(path, false);
        }
        self.kustomizations = below
            .iter()
            .filter_map(|path| Some((path, self.files.get(path)?)))
            .flat_map(|(path, documents)| {
                documents
                    .iter()
                    .filter_map(|document| FluxKustomization::read(path, document))
            })
            .collect();
        self.follow();
    }

    /// Parses a file, once. Without `must`, only one that says that it is an object.
    fn parse(&mut self, path: &str, must: bool) {
        let Some(source) = self.texts.get(path) else {
            return;
        };
        if self.files.contains_key(path) || self.broken.contains(path) {
            return;
        }
        let object = |line: &str| line.starts_with("kind:") || line.starts_with('{');
        if !must && !is_kustomization(path) && !source.text.lines().any(object) {
            return;
        }
        match parse_foreign(source) {
            Ok(documents) => {
                self.files.insert(path.to_owned(), documents);
            }
            Err(error) => {
                self.broken.insert(path.to_owned());
                self.problems.extend(error.problems);
            }
        }
    }

    /// Parses what the Flux Kustomizations lead to.
    fn follow(&mut self) {
        let mut seen: BTreeSet<String> = BTreeSet::new();
        let mut queue: VecDeque<String> = self
            .kustomizations
            .iter()
            .filter_map(FluxKustomization::folder)
            .collect();
        while let Some(folder) = queue.pop_front() {
            if !seen.insert(folder.clone()) {
                continue;
            }
            let Some(file) = self.kustomization_file(&folder) else {
                // Flux makes one of all that is there.
                let prefix = format!("{folder}/");
                let all: Vec<String> = self
                    .texts
                    .keys()
                    .filter(|path| path.starts_with(&prefix) && is_yaml(path))
                    .cloned()
                    .collect();
                for path in all {
                    self.parse(&path, false);
                }
                continue;
            };
            self.parse(&file, true);
            for target in self.resources(&folder) {
                if self.texts.contains_key(&target) {
                    self.parse(&target, true);
                } else {
                    queue.push_back(target);
                }
            }
            for patch in self.patches(&folder) {
                self.parse(&patch, true);
            }
        }
    }

    /// The kustomization of a folder.
    pub fn kustomization_file(&self, folder: &str) -> Option<String> {
        KUSTOMIZATION
            .iter()
            .map(|name| match folder {
                "" => (*name).to_owned(),
                folder => format!("{folder}/{name}"),
            })
            .find(|path| self.texts.contains_key(path))
    }

    /// The kustomization of a folder, parsed.
    fn kustomization_of(&self, folder: &str) -> Option<&Node> {
        self.files.get(&self.kustomization_file(folder)?)?.first()
    }

    /// Files and folders of this repository that the kustomization of a folder lists, in its order.
    pub fn resources(&self, folder: &str) -> Vec<String> {
        self.resource_nodes(folder)
            .into_iter()
            .map(|(path, _)| path)
            .collect()
    }

    /// The same, each with the scalar that names it.
    pub fn resource_nodes(&self, folder: &str) -> Vec<(String, &Node)> {
        let Some(node) = self.kustomization_of(folder) else {
            return Vec::new();
        };
        ["resources", "components", "bases"]
            .iter()
            .filter_map(|key| node.get(key))
            .flat_map(Node::items)
            .filter_map(|item| Some((join(folder, item.text()?)?, item)))
            .filter(|(path, _)| self.texts.contains_key(path) || self.has_folder(path))
            .collect()
    }

    /// Files that the kustomization of a folder patches with.
    fn patches(&self, folder: &str) -> Vec<String> {
        let Some(node) = self.kustomization_of(folder) else {
            return Vec::new();
        };
        let patches = node.get("patches").into_iter().flat_map(Node::items);
        let merges = node.get("patchesStrategicMerge");
        patches
            .filter_map(|patch| patch.get("path"))
            .chain(merges.into_iter().flat_map(Node::items))
            .filter_map(|path| join(folder, path.text()?))
            .filter(|path| self.texts.contains_key(path))
            .collect()
    }

    /// Whether there is any file below a folder.
    pub fn has_folder(&self, folder: &str) -> bool {
        let prefix = format!("{folder}/");
        self.paths
            .range(prefix.clone()..)
            .next()
            .is_some_and(|path| path.starts_with(&prefix))
    }

    /// Names of the files in a folder.
    pub fn names_in<'a>(&'a self, folder: &'a str) -> impl Iterator<Item = &'a str> {
        self.paths
            .range(format!("{folder}/")..)
            .map_while(move |path| path.strip_prefix(folder)?.strip_prefix('/'))
            .filter(|name| !name.contains('/'))
    }

    /// Whether a file should have been parsed and could not be.
    pub fn is_broken(&self, path: &str) -> bool {
        self.broken.contains(path)
    }

    /// A Flux Kustomization of a cluster, by name.
    pub fn kustomization(&self, cluster: &str, name: &str) -> Option<&FluxKustomization> {
        self.kustomizations
            .iter()
            .find(|k| k.cluster == cluster && k.name.value == name)
    }

    /// The Flux Kustomizations of a cluster.
    pub fn on<'a>(&'a self, cluster: &'a str) -> impl Iterator<Item = &'a FluxKustomization> {
        self.kustomizations
            .iter()
            .filter(move |k| k.cluster == cluster)
    }

    /// The chart and source versions that a folder comes to, a patch before what it patches.
    pub fn versions(&self, folder: &str) -> Vec<Version> {
        self.versions_of(folder, &mut BTreeSet::new())
    }

    /// The version that a file sets.
    pub fn version_in(&self, path: &str) -> Option<Version> {
        let mut documents = self.files.get(path)?.iter();
        documents.find_map(|document| Version::read(path, document))
    }

    fn versions_of(&self, folder: &str, seen: &mut BTreeSet<String>) -> Vec<Version> {
        if !seen.insert(folder.to_owned()) {
            return Vec::new();
        }
        let read = |path: &str| -> Vec<Version> {
            let documents = self.files.get(path).into_iter().flatten();
            documents.filter_map(|d| Version::read(path, d)).collect()
        };
        let mut versions = Vec::new();
        for target in self.resources(folder) {
            if self.texts.contains_key(&target) {
                versions.extend(read(&target));
            } else {
                versions.extend(self.versions_of(&target, seen));
            }
        }
        for patch in self.patches(folder).iter().flat_map(|path| read(path)) {
            let patched = versions
                .iter_mut()
                .find(|v| (&v.kind, &v.name) == (&patch.kind, &patch.name));
            if let Some(patched) = patched {
                *patched = patch;
            }
        }
        versions
    }

    /// The files that a cluster's Flux reads: from the cluster's folder on, through kustomizations and the paths of
    /// Flux Kustomizations.
    pub fn reached(&self, cluster: &str) -> BTreeSet<&str> {
        let mut files: BTreeSet<&str> = BTreeSet::new();
        let mut seen: BTreeSet<String> = BTreeSet::new();
        let mut queue = VecDeque::from([format!("{CLUSTERS}/{cluster}")]);
        while let Some(folder) = queue.pop_front() {
            if !seen.insert(folder.clone()) {
                continue;
            }
            let mut read: Vec<String> = Vec::new();
            if let Some(file) = self.kustomization_file(&folder) {
                read.push(file);
                for target in self.resources(&folder) {
                    if self.paths.contains(&target) {
                        read.push(target);
                    } else {
                        queue.push_back(target);
                    }
                }
            } else {
                // Flux makes one of all that is there.
                let prefix = format!("{folder}/");
                let all = self.paths.range(prefix.clone()..);
                let all = all.take_while(|path| path.starts_with(&prefix));
                read.extend(all.filter(|path| is_yaml(path)).cloned());
            }
            for path in read {
                let new = self.paths.get(&path).is_some_and(|path| files.insert(path));
                let units = self.kustomizations.iter().filter(|unit| unit.file == path);
                if new {
                    queue.extend(units.filter_map(FluxKustomization::folder));
                }
            }
        }
        files
    }

    /// What each YAML file of the repository says of other files and folders, read or not; one that cannot be parsed
    /// says nothing.
    pub fn references(&self) -> Vec<(&Arc<Source>, Vec<Reference>)> {
        let yaml = self.texts.par_iter().filter(|(path, source)| {
            (is_yaml(path) || is_kustomization(path)) && names_paths(path, &source.text)
        });
        let found = yaml.filter_map(|(path, source)| {
            let found = match self.files.get(path) {
                Some(documents) => references(path, documents),
                None => references(path, &parse_foreign(source).ok()?),
            };
            Some((source, found))
        });
        found.filter(|(_, found)| !found.is_empty()).collect()
    }

    /// 1-based line of a byte of a file.
    pub fn line(&self, path: &str, at: usize) -> usize {
        let source = self.texts.get(path);
        source.map_or(1, |source| source.line_column(at).0)
    }
}

fn is_yaml(path: &str) -> bool {
    path.ends_with(".yaml") || path.ends_with(".yml")
}

/// Whether kustomize reads a file of this path as a kustomization.
pub fn is_kustomization(path: &str) -> bool {
    KUSTOMIZATION.contains(&path.rsplit('/').next().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index(files: &[(&str, &str)]) -> Index {
        let texts = files
            .iter()
            .map(|(path, text)| ((*path).to_owned(), Source::new(*path, *text)));
        Index::new(texts.collect())
    }

    fn sync(name: &str, path: &str) -> String {
        format!(
            "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata:\n  name: {name}\n\
             spec:\n  path: {path}\n  suspend: true\n  dependsOn:\n    - name: cilium\n"
        )
    }

    const OCI: &str = "apiVersion: source.toolkit.fluxcd.io/v1\nkind: OCIRepository\nmetadata: {name: x}\n\
                       spec: {ref: {tag: \"1.0.0\"}}\n";

    #[test]
    fn follows_paths_and_patches() {
        let sync = sync("x", "./clusters/prod/apps/x");
        let index = index(&[
            ("clusters/prod/apps/x.yaml", &sync),
            (
                "clusters/prod/apps/x/kustomization.yaml",
                "resources:\n  - ../../../../shared/x\npatches:\n  - path: version.yaml\n",
            ),
            (
                "clusters/prod/apps/x/version.yaml",
                &OCI.replace("1.0.0", "0.9.0"),
            ),
            (
                "shared/x/kustomization.yaml",
                "resources: [oci.yaml, https://h/y.yaml]\n",
            ),
            ("shared/x/oci.yaml", OCI),
            ("shared/x/values.yaml", "a: [broken\n"),
            ("shared/unused.yaml", "kind: [broken\n"),
        ]);
        assert_eq!(index.problems, Vec::new());
        let unit = index.kustomization("prod", "x").unwrap();
        assert!(unit.suspended);
        assert_eq!(unit.depends_on[0].value, "cilium");
        assert_eq!(unit.folder().as_deref(), Some("clusters/prod/apps/x"));
        let versions = index.versions("clusters/prod/apps/x");
        assert_eq!(versions.len(), 1);
        assert_eq!(versions[0].value.value, "0.9.0");
        assert_eq!(versions[0].file, "clusters/prod/apps/x/version.yaml");
        assert_eq!(index.versions("shared/x")[0].value.value, "1.0.0");
    }

    #[test]
    fn broken_files_are_told_and_the_rest_is_read() {
        let sync = sync("x", "./apps/x/");
        let index = index(&[
            ("clusters/a/apps/x.yaml", &sync),
            (
                "clusters/a/apps/y.yaml",
                "<<<<<<< HEAD\nkind: Kustomization\n",
            ),
            ("apps/x/one.yaml", "kind: A\nkind: B\n"),
            ("apps/x/two.yaml", OCI),
        ]);
        let problems: Vec<String> = index.problems.iter().map(ToString::to_string).collect();
        assert_eq!(problems.len(), 2, "{problems:?}");
        assert!(problems[0].starts_with("clusters/a/apps/y.yaml:"));
        assert!(problems[1].starts_with("apps/x/one.yaml:2:1: the key `kind` stands twice"));
        assert!(index.is_broken("clusters/a/apps/y.yaml"));
        assert!(index.files.contains_key("apps/x/two.yaml"));
    }

    #[test]
    fn circles_end() {
        let sync = sync("x", "./a");
        let index = index(&[
            ("clusters/a/x.yaml", &sync),
            ("a/kustomization.yaml", "resources: [../b]\n"),
            ("b/kustomization.yaml", "resources: [../a, ../../outside]\n"),
        ]);
        assert_eq!(index.versions("a"), Vec::new());
    }
}
