//! Every check is shown something broken that is otherwise right, and must say so; and the same
//! without the fault, and must be silent. The facts are made up here, so none are needed.

mod objects;
mod terraform;
mod tools;
mod values;

use tempfile::TempDir;

/// A folder with these files.
pub(crate) fn folder(files: &[(&str, &str)]) -> TempDir {
    let dir = tempfile::tempdir().expect("a scratch folder");
    for (path, text) in files {
        let file = dir.path().join(path);
        std::fs::create_dir_all(file.parent().expect("a parent")).expect("its folder");
        std::fs::write(file, text).expect("the file");
    }
    dir
}

/// Facts about one provider, one module, one chart and one CRD.
pub(crate) fn made_up_facts() -> TempDir {
    folder(&[
        ("terraform-facts/acme.json", ACME_PROVIDER),
        ("terraform-facts/modules/net.json", ACME_MODULE),
        ("charts/web/facts.yaml", WEB_FACTS),
        ("charts/web/values.yaml", WEB_VALUES),
        ("charts/web/values.schema.json", WEB_SCHEMA),
        ("crds/index.yaml", CRD_INDEX),
        ("crds/acme/gadgets.acme.example.yaml", GADGET_CRD),
        ("crds/acme/zones.acme.example.yaml", ZONE_CRD),
    ])
}

const ACME_PROVIDER: &str = r#"{
  "provider": "hashicorp/acme", "version": "2.1.0", "provider_block": {},
  "data_sources": {"acme_zone": {"attributes": {
    "name": {"type": "string", "required": true},
    "id": {"type": "string", "computed": true}
  }}},
  "resources": {"acme_vm": {
    "attributes": {
      "size": {"type": "number", "required": true},
      "tags": {"type": ["map", "string"], "optional": true},
      "id": {"type": "string", "computed": true},
      "old": {"type": "string", "optional": true, "deprecated": true}
    },
    "blocks": {"disk": {"attributes": {"gb": {"type": "number", "required": true}},
      "mode": "list", "min_items": 1, "max_items": 2}}
  }}
}"#;

const ACME_MODULE: &str = r#"{
  "source": "acme/net/acme", "version": "1.4.0", "required_providers": {"hashicorp/acme": ">= 2.0"},
  "inputs": {
    "name": {"type": "string", "required": true},
    "zones": {"type": "map(object({ cidr = string public = optional(bool, false) }))", "default": "{}"}
  },
  "outputs": {"id": {}}
}"#;

const WEB_FACTS: &str = "\
chart: {name: web, oci: 'oci://example.org/web', repository: 'https://example.org/', version: 1.2.3}
source: {repo: acme/web, ref: v1.2.3}
newer_seen: 1.3.0 (somewhere)
hidden_keys: [server.secret]
config:
  - {name: extra, values: 'server: {mode: fast}'}
";

const WEB_VALUES: &str = "\
replicas: 1
extra: {}
server: {port: 80, resources: {requests: {cpu: 10m}}, podLabels: {a: b}}
";

const WEB_SCHEMA: &str = r#"{"type": "object", "properties": {"replicas": {"type": "integer"}}}"#;

const CRD_INDEX: &str = "\
components:
  - component: acme
    crds:
      - {group: acme.example, kind: Gadget, plural: gadgets, scope: Namespaced, versions: [v1]}
      - {group: acme.example, kind: Zone, plural: zones, scope: Cluster, versions: [v1, v2],
         deprecated: [v1]}
";

const GADGET_CRD: &str = r"
spec:
  versions:
    - name: v1
      schema:
        openAPIV3Schema:
          type: object
          required: [spec]
          properties:
            spec:
              type: object
              required: [size]
              properties:
                size: {type: integer}
                note: {type: string, nullable: true}
                port: {x-kubernetes-int-or-string: true}
                any: {type: object, x-kubernetes-preserve-unknown-fields: true, properties: {a: {type: string}}}
                list: {type: array, items: {type: object, properties: {name: {type: string}}}}
";

const ZONE_CRD: &str = r"
spec:
  versions:
    - {name: v1, schema: {openAPIV3Schema: {type: object, properties: {spec: {type: object}}}}}
    - {name: v2, schema: {openAPIV3Schema: {type: object, properties: {spec: {type: object}}}}}
";

/// `check` must find exactly what `wanted` says, in this order, as parts of its findings.
pub(crate) fn finds(found: &[String], wanted: &[&str]) {
    let fit = found.len() == wanted.len() && found.iter().zip(wanted).all(|(f, w)| f.contains(w));
    assert!(fit, "found {found:#?}\nwanted {wanted:#?}");
}
