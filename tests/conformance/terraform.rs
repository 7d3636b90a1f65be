//! Stage 5: Terraform and OpenTofu on what landform writes.
//!
//! The registry's module is replaced by one that has its real inputs, from the facts; the providers of the cluster
//! roots are not to be had offline, so those are held against the facts of their schemas.

use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::Rng as _;
use proptest::test_runner::{RngAlgorithm, TestRng};
use serde_json::{Map, Value, json};

use crate::build::seed;
use crate::facts;
use crate::kit::process::run;
use crate::kit::terraform::{Terraform, bootstrap_inputs, stand_in};
use crate::kit::tools::tools;
use crate::support::{self, need};

/// How many random pairs of values files are merged.
const PAIRS: usize = 100;

fn copy(tree: &Path) -> assert_fs::TempDir {
    let dir = assert_fs::TempDir::new().unwrap();
    support::copy_tree(tree, dir.path());
    dir
}

/// Both programs; `.ci/tools` brings the one, the other is used where it is.
fn programs() -> Option<Vec<Terraform>> {
    support::tool("tofu").map(|_| Terraform::all())
}

#[test]
fn every_block_is_formatted_and_known() {
    let shared = need!("../shared", support::shared(""));
    let programs = need!("tofu", programs());
    let mut findings = Vec::new();
    for tree in support::golden_trees() {
        let mut found = facts::terraform::check_terraform(&tree, &shared);
        for program in &programs {
            let said = program.run(&tree, &["fmt", "-check", "-recursive", "-no-color"]);
            found.extend(said.err());
        }
        findings.extend(
            found
                .into_iter()
                .map(|f| format!("{}: {f}", tree.display())),
        );
    }
    assert!(findings.is_empty(), "{}", findings.join("\n"));
}

#[test]
fn the_bootstrap_is_valid_and_hands_over_what_stands_in_the_tree() {
    let shared = need!("../shared", support::shared(""));
    let programs = need!("tofu", programs());
    for tree in support::golden_trees() {
        for program in &programs {
            let copy = copy(&tree);
            stand_in(copy.path(), &shared);
            let dir = copy.path().join("terraform/bootstrap");
            for cluster in facts::flux::clusters(&tree) {
                let place = format!("{} of {} with {}", cluster, tree.display(), program.name());
                let inputs = bootstrap_inputs(program, copy.path(), &cluster);
                let inputs = inputs.unwrap_or_else(|error| panic!("{place}: {error}"));
                let findings = handed_over(copy.path(), &cluster, &inputs);
                assert!(findings.is_empty(), "{place}: {}", findings.join("\n"));
            }
            program
                .run(&dir, &["validate", "-no-color"])
                .unwrap_or_else(|error| panic!("{error}"));
        }
    }
}

