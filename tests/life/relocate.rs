//! `move` and `rename`.

use crate::platform::{Life, assert_says};
use crate::sandbox::assert_same;

#[test]
fn there_and_back_is_as_before() {
    let life = Life::new();
    let before = life.files();
    for name in ["cert-manager", "external-dns"] {
        let said = life.does(&["move", name, "--to", "infrastructure"]);
        assert_says(
            &said,
            &[
                &format!("nothing of {name} is deleted or restarted"),
                &format!("from now on Flux does not delete {name}"),
                "on a new cluster Flux installs it too",
            ],
        );
        life.is_as_written();
        assert!(!life.has(&format!("apps/{name}")));
        assert_says(
            &life.read("clusters/prod/infrastructure/kustomization.yaml"),
            &[&format!("  - {name}.yaml\n")],
        );
        life.has_nothing_to_do(&["move", name, "--to", "infrastructure"]);
        assert_eq!(
            life.clusters(name).first().map(String::as_str),
            Some("prod")
        );
        let said = life.does(&["move", name, "--to", "apps"]);
        assert_says(&said, &[&format!("what kept Flux from deleting {name}")]);
        assert_same(&before, &life.files());
    }
    life.has_nothing_to_do(&["move", "grafana", "--to", "apps"]);
}

#[test]
fn what_flux_itself_needs_stays_and_so_does_the_order() {
    let life = Life::new();
    let said = life.refused(2, &["move", "cilium", "--to", "apps"]);
    assert_says(&said, &["cilium is the network of the pods"]);
    let said = life.refused(2, &["move", "flux-operator", "--to", "apps"]);
    assert_says(&said, &["flux-operator brings Flux itself"]);
    let said = life.refused(2, &["move", "reloader", "--to", "apps"]);
    assert_says(&said, &["`reloader` is not on the platform acme"]);
    life.refused(2, &["move", "grafana", "--to", "app"]);
    life.does(&["add", "envoy-gateway", "--with-needs", "--on", "prod"]);
    life.does(&["move", "envoy-gateway", "--to", "infrastructure"]);
    let said = life.refused(2, &["move", "gateway-api", "--to", "apps"]);
    assert_says(
        &said,
        &[
            "gateway-api cannot move: on prod",
            "`envoy-gateway` waits for the app `gateway-api`",
        ],
    );
}

#[test]
fn a_new_name_is_for_folders_alone() {
    let life = Life::new();
    let before = life.files();
    life.does(&["pin", "grafana", "12.0.0", "--on", "prod"]);
    let said = life.does(&["rename", "app", "grafana", "dash"]);
    assert_says(
        &said,
        &["everything keeps the name grafana", "grafana stays taken"],
    );
    // Its Secrets are no newer than before.
    assert!(!said.contains("secrets still missing"), "{said}");
    for (path, words) in [
        ("clusters/prod/apps/dash.yaml", "  name: grafana\n"),
        (
            "clusters/prod/apps/dash.yaml",
            "path: ./clusters/prod/apps/dash\n",
        ),
        ("apps/dash/helmrelease.yaml", "releaseName: grafana"),
        ("apps/dash/namespace.yaml", "name: grafana"),
        ("clusters/prod/apps/dash/version.yaml", "tag: \"12.0.0\""),
        (".landform/components/dash.yaml", "object: grafana"),
    ] {
        assert_says(&life.read(path), &[words]);
    }
    assert!(!life.has("apps/grafana") && !life.has("clusters/staging/apps/grafana"));
    life.is_as_written();
    assert_eq!(life.on("dash")[0], "prod 12.0.0 pinned");
    // Every command goes by the new name.
    let said = life.refused(2, &["add", "grafana"]);
    assert_says(&said, &["it is on the platform under the name dash"]);
    let shown = life.json(&["show", "dash", "--json"]);
    assert_eq!(shown["namespace"], "grafana");
    life.run(&["values", "dash", "--on", "prod"]).success();
    life.run(&["diff", "dash"]).success();
    life.does(&["rename", "dash", "dash-2"]);
    life.does(&["unpin", "dash-2", "--on", "prod"]);
    life.does(&["set", "prod:dash-2.admin=secret"]);
    life.does(&["set", "prod:dash-2.admin="]);
    life.does(&["remove", "dash-2", "--on", "staging"]);
    life.does(&["add", "dash-2", "--on", "staging"]);
    life.has_nothing_to_do(&["update", "dash-2"]);
    life.does(&["rename", "dash-2", "grafana"]);
    assert_same(&before, &life.files());
}

