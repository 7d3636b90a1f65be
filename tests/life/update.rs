//! `update` and `outdated`: newer templates, over the user's edits.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::platform::{Life, assert_says, assert_valid, parsed};
use crate::sandbox::{assert_same, stderr, stdout};
use crate::support;

const VALUES: &str = "apps/grafana/values.yaml";

/// Replaces a text in the catalogue of [`Life::older`].
#[track_caller]
fn template(life: &Life, file: &str, from: &str, to: &str) {
    support::edit(&life.sandbox.path("catalog"), file, from, to);
}

/// The template and the user change the same value, and the template something else too.
pub(crate) fn conflict(life: &Life) {
    life.edit(VALUES, "replicas: 1", "replicas: 3");
    life.commit();
    template(life, VALUES, "replicas: 1", "replicas: 7");
    template(life, "apps/loki/values.yaml", "\n", "\nnewInLoki: true\n");
}

fn outdated(life: &Life) -> BTreeMap<String, Value> {
    let list = life.json(&["outdated", "--json"]);
    assert_valid(&life.sandbox, "outdated", &list);
    let list = list["outdated"].as_array().unwrap().iter();
    list.map(|entry| (entry["name"].as_str().unwrap().to_owned(), entry.clone()))
        .collect()
}

fn update(life: &Life, more: &[&str]) -> String {
    life.does(&[&["update", "--trust"], more].concat())
}

#[test]
fn with_nothing_new_nothing_changes() {
    let life = Life::older();
    life.edit(VALUES, "replicas: 1", "replicas: 3");
    life.delete(&["apps/loki/namespace.yaml"]);
    life.commit();
    assert_eq!(outdated(&life), BTreeMap::new());
    let deleted = "you deleted these, and they stay deleted: apps/loki/namespace.yaml";
    let said = life.has_nothing_to_do(&["update", "--trust"]);
    assert_says(&said, &[deleted]);
    let said = life.has_nothing_to_do(&["update", "--trust", "grafana"]);
    assert!(!said.contains("deleted"), "{said}");
    let said = life.has_nothing_to_do(&["update", "--trust", "loki"]);
    assert_says(&said, &[deleted]);
    let said = life.refused(2, &["update", "--trust", "reloader"]);
    assert_says(&said, &["`reloader` is not on the platform"]);
    let said = life.refused(2, &["update", "--trust", "--continue"]);
    assert_says(&said, &["no update is waiting to be continued"]);
    life.has_nothing_to_do(&["update", "--abort"]);
}

#[test]
fn the_first_catalogue_becomes_the_present_one() {
    let life = Life::older();
    life.edit(
        ".landform/platform.yaml",
        "catalog:\n  path: ../catalog\n",
        "",
    );
    life.commit();
    assert!(outdated(&life).contains_key("platform"));
    update(&life, &[]);
    life.is_as_written();
    assert_eq!(outdated(&life), BTreeMap::new());
    life.has_nothing_to_do(&["update"]);
    // The same as made anew.
    let answers = life
        .sandbox
        .read("answers.yaml")
        .replace("catalog: {path: ../catalog}\n", "");
    life.sandbox.write("answers.yaml", &answers);
    life.sandbox
        .new_in("anew", &["--answers", "answers.yaml"])
        .success();
    std::fs::remove_dir_all(life.path(".git")).unwrap();
    std::fs::remove_dir_all(life.sandbox.path("anew/.git")).unwrap();
    let anew = crate::sandbox::snapshot(&life.sandbox.path("anew"));
    assert_same(&anew, &crate::sandbox::snapshot(&life.path("")));
}

