//! Units: the Flux Kustomizations of a cluster and what each waits for.

use std::collections::{BTreeMap, BTreeSet};

use super::platform::{Cluster, Platform};
use super::secrets::STORE;
use crate::catalog::{Catalogue, Component, Layer, Need, Order, Part, RemovalOrder};
use crate::error::{Problem, suggest};

/// One Flux Kustomization: a component, or a part of one.
#[derive(Debug, Clone)]
pub struct Unit<'a> {
    /// Name of its file and its folder.
    pub name: String,
    /// Name of the Flux Kustomization.
    pub object: String,
    /// The component.
    pub component: &'a Component,
    /// The part, if it is one.
    pub part: Option<&'a Part>,
    /// Names of the units it waits for, each once.
    pub depends_on: Vec<String>,
}

impl Unit<'_> {
    /// Its layer.
    pub fn layer(&self) -> Layer {
        self.component.spec.layer
    }
}

/// The units of a cluster, by name.
pub fn units<'a>(
    platform: &Platform,
    cluster: &Cluster,
    catalogue: &'a Catalogue,
) -> BTreeMap<String, Unit<'a>> {
    let mut units = BTreeMap::new();
    let givers = givers(platform, cluster, catalogue);
    let here = cluster.here(platform, catalogue);
    for name in cluster.components.keys() {
        let Some(component) = catalogue.components.get(name) else {
            continue;
        };
        let answers = platform.answers_of(cluster, name);
        let edges = |needs: &[Need], own: &str, edges: &mut Vec<String>| {
            for need in needs {
                if need.when.holds(|key| cluster.lookup(&answers, key)) {
                    let giving = givers.get(need.name.value.as_str()).into_iter().flatten();
                    edges.extend(giving.filter(|g| *g != own).cloned());
                }
            }
        };
        let part_name = |part: &Part| component.part_unit(part);
        let mut own: Vec<String> = Vec::new();
        let parts = parts(platform, cluster, component);
        for part in parts.iter().filter(|p| p.order == Order::Before) {
            own.push(part_name(part));
        }
        edges(&component.spec.needs, name, &mut own);
        if platform.needs_store(cluster, component, &here) {
            own.extend(givers.get(STORE).into_iter().flatten().cloned());
        }
        own.extend(namespace_owner(cluster, catalogue, component));
        insert(&mut units, name.clone(), component, None, own);
        for part in parts {
            let unit = part_name(part);
            let mut waits = Vec::new();
            if part.order == Order::After {
                waits.push(name.clone());
            }
            edges(&part.needs, &unit, &mut waits);
            insert(&mut units, unit, component, Some(part), waits);
        }
    }
    units
}

/// The parts of a component on a cluster. While it is being removed those that must go first are gone.
fn parts<'a>(platform: &Platform, cluster: &Cluster, component: &'a Component) -> Vec<&'a Part> {
    let spec = &component.spec;
    let removing = platform.is_removing(&spec.name.value, cluster.name.as_str());
    let gone = removing && spec.removal.order == Some(RemovalOrder::PartsFirst);
    let parts = spec.parts.iter();
    parts
        .filter(|part| !gone || part.order == Order::Before)
        .collect()
}

fn insert<'a>(
    units: &mut BTreeMap<String, Unit<'a>>,
    name: String,
    component: &'a Component,
    part: Option<&'a Part>,
    depends_on: Vec<String>,
) {
    let mut seen = BTreeSet::new();
    let depends_on = depends_on
        .into_iter()
        .filter(|dependency| *dependency != name && seen.insert(dependency.clone()))
        .collect();
    let object = match part {
        Some(part) => component.part_object(part),
        None => component.object.clone(),
    };
    let unit = Unit {
        name: name.clone(),
        object,
        component,
        part,
        depends_on,
    };
    units.insert(name, unit);
}

/// The chosen units that give each ability or are each component. What the provider gives adds no order.
fn givers(
    platform: &Platform,
    cluster: &Cluster,
    catalogue: &Catalogue,
) -> BTreeMap<String, Vec<String>> {
    let mut givers: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for name in cluster.components.keys() {
        let Some(component) = catalogue.components.get(name) else {
            continue;
        };
        let answers = platform.answers_of(cluster, name);
        givers.entry(name.clone()).or_default().insert(name.clone());
        for ability in component
            .spec
            .provides
            .iter()
            .filter(|a| cluster.holds(a, &answers))
        {
            givers
                .entry(ability.name.clone())
                .or_default()
                .insert(name.clone());
        }
        for part in parts(platform, cluster, component) {
            let unit = component.part_unit(part);
            for ability in part.provides.iter().filter(|a| cluster.holds(a, &answers)) {
                givers
                    .entry(ability.name.clone())
                    .or_default()
                    .insert(unit.clone());
            }
        }
    }
    givers
        .into_iter()
        .map(|(ability, units)| (ability, units.into_iter().collect()))
        .collect()
}

