//! Answering a list of questions from what was said and from defaults.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::super::answers::Given;
use super::super::platform::{Answer, AnswerOrigin};
use super::super::record::RECORD;
use super::super::value::{self, Unfit};
use super::Report;
use crate::catalog::{AnswerType, Catalogue, Question, is_template};
use crate::error::{Place, Result, Source};
use crate::yaml;

/// What defaults and conditions can see.
#[derive(Debug, Clone)]
pub(super) struct Scope {
    pub(super) platform: Value,
    pub(super) cluster: Map<String, Value>,
    pub(super) answers: Map<String, Value>,
}

impl Scope {
    /// The value of `cluster.x`, `answers.x` or `platform.x`.
    pub(super) fn lookup(&self, key: &str) -> Option<&Value> {
        match key.split_once('.')? {
            ("cluster", name) => self.cluster.get(name),
            ("answers", name) => self.answers.get(name),
            ("platform", name) => self.platform.get(name),
            _ => None,
        }
    }

    /// Renders a text that may be a template.
    ///
    /// # Errors
    /// The template fails.
    pub(super) fn evaluate(
        &self,
        catalogue: &Catalogue,
        text: &str,
        whose: &str,
    ) -> Result<String> {
        catalogue.engine.evaluate(text, &self.context(), whose)
    }

    fn context(&self) -> tera::Context {
        let mut context = tera::Context::new();
        context.insert("platform", &self.platform);
        context.insert("cluster", &self.cluster);
        context.insert("answers", &self.answers);
        context
    }
}

/// The outcome of one question.
pub(super) enum Outcome {
    /// It has an answer.
    Answered(Answer),
    /// It does not apply, or may stay without an answer.
    Absent,
    /// It applies and has no answer.
    Missing,
    /// Its answer is refused; that is told already.
    Refused,
}

/// Answers one question. `provider` chooses among provider defaults; `whose` names the asker in errors.
///
/// # Errors
/// A default of the catalogue cannot be rendered.
pub(super) fn answer(
    question: &Question,
    given: Option<&Given<Value>>,
    scope: &Scope,
    provider: &str,
    whose: &str,
    catalogue: &Catalogue,
    report: &mut Report,
) -> Result<Outcome> {
    let lookup = |key: &str| scope.lookup(key);
    if !question.when.holds(lookup) {
        return Ok(Outcome::Absent);
    }
    if let Some(given) = given.filter(|given| !given.value.is_null()) {
        let complete = fill(question, given.value.clone(), scope, catalogue)?;
        let checked = match value::check(question, &complete, &lookup) {
            Ok(value) => refuse(question, value, scope, whose, catalogue)?,
            Err(unfit) => Err(unfit),
        };
        return Ok(match checked {
            Ok(value) => Outcome::Answered(Answer {
                value,
                origin: AnswerOrigin::Answered,
            }),
            Err(unfit) => {
                report.problem(
                    &given.at,
                    format!("{whose}{}: {}", question.name.value, unfit.message),
                    unfit.hint,
                );
                Outcome::Refused
            }
        });
    }
    let value = default(question, scope, provider, whose, catalogue)?;
    let Some(value) = value else {
        return Ok(if question.optional {
            Outcome::Absent
        } else {
            Outcome::Missing
        });
    };
    let checked = match value::check(question, &value, &lookup) {
        Ok(value) => refuse(question, value, scope, whose, catalogue)?,
        Err(unfit) => Err(unfit),
    };
    match checked {
        Ok(value) => Ok(Outcome::Answered(Answer {
            value,
            origin: AnswerOrigin::Assumed,
        })),
        // A default that does not fit here, as a choice that is closed on this cluster, is none.
        Err(_) => Ok(Outcome::Missing),
    }
}

/// An answer of the right form, or the catalogue's reason why it is not taken all the same.
fn refuse(
    question: &Question,
    value: Value,
    scope: &Scope,
    whose: &str,
    catalogue: &Catalogue,
) -> Result<Result<Value, Unfit>> {
    let Some(template) = &question.refuse else {
        return Ok(Ok(value));
    };
    let mut context = scope.context();
    context.insert("value", &value);
    let name = format!("`refuse` of {whose}{}", question.name.value);
    let reason = catalogue.engine.evaluate(template, &context, &name)?;
    let reason = reason.trim();
    if reason.is_empty() {
        return Ok(Ok(value));
    }
    let hint = question.hint.as_deref().unwrap_or(&question.prompt);
    Ok(Err(Unfit::new(reason, hint)))
}

/// The flag that answers a question, as far as it can be said.
pub(super) fn flag(key: &str, question: &Question, provider: &str) -> String {
    format!("--set {}", setting(key, question, provider))
}

