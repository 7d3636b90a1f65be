//! How a cluster is brought to its end, before its files go.

use schemars::JsonSchema;
use serde::Serialize;

use super::here::Here;
use super::next::{kubectl, login};
use super::opened::Opened;
use crate::error::Result;
use crate::model::{Cluster, RepoPath};
use crate::ui::Step;

/// What to do before a cluster can go from the platform: the output of `landform remove cluster --json` without
/// `--destroyed`.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Runbook {
    /// Version of this form: 1.
    format: u32,
    /// The cluster.
    cluster: String,
    /// What to do, in order.
    pub(super) steps: Vec<Step>,
}

/// The runbook of a cluster.
///
/// # Errors
/// A text of the catalogue cannot be rendered.
pub(super) fn runbook(opened: &Opened, cluster: &Cluster) -> Result<Runbook> {
    let here = Here::of(&opened.root);
    let name = &cluster.name;
    let mut speak = kubectl(&opened.platform, cluster, &opened.catalogue, &here)?;
    speak.push(
        "kubectl -n flux-system scale deployment flux-operator kustomize-controller helm-controller --replicas=0"
            .to_owned(),
    );
    let mut steps = vec![
        Step {
            title: "keep Flux from bringing back what you delete".to_owned(),
            before: vec![format!(
                "kubectl speaks to {name}, as the first commands have it: what follows deletes in whatever cluster `kubectl config current-context` names"
            )],
            commands: speak,
            ..Step::default()
        },
        give_back(opened, cluster),
    ];
    let components = cluster.components.keys();
    let holders = components.filter_map(|name| {
        let loses = opened.catalogue.components[name]
            .spec
            .removal
            .loses
            .as_ref();
        loses.map(|loses| format!("{name}: {loses}"))
    });
    let holders: Vec<String> = holders.collect();
    if !holders.is_empty() {
        steps.push(Step {
            title: "know what is lost".to_owned(),
            notes: holders,
            ..Step::default()
        });
    }
    steps.push(destroy(opened, cluster, &here));
    steps.push(Step {
        title: "take it out of this repository".to_owned(),
        commands: vec![format!(
            "{} remove cluster {name} --destroyed",
            here.landform()
        )],
        ..Step::default()
    });
    Ok(Runbook {
        format: 1,
        cluster: name.to_string(),
        steps,
    })
}

/// What a cluster has made outside of itself.
fn give_back(opened: &Opened, cluster: &Cluster) -> Step {
    let has_gateways = cluster
        .here(&opened.platform, &opened.catalogue)
        .contains("gateway-api");
    let gateways = has_gateways
        .then_some("kubectl delete gateways.gateway.networking.k8s.io --all --all-namespaces");
    let commands = gateways.into_iter().chain([
        "kubectl delete ingresses --all --all-namespaces",
        "kubectl get services --all-namespaces --field-selector spec.type=LoadBalancer",
        "kubectl get persistentvolumes",
    ]);
    Step {
        title: "give back what the cluster has made outside of itself, while its controllers run".to_owned(),
        notes: vec![
            "load balancers, volumes and DNS records cost money after the cluster is gone".to_owned(),
            "delete each Service that is listed (kubectl -n NAMESPACE delete service NAME), and wait until the list is empty: only then its load balancer is gone".to_owned(),
            "delete the claims of volumes whose data nobody needs (kubectl -n NAMESPACE delete persistentvolumeclaim NAME; pods that use one must go first); a volume with the policy Retain stays, and is deleted where it was made".to_owned(),
        ],
        commands: commands.map(str::to_owned).collect(),
        ..Step::default()
    }
}

/// The end of the cluster, by who made it.
fn destroy(opened: &Opened, cluster: &Cluster, here: &Here) -> Step {
    if !is_made(opened, cluster) {
        return Step {
            title: "delete it as it was made: neither landform nor Terraform made it".to_owned(),
            notes: vec![
                "if it is to live on, leave it: what runs there goes on running, and nobody looks after it"
                    .to_owned(),
                "Terraform's state of it is of no use afterwards".to_owned(),
            ],
            ..Step::default()
        };
    }
    let mut commands = login(&opened.platform, cluster);
    commands.push(format!("{} destroy", here.terraform(cluster.name.as_str())));
    Step {
        title: "destroy it".to_owned(),
        commands,
        ..Step::default()
    }
}

/// Whether Terraform makes the cluster: its root has more than the bootstrap.
fn is_made(opened: &Opened, cluster: &Cluster) -> bool {
    let path = RepoPath::new(format!("terraform/{}/main.tf", cluster.name));
    let text = path.ok().and_then(|path| opened.base.get(&path));
    let mut lines = text.into_iter().flat_map(|text| text.lines());
    lines.any(|line| {
        line.starts_with("resource ")
            || line.starts_with("module ") && !line.starts_with("module \"bootstrap\"")
    })
}
