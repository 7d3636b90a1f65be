//! `pin` and `unpin`.

use crate::platform::{Life, assert_says};
use crate::sandbox::{assert_same, stdout};

const VERSION: &str = "clusters/prod/apps/cert-manager/version.yaml";

#[test]
fn older_newer_and_back() {
    let life = Life::new();
    let before = life.files();
    let shared = life.on("cert-manager")[0].replace("prod ", "");
    life.does(&["pin", "cert-manager", "--on", "prod"]);
    assert_says(&life.read(VERSION), &[&format!("tag: \"{shared}\"")]);
    // The overlay is made for it, and read.
    assert_says(
        &life.read("clusters/prod/apps/cert-manager.yaml"),
        &["path: ./clusters/prod/apps/cert-manager\n"],
    );
    life.has_nothing_to_do(&["pin", "cert-manager", "--on", "prod"]);
    for version in ["v1.0.0", "v99.0.0"] {
        let said = life.does(&["pin", "cert-manager", version, "--on", "prod"]);
        assert_says(
            &said,
            &[&format!("to {version}"), "cert-manager on prod goes from"],
        );
        assert_eq!(life.on("cert-manager")[0], format!("prod {version} pinned"));
        life.is_as_written();
        life.has_nothing_to_do(&["pin", "cert-manager", version, "--on", "prod"]);
        // Without a version, the one that is there.
        life.has_nothing_to_do(&["pin", "cert-manager", "--on", "prod"]);
        life.has_nothing_to_do(&["update"]);
    }
    let said = life.does(&["unpin", "cert-manager", "--on", "prod"]);
    assert_says(
        &said,
        &[&format!(
            "cert-manager on prod goes from v99.0.0 to {shared}"
        )],
    );
    assert_same(&before, &life.files());
    life.has_nothing_to_do(&["unpin", "cert-manager", "--on", "prod"]);
}

#[test]
fn several_clusters_at_once_and_a_chart_of_an_http_repository() {
    let life = Life::new();
    let before = life.files();
    life.does(&["pin", "grafana", "12.0.0", "--on", "prod,staging"]);
    assert_eq!(life.on("grafana")[0], "prod 12.0.0 pinned");
    assert_eq!(life.on("grafana")[2], "staging 12.0.0 pinned");
    life.does(&["unpin", "grafana", "--on", "staging,prod"]);
    assert_same(&before, &life.files());
    life.does(&["pin", "external-dns", "1.0.0", "--on", "prod"]);
    let version = life.read("clusters/prod/apps/external-dns/version.yaml");
    assert_says(
        &version,
        &[
            "kind: HelmRelease",
            "version: \"1.0.0\"",
            "chart: external-dns",
        ],
    );
    life.does(&["unpin", "external-dns", "--on", "prod"]);
    assert_same(&before, &life.files());
}

#[test]
fn a_version_that_moved_on_is_taken_as_it_is() {
    let life = Life::new();
    let source = "apps/cert-manager/ocirepository.yaml";
    let text = life.read(source);
    let tag = text.lines().find(|line| line.contains("tag: ")).unwrap();
    life.write(source, &text.replace(tag, "    tag: v2.0.0 # raised"));
    life.commit();
    life.does(&["pin", "cert-manager", "--on", "prod"]);
    assert_says(&life.read(VERSION), &["tag: \"v2.0.0\""]);
    life.write(source, &text.replace(tag, "    tag: v3.0.0 # raised"));
    life.commit();
    assert_eq!(life.on("cert-manager")[0], "prod v2.0.0 pinned");
    // A new cluster that upgrades later begins with what the others have.
    life.does(&[
        "add",
        "cluster",
        "edge",
        "--provider",
        "existing",
        "--set",
        "context=edge",
        "--set",
        "upgrades=later",
        "--component",
        "cert-manager",
    ]);
    assert_says(
        &life.read("clusters/edge/apps/cert-manager/version.yaml"),
        &["v3.0.0"],
    );
}

#[test]
fn an_edited_version_file() {
    let life = Life::new();
    let before = life.files();
    life.does(&["pin", "cert-manager", "v1.0.0", "--on", "prod"]);
    // As Renovate does it: no edit.
    life.edit(VERSION, "v1.0.0", "v1.1.0");
    life.commit();
    life.is_as_written();
    life.has_nothing_to_do(&["pin", "cert-manager", "--on", "prod"]);
    life.edit(VERSION, "apiVersion", "# why: …\napiVersion");
    life.commit();
    life.does(&["pin", "cert-manager", "v1.0.1", "--on", "prod"]);
    assert_says(&life.read(VERSION), &["# why: …\n", "tag: \"v1.0.1\""]);
    let said = life.does(&["unpin", "cert-manager", "--on", "prod"]);
    assert_says(
        &said,
        &[&format!(
            "your edits go with the files: {VERSION} (Git keeps them)"
        )],
    );
    assert_same(&before, &life.files());
}

