//! `landform values`.

use std::fmt::Write as _;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

use super::opened::{Folder, Opened};
use crate::catalog::YAML_WORDS;
use crate::error::{self, Error, Problem, Result, suggest};
use crate::index::{FluxKustomization, Index, Release};
use crate::ui::{Printer, style};
use crate::yaml::{Kind, Node};

/// Show the merged Helm values of a component on a cluster, each with the file and line it comes from
///
/// They are merged as Flux and Helm do: maps key by key, everything else as a whole, the later one wins. What the
/// chart itself brings is not among them. Patches of a release are not applied.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    landform values grafana\n  landform values grafana --on prod\n  \
    landform values grafana --on prod --json | jq .values\n\n\
    Exit code 1 if a file of values could not be read.")]
pub(super) struct Args {
    /// Name of a component
    name: String,
    /// The cluster; needed where the component is on several
    #[arg(long, value_name = "CLUSTER")]
    on: Option<String>,
    #[command(flatten)]
    folder: Folder,
    /// Print as JSON; see `landform schema values`
    #[arg(long)]
    json: bool,
}

/// The merged values of a component on a cluster.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Values {
    /// Version of this form: 1.
    format: u32,
    /// The component.
    component: String,
    /// The cluster.
    cluster: String,
    /// What is merged.
    #[serde(rename = "values")]
    merged: Value,
    /// Where each value comes from.
    origins: Vec<ValueOrigin>,
    /// What else reaches the release, and cannot be known here.
    unknown: Vec<String>,
}

/// Where a value comes from.
#[derive(Debug, Serialize, JsonSchema)]
struct ValueOrigin {
    /// The keys down to it.
    path: Vec<String>,
    #[serde(flatten)]
    at: Origin,
    /// What it replaces.
    #[serde(skip_serializing_if = "Option::is_none")]
    over: Option<Origin>,
}

/// A line of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
struct Origin {
    /// The file.
    file: String,
    /// 1-based.
    line: usize,
}

/// Values, merged.
enum Merged {
    Map(IndexMap<String, Self>),
    Leaf {
        value: Value,
        at: Origin,
        over: Option<Origin>,
    },
}

pub(super) fn run(args: &Args, printer: &Printer) -> Result<u8> {
    let opened = Opened::open(&args.folder)?;
    let component = opened
        .named(&args.name)
        .ok_or_else(|| opened.unknown(&args.name))?;
    let cluster = cluster(&opened, component, args.on.as_deref())?;
    let release = release(&opened, component, cluster)?;
    let merged = merged(&opened.index, &release);
    if args.json {
        let mut origins = Vec::new();
        collect(&merged, &mut Vec::new(), &mut origins);
        printer.json(&Values {
            format: 1,
            component: component.to_owned(),
            cluster: cluster.to_owned(),
            merged: plain(&merged),
            origins,
            unknown: release.unknown,
        })?;
        return Ok(0);
    }
    let mut text = String::new();
    draw(&merged, 0, &mut text);
    printer.raw(&text);
    for unknown in &release.unknown {
        printer.note(&format!(
            "not shown, for it is not in this repository: {unknown}"
        ));
    }
    Ok(0)
}

/// The cluster that is meant.
fn cluster<'a>(opened: &'a Opened, component: &str, on: Option<&str>) -> Result<&'a str> {
    let clusters = opened.platform.clusters.iter();
    let with: Vec<&str> = clusters
        .filter(|(_, cluster)| cluster.components.contains_key(component))
        .map(|(name, _)| name.as_str())
        .collect();
    let listed = with.join(", ");
    match (on, with.as_slice()) {
        (_, []) => Err(Error::refused(Problem::new(format!(
            "{component} is on no cluster"
        )))),
        (None, [only]) => Ok(only),
        (None, _) => Err(Error::refused(
            Problem::new(format!("{component} is on several clusters: {listed}"))
                .hint(format!("say which: --on {}", with[0])),
        )),
        (Some(on), with) => with
            .iter()
            .copied()
            .find(|name| *name == on)
            .ok_or_else(|| {
                let problem =
                    Problem::new(format!("{component} is not on `{on}`, but on {listed}"));
                Error::refused(problem.hint(suggest(on, with.iter().copied())))
            }),
    }
}

