//! The versions of a component's Flux Kustomizations, as they are in the tree.

use super::opened::Opened;
use crate::catalog::{Component, FluxUnit};

/// The versions that a component and its parts have on a cluster, by the name of the unit; its own first.
pub(super) fn on_cluster(opened: &Opened, name: &str, cluster: &str) -> Vec<(String, String)> {
    find(opened, name, |unit| {
        let flux = opened.index.kustomization(cluster, &unit.object)?;
        Some(opened.version(flux)?.value.value)
    })
}

/// The versions that all clusters share, of a component and its parts, by the name of the unit; its own first.
pub(super) fn shared(opened: &Opened, name: &str) -> Vec<(String, String)> {
    let Some(component) = opened.catalogue.components.get(name) else {
        return Vec::new();
    };
    let folder = format!("{}/{name}", component.spec.layer);
    find(opened, name, |unit| {
        let folder = match unit.part {
            Some(part) => format!("{folder}/{}", part.name.value),
            None => folder.clone(),
        };
        let mut versions = opened.index.versions(&folder).into_iter();
        let version = versions.find(|version| version.name == unit.object)?;
        Some(version.value.value)
    })
}

fn find(
    opened: &Opened,
    name: &str,
    version: impl Fn(&FluxUnit<'_>) -> Option<String>,
) -> Vec<(String, String)> {
    let component = opened.catalogue.components.get(name);
    let units = component.into_iter().flat_map(Component::flux_units);
    let sourced = units.filter(|unit| unit.source().is_some_and(|s| s.version().is_some()));
    let found = sourced.filter_map(|unit| {
        let version = version(&unit)?;
        Some((unit.name, version))
    });
    found.collect()
}
