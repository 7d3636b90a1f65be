//! Every flag of `new`, and what it does to the platform.

use std::collections::BTreeSet;

use predicates::prelude::*;
use predicates::str::contains;

use crate::sandbox::{Sandbox, stdout};

/// A flag with its arguments, a file, and a text that it puts there.
type Effect = (
    &'static str,
    &'static [&'static str],
    &'static str,
    &'static str,
);

const EFFECTS: &[Effect] = &[
    (
        "--name",
        &["--name", "other"],
        ".landform/platform.yaml",
        "name: other",
    ),
    (
        "--git-url",
        &["--git-url", "https://h.io/x.git"],
        "clusters/staging/flux-system/flux-instance.yaml",
        "url: https://h.io/x.git",
    ),
    (
        "--git-branch",
        &["--git-branch", "trunk"],
        "clusters/staging/flux-system/flux-instance.yaml",
        "refs/heads/trunk",
    ),
    (
        "--git-auth",
        &["--git-auth", "token", "--git-url", "https://h.io/x.git"],
        "terraform/staging/variables.tf",
        "git_token",
    ),
    (
        "--email",
        &[
            "--email",
            "ops@acme.io",
            "--set",
            "staging.dns=cloudflare",
            "--set",
            "staging.domain=acme.io",
            "--set",
            "staging:cert-manager.issuer=letsencrypt",
        ],
        "clusters/staging/apps/cert-manager-issuers/cluster-issuer.yaml",
        "ops@acme.io",
    ),
    ("--ci", &["--ci", "gitlab"], ".gitlab-ci.yml", "kustomize"),
    (
        "--cluster",
        &["--cluster", "dev=kind"],
        "terraform/dev/main.tf",
        "kind_cluster",
    ),
    (
        "--component",
        &[
            "--cluster",
            "prod=existing",
            "--set",
            "prod.context=prod",
            "--set",
            "prod.dns=cloudflare",
            "--set",
            "prod.domain=acme.io",
            "--component",
            "external-dns",
        ],
        "apps/external-dns/helmrelease.yaml",
        "external-dns",
    ),
    (
        "--set",
        &["--set", "staging.domain=apps.example"],
        "clusters/staging/apps/envoy-gateway-public/gateway.yaml",
        "apps.example",
    ),
];

/// Flags that other tests of this crate are about.
const ELSEWHERE: &[&str] = &[
    "--answers",
    "--catalog",
    "--trust",
    "--yes",
    "--dry-run",
    "--diff",
    "--json",
    "--no-commit",
    "--print-answers",
    "--color",
    "--quiet",
    "--help",
];

#[test]
fn every_flag_has_a_test() {
    let sandbox = Sandbox::new();
    let help = stdout(&sandbox.run(["new", "--help"]).success());
    let there: BTreeSet<&str> = help
        .lines()
        .map(str::trim_start)
        .filter(|line| line.starts_with('-'))
        .flat_map(str::split_whitespace)
        .filter(|word| word.starts_with("--"))
        .collect();
    let tested: BTreeSet<&str> = EFFECTS
        .iter()
        .map(|effect| effect.0)
        .chain(ELSEWHERE.iter().copied())
        .collect();
    assert_eq!(there, tested);
}

#[test]
fn flags_do_what_they_say() {
    for (flag, arguments, file, text) in EFFECTS {
        let sandbox = Sandbox::new();
        sandbox.new_in("plain", &["--name", "acme"]).success();
        let plain = std::fs::read_to_string(sandbox.path("plain").join(file)).unwrap_or_default();
        assert!(!plain.contains(text), "{flag}: {text} is there without it");
        sandbox.new_in("acme", arguments).success();
        let with = sandbox.read(&format!("acme/{file}"));
        assert!(with.contains(text), "{flag}: {with}");
    }
}

#[test]
fn ci_none_writes_none() {
    let sandbox = Sandbox::new();
    sandbox.new_in("acme", &["--ci", "none"]).success();
    assert!(!sandbox.path("acme/.github").exists());
    assert!(!sandbox.path("acme/.gitlab-ci.yml").exists());
}

#[test]
fn flags_win_over_the_file() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "answers.yaml",
        "name: from-file\ngit: {url: \"https://file.io/a.git\", branch: file, auth: token}\nemail: file@acme.io\nci: gitlab\n\
         clusters: {prod: {provider: kind, nodes: 2, domain: file.io}}\n\
         components: {grafana: {answers: {all: {admin: secret}}}}\n",
    );
    let printed = stdout(
        &sandbox
            .run([
                "new",
                "acme",
                "--print-answers",
                "--answers",
                "answers.yaml",
                "--name",
                "from-flag",
                "--git-url",
                "https://flag.io/a.git",
                "--git-branch",
                "flag",
                "--git-auth",
                "public",
                "--email",
                "flag@acme.io",
                "--ci",
                "none",
                "--cluster",
                "prod=existing",
                "--set",
                "prod.nodes=3",
                "--component",
                "gateway-api@prod",
                "--set",
                "prod:grafana.admin=generated",
                "--set",
                "prod.context=flag",
                "--set",
                "prod.domain=flag.io",
            ])
            .success(),
    );
    for text in [
        "name: from-flag",
        "https://flag.io/a.git",
        "branch: flag",
        "auth: public",
        "flag@acme.io",
        "ci: none",
        "provider: existing",
        "nodes: 3",
        "gateway-api:",
        "admin: generated",
    ] {
        assert!(printed.contains(text), "{text}: {printed}");
    }
    assert!(!printed.contains("file"), "{printed}");
}

