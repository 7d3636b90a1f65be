//! Catalogues that do not hold: each fault is found when they are loaded, with its file and line.

use predicates::prelude::*;
use predicates::str::contains;

use crate::catalogue::{COMPONENT, good};
use crate::sandbox::{Sandbox, stderr};

/// Loads the good catalogue after something was done to it; it must be refused, with all of these texts.
#[track_caller]
fn refused(spoil: impl Fn(&Sandbox), said: &[&str]) {
    let sandbox = Sandbox::new();
    good(&sandbox);
    sandbox.run(["catalog", "test", "mine"]).success();
    spoil(&sandbox);
    let all = stderr(&sandbox.run(["catalog", "test", "mine"]).code(2).stdout(""));
    for part in said {
        assert!(all.contains(part), "{part:?} is not in\n{all}");
    }
    // Whoever makes a platform of it is told the same.
    let assert = sandbox
        .new_in("acme", &["--catalog", "mine", "--trust"])
        .failure();
    assert!(stderr(&assert).contains(said[0]), "{}", stderr(&assert));
    assert!(!sandbox.path("acme").exists());
}

/// With another `component.yaml`.
#[track_caller]
fn component(from: &str, to: &str, said: &[&str]) {
    assert!(COMPONENT.contains(from), "{from:?}");
    let text = COMPONENT.replacen(from, to, 1);
    refused(
        |sandbox| {
            sandbox.write("mine/apps/podinfo/component.yaml", &text);
        },
        said,
    );
}

/// With one more file.
#[track_caller]
fn file(path: &str, text: &str, said: &[&str]) {
    refused(
        |sandbox| {
            sandbox.write(&format!("mine/{path}"), text);
        },
        said,
    );
}

#[test]
fn fields_that_nobody_knows() {
    component(
        "category: demo",
        "categroy: demo",
        &[
            "component.yaml:4:1",
            "unknown key `categroy`",
            "did you mean `category`?",
        ],
    );
    component(
        "layer: apps",
        "layer: app",
        &["component.yaml:3:8", "`app`", "apps"],
    );
    component(
        "  oci: {url",
        "  oic: {url",
        &["component.yaml:9:3", "oic", "oci"],
    );
    component(
        "homepage: https://github.com/stefanprodan/podinfo\n",
        "",
        &["the key `homepage` is missing"],
    );
    component(
        "format: 1",
        "format: 2",
        &[
            "component.yaml:1:9",
            "newer format",
            "update landform first",
        ],
    );
    component(
        "format: 1",
        "format: 0",
        &["component.yaml:1:9", "unknown format 0"],
    );
    component("needs:", "needs: &x\n  - *x\nconflicts:", &["alias"]);
    component(
        "name: podinfo\nlayer",
        "name: podinfo\nname: podinfo\nlayer",
        &["stands twice"],
    );
}

#[test]
fn names_and_versions() {
    component(
        "name: podinfo\nlayer",
        "name: other\nlayer",
        &["`other` in the folder podinfo/"],
    );
    component(
        "version: 6.9.1",
        "version: 6.x",
        &["`6.x` is no exact version"],
    );
    component("version: 6.9.1", "version: \"\"", &["no exact version"]);
    component(
        "oci://ghcr.io",
        "https://ghcr.io",
        &["does not start with oci://"],
    );
    component(
        "release: podinfo",
        "release: Pod_Info",
        &["no name of a Helm release"],
    );
    component("release: podinfo\n", "", &["a chart without `release`"]);
    component(
        "{name: podinfo, pod",
        "{name: Pod.Info, pod",
        &["no name of a namespace"],
    );
    component(
        "podSecurity: baseline",
        "podSecurity: strict",
        &["strict", "restricted"],
    );
    component(
        "layer: apps",
        "layer: infrastructure",
        &["in the folder apps/"],
    );
}

