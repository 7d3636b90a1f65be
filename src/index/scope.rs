//! Which kinds live in a namespace.

/// Kinds without a namespace that come with Kubernetes (API reference 1.36), or with what most platforms have.
const CLUSTER_SCOPED: [&str; 32] = [
    "APIService",
    "CSIDriver",
    "CSINode",
    "CertificateSigningRequest",
    "CiliumClusterwideNetworkPolicy",
    "ClusterExternalSecret",
    "ClusterIssuer",
    "ClusterPolicy",
    "ClusterRole",
    "ClusterRoleBinding",
    "ClusterSecretStore",
    "CustomResourceDefinition",
    "EC2NodeClass",
    "FlowSchema",
    "GatewayClass",
    "IngressClass",
    "MutatingAdmissionPolicy",
    "MutatingAdmissionPolicyBinding",
    "MutatingWebhookConfiguration",
    "Namespace",
    "Node",
    "NodeClass",
    "NodePool",
    "PersistentVolume",
    "PriorityClass",
    "PriorityLevelConfiguration",
    "RuntimeClass",
    "StorageClass",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
    "ValidatingWebhookConfiguration",
    "VolumeSnapshotClass",
];

/// Whether objects of a kind are known to have no namespace.
pub fn is_cluster_scoped(kind: &str) -> bool {
    CLUSTER_SCOPED.binary_search(&kind).is_ok()
}

/// Kinds that live in a namespace, by group: those of Kubernetes (API reference 1.36), of Flux and its operator, and
/// of what most platforms have (the scope in their CRDs).
const NAMESPACED: [(&str, &[&str]); 16] = [
    (
        "",
        &[
            "ConfigMap",
            "Endpoints",
            "LimitRange",
            "PersistentVolumeClaim",
            "Pod",
            "ReplicationController",
            "ResourceQuota",
            "Secret",
            "Service",
            "ServiceAccount",
        ],
    ),
    (
        "apps",
        &["DaemonSet", "Deployment", "ReplicaSet", "StatefulSet"],
    ),
    ("autoscaling", &["HorizontalPodAutoscaler"]),
    ("batch", &["CronJob", "Job"]),
    ("cert-manager.io", &["Certificate", "Issuer"]),
    ("coordination.k8s.io", &["Lease"]),
    ("discovery.k8s.io", &["EndpointSlice"]),
    ("external-secrets.io", &["ExternalSecret", "SecretStore"]),
    (
        "fluxcd.controlplane.io",
        &["FluxInstance", "ResourceSet", "ResourceSetInputProvider"],
    ),
    (
        "gateway.networking.k8s.io",
        &["Gateway", "GRPCRoute", "HTTPRoute", "TLSRoute"],
    ),
    ("helm.toolkit.fluxcd.io", &["HelmRelease"]),
    (
        "monitoring.coreos.com",
        &["PodMonitor", "PrometheusRule", "ServiceMonitor"],
    ),
    ("networking.k8s.io", &["Ingress", "NetworkPolicy"]),
    ("policy", &["PodDisruptionBudget"]),
    ("rbac.authorization.k8s.io", &["Role", "RoleBinding"]),
    ("source.extensions.fluxcd.io", &["ArtifactGenerator"]),
];

/// Groups of Flux of which every kind lives in a namespace.
const WHOLE: [&str; 4] = [
    "image.toolkit.fluxcd.io",
    "kustomize.toolkit.fluxcd.io",
    "notification.toolkit.fluxcd.io",
    "source.toolkit.fluxcd.io",
];

/// Whether objects of a kind are known to live in a namespace.
pub fn lives_in_namespace(group: &str, kind: &str) -> bool {
    let of_group = NAMESPACED.iter().find(|(own, _)| *own == group);
    WHOLE.contains(&group) || of_group.is_some_and(|(_, kinds)| kinds.contains(&kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_can_be_searched() {
        assert!(CLUSTER_SCOPED.is_sorted());
        assert!(is_cluster_scoped("Namespace") && !is_cluster_scoped("Secret"));
        assert!(lives_in_namespace("", "Secret") && !lives_in_namespace("acme.dev", "Secret"));
    }
}
