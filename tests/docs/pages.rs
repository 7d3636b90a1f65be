//! `docs/components/` and `docs/providers/`: a page for each, written from its `component.yaml` or `provider.yaml`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use landform::catalog::{Catalogue, Engine, When, value_text};
use landform::error::Source;
use serde_json::{Map, Value, json};
use tera::Context;

use crate::support;

/// `LANDFORM_GOLDEN=overwrite` writes them anew.
#[test]
fn component_pages_are_fresh() {
    are_fresh("components", components());
}

/// The same for providers.
#[test]
fn provider_pages_are_fresh() {
    are_fresh("providers", providers());
}

fn are_fresh(name: &str, pages: BTreeMap<String, String>) {
    let folder = support::package().join("docs").join(name);
    if std::env::var_os("LANDFORM_GOLDEN").is_some_and(|v| v == "overwrite") {
        fs::create_dir_all(&folder).unwrap();
        for (name, text) in &pages {
            fs::write(folder.join(name), text).unwrap();
        }
    }
    let there: BTreeSet<String> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    let wanted: BTreeSet<String> = pages.keys().cloned().collect();
    assert_eq!(there, wanted, "pages of nothing, or the reverse");
    for (name, text) in pages {
        let kept = fs::read_to_string(folder.join(&name)).unwrap();
        assert_eq!(
            kept, text,
            "{name} is old: LANDFORM_GOLDEN=overwrite cargo test --test docs"
        );
    }
}

fn render(template: &str, value: &Value) -> String {
    let context = Context::from_serialize(value).unwrap();
    let text = engine().render(template, &context).unwrap();
    format!("{}\n", text.trim_end())
}

/// A file of the catalogue.
fn read(path: &str) -> Value {
    let text = fs::read_to_string(support::package().join("templates").join(path)).unwrap();
    serde_yaml::from_str(&text).unwrap()
}

/// The page of each provider, and that of them all.
fn providers() -> BTreeMap<String, String> {
    let catalogue = Catalogue::embedded().unwrap();
    let common = read("common/common.yaml");
    let mut pages = BTreeMap::new();
    let mut rows = Vec::new();
    for name in catalogue.providers.keys() {
        let mut spec = read(&format!("providers/{name}/provider.yaml"));
        let gives: Vec<String> = list(&spec, "provides").iter().map(named).collect();
        let mut needed = common["providers"].as_object().unwrap().clone();
        let own = spec["terraform"]["providers"].as_object().cloned();
        needed.extend(own.unwrap_or_default());
        let more = json!({
            "questions": questions(&spec["questions"]),
            "gives": gives,
            "suggested": list(&spec, "suggested"),
            "providers": needed,
        });
        rows.push(json!({"name": name, "description": spec["description"]}));
        extend(&mut spec, &more);
        pages.insert(format!("{name}.md"), render("provider.md", &spec));
    }
    let index = json!({"providers": rows, "questions": questions(&common["cluster"])});
    pages.insert("README.md".to_owned(), render("providers.md", &index));
    pages
}

/// The page of each component, and that of them all.
fn components() -> BTreeMap<String, String> {
    let catalogue = Catalogue::embedded().unwrap();
    let mut pages = BTreeMap::new();
    let mut layers: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
    for (name, component) in &catalogue.components {
        let mut spec = read(&format!("{}/component.yaml", component.root));
        complete(&mut spec, &catalogue);
        pages.insert(format!("{name}.md"), render("component.md", &spec));
        let version = component.spec.source.value.version().unwrap_or("");
        let row =
            json!({"name": name, "version": version, "description": component.spec.description});
        let layer = component.spec.layer.as_str();
        layers.entry(layer).or_default().push(row);
    }
    let layers: Vec<Value> = ["infrastructure", "apps"]
        .map(|layer| json!({"name": layer, "components": layers[layer]}))
        .into();
    let index =
        json!({"components": catalogue.components.keys().collect::<Vec<_>>(), "layers": layers});
    pages.insert("README.md".to_owned(), render("components.md", &index));
    pages
}

fn engine() -> Engine {
    let folder: PathBuf = support::package().join("tests/docs");
    let templates = [
        "component.md",
        "components.md",
        "provider.md",
        "providers.md",
        "questions.md",
    ]
    .map(|name| {
        let text = fs::read_to_string(folder.join(format!("{name}.tera"))).unwrap();
        (name.to_owned(), Source::new(name, text))
    });
    Engine::new(templates.into()).unwrap()
}

