//! `landform pin` and `landform unpin`.

use super::edit::{Edit, WriteFlags, carry_out_plainly, clusters};
use super::opened::Opened;
use super::versions::{on_cluster, shared};
use crate::catalog::{Component, FluxUnit, Origin};
use crate::error::{Error, Problem, Result};
use crate::model::{Placed, Platform};
use crate::ui::Printer;

/// Let a cluster keep its own version of a component
///
/// The version that all clusters share then changes nothing there. Without a version it keeps the one that it has. A
/// part with a source of its own is kept too, in its own version; its name, as envoy-gateway-crds, says which is meant.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    landform pin cert-manager --on prod\n  landform pin cert-manager v1.18.2 --on prod\n  \
    landform pin envoy-gateway-crds v1.9.0 --on prod\n  landform unpin cert-manager --on prod")]
pub(super) struct PinArgs {
    /// A component of the platform, or a part of one with a source of its own
    name: String,
    /// The version; without it, the one that is there
    version: Option<String>,
    /// The clusters
    #[arg(long, value_name = "CLUSTER", value_delimiter = ',', required = true)]
    on: Vec<String>,
    #[command(flatten)]
    write: WriteFlags,
}

/// Let a cluster follow the version that all clusters share
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  landform unpin cert-manager --on prod")]
pub(super) struct UnpinArgs {
    /// A component of the platform
    name: String,
    /// The clusters
    #[arg(long, value_name = "CLUSTER", value_delimiter = ',', required = true)]
    on: Vec<String>,
    #[command(flatten)]
    write: WriteFlags,
}

pub(super) fn pin(args: &PinArgs, printer: &Printer) -> Result<u8> {
    let opened = Opened::to_change(&args.write)?;
    let unit = unit(&opened, &args.name)?;
    let component = &unit.component.spec.name.value;
    let on = places(&opened, component, &args.on)?;
    let mut title = format!("Pin {} on {}", unit.name, on.join(", "));
    let mut edit = Edit::new("pin", &opened, String::new());
    for cluster in &on {
        let versions = on_cluster(&opened, component, cluster);
        let now = versions.iter().find(|(name, _)| name == &unit.name);
        let Some((_, now)) = now else {
            return Err(no_version(&unit, cluster));
        };
        let version = args.version.as_ref().unwrap_or(now);
        if args.version.is_some() {
            plain(version, now, unit.source().is_some_and(Origin::is_chart))?;
        }
        if version != now {
            edit.notes.push(format!(
                "{} on {cluster} goes from {now} to {version}",
                unit.name
            ));
            title = format!("Pin {} on {} to {version}", unit.name, on.join(", "));
        }
        if let Some(others) = others(&unit, &versions) {
            edit.notes.push(format!(
                "kept on {cluster} too, each with a version of its own: {others}; another one by landform pin NAME VERSION --on {cluster}"
            ));
        }
        if let Some(placed) = placed(&mut edit.platform, cluster, component) {
            placed.pinned = true;
            placed.pins = versions.iter().cloned().collect();
            placed.pins.insert(unit.name.clone(), version.clone());
        }
        if let Some(version) = &args.version {
            let layer = unit.component.spec.layer;
            let file = format!("clusters/{cluster}/{layer}/{}/version.yaml", unit.name);
            edit.versions.insert(file, version.clone());
        }
    }
    edit.title = title;
    carry_out_plainly(&mut edit, &args.write, printer)
}

