//! `landform list`.

use std::fmt::Write as _;

use schemars::JsonSchema;
use serde::Serialize;

use super::inventory::{self, Inventory};
use super::opened::{Folder, Only, Opened, ProblemReport};
use crate::catalog::Layer;
use crate::error::{Error, Kind, Problem, Result};
use crate::merge::Standing;
use crate::ui::{Printer, Table, printable, render_error, style, width};

/// List what is on which cluster, in which version, and edited or not
///
/// The tree says what is where: a component is on a cluster if its Flux Kustomization is there, and it is pinned if
/// the cluster keeps its own version. A file counts as edited if it is not as landform writes it; a version that
/// moved on is no edit. What landform did not write is listed below, and never touched.
///
/// In a repository that landform did not make, it lists what the Flux of each cluster applies, as far as files say it:
/// Flux Kustomizations and Helm releases. A cluster is there the folder in which its Flux begins, or its last part.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    landform list\n  landform list -C ~/acme-platform --on prod,staging\n  landform list --json | jq '.components[].name'\n\n\
    Exit code 1 if a file that Flux reads could not be read: the list may lack something then.")]
pub(super) struct Args {
    #[command(flatten)]
    only: Only,
    #[command(flatten)]
    folder: Folder,
    /// Print as JSON; see `landform schema list`
    #[arg(long)]
    json: bool,
}

/// The output of `landform list --json`: with `platform` where landform has a record, else with `root` alone.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(untagged)]
pub(super) enum Listed {
    /// With a record.
    Platform(Listing),
    /// Without one.
    Repository(Inventory),
}

/// What is on a platform.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Listing {
    /// Version of this form: 1.
    format: u32,
    /// The platform's name.
    platform: String,
    /// Its folder.
    root: String,
    /// Its clusters.
    clusters: Vec<ClusterEntry>,
    /// Its components, infrastructure first.
    components: Vec<ComponentEntry>,
    /// Flux Kustomizations that landform did not write and never touches.
    foreign: Vec<ForeignEntry>,
    /// Files that could not be read.
    problems: Vec<ProblemReport>,
}

/// A cluster.
#[derive(Debug, Serialize, JsonSchema)]
struct ClusterEntry {
    /// Its name.
    name: String,
    /// Its provider.
    provider: String,
}

/// A component.
#[derive(Debug, Serialize, JsonSchema)]
struct ComponentEntry {
    /// Its name.
    name: String,
    /// `infrastructure` or `apps`.
    layer: String,
    /// The clusters it is on.
    clusters: Vec<PlacedEntry>,
    /// How many files landform keeps for it.
    files: usize,
    /// Those that somebody has edited.
    edited: Vec<String>,
    /// Those that are not there.
    missing: Vec<String>,
}

/// A component on a cluster.
#[derive(Debug, Serialize, JsonSchema)]
struct PlacedEntry {
    /// The cluster.
    cluster: String,
    /// The version that runs there, where it has one.
    version: Option<String>,
    /// Whether the cluster keeps its own version.
    pinned: bool,
    /// Whether Flux is told to leave it alone.
    suspended: bool,
    /// Whether it is about to go: the first step of its removal is done.
    removing: bool,
    /// Whether its objects are about to get another name: the first step of that is done, and Flux deletes nothing of
    /// it.
    renaming: bool,
    /// Whether Flux reads it. It does not if no list of the cluster names its file.
    listed: bool,
}

/// A Flux Kustomization that landform did not write.
#[derive(Debug, Serialize, JsonSchema)]
struct ForeignEntry {
    /// Its name.
    name: String,
    /// The cluster in whose folder it lies.
    cluster: String,
    /// Its file.
    file: String,
    /// Its line there.
    line: usize,
    /// The folder it applies, as written.
    path: Option<String>,
    /// Whether Flux is told to leave it alone.
    suspended: bool,
}

pub(super) fn run(args: &Args, printer: &Printer) -> Result<u8> {
    if let Some(dir) = args.folder.unrecorded()? {
        return inventory::run(dir, &args.only, args.json, printer);
    }
    let opened = Opened::open_on(&args.folder, &args.only)?;
    let listing = listing(&opened);
    let code = u8::from(!listing.problems.is_empty());
    if args.json {
        printer.json(&Listed::Platform(listing))?;
    } else {
        printer.raw(&text(&listing));
        tell_problems(&opened.index.problems, printer);
    }
    Ok(code)
}

/// Tells what could not be read.
pub(super) fn tell_problems(problems: &[Problem], printer: &Printer) {
    if problems.is_empty() {
        return;
    }
    printer.error(&render_error(&Error {
        kind: Kind::Findings,
        problems: problems.to_vec(),
    }));
}

