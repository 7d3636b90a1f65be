//! Flux on a cluster: its CRDs and the three controllers, started with what the platform's `FluxInstance` adds.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::cluster::{self, Cluster, connects, is_true};
use super::process::{Server, free_port, until};

/// Flux's own controllers, in the order in which they are started.
const CONTROLLERS: [&str; 3] = [
    "source-controller",
    "kustomize-controller",
    "helm-controller",
];

/// As kubectl takes these kinds.
pub(crate) const KUSTOMIZATIONS: &str = "kustomizations.kustomize.toolkit.fluxcd.io";
pub(crate) const RELEASES: &str = "helmreleases.helm.toolkit.fluxcd.io";

/// Kinds with a condition `Ready` that Flux keeps.
pub(crate) const KINDS: [&str; 5] = [
    "gitrepositories.source.toolkit.fluxcd.io",
    "ocirepositories.source.toolkit.fluxcd.io",
    "helmrepositories.source.toolkit.fluxcd.io",
    KUSTOMIZATIONS,
    RELEASES,
];

/// How many objects a controller looks at together, by the size that a `FluxInstance` gives.
/// Source: flux-operator, `internal/builder/profiles.go`.
fn workers(instance: &Value, controller: &str) -> u32 {
    let size = instance["spec"]["cluster"]["size"].as_str();
    match (size, controller) {
        (Some("medium"), "source-controller") => 5,
        (Some("medium"), _) => 10,
        other => panic!("nothing is known here of {other:?}"),
    }
}

/// What a `FluxInstance` adds to the arguments of a controller.
pub(crate) fn arguments(instance: &Value, controller: &str) -> Vec<String> {
    let patches = instance["spec"]["kustomize"]["patches"].as_array();
    let mut arguments = vec![format!("--concurrent={}", workers(instance, controller))];
    for patch in patches.into_iter().flatten() {
        if patch["target"]["kind"] != "Deployment" || patch["target"]["name"] != controller {
            continue;
        }
        let text = patch["patch"].as_str().unwrap_or_default();
        let operations: Value = serde_yaml::from_str(text).expect("a JSON patch in YAML");
        for operation in operations.as_array().into_iter().flatten() {
            assert_eq!(
                operation["path"], "/spec/template/spec/containers/0/args/-",
                "only arguments can be added here"
            );
            arguments.extend(operation["value"].as_str().map(str::to_owned));
        }
    }
    arguments
}

/// Defines Flux's kinds and starts its controllers.
pub(crate) fn start(cluster: &mut Cluster, shared: &Path, instance: &Value) {
    let files = |folder: &str| -> Vec<PathBuf> {
        let entries = std::fs::read_dir(shared.join("crds").join(folder));
        let entries = entries.expect("the CRDs of Flux").flatten();
        let mut files: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
        files.retain(|file| file.extension().is_some_and(|e| e == "yaml"));
        files.sort();
        files
    };
    cluster.define(&[files("flux"), files("flux-operator")].concat());
    cluster.apply(&[json!({
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": "flux-system"},
    })]);
    for controller in CONTROLLERS {
        controller_start(cluster, controller, &arguments(instance, controller));
    }
}

fn controller_start(cluster: &mut Cluster, name: &str, more: &[String]) {
    let (health, artifacts) = (free_port(), free_port());
    let scratch = cluster.dir().join(name);
    std::fs::create_dir_all(&scratch).expect("a folder");
    let mut command = cluster.tools().command(name);
    command
        .env("KUBECONFIG", cluster.kubeconfig())
        .env("RUNTIME_NAMESPACE", "flux-system")
        .env("TMPDIR", &scratch)
        .args([
            "--watch-all-namespaces=true",
            "--enable-leader-election=false",
        ])
        .args(["--log-level=info", "--log-encoding=json"])
        .args(["--metrics-addr=0", "--events-addr="])
        .args(["--kube-api-qps=200", "--kube-api-burst=400"])
        .args(["--requeue-dependency=2s"])
        .arg(format!("--health-addr=127.0.0.1:{health}"));
    match name {
        "source-controller" => {
            let address = format!("127.0.0.1:{artifacts}");
            let storage = cluster.dir().join("artifacts");
            std::fs::create_dir_all(&storage).expect("a folder");
            command
                .arg(format!("--storage-path={}", storage.display()))
                .arg(format!("--storage-addr={address}"))
                .arg(format!("--storage-adv-addr={address}"));
        }
        "helm-controller" => {
            command.arg("--graceful-shutdown-timeout=5s");
        }
        _ => {}
    }
    command.args(more);
    let server = Server::start(name, &command, cluster.dir());
    server.wait(health, 60, || connects(health));
    if name == "source-controller" {
        server.wait(artifacts, 60, || connects(artifacts));
    }
    cluster.keep(server);
}

/// The source and the Kustomization that flux-operator makes of a `FluxInstance`'s `sync`, with another address.
pub(crate) fn sync(instance: &Value, url: &str) -> [Value; 2] {
    let sync = &instance["spec"]["sync"];
    [
        json!({
            "apiVersion": "source.toolkit.fluxcd.io/v1",
            "kind": "GitRepository",
            "metadata": {"name": "flux-system", "namespace": "flux-system"},
            "spec": {"interval": "1m", "url": url, "ref": {"name": sync["ref"]}},
        }),
        json!({
            "apiVersion": "kustomize.toolkit.fluxcd.io/v1",
            "kind": "Kustomization",
            "metadata": {"name": "flux-system", "namespace": "flux-system"},
            "spec": {
                "interval": "10m0s",
                "path": sync["path"],
                "prune": true,
                "sourceRef": {"kind": "GitRepository", "name": "flux-system"},
            },
        }),
    ]
}

