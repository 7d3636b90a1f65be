//! Stage 1: every folder of every golden tree and of 200 random platforms builds, with kustomize and with kubectl to
//! the same bytes; yamllint is silent; no two Kustomizations of a cluster own one object.
//!
//! `LANDFORM_SEED=7` tries 200 other platforms.

mod ci;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use landform::catalog::Catalogue;
use landform::render::render;
use proptest::prelude::Rng as _;
use proptest::test_runner::{RngAlgorithm, TestRng};

use crate::asking::try_resolve;
use crate::facts::{flux, objects};
use crate::kit::process::run;
use crate::kit::tools::{Tools, tools};
use crate::random::Dice;
use crate::support;

/// How many random platforms are built.
const RANDOM: usize = 200;

#[test]
fn golden_trees() {
    let tools = tools!("kustomize", "kubectl", "yamllint");
    let trees: Vec<(String, PathBuf)> = support::golden_trees()
        .into_iter()
        .map(|tree| (tree.display().to_string(), tree))
        .collect();
    assert!(!trees.is_empty());
    check(tools, &trees);
}

#[test]
fn random_platforms() {
    let tools = tools!("kustomize", "kubectl", "yamllint");
    let dir = crate::kit::scratch::folder();
    let seed = seed();
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let mut random = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let catalogue = Catalogue::embedded().unwrap();
    let mut trees = Vec::new();
    while trees.len() < RANDOM {
        let mut tape = [0; 600];
        random.fill_bytes(&mut tape);
        let answers = Dice::new(&tape, 0).answers(&catalogue);
        let Ok(resolution) = try_resolve(&answers, &catalogue) else {
            continue;
        };
        let tree = render(&resolution.platform, &catalogue).unwrap();
        let to = dir.path().join(trees.len().to_string());
        for (path, text) in &tree {
            let file = to.join(path.as_str());
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        }
        trees.push((format!("seed {seed}, {answers}"), to));
    }
    check(tools, &trees);
}

#[test]
fn a_broken_folder_and_a_second_owner_would_be_found() {
    let tools = tools!("kustomize", "kubectl", "yamllint");
    let dir = crate::kit::scratch::folder();
    let write = |path: &str, text: &str| {
        let file = dir.path().join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    };
    let kustomization = |resources: &str| {
        format!(
            "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: {resources}\n"
        )
    };
    write("broken/kustomization.yaml", &kustomization("[gone.yaml]"));
    write(
        "clusters/a/kustomization.yaml",
        &kustomization("[one.yaml, other.yaml]"),
    );
    for name in ["one", "other"] {
        let sync = format!(
            "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\n\
             metadata: {{name: {name}, namespace: flux-system}}\n\
             spec: {{path: ./{name}, sourceRef: {{kind: GitRepository, name: flux-system}}}}\n"
        );
        write(&format!("clusters/a/{name}.yaml"), &sync);
        write(
            &format!("{name}/kustomization.yaml"),
            &kustomization("[map.yaml]"),
        );
        let map = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: m, namespace: n}\n";
        write(&format!("{name}/map.yaml"), map);
    }
    write(".yamllint", "extends: default\n");
    let trees = [("broken".to_owned(), dir.path().to_owned())];
    let findings = findings(tools, &trees);
    for part in ["gone.yaml", "ConfigMap"] {
        assert!(
            findings.iter().any(|f| f.contains(part)),
            "{part}: {findings:?}"
        );
    }
}

/// The seed of the random platforms.
pub(crate) fn seed() -> u64 {
    let said = std::env::var("LANDFORM_SEED").ok();
    said.map_or(1, |seed| seed.parse().expect("LANDFORM_SEED is a number"))
}

#[track_caller]
fn check(tools: Tools, trees: &[(String, PathBuf)]) {
    let findings = findings(tools, trees);
    assert!(
        findings.is_empty(),
        "{} findings:\n{}",
        findings.len(),
        findings[..findings.len().min(20)].join("\n")
    );
}

