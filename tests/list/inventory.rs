//! `list` in a repository that landform did not make.

use predicates::str::contains;
use serde_json::{Value, json};

use super::sandbox::{Sandbox, assert_same, snapshot, stderr, stdout};
use super::{assert_valid, parsed};

/// A Flux Kustomization.
fn unit(name: &str, path: &str, more: &str) -> String {
    format!(
        "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {{name: {name}, namespace: flux-system}}\n\
         spec:\n  path: ./{path}\n  sourceRef: {{kind: GitRepository, name: flux-system}}\n{more}"
    )
}

/// Two clusters: one of two apps, one that is put on hold.
fn repository() -> Sandbox {
    let sandbox = Sandbox::new();
    for cluster in ["east", "west"] {
        let own = unit("flux-system", &format!("clusters/{cluster}"), "");
        sandbox.write(&format!("repo/clusters/{cluster}/flux.yaml"), &own);
    }
    sandbox.write(
        "repo/clusters/east/apps.yaml",
        &unit(
            "apps",
            "apps",
            "  postBuild: {substitute: {web_version: 1.2.3}}\n",
        ),
    );
    sandbox.write(
        "repo/clusters/west/apps.yaml",
        &unit(
            "apps",
            "apps",
            "  suspend: true\n  postBuild: {substitute: {web_version: 1.0.0}}\n",
        ),
    );
    sandbox.write(
        "repo/apps/web.yaml",
        "apiVersion: source.toolkit.fluxcd.io/v1\nkind: OCIRepository\nmetadata: {name: web, namespace: web}\n\
         spec: {url: oci://r.example.com/web, ref: {tag: \"${web_version}\"}}\n---\n\
         apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: web, namespace: web}\n\
         spec: {chartRef: {kind: OCIRepository, name: web}, suspend: true}\n",
    );
    sandbox.write(
        "repo/apps/db.yaml",
        "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: db, namespace: db}\n\
         spec:\n  chart:\n    spec:\n      chart: postgres\n      version: 4.x\n      \
         sourceRef: {kind: HelmRepository, name: charts, namespace: flux-system}\n",
    );
    sandbox
}

fn list(sandbox: &Sandbox, more: &[&str]) -> Value {
    let mut words = vec!["list", "-C", "repo", "--json"];
    words.extend(more);
    let listing = parsed(&sandbox.run(words).success());
    assert_valid(sandbox, "list", &listing);
    listing
}

#[test]
fn what_flux_applies_on_each_cluster() {
    let sandbox = repository();
    let before = snapshot(&sandbox.path("repo"));
    let assert = sandbox.run(["list", "-C", "repo"]).success();
    let said = stdout(&assert);
    let rows: Vec<&str> = said.lines().skip(2).map(str::trim_end).collect();
    assert_eq!(
        rows,
        [
            "  object                                 version  from                                           state",
            "clusters/east",
            "  Kustomization flux-system/flux-system           ./clusters/east of GitRepository/flux-system",
            "  Kustomization flux-system/apps                  ./apps of GitRepository/flux-system",
            "  HelmRelease db/db                      4.x      postgres of HelmRepository/flux-system/charts  by apps",
            "  HelmRelease web/web                    1.2.3    OCIRepository/web                              suspended, by apps",
            "clusters/west",
            "  Kustomization flux-system/flux-system           ./clusters/west of GitRepository/flux-system",
            "  Kustomization flux-system/apps                  ./apps of GitRepository/flux-system            suspended",
            "  HelmRelease db/db                      4.x      postgres of HelmRepository/flux-system/charts  by apps",
            "  HelmRelease web/web                    1.0.0    OCIRepository/web                              suspended, by apps",
        ],
        "{said}"
    );
    assert_eq!(stderr(&assert), "");
    assert_same(&before, &snapshot(&sandbox.path("repo")));
}

#[test]
fn as_json_of_the_clusters_that_are_named() {
    let sandbox = repository();
    let whole = list(&sandbox, &[]);
    assert_eq!(whole["clusters"].as_array().unwrap().len(), 2);
    let west = list(&sandbox, &["--on", "west"]);
    assert_eq!(west["clusters"], json!([whole["clusters"][1]]));
    let apps = &west["clusters"][0]["kustomizations"][1];
    assert_eq!(
        apps,
        &json!({
            "name": "apps", "namespace": "flux-system", "source": "GitRepository/flux-system/flux-system",
            "suspended": true, "file": "clusters/west/apps.yaml", "line": 3, "path": "./apps", "remote": false,
        })
    );
    assert_eq!(
        west["clusters"][0]["releases"][1],
        json!({
            "name": "web", "namespace": "web", "source": "OCIRepository/web/web", "suspended": true,
            "file": "apps/web.yaml", "line": 8, "by": "apps", "chart": null, "version": "1.0.0",
        })
    );
    sandbox
        .run(["list", "-C", "repo", "--on", "eats"])
        .code(2)
        .stderr(contains("clusters/east"));
}

#[test]
fn a_file_that_cannot_be_read_counts_if_flux_reads_it() {
    let sandbox = repository();
    sandbox.write("repo/docs/example.yaml", "a: [\n");
    let listing = list(&sandbox, &[]);
    assert_eq!(listing["problems"], json!([]));
    sandbox.write("repo/apps/more.yaml", "kind: [\n");
    let listing = parsed(&sandbox.run(["list", "-C", "repo", "--json"]).code(1));
    assert_valid(&sandbox, "list", &listing);
    assert_eq!(listing["problems"][0]["file"], "apps/more.yaml");
    sandbox
        .run(["list", "-C", "repo"])
        .code(1)
        .stderr(contains("apps/more.yaml"));
}

#[test]
fn what_check_is_told_is_no_record() {
    let sandbox = repository();
    sandbox.write("repo/.landform/check.yaml", "allow: []\n");
    assert_eq!(list(&sandbox, &[])["clusters"][0]["name"], "clusters/east");
}

#[test]
fn where_no_flux_reads_there_is_no_platform() {
    let sandbox = Sandbox::new();
    sandbox.write("empty/a.txt", "");
    sandbox
        .landform(["list"])
        .current_dir(sandbox.path("empty"))
        .assert()
        .code(2)
        .stdout("")
        .stderr(contains("there is no platform here"))
        .stderr(contains("landform new DIR"));
}
