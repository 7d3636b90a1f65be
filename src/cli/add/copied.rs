//! What was answered for the components of one cluster, for another one like it.

use crate::catalog::{Catalogue, value_text};
use crate::cli::opened::Opened;
use crate::error::Result;
use crate::model::{About, Answers, Environment, survey};

/// Takes over the answers that fit; gives what became of the others, in words.
///
/// # Errors
/// A template of the catalogue fails.
pub(super) fn copy_answers(
    answers: &mut Answers,
    names: &[String],
    (from, to): (&str, &str),
    catalogue: &Catalogue,
) -> Result<Vec<String>> {
    let wrong = |answers: &Answers| -> Result<Vec<String>> {
        let surveyed = survey(answers, &Environment::default(), catalogue)?;
        let wrong = surveyed.wrong_components.into_iter();
        Ok(wrong.map(|problem| problem.message).collect())
    };
    let plain = answers.clone();
    for name in names {
        answers.copy_component(name, from, to);
    }
    let mut notes = Vec::new();
    if wrong(answers)?.is_empty() {
        return Ok(notes);
    }
    // One by one: what does not fit is taken anew.
    *answers = plain;
    let mut known = wrong(answers)?;
    for name in names {
        let Some(component) = catalogue.components.get(name) else {
            continue;
        };
        for question in &component.spec.questions {
            let key = &question.name.value;
            let before = answers.clone();
            if !answers.copy_answer(name, key, from, to) {
                continue;
            }
            let now = wrong(answers)?;
            if let Some(why) = now.iter().find(|why| !known.contains(why)) {
                notes.push(format!(
                    "the answer of {from} does not fit, and is taken anew: {why}"
                ));
                *answers = before;
            } else {
                known = now;
            }
        }
    }
    Ok(notes)
}

/// Gives a cluster what another one took by default, where its own provider has none: with the same store and the same
/// DNS it is what both share.
///
/// # Errors
/// A template of the catalogue fails.
pub(super) fn take_defaults(
    answers: &mut Answers,
    opened: &Opened,
    (from, to): (&str, &str),
    catalogue: &Catalogue,
) -> Result<Vec<String>> {
    let there = &opened.platform.clusters[from].components;
    let mut notes = Vec::new();
    for open in survey(answers, &Environment::default(), catalogue)?.open {
        let About::Component(name, Some(cluster)) = &open.about else {
            continue;
        };
        let key = &open.form.question.name.value;
        let was = there.get(name).and_then(|placed| placed.answers.get(key));
        let Some(was) = was.filter(|_| cluster == to && open.form.default.is_none()) else {
            continue;
        };
        if !open.form.question.own && open.form.check(&was.value).is_ok() {
            answers.give(name, key, to, was.value.clone());
            let value = value_text(&was.value);
            notes.push(format!("as on {from}: {to}:{name}.{key}={value}"));
        }
    }
    Ok(notes)
}
