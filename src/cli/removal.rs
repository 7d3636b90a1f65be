//! What the removal of a component means: who needs it, what goes, what stays, and in which order.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::opened::Opened;
use super::renaming::take_back;
use crate::catalog::{Component, CrdOrigin, CrdRemoval, Layer, Order, RemovalOrder};
use crate::error::{Error, Place, Problem, Problems, Result};
use crate::model::unmet;

/// Refuses a removal while something that stays needs what goes, naming the file and the line.
///
/// # Errors
/// Everything that needs it.
pub(super) fn refuse_needed(
    opened: &Opened,
    from: &BTreeMap<String, BTreeSet<String>>,
) -> Result<()> {
    let mut problems = Problems::default();
    let after = opened.platform.without(from);
    for name in from.keys() {
        let mut always = opened.catalogue.common.always.iter();
        if always.any(|always| always.value == opened.catalogue.components[name].object) {
            problems.push(
                Problem::new(format!(
                    "{name} belongs to every cluster: Flux itself depends on it"
                ))
                .hint("to give up a cluster: landform remove cluster NAME"),
            );
        }
    }
    for (cluster_name, cluster) in &after.clusters {
        let before = unmet(
            &opened.platform,
            &opened.platform.clusters[cluster_name],
            &opened.catalogue,
        );
        for unmet in unmet(&after, cluster, &opened.catalogue) {
            if before.contains(&unmet) {
                continue;
            }
            let why = unmet.why.map(|why| format!(": {why}")).unwrap_or_default();
            let message = format!(
                "{} on {cluster_name} needs {}{why}",
                unmet.by, unmet.ability
            );
            let problem =
                Problem::new(message).hint(format!("remove {} first, or both at once", unmet.by));
            problems.push(at_edge(opened, cluster_name, &unmet.by, from, problem));
        }
        for name in from
            .keys()
            .filter(|name| from[*name].contains(cluster_name))
        {
            let spec = &opened.catalogue.components[name].spec;
            if spec.namespace.pod_security.is_none() {
                continue;
            }
            for other in cluster.components.keys() {
                let theirs = &opened.catalogue.components[other].spec.namespace;
                if theirs.name.value == spec.namespace.name.value && theirs.pod_security.is_none() {
                    let message = format!(
                        "{other} on {cluster_name} lives in the namespace {}, which {name} creates",
                        theirs.name.value
                    );
                    let problem = Problem::new(message)
                        .hint(format!("remove {other} first, or both at once"));
                    problems.push(at_edge(opened, cluster_name, other, from, problem));
                }
            }
        }
    }
    for unit in opened.foreign() {
        let goes = |object: &str| {
            let owner = opened.owner(object)?;
            from.get(owner)?.contains(&unit.cluster).then_some(owner)
        };
        for edge in &unit.depends_on {
            if let Some(owner) = goes(&edge.value) {
                let message = format!(
                    "your own Flux Kustomization {} on {} waits for {owner}",
                    unit.name.value, unit.cluster
                );
                let problem =
                    Problem::new(message).hint("take that line away first: it would wait for ever");
                problems.push(at(opened, &unit.file, edge.span.clone(), problem));
            }
        }
    }
    problems.into_result()
}

/// Refuses a removal while objects are being renamed: Flux would delete nothing.
///
/// # Errors
/// The first step of that is done.
pub(super) fn refuse_renaming(
    opened: &Opened,
    from: &BTreeMap<String, BTreeSet<String>>,
) -> Result<()> {
    let mut problems = Problems::default();
    for (name, from) in from {
        let mut on = from.iter();
        if on.any(|cluster| opened.platform.is_renaming(name, cluster)) {
            let problem = Problem::new(format!(
                "the objects of {name} are being renamed: until that is done Flux deletes nothing of it"
            ));
            problems.push(problem.hint(format!(
                "finish it: landform rename {name} NEW --objects --continue; or keep the old name: {}",
                take_back(opened, name)
            )));
        }
    }
    problems.into_result()
}

/// Says where a component waits for one of those that go.
fn at_edge(
    opened: &Opened,
    cluster: &str,
    by: &str,
    from: &BTreeMap<String, BTreeSet<String>>,
    problem: Problem,
) -> Problem {
    for unit in opened.units(cluster, by) {
        let edge = unit.depends_on.iter().find(|edge| {
            let owner = opened.owner(&edge.value);
            owner.is_some_and(|owner| from.contains_key(owner))
        });
        if let Some(edge) = edge {
            return at(opened, &unit.file, edge.span.clone(), problem);
        }
    }
    problem
}

fn at(opened: &Opened, file: &str, span: std::ops::Range<usize>, problem: Problem) -> Problem {
    match opened.index.texts.get(file) {
        Some(source) => problem.at(Place::Span(Arc::clone(source), span)),
        None => problem,
    }
}

/// Whether a component goes in two steps: it has guards that keep Flux from deleting it, or parts that must go first.
pub(super) fn takes_two_steps(opened: &Opened, name: &str, from: &BTreeSet<String>) -> bool {
    let component = &opened.catalogue.components[name];
    let on_cluster = !from.is_empty();
    on_cluster && (component.spec.layer == Layer::Infrastructure || has_parts_first(component))
}