/// Adds what the template wants in one form: conditions as words, lists where there is nothing.
fn complete(spec: &mut Value, catalogue: &Catalogue) {
    let provides = |of: &Value| -> Vec<String> {
        let all = list(of, "provides");
        all.iter().map(named).collect()
    };
    let mut gives = provides(spec);
    let mut needs: Vec<Value> = list(spec, "needs").iter().map(|n| need(n, None)).collect();
    for part in list(spec, "parts") {
        let name = part["name"].as_str().unwrap();
        gives.extend(
            provides(&part)
                .iter()
                .map(|g| format!("{g}, by its part {name}")),
        );
        needs.extend(list(&part, "needs").iter().map(|n| need(n, Some(name))));
    }
    let questions = questions(&spec["questions"]);
    let secrets: Vec<Value> = list(spec, "secrets")
        .into_iter()
        .map(|mut secret| {
            secret["where"] = json!(place(&secret));
            secret["unless"] = json!(list(&secret, "unless"));
            secret
        })
        .collect();
    // A component may speak of providers that are yet to come.
    let known = |provider: &&String| catalogue.providers.contains_key(*provider);
    let clouds = spec["identity"].as_object().into_iter().flat_map(Map::keys);
    let clouds: Vec<&String> = clouds.filter(known).collect();
    let more = json!({
        "fits": fits(spec, catalogue),
        "gives": gives,
        "needs": needs,
        "parts": list(spec, "parts").into_iter().map(|mut part| {
            part["order"] = json!(part["order"].as_str().unwrap_or("after"));
            part
        }).collect::<Vec<_>>(),
        "questions": questions,
        "secrets": secrets,
        "clouds": clouds,
        "kinds": list(&spec["crds"], "kinds"),
        "notes": list(spec, "notes"),
    });
    for key in ["handover", "removal"] {
        if spec[key].is_null() {
            spec[key] = json!({});
        }
    }
    extend(spec, &more);
}

fn extend(spec: &mut Value, more: &Value) {
    let spec = spec.as_object_mut().unwrap();
    spec.extend(more.as_object().unwrap().clone());
}

fn list(spec: &Value, key: &str) -> Vec<Value> {
    spec[key].as_array().cloned().unwrap_or_default()
}

fn named(given: &Value) -> String {
    match given {
        Value::String(name) => name.clone(),
        other => {
            let name = other["name"].as_str().unwrap();
            place(other).map_or(name.to_owned(), |at| format!("{name}, {at}"))
        }
    }
}

fn need(need: &Value, part: Option<&str>) -> Value {
    json!({
        "name": need["name"],
        "part": part,
        "optional": need["optional"].as_bool().unwrap_or(false),
        "why": need["why"],
        "where": place(need),
    })
}

/// Questions, and below each the keys of a map, as they stand in a list.
fn questions(all: &Value) -> Vec<Value> {
    fn add(question: &Value, depth: usize, lines: &mut Vec<Value>) {
        lines.push(line(question, depth));
        for field in question["fields"].as_array().into_iter().flatten() {
            add(field, depth + 1, lines);
        }
    }
    let mut lines = Vec::new();
    for question in all.as_array().into_iter().flatten() {
        add(question, 0, &mut lines);
    }
    lines
}

fn line(question: &Value, depth: usize) -> Value {
    let choices = question["choices"].as_object().into_iter().flatten();
    let choices: Vec<Value> = choices
        .map(|(name, choice)| match choice {
            Value::Object(_) => {
                json!({"name": name, "text": choice["text"], "where": place(choice)})
            }
            text => json!({"name": name, "text": text, "where": null}),
        })
        .collect();
    json!({
        "indent": "  ".repeat(depth),
        "name": question["name"],
        "prompt": question["prompt"],
        "where": place(question),
        "choices": choices,
        "optional": question["optional"].as_bool().unwrap_or(false),
        "assumed": assumed(question),
    })
}

/// The default, and those of single providers.
fn assumed(question: &Value) -> Option<String> {
    let told = |default: &Value| match value_text(default).as_str() {
        "" => "nothing".to_owned(),
        text if text.contains("{{") => format!("what the template `{text}` gives"),
        text => format!("`{text}`"),
    };
    let general = question.get("default").map(told);
    let own = question["defaults"].as_object().into_iter().flatten();
    let own = own.map(|(provider, default)| format!("on {provider} {}", told(default)));
    let all: Vec<String> = general.into_iter().chain(own).collect();
    (!all.is_empty()).then(|| all.join("; "))
}

/// Where it fits, as far as that is limited.
fn fits(spec: &Value, catalogue: &Catalogue) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(only) = spec["only"].as_array() {
        let only: Vec<&str> = only.iter().filter_map(Value::as_str).collect();
        lines.push(format!("Only on {}.", only.join(", ")));
    }
    for (provider, why) in spec["unfit"].as_object().into_iter().flatten() {
        if !catalogue.providers.contains_key(provider) {
            continue;
        }
        lines.push(format!("Not on {provider}: {}.", why.as_str().unwrap()));
    }
    for (fact, reasons) in spec["unfit_when"].as_object().into_iter().flatten() {
        for (value, why) in reasons.as_object().into_iter().flatten() {
            let why = why.as_str().unwrap();
            lines.push(format!("Not where `{fact}` is `{value}`: {why}."));
        }
    }
    if let Some(conflicts) = spec["conflicts"].as_array() {
        let names: Vec<&str> = conflicts.iter().filter_map(Value::as_str).collect();
        lines.push(format!("Not beside {}.", names.join(", ")));
    }
    lines
}

/// A condition in words.
fn place(of: &Value) -> Option<String> {
    let when: When = serde_json::from_value(of.get("when")?.clone()).unwrap();
    when.words()
}
