//! How much `landform check` sees: in what landform generates, each line that refers to something is taken away or
//! misspelt, one at a time, and the check must tell of it, in the file that is wrong or that lost what it refers to.

#![allow(
    clippy::unwrap_used,
    reason = "a test ends where something is not as expected"
)]

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use landform::check::{Report, check, config_of};
use landform::index::{Index, Objects, Repository, join};

type Tree = BTreeMap<String, String>;

fn read(folder: &Path) -> Tree {
    let mut tree = Tree::new();
    for entry in walkdir::WalkDir::new(folder).sort_by_file_name() {
        let entry = entry.unwrap();
        if entry.file_type().is_file()
            && let Ok(text) = fs::read_to_string(entry.path())
        {
            let path = entry.path().strip_prefix(folder).unwrap();
            tree.insert(path.to_str().unwrap().to_owned(), text);
        }
    }
    tree
}

fn found(tree: &Tree) -> Report {
    let index = Index::of_texts(tree.clone());
    let objects = Objects::of(&index);
    let repository = Repository::of(&index, &objects);
    check(&repository, &[], &config_of(&repository).unwrap())
}

/// A line that was changed.
struct Mutant {
    file: String,
    line: usize,
    was: String,
    /// What is there now; nothing if the line is gone.
    is: Option<String>,
}

/// The part of a line that refers to something, if it does: in lists of kustomize and Flux, and behind keys that name
/// paths and objects.
fn reference<'l>(file: &str, above: &[&str], line: &'l str) -> Option<&'l str> {
    let text = line.trim_start();
    if text.starts_with('#') {
        return None;
    }
    let key = above.iter().rev().find(|other| {
        let other = other.trim_end();
        other.ends_with(':')
            && indent(other) <= indent(line)
            && !other.trim_start().starts_with("- ")
    });
    let key = key.map_or("", |key| key.trim().trim_end_matches(':'));
    if let Some(item) = text.strip_prefix("- ") {
        let kustomize = file.ends_with("kustomization.yaml") && !item.contains(": ");
        let lists = ["resources", "components", "files"];
        if kustomize && lists.contains(&key) {
            return Some(item);
        }
        let named = ["dependsOn"].contains(&key);
        return item.strip_prefix("name: ").filter(|_| named);
    }
    let (name, value) = text.split_once(": ")?;
    match name {
        "path" if value.starts_with("./") => Some(value),
        "path" if file.ends_with("kustomization.yaml") => Some(value),
        "name" if ["sourceRef", "chartRef", "valuesFrom", "substituteFrom"].contains(&key) => {
            Some(value)
        }
        _ => None,
    }
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

/// The paths that a line of Terraform names: in texts with a slash or the end of a YAML file, but for globs, addresses
/// and sources of modules of a registry.
fn paths(line: &str) -> Vec<&str> {
    let text = line.trim_start();
    let comment = text.starts_with('#') || text.starts_with("description");
    let quoted = text.split('"').skip(1).step_by(2);
    let path = |part: &&str| {
        let named = part.ends_with(".yaml") && part.contains('/')
            || part.starts_with("../")
            || part.starts_with("./");
        named && !part.contains("://")
    };
    quoted.filter(path).filter(|_| !comment).collect()
}

/// Every mutant of the files of Terraform: each path misspelt in its last name, and each folder name of a cluster.
fn mutants_of_terraform(tree: &Tree) -> Vec<Mutant> {
    let mut mutants = Vec::new();
    let files = tree
        .iter()
        .filter(|(file, _)| file.ends_with(".tf") && !file.starts_with('.'));
    for (file, text) in files {
        for (number, line) in text.lines().enumerate() {
            for path in paths(line) {
                let at = path.rfind('.').filter(|dot| *dot > 2).unwrap_or(path.len());
                let at = if path[at..].contains('/') {
                    path.len()
                } else {
                    at
                };
                let wrong = format!("{}x{}", &path[..at], &path[at..]);
                mutants.push(Mutant {
                    file: file.clone(),
                    line: number,
                    was: line.to_owned(),
                    is: Some(line.replace(path, &wrong)),
                });
            }
        }
    }
    mutants
}

/// Every mutant of a tree: references of kustomizations and Flux, each misspelt; and each list line taken away.
fn mutants(tree: &Tree) -> Vec<Mutant> {
    let mut mutants = Vec::new();
    for (file, text) in tree {
        if !file.ends_with(".yaml") || file.starts_with('.') {
            continue;
        }
        let lines: Vec<&str> = text.lines().collect();
        for (number, line) in lines.iter().enumerate() {
            let Some(what) = reference(file, &lines[..number], line) else {
                continue;
            };
            if what.contains("://") {
                continue;
            }
            let bare = what.trim_matches('"').trim_end_matches('/');
            let cut = bare
                .rfind('.')
                .filter(|dot| *dot > 2 && !bare[*dot..].contains('/'));
            let at = cut.unwrap_or(bare.len());
            let wrong = format!("{}x{}", &bare[..at], &bare[at..]);
            mutants.push(Mutant {
                file: file.clone(),
                line: number,
                was: (*line).to_owned(),
                is: Some(line.replace(bare, &wrong)),
            });
            if line.trim_start().starts_with("- ") && !line.contains("name: ") {
                mutants.push(Mutant {
                    file: file.clone(),
                    line: number,
                    was: (*line).to_owned(),
                    is: None,
                });
            }
        }
    }
    mutants
}