#[test]
fn names_that_are_taken_or_none() {
    let life = Life::new();
    life.write(
        "clusters/prod/apps/mine.yaml",
        "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata:\n  name: podinfo\n  \
         namespace: flux-system\nspec:\n  path: ./apps/mine\n",
    );
    life.commit();
    for (new, why) in [
        ("loki", "`loki` is taken by the component loki"),
        (
            "cert-manager-issuers",
            "`cert-manager-issuers` is taken by the component cert-manager",
        ),
        ("gateway", "`gateway` is the name of an ability"),
        ("argo-cd", "`argo-cd` is another component of the catalogue"),
        ("main", "`main` is taken by the platform's own files"),
        ("yes", "`yes` means something else in YAML"),
        ("Dash", "starts with a lower-case letter"),
        ("podinfo", "in clusters/prod/apps/mine.yaml"),
    ] {
        let said = life.refused(2, &["rename", "grafana", new]);
        assert_says(&said, &[why]);
    }
    let said = life.refused(2, &["rename", "infrastructure", "grafana", "dash"]);
    assert_says(&said, &["grafana belongs to apps"]);
    let said = life.refused(2, &["rename", "grafana", "dash", "--objects"]);
    assert_says(
        &said,
        &[
            "cannot be renamed without loss",
            "the old one would be uninstalled",
        ],
    );
    life.has_nothing_to_do(&["rename", "grafana", "grafana"]);
    life.does(&["rename", "grafana", "dash"]);
    let said = life.refused(2, &["rename", "loki", "grafana"]);
    assert_says(&said, &["`grafana` is taken by the component dash"]);
    for arguments in [&["rename", "grafana", "x"][..], &["remove", "grafana"]] {
        let said = life.refused(2, arguments);
        assert_says(&said, &["it is here under the name dash"]);
    }
}

#[test]
fn edits_and_own_files_come_along() {
    let life = Life::new();
    life.edit("apps/grafana/values.yaml", "\n", "\n# mine\n");
    life.edit(
        "apps/grafana/kustomization.yaml",
        "resources:\n",
        "resources:\n  - own.yaml # ours\n",
    );
    life.write(
        "apps/grafana/own.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: own}\n",
    );
    life.write("clusters/prod/apps/grafana/notes.txt", "x\n");
    life.commit();
    let before = life.files();
    life.does(&["rename", "grafana", "dash"]);
    assert!(life.has("apps/dash/own.yaml") && life.has("clusters/prod/apps/dash/notes.txt"));
    assert_says(
        &life.read("apps/dash/kustomization.yaml"),
        &["  - own.yaml # ours\n"],
    );
    life.does(&["move", "dash", "--to", "infrastructure"]);
    assert_eq!(
        life.edited(),
        [
            "edited infrastructure/dash/kustomization.yaml",
            "edited infrastructure/dash/values.yaml"
        ]
    );
    life.does(&["move", "dash", "--to", "apps"]);
    life.does(&["rename", "dash", "grafana"]);
    assert_same(&before, &life.files());
}

#[test]
fn a_folder_that_the_user_moved_is_followed() {
    let life = Life::new();
    std::fs::create_dir(life.path("monitoring")).unwrap();
    life.git(&["mv", "apps/grafana", "monitoring/graf"]);
    for cluster in ["prod", "prod-us", "staging"] {
        life.edit(
            &format!("clusters/{cluster}/apps/grafana/kustomization.yaml"),
            "../apps/grafana",
            "../monitoring/graf",
        );
    }
    life.commit();
    let before = life.files();
    life.is_as_written();
    life.does(&["pin", "grafana", "--on", "prod"]);
    life.does(&["unpin", "grafana", "--on", "prod"]);
    life.does(&["set", "prod:grafana.admin=secret"]);
    life.does(&["set", "prod:grafana.admin="]);
    life.does(&["remove", "grafana", "--on", "staging"]);
    life.does(&["add", "grafana", "--on", "staging"]);
    assert_same(&before, &life.files());
    life.does(&["rename", "grafana", "dash"]);
    assert!(life.has("apps/dash/values.yaml") && !life.has("monitoring"));
    life.is_as_written();
    life.does(&["remove", "dash"]);
    assert!(!life.has("apps/dash"));
}

