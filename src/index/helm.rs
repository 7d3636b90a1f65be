//! Helm releases, and the values that Flux merges for each.

use std::collections::{BTreeMap, BTreeSet};

use super::effective::Effective;
use super::flux::kind;
use super::source::SourceName;
use super::variables::Variables;
use super::{Index, join};
use crate::error::Result;
use crate::yaml::{Node, parse_foreign};

/// The key of a `ConfigMap` that holds values, where a release does not name another.
/// Source: <https://fluxcd.io/flux/components/helm/helmreleases/#values-references>
const KEY: &str = "values.yaml";

/// A Helm release, as Flux finds it in a folder.
#[derive(Debug, Clone, PartialEq)]
pub struct Release {
    /// Name of the `HelmRelease`.
    pub name: String,
    /// Its file.
    pub file: String,
    /// Its values, in the order in which later ones win.
    pub layers: Vec<Layer>,
    /// What else it takes values from that this repository does not have, in words.
    pub unknown: Vec<String>,
}

/// Values of a release from one place.
#[derive(Debug, Clone, PartialEq)]
pub struct Layer {
    /// The file.
    pub file: String,
    /// What it says there.
    pub values: Node,
}

/// The name and the namespace under which Flux keeps the release of a `HelmRelease` (helm-controller, `api/v2`:
/// `GetReleaseName`, `GetStorageNamespace`; the shortening of long names aside). None if a variable in it is not known.
pub fn release_id(
    effective: &Effective<'_>,
    variables: &Variables<'_>,
    name: &str,
    namespace: &str,
) -> Option<(String, String)> {
    let text = |key: &str| {
        effective
            .text(&["spec", key])
            .filter(|text| !text.is_empty())
    };
    let name = match (text("releaseName"), text("targetNamespace")) {
        (Some(name), _) => variables.fill(name)?,
        (None, Some(target)) => format!("{}-{name}", variables.fill(target)?),
        (None, None) => name.to_owned(),
    };
    let home = variables.fill(text("storageNamespace").unwrap_or(namespace))?;
    Some((name, home))
}

/// The source that a `HelmRelease` takes its chart from.
pub fn chart_source(effective: &Effective<'_>, namespace: &str) -> Option<SourceName> {
    let places: [&[&str]; 2] = [
        &["spec", "chartRef"],
        &["spec", "chart", "spec", "sourceRef"],
    ];
    places.into_iter().find_map(|place| {
        let source = effective.at(place)?;
        let text = |key: &str| source.get(key).and_then(|node| node.text());
        Some(SourceName {
            kind: text("kind")?.to_owned(),
            namespace: text("namespace").unwrap_or(namespace).to_owned(),
            name: text("name")?.to_owned(),
        })
    })
}

impl Index {
    /// The releases that a folder comes to, with their values. Patches of a release are not applied.
    ///
    /// # Errors
    /// A file of values is broken.
    pub fn releases(&self, folder: &str) -> Result<Vec<Release>> {
        let mut folders = Vec::new();
        self.chain(folder, &mut BTreeSet::new(), &mut folders);
        let mut maps = BTreeMap::new();
        for folder in &folders {
            maps.extend(self.generated(folder));
        }
        let mut releases = Vec::new();
        for folder in &folders {
            for file in self.resources(folder) {
                for document in self.files.get(&file).into_iter().flatten() {
                    if kind(document) == Some("HelmRelease") {
                        releases.push(self.release(&file, document, &maps)?);
                    }
                }
            }
        }
        Ok(releases)
    }

    /// A folder and those that it is laid over.
    fn chain(&self, folder: &str, seen: &mut BTreeSet<String>, found: &mut Vec<String>) {
        if !seen.insert(folder.to_owned()) {
            return;
        }
        for target in self.resources(folder) {
            if !self.texts.contains_key(&target) {
                self.chain(&target, seen, found);
            }
        }
        found.push(folder.to_owned());
    }

