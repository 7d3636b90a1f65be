//! Writing one value as YAML, HCL, JSON or Markdown, so that it reads back as the same value.

use std::fmt::Write as _;

use serde_json::Value;

use super::name::YAML_WORDS;

/// A YAML scalar, or a flow list or map.
///
/// Plain only where a YAML 1.1 and a YAML 1.2 reader agree that it is this text; else double quotes.
pub(super) fn yaml(value: &Value) -> String {
    match value {
        Value::String(text) => yaml_text(text),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(yaml).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Object(map) => {
            let entries: Vec<String> = map
                .iter()
                .map(|(k, v)| format!("{}: {}", yaml_text(k), yaml(v)))
                .collect();
            format!("{{{}}}", entries.join(", "))
        }
        other => other.to_string(),
    }
}

fn yaml_text(text: &str) -> String {
    let plain_start = |c: char| c.is_ascii_alphabetic() || c == '/';
    let plain = |c: char| c.is_ascii_alphanumeric() || "_./@+:-".contains(c);
    if (text.starts_with(plain_start) || text.starts_with("./"))
        && text.chars().all(plain)
        && !text.ends_with(':')
        && !YAML_WORDS.contains(&text.to_ascii_lowercase().as_str())
    {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            c if unprintable(c) => {
                let _ = write!(out, "\\u{:04X}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// Characters that YAML 1.2.2 §5.1 does not call printable, line breaks of YAML 1.1, and the byte order mark.
fn unprintable(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{2028}' | '\u{2029}' | '\u{FEFF}' | '\u{FFFE}' | '\u{FFFF}'
        )
}

/// An HCL expression: a quoted string, a number, a boolean, or a list or object on one line.
///
/// Escapes are those of HCL's native syntax (hcl/hclsyntax/spec.md, "Template Expressions").
pub(super) fn hcl(value: &Value) -> String {
    match value {
        Value::String(text) => hcl_text(text),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(hcl).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Object(map) if map.is_empty() => "{}".to_owned(),
        Value::Object(map) => {
            let entries: Vec<String> = map
                .iter()
                .map(|(k, v)| format!("{} = {}", hcl_key(k), hcl(v)))
                .collect();
            format!("{{ {} }}", entries.join(", "))
        }
        other => other.to_string(),
    }
}

fn hcl_key(key: &str) -> String {
    let identifier = key.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && key
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    if identifier {
        key.to_owned()
    } else {
        hcl_text(key)
    }
}

fn hcl_text(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '$' | '%' if chars.peek() == Some(&'{') => {
                out.push(c);
                out.push(c);
            }
            c if unprintable(c) => {
                let _ = write!(out, "\\u{:04X}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// Markdown prose that shows the text as it is, on one line.
pub(super) fn md(value: &Value) -> String {
    let text = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\r' | '\t' => out.push(' '),
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '<' | '>' | '#' | '|' | '~' | '!'
            | '&' | '$' => {
                out.push('\\');
                out.push(c);
            }
            c if unprintable(c) => {}
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::error::Source;

    fn read_back(text: &str) -> Value {
        let source = Source::new("t", format!("key: {}\n", yaml(&json!(text))));
        crate::yaml::parse(&source).unwrap().to_value()["key"].clone()
    }

    const HOSTILE: [&str; 22] = [
        "",
        " ",
        "no",
        "Yes",
        "null",
        "~",
        "12",
        "1.20",
        "0644",
        "12:30:45",
        "a: b",
        "a #b",
        "- a",
        "'",
        "\"",
        "\\",
        "line\nbreak",
        "${x}%{y}$${z}",
        "{{ x }}{% if %}",
        "emoji 🎉 ü",
        "\u{0}\u{7f}\u{85}\u{2028}\u{feff}",
        "x:",
    ];

    #[test]
    fn yaml_reads_back() {
        for text in HOSTILE {
            assert_eq!(read_back(text), json!(text), "{text:?}");
        }
        let long = "x".repeat(10_000);
        assert_eq!(read_back(&long), json!(long));
        assert_eq!(yaml(&json!("acme.io")), "acme.io");
        assert_eq!(yaml(&json!("oci://ghcr.io/x")), "oci://ghcr.io/x");
        assert_eq!(yaml(&json!("1.20")), "\"1.20\"");
        assert_eq!(yaml(&json!({"a": [1, "b c"]})), "{a: [1, \"b c\"]}");
    }

    #[test]
    fn hcl_reads_back() {
        for text in HOSTILE {
            let body: hcl_edit::structure::Body =
                format!("a = {}\n", hcl(&json!(text))).parse().unwrap();
            let attribute = body.get_attribute("a").unwrap();
            let read = match &attribute.value {
                hcl_edit::expr::Expression::String(s) => s.value().clone(),
                hcl_edit::expr::Expression::StringTemplate(t) => t
                    .iter()
                    .map(|element| match element {
                        hcl_edit::template::Element::Literal(l) => l.value().clone(),
                        other => panic!("{text:?} became {other:?}"),
                    })
                    .collect(),
                other => panic!("{text:?} became {other:?}"),
            };
            assert_eq!(read, text, "{text:?}");
        }
        assert_eq!(
            hcl(&json!({"a": 1, "b c": ["x"]})),
            "{ a = 1, \"b c\" = [\"x\"] }"
        );
    }

    #[test]
    fn markdown_is_escaped() {
        assert_eq!(md(&json!("a_b | <c>\n`d`")), "a\\_b \\| \\<c\\> \\`d\\`");
    }
}
