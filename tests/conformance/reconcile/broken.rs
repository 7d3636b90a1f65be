//! What is wrong is found: the same questions, asked of a cluster on which each of them has a reason to say no.

use serde_json::json;

use super::Up;
use crate::kit::tools::cluster_tools;
use crate::support::{self, need};

const CASE: &str = "tests/golden/existing-k3s/out";
const CLUSTER: &str = "edge";

#[track_caller]
fn says(findings: &[String], words: &[&str]) {
    let found = findings
        .iter()
        .any(|finding| words.iter().all(|word| finding.contains(word)));
    assert!(found, "nothing of {words:?} in {findings:#?}");
}

#[test]
fn what_is_wrong_is_found() {
    let tools = cluster_tools!();
    let shared = need!("../shared", support::shared(""));
    let tree = support::package().join(CASE);
    let up = Up::bring_changed(tools, &shared, &tree, CLUSTER, |tree| {
        // Flux is not told to wait.
        support::edit(
            tree,
            "clusters/edge/apps/external-dns.yaml",
            "  dependsOn:\n    - name: cilium\n    - name: gateway-api\n",
            "",
        );
        // The ConfigMap of the values is not watched.
        support::edit(
            tree,
            "apps/grafana/kustomization.yaml",
            "reconcile.fluxcd.io/watch: Enabled",
            "reconcile.fluxcd.io/watch: Disabled",
        );
    });
    let findings = up.order_respects_every_edge();
    says(
        &findings,
        &[
            "/external-dns, from clusters/edge/apps/external-dns.yaml:",
            "before cilium",
        ],
    );
    let findings = up.objects_are_those_of_the_tree();
    says(&findings, &["/external-dns", "/spec/dependsOn is null"]);

    // By hand: one object too much, one too few, one changed.
    let api = up.cluster.api();
    up.cluster.apply(&[json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "left-behind", "namespace": "grafana"},
        "data": {"key": "value"},
    })]);
    api.delete(&up.cluster.all("clusterissuers")[0]).unwrap();
    let namespace = up.cluster.get("namespace/grafana", None);
    let label = json!({"metadata": {"labels": {"by": "hand"}}});
    api.merge(&namespace, "", &label).unwrap();
    let findings = up.objects_are_those_of_the_tree();
    says(
        &findings,
        &[
            "ConfigMap grafana/left-behind",
            "by suite",
            "not in the tree",
        ],
    );
    says(&findings, &["ClusterIssuer", "is not on the cluster"]);
    says(&findings, &["Namespace grafana", "suite wrote to it"]);

    // Flux makes it again.
    let findings = up.a_further_look_changes_nothing();
    says(&findings, &["ClusterIssuer", "moved"]);

    let findings = up.a_pushed_value_arrives_at_once();
    says(
        &findings,
        &["apps/grafana/values.yaml", "not in the release"],
    );

    // The files say it, and the release has not got it.
    let findings = up.releases_have_the_values_of_their_files();
    says(&findings, &["apps/grafana/helmrelease.yaml", "just now"]);
}