/// Everything that Flux keeps, in one request.
pub(crate) fn objects(cluster: &Cluster) -> Vec<Value> {
    cluster.all(&KINDS.join(","))
}

/// Since when a condition of an object is as it is.
pub(crate) fn since(object: &Value, condition: &str) -> String {
    let found = cluster::condition(object, condition);
    let since = found.and_then(|c| c["lastTransitionTime"].as_str());
    since.unwrap_or_default().to_owned()
}

/// What is not ready of these, a line each: kind, name and what it says.
pub(crate) fn unready(objects: &[Value]) -> Vec<String> {
    let unready = objects.iter().filter(|object| !is_true(object, "Ready"));
    unready
        .map(|object| {
            let ready = cluster::condition(object, "Ready");
            let said = ready.map_or("nothing yet", |c| c["message"].as_str().unwrap_or_default());
            format!(
                "{} {}/{}: {said}",
                object["kind"].as_str().unwrap_or_default(),
                object["metadata"]["namespace"].as_str().unwrap_or_default(),
                object["metadata"]["name"].as_str().unwrap_or_default(),
            )
        })
        .collect()
}

/// Says of receivers what notification-controller would, which cannot be had here: that it has seen them.
pub(crate) fn notice(cluster: &Cluster) {
    for receiver in cluster.all("receivers.notification.toolkit.fluxcd.io") {
        if is_true(&receiver, "Ready") {
            continue;
        }
        let metadata = &receiver["metadata"];
        let status = json!({"status": {
            "observedGeneration": metadata["generation"],
            "conditions": [{
                "type": "Ready",
                "status": "True",
                "reason": "Succeeded",
                "message": "Receiver initialized",
                "lastTransitionTime": metadata["creationTimestamp"],
                "observedGeneration": metadata["generation"],
            }],
        }});
        let noticed = cluster.api().merge(&receiver, "/status", &status);
        noticed.unwrap_or_else(|error| panic!("{error}"));
    }
}

/// Asks Flux to look at an object now; gives the word by which it says that it has.
fn request(cluster: &Cluster, object: &Value) -> String {
    let token = super::process::random_token();
    let asked = json!({"metadata": {"annotations": {"reconcile.fluxcd.io/requestedAt": token}}});
    let said = cluster.api().merge(object, "", &asked);
    said.unwrap_or_else(|error| panic!("{error}"));
    token
}

/// Has Flux look at an object now, and waits until it has.
#[track_caller]
pub(crate) fn reconcile(cluster: &Cluster, kind: &str, name: &str, namespace: &str) {
    let what = format!("{kind}/{name}");
    let token = request(cluster, &cluster.get(&what, Some(namespace)));
    until(120, || {
        let object = cluster.get(&what, Some(namespace));
        let handled = &object["status"]["lastHandledReconcileAt"];
        (*handled == token.as_str()).then_some(()).ok_or_else(|| {
            format!(
                "{what} was not looked at: {}",
                object["status"]["conditions"]
            )
        })
    });
}

/// Has Flux look at everything now, and waits until it has: at sources, at releases, then at the Kustomizations. Of
/// those, each is asked when all that it depends on have been looked at and are ready again; all at once they would
/// wait for each other for minutes.
#[track_caller]
pub(crate) fn reconcile_all(cluster: &Cluster) {
    let [git, oci, repositories, kustomizations, releases] = KINDS;
    for kinds in [[git, oci, repositories].join(","), releases.to_owned()] {
        let asked = cluster.all(&kinds).into_iter();
        let asked: BTreeMap<String, String> = asked
            .map(|object| (uid(&object), request(cluster, &object)))
            .collect();
        until(120, || {
            let open: Vec<String> = cluster
                .all(&kinds)
                .iter()
                .filter(|object| !has_looked(object, asked.get(&uid(object))))
                .map(|object| format!("{} {}", object["kind"], object["metadata"]["name"]))
                .collect();
            if open.is_empty() {
                Ok(())
            } else {
                Err(format!("not looked at: {}", open.join(", ")))
            }
        });
    }
    let mut asked: BTreeMap<String, String> = BTreeMap::new();
    until(300, || {
        let objects = cluster.all(kustomizations);
        let done: BTreeSet<&str> = objects
            .iter()
            .filter(|object| has_looked(object, asked.get(&uid(object))))
            .filter_map(|object| object["metadata"]["name"].as_str())
            .collect();
        for object in &objects {
            let mut before = depends_on(object);
            if !asked.contains_key(&uid(object)) && before.all(|name| done.contains(name)) {
                asked.insert(uid(object), request(cluster, object));
            }
        }
        if done.len() == objects.len() {
            Ok(())
        } else {
            Err(format!("only looked at: {done:?}"))
        }
    });
}

/// The names of what a Kustomization depends on.
pub(crate) fn depends_on(object: &Value) -> impl Iterator<Item = &str> {
    let on = object["spec"]["dependsOn"].as_array().into_iter().flatten();
    on.filter_map(|on| on["name"].as_str())
}

/// Whether an object was looked at since a request, and is ready.
fn has_looked(object: &Value, request: Option<&String>) -> bool {
    let handled = object["status"]["lastHandledReconcileAt"].as_str();
    request.is_some_and(|token| handled == Some(token)) && is_true(object, "Ready")
}

fn uid(object: &Value) -> String {
    let uid = object["metadata"]["uid"].as_str();
    uid.unwrap_or_default().to_owned()
}
