//! What Flux will delete, since an earlier commit had it and nothing applies it any more.

use std::collections::{BTreeMap, BTreeSet};

use super::past::{named, of_holder, on, spot};
use crate::check::finding::{Findings, Severity};
use crate::check::registry::Rule;
use crate::index::{Identity, Lost, Past, Repository, group};

pub(in crate::check) const RULE: Rule = Rule {
    id: "pruned-object",
    severity: Severity::Hint,
    summary: "an object that Flux will delete, since it is no longer applied",
    check,
};

/// What is told together: the place, whether all of its Flux Kustomization goes, and the object if it is told alone.
type Together<'p> = ((String, usize), Option<&'p Identity>);

fn check(repository: &Repository<'_>, findings: &mut Findings) {
    let Some(past) = &repository.past else {
        return;
    };
    let mut groups: BTreeMap<Together<'_>, Vec<Lost<'_>>> = BTreeMap::new();
    for lost in past.lost() {
        // Of a Flux Kustomization is told what it applied, of a release that another takes over elsewhere.
        let told = lost.identity.group == group::KUSTOMIZE && past.applied_before(&lost);
        if lost.to.is_some() || told || past.heir(&lost).is_some() {
            continue;
        }
        let alone = harm(lost.identity).is_some().then_some(lost.identity);
        let at = of_holder(lost.lives, &lost.held.at);
        let place = if lost.lives.is_some() {
            at.key()
        } else {
            // One that goes is told of where it was.
            of_holder(Some(lost.from), &lost.held.at).key()
        };
        groups.entry((place, alone)).or_default().push(lost);
    }
    for ((_, alone), all) in groups {
        tell(past, alone, &all, findings);
    }
}

/// What is lost with an object for good; nothing for what is made anew as it was.
fn harm(identity: &Identity) -> Option<&'static str> {
    match (identity.group.as_str(), identity.kind.as_str()) {
        ("", "Namespace") => Some("and everything in it"),
        ("", "PersistentVolumeClaim") => {
            Some("and, if its class says so, the volume with its data")
        }
        ("apiextensions.k8s.io", "CustomResourceDefinition") => {
            Some("and every object of its kind, on all of the cluster")
        }
        _ => None,
    }
}

fn tell(past: &Past, alone: Option<&Identity>, all: &[Lost<'_>], findings: &mut Findings) {
    let Some(first) = all.first() else { return };
    let name = &first.from.id.1;
    let objects: BTreeSet<&Identity> = all.iter().map(|lost| lost.identity).collect();
    let clusters: BTreeSet<&str> = all.iter().map(|lost| lost.cluster).collect();
    let releases = objects
        .iter()
        .any(|identity| identity.group == group::HELM && identity.kind == "HelmRelease");
    let at = match first.lives {
        Some(_) => of_holder(first.lives, &first.held.at),
        None => of_holder(Some(first.from), &first.held.at),
    };
    let message = if first.lives.is_some() {
        format!("{name} no longer applies {}", named(&objects))
    } else {
        format!(
            "the Flux Kustomization {name} is gone, and with it {}",
            named(&objects)
        )
    };
    let finding = findings.add(at, message);
    let it = if objects.len() == 1 { "it" } else { "them" };
    let harm = match alone.and_then(harm) {
        Some(harm) => format!(", {harm}"),
        None if releases => ", and uninstalls what Helm installed for it".to_owned(),
        None => String::new(),
    };
    finding.effect(format!("Flux deletes {it} on {}{harm}", on(&clusters)));
    if alone.is_some() {
        finding.severity(Severity::Warning);
        finding.hint("if that is not meant: annotate it with kustomize.toolkit.fluxcd.io/prune: disabled in a commit of its own, and take it out once the clusters have caught up");
    } else {
        finding.hint("nothing is to be done if that is meant");
    }
    if first.lives.is_some() {
        finding.related(
            spot(&first.held.at),
            format!("it stood here at {}", past.revision),
        );
    }
}
