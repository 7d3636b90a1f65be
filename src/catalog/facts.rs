//! The fixed list of cluster and platform facts that templates may use (`format: 1`).

/// A fact about a cluster.
#[derive(Debug, Clone, Copy)]
pub struct FactKind {
    /// Its name: templates see `cluster.<name>`.
    pub name: &'static str,
    /// Whether templates may use it without listing it in `uses`.
    pub always: bool,
    /// What it is.
    pub meaning: &'static str,
}

const fn always(name: &'static str, meaning: &'static str) -> FactKind {
    FactKind {
        name,
        always: true,
        meaning,
    }
}

const fn used(name: &'static str, meaning: &'static str) -> FactKind {
    FactKind {
        name,
        always: false,
        meaning,
    }
}

/// Every fact about a cluster.
pub const CLUSTER: [FactKind; 28] = [
    always(
        "id",
        "<platform>-<cluster>, unique among the owner's clusters",
    ),
    always("name", "name of the cluster, as in clusters/<name>/"),
    always("provider", "name of the provider"),
    always("os", "operating system of the nodes: linux or talos"),
    always(
        "distribution",
        "Kubernetes distribution, where it matters: generic or k3s",
    ),
    always("nodes", "number of nodes at least there"),
    always(
        "cni",
        "who gives pods their network: none, or what the provider brings",
    ),
    always("kube_proxy", "whether kube-proxy runs"),
    always(
        "api_host",
        "host at which nodes reach the API server while nothing serves its Service address",
    ),
    always("api_port", "port there"),
    always("region", "the cloud's region"),
    always("network", "the cloud network: made, or given"),
    always("sops_recipient", "age public key that sops encrypts for"),
    always(
        "secrets",
        "where secrets come from: manual, sops, or a store",
    ),
    always(
        "upgrades",
        "now, or later: on a later cluster every chart is pinned",
    ),
    always("backend", "where Terraform keeps its state"),
    used("domain", "DNS domain of the cluster's services"),
    used("dns", "who serves that domain"),
    used("dns_region", "region for Route 53 clients outside AWS"),
    used("dns_zone", "the zone, where it is not the domain"),
    used("dns_resource_group", "Azure resource group of the zone"),
    used("project", "Google Cloud project"),
    used("project_number", "its number"),
    used("subscription", "Azure subscription id"),
    used("tenant", "Azure tenant id"),
    always("kubernetes", "Kubernetes version"),
    always("account", "the cloud account's id"),
    always(
        "location",
        "the cloud's location, where it does not say region",
    ),
];

/// Facts about the platform that templates may always use.
pub const PLATFORM: [&str; 3] = ["name", "git", "ci"];

/// Facts about the platform that must stand in `uses`.
pub const PLATFORM_USED: [&str; 1] = ["email"];

/// What templates see of the component.
pub const COMPONENT: [&str; 17] = [
    "name",
    "object",
    "layer",
    "source",
    "version",
    "namespace",
    "release",
    "timeout",
    "pinned",
    "removing",
    "renaming",
    "crds",
    "handover",
    "has_values",
    "description",
    "homepage",
    "category",
];

/// What templates see of a part.
pub const PART: [&str; 6] = ["name", "object", "scope", "order", "source", "version"];

/// A fact about a cluster by name.
pub fn cluster(name: &str) -> Option<&'static FactKind> {
    CLUSTER.iter().find(|fact| fact.name == name)
}
