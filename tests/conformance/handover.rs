//! Stage 4: Helm installs from exactly what `terraform/bootstrap` hands over, then Flux adopts. One upgrade, nothing
//! changed but the two labels that say who owns an object, and quiet from then on; with each of the known traps the
//! same check fails.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use landform::catalog::Catalogue;
use landform::render::render;
use serde_json::{Value, json};

use crate::asking::try_resolve;
use crate::kit::charts::Chart;
use crate::kit::cluster::{Cluster, is_true};
use crate::kit::flux::{self, RELEASES};
use crate::kit::origin;
use crate::kit::platform::Platform;
use crate::kit::process::{run, until, within};
use crate::kit::terraform::{Terraform, bootstrap_inputs, stand_in};
use crate::kit::tools::{Tools, cluster_tools};
use crate::support::{self, need};

/// What helm-controller adds to every object that it owns.
const ORIGIN: [&str; 2] = [
    "helm.toolkit.fluxcd.io/name",
    "helm.toolkit.fluxcd.io/namespace",
];

/// Part of metadata that says nothing of the object itself.
const NOISE: [&str; 4] = [
    "creationTimestamp",
    "managedFields",
    "resourceVersion",
    "uid",
];

/// How a trap is set: in the tree, in the charts, or in Flux.
#[derive(Clone, Copy)]
struct Trap {
    tree: fn(&Path),
    chart: fn(&mut Chart),
    instance: fn(&mut Value),
    /// How many releases there are in the end, where a second one comes up beside the first.
    patience: u64,
}

/// Nothing is wrong.
const NONE: Trap = Trap {
    tree: |_| {},
    chart: |_| {},
    instance: |_| {},
    patience: 120,
};

macro_rules! tests {
    ($($test:ident: $cluster:tt,)+) => {
        $(
            #[test]
            fn $test() {
                let (tools, shared) = (all_tools!(), need!("../shared", support::shared("")));
                let findings = adopt(tools, &shared, &json!($cluster), NONE);
                assert!(findings.is_empty(), "{}", findings.join("\n"));
            }
        )+
    };
}

macro_rules! all_tools {
    () => {{
        need!("tofu", support::tool("tofu"));
        cluster_tools!()
    }};
}

// Every component with a hand-over, on every provider that it fits.
tests! {
    on_kind: {"provider": "kind"},
    on_k3s_without_kube_proxy: {
        "provider": "existing", "context": "edge", "distribution": "k3s", "cni": "none", "kube_proxy": false,
    },
    on_an_existing_cluster: {"provider": "existing", "context": "prod", "cni": "none", "upgrades": "later"},
    on_eks_chained: {"provider": "eks", "region": "eu-central-1", "backend": "local", "upgrades": "later"},
    on_eks_alone: {"provider": "eks", "region": "eu-central-1", "backend": "local", "cni": "none"},
}

/// The only cluster.
const CLUSTER: &str = "prod";

/// A platform on one cluster, with every component that can be handed over and fits.
fn rendered(cluster: &Value) -> tempfile::TempDir {
    let catalogue = Catalogue::embedded().unwrap();
    let handed = catalogue.components.iter().filter(|(_, component)| {
        let handover = component.spec.handover.as_ref();
        handover.is_some_and(|handover| handover.value.ready.is_some())
    });
    let provider = cluster["provider"].as_str().unwrap();
    let fits = handed.filter(|(_, component)| {
        let only = &component.spec.only;
        only.is_empty() || only.iter().any(|only| only.value == provider)
    });
    let components: serde_json::Map<String, Value> =
        fits.map(|(name, _)| (name.clone(), json!({}))).collect();
    assert!(components.len() > 1, "only {components:?}");
    let answers = json!({
        "name": "acme",
        "git": {"url": "https://git.example.com/acme.git", "auth": "public"},
        "clusters": {CLUSTER: cluster},
        "components": components,
    });
    let resolution = try_resolve(&answers, &catalogue).unwrap_or_else(|error| panic!("{error}"));
    let tree = render(&resolution.platform, &catalogue).unwrap();
    let dir = crate::kit::scratch::folder();
    support::write_tree(&tree, dir.path());
    dir
}

