//! Checking one answer against its question.

use regex_lite::Regex;
use serde_json::{Map, Value};

use crate::catalog::{AnswerType, Question, is_template, value_text};
use crate::error::suggest;

/// Longest text that is taken: far above any real answer.
const LONGEST: usize = 1024;

/// Why an answer is not taken, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unfit {
    /// What is wrong.
    pub message: String,
    /// What would be right.
    pub hint: String,
}

impl Unfit {
    pub(super) fn new(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            hint: hint.into(),
        }
    }
}

/// Checks an answer and gives it in its fixed form.
///
/// `lookup` gives facts and answers for the conditions of choices.
///
/// # Errors
/// The reason why it is not taken.
pub(super) fn check<'v>(
    question: &Question,
    value: &Value,
    lookup: &dyn Fn(&str) -> Option<&'v Value>,
) -> Result<Value, Unfit> {
    if value.is_object() && !question.fields.is_empty() {
        return fields(question, value.as_object().unwrap_or(&Map::new()), lookup);
    }
    if question.is_choice() {
        return choice(question, value, lookup);
    }
    match question.kind {
        AnswerType::String => text(question, value).map(Value::String),
        AnswerType::Number => match value {
            Value::Number(n) if n.is_u64() => {
                pattern(question, &n.to_string()).map(|()| value.clone())
            }
            other => Err(Unfit::new(
                format!("expected a whole number, found {}", describe(other)),
                "write it without quotes, as 2",
            )),
        },
        AnswerType::Boolean if value.is_boolean() => Ok(value.clone()),
        AnswerType::Boolean => Err(Unfit::new(
            format!("expected true or false, found {}", describe(value)),
            "write true or false, without quotes",
        )),
        AnswerType::List => match value {
            Value::Array(items) => {
                let items: Result<Vec<Value>, Unfit> = items
                    .iter()
                    .map(|item| text(question, item).map(Value::String))
                    .collect();
                items.map(Value::Array)
            }
            other => Err(Unfit::new(
                format!("expected a list, found {}", describe(other)),
                "write it as [a, b]",
            )),
        },
        AnswerType::Map => Err(Unfit::new(
            format!("expected a map, found {}", describe(value)),
            format!("it has the keys {}", field_names(question)),
        )),
    }
}

fn choice<'v>(
    question: &Question,
    value: &Value,
    lookup: &dyn Fn(&str) -> Option<&'v Value>,
) -> Result<Value, Unfit> {
    let text = value_text(value);
    let open: Vec<&str> = question
        .choices
        .iter()
        .filter(|(_, choice)| choice.when.holds(lookup))
        .map(|(name, _)| name.as_str())
        .collect();
    if open.contains(&text.as_str()) {
        return Ok(Value::String(text));
    }
    // A version without quotes is a number in YAML, and 1.40 the same one as 1.4.
    let same = |name: &&&str| value.is_f64() && name.parse::<f64>().ok() == value.as_f64();
    if let Some(name) = open.iter().find(same) {
        return Ok(Value::String((*name).to_owned()));
    }
    if let Some(choice) = question.choices.get(&text) {
        let conditions: Vec<String> = choice
            .when
            .0
            .iter()
            .map(|(key, values)| format!("{key} to be {}", values.join(" or ")))
            .collect();
        return Err(Unfit::new(
            format!("`{text}` needs {}", conditions.join(" and ")),
            format!("there is: {}", open.join(", ")),
        ));
    }
    if question.fields.is_empty() {
        return Err(Unfit::new(
            format!("{} is none of the choices", describe(value)),
            suggest(&text, open),
        ));
    }
    if let Some(field) = question
        .fields
        .iter()
        .find(|field| field.name.value == text)
    {
        return Err(Unfit::new(
            format!("`{text}` needs further answers"),
            format!("write {text} as a map too: {}", meant(field)),
        ));
    }
    let own = if question.one {
        format!("a map with one of the keys {}", field_names(question))
    } else {
        format!("a map, as {}", meant(question))
    };
    Err(Unfit::new(
        format!("{} is none of the choices, or a map", describe(value)),
        format!("{}; or {own}", suggest(&text, open)),
    ))
}