/// A folder of the user's own that lays something over a component, and what applies it.
fn own_overlay(life: &Life) {
    life.write(
        "clusters/prod/mine/kustomization.yaml",
        "# mine\nresources:\n  - ../../../apps/external-dns\n  - \"../apps/external-dns/\" # quoted\n",
    );
    life.write(
        "clusters/prod/apps/own.yaml",
        "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata:\n  name: own\n  \
         namespace: flux-system\nspec:\n  interval: 1h\n  path: ./clusters/prod/mine\n  prune: true\n  \
         sourceRef: {kind: GitRepository, name: flux-system}\n",
    );
    life.edit(
        "clusters/prod/apps/kustomization.yaml",
        "  - grafana.yaml\n",
        "  - grafana.yaml\n  - own.yaml\n",
    );
    life.commit();
}

#[test]
fn references_of_ones_own_follow() {
    let life = Life::new();
    own_overlay(&life);
    let before = life.files();
    let said = life.does(&["rename", "external-dns", "dns"]);
    assert_says(
        &said,
        &["your own references follow to the new place: clusters/prod/mine/kustomization.yaml"],
    );
    assert_eq!(
        life.read("clusters/prod/mine/kustomization.yaml"),
        "# mine\nresources:\n  - ../../../apps/dns\n  - \"../apps/dns/\" # quoted\n"
    );
    life.does(&["move", "dns", "--to", "infrastructure"]);
    assert_says(
        &life.read("clusters/prod/mine/kustomization.yaml"),
        &[
            "../../../infrastructure/dns\n",
            "\"../infrastructure/dns/\"",
        ],
    );
    life.does(&["move", "dns", "--to", "apps"]);
    life.does(&["rename", "dns", "external-dns"]);
    assert_same(&before, &life.files());
}

#[test]
fn what_is_still_used_is_not_removed() {
    let life = Life::new();
    own_overlay(&life);
    let said = life.refused(2, &["remove", "external-dns"]);
    assert_says(
        &said,
        &[
            "clusters/prod/mine/kustomization.yaml:3:5",
            "clusters/prod/mine/kustomization.yaml:4:5",
            "this still uses apps/external-dns, which would go",
            "this still uses clusters/prod/apps/external-dns, which would go",
            "take that line away first",
        ],
    );
    life.write("clusters/prod/mine/kustomization.yaml", "resources: []\n");
    life.commit();
    life.does(&["remove", "external-dns"]);
}

/// A component of manifests, on two of the three clusters.
fn shop(life: &Life) {
    life.sandbox.write(
        "shop/all.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n  namespace: shop\n",
    );
    let add = ["add", "app", "shop", "--manifests", "../shop"];
    life.does(&[&add[..], &["--on", "prod,staging"]].concat());
}

/// What of the platform's files is not the record.
fn tree(life: &Life) -> crate::platform::Files {
    let mut files = life.files();
    files.retain(|path, _| !path.starts_with(".landform/"));
    files
}

const RENAME: [&str; 4] = ["rename", "shop", "store", "--objects"];
const GO_ON: [&str; 5] = ["rename", "shop", "store", "--objects", "--continue"];