/// Installs as Terraform's Job does, lets Flux adopt, and gives everything that is not as it should be.
fn adopt(tools: Tools, shared: &Path, on: &Value, trap: Trap) -> Vec<String> {
    let name = CLUSTER;
    let tree = rendered(on);
    (trap.tree)(tree.path());
    let platform = Platform::serve(tools, tree.path(), shared, |component, chart| {
        chart.hook = true;
        if component == "cilium" {
            (trap.chart)(chart);
        }
    });
    let mut cluster = Cluster::start(tools);
    let inputs = inputs(&platform, shared, name);
    let installed = install(tools, &cluster, &inputs, &platform.tree);
    let before = snapshot(&cluster, &installed);
    let pods = pods(&cluster, &installed);

    let mut instance = platform.read(&format!("clusters/{name}/flux-system/flux-instance.yaml"));
    (trap.instance)(&mut instance);
    flux::start(&mut cluster, shared, &instance);
    cluster.apply(&flux::sync(&instance, &platform.url()));
    let mut findings = Vec::new();
    for release in &installed {
        let adopted = wait(&cluster, release, trap.patience);
        findings.extend(adopted.err());
    }
    // Whatever it did to pods has begun by now.
    std::thread::sleep(std::time::Duration::from_secs(3));
    let after = snapshot(&cluster, &installed);
    findings.extend(differences(&before, &after));
    if pods != self::pods(&cluster, &installed) {
        findings.push("pods were replaced".to_owned());
    }
    for release in &installed {
        findings.extend(revisions(&cluster, release));
    }
    if findings.is_empty() {
        findings.extend(restless(&cluster, &installed));
    }
    findings
}

/// What Terraform plans to hand to the registry's module, for the served tree.
fn inputs(platform: &Platform, shared: &Path, name: &str) -> Value {
    let planned = crate::kit::scratch::folder();
    support::copy_tree(&platform.tree, planned.path());
    stand_in(planned.path(), shared);
    let tofu = Terraform::all().remove(0);
    let inputs = bootstrap_inputs(&tofu, planned.path(), name);
    inputs.unwrap_or_else(|error| panic!("{error}"))
}

/// A release that the Job installed.
struct Installed {
    name: String,
    /// The file and line of its `HelmRelease`.
    from: String,
    namespace: String,
    /// Its objects, as Helm names them: API version, kind and name.
    objects: Vec<(String, String)>,
}

/// Does what the Job does: namespaces, the charts in order, then flux-operator.
fn install(tools: Tools, cluster: &Cluster, inputs: &Value, tree: &Path) -> Vec<Installed> {
    let yamls = inputs["prerequisites"]["yamls"]
        .as_array()
        .into_iter()
        .flatten();
    let yamls: Vec<Value> = yamls
        .map(|text| serde_yaml::from_str(text.as_str().unwrap()).unwrap())
        .collect();
    if !yamls.is_empty() {
        cluster.apply(&yamls);
    }
    let mut charts = inputs["prerequisites"]["charts"]
        .as_array()
        .unwrap()
        .clone();
    let operator = &inputs["operator_chart"];
    charts.push(json!({
        "name": "flux-operator",
        "namespace": "flux-system",
        "create_namespace": true,
        "repository": operator["repository"],
        "version": operator["version"],
        "values_yaml": operator["values_yaml"],
    }));
    charts
        .iter()
        .map(|chart| installed(tools, cluster, chart, tree))
        .collect()
}

fn installed(tools: Tools, cluster: &Cluster, chart: &Value, tree: &Path) -> Installed {
    let text = |key: &str| chart[key].as_str().unwrap_or_default().to_owned();
    let (name, namespace) = (text("name"), text("namespace"));
    let values = cluster.dir().join(format!("{name}-values.yaml"));
    fs::write(&values, text("values_yaml")).unwrap();
    let mut helm = tools.command("helm");
    helm.args(["upgrade", "--install", &name])
        .arg(format!("oci://{}", text("repository")))
        .args(["--version", &text("version"), "--namespace", &namespace])
        .args(["--plain-http", "--wait=watcher", "--timeout", "2m"])
        .arg("--values")
        .arg(&values);
    if chart["create_namespace"] == true {
        helm.arg("--create-namespace");
    }
    helm.env("KUBECONFIG", cluster.kubeconfig());
    run(&mut helm).unwrap_or_else(|error| panic!("{error}"));
    let mut helm = tools.command("helm");
    helm.args(["get", "manifest", &name, "--namespace", &namespace]);
    helm.env("KUBECONFIG", cluster.kubeconfig());
    let manifest = run(&mut helm).unwrap_or_else(|error| panic!("{error}"));
    let objects = crate::facts::flux::objects(&manifest).unwrap();
    let objects = objects.iter().map(|object| {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        (text(&object["kind"]), text(&object["metadata"]["name"]))
    });
    let release = json!({"kind": "HelmRelease", "metadata": {"name": name}});
    Installed {
        objects: objects.collect(),
        from: origin::anywhere(tree, &release),
        name,
        namespace,
    }
}

/// The objects of the releases as they are on the cluster.
fn snapshot(cluster: &Cluster, releases: &[Installed]) -> BTreeMap<String, Value> {
    let mut all = BTreeMap::new();
    for release in releases {
        for (kind, name) in &release.objects {
            let what = format!("{kind}/{name}");
            let object = cluster.get(&what, Some(&release.namespace));
            all.insert(format!("{}: {what}", release.from), object);
        }
    }
    assert!(all.len() > releases.len(), "only {:?}", all.keys());
    all
}

