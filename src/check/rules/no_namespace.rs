//! An object of a kind that lives in a namespace, and that has none after the build.

use std::collections::BTreeSet;

use crate::check::finding::{Findings, Severity, Spot};
use crate::check::registry::Rule;
use crate::index::{Built, Cluster, Known, Origin, Repository, Unit, lives_in_namespace};

pub(in crate::check) const RULE: Rule = Rule {
    id: "no-namespace",
    severity: Severity::Error,
    summary: "an object that needs a namespace and has none after the build",
    check,
};

fn check(repository: &Repository<'_>, findings: &mut Findings) {
    let mut told = BTreeSet::new();
    for cluster in &repository.clusters {
        for (number, unit) in cluster.units.iter().enumerate() {
            // What applies the folder that nothing is known to apply may give it a namespace.
            let implied = number == 0 && cluster.start.known == Known::Implied;
            if implied || unit.loose || !cluster.surely_builds(unit) {
                continue;
            }
            look(cluster, unit, repository, &mut told, findings);
        }
    }
}

fn look(
    cluster: &Cluster<'_>,
    unit: &Unit<'_>,
    repository: &Repository<'_>,
    told: &mut BTreeSet<(String, usize)>,
    findings: &mut Findings,
) {
    let mut without = unit.built.iter().filter(|built| lacks(built, repository));
    let Some(first) = without.next() else {
        return;
    };
    let more = without.count();
    let (at, node) = match &first.origin {
        Origin::Object(id) => {
            let object = &repository.objects.all[*id];
            (Spot::name(object), None)
        }
        Origin::Generated(made) => (
            Spot::node(made.source, made.node.get("name").unwrap_or(made.node)),
            Some(made),
        ),
    };
    if !told.insert(at.key()) {
        return;
    }
    let kind = first.kind(repository.objects);
    let others = match more {
        0 => String::new(),
        1 => ", nor has another object of this build".to_owned(),
        more => format!(", nor have {more} others of this build"),
    };
    let message = format!("{kind} {} has no namespace{others}", first.name);
    let finding = findings.add(at, message);
    finding.effect(format!(
        "{} applies nothing of it: \"namespace not specified\"",
        if unit.name.is_empty() {
            "Flux"
        } else {
            &unit.name
        }
    ));
    finding.hint(if node.is_some() {
        "set namespace in the kustomization, or at the generator"
    } else {
        "set metadata.namespace, or namespace in the kustomization, or spec.targetNamespace of the Flux Kustomization"
    });
    if let Some(id) = unit.object {
        let own = Spot::name(&repository.objects.all[id]);
        finding.related(own, "this applies it");
    }
    if cluster.start.known == Known::Implied {
        finding.severity(Severity::Warning);
    }
}

fn lacks(built: &Built<'_>, repository: &Repository<'_>) -> bool {
    if built.namespace.is_some() {
        return false;
    }
    let (group, kind) = (
        built.group(repository.objects),
        built.kind(repository.objects),
    );
    let object = repository.object(built);
    let nested = object.is_some_and(|object| object.nested);
    let patched = || {
        let all = repository.effective(built);
        all.is_some_and(|all| all.at(&["metadata", "namespace"]).is_some())
    };
    lives_in_namespace(group, kind) && !nested && !patched()
}
