//! What an expression of Terraform comes to, as far as files say it.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::error::Source;
use crate::yaml::{Kind, Node, parse_foreign};

/// A value.
#[derive(Debug, Clone)]
pub enum Value {
    /// What no file says: a variable, something that a provider answers.
    Unknown,
    /// `null`.
    Null,
    /// A boolean.
    Bool(bool),
    /// A number.
    Number(f64),
    /// A text.
    Text(Text),
    /// A text that is not written out here, and says this as YAML (`yamlencode`, `jsonencode`).
    Encoded(Arc<Self>),
    /// A text that is made of this file (`templatefile`, or a file that is not read), and not known in full.
    Rendered(Arc<str>),
    /// A list.
    List(Arc<Vec<Self>>),
    /// A map.
    Map(Arc<Map>),
}

/// A text, and the file that it is the whole of, if it is.
#[derive(Debug, Clone)]
pub struct Text {
    /// It.
    pub text: Arc<str>,
    /// The file.
    pub file: Option<Arc<str>>,
}

/// A map.
#[derive(Debug, Default)]
pub struct Map {
    /// Its entries.
    pub entries: BTreeMap<String, Value>,
    /// Where it was read, if a file says it.
    pub origin: Option<Origin>,
}

/// A place in a YAML file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The file.
    pub file: Arc<str>,
    /// The keys that lead there, with dots.
    pub path: String,
}

impl Value {
    /// A text.
    pub fn text_of(text: &str) -> Self {
        Self::Text(Text {
            text: Arc::from(text),
            file: None,
        })
    }

    /// A list.
    pub(super) fn list(items: Vec<Self>) -> Self {
        Self::List(Arc::new(items))
    }

    /// A map that no file says.
    pub(super) fn map(entries: BTreeMap<String, Self>) -> Self {
        Self::Map(Arc::new(Map {
            entries,
            origin: None,
        }))
    }

    /// The text of a scalar, as a template writes it.
    pub fn as_text(&self) -> Option<String> {
        match self {
            Self::Text(text) => Some(text.text.to_string()),
            Self::Bool(value) => Some(value.to_string()),
            Self::Number(number) => Some(number.to_string()),
            _ => None,
        }
    }

    /// The value of a key of a map.
    pub fn get(&self, key: &str) -> Option<&Self> {
        match self {
            Self::Map(map) => map.entries.get(key),
            _ => None,
        }
    }

    /// The value along keys.
    pub fn at(&self, path: &[&str]) -> Option<&Self> {
        path.iter().try_fold(self, |value, key| value.get(key))
    }

    /// The items of a list; none for anything else.
    pub fn items(&self) -> &[Self] {
        match self {
            Self::List(items) => items,
            _ => &[],
        }
    }

    /// Whether nothing in it is unknown.
    pub fn is_known(&self) -> bool {
        match self {
            Self::Unknown | Self::Rendered(_) => false,
            Self::Encoded(value) => value.is_known(),
            Self::List(items) => items.iter().all(Self::is_known),
            Self::Map(map) => map.entries.values().all(Self::is_known),
            _ => true,
        }
    }

