//! `list`, `show`, `diff`, `values`, `completions` and `man`: what a platform says of itself, untouched and changed by hand.

#![allow(
    clippy::unwrap_used,
    reason = "a test ends where something is not as expected"
)]

mod support;

#[allow(dead_code, reason = "shared with the tests of `new`")]
#[path = "new/sandbox.rs"]
mod sandbox;

#[path = "list/edits.rs"]
mod edits;
#[path = "list/inventory.rs"]
mod inventory;
#[path = "list/shell.rs"]
mod shell;
#[path = "list/values.rs"]
mod values;

use assert_cmd::assert::Assert;
use predicates::str::contains;
use sandbox::{Sandbox, assert_same, snapshot, stderr, stdout};
use serde_json::{Value, json};

const ANSWERS: &str = "\
name: acme
email: platform@acme.io
clusters:
  staging: {provider: kind}
  edge: {provider: existing, distribution: k3s, context: edge, dns: cloudflare, dns_zone: acme.io, domain: edge.acme.io, upgrades: later}
components:
  cilium:
  cert-manager: {answers: {edge: {issuer: letsencrypt}}}
  envoy-gateway:
  external-dns:
  grafana: {answers: {edge: {admin: secret}}}
";

/// A sandbox with the platform `acme`.
fn platform() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("answers.yaml", ANSWERS);
    sandbox
        .new_in("acme", &["--answers", "answers.yaml"])
        .success();
    sandbox
}

fn parsed(assert: &Assert) -> Value {
    serde_json::from_str(&stdout(assert)).unwrap_or_else(|e| panic!("{e}: {}", stdout(assert)))
}

fn list(sandbox: &Sandbox) -> Value {
    let listing = parsed(&sandbox.run(["list", "-C", "acme", "--json"]));
    assert_valid(sandbox, "list", &listing);
    listing
}

fn show(sandbox: &Sandbox, name: &str) -> Value {
    let shown = parsed(&sandbox.run(["show", name, "-C", "acme", "--json"]));
    assert_valid(sandbox, "show", &shown);
    shown
}

fn assert_valid(sandbox: &Sandbox, schema: &str, value: &Value) {
    let schema = parsed(&sandbox.run(["schema", schema]).success());
    let schema = jsonschema::validator_for(&schema).unwrap();
    let errors: Vec<String> = schema.iter_errors(value).map(|e| e.to_string()).collect();
    assert_eq!(errors, Vec::<String>::new());
}

fn component<'a>(listing: &'a Value, name: &str) -> &'a Value {
    let mut components = listing["components"].as_array().unwrap().iter();
    components
        .find(|component| component["name"] == name)
        .unwrap_or_else(|| panic!("no {name} in {listing}"))
}

/// Edits a file of the platform.
fn edit(sandbox: &Sandbox, path: &str, from: &str, to: &str) {
    let path = format!("acme/{path}");
    let text = sandbox.read(&path);
    assert!(text.contains(from), "{path}: {text}");
    sandbox.write(&path, &text.replace(from, to));
}

/// A Flux Kustomization of the user's own.
fn podinfo(sandbox: &Sandbox) {
    sandbox.write(
        "acme/clusters/staging/apps/podinfo.yaml",
        "# mine\napiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata:\n  name: podinfo\n  \
         namespace: flux-system\nspec:\n  suspend: true\n  path: ./apps/podinfo\n  dependsOn:\n    - name: cert-manager-issuers\n",
    );
    edit(
        sandbox,
        "clusters/staging/apps/kustomization.yaml",
        "resources:\n",
        "resources:\n  - podinfo.yaml\n",
    );
}