fn release(opened: &Opened, component: &str, cluster: &str) -> Result<Release> {
    let folder = opened
        .unit(cluster, component)
        .and_then(FluxKustomization::folder);
    let releases = folder.map(|folder| opened.index.releases(&folder));
    let releases = releases.transpose().map_err(|error| Error {
        kind: error::Kind::Findings,
        ..error
    })?;
    let mut releases = releases.unwrap_or_default();
    let own = releases
        .iter()
        .position(|release| release.name == opened.catalogue.components[component].object)
        .unwrap_or(0);
    if releases.is_empty() {
        return Err(Error::refused(
            Problem::new(format!("{component} is no Helm release on {cluster}"))
                .hint(format!("what it is: landform show {component}")),
        ));
    }
    Ok(releases.swap_remove(own))
}

fn merged(index: &Index, release: &Release) -> Merged {
    let mut all = IndexMap::new();
    for layer in &release.layers {
        merge(index, &layer.file, &layer.values, &mut all);
    }
    Merged::Map(all)
}

fn merge(index: &Index, file: &str, node: &Node, into: &mut IndexMap<String, Merged>) {
    for (key, value) in node.entries() {
        let name = key.text().unwrap_or_default().to_owned();
        if !value.entries().is_empty() {
            if !matches!(into.get(&name), Some(Merged::Map(_))) {
                into.insert(name.clone(), Merged::Map(IndexMap::new()));
            }
            if let Some(Merged::Map(map)) = into.get_mut(&name) {
                merge(index, file, value, map);
            }
            continue;
        }
        // An empty map changes nothing of one that is there.
        let empty_map = matches!(value.kind, Kind::Mapping(_));
        if empty_map && matches!(into.get(&name), Some(Merged::Map(_))) {
            continue;
        }
        let leaf = Merged::Leaf {
            value: value.to_value(),
            at: Origin {
                file: file.to_owned(),
                line: index.line(file, key.span.start),
            },
            over: into.get(&name).and_then(first),
        };
        into.insert(name, leaf);
    }
}

/// Where a value comes from; of a map, its first.
fn first(merged: &Merged) -> Option<Origin> {
    match merged {
        Merged::Leaf { at, .. } => Some(at.clone()),
        Merged::Map(map) => map.values().find_map(first),
    }
}

fn plain(merged: &Merged) -> Value {
    match merged {
        Merged::Leaf { value, .. } => value.clone(),
        Merged::Map(map) => {
            let entries = map.iter().map(|(key, value)| (key.clone(), plain(value)));
            Value::Object(entries.collect::<Map<_, _>>())
        }
    }
}

fn collect(merged: &Merged, path: &mut Vec<String>, origins: &mut Vec<ValueOrigin>) {
    match merged {
        Merged::Leaf { at, over, .. } => origins.push(ValueOrigin {
            path: path.clone(),
            at: at.clone(),
            over: over.clone(),
        }),
        Merged::Map(map) => {
            for (key, value) in map {
                path.push(key.clone());
                collect(value, path, origins);
                path.pop();
            }
        }
    }
}

/// As YAML, which anybody may copy into a file.
fn draw(merged: &Merged, depth: usize, text: &mut String) {
    let Merged::Map(map) = merged else {
        return;
    };
    let indent = "  ".repeat(depth);
    for (key, value) in map {
        let key = yaml(&Value::String(key.clone()));
        match value {
            Merged::Map(_) => {
                let _ = writeln!(text, "{indent}{key}:");
                draw(value, depth + 1, text);
            }
            Merged::Leaf { value, at, over } => {
                leaf(&format!("{indent}{key}:"), value, at, over.as_ref(), text);
            }
        }
    }
}

