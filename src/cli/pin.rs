//! `landform pin` and `landform unpin`.

use super::edit::{Edit, WriteFlags, carry_out_plainly, clusters};
use super::opened::Opened;
use crate::error::{Error, Problem, Result};
use crate::model::{Placed, Platform};
use crate::ui::Printer;

/// Let a cluster keep its own version of a component
///
/// The version that all clusters share then changes nothing there. Without a version it keeps the one that it has.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    landform pin cert-manager --on prod\n  landform pin cert-manager v1.18.2 --on prod\n  landform unpin cert-manager --on prod")]
pub(super) struct PinArgs {
    /// A component of the platform
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
    let on = places(&opened, &args.name, &args.on)?;
    let mut title = format!("Pin {} on {}", args.name, on.join(", "));
    let mut edit = Edit::new("pin", &opened, String::new());
    for cluster in &on {
        let versions = versions(&opened, &args.name, cluster);
        let Some((_, now)) = versions.first() else {
            return Err(Error::refused(
                Problem::new(format!("{} has no version to pin on {cluster}", args.name))
                    .hint("only charts and manifests from elsewhere have one"),
            ));
        };
        let version = args.version.as_ref().unwrap_or(now);
        if let Some(version) = &args.version {
            let source = &opened.catalogue.components[&args.name].spec.source;
            plain(version, now, source.value.is_chart())?;
        }
        if version != now {
            edit.notes.push(format!(
                "{} on {cluster} goes from {now} to {version}",
                args.name
            ));
            title = format!("Pin {} on {} to {version}", args.name, on.join(", "));
        }
        if let Some(placed) = placed(&mut edit.platform, cluster, &args.name) {
            placed.pinned = true;
            placed.pins = versions.iter().cloned().collect();
            placed.pins.insert(args.name.clone(), version.clone());
        }
        if let Some(version) = &args.version {
            edit.versions
                .push((args.name.clone(), cluster.clone(), version.clone()));
        }
    }
    edit.title = title;
    carry_out_plainly(&mut edit, &args.write, printer)
}

pub(super) fn unpin(args: &UnpinArgs, printer: &Printer) -> Result<u8> {
    let opened = Opened::to_change(&args.write)?;
    let on = places(&opened, &args.name, &args.on)?;
    let title = format!("Unpin {} on {}", args.name, on.join(", "));
    let mut edit = Edit::new("unpin", &opened, title);
    for cluster in &on {
        let component = &opened.catalogue.components[&args.name];
        let shared = format!("{}/{}", component.spec.layer, args.name);
        let shared = opened.index.versions(&shared);
        let shared = shared
            .iter()
            .find(|version| version.name == component.object);
        let now = versions(&opened, &args.name, cluster);
        if let (Some((_, now)), Some(shared)) = (now.first(), shared)
            && now != &shared.value.value
        {
            edit.notes.push(format!(
                "{} on {cluster} goes from {now} to {}, as the other clusters have it",
                args.name, shared.value.value
            ));
        }
        if let Some(placed) = placed(&mut edit.platform, cluster, &args.name) {
            placed.pinned = false;
            placed.pins.clear();
        }
        edit.unpinned.insert((args.name.clone(), cluster.clone()));
    }
    carry_out_plainly(&mut edit, &args.write, printer)
}

/// The clusters named, each of which has the component.
fn places(opened: &Opened, name: &str, on: &[String]) -> Result<Vec<String>> {
    if !opened.platform.components.contains_key(name) {
        return Err(opened.unknown(name));
    }
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

/// The versions that a component and its parts have on a cluster, by the name of the unit; its own first.
pub(super) fn versions(opened: &Opened, name: &str, cluster: &str) -> Vec<(String, String)> {
    let component = &opened.catalogue.components[name];
    let parts = component
        .spec
        .parts
        .iter()
        .filter(|part| part.source.is_some());
    let parts = parts.map(|part| (component.part_unit(part), component.part_object(part)));
    let own = component.spec.source.value.version();
    let own = own.map(|_| (name.to_owned(), component.object.clone()));
    let units = own.into_iter().chain(parts);
    let versions = units.filter_map(|(unit, object)| {
        let flux = opened.index.kustomization(cluster, &object)?;
        Some((unit, opened.version(flux)?.value.value))
    });
    versions.collect()
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
