//! From a platform that is there to the one that somebody wants.

use std::collections::BTreeMap;

use super::answers::Answers;
use super::platform::Platform;
use super::resolve::{Environment, Resolution, resolve};
use crate::catalog::Catalogue;
use crate::error::Result;

/// The platform that `answers` ask for, where `before` is what is there, made with `old`. Versions that clusters keep
/// stay kept, and components that are on no cluster stay in the record. Only assumptions that are new are told.
///
/// # Errors
/// As for [`resolve`].
pub fn revise(
    before: &Platform,
    old: &Catalogue,
    answers: &Answers,
    catalogue: &Catalogue,
) -> Result<Resolution> {
    let environment = Environment::default();
    let mut resolution = resolve(answers, &environment, catalogue)?;
    let platform = &mut resolution.platform;
    for (name, cluster) in &mut platform.clusters {
        let Some(was) = before.clusters.get(name) else {
            continue;
        };
        for (component, placed) in &mut cluster.components {
            if let Some(was) = was.components.get(component) {
                placed.pinned = was.pinned;
                placed.pins.clone_from(&was.pins);
                placed.sealed.clone_from(&was.sealed);
            }
        }
    }
    let asked = |name: &str| {
        let components = answers.components.as_ref();
        components.is_some_and(|all| all.contains_key(name))
    };
    for (name, was) in &before.components {
        if let Some(chosen) = platform.components.get_mut(name) {
            chosen.pending.clone_from(&was.pending);
        } else if asked(name) {
            platform.components.insert(name.clone(), was.clone());
        }
    }
    let known: BTreeMap<(Option<String>, String), String> =
        resolve(&Answers::of(before, old, old), &environment, old)
            .map(|resolution| resolution.assumed)
            .unwrap_or_default()
            .into_iter()
            .map(|assumed| ((assumed.cluster, assumed.key), assumed.value))
            .collect();
    resolution.assumed.retain(|assumed| {
        let key = (assumed.cluster.clone(), assumed.key.clone());
        known.get(&key) != Some(&assumed.value)
    });
    Ok(resolution)
}
