//! The answers file: what is wrong is told with its place and what was meant, and nothing is written.

use predicates::prelude::*;
use predicates::str::contains;

use crate::sandbox::{Sandbox, stderr, stdout};

/// Runs `new` with an answers file that must be refused, and gives what is said.
fn refused(text: &str) -> String {
    let sandbox = Sandbox::new();
    sandbox.write("answers.yaml", text);
    let assert = sandbox
        .new_in("acme", &["--answers", "answers.yaml"])
        .code(2)
        .stdout("");
    assert_eq!(sandbox.files("."), ["answers.yaml"], "{text}");
    stderr(&assert)
}

#[track_caller]
fn refuses(text: &str, at: &str, said: &[&str]) {
    let all = refused(text);
    let at = format!("--> answers.yaml:{at}");
    for part in [&[at.as_str()], said].concat() {
        assert!(all.contains(part), "{part:?} is not in\n{all}");
    }
}

#[test]
fn unknown_keys() {
    refuses(
        "nmae: acme\n",
        "1:1",
        &["unknown key `nmae`", "did you mean `name`?"],
    );
    refuses(
        "name: acme\ngit: {url: \"https://h.io/a.git\", brunch: main}\n",
        "2:",
        &["unknown key `brunch`", "did you mean `branch`?"],
    );
    refuses(
        "clusters:\n  prod:\n    provider: kind\n    nodse: 3\n",
        "4:5",
        &["`nodse`", "did you mean `nodes`?"],
    );
    refuses(
        "components:\n  grafana:\n    anwsers: {}\n",
        "3:5",
        &["unknown key `anwsers`", "did you mean `answers`?"],
    );
    refuses(
        "clusters:\n  prod:\n    provider: existing\n    context: p\n    backend: {s3: {bucket: abc, regoin: eu-central-1}}\n",
        "5:5",
        &["unknown key `regoin`", "did you mean `region`?"],
    );
}

#[test]
fn wrong_types() {
    refuses("name: [acme]\n", "1:7", &["expected a text, found a list"]);
    refuses("git: https://h.io/a.git\n", "1:6", &["expected a map"]);
    refuses(
        "clusters: [prod]\n",
        "1:11",
        &["expected a map, found a list"],
    );
    refuses("clusters:\n  prod: kind\n", "2:9", &["expected a map"]);
    refuses(
        "clusters:\n  prod: {provider: kind, nodes: \"3\"}\n",
        "2:26",
        &[
            "expected a whole number, found the text `3`",
            "without quotes",
        ],
    );
    refuses(
        "clusters:\n  prod: {provider: kind, nodes: -1}\n",
        "2:26",
        &["whole number"],
    );
    refuses(
        "clusters:\n  prod: {provider: existing, context: c, kube_proxy: \"no\"}\n",
        "2:42",
        &["expected true or false"],
    );
    refuses(
        "clusters:\n  prod: {provider: existing, context: {a: b}}\n",
        "2:30",
        &["expected a text, found a map"],
    );
    refuses(
        "components:\n  grafana: {on: staging}\n",
        "2:17",
        &["expected a list"],
    );
    refuses("components: {grafana: true}\n", "1:23", &["expected a map"]);
    refuses("email: {a: b}\n", "1:8", &["expected a text, found a map"]);
    refuses("- a\n- b\n", "1:1", &["expected a map, found a list"]);
}

#[test]
fn duplicate_keys() {
    refuses(
        "name: a\nemail: a@b.io\nname: b\n",
        "3:1",
        &["`name` stands twice", "answers.yaml:1:1"],
    );
    refuses(
        "clusters:\n  prod: {provider: kind}\n  prod: {provider: existing}\n",
        "3:3",
        &["`prod` stands twice", "answers.yaml:2:3"],
    );
}

#[test]
fn names_that_nobody_knows() {
    refuses(
        "clusters: {prod: {provider: kidn}}\n",
        "1:19",
        &["unknown provider `kidn`", "did you mean `kind`?"],
    );
    refuses(
        "clusters: {prod: {provider: kind}}\ncomponents:\n  cilum:\n",
        "3:3",
        &["unknown component `cilum`", "did you mean `cilium`?"],
    );
    refuses(
        "clusters: {prod: {provider: kind}}\ncomponents:\n  grafana: {on: [prdo]}\n",
        "3:18",
        &["unknown cluster `prdo`", "did you mean `prod`?"],
    );
    refuses(
        "clusters: {prod: {provider: kind}}\ncomponents:\n  grafana: {answers: {prdo: {admin: secret}}}\n",
        "3:23",
        &["unknown cluster `prdo`", "did you mean `prod`?"],
    );
    refuses(
        "clusters: {prod: {provider: kind}}\ncomponents:\n  grafana: {answers: {prod: {amdin: secret}}}\n",
        "3:30",
        &["no question `amdin`", "did you mean `admin`?"],
    );
    refuses(
        "clusters: {prod: {provider: kind}}\ncomponents:\n  grafana: {answers: {prod: {admin: sercet}}}\n",
        "3:30",
        &["none of the choices", "did you mean `secret`?"],
    );
    refuses(
        "git: {url: \"https://h.io/a.git\", auth: tokne}\n",
        "1:",
        &["tokne", "did you mean `token`?"],
    );
    refuses(
        "ci: gihtub\n",
        "1:5",
        &["unknown CI `gihtub`", "did you mean `github`?"],
    );
}

