//! A Helm release that is uninstalled, since its `HelmRelease` stands for another one, or another one for it.

use std::collections::{BTreeMap, BTreeSet};

use super::past::{on, spot};
use crate::check::finding::{Findings, Severity};
use crate::check::registry::Rule;
use crate::index::{Identity, Repository, Written};

pub(in crate::check) const RULE: Rule = Rule {
    id: "replaced-release",
    severity: Severity::Warning,
    summary: "a change by which Flux uninstalls a Helm release and installs it anew",
    check,
};

/// What to do where a release is called otherwise.
const KEEP: &str = "keep releaseName, targetNamespace and storageNamespace as they were, by writing them out; or see that nothing is lost when it is installed anew";

/// What to do where another `HelmRelease` stands for a release: helm-controller uninstalls nothing for one that is
/// suspended (`reconcileDelete`).
const LEAVE: &str = "keep its name and namespace; or suspend the one that goes in a commit of its own, and take it out once the clusters have caught up: Flux uninstalls nothing for one that is suspended";

/// A change.
struct Change<'p> {
    /// What it is.
    message: String,
    /// What comes of it.
    effect: String,
    /// What to do instead.
    hint: &'static str,
    /// Where it is told.
    at: &'p Written,
    /// Where it was otherwise.
    was: &'p Written,
    /// The clusters.
    on: BTreeSet<&'p str>,
}

fn check(repository: &Repository<'_>, findings: &mut Findings) {
    let Some(past) = &repository.past else {
        return;
    };
    let mut told: BTreeMap<(String, usize), Change<'_>> = BTreeMap::new();
    let mut note = |at, was, message: String, effect: String, hint, cluster| {
        let change = told.entry(spot(at).key()).or_insert(Change {
            message,
            effect,
            hint,
            at,
            was,
            on: BTreeSet::new(),
        });
        change.on.insert(cluster);
    };
    for (cluster, identity, was, is) in past.lasting() {
        if let (Some(old), Some(new)) = (&was.release, &is.release)
            && old != new
        {
            let message = format!(
                "{identity} was the release {}, and is the release {} now",
                title(old),
                title(new)
            );
            let effect = "Flux uninstalls the first and installs the second: what runs is deleted, with what the chart does not keep";
            note(&is.at, &was.at, message, effect.to_owned(), KEEP, cluster);
        }
    }
    for lost in past.lost() {
        let Some(release) = &lost.held.release else {
            continue;
        };
        let heir = past.heir(&lost);
        if let Some((identity, held)) = heir {
            let message = format!(
                "{identity} takes over the release {} from {}, which is gone",
                title(release),
                name(lost.identity)
            );
            let effect = format!(
                "Flux uninstalls the release with {}, before or after {} has upgraded it",
                name(lost.identity),
                name(identity)
            );
            note(
                &held.at,
                &lost.held.at,
                message,
                effect,
                LEAVE,
                lost.cluster,
            );
        }
    }
    for change in told.into_values() {
        let finding = findings.add(spot(change.at), change.message);
        finding.effect(format!("{} ({})", change.effect, on(&change.on)));
        finding.hint(change.hint);
        finding.related(spot(change.was), format!("so it was at {}", past.revision));
    }
}

fn title((name, namespace): &(String, String)) -> String {
    format!("{namespace}/{name}")
}

fn name(identity: &Identity) -> String {
    format!("{}/{}", identity.namespace, identity.name)
}
