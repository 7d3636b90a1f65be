//! `landform check` and `landform explain` as they are run.

#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    reason = "a test ends where something is not as expected"
)]

mod support;

use std::path::{Path, PathBuf};

use serde_json::Value;
use support::sandbox::{Sandbox, stderr, stdout};

/// The bad case of a rule.
fn bad(rule: &str) -> PathBuf {
    support::package().join("tests/rules").join(rule).join("bad")
}

/// Runs a check of a folder that is copied to where no other repository is around it.
fn check(folder: &Path, arguments: &[&str], code: i32) -> (String, String) {
    let sandbox = Sandbox::new();
    let to = sandbox.path("repo");
    for entry in walkdir::WalkDir::new(folder) {
        let entry = entry.unwrap();
        let to = to.join(entry.path().strip_prefix(folder).unwrap());
        if entry.file_type().is_dir() {
            std::fs::create_dir_all(&to).unwrap();
        } else {
            std::fs::copy(entry.path(), &to).unwrap();
        }
    }
    let mut all = vec!["check", "-C", to.to_str().unwrap()];
    all.extend(arguments);
    let ran = sandbox.landform(&all).assert().code(code);
    (stdout(&ran), stderr(&ran))
}