#[test]
fn a_newer_catalogue_over_edits() {
    let life = Life::older();
    // The user's side.
    life.edit(VALUES, "replicas: 1", "replicas: 3 # ours");
    life.edit("apps/loki/values.yaml", "\n", "\n# ours\n");
    life.delete(&[
        "clusters/prod/apps/grafana/values.yaml",
        "apps/cert-manager/namespace.yaml",
    ]);
    life.edit(
        "clusters/prod/apps/grafana/kustomization.yaml",
        "    files:\n      - values.yaml\n",
        "    literals: []\n",
    );
    let raised = life.read("apps/grafana/ocirepository.yaml");
    let tag = raised
        .lines()
        .find(|line| line.contains("tag: "))
        .unwrap()
        .to_owned();
    life.edit(
        "apps/grafana/ocirepository.yaml",
        &tag,
        "    tag: \"90.0.0\"",
    );
    life.commit();
    // The catalogue's: another key, another file, another question, other versions.
    template(&life, VALUES, "replicas: 1", "newKey: 1\nreplicas: 1");
    template(
        &life,
        "apps/grafana/component.yaml",
        "version: ",
        "version: 80.0.0, x: ",
    );
    let text = life.sandbox.read("catalog/apps/grafana/component.yaml");
    let text = text.lines().map(|line| match line.split_once(", x: ") {
        Some((before, _)) => format!("{before}}}\n"),
        None => format!("{line}\n"),
    });
    life.sandbox.write(
        "catalog/apps/grafana/component.yaml",
        &text.collect::<String>(),
    );
    template(
        &life,
        "apps/cert-manager/component.yaml",
        "version: v1.",
        "version: v0.",
    );
    template(
        &life,
        "apps/cert-manager/component.yaml",
        "notes:",
        "notes:\n  - Read this first.",
    );
    template(
        &life,
        "apps/loki/component.yaml",
        "questions:\n",
        "questions:\n  - {name: colour, ask: cluster, prompt: Which?, choices: {red: red, blue: blue}, default: red}\n",
    );
    template(
        &life,
        "apps/loki/cluster-values.yaml.tera",
        "",
        "colour: {{ answers.colour | yaml }}\n",
    );
    let list = outdated(&life);
    assert_eq!(
        list.keys().collect::<Vec<_>>(),
        ["cert-manager", "grafana", "loki"]
    );
    assert_eq!(list["grafana"]["newer"], "80.0.0");
    assert_eq!(list["grafana"]["version"], "90.0.0");
    let before = life.everything();
    let report = parsed(
        &life
            .run(&["update", "--trust", "--dry-run", "--json"])
            .success(),
    );
    assert_valid(&life.sandbox, "change", &report);
    assert_same(&before, &life.everything());
    let said = update(&life, &[]);
    assert_says(
        &said,
        &["staging:loki.colour=red", "\"Update the templates\""],
    );
    assert_says(&life.read(VALUES), &["newKey: 1\n", "replicas: 3 # ours\n"]);
    assert_says(
        &life.read("clusters/staging/apps/loki/values.yaml"),
        &["colour: red"],
    );
    // The newer version wins, whoever has it.
    assert_eq!(life.on("grafana")[0], "prod 90.0.0");
    assert!(life.on("cert-manager")[0].starts_with("prod v1."));
    assert!(!life.has("apps/cert-manager/namespace.yaml"));
    assert!(!life.has("clusters/prod/apps/grafana/values.yaml"));
    assert_eq!(outdated(&life), BTreeMap::new());
    life.has_nothing_to_do(&["update", "--trust"]);
}

#[test]
fn files_come_go_and_change_their_name() {
    let life = Life::older();
    let old = "catalog/apps/loki/cluster/datasource.yaml";
    let old = if life.sandbox.path(old).exists() {
        old.to_owned()
    } else {
        format!("{old}.tera")
    };
    let new = old.replace("datasource", "source");
    std::fs::rename(life.sandbox.path(&old), life.sandbox.path(&new)).unwrap();
    life.delete(&["apps/loki/namespace.yaml"]);
    life.commit();
    // One component alone.
    template(&life, VALUES, "replicas: 1", "replicas: 2");
    let said = update(&life, &["loki"]);
    assert_says(&said, &["\"Update the templates of loki\""]);
    assert!(life.has("clusters/staging/apps/loki/source.yaml"));
    assert!(!life.has("clusters/staging/apps/loki/datasource.yaml"));
    assert_says(&life.read(VALUES), &["replicas: 1\n"]);
    assert_eq!(life.edited(), ["missing apps/loki/namespace.yaml"]);
    assert_eq!(outdated(&life).keys().collect::<Vec<_>>(), ["grafana"]);
    // What is deleted and would change is told.
    life.delete(&[VALUES]);
    life.edit(
        "apps/grafana/kustomization.yaml",
        "      - values.yaml\n",
        "      - other.yaml\n",
    );
    life.commit();
    let said = update(&life, &[]);
    assert_says(
        &said,
        &[&format!(
            "you deleted these, and they stay deleted: {VALUES}"
        )],
    );
    assert!(!life.has(VALUES));
}

