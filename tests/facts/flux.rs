//! A tree as Flux sees it: every folder built, and the folders that each cluster applies.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde::Deserialize as _;
use serde_json::Value;

use super::charts::folders;
use super::terraform::resolved;
use crate::support;

/// The objects of a folder, or what kubectl says instead.
pub(crate) type Build = Result<Vec<Value>, String>;

/// Every folder with a `kustomization.yaml`, built.
pub(crate) fn build_all(tree: &Path, kubectl: &Path) -> BTreeMap<PathBuf, Build> {
    let folders = support::kustomize_folders(tree);
    let (next, results) = (AtomicUsize::new(0), Mutex::new(BTreeMap::new()));
    let workers = std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                while let Some(folder) = folders.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let objects = build(tree, folder, kubectl);
                    results
                        .lock()
                        .expect("no panic in a build")
                        .insert(folder.clone(), objects);
                }
            });
        }
    });
    results.into_inner().expect("no panic in a build")
}

/// Builds a folder, unless one with the same files was built before: many trees have much in common.
fn build(tree: &Path, folder: &Path, kubectl: &Path) -> Build {
    static BUILT: Mutex<BTreeMap<String, Build>> = Mutex::new(BTreeMap::new());
    let mut all = String::new();
    reads(&tree.join(folder), Path::new(""), &mut all);
    let known = || BUILT.lock().expect("no panic in a build");
    let before = known().get(&all).cloned();
    before.unwrap_or_else(|| {
        let build = build_anew(tree, folder, kubectl);
        known().insert(all, build.clone());
        build
    })
}

/// All that a build of a folder reads, with names: what is in it, and the folders that its kustomization names
/// elsewhere.
fn reads(folder: &Path, called: &Path, all: &mut String) {
    for file in support::files(folder) {
        let text = std::fs::read_to_string(folder.join(&file)).unwrap_or_default();
        let _ = writeln!(all, "=== {}\n{text}", called.join(&file).display());
        if support::name(&file) == "kustomization.yaml" {
            let named = objects(&text).unwrap_or_default();
            for other in named.iter().flat_map(outside) {
                let other = file.with_file_name(other);
                reads(&folder.join(&other), &called.join(&other), all);
            }
        }
    }
}

/// The resources and components of a kustomization that are not below its folder.
fn outside(kustomization: &Value) -> impl Iterator<Item = &str> {
    let lists = ["resources", "components"].map(|list| kustomization[list].as_array());
    let named = lists.into_iter().flatten().flatten();
    named
        .filter_map(Value::as_str)
        .filter(|path| path.starts_with("../"))
}

fn build_anew(tree: &Path, folder: &Path, kubectl: &Path) -> Build {
    let output = support::command(kubectl)
        .arg("kustomize")
        .arg(tree.join(folder))
        .output()
        .expect("kubectl can be run");
    let said = String::from_utf8_lossy(&output.stderr).replace(&format!("{}/", tree.display()), "");
    let said = said.trim();
    if !output.status.success() || !said.is_empty() {
        return Err(format!("kubectl kustomize: {said}"));
    }
    objects(&String::from_utf8_lossy(&output.stdout))
}

/// The documents of a YAML text that are not empty.
pub(crate) fn objects(text: &str) -> Build {
    let documents = serde_yaml::Deserializer::from_str(text);
    let parsed = documents.map(|document| Value::deserialize(document).map_err(|e| e.to_string()));
    parsed
        .filter(|object| !matches!(object, Ok(Value::Null)))
        .collect()
}

/// The folders that Flux applies on a cluster, in the order in which they are found, with the
/// name of the Kustomization that does. A path that is not there is a finding.
pub(crate) fn applied(
    cluster: &str,
    builds: &BTreeMap<PathBuf, Build>,
    findings: &mut Vec<String>,
) -> Vec<(String, PathBuf)> {
    let root = Path::new("clusters").join(cluster);
    let mut found = vec![("flux-system".to_owned(), root)];
    let mut at = 0;
    while let Some((_, folder)) = found.get(at).cloned() {
        at += 1;
        let Some(Ok(objects)) = builds.get(&folder) else {
            continue;
        };
        for object in objects
            .iter()
            .filter(|object| reads_this_repository(object))
        {
            let name = object["metadata"]["name"]
                .as_str()
                .unwrap_or_default()
                .to_owned();
            let path = object["spec"]["path"].as_str().unwrap_or_default();
            let path = resolved(Path::new(""), path);
            if !builds.contains_key(&path) {
                findings.push(format!(
                    "clusters/{cluster}: Flux Kustomization {name}: no kustomization.yaml in {}",
                    support::shown(&path)
                ));
            } else if !found.iter().any(|(other, _)| *other == name) {
                found.push((name, path));
            }
        }
    }
    found
}

/// Is it a Flux Kustomization of the platform's own repository?
fn reads_this_repository(object: &Value) -> bool {
    let api = object["apiVersion"].as_str().unwrap_or_default();
    let source = &object["spec"]["sourceRef"];
    api.starts_with("kustomize.toolkit.fluxcd.io/")
        && object["kind"] == "Kustomization"
        && source["name"] == "flux-system"
}

/// The clusters of a tree.
pub(crate) fn clusters(tree: &Path) -> Vec<String> {
    let mut clusters = folders(&tree.join("clusters"));
    clusters.retain(|cluster| {
        tree.join("clusters")
            .join(cluster)
            .join("kustomization.yaml")
            .is_file()
    });
    clusters
}
