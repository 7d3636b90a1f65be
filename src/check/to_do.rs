//! Secrets that something on a cluster needs and nothing in the repository makes: somebody has to.

use std::collections::{BTreeMap, BTreeSet};

use super::finding::Spot;
use super::rules::Made;
use crate::error::Source;
use crate::index::{
    Built, Cluster, Index, Lookup, Origin, Repository, Unit, group, is_cluster_scoped, join,
};
use crate::yaml::Node;

/// A Secret that is to be made.
#[derive(Debug, Clone)]
pub struct ToDo {
    /// Its namespace; none if what needs it does not say.
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
    /// Its keys, as far as they are named.
    pub keys: BTreeSet<String>,
    /// The clusters that need it, by the folder where their Flux begins.
    pub clusters: BTreeSet<String>,
    /// What needs it: what it is, and the place that names it.
    pub users: Vec<(String, Spot)>,
}

/// Keys under which a map with `name` is a Secret that has to be there.
const MAPS: [&str; 2] = ["secretKeyRef", "secretRef"];

/// Keys of charts under which the name of a Secret stands that has to be there.
const NAMES: [&str; 2] = ["existingSecret", "pullSecret"];

/// What is found by a look at one document.
struct Needed<'n> {
    name: &'n Node,
    namespace: Option<&'n str>,
    key: Option<&'n str>,
}

/// The Secrets that are to be made, by namespace and name.
pub fn to_do(repository: &Repository<'_>) -> Vec<ToDo> {
    let mut all: BTreeMap<(Option<String>, String), ToDo> = BTreeMap::new();
    let made = Made::of(repository);
    for cluster in &repository.clusters {
        let operators = made_by_operators(cluster, repository);
        for unit in cluster.units.iter().filter(|unit| !unit.is_remote()) {
            for built in &unit.built {
                look(
                    cluster, unit, built, &made, &operators, repository, &mut all,
                );
            }
        }
    }
    all.into_values().collect()
}

fn look(
    cluster: &Cluster<'_>,
    unit: &Unit<'_>,
    built: &Built<'_>,
    made: &Made<'_>,
    operators: &BTreeSet<String>,
    repository: &Repository<'_>,
    all: &mut BTreeMap<(Option<String>, String), ToDo>,
) {
    let objects = repository.objects;
    let title = format!("{} {}", built.kind(objects), built.name);
    let scoped = is_cluster_scoped(built.kind(objects));
    let own = built.namespace.as_deref().filter(|_| !scoped);
    for (source, document) in documents(built, repository) {
        let mut needed = Vec::new();
        walk(document, "", &mut needed);
        if built.kind(objects) == "HelmRelease" || built.group(objects) == group::KUSTOMIZE {
            listed(document, &mut needed);
        }
        for one in needed {
            let text = one.name.text().unwrap_or_default();
            let Some(name) = unit.variables.fill(text).filter(|name| is_name(name)) else {
                continue;
            };
            let namespace = one.namespace.or(own);
            let found = cluster.find("Secret", namespace, &name, objects);
            if matches!(found, Lookup::Found(..) | Lookup::Unknown)
                || made.has("Secret", &name)
                || operators.contains(&name)
            {
                continue;
            }
            let key = (namespace.map(str::to_owned), name.clone());
            let to_do = all.entry(key).or_insert_with(|| ToDo {
                namespace: namespace.map(str::to_owned),
                name,
                keys: BTreeSet::new(),
                clusters: BTreeSet::new(),
                users: Vec::new(),
            });
            to_do.clusters.insert(cluster.label().to_owned());
            to_do.keys.extend(one.key.map(str::to_owned));
            let at = Spot::node(source, one.name);
            if !to_do.users.iter().any(|(_, known)| *known == at) {
                to_do.users.push((title.clone(), at));
            }
        }
    }
}

/// Endings of the Secrets that `CloudNativePG` makes of a Cluster (its page "Credentials").
const OF_DATABASE: [&str; 5] = ["-app", "-superuser", "-ca", "-server", "-replication"];