#[test]
fn parts_have_versions_of_their_own() {
    let life = Life::new();
    life.does(&["add", "envoy-gateway", "--with-needs", "--on", "prod"]);
    let before = life.files();
    life.does(&["pin", "envoy-gateway", "--on", "prod"]);
    let part = "clusters/prod/apps/envoy-gateway-crds/version.yaml";
    assert_says(&life.read(part), &["kind: GitRepository"]);
    life.is_as_written();
    life.does(&["unpin", "envoy-gateway", "--on", "prod"]);
    assert_same(&before, &life.files());

    // A version of the one leaves the other, and says so.
    let shared = life.on("envoy-gateway")[0].replace("prod ", "");
    let said = life.does(&["pin", "envoy-gateway", "v1.8.0", "--on", "prod"]);
    assert_says(&said, &[&format!("envoy-gateway-crds at {shared}")]);
    assert_says(&life.read(part), &[&shared]);
    let said = life.does(&["pin", "envoy-gateway-crds", "v1.8.0", "--on", "prod"]);
    assert_says(
        &said,
        &[
            "\"Pin envoy-gateway-crds on prod to v1.8.0\"",
            &format!("envoy-gateway-crds on prod goes from {shared} to v1.8.0"),
            "envoy-gateway at v1.8.0",
        ],
    );
    assert_says(&life.read(part), &["tag: \"v1.8.0\""]);
    life.is_as_written();
    life.has_nothing_to_do(&["pin", "envoy-gateway-crds", "--on", "prod"]);
    let said = life.refused(2, &["unpin", "envoy-gateway-crds", "--on", "prod"]);
    assert_says(&said, &["landform unpin envoy-gateway --on prod"]);
    let said = life.refused(2, &["pin", "envoy-gateway-public", "--on", "prod"]);
    assert_says(&said, &["it comes with envoy-gateway: pin that"]);
    let said = life.does(&["unpin", "envoy-gateway", "--on", "prod"]);
    assert_says(
        &said,
        &[&format!(
            "envoy-gateway-crds on prod goes from v1.8.0 to {shared}"
        )],
    );
    assert_same(&before, &life.files());
}

#[test]
fn what_cannot_be_pinned() {
    let life = Life::new();
    for (arguments, why) in [
        (&["pin", "loki", "--on", "prod"][..], "loki is not on prod"),
        (&["unpin", "loki", "--on", "prod"], "loki is not on prod"),
        (
            &["pin", "reloader", "--on", "prod"],
            "`reloader` is not on the platform",
        ),
        (
            &["pin", "grafana", "--on", "pro"],
            "there is no cluster `pro`",
        ),
        (
            &["pin", "grafana", "1 2", "--on", "prod"],
            "`1 2` is no exact version",
        ),
        (
            &["pin", "grafana", "", "--on", "prod"],
            "`` is no exact version",
        ),
        (&["pin", "grafana"], "--on <CLUSTER>"),
    ] {
        assert_says(&life.refused(2, arguments), &[why]);
    }
}

#[test]
fn values_are_merged_as_before() {
    let life = Life::new();
    let before = stdout(
        &life
            .run(&["values", "cert-manager", "--on", "prod"])
            .success(),
    );
    life.does(&["pin", "cert-manager", "--on", "prod"]);
    let after = stdout(
        &life
            .run(&["values", "cert-manager", "--on", "prod"])
            .success(),
    );
    assert_eq!(before, after);
    // A shared edit reaches the cluster that is pinned; its own file wins.
    let values = life.read("apps/cert-manager/values.yaml");
    life.write(
        "apps/cert-manager/values.yaml",
        &format!("mine: 1\n{values}"),
    );
    life.commit();
    let values = life.json(&["values", "cert-manager", "--on", "prod", "--json"]);
    assert_eq!(values["values"]["mine"], 1);
}

#[test]
fn only_versions_as_the_chart_writes_them() {
    let life = Life::new();
    for (version, why) in [
        ("bogus", "is no exact version"),
        ("1.18.2", "is not written as this chart writes its versions"),
    ] {
        let said = life.refused(2, &["pin", "cert-manager", version, "--on", "staging"]);
        assert_says(&said, &[why]);
    }
}
