//! Helm releases that are kept in another namespace than they are installed in, under a name that nobody wrote.

use std::collections::BTreeSet;

use super::common::applied;
use super::handover::steps_aside;
use crate::check::finding::{Findings, Severity, Spot};
use crate::check::registry::Rule;
use crate::index::{Repository, group};

pub(in crate::check) const RULE: Rule = Rule {
    id: "release-home",
    severity: Severity::Hint,
    summary: "a HelmRelease with targetNamespace, but without storageNamespace and releaseName",
    check,
};

fn check(repository: &Repository<'_>, findings: &mut Findings) {
    let mut told: BTreeSet<(String, usize)> = BTreeSet::new();
    let terraform = installed(repository);
    for release in applied(repository, group::HELM, "HelmRelease") {
        let text = |key: &str| release.effective.text(&["spec", key]);
        let Some(target) = release.effective.at(&["spec", "targetNamespace"]) else {
            continue;
        };
        let namespace = target.text().unwrap_or_default();
        let home = release.built.namespace.as_deref();
        let missing: Vec<&str> = ["storageNamespace", "releaseName"]
            .into_iter()
            .filter(|key| text(key).is_none())
            // Where it is installed it is kept too.
            .filter(|key| *key != "storageNamespace" || home != Some(namespace))
            .collect();
        let at = Spot::from(&target);
        if namespace.is_empty() || missing.len() < 2 || !told.insert(at.key()) {
            continue;
        }
        let name = &release.built.name;
        let chart = release.effective.text(&["spec", "chart", "spec", "chart"]);
        let message = format!(
            "HelmRelease {name} has targetNamespace, but no {}",
            missing.join(" and no ")
        );
        let finding = findings.add(at, message);
        finding.effect(format!(
            "the release is called {namespace}-{name} and kept in {}, not in {namespace}: one that Helm or Terraform installed there is not taken over but installed a second time",
            home.unwrap_or("the namespace of the HelmRelease")
        ));
        finding.hint(format!("write storageNamespace: {namespace} and releaseName, or put the HelmRelease into {namespace}; where it runs already, that installs it anew"));
        let own = [name.as_str(), chart.unwrap_or(name)];
        if own.iter().any(|name| terraform.contains(*name)) {
            finding.severity(Severity::Error);
            finding.hint(format!("Terraform installs it too: write storageNamespace: {namespace} and the releaseName of there"));
        }
    }
}

/// Names of the releases that Terraform installs, and of their charts.
fn installed(repository: &Repository<'_>) -> BTreeSet<String> {
    let stacks = repository.terraform.stacks.iter();
    let charts = stacks.flat_map(|stack| &stack.installed);
    let names = charts.flat_map(|chart| {
        let address = chart.repository.as_text().filter(|_| steps_aside(chart));
        let last = |address: String| address.rsplit('/').next().unwrap_or_default().to_owned();
        let own = [chart.name.as_text(), chart.chart.as_text().map(last)];
        own.into_iter().chain([address.map(last)]).flatten()
    });
    names.collect()
}
