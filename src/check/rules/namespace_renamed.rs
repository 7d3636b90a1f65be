//! A Namespace that comes out under another name, and one of Flux's or Kubernetes' own that may be deleted.

use std::collections::BTreeSet;

use super::namespaces::Namespaces;
use crate::check::finding::{Findings, Severity, Spot};
use crate::check::registry::Rule;
use crate::index::{Built, Cluster, Folder, Known, Object, Origin, Repository, Unit, folder_of};

pub(in crate::check) const RULE: Rule = Rule {
    id: "namespace-renamed",
    severity: Severity::Error,
    summary: "a Namespace that `namespace:` or targetNamespace renames, or one of the system's that may be deleted",
    check,
};

const PRUNE: &str = "kustomize.toolkit.fluxcd.io/prune";

fn check(repository: &Repository<'_>, findings: &mut Findings) {
    both_one(repository, findings);
    let mut told = BTreeSet::new();
    for cluster in &repository.clusters {
        let mut namespaces = None;
        for (number, unit) in cluster.units.iter().enumerate() {
            for built in &unit.built {
                let Some(object) = namespace(built, repository) else {
                    continue;
                };
                let at = Spot::name(object);
                let place = at.key();
                let known = number > 0 && cluster.start.known != Known::Implied;
                if known && may_go(unit, built, object, repository) && told.insert(place.clone()) {
                    system(unit, built, at.clone(), findings);
                }
                let written = unit.variables.fill(object.name);
                let renamed = written.is_some_and(|name| name != built.name);
                if !renamed || unit.is_remote() || built.name.contains("${") {
                    continue;
                }
                let namespaces =
                    namespaces.get_or_insert_with(|| Namespaces::of(cluster, repository));
                let wanted =
                    namespaces.used.contains_key(object.name) && !namespaces.is_made(object.name);
                if (wanted || is_plain_slip(unit, built, object, repository)) && told.insert(place)
                {
                    renames(
                        cluster,
                        unit,
                        built,
                        object,
                        wanted.then_some(&*namespaces),
                        repository,
                        findings,
                    );
                }
            }
        }
    }
}

/// A Namespace of a build, as it is written.
fn namespace<'a>(built: &Built<'a>, repository: &Repository<'a>) -> Option<&'a Object<'a>> {
    let object = repository.object(built)?;
    (object.is("", "Namespace") && !object.nested && !object.name.is_empty()).then_some(object)
}

/// Two Namespaces in a build that are put into one namespace have one name then, which kustomize refuses.
fn both_one(repository: &Repository<'_>, findings: &mut Findings) {
    for clash in &repository.clashes {
        let (Origin::Object(first), Origin::Object(second)) =
            (&clash.first.origin, &clash.second.origin)
        else {
            continue;
        };
        let all = &repository.objects.all;
        let (first, second) = (&all[*first], &all[*second]);
        if !second.is("", "Namespace") || first.name == second.name {
            continue;
        }
        let message = format!(
            "the Namespaces {} and {} both come out as {}",
            first.name, second.name, clash.second.name
        );
        let finding = findings.add(Spot::name(second), message);
        finding.effect(
            "the build fails with \"namespace transformation produces ID conflict\", and Flux applies nothing of it",
        );
        finding.hint("move the Namespaces to a kustomization that sets no namespace");
        finding.related(Spot::name(first), "the other is here");
        if let Some((source, span)) = &clash.second.placed_by {
            finding.related(Spot::span(source, span.clone()), "this renames them");
        }
        if !repository.reached.contains(second.file()) && !repository.clusters.is_empty() {
            finding.severity(Severity::Warning);
        }
    }
}

/// Whether a Namespace lies right beside what renames it, and only there: a base or a Component that is laid over by
/// several may mean it so.
fn is_plain_slip(
    unit: &Unit<'_>,
    built: &Built<'_>,
    object: &Object<'_>,
    repository: &Repository<'_>,
) -> bool {
    let own = folder_of(object.file());
    let target = unit.effective.as_ref();
    if target.is_some_and(|all| all.at(&["spec", "targetNamespace"]).is_some()) {
        let leads = |unit: &&Unit<'_>| unit.folder == Folder::Here(own.to_owned());
        let units = repository.units();
        return leads(&unit) && units.filter(leads).count() == 1;
    }
    let Some((source, _)) = &built.placed_by else {
        return false;
    };
    let lists = |folder: &str, name: &str| {
        let file = repository.index.kustomization_file(folder);
        let resources = file.map(|_| repository.index.resources(folder));
        resources.is_some_and(|all| all.iter().any(|path| path == name))
    };
    folder_of(&source.name) == own
        && lists(own, object.file())
        && !is_component(&source.name, repository)
        && object
            .name
            .bytes()
            .all(|c| c.is_ascii_alphanumeric() || c == b'-')
}

