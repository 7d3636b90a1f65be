//! Looking before writing, and output for people and for scripts.

use predicates::prelude::*;
use predicates::str::contains;
use serde_json::Value;

use crate::sandbox::{Sandbox, assert_same, snapshot, stderr, stdout};

fn json(assert: &assert_cmd::assert::Assert) -> Value {
    serde_json::from_str(&stdout(assert)).unwrap_or_else(|e| panic!("{e}: {}", stdout(assert)))
}

fn change_schema(sandbox: &Sandbox) -> jsonschema::Validator {
    let schema = json(&sandbox.run(["schema", "change"]).success());
    jsonschema::validator_for(&schema).expect("a schema")
}

fn assert_valid(schema: &jsonschema::Validator, report: &Value) {
    let errors: Vec<String> = schema
        .iter_errors(report)
        .map(|e| format!("{}: {e}", e.instance_path()))
        .collect();
    assert_eq!(errors, Vec::<String>::new());
}

#[test]
fn a_dry_run_writes_nothing() {
    let sandbox = Sandbox::new();
    let before = snapshot(&sandbox.work());
    for more in [&[][..], &["--yes"], &["--json"], &["--diff"]] {
        let arguments = [&["new", "acme", "--dry-run"], more].concat();
        sandbox.run(arguments).success();
        assert_same(&before, &snapshot(&sandbox.work()));
    }
}

#[test]
fn a_dry_run_in_a_repository_writes_nothing() {
    let sandbox = Sandbox::new();
    sandbox.repository("acme", &[(".gitignore", "/mine\n")]);
    let before = snapshot(&sandbox.work());
    sandbox
        .run(["new", "acme", "--dry-run", "--diff"])
        .success()
        .stdout(contains("edit  .gitignore").and(contains("+.terraform")));
    assert_same(&before, &snapshot(&sandbox.work()));
}

#[test]
fn the_plan_is_a_tree_with_counts() {
    let sandbox = Sandbox::new();
    let report = json(
        &sandbox
            .run(["new", "acme", "--dry-run", "--json"])
            .success(),
    );
    let count = report["files"].as_array().unwrap().len();
    sandbox.run(["new", "acme", "--dry-run"]).success().stdout(
        contains("Plan for acme")
            .and(contains(format!("  {count} new\n")))
            .and(contains("\n  clusters/"))
            .and(contains("always there"))
            .and(contains("needed by envoy-gateway"))
            .and(contains("staging.nodes=1")),
    );
}

#[test]
fn diff_shows_the_text() {
    let sandbox = Sandbox::new();
    sandbox
        .run(["new", "acme", "--dry-run", "--diff"])
        .success()
        .stdout(
            contains("--- /dev/null\n+++ b/README.md\n")
                .and(contains("+++ b/terraform/staging/main.tf"))
                .and(contains("+kind: FluxInstance")),
        );
    // The text can be applied as it is printed.
    let shown = stdout(&sandbox.run(["new", "acme", "--dry-run", "--diff"]));
    let patch = shown.split("\nPlan for").next().unwrap();
    sandbox.write("patch", &format!("{patch}\n"));
    sandbox.git(".", ["init", "--quiet", "patched"]);
    sandbox.git("patched", ["apply", "../patch"]);
    sandbox.new_in("acme", &[]).success();
    assert_eq!(sandbox.files("patched"), sandbox.files("acme"));
}

#[test]
fn the_dry_run_says_what_the_real_run_does() {
    let sandbox = Sandbox::new();
    let schema = change_schema(&sandbox);
    let dry = json(
        &sandbox
            .run(["new", "acme", "--dry-run", "--json"])
            .success(),
    );
    assert_valid(&schema, &dry);
    assert_eq!(dry["dry_run"], true);
    assert_eq!(dry["commit"], Value::Null);
    let real = json(&sandbox.new_in("acme", &["--json"]).success());
    assert_valid(&schema, &real);
    assert_eq!(real["dry_run"], false);
    for key in [
        "files",
        "conflicts",
        "assumed",
        "notes",
        "folder",
        "command",
    ] {
        assert_eq!(dry[key], real[key], "{key}");
    }
    let said: Vec<&str> = real["files"]
        .as_array()
        .unwrap()
        .iter()
        .map(|file| file["path"].as_str().unwrap())
        .collect();
    assert_eq!(said, sandbox.files("acme"));
    assert_eq!(real["commit"], sandbox.git("acme", ["rev-parse", "HEAD"]));
    assert!(real["next"].as_array().unwrap().len() > 2);
    // Nothing to do is a valid answer too.
    let again = json(&sandbox.new_in("acme", &["--json"]).success());
    assert_valid(&schema, &again);
    assert_eq!(again["files"], Value::Array(Vec::new()));
}

