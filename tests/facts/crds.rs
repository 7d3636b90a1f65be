//! The CRDs that are known, as strict JSON Schemas.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use jsonschema::Validator;
use serde_json::{Value, json};

use super::charts::yaml;

/// Group and kind.
type GroupKind = (String, String);

/// The file of a CRD and one of its versions.
type FileVersion = (PathBuf, String);

/// All CRDs; their schemas are read when they are first needed.
pub(crate) struct Crds {
    known: BTreeMap<GroupKind, Crd>,
    /// Kinds of which only the name is known, from the facts of the charts.
    named: Vec<GroupKind>,
    schemas: Mutex<BTreeMap<FileVersion, Option<Arc<Validator>>>>,
}

/// What the index says of one.
#[derive(Debug)]
pub(crate) struct Crd {
    file: PathBuf,
    /// Do its objects live in a namespace?
    pub(crate) namespaced: bool,
    /// Versions that may be used.
    pub(crate) versions: Vec<String>,
    /// Those of them that are on their way out.
    pub(crate) deprecated: Vec<String>,
}

impl Crd {
    /// Where it is defined.
    pub(crate) fn file(&self) -> &Path {
        &self.file
    }
}

impl Crds {
    /// The CRDs below `shared`, indexed once per process.
    pub(crate) fn load(shared: &Path) -> Arc<Self> {
        static LOADED: Mutex<BTreeMap<PathBuf, Arc<Crds>>> = Mutex::new(BTreeMap::new());
        let mut loaded = LOADED.lock().expect("no panic while loading");
        loaded
            .entry(shared.to_owned())
            .or_insert_with(|| Arc::new(Self::read(shared)))
            .clone()
    }

    fn read(shared: &Path) -> Self {
        let dir = shared.join("crds");
        let index = yaml(&dir.join("index.yaml")).expect("an index of the CRDs");
        let index = serde_json::to_value(index).expect("an index in JSON");
        let mut known = BTreeMap::new();
        let mut components: Vec<&Value> = list(&index["components"]).collect();
        // What stands in for another comes last, and does not replace it.
        components.sort_by_key(|component| component["alternative"] == true);
        for component in components {
            let folder = dir.join(text(&component["component"]));
            for crd in list(&component["crds"]) {
                let (group, kind) = (text(&crd["group"]), text(&crd["kind"]));
                let file = folder.join(format!("{}.{group}.yaml", text(&crd["plural"])));
                let entry = Crd {
                    file,
                    namespaced: crd["scope"] == "Namespaced",
                    versions: list(&crd["versions"]).map(text).collect(),
                    deprecated: list(&crd["deprecated"]).map(text).collect(),
                };
                known.entry((group, kind)).or_insert(entry);
            }
        }
        Self {
            known,
            named: named(shared),
            schemas: Mutex::default(),
        }
    }

    /// The CRD of a kind.
    pub(crate) fn find(&self, group: &str, kind: &str) -> Option<&Crd> {
        self.known.get(&(group.to_owned(), kind.to_owned()))
    }

    /// Is the name of this kind known, if no more?
    pub(crate) fn is_named(&self, group: &str, kind: &str) -> bool {
        self.named.iter().any(|(g, k)| g == group && k == kind)
    }

    /// The strict schema of a version of a CRD.
    pub(crate) fn validator(&self, crd: &Crd, version: &str) -> Option<Arc<Validator>> {
        let mut schemas = self
            .schemas
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let key = (crd.file.clone(), version.to_owned());
        schemas
            .entry(key)
            .or_insert_with(|| read_validator(&crd.file, version))
            .clone()
    }
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// The kinds that the facts of the charts name (`group/version/Kind`).
fn named(shared: &Path) -> Vec<GroupKind> {
    let mut named = Vec::new();
    for component in super::charts::folders(&shared.join("charts")) {
        let Ok(facts) =
            std::fs::read_to_string(shared.join("charts").join(component).join("facts.yaml"))
        else {
            continue;
        };
        for word in facts.split([' ', ',', '[', ']', '\n', '"']) {
            if let [group, _, kind] = word.split('/').collect::<Vec<_>>().as_slice()
                && group.contains('.')
                && kind.starts_with(char::is_uppercase)
            {
                named.push(((*group).to_owned(), (*kind).to_owned()));
            }
        }
    }
    named
}

fn read_validator(file: &Path, version: &str) -> Option<Arc<Validator>> {
    let crd = serde_json::to_value(yaml(file).expect("a readable CRD")).expect("a CRD in JSON");
    let of_version = list(&crd["spec"]["versions"]).find(|v| v["name"] == version)?;
    Some(Arc::new(build(&of_version["schema"]["openAPIV3Schema"])))
}

/// A validator from the schema in a CRD.
pub(crate) fn build(openapi: &Value) -> Validator {
    let mut schema = openapi.clone();
    if let Some(properties) = schema["properties"].as_object_mut() {
        properties.insert("metadata".to_owned(), metadata());
        properties
            .entry("apiVersion")
            .or_insert_with(|| json!({"type": "string"}));
        properties
            .entry("kind")
            .or_insert_with(|| json!({"type": "string"}));
    }
    tighten(&mut schema);
    jsonschema::options()
        .with_draft(jsonschema::Draft::Draft4)
        .build(&schema)
        .expect("a schema that can be used")
}

/// What the API server takes as metadata, as far as people write it.
pub(crate) fn metadata() -> Value {
    let texts = json!({"type": "object", "additionalProperties": {"type": "string"}});
    json!({
        "type": "object",
        "required": ["name"],
        "additionalProperties": false,
        "properties": {
            "name": {"type": "string", "maxLength": 253},
            "namespace": {"type": "string", "maxLength": 63},
            "labels": texts,
            "annotations": texts,
            "finalizers": {"type": "array", "items": {"type": "string"}},
        },
    })
}

/// From `OpenAPI` as Kubernetes writes it to JSON Schema, with unknown fields refused.
fn tighten(schema: &mut Value) {
    let Some(map) = schema.as_object_mut() else {
        return;
    };
    for key in ["properties", "patternProperties"] {
        let inner = map.get_mut(key).and_then(Value::as_object_mut);
        inner
            .into_iter()
            .flat_map(|inner| inner.values_mut())
            .for_each(tighten);
    }
    for key in ["items", "additionalProperties"] {
        map.get_mut(key).into_iter().for_each(tighten);
    }
    let flag = |key: &str| map.get(key) == Some(&Value::Bool(true));
    let open =
        flag("x-kubernetes-preserve-unknown-fields") || flag("x-kubernetes-embedded-resource");
    let int_or_string = flag("x-kubernetes-int-or-string");
    let nullable = flag("nullable");
    if map.contains_key("properties") && !map.contains_key("additionalProperties") && !open {
        map.insert("additionalProperties".to_owned(), Value::Bool(false));
    }
    if int_or_string {
        map.insert("type".to_owned(), json!(["integer", "string"]));
        map.remove("anyOf");
    }
    if nullable && let Some(ty) = map.get("type").cloned() {
        let mut types = ty.as_array().cloned().unwrap_or_else(|| vec![ty]);
        types.push(json!("null"));
        map.insert("type".to_owned(), Value::Array(types));
        if let Some(values) = map.get_mut("enum").and_then(Value::as_array_mut) {
            values.push(Value::Null);
        }
    }
}
