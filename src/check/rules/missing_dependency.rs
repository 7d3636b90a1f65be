//! `dependsOn` of something that is not there.

use super::common::{applied, instead, is_lost};
use crate::check::finding::{Findings, Severity, Spot};
use crate::check::registry::Rule;
use crate::index::{Known, Lookup, Repository, group};

pub(in crate::check) const RULE: Rule = Rule {
    id: "missing-dependency",
    severity: Severity::Error,
    summary: "dependsOn names something that is not there",
    check,
};

fn check(repository: &Repository<'_>, findings: &mut Findings) {
    let kinds = [
        (group::KUSTOMIZE, "Kustomization", "HelmRelease"),
        (group::HELM, "HelmRelease", "Kustomization"),
    ];
    for (group, kind, other) in kinds {
        for object in applied(repository, group, kind) {
            let own = object.built.namespace.as_deref();
            for item in object.effective.items(&["spec", "dependsOn"]) {
                let Some(node) = item.get("name") else {
                    continue;
                };
                let Some(name) = object.unit.variables.fill(node.text().unwrap_or_default()) else {
                    continue;
                };
                let said = item.get("namespace").and_then(|node| node.text());
                let said = said.map(|said| object.unit.variables.fill(said));
                let namespace = match &said {
                    // It says one, and which is not known.
                    Some(None) => continue,
                    Some(said) => said.as_deref(),
                    None => own,
                };
                let found = object
                    .cluster
                    .find(kind, namespace, &name, repository.objects);
                if matches!(found, Lookup::Found(..) | Lookup::Unknown) {
                    continue;
                }
                let foreign = object.cluster.find(other, None, &name, repository.objects);
                let is_other = matches!(foreign, Lookup::Found(..));
                let open =
                    object.cluster.start.known == Known::Implied || object.cluster.may_have_more();
                let lost = is_lost(&found, &name);
                if lost && !is_other && open && elsewhere(repository, kind, &name) {
                    continue;
                }
                let title = format!("{kind} {}", object.built.name);
                let message = format!("{title} waits for the {kind} {name}, which is not there");
                let finding = findings.add(Spot::from(&node), message);
                finding.on(object.cluster);
                finding.effect(format!(
                    "{} is never applied: Flux says \"dependency not found\"",
                    object.built.name
                ));
                finding.hint("name one that is on this cluster, or take the line away");
                if is_other {
                    finding.hint(format!(
                        "{name} is a {other}: a {kind} can wait for its own kind only; wait for the {kind} that brings it"
                    ));
                }
                instead(finding, &found, repository);
                if lost && !is_other && object.cluster.may_have_more() {
                    finding.severity(Severity::Hint);
                    let why = object.cluster.open.first().cloned().unwrap_or_default();
                    finding.hint(format!(
                        "nothing in this repository has this name ({why}, so it may be there)"
                    ));
                }
            }
        }
    }
}

/// Whether anything in the repository has the name.
fn elsewhere(repository: &Repository<'_>, kind: &str, name: &str) -> bool {
    let mut all = repository.objects.all.iter();
    all.any(|object| object.kind == kind && object.name == name)
}
