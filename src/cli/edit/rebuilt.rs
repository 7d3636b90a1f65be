//! Answers that cannot be changed without building a cluster anew.

use serde_json::Value;

use crate::catalog::{Catalogue, Question, value_text};
use crate::cli::opened::Opened;
use crate::error::{Problem, Problems, Result};
use crate::model::{Answer, Platform};

/// The questions that a catalogue has for a cluster of a provider.
fn asked<'a>(catalogue: &'a Catalogue, provider: &str) -> impl Iterator<Item = &'a Question> {
    let own = catalogue.providers.get(provider).into_iter();
    own.flat_map(|provider| &provider.spec.questions)
        .chain(&catalogue.common.cluster)
}

/// What guards the answers of clusters. Templates of before `fixed` say nothing of it, so those in force are asked too.
pub(in crate::cli) struct Guard<'a> {
    opened: &'a Opened,
    in_force: Option<Catalogue>,
}

impl<'a> Guard<'a> {
    /// The guard of a platform. Where the catalogue in force cannot be read, its own templates have to do.
    fn of(opened: &'a Opened) -> Self {
        Self {
            opened,
            // It is only looked into.
            in_force: opened.in_force(true).ok(),
        }
    }

    /// The same, for who only lists: nothing is fetched for that.
    pub(in crate::cli) fn at_hand(opened: &'a Opened) -> Self {
        let own = opened.platform.catalogue.as_ref();
        if own.is_some_and(|own| own.git.is_some()) {
            return Self {
                opened,
                in_force: None,
            };
        }
        Self::of(opened)
    }

    /// Why an answer of a cluster cannot be changed without building it anew.
    pub(in crate::cli) fn fixed(&self, provider: &str, key: &str) -> Option<&str> {
        let mut questions = self.questions(provider, key).into_iter();
        questions.find_map(|question| question.fixed.as_deref())
    }

    /// Why an answer of a cluster cannot go back to an older version.
    fn never_back(&self, provider: &str, key: &str) -> Option<&str> {
        let mut questions = self.questions(provider, key).into_iter();
        questions.find_map(|question| question.never_back.as_deref())
    }

    /// What asks for an answer: in the platform's own templates, then in those in force.
    fn questions(&self, provider: &str, key: &str) -> Vec<&Question> {
        let catalogues = [Some(&self.opened.catalogue), self.in_force.as_ref()];
        let all = catalogues.into_iter().flatten();
        let all = all.flat_map(|catalogue| asked(catalogue, provider));
        all.filter(|question| question.name.value == key).collect()
    }
}

/// Refuses what means to build a cluster anew; or, if somebody agreed, says so.
///
/// # Errors
/// Nobody did.
pub(in crate::cli) fn rebuilt(
    opened: &Opened,
    after: &Platform,
    agreed: bool,
) -> Result<Vec<String>> {
    let mut problems = Problems::default();
    let mut notes = Vec::new();
    let mut guard = None;
    for (name, cluster) in &opened.platform.clusters {
        let Some(after) = after.clusters.get(name) else {
            continue;
        };
        for question in asked(&opened.catalogue, &cluster.provider) {
            let key = &question.name.value;
            let value = |answer: Option<&Answer>| answer.map(|answer| answer.value.clone());
            let (was, is) = (
                value(cluster.answers.get(key)),
                value(after.answers.get(key)),
            );
            if was == is {
                continue;
            }
            let text = |value: Option<Value>| value.as_ref().map(value_text).unwrap_or_default();
            let (was, is) = (text(was), text(is));
            let guard = guard.get_or_insert_with(|| Guard::of(opened));
            let provider = &cluster.provider;
            let back = guard.never_back(provider, key);
            let back = back.filter(|_| is_older(&is, &was));
            let (problem, note) = if let Some(why) = guard.fixed(provider, key) {
                (
                    format!("{name}.{key} cannot be changed: {why}"),
                    format!("{name} is built anew when Terraform applies this: {why}"),
                )
            } else if let Some(why) = back {
                (
                    format!("{name}.{key} cannot go from {was} to {is}: {why}"),
                    format!(
                        "{name}.{key} goes from {was} to {is}, and {why}: destroy {name} before Terraform applies this"
                    ),
                )
            } else {
                continue;
            };
            if agreed {
                notes.push(note);
            } else {
                let hint = "to build the cluster anew, with all that is in it lost: landform set … --rebuild";
                problems.push(Problem::new(problem).hint(hint));
            }
        }
    }
    problems.into_result()?;
    Ok(notes)
}

/// Whether a version of numbers between dots is older than another.
fn is_older(one: &str, other: &str) -> bool {
    let numbers = |text: &str| -> Option<Vec<u64>> {
        let parts = text.trim_start_matches('v').split('.');
        parts.map(|part| part.parse().ok()).collect()
    };
    match (numbers(one), numbers(other)) {
        (Some(one), Some(other)) => one < other,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::is_older;

    #[test]
    fn versions_by_their_numbers() {
        for (one, other, older) in [
            ("1.9", "1.10", true),
            ("1.36", "1.35", false),
            ("1.35", "1.35", false),
            ("v1.34.2", "1.34.10", true),
            ("latest", "1.35", false),
            ("", "1.35", false),
        ] {
            assert_eq!(is_older(one, other), older, "{one} {other}");
        }
    }
}
