//! What is known about charts, and whether the sources of a tree name those.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use serde_yaml::Value;

use super::versions;
use crate::support;

/// Everything known about one component.
#[derive(Debug)]
pub(crate) struct Chart {
    /// `facts.yaml`.
    pub(crate) facts: Value,
    /// The chart's own `values.yaml`, if it is a chart.
    pub(crate) values: Option<Value>,
    /// Its `values.schema.json`, without references to other hosts.
    pub(crate) schema: Option<serde_json::Value>,
    /// Values that the facts give as examples; they were tried, so their keys exist.
    pub(crate) examples: Vec<Value>,
    /// Keys that only the chart's templates know, dotted.
    pub(crate) hidden: Vec<String>,
}

/// One component of a tree, in its layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Component {
    /// `infrastructure` or `apps`.
    pub(crate) layer: &'static str,
    /// Its name.
    pub(crate) name: String,
}

/// The layers of a tree.
const LAYERS: [&str; 2] = ["infrastructure", "apps"];

/// Every component of the tree.
pub(crate) fn components(tree: &Path) -> Vec<Component> {
    let of_layer = |layer: &'static str| {
        folders(&tree.join(layer))
            .into_iter()
            .map(move |name| Component { layer, name })
    };
    LAYERS.into_iter().flat_map(of_layer).collect()
}

