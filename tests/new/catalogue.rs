//! A catalogue of the user's own, and the commands that look at catalogues.

use predicates::prelude::*;
use predicates::str::contains;
use serde_json::Value;

use crate::sandbox::{Sandbox, assert_same, snapshot, stdout};

/// A good component: a chart, a question, something per cluster.
pub(crate) const COMPONENT: &str = r#"format: 1
name: podinfo
layer: apps
category: demo
description: A small web service to try a platform with.
homepage: https://github.com/stefanprodan/podinfo

source:
  oci: {url: "oci://ghcr.io/stefanprodan/charts/podinfo", version: 6.9.1}
release: podinfo
namespace: {name: podinfo, podSecurity: baseline}

needs:
  - {name: cni}

crds: {from: none}

uses: [cluster.domain]
questions:
  - name: greeting
    prompt: What does the page say?
    default: "Hello from {{ cluster.name }}"
"#;

const VALUES: &str = "replicaCount: 2\n";

const CLUSTER_VALUES: &str =
    "ui:\n  message: {{ answers.greeting | yaml }}\n  host: {{ cluster.domain | yaml }}\n";

/// Writes the good component into a catalogue.
pub(crate) fn good(sandbox: &Sandbox) {
    sandbox.write("mine/apps/podinfo/component.yaml", COMPONENT);
    sandbox.write("mine/apps/podinfo/values.yaml", VALUES);
    sandbox.write("mine/apps/podinfo/cluster-values.yaml.tera", CLUSTER_VALUES);
}

#[test]
fn a_platform_from_a_catalogue_of_ones_own() {
    let sandbox = Sandbox::new();
    good(&sandbox);
    sandbox
        .new_in(
            "acme",
            &[
                "--catalog",
                "mine",
                "--component",
                "podinfo",
                "--set",
                "podinfo.greeting='it''s: \"me\"'",
            ],
        )
        .success();
    assert!(
        sandbox
            .read("acme/apps/podinfo/ocirepository.yaml")
            .contains("6.9.1")
    );
    assert_eq!(sandbox.read("acme/apps/podinfo/values.yaml"), VALUES);
    let overlay = sandbox.read("acme/clusters/staging/apps/podinfo/values.yaml");
    assert_eq!(
        overlay,
        "ui:\n  message: \"it's: \\\"me\\\"\"\n  host: staging.acme.test\n"
    );
    // What it needs comes from the embedded one.
    assert!(sandbox.path("acme/infrastructure/cilium").is_dir());
    // The record holds the text that was rendered.
    assert_eq!(
        sandbox.read("acme/.landform/catalog/apps/podinfo/component.yaml"),
        COMPONENT
    );
    assert!(
        sandbox
            .read("acme/.landform/platform.yaml")
            .contains("path: ../mine\n")
    );
    // It is found from wherever one stands in the platform.
    let outdated = |folder: &str| {
        let mut command = sandbox.landform(["outdated"]);
        command.current_dir(sandbox.path(folder)).assert()
    };
    outdated("acme/apps").success();
    std::fs::rename(sandbox.path("mine"), sandbox.path("ours")).unwrap();
    outdated("acme").code(2).stderr(
        contains("acme/../mine is not there").and(contains(".landform/platform.yaml names it")),
    );
    let update = ["update", "--catalog", "../../ours", "--yes"];
    let mut command = sandbox.landform(update);
    let folder = sandbox.path("acme/apps");
    command.current_dir(folder).assert().success();
    outdated("acme/clusters").success();
}

#[test]
fn the_answers_file_may_name_the_catalogue() {
    let sandbox = Sandbox::new();
    good(&sandbox);
    sandbox.write(
        "answers.yaml",
        "catalog: {path: mine}\ncomponents: {podinfo: }\n",
    );
    sandbox
        .new_in("acme", &["--answers", "answers.yaml"])
        .success();
    assert!(sandbox.path("acme/apps/podinfo").is_dir());
    let printed = sandbox.run([
        "new",
        "other",
        "--print-answers",
        "--answers",
        "answers.yaml",
    ]);
    printed.success().stdout(contains("path: mine"));
}

#[test]
fn a_component_of_the_same_name_wins() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "mine/apps/grafana/component.yaml",
        &COMPONENT
            .replace("name: podinfo\nlayer", "name: grafana\nlayer")
            .replace("uses: [cluster.domain]\n", ""),
    );
    sandbox
        .new_in("acme", &["--catalog", "mine", "--component", "grafana"])
        .success();
    assert!(
        sandbox
            .read("acme/apps/grafana/ocirepository.yaml")
            .contains("charts/podinfo")
    );
}

#[test]
fn a_file_of_the_skeleton_can_be_replaced() {
    let sandbox = Sandbox::new();
    sandbox.write("mine/common/repo/.editorconfig", "root = true\n");
    sandbox.new_in("acme", &["--catalog", "mine"]).success();
    assert_eq!(sandbox.read("acme/.editorconfig"), "root = true\n");
    assert!(sandbox.read("acme/README.md").contains("## Structure"));
}

