//! Runs that did not end, and runs that are taken back: what was there before is there again.

use predicates::prelude::*;
use predicates::str::contains;

use crate::sandbox::{Entry, Sandbox, assert_same, snapshot, stdout};
#[cfg(unix)]
use crate::support::{need, tool};

/// A platform of which only some files are there, as after a run that was killed.
fn unfinished(sandbox: &Sandbox) {
    sandbox.new_in("whole", &["--name", "acme"]).success();
    // What differs with other answers is there too.
    let telling = "README.md";
    let files = sandbox.files("whole").into_iter().enumerate();
    for (_, path) in files.filter(|(index, path)| index % 2 == 0 || path == telling) {
        let text = sandbox.read(&format!("whole/{path}"));
        sandbox.write(&format!("acme/{path}"), &text);
    }
}

#[test]
fn a_run_that_did_not_end_is_completed() {
    for repository in [false, true] {
        let sandbox = Sandbox::new();
        unfinished(&sandbox);
        if repository {
            sandbox.git("acme", ["init", "--quiet", "--initial-branch=main"]);
        }
        let (all, there) = (sandbox.files("whole").len(), sandbox.files("acme").len());
        let rest = all - there;
        sandbox.new_in("acme", &[]).success().stdout(
            contains(format!(
                "{rest} new, {there} there already, and not in Git yet"
            ))
            .and(contains(format!(
                "{rest} files written, {there} there already, commit "
            )))
            .and(contains("keep  .editorconfig")),
        );
        assert_eq!(sandbox.committed("acme"), sandbox.files("whole"));
        assert_eq!(sandbox.status("acme"), "");
        sandbox
            .new_in("acme", &[])
            .success()
            .stdout(contains("Nothing to do"));
    }
}

#[test]
fn what_was_only_staged_is_committed() {
    let sandbox = Sandbox::new();
    sandbox.new_in("acme", &["--no-commit"]).success();
    sandbox
        .new_in("acme", &["--no-commit"])
        .success()
        .stdout(contains("Nothing to do"));
    let count = sandbox.files("acme").len();
    sandbox
        .new_in("acme", &[])
        .success()
        .stdout(contains(format!(
            "0 files written, {count} there already, commit "
        )));
    assert_eq!(sandbox.committed("acme"), sandbox.files("acme"));
    assert_eq!(sandbox.status("acme"), "");
}

#[test]
fn a_file_that_is_there_as_it_would_be_written_is_committed_along() {
    let sandbox = Sandbox::new();
    sandbox.new_in("other", &["--name", "acme"]).success();
    sandbox.repository("acme", &[("notes.txt", "mine\n")]);
    sandbox.write("acme/.editorconfig", &sandbox.read("other/.editorconfig"));
    sandbox.write("acme/.yamllint", &sandbox.read("other/.yamllint"));
    sandbox.git("acme", ["add", ".yamllint"]);
    sandbox.new_in("acme", &[]).success();
    assert_eq!(sandbox.committed("acme"), sandbox.files("other"));
    assert_eq!(sandbox.status("acme"), "");
}

#[test]
fn with_other_answers_what_is_left_of_a_run_is_not_touched() {
    let sandbox = Sandbox::new();
    unfinished(&sandbox);
    let before = snapshot(&sandbox.path("acme"));
    sandbox
        .new_in("acme", &["--cluster", "prod=kind"])
        .failure()
        .stderr(contains("is there already"));
    assert_same(&before, &snapshot(&sandbox.path("acme")));
}

/// Runs what is printed last, in a shell, where it is to be run.
#[cfg(unix)]
fn undo(sandbox: &Sandbox, said: &str) {
    let (_, undo) = said.split_once("to undo all of this").expect("an undo");
    let (words, commands): (Vec<&str>, Vec<&str>) = undo
        .lines()
        .skip(1)
        .map(str::trim)
        .partition(|line| line.contains(" stay"));
    assert!(words.len() < 3, "{undo}");
    let shell = need!("sh", tool("sh"));
    let mut command = std::process::Command::new(shell);
    let script = format!("set -e\n{}", commands.join("\n"));
    let output = sandbox
        .enter(&mut command)
        .current_dir(sandbox.path("acme"))
        .args(["-c", &script])
        .output()
        .expect("a shell");
    assert!(output.status.success(), "{script}: {output:?}");
}