fn fields<'v>(
    question: &Question,
    map: &Map<String, Value>,
    lookup: &dyn Fn(&str) -> Option<&'v Value>,
) -> Result<Value, Unfit> {
    for key in map.keys() {
        if !question.fields.iter().any(|f| &f.name.value == key) {
            let names = question.fields.iter().map(|f| f.name.value.as_str());
            return Err(Unfit::new(
                format!("unknown key `{key}`"),
                suggest(key, names),
            ));
        }
    }
    if question.one && map.len() != 1 {
        return Err(Unfit::new(
            format!("{} keys where exactly one is expected", map.len()),
            format!("one of {}", field_names(question)),
        ));
    }
    let mut checked = Map::new();
    for field in &question.fields {
        let name = &field.name.value;
        let default = field
            .default
            .as_ref()
            .filter(|d| !d.as_str().is_some_and(is_template));
        match map.get(name).or(default) {
            Some(value) if map.contains_key(name) || !question.one => {
                let value = check(field, value, lookup).map_err(|unfit| {
                    Unfit::new(format!("{name}: {}", unfit.message), unfit.hint)
                })?;
                checked.insert(name.clone(), value);
            }
            None if !field.optional && !question.one => {
                return Err(Unfit::new(
                    format!("the key `{name}` is missing"),
                    format!("{} As {}", field.prompt, meant(question)),
                ));
            }
            _ => {}
        }
    }
    Ok(Value::Object(checked))
}

/// What a map must have, as it is written, and what each of its keys is.
fn meant(question: &Question) -> String {
    let asked = question
        .fields
        .iter()
        .filter(|f| !f.optional && f.default.is_none());
    let hints = asked.filter_map(|f| Some(format!("{}: {}", f.name.value, f.hint.as_ref()?)));
    let hints: Vec<String> = hints.collect();
    let sketch = question.sketch("");
    if hints.is_empty() {
        sketch
    } else {
        format!("{sketch} ({})", hints.join("; "))
    }
}

fn field_names(question: &Question) -> String {
    let names: Vec<&str> = question
        .fields
        .iter()
        .map(|f| f.name.value.as_str())
        .collect();
    names.join(", ")
}

fn text(question: &Question, value: &Value) -> Result<String, Unfit> {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(n) if n.is_u64() || n.is_i64() => n.to_string(),
        other => {
            return Err(Unfit::new(
                format!("expected a text, found {}", describe(other)),
                "put it in quotes",
            ));
        }
    };
    line(&text)?;
    pattern(question, &text)?;
    Ok(text)
}

/// Whether a free text can stand in YAML, HCL and Markdown alike.
///
/// # Errors
/// Empty, too long, characters that steer the layout, or `${`, which Flux would replace.
pub(super) fn line(text: &str) -> Result<(), Unfit> {
    if text.trim().is_empty() {
        return Err(Unfit::new(
            "an empty text",
            "say something, or leave the answer out",
        ));
    }
    if text.chars().count() > LONGEST {
        return Err(Unfit::new(
            format!("a text of {} characters", text.chars().count()),
            format!("at most {LONGEST} are taken"),
        ));
    }
    if let Some(bad) = text.chars().find(|c| steers(*c)) {
        return Err(Unfit::new(
            format!("a text with the control character U+{:04X}", u32::from(bad)),
            "write it on one line, without control characters",
        ));
    }
    if text.contains("${") {
        return Err(Unfit::new(
            "a text with `${`",
            "Flux would take it for a variable and replace it",
        ));
    }
    Ok(())
}

/// Whether a character says how text is laid out, and is none itself: control characters, ends of lines and
/// paragraphs, marks of direction and of byte order. YAML would fold some, and a reader would not see the others.
fn steers(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        )
}

