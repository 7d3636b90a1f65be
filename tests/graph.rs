//! `landform graph` as it is run, on a generated platform.

#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    reason = "a test ends where something is not as expected"
)]

mod support;

#[allow(dead_code, reason = "shared with the tests of `new`")]
#[path = "new/sandbox.rs"]
mod sandbox;

use predicates::str::contains;
use sandbox::{Sandbox, stdout};
use serde_json::Value;

/// A sandbox with a golden tree in `repo`.
fn platform() -> Sandbox {
    let sandbox = Sandbox::new();
    let from = support::package().join("tests/golden/default/out");
    for entry in walkdir::WalkDir::new(&from) {
        let entry = entry.unwrap();
        if entry.file_type().is_file() {
            let path = entry.path().strip_prefix(&from).unwrap();
            let text = std::fs::read_to_string(entry.path()).unwrap();
            sandbox.write(&format!("repo/{}", path.display()), &text);
        }
    }
    sandbox
}

fn graph(sandbox: &Sandbox, arguments: &[&str]) -> String {
    let mut all = vec!["graph", "-C", "repo"];
    all.extend(arguments);
    stdout(&sandbox.run(all).success())
}

#[test]
fn steps_ways_and_reasons() {
    let sandbox = platform();
    let said = graph(&sandbox, &["staging"]);
    for words in [
        "clusters/staging\n",
        "   0  Terraform/terraform/staging\n",
        "   1  Chart/cilium, made by terraform/staging\n",
        "   2  Chart/flux-operator, made by terraform/staging, after cilium\n",
        "   5  Kustomization/cilium, applied by flux-system\n",
        "   8  Kustomization/envoy-gateway, waits for cilium, gateway-api, envoy-gateway-crds, applied by flux-system\n",
        "  HelmRelease/cilium, applied by cilium, takes over cilium\n",
        "longest way, 15 steps: Terraform/terraform/staging → Chart/cilium",
    ] {
        assert!(said.contains(words), "no `{words}` in\n{said}");
    }
    let said = graph(&sandbox, &["--why", "cilium"]);
    for words in [
        "Kustomization/cilium on clusters/staging  clusters/staging/infrastructure/cilium.yaml:4",
        "    Chart/flux-operator\n    GitRepository/flux-system",
        "    Kustomization/flux-system  (is applied by it)",
        "    Kustomization/grafana  (waits for cilium)",
        "    HelmRelease/cilium  (is applied by cilium)",
    ] {
        assert!(said.contains(words), "no `{words}` in\n{said}");
    }
    let said = graph(&sandbox, &["--why", "HelmRelease/cilium"]);
    assert!(said.contains("    Kustomization/grafana\n"), "{said}");
    sandbox
        .run(["graph", "-C", "repo", "--why", "celium"])
        .code(2)
        .stderr(contains("did you mean `cilium`?"));
    sandbox
        .run(["graph", "-C", "repo", "stagin"])
        .code(2)
        .stderr(contains("clusters/staging"));
    sandbox.write("empty/a.txt", "");
    sandbox
        .run(["graph", "-C", "empty"])
        .code(2)
        .stderr(contains("no Flux Kustomization"));
}

#[test]
fn what_a_file_reaches() {
    let sandbox = platform();
    let said = graph(&sandbox, &["--impact", "apps/grafana/values.yaml"]);
    assert_eq!(
        said,
        "clusters/staging\n  grafana: ConfigMap grafana/grafana-values, and through it HelmRelease grafana/grafana\n"
    );
    let said = graph(&sandbox, &["--impact", "apps/grafana/helmrelease.yaml"]);
    assert_eq!(
        said,
        "clusters/staging\n  grafana: HelmRelease grafana/grafana\n"
    );
    let said = graph(&sandbox, &["--impact", "terraform/staging/main.tf"]);
    assert_eq!(said, "clusters/staging\n  Terraform in terraform/staging\n");
    // All that is built in a folder comes through its kustomization, and nothing of it takes from itself.
    let said = graph(&sandbox, &["--impact", "apps/grafana/kustomization.yaml"]);
    assert!(said.contains("ConfigMap grafana/grafana-values"), "{said}");
    assert!(said.contains("HelmRelease grafana/grafana"), "{said}");
    assert!(!said.contains("and through it HelmRelease"), "{said}");
    let said = graph(&sandbox, &["--impact", "README.md"]);
    assert_eq!(said, "no cluster's Flux reads README.md\n");
    let said = graph(
        &sandbox,
        &["--impact", "apps/grafana/values.yaml", "--json"],
    );
    let said: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(said["clusters"][0]["kustomizations"][0]["name"], "grafana");
    let wrong = sandbox
        .run(["graph", "-C", "repo", "--impact", "apps/x.yaml"])
        .code(2);
    wrong.stderr(contains("there is no file apps/x.yaml"));
}

#[test]
fn every_form() {
    let sandbox = platform();
    let data: Value = serde_json::from_str(&graph(&sandbox, &["--json"])).unwrap();
    let schema: Value =
        serde_json::from_str(&stdout(&sandbox.run(["schema", "graph"]).success())).unwrap();
    assert!(jsonschema::validator_for(&schema).unwrap().is_valid(&data));
    let cluster = &data["clusters"][0];
    let nodes = cluster["nodes"].as_array().unwrap();
    for edge in cluster["edges"].as_array().unwrap() {
        for end in ["from", "to"] {
            let number = usize::try_from(edge[end].as_u64().unwrap()).unwrap();
            assert!(number < nodes.len());
        }
    }
    let edges = |text: &str, arrow: &str| text.lines().filter(|line| line.contains(arrow)).count();
    let mermaid = graph(&sandbox, &["--format", "mermaid"]);
    assert!(mermaid.starts_with("flowchart LR\n"), "{mermaid}");
    let dot = graph(&sandbox, &["--format", "dot"]);
    assert!(
        dot.starts_with("digraph \"clusters/staging\" {\n") && dot.ends_with("}\n"),
        "{dot}"
    );
    let drawn = edges(&mermaid, "-->") + edges(&mermaid, "-.->");
    assert_eq!(drawn, edges(&dot, "->"));
    assert_eq!(nodes.len(), edges(&dot, "label="));
}
