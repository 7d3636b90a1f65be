//! What Flux puts in for `${…}` after a build (`spec.postBuild`).

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::build::Origin;
use super::cluster::{Cluster, Lookup};
use super::document::Objects;
use super::effective::Effective;
use super::envsubst::{Piece, pieces};
use crate::yaml::Node;

/// The variables of a Flux Kustomization.
#[derive(Debug, Default)]
pub struct Variables<'a> {
    /// Whether it puts anything in at all.
    pub substitutes: bool,
    /// Variables by name; a value that is not known, as an encrypted one, is none.
    pub known: BTreeMap<&'a str, Option<Cow<'a, str>>>,
    /// Objects from which more come, and whose keys are not known.
    pub open: Vec<String>,
}

impl<'a> Variables<'a> {
    /// Those of a Flux Kustomization on a cluster, as far as it is read by now: what it takes them from is applied
    /// before it. `substitute` wins over `substituteFrom`, a later one of those over an earlier one. What applies it puts
    /// its own variables into it first.
    pub(super) fn of(
        effective: Option<&Effective<'a>>,
        namespace: &str,
        parent: Option<&Self>,
        cluster: &Cluster<'a>,
        objects: &Objects<'a>,
    ) -> Self {
        let mut variables = Self::default();
        let Some(effective) = effective else {
            return variables;
        };
        let from = effective.items(&["spec", "postBuild", "substituteFrom"]);
        let given = effective.entries(&["spec", "postBuild", "substitute"]);
        let always = effective.text(&["spec", "postBuild", "substituteStrategy"]) == Some("Always");
        // Without any variable nothing is put in (kustomize-controller, `StrictPostBuildSubstitutions`).
        variables.substitutes = !from.is_empty() || !given.is_empty() || always;
        for item in from {
            let text = |key: &str| item.get(key).and_then(|node| node.text());
            let (Some(kind), Some(name)) = (text("kind"), text("name")) else {
                continue;
            };
            let found = cluster.find(kind, Some(namespace), name, objects);
            let Lookup::Found(_, built) = found else {
                variables.open.push(format!("{kind} {name}"));
                continue;
            };
            let id = match &built.origin {
                Origin::Object(id) => *id,
                Origin::Generated(made) => {
                    if !variables.generated(made.node, kind) || made.merged {
                        variables.open.push(format!("{kind} {name}"));
                    }
                    continue;
                }
            };
            let object = super::repository::effective(objects, built);
            for map in ["data", "stringData"] {
                let entries = object.as_ref().map(|object| object.entries(&[map]));
                for (key, value) in entries.unwrap_or_default() {
                    let value = value.text().filter(|_| kind == "ConfigMap");
                    variables.known.insert(key, value.map(Cow::Borrowed));
                }
            }
            // What operations add to it one by one is not seen above.
            if built
                .patches
                .iter()
                .any(|patch| patch.node.entries().is_empty())
            {
                variables.open.push(format!("{kind} {name}"));
            }
            // What merges into it at the cluster is not known: Terraform may add keys of its own.
            if objects.all[id]
                .mark("kustomize.toolkit.fluxcd.io/ssa")
                .is_some()
            {
                variables.open.push(format!("{kind} {name}"));
            }
        }
        for (key, value) in given {
            let value = value.text().and_then(|text| match parent {
                Some(parent) if parent.substitutes && text.contains("${") => {
                    parent.fill(text).map(Cow::Owned)
                }
                _ => Some(Cow::Borrowed(text)),
            });
            variables.known.insert(key, value);
        }
        variables
    }

    /// Takes the variables of a generator, and tells whether its entry names them all: one from a file of lines does not.
    fn generated(&mut self, entry: &'a Node, kind: &str) -> bool {
        let items = |key: &str| entry.get(key).into_iter().flat_map(Node::items);
        for literal in items("literals").filter_map(Node::text) {
            if let Some((key, value)) = literal.split_once('=') {
                let value = value.trim_matches(['"', '\'']);
                self.known
                    .insert(key, (kind == "ConfigMap").then_some(Cow::Borrowed(value)));
            }
        }
        for file in items("files").filter_map(Node::text) {
            let key = match file.split_once('=') {
                Some((key, _)) => key,
                None => file.rsplit('/').next().unwrap_or(file),
            };
            self.known.insert(key, None);
        }
        ["envs", "env", "envFiles"]
            .iter()
            .all(|key| entry.get(key).is_none())
    }

    /// A text with everything put in. None if something in it is not known.
    pub fn fill(&self, text: &str) -> Option<String> {
        if !text.contains("${") {
            return Some(text.to_owned());
        }
        let mut filled = String::new();
        for piece in pieces(text) {
            match piece {
                Piece::Text(text) => filled.push_str(text),
                Piece::Variable(variable) => {
                    if !matches!(variable.operator, "" | ":=" | ":-" | "=") {
                        return None;
                    }
                    match (
                        self.known.get(variable.name).map(Option::as_deref),
                        variable.default,
                    ) {
                        (_, Some(default)) if default.contains("${") => return None,
                        (Some(Some("")), Some(default)) => filled.push_str(default),
                        // Line breaks are taken out of values (fluxcd/pkg, `kustomize/kustomize_varsub.go`).
                        (Some(Some(value)), _) => filled.push_str(&value.replace('\n', "")),
                        (None, Some(default)) if self.open.is_empty() => filled.push_str(default),
                        _ => return None,
                    }
                }
                Piece::Broken { .. } => return None,
            }
        }
        Some(filled)
    }
}