fn pattern(question: &Question, text: &str) -> Result<(), Unfit> {
    let Some(pattern) = &question.pattern else {
        return Ok(());
    };
    // The catalogue's loader has compiled it before.
    let whole = Regex::new(&format!("^(?:{})$", pattern.value));
    if whole.is_ok_and(|regex| regex.is_match(text)) {
        return Ok(());
    }
    let hint = question.hint.clone();
    Err(Unfit::new(
        format!("`{}` is not of the right form", shorten(text)),
        hint.unwrap_or_else(|| format!("it must match {}", pattern.value)),
    ))
}

fn shorten(text: &str) -> String {
    if text.chars().count() <= 60 {
        return text.to_owned();
    }
    let start: String = text.chars().take(57).collect();
    format!("{start}...")
}

fn describe(value: &Value) -> String {
    match value {
        Value::Null => "nothing".to_owned(),
        Value::Bool(b) => format!("the boolean {b}"),
        Value::Number(n) => format!("the number {n}"),
        Value::String(text) => format!("the text `{}`", shorten(text)),
        Value::Array(_) => "a list".to_owned(),
        Value::Object(_) => "a map".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::error::Source;

    fn question(text: &str) -> Question {
        crate::yaml::read(&Source::new("q", format!("name: q\nprompt: P?\n{text}"))).unwrap()
    }

    fn nothing(_: &str) -> Option<&'static Value> {
        None
    }

    #[test]
    fn texts() {
        let q = question("match: '[a-z]+'\nhint: letters only\n");
        assert_eq!(check(&q, &json!("abc"), &nothing), Ok(json!("abc")));
        assert_eq!(
            check(&q, &json!("abc1"), &nothing).unwrap_err().hint,
            "letters only"
        );
        assert!(check(&q, &json!(["abc"]), &nothing).is_err());
        let q = question("");
        for bad in ["", " ", "a\nb", "a\u{0}", "${x}", &"x".repeat(10_000)] {
            assert!(check(&q, &json!(bad), &nothing).is_err(), "{bad:?}");
        }
        for good in [
            "no",
            "{{ x }}",
            "emoji 🎉",
            "\"quoted\" \\",
            "$HOME",
            "%{x}",
        ] {
            assert_eq!(check(&q, &json!(good), &nothing), Ok(json!(good)));
        }
    }

    #[test]
    fn versions_without_quotes_are_the_choices_they_look_like() {
        let q = question("choices: {'1.40': new, '1.39': old}\n");
        assert_eq!(check(&q, &json!(1.4), &nothing), Ok(json!("1.40")));
        assert_eq!(check(&q, &json!(1.39), &nothing), Ok(json!("1.39")));
        assert!(check(&q, &json!(1.3), &nothing).is_err());
    }

    #[test]
    fn choices_and_maps() {
        let q = question(
            "choices: {local: here, other: {text: there, when: {cluster.dns: [none]}}}\none: true\nfields:\n  - {name: s3, prompt: S3?, fields: [{name: bucket, prompt: Bucket?}, {name: key, prompt: Key?, optional: true}]}\n",
        );
        assert_eq!(check(&q, &json!("local"), &nothing), Ok(json!("local")));
        assert!(
            check(&q, &json!("lokal"), &nothing)
                .unwrap_err()
                .hint
                .contains("`local`")
        );
        assert!(
            check(&q, &json!("other"), &nothing)
                .unwrap_err()
                .message
                .contains("cluster.dns to be none")
        );
        let good = json!({"s3": {"bucket": "b"}});
        assert_eq!(check(&q, &good, &nothing), Ok(good));
        assert!(
            check(&q, &json!({"s3": {}}), &nothing)
                .unwrap_err()
                .message
                .contains("`bucket` is missing")
        );
        assert!(
            check(&q, &json!({"s4": {}}), &nothing)
                .unwrap_err()
                .hint
                .contains("`s3`")
        );
        assert!(
            check(&q, &json!({}), &nothing)
                .unwrap_err()
                .message
                .contains("exactly one")
        );
        let q = question("type: number\n");
        assert!(check(&q, &json!("2"), &nothing).is_err());
        assert_eq!(check(&q, &json!(2), &nothing), Ok(json!(2)));
        let q = question("type: boolean\n");
        assert!(check(&q, &json!("yes"), &nothing).is_err());
    }
}