pub(super) fn unpin(args: &UnpinArgs, printer: &Printer) -> Result<u8> {
    let opened = Opened::to_change(&args.write)?;
    let unit = unit(&opened, &args.name)?;
    let name = &unit.component.spec.name.value;
    let on = places(&opened, name, &args.on)?;
    if unit.part.is_some() {
        let problem = Problem::new(format!("{} is pinned together with {name}", unit.name));
        return Err(Error::refused(
            problem.hint(format!("landform unpin {name} --on {}", on.join(","))),
        ));
    }
    let title = format!("Unpin {name} on {}", on.join(", "));
    let mut edit = Edit::new("unpin", &opened, title);
    let shared = shared(&opened, name);
    for cluster in &on {
        for (unit, now) in on_cluster(&opened, name, cluster) {
            let common = shared.iter().find(|(shared, _)| *shared == unit);
            if let Some((_, common)) = common.filter(|(_, common)| *common != now) {
                edit.notes.push(format!(
                    "{unit} on {cluster} goes from {now} to {common}, as the other clusters have it"
                ));
            }
        }
        if let Some(placed) = placed(&mut edit.platform, cluster, name) {
            placed.pinned = false;
            placed.pins.clear();
        }
        edit.unpinned.insert((name.clone(), cluster.clone()));
    }
    carry_out_plainly(&mut edit, &args.write, printer)
}

/// What a name means: a component, or a part of one by the name of its Flux Kustomization.
fn unit<'o>(opened: &'o Opened, name: &str) -> Result<FluxUnit<'o>> {
    let known = opened.platform.components.keys();
    let components = known.map(|known| &opened.catalogue.components[known]);
    let units = || components.clone().flat_map(Component::flux_units);
    units()
        .find(|unit| unit.name == name)
        .or_else(|| units().find(|unit| unit.part.is_some() && unit.object == name))
        .ok_or_else(|| opened.unknown(name))
}

/// The refusal to pin what has no version.
fn no_version(unit: &FluxUnit<'_>, cluster: &str) -> Error {
    let problem = Problem::new(format!("{} has no version to pin on {cluster}", unit.name));
    let hint = match unit.part {
        Some(_) => format!("it comes with {}: pin that", unit.component.spec.name.value),
        None => "only charts and manifests from elsewhere have one".to_owned(),
    };
    Error::refused(problem.hint(hint))
}

/// The versions that stay where one of a component's is named.
fn others(unit: &FluxUnit<'_>, versions: &[(String, String)]) -> Option<String> {
    let others = versions.iter().filter(|(name, _)| name != &unit.name);
    let others = others.map(|(name, version)| format!("{name} at {version}"));
    let others: Vec<String> = others.collect();
    (!others.is_empty()).then(|| others.join(", "))
}

/// The clusters named, each of which has the component.
fn places(opened: &Opened, name: &str, on: &[String]) -> Result<Vec<String>> {
    let on: Vec<String> = clusters(opened, on)?.into_iter().collect();
    for cluster in &on {
        if !opened.platform.clusters[cluster]
            .components
            .contains_key(name)
        {
            return Err(Error::refused(
                Problem::new(format!("{name} is not on {cluster}"))
                    .hint(format!("landform add {name} --on {cluster}")),
            ));
        }
    }
    Ok(on)
}

fn placed<'p>(platform: &'p mut Platform, cluster: &str, name: &str) -> Option<&'p mut Placed> {
    let cluster = platform.clusters.get_mut(cluster)?;
    cluster.components.get_mut(name)
}

/// Refuses what can be no version: a tag of OCI or Git, or a version of a chart.
fn plain(version: &str, now: &str, chart: bool) -> Result<()> {
    let fine = |c: char| c.is_ascii_alphanumeric() || "._+-".contains(c);
    if !version.is_empty() && version.len() <= 128 && version.chars().all(fine) {
        let number = version.strip_prefix('v').unwrap_or(version);
        let exact = semver::Version::parse(number).is_ok();
        let alike = version.starts_with('v') == now.starts_with('v');
        if !chart || exact && alike {
            return Ok(());
        }
        if exact {
            let message = format!("`{version}` is not written as this chart writes its versions");
            let hint = format!("it is {now} now: with or without `v`, as there");
            return Err(Error::refused(Problem::new(message).hint(hint)));
        }
    }
    Err(Error::refused(
        Problem::new(format!("`{version}` is no exact version"))
            .hint("all three numbers, as 1.18.2"),
    ))
}
