//! What a file says of other files and folders of the repository: kustomize's paths, and Flux's.

use std::ops::Range;

use super::path::{join, rooted};
use super::{folder_of, is_kustomization};
use crate::yaml::Node;

/// In what role a path is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// `resources` or `bases`: a file, or a folder with a kustomization.
    Resource,
    /// `components`: a folder with a kustomize Component.
    Component,
    /// A patch in a file of its own.
    Patch,
    /// A file that a generator reads.
    Generator,
    /// A file that configures kustomize itself: `configurations`, `crds`, `openapi`, `replacements`, `transformers`,
    /// `generators`, `validators`, the values of `helmCharts`.
    Configuration,
    /// `spec.path` of a Flux Kustomization: a folder.
    FluxPath,
    /// `spec.components` of a Flux Kustomization: a folder, seen from `spec.path`.
    FluxComponent,
    /// `spec.sync.path` of a `FluxInstance`: a folder.
    SyncPath,
}

impl Role {
    /// Whether it leads to a folder that kustomize builds, or may.
    pub fn is_built(self) -> bool {
        matches!(
            self,
            Self::Resource
                | Self::Component
                | Self::FluxPath
                | Self::FluxComponent
                | Self::SyncPath
        )
    }
}

/// A path of the repository as a file names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// What for.
    pub role: Role,
    /// The scalar that holds it, quotes included.
    pub span: Range<usize>,
    /// What stands before the path in the scalar: the key of a generator's file, with `=`.
    pub key: String,
    /// The path as written.
    pub text: String,
    /// The folder from which it is seen.
    pub from: String,
    /// The path from the root of the repository.
    pub to: String,
}

/// The paths that a file names. What leads out of the repository is none of them.
pub fn references(file: &str, documents: &[Node]) -> Vec<Reference> {
    let mut found = Vec::new();
    if is_kustomization(file) {
        let folder = folder_of(file);
        for document in documents {
            kustomize(folder, document, &mut found);
        }
        return found;
    }
    for document in documents {
        flux(document, &mut found);
    }
    found
}

/// Puts a scalar among those found, if it is a path inside the repository.
fn put(role: Role, from: &str, node: &Node, found: &mut Vec<Reference>) {
    let Some(text) = node.text().filter(|text| !text.contains('\n')) else {
        return;
    };
    let (key, text) = match text.split_once('=').filter(|_| role == Role::Generator) {
        Some((key, path)) => (format!("{key}="), path),
        None => (String::new(), text),
    };
    let to = match role {
        Role::FluxPath | Role::SyncPath => rooted(from, text),
        _ => join(from, text),
    };
    if let Some(to) = to {
        found.push(Reference {
            role,
            span: node.span.clone(),
            key,
            text: text.to_owned(),
            from: from.to_owned(),
            to,
        });
    }
}

/// The fields of kustomize's Kustomization and Component that name paths (kustomize API, `types/kustomization.go`).
fn kustomize(folder: &str, node: &Node, found: &mut Vec<Reference>) {
    let lists = [
        ("resources", Role::Resource),
        ("bases", Role::Resource),
        ("components", Role::Component),
        ("patchesStrategicMerge", Role::Patch),
        ("configurations", Role::Configuration),
        ("crds", Role::Configuration),
        ("generators", Role::Configuration),
        ("transformers", Role::Configuration),
        ("validators", Role::Configuration),
    ];
    for (key, role) in lists {
        for item in node.get(key).into_iter().flat_map(Node::items) {
            put(role, folder, item, found);
        }
    }
    let fields = [
        ("patches", "path", Role::Patch),
        ("patchesJson6902", "path", Role::Patch),
        ("replacements", "path", Role::Configuration),
        ("helmCharts", "valuesFile", Role::Configuration),
    ];
    for (key, field, role) in fields {
        for item in node.get(key).into_iter().flat_map(Node::items) {
            if let Some(path) = item.get(field) {
                put(role, folder, path, found);
            }
        }
    }
    for key in ["configMapGenerator", "secretGenerator"] {
        for generator in node.get(key).into_iter().flat_map(Node::items) {
            let files = ["files", "envs"]
                .iter()
                .filter_map(|key| generator.get(key));
            for item in files.flat_map(Node::items).chain(generator.get("env")) {
                put(Role::Generator, folder, item, found);
            }
        }
    }
    if let Some(path) = node.at(&["openapi", "path"]) {
        put(Role::Configuration, folder, path, found);
    }
}