#[test]
fn a_platform_as_written() {
    let sandbox = platform();
    let before = snapshot(&sandbox.path("acme"));
    let assert = sandbox.run(["list", "-C", "acme"]).success();
    let text = stdout(&assert);
    for line in [
        "  component      edge (existing)  staging (kind)  files",
        "infrastructure",
        "apps",
    ] {
        assert!(text.lines().any(|l| l == line), "{line:?} in\n{text}");
    }
    let row = text
        .lines()
        .find(|l| l.starts_with("  external-dns"))
        .unwrap();
    let cells: Vec<&str> = row
        .split("  ")
        .map(str::trim)
        .filter(|c| !c.is_empty())
        .collect();
    assert_eq!(cells.len(), 4, "{row}");
    assert!(cells[1].ends_with(" pinned"), "{row}");
    assert_eq!(&cells[2..], ["-", "as written"], "{row}");
    assert_eq!(stderr(&assert), "");

    let listing = list(&sandbox);
    assert_eq!(listing["platform"], "acme");
    assert_eq!(
        listing["clusters"],
        json!([{"name": "edge", "provider": "existing"}, {"name": "staging", "provider": "kind"}])
    );
    for component in listing["components"].as_array().unwrap() {
        assert_eq!(component["edited"], json!([]), "{component}");
        assert_eq!(component["missing"], json!([]), "{component}");
        for on in component["clusters"].as_array().unwrap() {
            assert!(on["version"].is_string(), "{component}");
            assert_eq!(on["pinned"], on["cluster"] == "edge", "{component}");
        }
    }
    assert_eq!(listing["foreign"], json!([]));
    assert_eq!(listing["problems"], json!([]));
    assert_same(&before, &snapshot(&sandbox.path("acme")));
}

#[test]
fn it_is_found_from_any_folder_in_it_and_nowhere_else() {
    let sandbox = platform();
    let whole = stdout(&sandbox.run(["list", "-C", "acme"]).success());
    for folder in ["acme/clusters/staging/apps", "acme/.landform/catalog"] {
        let assert = sandbox
            .landform(["list"])
            .current_dir(sandbox.path(folder))
            .assert()
            .success();
        assert_eq!(stdout(&assert), whole, "{folder}");
    }
    sandbox
        .run(["show", "cilium", "--dir", "."])
        .code(2)
        .stderr(contains("there is no platform here"));
    sandbox
        .run(["list", "-C", "nowhere"])
        .code(3)
        .stderr(contains("nowhere"));
}

#[test]
fn edits_missing_files_and_own_files_are_told() {
    let sandbox = platform();
    edit(
        &sandbox,
        "apps/cert-manager/values.yaml",
        "\n",
        "\n# mine\n",
    );
    edit(
        &sandbox,
        "clusters/edge/apps/grafana.yaml",
        "interval: 1h",
        "interval: 2h",
    );
    std::fs::remove_file(sandbox.path("acme/apps/grafana/namespace.yaml")).unwrap();
    sandbox.write("acme/apps/grafana/dashboard.yaml", "kind: ConfigMap\n");
    let listing = list(&sandbox);
    assert_eq!(
        component(&listing, "cert-manager")["edited"],
        json!(["apps/cert-manager/values.yaml"])
    );
    let grafana = component(&listing, "grafana");
    assert_eq!(
        grafana["edited"],
        json!(["clusters/edge/apps/grafana.yaml"])
    );
    assert_eq!(grafana["missing"], json!(["apps/grafana/namespace.yaml"]));
    sandbox
        .run(["list", "-C", "acme"])
        .success()
        .stdout(contains("1 edited, 1 missing"));
    sandbox
        .run(["show", "grafana", "-C", "acme"])
        .success()
        .stdout(contains("  edited     clusters/edge/apps/grafana.yaml\n"))
        .stdout(contains("  missing    apps/grafana/namespace.yaml\n"))
        .stdout(contains("  yours      apps/grafana/dashboard.yaml\n"));
}

#[test]
fn a_new_version_is_no_edit() {
    let sandbox = platform();
    let text = sandbox.read("acme/apps/external-dns/helmrelease.yaml");
    let version = text.lines().find(|l| l.contains("version: ")).unwrap();
    edit(
        &sandbox,
        "apps/external-dns/helmrelease.yaml",
        version,
        "      version: \"99.0.0\"",
    );
    let tag = sandbox.read("acme/infrastructure/cilium/ocirepository.yaml");
    let tag = tag.lines().find(|l| l.contains("tag: ")).unwrap();
    edit(
        &sandbox,
        "infrastructure/cilium/ocirepository.yaml",
        tag,
        "    tag: 98.0.0",
    );
    let listing = list(&sandbox);
    // The shared version moved, the cluster's own did not.
    let dns = component(&listing, "external-dns");
    assert_ne!(dns["clusters"][0]["version"], "99.0.0");
    assert_eq!(dns["edited"], json!([]));
    let cilium = component(&listing, "cilium");
    assert_eq!(cilium["clusters"][0]["version"], "98.0.0");
    assert_eq!(cilium["edited"], json!([]));
    let shown = show(&sandbox, "cilium");
    assert_eq!(
        shown["clusters"][0]["version"],
        json!({"version": "98.0.0", "file": "infrastructure/cilium/ocirepository.yaml", "line": 10})
    );
}

