//! Clusters with two networks for their pods, or with none.

use std::collections::BTreeSet;

use super::common::applied_on;
use super::handover::{merged, values_of};
use crate::check::finding::{Findings, Severity, Spot};
use crate::check::registry::Rule;
use crate::index::terraform::{Machine, Network, Stack, Value, is_terraform};
use crate::index::{Cluster, Known, Repository, group};

pub(in crate::check) const RULE: Rule = Rule {
    id: "cluster-network",
    severity: Severity::Error,
    summary: "a network for pods where the platform has one of its own, or none where it has none",
    check,
};

/// What networks for pods are called, wherever something may install one.
const NETWORKS: [&str; 14] = [
    "antrea",
    "aws-cni",
    "azure-cni",
    "calico",
    "canal",
    "cilium",
    "flannel",
    "kindnet",
    "kube-ovn",
    "kube-router",
    "ovn",
    "romana",
    "tigera",
    "weave",
];

fn check(repository: &Repository<'_>, findings: &mut Findings) {
    let mut told: BTreeSet<(String, usize)> = BTreeSet::new();
    let mut tainted: BTreeSet<(String, usize)> = BTreeSet::new();
    for stack in &repository.terraform.stacks {
        if stack.machines.is_empty() {
            continue;
        }
        let clusters = repository.clusters_of(stack);
        let [cluster] = clusters.as_slice() else {
            continue;
        };
        if stack.machines.iter().all(|machine| machine.what != "kind") {
            intolerant(cluster, &mut tainted, repository, findings);
        }
        for machine in &stack.machines {
            match machine.network {
                Network::Platform => two(machine, cluster, &mut told, repository, findings),
                Network::Nobody => {
                    none(stack, machine, cluster, &mut told, repository, findings);
                    late(stack, machine, cluster, &mut told, repository, findings);
                }
            }
        }
    }
}

fn two(
    machine: &Machine<'_>,
    cluster: &Cluster<'_>,
    told: &mut BTreeSet<(String, usize)>,
    repository: &Repository<'_>,
    findings: &mut Findings,
) {
    for release in applied_on(cluster, repository, group::HELM, "HelmRelease") {
        if release.built.name != "cilium" {
            continue;
        }
        // In a chain with another network, or made for Google's nodes, it is meant so.
        let Some(layers) = values_of(&release, repository) else {
            continue;
        };
        let values = merged(layers.iter().map(|layer| &layer.value));
        let chained = values.at(&["cni", "chainingMode"]).is_some()
            || values.at(&["cni", "exclusive"]).is_some()
            || ["aksbyocni", "gke"]
                .iter()
                .any(|own| values.get(own).is_some());
        let Some(object) = repository.object(release.built) else {
            continue;
        };
        let at = Spot::name(object);
        if chained || !told.insert(at.key()) {
            continue;
        }
        let what = machine.what;
        let finding = findings.add(
            at,
            format!(
                "cilium is installed on {}, and {what} has a network of its own",
                cluster.label()
            ),
        );
        finding.effect(
            "two networks give addresses to pods, and new ones lose each other or never start",
        );
        finding.hint(match what {
            "GKE" => "take cilium off this cluster, and choose datapath_provider = \"ADVANCED_DATAPATH\" for Google's own",
            "kind" => "say disable_default_cni = true in the networking of its kind_config",
            "AKS" => "choose network_plugin = \"none\", or take cilium off this cluster",
            "EKS" => "take vpc-cni out of the addons, or let cilium run in its chain (cni.chainingMode: aws-cni)",
            _ => "take cilium off this cluster: the platform ships it",
        });
        finding.related(
            Spot::span(machine.source, machine.span.clone()),
            "this makes the cluster",
        );
        // By default Cilium puts the configuration of others aside on the nodes: some come through that.
        if ["kind", "AKS", "EKS"].contains(&what) {
            finding.severity(Severity::Warning);
        }
    }
}

/// The taint of a node that its cloud has not looked at yet, which goes only once there is a network (Kubernetes,
/// `cloud-provider/api/well_known_taints.go`). The chart's own tolerations hold it.
const NEW_NODE: &str = "node.cloudprovider.kubernetes.io/uninitialized";

/// Tolerations of Cilium's operator that take the place of the chart's, without that for new nodes.
fn intolerant(
    cluster: &Cluster<'_>,
    told: &mut BTreeSet<(String, usize)>,
    repository: &Repository<'_>,
    findings: &mut Findings,
) {
    for release in applied_on(cluster, repository, group::HELM, "HelmRelease") {
        if release.built.name != "cilium" {
            continue;
        }
        let layers = values_of(&release, repository).unwrap_or_default();
        let values = merged(layers.iter().map(|layer| &layer.value));
        let Some(tolerations) = values.at(&["operator", "tolerations"]) else {
            continue;
        };
        let items = tolerations.items();
        let text = |item: &Value, key: &str| item.at(&[key]).map(Value::as_text);
        let tolerates = items.iter().any(|item| match text(item, "key") {
            // Any taint.
            None => true,
            Some(key) => key.is_none_or(|key| key == NEW_NODE),
        });
        let Some(object) = repository.object(release.built) else {
            continue;
        };
        let at = Spot::name(object);
        if items.is_empty() || tolerates || !told.insert(at.key()) {
            continue;
        }
        let finding = findings.add(
            at,
            format!(
                "the operator of cilium on {} does not tolerate new nodes",
                cluster.label()
            ),
        );
        finding.severity(Severity::Warning);
        finding.effect(format!("where a cloud's controller looks at nodes, each has the taint {NEW_NODE} until there is a network, and the network waits for its operator"));
        finding.hint(format!("add {{operator: Exists, key: {NEW_NODE}}} to operator.tolerations: the list takes the place of the chart's own"));
    }
}

