//! The checks that a platform runs on its own Git server, as they are written there, on the platform itself.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::kit::process::run;
use crate::kit::tools::{Tools, tools};
use crate::support::{self, need};

/// Kinds whose schemas are fetched from outside, and are not to be had here.
const OWN: [&str; 3] = ["ConfigMap", "Namespace", "Secret"];

/// JSON Schemas of the known definitions, where kubeconform finds them by group, kind and version.
fn schemas(shared: &Path) -> tempfile::TempDir {
    let dir = crate::kit::scratch::folder();
    let mut made = BTreeSet::new();
    let files = walkdir::WalkDir::new(shared.join("crds"));
    let files = files
        .into_iter()
        .flatten()
        .map(walkdir::DirEntry::into_path);
    for file in files.filter(|file| file.extension().is_some_and(|e| e == "yaml")) {
        let Ok(crd) = serde_yaml::from_str::<Value>(&fs::read_to_string(&file).unwrap()) else {
            continue;
        };
        let group = crd["spec"]["group"].as_str().unwrap_or_default();
        let kind = crd["spec"]["names"]["kind"]
            .as_str()
            .unwrap_or_default()
            .to_lowercase();
        for version in crd["spec"]["versions"].as_array().into_iter().flatten() {
            let name = version["name"].as_str().unwrap_or_default();
            let schema = &version["schema"]["openAPIV3Schema"];
            let to = dir.path().join(group).join(format!("{kind}_{name}.json"));
            fs::create_dir_all(to.parent().unwrap()).unwrap();
            fs::write(&to, schema.to_string()).unwrap();
            made.insert(to);
        }
    }
    assert!(made.len() > 100);
    for kind in OWN {
        let to = dir
            .path()
            .join("own")
            .join(format!("{}.json", kind.to_lowercase()));
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::write(
            to,
            r#"{"type": "object", "required": ["kind", "metadata"]}"#,
        )
        .unwrap();
    }
    dir
}

/// The shell lines of a platform's checks, with schemas from a folder. What loads providers and modules from the network
/// is left out, and `validate`, which needs them.
fn scripts(tree: &Path, schemas: &Path) -> Vec<String> {
    let read = |path: &str| -> Option<Value> {
        let text = fs::read_to_string(tree.join(path)).ok()?;
        serde_yaml::from_str(&text).ok()
    };
    let mut scripts = Vec::new();
    if let Some(workflow) = read(".github/workflows/platform.yaml") {
        for job in workflow["jobs"].as_object().unwrap().values() {
            for step in job["steps"].as_array().unwrap() {
                scripts.extend(step["run"].as_str().map(str::to_owned));
            }
        }
    } else if let Some(pipeline) = read(".gitlab-ci.yml") {
        for job in pipeline.as_object().unwrap().values() {
            let lines = job["script"].as_array().into_iter().flatten();
            let lines: Vec<&str> = lines.filter_map(Value::as_str).collect();
            if !lines.is_empty() {
                scripts.push(lines.join("\n"));
            }
        }
    }
    let local = schemas.display();
    let outward = |line: &&str| {
        [" init ", " validate"]
            .iter()
            .any(|word| line.contains(word))
    };
    scripts
        .into_iter()
        .map(|script| {
            let lines: Vec<&str> = script.lines().filter(|line| !outward(line)).collect();
            let script = lines.join("\n");
            let outside = "https://raw.githubusercontent.com/datreeio/CRDs-catalog/$CRDS_CATALOG";
            script
                .replace("/kubeconform ", "kubeconform ")
                .replace(outside, &local.to_string())
                .replace(
                    "-schema-location default",
                    &format!("-schema-location '{local}/own/{{{{.ResourceKind}}}}.json'"),
                )
        })
        .collect()
}

fn checked(tools: Tools, tree: &Path, schemas: &Path) -> Result<(), String> {
    let temporary = tempfile::tempdir().unwrap();
    let mut folders: BTreeSet<PathBuf> = BTreeSet::new();
    for name in ["kustomize", "kubeconform", "tofu"] {
        let program = PathBuf::from(tools.command(name).get_program());
        folders.extend(program.parent().map(Path::to_owned));
    }
    // Terraform is called by its name; where only OpenTofu is, it answers to it.
    let terraform = temporary.path().join("terraform");
    let program = support::tool("terraform")
        .or_else(|| support::tool("tofu"))
        .unwrap();
    std::os::unix::fs::symlink(program, terraform).unwrap();
    folders.insert(temporary.path().to_owned());
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path = std::env::join_paths(folders.into_iter().chain(std::env::split_paths(&path)));
    let scripts = scripts(tree, schemas);
    let all = scripts.join("\n");
    for tool in ["kustomize build ", "kubeconform ", "terraform fmt "] {
        assert!(all.contains(tool), "no {tool}in {all}");
    }
    for script in scripts {
        let mut bash = Command::new("bash");
        bash.args(["-euo", "pipefail", "-c", &script])
            .current_dir(tree)
            .env("PATH", path.as_ref().unwrap())
            .env("RUNNER_TEMP", temporary.path());
        run(&mut bash)?;
    }
    Ok(())
}

#[test]
fn the_platforms_own_checks_pass_on_it() {
    let tools = tools!("kustomize", "kubeconform", "tofu");
    let shared = need!("../shared", support::shared(""));
    let schemas = schemas(&shared);
    for case in ["kind+eks", "existing-k3s"] {
        let tree = copy(case);
        checked(tools, tree.path(), schemas.path()).unwrap_or_else(|why| panic!("{case}: {why}"));
    }
}

#[test]
fn the_platforms_own_checks_find_what_is_broken() {
    let tools = tools!("kustomize", "kubeconform", "tofu");
    let shared = need!("../shared", support::shared(""));
    let schemas = schemas(&shared);
    let breaks = [
        (
            "apps/grafana/helmrelease.yaml",
            "interval: 1h",
            "interval: [1h]",
        ),
        (
            "apps/grafana/kustomization.yaml",
            "helmrelease.yaml",
            "gone.yaml",
        ),
        ("terraform/prod/main.tf", "  revision = 1", "revision=1"),
    ];
    let on_github = breaks.into_iter().map(|broken| ("kind+eks", broken));
    let on_gitlab = breaks.into_iter().map(|(file, from, to)| {
        let of_edge = if file.starts_with("terraform/") {
            "terraform/edge/main.tf"
        } else {
            file
        };
        ("existing-k3s", (of_edge, from, to))
    });
    for (case, (file, from, to)) in on_github.chain(on_gitlab) {
        let tree = copy(case);
        let path = tree.path().join(file);
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{case}: {file}");
        fs::write(path, text.replacen(from, to, 1)).unwrap();
        assert!(
            checked(tools, tree.path(), schemas.path()).is_err(),
            "{case}: {file}"
        );
    }
}

fn copy(case: &str) -> tempfile::TempDir {
    let tree = support::package().join(format!("tests/golden/{case}/out"));
    let dir = crate::kit::scratch::folder();
    support::copy_tree(&tree, dir.path());
    dir
}
