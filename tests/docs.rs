//! Documents say what is: the commands' help texts, the links, and the commands that generated text names.

#![allow(
    clippy::unwrap_used,
    reason = "a test ends where something is not as expected"
)]

mod support;

#[path = "docs/pages.rs"]
mod pages;

use std::fs;
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use landform::catalog::embedded_files;
use regex_lite::Regex;

fn documents() -> Vec<PathBuf> {
    let root = support::package();
    let mut documents: Vec<PathBuf> = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"]
        .map(|name| root.join(name))
        .into();
    let docs = walkdir::WalkDir::new(root.join("docs"))
        .into_iter()
        .filter_map(Result::ok);
    documents.extend(
        docs.map(walkdir::DirEntry::into_path)
            .filter(|path| path.extension().is_some_and(|e| e == "md")),
    );
    documents.sort();
    documents
}

fn help(words: &[&str]) -> String {
    let output = Command::cargo_bin("landform")
        .unwrap()
        .args(words)
        .arg("--help")
        .env("COLUMNS", "100")
        .env("NO_COLOR", "1")
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap()
}

/// Every subcommand, as the words that call it. clap's own `help` is left out.
fn commands() -> Vec<Vec<String>> {
    fn walk(command: &clap::Command, words: &[String], all: &mut Vec<Vec<String>>) {
        for sub in command
            .get_subcommands()
            .filter(|c| c.get_name() != "help" && !c.is_hide_set())
        {
            let words: Vec<String> = words
                .iter()
                .cloned()
                .chain([sub.get_name().to_owned()])
                .collect();
            all.push(words.clone());
            walk(sub, &words, all);
        }
    }
    let mut all = Vec::new();
    walk(&landform::cli::command(), &[], &mut all);
    all
}

fn trimmed(text: &str) -> String {
    text.lines()
        .map(str::trim_end)
        .collect::<Vec<_>>()
        .join("\n")
}

/// `LANDFORM_GOLDEN=overwrite` writes the help texts anew; what stands between them is kept.
#[test]
fn help_texts_are_fresh() {
    let path = support::package().join("docs/commands.md");
    let mut text = fs::read_to_string(&path).unwrap();
    for words in commands() {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let heading = format!("## landform {}\n", words.join(" "));
        let start = text
            .find(&heading)
            .unwrap_or_else(|| panic!("docs/commands.md has no heading {heading:?}"));
        let open = start + text[start..].find("```text\n").unwrap() + "```text\n".len();
        let close = open + text[open..].find("\n```").unwrap();
        let now = trimmed(help(&words).trim_end());
        if std::env::var_os("LANDFORM_GOLDEN").is_some_and(|v| v == "overwrite") {
            text.replace_range(open..close, &now);
            fs::write(&path, &text).unwrap();
        } else {
            assert_eq!(trimmed(&text[open..close]), now, "{heading}");
        }
    }
}

#[test]
fn the_readme_counts_what_the_first_command_writes() {
    let folder = tempfile::tempdir().unwrap();
    let output = Command::cargo_bin("landform")
        .unwrap()
        .args(["new", "my-platform", "--yes", "--dry-run", "--json"])
        .current_dir(folder.path())
        .output()
        .unwrap();
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let files = report["files"].as_array().unwrap().len();
    let readme = fs::read_to_string(support::package().join("README.md")).unwrap();
    let done = format!("Done: {files} files written");
    assert!(readme.contains(&done), "README.md lacks: {done}");
}

#[test]
fn links_lead_somewhere() {
    let link = Regex::new(r"\]\(([^)#\s]+)(#[^)]*)?\)").unwrap();
    let mut broken = Vec::new();
    for document in documents() {
        let text = fs::read_to_string(&document).unwrap();
        for target in link.captures_iter(&text).map(|c| c[1].to_owned()) {
            let outside = target.contains("://") || target.starts_with("mailto:");
            if !outside
                && !document
                    .parent()
                    .unwrap_or(Path::new(""))
                    .join(&target)
                    .exists()
            {
                broken.push(format!("{}: {target}", document.display()));
            }
        }
    }
    assert_eq!(broken, Vec::<String>::new());
}

/// What a generated repository tells its reader to run must be there.
#[test]
fn generated_text_names_only_commands_that_exist() {
    let named =
        Regex::new(r"`landform ([a-z]+)|^\s*landform ([a-z]+)|run: landform ([a-z]+)").unwrap();
    let known: Vec<String> = commands()
        .into_iter()
        .map(|words| words[0].clone())
        .collect();
    let mut wrong = Vec::new();
    for (path, source) in embedded_files() {
        for line in source.text.lines() {
            for found in named.captures_iter(line) {
                let word = (1..=3).find_map(|i| found.get(i)).unwrap().as_str();
                if !known.iter().any(|k| k == word) {
                    wrong.push(format!("{path}: {}", line.trim()));
                }
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

/// Nothing in the project names this machine or what only its makers have.
#[test]
fn documents_stand_on_their_own() {
    let mut wrong = Vec::new();
    for document in documents() {
        let text = fs::read_to_string(&document).unwrap();
        for word in ["/work/", "/tmp/", "TODO", "FIXME"] {
            if text.contains(word) {
                wrong.push(format!("{}: {word}", document.display()));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}
