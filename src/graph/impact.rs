//! What a file reaches: clusters, Flux Kustomizations, objects.

use std::collections::BTreeSet;

use crate::index::terraform::is_terraform;
use crate::index::{
    Origin, Reference, Repository, Role, Unit, folder_of, is_kustomization, is_within,
};

/// What a file reaches on one cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Impact {
    /// Where the cluster's Flux begins.
    pub cluster: String,
    /// The Flux Kustomizations that read it, or that apply what takes something from it.
    pub reached: Vec<Reached>,
    /// Root modules of Terraform for this cluster that it is a part of, by folder.
    pub terraform: Vec<String>,
}

/// A Flux Kustomization that reads a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reached {
    /// Its name; blank for the one that a cluster begins with, where nothing names that.
    pub unit: String,
    /// Objects that the file is a part of.
    pub objects: Vec<String>,
    /// Objects that take values, variables or a source from those.
    pub users: Vec<String>,
}

/// Kind, namespace and name of an object.
type Name = (String, String, String);

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
        let mut parts: BTreeSet<Name> = BTreeSet::new();
        let found = cluster.units.iter().map(|unit| {
            let through = takers.iter().any(|taker| unit.files.contains(taker));
            if !unit.files.contains(file) && !through {
                return None;
            }
            let own = objects(file, &takers, unit, repository);
            let titles = own.iter().map(title).collect();
            parts.extend(own);
            Some(titles)
        });
        let found: Vec<Option<Vec<String>>> = found.collect();
        let mut reached = Vec::new();
        for (unit, objects) in cluster.units.iter().zip(found) {
            let users = users(&parts, unit, repository);
            if objects.is_some() || !users.is_empty() {
                reached.push(Reached {
                    unit: unit.name.clone(),
                    objects: objects.unwrap_or_default(),
                    users,
                });
            }
        }
        let stacks = repository.terraform.stacks.iter().filter(|stack| {
            let own = is_terraform(file) && stack.folders.contains(folder_of(file));
            let mut clusters = repository.clusters_of(stack).into_iter();
            own && clusters.any(|other| std::ptr::eq(other, cluster))
        });
        let terraform: Vec<String> = stacks.map(|stack| stack.folder.to_owned()).collect();
        if !reached.is_empty() || !terraform.is_empty() {
            impacts.push(Impact {
                cluster: cluster.label().to_owned(),
                reached,
                terraform,
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

fn title((kind, namespace, name): &Name) -> String {
    if namespace.is_empty() {
        format!("{kind} {name}")
    } else {
        format!("{kind} {namespace}/{name}")
    }
}

/// Where Flux's kinds take something from another object: the list, or the one, and the kind where none is said.
const TAKES: [(&str, &[&str]); 5] = [
    ("HelmRelease", &["spec", "valuesFrom"]),
    ("HelmRelease", &["spec", "chartRef"]),
    ("HelmRelease", &["spec", "chart", "spec", "sourceRef"]),
    ("Kustomization", &["spec", "postBuild", "substituteFrom"]),
    ("Kustomization", &["spec", "sourceRef"]),
];

/// What a unit applies that takes something from one of these objects.
fn users(parts: &BTreeSet<Name>, unit: &Unit<'_>, repository: &Repository<'_>) -> Vec<String> {
    let mut titles = BTreeSet::new();
    if parts.is_empty() {
        return Vec::new();
    }
    for built in &unit.built {
        let kind = built.kind(repository.objects);
        let places = TAKES.iter().filter(|(of, _)| *of == kind);
        let Some(effective) = repository.effective(built) else {
            continue;
        };
        let home = built.home(repository.objects).unwrap_or_default();
        for (_, path) in places {
            let one = effective.at(path).filter(|one| one.get("name").is_some());
            for item in one.into_iter().chain(effective.items(path)) {
                let text = |key: &str| item.get(key).and_then(|node| node.text());
                let named = |text: &str| unit.variables.fill(text).unwrap_or_default();
                let taken = (
                    text("kind").unwrap_or_default().to_owned(),
                    named(text("namespace").unwrap_or(home)),
                    named(text("name").unwrap_or_default()),
                );
                let own = (kind.to_owned(), home.to_owned(), built.name.clone());
                if parts.contains(&taken) && !parts.contains(&own) {
                    titles.insert(title(&own));
                }
            }
        }
    }
    titles.into_iter().collect()
}

fn objects(
    file: &str,
    takers: &[&str],
    unit: &Unit<'_>,
    repository: &Repository<'_>,
) -> BTreeSet<Name> {
    let mut names = BTreeSet::new();
    // All that is built in a folder comes through its kustomization.
    let through = is_kustomization(file).then(|| folder_of(file));
    for built in &unit.built {
        let kind = built.kind(repository.objects);
        let part = match &built.origin {
            Origin::Object(id) => {
                let own = repository.objects.all[*id].file();
                own == file
                    || through.is_some_and(|folder| is_within(folder_of(own), folder))
                    || built.patches.iter().any(|patch| patch.source.name == file)
            }
            Origin::Generated(generated) => {
                let text = &generated.source.text[generated.node.span.clone()];
                let name = file.rsplit('/').next().unwrap_or(file);
                let own = generated.source.name.as_str();
                takers.contains(&own) && text.contains(name)
                    || through.is_some_and(|folder| is_within(folder_of(own), folder))
            }
        };
        if part {
            let home = built.home(repository.objects).unwrap_or_default();
            names.insert((kind.to_owned(), home.to_owned(), built.name.clone()));
        }
    }
    names
}
