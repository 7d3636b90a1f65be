//! `landform schema`: valid schemas, and ones that say yes and no where landform itself does.

use serde_json::{Value, json};

use crate::sandbox::{Sandbox, stdout};

fn schema(kind: &str) -> Value {
    let sandbox = Sandbox::new();
    let text = stdout(&sandbox.run(["schema", kind]).success());
    serde_json::from_str(&text).unwrap_or_else(|e| panic!("{kind}: {e}"))
}

fn errors(schema: &Value, value: &Value) -> Vec<String> {
    let validator = jsonschema::validator_for(schema).expect("a schema");
    validator
        .iter_errors(value)
        .map(|e| format!("{}: {e}", e.instance_path()))
        .collect()
}

fn yaml(text: &str) -> Value {
    let value: Value = serde_yaml::from_str(text).expect("YAML");
    // An empty file is an answers file too.
    if value.is_null() { json!({}) } else { value }
}

#[test]
fn every_schema_is_one() {
    for kind in ["answers", "component", "provider", "change"] {
        let schema = schema(kind);
        assert!(jsonschema::meta::is_valid(&schema), "{kind}");
        assert!(schema["$schema"].is_string(), "{kind}");
        assert_eq!(schema["type"], "object", "{kind}");
    }
    // The check can fail.
    assert!(!jsonschema::meta::is_valid(&json!({"type": "objekt"})));
}

#[test]
fn the_answers_of_every_golden_tree_fit() {
    let schema = schema("answers");
    let mut seen = 0;
    for tree in crate::support::golden_trees() {
        let path = tree.parent().unwrap().join("answers.yaml");
        let value = yaml(&std::fs::read_to_string(&path).unwrap());
        assert_eq!(
            errors(&schema, &value),
            Vec::<String>::new(),
            "{}",
            path.display()
        );
        seen += 1;
    }
    assert!(seen >= 3);
}

#[test]
fn printed_answers_fit() {
    let schema = schema("answers");
    let sandbox = Sandbox::new();
    for more in [
        &[][..],
        &["--cluster", "prod=existing", "--set", "prod.context=prod"],
        &[
            "--cluster",
            "prod=existing",
            "--set",
            "prod.context=prod",
            "--set",
            "prod.dns=route53",
            "--set",
            "prod.domain=acme.io",
            "--set",
            "prod.backend={http: {address: 'https://h.io/x'}}",
            "--component",
            "external-dns",
        ],
    ] {
        let arguments = [&["new", "acme", "--print-answers"], more].concat();
        let printed = yaml(&stdout(&sandbox.run(arguments).success()));
        assert_eq!(errors(&schema, &printed), Vec::<String>::new(), "{printed}");
    }
}

#[test]
fn what_landform_refuses_the_schema_refuses() {
    let schema = schema("answers");
    for text in [
        "nmae: acme\n",
        "git: {brunch: main}\n",
        "git: {auth: tokne}\n",
        "ci: jenkins\n",
        "clusters: [prod]\n",
        "clusters: {prod: {provider: nope}}\n",
        "clusters: {prod: {nodes: 2}}\n",
        "clusters: {prod: {provider: kind, nodes: two}}\n",
        "clusters: {prod: {provider: kind, context: x}}\n",
        "clusters: {prod: {provider: existing, context: 'a b'}}\n",
        "clusters: {prod: {provider: kind, backend: {s3: {bukcet: x}}}}\n",
        "clusters: {prod: {provider: kind, backend: {s3: {}, gcs: {}}}}\n",
        "components: {nope: }\n",
        "components: {grafana: {on: prod}}\n",
        "components: {grafana: {answers: {prod: {amdin: secret}}}}\n",
        "components: {grafana: {answers: {prod: {admin: sercet}}}}\n",
    ] {
        assert_ne!(errors(&schema, &yaml(text)), Vec::<String>::new(), "{text}");
        let sandbox = Sandbox::new();
        sandbox.write("answers.yaml", text);
        sandbox
            .run(["new", "acme", "--dry-run", "--answers", "answers.yaml"])
            .code(2);
    }
}

#[test]
fn what_landform_takes_the_schema_takes() {
    let schema = schema("answers");
    let mut differ = Vec::new();
    for text in [
        "name: acme\n",
        "components: {}\n",
        "components: {grafana: , cilium: {}}\n",
        "components: {grafana: {answers: {all: {admin: secret}}}}\n",
        "components: {grafana: {answers: {staging: }}}\n",
        "components: {grafana: {answers: }}\n",
        "components: {grafana: {on: }}\n",
        "clusters:\n",
        "email:\n",
        "git:\n",
        "git: {}\n",
        "clusters: {prod: {provider: kind, nodes: 2, node_image: null}}\n",
    ] {
        let sandbox = Sandbox::new();
        sandbox.write("answers.yaml", text);
        let output = sandbox
            .landform([
                "new",
                "acme",
                "--dry-run",
                "--quiet",
                "--answers",
                "answers.yaml",
            ])
            .output()
            .unwrap();
        let taken = output.status.success();
        let errors = errors(&schema, &yaml(text));
        if taken != errors.is_empty() {
            let said = String::from_utf8_lossy(&output.stderr);
            differ.push(format!(
                "{text}  landform: {taken} {said}  schema: {errors:?}"
            ));
        }
    }
    assert!(differ.is_empty(), "{}", differ.join("\n"));
}

#[test]
fn the_component_schema_judges_as_the_loader_does() {
    let schema = schema("component");
    let good = yaml(crate::catalogue::COMPONENT);
    assert_eq!(errors(&schema, &good), Vec::<String>::new());
    for (key, value) in [
        ("layer", json!("app")),
        ("layre", json!("apps")),
        ("source", json!({"oic": {"url": "x", "version": "1.2.3"}})),
        ("namespace", json!({"name": "x", "podSecurity": "strict"})),
        ("needs", json!([{"nmae": "cni"}])),
    ] {
        let mut bad = good.clone();
        bad[key] = value;
        assert_ne!(errors(&schema, &bad), Vec::<String>::new(), "{key}");
    }
    let mut less = good;
    less.as_object_mut().unwrap().shift_remove("namespace");
    assert_ne!(errors(&schema, &less), Vec::<String>::new());
}
