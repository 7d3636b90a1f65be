//! The spanned tree.

use std::ops::Range;

use serde_json::{Map, Number, Value};

/// A YAML node and the bytes it was read from.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// What it is.
    pub kind: Kind,
    /// Byte range in the source.
    pub span: Range<usize>,
}

/// The kinds of node. Scalars stay text: what a text means depends on who reads it.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// A scalar: its text after unescaping, and whether it was written plain (unquoted).
    Scalar {
        /// The text.
        text: String,
        /// Written without quotes and not as a block scalar.
        plain: bool,
    },
    /// A sequence.
    Sequence(Vec<Node>),
    /// A mapping, in order. Keys are unique scalars.
    Mapping(Vec<(Node, Node)>),
}

impl Node {
    /// The entries of a mapping; none for anything else.
    pub fn entries(&self) -> &[(Self, Self)] {
        match &self.kind {
            Kind::Mapping(entries) => entries,
            _ => &[],
        }
    }

    /// The items of a sequence; none for anything else.
    pub fn items(&self) -> &[Self] {
        match &self.kind {
            Kind::Sequence(items) => items,
            _ => &[],
        }
    }

    /// The text of a scalar.
    pub fn text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Scalar { text, .. } => Some(text),
            _ => None,
        }
    }

    /// The value of a key of a mapping.
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.entries()
            .iter()
            .find(|(k, _)| k.text() == Some(key))
            .map(|(_, value)| value)
    }

    /// The value along a path of keys.
    pub fn at(&self, path: &[&str]) -> Option<&Self> {
        path.iter().try_fold(self, |node, key| node.get(key))
    }

    /// How many nodes it is, those below it included.
    pub fn count(&self) -> usize {
        let below: usize = match &self.kind {
            Kind::Scalar { .. } => 0,
            Kind::Sequence(items) => items.iter().map(Self::count).sum(),
            Kind::Mapping(entries) => entries.iter().map(|(k, v)| k.count() + v.count()).sum(),
        };
        below + 1
    }

    /// Whether this is an empty or null scalar.
    pub fn is_null(&self) -> bool {
        matches!(&self.kind, Kind::Scalar { text, plain: true } if resolve(text) == Value::Null)
    }

    /// The value by the YAML 1.2 core schema.
    pub fn to_value(&self) -> Value {
        match &self.kind {
            Kind::Scalar { text, plain: true } => resolve(text),
            Kind::Scalar { text, plain: false } => Value::String(text.clone()),
            Kind::Sequence(items) => Value::Array(items.iter().map(Self::to_value).collect()),
            Kind::Mapping(entries) => Value::Object(
                entries
                    .iter()
                    .map(|(k, v)| (k.text().unwrap_or_default().to_owned(), v.to_value()))
                    .collect::<Map<_, _>>(),
            ),
        }
    }

    /// What the node is, in words for an error.
    pub fn describe(&self) -> String {
        match &self.kind {
            Kind::Sequence(_) => "a list".to_owned(),
            Kind::Mapping(_) => "a map".to_owned(),
            Kind::Scalar { text, plain: false } => format!("the text {text:?}"),
            Kind::Scalar { text, plain: true } => match resolve(text) {
                Value::Null => "nothing".to_owned(),
                Value::Bool(b) => format!("the boolean {b}"),
                Value::Number(n) => format!("the number {n}"),
                _ => format!("the text `{text}`"),
            },
        }
    }
}

/// Resolves a plain scalar by the YAML 1.2 core schema (YAML 1.2.2, §10.3.2).
pub(super) fn resolve(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "true" | "True" | "TRUE" => return Value::Bool(true),
        "false" | "False" | "FALSE" => return Value::Bool(false),
        _ => {}
    }
    let number = text
        .strip_prefix("0x")
        .and_then(|hex| i64::from_str_radix(hex, 16).ok())
        .or_else(|| {
            text.strip_prefix("0o")
                .and_then(|oct| i64::from_str_radix(oct, 8).ok())
        })
        .or_else(|| decimal(text).then(|| text.parse().ok()).flatten());
    if let Some(number) = number {
        return Value::Number(number.into());
    }
    if float(text)
        && let Some(number) = text.parse().ok().and_then(Number::from_f64)
    {
        return Value::Number(number);
    }
    Value::String(text.to_owned())
}

fn decimal(text: &str) -> bool {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())
}

fn float(text: &str) -> bool {
    let rest = text.strip_prefix(['-', '+']).unwrap_or(text);
    rest.bytes().any(|b| b.is_ascii_digit())
        && rest
            .bytes()
            .all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'E' | b'+' | b'-'))
        && rest.starts_with(|c: char| c.is_ascii_digit() || c == '.')
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn core_schema() {
        for (text, value) in [
            ("~", json!(null)),
            ("true", json!(true)),
            ("yes", json!("yes")),
            ("12", json!(12)),
            ("-3", json!(-3)),
            ("0x1f", json!(31)),
            ("0o17", json!(15)),
            ("1.5", json!(1.5)),
            ("1.2.3", json!("1.2.3")),
            ("1_000", json!("1_000")),
            ("v1", json!("v1")),
            ("2026-01-01", json!("2026-01-01")),
        ] {
            assert_eq!(resolve(text), value, "{text}");
        }
    }
}