#[test]
fn undefined_names_in_templates() {
    file(
        "apps/podinfo/cluster-values.yaml.tera",
        "a: 1\nb: {{ nobody }}\n",
        &["cluster-values.yaml.tera:2:", "unknown variable `nobody`"],
    );
    file(
        "apps/podinfo/cluster-values.yaml.tera",
        "{% if cluster.typo %}a: 1{% endif %}\n",
        &[
            "cluster-values.yaml.tera:1:7",
            "unknown fact `cluster.typo`",
        ],
    );
    file(
        "apps/podinfo/cluster-values.yaml.tera",
        "{% if not cluster.domian %}a: 1{% endif %}\n",
        &[
            "cluster-values.yaml.tera:1:11",
            "`cluster.domian`",
            "did you mean `domain`?",
        ],
    );
    file(
        "apps/podinfo/cluster-values.yaml.tera",
        "a: {{ answers.greting | yaml }}\n",
        &["cluster-values.yaml.tera:1:7", "did you mean `greeting`?"],
    );
    file(
        "apps/podinfo/cluster-values.yaml.tera",
        "{% if \"cilum\" in here %}a: 1{% endif %}\n",
        &[
            "cluster-values.yaml.tera:1:",
            "`cilum`",
            "did you mean `cilium`?",
        ],
    );
    file(
        "apps/podinfo/cluster-values.yaml.tera",
        "a: {{ cluster.name | yml }}\n",
        &["cluster-values.yaml.tera:1:", "yml"],
    );
    file(
        "apps/podinfo/cluster-values.yaml.tera",
        "a: 1\n{% if cluster.name %}\nb: 2\n",
        &["cluster-values.yaml.tera:"],
    );
    file(
        "apps/podinfo/cluster-values.yaml.tera",
        "{% include \"nowhere.tera\" %}\n",
        &["cluster-values.yaml.tera:1:", "nowhere.tera"],
    );
    file(
        "apps/podinfo/cluster-values.yaml.tera",
        "a: {{ component.nmae | yaml }}\n",
        &["cluster-values.yaml.tera:1:7", "did you mean `name`?"],
    );
    file(
        "apps/podinfo/cluster-values.yaml.tera",
        "a: {{ platform.email | yaml }}\n",
        &["cluster-values.yaml.tera:1:7", "does not stand in `uses`"],
    );
}

#[test]
fn names_that_are_reached_by_another_way() {
    for text in [
        "{% if cluster['typo'] %}a: 1{% endif %}\n",
        "{% if cluster[\"domian\"] %}a: 1{% endif %}\n",
        "{% set c = cluster %}{% if c.typo %}a: 1{% endif %}\n",
        "{% for x in [cluster] %}{% if x.typo %}a: 1{% endif %}{% endfor %}\n",
    ] {
        file(
            "apps/podinfo/cluster-values.yaml.tera",
            text,
            &["cluster-values.yaml.tera:1:"],
        );
    }
}

#[test]
fn names_in_templates_of_a_specification() {
    component(
        "Hello from {{ cluster.name }}",
        "Hello from {{ cluster.typo }}",
        &["component.yaml:", "unknown fact `cluster.typo`"],
    );
    component(
        "Hello from {{ cluster.name }}",
        "Hello{% if cluster.typo %} you{% endif %}",
        &["component.yaml:", "unknown fact `cluster.typo`"],
    );
}

#[test]
fn facts_that_are_not_asked_for() {
    component(
        "uses: [cluster.domain]\n",
        "",
        &[
            "cluster-values.yaml.tera:3:12",
            "`cluster.domain` does not stand in `uses`",
        ],
    );
    component(
        "uses: [cluster.domain]",
        "uses: [cluster.domian]",
        &[
            "component.yaml:18:8",
            "unknown fact",
            "did you mean `cluster.domain`?",
        ],
    );
}