/// Refuses what the platform's own templates cannot do: to take a guard away on one cluster and not on the others.
///
/// # Errors
/// They are older.
pub(super) fn refuse_old_templates(
    opened: &Opened,
    from: &BTreeMap<String, BTreeSet<String>>,
) -> Result<()> {
    let files = &opened.catalogue.files;
    if files.contains_key("common/overlay/unguarded.yaml.tera") {
        return Ok(());
    }
    for (name, from) in from {
        let stays = opened
            .platform
            .clusters_of(name)
            .any(|c| !from.contains(c.name.as_str()));
        if stays && opened.catalogue.components[name].spec.layer == Layer::Infrastructure {
            return Err(Error::refused(
                Problem::new(format!(
                    "the platform's templates cannot take {name} from some clusters and leave it on others"
                ))
                .hint("bring in newer ones first: landform update"),
            ));
        }
    }
    Ok(())
}

/// Whether parts of a component go before it.
pub(super) fn has_parts_first(component: &Component) -> bool {
    let mut parts = component.spec.parts.iter();
    component.spec.removal.order == Some(RemovalOrder::PartsFirst)
        && parts.any(|part| part.order == Order::After)
}

/// What the first of two steps does.
pub(super) fn first_step_notes(
    opened: &Opened,
    name: &str,
    from: &BTreeSet<String>,
) -> Vec<String> {
    let component = &opened.catalogue.components[name];
    let on = list(from);
    let mut notes = Vec::new();
    if component.spec.layer == Layer::Infrastructure {
        notes.push(format!(
            "{name}: this commit only takes away what keeps Flux from deleting it on {on}; nothing goes yet"
        ));
    }
    if has_parts_first(component) {
        let parts = component.spec.parts.iter();
        let parts: Vec<String> = parts
            .filter(|part| part.order == Order::After)
            .map(|part| component.part_object(part))
            .collect();
        notes.push(format!(
            "Flux deletes on {on} what {} applied, while {name} still runs and can let go of it",
            parts.join(", ")
        ));
    }
    notes
}

/// What goes and what stays.
pub(super) fn last_step_notes(
    opened: &Opened,
    name: &str,
    from: &BTreeSet<String>,
    now: bool,
) -> Vec<String> {
    let component = &opened.catalogue.components[name];
    let spec = &component.spec;
    let on = list(from);
    let mut notes = Vec::new();
    if from.is_empty() {
        notes.push(format!("{name} is on no cluster: only its files go"));
        return notes;
    }
    if now && spec.layer == Layer::Infrastructure {
        notes.push(format!(
            "{name}: without the first step Flux is kept from deleting it on {on}: it goes on running there, and nobody looks after it"
        ));
    } else if spec.source.value.is_chart() {
        let release = spec.release.as_ref().map_or(name, |release| &release.value);
        notes.push(format!(
            "Flux uninstalls the Helm release {release} in {} on {on}, and deletes what else it applied of {name}",
            spec.namespace.name.value
        ));
    } else {
        notes.push(format!("Flux deletes on {on} what it applied of {name}"));
    }
    if now && has_parts_first(component) {
        notes.push(format!(
            "{name}: its parts go at the same time, and objects that only it can let go of may hang in deletion"
        ));
    }
    if let Some(loses) = &spec.removal.loses {
        notes.push(format!("{name}: lost: {loses}"));
    }
    if let Some(keeps) = &spec.removal.keeps {
        notes.push(format!("{name}: stays: {keeps}"));
    } else {
        let mut stays = Vec::new();
        if spec.namespace.pod_security.is_some() {
            stays.push(format!("the namespace {}", spec.namespace.name.value));
        }
        if spec.crds.from != CrdOrigin::None && spec.crds.removal == CrdRemoval::Kept {
            stays.push("the CRDs and their objects".to_owned());
        }
        if !stays.is_empty() {
            notes.push(format!("{name}: stays: {}", stays.join(", ")));
        }
    }
    notes
}

/// Overlays of a component on clusters that it went from by hand: nothing applies them.
pub(super) fn orphans(opened: &Opened, name: &str) -> Option<String> {
    let layer = opened.catalogue.components[name].spec.layer;
    let clusters = opened.platform.clusters.values();
    let without = clusters.filter(|cluster| !cluster.components.contains_key(name));
    let folders = without.map(|cluster| format!("clusters/{}/{layer}/{name}", cluster.name));
    let left: Vec<String> = folders
        .filter(|folder| opened.index.has_folder(folder))
        .collect();
    (!left.is_empty()).then(|| {
        format!(
            "left from before, and nothing applies it: {}",
            left.join(", ")
        )
    })
}

/// Names in a sentence.
pub(super) fn list(names: impl IntoIterator<Item = impl AsRef<str>>) -> String {
    let names: Vec<String> = names
        .into_iter()
        .map(|name| name.as_ref().to_owned())
        .collect();
    names.join(", ")
}
