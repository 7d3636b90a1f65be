//! Versions of Kubernetes' own kinds, and of those that charts bring, that are no longer served. Told as part of
//! `removed-api`.

use crate::check::finding::{Findings, Severity, Spot};
use crate::index::{Object, Repository};

/// Kinds of a version that went.
struct Went {
    api: &'static str,
    kinds: &'static [&'static str],
    /// The minor of Kubernetes 1 that no longer serves it.
    minor: u32,
    /// What to write, if there is anything in its stead.
    now: Option<&'static str>,
}

/// Kubernetes, "Deprecated API Migration Guide".
#[rustfmt::skip]
const WENT: [Went; 25] = [
    Went { api: "extensions/v1beta1", kinds: &["DaemonSet", "Deployment", "ReplicaSet"], minor: 16, now: Some("apps/v1") },
    Went { api: "extensions/v1beta1", kinds: &["NetworkPolicy"], minor: 16, now: Some("networking.k8s.io/v1") },
    Went { api: "extensions/v1beta1", kinds: &["Ingress"], minor: 22, now: Some("networking.k8s.io/v1") },
    Went { api: "apps/v1beta1", kinds: &["Deployment", "ReplicaSet", "StatefulSet"], minor: 16, now: Some("apps/v1") },
    Went { api: "apps/v1beta2", kinds: &["DaemonSet", "Deployment", "ReplicaSet", "StatefulSet"], minor: 16, now: Some("apps/v1") },
    Went { api: "admissionregistration.k8s.io/v1beta1", kinds: &["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"], minor: 22, now: Some("admissionregistration.k8s.io/v1") },
    Went { api: "apiextensions.k8s.io/v1beta1", kinds: &["CustomResourceDefinition"], minor: 22, now: Some("apiextensions.k8s.io/v1") },
    Went { api: "apiregistration.k8s.io/v1beta1", kinds: &["APIService"], minor: 22, now: Some("apiregistration.k8s.io/v1") },
    Went { api: "certificates.k8s.io/v1beta1", kinds: &["CertificateSigningRequest"], minor: 22, now: Some("certificates.k8s.io/v1") },
    Went { api: "coordination.k8s.io/v1beta1", kinds: &["Lease"], minor: 22, now: Some("coordination.k8s.io/v1") },
    Went { api: "networking.k8s.io/v1beta1", kinds: &["Ingress", "IngressClass"], minor: 22, now: Some("networking.k8s.io/v1") },
    Went { api: "rbac.authorization.k8s.io/v1beta1", kinds: &["ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"], minor: 22, now: Some("rbac.authorization.k8s.io/v1") },
    Went { api: "scheduling.k8s.io/v1beta1", kinds: &["PriorityClass"], minor: 22, now: Some("scheduling.k8s.io/v1") },
    Went { api: "storage.k8s.io/v1beta1", kinds: &["CSIDriver", "CSINode", "StorageClass", "VolumeAttachment"], minor: 22, now: Some("storage.k8s.io/v1") },
    Went { api: "storage.k8s.io/v1beta1", kinds: &["CSIStorageCapacity"], minor: 27, now: Some("storage.k8s.io/v1") },
    Went { api: "batch/v1beta1", kinds: &["CronJob"], minor: 25, now: Some("batch/v1") },
    Went { api: "discovery.k8s.io/v1beta1", kinds: &["EndpointSlice"], minor: 25, now: Some("discovery.k8s.io/v1") },
    Went { api: "autoscaling/v2beta1", kinds: &["HorizontalPodAutoscaler"], minor: 25, now: Some("autoscaling/v2") },
    Went { api: "autoscaling/v2beta2", kinds: &["HorizontalPodAutoscaler"], minor: 26, now: Some("autoscaling/v2") },
    Went { api: "policy/v1beta1", kinds: &["PodDisruptionBudget"], minor: 25, now: Some("policy/v1") },
    Went { api: "policy/v1beta1", kinds: &["PodSecurityPolicy"], minor: 25, now: None },
    Went { api: "node.k8s.io/v1beta1", kinds: &["RuntimeClass"], minor: 25, now: Some("node.k8s.io/v1") },
    Went { api: "flowcontrol.apiserver.k8s.io/v1beta1", kinds: &["FlowSchema", "PriorityLevelConfiguration"], minor: 26, now: Some("flowcontrol.apiserver.k8s.io/v1") },
    Went { api: "flowcontrol.apiserver.k8s.io/v1beta2", kinds: &["FlowSchema", "PriorityLevelConfiguration"], minor: 29, now: Some("flowcontrol.apiserver.k8s.io/v1") },
    Went { api: "flowcontrol.apiserver.k8s.io/v1beta3", kinds: &["FlowSchema", "PriorityLevelConfiguration"], minor: 32, now: Some("flowcontrol.apiserver.k8s.io/v1") },
];

