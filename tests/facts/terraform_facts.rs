//! What is known about Terraform providers and registry modules.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use serde_json::Value;

use super::hcl_type::{Field, Type};

/// All of it.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    /// By local name (`aws`).
    pub(crate) providers: BTreeMap<String, Provider>,
    /// By source (`terraform-aws-modules/eks/aws`).
    pub(crate) modules: BTreeMap<String, Module>,
}

/// A provider's schema.
#[derive(Debug)]
pub(crate) struct Provider {
    /// Its address, `hashicorp/aws`.
    pub(crate) source: String,
    /// The version that the schema was read from.
    pub(crate) version: String,
    /// Its own block.
    pub(crate) block: Schema,
    /// By type.
    pub(crate) resources: BTreeMap<String, Schema>,
    /// By type.
    pub(crate) data_sources: BTreeMap<String, Schema>,
}

/// The arguments of a block.
#[derive(Debug, Default)]
pub(crate) struct Schema {
    /// By name.
    pub(crate) attributes: BTreeMap<String, Attribute>,
    /// Nested blocks, by name.
    pub(crate) blocks: BTreeMap<String, Nested>,
}

/// One argument.
#[derive(Debug)]
pub(crate) struct Attribute {
    /// What it takes or gives.
    pub(crate) ty: Type,
    /// Must it be given?
    pub(crate) required: bool,
    /// May it be given?
    pub(crate) settable: bool,
    /// Is it on its way out?
    pub(crate) deprecated: bool,
}

/// A nested block.
#[derive(Debug)]
pub(crate) struct Nested {
    /// Its arguments.
    pub(crate) schema: Schema,
    /// How many there must be.
    pub(crate) min: u64,
    /// How many there may be, 0 for any number.
    pub(crate) max: u64,
}

/// A registry module.
#[derive(Debug)]
pub(crate) struct Module {
    /// The version that was read.
    pub(crate) version: String,
    /// Its variables.
    pub(crate) inputs: BTreeMap<String, Input>,
    /// The names of its outputs.
    pub(crate) outputs: Vec<String>,
    /// The provider versions it asks for, by source.
    pub(crate) required_providers: BTreeMap<String, String>,
}

/// A variable of a module.
#[derive(Debug, Clone)]
pub(crate) struct Input {
    /// What it takes.
    pub(crate) ty: Type,
    /// Must it be given?
    pub(crate) required: bool,
}

impl Facts {
    /// The facts below `shared`, read once per process.
    pub(crate) fn load(shared: &Path) -> Arc<Self> {
        static LOADED: Mutex<BTreeMap<PathBuf, Arc<Facts>>> = Mutex::new(BTreeMap::new());
        let mut loaded = LOADED.lock().expect("no panic while loading");
        loaded
            .entry(shared.to_owned())
            .or_insert_with(|| Arc::new(Self::read(&shared.join("terraform-facts"))))
            .clone()
    }

    fn read(dir: &Path) -> Self {
        let mut facts = Self::default();
        for file in json_files(dir) {
            let name = file
                .file_stem()
                .expect("a name")
                .to_string_lossy()
                .into_owned();
            facts.providers.insert(name, provider(&json(&file)));
        }
        for file in json_files(&dir.join("modules")) {
            let json = json(&file);
            facts.modules.insert(text(&json, "source"), module(&json));
        }
        facts
    }
}

fn json_files(dir: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(dir).unwrap_or_else(|e| panic!("{}: {e}", dir.display()));
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.expect("an entry").path())
        .collect();
    files.retain(|file| {
        file.extension()
            .is_some_and(|extension| extension == "json")
    });
    files.sort();
    files
}

fn json(file: &Path) -> Value {
    let text = std::fs::read_to_string(file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
    serde_json::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", file.display()))
}

fn text(json: &Value, key: &str) -> String {
    json[key].as_str().unwrap_or_default().to_owned()
}

fn flag(json: &Value, key: &str) -> bool {
    json[key].as_bool().unwrap_or_default()
}

/// The entries of an object, each read by `read`; none if there is no object.
fn each<T>(json: &Value, read: impl Fn(&Value) -> T) -> BTreeMap<String, T> {
    let entries = json.as_object().into_iter().flatten();
    entries
        .map(|(key, value)| (key.clone(), read(value)))
        .collect()
}

fn provider(json: &Value) -> Provider {
    Provider {
        source: text(json, "provider"),
        version: text(json, "version"),
        block: schema(&json["provider_block"]),
        resources: each(&json["resources"], schema),
        data_sources: each(&json["data_sources"], schema),
    }
}

fn schema(json: &Value) -> Schema {
    let nested = |json: &Value| Nested {
        schema: schema(json),
        min: json["min_items"].as_u64().unwrap_or(0),
        max: json["max_items"].as_u64().unwrap_or(0),
    };
    Schema {
        attributes: each(&json["attributes"], attribute),
        blocks: each(&json["blocks"], nested),
    }
}

fn attribute(json: &Value) -> Attribute {
    let ty = match json.get("nested") {
        Some(nested) => nested_type(nested),
        None => Type::from_json(&json["type"]).expect("a type of the provider schema"),
    };
    Attribute {
        ty,
        required: flag(json, "required"),
        settable: flag(json, "required") || flag(json, "optional"),
        deprecated: flag(json, "deprecated"),
    }
}

/// An attribute that is written as an object (`= { … }`), or a list or map of such.
fn nested_type(json: &Value) -> Type {
    let attributes = each(&json["attributes"], attribute).into_iter();
    let settable = attributes.filter(|(_, attribute)| attribute.settable);
    let fields = settable.map(|(key, attribute)| {
        (
            key,
            Field {
                ty: attribute.ty,
                optional: !attribute.required,
            },
        )
    });
    let object = Type::Object(fields.collect());
    match json["mode"].as_str() {
        Some("list" | "set") => Type::List(Box::new(object)),
        Some("map") => Type::Map(Box::new(object)),
        _ => object,
    }
}

fn module(json: &Value) -> Module {
    let input = |json: &Value| Input {
        ty: match json["type"].as_str() {
            Some(ty) => Type::parse(ty).expect("a type of the module"),
            None => Type::Any,
        },
        required: flag(json, "required"),
    };
    Module {
        version: text(json, "version"),
        inputs: each(&json["inputs"], input),
        outputs: each(&json["outputs"], |_| ()).into_keys().collect(),
        required_providers: each(&json["required_providers"], |v| {
            v.as_str().unwrap_or_default().to_owned()
        }),
    }
}
