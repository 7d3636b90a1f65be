//! Objects with faults.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::{finds, folder, made_up_facts};
use crate::facts::{crds, flux, objects};
use crate::support::{self, need};

fn gadget(spec: &Value) -> Value {
    let metadata = json!({"name": "g", "namespace": "n"});
    json!({"apiVersion": "acme.example/v1", "kind": "Gadget", "metadata": metadata, "spec": spec})
}

#[test]
fn wrong_objects_are_found() {
    let shared = made_up_facts();
    let crds = crds::Crds::load(shared.path());
    let check = |object: &Value| objects::check_object(&crds, object);
    let good = gadget(&json!({"size": 1, "note": null, "port": "http", "any": {"b": 1}}));
    finds(&check(&good), &[]);
    finds(
        &check(&gadget(&json!({"size": "${size}", "port": 80}))),
        &[],
    );
    finds(
        &check(&gadget(&json!({"size": 1, "sise": 2}))),
        &["Gadget n/g: /spec: "],
    );
    finds(
        &check(&gadget(&json!({"size": 1, "list": [{"nome": "x"}]}))),
        &["/spec/list/0: "],
    );
    finds(&check(&gadget(&json!({"size": "one"}))), &["/spec/size: "]);
    finds(
        &check(&gadget(&json!({"size": 1, "port": true}))),
        &["/spec/port: "],
    );
    finds(
        &check(&gadget(&json!({}))),
        &["\"size\" is a required property"],
    );
    let with = |pointer: &str, value: Value| {
        let mut object = good.clone();
        *object.pointer_mut(pointer).expect("something there") = value;
        check(&object)
    };
    finds(
        &with("/metadata", json!({"name": "g"})),
        &["Gadget g: has no namespace"],
    );
    finds(
        &with(
            "/metadata",
            json!({"name": "g", "namespace": "n", "label": {}}),
        ),
        &["/metadata: "],
    );
    finds(
        &with("/apiVersion", json!("acme.example/v3")),
        &["no version \"v3\", only v1"],
    );
    finds(
        &with("/kind", json!("Gadgit")),
        &["no kind Gadgit is known in group \"acme.example\""],
    );
}

#[test]
fn scopes_and_built_in_kinds_are_checked() {
    let shared = made_up_facts();
    let crds = crds::Crds::load(shared.path());
    let check = |api: &str, kind: &str, metadata: Value| {
        let object = json!({"apiVersion": api, "kind": kind, "metadata": metadata});
        objects::check_object(&crds, &object)
    };
    let (bare, inside) = (json!({"name": "x"}), json!({"name": "x", "namespace": "n"}));
    finds(&check("acme.example/v2", "Zone", bare.clone()), &[]);
    finds(
        &check("acme.example/v2", "Zone", inside.clone()),
        &["has a namespace, but its kind has none"],
    );
    finds(
        &check("acme.example/v1", "Zone", bare.clone()),
        &["version v1 is deprecated"],
    );
    finds(&check("v1", "ConfigMap", inside.clone()), &[]);
    finds(
        &check("v1", "ConfigMap", bare.clone()),
        &["ConfigMap x: has no namespace"],
    );
    finds(
        &check("v1", "Namespace", inside),
        &["has a namespace, but its kind has none"],
    );
    finds(
        &check("v1", "ConfgMap", bare),
        &["no kind ConfgMap is known"],
    );
    let map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x", "namespace": "n"}, "date": {}});
    finds(&objects::check_object(&crds, &map), &["ConfigMap n/x: "]);
}

/// A Flux Kustomization for a folder of the tree.
fn kustomization(name: &str, path: &str) -> Value {
    json!({
        "apiVersion": "kustomize.toolkit.fluxcd.io/v1",
        "kind": "Kustomization",
        "metadata": {"name": name, "namespace": "flux-system"},
        "spec": {"path": path, "sourceRef": {"kind": "GitRepository", "name": "flux-system"}},
    })
}

#[test]
fn objects_with_two_owners_and_paths_to_nowhere_are_found() {
    let root = vec![
        kustomization("a", "./apps/a"),
        kustomization("b", "apps/b"),
        kustomization("c", "./apps/c"),
    ];
    let builds: BTreeMap<PathBuf, flux::Build> = [
        ("clusters/prod", root),
        ("apps/a", vec![gadget(&json!({"size": 1}))]),
        ("apps/b", vec![gadget(&json!({"size": 2}))]),
    ]
    .map(|(folder, objects)| (PathBuf::from(folder), Ok(objects)))
    .into();
    let mut findings = Vec::new();
    let applied = flux::applied("prod", &builds, &mut findings);
    finds(
        &findings,
        &["Flux Kustomization c: no kustomization.yaml in apps/c"],
    );
    let built = applied.iter().map(|(name, folder)| {
        (
            name.clone(),
            builds[folder].as_ref().expect("it builds").as_slice(),
        )
    });
    finds(
        &objects::check_owners(built),
        &["Gadget n/g is in both a and b"],
    );
}

#[test]
fn folders_that_do_not_build_are_found() {
    let kubectl = need!("kubectl", support::tool("kubectl"));
    let shared = made_up_facts();
    let head = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n";
    let namespace = "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: a\n";
    let tree = folder(&[
        (
            "apps/a/kustomization.yaml",
            &format!("{head}resources: [namespace.yaml]\n"),
        ),
        ("apps/a/namespace.yaml", namespace),
        (
            "apps/b/kustomization.yaml",
            &format!("{head}resources: [missing.yaml]\n"),
        ),
        (
            "clusters/prod/kustomization.yaml",
            &format!("{head}resources: [../../apps/a, sync.yaml]\n"),
        ),
        (
            "clusters/prod/sync.yaml",
            &kustomization("a", "./apps/a").to_string(),
        ),
    ]);
    let mut found = objects::check_objects(tree.path(), shared.path(), &kubectl);
    found.retain(|finding| !finding.contains("no kind Kustomization is known"));
    finds(
        &found,
        &[
            "apps/b: kubectl kustomize: ",
            "Namespace a is in both flux-system and a",
        ],
    );
}
