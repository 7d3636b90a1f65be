//! A source or a chart that is not there.

use std::collections::BTreeMap;

use super::common::{Applied, applied, applied_on, instead, is_lost, is_slip, mend_slip};
use crate::check::finding::{Findings, Severity, Spot};
use crate::check::registry::Rule;
use crate::index::{Known, Located, Lookup, Repository, group};

pub(in crate::check) const RULE: Rule = Rule {
    id: "missing-source",
    severity: Severity::Error,
    summary: "a sourceRef or chartRef names a source that is not there",
    check,
};

/// Where each kind names a source, and what the field is called.
const PLACES: [(&str, &str, &[&str]); 6] = [
    (group::KUSTOMIZE, "Kustomization", &["spec", "sourceRef"]),
    (group::HELM, "HelmRelease", &["spec", "chartRef"]),
    (
        group::HELM,
        "HelmRelease",
        &["spec", "chart", "spec", "sourceRef"],
    ),
    (group::SOURCE, "HelmChart", &["spec", "sourceRef"]),
    (
        group::IMAGE,
        "ImageUpdateAutomation",
        &["spec", "sourceRef"],
    ),
    (group::IMAGE, "ImagePolicy", &["spec", "imageRepositoryRef"]),
];

fn check(repository: &Repository<'_>, findings: &mut Findings) {
    let mut told: BTreeMap<Missing, Vec<Told<'_, '_>>> = BTreeMap::new();
    for (group, kind, path) in PLACES {
        let loose = repository.loose.iter();
        let loose = loose.flat_map(|loose| applied_on(loose, repository, group, kind));
        for object in applied(repository, group, kind).chain(loose) {
            let reference = object.effective.at(path);
            let missing =
                reference.and_then(|reference| look(object, kind, &reference, repository));
            if let Some((missing, one)) = missing {
                told.entry(missing).or_default().push(one);
            }
        }
    }
    for ((_, _, of, name, _), all) in told {
        tell(&of, &name, &all, repository, findings);
    }
}