#[test]
fn objects_get_another_name_in_two_steps() {
    let life = Life::new();
    shop(&life);
    let chart = ["--chart", "oci://ghcr.io/acme/web", "--version", "1.0.0"];
    let needs = ["--needs", "shop", "--on", "prod"];
    life.does(&[&["add", "app", "web"][..], &chart, &needs].concat());
    life.edit(
        "apps/shop/configmap-a.yaml",
        "name: a\n",
        "name: a # ours\n",
    );
    life.commit();
    let before = life.files();
    let said = life.refused(2, &GO_ON);
    assert_says(&said, &["is not done on every cluster"]);
    let said = life.refused(2, &["rename", "shop", "store", "--continue"]);
    assert_says(&said, &["--objects"]);
    let said = life.does(&RENAME);
    assert_says(
        &said,
        &[
            "\"Prepare the renaming of shop to store\"",
            "only keeps Flux from deleting anything of shop on prod, staging",
            "take no object out of shop",
            "kubectl -n flux-system get kustomizations.kustomize.toolkit.fluxcd.io shop -o jsonpath='{.spec.prune}'",
            "landform rename shop store --objects --continue",
        ],
    );
    for cluster in ["prod", "staging"] {
        let file = life.read(&format!("clusters/{cluster}/apps/shop.yaml"));
        assert_says(&file, &["  name: shop\n", "  prune: false\n"]);
    }
    assert_says(&life.read("clusters/prod/apps/web.yaml"), &["prune: true"]);
    assert_eq!(
        life.git(&["diff", "--name-only", "HEAD~"]).lines().count(),
        3
    );
    assert_eq!(life.edited(), ["edited apps/shop/configmap-a.yaml"]);
    let listed = life.json(&["list", "--json"]);
    assert!(listed.to_string().contains("\"renaming\":true"));
    life.run(&["list"])
        .success()
        .stdout(predicates::str::contains("yes renaming"));
    // Once more is no second step, and nothing else that counts on Flux deleting is done meanwhile.
    let said = life.refused(2, &RENAME);
    assert_says(
        &said,
        &["is done already", "landform add shop --on prod,staging"],
    );
    let said = life.refused(2, &["remove", "shop"]);
    assert_says(&said, &["until that is done Flux deletes nothing of it"]);
    life.refused(2, &["remove", "shop", "--now"]);
    // It can be taken back, whole.
    let said = life.does(&["add", "shop", "--on", "prod,staging"]);
    assert_says(&said, &["Keep the name of shop on prod, staging"]);
    assert_same(&before, &life.files());
    life.does(&RENAME);
    let said = life.does(&GO_ON);
    assert_says(
        &said,
        &[
            "\"Rename shop to store\"",
            "and nothing of what it applied: store takes that over",
            "where `prune` of shop is still true, everything is deleted",
            "wait --for=delete kustomizations.kustomize.toolkit.fluxcd.io/shop",
        ],
    );
    assert!(!life.has("apps/shop") && !life.has("clusters/prod/apps/shop.yaml"));
    assert!(!life.has(".landform/catalog/apps/shop"));
    assert_says(
        &life.read("clusters/prod/apps/store.yaml"),
        &[
            "  name: store\n",
            "  path: ./apps/store\n",
            "  prune: true\n",
        ],
    );
    assert_says(
        &life.read("clusters/prod/apps/web.yaml"),
        &["    - name: store\n"],
    );
    assert_says(&life.read("apps/store/configmap-a.yaml"), &["# ours"]);
    // What it applies is what it applied.
    assert_says(&life.read("apps/store/namespace.yaml"), &["name: shop\n"]);
    assert_eq!(life.edited(), ["edited apps/store/configmap-a.yaml"]);
    assert_eq!(life.on("store"), ["prod -", "staging -"]);
    life.has_nothing_to_do(&GO_ON);
    life.has_nothing_to_do(&RENAME);
    life.has_nothing_to_do(&["update"]);
    let said = life.refused(2, &["remove", "store"]);
    assert_says(&said, &["web on prod needs shop"]);
    life.does(&["move", "store", "--to", "infrastructure"]);
    life.does(&["rename", "store", "shop", "--objects"]);
    life.does(&["rename", "store", "shop", "--objects", "--continue"]);
    life.does(&["move", "shop", "--to", "apps"]);
    assert_same(&before, &life.files());
}

#[test]
fn objects_follow_a_folder_that_was_renamed_before() {
    let life = Life::new();
    shop(&life);
    life.does(&["rename", "shop", "store"]);
    let before = tree(&life);
    let said = life.does(&RENAME);
    assert_says(&said, &["landform rename store store --objects --continue"]);
    life.does(&GO_ON);
    let mut expected = before;
    for cluster in ["prod", "staging"] {
        let path = format!("clusters/{cluster}/apps/store.yaml");
        let now = life.read(&path);
        assert_says(&now, &["  name: store\n", "  prune: true\n"]);
        expected.remove(&path);
    }
    let mut now = tree(&life);
    now.retain(|path, _| !path.ends_with("/apps/store.yaml"));
    assert_same(&expected, &now);
    assert_says(
        &life.read(".landform/components/store.yaml"),
        &["object: store\n"],
    );
    life.has_nothing_to_do(&["rename", "store", "store", "--objects"]);
}