/// The pods in the namespaces of the releases, by what makes each the one it is.
fn pods(cluster: &Cluster, releases: &[Installed]) -> Vec<String> {
    let ours = |pod: &Value| {
        let labels = &pod["metadata"]["labels"];
        let of = &labels["app.kubernetes.io/instance"];
        releases.iter().any(|release| *of == release.name.as_str())
    };
    let mut uids: Vec<String> = cluster
        .all("pods")
        .iter()
        .filter(|pod| ours(pod))
        .map(|pod| pod["metadata"]["uid"].to_string())
        .collect();
    uids.sort();
    assert!(!uids.is_empty(), "no pods that could be replaced");
    uids
}

/// Waits until Flux has adopted a release.
fn wait(cluster: &Cluster, release: &Installed, seconds: u64) -> Result<(), String> {
    let what = || {
        let all = cluster.all(RELEASES);
        all.into_iter().find(|object| {
            let spec = &object["spec"];
            let name = spec["releaseName"].as_str().unwrap_or_default();
            object["metadata"]["name"] == release.name.as_str() || name == release.name
        })
    };
    within(seconds, || {
        let object = what().unwrap_or_default();
        let (from, name, said) = (
            &release.from,
            &release.name,
            &object["status"]["conditions"],
        );
        is_true(&object, "Ready")
            .then_some(())
            .ok_or_else(|| format!("{from}: {name} was not adopted: {said}"))
    })
}

/// What differs between two looks, but for the origin labels, which must be there.
fn differences(before: &BTreeMap<String, Value>, after: &BTreeMap<String, Value>) -> Vec<String> {
    let mut findings = Vec::new();
    for (what, old) in before {
        let mut new = after[what].clone();
        for label in ORIGIN {
            let labels = new["metadata"]["labels"].as_object_mut();
            if labels.and_then(|labels| labels.remove(label)).is_none() {
                findings.push(format!("{what} has no label {label}"));
            }
        }
        let mut old = old.clone();
        for object in [&mut old, &mut new] {
            object["status"] = Value::Null;
            let metadata = object["metadata"].as_object_mut();
            let metadata = metadata.unwrap_or_else(|| panic!("{what} is gone"));
            metadata.retain(|key, _| !NOISE.contains(&key.as_str()));
            // No labels at all, and none left, are the same.
            metadata.retain(|_, value| *value != json!({}));
        }
        if old != new {
            findings.push(format!("{what} changed\n  from {old}\n  to   {new}"));
        }
    }
    findings
}

/// Every release must be upgraded once, where it was installed, and stand nowhere else.
fn revisions(cluster: &Cluster, release: &Installed) -> Vec<String> {
    let mut found: Vec<(String, String)> = cluster
        .all("secrets")
        .iter()
        .filter(|secret| secret["type"] == "helm.sh/release.v1")
        .map(|secret| {
            let metadata = &secret["metadata"];
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let labels = &metadata["labels"];
            let name = format!("{}/{}", text(&metadata["namespace"]), text(&labels["name"]));
            (name, text(&labels["version"]))
        })
        .filter(|(name, _)| name.ends_with(&format!("/{}", release.name)))
        .collect();
    found.sort();
    let own = format!("{}/{}", release.namespace, release.name);
    let wanted = vec![(own.clone(), "1".to_owned()), (own, "2".to_owned())];
    if found == wanted {
        return Vec::new();
    }
    let from = &release.from;
    vec![format!("{from}: revisions {found:?}, wanted {wanted:?}")]
}

/// What moves over three further looks.
fn restless(cluster: &Cluster, releases: &[Installed]) -> Vec<String> {
    let versions = || -> BTreeMap<String, Value> {
        let all = snapshot(cluster, releases).into_iter();
        all.map(|(what, object)| (what, object["metadata"]["resourceVersion"].clone()))
            .collect()
    };
    let hooks = || -> Vec<Value> {
        let jobs = cluster.all("jobs");
        jobs.iter()
            .map(|job| job["metadata"]["uid"].clone())
            .collect()
    };
    let (before, ran) = (versions(), hooks());
    for _ in 0..3 {
        flux::reconcile_all(cluster);
    }
    let after = versions();
    let mut findings: Vec<String> = before
        .iter()
        .filter(|(what, version)| after.get(*what) != Some(version))
        .map(|(what, _)| format!("{what} moves at a further look"))
        .collect();
    if ran.len() != releases.len() {
        // Each chart has a hook before an upgrade, and adoption is one.
        findings.push(format!(
            "{} hooks ran for {} releases",
            ran.len(),
            releases.len()
        ));
    }
    if ran != hooks() {
        findings.push("hooks ran again".to_owned());
    }
    for release in releases {
        findings.extend(revisions(cluster, release));
    }
    findings
}

