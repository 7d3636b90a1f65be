//! The flags that every writing command has, and the state of Git that it works in.

use crate::platform::{Life, assert_says, assert_valid, parsed};
use crate::sandbox::{assert_same, copy, stderr, stdout};

/// One call of each command that has something to do.
const ALL: [&[&str]; 9] = [
    &["add", "reloader", "--on", "prod"],
    &[
        "add",
        "app",
        "shop",
        "--chart",
        "oci://x.io/shop",
        "--version",
        "1.0.0",
    ],
    &[
        "add",
        "cluster",
        "edge",
        "--provider",
        "existing",
        "--set",
        "context=edge",
        "--component",
        "loki",
    ],
    &["remove", "loki"],
    &["remove", "cluster", "prod", "--destroyed"],
    &["move", "loki", "--to", "infrastructure"],
    &["rename", "loki", "logs"],
    &["set", "email=ops@acme.io"],
    &["pin", "loki", "--on", "staging"],
];

#[test]
fn a_dry_run_writes_nothing_and_tells_all() {
    let life = Life::new();
    let before = life.everything();
    for command in ALL {
        let assert = life
            .run(&[command, &["--dry-run", "--diff", "--json"]].concat())
            .success();
        let report = parsed(&assert);
        assert_valid(&life.sandbox, "change", &report);
        assert_eq!(report["command"], command[0], "{report}");
        assert_eq!(report["dry_run"], true);
        assert!(report["commit"].is_null());
        let files = report["files"].as_array().unwrap();
        assert!(!files.is_empty(), "{command:?}");
        assert!(
            files.iter().all(|file| file["diff"].is_string()),
            "{command:?}"
        );
    }
    let text = stdout(
        &life
            .run(&["pin", "loki", "--on", "staging", "--dry-run", "--diff"])
            .success(),
    );
    assert_says(
        &text,
        &[
            "+++ b/clusters/staging/apps/loki/version.yaml",
            "1 new, 1 edited",
        ],
    );
    assert_same(&before, &life.everything());
}

#[test]
fn without_yes_and_without_a_terminal_nothing_is_written() {
    let life = Life::new();
    let before = life.everything();
    for command in ALL {
        let assert = life.run(command).code(2);
        assert_says(&stderr(&assert), &["there is no terminal to ask on"]);
    }
    assert_same(&before, &life.everything());
}

#[test]
fn the_report_of_what_was_done() {
    let life = Life::new();
    let report = life.json(&["remove", "loki", "--yes", "--json"]);
    assert_valid(&life.sandbox, "change", &report);
    assert_eq!(report["commit"], life.git(&["rev-parse", "HEAD"]));
    let mut told: Vec<&str> = report["files"]
        .as_array()
        .unwrap()
        .iter()
        .map(|f| f["path"].as_str().unwrap())
        .collect();
    told.sort_unstable();
    assert_eq!(told, life.sandbox.committed("acme"));
    let steps: Vec<&str> = report["next"]
        .as_array()
        .unwrap()
        .iter()
        .map(|s| s["title"].as_str().unwrap())
        .collect();
    assert_eq!(
        steps,
        [
            "push: Flux takes it from there",
            "to undo all of this, before the push"
        ]
    );
    let id = report["commit"].as_str().unwrap();
    assert_eq!(
        report["next"][1]["commands"][0],
        format!("git revert {}", &id[..10])
    );
    // Undone as told.
    let quiet = life
        .run(&["add", "loki", "--on", "staging", "--yes", "--quiet"])
        .success();
    assert_eq!(stdout(&quiet) + &stderr(&quiet), "");
}

#[test]
fn message_and_no_commit() {
    let life = Life::new();
    life.run(&[
        "pin",
        "loki",
        "--on",
        "staging",
        "--yes",
        "--message",
        "Hold\n\nUntil May.",
    ])
    .success();
    assert_eq!(
        life.git(&["log", "-1", "--format=%B"]),
        "Hold\n\nUntil May."
    );
    let head = life.git(&["rev-parse", "HEAD"]);
    let assert = life
        .run(&["unpin", "loki", "--on", "staging", "--yes", "--no-commit"])
        .success();
    assert_says(
        &(stdout(&assert) + &stderr(&assert)),
        &["written and staged, not committed", "git commit\n"],
    );
    assert_eq!(life.git(&["rev-parse", "HEAD"]), head);
    assert_eq!(
        life.sandbox.status("acme"),
        "M  clusters/staging/apps/loki/kustomization.yaml\nD  clusters/staging/apps/loki/version.yaml"
    );
    let assert = life
        .run(&[
            "pin",
            "loki",
            "--on",
            "staging",
            "--no-commit",
            "--message",
            "x",
        ])
        .code(2);
    assert_says(&stderr(&assert), &["cannot be used with"]);
}

