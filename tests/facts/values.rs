//! Does the chart know the values that a tree gives it?

use std::path::{Path, PathBuf};

use serde_yaml::{Mapping, Value};

use super::charts::{Chart, Component, components, folders, yaml};
use crate::support;

/// Keys whose content is Kubernetes' or the user's, not the chart's, whatever its defaults are.
const FREE: &[&str] = &[
    "affinity",
    "annotations",
    "labels",
    "nodeSelector",
    "tolerations",
];
/// The same at the end of a key (`podAnnotations`).
const FREE_ENDINGS: &[&str] = &["Annotations", "Labels", "NodeSelector", "SecurityContext"];

/// Findings in all values of a tree: keys that the chart does not have, values of another shape,
/// and merged values that the chart's schema refuses.
pub(crate) fn check_values(tree: &Path, shared: &Path) -> Vec<String> {
    let mut findings = Vec::new();
    for component in components(tree) {
        if let Err(error) = check_component(tree, shared, &component, &mut findings) {
            findings.push(error);
        }
    }
    findings
}

fn check_component(
    tree: &Path,
    shared: &Path,
    component: &Component,
    findings: &mut Vec<String>,
) -> Result<(), String> {
    let own = Path::new(component.layer).join(&component.name);
    let overlays: Vec<PathBuf> = folders(&tree.join("clusters"))
        .into_iter()
        .map(|cluster| Path::new("clusters").join(cluster).join(&own))
        .filter(|overlay| tree.join(overlay).with_extension("yaml").is_file())
        .collect();
    let given = |dir: &Path| -> Result<Option<Value>, String> {
        let file = tree.join(dir).join("values.yaml");
        match file.is_file().then(|| yaml(&file)).transpose()? {
            // Terraform's yamldecode fails where Helm does not mind.
            Some(Value::Null) => Err(format!("{}/values.yaml says nothing", support::shown(dir))),
            values => Ok(values),
        }
    };
    let shared_values = given(&own)?;
    let Some(chart) = Chart::load(shared, &component.name) else {
        return Err(format!(
            "{}: nothing is known of this component",
            support::shown(&own)
        ));
    };
    let Some(defaults) = &chart.values else {
        return match shared_values {
            Some(_) => Err(format!(
                "{}: values, but there is no chart",
                support::shown(&own)
            )),
            None => Ok(()),
        };
    };
    let mut report = |dir: &Path, found: Vec<String>| {
        let file = support::shown(&dir.join("values.yaml"));
        findings.extend(
            found
                .into_iter()
                .map(|finding| format!("{file}: {finding}")),
        );
    };
    let shared_values = shared_values.unwrap_or(Value::Null);
    report(&own, check_keys(&chart, &shared_values));
    let base = merged(defaults, &shared_values);
    if overlays.is_empty() {
        report(&own, check_schema(&chart, &base));
    }
    for overlay in overlays {
        let values = given(&overlay)?.unwrap_or(Value::Null);
        report(&overlay, check_keys(&chart, &values));
        report(&overlay, check_schema(&chart, &merged(&base, &values)));
    }
    Ok(())
}

/// Helm's own merge: maps by key, `null` removes, everything else replaces.
pub(crate) fn merged(base: &Value, over: &Value) -> Value {
    match (base, over) {
        (base, Value::Null) => base.clone(),
        (Value::Mapping(base), Value::Mapping(over)) => {
            let mut merged_map: Mapping = base.clone();
            for (key, value) in over {
                if value.is_null() {
                    merged_map.remove(key);
                } else {
                    let before = base.get(key).unwrap_or(&Value::Null);
                    merged_map.insert(key.clone(), merged(before, value));
                }
            }
            Value::Mapping(merged_map)
        }
        (_, over) => over.clone(),
    }
}

/// What the chart's schema has against values that are merged with its defaults.
pub(crate) fn check_schema(chart: &Chart, values: &Value) -> Vec<String> {
    let Some(schema) = &chart.schema else {
        return Vec::new();
    };
    let validator = jsonschema::options()
        .build(schema)
        .expect("a schema that can be used");
    let values = serde_json::to_value(values).expect("values in JSON");
    let errors = validator.iter_errors(&values);
    errors
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect()
}

/// Something that says which keys exist.
#[derive(Clone, Copy)]
enum Source<'a> {
    /// Values of the chart, or an example.
    Values(&'a Value),
    /// A part of its schema.
    Schema(&'a serde_json::Value),
}

impl Source<'_> {
    /// Is it a map? Values tell, a schema is not asked: the merged values are checked against it.
    fn is_map(&self) -> Option<bool> {
        match self {
            Self::Values(value) => Some(value.is_mapping()),
            Self::Schema(_) => None,
        }
    }
}

/// What a source says of a key.
enum Said<'a> {
    /// Not there.
    Unknown,
    /// There, and what is in it is the user's.
    Free,
    /// There, and this is it.
    Known(Source<'a>),
}

