//! Stage 2: a real API server with the real definitions accepts every object of every golden tree, by a strict dry
//! run on its side; and refuses what is deliberately broken, so that the stage can fail.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::OnceLock;

use serde_json::{Value, json};

use crate::facts::crds::Crds;
use crate::facts::flux;
use crate::kit::cluster::Cluster;
use crate::kit::origin::origin;
use crate::kit::tools::tools;
use crate::support::{self, need};

/// Groups that the API server has by itself.
const OWN: [&str; 12] = [
    "",
    "admissionregistration.k8s.io",
    "apps",
    "autoscaling",
    "batch",
    "coordination.k8s.io",
    "networking.k8s.io",
    "policy",
    "rbac.authorization.k8s.io",
    "scheduling.k8s.io",
    "storage.k8s.io",
    "apiextensions.k8s.io",
];

/// An object, and where it was first met.
type Found = (Value, String);

fn group(object: &Value) -> &str {
    let api = object["apiVersion"].as_str().unwrap_or_default();
    api.split_once('/').map_or("", |(group, _)| group)
}

/// Every object of every build, once, with the file that made it.
fn everything() -> &'static [Found] {
    static ALL: OnceLock<Vec<Found>> = OnceLock::new();
    ALL.get_or_init(build_everything)
}

fn build_everything() -> Vec<Found> {
    let kubectl = support::tool("kubectl").unwrap();
    let mut all: BTreeMap<String, Found> = BTreeMap::new();
    for tree in support::golden_trees() {
        let case = support::name(tree.parent().unwrap()).to_owned();
        for (folder, build) in flux::build_all(&tree, &kubectl) {
            for object in build.unwrap_or_else(|why| panic!("{case}: {}: {why}", folder.display()))
            {
                let place = || format!("{case}: {}", origin(&tree, &folder, &object));
                let key = object.to_string();
                all.entry(key).or_insert_with(|| (object.clone(), place()));
            }
        }
    }
    all.into_values().collect()
}

/// An API server that knows the kinds of these objects and has their namespaces.
fn prepared(
    objects: &[Found],
    tools: crate::kit::tools::Tools,
    shared: &std::path::Path,
) -> Cluster {
    let crds = Crds::load(shared);
    let mut files: BTreeSet<PathBuf> = BTreeSet::new();
    let mut namespaces = BTreeSet::new();
    for (object, place) in objects {
        let kind = object["kind"].as_str().unwrap_or_default();
        let namespace = object["metadata"]["namespace"].as_str();
        namespaces.extend(namespace.map(str::to_owned));
        if OWN.contains(&group(object)) {
            continue;
        }
        let known = crds.find(group(object), kind);
        let known = known.unwrap_or_else(|| panic!("{place}: no definition of {kind} is known"));
        files.insert(known.file().to_owned());
    }
    let cluster = Cluster::start_api(tools);
    let files: Vec<PathBuf> = files.into_iter().collect();
    cluster.define(&files);
    let made = namespaces.into_iter().filter(|name| name != "kube-system");
    let made: Vec<Value> = made
        .map(|name| json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}))
        .collect();
    cluster.apply(&made);
    cluster
}

#[test]
fn every_object_of_every_golden_tree_is_accepted() {
    let tools = tools!("kubectl", "etcd", "kube-apiserver");
    let shared = need!("../shared", support::shared(""));
    let objects = everything();
    assert!(objects.len() > 200, "only {} objects", objects.len());
    let cluster = prepared(objects, tools, &shared);
    let mut findings = Vec::new();
    for (object, place) in objects {
        if let Err(why) = cluster.api().apply(object, true) {
            let kind = object["kind"].as_str().unwrap_or_default();
            let name = object["metadata"]["name"].as_str().unwrap_or_default();
            findings.push(format!("{place}: {kind} {name}: {why}"));
        }
    }
    assert!(findings.is_empty(), "{}", findings.join("\n"));
    crate::tell(&format!("{} objects were accepted", objects.len()));
}

/// What breaks an object of a kind, and a word of the reason that must be given.
type Break = (&'static str, fn(&mut Value), &'static str);

