//! Releases that a bootstrap hands over to Flux, and that are not safe with it.

use std::collections::{BTreeMap, BTreeSet};

use super::common::{begins_with, seconds};
use super::handover::{Pair, pairs, title};
use crate::check::finding::{Findings, Severity, Spot};
use crate::check::registry::Rule;
use crate::index::terraform::{How, Value};
use crate::index::{Known, Located, Object, Repository};
use crate::yaml::Node;

pub(in crate::check) const RULE: Rule = Rule {
    id: "handover-safety",
    severity: Severity::Warning,
    summary: "a release that Terraform hands over can be uninstalled by Flux, keeps what Git takes away, or is never repaired",
    check,
};

type Told = BTreeSet<(String, usize, &'static str)>;

fn check(repository: &Repository<'_>, findings: &mut Findings) {
    let mut told = Told::new();
    let mut managers: BTreeMap<&str, bool> = BTreeMap::new();
    for pair in pairs(repository) {
        let Some(object) = repository.object(pair.release.built) else {
            continue;
        };
        uninstalled(&pair, object, &mut told, findings);
        if !matches!(pair.installed.how, How::Job(_)) {
            continue;
        }
        check_for_adoption(&pair, &mut told, findings);
        let cluster = pair.release.cluster;
        let takes_over = managers
            .entry(cluster.label())
            .or_insert_with(|| begins_with(cluster, repository, "--override-manager=helm"));
        kept(&pair, object, *takes_over, &mut told, findings);
        pruned(&pair, object, &mut told, findings);
        patience(&pair, &mut told, findings);
    }
}

fn new(told: &mut Told, at: &Spot, what: &'static str) -> bool {
    let (file, byte) = at.key();
    told.insert((file, byte, what))
}

/// A failed upgrade that is answered by uninstalling.
fn uninstalled(pair: &Pair<'_, '_>, object: &Object<'_>, told: &mut Told, findings: &mut Findings) {
    let strategy = pair
        .release
        .effective
        .at(&["spec", "upgrade", "remediation", "strategy"]);
    let Some(strategy) = strategy.filter(|strategy| strategy.text() == Some("uninstall")) else {
        return;
    };
    let at = Spot::from(&strategy);
    if new(told, &at, "") {
        let finding = findings.add(
            at,
            format!(
                "a failed upgrade of {} is answered by uninstalling it",
                object.name
            ),
        );
        finding.severity(Severity::Error);
        finding.effect("the hand-over is an upgrade: if it fails once, what the cluster stands on is uninstalled");
        finding.hint("use upgrade.strategy.name: RetryOnFailure, or the strategy rollback");
    }
}

/// By what the bootstrap knows that Flux has it.
fn check_for_adoption(pair: &Pair<'_, '_>, told: &mut Told, findings: &mut Findings) {
    let at = Spot::span(pair.installed.source, pair.installed.span.clone());
    let name = title(pair);
    if matches!(pair.installed.adoption, Value::Null) && new(told, &at, "check") {
        let finding = findings.add(
            at,
            format!("the bootstrap installs {name} without flux_adoption_check"),
        );
        finding.effect("it is installed once and never looked at again: a failed install is not repaired, and a version that changes in Git before the first sync is not installed");
        finding.hint("name an object of the chart there: resource, api_group, name and namespace, as of the DaemonSet of a network");
    }
}

/// What Git takes away stays, as long as the bootstrap's Helm holds the fields too.
fn kept(
    pair: &Pair<'_, '_>,
    object: &Object<'_>,
    managers: bool,
    told: &mut Told,
    findings: &mut Findings,
) {
    // Where it begins is not in the repository, so neither is what helm-controller is started with.
    if pair.release.cluster.start.known != Known::Instance {
        return;
    }
    let mode = pair
        .release
        .effective
        .at(&["spec", "driftDetection", "mode"]);
    let looks = mode
        .as_ref()
        .and_then(Located::text)
        .is_some_and(|mode| matches!(mode, "warn" | "enabled"));
    if looks && managers {
        return;
    }
    let at = match &mode {
        Some(mode) => Spot::from(mode),
        None => Spot::name(object),
    };
    let (what, hint) = if looks {
        (
            "helm-controller does not take fields over from the Helm of the bootstrap",
            "start it with --override-manager=helm (spec.kustomize.patches of the FluxInstance)",
        )
    } else {
        (
            "Flux does not look for drift here",
            "write driftDetection.mode: warn, and start helm-controller with --override-manager=helm",
        )
    };
    if new(told, &at, "kept") {
        let finding = findings.add(at, format!("{}: {what}", object.name));
        finding.effect("fields that the bootstrap wrote stay its own: what is deleted in Git stays in the cluster, and nothing tells of it");
        finding.hint(hint);
    }
}

/// What takes the release away with it when it goes.
fn pruned(pair: &Pair<'_, '_>, object: &Object<'_>, told: &mut Told, findings: &mut Findings) {
    let Some(effective) = &pair.release.unit.effective else {
        return;
    };
    let prunes = effective.at(&["spec", "prune"]);
    let Some(prunes) = prunes.filter(|prunes| prunes.text() == Some("true")) else {
        return;
    };
    let policy = effective.at(&["spec", "deletionPolicy"]);
    let stays = policy
        .as_ref()
        .and_then(Located::text)
        .is_some_and(|policy| policy == "Orphan");
    let key = "kustomize.toolkit.fluxcd.io/prune";
    let marked = pair
        .release
        .effective
        .text(&["metadata", "annotations", key])
        == Some("disabled")
        || object.mark(key).and_then(Node::text) == Some("disabled");
    let (unit, name) = (&pair.release.unit.name, title(pair));
    if !stays {
        let at = policy
            .as_ref()
            .map_or_else(|| Spot::from(&prunes), Spot::from);
        if new(told, &at, "orphan") {
            let finding = findings.add(
                at.clone(),
                format!("{name} is uninstalled when the Flux Kustomization {unit} is deleted"),
            );
            finding.effect(
                "whoever takes the line out of the list takes away what the cluster stands on",
            );
            finding.hint("write deletionPolicy: Orphan");
            orphan(finding, policy.is_some());
        }
    }
    if !marked {
        let at = Spot::name(object);
        if new(told, &at, "prune") {
            let finding = findings.add(
                at,
                format!("{name} is uninstalled once it is no longer in the build of {unit}"),
            );
            finding.effect("a slip in a kustomization takes away what the cluster stands on");
            finding
                .hint("annotate the HelmRelease with kustomize.toolkit.fluxcd.io/prune: disabled");
        }
    }
}

/// Writes the policy, if `prune: true` is a line of its own.
fn orphan(finding: &mut crate::check::finding::Finding, there: bool) {
    let at = finding.at.clone();
    if there {
        let edits = vec![(at, "Orphan".to_owned())];
        finding.fix("write deletionPolicy: Orphan", edits);
        return;
    }
    let before = at.source.text[..at.span.start]
        .rsplit('\n')
        .next()
        .unwrap_or_default();
    let indent = before.trim_end_matches("prune: ");
    if before.ends_with("prune: ") && indent.trim().is_empty() {
        let behind = Spot::span(&at.source, at.span.end..at.span.end);
        let line = format!("\n{indent}deletionPolicy: Orphan");
        finding.fix("write deletionPolicy: Orphan", vec![(behind, line)]);
    }
}

/// The bootstrap waits as long as Flux does.
fn patience(pair: &Pair<'_, '_>, told: &mut Told, findings: &mut Findings) {
    let Some(bootstrap) = pair.stack.bootstrap_of(pair.installed) else {
        return;
    };
    let Some(wanted) = pair.release.effective.at(&["spec", "timeout"]) else {
        return;
    };
    // The module's own default (its `variables.tf`, 0.8.0).
    let limit = match &bootstrap.timeout {
        Value::Null => "10m".to_owned(),
        given => match given.as_text() {
            Some(given) => given,
            None => return,
        },
    };
    let text = wanted.text().unwrap_or_default();
    let (Some(longest), Some(needed)) = (seconds(&limit), seconds(text)) else {
        return;
    };
    let at = Spot::span(bootstrap.source, bootstrap.span.clone());
    if longest < needed && new(told, &at, "timeout") {
        let name = title(pair);
        let finding = findings.add(
            at,
            format!("the bootstrap gives up after {limit}, and {name} may take {text}"),
        );
        finding.severity(Severity::Hint);
        finding.effect("on a slow day terraform apply fails in the middle, and has to be run again with a higher revision");
        finding.hint(format!(
            "set timeout = \"{text}\" or more: it is the time for all charts together"
        ));
        finding.related(Spot::from(&wanted), "so long Flux waits for it");
    }
}
