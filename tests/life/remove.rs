//! `remove`: components, in one step or two, and clusters.

use crate::platform::{Life, assert_says, assert_valid, parsed};
use crate::sandbox::{assert_same, stderr};

#[test]
fn it_is_refused_while_something_needs_it() {
    let life = Life::new();
    let said = life.refused(2, &["remove", "cilium"]);
    assert_says(
        &said,
        &[
            "error: cert-manager on staging needs cni",
            "--> clusters/staging/apps/cert-manager.yaml:8:13",
            "--> clusters/staging/apps/loki.yaml:8:13",
            "remove cert-manager first, or both at once",
        ],
    );
    let said = life.refused(2, &["remove", "flux-operator"]);
    assert_says(&said, &["flux-operator belongs to every cluster"]);
    let said = life.refused(2, &["remove", "reloadr"]);
    assert_says(&said, &["`reloadr` is not on the platform acme"]);
    // What the catalogue has and the platform has not is removed already.
    let before = life.sandbox.commits("acme");
    let gone = life.run(&["remove", "reloader"]).success();
    gone.stderr(predicates::str::contains("reloader is not on the platform"));
    assert_eq!(life.sandbox.commits("acme"), before);
    let said = life.refused(2, &["remove", "grafana", "--on", "us"]);
    assert_says(&said, &["there is no cluster `us`", "prod-us"]);
    life.write(
        "clusters/prod/apps/mine.yaml",
        "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata:\n  name: mine\n  \
         namespace: flux-system\nspec:\n  path: ./apps/mine\n  dependsOn:\n    - name: cert-manager-issuers\n",
    );
    life.commit();
    let said = life.refused(2, &["remove", "cert-manager", "--on", "prod"]);
    assert_says(
        &said,
        &[
            "mine on prod waits for cert-manager",
            "--> clusters/prod/apps/mine.yaml:9:13",
        ],
    );
    // Elsewhere nobody of theirs waits for it.
    life.does(&["remove", "cert-manager", "--on", "staging"]);
    life.has_nothing_to_do(&["remove", "loki", "--on", "prod"]);
}

#[test]
fn parts_go_first_and_it_goes_when_told_to() {
    let life = Life::new();
    let before = life.files();
    let said = life.does(&["remove", "cert-manager", "--on", "staging"]);
    assert_says(
        &said,
        &[
            "\"Prepare the removal of cert-manager\"",
            "Flux deletes on staging what cert-manager-issuers applied",
            "see that staging has caught up",
            "wait --for=delete kustomizations.kustomize.toolkit.fluxcd.io/cert-manager-issuers",
            "ClusterIssuer.v1.cert-manager.io",
            "--selector kustomize.toolkit.fluxcd.io/name=cert-manager-issuers",
            "landform remove cert-manager --on staging --continue",
        ],
    );
    assert!(!life.has("clusters/staging/apps/cert-manager-issuers.yaml"));
    assert!(life.has("clusters/prod/apps/cert-manager-issuers.yaml"));
    assert_eq!(
        life.clusters("cert-manager"),
        ["prod", "prod-us", "staging"]
    );
    life.is_as_written();
    let waiting = life.files();
    // The same again is no second step; elsewhere nothing has begun.
    let said = life.refused(2, &["remove", "cert-manager", "--on", "staging"]);
    assert_says(
        &said,
        &[
            "the first step of removing cert-manager is done already",
            "landform remove cert-manager --on staging --continue",
            "landform add cert-manager --on staging",
        ],
    );
    let said = life.refused(2, &["remove", "cert-manager", "--on", "prod", "--continue"]);
    assert_says(&said, &["no removal of cert-manager has begun there"]);
    let listed = life.run(&["list"]).success();
    listed.stdout(predicates::str::contains("removing"));
    // Other commands go on meanwhile.
    life.does(&["add", "reloader"]);
    life.does(&["pin", "cert-manager", "--on", "staging"]);
    life.does(&["unpin", "cert-manager", "--on", "staging"]);
    life.does(&["remove", "reloader"]);
    life.has_nothing_to_do(&["update"]);
    life.does(&["rename", "cert-manager", "certs"]);
    let said = life.refused(2, &["remove", "certs", "--on", "staging"]);
    assert_says(&said, &["done already"]);
    life.does(&["rename", "certs", "cert-manager"]);
    assert_same(&waiting, &life.files());
    // Kept after all.
    let said = life.does(&["add", "cert-manager", "--on", "staging"]);
    assert_says(&said, &["\"Keep cert-manager on staging\""]);
    assert!(!said.contains("already"), "{said}");
    assert_same(&before, &life.files());
    // And away.
    life.does(&["remove", "cert-manager", "--on", "staging"]);
    let said = life.does(&["remove", "cert-manager", "--on", "staging", "--continue"]);
    assert_says(
        &said,
        &[
            "Flux uninstalls the Helm release cert-manager in cert-manager on staging",
            "lost: the renewal of certificates",
            "stays: the CRDs",
        ],
    );
    assert_eq!(life.clusters("cert-manager"), ["prod", "prod-us"]);
    life.is_as_written();
    life.has_nothing_to_do(&["remove", "cert-manager", "--on", "staging", "--continue"]);
    life.does(&["add", "cert-manager", "--on", "staging"]);
    assert_same(&before, &life.files());
}

