//! Stage 3: real Flux controllers on a real API server bring up clusters of the golden trees, as a platform that is
//! served by Git, with charts that stand in for the real ones.

mod broken;
mod judge;
mod objects;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::facts::flux::{self as built, Build};
use crate::kit::cluster::{Cluster, is_true};
use crate::kit::flux::{self, KINDS, KUSTOMIZATIONS, RELEASES};
use crate::kit::origin;
use crate::kit::platform::{Platform, Release};
use crate::kit::tools::{Tools, cluster_tools};
use crate::support::{self, need};

/// How long a whole cluster may take, in seconds. It takes far less.
const PATIENCE: u64 = 420;

/// A cluster of a platform, brought up.
pub(crate) struct Up {
    pub(crate) platform: Platform,
    pub(crate) cluster: Cluster,
    name: String,
    /// Every folder of the tree as it was first served, built.
    builds: BTreeMap<PathBuf, Build>,
    /// The folder that each Kustomization of this cluster applies; only those that read the platform.
    applied: BTreeMap<String, PathBuf>,
    /// What was on the cluster before Flux began.
    before: BTreeSet<String>,
    /// When each Kustomization became ready, as the cluster says it: RFC 3339 in UTC, to the second.
    ready: BTreeMap<String, String>,
}

macro_rules! cases {
    ($($test:ident: $case:literal $cluster:literal,)+) => {
        $(
            #[test]
            fn $test() {
                let tools = cluster_tools!();
                let shared = need!("../shared", support::shared(""));
                let tree = support::package().join(concat!("tests/golden/", $case, "/out"));
                Up::bring(tools, &shared, &tree, $cluster).judge();
            }
        )+
    };
}

// `life` brings up what `new --yes` writes, which is the
// case `default`. What is encrypted with sops, as in one-component, needs a key that nobody may commit.
cases! {
    all_on_kind: "kind-full" "staging",
    all_on_eks: "eks-only" "prod",
    eks_beside_kind: "kind+eks" "prod",
    kind_beside_eks: "kind+eks" "staging",
    k3s: "existing-k3s" "edge",
    storage_of_hetzner: "existing-storage" "cloud",
    storage_of_longhorn: "existing-storage" "disks",
}

impl Up {
    /// Serves the tree, starts a cluster with Flux, and watches it become ready.
    pub(crate) fn bring(tools: Tools, shared: &Path, tree: &Path, name: &str) -> Self {
        Self::bring_changed(tools, shared, tree, name, |_| {})
    }

    /// The same, with a platform that was changed behind the back of who judges it.
    fn bring_changed(
        tools: Tools,
        shared: &Path,
        tree: &Path,
        name: &str,
        change: impl FnOnce(&Path),
    ) -> Self {
        let platform = Platform::serve(tools, tree, shared, |_, _| {});
        let builds = built::build_all(&platform.tree, &support::tool("kubectl").unwrap());
        let mut findings = Vec::new();
        let applied = built::applied(name, &builds, &mut findings);
        assert!(findings.is_empty(), "{}", findings.join("\n"));
        change(&platform.tree);
        platform.commit("Change something");
        let mut cluster = Cluster::start(tools);
        let instance = platform.read(&format!("clusters/{name}/flux-system/flux-instance.yaml"));
        flux::start(&mut cluster, shared, &instance);
        let before = objects::there(&cluster).into_keys().collect();
        cluster.apply(&flux::sync(&instance, &platform.url()));
        let mut up = Self {
            platform,
            cluster,
            name: name.to_owned(),
            builds,
            applied: applied.into_iter().collect(),
            before,
            ready: BTreeMap::new(),
        };
        up.watch();
        up
    }