/// Everything wrong with the trees. A folder whose text was seen before is not built again.
fn findings(tools: Tools, trees: &[(String, PathBuf)]) -> Vec<String> {
    let mut keys: Keys<'_> = BTreeMap::new();
    let mut folders: Vec<Vec<(PathBuf, String)>> = Vec::new();
    let mut lint = BTreeSet::new();
    for (label, tree) in trees {
        let of_tree = support::kustomize_folders(tree).into_iter().map(|folder| {
            let mut key = String::new();
            fingerprint(tree, &folder, &mut key);
            keys.entry(key.clone())
                .or_insert_with(|| (label, tree.join(&folder)));
            (folder, key)
        });
        folders.push(of_tree.collect());
        for file in support::files(tree) {
            let yaml = file.extension().is_some_and(|e| e == "yaml" || e == "yml");
            if yaml {
                lint.insert(fs::read_to_string(tree.join(file)).unwrap());
            }
        }
    }
    let (mut findings, built) = build(tools, &keys);
    findings.extend(yamllint(tools, &lint, &trees[0].1));
    for ((label, tree), folders) in trees.iter().zip(folders) {
        let builds: BTreeMap<PathBuf, flux::Build> = folders
            .into_iter()
            .map(|(folder, key)| (folder, built[&key].clone()))
            .collect();
        for cluster in flux::clusters(tree) {
            let mut found = Vec::new();
            let applied = flux::applied(&cluster, &builds, &mut found);
            let owned = applied.iter().map(|(name, folder)| {
                let objects = builds.get(folder).and_then(|build| build.as_deref().ok());
                let from = format!("{name} ({})", support::shown(folder));
                (from, objects.unwrap_or_default())
            });
            found.extend(objects::check_owners(owned));
            findings.extend(
                found
                    .into_iter()
                    .map(|f| format!("{label}: {cluster}: {f}")),
            );
        }
    }
    findings
}

/// The text of a folder and of all folders that it builds on.
fn fingerprint(tree: &Path, folder: &Path, key: &mut String) {
    let mut names: Vec<PathBuf> = fs::read_dir(tree.join(folder))
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.is_file())
        .collect();
    names.sort();
    for file in names {
        *key += support::name(&file);
        *key += &fs::read_to_string(&file).unwrap_or_default();
    }
    let text = fs::read_to_string(tree.join(folder).join("kustomization.yaml")).unwrap_or_default();
    let resources = text
        .lines()
        .filter_map(|line| line.trim().strip_prefix("- "));
    for resource in resources.filter(|r| !r.ends_with(".yaml")) {
        let inner = crate::facts::terraform::resolved(folder, resource);
        if tree.join(&inner).is_dir() && inner != folder {
            fingerprint(tree, &inner, key);
        }
    }
}

/// The folders to build: by their text, the tree they are met in first, and where.
type Keys<'a> = BTreeMap<String, (&'a str, PathBuf)>;

type Built = BTreeMap<String, flux::Build>;

/// Builds every folder with both tools.
fn build(tools: Tools, keys: &Keys<'_>) -> (Vec<String>, Built) {
    let work: Vec<_> = keys.iter().collect();
    let (next, findings) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let built = Mutex::new(BTreeMap::new());
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(|| {
                while let Some((key, (label, folder))) =
                    work.get(next.fetch_add(1, Ordering::Relaxed))
                {
                    // Each lives too short to be worth cleaning up after.
                    let with = |command: &mut Command| run(command.env("GOGC", "off").arg(folder));
                    let one = with(tools.command("kustomize").arg("build"));
                    let other = with(tools.command("kubectl").arg("kustomize"));
                    let finding = match (&one, &other) {
                        (Ok(one), Ok(other)) if one == other => None,
                        (Ok(one), Ok(other)) => Some(first_difference(one, other)),
                        (Err(why), _) | (_, Err(why)) => Some(why.clone()),
                    };
                    let finding =
                        finding.map(|why| format!("{label}: {}: {why}", folder.display()));
                    findings.lock().unwrap().extend(finding);
                    let objects = one.and_then(|text| flux::objects(&text));
                    built.lock().unwrap().insert((*key).clone(), objects);
                }
            });
        }
    });
    (findings.into_inner().unwrap(), built.into_inner().unwrap())
}

/// The first line in which two builds differ.
fn first_difference(one: &str, other: &str) -> String {
    let mut lines = one.lines().zip(other.lines());
    let (one, other) = lines
        .find(|(one, other)| one != other)
        .unwrap_or(("more", "less"));
    format!("kustomize says `{one}`, kubectl says `{other}`")
}

/// yamllint over every text, with the configuration that each tree has.
fn yamllint(tools: Tools, texts: &BTreeSet<String>, tree: &Path) -> Vec<String> {
    let dir = crate::kit::scratch::folder();
    for (at, text) in texts.iter().enumerate() {
        fs::write(dir.path().join(format!("{at}.yaml")), text).unwrap();
    }
    let mut command = tools.command("yamllint");
    command.args(["--strict", "--format", "parsable", "--config-file"]);
    command.arg(tree.join(".yamllint")).arg(dir.path());
    let Err(said) = run(&mut command) else {
        return Vec::new();
    };
    let all: Vec<&String> = texts.iter().collect();
    let told = said.lines().filter_map(|line| {
        let (file, rest) = line.split_once(".yaml:")?;
        let at: usize = file.rsplit('/').next()?.parse().ok()?;
        Some(format!("yamllint: {rest}, in\n{}", all.get(at)?))
    });
    let told: Vec<String> = told.collect();
    if told.is_empty() { vec![said] } else { told }
}
