//! Stage 8: what a command announces is what happens on a cluster: `new`, then the commands of a platform's life, one
//! after the other on the same cluster.

use std::collections::{BTreeMap, BTreeSet};

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

    let record = dir.path().join("acme/.landform");
    support::copy_tree(&record, &up.platform.tree.join(".landform"));
    up.platform.commit("Bring the record along");
    let life = Life { up, home: dir };
    life.pin_changes_nothing();
    life.rename_restarts_nothing();
    life.move_restarts_nothing();
    life.remove_takes_what_it_says();
    life.add_brings_it_back();
    life.objects_get_another_name();
    life.two_steps_take_infrastructure();
}

/// A platform that is changed by commands, and the cluster that follows.
struct Life {
    up: Up,
    home: tempfile::TempDir,
}

impl Life {
    /// Runs a command in the platform, and lets the cluster catch up with its commit; gives what it said.
    fn run(&self, arguments: &[&str]) -> Value {
        let said = run(&mut self.landform(arguments)).unwrap_or_else(|error| panic!("{error}"));
        let report: Value = serde_json::from_str(&said).unwrap();
        assert!(report["commit"].is_string(), "{report}");
        // What it wrote anew leads to the real sources again.
        self.up.platform.rewrite();
        self.up.platform.commit("Lead to this machine");
        self.up.fetch(None);
        report
    }

    fn landform(&self, arguments: &[&str]) -> std::process::Command {
        let mut landform = std::process::Command::new(env!("CARGO_BIN_EXE_landform"));
        for role in ["AUTHOR", "COMMITTER"] {
            landform.env(format!("GIT_{role}_NAME"), "Suite");
            landform.env(format!("GIT_{role}_EMAIL"), "suite@landform.test");
        }
        landform
            .current_dir(&self.up.platform.tree)
            .env("HOME", self.home.path())
            .args(arguments)
            .args(["--yes", "--json"]);
        landform
    }

    /// Waits until a Flux Kustomization has applied the last commit, and is ready.
    fn settled(&self, unit: &str) {
        flux::reconcile(&self.up.cluster, KUSTOMIZATIONS, unit, "flux-system");
    }

    fn release(&self, name: &str, namespace: &str) -> Value {
        self.up
            .cluster
            .get(&format!("{RELEASES}/{name}"), Some(namespace))
    }

    /// Whether Helm did anything to a release since it was installed.
    fn untouched(&self, name: &str, namespace: &str) {
        let object = self.release(name, namespace);
        let last = &object["status"]["history"][0];
        assert_eq!(last["version"], 1, "{object}");
        assert_eq!(last["status"], "deployed", "{object}");
    }

    /// Runs a command after which every object is still the same one.
    fn quietly(&self, arguments: &[&str], units: &[&str]) {
        let before = self.up.uids();
        self.run(arguments);
        for unit in units {
            self.settled(unit);
        }
        let after = self.up.uids();
        assert_eq!(after, before, "{arguments:?}");
    }

    fn pin_changes_nothing(&self) {
        self.quietly(&["pin", "grafana", "--on", "staging"], &["grafana"]);
        for kind in ["ocirepositories.source.toolkit.fluxcd.io", RELEASES] {
            flux::reconcile(&self.up.cluster, kind, "grafana", "grafana");
        }
        self.untouched("grafana", "grafana");
    }

    fn rename_restarts_nothing(&self) {
        self.quietly(&["rename", "grafana", "dashboards"], &["grafana"]);
        self.untouched("grafana", "grafana");
        let unit = self
            .up
            .cluster
            .get(&format!("{KUSTOMIZATIONS}/grafana"), Some("flux-system"));
        assert_eq!(unit["spec"]["path"], "./clusters/staging/apps/dashboards");
    }

    fn move_restarts_nothing(&self) {
        let units = ["cert-manager", "cert-manager-issuers"];
        for (to, policy) in [("infrastructure", "Orphan"), ("apps", "MirrorPrune")] {
            self.quietly(&["move", "cert-manager", "--to", to], &units);
            self.untouched("cert-manager", "cert-manager");
            let unit = self.up.cluster.get(
                &format!("{KUSTOMIZATIONS}/cert-manager"),
                Some("flux-system"),
            );
            let is = unit["spec"]["deletionPolicy"]
                .as_str()
                .unwrap_or("MirrorPrune");
            assert_eq!(is, policy, "{unit}");
        }
    }

    /// Waits until something is gone.
    fn gone(&self, what: &str, namespace: Option<&str>) {
        until(120, || {
            let object = self.up.cluster.get(what, namespace);
            object
                .is_null()
                .then_some(())
                .ok_or(format!("{what} is still there"))
        });
    }

    /// The app goes, its namespace stays, and nothing else notices.
    fn remove_takes_what_it_says(&self) {
        let before = self.up.uids();
        let report = self.run(&["remove", "dashboards"]);
        let notes = report["notes"].to_string();
        assert!(
            notes.contains("uninstalls the Helm release grafana"),
            "{notes}"
        );
        assert!(notes.contains("stays: the namespace"), "{notes}");
        self.gone(&format!("{KUSTOMIZATIONS}/grafana"), Some("flux-system"));
        self.gone(&format!("{RELEASES}/grafana"), Some("grafana"));
        let kept = self.up.cluster.get("namespace/grafana", None);
        assert_eq!(kept["status"]["phase"], "Active");
        let after = self.up.uids();
        for (id, uid) in &before {
            let of_it = id.contains(" grafana/") || id.ends_with("/grafana");
            assert!(of_it || after.get(id) == Some(uid), "{id} went too");
        }
        let new: Vec<&String> = after
            .keys()
            .filter(|id| !before.contains_key(*id))
            .collect();
        assert_eq!(new, Vec::<&String>::new());
    }