/// What differs between the inputs of the bootstrap and the files that Flux reads.
fn handed_over(tree: &Path, cluster: &str, inputs: &Value) -> Vec<String> {
    let mut findings = Vec::new();
    let read = |path: &str| -> Value {
        let text = fs::read_to_string(tree.join(path)).unwrap_or_default();
        serde_yaml::from_str(&text).unwrap_or_default()
    };
    let instance = format!("clusters/{cluster}/flux-system/flux-instance.yaml");
    let text = fs::read_to_string(tree.join(&instance)).unwrap();
    if inputs["instance_yaml"] != text.as_str() {
        findings.push(format!("instance_yaml is not {instance}"));
    }
    let list = read(&format!(
        "clusters/{cluster}/infrastructure/kustomization.yaml"
    ));
    let order = list["resources"].as_array().into_iter().flatten();
    let mut wanted = Vec::new();
    for file in order.filter_map(Value::as_str) {
        let sync = read(&format!("clusters/{cluster}/infrastructure/{file}"));
        let name = sync["metadata"]["name"].as_str().unwrap_or_default();
        let check = &sync["spec"]["healthChecks"][0];
        let handed = check["kind"].is_string() && check["kind"] != "HelmRelease";
        if handed && name != "flux-operator" {
            wanted.push((name.to_owned(), check.clone()));
        }
    }
    let charts = inputs["prerequisites"]["charts"].as_array().unwrap();
    if charts.len() != wanted.len() {
        findings.push(format!("{} charts, wanted {wanted:?}", charts.len()));
    }
    for (chart, (name, check)) in charts.iter().zip(&wanted) {
        let folder = format!("infrastructure/{name}");
        let release = read(&format!("{folder}/helmrelease.yaml"));
        let source = read(&format!("{folder}/ocirepository.yaml"));
        let pin = read(&format!("clusters/{cluster}/{folder}/version.yaml"));
        let tag = match &pin["spec"]["ref"]["tag"] {
            Value::Null => &source["spec"]["ref"]["tag"],
            pinned => pinned,
        };
        let url = source["spec"]["url"].as_str().unwrap_or_default();
        let same = [
            (
                "name",
                &chart["name"],
                release["spec"]["releaseName"].clone(),
            ),
            (
                "namespace",
                &chart["namespace"],
                release["metadata"]["namespace"].clone(),
            ),
            ("version", &chart["version"], tag.clone()),
            (
                "repository",
                &chart["repository"],
                json!(url.trim_start_matches("oci://")),
            ),
            (
                "adoption check",
                &chart["flux_adoption_check"]["name"],
                check["name"].clone(),
            ),
        ];
        for (what, given, wanted) in same {
            if *given != wanted {
                findings.push(format!("{name}: {what} is {given}, wanted {wanted}"));
            }
        }
        let values: Value = serde_yaml::from_str(chart["values_yaml"].as_str().unwrap()).unwrap();
        let file = |path: String| -> serde_yaml::Value {
            let text = fs::read_to_string(tree.join(path)).unwrap_or_default();
            serde_yaml::from_str(&text).unwrap_or_default()
        };
        let merged = facts::values::merged(
            &file(format!("{folder}/values.yaml")),
            &file(format!("clusters/{cluster}/{folder}/values.yaml")),
        );
        if values != serde_json::to_value(merged).unwrap() {
            findings.push(format!(
                "{name}: the values are not those of its files: {values}"
            ));
        }
    }
    findings
}

#[test]
fn the_plan_stays_empty_after_changes_in_git() {
    let shared = need!("../shared", support::shared(""));
    let programs = need!("tofu", programs());
    let tree = support::package().join("tests/golden/kind+eks/out");
    for program in &programs {
        let copy = copy(&tree);
        stand_in(copy.path(), &shared);
        let dir = copy.path().join("terraform/bootstrap");
        let with = |command: &[&str], revision: &str| {
            let revision = format!("-var=revision={revision}");
            let arguments = [command, &["-no-color", "-var=cluster=prod", &revision]].concat();
            program.run(&dir, &arguments)
        };
        program.run(&dir, &["init", "-no-color"]).unwrap();
        with(&["apply", "-auto-approve"], "1").unwrap();
        let empty = || with(&["plan", "-detailed-exitcode"], "1");
        empty().unwrap_or_else(|error| panic!("after apply: {error}"));
        let edit = |path: &str, from: &str, to: &str| support::edit(copy.path(), path, from, to);
        edit(
            "infrastructure/cilium/values.yaml",
            "cpu: 100m",
            "cpu: 200m",
        );
        empty().unwrap_or_else(|error| panic!("after a value: {error}"));
        let tag = "tag: \"1.20.0\"";
        edit(
            "infrastructure/cilium/ocirepository.yaml",
            tag,
            "tag: \"1.20.1\"",
        );
        edit(
            "clusters/prod/infrastructure/cilium/version.yaml",
            tag,
            "tag: \"1.20.1\"",
        );
        empty().unwrap_or_else(|error| panic!("after a version: {error}"));
        edit(
            "clusters/prod/flux-system/flux-instance.yaml",
            "size: medium",
            "size: large",
        );
        empty().unwrap_or_else(|error| panic!("after the FluxInstance: {error}"));
        let list = "clusters/prod/infrastructure/kustomization.yaml";
        edit(list, "  - aws-ebs-csi-driver.yaml\n", "");
        empty().unwrap_or_else(|error| panic!("after a component went: {error}"));
        // Raising the revision runs it again, with the files as they are now.
        let raised = with(&["plan", "-detailed-exitcode"], "2");
        assert!(
            raised.is_err_and(|said| said.contains("exit status: 2")),
            "{}",
            program.name()
        );
    }
}