/// The folder without what Git keeps to itself.
#[cfg(unix)]
fn work_tree(sandbox: &Sandbox) -> std::collections::BTreeMap<String, Entry> {
    let mut all = snapshot(&sandbox.path("acme"));
    all.retain(|path, _| path != ".git" && !path.starts_with(".git/"));
    all
}

#[cfg(unix)]
#[test]
fn undoing_a_new_folder_leaves_nothing() {
    let sandbox = Sandbox::new();
    let said = stdout(&sandbox.new_in("acme", &[]).success());
    undo(&sandbox, &said);
    assert!(!sandbox.path("acme").exists());
}

#[cfg(unix)]
#[test]
fn undoing_a_folder_that_was_there_leaves_what_was_in_it() {
    for more in [&[][..], &["--no-commit"]] {
        let sandbox = Sandbox::new();
        sandbox.write("acme/apps/mine.yaml", "mine: true\n");
        sandbox.write("acme/docs/notes.txt", "mine\n");
        let before = snapshot(&sandbox.path("acme"));
        let said = stdout(&sandbox.new_in("acme", more).success());
        undo(&sandbox, &said);
        assert_same(&before, &snapshot(&sandbox.path("acme")));
    }
}

#[cfg(unix)]
#[test]
fn undoing_the_first_commit_leaves_what_else_is_staged() {
    for more in [&[][..], &["--no-commit"]] {
        let sandbox = Sandbox::new();
        sandbox.git(".", ["init", "--quiet", "acme"]);
        sandbox.write("acme/apps/mine.yaml", "mine: true\n");
        sandbox.write("acme/docs/notes.txt", "mine\n");
        sandbox.git("acme", ["add", "docs"]);
        let (before, status) = (work_tree(&sandbox), sandbox.status("acme"));
        let said = stdout(&sandbox.new_in("acme", more).success());
        undo(&sandbox, &said);
        assert_same(&before, &work_tree(&sandbox));
        assert_eq!(sandbox.status("acme"), status);
        sandbox.new_in("acme", &[]).success();
    }
}

#[cfg(unix)]
#[test]
fn undoing_what_is_only_staged_leaves_the_last_commit() {
    let sandbox = Sandbox::new();
    sandbox.repository(
        "acme",
        &[(".gitignore", "/mine\n"), ("README.md", "# acme\n")],
    );
    sandbox.write("acme/notes.txt", "mine\n");
    let (before, status) = (work_tree(&sandbox), sandbox.status("acme"));
    let said = stdout(&sandbox.new_in("acme", &["--no-commit"]).success());
    assert!(sandbox.read("acme/.gitignore").contains(".terraform"));
    undo(&sandbox, &said);
    assert_same(&before, &work_tree(&sandbox));
    assert_eq!(sandbox.status("acme"), status);
}

#[cfg(unix)]
#[test]
fn undoing_a_commit_leaves_what_is_staged() {
    let sandbox = Sandbox::new();
    sandbox.repository("acme", &[("README.md", "# acme\n")]);
    sandbox.write("acme/notes.txt", "mine\n");
    sandbox.git("acme", ["add", "notes.txt"]);
    let (before, status) = (work_tree(&sandbox), sandbox.status("acme"));
    let said = stdout(&sandbox.new_in("acme", &[]).success());
    assert!(said.contains("git stash pop --index"), "{said}");
    undo(&sandbox, &said);
    assert_same(&before, &work_tree(&sandbox));
    assert_eq!(sandbox.status("acme"), status);
}

#[cfg(unix)]
#[test]
fn what_cannot_be_undone_is_said() {
    let sandbox = Sandbox::new();
    sandbox.new_in("other", &["--name", "acme"]).success();
    sandbox.write("acme/.gitignore", "/mine\n");
    sandbox.write("acme/.yamllint", &sandbox.read("other/.yamllint"));
    let said = stdout(&sandbox.new_in("acme", &[]).success());
    assert!(said.contains(".gitignore: the new text stays, because nothing holds the old one"));
    assert!(said.contains("the file that was there already stays"));
    undo(&sandbox, &said);
    assert_eq!(sandbox.files("acme"), [".gitignore", ".yamllint"]);
}
