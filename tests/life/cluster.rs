//! `add cluster`: on its own, and like another one.

use crate::platform::{Life, assert_says};
use crate::sandbox::assert_same;

const WEST: [&str; 9] = [
    "add",
    "cluster",
    "west",
    "--like",
    "prod",
    "--set",
    "context=west",
    "--set",
    "domain=west.acme.io",
];

#[test]
fn on_its_own_and_away_again() {
    let life = Life::new();
    let before = life.files();
    let said = life.does(&[
        "add",
        "cluster",
        "edge",
        "--provider",
        "existing",
        "--set",
        "context=edge",
        "--component",
        "grafana",
        "--component",
        "reloader",
        "--set",
        "grafana.admin=secret",
    ]);
    assert_says(
        &said,
        &[
            "\"Add the cluster edge\"",
            "-chdir=terraform/edge apply",
            "secrets still missing on edge",
        ],
    );
    assert_eq!(
        life.clusters("grafana"),
        ["edge", "prod", "prod-us", "staging"]
    );
    assert_eq!(life.clusters("reloader"), ["edge"]);
    assert_says(
        &life.read("clusters/edge/apps/grafana/values.yaml"),
        &["existingSecret: grafana-admin"],
    );
    assert_says(&life.read("terraform/edge/main.tf"), &["edge"]);
    life.is_as_written();
    // There already: as it is.
    let code = life
        .run(&["add", "cluster", "edge", "--provider", "existing", "--yes"])
        .success();
    assert_says(
        &crate::sandbox::stderr(&code),
        &["there is a cluster edge already"],
    );
    let said = life.refused(2, &["add", "cluster", "edge", "--provider", "kind"]);
    assert_says(&said, &["there is a cluster edge already, on existing"]);
    let said = life.refused(2, &["add", "cluster", "far"]);
    assert_says(
        &said,
        &[
            "where does far run?",
            "give it by --provider (eks, existing, kind), or by --like CLUSTER",
        ],
    );
    life.does(&["remove", "cluster", "edge", "--destroyed"]);
    assert_same(&before, &life.files());
}

/// Edits of prod, files of the user's own, a secret, and what Terraform keeps there.
fn edit_prod(life: &Life) {
    life.does(&["pin", "cert-manager", "v1.0.0", "--on", "prod"]);
    life.edit("clusters/prod/apps/grafana/values.yaml", "\n", "\n# ours\n");
    life.edit(
        "clusters/prod/apps/cert-manager.yaml",
        "spec:\n",
        "spec:\n  suspend: true\n",
    );
    life.edit(
        "clusters/prod/apps/kustomization.yaml",
        "resources:\n",
        "resources:\n  - own.yaml # ours\n",
    );
    life.write(
        "clusters/prod/apps/own.yaml",
        "# clusters/prod/apps\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: own}\n",
    );
    life.write(
        "clusters/prod/apps/grafana/secret-x.sops.yaml",
        "a: ENC[x]\nsops: {}\n",
    );
    life.edit(
        "clusters/prod/apps/grafana/kustomization.yaml",
        "resources:\n",
        "resources:\n  - secret-x.sops.yaml\n",
    );
    life.write("terraform/prod/.terraform.lock.hcl", "# lock\n");
    life.edit("terraform/prod/main.tf", "\n", "\n# ours\n");
    life.commit();
}