/// The tests that a user of the module could write, run by the programs themselves.
const TESTS: &str = r#"
variables {
  cluster  = "prod"
  revision = 1
}

run "charts" {
  command = plan

  assert {
    condition     = [for c in terraform_data.bootstrap.input.prerequisites.charts : c.name] == ["cilium", "aws-ebs-csi-driver"]
    error_message = "The Job installs the infrastructure in the order of the list."
  }

  assert {
    condition     = yamldecode(terraform_data.bootstrap.input.prerequisites.charts[0].values_yaml).cni.chainingMode == "aws-cni"
    error_message = "The cluster's values are laid over the shared ones."
  }
}

run "secrets" {
  command = plan

  variables {
    secrets_yaml = "kind: Secret\n"
    sops_age_key = "AGE-SECRET-KEY-1"
  }

  assert {
    condition     = length(split("---", local.secrets)) == 2
    error_message = "Each secret is a document of its own."
  }
}
"#;

#[test]
fn tests_of_the_bootstrap_pass() {
    let shared = need!("../shared", support::shared(""));
    let programs = need!("tofu", programs());
    let tree = support::package().join("tests/golden/kind+eks/out");
    for program in &programs {
        let copy = copy(&tree);
        stand_in(copy.path(), &shared);
        let dir = copy.path().join("terraform/bootstrap");
        // What is handed on is not to be seen from outside, so the test's own copy names it.
        let main = fs::read_to_string(dir.join("main.tf")).unwrap();
        let call = main.find("    secrets_yaml = join(").unwrap();
        let (head, rest) = main.split_at(call);
        let end = rest.find("    ]))\n").unwrap() + "    ]))\n".len();
        let value = rest[..end].trim().trim_start_matches("secrets_yaml = ");
        let named = format!(
            "{head}    secrets_yaml = local.secrets\n{}\nlocals {{\n  secrets = nonsensitive({value})\n}}\n",
            &rest[end..]
        );
        fs::write(dir.join("main.tf"), named).unwrap();
        fs::create_dir_all(dir.join("tests")).unwrap();
        fs::write(dir.join("tests/bootstrap.tftest.hcl"), TESTS).unwrap();
        program.run(&dir, &["init", "-no-color"]).unwrap();
        let said = program.run(&dir, &["test", "-no-color"]);
        let said = said.unwrap_or_else(|error| panic!("{}: {error}", program.name()));
        assert!(
            said.contains("2 passed, 0 failed"),
            "{}: {said}",
            program.name()
        );
        // And a test that must fail does.
        let wrong = TESTS.replace("aws-cni", "none");
        fs::write(dir.join("tests/bootstrap.tftest.hcl"), wrong).unwrap();
        assert!(program.run(&dir, &["test", "-no-color"]).is_err());
    }
}

