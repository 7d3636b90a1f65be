//! Stage 3: real Flux controllers on a real API server bring up clusters of the golden trees, as a platform that is
//! served by Git, with charts that stand in for the real ones.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::facts::flux::{self as built, Build};
use crate::kit::cluster::{Cluster, is_true};
use crate::kit::flux::{self, KINDS, KUSTOMIZATIONS, RELEASES};
use crate::kit::origin;
use crate::kit::platform::{Platform, Release};
use crate::kit::process::until;
use crate::kit::tools::{Tools, cluster_tools};
use crate::support::{self, need};

/// How long a whole cluster may take, in seconds. It takes far less.
const PATIENCE: u64 = 420;

/// A cluster of a platform, brought up.
pub(crate) struct Up {
    pub(crate) platform: Platform,
    pub(crate) cluster: Cluster,
    name: String,
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

// What is encrypted with sops, as in one-component, needs a key that nobody may commit.
cases! {
    default: "default" "staging",
    eks_beside_kind: "kind+eks" "prod",
    kind_beside_eks: "kind+eks" "staging",
    eks_with_everything: "eks-only" "prod",
    kind_with_everything: "kind-full" "staging",
    k3s: "existing-k3s" "edge",
}

impl Up {
    /// Serves the tree, starts a cluster with Flux, and watches it become ready.
    pub(crate) fn bring(tools: Tools, shared: &Path, tree: &Path, name: &str) -> Self {
        let platform = Platform::serve(tools, tree, shared, |_, _| {});
        let mut cluster = Cluster::start(tools);
        let instance = platform.read(&format!("clusters/{name}/flux-system/flux-instance.yaml"));
        flux::start(&mut cluster, shared, &instance);
        cluster.apply(&flux::sync(&instance, &platform.url()));
        let mut up = Self {
            platform,
            cluster,
            name: name.to_owned(),
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
                    self.ready.entry(name(object)).or_insert_with(since);
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

    /// Every folder of the served tree, built.
    fn builds(&self) -> BTreeMap<PathBuf, Build> {
        built::build_all(&self.platform.tree, &support::tool("kubectl").unwrap())
    }

    /// The folder of each Kustomization that reads the platform.
    fn applied(&self, builds: &BTreeMap<PathBuf, Build>) -> Vec<(String, PathBuf)> {
        let mut findings = Vec::new();
        let applied = built::applied(&self.name, builds, &mut findings);
        assert!(findings.is_empty(), "{}", findings.join("\n"));
        applied
    }

    /// The names of all Kustomizations that must be there, those of other sources too.
    fn kustomizations(&self) -> BTreeSet<String> {
        let builds = self.builds();
        let mut names = BTreeSet::from(["flux-system".to_owned()]);
        for (_, folder) in self.applied(&builds) {
            let objects = builds[&folder].as_ref().unwrap().iter();
            let flux = objects.filter(|object| {
                let api = object["apiVersion"].as_str().unwrap_or_default();
                object["kind"] == "Kustomization" && api.starts_with("kustomize.toolkit")
            });
            names.extend(flux.map(name));
        }
        names
    }

    fn judge(&self) {
        self.order_respects_every_edge();
        self.inventories_are_what_the_folders_build();
        self.releases_have_the_values_of_their_files();
        self.a_further_look_changes_nothing();
        self.a_pushed_value_arrives_at_once();
        self.what_is_removed_goes();
    }

    /// Nothing of a Kustomization is made before all that it waits for is ready.
    fn order_respects_every_edge(&self) {
        let mut first: BTreeMap<String, String> = BTreeMap::new();
        let mut objects = flux::objects(&self.cluster);
        objects.extend(self.cluster.all("namespaces,configmaps"));
        for object in &objects {
            let metadata = &object["metadata"];
            let by = &metadata["labels"]["kustomize.toolkit.fluxcd.io/name"];
            let (Some(by), Some(at)) = (by.as_str(), metadata["creationTimestamp"].as_str()) else {
                continue;
            };
            let earliest = first.entry(by.to_owned()).or_insert_with(|| at.to_owned());
            *earliest = at.min(earliest.as_str()).to_owned();
        }
        let (mut edges, mut strict) = (0, 0);
        for object in self.cluster.all(KUSTOMIZATIONS) {
            let own = name(&object);
            let on = object["spec"]["dependsOn"].as_array().into_iter().flatten();
            for on in on.map(|on| on["name"].as_str().unwrap_or_default().to_owned()) {
                edges += 1;
                let Some(made) = first.get(&own) else {
                    continue;
                };
                strict += usize::from(self.ready[&on] < *made);
                assert!(
                    self.ready[&on] <= *made,
                    "{own} was applied at {made}, before {on} was ready, which it waits for"
                );
            }
        }
        assert!(edges > 0 && strict > 0, "{strict} of {edges} seen");
    }

    fn inventories_are_what_the_folders_build(&self) {
        let builds = self.builds();
        let applied: BTreeMap<String, PathBuf> = self.applied(&builds).into_iter().collect();
        let mut findings = Vec::new();
        for object in self.cluster.all(KUSTOMIZATIONS) {
            let own = name(&object);
            let entries = object["status"]["inventory"]["entries"].as_array();
            let entries = entries.into_iter().flatten();
            let there: BTreeSet<String> = entries
                .map(|e| e["id"].as_str().unwrap_or_default().to_owned())
                .collect();
            let Some(folder) = applied.get(&own) else {
                if there.is_empty() {
                    findings.push(format!("{own} applied nothing"));
                }
                continue;
            };
            let wanted: BTreeSet<String> =
                builds[folder].as_ref().unwrap().iter().map(id).collect();
            for gone in wanted.difference(&there) {
                findings.push(format!("{own}: {gone} is not on the cluster"));
            }
            for more in there.difference(&wanted) {
                findings.push(format!(
                    "{own}: {more} is on the cluster and not in the tree"
                ));
            }
        }
        assert!(findings.is_empty(), "{}", findings.join("\n"));
    }

    fn releases_have_the_values_of_their_files(&self) {
        let releases = self.platform.releases(&self.name);
        let there = self.cluster.all(RELEASES);
        assert_eq!(there.len(), releases.len(), "releases that nobody wanted");
        for release in &releases {
            let (revision, _) = self.history(release);
            assert_eq!(revision, 1, "{} was not installed once", release.name);
            assert_eq!(
                self.seen(release),
                self.platform.values(&self.name, release),
                "the values of {}",
                release.component
            );
        }
    }

    /// The revision of a release, and its status.
    fn history(&self, release: &Release) -> (u64, String) {
        let what = format!("{RELEASES}/{}", release.name);
        let mut object = self.cluster.get(&what, Some(&release.namespace));
        if object.is_null() {
            // The Flux object may be called otherwise than the release.
            let what = format!("{RELEASES}/{}", release.component);
            object = self.cluster.get(&what, Some(&release.namespace));
        }
        let last = &object["status"]["history"][0];
        let status = last["status"].as_str().unwrap_or_default();
        (
            last["version"].as_u64().unwrap_or_default(),
            status.to_owned(),
        )
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

    /// What must not move: for Flux's own objects their generation, since looking writes their status; for
    /// everything else the version of the object.
    fn versions(&self) -> BTreeMap<String, String> {
        let mut versions = BTreeMap::new();
        for object in flux::objects(&self.cluster) {
            versions.insert(id(&object), object["metadata"]["generation"].to_string());
        }
        let others = "configmaps,secrets,deployments,daemonsets,statefulsets,namespaces,serviceaccounts,\
                      customresourcedefinitions";
        for object in self.cluster.all(others) {
            let version = &object["metadata"]["resourceVersion"];
            versions.insert(id(&object), version.to_string());
        }
        versions
    }

    fn a_further_look_changes_nothing(&self) {
        let before = self.versions();
        for _ in 0..2 {
            flux::reconcile_all(&self.cluster);
        }
        let after = self.versions();
        let moved: Vec<&String> = after
            .iter()
            .filter(|(key, version)| before.get(*key) != Some(version))
            .map(|(key, _)| key)
            .collect();
        assert!(
            moved.is_empty(),
            "moved by a second and third look: {moved:?}"
        );
        assert_eq!(before.len(), after.len(), "something went");
    }

    /// Has Flux fetch what was pushed, and apply it.
    pub(crate) fn fetch(&self, unit: Option<&str>) {
        flux::reconcile(&self.cluster, KINDS[0], "flux-system", "flux-system");
        flux::reconcile(&self.cluster, KUSTOMIZATIONS, "flux-system", "flux-system");
        if let Some(unit) = unit {
            flux::reconcile(&self.cluster, KUSTOMIZATIONS, unit, "flux-system");
        }
    }

    fn a_pushed_value_arrives_at_once(&self) {
        let releases = self.platform.releases(&self.name);
        let with_values = |release: &&Release| {
            let file = format!("{}/{}/values.yaml", release.layer, release.component);
            self.platform.tree.join(file).is_file()
        };
        let release = releases.iter().rfind(with_values).unwrap();
        let file = format!("{}/{}/values.yaml", release.layer, release.component);
        let path = self.platform.tree.join(&file);
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, format!("{text}pushed: just now\n")).unwrap();
        self.platform.commit("Change a value");
        self.fetch(Some(&release.component));
        // The release is looked at once an hour; only the watch on its ConfigMap can be this fast.
        until(30, || {
            let seen = self.seen(release);
            (seen["pushed"] == "just now")
                .then_some(())
                .ok_or(format!("{file}: {seen}"))
        });
        until(60, || {
            let history = self.history(release);
            (history == (2, "deployed".to_owned()))
                .then_some(())
                .ok_or(format!("{history:?}"))
        });
    }

    fn what_is_removed_goes(&self) {
        let list = format!("clusters/{}/apps/kustomization.yaml", self.name);
        let Some(resources) = self.platform.try_read(&list) else {
            return;
        };
        let waited: BTreeSet<String> = self
            .cluster
            .all(KUSTOMIZATIONS)
            .iter()
            .flat_map(|object| {
                object["spec"]["dependsOn"]
                    .as_array()
                    .cloned()
                    .unwrap_or_default()
            })
            .map(|on| on["name"].as_str().unwrap_or_default().to_owned())
            .collect();
        let releases = self.platform.releases(&self.name);
        // One that nothing waits for, with a release of its own.
        let release = releases
            .iter()
            .find(|release| release.layer == "apps" && !waited.contains(&release.component));
        let Some(release) = release else {
            return;
        };
        let gone = &release.component;
        let folder = self
            .platform
            .tree
            .join(format!("clusters/{}/apps", self.name));
        fs::remove_file(folder.join(format!("{gone}.yaml"))).unwrap();
        let _ = fs::remove_dir_all(folder.join(gone));
        let text = fs::read_to_string(self.platform.tree.join(&list)).unwrap();
        let line = format!("  - {gone}.yaml\n");
        assert!(text.contains(&line), "{list}: {resources}");
        fs::write(self.platform.tree.join(&list), text.replace(&line, "")).unwrap();
        self.platform.commit("Remove an app");
        self.fetch(None);
        let namespace = Some(release.namespace.as_str());
        until(120, || {
            let unit = self
                .cluster
                .get(&format!("{KUSTOMIZATIONS}/{gone}"), Some("flux-system"));
            let map = self
                .cluster
                .get(&format!("configmap/{}-seen", release.name), namespace);
            (unit.is_null() && map.is_null())
                .then_some(())
                .ok_or(format!("{gone} is still there"))
        });
        let kept = self
            .cluster
            .get(&format!("namespace/{}", release.namespace), None);
        assert!(
            kept["status"]["phase"] == "Active",
            "the namespace of {gone}: {kept}"
        );
    }
}

fn name(object: &Value) -> String {
    object["metadata"]["name"]
        .as_str()
        .unwrap_or_default()
        .to_owned()
}

/// As Flux writes it in an inventory.
fn id(object: &Value) -> String {
    let api = object["apiVersion"].as_str().unwrap_or_default();
    let group = api.split_once('/').map_or("", |(group, _)| group);
    let kind = object["kind"].as_str().unwrap_or_default();
    let metadata = &object["metadata"];
    let (name, namespace) = (&metadata["name"], &metadata["namespace"]);
    let text = |value: &Value| value.as_str().unwrap_or_default().replace(':', "__");
    format!("{}_{}_{group}_{kind}", text(namespace), text(name))
}