#[test]
fn conflicts_and_diffs_fit_the_schema() {
    let sandbox = Sandbox::new();
    let schema = change_schema(&sandbox);
    sandbox.write("acme/renovate.json", "{}\n");
    let report = json(&sandbox.new_in("acme", &["--json", "--diff"]).code(1));
    assert_valid(&schema, &report);
    let diff = report["files"][0]["diff"].as_str().unwrap();
    assert!(diff.contains("+++ b/"), "{diff}");
    // The schema can say no.
    assert!(!schema.is_valid(&serde_json::json!({"format": 1})));
}

#[test]
fn json_is_all_that_is_printed() {
    let sandbox = Sandbox::new();
    for arguments in [
        &["new", "acme", "--dry-run", "--json"][..],
        &["new", "acme", "--yes", "--json"],
        &["new", "acme", "--yes", "--json"],
        &["new", "other", "--yes", "--json", "--no-commit"],
    ] {
        let assert = sandbox.run(arguments).success();
        assert!(json(&assert).is_object());
        assert_eq!(stderr(&assert), "");
    }
}

#[test]
fn quiet_says_nothing_but_errors() {
    let sandbox = Sandbox::new();
    sandbox
        .new_in("acme", &["--quiet"])
        .success()
        .stdout("")
        .stderr("");
    assert_eq!(sandbox.commits("acme"), 1);
    sandbox
        .run(["-q", "new", "other", "--yes", "--no-commit"])
        .success()
        .stdout("");
    sandbox
        .run(["-q", "new", "third", "--yes", "--cluster", "prod=nope"])
        .code(2)
        .stdout("")
        .stderr(contains("nope"));
    // What was asked for is no talk.
    sandbox
        .run(["--quiet", "new", "third", "--dry-run"])
        .success()
        .stdout(contains("Plan for third").and(contains("README.md")))
        .stderr("");
    sandbox
        .run(["--quiet", "new", "third", "--print-answers"])
        .success()
        .stdout(contains("name: third"));
}

#[test]
fn colours_are_only_for_terminals() {
    let sandbox = Sandbox::new();
    let plain = |more: &[&str]| {
        let arguments = [&["new", "acme", "--dry-run"], more].concat();
        let assert = sandbox.run(arguments);
        assert!(!stdout(&assert).contains('\u{1b}'), "{more:?}");
        assert!(!stderr(&assert).contains('\u{1b}'), "{more:?}");
    };
    plain(&[]);
    plain(&["--diff"]);
    plain(&["--color", "never"]);
    plain(&["--set", "emial=x"]);
    sandbox
        .run(["--color", "always", "new", "acme", "--dry-run"])
        .success()
        .stdout(contains("\u{1b}["));
}

#[test]
fn without_a_terminal_nothing_is_asked() {
    let sandbox = Sandbox::new();
    sandbox
        .run(["new", "acme"])
        .code(2)
        .stderr(contains("--yes"));
    assert!(!sandbox.path("acme").exists());
    // Whatever comes on standard input.
    sandbox
        .landform(["new", "acme"])
        .write_stdin("y\n")
        .assert()
        .code(2)
        .stderr(contains("--yes"));
    assert!(!sandbox.path("acme").exists());
}

#[test]
fn without_a_terminal_json_is_not_an_answer_to_the_question() {
    let sandbox = Sandbox::new();
    sandbox
        .run(["new", "acme", "--json"])
        .code(2)
        .stderr(contains("--yes"));
    assert!(!sandbox.path("acme").exists());
}

#[cfg(unix)]
#[test]
fn a_reader_that_goes_away_is_no_crash() {
    use std::process::Stdio;
    let sandbox = Sandbox::new();
    let mut command = sandbox.plain_landform(["new", "acme", "--dry-run", "--diff"]);
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!said.contains("panicked"), "{said}");
}

#[test]
fn wrong_use_is_exit_2() {
    let sandbox = Sandbox::new();
    for arguments in [
        &[][..],
        &["new"],
        &["new", "a", "b"],
        &["nwe", "acme"],
        &["new", "acme", "--nope"],
        &["schema", "nope"],
        &["catalog", "show"],
        &["catalog", "test"],
    ] {
        sandbox.run(arguments).code(2).stdout("");
    }
    sandbox.run(["neww", "acme"]).stderr(contains("'new'"));
    sandbox
        .run(["--version"])
        .success()
        .stdout(contains(env!("CARGO_PKG_VERSION")));
}
