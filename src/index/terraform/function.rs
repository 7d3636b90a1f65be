//! Terraform's functions, those that are used to read and to put together what Flux reads too. What any other gives is
//! unknown.

use std::sync::Arc;

use hcl_edit::expr::BinaryOperator;
use regex_lite::Regex;

use super::collection::{Answer, collection};
use super::eval::Ails;
use super::value::{Origin, Text, Value};
use crate::error::Source;
use crate::index::{Index, join};
use crate::yaml::{Node, parse_foreign};

/// What an absolute path begins with that leads into the repository: no path on a disk does.
const HERE: &str = "/\u{1}";

/// The absolute path of a folder of the repository.
pub(super) fn place(folder: &str) -> Value {
    Value::text_of(&format!("{HERE}/{folder}"))
}

/// Where a path leads.
enum Place {
    /// To this path of the repository.
    Here(String),
    /// Out of the repository, or nobody knows where.
    Elsewhere,
}

/// A path as a function of files takes it. `root` is where Terraform is called.
fn place_of(path: &str, root: &str) -> Place {
    let joined = match path.strip_prefix(HERE) {
        Some(inside) => join("", inside.trim_start_matches('/')),
        None if path.starts_with(['/', '~']) || path.contains('\\') => None,
        None => join(root, path),
    };
    joined.map_or(Place::Elsewhere, Place::Here)
}

/// A function that looks at files. Nothing for any other.
pub(super) fn files(
    name: &str,
    arguments: &[Value],
    root: &str,
    index: &Index,
) -> Option<Result<Value, Ails>> {
    let path = || match arguments.first() {
        Some(Value::Text(text)) => Some(text.text.to_string()),
        _ => None,
    };
    match name {
        "file" | "templatefile" | "filebase64" | "filemd5" | "filesha256" | "fileexists"
        | "abspath" => {}
        "yamldecode" | "jsondecode" => return Some(decode(arguments.first()?, index)),
        _ => return None,
    }
    let Some(text) = path() else {
        return Some(Ok(Value::Unknown));
    };
    let Place::Here(path) = place_of(&text, root) else {
        return Some(Ok(Value::Unknown));
    };
    if name == "abspath" {
        return Some(Ok(place(&path)));
    }
    let there = index.paths.contains(&path);
    // Relative to where Terraform is called it may be anywhere.
    let sure = text.starts_with(HERE);
    Some(match (name, there) {
        ("fileexists", false) if !sure => Ok(Value::Unknown),
        ("fileexists", there) => Ok(Value::Bool(there)),
        (_, false) if sure => Err(Ails::NoFile(path)),
        ("file" | "templatefile", true) => {
            let file: Arc<str> = Arc::from(path.as_str());
            Ok(match index.texts.get(&path) {
                Some(source) if name == "file" || !has_template(&source.text) => {
                    Value::Text(Text {
                        text: Arc::from(source.text.as_str()),
                        file: Some(file),
                    })
                }
                _ => Value::Rendered(file),
            })
        }
        _ => Ok(Value::Unknown),
    })
}

/// Whether Terraform has something to put into a text.
fn has_template(text: &str) -> bool {
    text.contains("${") || text.contains("%{")
}

fn decode(value: &Value, index: &Index) -> Result<Value, Ails> {
    let text = match value {
        Value::Text(text) => text,
        Value::Encoded(value) => return Ok((**value).clone()),
        _ => return Ok(Value::Unknown),
    };
    let Some(file) = &text.file else {
        return Ok(value.decoded().unwrap_or(Value::Unknown));
    };
    let path: &str = file;
    let origin = Origin {
        file: Arc::clone(file),
        path: String::new(),
    };
    let parsed;
    let documents: &[Node] = if let Some(documents) = index.files.get(path) {
        documents
    } else {
        parsed = parse_foreign(&Source::new(path, text.text.to_string())).unwrap_or_default();
        &parsed
    };
    match documents {
        [] => Ok(Value::Unknown),
        [one] => Ok(Value::of_yaml(one, Some(&origin))),
        _ => Err(Ails::Documents(path.to_owned())),
    }
}

/// An operation on two values.
pub(super) fn binary(operator: BinaryOperator, left: &Value, right: &Value) -> Value {
    use BinaryOperator as Is;
    let equal = || -> Option<bool> {
        let known = left.is_known() && right.is_known();
        let simple = |value: &Value| !matches!(value, Value::Encoded(_));
        let texts = |a: &Value, b: &Value| match (a, b) {
            (Value::Text(a), Value::Text(b)) => Some(a.text == b.text),
            _ => None,
        };
        (known && simple(left) && simple(right))
            .then(|| texts(left, right).unwrap_or_else(|| left.difference(right).is_none()))
    };
    let result = match operator {
        Is::Eq => equal().map(Value::Bool),
        Is::NotEq => equal().map(|equal| Value::Bool(!equal)),
        Is::And | Is::Or => match (left, right) {
            (Value::Bool(a), Value::Bool(b)) => Some(Value::Bool(if operator == Is::And {
                *a && *b
            } else {
                *a || *b
            })),
            (_, Value::Bool(b)) if *b == (operator == Is::Or) => Some(Value::Bool(*b)),
            _ => None,
        },
        _ => match (left, right) {
            (Value::Number(a), Value::Number(b)) => match operator {
                Is::Less => Some(Value::Bool(a < b)),
                Is::LessEq => Some(Value::Bool(a <= b)),
                Is::Greater => Some(Value::Bool(a > b)),
                Is::GreaterEq => Some(Value::Bool(a >= b)),
                Is::Plus => Some(Value::Number(a + b)),
                Is::Minus => Some(Value::Number(a - b)),
                Is::Mul => Some(Value::Number(a * b)),
                Is::Div if *b != 0.0 => Some(Value::Number(a / b)),
                _ => None,
            },
            _ => None,
        },
    };
    result.unwrap_or(Value::Unknown)
}