#[test]
fn what_does_not_fit_says_why() {
    refuses(
        "clusters: {prod: {provider: kind}}\ncomponents:\n  external-dns: {on: [prod]}\n",
        "3:",
        &["does not fit prod", "no public address"],
    );
    refuses(
        "clusters: {prod: {provider: kind, dns: none}}\ncomponents:\n  cert-manager: {answers: {prod: {issuer: letsencrypt}}}\n",
        "3:",
        &["needs cluster.dns to be route53 or"],
    );
    refuses(
        "clusters: {prod: {provider: kind, dns_region: eu-central-1}}\n",
        "1:35",
        &["is not asked on prod", "cluster.dns is route53"],
    );
    refuses(
        "clusters: {a: {provider: kind}, b: {provider: kind}}\ncomponents:\n  cilium: {on: [a]}\n  grafana: {on: [a], answers: {b: {admin: secret}}}\n",
        "4:32",
        &["grafana is not on b", "--component grafana@b"],
    );
}

/// Each is of the right form; the catalogue's `refuse` says why it is not taken.
#[test]
fn answers_that_cannot_be_are_refused_with_the_reason() {
    let eks = "clusters:\n  prod:\n    provider: eks\n    region: eu-central-1\n    domain: shop.acme.io\n    \
               backend: {s3: {bucket: acme-state}}\n    ";
    let with = |answer: &str| format!("{eks}{answer}\ncomponents: {{external-dns: }}\n");
    for (answer, reason) in [
        (
            "nodes: {min: 5, max: 2}",
            "at least 5 nodes are more than at most 2",
        ),
        ("nodes: {instance_types: []}", "no instance type is named"),
        (
            "nodes: {instance_types: [m7i.large, m7g.large]}",
            "not of one processor architecture",
        ),
        (
            "network: {vpc_id: vpc-12345678, subnet_ids: [subnet-12345678]}",
            "at least two zones",
        ),
        (
            "dns_zone: other.org",
            "the domain shop.acme.io is not in the zone other.org",
        ),
    ] {
        refuses(&with(answer), "7:", &[reason]);
    }
    let sandbox = Sandbox::new();
    let fine =
        "nodes: {instance_types: [m7g.large, c7gd.large], min: 3, max: 3}\n    dns_zone: acme.io";
    sandbox.write("answers.yaml", &with(fine));
    sandbox
        .new_in("acme", &["--answers", "answers.yaml"])
        .success();
    assert!(
        sandbox
            .read("acme/terraform/prod/main.tf")
            .contains("AL2023_ARM_64")
    );
}

#[test]
fn names_are_checked_at_the_edge() {
    for (name, said) in [
        ("Prod", "starts with a lower-case letter"),
        ("1a", "starts with a lower-case letter"),
        ("a_b", "only lower-case letters"),
        ("\"a b\"", "only lower-case letters"),
        ("a-", "ends in no dash"),
        ("\"on\"", "means something else in YAML"),
        ("main", "taken by the platform's own files"),
        ("bootstrap", "taken by the platform's own files"),
        ("all", "taken by the platform's own files"),
        ("a-name-that-is-too-long", "at most 16 characters"),
        ("\"../x\"", "lower-case letter"),
    ] {
        refuses(
            &format!("clusters:\n  {name}: {{provider: kind}}\n"),
            "2:3",
            &[said],
        );
    }
    for (name, said) in [
        ("Acme", "starts with a lower-case letter"),
        ("no", "means something else in YAML"),
        ("a-platform-with-a-name-too-long", "at most 24 characters"),
    ] {
        refuses(&format!("name: {name}\n"), "1:7", &[said]);
    }
}