#[test]
fn from_anywhere() {
    let life = Life::new();
    let before = life.files();
    let assert = life
        .run_in(
            "clusters/prod/apps",
            &["add", "reloader", "--on", "prod", "--yes"],
        )
        .success();
    let root = life.path("").canonicalize().unwrap();
    assert_says(
        &stdout(&assert),
        &[&format!("git -C {} push", root.display())],
    );
    assert_eq!(life.sandbox.status("acme"), "");
    life.sandbox
        .run(["remove", "reloader", "-C", "acme/apps", "--yes"])
        .success();
    assert_same(&before, &life.files());
    let assert = life.sandbox.run(["remove", "loki", "--yes"]).code(2);
    assert_says(&stderr(&assert), &["there is no platform here"]);
}

#[test]
fn the_folder_may_come_before_the_command() {
    let life = Life::new();
    let list = life.run(&["list", "--json"]).success();
    for arguments in [
        &["-C", "acme", "list", "--json"][..],
        &["list", "-C", "acme", "--json"],
        // The nearer one counts.
        &["-C", "nowhere", "list", "-C", "acme", "--json"],
    ] {
        let assert = life.sandbox.run(arguments).success();
        assert_eq!(stdout(&assert), stdout(&list), "{arguments:?}");
    }
    let root = life.path("").canonicalize().unwrap();
    let root = root.display();
    let assert = life
        .sandbox
        .run(["-C", "acme", "add", "app", "reloader", "--yes"])
        .success();
    // What comes next works from here.
    assert_says(
        &stdout(&assert),
        &[
            &format!("git -C {root} push"),
            &format!("git -C {root} revert "),
        ],
    );
    let assert = life
        .sandbox
        .run(["-C", "acme", "remove", "cert-manager", "--yes"])
        .success();
    assert_says(
        &stdout(&assert),
        &[
            &format!("landform -C {root} remove cert-manager --continue"),
            &format!("export KUBECONFIG=\"{root}/terraform/staging/kubeconfig\""),
        ],
    );
    for (command, hint) in [
        (&["-C", "acme", "new", "x"][..], "landform new DIR"),
        (&["schema", "list", "-C", "acme"], "leave it out"),
    ] {
        let assert = life.sandbox.run(command).code(2);
        assert_says(
            &stderr(&assert),
            &["-C names a platform that is there", hint],
        );
    }
}

