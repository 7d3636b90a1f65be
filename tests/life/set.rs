//! `set`: the list of answers, and answers changed later.

use serde_json::{Value, json};

use crate::platform::{Life, assert_says, assert_valid};
use crate::sandbox::{assert_same, stdout};

fn setting(life: &Life, key: &str) -> (Value, String) {
    let all = life.json(&["set", "--json"]);
    let mut settings = all["settings"].as_array().unwrap().iter();
    let setting = settings.find(|setting| setting["key"] == key);
    let setting = setting.unwrap_or_else(|| panic!("no {key} in {all}"));
    (
        setting["value"].clone(),
        setting["origin"].as_str().unwrap().to_owned(),
    )
}

fn is(value: impl Into<Value>, origin: &str) -> (Value, String) {
    (value.into(), origin.to_owned())
}

#[test]
fn the_list_has_every_origin() {
    let life = Life::new();
    let before = life.everything();
    let all = life.json(&["set", "--json"]);
    assert_valid(&life.sandbox, "set", &all);
    assert_eq!(
        setting(&life, "prod.domain"),
        is("prod.acme.io", "answered")
    );
    assert_eq!(setting(&life, "prod.secrets"), is("manual", "assumed"));
    assert_eq!(setting(&life, "staging.nodes"), is(1, "fixed"));
    assert_eq!(setting(&life, "name"), is("acme", "fixed"));
    assert_eq!(
        setting(&life, "prod-us:grafana.admin"),
        is("secret", "answered")
    );
    let settings = all["settings"].as_array().unwrap();
    assert!(
        settings
            .iter()
            .all(|s| (s["origin"] == "fixed") == s["fixed"].is_string())
    );
    let text = stdout(&life.run(&["set"]).success());
    assert_eq!(text.lines().count(), settings.len() + 1);
    assert!(text.lines().any(|line| {
        line.split_whitespace().collect::<Vec<_>>()
            == ["prod:cert-manager.issuer", "letsencrypt", "answered"]
    }));
    assert_same(&before, &life.everything());
}

#[test]
fn there_and_back_is_as_before() {
    let life = Life::new();
    let url = setting(&life, "git.url").0;
    let url = format!("git.url={}", url.as_str().unwrap());
    let before = life.files();
    for (there, back, file, words) in [
        (
            "git.url=https://git.acme.io/acme.git",
            url.as_str(),
            "clusters/prod-us/flux-system/flux-instance.yaml",
            "url: https://git.acme.io/acme.git",
        ),
        (
            "email=ops@acme.io",
            "email=platform@acme.io",
            "clusters/prod/apps/cert-manager-issuers/cluster-issuer.yaml",
            "ops@acme.io",
        ),
        (
            "prod:grafana.admin=secret",
            "prod:grafana.admin=",
            "clusters/prod/apps/grafana/values.yaml",
            "existingSecret: grafana-admin",
        ),
        (
            "staging:loki.retention_days=3",
            "staging:loki.retention_days=",
            "clusters/staging/apps/loki/values.yaml",
            "72h",
        ),
        ("ci=gitlab", "ci=github", ".gitlab-ci.yml", "kustomize"),
    ] {
        let said = life.does(&["set", there]);
        let (key, value) = there.split_once('=').unwrap();
        assert_says(&said, &[&format!("\"Set {key} to {value}\"")]);
        assert_says(&life.read(file), &[words]);
        assert_eq!(setting(&life, key).1, "answered", "{key}");
        life.is_as_written();
        life.has_nothing_to_do(&["set", there]);
        life.does(&["set", back]);
        assert_same(&before, &life.files());
    }
}

#[test]
fn it_tells_what_comes_of_it() {
    let life = Life::new();
    let said = life.does(&["set", "git.url=https://git.acme.io/acme.git"]);
    assert_says(&said, &["both places need this commit, the new one first"]);
    let at: Vec<usize> = [
        "git push https://git.acme.io/acme.git HEAD:refs/heads/main",
        "git push origin HEAD:refs/heads/main",
        "git remote set-url origin https://git.acme.io/acme.git",
    ]
    .iter()
    .map(|command| {
        said.find(command)
            .unwrap_or_else(|| panic!("{command}\n{said}"))
    })
    .collect();
    assert!(at.is_sorted() && !said.contains("Flux takes it"), "{said}");
    let said = life.does(&["set", "git.branch=live"]);
    assert_says(
        &said,
        &[
            "git push origin HEAD:refs/heads/live",
            "git push origin HEAD:refs/heads/main",
            "git switch live",
        ],
    );
    life.does(&["set", "git.branch=main"]);
    let said = life.does(&["set", "grafana.admin=secret", "--on", "prod,staging"]);
    assert_says(
        &said,
        &[
            "secrets still missing on prod",
            "secrets still missing on staging",
        ],
    );
    assert!(!said.contains("external-dns"), "{said}");
    let said = life.does(&["set", "prod.upgrades=later"]);
    assert_says(
        &said,
        &["everything on prod is pinned to the version it has"],
    );
    assert!(life.on("grafana")[0].ends_with(" pinned"));
    life.is_as_written();
    let said = life.does(&["set", "prod.upgrades=now"]);
    assert_says(&said, &["what is pinned on prod stays pinned"]);
    assert!(life.on("grafana")[0].ends_with(" pinned"));
}