    /// What a text says as YAML: its only document, or nothing for none. No answer where that is not known.
    pub fn decoded(&self) -> Option<Self> {
        match self {
            Self::Encoded(value) => Some((**value).clone()),
            Self::Text(text) => {
                let documents = parse_foreign(&Source::new("", text.text.to_string())).ok()?;
                match documents.as_slice() {
                    [] => Some(Self::Null),
                    [one] => Some(Self::of_yaml(one, None)),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// What Terraform's `yamldecode` makes of a node (go-cty-yaml reads YAML 1.1's booleans, and decimal numbers with a
    /// leading zero).
    pub fn of_yaml(node: &Node, origin: Option<&Origin>) -> Self {
        match &node.kind {
            Kind::Scalar { text, plain: false } => Self::text_of(text),
            Kind::Scalar { text, plain: true } => plain(text),
            Kind::Sequence(items) => Self::list(
                items
                    .iter()
                    .enumerate()
                    .map(|(number, item)| {
                        Self::of_yaml(item, below(origin, &number.to_string()).as_ref())
                    })
                    .collect(),
            ),
            Kind::Mapping(entries) => {
                let entries = entries.iter().map(|(key, value)| {
                    let key = key.text().unwrap_or_default();
                    (
                        key.to_owned(),
                        Self::of_yaml(value, below(origin, key).as_ref()),
                    )
                });
                Self::Map(Arc::new(Map {
                    entries: entries.collect(),
                    origin: origin.cloned(),
                }))
            }
        }
    }

    /// The path to the first thing that two values say otherwise. What is not known differs from nothing.
    pub fn difference(&self, other: &Self) -> Option<String> {
        let step = |key: &str, rest: String| match rest.as_str() {
            "" => key.to_owned(),
            rest => format!("{key}.{rest}"),
        };
        match (self, other) {
            (Self::Unknown | Self::Rendered(_), _)
            | (_, Self::Unknown | Self::Rendered(_))
            | (Self::Null, Self::Null) => None,
            (Self::Map(a), Self::Map(b)) => {
                let keys = a.entries.keys().chain(b.entries.keys());
                let mut keys: Vec<&String> = keys.collect();
                keys.sort();
                keys.dedup();
                keys.into_iter()
                    .find_map(|key| match (a.entries.get(key), b.entries.get(key)) {
                        (Some(a), Some(b)) => a.difference(b).map(|rest| step(key, rest)),
                        _ => Some(key.clone()),
                    })
            }
            (Self::List(a), Self::List(b)) if a.len() == b.len() => {
                let mut pairs = a.iter().zip(b.iter()).enumerate();
                pairs.find_map(|(number, (a, b))| {
                    a.difference(b).map(|rest| step(&number.to_string(), rest))
                })
            }
            (Self::Bool(a), Self::Bool(b)) if a == b => None,
            (Self::Number(a), Self::Number(b)) if a.to_bits() == b.to_bits() => None,
            (Self::Text(a), Self::Text(b)) if a.text == b.text => None,
            _ => Some(String::new()),
        }
    }

    /// One map of values laid over another, as Helm does: maps merge, and whatever else takes the place.
    #[must_use]
    pub fn over(&self, base: &Self) -> Self {
        match (base, self) {
            (Self::Map(a), Self::Map(b)) => {
                let mut entries = a.entries.clone();
                for (key, value) in &b.entries {
                    let merged = match entries.get(key) {
                        Some(old) => value.over(old),
                        None => value.clone(),
                    };
                    entries.insert(key.clone(), merged);
                }
                Self::map(entries)
            }
            _ => self.clone(),
        }
    }
}

fn below(origin: Option<&Origin>, key: &str) -> Option<Origin> {
    let origin = origin?;
    let path = match origin.path.as_str() {
        "" => key.to_owned(),
        path => format!("{path}.{key}"),
    };
    Some(Origin {
        file: Arc::clone(&origin.file),
        path,
    })
}

fn plain(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" | "yes" | "Yes" | "YES" | "on" | "On" | "ON" => {
            return Value::Bool(true);
        }
        "false" | "False" | "FALSE" | "no" | "No" | "NO" | "off" | "Off" | "OFF" => {
            return Value::Bool(false);
        }
        _ => {}
    }
    let begins = text.strip_prefix(['-', '+']).unwrap_or(text);
    if begins.starts_with(|c: char| c.is_ascii_digit() || c == '.')
        && begins.contains(|c: char| c.is_ascii_digit())
    {
        let radix = |prefix: &str, radix: u32| {
            let digits = begins.strip_prefix(prefix)?;
            i32::from_str_radix(digits, radix).ok().map(f64::from)
        };
        if let Some(number) = radix("0x", 16).or_else(|| radix("0o", 8)) {
            return Value::Number(number);
        }
        let numeral = |c: char| c.is_ascii_digit() || matches!(c, '.' | 'e' | 'E' | '+' | '-');
        if begins.chars().all(numeral)
            && let Ok(number) = text.parse::<f64>()
        {
            return Value::Number(number);
        }
    }
    Value::text_of(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn yaml(text: &str) -> Value {
        Value::text_of(text).decoded().unwrap()
    }

    #[test]
    fn values_merge_and_differ() {
        let merged =
            yaml("a: {x: 2}\nc: [1]\n").over(&yaml("a: {x: 1, y: 1}\nb: yes\nc: [1, 2]\n"));
        assert_eq!(
            merged.difference(&yaml("a: {x: 2, y: 1}\nb: true\nc: [1]\n")),
            None
        );
        let other = yaml("a: {x: 2, y: '1'}\nb: true\nc: [1]\n");
        assert_eq!(merged.difference(&other).as_deref(), Some("a.y"));
        assert_eq!(
            yaml("- {a: 1.10}\n").difference(&yaml("- {a: 1.1}\n")),
            None
        );
        assert!(Value::text_of("a: 1\n---\nb: 1\n").decoded().is_none());
    }
}
