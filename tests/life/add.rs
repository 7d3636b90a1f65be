//! `add` from the catalogue.

use crate::platform::{Life, assert_says};
use crate::sandbox::{assert_same, stderr};

#[test]
fn it_comes_to_every_cluster_it_fits_or_to_those_named() {
    let life = Life::new();
    let before = life.files();
    let said = life.does(&["add", "reloader"]);
    assert_says(&said, &["\"Add reloader to prod, prod-us, staging\""]);
    let on = life.on("reloader");
    assert_eq!(life.clusters("reloader"), ["prod", "prod-us", "staging"]);
    // A cluster that upgrades later keeps it from the start.
    assert!(
        on[1].ends_with(" pinned") && !on[0].ends_with(" pinned"),
        "{on:?}"
    );
    life.is_as_written();
    let said = life.has_nothing_to_do(&["add", "reloader"]);
    assert_says(&said, &["reloader is on prod, prod-us, staging already"]);
    life.does(&["remove", "reloader"]);
    assert_same(&before, &life.files());

    // Named after the beginning of another's name, it is that one alone.
    life.does(&["add", "app", "reloader", "--on", "prod"]);
    assert_eq!(life.clusters("reloader"), ["prod"]);
    assert!(!life.has("clusters/prod-us/apps/reloader.yaml"));
    life.does(&["add", "reloader", "--on", "staging"]);
    assert_eq!(life.clusters("reloader"), ["prod", "staging"]);
    life.does(&["remove", "reloader", "--on", "staging"]);
    life.does(&["remove", "reloader", "--on", "prod"]);
    assert_same(&before, &life.files());
    for folder in ["apps/reloader", "clusters/staging/apps/reloader"] {
        assert!(!life.has(folder), "{folder} is left");
    }
}

#[test]
fn what_it_needs_is_added_only_if_somebody_agrees() {
    let life = Life::new();
    let before = life.files();
    let said = life.refused(2, &["add", "envoy-gateway", "--on", "prod"]);
    assert_says(
        &said,
        &["envoy-gateway on prod needs gateway-api", "--with-needs"],
    );
    let said = life.does(&["add", "envoy-gateway", "--on", "prod", "--with-needs"]);
    // What it changes elsewhere is told, with the reason.
    assert_says(
        &said,
        &[
            "gateway-api comes to prod too: envoy-gateway needs it",
            "clusters/prod/apps/cert-manager.yaml             +3 -1, now waits for gateway-api",
            "clusters/prod/apps/cert-manager/                 2 files, because gateway-api is there now",
            "clusters/prod/apps/external-dns/values.yaml      +2, because gateway-api is there now",
            "clusters/prod/apps/grafana.yaml                  +2, now waits for envoy-gateway-public",
        ],
    );
    assert_eq!(
        life.git(&["log", "-1", "--format=%B"]),
        "Add envoy-gateway to prod\n\ngateway-api on prod: envoy-gateway needs it"
    );
    assert_says(
        &life.read("clusters/prod/apps/cert-manager/values.yaml"),
        &["gatewayAPI:\n    enabled: true"],
    );
    assert_says(
        &life.read("clusters/prod/apps/cert-manager.yaml"),
        &[
            "- name: gateway-api",
            "path: ./clusters/prod/apps/cert-manager\n",
        ],
    );
    assert_eq!(life.clusters("gateway-api"), ["prod"]);
    life.is_as_written();
    let report = life.json(&[
        "remove",
        "envoy-gateway",
        "gateway-api",
        "--now",
        "--dry-run",
        "--json",
    ]);
    assert_eq!(
        why(&report, "clusters/prod/apps/external-dns/values.yaml"),
        "because gateway-api goes"
    );
    // What is made from other templates or answers has no such reason.
    let report = life.json(&["set", "prod:grafana.admin=secret", "--dry-run", "--json"]);
    assert_eq!(why(&report, "clusters/prod/apps/grafana/values.yaml"), "");
    life.does(&["remove", "envoy-gateway", "gateway-api", "--now"]);
    assert_same(&before, &life.files());
}

#[test]
fn names_that_are_none() {
    let life = Life::new();
    let said = life.refused(2, &["add", "relaoder"]);
    assert_says(
        &said,
        &[
            "the catalogue has no component `relaoder`",
            "did you mean `reloader`?",
        ],
    );
    let said = life.refused(2, &["add", "infrastructure", "reloader"]);
    assert_says(
        &said,
        &["reloader belongs to apps", "landform add app reloader"],
    );
    let said = life.refused(2, &["add", "reloader", "--on", "pro"]);
    assert_says(&said, &["there is no cluster `pro`"]);
    let said = life.refused(2, &["add", "karpenter"]);
    assert_says(&said, &["karpenter fits no cluster"]);
    let said = life.refused(2, &["add", "external-dns", "--on", "staging"]);
    assert_says(&said, &["external-dns", "staging", "no public address"]);
}

