//! `secret`: by hand, in a store, and through sops.

use std::process::Stdio;

use crate::platform::{Life, assert_says, assert_valid};
use crate::sandbox::{assert_same, stderr, stdout};

/// A `sops` that tells what it was given, and gives what looks encrypted.
const SOPS: &str = "#!/bin/sh\necho \"$*\" > \"$SAID/arguments\"\ncat > \"$SAID/object\"\npwd > \"$SAID/folder\"\n\
                    printf 'apiVersion: v1\\nkind: Secret\\nstringData:\\n  admin-user: ENC[x]\\nsops:\\n  version: 3.9.0\\n'\n";

fn with_sops(
    life: &Life,
    script: &str,
    arguments: &[&str],
    input: &str,
) -> assert_cmd::assert::Assert {
    life.sandbox.script("bin/sops", script);
    let path = std::env::var("PATH").unwrap();
    let bin = life.sandbox.path("bin");
    let mut command = life.sandbox.landform(arguments);
    command
        .current_dir(life.path(""))
        .env("PATH", format!("{}:{path}", bin.display()))
        .env("SAID", &bin)
        .write_stdin(input)
        .assert()
}

#[test]
fn by_hand_the_command_is_told() {
    let life = Life::new();
    let before = life.everything();
    let assert = life
        .run(&["secret", "external-dns", "--on", "prod"])
        .success();
    assert_eq!(
        stdout(&assert),
        "kubectl --namespace external-dns create secret generic cloudflare-api-key --from-file=apiKey=FILE\n"
    );
    assert_says(
        &stderr(&assert),
        &["apiKey: Cloudflare API token", "without a line end"],
    );
    assert_says(
        &stderr(&assert),
        &[
            "kubectl must speak to prod: export KUBECONFIG=~/.kube/config && kubectl config use-context prod",
        ],
    );
    let how = life.json(&["secret", "external-dns", "--on", "prod", "--json"]);
    assert_valid(&life.sandbox, "secret", &how);
    assert_eq!(how["cluster"], "prod");
    assert_eq!(how["secret"]["from"], "hand");
    assert_eq!(how["secret"]["commands"][0], stdout(&assert).trim_end());
    assert_eq!(how["before"][1], "kubectl config use-context prod");
    assert!(how["secret"]["keys"]["apiKey"].is_string(), "{how}");
    // A file that is given stands in the command, and is not read.
    let file = ["secret", "external-dns", "--on", "prod", "--from-file"];
    let assert = life
        .run(&[&file[..], &["apiKey=./my key"]].concat())
        .success();
    assert_says(&stdout(&assert), &["--from-file=apiKey='./my key'\n"]);
    assert_says(&stderr(&assert), &["each file holds one value"]);
    let said = life.refused(2, &[&file[..], &["token=x"]].concat());
    assert_says(&said, &["cloudflare-api-key has no key `token`"]);
    let assert = life.run(&["secret", "grafana", "--on", "prod"]).success();
    assert_says(&stderr(&assert), &["grafana needs no Secret on prod"]);
    let report = life.json(&["secret", "grafana", "--on", "prod", "--json"]);
    assert_valid(&life.sandbox, "change", &report);
    assert_eq!(report["notes"][0], "grafana needs no Secret on prod");
    for (arguments, why) in [
        (
            &["secret", "loki", "--on", "prod"][..],
            "loki is not on prod",
        ),
        (
            &["secret", "nope", "--on", "prod"],
            "`nope` is not on the platform",
        ),
        (
            &["secret", "grafana", "--on", "us"],
            "there is no cluster `us`",
        ),
        (
            &[
                "secret",
                "external-dns",
                "--on",
                "prod",
                "--secret",
                "cloudflare",
            ],
            "did you mean",
        ),
    ] {
        assert_says(&life.refused(2, arguments), &[why]);
    }
    assert_same(&before, &life.everything());
}

#[test]
fn sops_encrypts_what_is_never_there_in_clear() {
    let life = Life::new();
    let before = life.files();
    life.sandbox.write("password", "s3cr3t-word\n");
    let arguments = [
        "secret",
        "grafana",
        "--on",
        "prod-us",
        "--from-file",
        "admin-user=-",
        "--from-file",
        "admin-password=../password",
        "--yes",
    ];
    let assert = with_sops(&life, SOPS, &arguments, "admin\n").success();
    let path = "clusters/prod-us/apps/grafana/secret-grafana-admin.sops.yaml";
    assert_eq!(
        life.sandbox.read("bin/arguments"),
        format!("encrypt --input-type json --output-type yaml --filename-override {path}\n")
    );
    let object: serde_json::Value = serde_json::from_str(&life.sandbox.read("bin/object")).unwrap();
    assert_eq!(
        object,
        serde_json::json!({
            "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "grafana-admin", "namespace": "grafana"},
            "type": "Opaque", "stringData": {"admin-user": "admin", "admin-password": "s3cr3t-word"},
        })
    );
    assert_eq!(
        life.sandbox.read("bin/folder").trim(),
        life.path("").canonicalize().unwrap().to_str().unwrap()
    );
    assert_says(&life.read(path), &["ENC[x]"]);
    assert_says(
        &life.read("clusters/prod-us/apps/grafana/kustomization.yaml"),
        &["  - secret-grafana-admin.sops.yaml\n"],
    );
    let said = stdout(&assert) + &stderr(&assert);
    assert_says(
        &said,
        &["\"Add the Secret grafana-admin of grafana on prod-us\""],
    );
    let history = life.git(&["log", "-p", "--all"]);
    for text in [&said, &history] {
        assert!(!text.contains("s3cr3t-word"), "{text}");
    }
    assert_eq!(life.sandbox.status("acme"), "");
    life.is_as_written();
    // It is there, and stays through everything else.
    let assert = with_sops(&life, SOPS, &arguments, "admin\n").success();
    assert_says(
        &stderr(&assert),
        &["is there already; --replace makes it anew"],
    );
    let with = life.files();
    life.does(&["rename", "grafana", "dash"]);
    assert!(life.has("clusters/prod-us/apps/dash/secret-grafana-admin.sops.yaml"));
    life.is_as_written();
    life.does(&["rename", "dash", "grafana"]);
    life.does(&["unpin", "grafana", "--on", "prod-us"]);
    life.does(&["pin", "grafana", "--on", "prod-us"]);
    life.has_nothing_to_do(&["update"]);
    assert_same(&with, &life.files());
    let again = SOPS.replace("ENC[x]", "ENC[y]");
    with_sops(
        &life,
        &again,
        &[&arguments[..], &["--replace"]].concat(),
        "admin\n",
    )
    .success();
    assert_says(&life.read(path), &["ENC[y]"]);
    assert_eq!(before.len() + 1, life.files().len());
}

