//! Charts that Terraform installs otherwise than Flux upgrades them to.

use std::collections::BTreeSet;

use super::common::applied_on;
use super::handover::{
    Chart, Pair, chart_of, installed_from, pairs, plain_version, release_id_of, release_of, title,
};
use crate::check::finding::{Finding, Findings, Severity, Spot};
use crate::check::registry::Rule;
use crate::index::terraform::Installed;
use crate::index::{Cluster, Repository, group};
use crate::yaml::Kind;

pub(in crate::check) const RULE: Rule = Rule {
    id: "handover-source",
    severity: Severity::Warning,
    summary: "Terraform installs another chart, version or release than the one that Flux takes over",
    check,
};

fn check(repository: &Repository<'_>, findings: &mut Findings) {
    let mut told = BTreeSet::new();
    for pair in pairs(repository) {
        if let Some(chart) = chart_of(&pair.release, repository) {
            look(&pair, &chart, &mut told, repository, findings);
        }
    }
    for stack in &repository.terraform.stacks {
        if stack.installed.is_empty() {
            continue;
        }
        for cluster in repository.clusters_of(stack) {
            for installed in &stack.installed {
                if release_of(installed, cluster, repository).is_none() {
                    elsewhere(installed, cluster, &mut told, repository, findings);
                }
            }
        }
    }
}

type Told = BTreeSet<(String, usize)>;

fn look(
    pair: &Pair<'_, '_>,
    chart: &Chart<'_>,
    told: &mut Told,
    repository: &Repository<'_>,
    findings: &mut Findings,
) {
    let name = title(pair);
    let installed = pair.installed;
    let own = Spot::span(installed.source, installed.span.clone());
    let of_flux = repository.object(pair.release.built).map(Spot::name);
    if let (Some(node), Some(namespace)) = (
        pair.release.effective.at(&["spec", "targetNamespace"]),
        installed.namespace.as_text(),
    ) && let Some(target) = node
        .text()
        .and_then(|text| pair.release.unit.variables.fill(text))
        && target != namespace
    {
        let at = Spot::from(&node);
        if told.insert(at.key()) {
            let message = format!(
                "Terraform installs {name} in {namespace}, and Flux upgrades it into {target}"
            );
            let finding = findings.add(at, message);
            finding.effect("what the chart puts into the namespace of the release is made in the other one, and taken away where it ran");
            finding.hint(format!("take targetNamespace away, or write {namespace}"));
            finding.related(own, "Terraform installs it here");
        }
        return;
    }
    if let (Some(theirs), Some(ours)) = (installed_from(installed), &chart.address)
        && theirs != *ours
    {
        let Some(at) = of_flux.clone() else { return };
        if told.insert(at.key()) {
            let finding = findings.add(
                at,
                format!(
                    "Terraform installs {name} from {theirs}, and Flux upgrades it from {ours}"
                ),
            );
            finding.effect("the first thing that Flux does is to upgrade to another chart; one with another name in its Chart.yaml is uninstalled first");
            finding.hint("let both name one chart");
            finding.related(own, "Terraform installs it here");
        }
        return;
    }
    let Some(version) = &chart.version else {
        return;
    };
    let at = Spot::from(version);
    let text = version.text().unwrap_or_default();
    // Where Terraform takes the newest too, both take what there is.
    if chart.ranges && installed.version.as_text().is_some() && told.insert(at.key()) {
        let finding = findings.add(
            at,
            format!("Flux takes {name} over at whatever version `{text}` comes to"),
        );
        finding.effect("it may be another than Terraform installed: the hand-over is an upgrade then, and pods restart");
        finding.hint("write one version, as a tag in quotes, and let Renovate raise it");
        finding.related(own, "Terraform installs it here");
        return;
    }
    if chart.ranges {
        return;
    }
    // What variables give is not compared.
    let filled = pair.release.unit.variables.fill(text);
    if let (Some(theirs), Some(ours)) = (installed.version.as_text(), filled)
        && plain_version(&theirs) != plain_version(&ours)
        && told.insert(at.key())
    {
        let finding = findings.add(
            at,
            format!("Terraform installs {name} {theirs}, and Flux takes it over at {ours}"),
        );
        finding.effect(
            "the hand-over is an upgrade or a step back, with every hook of it, and pods restart",
        );
        finding.hint(
            "let Terraform read the version from the file that Flux reads, or write the same one",
        );
        if matches!(version.node.kind, Kind::Scalar { plain: true, .. })
            && text.parse::<f64>().is_ok()
        {
            finding.hint("write it in quotes: without them Terraform reads a number, and leaves zeros at its end out");
        }
        finding.related(own, "Terraform installs it here");
    }
}

/// A release of the same name and chart in another namespace: Flux does not find the one of Terraform there.
fn elsewhere(
    installed: &Installed<'_>,
    cluster: &Cluster<'_>,
    told: &mut Told,
    repository: &Repository<'_>,
    findings: &mut Findings,
) {
    let Some((name, namespace)) = installed.release_id() else {
        return;
    };
    let Some(from) = installed_from(installed) else {
        return;
    };
    for release in applied_on(cluster, repository, group::HELM, "HelmRelease") {
        let same =
            chart_of(&release, repository).and_then(|chart| chart.address) == Some(from.clone());
        let Some((own, home)) = release_id_of(&release) else {
            continue;
        };
        let Some(object) = repository.object(release.built) else {
            continue;
        };
        let target = release.effective.text(&["spec", "targetNamespace"]);
        // Kept elsewhere than it runs, or under another name where it runs.
        let apart = own == name && target == Some(namespace.as_str())
            || home == namespace && release.built.name == name;
        // Of one name and one chart in two namespaces one may be on purpose.
        let perhaps = own == name && target.is_none();
        let meant = apart || perhaps;
        if !same || !meant {
            continue;
        }
        let at = Spot::name(object);
        if told.insert(at.key()) {
            let finding: &mut Finding = findings.add(
                at,
                format!("Flux keeps this release as {home}/{own}, and Terraform installs it as {namespace}/{name}"),
            );
            if apart {
                finding.severity(Severity::Error);
            }
            finding.effect("Flux does not find it and installs it a second time over the same objects; once the first one is uninstalled, they are gone");
            finding.hint(format!("write releaseName: {name}, and let the HelmRelease be in {namespace} or write storageNamespace: {namespace}"));
            finding.related(
                Spot::span(installed.source, installed.span.clone()),
                "Terraform installs it here",
            );
        }
    }
}