fn applied(tree: &Tree, mutant: &Mutant) -> Tree {
    let mut tree = tree.clone();
    let lines = tree[&mutant.file].lines().enumerate();
    let lines = lines.filter_map(|(number, line)| {
        if number == mutant.line {
            mutant.is.clone()
        } else {
            Some(line.to_owned())
        }
    });
    let text = lines.map(|line| line + "\n").collect();
    tree.insert(mutant.file.clone(), text);
    tree
}

/// What no file of the repository tells: a path in another repository, an optional object whose like is nowhere. And
/// what makes no difference: a name that a patch sets again.
fn is_undecidable(mutant: &Mutant, tree: &Tree) -> bool {
    let text = &tree[&mutant.file];
    let own = "kind: GitRepository\n    name: flux-system\n";
    let elsewhere =
        mutant.was.contains("path: ") && text.contains("sourceRef:") && !text.contains(own);
    let after = text.lines().nth(mutant.line + 1).unwrap_or_default();
    let name = mutant.was.trim().trim_start_matches("name: ");
    let made = tree
        .values()
        .any(|text| text.contains(&format!("  - name: {name}\n")));
    let component = mutant.file.split('/').nth(1).unwrap_or_default();
    let again = tree.iter().any(|(file, text)| {
        file.ends_with(&format!("/{component}/version.yaml")) && text.contains(&mutant.was)
    });
    elsewhere || after.trim() == "optional: true" && !made || again
}

/// How many mutants of a tree are tried, in a larger one every second, third or so: in a usual run, and where it is to be
/// thorough.
const TRIED: [usize; 2] = [40, 160];

/// Tries mutants of trees.
fn all_are_found(trees: &[&str]) {
    let mut all = 0;
    let mut missed = Vec::new();
    for name in trees {
        let tree = read(
            &support::package()
                .join("tests/golden")
                .join(name)
                .join("out"),
        );
        assert!(found(&tree).findings.is_empty(), "{name}");
        let mutants = mutants(&tree);
        let step = mutants
            .len()
            .div_ceil(TRIED[usize::from(support::is_thorough())]);
        for mutant in mutants.iter().step_by(step) {
            all += 1;
            if is_undecidable(mutant, &tree) || is_found(mutant, &found(&applied(&tree, mutant))) {
                continue;
            }
            let is = mutant.is.as_deref().unwrap_or("(gone)").trim();
            let (file, line, was) = (&mutant.file, mutant.line + 1, mutant.was.trim());
            missed.push(format!("{name}: {file}:{line} {was} -> {is}"));
        }
    }
    assert!(all >= 20, "{all} mutants");
    let score = 100 * (all - missed.len()) / all;
    assert!(
        missed.is_empty(),
        "{score} % of {all}; missed:\n{}",
        missed.join("\n")
    );
}

/// Whether the file that is wrong is told of. Of a line that is gone, what it named tells.
fn is_found(mutant: &Mutant, report: &Report) -> bool {
    let folder = mutant
        .file
        .rsplit_once('/')
        .map_or("", |(folder, _)| folder);
    let named = mutant.was.trim().trim_start_matches("- ");
    let named = join(folder, named).unwrap_or_default();
    report.findings.iter().any(|finding| {
        let file = finding.at.file();
        let lost = file.starts_with(folder) || file.starts_with(&named);
        file == mutant.file
            || mutant.is.is_none() && lost
            || finding
                .related
                .iter()
                .any(|(at, _)| at.file() == mutant.file)
    })
}

/// Files that need not be there, and are not in these trees where they would matter: no version is pinned, and no
/// chart of a bootstrap has a namespace of its own.
const OPTIONAL: [&str; 2] = ["namespacex.yaml", "versionx.yaml"];

#[test]
fn every_path_of_terraform_that_breaks_is_found() {
    let mut missed = Vec::new();
    let mut all = 0;
    for name in ["default", "eks-only", "existing-storage", "kind+eks"] {
        let tree = read(
            &support::package()
                .join("tests/golden")
                .join(name)
                .join("out"),
        );
        for mutant in mutants_of_terraform(&tree) {
            let is = mutant.is.as_deref().unwrap_or_default().trim();
            if OPTIONAL.iter().any(|name| is.contains(name)) {
                continue;
            }
            all += 1;
            // One that is asked for before it is read shows at what is lacking then.
            if found(&applied(&tree, &mutant)).findings.is_empty() {
                missed.push(format!("{name}: {}:{} {is}", mutant.file, mutant.line + 1));
            }
        }
    }
    assert!(all >= 40, "{all} mutants");
    assert!(missed.is_empty(), "of {all} missed:\n{}", missed.join("\n"));
}

#[test]
fn every_reference_that_breaks_is_found() {
    all_are_found(&["default", "existing-k3s", "one-component"]);
}

#[test]
fn every_reference_that_breaks_is_found_in_larger_ones() {
    all_are_found(&["eks-only", "kind+eks", "kind-full"]);
}

#[test]
fn every_reference_that_breaks_is_found_with_storage() {
    all_are_found(&["existing-assumed", "existing-storage"]);
}
