//! `add app` from outside the catalogue, and what later commands make of it.

use crate::platform::{Life, assert_says};
use crate::sandbox::assert_same;

const CONFIG: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a.b\n  namespace: shop\n";

#[test]
fn a_chart_lives_like_any_other() {
    let life = Life::new();
    let before = life.files();
    let add = [
        "add",
        "app",
        "shop",
        "--chart",
        "oci://ghcr.io/acme/charts/shop",
        "--version",
        "2.4.1",
    ];
    let said = life.does(&add);
    assert_says(
        &said,
        &[
            "values were not checked",
            "its namespace shop enforces the Pod Security Standard baseline",
        ],
    );
    assert_says(
        &life.read("apps/shop/ocirepository.yaml"),
        &["url: oci://ghcr.io/acme/charts/shop\n", "tag: \"2.4.1\""],
    );
    life.is_as_written();
    let with = life.files();
    life.has_nothing_to_do(&add);
    // What is said otherwise is told, each with what is there.
    let said = life.refused(
        2,
        &[
            "add",
            "app",
            "shop",
            "--chart",
            "oci://x.io/shop",
            "--version",
            "3.0.0",
            "--namespace",
            "store",
        ],
    );
    assert_says(
        &said,
        &[
            "with another --chart: oci://ghcr.io/acme/charts/shop",
            "with another --version: 2.4.1",
            "landform pin shop VERSION --on CLUSTER",
            "with another --namespace: shop",
            "edit apps/shop/ instead",
        ],
    );
    let git = ["--git", "https://x.io/shop.git", "--tag", "v1"];
    let said = life.refused(2, &[&["add", "app", "shop"], &git[..]].concat());
    assert_says(&said, &["with another --git"]);
    // A version that moved on in the tree is none of that.
    life.edit("apps/shop/ocirepository.yaml", "2.4.1", "2.5.0");
    life.commit();
    let newer = [&add[..6], &["2.5.0"]].concat();
    life.has_nothing_to_do(&newer);
    life.edit("apps/shop/ocirepository.yaml", "2.5.0", "2.4.1");
    life.commit();
    life.has_nothing_to_do(&["update"]);
    assert_eq!(
        life.json(&["outdated", "--json"])["outdated"],
        serde_json::json!([])
    );
    life.does(&["pin", "shop", "2.4.0", "--on", "prod"]);
    assert_eq!(
        life.on("shop"),
        ["prod 2.4.0 pinned", "prod-us 2.4.1 pinned", "staging 2.4.1"]
    );
    life.does(&["unpin", "shop", "--on", "prod"]);
    life.does(&["rename", "shop", "store"]);
    assert_says(
        &life.read("apps/store/helmrelease.yaml"),
        &["releaseName: shop"],
    );
    life.does(&["move", "store", "--to", "infrastructure"]);
    life.is_as_written();
    life.does(&["move", "store", "--to", "apps"]);
    life.does(&["rename", "store", "shop"]);
    assert_same(&with, &life.files());
    life.does(&["remove", "shop"]);
    assert_same(&before, &life.files());
    let said = life.has_nothing_to_do(&["remove", "shop"]);
    assert_says(&said, &["shop is not on the platform acme"]);
}

#[test]
fn a_chart_of_a_repository_with_a_login_and_values() {
    let life = Life::new();
    let before = life.files();
    let values = "replicas: 2 # two\nhost: \"{{ x }}\"\n";
    life.sandbox.write("values.yaml", values);
    let said = life.does(&[
        "add",
        "app",
        "shop",
        "--repo",
        "https://charts.acme.io",
        "--chart",
        "shop",
        "--version",
        "2.4.1",
        "--registry-secret",
        "login",
        "--values",
        "../values.yaml",
        "--namespace",
        "grafana",
        "--needs",
        "cert-manager",
        "--on",
        "prod",
    ]);
    assert_says(
        &said,
        &["create secret generic login --from-file=username=FILE --from-file=password=FILE"],
    );
    assert_eq!(life.read("apps/shop/values.yaml"), values);
    assert_says(
        &life.read("apps/shop/helmrepository.yaml"),
        &[
            "url: https://charts.acme.io\n",
            "secretRef:\n    name: login\n",
        ],
    );
    // The namespace is another's: no second one, and after it.
    assert!(!life.has("apps/shop/namespace.yaml"));
    assert_says(
        &life.read("clusters/prod/apps/shop.yaml"),
        &[
            "  dependsOn:\n",
            "    - name: cert-manager\n",
            "    - name: grafana\n",
        ],
    );
    let said = life.refused(2, &["remove", "grafana"]);
    assert_says(
        &said,
        &[
            "shop on prod lives in the namespace grafana",
            "clusters/prod/apps/shop.yaml:",
        ],
    );
    life.is_as_written();
    life.does(&["remove", "shop"]);
    assert_same(&before, &life.files());
}

#[test]
fn manifests_are_copied_one_object_in_a_file() {
    let life = Life::new();
    let before = life.files();
    life.sandbox.write(
        "shop/all.yaml",
        &format!("{CONFIG}---\r\n# the second\r\napiVersion: v1\r\nkind: Service\r\nmetadata: {{name: web}}\r\n---\napiVersion: acme.dev/v1\nkind: Widget\nmetadata:\n  name: w\n"),
    );
    let said = life.does(&[
        "add",
        "app",
        "shop",
        "--manifests",
        "../shop",
        "--on",
        "prod",
    ]);
    assert_says(
        &said,
        &[
            "were put into shop, since Flux knows no default one: Service web",
            "does not know whether they need one: Widget w",
        ],
    );
    assert_eq!(life.read("apps/shop/configmap-a-b.yaml"), CONFIG);
    assert_eq!(
        life.read("apps/shop/service-web.yaml"),
        "# the second\napiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: shop}\n"
    );
    assert!(!life.read("apps/shop/widget-w.yaml").contains("namespace"));
    assert_says(
        &life.read("apps/shop/kustomization.yaml"),
        &["  - configmap-a-b.yaml\n", "  - service-web.yaml\n"],
    );
    life.is_as_written();
    let said = life.refused(2, &["pin", "shop", "--on", "prod"]);
    assert_says(&said, &["shop has no version to pin on prod"]);
    life.does(&["rename", "shop", "store"]);
    life.does(&["move", "store", "--to", "infrastructure"]);
    life.does(&["remove", "store"]);
    life.does(&["remove", "store", "--continue"]);
    assert_same(&before, &life.files());
}

