//! What both Terraform and Flux hold for their own.

use std::cell::LazyCell;
use std::collections::BTreeSet;

use super::handover::{Gates, chart_of, pairs, title};
use crate::check::finding::{Finding, Findings, Severity, Spot};
use crate::check::registry::Rule;
use crate::index::terraform::{How, Made, Stack};
use crate::index::{Built, Cluster, Known, Lookup, Origin, Repository, is_cluster_scoped};

pub(in crate::check) const RULE: Rule = Rule {
    id: "two-managers",
    severity: Severity::Error,
    summary: "a release or an object that both Terraform and Flux hold for their own",
    check,
};

fn check(repository: &Repository<'_>, findings: &mut Findings) {
    releases(repository, findings);
    objects(repository, findings);
}

fn releases(repository: &Repository<'_>, findings: &mut Findings) {
    let mut told = BTreeSet::new();
    let gates = LazyCell::new(|| Gates::of(repository));
    for pair in pairs(repository) {
        let How::Resource {
            ignores_all,
            perhaps,
        } = pair.installed.how
        else {
            continue;
        };
        // Told to rest, Flux manages nothing.
        let rests = pair.release.effective.text(&["spec", "suspend"]) == Some("true");
        if rests || pair.release.unit.is_suspended() {
            continue;
        }
        let at = Spot::span(pair.installed.source, pair.installed.span.clone());
        let object = repository.object(pair.release.built).map(Spot::name);
        let by_reference =
            chart_of(&pair.release, repository).is_some_and(|chart| chart.by_reference);
        let digest = by_reference && !gates.leave_versions(pair.release.cluster, repository);
        // With all changes ignored Terraform is quiet, if the version that Flux leaves behind can be found again.
        if ignores_all && !digest || !told.insert(at.key()) {
            continue;
        }
        let name = title(&pair);
        let finding = findings.add(
            at,
            format!("Terraform and Flux both manage the release {name}"),
        );
        related(finding, object);
        if ignores_all {
            finding.severity(Severity::Warning);
            finding.effect("Flux leaves a version with a digest behind it, and terraform plan fails on that: the chart is looked for at every plan, whatever is ignored");
            finding.hint("switch the feature gate DisableChartDigestTracking on in helm-controller before the first sync, or take the release out of Terraform by `removed` with destroy = false");
        } else {
            finding.effect("each upgrade by the one is undone by the other, without end, and terraform destroy uninstalls what Flux runs");
            finding.hint("take it out of Terraform: a `removed` block with lifecycle { destroy = false } once Flux has it, or a bootstrap Job that steps aside; lifecycle { ignore_changes = all } at the least");
            if perhaps {
                finding.severity(Severity::Warning);
            }
        }
    }
}

fn related(finding: &mut Finding, object: Option<Spot>) {
    if let Some(object) = object {
        finding.related(object, "Flux applies this");
    }
}

fn objects(repository: &Repository<'_>, findings: &mut Findings) {
    for stack in &repository.terraform.stacks {
        if stack.made.is_empty() {
            continue;
        }
        home_of_flux(stack, findings);
        let clusters = repository.clusters_of(stack);
        for made in stack.made.iter().filter(|made| !made.ignores) {
            let found = clusters
                .iter()
                .find_map(|cluster| applied(made, cluster, repository));
            let Some(built) = found else { continue };
            let home = made.namespace.as_deref().unwrap_or_default();
            let name = if is_cluster_scoped(&made.kind) || home.is_empty() {
                made.name.clone()
            } else {
                format!("{home}/{}", made.name)
            };
            let kind = &made.kind;
            let at = Spot::span(made.source, made.span.clone());
            let finding = findings.add(
                at,
                format!("Terraform and Flux both manage the {kind} {name}"),
            );
            related(finding, repository.object(built).map(Spot::name));
            finding.effect(format!("each overwrites what the other writes, and terraform destroy deletes the {kind} that Flux applies"));
            finding.hint("let one of them make it; where Terraform has to be first, let it ignore changes, and take it out of its state later");
            if made.kind == "Namespace" || made.perhaps || made.resource == "kubectl_manifest" {
                finding.severity(Severity::Warning);
            }
        }
    }
}

/// The namespace in which Flux lives, made by the Terraform that brings Flux.
fn home_of_flux(stack: &Stack<'_>, findings: &mut Findings) {
    if stack.bootstraps.is_empty() && stack.syncs.is_empty() {
        return;
    }
    let mut made = stack.made.iter();
    let home = made.find(|made| made.kind == "Namespace" && made.name == "flux-system");
    let Some(home) = home else { return };
    let at = Spot::span(home.source, home.span.clone());
    let message = "Terraform manages the namespace that Flux lives in".to_owned();
    let finding = findings.add(at, message);
    finding.severity(Severity::Hint);
    finding.effect("terraform destroy deletes it while what Flux made in it still has finalizers, and hangs; what replaces it takes Flux along");
    finding.hint("let the bootstrap make it; or take it out of the state before a destroy, by `removed` with destroy = false");
}

/// What Flux applies under the name of an object that Terraform makes.
fn applied<'r, 'a>(
    made: &Made<'_>,
    cluster: &'r Cluster<'a>,
    repository: &Repository<'a>,
) -> Option<&'r Built<'a>> {
    let home = if is_cluster_scoped(&made.kind) {
        None
    } else {
        // Without its namespace it is any of the name.
        Some(made.namespace.as_deref()?)
    };
    let Lookup::Found(unit, built) = cluster.find(&made.kind, home, &made.name, repository.objects)
    else {
        return None;
    };
    // With nothing known to apply it, nobody fights.
    if unit == 0 && cluster.start.known == Known::Implied {
        return None;
    }
    if home.is_some() && built.home(repository.objects) != home {
        return None;
    }
    let Origin::Object(id) = built.origin else {
        return None;
    };
    let object = &repository.objects.all[id];
    let marked = ["ssa", "reconcile"].iter().any(|mark| {
        let key = format!("kustomize.toolkit.fluxcd.io/{mark}");
        object.mark(&key).is_some()
    });
    // The namespace of Flux itself is in what `flux bootstrap` writes, and has to be there before.
    let own = made.kind == "Namespace" && object.file().ends_with("gotk-components.yaml");
    (!marked && !own).then_some(built)
}
