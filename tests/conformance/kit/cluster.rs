//! A Kubernetes cluster of the test's own: a real API server with its store and controllers, and a node that only
//! looks like one, on which kwok makes pods ready.

use std::fs;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::api::Api;
use super::process::{Server, free_port, random_token, run, until};
use super::tools::{Tools, kwok_stages};

/// Admission that needs what is not here: token controllers, and a node that is really watched.
const NO_ADMISSION: &str = "ServiceAccount,TaintNodesByCondition";

/// Controllers that would fight the node that is none, or want a cloud.
const CONTROLLERS: &str = "*,-node-lifecycle-controller,-node-ipam-controller,-node-route-controller,\
                           -cloud-node-lifecycle-controller,-service-lb-controller,\
                           -persistentvolume-attach-detach-controller";

/// A running cluster; it ends when it is dropped.
pub(crate) struct Cluster {
    /// Clients come after what they need, so that they end first.
    servers: Vec<Server>,
    api: Option<Api>,
    tools: Tools,
    dir: TempDir,
}

impl Cluster {
    /// Starts one, with one ready node.
    pub(crate) fn start(tools: Tools) -> Self {
        let mut cluster = Self::new(tools);
        cluster.control_plane();
        cluster.node();
        cluster
    }

    /// Only the API server: nothing that was made ever becomes ready.
    pub(crate) fn start_api(tools: Tools) -> Self {
        let mut cluster = Self::new(tools);
        cluster.serve();
        cluster
    }

    fn new(tools: Tools) -> Self {
        Self {
            servers: Vec::new(),
            api: None,
            tools,
            dir: super::scratch::folder(),
        }
    }

    /// Its scratch folder.
    pub(crate) fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// The tools it was started with.
    pub(crate) fn tools(&self) -> Tools {
        self.tools
    }

    /// Keeps a server that needs the cluster: it ends before it.
    pub(crate) fn keep(&mut self, server: Server) {
        self.servers.push(server);
    }

    /// The end of what every server said, for when something goes wrong.
    pub(crate) fn logs(&self) -> String {
        let tails = self.servers.iter().map(Server::report);
        tails.collect::<Vec<_>>().join("\n")
    }

    /// What a controller of Flux said of errors.
    pub(crate) fn errors(&self, server: &str) -> Vec<String> {
        let log = self.dir().join(format!("{server}.log"));
        let log = fs::read_to_string(log).unwrap_or_default();
        let errors = log
            .lines()
            .filter(|line| line.contains("\"level\":\"error\""));
        errors.map(str::to_owned).collect()
    }

    /// How to reach it, as administrator.
    pub(crate) fn kubeconfig(&self) -> PathBuf {
        self.dir.path().join("kubeconfig")
    }

    /// The client of its API server.
    pub(crate) fn api(&self) -> &Api {
        self.api.as_ref().expect("the API server was started")
    }

    /// The store, which only who may enter the scratch folder can reach: it listens on sockets there, on no port.
    fn store(&mut self) -> String {
        let dir = self.dir.path().to_owned();
        let socket = |name: &str| format!("unix://{}", dir.join(name).display());
        let (client, peer) = (socket("etcd.socket"), socket("peer.socket"));
        // Members know each other by names with a port. The only one never asks for one.
        let none = "http://127.0.0.1:1";
        let mut etcd = self.tools.command("etcd");
        etcd.arg("--data-dir").arg(dir.join("etcd"));
        etcd.args(["--unsafe-no-fsync", "--log-level", "warn"])
            .args(["--listen-client-urls", &client])
            .args(["--advertise-client-urls", none])
            .args(["--listen-peer-urls", &peer])
            .args(["--initial-advertise-peer-urls", none])
            .args(["--initial-cluster", &format!("default={none}")]);
        let etcd = Server::start("etcd", &etcd, &dir);
        let file = dir.join("etcd.socket");
        etcd.wait_until(30, || UnixStream::connect(&file).is_ok());
        self.servers.push(etcd);
        client
    }

