//! Charts and their sources that do not fit each other.

use std::collections::BTreeSet;

use super::common::{Applied, applied};
use crate::check::finding::{Findings, Severity, Spot};
use crate::check::registry::Rule;
use crate::index::{Located, Lookup, Repository, group};

pub(in crate::check) const RULE: Rule = Rule {
    id: "chart-source",
    severity: Severity::Error,
    summary: "a chart, or the address of its source, in a form that Flux cannot fetch",
    check,
};

fn check(repository: &Repository<'_>, findings: &mut Findings) {
    let mut told: BTreeSet<(String, usize)> = BTreeSet::new();
    let mut new = |at: &Spot| told.insert(at.key());
    for release in applied(repository, group::HELM, "HelmRelease") {
        let kind = release
            .effective
            .at(&["spec", "chart", "spec", "sourceRef", "kind"]);
        if let Some(kind) = kind.filter(|kind| kind.text() == Some("OCIRepository")) {
            let at = Spot::from(&kind);
            if new(&at) {
                let name = &release.built.name;
                let message =
                    format!("HelmRelease {name} names an OCIRepository in chart.spec.sourceRef");
                let finding = findings.add(at, message);
                finding.effect("the API server refuses it: the kind is HelmRepository, GitRepository or Bucket there");
                finding.hint("name it by chartRef, with kind and name, in place of chart");
            }
        }
        if let Some((at, message)) = twice(&release, repository)
            && new(&at)
        {
            let finding = findings.add(at, message);
            finding.severity(Severity::Warning);
            finding.effect("Flux puts the name of the chart behind the address, so it looks for it twice; the HelmRepository says it is ready all the same");
            finding.hint("take the name of the chart off the address of the HelmRepository");
        }
    }
    for source in applied(repository, group::SOURCE, "HelmRepository") {
        let Some(url) = source.effective.at(&["spec", "url"]) else {
            continue;
        };
        let address = url.text().unwrap_or_default();
        let kind = source.effective.at(&["spec", "type"]);
        let is_oci = kind.as_ref().and_then(Located::text) == Some("oci");
        let at = Spot::from(&url);
        if address.starts_with("oci://") && !is_oci && new(&at) {
            let message = format!(
                "HelmRepository {} has an address of OCI, and is not of type oci",
                source.built.name
            );
            let indent = " ".repeat(at.line_column().1.saturating_sub("url: ".len() + 1));
            let finding = findings.add(at.clone(), message);
            finding.effect("Flux fetches nothing: \"'oci' URL scheme cannot be used with 'default' HelmRepository type\"");
            finding.hint("write type: oci below url");
            // Only where the line is `url: …` and nothing else.
            let line = at.source.text[..at.span.start]
                .rsplit('\n')
                .next()
                .unwrap_or_default();
            if kind.is_none() && line == format!("{indent}url: ") {
                let behind = Spot::span(&at.source, at.span.end..at.span.end);
                finding.fix(
                    "write type: oci",
                    vec![(behind, format!("\n{indent}type: oci"))],
                );
            }
        } else if is_oci && address.starts_with("http") && new(&at) {
            let message = format!(
                "HelmRepository {} is of type oci, and its address is not",
                source.built.name
            );
            let finding = findings.add(at, message);
            finding.effect("Flux fetches no chart from it: the address must begin with oci://");
            finding.hint("write the address with oci://, or take type: oci away");
        }
    }
    for source in applied(repository, group::SOURCE, "OCIRepository") {
        let Some(url) = source.effective.at(&["spec", "url"]) else {
            continue;
        };
        let address = url.text().unwrap_or_default();
        let path = address
            .strip_prefix("oci://")
            .and_then(|rest| rest.split_once('/'));
        let at = Spot::from(&url);
        if let Some((_, tag)) = path.and_then(|(_, path)| path.split_once(':'))
            && !address.contains("${")
            && new(&at)
        {
            let message = format!(
                "the address of OCIRepository {} has a version in it",
                source.built.name
            );
            let finding = findings.add(at, message);
            finding.effect(format!(
                "Flux fetches nothing: \"URL must not contain a tag; remove ':{tag}'\""
            ));
            finding.hint(format!("write the version below ref: tag: {tag}"));
        }
    }
}

/// A `HelmRepository` of type oci whose address ends with the name of the chart. Whether there is a folder of that name
/// at the registry is not known (Karpenter's is called so); one that lies in a folder of charts is none.
fn twice(release: &Applied<'_, '_>, repository: &Repository<'_>) -> Option<(Spot, String)> {
    let spec = |key: &str| release.effective.text(&["spec", "chart", "spec", key]);
    let reference = |key: &str| {
        release
            .effective
            .text(&["spec", "chart", "spec", "sourceRef", key])
    };
    if reference("kind") != Some("HelmRepository") {
        return None;
    }
    let chart = spec("chart")?;
    let namespace = reference("namespace").or(release.built.namespace.as_deref());
    let found = release.cluster.find(
        "HelmRepository",
        namespace,
        reference("name")?,
        repository.objects,
    );
    let Lookup::Found(_, built) = found else {
        return None;
    };
    let source = repository.effective(built)?;
    let url = source.at(&["spec", "url"])?;
    let mut parts = url
        .text()?
        .strip_prefix("oci://")?
        .trim_end_matches('/')
        .rsplit('/');
    let doubled = parts.next() == Some(chart)
        && matches!(
            parts.next(),
            Some("charts" | "chart" | "helm" | "helm-charts")
        );
    doubled.then(|| {
        let message = format!(
            "the address of HelmRepository {} ends with the name of the chart {chart}",
            built.name
        );
        (Spot::from(&url), message)
    })
}