    fn add_brings_it_back(&self) {
        let before = self.up.uids();
        self.run(&["add", "grafana"]);
        until(240, || {
            let objects = flux::objects(&self.up.cluster);
            let there = objects.iter().any(|object| {
                object["kind"] == "HelmRelease" && object["metadata"]["name"] == "grafana"
            });
            let unready = flux::unready(&objects);
            (there && unready.is_empty())
                .then_some(())
                .ok_or(unready.join("\n"))
        });
        let after = self.up.uids();
        for (id, uid) in &before {
            assert_eq!(after.get(id), Some(uid), "{id} is another one");
        }
    }

    /// Manifests of one's own: their Flux Kustomization is called otherwise, and every object of them stays.
    fn objects_get_another_name(&self) {
        let manifests = self.home.path().join("shop");
        std::fs::create_dir(&manifests).unwrap();
        for kind in ["ConfigMap", "ServiceAccount"] {
            let text = format!("apiVersion: v1\nkind: {kind}\nmetadata:\n  name: shop\n");
            std::fs::write(manifests.join(format!("{kind}.yaml")), text).unwrap();
        }
        let from = manifests.to_str().unwrap();
        self.run(&["add", "app", "shop", "--manifests", from]);
        let made = until(120, || {
            let object = self.up.cluster.get("configmap/shop", Some("shop"));
            let labels = &object["metadata"]["labels"];
            let by = labels["kustomize.toolkit.fluxcd.io/name"].as_str();
            let units = flux::objects(&self.up.cluster);
            let told = || format!("{object}\n{}", flux::unready(&units).join("\n"));
            by.map(str::to_owned).ok_or_else(told)
        });
        assert_eq!(made, "shop");
        let get = |name: &str| {
            let what = format!("{KUSTOMIZATIONS}/{name}");
            self.up.cluster.get(&what, Some("flux-system"))
        };
        let rename = ["rename", "shop", "store", "--objects"];
        let report = self.run(&rename);
        assert!(
            report["next"].to_string().contains("--continue"),
            "{report}"
        );
        self.settled("shop");
        assert_eq!(get("shop")["spec"]["prune"], false);
        let before = self.up.uids();
        self.run(&[&rename[..], &["--continue"]].concat());
        self.gone(&format!("{KUSTOMIZATIONS}/shop"), Some("flux-system"));
        self.settled("store");
        let after = self.up.uids();
        let lasting = |all: &BTreeMap<String, String>| {
            let mut all = all.clone();
            all.retain(|id, _| {
                !id.contains("Kustomization")
                    || !["/shop", "/store"].iter().any(|end| id.ends_with(end))
            });
            all
        };
        assert_eq!(lasting(&after), lasting(&before));
        for what in ["configmap/shop", "serviceaccount/shop", "namespace/shop"] {
            let object = self.up.cluster.get(what, Some("shop"));
            assert_eq!(
                object["metadata"]["labels"]["kustomize.toolkit.fluxcd.io/name"], "store",
                "{object}"
            );
        }
        let store = get("store");
        assert_eq!(store["spec"]["prune"], true, "{store}");
        assert_eq!(
            store["status"]["inventory"]["entries"]
                .as_array()
                .map(Vec::len),
            Some(3)
        );
    }

    /// What others need is refused with the line that needs it; what has a guard goes in two commits.
    fn two_steps_take_infrastructure(&self) {
        let error = run(&mut self.landform(&["remove", "gateway-api"])).unwrap_err();
        assert!(
            error.contains("clusters/staging/apps/envoy-gateway"),
            "{error}"
        );
        let both = ["remove", "envoy-gateway", "gateway-api"];
        let report = self.run(&both);
        assert!(
            report["next"].to_string().contains("--continue"),
            "{report}"
        );
        self.settled("gateway-api");
        let unit = self.up.cluster.get(
            &format!("{KUSTOMIZATIONS}/gateway-api"),
            Some("flux-system"),
        );
        assert!(unit["spec"]["deletionPolicy"].is_null(), "{unit}");
        let release = self.release("envoy-gateway", "envoy-gateway-system");
        assert!(!release.is_null(), "it goes in the second step");
        self.run(&[&both[..], &["--continue"]].concat());
        for unit in ["envoy-gateway", "gateway-api"] {
            self.gone(&format!("{KUSTOMIZATIONS}/{unit}"), Some("flux-system"));
        }
        self.gone(
            &format!("{RELEASES}/envoy-gateway"),
            Some("envoy-gateway-system"),
        );
        // The definitions stay, as it was told.
        let kept = self.up.cluster.get(
            "customresourcedefinitions.apiextensions.k8s.io/gateways.gateway.networking.k8s.io",
            None,
        );
        assert!(!kept.is_null());
    }
}