fn listing(opened: &Opened) -> Listing {
    let platform = &opened.platform;
    let clusters = platform
        .clusters
        .iter()
        .map(|(name, cluster)| ClusterEntry {
            name: name.clone(),
            provider: cluster.provider.clone(),
        });
    let foreign = opened.foreign().map(|unit| ForeignEntry {
        name: unit.name.value.clone(),
        cluster: unit.cluster.clone(),
        file: unit.file.clone(),
        line: opened.index.line(&unit.file, unit.span.start),
        path: unit.path.as_ref().map(|path| path.value.clone()),
        suspended: unit.suspended,
    });
    Listing {
        format: 1,
        platform: platform.name.to_string(),
        root: opened.root.display().to_string(),
        clusters: clusters.collect(),
        components: components(opened),
        foreign: foreign.collect(),
        problems: opened.problems(),
    }
}

fn components(opened: &Opened) -> Vec<ComponentEntry> {
    let mut entries = Vec::new();
    for layer in Layer::ALL {
        for name in opened.platform.components.keys() {
            if opened.catalogue.components[name].spec.layer != layer || !opened.is_here(name) {
                continue;
            }
            let with = |standing: Standing| -> Vec<String> {
                opened
                    .files(name)
                    .filter(|file| file.standing == standing)
                    .map(|file| file.path.clone())
                    .collect()
            };
            let entry = ComponentEntry {
                name: name.clone(),
                layer: layer.to_string(),
                clusters: placed(opened, name),
                files: opened.files(name).count(),
                edited: with(Standing::Edited),
                missing: with(Standing::Missing),
            };
            entries.push(entry);
        }
    }
    entries
}

fn placed(opened: &Opened, component: &str) -> Vec<PlacedEntry> {
    let mut entries = Vec::new();
    for (name, cluster) in &opened.platform.clusters {
        let Some(placed) = cluster.components.get(component) else {
            continue;
        };
        let unit = opened.unit(name, component);
        entries.push(PlacedEntry {
            cluster: name.clone(),
            version: unit
                .and_then(|unit| opened.version(unit))
                .map(|v| v.value.value),
            pinned: placed.pinned,
            suspended: unit.is_some_and(|unit| unit.suspended),
            removing: opened.platform.is_removing(component, name),
            renaming: opened.platform.is_renaming(component, name),
            listed: unit.is_none_or(|unit| opened.is_listed(unit)),
        });
    }
    entries
}

fn text(listing: &Listing) -> String {
    let bold = style::HEADING;
    let mut text = format!("{bold}{}{bold:#} in {}\n\n", listing.platform, listing.root);
    let mut header = vec!["component".to_owned()];
    header.extend(
        listing
            .clusters
            .iter()
            .map(|cluster| format!("{} ({})", cluster.name, cluster.provider)),
    );
    header.push("files".to_owned());
    let mut table = Table::new(header);
    let mut layer = "";
    for component in &listing.components {
        if component.layer != layer {
            layer = &component.layer;
            table.heading(layer);
        }
        let mut cells = vec![component.name.clone()];
        for cluster in &listing.clusters {
            let entry = component
                .clusters
                .iter()
                .find(|entry| entry.cluster == cluster.name);
            cells.push(entry.map_or_else(|| "-".to_owned(), cell));
        }
        cells.push(state(component.edited.len(), component.missing.len()));
        table.row(&cells);
    }
    text += &table.draw(width());
    if !listing.foreign.is_empty() {
        let _ = writeln!(text, "\n{bold}Not landform's{bold:#} (never touched)");
        for entry in &listing.foreign {
            let path = entry.path.as_deref().unwrap_or("its whole source");
            let suspended = if entry.suspended { ", suspended" } else { "" };
            let line = format!(
                "{} on {}: {path}, by {}:{}{suspended}",
                entry.name, entry.cluster, entry.file, entry.line
            );
            let _ = writeln!(text, "  {}", printable(&line));
        }
    }
    text
}

fn cell(entry: &PlacedEntry) -> String {
    let mut cell = entry.version.clone().unwrap_or_else(|| "yes".to_owned());
    if entry.pinned {
        cell += " pinned";
    }
    if entry.suspended {
        cell += " suspended";
    }
    if entry.removing {
        cell += " removing";
    }
    if entry.renaming {
        cell += " renaming";
    }
    if !entry.listed {
        cell += " not listed";
    }
    cell
}

/// What became of files, in words.
pub(super) fn state(edited: usize, missing: usize) -> String {
    let counts = [(edited, "edited"), (missing, "missing")];
    let words: Vec<String> = counts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{count} {word}"))
        .collect();
    if words.is_empty() {
        "as written".to_owned()
    } else {
        words.join(", ")
    }
}