#[test]
fn a_part_step_on_one_cluster_and_then_all() {
    let life = Life::new();
    life.does(&["remove", "cert-manager", "--on", "prod"]);
    life.does(&["remove", "cert-manager"]);
    assert!(!life.has("clusters/prod-us/apps/cert-manager-issuers.yaml"));
    life.does(&["remove", "cert-manager", "--continue"]);
    assert!(!life.has("apps/cert-manager"));
    assert!(!life.has(".landform/components/cert-manager.yaml"));
    life.is_as_written();
}

#[test]
fn infrastructure_goes_in_two_steps_or_now() {
    let life = Life::new();
    life.does(&["add", "gateway-api"]);
    let with = life.files();
    let said = life.does(&["remove", "gateway-api", "--on", "prod"]);
    assert_says(
        &said,
        &["this commit only takes away what keeps Flux from deleting it on prod"],
    );
    // The other clusters keep the guard.
    for (cluster, guarded) in [("prod", false), ("staging", true)] {
        let flux = life.read(&format!(
            "clusters/{cluster}/infrastructure/gateway-api.yaml"
        ));
        assert_eq!(flux.contains("deletionPolicy: Orphan"), guarded, "{flux}");
    }
    life.does(&["remove", "gateway-api", "--on", "prod", "--continue"]);
    assert_eq!(life.clusters("gateway-api"), ["prod-us", "staging"]);
    life.is_as_written();
    life.does(&["add", "gateway-api", "--on", "prod"]);
    assert_same(&with, &life.files());
    let said = life.does(&["remove", "gateway-api", "--on", "prod", "--now"]);
    assert_says(
        &said,
        &["it goes on running there, and nobody looks after it"],
    );
    life.is_as_written();
}

#[test]
fn edited_files_are_told_and_own_files_stay() {
    let life = Life::new();
    life.edit("apps/loki/values.yaml", "\n", "\n# mine\n");
    life.write(
        "apps/loki/own.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: own}\n",
    );
    life.commit();
    let said = life.does(&["remove", "loki"]);
    assert_says(
        &said,
        &[
            "your edits go with the files: apps/loki/values.yaml (Git keeps them)",
            "your own files stay, and nothing reads them any more: apps/loki/own.yaml",
        ],
    );
    let left = life.files();
    let left: Vec<&String> = left.keys().filter(|path| path.contains("loki")).collect();
    assert_eq!(left, ["apps/loki/own.yaml"]);
    life.is_as_written();
}

#[test]
fn what_is_gone_by_hand_goes_from_the_record() {
    let life = Life::new();
    life.delete(&[
        "apps/loki",
        "clusters/staging/apps/loki",
        "clusters/staging/apps/loki.yaml",
    ]);
    life.edit(
        "clusters/staging/apps/kustomization.yaml",
        "  - loki.yaml\n",
        "",
    );
    life.commit();
    let said = life.does(&["remove", "loki"]);
    assert_says(&said, &["loki is on no cluster: only its files go"]);
    let left = life.files();
    assert!(
        !left.keys().any(|path| path.contains("loki")),
        "{:?}",
        left.keys()
    );
}