/// The names of the folders in a folder, sorted.
pub(crate) fn folders(dir: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

/// A YAML file of one document; `Err` names the file.
pub(crate) fn yaml(file: &Path) -> Result<Value, String> {
    let text = std::fs::read_to_string(file).map_err(|e| format!("{}: {e}", file.display()))?;
    serde_yaml::from_str(&text).map_err(|e| format!("{}: {e}", file.display()))
}

impl Chart {
    /// The facts of a component, read once per process.
    pub(crate) fn load(shared: &Path, name: &str) -> Option<Arc<Self>> {
        static LOADED: Mutex<BTreeMap<PathBuf, Option<Arc<Chart>>>> = Mutex::new(BTreeMap::new());
        let dir = shared.join("charts").join(name);
        let mut loaded = LOADED
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let read = || {
            let known = support::package().join(format!("tests/facts/known/{name}.yaml"));
            if dir.join("facts.yaml").is_file() {
                Some(Arc::new(Self::read(&dir)))
            } else {
                known.is_file().then(|| Arc::new(Self::read_known(&known)))
            }
        };
        loaded.entry(dir.clone()).or_insert_with(read).clone()
    }

    fn read(dir: &Path) -> Self {
        let facts = yaml(&dir.join("facts.yaml")).expect("readable facts");
        let file = dir.join("values.yaml");
        let values = file
            .is_file()
            .then(|| yaml(&file).expect("readable values"));
        let schema = std::fs::read_to_string(dir.join("values.schema.json"))
            .ok()
            .map(|text| {
                let mut schema = serde_json::from_str(&text).expect("a schema in JSON");
                drop_remote(&mut schema);
                schema
            });
        let mut examples = vec![example(&facts["recommended_values"])];
        let per_provider = facts["provider_values"].as_mapping().into_iter().flatten();
        examples.extend(per_provider.map(|(_, text)| example(text)));
        let configured = facts["config"].as_sequence().into_iter().flatten();
        examples.extend(configured.map(|config| example(&config["values"])));
        examples.retain(Value::is_mapping);
        let name = support::name(dir);
        let hidden = texts(&facts["hidden_keys"])
            .chain(known_keys(name))
            .collect();
        Self {
            facts,
            values,
            schema,
            examples,
            hidden,
        }
    }

    /// What `known.py` wrote of a chart that the folder of facts does not have.
    fn read_known(file: &Path) -> Self {
        let facts = yaml(file).expect("readable facts");
        let values = Some(facts["values"].clone());
        Self {
            facts,
            values,
            schema: None,
            examples: Vec::new(),
            hidden: Vec::new(),
        }
    }

    /// A text of `chart:`, if it has one.
    pub(crate) fn text(&self, key: &str) -> Option<&str> {
        self.facts["chart"][key].as_str()
    }

    /// The versions that a tree may name: the one that was read, and newer ones that were seen.
    pub(crate) fn versions(&self) -> Vec<String> {
        let newer = self.facts["newer_seen"].as_str().unwrap_or_default();
        let own = self.text("version").map(str::to_owned);
        let tag = self.facts["source"]["ref"].as_str().map(str::to_owned);
        let tag = tag.filter(|_| self.text("name").is_none());
        let mut all: Vec<String> = own.into_iter().chain(tag).collect();
        all.extend(versions::named_in(newer));
        all.dedup();
        all
    }
}

/// The texts of a list.
fn texts(list: &Value) -> impl Iterator<Item = String> {
    let texts = list.as_sequence().into_iter().flatten();
    texts.filter_map(|text| text.as_str().map(str::to_owned))
}

/// What `tests/facts/known/keys.yaml` says of a component.
fn known_keys(name: &str) -> Vec<String> {
    let known = yaml(&support::package().join("tests/facts/known/keys.yaml"));
    texts(&known.expect("readable keys")[name]).collect()
}

/// Values in the facts are written as text, or as they are.
fn example(value: &Value) -> Value {
    match value.as_str() {
        Some(text) => serde_yaml::from_str(text).unwrap_or(Value::Null),
        None => value.clone(),
    }
}

/// Removes `$ref`s to other hosts: what they describe is then free.
fn drop_remote(schema: &mut serde_json::Value) {
    match schema {
        serde_json::Value::Object(map) => {
            let remote = map
                .get("$ref")
                .and_then(|r| r.as_str())
                .is_some_and(|r| r.contains("://"));
            if remote {
                map.remove("$ref");
            }
            map.values_mut().for_each(drop_remote);
        }
        serde_json::Value::Array(items) => items.iter_mut().for_each(drop_remote),
        _ => {}
    }
}

/// Findings in the sources of a tree: charts, repositories, tags and versions other than the facts'.
pub(crate) fn check_sources(tree: &Path, shared: &Path) -> Vec<String> {
    let mut findings = Vec::new();
    for component in components(tree) {
        let Some(chart) = Chart::load(shared, &component.name) else {
            continue;
        };
        for file in source_files(tree, &component) {
            let shown = support::shown(&file);
            match yaml(&tree.join(&file)) {
                Ok(object) => findings.extend(
                    check_source(&object, &chart)
                        .into_iter()
                        .map(|e| format!("{shown}: {e}")),
                ),
                // Several documents: not a source that landform writes.
                Err(error) => findings.push(error),
            }
        }
    }
    findings
}

/// The files below a component and its overlays that may hold a source.
fn source_files(tree: &Path, component: &Component) -> Vec<PathBuf> {
    const NAMES: [&str; 5] = [
        "gitrepository.yaml",
        "helmrelease.yaml",
        "helmrepository.yaml",
        "ocirepository.yaml",
        "version.yaml",
    ];
    let own = Path::new(component.layer).join(&component.name);
    let mut files = support::files(tree);
    files.retain(|file| {
        let mut below = file.components();
        let in_overlay = below.next().is_some_and(|c| c.as_os_str() == "clusters")
            && below.next().is_some()
            && below.as_path().starts_with(&own);
        NAMES.contains(&support::name(file)) && (in_overlay || file.starts_with(&own))
    });
    files
}

/// Findings in one source, release or patch of either.
pub(crate) fn check_source(object: &Value, chart: &Chart) -> Vec<String> {
    let spec = &object["spec"];
    let mut findings = Vec::new();
    let mut same = |what: &str, given: &Value, wanted: &[String]| {
        let trimmed = |text: &str| text.trim_end_matches('/').to_owned();
        if let Some(given) = given.as_str()
            && !wanted
                .iter()
                .any(|wanted| trimmed(wanted) == trimmed(given))
        {
            findings.push(format!(
                "{what} is {given}, the facts say {}",
                wanted.join(" or ")
            ));
        }
    };
    let fact = |key: &str| {
        chart
            .text(key)
            .map(str::to_owned)
            .into_iter()
            .collect::<Vec<_>>()
    };
    let git = chart.facts["source"]["repo"].as_str().unwrap_or_default();
    match object["kind"].as_str() {
        Some("OCIRepository") => {
            same("url", &spec["url"], &fact("oci"));
            same("ref.tag", &spec["ref"]["tag"], &chart.versions());
        }
        Some("HelmRepository") => {
            let wanted = if spec["type"].as_str() == Some("oci") {
                fact("oci")
            } else {
                fact("repository")
            };
            same("url", &spec["url"], &wanted);
        }
        Some("HelmRelease") => {
            same("chart", &spec["chart"]["spec"]["chart"], &fact("name"));
            same(
                "version",
                &spec["chart"]["spec"]["version"],
                &chart.versions(),
            );
        }
        Some("GitRepository") => {
            let urls = [
                format!("https://github.com/{git}"),
                format!("https://github.com/{git}.git"),
            ];
            same("url", &spec["url"], &urls);
            same("ref.tag", &spec["ref"]["tag"], &chart.versions());
        }
        _ => {}
    }
    findings
}
