//! Where the Flux of a cluster begins to read, and how that is known.

use super::Index;
use super::document::{Object, ObjectId};
use super::repository::{place, place_of};
use crate::yaml::Node;

/// A source of Flux, as something refers to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceName {
    /// `GitRepository`, `OCIRepository`, `Bucket` or `ExternalArtifact`.
    pub kind: String,
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

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
    pub(super) fn of_sync(object: &Object<'_>, sync: &Node, index: &Index) -> Option<Self> {
        let namespace = object.namespace.unwrap_or("flux-system");
        Self::of(Known::Instance, object.file(), namespace, sync, index)
    }

    /// As the values of its chart say it.
    pub(super) fn of_values(file: &str, sync: &Node, index: &Index) -> Option<Self> {
        Self::of(Known::Values, file, "flux-system", sync, index)
    }

    fn of(known: Known, file: &str, namespace: &str, sync: &Node, index: &Index) -> Option<Self> {
        let text = |key: &str| sync.get(key).and_then(Node::text);
        let (root, folder) = place(text("path")?, file, index)?;
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
    pub(super) fn of_itself(id: ObjectId, object: &Object<'_>, index: &Index) -> Option<Self> {
        let path = object
            .node
            .at(&["spec", "path"])
            .and_then(Node::text)
            .unwrap_or("./");
        let (root, folder) = place_of(path, object, index)?;
        Some(Self {
            known: Known::Itself,
            root,
            folder,
            object: Some(id),
            ..Self::implied("")
        })
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