const BROKEN: &[Break] = &[
    (
        "HelmRelease",
        |o| o["spec"]["upgarde"] = json!({}),
        "upgarde",
    ),
    (
        "HelmRelease",
        |o| o["spec"]["upgrade"]["crds"] = json!("Sometimes"),
        "Sometimes",
    ),
    (
        "HelmRelease",
        |o| o["spec"]["interval"] = json!("1d"),
        "interval",
    ),
    (
        "HelmRelease",
        |o| o["apiVersion"] = json!("helm.toolkit.fluxcd.io/v2beta2"),
        "v2beta2",
    ),
    (
        "Kustomization",
        |o| o["spec"]["prune"] = json!("yes"),
        "prune",
    ),
    (
        "Kustomization",
        |o| o["spec"]["sourceRef"] = json!({"name": "x"}),
        "spec.sourceRef.kind: Required value",
    ),
    (
        "OCIRepository",
        |o| o["spec"]["url"] = json!("https://ghcr.io/x"),
        "url",
    ),
    (
        "GitRepository",
        |o| o["spec"]["url"] = json!("git@github.com:a/b.git"),
        "url",
    ),
    ("HelmRepository", |o| o["spec"]["url"] = json!(7), "url"),
    (
        "FluxInstance",
        |o| o["metadata"]["name"] = json!("other"),
        "only accepted name",
    ),
    (
        "Namespace",
        |o| o["metadata"]["name"] = json!("Not_A_Name"),
        "Not_A_Name",
    ),
    ("ConfigMap", |o| o["data"] = json!({"a": 1}), "data"),
    ("ClusterIssuer", |o| o["spec"] = json!({"acme": {}}), "acme"),
    (
        "Gateway",
        |o| o["spec"]["listeners"] = json!([]),
        "listeners",
    ),
    (
        "HTTPRoute",
        |o| o["spec"]["rules"][0]["mathces"] = json!([]),
        "mathces",
    ),
    (
        "ClusterSecretStore",
        |o| o["spec"]["provider"]["aws"]["service"] = json!("S3"),
        "service",
    ),
    (
        "ExternalSecret",
        |o| o["spec"]["refreshIntervall"] = json!("1h"),
        "refreshIntervall",
    ),
    ("NodePool", |o| o["spec"]["limits"] = json!("64"), "limits"),
    (
        "EC2NodeClass",
        |o| o["spec"]["amiSelectorTerms"] = json!([]),
        "amiSelectorTerms",
    ),
    (
        "EnvoyProxy",
        |o| o["spec"]["provider"]["type"] = json!("Docker"),
        "type",
    ),
    (
        "Alert",
        |o| o["spec"]["eventSeverity"] = json!("loud"),
        "eventSeverity",
    ),
    (
        "Receiver",
        |o| o["apiVersion"] = json!("notification.toolkit.fluxcd.io/v1beta2"),
        "v1beta2",
    ),
    ("Bundle", |o| o["spec"]["sources"] = json!("all"), "sources"),
    ("IPAddressPool", |o| o["spec"] = json!({}), "addresses"),
];

#[test]
fn what_is_broken_is_refused() {
    let tools = tools!("kubectl", "etcd", "kube-apiserver");
    let shared = need!("../shared", support::shared(""));
    let objects = everything();
    let cluster = prepared(objects, tools, &shared);
    let mut taken = Vec::new();
    for (kind, spoil, word) in BROKEN {
        let of_kind = objects.iter().find(|(object, _)| object["kind"] == *kind);
        let (object, _) = of_kind.unwrap_or_else(|| panic!("no golden tree has a {kind}"));
        let mut object = object.clone();
        spoil(&mut object);
        match cluster.api().apply(&object, true) {
            Ok(_) => taken.push(format!("{kind} with a broken {word} is taken")),
            Err(why) if !why.contains(word) => {
                taken.push(format!("{kind}: refused, but not for {word}: {why}"));
            }
            Err(_) => {}
        }
    }
    assert!(taken.is_empty(), "{}", taken.join("\n"));
}
