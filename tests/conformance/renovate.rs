//! Stage 7: Renovate's own extraction finds every version of a chart, a module and a provider, pins included, and reads
//! nothing of the record.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use regex_lite::Regex;
use serde_json::Value;

use crate::kit::process::run;
use crate::kit::tools::{Tools, tools};
use crate::support;

/// A file, and a version in it.
type Version = (String, String);

/// The versions that stand in a tree, by a look at its lines.
fn versions(tree: &Path) -> BTreeSet<Version> {
    let tag = Regex::new(r#"^\s+(?:tag|version): "?([^"]+)"?$"#).unwrap();
    let terraform = Regex::new(r#"^\s+version\s+= "([^"]+)"$"#).unwrap();
    let required = Regex::new(r#"^\s+required_version = "([^"]+)"$"#).unwrap();
    let mut found = BTreeSet::new();
    for file in support::files(tree) {
        let path = support::shown(&file);
        let patterns: &[&Regex] = match support::name(&file) {
            "ocirepository.yaml" | "gitrepository.yaml" | "helmrelease.yaml" | "version.yaml"
            | "flux-instance.yaml" => &[&tag],
            name if name.ends_with(".tf") => &[&terraform, &required],
            _ => continue,
        };
        let text = fs::read_to_string(tree.join(&file)).unwrap();
        for line in text.lines() {
            let values = patterns.iter().filter_map(|pattern| pattern.captures(line));
            found.extend(values.map(|value| (path.clone(), value[1].to_owned())));
        }
    }
    found
}

/// What Renovate finds in a tree.
fn extracted(tools: Tools, tree: &Path) -> BTreeSet<Version> {
    let dir = tempfile::tempdir().unwrap();
    support::copy_tree(tree, dir.path());
    // The record lies there too, with text that looks like versions.
    let copied = dir
        .path()
        .join(".landform/catalog/apps/trap/ocirepository.yaml");
    fs::create_dir_all(copied.parent().unwrap()).unwrap();
    let source = tree.join("infrastructure/flux-operator/ocirepository.yaml");
    fs::copy(source, copied).unwrap();
    // Only what Git knows is read.
    for arguments in [["init", "--quiet"], ["add", "--all"]] {
        let mut git = Command::new("git");
        git.arg("-C").arg(dir.path()).args(arguments);
        run(&mut git).unwrap_or_else(|error| panic!("{error}"));
    }
    let mut renovate = tools.command("renovate");
    renovate
        .current_dir(dir.path())
        .args(["--platform=local", "--dry-run=extract"])
        .env("LOG_LEVEL", "info")
        .env("RENOVATE_LOG_FORMAT", "json")
        .env("LOG_FORMAT", "json")
        .env("RENOVATE_BASE_DIR", dir.path().join(".git/renovate"));
    let said = run(&mut renovate).unwrap_or_else(|error| panic!("{error}"));
    let lines = said
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let mut lines = lines.filter(|line| line["msg"] == "Extracted dependencies");
    let line = lines
        .next()
        .unwrap_or_else(|| panic!("nothing was extracted:\n{said}"));
    let mut found = BTreeSet::new();
    for files in line["packageFiles"].as_object().unwrap().values() {
        for file in files.as_array().unwrap() {
            let path = file["packageFile"].as_str().unwrap();
            for dependency in file["deps"].as_array().into_iter().flatten() {
                let value = dependency["currentValue"].as_str();
                found.extend(value.map(|value| (path.to_owned(), value.to_owned())));
            }
        }
    }
    found
}

#[test]
fn every_version_is_found_and_nothing_of_the_record() {
    let tools = tools!("renovate");
    let mut findings = Vec::new();
    for tree in support::golden_trees() {
        let wanted = versions(&tree);
        assert!(wanted.len() > 5, "{}: {wanted:?}", tree.display());
        let found = extracted(tools, &tree);
        for (file, version) in wanted.difference(&found) {
            findings.push(format!(
                "{}: {file}: {version} is not found",
                tree.display()
            ));
        }
        for (file, version) in &found {
            if file.starts_with(".landform/") {
                findings.push(format!("{}: {file}: {version} is found", tree.display()));
            }
        }
        crate::tell(&format!("{}: {} versions", tree.display(), wanted.len()));
    }
    assert!(findings.is_empty(), "{}", findings.join("\n"));
}

#[test]
fn without_the_platforms_own_rules_versions_are_missed() {
    let tools = tools!("renovate");
    let tree = support::package().join("tests/golden/kind+eks/out");
    let dir = tempfile::tempdir().unwrap();
    support::copy_tree(&tree, dir.path());
    fs::write(dir.path().join("renovate.json"), "{}\n").unwrap();
    let missed: Vec<Version> = {
        let found = extracted(tools, dir.path());
        versions(dir.path()).difference(&found).cloned().collect()
    };
    assert!(
        missed
            .iter()
            .any(|(file, _)| file.ends_with("version.yaml")),
        "{missed:?}"
    );
}