#[test]
fn what_is_fixed_stays() {
    let life = Life::new();
    for (set, why) in [
        ("name=other", "part of the names of everything"),
        ("prod.provider=kind", "a cluster cannot change its provider"),
        ("staging.nodes=3", "kind cannot change a cluster that runs"),
        ("prod.nope=1", "has no question `nope`"),
        ("nope.x=1", "nope"),
        ("prod.domain=elsewhere.io", "not in the zone acme.io"),
        ("prod.distribution=rke2", "none of the choices"),
        ("git.auth=ssh", "starts with ssh://"),
        ("prod.secrets=sops", "`prod.sops_recipient` is missing"),
        ("prod.cni=none", "agree by --with-needs"),
        ("domain", "no value is given"),
    ] {
        assert_says(&life.refused(2, &["set", set]), &[why]);
    }
    // It speaks of what was typed.
    let said = life.refused(2, &["set", "prod.distribution=rke2"]);
    assert_says(&said, &["given by landform set prod.distribution=rke2"]);
    let said = life.refused(2, &["set", "prod.secrets=sops"]);
    assert_says(
        &said,
        &["give it too: landform set prod.secrets=sops prod.sops_recipient=…"],
    );
    let said = life.refused(2, &["add", "external-dns", "--on", "staging"]);
    assert_says(&said, &["leave staging out of --on"]);
    let said = life.refused(2, &["set", "prod.dns=none"]);
    assert_says(&said, &["landform remove external-dns --on prod"]);
    let said = life.refused(2, &["set", "prod:grafana.admin=secret", "--on", "prod"]);
    assert_says(&said, &["names a cluster already"]);
    let said = life.does(&["set", "staging.nodes=3", "--rebuild"]);
    assert_says(
        &said,
        &["staging is built anew when Terraform applies this"],
    );
    assert_eq!(setting(&life, "staging.nodes"), is(3, "fixed"));
    life.does(&["set", "prod.cni=none", "--with-needs"]);
    assert_eq!(life.clusters("cilium"), ["prod", "staging"]);
    life.is_as_written();
}

#[test]
fn an_empty_value_takes_the_default() {
    let life = Life::new();
    // The issuers need an address, and there is no default for it.
    let said = life.refused(2, &["set", "email="]);
    assert_says(&said, &["`email` is missing"]);
    life.does(&[
        "set",
        "prod:cert-manager.issuer=private",
        "prod-us:cert-manager.issuer=private",
    ]);
    let said = life.does(&["set", "email="]);
    assert_says(&said, &["\"Set email to its default\""]);
    let all = life.json(&["set", "--json"]);
    let mut settings = all["settings"].as_array().unwrap().iter();
    assert!(!settings.any(|setting| setting["key"] == "email"), "{all}");
    life.does(&["set", "prod:cert-manager.issuer=", "email=a@acme.io"]);
    assert_eq!(
        setting(&life, "prod:cert-manager.issuer"),
        (json!("letsencrypt"), "assumed".to_owned())
    );
}

#[test]
fn edits_are_kept_or_stand_in_the_way() {
    let life = Life::new();
    let file = "clusters/prod/apps/grafana/values.yaml";
    life.edit(file, "\n", "\n# mine\n");
    life.commit();
    life.does(&["set", "prod:grafana.admin=secret"]);
    assert_says(
        &life.read(file),
        &["# mine\n", "existingSecret: grafana-admin"],
    );
    assert_eq!(life.edited(), [format!("edited {file}")]);
    let flux = "clusters/prod/flux-system/flux-instance.yaml";
    let text = life.read(flux);
    let url = text
        .lines()
        .find(|line| line.contains("url: "))
        .unwrap()
        .trim();
    life.edit(flux, url, "url: https://mirror.acme.io/acme.git");
    life.commit();
    let said = life.refused(1, &["set", "git.url=https://git.acme.io/acme.git"]);
    assert_says(&said, &[flux, "nothing was written"]);
}