#[test]
fn shared_files_know_no_cluster() {
    for path in ["values.yaml.tera", "manifests/x.yaml.tera"] {
        refused(
            |sandbox| {
                std::fs::remove_file(sandbox.path("mine/apps/podinfo/values.yaml")).unwrap();
                sandbox.write(
                    &format!("mine/apps/podinfo/{path}"),
                    "a: {{ cluster.name }}\n",
                );
            },
            &["`cluster.name` in a file that all clusters share", ":1:7"],
        );
        refused(
            |sandbox| {
                std::fs::remove_file(sandbox.path("mine/apps/podinfo/values.yaml")).unwrap();
                sandbox.write(
                    &format!("mine/apps/podinfo/{path}"),
                    "a: {{ answers.greeting }}\n",
                );
            },
            &["asked per cluster", "ask: platform"],
        );
        refused(
            |sandbox| {
                std::fs::remove_file(sandbox.path("mine/apps/podinfo/values.yaml")).unwrap();
                sandbox.write(
                    &format!("mine/apps/podinfo/{path}"),
                    "{% if \"cni\" in here %}a: 1{% endif %}\n",
                );
            },
            &["`here`"],
        );
    }
}

#[test]
fn files_without_a_place() {
    for path in [
        "apps/podinfo/README.md",
        "apps/podinfo/manifests/a/b.yaml",
        "apps/podinfo/manifests/Big.yaml",
        "apps/podinfo/cluster/run.sh",
        "apps/podinfo/values.yml",
        "apps/podinfo/terraform/kind.txt",
    ] {
        file(path, "a: 1\n", &["place"]);
    }
    file(
        "apps/podinfo/manifests/namespace.yaml",
        "a: 1\n",
        &["would take the place of a file that landform writes"],
    );
    file(
        "apps/podinfo/cluster/kustomization.yaml",
        "a: 1\n",
        &["would take the place of a file that landform writes"],
    );
    file("apps/podinfo/values.yaml.tera", "a: 1\n", &["stands twice"]);
    file(
        "apps/podinfo/parts/extra/x.yaml",
        "a: 1\n",
        &["no part is named `extra`"],
    );
    file(
        "apps/podinfo/terraform/ekz.tf",
        "# x\n",
        &["unknown provider `ekz`", "did you mean `eks`?"],
    );
    file(
        "apps/other/values.yaml",
        "a: 1\n",
        &["apps/other/ has no component.yaml"],
    );
}

#[test]
fn two_of_the_same_name() {
    let other = COMPONENT.replace(
        "layer: apps",
        "layer: infrastructure\nhandover: {none: it is an example}",
    );
    file(
        "infrastructure/podinfo/component.yaml",
        &other,
        &["`podinfo` is both in"],
    );
    // A component and the part of another.
    let part = COMPONENT.replace("crds:", "parts: [{name: issuers, scope: cluster}]\ncrds:");
    let part = part
        .replace("podinfo", "cert-manager")
        .replace("uses: [cluster.domain]\n", "");
    refused(
        |sandbox| {
            sandbox.write("mine/apps/cert-manager/component.yaml", &part);
            let named = COMPONENT.replace("podinfo", "cert-manager-issuers");
            sandbox.write("mine/apps/cert-manager-issuers/component.yaml", &named);
        },
        &["`cert-manager-issuers` is also a name of"],
    );
    let ability = COMPONENT.replace("podinfo", "cni");
    file("apps/cni/component.yaml", &ability, &["name of an ability"]);
    let reserved = COMPONENT.replace("podinfo", "bootstrap");
    file(
        "apps/bootstrap/component.yaml",
        &reserved,
        &["taken by the platform's own files"],
    );
}

