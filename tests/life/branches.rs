//! Two branches, each with a component that changes the other's: what neither could write is written on demand.

use crate::platform::{Life, assert_says};
use crate::sandbox::assert_same;

const VALUES: &str = "clusters/staging/apps/argo-cd/values.yaml";

/// Runs a command on a new branch from where `main` was, and goes back.
fn branch(life: &Life, name: &str, work: impl FnOnce()) {
    life.git(&["checkout", "--quiet", "-b", name]);
    work();
    life.git(&["checkout", "--quiet", "main"]);
}

/// The platform after a merge of two branches that each added one of two components.
fn merged(one: &[&str], other: &[&str], edit: impl FnOnce(&Life)) -> Life {
    let life = Life::new();
    branch(&life, "one", || {
        life.does(one);
    });
    branch(&life, "other", || {
        life.does(other);
        edit(&life);
    });
    for name in ["one", "other"] {
        life.git(&["merge", "--quiet", "--no-ff", "-m", name, name]);
    }
    life
}

/// The platform after both commands in sequence.
fn sequence(one: &[&str], other: &[&str]) -> Life {
    let life = Life::new();
    life.does(one);
    life.does(other);
    life
}

const GATEWAY: [&str; 3] = ["add", "envoy-gateway", "--with-needs"];

#[test]
fn what_neither_could_write_is_written_on_demand() {
    for other in ["argo-cd", "reloader"] {
        let crds = ["add", "prometheus-operator-crds"];
        let one: &[&str] = if other == "reloader" { &crds } else { &GATEWAY };
        let add = ["add", other, "--with-needs"];
        let life = merged(one, &add, |_| ());
        let said = life.has_nothing_to_do(&["update"]);
        assert_says(&said, &["landform update --mend", other]);
        assert!(!life.edited().is_empty());
        let said = life.does(&["update", "--mend"]);
        assert_says(&said, &["\"Write what components change in each other\""]);
        life.is_as_written();
        assert_same(&sequence(one, &add).files(), &life.files());
        let said = life.has_nothing_to_do(&["update", "--mend"]);
        assert!(!said.contains("Note"), "{said}");
        let said = life.has_nothing_to_do(&["update"]);
        assert!(!said.contains("--mend"), "{said}");
    }
}

#[test]
fn edits_stay_and_the_plan_says_for_whom() {
    let add = ["add", "argo-cd", "--with-needs"];
    let edits = |life: &Life| {
        life.edit(VALUES, "\n", "\n# ours\n");
        life.commit();
    };
    let life = merged(&GATEWAY, &add, edits);
    let plan = life.json(&["update", "--mend", "--dry-run", "--json"]);
    let files = plan["files"].as_array().unwrap();
    let why = |path: &str| {
        let file = files.iter().find(|file| file["path"] == path);
        file.and_then(|file| file["why"].as_str())
            .map(str::to_owned)
    };
    assert_says(&why(VALUES).unwrap(), &["for ", "envoy-gateway"]);
    life.does(&["update", "--mend"]);
    assert_eq!(life.edited(), [format!("edited {VALUES}")]);
    let added = sequence(&GATEWAY, &add);
    edits(&added);
    assert_same(&added.files(), &life.files());
}

/// The block of `configs`.
fn configs(values: &str) -> String {
    let from = values.find("configs:\n").unwrap();
    let to = values.find("server:\n").unwrap();
    values[from..to].to_owned()
}

#[test]
fn what_was_taken_out_by_hand_stays_out() {
    let life = sequence(&GATEWAY, &["add", "argo-cd", "--with-needs"]);
    let without = life.read(VALUES);
    let at = without.find("\nserver:").unwrap();
    let text = without[..at].to_owned() + "\nserver:\n  replicas: 2\n";
    life.write(VALUES, &text);
    life.commit();
    // Only a part of it.
    life.has_nothing_to_do(&["update", "--mend"]);
    // All of it: nobody can tell it from a merge, so nothing but the flag writes it.
    life.write(VALUES, &text.replace(&configs(&text), ""));
    life.commit();
    let out = life.files();
    let said = life.has_nothing_to_do(&["update"]);
    assert_says(&said, &["unless you took it out yourself"]);
    life.does(&["add", "metrics-server", "--on", "staging"]);
    life.does(&["remove", "metrics-server"]);
    assert_same(&out, &life.files());
    assert_says(&life.does(&["update", "--mend"]), &[VALUES]);
}
