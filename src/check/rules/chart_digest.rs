//! Digests behind chart versions, where Terraform hands a release over.

use std::cell::LazyCell;
use std::collections::{BTreeMap, BTreeSet};

use super::common::applied_on;
use super::handover::{GATE, Gates, chart_of, pairs};
use crate::check::finding::{Findings, Severity, Spot};
use crate::check::registry::Rule;
use crate::index::terraform::How;
use crate::index::{Located, Repository, group};

pub(in crate::check) const RULE: Rule = Rule {
    id: "chart-digest",
    severity: Severity::Warning,
    summary: "helm-controller puts a digest behind the version of a chart that Terraform hands over",
    check,
};

fn check(repository: &Repository<'_>, findings: &mut Findings) {
    let mut told: BTreeSet<(String, usize)> = BTreeSet::new();
    let pairs = pairs(repository);
    // The operator's own pods may well restart.
    let handed = pairs
        .iter()
        .filter(|pair| !matches!(pair.installed.how, How::Operator(_)));
    let gates = LazyCell::new(|| Gates::of(repository));
    let mut left: BTreeMap<&str, bool> = BTreeMap::new();
    for pair in handed {
        let cluster = pair.release.cluster;
        let leaves = left.entry(cluster.label());
        if *leaves.or_insert_with(|| gates.leave_versions(cluster, repository)) {
            continue;
        }
        let Some(chart) = chart_of(&pair.release, repository).filter(|chart| chart.by_reference)
        else {
            continue;
        };
        // Where it begins is not known, so neither is with which gates.
        let mut instances = applied_on(
            pair.release.cluster,
            repository,
            group::OPERATOR,
            "FluxInstance",
        );
        let Some(instance) = instances.find_map(|instance| repository.object(instance.built))
        else {
            continue;
        };
        let at = Spot::name(instance);
        if !told.insert(at.key()) {
            continue;
        }
        let name = &pair.release.built.name;
        let version = chart.version.as_ref().and_then(Located::text);
        let version = version.unwrap_or("1.2.3");
        let finding = findings.add(
            at,
            format!("Flux puts a digest behind the version of the chart of {name}, which Terraform installs as {version}"),
        );
        finding.effect("the hand-over changes the label helm.sh/chart and every checksum over it: pods restart, and a chart that uses the version as a label alone fails");
        finding.hint(format!("start helm-controller with --feature-gates={GATE}=true before the first sync (spec.kustomize.patches); never change it on a cluster that runs"));
        if let Some(object) = repository.object(pair.release.built) {
            finding.related(Spot::name(object), "it takes its chart by chartRef");
        }
    }
}