    fn watch(&mut self) {
        let start = Instant::now();
        let wanted = self.kustomizations();
        loop {
            let objects = flux::objects(&self.cluster);
            flux::notice(&self.cluster);
            for object in &objects {
                if object["kind"] == "Kustomization" && is_true(object, "Ready") {
                    let since = || flux::since(object, "Ready");
                    self.ready
                        .entry(objects::name(object))
                        .or_insert_with(since);
                }
            }
            let all = wanted.iter().all(|name| self.ready.contains_key(name));
            let unready = flux::unready(&objects);
            if all && unready.is_empty() {
                break;
            }
            assert!(
                start.elapsed() < Duration::from_secs(PATIENCE),
                "not ready: {}\n{}",
                self.unready(&objects).join("\n"),
                self.cluster.logs()
            );
            std::thread::sleep(Duration::from_millis(500));
        }
        let (count, seconds) = (wanted.len(), start.elapsed().as_secs());
        let name = &self.name;
        crate::tell(&format!(
            "{name}: {count} Kustomizations ready in {seconds} s"
        ));
    }

    /// What is not ready, and the file and line that each comes from.
    fn unready(&self, objects: &[Value]) -> Vec<String> {
        let mut all = Vec::new();
        for object in objects {
            for said in flux::unready(std::slice::from_ref(object)) {
                let from = origin::anywhere(&self.platform.tree, object);
                all.push(format!("{said}\n    from {from}"));
            }
        }
        all
    }

    /// The objects that a folder builds.
    fn built(&self, folder: &Path) -> &[Value] {
        let build = self.builds.get(folder).expect("Flux applies what is built");
        build.as_deref().expect("the stage before has built it")
    }

    /// The Kustomizations that the tree has for this cluster, those of other sources too.
    fn planned(&self) -> impl Iterator<Item = &Value> {
        let objects = self.applied.values().flat_map(|folder| self.built(folder));
        objects.filter(|object| {
            let api = object["apiVersion"].as_str().unwrap_or_default();
            object["kind"] == "Kustomization" && api.starts_with("kustomize.toolkit")
        })
    }

    /// The names of all Kustomizations that must be there.
    fn kustomizations(&self) -> BTreeSet<String> {
        let mut names = BTreeSet::from(["flux-system".to_owned()]);
        names.extend(self.planned().map(objects::name));
        names
    }

    /// Has Flux fetch what was pushed, and apply it.
    pub(crate) fn fetch(&self, unit: Option<&str>) {
        flux::reconcile(&self.cluster, KINDS[0], "flux-system", "flux-system");
        flux::reconcile(&self.cluster, KUSTOMIZATIONS, "flux-system", "flux-system");
        if let Some(unit) = unit {
            flux::reconcile(&self.cluster, KUSTOMIZATIONS, unit, "flux-system");
        }
    }

    /// What is on the cluster: the unique id of every object that somebody put there.
    pub(crate) fn uids(&self) -> BTreeMap<String, String> {
        let there = objects::there(&self.cluster).into_iter();
        // Helm keeps a Secret for each revision.
        let lasting = there.filter(|(id, _)| !id.contains("/sh.helm.release.v1."));
        lasting
            .map(|(id, object)| (id, object["metadata"]["uid"].to_string()))
            .collect()
    }

    /// The revisions of a release with their status, the newest first.
    fn history(&self, release: &Release) -> Vec<(u64, String)> {
        let mut releases = self.cluster.all(RELEASES).into_iter();
        let of = |object: &Value| object["spec"]["releaseName"] == release.name.as_str();
        let object = releases.find(of).unwrap_or_default();
        let history = object["status"]["history"].as_array();
        let revisions = history.into_iter().flatten().map(|revision| {
            let status = revision["status"].as_str().unwrap_or_default();
            (
                revision["version"].as_u64().unwrap_or_default(),
                status.to_owned(),
            )
        });
        revisions.collect()
    }

    /// The values that arrived in a release.
    fn seen(&self, release: &Release) -> Value {
        let what = format!("configmap/{}-seen", release.name);
        let map = self.cluster.get(&what, Some(&release.namespace));
        let text = map["data"]["values.yaml"].as_str().unwrap_or_default();
        let values: Value = serde_yaml::from_str(text).unwrap();
        // No values at all are printed as an empty map.
        if values == serde_json::json!({}) {
            Value::Null
        } else {
            values
        }
    }
}
