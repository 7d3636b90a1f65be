//! What one Flux Kustomization hands over to another in one commit.

use std::collections::{BTreeMap, BTreeSet};

use super::past::{named, of_holder, on, spot};
use crate::check::finding::{Findings, Severity};
use crate::check::registry::Rule;
use crate::index::{Identity, Lost, Past, Repository};

pub(in crate::check) const RULE: Rule = Rule {
    id: "moved-object",
    severity: Severity::Warning,
    summary: "an object that goes from one Flux Kustomization to another in one commit",
    check,
};

/// What is told together: from which to which, whether the first is still there, and the place.
type Together<'p> = (&'p str, &'p str, bool, (String, usize));

fn check(repository: &Repository<'_>, findings: &mut Findings) {
    let Some(past) = &repository.past else {
        return;
    };
    let mut groups: BTreeMap<Together<'_>, Vec<Lost<'_>>> = BTreeMap::new();
    for lost in past.lost() {
        let Some(to) = lost.to else { continue };
        let place = of_holder(Some(to), &lost.held.at).key();
        let key = (
            lost.from.id.1.as_str(),
            to.id.1.as_str(),
            lost.lives.is_some(),
            place,
        );
        groups.entry(key).or_default().push(lost);
    }
    for ((from, to, lives, _), all) in groups {
        tell(past, from, to, lives, &all, findings);
    }
}

fn tell(past: &Past, from: &str, to: &str, lives: bool, all: &[Lost<'_>], findings: &mut Findings) {
    let Some(first) = all.first() else { return };
    let objects: BTreeSet<&Identity> = all.iter().map(|lost| lost.identity).collect();
    let clusters: BTreeSet<&str> = all.iter().map(|lost| lost.cluster).collect();
    let goes = if objects.len() == 1 { "goes" } else { "go" };
    let message = format!(
        "{} {goes} from the Flux Kustomization {from} to {to} in one step",
        named(&objects)
    );
    let finding = findings.add(of_holder(first.to, &first.held.at), message);
    let when = if lives {
        format!("{from} deletes what it no longer finds")
    } else {
        format!("{from} is gone, and Flux deletes what it applied")
    };
    finding.effect(format!(
        "on {}, {when}, unless {to} has applied it before: if not, it is deleted and made anew",
        on(&clusters)
    ));
    finding.hint(if lives {
        format!("in two commits: first annotate it with kustomize.toolkit.fluxcd.io/prune: disabled where {from} applies it; once the clusters have caught up, move it")
    } else {
        format!("in two commits: first set spec.prune: false in {from}; once the clusters have caught up, rename it")
    });
    finding.related(
        spot(&first.held.at),
        format!("{from} applied it from here at {}", past.revision),
    );
}