fn leaf(head: &str, value: &Value, at: &Origin, over: Option<&Origin>, text: &mut String) {
    let faint = style::FAINT;
    let mut comment = format!("# {}:{}", at.file, at.line);
    if let Some(over) = over {
        let what = if value.is_array() {
            "in place of the list at"
        } else {
            "over"
        };
        let _ = write!(comment, ", {what} {}:{}", over.file, over.line);
    }
    let comment = format!("{faint}{comment}{faint:#}");
    let shown = yaml(value);
    let indent = " ".repeat(head.len() - head.trim_start().len() + 2);
    let mut lines = shown.lines();
    // The first line of a block scalar is its mark; a list has its own lines alone.
    let first = if value.as_array().is_some_and(|list| !list.is_empty()) {
        ""
    } else {
        lines.next().unwrap_or_default()
    };
    let space = if first.is_empty() { "" } else { " " };
    let _ = writeln!(text, "{head}{space}{first} {comment}");
    let own = usize::from(value.is_string()) * 2;
    for line in lines {
        let line = line
            .get(own..)
            .filter(|_| line.starts_with("  "))
            .unwrap_or(line);
        let line = if line.is_empty() {
            String::new()
        } else {
            format!("{indent}{line}")
        };
        let _ = writeln!(text, "{line}");
    }
}

fn yaml(value: &Value) -> String {
    let text = serde_yaml::to_string(&guarded(value)).unwrap_or_else(|_| value.to_string());
    text.trim_end_matches('\n').replace(QUOTE, "'")
}

/// Stands for a quote until the text is written: no text has it, and none is quoted because of it.
const QUOTE: char = '\u{E000}';

/// A value in which those texts have quotes that the writer leaves plain and Helm's older YAML reads as something else.
fn guarded(value: &Value) -> Value {
    match value {
        Value::String(text) if is_older_yaml(text) => format!("{QUOTE}{text}{QUOTE}").into(),
        Value::Array(items) => items.iter().map(guarded).collect(),
        Value::Object(map) => {
            let key = |key: &String| match guarded(&Value::String(key.clone())) {
                Value::String(key) => key,
                _ => key.clone(),
            };
            let entries = map.iter().map(|(name, value)| (key(name), guarded(value)));
            Value::Object(entries.collect())
        }
        other => other.clone(),
    }
}

/// Whether YAML 1.1 reads a plain text as a boolean, a date or a number of its own.
fn is_older_yaml(text: &str) -> bool {
    let digits = text.trim_start_matches(['-', '+']);
    let only = |more: &str| {
        digits
            .chars()
            .all(|c| c.is_ascii_digit() || more.contains(c))
    };
    let is_number = digits.starts_with(|c: char| c.is_ascii_digit());
    let is_date = || digits.find('-') == Some(4) && only("-:.+ tTzZ");
    YAML_WORDS.contains(&text.to_ascii_lowercase().as_str())
        || (is_number
            && ((text.contains(':') && only(":._"))
                || (text.contains('_') && only("._"))
                || is_date()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_text_stays_a_text_in_older_yaml() {
        for text in ["yes", "On", "n", "2025-01-01", "1:30", "1_000", "-1:30"] {
            assert_eq!(yaml(&json!(text)), format!("'{text}'"));
        }
        for text in [
            "10.0.0.1",
            "v1.2",
            "10Gi",
            "a: b",
            "1-2",
            "ghcr.io/x:1",
            "fe80::1",
        ] {
            assert!(!is_older_yaml(text), "{text}");
        }
        let value = json!([{"on": "off", "a": true, "b": "true"}]);
        assert_eq!(yaml(&value), "- 'on': 'off'\n  a: true\n  b: 'true'");
    }
}
