//! Objects: documents that say what they are.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use super::{Index, Reference, Role, is_kustomization};
use crate::error::Source;
use crate::yaml::Node;

/// Number of an object in a repository.
pub type ObjectId = usize;

/// A document with `apiVersion` and `kind`.
#[derive(Debug, Clone, Copy)]
pub struct Object<'a> {
    /// Its file.
    pub source: &'a Arc<Source>,
    /// All of it.
    pub node: &'a Node,
    /// `apiVersion`.
    pub api: &'a str,
    /// `kind`.
    pub kind: &'a str,
    /// `metadata.name`; blank where only `generateName` is there, or nothing.
    pub name: &'a str,
    /// `metadata.namespace`.
    pub namespace: Option<&'a str>,
    /// Whether it is one of those that a `ResourceSet` makes: kustomize does not look into that.
    pub nested: bool,
}

/// Numbers of the objects of a kind, whatever its group.
#[derive(Debug, Default)]
struct OfKind<'a> {
    all: Vec<ObjectId>,
    named: HashMap<&'a str, Vec<ObjectId>>,
}

/// The objects of a repository.
#[derive(Debug, Default)]
pub struct Objects<'a> {
    /// All of them, by file.
    pub all: Vec<Object<'a>>,
    /// Their numbers, by file.
    pub by_file: BTreeMap<&'a str, Vec<ObjectId>>,
    by_kind: HashMap<&'a str, OfKind<'a>>,
    /// What each file says of others.
    pub references: Vec<(&'a Arc<Source>, Vec<Reference>)>,
}

impl<'a> Objects<'a> {
    /// Those of an index.
    pub fn of(index: &'a Index) -> Self {
        let mut objects = Self {
            references: index.references(),
            ..Self::default()
        };
        let parts = parts(&objects.references);
        for (path, documents) in &index.files {
            if parts.contains(path) || index.hidden.contains(path) {
                continue;
            }
            let Some(source) = index.texts.get(path) else {
                continue;
            };
            let first = objects.all.len();
            for document in documents {
                Object::read(source, document, false, &mut objects.all);
            }
            let ids = first..objects.all.len();
            if !ids.is_empty() && !is_kustomization(path) {
                objects.by_file.insert(path, ids.collect());
            }
        }
        for (id, object) in objects.all.iter().enumerate() {
            let like = objects.by_kind.entry(object.kind).or_default();
            like.all.push(id);
            like.named.entry(object.name).or_default().push(id);
        }
        objects
    }

    /// Those of a kind of any group, and a name, in any namespace.
    pub fn named<'s>(&'s self, kind: &str, name: &str) -> impl Iterator<Item = &'s Object<'a>> {
        let like = self.by_kind.get(kind);
        let ids = like.and_then(|like| like.named.get(name));
        ids.into_iter().flatten().map(|id| &self.all[*id])
    }

    /// Those of a kind, of whatever group.
    pub fn of_name<'s>(&'s self, kind: &str) -> impl Iterator<Item = &'s Object<'a>> {
        let like = self.by_kind.get(kind).into_iter();
        like.flat_map(|like| &like.all).map(|id| &self.all[*id])
    }

    /// Those of a kind.
    pub fn of_kind<'s>(
        &'s self,
        group: &'static str,
        kind: &'static str,
    ) -> impl Iterator<Item = (ObjectId, &'s Object<'a>)> {
        let ids = self
            .by_kind
            .get(kind)
            .into_iter()
            .flat_map(|like| &like.all);
        let all = ids.map(|id| (*id, &self.all[*id]));
        all.filter(move |(_, object)| object.is(group, kind))
    }
}

/// Files that a kustomization takes for something else than objects: patches, what generators read, what configures
/// kustomize.
fn parts(references: &[(&Arc<Source>, Vec<Reference>)]) -> BTreeSet<String> {
    let (mut parts, mut resources) = (BTreeSet::new(), BTreeSet::new());
    for (_, found) in references {
        for reference in found {
            let set = match reference.role {
                Role::Patch | Role::Generator | Role::Configuration => &mut parts,
                _ => &mut resources,
            };
            set.insert(reference.to.clone());
        }
    }
    parts.retain(|path| !resources.contains(path));
    parts
}