/// The cluster, what names it, and kind, name and namespace of a source that is not there.
type Missing = (String, &'static str, String, String, Option<String>);

/// Something that names a source that is not there.
struct Told<'r, 'a> {
    object: Applied<'r, 'a>,
    kind: &'static str,
    node: Located<'a>,
    /// The namespace in which it is looked for.
    namespace: Option<String>,
    /// Where it is, if it is the source that the cluster is read from.
    home: Option<String>,
    /// What may be meant, by what others name.
    meant: Option<String>,
}

fn look<'r, 'a>(
    object: Applied<'r, 'a>,
    kind: &'static str,
    reference: &Located<'a>,
    repository: &Repository<'a>,
) -> Option<(Missing, Told<'r, 'a>)> {
    let text = |key: &str| reference.get(key).and_then(|node| node.text());
    let of = text("kind").unwrap_or("ImageRepository");
    let node = reference.get("name")?;
    let name = object
        .unit
        .variables
        .fill(node.text().unwrap_or_default())?;
    let own = object.built.namespace.as_deref();
    let namespace = match text("namespace") {
        Some(said) => Some(object.unit.variables.fill(said)?),
        None => own.map(str::to_owned),
    };
    let found = object
        .cluster
        .find(of, namespace.as_deref(), &name, repository.objects);
    if matches!(found, Lookup::Found(..) | Lookup::Unknown) {
        return None;
    }
    // Where it is if it is the cluster's own: wrong then only if another namespace is meant.
    let home = if is_its_own(&object, of, &name) {
        Some(home_of_its_own(&object, namespace.as_deref())?.to_owned())
    } else {
        None
    };
    // Made by an ArtifactGenerator, a ResourceSet or the operator.
    let may_be_made = of == "ExternalArtifact" || object.cluster.start.known == Known::Implied;
    // In folders to which nothing leads, what is there may come together with more elsewhere.
    let is_loose = repository
        .loose
        .iter()
        .any(|loose| std::ptr::eq(loose, object.cluster));
    let slip = match found {
        Lookup::Near(near) => is_slip(&name, near),
        _ => false,
    };
    let meant = meant(&object, of, &name, namespace.as_deref(), repository);
    if is_loose && !slip
        || may_be_made && home.is_none() && matches!(found, Lookup::None) && meant.is_none()
    {
        return None;
    }
    let missing = (
        object.cluster.label().to_owned(),
        kind,
        of.to_owned(),
        name,
        namespace.clone(),
    );
    let told = Told {
        object,
        kind,
        node,
        namespace,
        home,
        meant,
    };
    Some((missing, told))
}

/// The name of a source that is not in the repository either, and that several others take: one that differs from it by
/// a slip is meant to be it.
fn meant(
    object: &Applied<'_, '_>,
    of: &str,
    name: &str,
    namespace: Option<&str>,
    repository: &Repository<'_>,
) -> Option<String> {
    if of == "ExternalArtifact" {
        return made_by_generator(object, name, repository);
    }
    let units = object.cluster.units.iter();
    let sources = units.filter_map(|unit| unit.source.as_ref());
    let (mut own, mut counts): (usize, BTreeMap<&str, usize>) = Default::default();
    for source in sources.filter(|source| source.kind == of) {
        if source.name == name {
            own += 1;
        } else if namespace.is_none_or(|space| space == source.namespace)
            && is_slip(name, &source.name)
        {
            *counts.entry(&source.name).or_default() += 1;
        }
    }
    let mut counts = counts.into_iter();
    let (meant, _) = counts.find(|(_, count)| *count > 1 && *count > own)?;
    Some(meant.to_owned())
}

/// The artifact of an `ArtifactGenerator` that is meant by a name which differs from it by a slip.
fn made_by_generator(
    object: &Applied<'_, '_>,
    name: &str,
    repository: &Repository<'_>,
) -> Option<String> {
    let generators = applied_on(
        object.cluster,
        repository,
        group::EXTENSIONS,
        "ArtifactGenerator",
    );
    let mut made: Vec<String> = Vec::new();
    for generator in generators {
        let artifacts = generator.effective.items(&["spec", "artifacts"]);
        let names = artifacts
            .iter()
            .filter_map(|made| made.get("name")?.node.text());
        made.extend(names.filter_map(|name| generator.unit.variables.fill(name)));
    }
    if made.iter().any(|made| made == name) {
        return None;
    }
    made.into_iter().find(|made| is_slip(name, made))
}

/// Tells of a source that is not there, once for all that name it.
fn tell(
    of: &str,
    name: &str,
    all: &[Told<'_, '_>],
    repository: &Repository<'_>,
    findings: &mut Findings,
) {
    let Some(first) = all.first() else {
        return;
    };
    let Told {
        object,
        kind,
        node,
        home,
        meant,
        ..
    } = first;
    let namespace = first.namespace.as_deref();
    let found = object.cluster.find(of, namespace, name, repository.objects);
    let others = match all.len() - 1 {
        0 => "",
        1 => " and another",
        more => &format!(" and {more} others"),
    };
    let takes = if others.is_empty() { "takes" } else { "take" };
    let away = home.is_some() || matches!(found, Lookup::Otherwhere(..));
    let place = match namespace.filter(|_| away) {
        Some(namespace) => format!("in the namespace {namespace}"),
        None => "there".to_owned(),
    };
    let message = format!(
        "{kind} {}{others} {takes} {of} {name}, which is not {place}",
        object.built.name
    );
    let finding = findings.add(Spot::from(node), message);
    finding.on(object.cluster);
    finding.because(format!(
        "{} {kind} {of} {} {name}",
        object.cluster.label(),
        namespace.unwrap_or_default()
    ));
    finding.effect(format!(
        "{} is not applied: Flux says \"source not found\"",
        object.built.name
    ));
    finding.hint(format!("add the {of}, or name one that is on this cluster"));
    let mut is_other = false;
    for other in ["OCIRepository", "HelmRepository", "GitRepository", "Bucket"] {
        let there = object
            .cluster
            .find(other, namespace, name, repository.objects);
        if other != of && matches!(there, Lookup::Found(..)) {
            finding.hint(format!("{name} is of the kind {other}: write that"));
            is_other = true;
        }
    }
    instead(finding, &found, repository);
    if let Some(meant) = meant {
        finding.hint(format!("did you mean `{meant}`?"));
        mend_slip(finding, meant);
    }
    if let Some(home) = home {
        finding.hint(format!("it is in the namespace {home}: name that"));
        return;
    }
    let mut named = repository.objects.named(of, name);
    let written = named.find(|object| !repository.reached.contains(object.file()));
    let lost = is_lost(&found, name);
    if lost
        && !is_other
        && let Some(written) = written
    {
        // As what a bootstrap applies by hand.
        finding.severity(Severity::Hint);
        finding.effect("it is written, and nothing here applies it: unless somebody does by hand, Flux says \"source not found\"");
        finding.related(Spot::name(written), "it is written here");
    } else if lost && !is_other && object.cluster.may_have_more() {
        finding.severity(Severity::Warning);
    }
}

/// The namespace of the cluster's own source, where that is sure and another one is meant.
fn home_of_its_own<'r>(object: &Applied<'r, '_>, namespace: Option<&str>) -> Option<&'r str> {
    let home = object.cluster.home_of_source()?;
    let other = namespace.is_some_and(|namespace| {
        namespace != home && !namespace.is_empty() && !namespace.contains(['$', '<', '{'])
    });
    // What is applied to another cluster takes the source of that.
    (other && !object.unit.is_remote()).then_some(home)
}

/// Whether a source is the one from which the cluster itself is read: Flux or its operator makes that.
fn is_its_own(object: &Applied<'_, '_>, kind: &str, name: &str) -> bool {
    let first = object
        .cluster
        .units
        .first()
        .and_then(|unit| unit.source.as_ref());
    first.is_some_and(|own| own.kind == kind && own.name == name)
        // Where nothing says which it is, it has this name by custom.
        || first.is_none() && name == "flux-system"
}
