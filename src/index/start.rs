//! Where the Flux of a cluster begins to read, and how that is known.

use std::collections::BTreeSet;

use super::build::{Builder, Origin};
use super::document::{Object, ObjectId, Objects, group};
use super::repository::{effective, place, place_of};
use super::roots::{MADE, Roots};
use super::source::{SourceName, source_of};
use super::{Index, folder_of, is_within};
use crate::yaml::Node;

/// Why a cluster is known to begin where it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known {
    /// A `FluxInstance` says so.
    Instance,
    /// The values of the chart flux-instance say so.
    Values,
    /// A Flux Kustomization that applies itself says so.
    Itself,
    /// Nothing says so: what it begins with, nothing in this repository applies.
    Implied,
}

/// Where the Flux of a cluster begins to read.
#[derive(Debug, Clone)]
pub struct Start {
    /// Why that is known.
    pub known: Known,
    /// The root of its source, seen from the repository's.
    pub root: String,
    /// The folder, from the root of the repository.
    pub folder: String,
    /// The source, where it is said.
    pub(super) source: Option<SourceName>,
    /// The address of that.
    pub(super) url: Option<String>,
    /// The Flux Kustomization that begins, where it is in the repository.
    pub(super) object: Option<ObjectId>,
    /// Its namespace and name.
    pub(super) namespace: String,
    pub(super) name: String,
}

impl Start {
    /// As a `FluxInstance` says it (flux-operator, `docs/api/v1/fluxinstance.md`). None if the folder is not here.
    pub(super) fn of_sync(
        object: &Object<'_>,
        sync: &Node,
        index: &Index,
        objects: &Objects<'_>,
    ) -> Option<Self> {
        let namespace = object.namespace.unwrap_or("flux-system");
        let from = (Known::Instance, object.file(), namespace);
        Self::of(from, sync, index, objects)
    }

    /// As the values of its chart say it.
    pub(super) fn of_values(
        file: &str,
        sync: &Node,
        index: &Index,
        objects: &Objects<'_>,
    ) -> Option<Self> {
        let from = (Known::Values, file, "flux-system");
        Self::of(from, sync, index, objects)
    }

    fn of(
        (known, file, namespace): (Known, &str, &str),
        sync: &Node,
        index: &Index,
        objects: &Objects<'_>,
    ) -> Option<Self> {
        let text = |key: &str| sync.get(key).and_then(Node::text);
        let (mut root, mut folder) = place(text("path")?, file, index)?;
        if folder.is_empty() && text("kind").is_some_and(|kind| MADE.contains(&kind)) {
            root = part(file, index, objects)?;
            folder.clone_from(&root);
        }
        let name = text("name").unwrap_or(namespace);
        Some(Self {
            known,
            root,
            folder,
            source: text("kind").map(|kind| SourceName {
                kind: kind.to_owned(),
                namespace: namespace.to_owned(),
                name: name.to_owned(),
            }),
            url: text("url").map(str::to_owned),
            object: None,
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        })
    }

    /// As a Flux Kustomization says that applies itself.
    pub(super) fn of_itself(
        id: ObjectId,
        object: &Object<'_>,
        index: &Index,
        roots: &Roots,
    ) -> Option<Self> {
        let path = object
            .node
            .at(&["spec", "path"])
            .and_then(Node::text)
            .unwrap_or("./");
        let (root, folder) = place_of(path, object, index, roots)?;
        Some(Self {
            known: Known::Itself,
            root,
            folder,
            object: Some(id),
            ..Self::implied("")
        })
    }

    /// The source that a cluster is read from, as its start says. Values of the chart flux-instance need not say the name
    /// nor the namespace: then both are the release's namespace, which the Flux Kustomizations that it begins with name too.
    pub(super) fn own_source(&self, builder: &mut Builder<'_>) -> Option<SourceName> {
        let said = self.source.clone()?;
        if self.known != Known::Values || said.name != "flux-system" {
            return Some(said);
        }
        let build = builder.build(&self.folder);
        let objects = builder.objects;
        let mut others = BTreeSet::new();
        for built in &build.built {
            let Origin::Object(id) = built.origin else {
                continue;
            };
            if !objects.all[id].is(group::KUSTOMIZE, "Kustomization") {
                continue;
            }
            let namespace = built.namespace.clone().unwrap_or_default();
            let source = effective(objects, built).and_then(|all| source_of(&all, &namespace));
            let source = source.filter(|source| source.kind == said.kind)?;
            others.insert((source.namespace, source.name));
        }
        let mut others = others.into_iter();
        match (others.next(), others.next()) {
            (Some((namespace, name)), None)
                if name == namespace && objects.named(&said.kind, &name).next().is_none() =>
            {
                Some(SourceName {
                    namespace,
                    name,
                    ..said
                })
            }
            _ => Some(said),
        }
    }

    /// A folder that holds what nothing here applies.
    pub(super) fn implied(folder: &str) -> Self {
        Self {
            known: Known::Implied,
            root: String::new(),
            folder: folder.to_owned(),
            source: None,
            url: None,
            object: None,
            namespace: String::new(),
            name: String::new(),
        }
    }
}

/// The folder of which an artifact is made that is read from its own root: that of the repository, if kustomize can
/// build it, and else the nearest one above what says so that has Flux Kustomizations.
fn part(file: &str, index: &Index, objects: &Objects<'_>) -> Option<String> {
    if index.kustomization_file("").is_some() {
        return Some(String::new());
    }
    let mut folder = folder_of(file);
    loop {
        let mut units = objects.of_kind(group::KUSTOMIZE, "Kustomization");
        if units.any(|(_, object)| !object.nested && is_within(object.file(), folder)) {
            return Some(folder.to_owned());
        }
        if folder.is_empty() {
            return None;
        }
        folder = folder_of(folder);
    }
}