/// The answer to a question behind its key, as a shell takes it.
pub(super) fn setting(key: &str, question: &Question, provider: &str) -> String {
    match question.sketch(provider) {
        sketch if sketch.contains(['{', '[']) => format!("'{key}={sketch}'"),
        sketch => format!("{key}={sketch}"),
    }
}

/// The missing answers of which the default of a question would be made: with them it comes by itself.
pub(super) fn awaits(
    question: &Question,
    provider: &str,
    is_missing: &dyn Fn(&str) -> bool,
) -> Vec<String> {
    let uses = question.default_uses(provider).into_iter();
    uses.filter_map(|used| Some(used.split_once('.')?.1.to_owned()))
        .filter(|used| is_missing(used))
        .collect()
}

/// The default of a question, worked out.
///
/// # Errors
/// It cannot be rendered.
pub(super) fn default(
    question: &Question,
    scope: &Scope,
    provider: &str,
    whose: &str,
    catalogue: &Catalogue,
) -> Result<Option<Value>> {
    Ok(match question.default_on(provider) {
        Some(Value::String(text)) => {
            let text = scope.evaluate(
                catalogue,
                text,
                &format!("the default of {whose}{}", question.name.value),
            )?;
            typed(question, &text)
        }
        Some(value) => Some(value.clone()),
        None => None,
    })
}

/// Gives the keys of a map that were left out their defaults.
fn fill(question: &Question, value: Value, scope: &Scope, catalogue: &Catalogue) -> Result<Value> {
    let Value::Object(mut map) = value else {
        return Ok(value);
    };
    for field in &question.fields {
        let name = &field.name.value;
        if let Some(given) = map.get_mut(name) {
            *given = fill(field, given.take(), scope, catalogue)?;
        } else if !question.one
            && let Some(Value::String(text)) = &field.default
        {
            let text = scope.evaluate(catalogue, text, &format!("the default of {name}"))?;
            map.extend(typed(field, &text).map(|value| (name.clone(), value)));
        }
    }
    Ok(Value::Object(map))
}

/// A rendered default in the question's type; nothing if it rendered blank.
fn typed(question: &Question, text: &str) -> Option<Value> {
    let text = text.trim();
    if text.is_empty() {
        return None;
    }
    match question.kind {
        AnswerType::String => Some(Value::String(text.to_owned())),
        _ => plain(text),
    }
}

/// A rendered text read as YAML: `6443` is a number, `true` a boolean.
pub(super) fn plain(text: &str) -> Option<Value> {
    let node = yaml::parse_documents(&Source::new("", text))
        .ok()?
        .into_iter()
        .next();
    node.map(|node| node.to_value())
}

/// A fact of a provider, rendered; nothing if blank.
///
/// # Errors
/// The template fails.
pub(super) fn fact(
    value: &Value,
    scope: &Scope,
    whose: &str,
    catalogue: &Catalogue,
) -> Result<Option<Value>> {
    let Value::String(text) = value else {
        return Ok(Some(value.clone()));
    };
    if !is_template(text) {
        return Ok(Some(json!(text)));
    }
    let text = scope.evaluate(catalogue, text, whose)?;
    let text = text.trim();
    Ok(if text.is_empty() { None } else { plain(text) })
}

/// Refuses answers that no question asks for.
pub(super) fn refuse_unknown<'a>(
    given: impl Iterator<Item = (&'a String, &'a Given<Value>)>,
    known: &[&str],
    whose: &str,
    report: &mut Report,
) {
    for (key, value) in given {
        if !known.contains(&key.as_str()) {
            let hint = crate::error::suggest(key, known.iter().copied());
            report.problem(&value.at, format!("{whose} has no question `{key}`"), hint);
        }
    }
}

/// Refuses answers to questions that do not apply, saying when they would.
pub(super) fn refuse_idle(
    question: &Question,
    given: Option<&Given<Value>>,
    answers: &BTreeMap<String, Answer>,
    at_cluster: &str,
    report: &mut Report,
) {
    let recorded = |at: &Place| matches!(at, Place::Flag(at) if at.starts_with(RECORD));
    // What was answered before and is not asked any more goes.
    if let Some(Given { at, value }) = given
        && !recorded(at)
        && !value.is_null()
        && !answers.contains_key(&question.name.value)
        && !question.when.is_empty()
    {
        let conditions: Vec<String> = question
            .when
            .0
            .iter()
            .map(|(key, values)| format!("{key} is {}", values.join(" or ")))
            .collect();
        let at: &Place = at;
        report.problem(
            at,
            format!("`{}` is not asked on {at_cluster}", question.name.value),
            format!("only where {}; leave it out", conditions.join(" and ")),
        );
    }
}
