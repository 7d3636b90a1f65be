//! The identity files of components for clouds whose provider is yet to come, against the facts.

use std::path::Path;

use landform::catalog::Catalogue;
use landform::error::Source;
use landform::model::{Answers, Environment, resolve};
use landform::render::render;
use serde_json::{Value, json};

use crate::facts;
use crate::support::{self, need};

/// A platform on one cluster, with everything that calls the cloud.
fn written(cluster: &Value, all: &Value) -> assert_fs::TempDir {
    let own = support::package().join("tests/data/clouds");
    let catalogue = Catalogue::with_folder(&own).expect("a catalogue with both clouds");
    let answers = json!({
        "name": "acme-platform",
        "git": {"url": "https://github.com/acme/acme-platform.git", "auth": "public"},
        "email": "platform@acme.io",
        "clusters": {"prod": cluster},
        "components": {
            "cert-manager": {"answers": {"all": {"issuer": "letsencrypt"}}},
            "external-dns": {},
            "external-secrets": {"answers": {"all": all}},
        },
    });
    let source = Source::new("answers.yaml", answers.to_string());
    let answers = Answers::read(&source).expect("answers");
    let resolution = resolve(&answers, &Environment::default(), &catalogue);
    let platform = resolution
        .unwrap_or_else(|error| panic!("{error}"))
        .platform;
    let tree = render(&platform, &catalogue).unwrap_or_else(|error| panic!("{error}"));
    let dir = assert_fs::TempDir::new().expect("a folder");
    support::write_tree(&tree, dir.path());
    dir
}

/// Findings of the Terraform checks; and whether every component has a file that the bootstrap waits for.
fn check(dir: &Path, resource: &str, shared: &Path) -> Vec<String> {
    let mut findings = facts::terraform::check_terraform(dir, shared);
    let terraform = dir.join("terraform/prod");
    let main = std::fs::read_to_string(terraform.join("main.tf")).expect("main.tf");
    for component in ["cert_manager", "external_dns", "external_secrets"] {
        let address = format!("{resource}.{component}");
        if !main.contains(&format!("    {address},\n")) {
            findings.push(format!("the bootstrap does not wait for {address}"));
        }
    }
    if let Some(terraform) = support::tool("terraform") {
        findings.extend(facts::tools::check_fmt(dir, &terraform));
    }
    findings
}

#[test]
fn identities_on_gke_are_right() {
    let shared = need!("../shared", support::shared(""));
    let cluster = json!({
        "provider": "gke", "region": "europe-west1", "domain": "acme.io",
        "dns": "google", "project": "acme-dns", "secrets": "google", "backend": "local",
    });
    let dir = written(&cluster, &json!({"google_project": "acme-secrets"}));
    let findings = check(dir.path(), "google_project_iam_member", &shared);
    assert_eq!(findings, Vec::<String>::new());
}

#[test]
fn identities_on_aks_are_right() {
    let shared = need!("../shared", support::shared(""));
    let id = "00000000-0000-0000-0000-000000000000";
    let cluster = json!({
        "provider": "aks", "location": "westeurope", "domain": "acme.io",
        "dns": "azure", "dns_resource_group": "acme-dns", "subscription": id, "tenant": id,
        "secrets": "azure", "backend": "local",
    });
    let all = json!({"azure_vault": "acme-prod", "azure_resource_group": "acme-secrets"});
    let dir = written(&cluster, &all);
    let mut findings = check(dir.path(), "azurerm_role_assignment", &shared);
    // Azure chooses the id of an identity, so it travels to Flux in a ConfigMap that the release takes it from.
    for component in ["cert-manager", "external-dns", "external-secrets"] {
        let sync = dir
            .path()
            .join(format!("clusters/prod/apps/{component}.yaml"));
        let issuers = dir
            .path()
            .join(format!("clusters/prod/apps/{component}-issuers.yaml"));
        let takes = [sync, issuers].iter().any(|file| {
            let text = std::fs::read_to_string(file).unwrap_or_default();
            text.contains(&format!("name: {component}-info"))
        });
        if !takes {
            findings.push(format!("{component} does not take its client_id"));
        }
    }
    assert_eq!(findings, Vec::<String>::new());
}

#[test]
fn a_wrong_argument_would_be_found() {
    let shared = need!("../shared", support::shared(""));
    let cluster = json!({
        "provider": "gke", "region": "europe-west1", "domain": "acme.io",
        "dns": "google", "project": "acme-dns", "secrets": "google", "backend": "local",
    });
    let dir = written(&cluster, &json!({"google_project": "acme-secrets"}));
    let file = dir.path().join("terraform/prod/external-dns.tf");
    let text = std::fs::read_to_string(&file).expect("external-dns.tf");
    std::fs::write(&file, text.replace("member  =", "members =")).expect("a file");
    let findings = check(dir.path(), "google_project_iam_member", &shared);
    assert!(
        findings.iter().any(|f| f.contains("members")),
        "{findings:?}"
    );
}
