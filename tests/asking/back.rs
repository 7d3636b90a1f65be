//! Reading a rendered tree back, as the tools do that get it.

use std::collections::BTreeMap;

use hcl_edit::structure::Body;
use hcl_edit::template::{Element, StringTemplate};
use hcl_edit::visit::{Visit, visit_string_template};
use landform::error::Source;
use serde::Deserialize as _;
use serde_json::Value;

use super::Texts;

/// What a file says: its values by their place in it.
pub(crate) type Said = BTreeMap<String, Value>;

/// Reads a file by its kind.
///
/// # Panics
/// It cannot be read, or two readers of YAML differ about it.
#[track_caller]
pub(crate) fn read(path: &str, text: &str) -> Said {
    let mut said = Said::new();
    let extension = path.rsplit('.').next().unwrap_or_default();
    match extension {
        "yaml" | "yml" => flatten("", &yaml(path, text), &mut said),
        "json" => flatten(
            "",
            &serde_json::from_str(text).unwrap_or_else(|e| panic!("{path}: {e}")),
            &mut said,
        ),
        "tf" => {
            for (index, text) in hcl(path, text).into_iter().enumerate() {
                said.insert(format!("string {index}"), Value::String(text));
            }
        }
        "md" => {
            // A backslash makes the next character mean itself.
            for (index, line) in text.lines().enumerate() {
                said.insert(
                    format!("line {index}"),
                    Value::String(line.replace('\\', "")),
                );
            }
        }
        _ => {
            said.insert("text".to_owned(), Value::String(text.to_owned()));
        }
    }
    said
}

/// Every file of a tree.
#[track_caller]
pub(crate) fn read_all(texts: &Texts) -> BTreeMap<String, Said> {
    texts
        .iter()
        .map(|(path, text)| (path.clone(), read(path, text)))
        .collect()
}

/// One YAML document, read by two readers that must agree.
#[track_caller]
pub(crate) fn yaml(path: &str, text: &str) -> Value {
    let mut documents = serde_yaml::Deserializer::from_str(text);
    let first = documents
        .next()
        .unwrap_or_else(|| panic!("{path}: no document"));
    let libyaml = Value::deserialize(first).unwrap_or_else(|e| panic!("{path}: {e}\n{text}"));
    assert!(documents.next().is_none(), "{path}: more than one document");
    let own =
        landform::yaml::parse(&Source::new(path, text)).unwrap_or_else(|e| panic!("{e}\n{text}"));
    assert_eq!(own.to_value(), libyaml, "{path}: two readers differ");
    libyaml
}

/// Every string of an HCL file, in order.
#[track_caller]
pub(crate) fn hcl(path: &str, text: &str) -> Vec<String> {
    #[derive(Default)]
    struct Strings(Vec<String>);
    impl Visit for Strings {
        fn visit_string(&mut self, string: &hcl_edit::Decorated<String>) {
            self.0.push(string.value().clone());
        }
        fn visit_string_template(&mut self, template: &StringTemplate) {
            let parts = template.iter().map(|element| match element {
                Element::Literal(literal) => literal.value().as_str(),
                Element::Interpolation(_) => "<interpolation>",
                Element::Directive(_) => "<directive>",
            });
            self.0.push(parts.collect());
            visit_string_template(self, template);
        }
    }
    let body: Body = text
        .parse()
        .unwrap_or_else(|e| panic!("{path}: {e}\n{text}"));
    let mut strings = Strings::default();
    strings.visit_body(&body);
    strings.0
}

fn flatten(at: &str, value: &Value, said: &mut Said) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            for (key, value) in map {
                flatten(&format!("{at}/{key}"), value, said);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for (index, value) in items.iter().enumerate() {
                flatten(&format!("{at}/{index}"), value, said);
            }
        }
        scalar => {
            said.insert(at.to_owned(), scalar.clone());
        }
    }
}

/// The same tree with another text in the place of `marker`, and nothing else changed. Gives how often it stands there.
///
/// # Panics
/// Something else differs: the text was changed, lost, or took the place of more than itself.
#[track_caller]
pub(crate) fn assert_replaced(before: &Texts, after: &Texts, marker: &str, text: &str) -> usize {
    let put = |old: &str| old.replace(marker, text);
    let paths: Vec<String> = before.keys().map(|path| put(path)).collect();
    let there: Vec<String> = after.keys().cloned().collect();
    assert_eq!(sorted(paths), there, "files for {text:?}");
    let mut places = 0;
    for (path, old) in before {
        let new = &after[&put(path)];
        if !old.contains(marker) {
            assert_eq!(old, new, "{path} for {text:?}");
            continue;
        }
        let (old, new) = (read(path, old), read(&put(path), new));
        let wanted: Said = old
            .iter()
            .map(|(at, value)| {
                let value = match value {
                    Value::String(old) => {
                        places += old.matches(marker).count();
                        Value::String(shown(path, put(old)))
                    }
                    other => other.clone(),
                };
                (put(at), value)
            })
            .collect();
        assert_eq!(wanted, new, "{path} for {text:?}");
    }
    places
}

/// What reading a kind of file gives for a text.
fn shown(path: &str, text: String) -> String {
    if path.ends_with(".md") {
        text.replace('\\', "")
    } else {
        text
    }
}

fn sorted(mut paths: Vec<String>) -> Vec<String> {
    paths.sort();
    paths
}