    fn serve(&mut self) {
        let store = self.store();
        let dir = self.dir.path().to_owned();
        let key = dir.join("service-account.key");
        let made = run(Command::new("openssl").args(["genrsa", "-out"]).arg(&key));
        made.unwrap_or_else(|error| panic!("{error}"));
        let token = random_token();
        let tokens = dir.join("tokens.csv");
        fs::write(&tokens, format!("{token},admin,1,system:masters\n")).expect("a file");
        let port = free_port();
        let mut api = self.tools.command("kube-apiserver");
        api.args(["--etcd-servers", &store])
            .args(["--bind-address", "127.0.0.1"])
            .args(["--advertise-address", "127.0.0.1"])
            .args(["--secure-port", &port.to_string()])
            .args(["--endpoint-reconciler-type", "none"])
            .args(["--service-cluster-ip-range", "10.0.0.0/24"])
            .args(["--authorization-mode", "RBAC"])
            .args(["--service-account-issuer", "https://kubernetes.default.svc"])
            .args(["--disable-admission-plugins", NO_ADMISSION])
            .arg("--allow-privileged");
        let certificates = dir.join("certificates");
        api.arg("--cert-dir").arg(&certificates);
        api.arg("--token-auth-file").arg(&tokens);
        api.arg("--service-account-key-file").arg(&key);
        api.arg("--service-account-signing-key-file").arg(&key);
        let api = Server::start("kube-apiserver", &api, &dir);
        let server = format!("https://127.0.0.1:{port}");
        // It signs a certificate for itself, which is there before it listens.
        let certificate = certificates.join("apiserver.crt");
        let mut client = Err("not asked yet".to_owned());
        api.wait(port, 60, || {
            client = Api::new(&server, &token, &certificate);
            client.as_ref().is_ok_and(Api::is_ready)
        });
        self.servers.push(api);
        self.api = Some(client.expect("a client"));
        let cluster = json!({"server": server, "certificate-authority": certificate});
        let kubeconfig = json!({
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "suite", "cluster": cluster}],
            "users": [{"name": "admin", "user": {"token": token}}],
            "contexts": [{"name": "suite", "context": {"cluster": "suite", "user": "admin"}}],
            "current-context": "suite",
        });
        fs::write(self.kubeconfig(), kubeconfig.to_string()).expect("a file");
    }

    fn control_plane(&mut self) {
        self.serve();
        let dir = self.dir.path().to_owned();
        let port = free_port();
        let mut manager = self.tools.command("kube-controller-manager");
        manager.arg("--kubeconfig").arg(self.kubeconfig());
        manager
            .args(["--leader-elect=false", "--bind-address", "127.0.0.1"])
            .args(["--secure-port", &port.to_string()])
            .args(["--use-service-account-credentials=false"])
            .args(["--authorization-always-allow-paths", "/healthz"])
            .args(["--controllers", CONTROLLERS])
            .args(["--kube-api-qps", "100", "--kube-api-burst", "200"]);
        manager
            .arg("--cert-dir")
            .arg(dir.join("manager-certificates"));
        manager
            .arg("--service-account-private-key-file")
            .arg(dir.join("service-account.key"));
        let manager = Server::start("kube-controller-manager", &manager, &dir);
        manager.wait(port, 60, || connects(port));
        self.servers.push(manager);

        let port = free_port();
        let mut scheduler = self.tools.command("kube-scheduler");
        scheduler.arg("--kubeconfig").arg(self.kubeconfig());
        scheduler
            .args(["--leader-elect=false", "--bind-address", "127.0.0.1"])
            .args(["--secure-port", &port.to_string()]);
        scheduler
            .arg("--cert-dir")
            .arg(dir.join("scheduler-certificates"));
        let scheduler = Server::start("kube-scheduler", &scheduler, &dir);
        scheduler.wait(port, 60, || connects(port));
        self.servers.push(scheduler);
    }

    fn node(&mut self) {
        let dir = self.dir.path().to_owned();
        let stages = kwok_stages().expect("kwok's stages lie beside it");
        let port = free_port();
        let mut kwok = self.tools.command("kwok");
        kwok.arg("--kubeconfig").arg(self.kubeconfig());
        kwok.arg("--config").arg(stages);
        kwok.args(["--manage-all-nodes=true", "--node-ip", "127.0.0.1"])
            .args(["--cidr", "10.64.0.0/16"])
            .args(["--server-address", &format!("127.0.0.1:{port}")]);
        let kwok = Server::start("kwok", &kwok, &dir);
        kwok.wait(port, 30, || connects(port));
        self.servers.push(kwok);
        let room = json!({"cpu": "32", "memory": "256Gi", "pods": "500"});
        self.apply(&[json!({
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": {
                "name": "node-1",
                "labels": {"kubernetes.io/hostname": "node-1", "kubernetes.io/os": "linux"},
                "annotations": {"kwok.x-k8s.io/node": "fake"},
            },
            "status": {"allocatable": room, "capacity": room},
        })]);
        until(60, || {
            let node = self.get("node/node-1", None);
            is_true(&node, "Ready")
                .then_some(())
                .ok_or(format!("{node}"))
        });
    }

    /// What is there by this kind and name, `kind/name`; `null` if nothing.
    pub(crate) fn get(&self, what: &str, namespace: Option<&str>) -> Value {
        let (kind, name) = what.split_once('/').expect("a kind and a name");
        self.api().get(kind, name, namespace).unwrap_or_default()
    }

    /// The objects of some kinds, separated by commas, wherever they are.
    pub(crate) fn all(&self, kinds: &str) -> Vec<Value> {
        let mut all = Vec::new();
        for kind in kinds.split(',') {
            let resource = self.api().resource(kind);
            let resource = resource.unwrap_or_else(|error| panic!("{error}"));
            all.extend(self.api().list(&resource));
        }
        all
    }

    /// Applies objects.
    #[track_caller]
    pub(crate) fn apply(&self, objects: &[Value]) {
        for object in objects {
            let applied = self.api().apply(object, false);
            applied.unwrap_or_else(|error| panic!("{error}\n{object}"));
        }
    }

    /// Applies CRDs, and waits until their kinds are served.
    #[track_caller]
    pub(crate) fn define(&self, files: &[PathBuf]) {
        for file in files {
            let text = fs::read_to_string(file).expect("a definition");
            let objects = crate::facts::flux::objects(&text);
            self.apply(&objects.unwrap_or_else(|error| panic!("{}: {error}", file.display())));
        }
        until(60, || {
            let open: Vec<String> = self
                .all("customresourcedefinitions")
                .iter()
                .filter(|crd| !is_true(crd, "Established"))
                .map(|crd| crd["metadata"]["name"].to_string())
                .collect();
            if open.is_empty() {
                Ok(())
            } else {
                Err(format!("not served: {open:?}"))
            }
        });
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        while let Some(server) = self.servers.pop() {
            drop(server);
        }
    }
}

/// Whether somebody listens on a port.
pub(crate) fn connects(port: u16) -> bool {
    std::net::TcpStream::connect(("127.0.0.1", port)).is_ok()
}

/// Whether a condition of an object is true, and about its present form.
pub(crate) fn is_true(object: &Value, condition: &str) -> bool {
    let seen = &object["status"]["observedGeneration"];
    let current = seen.is_null() || *seen == object["metadata"]["generation"];
    current && self::condition(object, condition).is_some_and(|c| c["status"] == "True")
}

/// A condition of an object, by its type.
pub(crate) fn condition<'a>(object: &'a Value, kind: &str) -> Option<&'a Value> {
    let conditions = object["status"]["conditions"].as_array();
    conditions.into_iter().flatten().find(|c| c["type"] == kind)
}
