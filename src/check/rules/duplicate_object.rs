//! One object twice: in one build, or two Flux Kustomizations of one name.

use std::collections::{BTreeMap, BTreeSet};

use super::common::{is_led_to, title};
use crate::check::finding::{Findings, Severity, Spot};
use crate::check::registry::Rule;
use crate::index::{Built, Clash, Cluster, Known, Origin, Repository};

pub(in crate::check) const RULE: Rule = Rule {
    id: "duplicate-object",
    severity: Severity::Error,
    summary: "an object that is in one build twice, or two Flux Kustomizations of one name",
    check,
};

fn check(repository: &Repository<'_>, findings: &mut Findings) {
    for clash in &repository.clashes {
        tell(clash, repository, findings);
    }
    let mut told = BTreeSet::new();
    for cluster in &repository.clusters {
        of_one_name(cluster, repository, &mut told, findings);
    }
}

fn tell(clash: &Clash<'_>, repository: &Repository<'_>, findings: &mut Findings) {
    let (first, second) = (&clash.first, &clash.second);
    let written = |built| repository.object(built).map(|object| object.name);
    let what = title(second, repository);
    // Two Namespaces of one name that were written with two: the rule namespace-renamed tells of them.
    if second.kind(repository.objects) == "Namespace" && written(first) != written(second) {
        return;
    }
    let at = spot(second, repository);
    let Some((source, node)) = &clash.by else {
        // Flux lists all files of a folder without a kustomization; whatever else reads it may not.
        if !is_led_to(&clash.folder, repository) {
            return;
        }
        let finding = findings.add(at, format!("{what} is in this folder twice"));
        finding.effect(ALREADY);
        finding.hint("take one of them away, or give it another name");
        finding.related(spot(first, repository), "the other is here");
        return;
    };
    let list = Spot::node(source, node);
    let again =
        matches!((&first.origin, &second.origin), (Origin::Object(a), Origin::Object(b)) if a == b);
    let finding = if again && node.text().is_some() {
        let message = format!("{what} comes a second time by this");
        let finding = findings.add(list, message);
        finding.hint("take this line away, or the one that brings it first");
        finding
    } else if again {
        let finding = findings.add(Spot::node(source, node), format!("{what} is brought twice"));
        finding.hint("take away one of the lines that bring it");
        finding
    } else if matches!(second.origin, Origin::Generated(_)) {
        let finding = findings.add(at, format!("{what} is made here, and is there already"));
        finding.hint("give it another name, or say behavior: merge or replace");
        finding
    } else {
        let finding = findings.add(at, format!("{what} is in this build twice"));
        finding.hint("take one of them away, or give it another name");
        finding
    };
    finding.effect(ALREADY);
    finding.related(spot(first, repository), "it is there first from here");
    if !again && node.text().is_some() {
        finding.related(Spot::node(source, node), "this brings the second");
    }
    if !repository.reached.contains(source.name.as_str()) && !repository.clusters.is_empty() {
        finding.severity(Severity::Warning);
        finding.effect("its build fails; no Flux reads it by now");
    }
}

const ALREADY: &str = "the build fails with \"may not add resource with an already registered id\", and Flux applies \
                       nothing of it";

fn spot(built: &Built<'_>, repository: &Repository<'_>) -> Spot {
    match &built.origin {
        Origin::Object(id) => Spot::name(&repository.objects.all[*id]),
        Origin::Generated(made) => {
            Spot::node(made.source, made.node.get("name").unwrap_or(made.node))
        }
    }
}

/// Two Flux Kustomizations of one name that different builds bring to a cluster.
fn of_one_name(
    cluster: &Cluster<'_>,
    repository: &Repository<'_>,
    told: &mut BTreeSet<(usize, usize)>,
    findings: &mut Findings,
) {
    // Where nothing says what a cluster reads, what lies together may be for several.
    if cluster.start.known == Known::Implied {
        return;
    }
    let mut known: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for unit in &cluster.units {
        let far = |parent: &usize| cluster.units[*parent].is_remote();
        let Some(id) = unit.object.filter(|_| !unit.parents.iter().any(far)) else {
            continue;
        };
        if unit.name.contains("${") || unit.namespace.contains("${") {
            continue;
        }
        let first = *known.entry((&unit.namespace, &unit.name)).or_insert(id);
        // Of two in one build is told above.
        let in_one = repository
            .clashes
            .iter()
            .any(|clash| matches!(clash.second.origin, Origin::Object(second) if second == id));
        if first == id || in_one || !told.insert((first, id)) {
            continue;
        }
        let object = &repository.objects.all[id];
        let message = format!("there are two Flux Kustomizations {}", unit.name);
        let finding = findings.add(Spot::name(object), message);
        finding.effect(
            "each overwrites the other in turn, and what only one of them applies is deleted",
        );
        finding.hint("give one of them another name");
        let other = &repository.objects.all[first];
        finding.related(Spot::name(other), "the other is here");
    }
}
