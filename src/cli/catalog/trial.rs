//! `landform catalog test`.

use std::path::Path;

use serde_json::{Value, json};

use crate::catalog::{AnswerType, Catalogue, Question, folder_files};
use crate::error::{Error, Result};
use crate::model::{Answers, Environment, resolve};
use crate::render::render;
use crate::ui::{Printer, style};

/// Renders every component of a folder alone (with what it needs) on every provider.
pub(super) fn test(dir: &Path, json: bool, printer: &Printer) -> Result<u8> {
    let own = folder_files(dir)?;
    let catalogue = Catalogue::with_folder(dir)?;
    let mut rows = Vec::new();
    for (name, component) in &catalogue.components {
        if !own.contains_key(&format!("{}/component.yaml", component.root)) {
            continue;
        }
        for provider in catalogue.providers.keys() {
            let (outcome, text) = match try_on(&catalogue, name, provider) {
                Ok(files) => ("fits", format!("{files} files")),
                Err(Tried::Unfit(reason)) => ("unfit", reason),
                Err(Tried::Broken(reason)) => ("broken", reason),
            };
            rows.push((name.clone(), provider.clone(), outcome, text));
        }
    }
    let broken = rows.iter().any(|row| row.2 == "broken");
    if json {
        let rows: Vec<Value> = rows
            .iter()
            .map(|(c, p, o, t)| json!({"component": c, "provider": p, "outcome": o, "text": t}))
            .collect();
        printer.json(&rows)?;
    } else {
        let width = rows
            .iter()
            .map(|row| row.0.len() + row.1.len() + 4)
            .max()
            .unwrap_or(0);
        for (component, provider, outcome, text) in &rows {
            let style = match *outcome {
                "fits" => style::GOOD,
                "unfit" => style::CHANGED,
                _ => style::BAD,
            };
            let on = format!("{component} on {provider}");
            printer.product(&format!("{on:width$}  {style}{outcome}{style:#}  {text}"));
        }
        if rows.is_empty() {
            printer.product("The catalogue loads; it has no components of its own.");
        }
    }
    Ok(u8::from(broken))
}

/// Whether a question must be answered on a provider.
fn asked(question: &Question, provider: &str) -> bool {
    !question.optional && !question.has_default(provider)
}

/// An answer that the question takes: its example, or else one that any question without a pattern takes.
fn stand_in(question: &Question) -> String {
    if let Some(example) = &question.example {
        return example.to_string();
    }
    match (question.choices.keys().next(), question.kind) {
        (Some(choice), _) => choice.clone(),
        (None, AnswerType::String) => "trial".to_owned(),
        (None, AnswerType::Number) => "1".to_owned(),
        (None, AnswerType::Boolean) => "true".to_owned(),
        (None, AnswerType::List) => "[trial]".to_owned(),
        (None, AnswerType::Map) => "{}".to_owned(),
    }
}

enum Tried {
    Unfit(String),
    Broken(String),
}

/// Renders one component on a cluster of one provider: with defaults, and where it does not fit those, with each
/// other choice that the provider's questions offer.
fn try_on(catalogue: &Catalogue, name: &str, provider: &str) -> Result<usize, Tried> {
    let first = match try_with(catalogue, name, provider, None) {
        Err(Tried::Unfit(reason)) => reason,
        other => return other,
    };
    let questions = &catalogue.providers[provider].spec.questions;
    for question in questions.iter().chain(&catalogue.common.cluster) {
        for choice in question.choices.keys() {
            let answer = format!("trial.{}={choice}", question.name.value);
            if let Ok(files) = try_with(catalogue, name, provider, Some(&answer)) {
                return Ok(files);
            }
        }
    }
    Err(Tried::Unfit(first))
}

/// Resolves and renders, with stand-ins for the provider's answers without a default.
fn try_with(
    catalogue: &Catalogue,
    name: &str,
    provider: &str,
    choice: Option<&str>,
) -> Result<usize, Tried> {
    let environment = Environment {
        folder: Some("trial".to_owned()),
        email: Some("trial@example.com".to_owned()),
        ..Environment::default()
    };
    let mut answers = Answers::default();
    let broken = |error: Error| Tried::Broken(error.to_string());
    answers
        .add_cluster(&format!("trial={provider}"))
        .map_err(broken)?;
    answers.add_component(&format!("{name}@trial"));
    let provider_questions = catalogue.providers[provider].spec.questions.iter();
    for question in provider_questions.chain(&catalogue.common.cluster) {
        if question.when.is_empty() && asked(question, provider) {
            let key = &question.name.value;
            answers
                .set(&format!("trial.{key}={}", stand_in(question)))
                .map_err(broken)?;
        }
    }
    if let Some(choice) = choice {
        answers.set(choice).map_err(broken)?;
    }
    for question in &catalogue.components[name].spec.questions {
        if asked(question, provider) {
            let key = format!("{name}.{}", question.name.value);
            answers
                .set(&format!("{key}={}", stand_in(question)))
                .map_err(broken)?;
        }
    }
    let unfit = format!("{name} does not fit trial: ");
    let resolution = resolve(&answers, &environment, catalogue).map_err(|error| {
        let reason = error
            .problems
            .iter()
            .find_map(|p| p.message.strip_prefix(&unfit));
        match reason {
            Some(reason) => Tried::Unfit(reason.to_owned()),
            None => Tried::Broken(error.to_string()),
        }
    })?;
    let tree = render(&resolution.platform, catalogue).map_err(broken)?;
    Ok(tree.len())
}
