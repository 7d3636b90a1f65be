//! A platform to work on: made once, copied for each test, and what every command must leave behind.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::OnceLock;

use assert_cmd::assert::Assert;
use serde_json::Value;

use crate::sandbox::{Entry, Sandbox, assert_same, copy, snapshot, stderr, stdout};
use crate::support;

/// Three clusters; the name of one begins with that of another.
const ANSWERS: &str = "\
name: acme
email: platform@acme.io
clusters:
  staging: {provider: kind}
  prod: {provider: existing, distribution: k3s, context: prod, dns: cloudflare, dns_zone: acme.io, domain: prod.acme.io}
  prod-us: {provider: existing, distribution: k3s, context: us, dns: cloudflare, dns_zone: acme.io, domain: us.acme.io, secrets: sops, sops_recipient: age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p, upgrades: later}
components:
  cilium:
  cert-manager: {answers: {prod: {issuer: letsencrypt}}}
  external-dns: {on: [prod, prod-us]}
  grafana: {answers: {prod-us: {admin: secret}}}
  loki: {on: [staging]}
";

/// The same in small, made from a catalogue of its own in `../catalog`.
const OLDER: &str = "\
name: acme
email: platform@acme.io
catalog: {path: ../catalog}
clusters:
  staging: {provider: kind}
  prod: {provider: existing, distribution: k3s, context: prod, dns: cloudflare, dns_zone: acme.io, domain: prod.acme.io}
components:
  cilium:
  cert-manager:
  grafana:
  loki: {on: [staging]}
";

/// Files by path, without Git's own.
pub(crate) type Files = BTreeMap<String, Entry>;

/// A platform in `acme/` of a sandbox of its own.
pub(crate) struct Life {
    pub(crate) sandbox: Sandbox,
}

impl Life {
    /// A platform of three clusters.
    pub(crate) fn new() -> Self {
        static MADE: OnceLock<Sandbox> = OnceLock::new();
        let made = MADE.get_or_init(|| {
            let sandbox = Sandbox::new();
            make(&sandbox, ANSWERS);
            sandbox
        });
        Self::copy(made)
    }

    /// A platform that was made from `tests/data/catalog-v1`, a copy of which is in `catalog/`.
    pub(crate) fn older() -> Self {
        static MADE: OnceLock<Sandbox> = OnceLock::new();
        let made = MADE.get_or_init(|| {
            let sandbox = Sandbox::new();
            let catalogue = support::package().join("tests/data/catalog-v1");
            copy(&catalogue, &sandbox.path("catalog"));
            make(&sandbox, OLDER);
            sandbox
        });
        Self::copy(made)
    }