#[test]
fn answers_come_by_flag_and_by_file() {
    let life = Life::new();
    let said = life.refused(2, &["add", "flux-alerts", "--on", "staging"]);
    assert_says(
        &said,
        &[
            "`staging:flux-alerts.channel` is missing",
            "--set staging:flux-alerts.channel=",
        ],
    );
    life.sandbox.write(
        "loki.yaml",
        "components:\n  loki: {answers: {prod: {retention_days: 3}}}\n  grafana: {answers: {prod: {admin: secret}}}\n",
    );
    life.does(&[
        "add",
        "loki",
        "--on",
        "prod",
        "--answers",
        "../loki.yaml",
        "--set",
        "prod:loki.volume_gib=7",
    ]);
    let values = life.read("clusters/prod/apps/loki/values.yaml");
    assert_says(&values, &["72h", "7Gi"]);
    // What the file says of others is not taken.
    let settings = life.run(&["set"]).success();
    let settings = crate::sandbox::stdout(&settings);
    let answer = |key: &str| {
        let mut rows = settings.lines().map(str::split_whitespace);
        let found = rows.find_map(|mut words| (words.next() == Some(key)).then_some(words));
        let found = found.unwrap_or_else(|| panic!("no {key}:\n{settings}"));
        found.collect::<Vec<_>>()
    };
    assert_eq!(answer("prod:loki.retention_days"), ["3", "answered"]);
    assert_eq!(answer("prod:grafana.admin"), ["generated", "assumed"]);
    assert_eq!(answer("staging:loki.retention_days"), ["14", "assumed"]);
    let said = life.refused(2, &["add", "reloader", "--set", "prod:loki.volume_gib=0"]);
    assert_says(&said, &["volume_gib"]);
}

#[test]
fn what_was_removed_by_hand_comes_back() {
    let life = Life::new();
    let before = life.files();
    let by_hand = |paths: &[&str], list: &str, line: &str| {
        life.delete(paths);
        life.edit(list, line, "");
        life.commit();
    };
    by_hand(
        &[
            "clusters/prod/apps/grafana",
            "clusters/prod/apps/grafana.yaml",
        ],
        "clusters/prod/apps/kustomization.yaml",
        "  - grafana.yaml\n",
    );
    assert_eq!(life.clusters("grafana"), ["prod-us", "staging"]);
    life.is_as_written();
    // Other commands do not bring it back.
    life.does(&["pin", "cert-manager", "--on", "prod"]);
    life.has_nothing_to_do(&["update"]);
    life.does(&["unpin", "cert-manager", "--on", "prod"]);
    assert!(!life.has("clusters/prod/apps/grafana.yaml"));
    life.does(&["add", "grafana", "--on", "prod"]);
    assert_same(&before, &life.files());

    by_hand(
        &[
            "apps/loki",
            "clusters/staging/apps/loki",
            "clusters/staging/apps/loki.yaml",
        ],
        "clusters/staging/apps/kustomization.yaml",
        "  - loki.yaml\n",
    );
    assert_eq!(life.on("loki"), Vec::<String>::new());
    life.does(&["add", "loki", "--on", "staging"]);
    assert_same(&before, &life.files());

    // Single files of it too, but nobody's edits go.
    life.edit("apps/loki/values.yaml", "\n", "\n# mine\n");
    life.delete(&[
        "apps/loki/namespace.yaml",
        "clusters/staging/apps/loki.yaml",
    ]);
    life.edit(
        "clusters/staging/apps/kustomization.yaml",
        "  - loki.yaml\n",
        "",
    );
    life.commit();
    life.does(&["add", "loki", "--on", "staging"]);
    assert_eq!(life.edited(), ["edited apps/loki/values.yaml"]);
}

#[test]
fn what_comes_back_may_be_answered_otherwise() {
    let life = Life::new();
    life.delete(&[
        "clusters/prod/apps/grafana",
        "clusters/prod/apps/grafana.yaml",
    ]);
    life.edit(
        "clusters/prod/apps/kustomization.yaml",
        "  - grafana.yaml\n",
        "",
    );
    life.commit();
    let set = ["--set", "prod:grafana.admin=secret"];
    let said = life.does(&[&["add", "grafana", "--on", "prod"], &set[..]].concat());
    assert_says(
        &said,
        &[
            "secrets still missing on prod",
            "secret generic grafana-admin",
        ],
    );
    assert_says(
        &life.read(".landform/clusters/prod/grafana.yaml"),
        &["value: secret", "origin: answered"],
    );
    life.is_as_written();
}