#[test]
fn a_folder_of_another_repository() {
    let life = Life::new();
    let before = life.files();
    life.does(&[
        "add",
        "app",
        "shop",
        "--git",
        "https://github.com/acme/shop.git",
        "--tag",
        "v2.4.1",
        "--path",
        "./deploy/",
        "--on",
        "prod",
    ]);
    assert_says(
        &life.read("apps/shop/gitrepository.yaml"),
        &[
            "url: https://github.com/acme/shop.git\n",
            "tag: \"v2.4.1\"",
            "!/deploy\n",
        ],
    );
    assert_says(
        &life.read("apps/shop/manifests.yaml"),
        &["path: ./deploy\n", "name: shop-manifests\n"],
    );
    life.does(&["pin", "shop", "v2.4.0", "--on", "prod"]);
    assert_eq!(life.on("shop"), ["prod v2.4.0 pinned"]);
    life.is_as_written();
    life.does(&["remove", "shop"]);
    assert_same(&before, &life.files());
}

#[test]
fn what_is_refused() {
    let life = Life::new();
    let chart = ["--chart", "oci://ghcr.io/acme/shop", "--version", "1.0.0"];
    for (more, why) in [
        (
            &["--chart", "shop", "--version", "1.0.0"][..],
            "where is the chart shop?",
        ),
        (
            &[
                "--chart",
                "oci://x.io/y",
                "--repo",
                "https://x.io",
                "--version",
                "1",
            ],
            "has no --repo",
        ),
        (&["--chart", "oci://x.io/y"], "--version"),
        (&["--git", "https://x.io/y.git"], "--tag"),
        (&["--manifests", "../nowhere"], "nowhere"),
        (
            &[
                "--manifests",
                "../shop",
                "--git",
                "https://x.io/y.git",
                "--tag",
                "1",
            ],
            "cannot be used with",
        ),
        (
            &[
                "--chart",
                "oci://x.io/y",
                "--version",
                "1.0.0",
                "--needs",
                "nope",
            ],
            "nope",
        ),
        (
            &[
                "--chart",
                "oci://x.io/y",
                "--version",
                "1.0.0",
                "--values",
                "../list.yaml",
            ],
            "holds no Helm values",
        ),
    ] {
        life.sandbox.write("list.yaml", "- a\n");
        let arguments = [&["add", "app", "shop"], more].concat();
        let assert = life.run(&[&arguments[..], &["--yes"]].concat());
        assert_says(&crate::sandbox::stderr(&assert), &[why]);
    }
    for (name, why) in [
        ("grafana2-", "grafana2-"),
        (
            "Shop",
            "`Shop`: the name of a component starts with a lower-case letter",
        ),
        ("reloader", "the catalogue has a component `reloader`"),
        ("cert-manager-issuers", "cert-manager-issuers"),
        ("cni", "cni"),
        ("main", "main"),
    ] {
        let said = life.refused(2, &[&["add", "app", name], &chart[..]].concat());
        assert_says(&said, &[why]);
    }
    let said = life.refused(2, &[&["add", "app", "a", "b"], &chart[..]].concat());
    assert_says(&said, &["one component at a time"]);
    let said = life.refused(2, &[&["add", "shop"], &chart[..]].concat());
    assert_says(&said, &["landform add app shop --chart …"]);
    let said = life.refused(2, &["add", "app", "reloader", "--namespace", "x"]);
    assert_says(&said, &["--namespace is for a component from outside"]);
    let said = life.refused(2, &[&["add", "app", "grafana"], &chart[..]].concat());
    assert_says(
        &said,
        &["grafana is on the platform already, from the catalogue"],
    );
    let early = ["add", "infrastructure", "early", "--namespace", "grafana"];
    let said = life.refused(2, &[&early[..], &chart].concat());
    assert_says(&said, &["the namespace grafana comes with the app grafana"]);
    assert_eq!(life.sandbox.commits("acme"), 1);
}

#[test]
fn what_is_no_manifest() {
    let life = Life::new();
    for (file, text, why) in [
        ("a.yaml", "a: [\n", "a.yaml"),
        ("a.yaml", "kind: ConfigMap\n", "no object of Kubernetes"),
        (
            "kustomization.yaml",
            "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n",
            "a kustomization, where manifests",
        ),
        ("notes.txt", "x\n", "notes.txt is no manifest"),
        ("a.yaml", "# nothing\n", "there is no manifest in"),
    ] {
        let _ = std::fs::remove_dir_all(life.sandbox.path("shop"));
        life.sandbox.write(&format!("shop/{file}"), text);
        let said = life.refused(2, &["add", "app", "shop", "--manifests", "../shop"]);
        assert_says(&said, &[why]);
    }
    life.sandbox
        .write("shop/a.yaml", &format!("{CONFIG}---\n{CONFIG}"));
    let said = life.refused(2, &["add", "app", "shop", "--manifests", "../shop"]);
    assert_says(&said, &["ConfigMap a.b stands twice"]);
}
