//! Values that come from a key that the `ConfigMap` or Secret does not have.

use super::common::{applied, is_slip};
use crate::check::finding::{Findings, Severity, Spot};
use crate::check::registry::Rule;
use crate::index::{Generated, Lookup, Origin, Repository, group};
use crate::yaml::Node;

pub(in crate::check) const RULE: Rule = Rule {
    id: "missing-key",
    severity: Severity::Error,
    summary: "valuesFrom takes a key that the ConfigMap or Secret does not have",
    check,
};

/// The key that is taken if none is named (helm-controller, `docs/spec/v2/helmreleases.md`).
const USUAL: &str = "values.yaml";

fn check(repository: &Repository<'_>, findings: &mut Findings) {
    for object in applied(repository, group::HELM, "HelmRelease") {
        for item in object.effective.items(&["spec", "valuesFrom"]) {
            let text = |key: &str| item.get(key).and_then(|node| node.text());
            let (Some(kind), Some(name)) = (text("kind"), text("name")) else {
                continue;
            };
            let namespace = object.built.namespace.as_deref();
            let found = object
                .cluster
                .find(kind, namespace, name, repository.objects);
            let Lookup::Found(_, built) = found else {
                continue;
            };
            let (at, keys) = match &built.origin {
                Origin::Object(id) if built.patches.is_empty() => {
                    let object = &repository.objects.all[*id];
                    // Another may add keys to it.
                    if object.mark("kustomize.toolkit.fluxcd.io/ssa").is_some() {
                        continue;
                    }
                    (Spot::name(object), written(object.node))
                }
                Origin::Object(_) => continue,
                Origin::Generated(generated) => {
                    let at = Spot::node(generated.source, generated.node);
                    (at, generated_keys(generated))
                }
            };
            let Some(keys) = keys else { continue };
            let key = text("valuesKey").unwrap_or(USUAL);
            let Some(key) = object.unit.variables.fill(key) else {
                continue;
            };
            if keys.contains(&key) {
                continue;
            }
            // Left out without a word (fluxcd/pkg, `chartutil.ChartValuesFromReferences`).
            let optional = text("optional") == Some("true");
            let near = keys.iter().find(|near| is_slip(&key, near));
            if optional && near.is_none() && !keys.is_empty() {
                continue;
            }
            let message = format!(
                "HelmRelease {} takes {key} from {kind} {name}, which has no such key",
                object.built.name
            );
            let node = item.get("valuesKey").or_else(|| item.get("name"));
            let spot = node.map_or_else(|| Spot::from(&item), |node| Spot::from(&node));
            let finding = findings.add(spot, message);
            finding.on(object.cluster);
            finding.effect(format!(
                "{} is not installed or upgraded: \"missing key\"",
                object.built.name
            ));
            finding.hint(match keys.as_slice() {
                [] => format!("give {name} the key {key}"),
                keys => format!("it has {}: name one by valuesKey", keys.join(", ")),
            });
            if optional {
                finding.severity(Severity::Warning);
                finding.effect("they are left out without a word");
            }
            finding.related(at, "it is made here");
        }
    }
}

/// The keys of an object as it is written. One without any is there to be filled: by an operator (secret-generator,
/// replicator, reflector), or by somebody's hand.
fn written(node: &Node) -> Option<Vec<String>> {
    let maps = ["data", "stringData", "binaryData"];
    let keys = maps
        .iter()
        .filter_map(|map| node.get(map))
        .flat_map(Node::entries);
    let keys: Vec<String> = keys
        .filter_map(|(key, _)| Some(key.text()?.to_owned()))
        .collect();
    (!keys.is_empty()).then_some(keys)
}

/// The keys that a generator gives: of files their names, unless one is said, and of literals what stands before `=`.
/// What an `envs` file or another kustomization merges into it is not known.
fn generated_keys(generated: &Generated<'_>) -> Option<Vec<String>> {
    let node = generated.node;
    let bare = node.get("files").is_none() && node.get("literals").is_none();
    if bare
        || generated.merged
        || node.get("envs").is_some()
        || node.get("env").is_some()
        || node.get("behavior").is_some()
    {
        return None;
    }
    let list = |key: &str| {
        node.get(key)
            .into_iter()
            .flat_map(Node::items)
            .filter_map(Node::text)
    };
    let files = list("files").map(|file| match file.split_once('=') {
        Some((key, _)) => key,
        None => file.rsplit('/').next().unwrap_or(file),
    });
    let literals = list("literals").filter_map(|literal| Some(literal.split_once('=')?.0));
    Some(files.chain(literals).map(str::to_owned).collect())
}