fn is_component(file: &str, repository: &Repository<'_>) -> bool {
    let node = repository.index.files.get(file).and_then(|all| all.first());
    node.and_then(|node| node.get("kind"))
        .and_then(|kind| kind.text())
        == Some("Component")
}

fn renames(
    cluster: &Cluster<'_>,
    unit: &Unit<'_>,
    built: &Built<'_>,
    object: &Object<'_>,
    wanted: Option<&Namespaces<'_>>,
    repository: &Repository<'_>,
    findings: &mut Findings,
) {
    let message = format!("the Namespace {} comes out as {}", object.name, built.name);
    let finding = findings.add(Spot::name(object), message);
    finding.effect(format!(
        "Flux makes a Namespace {}, and none of the name {}",
        built.name, object.name
    ));
    finding.hint(format!(
        "name it {}, or move it to a kustomization that sets no namespace",
        built.name
    ));
    let target = unit.effective.as_ref();
    let target = target.and_then(|all| all.at(&["spec", "targetNamespace"]));
    match (target, &built.placed_by) {
        (Some(target), _) => {
            finding.related(Spot::from(&target), "this renames it");
        }
        (None, Some((source, span))) => {
            finding.related(Spot::span(source, span.clone()), "this renames it");
        }
        (None, None) => {}
    }
    let Some(used) = wanted.and_then(|all| all.used.get(object.name)) else {
        finding.severity(Severity::Warning);
        return;
    };
    finding.effect(format!(
        "Flux makes none of the name {}, and what is for it fails: namespaces \"{}\" not found",
        object.name, object.name
    ));
    finding.related(used.at.clone(), format!("{} is for it", used.title));
    if cluster.start.known == Known::Implied || !repository.reached.contains(object.file()) {
        finding.severity(Severity::Warning);
    }
}

/// Whether Flux deletes a Namespace of the system when its file goes.
fn may_go(
    unit: &Unit<'_>,
    built: &Built<'_>,
    object: &Object<'_>,
    repository: &Repository<'_>,
) -> bool {
    if !matches!(built.name.as_str(), "flux-system" | "kube-system") || unit.is_remote() {
        return false;
    }
    let Some(own) = &unit.effective else {
        return false;
    };
    let prunes = own.text(&["spec", "prune"]) == Some("true");
    let orphans = own.text(&["spec", "deletionPolicy"]) == Some("Orphan");
    let marked = repository.effective(built).is_some_and(|all| {
        ["annotations", "labels"]
            .iter()
            .any(|map| all.at(&["metadata", map, PRUNE]).is_some())
    });
    // Annotations for all of a build are not followed to each object.
    let by_all = own
        .at(&["spec", "commonMetadata", "annotations", PRUNE])
        .is_some()
        || built
            .placed_by
            .iter()
            .any(|(source, _)| source.text.contains(PRUNE))
        || repository
            .index
            .kustomization_file(folder_of(object.file()))
            .and_then(|file| repository.index.texts.get(&file))
            .is_some_and(|source| source.text.contains(PRUNE));
    // What `flux bootstrap` writes.
    let is_flux = object
        .mark("app.kubernetes.io/part-of")
        .is_some_and(|part| part.text() == Some("flux"));
    prunes && !orphans && !marked && !by_all && !is_flux
}

fn system(unit: &Unit<'_>, built: &Built<'_>, at: Spot, findings: &mut Findings) {
    let message = format!("{} may delete the Namespace {}", unit.name, built.name);
    let finding = findings.add(at, message);
    finding.severity(Severity::Warning);
    finding.hint(format!("annotate it with {PRUNE}: disabled"));
    if built.name == "flux-system" {
        finding.effect(format!(
            "once it is no longer in {}, Flux deletes the namespace that it runs in itself, with every object of Flux's",
            unit.name
        ));
    } else {
        finding.severity(Severity::Hint);
        finding.effect(format!(
            "once it is no longer in {}, Flux tries to delete it, which the API server forbids",
            unit.name
        ));
    }
    if let Some(prune) = unit
        .effective
        .as_ref()
        .and_then(|all| all.at(&["spec", "prune"]))
    {
        finding.related(Spot::from(&prune), "this prunes");
    }
}