/// A function that looks at its arguments only. Nothing where Terraform would stop.
pub(super) fn pure(name: &str, arguments: &[Value]) -> Option<Value> {
    match collection(name, arguments) {
        Answer::Is(value) => return Some(value),
        Answer::Stops => return None,
        Answer::Other => {}
    }
    // Whatever else there is has texts and numbers.
    if arguments.iter().any(|value| !value.is_known()) {
        return Some(Value::Unknown);
    }
    let text = |number: usize| arguments.get(number).and_then(Value::as_text);
    let number = |value: usize| match arguments.get(value) {
        Some(Value::Number(number)) => Some(*number),
        _ => None,
    };
    let found = match name {
        "tostring" | "nonsensitive" | "sensitive" if text(0).is_some() => match name {
            "tostring" => text(0).map(|text| Value::text_of(&text)),
            _ => arguments.first().cloned(),
        },
        "tonumber" => match arguments.first() {
            Some(Value::Number(number)) => Some(Value::Number(*number)),
            _ => text(0)?.parse().ok().map(Value::Number),
        },
        "tobool" => match text(0)?.as_str() {
            "true" => Some(Value::Bool(true)),
            "false" => Some(Value::Bool(false)),
            _ => None,
        },
        "upper" => Some(Value::text_of(&text(0)?.to_uppercase())),
        "lower" => Some(Value::text_of(&text(0)?.to_lowercase())),
        "trimspace" => Some(Value::text_of(text(0)?.trim())),
        "trimprefix" => {
            let (text, prefix) = (text(0)?, text(1)?);
            Some(Value::text_of(text.strip_prefix(&prefix).unwrap_or(&text)))
        }
        "trimsuffix" => {
            let (text, suffix) = (text(0)?, text(1)?);
            Some(Value::text_of(text.strip_suffix(&suffix).unwrap_or(&text)))
        }
        "startswith" => Some(Value::Bool(text(0)?.starts_with(&text(1)?))),
        "endswith" => Some(Value::Bool(text(0)?.ends_with(&text(1)?))),
        "strcontains" => Some(Value::Bool(text(0)?.contains(&text(1)?))),
        "replace" => {
            let (whole, from, to) = (text(0)?, text(1)?, text(2)?);
            let pattern = from
                .strip_prefix('/')
                .and_then(|from| from.strip_suffix('/'));
            match pattern {
                Some(pattern) => Regex::new(pattern)
                    .ok()
                    .map(|pattern| Value::text_of(&pattern.replace_all(&whole, to.as_str()))),
                None => Some(Value::text_of(&whole.replace(&from, &to))),
            }
        }
        "split" => {
            let (by, whole) = (text(0)?, text(1)?);
            Some(Value::list(whole.split(&by).map(Value::text_of).collect()))
        }
        "join" => {
            let lists = arguments.get(1..)?.iter().flat_map(Value::items);
            let texts: Option<Vec<String>> = lists.map(Value::as_text).collect();
            Some(Value::text_of(&texts?.join(&text(0)?)))
        }
        "format" => formatted(&text(0)?, arguments.get(1..)?),
        "basename" => Some(Value::text_of(text(0)?.rsplit('/').next()?)),
        "dirname" => Some(Value::text_of(
            text(0)?.rsplit_once('/').map_or(".", |(folder, _)| folder),
        )),
        "abs" => Some(Value::Number(number(0)?.abs())),
        _ => Some(Value::Unknown),
    };
    match found {
        Some(value) => Some(value),
        // What the regular expression library or this list does not know.
        None if matches!(name, "replace" | "format") => Some(Value::Unknown),
        None => None,
    }
}

/// `format` with `%s`, `%d` and `%v` only.
fn formatted(pattern: &str, arguments: &[Value]) -> Option<Value> {
    let mut text = String::new();
    let mut arguments = arguments.iter();
    let mut rest = pattern.chars();
    while let Some(letter) = rest.next() {
        match (letter, letter == '%') {
            (_, true) => match rest.next()? {
                's' | 'd' | 'v' => text.push_str(&arguments.next()?.as_text()?),
                '%' => text.push('%'),
                _ => return None,
            },
            (letter, false) => text.push(letter),
        }
    }
    Some(Value::text_of(&text))
}