#[test]
fn what_cannot_be_renamed_without_loss_says_why() {
    let life = Life::new();
    shop(&life);
    let git = ["--git", "https://x.io/web.git", "--tag", "v1"];
    life.does(&[&["add", "app", "web"], &git[..]].concat());
    let channel = ["--set", "prod:flux-alerts.channel=platform"];
    life.does(&[&["add", "flux-alerts", "--on", "prod"][..], &channel].concat());
    for (name, why) in [
        ("web", "another Flux Kustomization, web-manifests"),
        ("flux-alerts", "the catalogue has it under that name"),
        ("grafana", "the old one would be uninstalled"),
    ] {
        let said = life.refused(2, &["rename", name, "store", "--objects"]);
        assert_says(&said, &["cannot be renamed without loss", why]);
    }
    // Flux deletes all the same.
    let prune = "  prune: true\n";
    let deletes = "  prune: true\n  deletionPolicy: Delete\n";
    life.edit("clusters/prod/apps/shop.yaml", prune, deletes);
    life.commit();
    let said = life.refused(2, &RENAME);
    assert_says(
        &said,
        &[
            "deletes on prod what shop applied when it goes, whatever `prune` is",
            "--> clusters/prod/apps/shop.yaml:",
        ],
    );
    life.edit("clusters/prod/apps/shop.yaml", deletes, prune);
    life.commit();
    life.does(&RENAME);
    life.edit(
        "clusters/prod/apps/shop.yaml",
        "prune: false",
        "prune: true",
    );
    life.commit();
    let said = life.refused(2, &GO_ON);
    assert_says(
        &said,
        &[
            "`prune` of shop on prod is not false",
            "--> clusters/prod/apps/shop.yaml:",
        ],
    );
    life.edit(
        "clusters/prod/apps/shop.yaml",
        "prune: true",
        "prune: false",
    );
    life.commit();
    // Further clusters begin with the first step too.
    life.does(&["add", "shop", "--on", "prod-us"]);
    let said = life.refused(2, &GO_ON);
    assert_says(&said, &["is not done on every cluster"]);
    life.does(&RENAME);
    life.does(&GO_ON);
}

#[test]
fn both_steps_in_one_commit_are_refused() {
    let life = Life::new();
    shop(&life);
    life.run(&[&RENAME[..], &["--yes", "--no-commit"]].concat())
        .success();
    for more in [&[][..], &["--no-commit"]] {
        let said = life.refused(2, &[&GO_ON[..], more].concat());
        assert_says(&said, &["the first step is not committed"]);
    }
    life.commit();
    life.does(&GO_ON);
}

#[test]
fn ones_own_lines_follow_a_renamed_object_or_stand_against_it() {
    let life = Life::new();
    shop(&life);
    life.write(
        "clusters/prod/apps/mine.yaml",
        "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata:\n  name: mine\n  \
         namespace: flux-system\nspec:\n  dependsOn:\n    - {name: shop, namespace: other}\n    - name: \"shop\" # first\n  \
         path: ./apps/mine\n",
    );
    life.write(
        "clusters/prod/apps/alerts.yaml",
        "kind: Alert\nspec:\n  eventSources:\n    - kind: Kustomization\n      name: shop\n",
    );
    // It waits for something of its own.
    let elsewhere = life.read("clusters/prod/apps/mine.yaml");
    life.write("clusters/prod-us/apps/mine.yaml", &elsewhere);
    life.edit(
        "clusters/prod/apps/kustomization.yaml",
        "resources:\n",
        "patches:\n  - patch: |-\n      kind: Kustomization\n      metadata:\n        name: shop\nresources:\n",
    );
    life.commit();
    let said = life.refused(2, &RENAME);
    assert_says(
        &said,
        &[
            "this names the Flux Kustomization shop",
            "--> clusters/prod/apps/alerts.yaml:5:13",
            "--> clusters/prod/apps/kustomization.yaml:",
        ],
    );
    life.git(&["revert", "--no-edit", "HEAD"]);
    life.write("clusters/prod/apps/mine.yaml", &elsewhere);
    life.write("clusters/prod-us/apps/mine.yaml", &elsewhere);
    life.commit();
    life.does(&RENAME);
    let said = life.does(&GO_ON);
    assert_says(
        &said,
        &["your own lines follow to the name store: clusters/prod/apps/mine.yaml:9"],
    );
    assert_says(
        &life.read("clusters/prod/apps/mine.yaml"),
        &["    - {name: shop, namespace: other}\n    - name: store # first\n"],
    );
    assert_eq!(life.read("clusters/prod-us/apps/mine.yaml"), elsewhere);
}

#[test]
fn older_templates_cannot_rename_objects() {
    let life = Life::new();
    shop(&life);
    life.edit(
        ".landform/catalog/common/sync.yaml.tera",
        "{{ \"false\" if component.renaming else \"true\" }}",
        "true",
    );
    life.commit();
    let said = life.refused(2, &RENAME);
    assert_says(
        &said,
        &[
            "templates cannot keep Flux from deleting",
            "landform update",
        ],
    );
}