#[test]
fn a_flux_kustomization_of_the_users_own_keeps_its_name() {
    let life = Life::new();
    life.write(
        "clusters/prod/apps/mine.yaml",
        "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata:\n  name: reloader\n  \
         namespace: flux-system\nspec:\n  path: ./apps/mine\n",
    );
    life.edit(
        "clusters/prod/apps/kustomization.yaml",
        "resources:\n",
        "resources:\n  - mine.yaml\n",
    );
    life.commit();
    // Two of one name in a cluster would stop all of it.
    let said = life.refused(2, &["add", "reloader"]);
    assert_says(
        &said,
        &[
            "your own Flux Kustomization on prod is called reloader",
            "clusters/prod/apps/mine.yaml:4",
        ],
    );
    life.does(&["add", "reloader", "--on", "staging"]);
    assert!(life.has("clusters/staging/apps/reloader.yaml"));
    assert!(!life.has("clusters/prod/apps/reloader.yaml"));
}

#[test]
fn lists_keep_comments_order_and_line_ends() {
    let life = Life::new();
    let list = "clusters/prod/apps/kustomization.yaml";
    life.git(&["config", "core.autocrlf", "false"]);
    let text = life
        .read(list)
        .replace("resources:", "# ours\nresources:")
        .replace(
            "  - grafana.yaml\n",
            "  - own.yaml # keep\n  - grafana.yaml\n",
        )
        .replace('\n', "\r\n");
    life.write(list, &text);
    life.write(
        "clusters/prod/apps/own.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: own}\n",
    );
    life.commit();
    life.does(&["add", "reloader", "--on", "prod"]);
    assert_eq!(life.read(list), format!("{text}  - reloader.yaml\r\n"));
    life.does(&["remove", "reloader"]);
    assert_eq!(life.read(list), text);
    life.does(&["remove", "grafana", "--on", "prod"]);
    assert_eq!(life.read(list), text.replace("  - grafana.yaml\r\n", ""));
}

#[test]
fn names_that_begin_alike_are_two() {
    let life = Life::new();
    let before = life.files();
    life.does(&[
        "add",
        "app",
        "loki-x",
        "--chart",
        "oci://example.com/loki-x",
        "--version",
        "1.0.0",
        "--on",
        "staging",
    ]);
    let with = life.files();
    life.does(&["pin", "loki", "--on", "staging"]);
    assert!(!life.has("clusters/staging/apps/loki-x/version.yaml"));
    life.does(&["unpin", "loki", "--on", "staging"]);
    assert_same(&with, &life.files());
    life.does(&["rename", "loki", "logs"]);
    assert!(
        life.has("clusters/staging/apps/loki-x.yaml") && life.has("apps/loki-x/helmrelease.yaml")
    );
    life.does(&["rename", "logs", "loki"]);
    assert_same(&with, &life.files());
    life.does(&["remove", "loki"]);
    assert_eq!(life.clusters("loki-x"), ["staging"]);
    life.is_as_written();
    life.does(&["add", "loki", "--on", "staging"]);
    life.does(&["remove", "loki-x"]);
    assert_same(&before, &life.files());
}

#[test]
fn without_a_terminal_nothing_is_asked() {
    let life = Life::new();
    let before = life.everything();
    let assert = life.run(&["add", "reloader"]).code(2);
    assert_says(
        &stderr(&assert),
        &["there is no terminal to ask on", "add --yes to write"],
    );
    assert_same(&before, &life.everything());
}

#[test]
fn what_somebody_took_from_the_list_is_listed_again() {
    let life = Life::new();
    let before = life.files();
    let list = "clusters/prod/apps/kustomization.yaml";
    life.edit(list, "  - grafana.yaml\n", "");
    life.edit(list, "resources:\n", "resources: # mine\n");
    life.commit();
    let said = life.run(&["list"]).success();
    let said = String::from_utf8_lossy(&said.get_output().stdout).into_owned();
    assert_eq!(said.matches("not listed").count(), 1, "{said}");
    let said = life.does(&["add", "grafana", "--on", "prod"]);
    assert_says(
        &said,
        &[
            "grafana was there on prod, but not listed",
            "List grafana on prod again",
        ],
    );
    life.edit(list, "resources: # mine\n", "resources:\n");
    assert_same(&before, &life.files());
    life.has_nothing_to_do(&["add", "grafana"]);
}

/// Why a file changes, as a report says; blank if it says nothing.
fn why(report: &serde_json::Value, path: &str) -> String {
    let mut files = report["files"].as_array().unwrap().iter();
    let file = files.find(|file| file["path"] == path);
    let file = file.unwrap_or_else(|| panic!("no {path} in {report}"));
    file["why"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn what_would_stand_in_a_deleted_list_is_told() {
    let life = Life::new();
    let list = "clusters/prod/apps/kustomization.yaml";
    let text = life.read(list);
    life.delete(&[list]);
    life.commit();
    let said = life.does(&["add", "reloader"]);
    assert_says(
        &said,
        &[
            "you deleted these, and they stay deleted",
            &format!("to what is new: {list}"),
        ],
    );
    assert!(!life.has(list));
    // With the list back, the same command puts in what it lacks.
    life.write(list, &text);
    life.commit();
    let said = life.does(&["add", "reloader"]);
    assert_says(&said, &["reloader was there on prod, but not listed"]);
    life.is_as_written();
}
