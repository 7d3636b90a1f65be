//! Stage 8: what a command announces is what happens on a cluster. It grows with the commands; so far there is `new`,
//! and changes by hand as the platform's README tells them.

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;

use crate::kit::flux::{self, KUSTOMIZATIONS, RELEASES};
use crate::kit::process::{run, until};
use crate::kit::tools::cluster_tools;
use crate::reconcile::Up;
use crate::support::{self, need};

#[test]
fn new_announces_what_a_cluster_becomes() {
    let tools = cluster_tools!();
    let shared = need!("../shared", support::shared(""));
    let dir = crate::kit::scratch::folder();
    let mut landform = std::process::Command::new(env!("CARGO_BIN_EXE_landform"));
    for role in ["AUTHOR", "COMMITTER"] {
        landform.env(format!("GIT_{role}_NAME"), "Suite");
        landform.env(format!("GIT_{role}_EMAIL"), "suite@landform.test");
    }
    landform
        .current_dir(dir.path())
        .env("HOME", dir.path())
        .args(["new", "acme", "--yes", "--json"]);
    let said = run(&mut landform).unwrap_or_else(|error| panic!("{error}"));
    let report: Value = serde_json::from_str(&said).unwrap();
    let announced: BTreeSet<String> = report["files"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|file| file["action"] == "create")
        .filter_map(|file| {
            // clusters/<cluster>/<layer>/<name>.yaml is a Kustomization of Flux.
            let words: Vec<&str> = file["path"].as_str()?.split('/').collect();
            let [_, _, layer, name] = words.as_slice() else {
                return None;
            };
            let name = name.strip_suffix(".yaml")?;
            let unit = words[0] == "clusters" && *layer != "flux-system" && name != "kustomization";
            unit.then(|| name.to_owned())
        })
        .collect();
    assert!(
        announced.contains("cilium") && announced.contains("grafana"),
        "{announced:?}"
    );

    let up = Up::bring(tools, &shared, &dir.path().join("acme"), "staging");
    let there: BTreeSet<String> = up
        .cluster
        .all(KUSTOMIZATIONS)
        .iter()
        .map(|object| object["metadata"]["name"].as_str().unwrap().to_owned())
        // The one that reads the platform, and those that read manifests from elsewhere.
        .filter(|name| name != "flux-system" && !name.ends_with("-manifests"))
        .collect();
    assert_eq!(there, announced, "announced and there");

    up.judge_state();

    // The README: a version on one cluster is pinned by `version.yaml` in its overlay.
    let tree = &up.platform.tree;
    let overlay = tree.join("clusters/staging/apps/grafana");
    let source = fs::read_to_string(tree.join("apps/grafana/ocirepository.yaml")).unwrap();
    fs::write(overlay.join("version.yaml"), &source).unwrap();
    let list = overlay.join("kustomization.yaml");
    let text = fs::read_to_string(&list).unwrap();
    fs::write(&list, format!("{text}patches:\n  - path: version.yaml\n")).unwrap();
    up.platform.commit("Pin grafana");
    up.fetch(Some("grafana"));
    // The pin names the version that runs, so nothing is upgraded, however often Flux looks.
    for kind in ["ocirepositories.source.toolkit.fluxcd.io", RELEASES] {
        flux::reconcile(&up.cluster, kind, "grafana", "grafana");
    }
    let release = format!("{RELEASES}/grafana");
    let release = release.as_str();
    let object = up.cluster.get(release, Some("grafana"));
    assert_eq!(object["status"]["history"][0]["version"], 1, "{object}");

    // Removed as the README tells: the app goes, its namespace stays.
    let apps = tree.join("clusters/staging/apps");
    fs::remove_file(apps.join("grafana.yaml")).unwrap();
    fs::remove_dir_all(apps.join("grafana")).unwrap();
    let list = apps.join("kustomization.yaml");
    let text = fs::read_to_string(&list).unwrap();
    fs::write(&list, text.replace("  - grafana.yaml\n", "")).unwrap();
    up.platform.commit("Remove grafana");
    up.fetch(None);
    until(120, || {
        let object = up.cluster.get(release, Some("grafana"));
        object
            .is_null()
            .then_some(())
            .ok_or("grafana is still there".to_owned())
    });
    let kept = up.cluster.get("namespace/grafana", None);
    assert_eq!(kept["status"]["phase"], "Active");
}