/// Versions that the definitions of charts name and do not serve any more, and those that they serve (their releases of
/// August 2026): group, kinds, what went, what is.
#[rustfmt::skip]
const OF_CHARTS: [(&str, &[&str], &[&str], &str); 6] = [
    ("autoscaling.k8s.io", &["VerticalPodAutoscaler", "VerticalPodAutoscalerCheckpoint"], &["v1beta1", "v1beta2"], "v1"),
    ("external-secrets.io", &["ClusterExternalSecret", "ClusterSecretStore", "ExternalSecret", "SecretStore"], &["v1alpha1", "v1beta1"], "v1"),
    ("gateway.networking.k8s.io", &["TCPRoute", "TLSRoute", "UDPRoute"], &["v1alpha2", "v1alpha3"], "v1"),
    ("gateway.networking.k8s.io", &["BackendTLSPolicy"], &["v1alpha2", "v1alpha3"], "v1"),
    ("jetstream.nats.io", &["Consumer", "Stream"], &["v1beta1"], "v1beta2"),
    ("snapshot.storage.k8s.io", &["VolumeSnapshot", "VolumeSnapshotClass", "VolumeSnapshotContent"], &["v1alpha1", "v1beta1"], "v1"),
];

/// Tells of an object of such a version.
pub(super) fn look(object: &Object<'_>, repository: &Repository<'_>, findings: &mut Findings) {
    let Some(node) = object.node.get("apiVersion") else {
        return;
    };
    let (kind, api) = (object.kind, object.api);
    let went = WENT
        .iter()
        .find(|went| went.api == api && went.kinds.contains(&kind));
    if let Some(went) = went {
        let message = format!("{kind} {api} went with Kubernetes 1.{}", went.minor);
        let finding = findings.add(Spot::node(object.source, node), message);
        finding.severity(Severity::Warning);
        finding.because(format!("{api} {kind}"));
        finding.effect(format!(
            "the API server refuses it: no matches for kind \"{kind}\", and Flux applies nothing of its build"
        ));
        finding.hint(match went.now {
            Some(now) => format!("write {now}; see what its fields are called there"),
            None => "take it away: there is nothing in its stead".to_owned(),
        });
        return;
    }
    let of_chart = OF_CHARTS.iter().find(|(group, kinds, versions, _)| {
        *group == object.group() && kinds.contains(&kind) && versions.contains(&object.version())
    });
    let Some((group, _, _, now)) = of_chart else {
        return;
    };
    // Which chart a cluster has is not always to be seen; where others of the kind are written otherwise, it is a new one.
    let now = format!("{group}/{now}");
    let mut others = repository.objects.of_name(kind);
    let others = others.any(|other| other.api == now);
    let message = format!("{kind} {api} is not served any more by what brings it today");
    let finding = findings.add(Spot::node(object.source, node), message);
    finding.severity(if others {
        Severity::Warning
    } else {
        Severity::Hint
    });
    finding.because(format!("{api} {kind}"));
    finding.effect(format!(
        "with a release that serves {now} only, the API server refuses it: no matches for kind \"{kind}\""
    ));
    finding.hint(format!("write {now}; see what its fields are called there"));
}