#[test]
fn what_would_run_is_listed_and_has_to_be_trusted() {
    let sandbox = Sandbox::new();
    good(&sandbox);
    sandbox.write(
        "mine/apps/podinfo/terraform/kind.tf.tera",
        "# {{ cluster.id }}\n",
    );
    sandbox.write("mine/common/repo/.github/workflows/more.yaml", "on: push\n");
    let before = snapshot(&sandbox.work());
    let arguments = ["--catalog", "mine", "--component", "podinfo"];
    sandbox.new_in("acme", &arguments).code(2).stderr(
        contains("mine/apps/podinfo/terraform/kind.tf.tera")
            .and(contains("mine/common/repo/.github/workflows/more.yaml"))
            .and(contains("--trust")),
    );
    assert_same(&before, &snapshot(&sandbox.work()));
    sandbox
        .new_in("acme", &[&arguments[..], &["--trust"]].concat())
        .success();
    assert_eq!(
        sandbox.read("acme/terraform/staging/podinfo.tf"),
        "# acme-staging\n"
    );
}

#[test]
fn everything_that_a_ci_system_runs_has_to_be_trusted() {
    for file in [
        "common/repo/.gitlab-ci.yml",
        "common/repo/.gitlab-ci.yml.tera",
        "common/repo/terraform/bootstrap/main.tf",
        "common/partials/bootstrap.tf.tera",
        "common/terraform/backend.tf.tera",
    ] {
        has_to_be_trusted(file);
    }
}

#[test]
fn other_ci_systems_and_other_terraform_files_have_to_be_trusted_too() {
    for file in [
        "common/repo/.circleci/config.yml",
        "common/repo/.woodpecker.yaml",
        "common/repo/.pre-commit-config.yaml",
        "common/repo/.envrc",
        "common/repo/Jenkinsfile",
        "common/repo/Makefile",
        "common/repo/terraform/staging/more.tf.json",
        "common/repo/terraform/staging/more.tofu",
        "common/terraform/more.tf.json",
    ] {
        has_to_be_trusted(file);
    }
}

#[track_caller]
fn has_to_be_trusted(file: &str) {
    let sandbox = Sandbox::new();
    sandbox.write(&format!("mine/{file}"), "# mine\n");
    sandbox
        .run(["new", "acme", "--dry-run", "--catalog", "mine"])
        .code(2)
        .stderr(contains(file).and(contains("--trust")));
}

#[test]
fn nothing_is_written_into_git_itself() {
    for file in [".git/hooks/pre-commit", ".GIT/config", "apps/.git/config"] {
        let sandbox = Sandbox::new();
        sandbox.write(&format!("mine/common/repo/{file}"), "#!/bin/sh\n");
        sandbox
            .new_in("acme", &["--catalog", "mine", "--trust"])
            .code(2)
            .stderr(contains("is Git's own"));
        assert!(!sandbox.path("acme").exists());
    }
}

#[test]
fn a_catalogue_in_a_tag_of_a_repository() {
    let sandbox = Sandbox::new();
    good(&sandbox);
    sandbox.repository("mine", &[]);
    sandbox.git("mine", ["tag", "v1"]);
    std::fs::remove_dir_all(sandbox.path("mine/apps")).unwrap();
    let url = format!("file://{}", sandbox.path("mine").display());
    let tagged = format!("{url}#v1");
    sandbox
        .new_in("acme", &["--catalog", &tagged, "--component", "podinfo"])
        .success();
    let record = sandbox.read("acme/.landform/platform.yaml");
    assert!(
        record.contains(&url) && record.contains("tag: v1"),
        "{record}"
    );
    for wrong in [
        format!("{url}#v2"),
        url.clone(),
        format!("{url}#"),
        format!("{url}#--upload-pack=x"),
    ] {
        sandbox.new_in("other", &["--catalog", &wrong]).failure();
        assert!(!sandbox.path("other").exists());
    }
    sandbox
        .new_in("other", &["--catalog", "ext::sh -c touch% x#v1"])
        .failure();
    assert!(!sandbox.path("x").exists());
}

#[test]
fn a_folder_that_is_no_catalogue() {
    let sandbox = Sandbox::new();
    sandbox.write("mine/readme.txt", "nothing\n");
    sandbox
        .new_in("acme", &["--catalog", "mine"])
        .code(2)
        .stderr(contains("mine is no catalogue"));
    sandbox
        .run(["catalog", "test", "nowhere"])
        .code(2)
        .stderr(contains("nowhere is no catalogue"));
}