/// Values as people write them: maps in maps, with every kind of leaf.
fn values(random: &mut TestRng, depth: usize) -> Value {
    let mut next = |n: u64| random.next_u64() % n;
    match next(if depth == 0 { 6 } else { 9 }) {
        0 => json!(next(2) == 0),
        1 => json!(next(1000)),
        2 => json!(["a", "true", "007", "1.20", "yes", ""][usize::try_from(next(6)).unwrap()]),
        3 => json!([next(9), "x", {"k": next(9)}]),
        4 => Value::Null,
        5 => json!(["l", "m"]),
        _ => {
            let keys = 1 + next(4);
            let keys: Vec<u64> = (0..keys).map(|_| next(6)).collect();
            let mut map = Map::new();
            for key in keys {
                map.insert(format!("k{key}"), values(random, depth - 1));
            }
            Value::Object(map)
        }
    }
}

fn file(random: &mut TestRng) -> Value {
    let mut map = Map::new();
    for key in 0..4 {
        map.insert(format!("k{key}"), values(random, 5));
    }
    Value::Object(map)
}

#[test]
fn values_merge_as_helm_merges_them() {
    let tools = tools!("helm", "tofu");
    let tree = support::package().join("tests/golden/kind+eks/out");
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed().to_le_bytes());
    let mut random = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let dir = assert_fs::TempDir::new().unwrap();
    let chart = dir.path().join("chart");
    fs::create_dir_all(chart.join("templates")).unwrap();
    let about = "apiVersion: v2\nname: print\nversion: 0.1.0\n";
    fs::write(chart.join("Chart.yaml"), about).unwrap();
    fs::write(chart.join("values.yaml"), "k0: {default: 1}\n").unwrap();
    let print = "values: {{ omit .Values \"global\" | toJson | quote }}\n";
    fs::write(chart.join("templates/values.yaml"), print).unwrap();
    let root = dir.path().join("root");
    fs::create_dir_all(root.join("merge")).unwrap();
    let module = tree.join("terraform/bootstrap/merge/main.tf");
    fs::copy(module, root.join("merge/main.tf")).unwrap();
    fs::write(
        root.join("main.tf"),
        "module \"merge\" {\n  source   = \"./merge\"\n  for_each = toset(split(\",\", file(\"${path.root}/pairs\")))\n\n  \
         base = file(\"${path.root}/${each.key}-base.yaml\")\n  over = file(\"${path.root}/${each.key}-over.yaml\")\n}\n\n\
         output \"merged\" {\n  value = { for k, m in module.merge : k => yamlencode(m.merged) }\n}\n",
    )
    .unwrap();
    let names: Vec<String> = (0..PAIRS).map(|at| at.to_string()).collect();
    fs::write(root.join("pairs"), names.join(",")).unwrap();
    for name in &names {
        for side in ["base", "over"] {
            let text = serde_yaml::to_string(&file(&mut random)).unwrap();
            fs::write(root.join(format!("{name}-{side}.yaml")), text).unwrap();
        }
    }
    let helm = |files: &[PathBuf]| -> Value {
        let mut command = tools.command("helm");
        command.args(["template", "print"]).arg(&chart);
        for file in files {
            command.arg("--values").arg(file);
        }
        let said = run(&mut command).unwrap_or_else(|error| panic!("{error}"));
        let said: Value = serde_yaml::from_str(&said).unwrap();
        serde_json::from_str(said["values"].as_str().unwrap()).unwrap()
    };
    for program in need!("tofu", programs()) {
        program.run(&root, &["init", "-no-color"]).unwrap();
        program
            .run(&root, &["apply", "-auto-approve", "-no-color"])
            .unwrap();
        let said = program.run(&root, &["output", "-json", "merged"]).unwrap();
        let merged: Value = serde_json::from_str(&said).unwrap();
        for name in &names {
            let file = |side: &str| root.join(format!("{name}-{side}.yaml"));
            let one = root.join("merged.yaml");
            fs::write(&one, merged[name].as_str().unwrap()).unwrap();
            let (ours, helms) = (helm(&[one]), helm(&[file("base"), file("over")]));
            assert_eq!(
                ours,
                helms,
                "{} pair {name}, seed {}",
                program.name(),
                seed()
            );
        }
    }
}