#[test]
fn needs_that_nobody_meets_or_that_go_round() {
    component(
        "{name: cni}",
        "{name: cin}",
        &["component.yaml:14:12", "`cin`", "did you mean `cni`?"],
    );
    refused(
        |sandbox| {
            let needs = |from: &str, to: &str| {
                let text = COMPONENT
                    .replace("podinfo", from)
                    .replace("{name: cni}", &format!("{{name: {to}}}"));
                sandbox.write(&format!("mine/apps/{from}/component.yaml"), &text);
            };
            needs("first", "second");
            needs("second", "third");
            needs("third", "first");
        },
        &["needs go round", "first → second → third → first"],
    );
    refused(
        |sandbox| {
            let text = COMPONENT.replace("{name: cni}", "{name: podinfo}");
            sandbox.write("mine/apps/podinfo/component.yaml", &text);
        },
        &["needs go round"],
    );
}

#[test]
fn hand_overs_that_cannot_be() {
    component(
        "crds:",
        "handover: {ready: {kind: Deployment, name: podinfo}}\ncrds:",
        &["`handover` on an app"],
    );
    let infrastructure = |handover: &str, said: &[&str]| {
        let text = COMPONENT
            .replace("podinfo", "early")
            .replace("layer: apps", &format!("layer: infrastructure\n{handover}"));
        file("infrastructure/early/component.yaml", &text, said);
    };
    infrastructure("", &["without `handover`"]);
    infrastructure("handover: {}", &["exactly one of `ready` and `none`"]);
    infrastructure(
        "handover: {none: why, timeout: soon}",
        &["`soon` is no time in minutes"],
    );
}

#[test]
fn questions_that_make_no_sense() {
    component(
        "    default:",
        "    match: '[a-'\n    default:",
        &["no regular expression"],
    );
    component(
        "    default: \"Hello from {{ cluster.name }}\"",
        "    choices: {a: A, b: B}\n    default: c",
        &["the default `c`", "none of its choices"],
    );
    component(
        "    default: \"Hello from {{ cluster.name }}\"",
        "    type: map\n    fields: [{name: text, prompt: What?}]\n    defaults: {kind: {txet: hello}}",
        &[
            "the key `txet`, which is none of its fields",
            "did you mean `text`?",
        ],
    );
    component(
        "    default: \"Hello from {{ cluster.name }}\"",
        "    default: hello\n    confirm: {except: [knid]}",
        &["unknown provider `knid`", "did you mean `kind`?"],
    );
    component(
        "  - name: greeting",
        "  - name: Greeting",
        &["no name for an answer"],
    );
    component(
        "questions:\n",
        "questions:\n  - {name: greeting, prompt: Again?}\n",
        &["two questions are named `greeting`"],
    );
    component(
        "    default:",
        "    when: {cluster.typo: [x]}\n    default:",
        &["unknown fact `cluster.typo`"],
    );
}

#[cfg(unix)]
#[test]
fn links_in_a_catalogue() {
    use std::os::unix::fs::symlink;
    let spoil = |target: &'static str, link: &'static str| {
        move |sandbox: &Sandbox| {
            let link = sandbox.path(link);
            std::fs::create_dir_all(link.parent().unwrap()).unwrap();
            symlink(target, link).unwrap();
        }
    };
    for (target, link) in [
        ("/etc/hostname", "mine/apps/podinfo/manifests/secret.yaml"),
        ("/etc", "mine/apps/podinfo/manifests"),
        ("/nowhere", "mine/apps/gone"),
        ("podinfo", "mine/apps/alias"),
        ("/etc", "mine/infrastructure"),
        ("/etc", "mine/common"),
    ] {
        refused(spoil(target, link), &["is neither a file nor a folder"]);
    }
}

