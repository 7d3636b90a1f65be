//! Would an API server take the objects of a tree, and does each have one owner?

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::Value;

use super::crds::{self, Crds};
use super::flux;
use crate::support;

/// Built-in kinds without a namespace.
const CLUSTER_SCOPED: &[&str] = &[
    "APIService",
    "CertificateSigningRequest",
    "ClusterRole",
    "ClusterRoleBinding",
    "CSIDriver",
    "CustomResourceDefinition",
    "IngressClass",
    "MutatingWebhookConfiguration",
    "Namespace",
    "Node",
    "PersistentVolume",
    "PriorityClass",
    "RuntimeClass",
    "StorageClass",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
    "ValidatingWebhookConfiguration",
    "VolumeAttributesClass",
];

/// Built-in kinds in one.
const NAMESPACED: &[&str] = &[
    "ConfigMap",
    "CronJob",
    "DaemonSet",
    "Deployment",
    "HorizontalPodAutoscaler",
    "Ingress",
    "Job",
    "LimitRange",
    "NetworkPolicy",
    "PersistentVolumeClaim",
    "Pod",
    "PodDisruptionBudget",
    "ResourceQuota",
    "Role",
    "RoleBinding",
    "Secret",
    "Service",
    "ServiceAccount",
    "StatefulSet",
];

/// The keys, beside the usual three, of built-in kinds that people misspell.
const BUILT_IN_KEYS: &[(&str, &[&str])] = &[
    ("ConfigMap", &["binaryData", "data", "immutable"]),
    ("Namespace", &["spec"]),
    ("Secret", &["data", "immutable", "stringData", "type"]),
    ("Service", &["spec"]),
    (
        "StorageClass",
        &[
            "allowVolumeExpansion",
            "allowedTopologies",
            "mountOptions",
            "parameters",
            "provisioner",
            "reclaimPolicy",
            "volumeBindingMode",
        ],
    ),
];

/// Findings in everything that Flux would apply: folders that do not build, objects that their
/// CRD refuses, namespaces missing or too many, paths that lead nowhere, objects with two owners.
pub(crate) fn check_objects(tree: &Path, shared: &Path, kubectl: &Path) -> Vec<String> {
    let crds = Crds::load(shared);
    let builds = flux::build_all(tree, kubectl);
    let mut findings = Vec::new();
    let mut seen = BTreeSet::new();
    for (folder, build) in &builds {
        let folder = support::shown(folder);
        match build {
            Err(error) => findings.push(format!("{folder}: {error}")),
            // The same object comes by several ways, once from the shared folder itself.
            Ok(objects) => {
                for object in objects
                    .iter()
                    .filter(|object| seen.insert(object.to_string()))
                {
                    let found = check_object(&crds, object);
                    findings.extend(
                        found
                            .into_iter()
                            .map(|finding| format!("{folder}: {finding}")),
                    );
                }
            }
        }
    }
    for cluster in flux::clusters(tree) {
        let applied = flux::applied(&cluster, &builds, &mut findings);
        let built = applied.into_iter().filter_map(|(name, folder)| {
            Some((name, builds.get(&folder)?.as_ref().ok()?.as_slice()))
        });
        let doubled = check_owners(built);
        findings.extend(
            doubled
                .into_iter()
                .map(|finding| format!("clusters/{cluster}: {finding}")),
        );
    }
    findings
}

/// Group, version and kind of an object, and what to call it.
fn identity(object: &Value) -> (&str, &str, &str, String) {
    let api = object["apiVersion"].as_str().unwrap_or_default();
    let (group, version) = api.split_once('/').unwrap_or(("", api));
    let kind = object["kind"].as_str().unwrap_or_default();
    let metadata = &object["metadata"];
    let name = metadata["name"].as_str().unwrap_or_default();
    let name = match metadata["namespace"].as_str() {
        Some(namespace) => format!("{kind} {namespace}/{name}"),
        None => format!("{kind} {name}"),
    };
    (group, version, kind, name)
}

/// Findings in one object.
pub(crate) fn check_object(crds: &Crds, object: &Value) -> Vec<String> {
    let (group, version, kind, name) = identity(object);
    let mut findings = Vec::new();
    let built_in = !group.contains('.') || group.ends_with(".k8s.io");
    let namespaced = match crds.find(group, kind) {
        Some(crd) => {
            findings.extend(check_against(crds, crd, version, object));
            Some(crd.namespaced)
        }
        None if built_in && NAMESPACED.contains(&kind) => Some(true),
        None if built_in && CLUSTER_SCOPED.contains(&kind) => Some(false),
        None if crds.is_named(group, kind) => None,
        None => {
            findings.push(format!("no kind {kind} is known in group {group:?}"));
            None
        }
    };
    if crds.find(group, kind).is_none() {
        findings.extend(check_built_in(kind, object));
    }
    match (namespaced, object["metadata"]["namespace"].as_str()) {
        (Some(true), None) => findings.push("has no namespace".to_owned()),
        (Some(false), Some(_)) => {
            findings.push("has a namespace, but its kind has none".to_owned());
        }
        _ => {}
    }
    findings
        .into_iter()
        .map(|finding| format!("{name}: {finding}"))
        .collect()
}

fn check_against(crds: &Crds, crd: &crds::Crd, version: &str, object: &Value) -> Vec<String> {
    let Some(validator) = crds.validator(crd, version) else {
        let known = crd.versions.join(", ");
        return vec![format!("its CRD has no version {version:?}, only {known}")];
    };
    let mut findings = schema_errors(&validator, object);
    if crd
        .deprecated
        .iter()
        .any(|deprecated| deprecated == version)
    {
        findings.push(format!("version {version} is deprecated"));
    }
    findings
}

/// What a schema has against an object. A text with `${` may still become anything.
pub(crate) fn schema_errors(validator: &jsonschema::Validator, object: &Value) -> Vec<String> {
    validator
        .iter_errors(object)
        .filter(|error| {
            !error
                .instance()
                .as_str()
                .is_some_and(|text| text.contains("${"))
        })
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect()
}

fn check_built_in(kind: &str, object: &Value) -> Vec<String> {
    let mut schema = serde_json::json!({
        "type": "object",
        "required": ["apiVersion", "kind", "metadata"],
        "properties": {"metadata": crds::metadata()},
    });
    if let Some((_, keys)) = BUILT_IN_KEYS.iter().find(|(known, _)| *known == kind) {
        for key in ["apiVersion", "kind"].iter().chain(*keys) {
            schema["properties"][*key] = serde_json::json!({});
        }
        schema["additionalProperties"] = Value::Bool(false);
    }
    let validator = jsonschema::draft4::new(&schema).expect("a schema");
    schema_errors(&validator, object)
}

/// Objects that more than one of these builds holds; a build is where it is from and its objects.
pub(crate) fn check_owners<'a>(builds: impl Iterator<Item = (String, &'a [Value])>) -> Vec<String> {
    let mut owners: BTreeMap<(String, String), String> = BTreeMap::new();
    let mut findings = Vec::new();
    for (owner, objects) in builds {
        for object in objects {
            let (group, _, _, name) = identity(object);
            let key = (group.to_owned(), name.clone());
            match owners.get(&key) {
                Some(first) => findings.push(format!("{name} is in both {first} and {owner}")),
                None => {
                    owners.insert(key, owner.clone());
                }
            }
        }
    }
    findings
}