#[test]
fn the_catalogue_can_be_searched() {
    let sandbox = Sandbox::new();
    let all = stdout(&sandbox.run(["catalog"]).success());
    for name in [
        "cert-manager",
        "cilium",
        "envoy-gateway",
        "external-dns",
        "flux-operator",
        "gateway-api",
        "grafana",
    ] {
        assert!(all.contains(name), "{name}: {all}");
    }
    assert!(all.find("infrastructure").unwrap() < all.find("apps").unwrap());
    sandbox
        .run(["catalog", "TLS", "certificates"])
        .success()
        .stdout(contains("cert-manager").and(contains("grafana").not()));
    sandbox
        .run(["catalog", "grafna"])
        .code(2)
        .stderr(contains("did you mean `grafana`?"));
    let found = stdout(&sandbox.run(["catalog", "cni", "--json"]).success());
    let found: Value = serde_json::from_str(&found).unwrap();
    assert_eq!(found[0]["name"], "cilium");
    assert_eq!(found.as_array().unwrap().len(), 1);
    let none = stdout(&sandbox.run(["catalog", "zzz", "--json"]).success());
    assert_eq!(
        serde_json::from_str::<Value>(&none).unwrap(),
        Value::Array(Vec::new())
    );
}

#[test]
fn a_component_can_be_looked_at() {
    let sandbox = Sandbox::new();
    sandbox.run(["catalog", "show", "cilium"]).success().stdout(
        contains("cilium 1.")
            .and(contains("handed over to Flux"))
            .and(contains("kube-system"))
            .and(contains("Dataplane V2")),
    );
    sandbox
        .run(["catalog", "show", "cillium"])
        .code(2)
        .stderr(contains("did you mean `cilium`?"));
    let shown = stdout(
        &sandbox
            .run(["catalog", "show", "grafana", "--json"])
            .success(),
    );
    let shown: Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(shown["name"], "grafana");
    assert_eq!(
        shown["secrets"][0]["keys"]["admin-password"],
        "password of the first admin"
    );
    good(&sandbox);
    sandbox
        .run(["catalog", "show", "podinfo", "--catalog", "mine"])
        .success()
        .stdout(contains("What does the page say?"));
    sandbox
        .run(["catalog", "--catalog", "mine", "demo"])
        .success()
        .stdout(contains("podinfo"));
}

#[test]
fn a_good_catalogue_is_tried_on_every_provider() {
    let sandbox = Sandbox::new();
    good(&sandbox);
    let unfit = COMPONENT
        .replace("podinfo", "unfit")
        .replace("crds:", "unfit: {kind: needs a real disk}\ncrds:");
    sandbox.write("mine/apps/unfit/component.yaml", &unfit);
    let before = snapshot(&sandbox.work());
    sandbox.run(["catalog", "test", "mine"]).success().stdout(
        contains("podinfo on existing")
            .and(contains("podinfo on kind"))
            .and(contains("needs a real disk")),
    );
    let rows = stdout(&sandbox.run(["catalog", "test", "mine", "--json"]).success());
    let rows: Value = serde_json::from_str(&rows).unwrap();
    let outcome = |component: &str, provider: &str| {
        let rows = rows.as_array().unwrap();
        let row = rows
            .iter()
            .find(|row| row["component"] == component && row["provider"] == provider);
        row.unwrap_or_else(|| panic!("{rows:?}"))["outcome"].clone()
    };
    assert_eq!(outcome("podinfo", "kind"), "fits");
    assert_eq!(outcome("podinfo", "existing"), "fits");
    assert_eq!(outcome("unfit", "kind"), "unfit");
    assert_eq!(outcome("unfit", "existing"), "fits");
    assert_same(&before, &snapshot(&sandbox.work()));
}

#[test]
fn questions_without_a_default_do_not_make_a_component_broken() {
    let sandbox = Sandbox::new();
    let questions = "questions:\n  \
        - {name: greeting, prompt: What does it say?, match: '[a-z]+'}\n  \
        - {name: size, prompt: How big?, type: number}\n  \
        - {name: loud, prompt: Loud?, type: boolean}\n  \
        - {name: colour, prompt: Which?, choices: {red: red, blue: blue}}\n";
    let text = COMPONENT.split("questions:").next().unwrap();
    sandbox.write(
        "mine/apps/podinfo/component.yaml",
        &format!("{text}{questions}"),
    );
    sandbox.write("mine/apps/podinfo/cluster-values.yaml.tera", CLUSTER_VALUES);
    sandbox
        .run(["catalog", "test", "mine"])
        .success()
        .stdout(contains("podinfo on kind").and(contains("broken").not()));
}

#[test]
fn the_embedded_components_hold_when_they_are_copied() {
    let sandbox = Sandbox::new();
    let from = crate::support::package().join("templates");
    for layer in ["apps", "infrastructure"] {
        for entry in walkdir::WalkDir::new(from.join(layer))
            .into_iter()
            .filter_map(Result::ok)
        {
            let to = sandbox
                .path("mine")
                .join(entry.path().strip_prefix(&from).unwrap());
            if entry.file_type().is_dir() {
                std::fs::create_dir_all(to).unwrap();
            } else {
                std::fs::copy(entry.path(), to).unwrap();
            }
        }
    }
    sandbox
        .run(["catalog", "test", "mine"])
        .success()
        .stdout(contains("broken").not());
}
