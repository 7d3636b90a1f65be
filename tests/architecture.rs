//! The rooms of the code keep to themselves: see docs/architecture.md.

#![allow(
    clippy::unwrap_used,
    reason = "a test ends where something is not as expected"
)]

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use regex_lite::Regex;

/// Rooms from the ground up. A room may use those on lower floors, and itself.
const FLOORS: [&[&str]; 8] = [
    &["error", "fault"],
    &["yaml"],
    &["catalog", "index"],
    &["model"],
    &["render", "git", "tools", "check", "graph"],
    &["change"],
    &["merge", "ui"],
    &["cli"],
];

/// The longest file that is still one responsibility.
const LINES: usize = 600;

fn floor(room: &str) -> Option<usize> {
    FLOORS.iter().position(|rooms| rooms.contains(&room))
}

/// Source files by path, without their unit tests.
fn sources() -> BTreeMap<PathBuf, String> {
    let root = support::package().join("src");
    walkdir::WalkDir::new(&root)
        .into_iter()
        .filter_map(Result::ok)
        .filter(|entry| entry.path().extension().is_some_and(|e| e == "rs"))
        .map(|entry| {
            let text = fs::read_to_string(entry.path()).unwrap();
            let code = text.split("#[cfg(test)]").next().unwrap().to_owned();
            (entry.path().strip_prefix(&root).unwrap().to_owned(), code)
        })
        .collect()
}

/// The room of a file: its outermost folder, or its own name.
fn room(path: &std::path::Path) -> String {
    let first = path
        .components()
        .next()
        .unwrap()
        .as_os_str()
        .to_str()
        .unwrap();
    first.trim_end_matches(".rs").to_owned()
}

#[test]
fn imports_run_one_way() {
    let import = Regex::new(r"crate::([a-z_]+)").unwrap();
    let mut wrong = Vec::new();
    for (path, code) in sources() {
        let own = room(&path);
        if own == "main" || own == "lib" {
            continue;
        }
        let here = floor(&own).unwrap_or_else(|| panic!("the room {own} has no floor"));
        for used in import.captures_iter(&code).map(|c| c[1].to_owned()) {
            let there = floor(&used).unwrap_or_else(|| panic!("the room {used} has no floor"));
            if used != own && there >= here {
                wrong.push(format!("{} uses {used}", path.display()));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn what_only_one_room_does() {
    // (what it is, who alone may do it)
    let rules = [
        (
            r"\b(e?println|e?print|write_stdout)!|anstream::|stdout\(\)|stderr\(\)",
            &["ui/", "cli/mod.rs"][..],
        ),
        (r"dialoguer::", &["ui/"]),
        (r"git2::", &["git/"]),
        (r"Command::new\(", &["git/", "tools/"]),
        (
            r"fs::(write|rename|remove|create|copy)|persist\(|tempfile_in",
            &[
                "change/",
                "git/made.rs",
                "git/refs.rs",
                "git/staged.rs",
                "git/kept.rs",
            ],
        ),
        (r"tera::Tera|\bTera::", &["catalog/template.rs"]),
    ];
    let mut wrong = Vec::new();
    for (path, code) in sources() {
        let name = path.to_str().unwrap().replace('\\', "/");
        for (pattern, rooms) in &rules {
            let found = Regex::new(pattern)
                .unwrap()
                .find(&code)
                .map(|m| m.as_str().to_owned());
            if let Some(found) = found
                && !rooms.iter().any(|room| name.starts_with(room))
            {
                wrong.push(format!("{name}: {found}"));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn files_stay_small_and_say_what_they_are() {
    let root = support::package();
    for folder in ["src", "tests"] {
        for entry in walkdir::WalkDir::new(root.join(folder))
            .into_iter()
            .filter_map(Result::ok)
        {
            if entry.path().extension().is_none_or(|e| e != "rs") {
                continue;
            }
            let text = fs::read_to_string(entry.path()).unwrap();
            let lines = text.lines().count();
            assert!(lines <= LINES, "{}: {lines} lines", entry.path().display());
            assert!(
                text.starts_with("//! "),
                "{}: no first line of documentation",
                entry.path().display()
            );
        }
    }
}

#[test]
fn every_skeleton_template_has_a_place() {
    let folders = [
        "repo",
        "cluster",
        "terraform",
        "component",
        "part",
        "overlay",
        "partials",
    ];
    let files = landform::catalog::embedded_files();
    for path in files.keys().filter_map(|path| path.strip_prefix("common/")) {
        let known = folders.iter().any(|f| path.starts_with(&format!("{f}/")));
        assert!(
            known || ["common.yaml", "sync.yaml.tera"].contains(&path),
            "{path}"
        );
    }
}
