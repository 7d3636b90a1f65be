//! Metadata that the API server refuses.

use std::collections::BTreeSet;

use super::common::{has_open_parts, is_slip, mend_slip};
use crate::check::finding::{Findings, Severity, Spot};
use crate::check::registry::Rule;
use crate::index::{Object, Origin, Repository};

pub(in crate::check) const RULE: Rule = Rule {
    id: "bad-metadata",
    severity: Severity::Error,
    summary: "a name that no object can have, or a field under metadata that belongs elsewhere",
    check,
};

/// Fields of `ObjectMeta` (Kubernetes, `meta/v1`).
const FIELDS: [&str; 15] = [
    "annotations",
    "creationTimestamp",
    "deletionGracePeriodSeconds",
    "deletionTimestamp",
    "finalizers",
    "generateName",
    "generation",
    "labels",
    "managedFields",
    "name",
    "namespace",
    "ownerReferences",
    "resourceVersion",
    "selfLink",
    "uid",
];

/// Kinds whose names may be anything that can stand in a path (Kubernetes, `ValidatePathSegmentName`), or have letters of
/// their own.
const FREE: [&str; 7] = [
    "ClusterRole",
    "ClusterRoleBinding",
    "ClusterTrustBundle",
    "IPAddress",
    "Role",
    "RoleBinding",
    "Taint",
];

fn check(repository: &Repository<'_>, findings: &mut Findings) {
    let mut seen = BTreeSet::new();
    let units = repository.clusters.iter().flat_map(|all| &all.units);
    for built in units.flat_map(|unit| &unit.built) {
        let Origin::Object(id) = built.origin else {
            continue;
        };
        let object = &repository.objects.all[id];
        if object.nested || !seen.insert(id) {
            continue;
        }
        name(object, &built.name, findings);
        fields(object, findings);
    }
}

/// RFC 1123, "subdomain": what nearly every kind asks of its names.
fn name(object: &Object<'_>, name: &str, findings: &mut Findings) {
    let open = has_open_parts(name) || name.contains("ENC[");
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '.';
    let ends = name.starts_with(['-', '.']) || name.ends_with(['-', '.']);
    // OpenShift's users and groups have names of their own, as other servers' kinds may.
    let foreign = object.group().ends_with(".openshift.io");
    if name.is_empty()
        || open
        || foreign
        || FREE.contains(&object.kind)
        || name.chars().all(fits) && !ends
    {
        return;
    }
    let message = format!("a {} cannot be called `{name}`", object.kind);
    let finding = findings.add(Spot::name(object), message);
    finding.effect("the API server refuses it, and Flux applies nothing of its build");
    finding.hint("use small letters, digits, - and . only, with a letter or digit at both ends");
}

fn fields(object: &Object<'_>, findings: &mut Findings) {
    let Some(metadata) = object.node.get("metadata") else {
        return;
    };
    for (key, _) in metadata.entries() {
        let Some(field) = key.text() else { continue };
        if FIELDS.contains(&field) || field == "<<" || has_open_parts(field) {
            continue;
        }
        let message = format!("metadata has no field {field}");
        let finding = findings.add(Spot::node(object.source, key), message);
        finding.effect("the API server refuses it (\"field not declared in schema\"), or leaves it out without a word");
        finding.hint(format!(
            "is {field} meant to stand elsewhere: under spec, or under labels?"
        ));
        let mut names = FIELDS.iter();
        if let Some(meant) = names.find(|name| is_slip(field, name) && metadata.get(name).is_none())
        {
            finding.hint(format!("did you mean `{meant}`?"));
            mend_slip(finding, meant);
        }
        // Of kinds that are defined by others it is left out.
        if object.group().contains('.') && !object.group().ends_with(".k8s.io") {
            finding.severity(Severity::Warning);
        }
    }
}
