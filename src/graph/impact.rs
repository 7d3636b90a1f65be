//! What a file reaches: clusters, Flux Kustomizations, objects.

use std::collections::BTreeSet;

use crate::index::{Origin, Reference, Repository, Role, Unit};

/// What a file reaches on one cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Impact {
    /// Where the cluster's Flux begins.
    pub cluster: String,
    /// The Flux Kustomizations that read it.
    pub reached: Vec<Reached>,
}

/// A Flux Kustomization that reads a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reached {
    /// Its name; blank for the one that a cluster begins with, where nothing names that.
    pub unit: String,
    /// Objects that the file is a part of.
    pub objects: Vec<String>,
}

/// What a file reaches. One that only a generator or a patch reads reaches what comes of that.
pub fn impact(file: &str, repository: &Repository<'_>) -> Vec<Impact> {
    // Kustomizations that take it in for something else than objects.
    let takers: Vec<&str> = repository
        .references
        .iter()
        .filter(|(_, references)| references.iter().any(|reference| takes(reference, file)))
        .map(|(source, _)| source.name.as_str())
        .collect();
    let mut impacts = Vec::new();
    for cluster in &repository.clusters {
        let mut reached = Vec::new();
        for unit in &cluster.units {
            let through = takers.iter().any(|taker| unit.files.contains(taker));
            if unit.files.contains(file) || through {
                reached.push(Reached {
                    unit: unit.name.clone(),
                    objects: objects(file, &takers, unit, repository),
                });
            }
        }
        if !reached.is_empty() {
            impacts.push(Impact {
                cluster: cluster.label().to_owned(),
                reached,
            });
        }
    }
    impacts
}

fn takes(reference: &Reference, file: &str) -> bool {
    matches!(
        reference.role,
        Role::Generator | Role::Patch | Role::Configuration
    ) && reference.to == file
}

fn objects(
    file: &str,
    takers: &[&str],
    unit: &Unit<'_>,
    repository: &Repository<'_>,
) -> Vec<String> {
    let mut titles = BTreeSet::new();
    for built in &unit.built {
        let kind = built.kind(repository.objects);
        let part = match &built.origin {
            Origin::Object(id) => {
                repository.objects.all[*id].file() == file
                    || built.patches.iter().any(|patch| patch.source.name == file)
            }
            Origin::Generated(generated) => {
                let text = &generated.source.text[generated.node.span.clone()];
                let name = file.rsplit('/').next().unwrap_or(file);
                takers.contains(&generated.source.name.as_str()) && text.contains(name)
            }
        };
        if part {
            titles.insert(match built.home(repository.objects) {
                Some(namespace) => format!("{kind} {namespace}/{}", built.name),
                None => format!("{kind} {}", built.name),
            });
        }
    }
    titles.into_iter().collect()
}