#[test]
fn addresses_and_branches_are_checked() {
    for (git, said) in [
        (
            "{url: \"git@github.com:acme/a.git\"}",
            "write ssh://git@github.com/acme/a.git",
        ),
        ("{url: \"https://me:pw@h.io/a.git\"}", "a login in it"),
        ("{url: /srv/git/a.git}", "no address of a Git repository"),
        ("{url: \"https://h.io/a.git\", auth: ssh}", "ssh://"),
        ("{url: \"ssh://git@h.io/a.git\", auth: token}", "https://"),
        ("{branch: \"a b\"}", "no name of a branch"),
        ("{branch: -x}", "no name of a branch"),
    ] {
        refuses(&format!("git: {git}\n"), "1:", &[said]);
    }
    refuses(
        "email: nobody\n",
        "1:8",
        &["no e-mail address", "platform@acme.io"],
    );
}

#[test]
fn yaml_that_is_broken_or_too_clever() {
    refuses(
        "name: acme\nclusters: {prod: {provider: kind}\n",
        "2:11",
        &["broken YAML"],
    );
    refuses("name: \"acme\n", "", &["broken YAML"]);
    refuses("name:\n\tgit: x\n", "2:", &["broken YAML"]);
    refuses(
        "name: acme\n---\nname: other\n",
        "3:1",
        &["a second YAML document"],
    );
    refuses(
        "clusters:\n  a: &same {provider: kind}\n  b: *same\n",
        "3:6",
        &["an alias", "write the value out"],
    );
    refuses(
        "clusters:\n  a:\n    provider: kind\n    <<: {nodes: 3}\n",
        "4:5",
        &["`<<`"],
    );
    refuses("? [a]\n: b\n", "1:", &["a key that is a list or a map"]);
    refuses(
        &format!("clusters: {}{}\n", "[".repeat(100), "]".repeat(100)),
        "1:",
        &["nested too deeply"],
    );
}

#[test]
fn all_problems_are_told_at_once() {
    let said = refused(
        "git: {branch: \"a b\"}\nemail: nobody\nclusters: {prod: {provider: kind, nodse: 1}}\ncomponents: {cilum: , grafana: {on: [x]}}\n",
    );
    for part in ["a b", "nobody", "nodse", "cilum", "unknown cluster `x`"] {
        assert!(said.contains(part), "{part:?} is not in\n{said}");
    }
}

#[test]
fn a_file_that_is_not_there_or_no_text() {
    let sandbox = Sandbox::new();
    sandbox
        .new_in("acme", &["--answers", "nowhere.yaml"])
        .code(3)
        .stderr(contains("nowhere.yaml"));
    std::fs::write(sandbox.path("binary.yaml"), b"name: \xff\xfe\n").unwrap();
    sandbox
        .new_in("acme", &["--answers", "binary.yaml"])
        .failure()
        .stderr(contains("binary.yaml"));
    assert!(!sandbox.path("acme").exists());
}

#[test]
fn an_empty_file_takes_all_defaults() {
    let sandbox = Sandbox::new();
    sandbox.write("answers.yaml", "# nothing yet\n");
    sandbox
        .new_in("acme", &["--answers", "answers.yaml"])
        .success();
    assert!(sandbox.path("acme/clusters/staging").is_dir());
}

#[test]
fn missing_answers_are_all_listed_with_their_flags() {
    let sandbox = Sandbox::nobody();
    sandbox.write(
        "answers.yaml",
        "clusters:\n  \
           prod: {provider: existing}\n  \
           edge: {provider: existing, cni: none, kube_proxy: false, dns: azure, domain: acme.io}\n  \
           void: {}\n\
         components:\n  \
           cilium: {on: [edge]}\n  \
           cert-manager: {on: [edge], answers: {edge: {issuer: letsencrypt}}}\n",
    );
    let assert = sandbox
        .new_in("acme", &["--answers", "answers.yaml"])
        .code(2);
    let said = stderr(&assert);
    for (key, flag) in [
        ("prod.context", "--set prod.context=…"),
        ("edge.context", "--set edge.context=…"),
        ("edge.api_host", "--set edge.api_host=…"),
        ("edge.subscription", "--set edge.subscription=…"),
        ("edge.tenant", "--set edge.tenant=…"),
        ("edge.dns_resource_group", "--set edge.dns_resource_group=…"),
        (
            "edge:cert-manager.azure_client_id",
            "--set edge:cert-manager.azure_client_id=…",
        ),
        ("void.provider", "--cluster void=PROVIDER"),
        ("email", "--email ADDRESS"),
    ] {
        assert!(
            said.contains(&format!("`{key}` is missing")),
            "{key}: {said}"
        );
        assert!(said.contains(flag), "{flag}: {said}");
    }
    assert!(!sandbox.path("acme").exists());
    // What nothing uses is not asked for.
    assert!(!said.contains("edge.project"), "{said}");
}