#[test]
fn outdated_tells_the_shared_version_and_the_pinned_one() {
    let life = Life::older();
    let shared = life.on("grafana")[0].replace("prod ", "");
    life.does(&["pin", "grafana", "5.0.0", "--on", "prod"]);
    template(&life, VALUES, "replicas: 1", "replicas: 7");
    let list = outdated(&life);
    assert_eq!(list["grafana"]["version"], shared);
    assert_eq!(list["grafana"]["pinned"], json!({"prod": "5.0.0"}));
    let said = stdout(&life.run(&["outdated"]).success());
    assert_says(&said, &[&format!("{shared}, 5.0.0 on prod")]);
}

#[test]
fn a_component_that_the_catalogue_gave_up_stays() {
    let life = Life::older();
    std::fs::rename(
        life.sandbox.path("catalog/apps/loki"),
        life.sandbox.path("catalog/apps/logs"),
    )
    .unwrap();
    template(
        &life,
        "apps/logs/component.yaml",
        "name: loki\n",
        "name: logs\n",
    );
    template(&life, VALUES, "replicas: 1", "replicas: 2");
    life.edit(
        ".landform/platform.yaml",
        "path: ../catalog\n",
        "path: ../catalog\n",
    );
    let before = life.clusters("loki");
    update(&life, &[]);
    assert_eq!(life.clusters("loki"), before);
    assert_says(&life.read(VALUES), &["replicas: 2"]);
    life.is_as_written();
}

#[test]
fn folders_that_the_user_moved_are_followed() {
    let life = Life::older();
    std::fs::create_dir(life.path("monitoring")).unwrap();
    life.git(&["mv", "apps/grafana", "monitoring/graf"]);
    for cluster in ["prod", "staging"] {
        life.edit(
            &format!("clusters/{cluster}/apps/grafana/kustomization.yaml"),
            "../apps/grafana",
            "../monitoring/graf",
        );
    }
    life.commit();
    life.does(&["rename", "loki", "logs"]);
    template(&life, VALUES, "replicas: 1", "replicas: 2");
    template(&life, "apps/loki/values.yaml", "\n", "\nnewInLoki: true\n");
    update(&life, &[]);
    assert_says(&life.read("monitoring/graf/values.yaml"), &["replicas: 2"]);
    assert_says(&life.read("apps/logs/values.yaml"), &["newInLoki: true"]);
    assert!(!life.has("apps/grafana") && !life.has("apps/loki"));
    life.is_as_written();
}

#[test]
fn a_conflict_keeps_its_component_out_until_it_is_settled() {
    let life = Life::older();
    conflict(&life);
    let before = life.everything();
    let report = parsed(
        &life
            .run(&["update", "--trust", "--dry-run", "--json"])
            .code(1),
    );
    assert_valid(&life.sandbox, "change", &report);
    assert_eq!(report["conflicts"].as_array().unwrap().len(), 1);
    let sides = &report["conflicts"][0]["sides"];
    for (side, words) in [
        ("base", "replicas: 1"),
        ("yours", "replicas: 3"),
        ("new", "replicas: 7"),
    ] {
        assert_says(sides[side].as_str().unwrap(), &[words]);
    }
    assert_eq!(report["conflicts"][0]["component"], "grafana");
    let notes = report["conflicts"][0]["notes"].as_array().unwrap();
    assert_says(notes[0].as_str().unwrap(), &["A generated password"]);
    assert_same(&before, &life.everything());

    let assert = life.run(&["update", "--trust", "--yes"]).code(1);
    assert_says(
        &(stdout(&assert) + &stderr(&assert)),
        &[
            // The template had it before too.
            "note: A generated password is shown by",
            "not updated, because of conflicts: grafana",
            "landform update --trust --continue",
            "+replicas: 7",
        ],
    );
    assert_eq!(life.sandbox.status("acme"), "");
    assert_eq!(life.sandbox.commits("acme"), 3);
    // The rest is there, nothing of that one.
    assert_says(&life.read("apps/loki/values.yaml"), &["newInLoki: true"]);
    assert!(
        !life
            .sandbox
            .committed("acme")
            .iter()
            .any(|path| path.contains("grafana"))
    );
    assert_eq!(outdated(&life).keys().collect::<Vec<_>>(), ["grafana"]);
    life.run(&["update", "--abort"]).success();
    life.refused(2, &["update", "--trust", "--continue"]);

    // Settled in the file that the update left.
    life.run(&["update", "--trust", "--yes"]).code(1);
    let kept = life.path(".git/landform-update.yaml");
    let text = std::fs::read_to_string(&kept).unwrap();
    assert_says(&text, &[VALUES, "mine, theirs, or its whole text"]);
    life.run(&["update", "--trust", "--continue", "--yes"])
        .code(1);
    std::fs::write(
        &kept,
        text.replace(&format!("{VALUES}: null"), &format!("{VALUES}: theirs")),
    )
    .unwrap();
    life.does(&["update", "--trust", "--continue"]);
    assert_says(&life.read(VALUES), &["replicas: 7"]);
    life.is_as_written();
    assert_eq!(outdated(&life), BTreeMap::new());
    life.refused(2, &["update", "--trust", "--continue"]);
}

