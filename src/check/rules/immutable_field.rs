//! A change of what Kubernetes does not let anybody change.

use std::collections::{BTreeMap, BTreeSet};

use super::past::{on, spot};
use crate::check::finding::{Findings, Severity};
use crate::check::registry::Rule;
use crate::index::{Held, Identity, Repository};

pub(in crate::check) const RULE: Rule = Rule {
    id: "immutable-field",
    severity: Severity::Error,
    summary: "a changed field that Kubernetes lets nobody change",
    check,
};

/// What is changed, as it was and as it is, and on which clusters.
type Change<'p> = (&'p Identity, &'p Held, &'p Held, BTreeSet<&'p str>);

fn check(repository: &Repository<'_>, findings: &mut Findings) {
    let Some(past) = &repository.past else {
        return;
    };
    let mut told: BTreeMap<(String, usize), Change<'_>> = BTreeMap::new();
    for (cluster, identity, was, is) in past.lasting() {
        if !changed(was, is).is_empty() {
            let entry = told.entry(spot(&is.at).key());
            let entry = entry.or_insert((identity, was, is, BTreeSet::new()));
            entry.3.insert(cluster);
        }
    }
    for (identity, was, is, clusters) in told.into_values() {
        let fields = changed(was, is).join(", ");
        let finding = findings.add(
            spot(&is.at),
            format!("{fields} of {identity} is changed, which Kubernetes does not allow"),
        );
        let on = on(&clusters);
        if is.forced {
            finding.severity(Severity::Warning);
            finding.effect(format!(
                "since it is forced, Flux deletes it on {on} and makes it anew"
            ));
            finding.hint("nothing is to be done if that is meant");
        } else {
            finding.effect(format!(
                "Flux applies nothing of its Kustomization on {on}: \"field is immutable\""
            ));
            finding.hint("give it another name; or have Flux make it anew: annotate it with kustomize.toolkit.fluxcd.io/force: enabled");
        }
        finding.related(spot(&was.at), format!("so it was at {}", past.revision));
    }
}

fn changed(was: &Held, is: &Held) -> Vec<&'static str> {
    let other = |(path, value): &&(&'static str, serde_json::Value)| {
        let mut old = was.fixed.iter();
        old.any(|(old, then)| old == path && then != value)
    };
    is.fixed
        .iter()
        .filter(other)
        .map(|(path, _)| *path)
        .collect()
}