/// Something that a component on a cluster needs, and that nothing there gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unmet {
    /// The component.
    pub by: String,
    /// What it needs.
    pub ability: String,
    /// Why, in words.
    pub why: Option<String>,
}

/// What is needed on a cluster and not there, in the order of the components.
pub fn unmet(platform: &Platform, cluster: &Cluster, catalogue: &Catalogue) -> Vec<Unmet> {
    let here = cluster.here(platform, catalogue);
    let mut all = Vec::new();
    for name in cluster.components.keys() {
        let Some(component) = catalogue.components.get(name) else {
            continue;
        };
        let answers = platform.answers_of(cluster, name);
        if platform.needs_store(cluster, component, &here) && !here.contains(STORE) {
            all.push(Unmet {
                by: name.clone(),
                ability: STORE.to_owned(),
                why: Some("its secrets come from a store here".to_owned()),
            });
        }
        for need in component.spec.all_needs().filter(|need| !need.optional) {
            let ability = &need.name.value;
            if need.when.holds(|key| cluster.lookup(&answers, key)) && !here.contains(ability) {
                all.push(Unmet {
                    by: name.clone(),
                    ability: ability.clone(),
                    why: need.why.clone(),
                });
            }
        }
    }
    all
}

/// Another component on this cluster that creates the namespace this one lives in.
fn namespace_owner(
    cluster: &Cluster,
    catalogue: &Catalogue,
    component: &Component,
) -> Option<String> {
    if component.spec.namespace.pod_security.is_some() {
        return None;
    }
    let name = &component.spec.namespace.name.value;
    cluster
        .components
        .keys()
        .filter_map(|other| catalogue.components.get(other))
        .find(|other| {
            other.spec.namespace.pod_security.is_some() && &other.spec.namespace.name.value == name
        })
        .map(|other| other.spec.name.value.clone())
}

/// The names of a layer's units in the order in which they can be installed, alphabetical where free.
///
/// # Errors
/// They wait for each other in a circle, or infrastructure waits for an app.
pub fn install_order(
    units: &BTreeMap<String, Unit<'_>>,
    layer: Layer,
) -> Result<Vec<String>, Problem> {
    let in_layer: BTreeMap<&String, &Unit<'_>> = units
        .iter()
        .filter(|(_, unit)| unit.layer() == layer)
        .collect();
    let mut waiting: BTreeMap<&String, BTreeSet<&String>> = BTreeMap::new();
    for (name, unit) in &in_layer {
        for dependency in &unit.depends_on {
            let Some(other) = units.get(dependency) else {
                return Err(Problem::new(format!(
                    "`{name}` waits for `{dependency}`, which is not there"
                ))
                .hint(suggest(dependency, units.keys().map(String::as_str))));
            };
            if layer == Layer::Infrastructure && other.layer() == Layer::Apps {
                return Err(Problem::new(format!(
                    "the infrastructure component `{name}` waits for the app `{dependency}`"
                ))
                .hint(
                    "infrastructure comes first: make the one an app, or the other infrastructure",
                ));
            }
        }
        let inside = unit
            .depends_on
            .iter()
            .filter(|d| in_layer.contains_key(d))
            .collect();
        waiting.insert(name, inside);
    }
    let mut order = Vec::new();
    while !waiting.is_empty() {
        let Some(next) = waiting
            .iter()
            .find(|(_, d)| d.is_empty())
            .map(|(name, _)| *name)
        else {
            let names: Vec<&str> = waiting.keys().map(|n| n.as_str()).collect();
            return Err(
                Problem::new(format!("these wait for each other: {}", names.join(", ")))
                    .hint("one of them must not need the next"),
            );
        };
        waiting.remove(next);
        for dependencies in waiting.values_mut() {
            dependencies.remove(next);
        }
        order.push(next.clone());
    }
    Ok(order)
}