#[test]
fn the_tree_says_what_is_where() {
    let sandbox = platform();
    // Unpinned, and removed from one cluster, by hand.
    std::fs::remove_file(sandbox.path("acme/clusters/edge/apps/cert-manager/version.yaml"))
        .unwrap();
    edit(
        &sandbox,
        "clusters/edge/apps/cert-manager/kustomization.yaml",
        "patches:\n  - path: version.yaml\n",
        "",
    );
    std::fs::remove_file(sandbox.path("acme/clusters/staging/apps/grafana.yaml")).unwrap();
    edit(
        &sandbox,
        "clusters/staging/apps/kustomization.yaml",
        "  - grafana.yaml\n",
        "",
    );
    edit(
        &sandbox,
        "clusters/edge/apps/external-dns.yaml",
        "spec:\n",
        "spec:\n  suspend: true\n",
    );
    let listing = list(&sandbox);
    let cert_manager = component(&listing, "cert-manager");
    assert_eq!(cert_manager["clusters"][0]["pinned"], false);
    assert_eq!(cert_manager["edited"], json!([]));
    assert_eq!(cert_manager["missing"], json!([]));
    let on = component(&listing, "grafana")["clusters"]
        .as_array()
        .unwrap();
    assert_eq!(on.len(), 1);
    assert_eq!(on[0]["cluster"], "edge");
    sandbox
        .run(["list", "-C", "acme"])
        .success()
        .stdout(contains("pinned suspended"));
}

#[test]
fn what_is_gone_but_for_its_record_is_not_listed() {
    let sandbox = platform();
    for folder in [
        "apps/grafana",
        "clusters/edge/apps/grafana",
        "clusters/staging/apps/grafana",
    ] {
        std::fs::remove_dir_all(sandbox.path(&format!("acme/{folder}"))).unwrap();
    }
    for cluster in ["edge", "staging"] {
        let file = format!("acme/clusters/{cluster}/apps/grafana.yaml");
        std::fs::remove_file(sandbox.path(&file)).unwrap();
    }
    let listing = list(&sandbox);
    let names: Vec<&Value> = listing["components"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| &c["name"])
        .collect();
    assert!(!names.contains(&&json!("grafana")), "{names:?}");
    let assert = sandbox.run(["diff", "-C", "acme", "--name-only", "grafana"]);
    assert_eq!(stdout(&assert), "");
    sandbox
        .run(["show", "grafana", "-C", "acme"])
        .success()
        .stdout(contains("none; only files and the record are left"));
}

#[test]
fn a_renamed_folder_is_followed() {
    let sandbox = platform();
    // The shared folder, an overlay, and the file of a Flux Kustomization.
    std::fs::create_dir(sandbox.path("acme/monitoring")).unwrap();
    let rename = |from: &str, to: &str| {
        std::fs::rename(
            sandbox.path(&format!("acme/{from}")),
            sandbox.path(&format!("acme/{to}")),
        )
        .unwrap();
    };
    rename("apps/grafana", "monitoring/grafana");
    rename(
        "clusters/edge/apps/grafana",
        "clusters/edge/apps/dashboards",
    );
    rename(
        "clusters/edge/apps/grafana.yaml",
        "clusters/edge/apps/dashboards.yaml",
    );
    for (path, from, to) in [
        (
            "clusters/edge/apps/dashboards.yaml",
            "./clusters/edge/apps/grafana",
            "./clusters/edge/apps/dashboards",
        ),
        (
            "clusters/edge/apps/dashboards/kustomization.yaml",
            "../../../../apps/grafana",
            "../../../../monitoring/grafana",
        ),
        (
            "clusters/staging/apps/grafana/kustomization.yaml",
            "../../../../apps/grafana",
            "../../../../monitoring/grafana",
        ),
        (
            "clusters/edge/apps/kustomization.yaml",
            "grafana.yaml",
            "dashboards.yaml",
        ),
    ] {
        edit(&sandbox, path, from, to);
    }
    let listing = list(&sandbox);
    let grafana = component(&listing, "grafana");
    assert_eq!(grafana["edited"], json!([]), "{grafana}");
    assert_eq!(grafana["missing"], json!([]), "{grafana}");
    assert_eq!(grafana["clusters"].as_array().unwrap().len(), 2);
    let shown = show(&sandbox, "grafana");
    assert_eq!(
        shown["files"][0]["path"],
        "monitoring/grafana/helmrelease.yaml"
    );
    assert_eq!(shown["clusters"][0]["pinned"], true);
    assert_eq!(
        shown["clusters"][0]["overlay"]["folder"],
        "clusters/edge/apps/dashboards"
    );
}