/// Key paths that no source knows.
pub(crate) fn check_keys(chart: &Chart, given: &Value) -> Vec<String> {
    let mut sources: Vec<Source<'_>> = chart.values.iter().map(Source::Values).collect();
    sources.extend(chart.examples.iter().map(Source::Values));
    sources.extend(chart.schema.iter().map(Source::Schema));
    let mut keys = Keys {
        schema: chart.schema.as_ref(),
        hidden: &chart.hidden,
        findings: Vec::new(),
    };
    match given {
        Value::Mapping(map) => keys.map(&sources, map, ""),
        Value::Null => {}
        _ => keys.findings.push("values must be a map".to_owned()),
    }
    keys.findings
}

struct Keys<'a> {
    schema: Option<&'a serde_json::Value>,
    hidden: &'a [String],
    findings: Vec<String>,
}

impl<'a> Keys<'a> {
    fn map(&mut self, sources: &[Source<'a>], given: &Mapping, path: &str) {
        for (key, value) in given {
            let Some(key) = key.as_str() else {
                self.findings
                    .push(format!("{path}: a key that is no string"));
                continue;
            };
            let dotted = if path.is_empty() {
                key.to_owned()
            } else {
                format!("{path}.{key}")
            };
            self.key(sources, key, value, &dotted);
        }
    }

    fn key(&mut self, sources: &[Source<'a>], key: &str, value: &Value, path: &str) {
        if self.hidden.iter().any(|hidden| hidden == path) {
            return;
        }
        let mut known = Vec::new();
        let mut free = false;
        for source in sources {
            match self.said(*source, key) {
                Said::Unknown => {}
                Said::Free => free = true,
                Said::Known(inner) => known.push(inner),
            }
        }
        let hidden_below = self
            .hidden
            .iter()
            .any(|hidden| hidden.starts_with(&format!("{path}.")));
        if known.is_empty() && !free && !hidden_below {
            return self.findings.push(format!("the chart has no value {path}"));
        }
        match value {
            Value::Mapping(_) if is_free(key) || free => {}
            Value::Mapping(map) if key == "resources" => self.resources(map, path),
            Value::Mapping(map) => {
                known.retain(|source| source.is_map() != Some(false));
                let maps = known;
                if maps.is_empty() && !hidden_below {
                    self.findings
                        .push(format!("{path} is a map, but not in the chart"));
                } else {
                    self.map(&maps, map, path);
                }
            }
            Value::Null => {}
            _ => {
                let defaults: Vec<bool> = known.iter().filter_map(Source::is_map).collect();
                if !free && !is_free(key) && !defaults.is_empty() && defaults.iter().all(|map| *map)
                {
                    self.findings
                        .push(format!("{path} is no map, but is one in the chart"));
                }
            }
        }
    }

    /// The resources of a container.
    fn resources(&mut self, given: &Mapping, path: &str) {
        for (key, _) in given {
            if !matches!(key.as_str(), Some("claims" | "limits" | "requests")) {
                self.findings
                    .push(format!("{path} has only claims, limits, requests"));
            }
        }
    }

    fn said(&self, source: Source<'a>, key: &str) -> Said<'a> {
        match source {
            Source::Values(Value::Mapping(map)) => match map.get(key) {
                None => Said::Unknown,
                Some(value) if is_empty(value) => Said::Free,
                Some(value) => Said::Known(Source::Values(value)),
            },
            Source::Values(_) => Said::Unknown,
            Source::Schema(schema) => {
                let schema = self.followed(schema);
                match schema["properties"].get(key) {
                    None => Said::Unknown,
                    Some(inner) if schema_is_open(self.followed(inner)) => Said::Free,
                    Some(inner) => Said::Known(Source::Schema(inner)),
                }
            }
        }
    }

    /// The schema behind a local `$ref`.
    fn followed(&self, schema: &'a serde_json::Value) -> &'a serde_json::Value {
        let target = schema["$ref"].as_str().and_then(|r| r.strip_prefix('#'));
        let root = self.schema.filter(|_| target.is_some());
        root.and_then(|root| root.pointer(target.unwrap_or_default()))
            .unwrap_or(schema)
    }
}

fn is_free(key: &str) -> bool {
    FREE.contains(&key)
        || FREE_ENDINGS.iter().any(|end| key.ends_with(end))
        || key == "securityContext"
}

/// A value that a chart leaves to the user.
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Mapping(map) => map.is_empty(),
        Value::Sequence(items) => items.is_empty(),
        _ => false,
    }
}

/// An object about whose keys the schema says nothing.
fn schema_is_open(schema: &serde_json::Value) -> bool {
    let object = schema["type"].as_str() == Some("object");
    object && schema.get("properties").is_none() && schema["additionalProperties"] != false
}
