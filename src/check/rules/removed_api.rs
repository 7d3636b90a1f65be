//! Versions of Flux's and kustomize's kinds that are no longer served, or never were.

use super::common::mend_slip;
use super::flux_version::{Version, flux_version};
use super::unserved;
use crate::check::finding::{Findings, Severity, Spot};
use crate::check::registry::Rule;
use crate::error::did_you_mean;
use crate::index::{Cluster, Known, Object, Repository, group};

pub(in crate::check) const RULE: Rule = Rule {
    id: "removed-api",
    severity: Severity::Error,
    summary: "a version of a Flux kind that is no longer served, or a kind that never was",
    check,
};

/// Kinds of a group that are served in one version, and the versions that went before.
struct Served {
    group: &'static str,
    kinds: &'static [&'static str],
    version: &'static str,
    /// Each with the Flux that took it away.
    removed: &'static [(&'static str, Version)],
}

/// What Flux 2.9 serves (its CRDs serve one version each), and in which minor an older one went (the "Upgrade
/// procedure" of each announcement).
const SERVED: [Served; 10] = [
    Served {
        group: group::SOURCE,
        kinds: &[
            "GitRepository",
            "OCIRepository",
            "HelmRepository",
            "HelmChart",
            "Bucket",
            "ExternalArtifact",
        ],
        version: "v1",
        removed: &[("v1beta1", (2, 7)), ("v1beta2", (2, 8))],
    },
    Served {
        group: group::KUSTOMIZE,
        kinds: &["Kustomization"],
        version: "v1",
        removed: &[("v1beta1", (2, 7)), ("v1beta2", (2, 8))],
    },
    Served {
        group: group::HELM,
        kinds: &["HelmRelease"],
        version: "v2",
        removed: &[("v2beta1", (2, 7)), ("v2beta2", (2, 8))],
    },
    Served {
        group: group::NOTIFICATION,
        kinds: &["Receiver"],
        version: "v1",
        removed: &[("v1beta1", (2, 7)), ("v1beta2", (2, 9))],
    },
    Served {
        group: group::NOTIFICATION,
        kinds: &["Alert", "Provider"],
        version: "v1beta3",
        removed: &[("v1beta1", (2, 7)), ("v1beta2", (2, 9))],
    },
    Served {
        group: group::IMAGE,
        kinds: &["ImageRepository", "ImagePolicy", "ImageUpdateAutomation"],
        version: "v1",
        removed: &[("v1beta1", (2, 7)), ("v1beta2", (2, 9))],
    },
    Served {
        group: group::EXTENSIONS,
        kinds: &["ArtifactGenerator"],
        version: "v1beta1",
        removed: &[],
    },
    Served {
        group: group::OPERATOR,
        kinds: &[
            "FluxInstance",
            "FluxReport",
            "ResourceSet",
            "ResourceSetInputProvider",
        ],
        version: "v1",
        removed: &[],
    },
    Served {
        group: "kustomize.config.k8s.io",
        kinds: &["Kustomization"],
        version: "v1beta1",
        removed: &[],
    },
    Served {
        group: "kustomize.config.k8s.io",
        kinds: &["Component"],
        version: "v1alpha1",
        removed: &[],
    },
];

