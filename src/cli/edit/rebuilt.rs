//! Answers that cannot be changed without building a cluster anew.

use crate::catalog::Question;
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
            let Some(why) = &question.fixed else {
                continue;
            };
            if value(cluster.answers.get(key)) == value(after.answers.get(key)) {
                continue;
            }
            if agreed {
                notes.push(format!(
                    "{name} is built anew when Terraform applies this: {why}"
                ));
            } else {
                let hint = "to build the cluster anew, with all that is in it lost: landform set … --rebuild";
                problems.push(
                    Problem::new(format!("{name}.{key} cannot be changed: {why}")).hint(hint),
                );
            }
        }
    }
    problems.into_result()?;
    Ok(notes)
}
