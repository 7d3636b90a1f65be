//! A platform repository that is served: by Git over HTTP, with a registry and repositories of stand-in charts.
//!
//! Its sources are rewritten only by host; everything else is what landform wrote.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use landform::catalog::{Catalogue, CrdOrigin};
use serde_json::Value;
use tempfile::TempDir;

use super::charts::Chart;
use super::cluster::connects;
use super::http::HttpServer;
use super::process::{Server, free_port, random_token, run};
use super::tools::Tools;
use crate::facts::crds::Crds;
use crate::support;

/// Where a chart comes from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Source {
    /// The path in the registry, the chart's name included.
    Oci(String),
    /// The path below the charts that are served over HTTP.
    Http(String),
}

/// A Helm release of the platform.
#[derive(Debug, Clone)]
pub(crate) struct Release {
    /// Its component.
    pub(crate) component: String,
    /// `infrastructure` or `apps`.
    pub(crate) layer: String,
    /// Name of the release.
    pub(crate) name: String,
    /// Its namespace.
    pub(crate) namespace: String,
}

/// A served platform; its servers end with it.
pub(crate) struct Platform {
    /// The work tree, which a stage may change and commit.
    pub(crate) tree: PathBuf,
    tools: Tools,
    http: HttpServer,
    /// Where the registry has the charts: its address, and a token that every path begins with.
    registry: String,
    /// Packed charts, by component and version.
    packages: BTreeMap<(String, String), PathBuf>,
    /// What Kustomizations of other repositories apply, by their names.
    elsewhere: BTreeMap<String, Vec<Value>>,
    _server: Server,
    dir: TempDir,
}

impl Platform {
    /// Copies a tree and serves it with everything that it names. `change` may alter the charts before they are made.
    pub(crate) fn serve(
        tools: Tools,
        tree: &Path,
        shared: &Path,
        change: impl Fn(&str, &mut Chart),
    ) -> Self {
        let dir = super::scratch::folder();
        let root = dir.path().join("served");
        fs::create_dir_all(root.join("git")).expect("a folder");
        let copy = dir.path().join("tree");
        support::copy_tree(tree, &copy);
        let port = free_port();
        let token = random_token();
        let mut registry = tools.command("registry");
        registry.arg(format!("127.0.0.1:{port}")).arg(&token);
        let server = Server::start("registry", &registry, dir.path());
        server.wait(port, 30, || connects(port));
        let mut platform = Self {
            tree: copy,
            tools,
            http: HttpServer::start(&root),
            registry: format!("127.0.0.1:{port}/{token}"),
            packages: BTreeMap::new(),
            elsewhere: BTreeMap::new(),
            _server: server,
            dir,
        };
        platform.publish(shared, &change);
        platform.rewrite();
        platform.git_init();
        platform.commit("Add the platform");
        platform
    }

    /// Where Flux reads it.
    pub(crate) fn url(&self) -> String {
        format!("{}/git/platform.git", self.http.url())
    }

    /// The names of its clusters.
    pub(crate) fn clusters(&self) -> Vec<String> {
        crate::facts::flux::clusters(&self.tree)
    }