/// Sets a trap for cilium on kind; one of the findings must speak of what it does.
#[track_caller]
fn springs(tools: Tools, shared: &Path, trap: Trap, says: &str) {
    let findings = adopt(tools, shared, &json!({"provider": "kind"}), trap);
    assert!(
        findings.iter().any(|finding| finding.contains(says)),
        "nothing of `{says}` in {findings:#?}"
    );
}

#[test]
fn a_chart_version_with_a_digest_is_found() {
    let (tools, shared) = (all_tools!(), need!("../shared", support::shared("")));
    let trap = Trap {
        instance: |instance| {
            let text = instance.to_string();
            let text = text.replace("DisableChartDigestTracking=true,", "");
            *instance = serde_json::from_str(&text).unwrap();
        },
        ..NONE
    };
    springs(tools, &shared, trap, "DaemonSet/cilium changed");
}

#[test]
fn another_release_name_is_found() {
    let (tools, shared) = (all_tools!(), need!("../shared", support::shared("")));
    let trap = Trap {
        // The Job takes the name from the same file, so it is changed for Flux alone: by its overlay.
        tree: |tree| {
            patch(
                tree,
                r#"[{"op": "replace", "path": "/spec/releaseName", "value": "network"}]"#,
            );
        },
        patience: 30,
        ..NONE
    };
    // Helm refuses what another release owns.
    springs(tools, &shared, trap, "network");
}

#[test]
fn another_storage_namespace_is_found() {
    let (tools, shared) = (all_tools!(), need!("../shared", support::shared("")));
    let trap = Trap {
        tree: |tree| {
            patch(
                tree,
                r#"[{"op": "add", "path": "/spec/storageNamespace", "value": "flux-system"}]"#,
            );
        },
        patience: 30,
        ..NONE
    };
    springs(tools, &shared, trap, "flux-system/cilium");
}

#[test]
fn values_in_another_order_are_found() {
    let (tools, shared) = (all_tools!(), need!("../shared", support::shared("")));
    let trap = Trap {
        tree: |tree| {
            let values = [
                "infrastructure/cilium",
                "clusters/prod/infrastructure/cilium",
            ];
            for (at, folder) in values.iter().enumerate() {
                let file = tree.join(folder).join("values.yaml");
                let text = fs::read_to_string(&file).unwrap();
                fs::write(file, format!("{text}probe: {at}\n")).unwrap();
            }
            support::edit(
                tree,
                "infrastructure/cilium/helmrelease.yaml",
                "    - kind: ConfigMap\n      name: cilium-values\n    - kind: ConfigMap\n      name: cilium-values-cluster\n      optional: true\n",
                "    - kind: ConfigMap\n      name: cilium-values-cluster\n      optional: true\n    - kind: ConfigMap\n      name: cilium-values\n",
            );
        },
        ..NONE
    };
    springs(tools, &shared, trap, "ConfigMap/cilium-seen changed");
}

#[test]
fn certificates_that_helm_makes_are_found() {
    let (tools, shared) = (all_tools!(), need!("../shared", support::shared("")));
    let trap = Trap {
        chart: |chart| chart.hazards.push("genCA"),
        ..NONE
    };
    springs(tools, &shared, trap, "DaemonSet/cilium changed");
}

#[test]
fn a_chart_that_knows_an_upgrade_from_an_installation_is_found() {
    let (tools, shared) = (all_tools!(), need!("../shared", support::shared("")));
    let trap = Trap {
        chart: |chart| chart.hazards.push("isUpgrade"),
        ..NONE
    };
    springs(tools, &shared, trap, "DaemonSet/cilium changed");
}

/// Changes the release for Flux alone, by a patch in JSON in the cluster's overlay.
fn patch(tree: &Path, operations: &str) {
    let file = tree.join("clusters/prod/infrastructure/cilium/kustomization.yaml");
    let text = fs::read_to_string(&file).unwrap();
    let patch = format!(
        "patches:\n  - target: {{kind: HelmRelease, name: cilium}}\n    patch: '{operations}'\n"
    );
    fs::write(&file, format!("{text}{patch}")).unwrap();
    // A trap that does not build would catch nothing.
    let mut kubectl = support::command(&support::tool("kubectl").unwrap());
    kubectl.arg("kustomize").arg(file.parent().unwrap());
    run(&mut kubectl).unwrap_or_else(|error| panic!("{error}"));
}

/// Waiting without an end would hide what is wrong.
#[test]
fn waiting_ends() {
    let seen = std::panic::catch_unwind(|| until::<()>(0, || Err("never".to_owned())));
    assert!(seen.is_err());
}
