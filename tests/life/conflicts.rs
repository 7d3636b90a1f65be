//! Conflicts with the user's edits: every command that writes settles them in the same way.

use crate::platform::{Life, assert_says, assert_valid, parsed};
use crate::sandbox::{assert_same, stderr, stdout};
use crate::support;

const FLUX: &str = "clusters/prod/flux-system/flux-instance.yaml";
const SET: [&str; 2] = ["set", "git.url=https://git.acme.io/acme.git"];

/// The user has edited what [`SET`] changes.
pub(crate) fn of_set(life: &Life) {
    let text = life.read(FLUX);
    let url = text.lines().find(|line| line.contains("url: ")).unwrap();
    life.edit(FLUX, url.trim(), "url: https://mirror.acme.io/acme.git");
    life.commit();
}

#[test]
fn every_command_that_writes_takes_a_file_for_them() {
    let life = Life::new();
    for command in [
        "add", "remove", "move", "rename", "set", "pin", "unpin", "secret", "update",
    ] {
        let help = stdout(&life.run(&[command, "--help"]).success());
        assert_says(&help, &["--resolve <FILE>"]);
    }
    for command in [["add", "app"], ["add", "cluster"], ["remove", "cluster"]] {
        let help = stdout(&life.run(&[&command[..], &["--help"]].concat()).success());
        assert_says(&help, &["--resolve <FILE>"]);
    }
}

#[test]
fn a_file_settles_them_for_set() {
    let life = Life::new();
    of_set(&life);
    let said = life.refused(1, &SET);
    assert_says(
        &said,
        &[
            &format!("{FLUX}: spec.sync.url was edited here"),
            "nothing was written",
            "the same command with --resolve FILE",
            &format!("`{FLUX}: theirs`"),
        ],
    );
    let report = parsed(&life.run(&[&SET[..], &["--json", "--yes"]].concat()).code(1));
    assert_valid(&life.sandbox, "change", &report);
    let sides = &report["conflicts"][0]["sides"];
    for (side, words) in [
        ("base", "url: https://github.com/"),
        ("yours", "url: https://mirror.acme.io/"),
        ("new", "url: https://git.acme.io/"),
    ] {
        assert_says(sides[side].as_str().unwrap(), &[words]);
    }
    let resolve = ["--resolve", "../resolve.yaml"];
    life.sandbox
        .write("resolve.yaml", &format!("{FLUX}: |\n  a: [\n"));
    let said = life.refused(2, &[&SET[..], &resolve].concat());
    assert_says(&said, &["resolve.yaml", "is no YAML"]);
    for (settled, wanted) in [
        ("mine", "https://mirror.acme.io/acme.git"),
        ("theirs", "https://git.acme.io/acme.git"),
        (
            "|\n  url: https://third.acme.io/acme.git\n",
            "third.acme.io",
        ),
    ] {
        let life = Life::new();
        of_set(&life);
        life.sandbox
            .write("resolve.yaml", &format!("{FLUX}: {settled}\n"));
        let command = [&SET[..], &resolve].concat();
        life.does(&command);
        assert_says(&life.read(FLUX), &[wanted]);
        let other = "clusters/staging/flux-system/flux-instance.yaml";
        assert_says(&life.read(other), &["https://git.acme.io/acme.git"]);
        life.has_nothing_to_do(&command);
    }
}

#[test]
fn what_moves_is_settled_in_its_new_place() {
    for (settled, path) in [
        ("theirs", "path: ./clusters/staging/apps/logs\n"),
        // What is mine follows what moves.
        ("mine", "path: ./clusters/staging/apps/logs/\n"),
    ] {
        let life = Life::new();
        let (old, new) = (
            "clusters/staging/apps/loki.yaml",
            "clusters/staging/apps/logs.yaml",
        );
        life.edit(old, "apps/loki\n", "apps/loki/\n");
        life.commit();
        let rename = ["rename", "loki", "logs"];
        assert_says(
            &life.refused(1, &rename),
            &[&format!("{new}: spec.path was edited")],
        );
        life.sandbox
            .write("resolve.yaml", &format!("{new}: {settled}\n"));
        life.does(&[&rename[..], &["--resolve", "../resolve.yaml"]].concat());
        assert!(!life.has(old));
        assert_says(&life.read(new), &[path]);
    }
}

#[test]
fn a_file_that_went_is_settled_still() {
    let life = Life::new();
    // The overlay goes with the answer, and was edited.
    life.does(&["set", "prod:grafana.admin=secret"]);
    let overlay = "clusters/prod/apps/grafana/values.yaml";
    life.edit(
        overlay,
        "existingSecret: grafana-admin",
        "existingSecret: mine",
    );
    life.commit();
    let set = [
        "set",
        "prod:grafana.admin=generated",
        "--resolve",
        "../resolve.yaml",
    ];
    life.sandbox.write("resolve.yaml", "{}\n");
    assert_says(&life.refused(1, &set), &[overlay]);
    life.sandbox
        .write("resolve.yaml", &format!("{overlay}: theirs\n"));
    life.does(&set);
    life.is_as_written();
    life.has_nothing_to_do(&set);
}

#[test]
fn work_that_is_not_committed_is_told_as_data_too() {
    let life = Life::older();
    support::edit(
        &life.sandbox.path("catalog"),
        "apps/loki/values.yaml",
        "\n",
        "\nnewInLoki: true\n",
    );
    let file = "apps/loki/values.yaml";
    let text = life.read(file);
    life.write(file, &format!("{text}mine: true\n"));
    let before = life.everything();
    let assert = life.run(&["update", "--trust", "--yes", "--json"]).code(1);
    assert_says(&stderr(&assert), &[file, "not committed"]);
    let report = parsed(&assert);
    assert_eq!(report["conflicts"][0]["path"], file);
    assert!(report["conflicts"][0]["sides"].is_null());
    assert_same(&before, &life.everything());
}