    /// A YAML file of one document, as it stands in the tree.
    #[track_caller]
    pub(crate) fn read(&self, path: &str) -> Value {
        let text = fs::read_to_string(self.tree.join(path));
        let text = text.unwrap_or_else(|error| panic!("{path}: {error}"));
        serde_yaml::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// A file of the tree, if it is there.
    pub(crate) fn try_read(&self, path: &str) -> Option<Value> {
        self.tree.join(path).is_file().then(|| self.read(path))
    }

    /// The releases of a cluster.
    pub(crate) fn releases(&self, cluster: &str) -> Vec<Release> {
        let mut releases = Vec::new();
        for layer in ["infrastructure", "apps"] {
            for component in crate::facts::charts::folders(&self.tree.join(layer)) {
                let synced = format!("clusters/{cluster}/{layer}/{component}.yaml");
                let release = self.try_read(&format!("{layer}/{component}/helmrelease.yaml"));
                let Some(release) = release.filter(|_| self.tree.join(synced).is_file()) else {
                    continue;
                };
                releases.push(Release {
                    component,
                    layer: layer.to_owned(),
                    name: text(&release["spec"]["releaseName"]),
                    namespace: text(&release["metadata"]["namespace"]),
                });
            }
        }
        releases
    }

    /// The values of a release on a cluster, merged as Helm does.
    pub(crate) fn values(&self, cluster: &str, release: &Release) -> Value {
        let (layer, component) = (&release.layer, &release.component);
        let shared = format!("{layer}/{component}/values.yaml");
        let own = format!("clusters/{cluster}/{shared}");
        let read = |path: &str| {
            let file = self.tree.join(path);
            let text = fs::read_to_string(file).unwrap_or_default();
            serde_yaml::from_str(&text).unwrap_or(serde_yaml::Value::Null)
        };
        let merged = crate::facts::values::merged(&read(&shared), &read(&own));
        serde_json::to_value(merged).expect("values in JSON")
    }

    /// What the release of a cluster makes: its chart, rendered by Helm with the values of its files.
    pub(crate) fn rendered(&self, cluster: &str, release: &Release) -> Vec<Value> {
        let (layer, component) = (&release.layer, &release.component);
        let pinned = format!("clusters/{cluster}/{layer}/{component}/version.yaml");
        let version = self.try_read(&pinned).map_or_else(
            || {
                let folder = format!("{layer}/{component}");
                let release = self.read(&format!("{folder}/helmrelease.yaml"));
                self.chart_source(&folder, &release).2
            },
            |pin| pinned_version(&pin),
        );
        let values = self.values(cluster, release).to_string();
        let file = tempfile::NamedTempFile::new_in(self.dir.path()).expect("a file");
        fs::write(file.path(), values).expect("a file");
        let mut helm = self.tools.command("helm");
        helm.args(["template", &release.name, "--include-crds"])
            .arg(&self.packages[&(component.clone(), version)])
            .args(["--namespace", &release.namespace])
            .arg("--values")
            .arg(file.path());
        let said = run(&mut helm).unwrap_or_else(|error| panic!("{error}"));
        crate::facts::flux::objects(&said).expect("what Helm renders is YAML")
    }

    /// What a Kustomization of another repository applies.
    pub(crate) fn elsewhere(&self, kustomization: &str) -> Option<&[Value]> {
        self.elsewhere.get(kustomization).map(Vec::as_slice)
    }

    /// Commits what is in the work tree, and pushes it; gives the commit.
    pub(crate) fn commit(&self, message: &str) -> String {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--allow-empty", "--message", message]);
        let cluster = &self.clusters()[0];
        let instance = format!("clusters/{cluster}/flux-system/flux-instance.yaml");
        let branch = text(&self.read(&instance)["spec"]["sync"]["ref"]);
        self.git(&["push", "--quiet", "served", &format!("HEAD:{branch}")]);
        self.git(&["rev-parse", "HEAD"]).trim().to_owned()
    }

    fn git_init(&self) {
        let bare = self.dir.path().join("served/git/platform.git");
        git(&self.tree, &["init", "--quiet", "--initial-branch=main"]);
        let path = bare.to_str().expect("a path in UTF-8");
        git(
            &self.tree,
            &["init", "--quiet", "--bare", "--initial-branch=main", path],
        );
        git(&self.tree, &["remote", "add", "served", path]);
    }

    fn git(&self, arguments: &[&str]) -> String {
        git(&self.tree, arguments)
    }

    /// Lets every source lead to this machine, also where a pin names it once more; what does so already stays.
    pub(crate) fn rewrite(&self) {
        for file in support::files(&self.tree) {
            let path = self.tree.join(&file);
            let text = fs::read_to_string(&path).unwrap_or_default();
            if file.starts_with(".landform/")
                || text.contains(&self.registry)
                || text.contains(&self.http.url())
            {
                continue;
            }
            let is = |kind: &str| text.lines().any(|line| line == format!("kind: {kind}"));
            let (from, to) = if is("OCIRepository") {
                ("url: oci://", format!("url: oci://{}/", self.registry))
            } else if is("HelmRepository") {
                ("url: https://", format!("url: {}/charts/", self.http.url()))
            } else if is("GitRepository") {
                ("url: https://", format!("url: {}/git/", self.http.url()))
            } else {
                continue;
            };
            let mut lines = Vec::new();
            for line in text.lines() {
                let mut new = line.replace(from, &to);
                if new == line {
                    lines.push(new);
                    continue;
                }
                if is("GitRepository") && !new.ends_with(".git") {
                    new += ".git";
                }
                lines.push(new);
                if is("OCIRepository") {
                    let indent = &line[..line.len() - line.trim_start().len()];
                    lines.push(format!("{indent}insecure: true"));
                }
            }
            fs::write(&path, lines.join("\n") + "\n").expect("a file");
        }
    }

    /// Makes the charts and repositories that the tree names.
    fn publish(&mut self, shared: &Path, change: &impl Fn(&str, &mut Chart)) {
        let catalogue = Catalogue::embedded().expect("the embedded catalogue holds");
        let crds = Crds::load(shared);
        let mut repositories: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
        for layer in ["infrastructure", "apps"] {
            for component in crate::facts::charts::folders(&self.tree.join(layer)) {
                let folder = format!("{layer}/{component}");
                self.git_sources(&folder, &component, shared);
                let Some(release) = self.try_read(&format!("{folder}/helmrelease.yaml")) else {
                    continue;
                };
                let (source, chart_name, version) = self.chart_source(&folder, &release);
                let mut versions = vec![version];
                for cluster in self.clusters() {
                    let pinned = format!("clusters/{cluster}/{folder}/version.yaml");
                    let pinned = self.try_read(&pinned);
                    versions.extend(pinned.iter().map(pinned_version));
                }
                versions.sort();
                versions.dedup();
                let spec = &catalogue.components[&component].spec;
                let files = spec.crds.kinds.iter().filter_map(|kind| {
                    let mut words = kind.split('/');
                    let (group, _, kind) = (words.next()?, words.next()?, words.next()?);
                    Some(crds.find(group, kind)?.file().to_owned())
                });
                let files: Vec<PathBuf> = files.collect();
                let (definitions, in_folder) = match spec.crds.from {
                    CrdOrigin::Chart | CrdOrigin::Operator => (files, Vec::new()),
                    CrdOrigin::CrdsFolder => (Vec::new(), files),
                    CrdOrigin::None | CrdOrigin::Source => (Vec::new(), Vec::new()),
                };
                for version in versions {
                    let mut chart = Chart {
                        name: chart_name.clone(),
                        version,
                        workload: self.workload(layer, &component, &release),
                        definitions: definitions.clone(),
                        crds: in_folder.clone(),
                        hook: false,
                        hazards: Vec::new(),
                    };
                    change(&component, &mut chart);
                    let package = self.put(&chart, &source, &mut repositories);
                    let of = (component.clone(), chart.version);
                    self.packages.insert(of, package);
                }
            }
        }
        for (path, packages) in repositories {
            let dir = self.dir.path().join("served/charts").join(&path);
            assert!(!packages.is_empty());
            let mut helm = self.tools.command("helm");
            helm.args(["repo", "index"]).arg(&dir);
            run(&mut helm).unwrap_or_else(|error| panic!("{error}"));
        }
    }

    /// The object by which Flux sees that a component runs; any Deployment where it looks at the release alone.
    fn workload(&self, layer: &str, component: &str, release: &Value) -> (String, String) {
        for cluster in self.clusters() {
            let sync = self.try_read(&format!("clusters/{cluster}/{layer}/{component}.yaml"));
            let first = sync.map(|sync| sync["spec"]["healthChecks"][0].clone());
            if let Some(first) = first.filter(|check| check["kind"].is_string())
                && first["kind"] != "HelmRelease"
            {
                return (text(&first["kind"]), text(&first["name"]));
            }
        }
        (
            "Deployment".to_owned(),
            text(&release["spec"]["releaseName"]),
        )
    }

    fn chart_source(&self, folder: &str, release: &Value) -> (Source, String, String) {
        if let Some(source) = self.try_read(&format!("{folder}/ocirepository.yaml")) {
            let url = text(&source["spec"]["url"]);
            let path = url.trim_start_matches("oci://").to_owned();
            let name = path.rsplit('/').next().unwrap_or_default().to_owned();
            return (Source::Oci(path), name, text(&source["spec"]["ref"]["tag"]));
        }
        let source = self.read(&format!("{folder}/helmrepository.yaml"));
        let url = text(&source["spec"]["url"]);
        let path = url.trim_start_matches("https://").trim_end_matches('/');
        let chart = &release["spec"]["chart"]["spec"];
        (
            Source::Http(path.to_owned()),
            text(&chart["chart"]),
            text(&chart["version"]),
        )
    }

    fn put(
        &self,
        chart: &Chart,
        source: &Source,
        repositories: &mut BTreeMap<String, Vec<PathBuf>>,
    ) -> PathBuf {
        match source {
            Source::Oci(path) => {
                let package = chart.pack(self.tools, &self.dir.path().join("packages"));
                let parent = path.rsplit_once('/').map_or("", |(parent, _)| parent);
                let target = format!("oci://{}/{parent}", self.registry);
                let mut helm = self.tools.command("helm");
                helm.arg("push")
                    .arg(&package)
                    .arg(target)
                    .arg("--plain-http");
                run(&mut helm).unwrap_or_else(|error| panic!("{error}"));
                package
            }
            Source::Http(path) => {
                let dir = self.dir.path().join("served/charts").join(path);
                let package = chart.pack(self.tools, &dir);
                let all = repositories.entry(path.clone()).or_default();
                all.push(package.clone());
                package
            }
        }
    }

    /// Serves the repositories that a component takes manifests from: the known definitions of that component.
    fn git_sources(&mut self, folder: &str, component: &str, shared: &Path) {
        let mut folders = vec![folder.to_owned()];
        let parts = crate::facts::charts::folders(&self.tree.join(folder));
        folders.extend(parts.iter().map(|part| format!("{folder}/{part}")));
        for folder in folders {
            let Some(source) = self.try_read(&format!("{folder}/gitrepository.yaml")) else {
                continue;
            };
            let manifests = self.read(&format!("{folder}/manifests.yaml"));
            let path = text(&manifests["spec"]["path"]);
            let url = text(&source["spec"]["url"]);
            let name = url.trim_start_matches("https://").trim_end_matches(".git");
            let bare = self.dir.path().join(format!("served/git/{name}.git"));
            let work = super::scratch::folder();
            let to = work.path().join(path.trim_start_matches("./"));
            fs::create_dir_all(&to).expect("a folder");
            let known = fs::read_dir(shared.join("crds").join(component));
            let all = self.elsewhere.entry(text(&manifests["metadata"]["name"]));
            let all = all.or_default();
            for file in known.expect("definitions of the component").flatten() {
                let said = fs::read_to_string(file.path()).expect("a file");
                all.extend(crate::facts::flux::objects(&said).expect("definitions"));
                fs::write(to.join(file.file_name()), said).expect("a file");
            }
            let bare = bare.to_str().expect("a path in UTF-8");
            git(work.path(), &["init", "--quiet", "--initial-branch=main"]);
            git(work.path(), &["add", "--all"]);
            git(
                work.path(),
                &["commit", "--quiet", "--message", "Add definitions"],
            );
            git(work.path(), &["tag", &text(&source["spec"]["ref"]["tag"])]);
            git(work.path(), &["clone", "--quiet", "--bare", ".", bare]);
        }
    }
}

/// The version in a `version.yaml`, of a source or of a release.
fn pinned_version(pin: &Value) -> String {
    match &pin["spec"]["ref"]["tag"] {
        Value::String(tag) => tag.clone(),
        _ => text(&pin["spec"]["chart"]["spec"]["version"]),
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// Git with an identity of its own, and nobody's settings.
#[track_caller]
fn git(dir: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new("git");
    for (key, value) in [
        ("GIT_CONFIG_GLOBAL", "/dev/null"),
        ("GIT_CONFIG_NOSYSTEM", "1"),
        ("GIT_AUTHOR_NAME", "Suite"),
        ("GIT_AUTHOR_EMAIL", "suite@landform.test"),
        ("GIT_COMMITTER_NAME", "Suite"),
        ("GIT_COMMITTER_EMAIL", "suite@landform.test"),
    ] {
        command.env(key, value);
    }
    command.arg("-C").arg(dir).args(arguments);
    run(&mut command).unwrap_or_else(|error| panic!("{error}"))
}
