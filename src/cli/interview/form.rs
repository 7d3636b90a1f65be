//! Asking one question of the catalogue.

use serde_json::{Value, json};

use crate::catalog::{AnswerType, value_text};
use crate::error::Result;
use crate::model::Form;
use crate::ui::{Item, Line, Prompter, Reply};

/// Tells why a value is not taken.
pub(super) type Fits<'a> = &'a dyn Fn(&Value) -> Result<(), String>;

/// Asks a question. `before` stands before its words, `last` is what was answered the last time.
///
/// # Errors
/// Somebody stops it.
pub(super) fn ask(
    prompter: &mut dyn Prompter,
    before: &str,
    form: &Form,
    last: Option<&Value>,
    fits: Fits<'_>,
) -> Result<Reply<Value>> {
    let question = &form.question;
    if question.is_choice() || question.one {
        return choose(prompter, before, form, last);
    }
    match question.kind {
        AnswerType::Boolean => truth(prompter, before, form, last),
        AnswerType::Map => fields(prompter, before, form, last),
        _ => write(prompter, before, form, last, fits),
    }
}

/// The name of a map beside the choices that stand for one.
const OWN: &str = "your own";

/// What is asked after a choice.
#[derive(Clone, Copy)]
enum Inner<'a> {
    /// The only key of the map.
    Field(&'a Form),
    /// All keys of the map.
    Map,
}

fn choose(
    prompter: &mut dyn Prompter,
    before: &str,
    form: &Form,
    last: Option<&Value>,
) -> Result<Reply<Value>> {
    let choices = form.question.choices.iter();
    let choices = choices.map(|(name, choice)| (Item::new(name, &choice.text), None));
    let inside = form.fields.iter().filter(|_| form.question.one);
    let inside = inside.map(|field| {
        let question = &field.question;
        let item = Item::new(&question.name.value, &question.prompt);
        (item, Some(Inner::Field(field)))
    });
    let own = (!form.question.one && !form.fields.is_empty()).then(|| {
        let keys = form.fields.iter().map(|field| &*field.question.name.value);
        let keys: Vec<&str> = keys.collect();
        let about = format!("you give {}", keys.join(" and "));
        (Item::new(OWN, about), Some(Inner::Map))
    });
    let inside = inside.chain(own);
    // What is offered stands among its like, and those come first.
    let is_start = |field: &Form| form.start.as_ref() == Some(&field.question.name.value);
    let (items, inner): (Vec<Item>, Vec<Option<Inner<'_>>>) = if form.fields.iter().any(is_start) {
        inside.chain(choices).unzip()
    } else {
        choices.chain(inside).unzip()
    };
    let name = match last {
        Some(Value::Object(_)) if !form.question.one => Some(OWN.to_owned()),
        last => last.map(Form::key).or_else(|| form.start.clone()),
    };
    let mut at = items
        .iter()
        .position(|item| Some(&item.name) == name.as_ref())
        .unwrap_or(0);
    loop {
        let prompt = format!("{before}{}", form.question.prompt);
        let mark = prompter.mark();
        match prompter.select(&prompt, &items, at)? {
            Reply::Back => return Ok(Reply::Back),
            Reply::Given(chosen) => {
                at = chosen;
                let reply = match inner[chosen] {
                    None => Reply::Given(json!(items[chosen].name)),
                    Some(Inner::Map) => fields(prompter, before, form, last)?,
                    Some(Inner::Field(field)) => {
                        let fits = |value: &Value| field.check(value);
                        let last = last.and_then(|last| last.get(&items[chosen].name));
                        match ask(prompter, before, field, last, &fits)? {
                            Reply::Given(value) => {
                                Reply::Given(json!({ &items[chosen].name: value }))
                            }
                            Reply::Back => Reply::Back,
                        }
                    }
                };
                if let Reply::Given(value) = reply {
                    return Ok(Reply::Given(value));
                }
                prompter.rewind(mark);
            }
        }
    }
}

/// Asks for the keys of a map that have no default.
fn fields(
    prompter: &mut dyn Prompter,
    before: &str,
    form: &Form,
    known: Option<&Value>,
) -> Result<Reply<Value>> {
    let asked: Vec<&Form> = form
        .fields
        .iter()
        .filter(|field| field.default.is_none() && !field.question.optional)
        .collect();
    let mut given: Vec<(Value, usize)> = Vec::new();
    let mut last: Option<Value> = None;
    while let Some(field) = asked.get(given.len()) {
        let mark = prompter.mark();
        let name = &field.question.name.value;
        let known = known.and_then(|known| known.get(name));
        let reply = ask(prompter, before, field, last.as_ref().or(known), &|value| {
            field.check(value)
        })?;
        last = None;
        match reply {
            Reply::Given(value) => given.push((value, mark)),
            Reply::Back => match given.pop() {
                Some((value, mark)) => {
                    last = Some(value);
                    prompter.rewind(mark);
                }
                None => return Ok(Reply::Back),
            },
        }
    }
    let names = asked.iter().map(|field| field.question.name.value.clone());
    let values = given.into_iter().map(|(value, _)| value);
    Ok(Reply::Given(Value::Object(names.zip(values).collect())))
}

fn truth(
    prompter: &mut dyn Prompter,
    before: &str,
    form: &Form,
    last: Option<&Value>,
) -> Result<Reply<Value>> {
    let items = [Item::new("yes", ""), Item::new("no", "")];
    let offered = last.or(form.default.as_ref());
    let at = usize::from(offered == Some(&Value::Bool(false)));
    let prompt = format!("{before}{}", form.question.prompt);
    Ok(match prompter.select(&prompt, &items, at)? {
        Reply::Given(chosen) => Reply::Given(Value::Bool(chosen == 0)),
        Reply::Back => Reply::Back,
    })
}

fn write(
    prompter: &mut dyn Prompter,
    before: &str,
    form: &Form,
    last: Option<&Value>,
    fits: Fits<'_>,
) -> Result<Reply<Value>> {
    let prompt = format!("{before}{}", form.question.prompt);
    let default = form.default.as_ref().map(shown);
    let last = last
        .map(shown)
        .filter(|last| Some(last) != default.as_ref());
    let check = |text: &str| {
        if let Some(value) = read(form.question.kind, text) {
            return fits(&value);
        }
        let hint = form.question.hint.as_deref().unwrap_or("as 2");
        Err(format!("`{text}` is no whole number ({hint})"))
    };
    let reply = prompter.input(Line {
        question: &prompt,
        default: default.as_deref(),
        optional: form.question.optional,
        text: last.as_deref().unwrap_or_default(),
        check: &check,
    })?;
    Ok(match reply {
        Reply::Given(text) => Reply::Given(read(form.question.kind, &text).unwrap_or_default()),
        Reply::Back => Reply::Back,
    })
}

/// A value as it is written; lists with commas.
fn shown(value: &Value) -> String {
    match value {
        Value::Array(items) => items.iter().map(value_text).collect::<Vec<_>>().join(", "),
        other => value_text(other),
    }
}

/// What was written, in the question's type.
fn read(kind: AnswerType, text: &str) -> Option<Value> {
    match kind {
        AnswerType::Number => text.parse::<u64>().ok().map(Value::from),
        AnswerType::List => {
            let items = text
                .split(',')
                .map(str::trim)
                .filter(|item| !item.is_empty());
            Some(items.map(Value::from).collect())
        }
        _ => Some(Value::from(text)),
    }
}
