//! `healthChecks` of objects that are not applied.

use super::common::{applied, instead, is_slip};
use crate::check::facts::crds::BROUGHT;
use crate::check::finding::{Findings, Severity, Spot};
use crate::check::registry::Rule;
use crate::index::{Built, Lookup, Repository, Unit, group};

pub(in crate::check) const RULE: Rule = Rule {
    id: "missing-health-check",
    severity: Severity::Error,
    summary: "healthChecks names an object that is not there",
    check,
};

fn check(repository: &Repository<'_>, findings: &mut Findings) {
    for object in applied(repository, group::KUSTOMIZE, "Kustomization") {
        // With `wait` the list is not looked at (kustomize-controller, `docs/spec/v1/kustomizations.md`).
        if object.effective.text(&["spec", "wait"]) == Some("true") {
            continue;
        }
        let own = object.cluster.units.iter().find(|unit| {
            unit.name == object.built.name
                && Some(unit.namespace.as_str()) == object.built.namespace.as_deref()
        });
        let Some(unit) = own else { continue };
        for item in object.effective.items(&["spec", "healthChecks"]) {
            let text = |key: &str| item.get(key).and_then(|node| node.text());
            let (Some(kind), Some(node)) = (text("kind"), item.get("name")) else {
                continue;
            };
            let Some(name) = object.unit.variables.fill(node.text().unwrap_or_default()) else {
                continue;
            };
            // Without a namespace it is the Kustomization's own.
            let namespace = text("namespace").or(object.built.namespace.as_deref());
            if is_applied(unit, kind, namespace, &name, repository) {
                continue;
            }
            let group = known_group(kind, &name);
            if !unit.open.is_empty() && group.is_none() {
                continue;
            }
            let found = object
                .cluster
                .find(kind, namespace, &name, repository.objects);
            // What a chart or an operator makes is looked at too: only Flux's own kinds are surely files. Of others a
            // slip of one that the same Kustomization applies is told.
            let own = ["HelmRelease", "Kustomization"].contains(&kind);
            let slip = match found {
                Lookup::Found(..) | Lookup::Unknown => continue,
                Lookup::Near(near) => is_slip(&name, near) && applies(unit, kind, near, repository),
                _ => false,
            };
            if !own && !slip && group.is_none() {
                continue;
            }
            let message = format!(
                "Kustomization {} waits for the health of {kind} {name}, which is not there",
                unit.name
            );
            let finding = findings.add(Spot::from(&node), message);
            finding.on(object.cluster);
            finding.effect(format!(
                "{} is never ready: Flux says \"not found\" until the timeout",
                unit.name
            ));
            finding.hint("name what it applies, or take the entry away");
            instead(finding, &found, repository);
            if let Some(group) = group {
                let plural = name.split('.').next().unwrap_or_default();
                finding.hint(format!("did you mean `{plural}.{group}`?"));
            }
            if !own {
                finding.severity(Severity::Warning);
            }
        }
    }
}

/// The group that is meant by the name of a definition, if its own differs by a slip from one that is known.
fn known_group(kind: &str, name: &str) -> Option<&'static str> {
    let (_, group) = name
        .split_once('.')
        .filter(|_| kind == "CustomResourceDefinition")?;
    let mut groups = BROUGHT.iter().map(|brought| brought.group);
    if groups.clone().any(|known| known == group) {
        return None;
    }
    groups.find(|known| is_slip(group, known))
}

fn applies(unit: &Unit<'_>, kind: &str, name: &str, repository: &Repository<'_>) -> bool {
    let objects = repository.objects;
    let mut built = unit.built.iter();
    built.any(|built| built.kind(objects) == kind && built.name == name)
}

fn is_applied(
    unit: &Unit<'_>,
    kind: &str,
    namespace: Option<&str>,
    name: &str,
    repository: &Repository<'_>,
) -> bool {
    let objects = repository.objects;
    let is = |built: &Built<'_>| {
        let home = built.home(objects);
        built.name == name
            && built.kind(objects) == kind
            && (home.is_none() || namespace.is_none() || home == namespace)
    };
    unit.built.iter().any(is)
}