#[test]
fn a_setting_for_all_wins_over_single_clusters() {
    let life = Life::new();
    life.does(&["set", "prod:grafana.admin=secret"]);
    life.does(&["set", "grafana.admin=generated"]);
    life.has_nothing_to_do(&["set", "grafana.admin=generated"]);
}

#[test]
fn no_other_command_builds_a_cluster_anew() {
    let life = Life::new();
    let said = life.refused(2, &["add", "reloader", "--set", "staging.nodes=4"]);
    assert_says(&said, &["staging.nodes cannot be changed", "--rebuild"]);
}

/// With a cluster on EKS.
fn with_a_cloud() -> Life {
    let life = Life::new();
    life.does(&[
        "add",
        "cluster",
        "cloud",
        "--provider",
        "eks",
        "--component",
        "cilium",
        "--set",
        "region=eu-central-1",
        "--set",
        "domain=c.acme.io",
        "--set",
        "backend={s3: {bucket: acme-state}}",
    ]);
    life
}

#[test]
fn a_control_plane_does_not_go_back() {
    let life = with_a_cloud();
    let said = life.refused(2, &["set", "cloud.kubernetes=1.35"]);
    assert_says(
        &said,
        &[
            "cloud.kubernetes cannot go from 1.36 to 1.35",
            "a control plane cannot go back to an older version of Kubernetes",
            "--rebuild",
        ],
    );
    let said = life.does(&["set", "cloud.kubernetes=1.35", "--rebuild"]);
    assert_says(&said, &["destroy cloud before Terraform applies this"]);
    life.does(&["set", "cloud.kubernetes=1.36"]);
    life.is_as_written();
}

#[test]
fn what_else_has_to_be_said_is_named() {
    let life = with_a_cloud();
    for (set, words) in [
        (
            "prod.secrets=sops",
            &[
                "landform set prod.secrets=sops prod.sops_recipient=… (the public key that age-keygen prints",
            ][..],
        ),
        (
            "prod.dns=google",
            &["landform set prod.dns=google prod.project=… (a project's id"],
        ),
        ("email=", &["landform set email=…"]),
        (
            "cloud.network=existing",
            &[
                "create; or a map, as {vpc_id: …, subnet_ids: […]}",
                "such as vpc-0123456789abcdef0",
            ],
        ),
        (
            "cloud.network={vpc_id: vpc-01234567}",
            &[
                "the key `subnet_ids` is missing",
                "As {vpc_id: …, subnet_ids: […]}",
            ],
        ),
        (
            "cloud.backend=s3",
            &[
                "`s3` needs further answers",
                "{bucket: …} (bucket: a bucket's name",
            ],
        ),
        (
            "cloud.backend=s4",
            &["a map with one of the keys s3, gcs, azurerm, http"],
        ),
    ] {
        assert_says(&life.refused(2, &["set", set]), words);
    }
}

#[test]
fn secrets_that_are_by_hand_from_now_on_are_listed() {
    let life = Life::new();
    let sealed = "clusters/prod-us/apps/grafana/secret-grafana-admin.sops.yaml";
    life.write(sealed, "apiVersion: v1\nkind: Secret\nsops: {}\n");
    life.edit(
        "clusters/prod-us/apps/grafana/kustomization.yaml",
        "resources:\n",
        "resources:\n  - secret-grafana-admin.sops.yaml\n",
    );
    life.commit();
    let said = life.does(&["set", "prod-us.secrets=manual"]);
    assert_says(
        &said,
        &[
            "Flux refuses what sops encrypted",
            sealed,
            "secrets still missing on prod-us",
            "kubectl --namespace external-dns create secret generic cloudflare-api-key",
            "create secret generic grafana-admin",
        ],
    );
    // What comes from where it came from before is no news.
    let said = life.does(&["set", "prod-us:grafana.admin=generated"]);
    assert!(!said.contains("still missing"), "{said}");
}

/// A platform that was made before its provider knew that an answer is fixed.
#[test]
fn newer_templates_guard_older_platforms() {
    let life = Life::older();
    assert_eq!(setting(&life, "staging.nodes").1, "assumed");
    let file = "catalog/providers/kind/provider.yaml";
    let text = life.sandbox.read(file);
    let guarded = text.replace(
        "  - name: nodes\n",
        "  - name: nodes\n    fixed: its nodes are made once\n",
    );
    assert_ne!(text, guarded);
    life.sandbox.write(file, &guarded);
    assert_eq!(setting(&life, "staging.nodes").1, "fixed");
    let said = life.refused(2, &["set", "staging.nodes=3"]);
    assert_says(
        &said,
        &["staging.nodes cannot be changed: its nodes are made once"],
    );
}
