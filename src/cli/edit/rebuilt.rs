//! Answers that cannot be changed without building a cluster anew.

use serde_json::Value;

use crate::catalog::{Question, value_text};
use crate::cli::opened::Opened;
use crate::error::{Problem, Problems, Result};
use crate::model::{Answer, Platform};

/// The questions that a cluster of a provider was asked.
pub(in crate::cli) fn asked<'a>(
    opened: &'a Opened,
    provider: &str,
) -> impl Iterator<Item = &'a Question> {
    let own = opened.catalogue.providers.get(provider).into_iter();
    own.flat_map(|provider| &provider.spec.questions)
        .chain(&opened.catalogue.common.cluster)
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
    for (name, cluster) in &opened.platform.clusters {
        let Some(after) = after.clusters.get(name) else {
            continue;
        };
        for question in asked(opened, &cluster.provider) {
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
            let back = question.never_back.as_ref();
            let back = back.filter(|_| is_older(&is, &was));
            let (problem, note) = if let Some(why) = &question.fixed {
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
