//! Failures that are tried again late, and waits that end before what they wait for.

use std::collections::BTreeSet;

use super::common::{applied_on, seconds};
use crate::check::finding::{Findings, Severity, Spot};
use crate::check::registry::Rule;
use crate::index::{Cluster, Repository, Unit, group};

pub(in crate::check) const RULE: Rule = Rule {
    id: "missing-retry",
    severity: Severity::Hint,
    summary: "a long interval without retryInterval or timeout, or a timeout shorter than that of what it waits for",
    check,
};

/// An interval so long that it is worth saying when to try again after a failure.
const LONG: f64 = 600.0;

/// From how many of one cluster on it is told once, of the first: then it is the custom of the repository.
const MANY: usize = 4;

fn check(repository: &Repository<'_>, findings: &mut Findings) {
    let mut told: BTreeSet<(String, usize)> = BTreeSet::new();
    for cluster in &repository.clusters {
        // That with which a cluster begins is written by Flux itself.
        let units = cluster.units.iter().skip(1);
        let late = units.filter_map(Late::of);
        let late: Vec<Late<'_>> = late.filter(|late| told.insert(late.at.key())).collect();
        let others = late.len() - 1.min(late.len());
        for one in late.iter().take(if late.len() < MANY { MANY } else { 1 }) {
            one.tell(if late.len() < MANY { 0 } else { others }, findings);
        }
        nest(cluster, repository, &mut told, findings);
    }
}

/// A Flux Kustomization that is tried again late, or whose health checks run long.
struct Late<'u> {
    name: &'u str,
    interval: &'u str,
    at: Spot,
    retry: bool,
    timeout: bool,
}

impl<'u> Late<'u> {
    fn of(unit: &'u Unit<'_>) -> Option<Self> {
        let effective = unit.effective.as_ref()?;
        let interval = effective.at(&["spec", "interval"])?;
        let text = interval.text()?;
        let has = |key: &str| effective.at(&["spec", key]).is_some();
        let waits = effective.text(&["spec", "wait"]) == Some("true") || has("healthChecks");
        let late = Self {
            name: &unit.name,
            interval: text,
            at: Spot::from(&interval),
            retry: !has("retryInterval"),
            timeout: !has("timeout") && waits,
        };
        let long = seconds(text).is_some_and(|length| length >= LONG);
        (long && (late.retry || late.timeout)).then_some(late)
    }

    /// Tells of it, and of others that are like it.
    fn tell(&self, others: usize, findings: &mut Findings) {
        let (name, interval) = (self.name, self.interval);
        let (lacks, effect, hint) = match (self.retry, self.timeout) {
            (true, true) => (
                "and neither retryInterval nor timeout",
                format!(
                    "its health checks may run for {interval}, and a failure is tried again after {interval}"
                ),
                "write retryInterval: 2m and timeout: 5m",
            ),
            (true, false) => (
                "and no retryInterval",
                format!("a failure is tried again after {interval}"),
                "write retryInterval: 2m",
            ),
            _ => (
                "waits, and has no timeout",
                format!(
                    "its health checks may run for {interval}, and until then it takes up no new commit"
                ),
                "write timeout: 5m",
            ),
        };
        let alike = match others {
            0 => String::new(),
            _ => format!(" ({others} others of the cluster lack the like)"),
        };
        let message = format!("{name} has an interval of {interval}, {lacks}{alike}");
        let finding = findings.add(self.at.clone(), message);
        finding.effect(effect);
        finding.hint(hint);
        if others > 0 {
            finding.hint(format!(
                "{hint}, in each, or by a patch of the parent for all of them"
            ));
        }
    }
}

/// A Flux Kustomization that waits for Helm releases ends with a failure before they do.
fn nest(
    cluster: &Cluster<'_>,
    repository: &Repository<'_>,
    told: &mut BTreeSet<(String, usize)>,
    findings: &mut Findings,
) {
    for release in applied_on(cluster, repository, group::HELM, "HelmRelease") {
        let unit = release.unit;
        let Some(effective) = &unit.effective else {
            continue;
        };
        if effective.text(&["spec", "wait"]) != Some("true") {
            continue;
        }
        // The one that it has by default is long enough for most charts; one that is written is meant.
        let (Some(inner), Some(outer)) = (
            release.effective.at(&["spec", "timeout"]),
            effective.at(&["spec", "timeout"]),
        ) else {
            continue;
        };
        let (long, short) = (
            inner.text().unwrap_or_default(),
            outer.text().unwrap_or_default(),
        );
        let (Some(inside), Some(around)) = (seconds(long), seconds(short)) else {
            continue;
        };
        let at = Spot::from(&outer);
        if around < inside && told.insert(at.key()) {
            let message = format!(
                "{} waits for {short}, and for HelmRelease {} up to {long}",
                unit.name, release.built.name
            );
            let finding = findings.add(at, message);
            finding.severity(Severity::Warning);
            finding.effect(format!("{} fails while the release is still being installed, and what waits for it waits longer", unit.name));
            finding.hint(format!("write a timeout longer than {long}"));
            finding.related(
                Spot::from(&inner),
                format!("HelmRelease {} takes up to {long}", release.built.name),
            );
        }
    }
}
