//! A source or a chart that is not there.

use super::common::{Applied, applied, instead};
use crate::check::finding::{Findings, Severity, Spot};
use crate::check::registry::Rule;
use crate::index::{Known, Located, Lookup, Repository, group};

pub(in crate::check) const RULE: Rule = Rule {
    id: "missing-source",
    severity: Severity::Error,
    summary: "a sourceRef or chartRef names a source that is not there",
    check,
};

/// Where each kind names a source, and what the field is called.
const PLACES: [(&str, &str, &[&str]); 6] = [
    (group::KUSTOMIZE, "Kustomization", &["spec", "sourceRef"]),
    (group::HELM, "HelmRelease", &["spec", "chartRef"]),
    (
        group::HELM,
        "HelmRelease",
        &["spec", "chart", "spec", "sourceRef"],
    ),
    (group::SOURCE, "HelmChart", &["spec", "sourceRef"]),
    (
        group::IMAGE,
        "ImageUpdateAutomation",
        &["spec", "sourceRef"],
    ),
    (group::IMAGE, "ImagePolicy", &["spec", "imageRepositoryRef"]),
];

fn check(repository: &Repository<'_>, findings: &mut Findings) {
    for (group, kind, path) in PLACES {
        for object in applied(repository, group, kind) {
            if let Some(reference) = object.effective.at(path) {
                look(&object, kind, &reference, repository, findings);
            }
        }
    }
}

fn look(
    object: &Applied<'_, '_>,
    kind: &str,
    reference: &Located<'_>,
    repository: &Repository<'_>,
    findings: &mut Findings,
) {
    let text = |key: &str| reference.get(key).and_then(|node| node.text());
    let of = text("kind").unwrap_or("ImageRepository");
    let Some(node) = reference.get("name") else {
        return;
    };
    let Some(name) = object.unit.variables.fill(node.text().unwrap_or_default()) else {
        return;
    };
    let own = object.built.namespace.as_deref();
    let namespace = text("namespace").or(own);
    let found = object
        .cluster
        .find(of, namespace, &name, repository.objects);
    if matches!(found, Lookup::Found(..) | Lookup::Unknown) || is_its_own(object, of, &name) {
        return;
    }
    // Made by an ArtifactGenerator, a ResourceSet or the operator.
    let may_be_made = of == "ExternalArtifact" || object.cluster.start.known == Known::Implied;
    if may_be_made && matches!(found, Lookup::None) {
        return;
    }
    let message = format!(
        "{kind} {} takes {of} {name}, which is not there",
        object.built.name
    );
    let finding = findings.add(Spot::from(&node), message);
    finding.effect(format!(
        "{} is not applied: Flux says \"source not found\"",
        object.built.name
    ));
    finding.hint(format!("add the {of}, or name one that is on this cluster"));
    let mut is_other = false;
    for other in ["OCIRepository", "HelmRepository", "GitRepository", "Bucket"] {
        let there = object
            .cluster
            .find(other, namespace, &name, repository.objects);
        if other != of && matches!(there, Lookup::Found(..)) {
            finding.hint(format!("{name} is of the kind {other}: write that"));
            is_other = true;
        }
    }
    instead(finding, &found, repository);
    if matches!(found, Lookup::None) && !is_other && !object.cluster.open.is_empty() {
        finding.severity(Severity::Warning);
    }
}

/// Whether a source is the one from which the cluster itself is read: Flux or its operator makes that.
fn is_its_own(object: &Applied<'_, '_>, kind: &str, name: &str) -> bool {
    let first = object
        .cluster
        .units
        .first()
        .and_then(|unit| unit.source.as_ref());
    first.is_some_and(|own| own.kind == kind && own.name == name)
        // Where nothing says which it is, it has this name by custom.
        || first.is_none() && name == "flux-system"
}