#[test]
fn set_knows_every_platform_key() {
    let sandbox = Sandbox::new();
    let printed = stdout(
        &sandbox
            .run([
                "new",
                "acme",
                "--print-answers",
                "--set",
                "name=other",
                "--set",
                "git.url=https://h.io/x.git",
                "--set",
                "git.branch=trunk",
                "--set",
                "git.auth=token",
                "--set",
                "email=a@b.io",
                "--set",
                "ci=none",
                "--set",
                "staging.nodes=2",
                "--set",
                "grafana.admin=secret",
            ])
            .success(),
    );
    for text in [
        "name: other",
        "https://h.io/x.git",
        "branch: trunk",
        "auth: token",
        "a@b.io",
        "ci: none",
        "nodes: 2",
        "admin: secret",
    ] {
        assert!(printed.contains(text), "{text}: {printed}");
    }
}

#[test]
fn wrong_flags_are_named_with_what_was_meant() {
    let sandbox = Sandbox::new();
    for (arguments, said) in [
        (&["--cluster", "prod"][..], "as --cluster staging=kind"),
        (&["--cluster", "=kind"], "a cluster needs a name"),
        (&["--cluster", "prod="], "unknown provider ``"),
        (&["--cluster", "prod=kidn"], "did you mean `kind`?"),
        (&["--cluster", "Prod=kind"], "lower-case letter"),
        (&["--component", "cilum"], "did you mean `cilium`?"),
        (&["--component", "cilium@prod"], "unknown cluster `prod`"),
        (&["--component", "cilium@"], "unknown cluster ``"),
        (&["--set", "email"], "no value is given"),
        (&["--set", "emial=x"], "did you mean `email`?"),
        (&["--set", "git.rul=x"], "did you mean `url`?"),
        (&["--set", "staging.nodse=2"], "did you mean `nodes`?"),
        (&["--set", "staging.nodes=two"], "expected a whole number"),
        (&["--set", "staging.nodes=[1"], "broken YAML"),
        (&["--set", "stagign.nodes=2"], "did you mean `staging`?"),
        (&["--set", "grafana.amdin=secret"], "did you mean `admin`?"),
        (
            &["--set", "stagign:grafana.admin=secret"],
            "did you mean `staging`?",
        ),
        (
            &["--set", "external-dns.policy=sync"],
            "external-dns is not on this platform",
        ),
        (&["--git-auth", "tokne"], "did you mean `token`?"),
        (&["--ci", "jenkins"], "unknown CI `jenkins`"),
        (&["--name", "A b"], "lower-case letter"),
        (&["--email", ""], "no e-mail address"),
    ] {
        sandbox
            .new_in("acme", arguments)
            .code(2)
            .stderr(contains(said).and(contains(arguments[0])));
        assert!(!sandbox.path("acme").exists());
    }
}

#[test]
fn a_cluster_named_twice_is_refused() {
    let sandbox = Sandbox::new();
    let twice = ["--cluster", "prod=existing", "--cluster", "prod=kind"];
    // With everything else that is wrong with the flags.
    let more = ["--set", "nothing", "--cluster", "staging"];
    sandbox
        .new_in("acme", &[&twice[..], &more].concat())
        .code(2)
        .stderr(
            contains("the cluster `prod` is there already, by --cluster prod=existing")
                .and(contains("--cluster prod=kind"))
                .and(contains("a cluster needs a name and a provider"))
                .and(contains("no value is given")),
        );
    assert!(!sandbox.path("acme").exists());
}

#[test]
fn a_flag_names_the_provider_of_a_cluster_in_the_file() {
    let sandbox = Sandbox::new();
    sandbox.write("a.yaml", "clusters: {prod: {provider: existing}}\n");
    let arguments = ["new", "acme", "--print-answers", "--answers", "a.yaml"];
    let printed = stdout(
        &sandbox
            .run([&arguments[..], &["--cluster", "prod=kind"]].concat())
            .success(),
    );
    assert_eq!(printed.matches("provider: kind").count(), 1, "{printed}");
}

#[test]
fn a_component_named_twice_is_one() {
    let sandbox = Sandbox::new();
    let arguments = ["--component", "grafana@staging", "--component", "grafana"];
    sandbox.new_in("acme", &arguments).success();
    assert!(
        sandbox
            .path("acme/clusters/staging/apps/grafana.yaml")
            .exists()
    );
}

#[test]
fn a_component_may_be_on_some_clusters_only() {
    let sandbox = Sandbox::new();
    sandbox
        .new_in(
            "acme",
            &[
                "--cluster",
                "a=kind",
                "--cluster",
                "b=kind",
                "--cluster",
                "c=kind",
                "--component",
                "grafana@a,c",
            ],
        )
        .success();
    for (cluster, there) in [("a", true), ("b", false), ("c", true)] {
        let file = format!("acme/clusters/{cluster}/apps/grafana.yaml");
        assert_eq!(sandbox.path(&file).exists(), there, "{cluster}");
    }
}