    /// The files that the `ConfigMap`s of a folder are made of, by name and key.
    fn generated(&self, folder: &str) -> Vec<((String, String), String)> {
        let generators = self
            .kustomization_of(folder)
            .and_then(|node| node.get("configMapGenerator"));
        let mut files = Vec::new();
        for map in generators.into_iter().flat_map(Node::items) {
            let Some(name) = map.get("name").and_then(Node::text) else {
                continue;
            };
            for file in map.get("files").into_iter().flat_map(Node::items) {
                let Some(text) = file.text() else {
                    continue;
                };
                let (key, path) = text
                    .split_once('=')
                    .unwrap_or((text.rsplit('/').next().unwrap_or(text), text));
                files.extend(
                    join(folder, path).map(|path| ((name.to_owned(), key.to_owned()), path)),
                );
            }
        }
        files
    }

    fn release(
        &self,
        file: &str,
        node: &Node,
        maps: &BTreeMap<(String, String), String>,
    ) -> Result<Release> {
        let text = |node: &Node, key: &str| node.get(key).and_then(Node::text).map(str::to_owned);
        let mut release = Release {
            name: node
                .at(&["metadata", "name"])
                .and_then(Node::text)
                .unwrap_or_default()
                .to_owned(),
            file: file.to_owned(),
            layers: Vec::new(),
            unknown: Vec::new(),
        };
        let from = node.at(&["spec", "valuesFrom"]);
        for source in from.into_iter().flat_map(Node::items) {
            let kind = text(source, "kind").unwrap_or_default();
            let name = text(source, "name").unwrap_or_default();
            let key = text(source, "valuesKey").unwrap_or_else(|| KEY.to_owned());
            if let Some(path) = text(source, "targetPath") {
                release
                    .unknown
                    .push(format!("{path}, from the {kind} {name}"));
                continue;
            }
            let made = maps.get(&(name.clone(), key.clone()));
            let source_text = made
                .and_then(|path| self.texts.get(path))
                .filter(|_| kind == "ConfigMap");
            let optional = text(source, "optional").as_deref() == Some("true");
            match (made, source_text) {
                (Some(path), Some(source)) => {
                    let values = parse_foreign(source)?.into_iter().next();
                    release.layers.extend(values.map(|values| Layer {
                        file: path.clone(),
                        values,
                    }));
                }
                // A cluster that does not differ has none.
                _ if optional && kind == "ConfigMap" => {}
                _ => release
                    .unknown
                    .push(format!("whatever is in the {kind} {name}, key {key}")),
            }
        }
        if let Some(values) = node.at(&["spec", "values"]) {
            release.layers.push(Layer {
                file: file.to_owned(),
                values: values.clone(),
            });
        }
        Ok(release)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Source;

    #[test]
    fn values_in_the_order_of_flux() {
        let files = [
            (
                "clusters/a/x.yaml",
                "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: x}\nspec: {path: over}\n",
            ),
            (
                "over/kustomization.yaml",
                "resources: [../base]\nconfigMapGenerator:\n  - name: x-more\n    files: [values.yaml=mine.yaml]\n",
            ),
            ("over/mine.yaml", "a: 2\n"),
            (
                "base/kustomization.yaml",
                "resources: [release.yaml]\nconfigMapGenerator:\n  - name: x\n    files: [values.yaml]\n",
            ),
            ("base/values.yaml", "a: 1\n"),
            (
                "base/release.yaml",
                "kind: HelmRelease\nmetadata: {name: x}\nspec:\n  valuesFrom:\n    - {kind: ConfigMap, name: x}\n    - {kind: ConfigMap, name: x-more, optional: true}\n    - {kind: ConfigMap, name: none, optional: true}\n    - {kind: Secret, name: s}\n    - {kind: Secret, name: s, valuesKey: p, targetPath: b.c}\n  values: {d: 1}\n",
            ),
        ];
        let texts = files.map(|(path, text)| (path.to_owned(), Source::new(path, text)));
        let index = Index::new(texts.into());
        let releases = index.releases("over").unwrap();
        let [release] = releases.as_slice() else {
            panic!("{releases:?}");
        };
        let layers: Vec<&str> = release
            .layers
            .iter()
            .map(|layer| layer.file.as_str())
            .collect();
        assert_eq!(
            layers,
            ["base/values.yaml", "over/mine.yaml", "base/release.yaml"]
        );
        assert_eq!(
            release.unknown,
            [
                "whatever is in the Secret s, key values.yaml",
                "b.c, from the Secret s"
            ]
        );
    }
}