#[test]
fn like_another_with_its_edits() {
    let life = Life::new();
    edit_prod(&life);
    let before = life.files();
    let said = life.does(&WEST);
    assert_says(
        &said,
        &[
            "\"Add the cluster west, like prod\"",
            "as on prod: cert-manager, external-dns, flux-operator, grafana",
            "as on prod too, unless --set says otherwise: ",
            "distribution=k3s",
            "versions: those that prod keeps (1)",
            "your edits on prod carried over: ",
            "clusters/prod/apps/grafana/secret-x.sops.yaml: a secret of prod",
        ],
    );
    assert_eq!(
        life.clusters("grafana"),
        ["prod", "prod-us", "staging", "west"]
    );
    assert_says(
        &life.read("clusters/west/apps/cert-manager/version.yaml"),
        &["v1.0.0"],
    );
    assert_says(
        &life.read("clusters/west/apps/grafana/values.yaml"),
        &["# ours\n"],
    );
    assert_says(
        &life.read("clusters/west/apps/cert-manager.yaml"),
        &[
            "  suspend: true\n",
            "path: ./clusters/west/apps/cert-manager\n",
        ],
    );
    assert_says(
        &life.read("clusters/west/apps/kustomization.yaml"),
        &["  - own.yaml # ours\n"],
    );
    assert_says(
        &life.read("clusters/west/apps/own.yaml"),
        &["# clusters/west/apps\n"],
    );
    assert_says(
        &life.read("terraform/west/main.tf"),
        &["\n# ours\n", "west"],
    );
    assert_says(
        &life.read("clusters/west/apps/cert-manager-issuers/cluster-issuer.yaml"),
        &["letsencrypt"],
    );
    for left in [
        "clusters/west/apps/grafana/secret-x.sops.yaml",
        "terraform/west/.terraform.lock.hcl",
    ] {
        assert!(!life.has(left), "{left}");
    }
    let list = life.read("clusters/west/apps/grafana/kustomization.yaml");
    assert!(!list.contains("secret-x"), "{list}");
    let mine: Vec<String> = life
        .edited()
        .into_iter()
        .filter(|path| path.contains("/west/"))
        .collect();
    assert_eq!(
        mine,
        [
            "edited clusters/west/apps/cert-manager.yaml",
            "edited clusters/west/apps/grafana/values.yaml",
            "edited clusters/west/apps/kustomization.yaml",
            "edited terraform/west/main.tf",
        ]
    );
    life.does(&["remove", "cluster", "west", "--destroyed"]);
    let left = life.files();
    let left: Vec<&String> = left.keys().filter(|path| path.contains("/west/")).collect();
    assert_eq!(left, ["clusters/west/apps/own.yaml"]);
    life.delete(&["clusters/west"]);
    life.commit();
    assert_same(&before, &life.files());
}

#[test]
fn like_another_of_a_different_provider() {
    let life = Life::new();
    life.edit(
        "clusters/staging/apps/grafana/values.yaml",
        "\n",
        "\n# ours\n",
    );
    life.edit("terraform/staging/main.tf", "\n", "\n# ours\n");
    life.edit(
        "clusters/staging/apps/loki.yaml",
        "spec:\n",
        "spec:\n  suspend: true\n",
    );
    life.commit();
    let said = life.does(&[
        "add",
        "cluster",
        "edge",
        "--provider",
        "existing",
        "--like",
        "staging",
        "--set",
        "context=edge",
        "--set",
        "storage_class=true",
    ]);
    assert_says(
        &said,
        &[
            "your edits on staging carried over: ",
            "clusters/staging/apps/loki.yaml",
        ],
    );
    assert_says(
        &life.read("clusters/edge/apps/grafana/values.yaml"),
        &["# ours\n"],
    );
    assert_says(
        &life.read("clusters/edge/apps/loki.yaml"),
        &["suspend: true"],
    );
    assert!(!life.read("terraform/edge/main.tf").contains("# ours"));
    assert_eq!(life.clusters("loki"), ["edge", "staging"]);
    // The other way, what does not fit is told with the reason.
    let said = life.does(&[
        "add",
        "cluster",
        "dev",
        "--provider",
        "kind",
        "--like",
        "prod",
        "--with-needs",
    ]);
    assert_says(
        &said,
        &["external-dns is left out: a kind cluster has no public address to publish"],
    );
    assert_eq!(life.clusters("external-dns"), ["prod", "prod-us"]);
}

#[test]
fn of_a_file_with_a_conflict_the_edits_that_fit_come() {
    let life = Life::new();
    life.does(&["pin", "cert-manager", "v1.0.0", "--on", "prod"]);
    let values = "clusters/prod/apps/external-dns/values.yaml";
    life.edit(values, "policy: upsert-only", "policy: sync # ours");
    life.edit(values, "txtOwnerId: acme-prod", "txtOwnerId: ours");
    life.commit();
    let said = life.does(&WEST);
    assert_says(
        &said,
        &[
            "versions: those that prod keeps (1)",
            "your edits on prod carried over: ",
            &format!("{values}:4: txtOwnerId was edited here, and has changed"),
        ],
    );
    let values = life.read("clusters/west/apps/external-dns/values.yaml");
    assert_says(
        &values,
        &["policy: sync # ours\n", "txtOwnerId: acme-west\n"],
    );
}