#[test]
fn what_goes_wrong_leaves_nothing() {
    let life = Life::new();
    let before = life.everything();
    let one = ["secret", "external-dns", "--on", "prod-us", "--yes"];
    let assert = with_sops(&life, SOPS, &one, "").code(2);
    assert_says(
        &stderr(&assert),
        &[
            "the value of `apiKey` is missing",
            "--from-file apiKey=FILE",
        ],
    );
    for (more, why, code) in [
        (
            &["--from-file", "apikey=-"][..],
            "did you mean `apiKey`?",
            2,
        ),
        (&["--from-file", "apiKey"], "names no file", 2),
        (&["--from-file", "apiKey=../nowhere"], "nowhere", 3),
    ] {
        let assert = with_sops(&life, SOPS, &[&one[..], more].concat(), "x").code(code);
        assert_says(&stderr(&assert), &[why]);
    }
    let given = [&one[..], &["--from-file", "apiKey=-"]].concat();
    let assert = with_sops(
        &life,
        "#!/bin/sh\necho no key >&2\nexit 1\n",
        &given,
        "t0k3n",
    )
    .code(3);
    assert_says(
        &stderr(&assert),
        &[
            "sops did not encrypt clusters/prod-us/apps/external-dns/",
            "no key",
        ],
    );
    // A program that only echoes is not believed.
    let assert = with_sops(&life, "#!/bin/sh\ncat\n", &given, "t0k3n").code(3);
    assert!(!stderr(&assert).contains("t0k3n"), "{}", stderr(&assert));
    assert_same(&before, &life.everything());
    let mut command = life.sandbox.plain_landform(&given);
    let output = command
        .current_dir(life.path(""))
        .env("PATH", life.path("none"))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(3));
    let said = crate::sandbox::text(&output.stderr);
    assert!(!said.is_empty());
}

#[test]
fn a_store_is_filled_by_its_own_tool() {
    let life = Life::new();
    let vault = "prod:external-secrets.vault_server=https://vault.acme.io";
    life.does(&["set", "prod.secrets=vault", vault, "--with-needs"]);
    assert_eq!(life.clusters("external-secrets"), ["prod"]);
    let before = life.everything();
    let assert = life
        .run(&["secret", "external-dns", "--on", "prod"])
        .success();
    assert_eq!(
        stdout(&assert),
        "vault kv put secret/acme-prod/external-dns/cloudflare-api-key @FILE\n"
    );
    assert_says(&stderr(&assert), &["FILE holds {\"apiKey\": \"…\"}"]);
    let how = life.json(&["secret", "external-dns", "--on", "prod", "--json"]);
    assert_valid(&life.sandbox, "secret", &how);
    assert_eq!(how["secret"]["from"], "store");
    assert_eq!(how["file"], "FILE holds {\"apiKey\": \"…\"}");
    assert_eq!(how["secret"]["commands"][0], stdout(&assert).trim_end());
    assert_same(&before, &life.everything());
    assert_says(
        &life.read("clusters/prod/apps/external-dns/secret-cloudflare-api-key.yaml"),
        &[
            "kind: ExternalSecret",
            "acme-prod/external-dns/cloudflare-api-key",
        ],
    );
    life.is_as_written();
}

#[test]
fn what_sops_leaves_in_clear_is_not_written() {
    let life = Life::new();
    life.does(&[
        "set",
        "grafana.admin=secret",
        "prod-us.secrets=sops",
        "prod-us.sops_recipient=age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p",
    ]);
    let clear = "#!/bin/sh\ncat >/dev/null\nprintf 'kind: Secret\\nstringData:\\n  a: b\\nsops:\\n  version: 3.9.0\\n'\n";
    let before = life.sandbox.commits("acme");
    life.write("value", "x");
    let arguments = [
        "secret",
        "grafana",
        "--on",
        "prod-us",
        "--from-file",
        "admin-user=value",
        "--from-file",
        "admin-password=value",
        "--yes",
    ];
    let said = stderr(&with_sops(&life, clear, &arguments, "").code(2));
    assert_says(&said, &["in clear, so nothing was written"]);
    assert_eq!(life.sandbox.commits("acme"), before);
}
