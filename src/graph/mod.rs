//! What waits for what on a cluster: Flux Kustomizations, Helm releases and their sources, and what Terraform installs
//! before them.

mod impact;
mod terraform;
mod walk;

use std::collections::{BTreeMap, BTreeSet};

pub use impact::{Impact, Reached, impact};

use crate::index::{Cluster, Effective, Origin, Repository, Unit, chart_source, group, release_id};

/// Number of a node.
pub type NodeId = usize;

/// What a node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A Flux Kustomization.
    Kustomization,
    /// A `HelmRelease`.
    Release,
    /// A source of charts or manifests.
    Source,
    /// A chart that Terraform installs before Flux is there.
    Chart,
    /// A root module of Terraform.
    Terraform,
}

/// Why one waits for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// `dependsOn`.
    DependsOn,
    /// It is applied by it.
    AppliedBy,
    /// It takes its chart or its manifests from it.
    TakesFrom,
    /// It is ready only when that is: `wait` or `healthChecks`.
    WaitsForHealth,
    /// Terraform installs it, or begins Flux with it.
    MadeBy,
    /// Terraform installs it after that.
    InstalledAfter,
    /// It takes over what that installed.
    TakesOver,
}

impl Why {
    /// In words, between the one and the other.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::DependsOn => "waits for",
            Self::AppliedBy => "is applied by",
            Self::TakesFrom => "takes from",
            Self::WaitsForHealth => "is ready after",
            Self::MadeBy => "is made by",
            Self::InstalledAfter => "is installed after",
            Self::TakesOver => "takes over",
        }
    }
}

/// Helm releases by the name and the namespace that Helm keeps them under.
type Called = BTreeMap<(String, String), NodeId>;

/// An object that waits or is waited for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// What it is.
    pub kind: Kind,
    /// Its kind as Kubernetes has it.
    pub object: String,
    /// Its namespace; blank if nothing says it.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its file; none for what Flux makes itself.
    pub file: Option<String>,
    /// 1-based line of it there.
    pub line: usize,
    /// Whether Flux is told to leave it alone.
    pub suspended: bool,
    /// Whether there is such an object at all, as far as files tell.
    pub there: bool,
}

impl Node {
    /// `Kind/name`, as people type it.
    pub fn title(&self) -> String {
        format!("{}/{}", self.object, self.name)
    }
}

/// What waits for what on a cluster.
#[derive(Debug, Default)]
pub struct Graph {
    /// Where the cluster's Flux begins.
    pub cluster: String,
    /// All of it.
    pub nodes: Vec<Node>,
    /// For each node, by number, what it waits for.
    pub waits: Vec<BTreeSet<(NodeId, Why)>>,
    by_name: BTreeMap<(String, String, String), NodeId>,
}

impl Graph {
    /// That of a cluster.
    pub fn of(cluster: &Cluster<'_>, repository: &Repository<'_>) -> Self {
        let mut graph = Self {
            cluster: cluster.label().to_owned(),
            ..Self::default()
        };
        let mut units = Vec::new();
        for unit in &cluster.units {
            units.push(graph.unit(unit, repository));
        }
        for (number, unit) in cluster.units.iter().enumerate() {
            let Some(own) = units[number] else { continue };
            for parent in &unit.parents {
                let Some(by) = units[*parent] else { continue };
                graph.wait(own, by, Why::AppliedBy);
                if looks_at(&cluster.units[*parent], "Kustomization", &unit.name) {
                    graph.wait(by, own, Why::WaitsForHealth);
                }
            }
            if let Some(effective) = &unit.effective {
                graph.depends(own, "Kustomization", &unit.namespace, effective);
            }
            if let Some(source) = &unit.source {
                let source =
                    graph.other(Kind::Source, &source.kind, &source.namespace, &source.name);
                graph.wait(own, source, Why::TakesFrom);
            }
        }
        let mut releases = BTreeMap::new();
        for (number, unit) in cluster.units.iter().enumerate() {
            graph.releases(unit, units[number], repository, &mut releases);
        }
        graph.terraform(
            cluster,
            units.first().copied().flatten(),
            repository,
            &releases,
        );
        graph
    }

    fn unit(&mut self, unit: &Unit<'_>, repository: &Repository<'_>) -> Option<NodeId> {
        if unit.name.is_empty() {
            return None;
        }
        let object = unit.object.map(|id| &repository.objects.all[id]);
        let node = Node {
            kind: Kind::Kustomization,
            object: "Kustomization".to_owned(),
            namespace: unit.namespace.clone(),
            name: unit.name.clone(),
            file: object.map(|object| object.file().to_owned()),
            line: object.map_or(1, |object| {
                repository
                    .index
                    .line(object.file(), object.name_node().span.start)
            }),
            suspended: unit.is_suspended(),
            there: true,
        };
        Some(self.add(node))
    }

