//! Whole platforms, byte for byte. `LANDFORM_GOLDEN=overwrite cargo test --test golden` writes them anew: read the
//! difference before it is committed.

#![allow(
    clippy::unwrap_used,
    reason = "a test ends where something is not as expected"
)]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use landform::catalog::Catalogue;
use landform::error::Source;
use landform::model::{
    Answers, Environment, RepoPath, Resolution, Tree, answers_file, read_record, resolve,
};
use landform::render::render;

fn cases() -> Vec<PathBuf> {
    let mut cases: Vec<PathBuf> = fs::read_dir(support::package().join("tests/golden"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.join("answers.yaml").exists())
        .collect();
    cases.sort();
    cases
}

fn resolution(text: &str, catalogue: &Catalogue) -> Resolution {
    let answers = Answers::read(&Source::new("answers.yaml", text)).unwrap();
    let environment = Environment {
        folder: Some("acme-platform".to_owned()),
        ..Environment::default()
    };
    resolve(&answers, &environment, catalogue).unwrap_or_else(|error| panic!("{error}"))
}

fn rendered(case: &Path, catalogue: &Catalogue) -> Tree {
    let text = fs::read_to_string(case.join("answers.yaml")).unwrap();
    render(&resolution(&text, catalogue).platform, catalogue)
        .unwrap_or_else(|error| panic!("{error}"))
}

/// The record's copy of the templates stands in this repository already.
fn without_templates(tree: &Tree) -> BTreeMap<String, String> {
    tree.iter()
        .filter(|(path, _)| !path.as_str().starts_with(".landform/catalog/"))
        .map(|(path, text)| (path.to_string(), text.clone()))
        .collect()
}

fn on_disk(folder: &Path) -> BTreeMap<String, String> {
    walkdir::WalkDir::new(folder)
        .into_iter()
        .filter_map(Result::ok)
        .filter(|entry| entry.file_type().is_file())
        .map(|entry| {
            let path = entry
                .path()
                .strip_prefix(folder)
                .unwrap()
                .to_str()
                .unwrap()
                .replace('\\', "/");
            (path, fs::read_to_string(entry.path()).unwrap())
        })
        .collect()
}

#[test]
fn trees_are_as_they_were() {
    let catalogue = Catalogue::embedded().unwrap();
    let cases = cases();
    assert!(!cases.is_empty());
    for case in cases {
        let out = case.join("out");
        let new = without_templates(&rendered(&case, &catalogue));
        if std::env::var_os("LANDFORM_GOLDEN").is_some_and(|v| v == "overwrite") {
            let _ = fs::remove_dir_all(&out);
            for (path, text) in &new {
                let path = out.join(path);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, text).unwrap();
            }
        }
        let old = on_disk(&out);
        let paths = |tree: &BTreeMap<String, String>| tree.keys().cloned().collect::<Vec<_>>();
        assert_eq!(paths(&new), paths(&old), "files of {}", case.display());
        for (path, text) in &new {
            assert_eq!(text, &old[path], "{} of {}", path, case.display());
        }
    }
}

/// What stands in no golden tree, nobody sees in a review, nor do the real tools.
#[test]
fn every_component_stands_in_a_tree() {
    let catalogue = Catalogue::embedded().unwrap();
    let mut missing: BTreeSet<&String> = catalogue.components.keys().collect();
    for case in cases() {
        let tree = rendered(&case, &catalogue);
        let (platform, _) = read_record(&tree).unwrap_or_else(|error| panic!("{error}"));
        missing.retain(|name| !platform.components.contains_key(*name));
    }
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn the_record_renders_the_same_bytes() {
    let catalogue = Catalogue::embedded().unwrap();
    for case in cases() {
        let tree = rendered(&case, &catalogue);
        let (platform, recorded) = read_record(&tree).unwrap_or_else(|error| panic!("{error}"));
        let again = render(&platform, &recorded).unwrap_or_else(|error| panic!("{error}"));
        for (path, text) in &tree {
            assert_eq!(Some(text), again.get(path), "{path} of {}", case.display());
        }
        assert_eq!(tree.len(), again.len());
    }
}

#[test]
fn printed_answers_make_the_same_platform() {
    let catalogue = Catalogue::embedded().unwrap();
    for case in cases() {
        let text = fs::read_to_string(case.join("answers.yaml")).unwrap();
        let first = resolution(&text, &catalogue);
        let printed = answers_file(&first.platform);
        let second = resolution(&printed, &catalogue);
        let differ = |path: &RepoPath| path.as_str().starts_with(".landform/");
        let trees = [&first, &second].map(|r| {
            let mut tree = render(&r.platform, &catalogue).unwrap();
            // What was assumed the first time is answered the second.
            tree.retain(|path, _| !differ(path));
            tree
        });
        assert_eq!(trees[0], trees[1], "{}", case.display());
        assert_eq!(printed, answers_file(&second.platform));
        assert_eq!(second.assumed, Vec::new());
    }
}