#[cfg(unix)]
#[test]
fn a_pipe_in_a_catalogue_hangs_nobody() {
    let sandbox = Sandbox::new();
    good(&sandbox);
    let pipe = sandbox.path("mine/apps/podinfo/manifests");
    std::fs::create_dir(&pipe).unwrap();
    let made = std::process::Command::new("mkfifo")
        .arg(pipe.join("x.yaml"))
        .status();
    if !made.is_ok_and(|status| status.success()) {
        return crate::support::skipped(
            "catalogue_broken::a_pipe_in_a_catalogue_hangs_nobody",
            "mkfifo",
        );
    }
    sandbox
        .landform(["catalog", "test", "mine"])
        .timeout(std::time::Duration::from_secs(20))
        .assert()
        .code(2)
        .stderr(contains("neither a file nor a folder"));
}

#[test]
fn files_that_are_no_text() {
    let sandbox = Sandbox::new();
    good(&sandbox);
    std::fs::write(
        sandbox.path("mine/apps/podinfo/values.yaml"),
        b"a: \xff\xfe\n",
    )
    .unwrap();
    sandbox
        .run(["catalog", "test", "mine"])
        .failure()
        .stderr(contains("mine/apps/podinfo/values.yaml"));
}

#[test]
fn huge_files() {
    // Far above any component: refused, not read into the record of a platform.
    let sandbox = Sandbox::new();
    good(&sandbox);
    let line = "# a line of a file that nobody wrote by hand\n";
    let huge = line.repeat(20 * 1024 * 1024 / line.len());
    sandbox.write("mine/apps/podinfo/manifests/huge.yaml", &huge);
    sandbox
        .landform(["catalog", "test", "mine"])
        .timeout(std::time::Duration::from_secs(20))
        .assert()
        .code(2)
        .stderr(contains("huge.yaml"));
}

#[test]
fn a_default_that_does_not_render_is_told_as_broken() {
    let sandbox = Sandbox::new();
    good(&sandbox);
    let text = COMPONENT.replace(
        "Hello from {{ cluster.name }}",
        "Hello from {{ cluster.region }}",
    );
    sandbox.write("mine/apps/podinfo/component.yaml", &text);
    let assert = sandbox.run(["catalog", "test", "mine"]).code(1);
    assert.stdout(contains("broken").and(contains("region")));
}

/// What only shows when it is rendered: a trial says it is broken, and nothing is written.
#[track_caller]
fn broken_when_rendered(file: &str, text: &str, said: &[&str]) {
    let sandbox = Sandbox::new();
    good(&sandbox);
    sandbox.write(&format!("mine/{file}"), text);
    let trial = sandbox.run(["catalog", "test", "mine"]).code(1);
    trial.stdout(contains("broken").and(contains(said[0])));
    let arguments = ["--catalog", "mine", "--component", "podinfo"];
    let assert = sandbox.new_in("acme", &arguments).code(2);
    for part in said {
        let all = stderr(&assert);
        assert!(all.contains(part), "{part:?} is not in\n{all}");
    }
    assert!(!sandbox.path("acme").exists());
}

#[test]
fn yaml_that_is_none_is_never_written() {
    let values = "apps/podinfo/values.yaml";
    let hint = "mend apps/podinfo/values.yaml";
    broken_when_rendered(values, "a: b: c\n", &["apps/podinfo/values.yaml:1", hint]);
    broken_when_rendered(values, "a: 1\na: 2\n", &["`a` stands twice", ":2:1", hint]);
    broken_when_rendered(
        values,
        "a: 1\n---\nb: 2\n",
        &["a second YAML document", hint],
    );
    broken_when_rendered(
        "apps/podinfo/cluster/extra.yaml.tera",
        "a: {{ cluster.name }}: b\n",
        &["extra.yaml:1", "mend apps/podinfo/cluster/extra.yaml.tera"],
    );
}

#[test]
fn a_secret_in_clear_is_never_written() {
    let secret = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: a\n";
    for key in ["data", "stringData"] {
        broken_when_rendered(
            "apps/podinfo/manifests/secret.yaml",
            &format!("{secret}{key}: {{key: value}}\n"),
            &[
                "a Secret in clear",
                "secret.yaml:5",
                "list it under `secrets`",
            ],
        );
    }
}
