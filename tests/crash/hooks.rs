//! The `git` that landform starts may live longer than landform: a hook takes its time.

use std::time::{Duration, Instant};

use predicates::prelude::*;
use predicates::str::contains;

use crate::sandbox::{Sandbox, text};
use crate::scenario::settled;
use crate::support::need;

/// A hook that kills the landform whose git runs it, and goes on for some seconds.
fn murderous(sandbox: &Sandbox, seconds: &str, then: &str) {
    sandbox.repository("acme", &[("notes.txt", "mine\n")]);
    sandbox.script(
        "acme/.git/hooks/pre-commit",
        &format!(
            "#!/bin/sh\nlandform=$(sed -n 's/^PPid:[[:space:]]*//p' /proc/$PPID/status)\n\
             kill -9 $landform\ntouch ../killed\nsleep {seconds}\n{then}\n"
        ),
    );
}

fn run_and_be_killed(sandbox: &Sandbox) {
    use std::os::unix::process::ExitStatusExt as _;
    // Git keeps its output open, so it goes nowhere.
    let status = sandbox
        .plain_landform(["new", "acme", "--yes"])
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .status()
        .unwrap();
    assert_eq!(status.signal(), Some(9));
}

fn proc() -> Option<()> {
    std::path::Path::new("/proc/self/status")
        .exists()
        .then_some(())
}

#[test]
fn a_commit_that_comes_after_its_landform_is_waited_for() {
    need!("/proc", proc());
    let sandbox = Sandbox::new();
    murderous(&sandbox, "1", "exit 0");
    run_and_be_killed(&sandbox);
    assert_eq!(sandbox.commits("acme"), 1);
    sandbox
        .run(["list", "-C", "acme"])
        .success()
        .stderr(contains("completed a change that did not end"));
    assert_eq!(sandbox.commits("acme"), 2);
    settled(&sandbox);
    assert_eq!(sandbox.status("acme"), "");
}

#[test]
fn a_commit_that_fails_after_its_landform_is_taken_back() {
    need!("/proc", proc());
    let sandbox = Sandbox::new();
    murderous(&sandbox, "1", "exit 1");
    run_and_be_killed(&sandbox);
    let output = sandbox
        .plain_landform(["list", "-C", "acme"])
        .output()
        .unwrap();
    let said = text(&output.stderr);
    assert!(
        said.contains("restored what was there before a change that did not end"),
        "{said}"
    );
    assert!(said.contains("there is no platform"), "{said}");
    settled(&sandbox);
    assert_eq!(sandbox.files("acme"), ["notes.txt"]);
    assert_eq!(sandbox.status("acme"), "");
}

#[test]
fn while_its_git_lives_nobody_else_writes() {
    need!("/proc", proc());
    let sandbox = Sandbox::new();
    murderous(&sandbox, "8", "exit 0");
    run_and_be_killed(&sandbox);
    let start = Instant::now();
    sandbox.new_in("acme", &[]).code(3).stderr(
        contains("another landform (process ").and(contains("a git that it may have started")),
    );
    assert!(start.elapsed() > Duration::from_secs(2));
    // One that only looks goes on, and says what it sees.
    sandbox
        .run(["list", "-C", "acme"])
        .stderr(contains("what follows is the folder as it is"));
    while sandbox.commits("acme") < 2 {
        assert!(start.elapsed() < Duration::from_secs(30));
        std::thread::sleep(Duration::from_millis(100));
    }
    sandbox
        .new_in("acme", &[])
        .success()
        .stderr(contains("completed a change"))
        .stdout(contains("Nothing to do"));
    settled(&sandbox);
}
