//! Everything that is on a cluster, and everything that a platform puts there.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::Up;
use crate::kit::api::Resource;
use crate::kit::cluster::Cluster;

/// Kinds that say what happens, and those that Kubernetes keeps for itself beside the objects of a platform.
const PASSING: [&str; 8] = [
    "ComponentStatus",
    "CSINode",
    "Endpoints",
    "Event",
    "IPAddress",
    "Lease",
    "Node",
    "ServiceCIDR",
];

/// Who writes on a cluster of the suite: Flux, also as `gotk-`, Helm by Flux's hand, and Kubernetes' own.
const WRITERS: [&str; 5] = [
    "helm",
    "helm-controller",
    "kube-controller-manager",
    "kustomize-controller",
    "source-controller",
];

/// The name of an object.
pub(super) fn name(object: &Value) -> String {
    let name = object["metadata"]["name"].as_str();
    name.unwrap_or_default().to_owned()
}

/// What makes an object the one it is: `Kind.group namespace/name`.
pub(super) fn id(object: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let api = text(&object["apiVersion"]);
    let group = api.split_once('/').map_or("", |(group, _)| group);
    let metadata = &object["metadata"];
    let (kind, name) = (text(&object["kind"]), text(&metadata["name"]));
    let dot = if group.is_empty() { "" } else { "." };
    match metadata["namespace"].as_str() {
        Some(namespace) => format!("{kind}{dot}{group} {namespace}/{name}"),
        None => format!("{kind}{dot}{group} {name}"),
    }
}

/// The kinds of which objects are looked at.
fn lasting(cluster: &Cluster) -> Vec<Resource> {
    let mut kinds = cluster.api().resources();
    kinds.retain(|kind| kind.kept && !PASSING.contains(&kind.kind.as_str()));
    kinds
}

/// Every object that somebody put on the cluster: not what Kubernetes makes of another, nor for each namespace and
/// each group.
pub(super) fn there(cluster: &Cluster) -> BTreeMap<String, Value> {
    let mut there = BTreeMap::new();
    for kind in lasting(cluster) {
        for object in cluster.api().list(&kind) {
            let metadata = &object["metadata"];
            let name = metadata["name"].as_str().unwrap_or_default();
            let managed = &metadata["labels"]["kube-aggregator.kubernetes.io/automanaged"];
            let made = metadata["ownerReferences"].is_array()
                || !managed.is_null()
                || (kind.kind == "ConfigMap" && name == "kube-root-ca.crt")
                || (kind.kind == "ServiceAccount" && name == "default");
            if !made {
                there.insert(id(&object), object);
            }
        }
    }
    there
}

/// What must not move: for Flux's own objects their generation, since looking writes their status; for everything
/// else the version of the object.
pub(super) fn versions(cluster: &Cluster) -> BTreeMap<String, String> {
    let mut versions = BTreeMap::new();
    for kind in lasting(cluster) {
        let flux = kind.group.ends_with(".toolkit.fluxcd.io");
        for object in cluster.api().metadata(&kind) {
            let metadata = &object["metadata"];
            let version = if flux {
                &metadata["generation"]
            } else {
                &metadata["resourceVersion"]
            };
            versions.insert(id(&object), version.to_string());
        }
    }
    versions
}

/// Every object that a platform puts on a cluster: what its folders build, what its charts make of the values of its
/// files, what is applied from other repositories; and what Flux keeps to do so.
pub(super) fn expected(up: &Up) -> BTreeMap<String, Value> {
    let mut all: Vec<Value> = Vec::new();
    for folder in up.applied.values() {
        all.extend_from_slice(up.built(folder));
    }
    for kustomization in up.planned() {
        let elsewhere = up.platform.elsewhere(&name(kustomization));
        all.extend_from_slice(elsewhere.unwrap_or_default());
    }
    for release in up.platform.releases(&up.name) {
        all.extend(up.platform.rendered(&up.name, &release));
        // Helm keeps a Secret for each revision.
        let revisions = up.history(&release).into_iter().map(|(revision, _)| {
            let name = format!("sh.helm.release.v1.{}.v{revision}", release.name);
            json!({
                "apiVersion": "v1",
                "kind": "Secret",
                "metadata": {"name": name, "namespace": release.namespace},
            })
        });
        all.extend(revisions);
    }
    // A chart of a repository over HTTP is an object of its own.
    let charts: Vec<Value> = all
        .iter()
        .filter(|object| object["kind"] == "HelmRelease")
        .filter(|release| release["spec"]["chart"].is_object())
        .map(|release| {
            let namespace = &release["metadata"]["namespace"];
            let shown = namespace.as_str().unwrap_or_default();
            json!({
                "apiVersion": "source.toolkit.fluxcd.io/v1",
                "kind": "HelmChart",
                "metadata": {"name": format!("{shown}-{}", name(release)), "namespace": namespace},
                "spec": release["spec"]["chart"]["spec"],
            })
        })
        .collect();
    all.extend(charts);
    for kind in ["GitRepository.source", "Kustomization.kustomize"] {
        let (kind, group) = kind.split_once('.').expect("two words");
        all.push(json!({
            "apiVersion": format!("{group}.toolkit.fluxcd.io/v1"),
            "kind": kind,
            "metadata": {"name": "flux-system", "namespace": "flux-system"},
        }));
    }
    all.into_iter()
        .map(|object| (id(&object), object))
        .collect()
}

/// Where a live object is not what is stated.
pub(super) fn differences(stated: &Value, live: &Value) -> Vec<String> {
    let mut found = Vec::new();
    compare("", stated, live, &mut found);
    found
}

/// Who wrote to an object and should not have.
pub(super) fn strangers(object: &Value) -> Vec<String> {
    let mut writers = writers(object);
    writers.retain(|writer| !WRITERS.contains(&writer.trim_start_matches("gotk-")));
    writers
}

/// Who wrote to an object, but for its status.
pub(super) fn writers(object: &Value) -> Vec<String> {
    let fields = object["metadata"]["managedFields"].as_array();
    let fields = fields.into_iter().flatten();
    let own = fields.filter(|entry| entry["subresource"].is_null());
    own.filter_map(|entry| Some(entry["manager"].as_str()?.to_owned()))
        .collect()
}

/// All that is stated must be there; what the server adds may be.
fn compare(path: &str, stated: &Value, live: &Value, found: &mut Vec<String>) {
    match (stated, live) {
        (Value::Null, _) => {}
        (Value::Object(stated), Value::Object(live)) => {
            for (key, value) in stated {
                if path.is_empty() && key == "status" {
                    continue;
                }
                let none = Value::Null;
                compare(
                    &format!("{path}/{key}"),
                    value,
                    live.get(key).unwrap_or(&none),
                    found,
                );
            }
        }
        (Value::Array(stated), Value::Array(live)) if stated.len() == live.len() => {
            for (at, (value, live)) in stated.iter().zip(live).enumerate() {
                compare(&format!("{path}/{at}"), value, live, found);
            }
        }
        // The server keeps no empty maps and lists.
        (Value::Object(stated), Value::Null) if stated.is_empty() => {}
        (Value::Array(stated), Value::Null) if stated.is_empty() => {}
        (stated, live) if stated == live => {}
        (stated, live) => found.push(format!("{path} is {live}, not {stated}")),
    }
}