#[test]
fn some_clusters_of_all() {
    let life = Life::new();
    for file in [
        "clusters/prod/apps/grafana/values.yaml",
        "clusters/staging/apps/grafana/values.yaml",
        "apps/grafana/values.yaml",
        "apps/loki/values.yaml",
        "terraform/prod/main.tf",
        "README.md",
    ] {
        life.edit(file, "\n", "\n# mine\n");
    }
    let listing = life.json(&["list", "--on", "prod,prod-us", "--json"]);
    assert_valid(&life.sandbox, "list", &listing);
    let names = |key: &str| -> Vec<String> {
        let entries = listing[key].as_array().unwrap().iter();
        entries
            .map(|entry| entry["name"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(names("clusters"), ["prod", "prod-us"]);
    let components = names("components");
    assert!(components.contains(&"grafana".to_owned()), "{components:?}");
    assert!(!components.contains(&"loki".to_owned()), "{components:?}");
    let diff = |on: &str| stdout(&life.run(&["diff", "--on", on, "--name-only"]).success());
    assert_eq!(
        diff("prod"),
        "apps/grafana/values.yaml\nclusters/prod/apps/grafana/values.yaml\nterraform/prod/main.tf\n"
    );
    let shown = life.json(&["show", "grafana", "--on", "staging", "--json"]);
    let on = shown["clusters"].as_array().unwrap().iter();
    let on: Vec<_> = on.map(|on| on["cluster"].as_str().unwrap()).collect();
    assert_eq!(on, ["staging"]);
    let said = stderr(&life.run(&["show", "loki", "--on", "prod"]).code(2));
    assert_says(&said, &["loki is not on prod", "landform show loki"]);
    for command in ["list", "diff", "outdated"] {
        let said = stderr(&life.run(&[command, "--on", "us"]).code(2));
        assert_says(&said, &["there is no cluster `us`"]);
    }
}

#[test]
fn what_is_outdated_on_some_clusters() {
    let life = Life::older();
    for name in [
        "apps/loki",
        "apps/grafana",
        "providers/kind",
        "providers/existing",
    ] {
        let file = format!("catalog/{name}/main.tf.tera");
        let file = if name.starts_with("apps") {
            format!("catalog/{name}/values.yaml")
        } else {
            file
        };
        let text = life.sandbox.read(&file);
        life.sandbox.write(&file, &format!("{text}# newer\n"));
    }
    let names = |arguments: &[&str]| -> Vec<String> {
        let list = life.json(&[&["outdated", "--json"], arguments].concat());
        let entries = list["outdated"].as_array().unwrap().iter();
        let names = entries.map(|entry| entry["name"].as_str().unwrap().to_owned());
        names.filter(|name| name != "platform").collect()
    };
    assert_eq!(
        names(&[]),
        ["provider existing", "provider kind", "grafana", "loki"]
    );
    assert_eq!(names(&["--on", "prod"]), ["provider existing", "grafana"]);
}

#[test]
fn what_the_user_has_in_hand_stays_theirs() {
    let life = Life::new();
    // Another file, staged: it stays so.
    life.write("notes.txt", "x\n");
    life.git(&["add", "notes.txt"]);
    life.write("README.md", "mine\n");
    life.run(&["pin", "loki", "--on", "staging", "--yes"])
        .success();
    assert_eq!(life.sandbox.status("acme"), " M README.md\nA  notes.txt");
    assert!(
        !life
            .sandbox
            .committed("acme")
            .contains(&"notes.txt".to_owned())
    );
    // A file that would change: refused, all of it.
    life.edit(
        "clusters/staging/apps/kustomization.yaml",
        "resources:",
        "# mine\nresources:",
    );
    let said = life.refused(1, &["remove", "loki"]);
    assert_says(
        &said,
        &["clusters/staging/apps/kustomization.yaml: it has changes that are not committed"],
    );
    life.run(&["remove", "loki", "--yes", "--no-commit"])
        .success();
    let text = life.read("clusters/staging/apps/kustomization.yaml");
    assert!(text.contains("# mine") && !text.contains("loki"), "{text}");
}

#[test]
fn git_in_the_middle_of_something() {
    let life = Life::new();
    let list = "clusters/staging/apps/kustomization.yaml";
    life.git(&["checkout", "-q", "-b", "other"]);
    life.edit(list, "resources:", "# theirs\nresources:");
    life.commit();
    life.git(&["checkout", "-q", "-"]);
    life.edit(list, "resources:", "# ours\nresources:");
    life.commit();
    assert!(
        !life
            .sandbox
            .try_git("acme", ["merge", "other"])
            .status
            .success()
    );
    let before = life.files();
    let assert = life.run(&["pin", "grafana", "--on", "prod", "--yes"]);
    assert_says(&stderr(&assert), &["merge"]);
    assert_ne!(assert.get_output().status.code(), Some(0));
    assert_same(&before, &life.files());
    life.git(&["merge", "--abort"]);
    life.does(&["pin", "grafana", "--on", "prod"]);
}

#[test]
fn without_a_repository() {
    let life = Life::new();
    life.delete(&[".git"]);
    let assert = life.run(&["remove", "loki", "--yes"]).success();
    assert_says(
        &stdout(&assert),
        &[
            "no Git repository, so nothing was committed",
            "copy these files into a clone of ",
        ],
    );
    let said = stdout(&assert);
    assert!(!said.contains("git push"), "{said}");
    assert!(!life.has("apps/loki"));
    assert!(!life.has(".git"));
}

#[test]
fn two_branches_that_add_different_things_merge() {
    let life = Life::new();
    life.git(&["checkout", "-q", "-b", "other"]);
    life.does(&["add", "argo-cd", "--on", "staging"]);
    life.git(&["checkout", "-q", "-"]);
    life.does(&["add", "reloader", "--on", "staging"]);
    life.git(&["merge", "-q", "-m", "Both", "other"]);
    life.is_as_written();
    assert_eq!(life.clusters("argo-cd"), ["staging"]);
    assert_eq!(life.clusters("reloader"), ["staging"]);
}

#[test]
fn a_copy_in_another_place_is_the_same_platform() {
    let life = Life::new();
    copy(&life.path(""), &life.sandbox.path("elsewhere"));
    life.sandbox
        .run(["add", "reloader", "-C", "elsewhere", "--yes"])
        .success();
    assert_eq!(life.clusters("reloader"), Vec::<String>::new());
}
