//! Killed at one step after the other: every one of them, or with `cargo test` the first, the middle and the last of
//! each kind.

use std::process::Command;

use rayon::prelude::*;

use crate::sandbox::text;
use crate::scenario::{SCENARIOS, Scenario, State, settled, tell, whole_head};

/// All steps, not only some of each kind, and of all scenarios.
const ALL: &str = "LANDFORM_CRASH_ALL";

fn all() -> bool {
    std::env::var_os(ALL).is_some()
}

/// The scenarios that a usual run is content with: a repository that is new and one that is not, something that is
/// committed and something that is left staged.
const USUAL: [&str; 2] = ["new in a clone, staged", "change"];

/// Those that are tried besides where it is to be thorough.
const MORE: [&str; 2] = ["new", "remove"];

fn is_tried(name: &str) -> bool {
    all() || USUAL.contains(&name) || crate::support::is_thorough() && MORE.contains(&name)
}

fn killed_at(command: &mut Command, step: usize) -> bool {
    use std::os::unix::process::ExitStatusExt as _;
    let output = command
        .env("LANDFORM_FAULT_AT", step.to_string())
        .output()
        .unwrap();
    if output.status.signal().is_some() {
        return true;
    }
    assert!(output.status.success(), "{}", text(&output.stderr));
    false
}

/// The names of the steps of a run that is not killed, and what comes of it.
fn whole(scenario: &Scenario) -> (Vec<String>, State, State) {
    let sandbox = scenario.sandbox();
    let before = settled(&sandbox);
    let log = sandbox.path("steps");
    let mut command = scenario.command(&sandbox);
    let output = command.env("LANDFORM_FAULT_LOG", &log).output().unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    let steps = sandbox.read("steps").lines().map(str::to_owned).collect();
    (steps, before, settled(&sandbox))
}

/// Numbers of steps, from 1.
fn chosen(steps: &[String]) -> Vec<usize> {
    if all() {
        return (1..=steps.len()).collect();
    }
    let mut chosen = Vec::new();
    let mut start = 0;
    // Runs of steps that differ only in the file: three names in turn are a run, too, and of those each is chosen.
    for run in steps.chunk_by(|a, b| kind(a) == kind(b)) {
        let (first, last) = (start + 1, start + run.len());
        start = last;
        let middle = usize::midpoint(first, last);
        let several = run.iter().any(|step| *step != run[0]);
        let more = if several { 2 } else { 0 };
        for step in (first..=first).chain(middle..=middle + more).chain([last]) {
            if step <= last && !chosen.contains(&step) {
                chosen.push(step);
            }
        }
    }
    chosen
}

/// What comes in turns is of one kind.
fn kind(step: &str) -> &str {
    match step {
        "file: write" | "file: fill" | "file: sync" | "folder: make" => "write",
        "file: remove" | "folder: remove" => "remove",
        other => other,
    }
}

fn at_every_step(scenario: &Scenario) {
    let (steps, before, after) = whole(scenario);
    let chosen = chosen(&steps);
    // One run waits for the disk while another computes.
    let completed = |step: &usize| {
        let what = format!("{}, step {step}: {}", scenario.name, steps[step - 1]);
        let sandbox = scenario.sandbox();
        assert!(killed_at(&mut scenario.command(&sandbox), *step), "{what}");
        whole_head(&sandbox, &before, &after, &what);
        let said = scenario.look(&sandbox);
        let found = settled(&sandbox);
        let completed = found == after;
        if !completed {
            assert_eq!(found.head, before.head, "{what}\n{said}");
            let differs = found.differs(&before);
            assert!(differs.is_empty(), "{what}\n{said}\n{differs:?}");
            // Once more, not killed: now it is all there.
            let output = scenario.command(&sandbox).output().unwrap();
            assert!(output.status.success(), "{what}\n{}", text(&output.stderr));
            let differs = settled(&sandbox).differs(&after);
            assert!(differs.is_empty(), "{what}\n{differs:?}");
        }
        completed
    };
    let new = chosen.par_iter().filter(|step| completed(step)).count();
    let old = chosen.len() - new;
    let (name, all, count) = (scenario.name, steps.len(), chosen.len());
    tell(&format!(
        "{name}: {all} steps, killed at {count}: {old} restored, {new} completed"
    ));
    assert!(new > 0 && old > 0);
}

fn named(name: &str) -> &'static Scenario {
    SCENARIOS.iter().find(|s| s.name == name).unwrap()
}

#[test]
fn new_is_killed_at_every_step() {
    for name in ["new", "new, staged", "new in a folder"] {
        if is_tried(name) {
            at_every_step(named(name));
        }
    }
}

#[test]
fn new_in_a_clone_is_killed_at_every_step() {
    for name in ["new in a clone", "new in a clone, staged"] {
        if is_tried(name) {
            at_every_step(named(name));
        }
    }
}

#[test]
fn a_change_is_killed_at_every_step() {
    let named = [
        "new",
        "new, staged",
        "new in a folder",
        "new in a clone",
        "new in a clone, staged",
    ];
    let changes = SCENARIOS.iter().filter(|s| !named.contains(&s.name));
    for scenario in changes.filter(|s| is_tried(s.name)) {
        at_every_step(scenario);
    }
}

/// What puts things in order is itself killed, at its first step, then its second, and so on; in a usual run after the
/// first few in growing strides.
#[test]
fn putting_in_order_is_killed_at_every_step() {
    for scenario in SCENARIOS.iter().filter(|s| is_tried(s.name)) {
        let (steps, before, after) = whole(scenario);
        let last = |name: &str| steps.iter().rposition(|step| step == name);
        let renames = last("file: rename").unwrap();
        let late = last("commit: made").or(last("index: done")).unwrap();
        for step in [renames + 1, late + 1] {
            let sandbox = scenario.sandbox();
            assert!(killed_at(&mut scenario.command(&sandbox), step));
            let (mut kills, mut at) = (0, 1_usize);
            loop {
                let mut command = sandbox.plain_landform(scenario.next);
                let command = command.env("LANDFORM_FAULT_AT", at.to_string());
                let output = command.output().unwrap();
                if output.status.code().is_some() {
                    break;
                }
                kills += 1;
                at += if all() { 1 } else { at.div_ceil(4) };
                whole_head(&sandbox, &before, &after, scenario.name);
            }
            scenario.look(&sandbox);
            let now = settled(&sandbox);
            let what = format!("{}, step {step}, {kills} kills", scenario.name);
            assert!(
                now == before || now == after,
                "{what}\n{:?}",
                now.differs(&before)
            );
            tell(&format!("{what}: put in order"));
            assert!(kills > 0);
        }
    }
}