impl<'a> Object<'a> {
    /// Reads a document; those of a list of objects are its items, and a `ResourceSet` brings its resources along.
    fn read(source: &'a Arc<Source>, node: &'a Node, nested: bool, found: &mut Vec<Self>) {
        let text = |path: &[&str]| node.at(path).and_then(Node::text);
        let (Some(api), Some(kind)) = (text(&["apiVersion"]), text(&["kind"])) else {
            return;
        };
        // Encrypted as a whole: what it is nobody can say.
        if kind.starts_with("ENC[") {
            return;
        }
        if kind.ends_with("List")
            && let Some(items) = node.get("items")
        {
            for item in items.items() {
                Self::read(source, item, nested, found);
            }
            return;
        }
        if kind == "ResourceSet" && api.starts_with(group::OPERATOR) {
            let resources = node.at(&["spec", "resources"]);
            for item in resources.into_iter().flat_map(Node::items) {
                Self::read(source, item, true, found);
            }
        }
        found.push(Self {
            source,
            node,
            api,
            kind,
            name: text(&["metadata", "name"]).unwrap_or_default(),
            namespace: text(&["metadata", "namespace"]),
            nested,
        });
    }

    /// The path of its file.
    pub fn file(&self) -> &'a str {
        &self.source.name
    }

    /// The group of `apiVersion`; blank for the core's.
    pub fn group(&self) -> &'a str {
        self.api.split_once('/').map_or("", |(group, _)| group)
    }

    /// The version of `apiVersion`.
    pub fn version(&self) -> &'a str {
        self.api.rsplit('/').next().unwrap_or_default()
    }

    /// Whether it is of a kind of a group, in whatever version.
    pub fn is(&self, group: &str, kind: &str) -> bool {
        self.kind == kind && self.group() == group
    }

    /// The scalar of its name, or else all of it.
    pub fn name_node(&self) -> &'a Node {
        self.node.at(&["metadata", "name"]).unwrap_or(self.node)
    }

    /// An annotation or a label.
    pub fn mark(&self, key: &str) -> Option<&'a Node> {
        ["annotations", "labels"]
            .iter()
            .find_map(|map| self.node.at(&["metadata", map])?.get(key))
    }

    /// `Kind namespace/name`, as Flux tells it.
    pub fn title(&self) -> String {
        match self.namespace {
            Some(namespace) => format!("{} {namespace}/{}", self.kind, self.name),
            None => format!("{} {}", self.kind, self.name),
        }
    }
}

/// Groups of Flux's own kinds.
pub mod group {
    /// `Kustomization`.
    pub const KUSTOMIZE: &str = "kustomize.toolkit.fluxcd.io";
    /// `HelmRelease`.
    pub const HELM: &str = "helm.toolkit.fluxcd.io";
    /// Sources.
    pub const SOURCE: &str = "source.toolkit.fluxcd.io";
    /// `Alert`, `Provider`, `Receiver`.
    pub const NOTIFICATION: &str = "notification.toolkit.fluxcd.io";
    /// `FluxInstance`, `ResourceSet` and the operator's others.
    pub const OPERATOR: &str = "fluxcd.controlplane.io";
    /// `ArtifactGenerator`.
    pub const EXTENSIONS: &str = "source.extensions.fluxcd.io";
    /// Image automation.
    pub const IMAGE: &str = "image.toolkit.fluxcd.io";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_and_lists_are_read() {
        let text = "apiVersion: v1\nkind: List\nitems:\n  - {apiVersion: v1, kind: Secret, metadata: {name: a, \
                    namespace: b}}\n---\nx: 1\n---\napiVersion: a.b/v2\nkind: C\nmetadata: {labels: {k: v}}\n";
        let index = Index::of_texts([("f.yaml".to_owned(), text.to_owned())].into());
        let found = Objects::of(&index).all;
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].title(), "Secret b/a");
        assert_eq!((found[1].group(), found[1].version()), ("a.b", "v2"));
        assert_eq!(found[1].mark("k").and_then(Node::text), Some("v"));
    }
}