/// Names of the Secrets that operators make of what a cluster applies: `CloudNativePG` those of a Cluster, Crossplane
/// whatever `writeConnectionSecretToRef` names.
fn made_by_operators(cluster: &Cluster<'_>, repository: &Repository<'_>) -> BTreeSet<String> {
    let objects = repository.objects;
    let mut names = BTreeSet::new();
    for unit in &cluster.units {
        for built in &unit.built {
            if built.kind(objects) == "Cluster"
                && built.group(objects) == "postgresql.cnpg.io"
                && let Some(name) = unit.variables.fill(&built.name)
            {
                names.extend(OF_DATABASE.iter().map(|end| format!("{name}{end}")));
            }
            let written = || {
                let object = repository.object(built)?;
                let to = ["spec", "writeConnectionSecretToRef", "name"];
                unit.variables.fill(object.node.at(&to)?.text()?)
            };
            names.extend(written());
        }
    }
    names
}

/// What an object says: itself, or the files of values that a generator puts into it.
fn documents<'a>(
    built: &Built<'a>,
    repository: &Repository<'a>,
) -> Vec<(&'a std::sync::Arc<Source>, &'a Node)> {
    let index: &'a Index = repository.index;
    match &built.origin {
        Origin::Object(id) => {
            let object = &repository.objects.all[*id];
            vec![(object.source, object.node)]
        }
        Origin::Generated(made) if made.kind == "ConfigMap" => {
            let folder = crate::index::folder_of(&made.source.name);
            let files = made.node.get("files").into_iter().flat_map(Node::items);
            let paths = files.filter_map(|file| {
                let text = file.text()?;
                join(folder, text.split_once('=').map_or(text, |(_, path)| path))
            });
            paths
                .filter_map(|path| {
                    let (path, documents) = index.files.get_key_value(&path)?;
                    Some((index.texts.get(path)?, documents.first()?))
                })
                .collect()
        }
        Origin::Generated(_) => Vec::new(),
    }
}

/// Secrets named in a document, by the keys that name them.
fn walk<'n>(node: &'n Node, within: &str, needed: &mut Vec<Needed<'n>>) {
    let optional = |map: &Node| map.get("optional").and_then(Node::text) == Some("true");
    for (key, value) in node.entries() {
        let Some(key) = key.text() else { continue };
        let text = |of: &str| value.get(of).and_then(Node::text);
        let by_map = MAPS.contains(&key)
            // cert-manager makes what it keeps the key of an account in.
            || key.ends_with("SecretRef") && key != "privateKeySecretRef";
        if by_map && !optional(value) {
            if let Some(name) = value.get("name") {
                needed.push(Needed {
                    name,
                    namespace: text("namespace"),
                    key: text("key"),
                });
            }
        } else if value.text().is_some()
            && (NAMES.contains(&key)
                || key == "secretName" && within == "secret" && !optional(node))
        {
            needed.push(Needed {
                name: value,
                namespace: None,
                key: None,
            });
        } else if key == "imagePullSecrets" {
            needed.extend(value.items().iter().filter_map(|item| {
                Some(Needed {
                    name: item.get("name")?,
                    namespace: None,
                    key: None,
                })
            }));
        }
        walk(value, key, needed);
    }
    for item in node.items() {
        walk(item, within, needed);
    }
}

/// Secrets that a `HelmRelease` or a Flux Kustomization takes values from.
fn listed<'n>(document: &'n Node, needed: &mut Vec<Needed<'n>>) {
    for path in [
        &["spec", "valuesFrom"][..],
        &["spec", "postBuild", "substituteFrom"],
    ] {
        for item in document.at(path).into_iter().flat_map(Node::items) {
            let text = |key: &str| item.get(key).and_then(Node::text);
            if text("kind") == Some("Secret")
                && text("optional") != Some("true")
                && let Some(name) = item.get("name")
            {
                needed.push(Needed {
                    name,
                    namespace: None,
                    key: text("valuesKey"),
                });
            }
        }
    }
}

/// Whether a text is a name, and not something that a template fills in.
fn is_name(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-.".contains(c);
    !text.is_empty() && text.chars().all(plain)
}
