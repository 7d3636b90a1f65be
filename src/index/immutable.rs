//! Fields that Kubernetes does not let anybody change once an object is there (the validation of updates in
//! `pkg/apis/*/validation` of Kubernetes 1.36).

use serde_json::Value;

use crate::yaml::Node;

/// Fields by group and kind. One that an object does not state has a default, which is not compared.
const FIXED: [(&str, &str, &[&str]); 14] = [
    (
        "",
        "PersistentVolumeClaim",
        &[
            "spec.accessModes",
            "spec.selector",
            "spec.storageClassName",
            "spec.volumeMode",
            "spec.volumeName",
        ],
    ),
    ("", "Secret", &["type"]),
    (
        "apiextensions.k8s.io",
        "CustomResourceDefinition",
        &["spec.scope"],
    ),
    ("apps", "DaemonSet", &["spec.selector"]),
    ("apps", "Deployment", &["spec.selector"]),
    ("apps", "ReplicaSet", &["spec.selector"]),
    (
        "apps",
        "StatefulSet",
        &[
            "spec.podManagementPolicy",
            "spec.selector",
            "spec.serviceName",
            "spec.volumeClaimTemplates",
        ],
    ),
    (
        "batch",
        "Job",
        &["spec.completionMode", "spec.selector", "spec.template"],
    ),
    ("networking.k8s.io", "IngressClass", &["spec.controller"]),
    (
        "rbac.authorization.k8s.io",
        "ClusterRoleBinding",
        &["roleRef"],
    ),
    ("rbac.authorization.k8s.io", "RoleBinding", &["roleRef"]),
    (
        "scheduling.k8s.io",
        "PriorityClass",
        &["preemptionPolicy", "value"],
    ),
    (
        "storage.k8s.io",
        "CSIDriver",
        &["spec.attachRequired", "spec.volumeLifecycleModes"],
    ),
    (
        "storage.k8s.io",
        "StorageClass",
        &[
            "parameters",
            "provisioner",
            "reclaimPolicy",
            "volumeBindingMode",
        ],
    ),
];

/// What a `ConfigMap` or `Secret` with `immutable: true` says.
const CONTENT: [&str; 3] = ["data", "binaryData", "stringData"];

/// What an object says in fields that cannot be changed, by path. Nothing where variables stand, or of a Job that is
/// deleted once it is done.
pub(super) fn fixed(group: &str, kind: &str, node: &Node) -> Vec<(&'static str, Value)> {
    let of_kind = FIXED
        .iter()
        .find(|(of, own, _)| *of == group && *own == kind);
    let mut paths: Vec<&'static str> = of_kind
        .map(|(_, _, paths)| paths.to_vec())
        .unwrap_or_default();
    if node.get("immutable").and_then(Node::text) == Some("true") {
        paths.extend(CONTENT);
    }
    if kind == "Job" && node.at(&["spec", "ttlSecondsAfterFinished"]).is_some() {
        return Vec::new();
    }
    let stated = paths.into_iter().filter_map(|path| {
        let keys: Vec<&str> = path.split('.').collect();
        let mut value = node.at(&keys)?.to_value();
        plain(&mut value);
        let open = value.to_string().contains("${");
        (!open && !value.is_null()).then_some((path, value))
    });
    stated.collect()
}

/// Takes out what says the same whether it is written or not.
fn plain(value: &mut Value) {
    match value {
        Value::Object(map) => {
            for key in [
                "apiVersion",
                "apiGroup",
                "kind",
                "status",
                "creationTimestamp",
            ] {
                map.shift_remove(key);
            }
            map.retain(|key, value| !(key == "volumeMode" && value == "Filesystem"));
            map.values_mut().for_each(plain);
            map.sort_keys();
        }
        Value::Array(items) => items.iter_mut().for_each(plain),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Source;
    use crate::yaml::parse_foreign;

    fn of(group: &str, kind: &str, text: &str) -> Vec<(&'static str, Value)> {
        let nodes = parse_foreign(&Source::new("x.yaml", text)).unwrap();
        fixed(group, kind, &nodes[0])
    }

    #[test]
    fn what_says_the_same_is_the_same() {
        let claims = |spec: &str| {
            let text = format!(
                "spec: {{volumeClaimTemplates: [{{metadata: {{name: a}}, spec: {spec}}}]}}"
            );
            of("apps", "StatefulSet", &text)
        };
        assert_eq!(
            claims("{volumeMode: Filesystem, accessModes: [A]}"),
            claims("{accessModes: [A]}")
        );
        assert_ne!(claims("{accessModes: [B]}"), claims("{accessModes: [A]}"));
        assert_eq!(of("", "ConfigMap", "data: {a: b}"), []);
        assert_eq!(
            of("", "ConfigMap", "{immutable: true, data: {a: b}}").len(),
            1
        );
        assert_eq!(of("apps", "Deployment", "spec: {selector: \"${a}\"}"), []);
    }
}
