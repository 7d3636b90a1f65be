//! Where a component fits, and where that is still open.

use super::super::answers::Answers;
use super::super::platform::{AnswerOrigin, Cluster, Platform};
use super::Doubt;
use crate::catalog::{Catalogue, Component, value_text};

/// Chosen components that do not fit somewhere by nothing but a default that is still to be asked about.
pub(super) fn doubts(answers: &Answers, catalogue: &Catalogue, platform: &Platform) -> Vec<Doubt> {
    let mut doubts = Vec::new();
    for (name, said) in answers.components.iter().flatten() {
        let Some(component) = catalogue.components.get(name) else {
            continue;
        };
        for (cluster_name, cluster) in &platform.clusters {
            let on = said.on.as_ref();
            let wished = on.is_none_or(|on| on.iter().any(|k| &k.value == cluster_name));
            if let Some(fact) = decisive(component, cluster)
                && wished
                && assumed(catalogue, cluster, fact)
            {
                doubts.push(Doubt {
                    component: name.clone(),
                    cluster: cluster_name.clone(),
                    fact: fact.to_owned(),
                });
            }
        }
    }
    doubts
}

/// Whether nothing but a default that is still to be asked about speaks against a component on a cluster.
pub(super) fn doubtful(catalogue: &Catalogue, component: &Component, cluster: &Cluster) -> bool {
    decisive(component, cluster).is_some_and(|fact| assumed(catalogue, cluster, fact))
}

/// Whether a fact about a cluster is a default that the prompt still asks about.
fn assumed(catalogue: &Catalogue, cluster: &Cluster, fact: &str) -> bool {
    let mut questions = catalogue.common.cluster.iter();
    let question = questions.find(|question| question.name.value == fact);
    let answer = cluster.answers.get(fact);
    answer.is_some_and(|answer| answer.origin == AnswerOrigin::Assumed)
        && question.is_some_and(|question| question.confirms(&cluster.provider))
}

/// The fact without which a component would fit a cluster.
fn decisive<'a>(component: &'a Component, cluster: &'a Cluster) -> Option<&'a str> {
    fits_provider(component, cluster).ok()?;
    let mut against = against(component, cluster);
    let (fact, _) = against.next()?;
    against.next().is_none().then_some(fact)
}

/// Whether a component can be on a cluster.
///
/// # Errors
/// The reason why not.
pub(super) fn fits(component: &Component, cluster: &Cluster) -> Result<(), String> {
    fits_provider(component, cluster)?;
    match against(component, cluster).next() {
        Some((_, reason)) => Err(reason.to_owned()),
        None => Ok(()),
    }
}

/// The facts about a cluster that speak against a component, and why.
fn against<'a>(
    component: &'a Component,
    cluster: &'a Cluster,
) -> impl Iterator<Item = (&'a str, &'a str)> {
    component
        .spec
        .unfit_when
        .iter()
        .filter_map(|(key, reasons)| {
            let name = key.value.strip_prefix("cluster.")?;
            let reason = reasons.get(&value_text(cluster.facts.get(name)?))?;
            Some((name, reason.as_str()))
        })
}

fn fits_provider(component: &Component, cluster: &Cluster) -> Result<(), String> {
    let spec = &component.spec;
    if !spec.only.is_empty() && !spec.only.iter().any(|p| p.value == cluster.provider) {
        let only: Vec<&str> = spec.only.iter().map(|p| p.value.as_str()).collect();
        return Err(format!("only on {}", only.join(", ")));
    }
    if let Some((_, reason)) = spec.unfit.iter().find(|(p, _)| p.value == cluster.provider) {
        return Err(reason.clone());
    }
    Ok(())
}