fn check(repository: &Repository<'_>, findings: &mut Findings) {
    let versions: Vec<(&Cluster<'_>, Option<Version>)> = repository
        .clusters
        .iter()
        .map(|cluster| (cluster, flux_version(cluster, repository)))
        .collect();
    for object in &repository.objects.all {
        look(object, &versions, repository, findings);
    }
}

/// The newest Flux that reads a file. Where it is not known of one of those that do, it may be the last there is; of a
/// file that none reads, the newest of the repository counts.
fn newest_for(file: &str, versions: &[(&Cluster<'_>, Option<Version>)]) -> Option<Version> {
    let reads = |cluster: &Cluster<'_>| cluster.files.contains(file);
    let is_known = |cluster: &Cluster<'_>| cluster.start.known != Known::Implied;
    let mut readers = versions
        .iter()
        .filter(|(cluster, _)| reads(cluster) && is_known(cluster))
        .peekable();
    if readers.peek().is_some() {
        let all: Option<Vec<Version>> = readers.map(|(_, version)| *version).collect();
        return all?.into_iter().max();
    }
    versions.iter().filter_map(|(_, version)| *version).max()
}

fn look(
    object: &Object<'_>,
    versions: &[(&Cluster<'_>, Option<Version>)],
    repository: &Repository<'_>,
    findings: &mut Findings,
) {
    let group = object.group();
    let Some(node) = object.node.get("apiVersion") else {
        return;
    };
    if object.api.contains("${") || object.api.contains("<<") {
        return;
    }
    let own = |served: &&Served| served.kinds.contains(&object.kind);
    let same = SERVED
        .iter()
        .filter(own)
        .find(|served| served.group == group);
    // A group of Flux's under which it has no such kind is a slip; any other group may have kinds of any name.
    let Some(served) = same.or_else(|| SERVED.iter().find(own).filter(|_| is_flux(group))) else {
        no_such_kind(object, repository, findings);
        unserved::look(object, repository, findings);
        return;
    };
    let wanted = format!("{}/{}", served.group, served.version);
    if object.api == wanted {
        return;
    }
    let mut removed = served.removed.iter().filter(|_| served.group == group);
    let gone = removed.find(|(version, _)| *version == object.version());
    let message = match gone {
        Some((version, (major, minor))) => {
            format!("{} {version} went with Flux {major}.{minor}", object.kind)
        }
        None => format!("there is no {} {}", object.kind, object.api),
    };
    let finding = findings.add(Spot::node(object.source, node), message);
    finding.effect(format!(
        "the API server refuses it: no matches for kind \"{}\"",
        object.kind
    ));
    finding.hint(format!(
        "write {wanted}; see what its fields are called there"
    ));
    // Fields of the older versions that have another name are few, and the API server says so at once.
    if gone.is_none() {
        finding.hint(format!("write {wanted}"));
        finding.fix(
            format!("write {wanted}"),
            vec![(Spot::node(object.source, node), wanted.clone())],
        );
    }
    if !repository.reached.contains(object.file()) && !repository.clusters.is_empty() {
        finding.severity(Severity::Warning);
    }
    let yet = gone.and_then(|(version, removed)| {
        let own = newest_for(object.file(), versions)?;
        (own < *removed).then_some((version, removed, own))
    });
    if let Some((version, (major, minor), own)) = yet {
        finding.severity(Severity::Warning);
        finding.because(format!("{group} {} {version}", object.kind));
        finding.effect(format!(
            "Flux {}.{}, which is what is here, serves it; from Flux {major}.{minor} on the API server refuses it",
            own.0, own.1
        ));
        finding.hint(format!(
            "before Flux comes to {major}.{minor}, write {wanted}; see what its fields are called there"
        ));
    }
}

/// A kind that a group of Flux's does not have. kustomize's own files are another rule's.
fn no_such_kind(object: &Object<'_>, repository: &Repository<'_>, findings: &mut Findings) {
    let group = object.group();
    let own = SERVED
        .iter()
        .filter(|served| served.group == group && is_flux(group));
    let kinds: Vec<&str> = own.flat_map(|served| served.kinds).copied().collect();
    let Some(node) = object.node.get("kind").filter(|_| !kinds.is_empty()) else {
        return;
    };
    let kind = object.kind;
    if kind.is_empty() || kind.ends_with("List") || kind.contains(['$', '<', '{', '%']) {
        return;
    }
    let message = format!("there is no kind {kind} in group {group}");
    let finding = findings.add(Spot::node(object.source, node), message);
    finding.effect(format!(
        "the API server refuses it: no matches for kind \"{kind}\""
    ));
    let mut any_case = kinds
        .iter()
        .filter(|known| known.eq_ignore_ascii_case(kind));
    let near = any_case.next().copied();
    if let Some(near) = near.or_else(|| did_you_mean(kind, kinds.iter().copied())) {
        finding.hint(format!("did you mean `{near}`?"));
        mend_slip(finding, near);
    } else {
        // A later version may have more.
        finding.severity(Severity::Warning);
        finding.hint(format!("it has {}", kinds.join(", ")));
    }
    if !repository.reached.contains(object.file()) && !repository.clusters.is_empty() {
        finding.severity(Severity::Warning);
    }
}

/// Whether a group is one of Flux's, or nearly so.
fn is_flux(group: &str) -> bool {
    // Flux 1 and its Helm operator had groups of their own.
    if ["flux.fluxcd.io", "helm.fluxcd.io"].contains(&group) {
        return false;
    }
    group.ends_with("toolkit.fluxcd.io")
        || group.ends_with(".fluxcd.io")
        || group == group::OPERATOR
}
