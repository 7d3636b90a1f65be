//! Where an object of a build stands in the tree.

use std::fs;
use std::path::{Path, PathBuf};

use landform::error::Source;
use serde_json::Value;

use crate::facts::terraform::resolved;
use crate::support;

/// The file and line that made an object: its own file, or the generator of a `ConfigMap`.
pub(crate) fn origin(tree: &Path, folder: &Path, object: &Value) -> String {
    let kind = object["kind"].as_str().unwrap_or_default();
    let name = object["metadata"]["name"].as_str().unwrap_or_default();
    search(tree, folder, kind, name, 0).unwrap_or_else(|| support::shown(folder))
}

/// The same, wherever in the tree it is made.
pub(crate) fn anywhere(tree: &Path, object: &Value) -> String {
    let folders = walkdir::WalkDir::new(tree).sort_by_file_name().into_iter();
    let folders = folders.flatten().filter(|entry| entry.file_type().is_dir());
    let (kind, name) = (&object["kind"], &object["metadata"]["name"]);
    let (kind, name) = (
        kind.as_str().unwrap_or_default(),
        name.as_str().unwrap_or_default(),
    );
    folders
        .filter_map(|entry| entry.path().strip_prefix(tree).ok().map(Path::to_owned))
        .find_map(|folder| search(tree, &folder, kind, name, 0))
        .unwrap_or_else(|| "no file of the platform".to_owned())
}

/// The files and lines of the values that a message names as JSON pointers in quotes, such as `'/image/tag'`. Later
/// files win, as they do in Helm.
pub(crate) fn values(tree: &Path, files: &[PathBuf], message: &str) -> Vec<String> {
    let quoted = message.split('\'').filter(|word| word.starts_with('/'));
    let places = quoted.filter_map(|pointer| {
        let keys: Vec<&str> = pointer.split('/').skip(1).collect();
        files.iter().rev().find_map(|file| {
            let text = fs::read_to_string(tree.join(file)).ok()?;
            let source = Source::new(support::shown(file), text);
            let document = landform::yaml::parse(&source).ok()?;
            let span = document.at(&keys)?.span.clone();
            Some(format!(
                "{}:{}",
                source.name,
                source.text[..span.start].lines().count().max(1)
            ))
        })
    });
    places.collect()
}

fn search(tree: &Path, folder: &Path, kind: &str, name: &str, depth: usize) -> Option<String> {
    let dir = tree.join(folder);
    let mut entries: Vec<_> = fs::read_dir(&dir)
        .ok()?
        .flatten()
        .map(|e| e.path())
        .collect();
    entries.sort();
    for path in entries.iter().filter(|path| path.is_file()) {
        let Ok(text) = fs::read_to_string(path) else {
            continue;
        };
        let generates = support::name(path) == "kustomization.yaml" && kind == "ConfigMap";
        let wanted = format!("name: {name}");
        let at = text.lines().position(|line| {
            let line = line.trim().trim_start_matches("- ");
            line == wanted || line == format!("name: \"{name}\"")
        });
        let is_kind = generates || text.lines().any(|line| line == format!("kind: {kind}"));
        if let Some(line) = at.filter(|_| is_kind) {
            let file = support::shown(&folder.join(support::name(path)));
            return Some(format!("{file}:{}", line + 1));
        }
    }
    let text = fs::read_to_string(dir.join("kustomization.yaml")).ok()?;
    let resources = text
        .lines()
        .filter_map(|line| line.trim().strip_prefix("- "));
    resources
        .filter(|resource| !resource.ends_with(".yaml") && depth < 8)
        .find_map(|resource| search(tree, &resolved(folder, resource), kind, name, depth + 1))
}

#[test]
fn a_value_is_found_where_it_is_said_last() {
    let dir = tempfile::tempdir().unwrap();
    let files = ["shared.yaml", "own.yaml"].map(PathBuf::from);
    fs::write(dir.path().join(&files[0]), "a: 1\nb:\n  c: 2\n").unwrap();
    fs::write(dir.path().join(&files[1]), "# more\na: 3\n").unwrap();
    let message = "- at '/a': got number, want string\n- at '/b/c': the same\n- at '/d': missing";
    let places = values(dir.path(), &files, message);
    assert_eq!(places, ["own.yaml:2", "shared.yaml:3"]);
}