#[test]
fn a_cluster_goes_when_it_is_destroyed() {
    let life = Life::new();
    let before = life.everything();
    let assert = life.run(&["remove", "cluster", "prod", "--yes"]).code(2);
    assert_says(
        &stderr(&assert),
        &[
            "nothing was written: prod may still be running",
            "landform remove cluster prod --destroyed",
        ],
    );
    let said = crate::sandbox::stdout(&assert);
    // Nobody has made this one with Terraform.
    assert!(!said.contains("terraform/prod destroy"), "{said}");
    let runbook = [
        "kubectl config use-context prod",
        "scale deployment",
        "delete each Service that is listed",
        "type=LoadBalancer",
        "delete it as it was made",
        "landform remove cluster prod --destroyed",
    ];
    let at: Vec<usize> = runbook
        .iter()
        .map(|words| said.find(words).unwrap())
        .collect();
    assert!(at.is_sorted(), "{said}");
    let assert = life
        .run(&["remove", "cluster", "staging", "--json"])
        .code(2);
    let runbook = parsed(&assert);
    assert_valid(&life.sandbox, "runbook", &runbook);
    assert_eq!(runbook["cluster"], "staging");
    let steps = runbook["steps"].as_array().unwrap().iter();
    let commands = steps.flat_map(|step| step["commands"].as_array().unwrap());
    let commands: Vec<&str> = commands.map(|c| c.as_str().unwrap()).collect();
    for command in [
        "export KUBECONFIG=\"$PWD/terraform/staging/kubeconfig\"",
        "terraform -chdir=terraform/staging destroy",
        "landform remove cluster staging --destroyed",
    ] {
        assert!(commands.contains(&command), "{command}: {commands:?}");
    }
    assert_same(&before, &life.everything());

    life.edit("clusters/prod/apps/grafana/values.yaml", "\n", "\n# mine\n");
    life.write("terraform/prod/.terraform.lock.hcl", "# lock\n");
    life.commit();
    let said = life.does(&["remove", "cluster", "prod", "--destroyed"]);
    assert_says(
        &said,
        &["clusters/prod/apps/grafana/values.yaml (Git keeps them)"],
    );
    assert!(!life.has("clusters/prod") && !life.has(".landform/clusters/prod"));
    // The one whose name begins alike is as it was.
    assert!(
        life.has("clusters/prod-us/apps/grafana.yaml") && life.has("terraform/prod-us/main.tf")
    );
    assert_eq!(life.clusters("grafana"), ["prod-us", "staging"]);
    assert!(!life.read("README.md").contains("terraform/prod "));
    life.is_as_written();
    // A second time there is nothing to do; a name that never was is a slip.
    let said = life.has_nothing_to_do(&["remove", "cluster", "prod", "--destroyed"]);
    assert_says(&said, &["prod is no cluster of the platform acme any more"]);
    let said = life.refused(2, &["remove", "cluster", "prod-su", "--destroyed"]);
    assert_says(
        &said,
        &["there is no cluster `prod-su`", "did you mean `prod-us`?"],
    );

    // With the last one that has it goes what only that one had.
    let said = life.does(&["remove", "cluster", "prod-us", "--destroyed"]);
    assert_says(&said, &["no other cluster has external-dns"]);
    assert!(!life.has("apps/external-dns") && !life.has(".sops.yaml"));
    let said = life.refused(2, &["remove", "cluster", "staging", "--destroyed"]);
    assert_says(&said, &["staging is the last cluster"]);
    life.is_as_written();
}

#[test]
fn a_cluster_that_was_deleted_by_hand_is_forgotten() {
    let life = Life::new();
    life.delete(&["clusters/prod", "terraform/prod"]);
    life.commit();
    assert_eq!(life.clusters("grafana"), ["prod-us", "staging"]);
    life.does(&["remove", "cluster", "prod", "--destroyed"]);
    assert!(!life.has(".landform/clusters/prod"));
    life.does(&[
        "add",
        "cluster",
        "prod",
        "--like",
        "prod-us",
        "--set",
        "context=prod",
        "--set",
        "domain=p.acme.io",
    ]);
    assert_eq!(life.clusters("grafana"), ["prod", "prod-us", "staging"]);
    life.is_as_written();
}

/// A Flux Kustomization of the user's own that bears a component's name, on a cluster that has not the component.
#[test]
fn what_only_bears_the_name_stays() {
    let life = Life::new();
    life.does(&["add", "reloader", "--on", "staging"]);
    life.write(
        "clusters/prod/apps/mine.yaml",
        "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata:\n  name: reloader\n  \
         namespace: flux-system\nspec:\n  path: ./apps/mine\n",
    );
    life.write("apps/mine/kustomization.yaml", "resources: []\n");
    life.commit();
    assert_eq!(life.clusters("reloader"), ["staging"]);
    life.does(&["remove", "reloader"]);
    assert!(life.has("clusters/prod/apps/mine.yaml"));
    assert!(life.has("apps/mine/kustomization.yaml"));
}

#[test]
fn nothing_is_written_for_a_cluster_that_is_gone() {
    let life = Life::new();
    life.delete(&["clusters/prod", "terraform/prod"]);
    life.commit();
    let said = life.refused(2, &["add", "reloader", "--on", "prod"]);
    assert_says(
        &said,
        &[
            "clusters/prod/ is gone",
            "landform remove cluster prod --destroyed",
        ],
    );
    life.does(&["add", "reloader"]);
    assert!(!life.has("clusters/prod"));
    assert!(life.has("clusters/staging/apps/reloader.yaml"));
}

#[test]
fn an_overlay_that_nothing_applies_is_told() {
    let life = Life::new();
    life.delete(&["clusters/staging/apps/grafana.yaml"]);
    life.edit(
        "clusters/staging/apps/kustomization.yaml",
        "  - grafana.yaml\n",
        "",
    );
    life.commit();
    let said = life.does(&["remove", "grafana"]);
    assert_says(
        &said,
        &["nothing applies it: clusters/staging/apps/grafana"],
    );
    assert!(life.has("clusters/staging/apps/grafana/kustomization.yaml"));
}