#[test]
fn what_is_missing_is_shown_in_its_form_and_nothing_that_follows_from_it() {
    let sandbox = Sandbox::new();
    let assert = sandbox.new_in("acme", &["--cluster", "prod=eks"]).code(2);
    let said = stderr(&assert);
    for part in [
        "`prod.region` is missing",
        "`prod.domain` is missing",
        "--set 'prod.backend={s3: {bucket: …}}'",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    // The zone is the domain, once that is known, and the secrets are in the cluster's region.
    assert!(
        !said.contains("dns_zone") && !said.contains("aws_region"),
        "{said}"
    );
    let complete = sandbox.new_in(
        "acme",
        &[
            "--cluster",
            "prod=eks",
            "--set",
            "prod.region=eu-central-1",
            "--set",
            "prod.domain=acme.io",
            "--set",
            "prod.backend={s3: {bucket: acme-state}}",
            "--print-answers",
        ],
    );
    complete.success().stdout(contains("dns_zone: acme.io"));
}

#[test]
fn what_only_the_skeleton_uses_is_missing_too() {
    let sandbox = Sandbox::new();
    sandbox
        .new_in("acme", &["--set", "staging.secrets=sops"])
        .code(2)
        .stderr(
            contains("`staging.sops_recipient` is missing")
                .and(contains("--set staging.sops_recipient=…"))
                .and(contains("fault of the catalogue").not()),
        );
    assert!(!sandbox.path("acme").exists());
}

#[test]
fn the_flags_that_are_named_give_the_answers() {
    let sandbox = Sandbox::new();
    let mut arguments = vec!["new", "acme", "--yes", "--cluster", "prod=existing"];
    sandbox
        .run(&arguments)
        .code(2)
        .stderr(contains("--set prod.context=…"));
    arguments.extend(["--set", "prod.context=prod"]);
    sandbox.run(&arguments).success();
    assert!(
        sandbox
            .read("acme/terraform/prod/main.tf")
            .contains("context    = \"prod\"")
    );
}

#[test]
fn printed_answers_are_complete_and_make_the_same_platform() {
    let sandbox = Sandbox::new();
    let flags = [
        "--cluster",
        "prod=existing",
        "--cluster",
        "dev=kind",
        "--set",
        "prod.context=prod",
        "--set",
        "prod.dns=cloudflare",
        "--set",
        "prod.domain=acme.io",
        "--set",
        "dev.upgrades=later",
        "--set",
        "prod.backend={s3: {bucket: abc, region: eu-central-1}}",
        "--component",
        "cert-manager",
        "--component",
        "grafana@prod",
        "--set",
        "prod:cert-manager.issuer=letsencrypt-staging",
        "--git-url",
        "https://git.acme.io/acme.git",
        "--git-auth",
        "token",
        "--email",
        "p@acme.io",
    ];
    let print = [&["new", "acme", "--print-answers"], &flags[..]].concat();
    let printed = stdout(&sandbox.run(print).success());
    assert!(!sandbox.path("acme").exists());
    for line in [
        "name: acme",
        "url: https://git.acme.io/acme.git",
        "branch: main",
        "auth: token",
        "email: p@acme.io",
        "upgrades: later",
        "issuer: letsencrypt-staging",
        "admin: generated",
        "kubeconfig: ~/.kube/config",
    ] {
        assert!(printed.contains(line), "{line}: {printed}");
    }
    sandbox.write("answers.yaml", &printed);
    let again = [
        "new",
        "acme",
        "--print-answers",
        "--answers",
        "answers.yaml",
    ];
    assert_eq!(stdout(&sandbox.run(again).success()), printed);
    let mut first = sandbox.landform([&["new", "first/acme", "--yes"], &flags[..]].concat());
    first.assert().success();
    sandbox
        .new_in("second/acme", &["--answers", "answers.yaml"])
        .success()
        .stdout(contains("Assumed").not());
    // The record tells answers from assumptions; everything else is the same.
    let files = |dir: &str| {
        let mut files = sandbox.files(dir);
        files.retain(|path| {
            !path.starts_with(".landform/clusters/") && !path.starts_with(".landform/components/")
        });
        files
    };
    assert_eq!(files("first/acme"), files("second/acme"));
    for path in files("first/acme") {
        assert_eq!(
            sandbox.read(&format!("first/acme/{path}")),
            sandbox.read(&format!("second/acme/{path}")),
            "{path}"
        );
    }
}
