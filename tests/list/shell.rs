//! What a shell and a manual reader get.

use predicates::prelude::*;
use predicates::str::contains;

use crate::sandbox::{Sandbox, stdout};
use crate::support;

#[test]
fn completions_for_every_shell() {
    let sandbox = Sandbox::new();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        sandbox
            .run(["completions", shell])
            .success()
            .stdout(contains("landform").and(contains("dry-run")))
            .stderr("");
    }
    sandbox.run(["completions", "tcsh"]).code(2);
    let script = stdout(&sandbox.run(["completions", "bash"]));
    if let Some(bash) = support::tool("bash") {
        let file = sandbox.write("completion.bash", &script);
        let output = std::process::Command::new(bash)
            .args(["--norc", "-c", ". \"$1\"; complete -p landform", "bash"])
            .arg(file)
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
    }
}

#[test]
fn manual_pages_of_every_command() {
    let sandbox = Sandbox::new();
    let root = stdout(&sandbox.run(["man"]).success());
    assert!(root.contains(".TH landform 1"), "{root}");
    let command = landform::cli::command();
    for sub in command.get_subcommands() {
        let name = sub.get_name();
        assert!(
            root.contains(&format!("landform\\-{}", name.replace('-', "\\-"))),
            "{name}: {root}"
        );
        let page = stdout(&sandbox.run(["man", name]).success());
        assert!(page.contains(".SH SYNOPSIS"), "{page}");
        assert!(page.contains(&format!("\\fBlandform {name}\\fR")), "{page}");
        assert!(
            page.contains("\\-\\-quiet"),
            "{name} tells the global flags: {page}"
        );
    }
    let page = stdout(&sandbox.run(["man", "catalog", "show"]).success());
    assert!(page.contains("landform catalog show"), "{page}");
    sandbox
        .run(["man", "lst"])
        .code(2)
        .stderr(contains("did you mean `list`?"));
}
