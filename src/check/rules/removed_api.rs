//! Versions of Flux's and kustomize's kinds that are no longer served, or never were.

use super::common::mend_slip;
use crate::check::finding::{Findings, Severity, Spot};
use crate::check::registry::Rule;
use crate::error::did_you_mean;
use crate::index::{Object, Repository, group};

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
    /// Each with the minor of Flux that took it away.
    removed: &'static [(&'static str, &'static str)],
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
        removed: &[("v1beta1", "2.7"), ("v1beta2", "2.8")],
    },
    Served {
        group: group::KUSTOMIZE,
        kinds: &["Kustomization"],
        version: "v1",
        removed: &[("v1beta1", "2.7"), ("v1beta2", "2.8")],
    },
    Served {
        group: group::HELM,
        kinds: &["HelmRelease"],
        version: "v2",
        removed: &[("v2beta1", "2.7"), ("v2beta2", "2.8")],
    },
    Served {
        group: group::NOTIFICATION,
        kinds: &["Receiver"],
        version: "v1",
        removed: &[("v1beta1", "2.7"), ("v1beta2", "2.9")],
    },
    Served {
        group: group::NOTIFICATION,
        kinds: &["Alert", "Provider"],
        version: "v1beta3",
        removed: &[("v1beta1", "2.7"), ("v1beta2", "2.9")],
    },
    Served {
        group: group::IMAGE,
        kinds: &["ImageRepository", "ImagePolicy", "ImageUpdateAutomation"],
        version: "v1",
        removed: &[("v1beta1", "2.7"), ("v1beta2", "2.9")],
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
    for object in &repository.objects.all {
        look(object, repository, findings);
    }
}

fn look(object: &Object<'_>, repository: &Repository<'_>, findings: &mut Findings) {
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
        return;
    };
    let wanted = format!("{}/{}", served.group, served.version);
    if object.api == wanted {
        return;
    }
    let mut removed = served.removed.iter().filter(|_| served.group == group);
    let gone = removed.find(|(version, _)| *version == object.version());
    let message = match gone {
        Some((version, minor)) => format!("{} {version} went with Flux {minor}", object.kind),
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
    group.ends_with("toolkit.fluxcd.io")
        || group.ends_with(".fluxcd.io")
        || group == group::OPERATOR
}
