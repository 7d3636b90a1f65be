//! `values`.

use serde_json::{Value, json};

use crate::sandbox::{Sandbox, stderr, stdout};
use crate::{assert_valid, edit, parsed, platform};

fn values(sandbox: &Sandbox, name: &str, on: &str) -> Value {
    let values = parsed(&sandbox.run(["values", name, "--on", on, "-C", "acme", "--json"]));
    assert_valid(sandbox, "values", &values);
    values
}

fn yaml(text: &str) -> Value {
    serde_yaml::from_str(text).unwrap()
}

/// As Helm merges: maps by key, all else as a whole.
fn overlaid(below: &Value, above: &Value) -> Value {
    match (below, above) {
        (Value::Object(below), Value::Object(above)) => {
            let mut all = below.clone();
            for (key, value) in above {
                let value = below
                    .get(key)
                    .map_or(value.clone(), |old| overlaid(old, value));
                all.insert(key.clone(), value);
            }
            Value::Object(all)
        }
        (_, above) => above.clone(),
    }
}

#[test]
fn values_with_their_origins() {
    let sandbox = platform();
    edit(
        &sandbox,
        "apps/grafana/values.yaml",
        "testFramework:",
        "hosts:\n  - one\n  - two\ntext: |\n  first\n\n  third\ntestFramework:",
    );
    let own = sandbox.read("acme/clusters/edge/apps/grafana/values.yaml");
    sandbox.write(
        "acme/clusters/edge/apps/grafana/values.yaml",
        &format!("{own}hosts:\n  - three\nreplicas: 3\n"),
    );
    let read = |path: &str| yaml(&sandbox.read(&format!("acme/{path}")));
    let wanted = overlaid(
        &read("apps/grafana/values.yaml"),
        &read("clusters/edge/apps/grafana/values.yaml"),
    );
    let said = values(&sandbox, "grafana", "edge");
    assert_eq!(said["values"], wanted);
    assert_eq!(said["unknown"], json!([]));
    // Each line that is named has the key.
    for origin in said["origins"].as_array().unwrap() {
        let text = sandbox.read(&format!("acme/{}", origin["file"].as_str().unwrap()));
        let line = usize::try_from(origin["line"].as_u64().unwrap()).unwrap();
        let line = text.lines().nth(line - 1).unwrap();
        let key = origin["path"]
            .as_array()
            .unwrap()
            .last()
            .unwrap()
            .as_str()
            .unwrap();
        assert!(line.trim_start().starts_with(key), "{origin}: {line}");
    }
    let mut origins = said["origins"].as_array().unwrap().iter();
    let hosts = origins.find(|origin| origin["path"] == json!(["hosts"]));
    let hosts = hosts.unwrap();
    assert_eq!(hosts["file"], "clusters/edge/apps/grafana/values.yaml");
    assert_eq!(hosts["over"]["file"], "apps/grafana/values.yaml");

    let assert = sandbox
        .run(["values", "grafana", "--on", "edge", "-C", "acme"])
        .success();
    let text = stdout(&assert);
    assert_eq!(yaml(&text), wanted, "{text}");
    for part in [
        "\nhosts: # clusters/edge/apps/grafana/values.yaml:",
        ", in place of the list at apps/grafana/values.yaml:",
        "replicas: 3 # clusters/edge/apps/grafana/values.yaml:",
        ", over apps/grafana/values.yaml:1\n",
    ] {
        assert!(text.contains(part), "{part} in\n{text}");
    }
    // A component that is the same everywhere, or on one cluster, needs no --on.
    let assert = sandbox
        .run(["values", "external-dns", "-C", "acme"])
        .success();
    assert!(!yaml(&stdout(&assert)).as_object().unwrap().is_empty());
}

#[test]
fn values_of_nobody() {
    let sandbox = platform();
    for (arguments, said) in [
        (&["grafana"][..], "on several clusters: edge, staging"),
        (&["grafana", "--on", "edgy"], "did you mean `edge`"),
        (&["external-dns", "--on", "staging"], "but on edge"),
        (&["grafna"], "did you mean `grafana`"),
        (&["gateway-api", "--on", "edge"], "no Helm release"),
    ] {
        let arguments = [&["values", "-C", "acme"], arguments].concat();
        let assert = sandbox.run(arguments.clone()).code(2);
        assert!(
            stderr(&assert).contains(said),
            "{arguments:?}: {}",
            stderr(&assert)
        );
    }
    sandbox.write("acme/apps/grafana/values.yaml", "a: [\n");
    let assert = sandbox
        .run(["values", "grafana", "--on", "edge", "-C", "acme"])
        .code(1);
    assert!(
        stderr(&assert).contains("apps/grafana/values.yaml:"),
        "{}",
        stderr(&assert)
    );
}