    fn copy(made: &Sandbox) -> Self {
        Self {
            sandbox: Sandbox::copy(made),
        }
    }

    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.sandbox.path(&format!("acme/{path}"))
    }

    #[track_caller]
    pub(crate) fn read(&self, path: &str) -> String {
        self.sandbox.read(&format!("acme/{path}"))
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        self.sandbox.write(&format!("acme/{path}"), text);
    }

    pub(crate) fn has(&self, path: &str) -> bool {
        self.path(path).exists()
    }

    /// Replaces a text, which must be there.
    #[track_caller]
    pub(crate) fn edit(&self, path: &str, from: &str, to: &str) {
        support::edit(&self.sandbox.path("acme"), path, from, to);
    }

    /// Deletes files and folders.
    #[track_caller]
    pub(crate) fn delete(&self, paths: &[&str]) {
        for path in paths {
            let full = self.path(path);
            if full.is_dir() {
                std::fs::remove_dir_all(full).unwrap();
            } else {
                std::fs::remove_file(full).unwrap_or_else(|e| panic!("{path}: {e}"));
            }
        }
    }

    pub(crate) fn git(&self, arguments: &[&str]) -> String {
        self.sandbox.git("acme", arguments)
    }

    /// Commits everything, as the user.
    pub(crate) fn commit(&self) {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "-m", "Ours"]);
    }

    /// Runs landform in the platform's folder.
    pub(crate) fn run(&self, arguments: &[&str]) -> Assert {
        self.run_in("", arguments)
    }

    /// Runs landform in a folder of the platform.
    pub(crate) fn run_in(&self, folder: &str, arguments: &[&str]) -> Assert {
        let mut command = self.sandbox.landform(arguments);
        command.current_dir(self.path(folder)).assert()
    }

    /// Runs a command that writes: one commit, nothing left over. Gives what it printed.
    #[track_caller]
    pub(crate) fn does(&self, arguments: &[&str]) -> String {
        let before = self.sandbox.commits("acme");
        let assert = self.run(&[arguments, &["--yes"]].concat());
        let said = format!("{}{}", stdout(&assert), stderr(&assert));
        assert.success();
        assert_eq!(
            self.sandbox.commits("acme"),
            before + 1,
            "{arguments:?}\n{said}"
        );
        assert_eq!(self.sandbox.status("acme"), "", "{arguments:?}\n{said}");
        said
    }

    /// Runs a command that has nothing to do.
    #[track_caller]
    pub(crate) fn has_nothing_to_do(&self, arguments: &[&str]) -> String {
        let before = self.everything();
        let assert = self.run(&[arguments, &["--yes"]].concat()).success();
        let said = format!("{}{}", stdout(&assert), stderr(&assert));
        assert!(said.contains("Nothing to do"), "{arguments:?}\n{said}");
        assert_same(&before, &self.everything());
        said
    }

    /// Runs a command that is refused, with the exit code and without a trace.
    #[track_caller]
    pub(crate) fn refused(&self, code: i32, arguments: &[&str]) -> String {
        let before = self.everything();
        let assert = self.run(&[arguments, &["--yes"]].concat());
        let said = stderr(&assert);
        assert.code(code);
        assert_same(&before, &self.everything());
        said
    }

    /// All files of the platform, and the commit they are in.
    pub(crate) fn everything(&self) -> Files {
        let mut files = self.files();
        let head = self.git(&["rev-parse", "HEAD"]);
        files.insert(".git/HEAD".to_owned(), Entry::Link(head.into()));
        files.insert(
            ".git/status".to_owned(),
            Entry::Link(self.sandbox.status("acme").into()),
        );
        files
    }

    /// All files of the platform, without folders and Git's own.
    pub(crate) fn files(&self) -> Files {
        let mut files = snapshot(&self.sandbox.path("acme"));
        files.retain(|path, entry| !path.starts_with(".git/") && !matches!(entry, Entry::Folder));
        files
    }

    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        parsed(&self.run(arguments))
    }

    /// Where a component is, as `list` says: `prod 1.2.3 pinned`.
    #[track_caller]
    pub(crate) fn on(&self, name: &str) -> Vec<String> {
        let listing = self.json(&["list", "--json"]);
        let mut components = listing["components"].as_array().unwrap().iter();
        let Some(component) = components.find(|component| component["name"] == name) else {
            return Vec::new();
        };
        let clusters = component["clusters"].as_array().unwrap().iter();
        let text = |on: &Value| {
            let pinned = if on["pinned"] == true { " pinned" } else { "" };
            let version = on["version"].as_str().unwrap_or("-");
            format!("{} {version}{pinned}", on["cluster"].as_str().unwrap())
        };
        clusters.map(text).collect()
    }

    /// The clusters that have a component.
    #[track_caller]
    pub(crate) fn clusters(&self, name: &str) -> Vec<String> {
        let on = self.on(name);
        let first = |on: &String| on.split(' ').next().unwrap().to_owned();
        on.iter().map(first).collect()
    }

    /// Paths that `diff` tells, with their state.
    #[track_caller]
    pub(crate) fn edited(&self) -> Vec<String> {
        let edits = self.json(&["diff", "--json"]);
        let files = edits["files"].as_array().unwrap().iter();
        let text = |file: &Value| {
            let (path, state) = (file["path"].as_str(), file["state"].as_str());
            format!("{} {}", state.unwrap(), path.unwrap())
        };
        files.map(text).collect()
    }

    /// Everything is as landform writes it.
    #[track_caller]
    pub(crate) fn is_as_written(&self) {
        assert_eq!(self.edited(), Vec::<String>::new());
    }
}

fn make(sandbox: &Sandbox, answers: &str) {
    sandbox.write("answers.yaml", answers);
    std::fs::create_dir(sandbox.path("acme")).unwrap();
    sandbox
        .landform([
            "new",
            ".",
            "--yes",
            "--trust",
            "--answers",
            "../answers.yaml",
        ])
        .current_dir(sandbox.path("acme"))
        .assert()
        .success();
}

pub(crate) fn parsed(assert: &Assert) -> Value {
    serde_json::from_str(&stdout(assert))
        .unwrap_or_else(|e| panic!("{e}: {}{}", stdout(assert), stderr(assert)))
}

/// A value fits a schema of landform's own.
#[track_caller]
pub(crate) fn assert_valid(sandbox: &Sandbox, schema: &str, value: &Value) {
    let schema = parsed(&sandbox.run(["schema", schema]).success());
    let schema = jsonschema::validator_for(&schema).unwrap();
    let errors: Vec<String> = schema.iter_errors(value).map(|e| e.to_string()).collect();
    assert_eq!(errors, Vec::<String>::new());
}

/// The text has all of these words.
#[track_caller]
pub(crate) fn assert_says(text: &str, words: &[&str]) {
    for word in words {
        assert!(text.contains(word), "no `{word}` in:\n{text}");
    }
}