    /// Helm releases and sources that a unit applies.
    /// Notes what each release is called to Helm.
    fn releases(
        &mut self,
        unit: &Unit<'_>,
        by: Option<NodeId>,
        repository: &Repository<'_>,
        called: &mut Called,
    ) {
        for built in &unit.built {
            let Origin::Object(id) = built.origin else {
                continue;
            };
            let object = &repository.objects.all[id];
            let kind = match object.group() {
                group::HELM => Kind::Release,
                group::SOURCE => Kind::Source,
                _ => continue,
            };
            let Some(effective) = repository.effective(built) else {
                continue;
            };
            let namespace = built.namespace.clone().unwrap_or_default();
            let own = self.add(Node {
                kind,
                object: object.kind.to_owned(),
                namespace: namespace.clone(),
                name: built.name.clone(),
                file: Some(object.file().to_owned()),
                line: repository
                    .index
                    .line(object.file(), object.name_node().span.start),
                suspended: effective.text(&["spec", "suspend"]) == Some("true"),
                there: true,
            });
            // Flux makes what it reads itself from before anything applies it.
            let begins = unit.source.as_ref().is_some_and(|source| {
                (&source.kind, &source.namespace, &source.name)
                    == (&object.kind.to_owned(), &namespace, &built.name)
            });
            if let Some(by) = by.filter(|_| !begins) {
                self.wait(own, by, Why::AppliedBy);
                if looks_at(unit, object.kind, &built.name) {
                    self.wait(by, own, Why::WaitsForHealth);
                }
            }
            if kind == Kind::Release {
                let id = release_id(&effective, &unit.variables, &built.name, &namespace);
                called.extend(id.map(|id| (id, own)));
                self.depends(own, "HelmRelease", &namespace, &effective);
            }
            if let Some(source) = chart_source(&effective, &namespace) {
                let source =
                    self.other(Kind::Source, &source.kind, &source.namespace, &source.name);
                self.wait(own, source, Why::TakesFrom);
            }
        }
    }

    fn depends(&mut self, own: NodeId, kind: &str, namespace: &str, effective: &Effective<'_>) {
        for item in effective.items(&["spec", "dependsOn"]) {
            let text = |key: &str| item.get(key).and_then(|node| node.text());
            if let Some(name) = text("name") {
                let home = text("namespace").unwrap_or(namespace);
                let of = self.nodes[own].kind;
                let other = self.other(of, kind, home, name);
                self.wait(own, other, Why::DependsOn);
            }
        }
    }

    fn add(&mut self, node: Node) -> NodeId {
        let key = (
            node.object.clone(),
            node.namespace.clone(),
            node.name.clone(),
        );
        if let Some(known) = self.by_name.get(&key) {
            if node.there && !self.nodes[*known].there {
                self.nodes[*known] = node;
            }
            return *known;
        }
        let id = self.nodes.len();
        self.by_name.insert(key, id);
        self.nodes.push(node);
        self.waits.push(BTreeSet::new());
        id
    }

    /// A node by name, whether it is there or not.
    fn other(&mut self, kind: Kind, object: &str, namespace: &str, name: &str) -> NodeId {
        self.add(Node {
            kind,
            object: object.to_owned(),
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            file: None,
            line: 1,
            suspended: false,
            there: false,
        })
    }

    fn wait(&mut self, own: NodeId, other: NodeId, why: Why) {
        if own != other {
            self.waits[own].insert((other, why));
        }
    }

    /// The nodes that somebody means: `name`, `Kind/name` or `Kind/namespace/name`, a Flux Kustomization before
    /// others of its name.
    pub fn named(&self, text: &str) -> Option<NodeId> {
        let parts: Vec<&str> = text.split('/').collect();
        let fits = |node: &&Node| match parts.as_slice() {
            [name] => node.name == *name,
            [kind, name] => node.name == *name && node.object.eq_ignore_ascii_case(kind),
            [kind, namespace, name] => {
                node.name == *name
                    && node.namespace == *namespace
                    && node.object.eq_ignore_ascii_case(kind)
            }
            _ => false,
        };
        let found = self
            .nodes
            .iter()
            .filter(fits)
            .min_by_key(|node| node.kind)?;
        self.nodes.iter().position(|node| node == found)
    }
}

/// Whether a Flux Kustomization looks at the health of an object that it applies.
fn looks_at(unit: &Unit<'_>, kind: &str, name: &str) -> bool {
    let Some(effective) = &unit.effective else {
        return false;
    };
    if effective.text(&["spec", "wait"]) == Some("true") {
        return true;
    }
    let checks = effective.items(&["spec", "healthChecks"]);
    checks.iter().any(|check| {
        let text = |key: &str| check.get(key).and_then(|node| node.text());
        text("kind") == Some(kind) && text("name") == Some(name)
    })
}