fn flux(node: &Node, found: &mut Vec<Reference>) {
    let Some(api) = node.get("apiVersion").and_then(Node::text) else {
        return;
    };
    let kind = super::flux::kind(node);
    if api.starts_with("fluxcd.controlplane.io/") && kind == Some("FluxInstance") {
        if let Some(path) = node.at(&["spec", "sync", "path"]) {
            put(Role::SyncPath, "", path, found);
        }
    } else if api.starts_with("kustomize.toolkit.fluxcd.io/") && kind == Some("Kustomization") {
        let Some(path) = node.at(&["spec", "path"]) else {
            return;
        };
        put(Role::FluxPath, "", path, found);
        let folder = path.text().and_then(|path| rooted("", path));
        let components = node.at(&["spec", "components"]);
        for item in components.into_iter().flat_map(Node::items) {
            if let Some(folder) = &folder {
                put(Role::FluxComponent, folder, item, found);
            }
        }
    }
}

impl Reference {
    /// The scalar as it is to be written to name another path, in the quotes that it has in `text`.
    pub fn rewritten(&self, text: &str, path: &str) -> String {
        let quote = match text.as_bytes().get(self.span.start) {
            Some(b'"') => "\"",
            Some(b'\'') => "'",
            _ => "",
        };
        let dotted = self.text.starts_with("./") && !path.starts_with("..");
        let dot = if dotted { "./" } else { "" };
        let slash = if self.text.ends_with('/') { "/" } else { "" };
        format!("{quote}{}{dot}{path}{slash}{quote}", self.key)
    }
}

/// Whether a document may name paths at all; what is not parsed need not be then.
pub fn names_paths(file: &str, text: &str) -> bool {
    is_kustomization(file)
        || text.contains("kustomize.toolkit.fluxcd.io/")
        || text.contains("fluxcd.controlplane.io/")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Source;
    use crate::yaml::parse_foreign;

    fn all(file: &str, text: &str) -> Vec<Reference> {
        references(file, &parse_foreign(&Source::new(file, text)).unwrap())
    }

    #[test]
    fn every_path_of_a_kustomization_is_found() {
        let text = "resources: [a.yaml, ../b/, https://h/x]\nbases: [/abs]\ncomponents: [../c]\n\
                    patches:\n  - path: p.yaml\n  - patch: |\n      kind: A\n\
                    patchesStrategicMerge:\n  - |-\n    kind: A\n    x: 1\n\
                    configMapGenerator:\n  - files: [values.yaml=../../apps/x/values.yaml]\n    envs: [e.env]\n\
                    openapi: {path: schema.json}\n";
        let found = all("clusters/a/kustomization.yaml", text);
        let to: Vec<&str> = found.iter().map(|found| found.to.as_str()).collect();
        assert_eq!(
            to,
            [
                "clusters/a/a.yaml",
                "clusters/b",
                "clusters/c",
                "clusters/a/p.yaml",
                "apps/x/values.yaml",
                "clusters/a/e.env",
                "clusters/a/schema.json"
            ]
        );
        let values = &found[4];
        assert_eq!(values.key, "values.yaml=");
        assert_eq!(
            values.rewritten(text, "../../apps/y/values.yaml"),
            "values.yaml=../../apps/y/values.yaml"
        );
        assert_eq!(found[1].rewritten(text, "../d"), "../d/");
    }

    #[test]
    fn flux_names_folders_from_the_root() {
        let text = "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nspec:\n  path: \"./apps/x\"\n  \
                    components: [../y]\n---\napiVersion: fluxcd.controlplane.io/v1\nkind: FluxInstance\n\
                    spec: {sync: {path: clusters/a}}\n";
        let found = all("a.yaml", text);
        let to: Vec<(&str, Role)> = found.iter().map(|f| (f.to.as_str(), f.role)).collect();
        assert_eq!(
            to,
            [
                ("apps/x", Role::FluxPath),
                ("apps/y", Role::FluxComponent),
                ("clusters/a", Role::SyncPath)
            ]
        );
        assert_eq!(found[0].rewritten(text, "apps/z"), "\"./apps/z\"");
        assert!(all("values.yaml", "spec: {path: ./x}\n").is_empty());
    }
}