#[test]
fn a_line_of_another_provider_takes_no_other_edit_with_it() {
    let life = Life::new();
    let values = "clusters/prod/apps/grafana/values.yaml";
    let text = life.read(values);
    let lines = text.lines().count();
    let own = "replicas: 2 # two\nextra:\n  class: local-path\nnote: ours\n";
    life.write(values, &format!("{text}{own}"));
    life.commit();
    let said = life.does(&[
        "add",
        "cluster",
        "dev",
        "--provider",
        "kind",
        "--like",
        "prod",
        "--with-needs",
    ]);
    // The line that does not fit, and not the first of those that were added with it.
    let left_out = format!(
        "{values}:{}: it speaks of prod's provider: class: local-path",
        lines + 3
    );
    assert_says(
        &said,
        &[
            &left_out,
            &format!("your edits on prod carried over: {values}"),
        ],
    );
    let values = life.read("clusters/dev/apps/grafana/values.yaml");
    assert_says(&values, &["replicas: 2 # two\nnote: ours\n"]);
    assert!(!values.contains("extra"), "{values}");
}

#[test]
fn versions_that_do_not_come_along_are_not_counted() {
    let life = Life::new();
    life.does(&["pin", "external-dns", "1.0.0", "--on", "prod"]);
    let dev = [
        "add",
        "cluster",
        "dev",
        "--provider",
        "kind",
        "--like",
        "prod",
    ];
    let said = life.does(&[&dev[..], &["--with-needs"]].concat());
    assert!(!said.contains("versions: those"), "{said}");
}

#[test]
fn answers_that_do_not_fit_are_taken_anew() {
    let life = Life::new();
    let said = life.does(&[&WEST[..], &["--set", "dns=none"]].concat());
    assert_says(
        &said,
        &[
            "the answer of prod does not fit, and is taken anew: cert-manager on west: issuer",
            "west:cert-manager.issuer=private",
            "external-dns is left out",
        ],
    );
    life.is_as_written();
    // A default that only the other provider has is taken over.
    life.does(&[
        "add",
        "cluster",
        "cloud",
        "--provider",
        "eks",
        "--set",
        "region=eu-central-1",
        "--set",
        "domain=cloud.acme.io",
        "--set",
        "backend={s3: {bucket: acme-state}}",
        "--component",
        "external-secrets,reloader",
        "--with-needs",
    ]);
    assert_eq!(life.clusters("reloader"), ["cloud"]);
    let edge = [
        "add",
        "cluster",
        "edge",
        "--provider",
        "existing",
        "--like",
        "cloud",
        "--set",
        "context=edge",
        "--set",
        "secrets=aws",
    ];
    let said = life.does(&edge);
    assert_says(
        &said,
        &["as on cloud: edge:external-secrets.aws_region=eu-central-1"],
    );
    assert_says(
        &life.read("clusters/edge/apps/external-secrets-store/clustersecretstore.yaml"),
        &["region: eu-central-1"],
    );
    life.is_as_written();
}

#[test]
fn the_usual_components_come_with_what_they_need() {
    let life = Life::new();
    let said = life.does(&["add", "cluster", "dev", "--provider", "kind"]);
    assert_says(
        &said,
        &["gateway-api comes to dev too: envoy-gateway needs it"],
    );
    assert_eq!(life.clusters("envoy-gateway"), ["dev"]);
    assert_eq!(life.clusters("gateway-api"), ["dev"]);
    // Where somebody names them, what they need is to be agreed to.
    let edge = [
        "add",
        "cluster",
        "edge",
        "--provider",
        "kind",
        "--component",
    ];
    let said = life.refused(2, &[&edge[..], &["envoy-gateway"]].concat());
    assert_says(&said, &["envoy-gateway on edge needs gateway-api"]);
}

#[test]
fn what_is_refused() {
    let life = Life::new();
    for (arguments, why) in [
        (
            &["add", "cluster", "edge", "--like", "pro"][..],
            "there is no cluster `pro`",
        ),
        (&["add", "cluster", "edge", "--provider", "nope"], "nope"),
        (&["add", "cluster", "edge"], "provider"),
        (
            &["add", "cluster", "edge", "--provider", "existing"],
            "`edge.context` is missing",
        ),
        (
            &["add", "cluster", "Edge", "--provider", "kind"],
            "lower-case",
        ),
        (
            &["add", "cluster", "bootstrap", "--provider", "kind"],
            "bootstrap",
        ),
        (
            &[
                "add",
                "cluster",
                "dev",
                "--provider",
                "kind",
                "--component",
                "external-dns",
            ],
            "external-dns does not fit dev",
        ),
        (
            &[
                "add",
                "cluster",
                "dev",
                "--provider",
                "kind",
                "--component",
                "grafan",
            ],
            "did you mean `grafana`?",
        ),
        (
            &[
                "add",
                "cluster",
                "dev",
                "--provider",
                "kind",
                "--set",
                "nope=1",
            ],
            "nope",
        ),
    ] {
        assert_says(&life.refused(2, arguments), &[why]);
    }
}
