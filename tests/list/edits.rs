//! `diff`.

use serde_json::{Value, json};

use crate::sandbox::{Sandbox, stderr, stdout};
use crate::{assert_valid, edit, parsed, platform};

fn diff(sandbox: &Sandbox, names: &[&str]) -> Value {
    let arguments = [&["diff", "-C", "acme", "--json"], names].concat();
    let edits = parsed(&sandbox.run(arguments));
    assert_valid(sandbox, "diff", &edits);
    edits
}

fn paths(edits: &Value) -> Vec<&str> {
    let files = edits["files"].as_array().unwrap().iter();
    files.map(|file| file["path"].as_str().unwrap()).collect()
}

#[test]
fn what_was_edited_and_nothing_else() {
    let sandbox = platform();
    let assert = sandbox.run(["diff", "-C", "acme"]).success();
    assert_eq!(stdout(&assert), "");
    assert_eq!(stderr(&assert), "everything is as written\n");

    // Renovate's work, and Git's, are no edits.
    let source = "apps/grafana/ocirepository.yaml";
    let version = sandbox.read(&format!("acme/{source}"));
    let tag = version.lines().find(|line| line.contains("tag: ")).unwrap();
    edit(&sandbox, source, tag, "    tag: \"99.0.0\"");
    let crlf = sandbox
        .read("acme/apps/grafana/namespace.yaml")
        .replace('\n', "\r\n");
    sandbox.write("acme/apps/grafana/namespace.yaml", &crlf);
    assert_eq!(diff(&sandbox, &[])["files"], json!([]));

    // Edits are, also in a file that moved, beside a version, and in what no component owns.
    edit(&sandbox, source, "interval:", "# mine\n  interval:");
    edit(&sandbox, "README.md", "# ", "# Our ");
    std::fs::remove_file(sandbox.path("acme/apps/cert-manager/values.yaml")).unwrap();
    let edits = diff(&sandbox, &[]);
    assert_eq!(
        paths(&edits),
        ["README.md", "apps/cert-manager/values.yaml", source]
    );
    let grafana = &edits["files"][2];
    assert_eq!(grafana["component"], "grafana");
    assert_eq!(grafana["state"], "edited");
    let text = grafana["diff"].as_str().unwrap();
    assert!(
        text.contains("\n+  # mine\n") && !text.contains("99.0.0\"\n+"),
        "{text}"
    );
    assert!(!text.contains("\n-    tag"), "{text}");
    assert_eq!(edits["files"][1]["state"], "missing");
    assert_eq!(edits["files"][0]["component"], Value::Null);

    assert_eq!(paths(&diff(&sandbox, &["grafana"])), [source]);
    assert_eq!(paths(&diff(&sandbox, &["cilium"])), Vec::<&str>::new());
    let assert = sandbox.run(["diff", "-C", "acme", "--name-only"]).success();
    assert_eq!(stdout(&assert).lines().count(), 3);
    assert_eq!(stderr(&assert), "files: 2 edited, 1 missing\n");
    let assert = sandbox.run(["diff", "-C", "acme", "grafana"]).success();
    assert!(stdout(&assert).starts_with("--- a/apps/grafana/ocirepository.yaml\n"));
    let assert = sandbox.run(["--color", "always", "diff", "-C", "acme", "grafana"]);
    assert!(stdout(&assert).contains("\u{1b}[32m+  # mine\u{1b}[0m\n"));
    let assert = sandbox.run(["diff", "-C", "acme", "grafna"]).code(2);
    assert!(
        stderr(&assert).contains("did you mean `grafana`"),
        "{}",
        stderr(&assert)
    );
}

#[test]
fn what_is_no_text_is_told() {
    let sandbox = platform();
    let values = sandbox.path("acme/README.md");
    std::fs::write(&values, [0xff, 0xfe]).unwrap();
    let assert = sandbox.run(["diff", "-C", "acme"]).code(1);
    let said = stderr(&assert);
    assert!(
        said.contains("README.md") && said.contains("no UTF-8"),
        "{said}"
    );
}
