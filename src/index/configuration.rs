//! What `configurations` of a kustomization add to what kustomize knows: fields that its transformers write.

use super::build::Built;
use super::document::Objects;
use super::effective::Layer;
use super::repository::effective;
use super::{Index, join};
use crate::yaml::Node;

/// What configures kustomize for a build. What a part of a build or a Component says holds for the whole (kustomize,
/// `accumulator/resaccumulator.go`: `MergeConfig`, `MergeAccumulator`).
#[derive(Debug, Default, Clone)]
pub(super) struct Configuration<'a> {
    /// Fields that get the namespace of a kustomization.
    namespaces: Vec<Field<'a>>,
    /// Whether there are further fields that name objects, so that kustomize rewrites them.
    pub names: bool,
    /// Whether something that is not followed may write fields of the Flux Kustomizations of the build.
    pub units: bool,
}

/// A field of objects of a kind (kustomize, `types/fieldspec.go`). Blank words stand for any.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Field<'a> {
    group: &'a str,
    kind: &'a str,
    path: Vec<&'a str>,
    /// Whether it is made where it lacks.
    create: bool,
}

/// The documents of the files that configure a kustomization.
fn files<'a>(folder: &str, node: &'a Node, index: &'a Index) -> impl Iterator<Item = &'a Node> {
    let list = node
        .get("configurations")
        .into_iter()
        .flat_map(Node::items)
        .filter_map(Node::text);
    let paths: Vec<String> = list.filter_map(|path| join(folder, path)).collect();
    paths
        .into_iter()
        .filter_map(|path| index.files.get(&path))
        .flatten()
}

impl<'a> Configuration<'a> {
    /// Takes in what files say.
    pub(super) fn read(&mut self, folder: &str, node: &'a Node, index: &'a Index) {
        self.units |= node.get("transformers").is_some();
        let replacements = node.get("replacements").into_iter().flat_map(Node::items);
        for replacement in replacements {
            let path = replacement.get("path").and_then(Node::text);
            let file = path.and_then(|path| index.files.get(&join(folder, path)?));
            self.units |= match file {
                Some(documents) => documents.iter().any(writes_units),
                None => writes_units(replacement),
            };
        }
        for file in files(folder, node, index) {
            self.names |= file.get("nameReference").is_some();
            let list = file.get("namespace").into_iter().flat_map(Node::items);
            self.namespaces.extend(list.filter_map(Field::read));
        }
    }

    /// Takes in what holds for a part of the build.
    pub(super) fn take(&mut self, other: &Self) {
        self.names |= other.names;
        self.units |= other.units;
        for field in &other.namespaces {
            if !self.namespaces.contains(field) {
                self.namespaces.push(field.clone());
            }
        }
    }

    /// Lays a namespace over the fields of the objects of a build that get it.
    pub(super) fn place(
        &self,
        namespace: &Layer<'a>,
        objects: &Objects<'a>,
        built: &mut [Built<'a>],
    ) {
        for field in &self.namespaces {
            for each in built.iter_mut() {
                let (group, kind) = (each.group(objects), each.kind(objects));
                let meant = (field.group.is_empty() || field.group == group)
                    && (field.kind.is_empty() || field.kind == kind);
                let there = || {
                    let all = effective(objects, each);
                    all.is_some_and(|all| all.at(&field.path).is_some())
                };
                if meant && (field.create || there()) {
                    each.patches.push(Layer {
                        under: field.path.clone(),
                        ..namespace.clone()
                    });
                }
            }
        }
    }
}

/// Whether a replacement, or one of a list, is for Flux Kustomizations, or for whatever kind.
fn writes_units(node: &Node) -> bool {
    let listed = node.items().iter().any(writes_units);
    let targets = node.get("targets").into_iter().flat_map(Node::items);
    let mut kinds = targets.map(|target| target.at(&["select", "kind"]).and_then(Node::text));
    listed || kinds.any(|kind| kind.is_none_or(|kind| kind == "Kustomization"))
}

impl<'a> Field<'a> {
    /// Reads one. `metadata` is looked after by kustomize itself, and what lies in lists by nobody here.
    fn read(node: &'a Node) -> Option<Self> {
        let text = |key: &str| node.get(key).and_then(Node::text);
        let path = text("path")?;
        let field = Self {
            group: text("group").unwrap_or_default(),
            kind: text("kind").unwrap_or_default(),
            path: path.split('/').collect(),
            create: text("create") == Some("true"),
        };
        let taken = field.path.first() == Some(&"metadata");
        (!taken && !path.contains(['[', '\\'])).then_some(field)
    }
}