fn none(
    stack: &Stack<'_>,
    machine: &Machine<'_>,
    cluster: &Cluster<'_>,
    told: &mut BTreeSet<(String, usize)>,
    repository: &Repository<'_>,
    findings: &mut Findings,
) {
    // Whatever installs one says its name somewhere: Flux, Terraform, a script.
    if cluster.start.known == Known::Implied || !cluster.open.is_empty() {
        return;
    }
    let names = |text: &str| NETWORKS.iter().any(|name| text.contains(name));
    let mut texts = repository.index.texts.iter().filter(|(path, _)| {
        let own = is_terraform(path) && stack.folders.contains(crate::index::folder_of(path));
        own || cluster.files.contains(path.as_str())
    });
    // A script, or a list of manifests for the bootstrap, has its name in the name of a file or in no file that is read.
    let by_script = repository.index.paths.iter().any(|path| {
        let unread = !repository.reached.contains(path.as_str()) && !is_terraform(path);
        unread && !path.ends_with(".md") && names(path) && !is_part_of_others(path, repository)
    });
    let at = Spot::span(machine.source, machine.span.clone());
    if texts.any(|(_, source)| names(&source.text)) || by_script || !told.insert(at.key()) {
        return;
    }
    let finding = findings.add(
        at,
        format!(
            "{} leaves the network of pods to others, and nothing brings one to {}",
            machine.what,
            cluster.label()
        ),
    );
    finding.effect("no node gets ready, and nothing starts on them, Flux neither");
    finding.hint(
        "install one before Flux, as cilium by the bootstrap, or let the platform bring its own",
    );
}

/// What brings a network in the `.tf` files of a root module otherwise than as a chart.
const OTHERWISE: [&str; 6] = [
    "extraManifests",
    "helm_template",
    "inlineManifests",
    "local-exec",
    "null_resource",
    "remote-exec",
];

/// A network that only Flux brings, which cannot start without it.
fn late(
    stack: &Stack<'_>,
    machine: &Machine<'_>,
    cluster: &Cluster<'_>,
    told: &mut BTreeSet<(String, usize)>,
    repository: &Repository<'_>,
    findings: &mut Findings,
) {
    let known = stack
        .installed
        .iter()
        .all(|chart| chart.name.as_text().is_some());
    let complete = stack.bootstraps.iter().all(|bootstrap| bootstrap.complete);
    if stack.bootstraps.is_empty() || !known || !complete {
        return;
    }
    let is_network = |name: &str| NETWORKS.iter().any(|network| name.contains(network));
    let by_terraform = stack.installed.iter().any(|chart| {
        let parts = [&chart.name, &chart.chart, &chart.repository];
        parts
            .iter()
            .any(|part| part.as_text().is_some_and(|text| is_network(&text)))
    });
    let mut texts = repository.index.texts.iter().filter(|(path, _)| {
        is_terraform(path) && stack.folders.contains(crate::index::folder_of(path))
    });
    let otherwise =
        texts.any(|(_, source)| OTHERWISE.iter().any(|word| source.text.contains(word)));
    if by_terraform || otherwise {
        return;
    }
    let mut releases = applied_on(cluster, repository, group::HELM, "HelmRelease");
    let Some(release) = releases.find(|release| is_network(&release.built.name)) else {
        return;
    };
    let Some(object) = repository.object(release.built) else {
        return;
    };
    let at = Spot::name(object);
    if !told.insert(at.key()) {
        return;
    }
    let (name, what) = (&release.built.name, machine.what);
    let finding = findings.add(
        at,
        format!(
            "only Flux installs {name} on {}, and Flux cannot start without it",
            cluster.label()
        ),
    );
    finding.effect(format!(
        "the nodes of {what} never get ready, and the bootstrap waits for Flux until it gives up"
    ));
    finding.hint("install it by the bootstrap too, among prerequisites.charts, with the values that Flux gives it");
    finding.related(
        Spot::span(machine.source, machine.span.clone()),
        "this makes the cluster without a network",
    );
}

/// Whether a file lies in a folder that some other cluster reads from.
fn is_part_of_others(path: &str, repository: &Repository<'_>) -> bool {
    let folder = crate::index::folder_of(path);
    let mut read = repository.reached.iter();
    !folder.is_empty() && read.any(|file| crate::index::folder_of(file) == folder)
}
