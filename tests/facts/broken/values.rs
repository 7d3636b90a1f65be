//! Values and sources of charts with faults.

use tempfile::TempDir;

use super::{finds, folder, made_up_facts};
use crate::facts::{charts, check_texts, values};

fn web() -> (TempDir, std::sync::Arc<charts::Chart>) {
    let shared = made_up_facts();
    let chart = charts::Chart::load(shared.path(), "web").expect("a chart");
    (shared, chart)
}

#[test]
fn wrong_values_are_found() {
    let (_shared, chart) = web();
    let keys = |text: &str| values::check_keys(&chart, &serde_yaml::from_str(text).expect("YAML"));
    finds(&keys("replicas: 2\nextra: {a: {b: c}}"), &[]);
    finds(
        &keys("server: {secret: x, mode: slow, podLabels: {c: d}}"),
        &[],
    );
    finds(&keys("server: {resources: {limits: {memory: 1Gi}}}"), &[]);
    finds(&keys("replica: 2"), &["the chart has no value replica"]);
    finds(
        &keys("server: {prot: 8080}"),
        &["the chart has no value server.prot"],
    );
    finds(
        &keys("server: {port: {http: 80}}"),
        &["server.port is a map, but not in the chart"],
    );
    finds(
        &keys("server: 80"),
        &["server is no map, but is one in the chart"],
    );
    finds(
        &keys("server: {resources: {limit: {}}}"),
        &["only claims, limits, requests"],
    );
    finds(&keys("[]"), &["values must be a map"]);
}

#[test]
fn merged_values_are_those_of_helm() {
    let yaml = |text: &str| serde_yaml::from_str::<serde_yaml::Value>(text).expect("YAML");
    let merged = values::merged(
        &yaml("a: {b: 1, c: 2}\nd: [1]"),
        &yaml("a: {c: null, e: 3}\nd: [2]"),
    );
    assert_eq!(merged, yaml("a: {b: 1, e: 3}\nd: [2]"));
}

#[test]
fn values_and_sources_of_a_tree_are_checked_with_their_overlays() {
    let shared = made_up_facts();
    let source = "kind: OCIRepository\nspec: {url: 'oci://example.org/web', ref: {tag: 1.2.3}}\n";
    let tree = folder(&[
        ("terraform/prod/main.tf", "locals {}\n"),
        ("apps/web/values.yaml", "replicas: 2\n"),
        ("apps/web/ocirepository.yaml", source),
        ("clusters/prod/apps/web.yaml", "{}\n"),
        ("clusters/prod/apps/web/values.yaml", "replicas: 3\n"),
        (
            "clusters/prod/apps/web/version.yaml",
            "kind: OCIRepository\nspec: {ref: {tag: 1.3.0}}\n",
        ),
    ]);
    finds(&check_texts(tree.path(), shared.path()), &[]);
    let write =
        |path: &str, text: &str| std::fs::write(tree.path().join(path), text).expect("written");
    write(
        "clusters/prod/apps/web/values.yaml",
        "replicas: three\nserver: {x: 1}\n",
    );
    write(
        "clusters/prod/apps/web/version.yaml",
        "kind: OCIRepository\nspec: {ref: {tag: 1.4.0}}\n",
    );
    write(
        "apps/web/ocirepository.yaml",
        &source.replace("/web'", "/wob'"),
    );
    finds(
        &check_texts(tree.path(), shared.path()),
        &[
            "clusters/prod/apps/web/values.yaml: the chart has no value server.x",
            "clusters/prod/apps/web/values.yaml: /replicas: \"three\" is not of type \"integer\"",
            "apps/web/ocirepository.yaml: url is oci://example.org/wob",
            "clusters/prod/apps/web/version.yaml: ref.tag is 1.4.0, the facts say 1.2.3 or 1.3.0",
        ],
    );
}

#[test]
fn values_that_say_nothing_are_found() {
    let shared = made_up_facts();
    let tree = folder(&[("apps/web/values.yaml", "# nothing\n")]);
    finds(
        &values::check_values(tree.path(), shared.path()),
        &["apps/web/values.yaml says nothing"],
    );
    let tree = folder(&[("apps/wob/values.yaml", "a: 1\n")]);
    finds(
        &values::check_values(tree.path(), shared.path()),
        &["nothing is known of this component"],
    );
}

#[test]
fn wrong_sources_are_found() {
    let (_shared, chart) = web();
    let source =
        |text: &str| charts::check_source(&serde_yaml::from_str(text).expect("YAML"), &chart);
    finds(
        &source("kind: HelmRepository\nspec: {url: 'https://example.org'}"),
        &[],
    );
    finds(
        &source("kind: HelmRepository\nspec: {url: 'https://example.com'}"),
        &["url is"],
    );
    finds(
        &source("kind: HelmRelease\nspec: {chart: {spec: {chart: wob, version: 9.9.9}}}"),
        &["chart is wob", "version is 9.9.9"],
    );
    finds(
        &source(
            "kind: GitRepository\nspec: {url: 'https://github.com/acme/wob', ref: {tag: v1.2.3}}",
        ),
        &["url is", "ref.tag is v1.2.3"],
    );
}