#[test]
fn what_landform_did_not_write_is_listed_as_such() {
    let sandbox = platform();
    podinfo(&sandbox);
    let listing = list(&sandbox);
    assert_eq!(
        listing["foreign"],
        json!([{
            "name": "podinfo", "cluster": "staging", "file": "clusters/staging/apps/podinfo.yaml",
            "line": 2, "path": "./apps/podinfo", "suspended": true,
        }])
    );
    sandbox
        .run(["list", "-C", "acme"])
        .success()
        .stdout(contains("Not landform's (never touched)\n  podinfo on staging: ./apps/podinfo, by clusters/staging/apps/podinfo.yaml:2, suspended\n"));
    let shown = show(&sandbox, "podinfo");
    assert_eq!(shown["foreign"], true);
    assert_eq!(
        shown["clusters"][0]["waits_for"],
        json!(["cert-manager-issuers"])
    );
    let needed_by = show(&sandbox, "cert-manager");
    let needed_by = needed_by["clusters"][1]["needed_by"].as_array().unwrap();
    assert!(needed_by.contains(&json!("podinfo")), "{needed_by:?}");
    sandbox
        .run(["show", "podinfo", "-C", "acme"])
        .success()
        .stdout(contains("podinfo is not landform's"));
    sandbox
        .run(["remove", "podinfo", "-C", "acme", "--yes"])
        .code(2)
        .stderr(contains("it is your own Flux Kustomization, in clusters/"));
}

#[test]
fn broken_files_are_told_with_their_line_and_the_rest_is_listed() {
    let sandbox = platform();
    edit(
        &sandbox,
        "clusters/staging/apps/grafana.yaml",
        "spec:\n",
        "<<<<<<< HEAD\nspec:\n",
    );
    edit(
        &sandbox,
        "infrastructure/cilium/ocirepository.yaml",
        "spec:\n",
        "spec: {}\nspec:\n",
    );
    let assert = sandbox.run(["list", "-C", "acme"]).code(1);
    assert!(stdout(&assert).contains("  grafana "));
    let told = stderr(&assert);
    assert!(
        told.contains("clusters/staging/apps/grafana.yaml:"),
        "{told}"
    );
    assert!(
        told.contains("infrastructure/cilium/ocirepository.yaml:"),
        "{told}"
    );
    let listing = list(&sandbox);
    let problems = listing["problems"].as_array().unwrap();
    assert_eq!(problems.len(), 2, "{problems:?}");
    assert!(
        problems
            .iter()
            .all(|p| p["file"].is_string() && p["line"].is_u64())
    );
    // It is there all the same, and edited.
    let grafana = component(&listing, "grafana");
    assert_eq!(grafana["clusters"].as_array().unwrap().len(), 2);
    assert_eq!(
        grafana["edited"],
        json!(["clusters/staging/apps/grafana.yaml"])
    );
}

#[test]
fn a_broken_record_ends_it() {
    let sandbox = platform();
    sandbox.write("acme/.landform/platform.yaml", "<<<<<<< HEAD\nformat: 1\n");
    sandbox
        .run(["list", "-C", "acme"])
        .code(3)
        .stdout("")
        .stderr(contains(".landform/platform.yaml:1:1"))
        .stderr(contains("the mark of a conflict that Git left"));
    std::fs::remove_file(sandbox.path("acme/.landform/platform.yaml")).unwrap();
    sandbox
        .run(["list", "-C", "acme"])
        .code(3)
        .stderr(contains("restore it from Git"));
}

#[test]
fn a_record_without_templates_ends_it() {
    let sandbox = platform();
    std::fs::remove_dir_all(sandbox.path("acme/.landform/catalog/apps/grafana")).unwrap();
    sandbox
        .run(["list", "-C", "acme"])
        .code(3)
        .stderr(contains("no templates of the component grafana"));
    std::fs::remove_dir_all(sandbox.path("acme/.landform/catalog")).unwrap();
    sandbox
        .run(["list", "-C", "acme"])
        .code(3)
        .stderr(contains("restore .landform/catalog/ from Git"));
}

