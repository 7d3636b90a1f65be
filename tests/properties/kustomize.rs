//! Whether Flux could apply a rendered tree: every folder builds, every object has one owner, and there is an order.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use landform::model::Tree;

use crate::asking::back;
use crate::facts::{self, flux, objects};
use crate::support;

/// What Flux would stumble over, on every cluster of a tree.
pub(crate) fn faults(tree: &Tree) -> Vec<String> {
    let builds = Kustomize::new(tree).build_all();
    let mut findings: Vec<String> = builds
        .iter()
        .filter_map(|(folder, build)| {
            let why = build.as_ref().err()?;
            Some(format!("{}: {why}", folder.display()))
        })
        .collect();
    if !findings.is_empty() {
        return findings;
    }
    let names = clusters(tree);
    if names.is_empty() {
        findings.push("there is no cluster".to_owned());
    }
    for cluster in names {
        let applied = flux::applied(&cluster, &builds, &mut findings);
        if applied.len() < 2 {
            findings.push(format!("nothing on {cluster}"));
        }
        let built = applied.iter().map(|(name, folder)| {
            let objects = builds[folder].as_deref();
            (name.clone(), objects.unwrap_or_default())
        });
        findings.extend(objects::check_owners(built));
        findings.extend(check_order(&builds, &applied));
    }
    findings
}

fn clusters(tree: &Tree) -> BTreeSet<String> {
    tree.keys()
        .filter_map(|path| path.as_str().strip_prefix("clusters/")?.split('/').next())
        .map(str::to_owned)
        .collect()
}

/// Findings in `dependsOn`: names that are not there, and circles.
pub(crate) fn check_order(
    builds: &BTreeMap<PathBuf, flux::Build>,
    applied: &[(String, PathBuf)],
) -> Vec<String> {
    let mut waits: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (_, folder) in applied {
        for object in builds[folder].as_ref().expect("a folder that builds") {
            if object["kind"] != "Kustomization" {
                continue;
            }
            let name = object["metadata"]["name"]
                .as_str()
                .unwrap_or_default()
                .to_owned();
            let on = object["spec"]["dependsOn"].as_array().into_iter().flatten();
            let on = on.filter_map(|d| d["name"].as_str().map(str::to_owned));
            waits.entry(name).or_default().extend(on);
        }
    }
    let mut findings = Vec::new();
    for (name, on) in &waits {
        for other in on.iter().filter(|other| !waits.contains_key(*other)) {
            findings.push(format!("{name} waits for {other}, which is not there"));
        }
    }
    let mut left = waits;
    loop {
        let ready: BTreeSet<String> = left
            .iter()
            .filter(|(_, on)| on.iter().all(|other| !left.contains_key(other)))
            .map(|(name, _)| name.clone())
            .collect();
        if ready.is_empty() {
            break;
        }
        left.retain(|name, _| !ready.contains(name));
    }
    if !left.is_empty() {
        findings.push(format!("these wait for each other: {:?}", left.keys()));
    }
    findings
}

/// What kustomize makes of the few things that landform writes: resources and generated `ConfigMaps`.
pub(crate) struct Kustomize<'a> {
    tree: &'a Tree,
}

impl<'a> Kustomize<'a> {
    /// Of a tree in memory.
    pub(crate) fn new(tree: &'a Tree) -> Self {
        Self { tree }
    }

    /// Every folder with a `kustomization.yaml`.
    pub(crate) fn build_all(&self) -> BTreeMap<PathBuf, flux::Build> {
        self.tree
            .keys()
            .filter(|path| !path.as_str().starts_with(".landform/"))
            .filter_map(|path| path.as_str().strip_suffix("/kustomization.yaml"))
            // Lists of a layer are YAML like any other; the two that landform includes are folders, too.
            .map(|folder| (PathBuf::from(folder), self.build(Path::new(folder))))
            .collect()
    }

    fn text(&self, path: &Path) -> Option<&'a str> {
        let path = landform::model::RepoPath::new(support::shown(path)).ok()?;
        self.tree.get(&path).map(String::as_str)
    }

    fn build(&self, folder: &Path) -> flux::Build {
        let file = folder.join("kustomization.yaml");
        let text = self
            .text(&file)
            .ok_or_else(|| format!("{} is missing", file.display()))?;
        let value = back::yaml(&support::shown(&file), text);
        let known = [
            "apiVersion",
            "kind",
            "resources",
            "patches",
            "configMapGenerator",
            "generatorOptions",
        ];
        for key in value.as_object().into_iter().flat_map(|map| map.keys()) {
            if !known.contains(&key.as_str()) {
                return Err(format!(
                    "{}: this test does not know `{key}`",
                    file.display()
                ));
            }
        }
        let mut objects = Vec::new();
        for resource in value["resources"].as_array().into_iter().flatten() {
            let name = resource.as_str().unwrap_or_default();
            let path = facts::terraform::resolved(folder, name);
            match self.text(&path) {
                Some(text) => objects.push(back::yaml(&support::shown(&path), text)),
                None => objects.extend(self.build(&path)?),
            }
        }
        for map in value["configMapGenerator"].as_array().into_iter().flatten() {
            for file in map["files"].as_array().into_iter().flatten() {
                let path = folder.join(file.as_str().unwrap_or_default());
                self.text(&path)
                    .ok_or_else(|| format!("{} is missing", path.display()))?;
            }
            objects.push(
                serde_json::json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": map}),
            );
        }
        for patch in value["patches"].as_array().into_iter().flatten() {
            let path = folder.join(patch["path"].as_str().unwrap_or_default());
            self.text(&path)
                .ok_or_else(|| format!("{} is missing", path.display()))?;
        }
        Ok(objects)
    }
}
