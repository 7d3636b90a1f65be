//! Flux's objects, as far as they say what is where, in what order and in which version.

use std::ops::Range;

use super::{CLUSTERS, path};
use crate::yaml::{Node, Spanned};

/// A Flux Kustomization of a cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FluxKustomization {
    /// The cluster in whose folder it lies.
    pub cluster: String,
    /// Its file.
    pub file: String,
    /// The whole object.
    pub span: Range<usize>,
    /// Its name.
    pub name: Spanned<String>,
    /// The folder it applies, as written.
    pub path: Option<Spanned<String>>,
    /// Names of those it waits for.
    pub depends_on: Vec<Spanned<String>>,
    /// Whether Flux leaves it alone.
    pub suspended: bool,
}

impl FluxKustomization {
    /// Reads a document of a file in `clusters/`.
    pub(super) fn read(file: &str, node: &Node) -> Option<Self> {
        let (cluster, _) = file
            .strip_prefix(CLUSTERS)?
            .strip_prefix('/')?
            .split_once('/')?;
        let api = node.get("apiVersion")?.text()?;
        if !api.starts_with("kustomize.toolkit.fluxcd.io/") || kind(node)? != "Kustomization" {
            return None;
        }
        let waits = node.at(&["spec", "dependsOn"]);
        let depends_on = waits
            .into_iter()
            .flat_map(Node::items)
            .filter_map(|item| spanned(item.get("name")?));
        Some(Self {
            cluster: cluster.to_owned(),
            file: file.to_owned(),
            span: node.span.clone(),
            name: spanned(node.at(&["metadata", "name"])?)?,
            path: node.at(&["spec", "path"]).and_then(spanned),
            depends_on: depends_on.collect(),
            suspended: node
                .at(&["spec", "suspend"])
                .is_some_and(|suspend| suspend.text() == Some("true")),
        })
    }

    /// The folder it applies, from the root of the repository.
    pub fn folder(&self) -> Option<String> {
        path::rooted("", &self.path.as_ref()?.value)
    }
}

/// The version of a chart, or of manifests from elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// `OCIRepository`, `HelmRelease` or `GitRepository`.
    pub kind: String,
    /// Name of that object.
    pub name: String,
    /// Its file.
    pub file: String,
    /// The version.
    pub value: Spanned<String>,
}

impl Version {
    pub(super) fn read(file: &str, node: &Node) -> Option<Self> {
        Some(Self {
            kind: kind(node)?.to_owned(),
            name: node.at(&["metadata", "name"])?.text()?.to_owned(),
            file: file.to_owned(),
            value: spanned(version_node(node)?)?,
        })
    }
}

/// The scalar of an object that is a version, if it has one.
pub fn version_node(node: &Node) -> Option<&Node> {
    version_keys(kind(node)?)
        .iter()
        .find_map(|keys| node.at(keys))
}

/// Where a kind of object says its version, the first that is there.
pub(super) fn version_keys(kind: &str) -> &'static [&'static [&'static str]] {
    match kind {
        "OCIRepository" | "GitRepository" => &[
            &["spec", "ref", "tag"],
            &["spec", "ref", "semver"],
            &["spec", "ref", "digest"],
            &["spec", "ref", "commit"],
            &["spec", "ref", "branch"],
        ],
        "HelmRelease" => &[&["spec", "chart", "spec", "version"]],
        _ => &[],
    }
}

/// What kind of object a document is.
pub(super) fn kind(node: &Node) -> Option<&str> {
    node.get("kind")?.text()
}

fn spanned(node: &Node) -> Option<Spanned<String>> {
    Some(Spanned {
        value: node.text()?.to_owned(),
        span: node.span.clone(),
    })
}