#[test]
fn files_of_others_may_be_any_yaml() {
    let sandbox = platform();
    // Anchors, templates of a chart that nothing applies, no text at all.
    edit(
        &sandbox,
        "apps/grafana/values.yaml",
        "\n",
        "\nmine: &mine {a: 1}\nours: *mine\n",
    );
    sandbox.write(
        "acme/charts/x/templates/a.yaml",
        "kind: {{ .Values.kind }}\n",
    );
    std::fs::write(sandbox.path("acme/logo.png"), [0xff, 0xfe, 0x00]).unwrap();
    sandbox.run(["list", "-C", "acme"]).success().stderr("");
}

#[test]
fn show_tells_all_there_is() {
    let sandbox = platform();
    let shown = show(&sandbox, "cert-manager");
    assert_eq!(shown["layer"], "apps");
    assert_eq!(shown["namespace"], "cert-manager");
    assert_eq!(shown["comes"], json!({"by": "flux", "why": null}));
    assert_eq!(shown["parts_first"], true);
    let edge = &shown["clusters"][0];
    assert_eq!(edge["cluster"], "edge");
    assert_eq!(
        edge["version"]["file"],
        "clusters/edge/apps/cert-manager/version.yaml"
    );
    assert_eq!(edge["parts"][0]["name"], "cert-manager-issuers");
    assert_eq!(
        edge["answers"],
        json!([{"name": "issuer", "value": "letsencrypt", "origin": "answered",
                "question": "Who signs certificates here?"}])
    );
    assert_eq!(edge["secrets"][0]["name"], "cloudflare-api-token");
    assert_eq!(edge["secrets"][0]["from"], "hand");
    let staging = &shown["clusters"][1];
    assert_eq!(staging["answers"][0]["origin"], "assumed");
    assert_eq!(staging["secrets"], json!([]));
    assert!(
        staging["waits_for"]
            .as_array()
            .unwrap()
            .contains(&json!("cilium"))
    );

    let cilium = show(&sandbox, "cilium");
    assert_eq!(cilium["comes"]["by"], "terraform, then flux");
    let crds = show(&sandbox, "gateway-api");
    let needed_by = crds["clusters"][1]["needed_by"].as_array().unwrap();
    assert!(needed_by.contains(&json!("envoy-gateway")), "{needed_by:?}");
    assert!(crds["comes"]["why"].is_string());
    // A part is told with its component.
    assert_eq!(show(&sandbox, "cert-manager-issuers"), shown);
    sandbox
        .run(["show", "cert-manager", "-C", "acme"])
        .success()
        .stdout(contains("\non edge (existing)\n  version    "))
        .stdout(contains("answer     issuer=letsencrypt (answered): "))
        .stdout(contains(
            "kubectl --namespace cert-manager create secret generic cloudflare-api-token",
        ))
        .stdout(contains("order      its parts first"));
}

#[test]
fn show_refuses_what_is_not_here() {
    let sandbox = Sandbox::new();
    sandbox
        .new_in("acme", &["--component", "cert-manager"])
        .success();
    sandbox
        .run(["show", "grafana", "-C", "acme"])
        .code(2)
        .stderr(contains("`grafana` is not on the platform acme"))
        .stderr(contains("landform catalog show grafana"));
    sandbox
        .run(["show", "cert-manger", "-C", "acme"])
        .code(2)
        .stderr(contains("did you mean `cert-manager`?"));
}

#[test]
fn a_hostile_name_cannot_steer_the_terminal() {
    let sandbox = platform();
    sandbox.write(
        "acme/clusters/staging/apps/evil.yaml",
        "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata:\n  name: \"a\\e[31mb\"\nspec:\n  path: \"\\x07./x\"\n",
    );
    for color in ["never", "always"] {
        let assert = sandbox
            .run(["list", "-C", "acme", "--color", color])
            .success();
        let text = stdout(&assert);
        assert!(
            !text.contains("\u{1b}[31m") && !text.contains('\u{7}'),
            "{text:?}"
        );
        assert!(text.contains("a\\u{1b}[31mb"), "{text:?}");
    }
}