#[test]
fn two_conflicts_of_a_component_keep_out_nothing_else() {
    let life = Life::older();
    let overlay = "clusters/prod/apps/grafana/values.yaml";
    life.edit(overlay, "size: 10Gi", "size: 20Gi");
    conflict(&life);
    template(
        &life,
        "apps/grafana/cluster-values.yaml.tera",
        "size: 10Gi",
        "size: 30Gi",
    );
    template(&life, "common/repo/README.md.tera", "\n", "\nNew words.\n");
    let assert = life.run(&["update", "--trust", "--yes"]).code(1);
    let said = stdout(&assert) + &stderr(&assert);
    assert_says(
        &said,
        &[
            overlay,
            VALUES,
            "not updated, because of conflicts: grafana\n",
        ],
    );
    assert_says(&life.read("apps/loki/values.yaml"), &["newInLoki: true"]);
    assert_says(&life.read("README.md"), &["New words."]);
    assert_eq!(outdated(&life).keys().collect::<Vec<_>>(), ["grafana"]);
}

#[test]
fn conflicts_settled_from_a_file() {
    for (settled, wanted) in [
        ("mine", "replicas: 3"),
        ("theirs", "replicas: 7"),
        ("|\n  replicas: 5\n", "replicas: 5"),
    ] {
        let life = Life::older();
        conflict(&life);
        life.sandbox
            .write("resolve.yaml", &format!("{VALUES}: {settled}\n"));
        update(&life, &["--resolve", "../resolve.yaml"]);
        assert_says(&life.read(VALUES), &[wanted]);
        assert_says(&life.read("apps/loki/values.yaml"), &["newInLoki: true"]);
        assert_eq!(outdated(&life), BTreeMap::new());
        life.has_nothing_to_do(&["update", "--trust"]);
    }
    let life = Life::older();
    conflict(&life);
    life.sandbox.write(
        "resolve.yaml",
        &format!("{VALUES}: |\n  <<<<<<< yours\n  a: 1\n"),
    );
    let said = life.refused(2, &["update", "--trust", "--resolve", "../resolve.yaml"]);
    assert_says(&said, &["is the mark of a conflict"]);
    let list = life.json(&["outdated", "--json"]);
    assert_ne!(list["outdated"], json!([]));
}

#[test]
fn a_slip_in_a_file_for_resolve_is_no_text() {
    let life = Life::new();
    for (line, why) in [
        ("apps/grafana/values.yaml: mien\n", "`mien` says nothing of"),
        (
            "apps/grafana/value.yaml: mine\n",
            "there is no file apps/grafana/value.yaml",
        ),
    ] {
        life.sandbox.write("slip.yaml", line);
        let said = life.refused(2, &["update", "--resolve", "../slip.yaml"]);
        assert_says(&said, &[why, "slip.yaml:1:1"]);
    }
}
