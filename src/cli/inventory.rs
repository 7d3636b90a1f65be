//! `landform list` in a repository that landform has no record of: what the Flux of each cluster applies.

use std::fmt::Write as _;
use std::path::Path;

use schemars::JsonSchema;
use serde::Serialize;

use super::check::root;
use super::graph::clusters;
use super::list::{Listed, tell_problems};
use super::opened::{Only, ProblemReport, no_platform};
use crate::error::{Place, Problem, Result};
use crate::index::{
    Built, Cluster, Folder, Index, Lookup, Object, Objects, Repository, SourceName, Unit,
    chart_source, group,
};
use crate::ui::{Printer, Table, printable, style, width};

/// What the Flux of each cluster of a repository applies.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Inventory {
    /// Version of this form: 1.
    format: u32,
    /// Folder of the repository.
    root: String,
    /// Its clusters.
    clusters: Vec<ClusterInventory>,
    /// Files that Flux reads and that could not be read.
    problems: Vec<ProblemReport>,
}

/// What the Flux of a cluster applies.
#[derive(Debug, Serialize, JsonSchema)]
struct ClusterInventory {
    /// The folder where its Flux begins.
    name: String,
    /// Its Flux Kustomizations; what begins is first.
    kustomizations: Vec<KustomizationEntry>,
    /// Its Helm releases.
    releases: Vec<ReleaseEntry>,
    /// Why there may be more than is listed.
    open: Vec<String>,
}

/// A Flux Kustomization.
#[derive(Debug, Serialize, JsonSchema)]
struct KustomizationEntry {
    #[serde(flatten)]
    common: Common,
    /// The folder it applies, as written.
    path: Option<String>,
    /// Whether it applies to another cluster than the one it is on.
    remote: bool,
}

/// A `HelmRelease`.
#[derive(Debug, Serialize, JsonSchema)]
struct ReleaseEntry {
    #[serde(flatten)]
    common: Common,
    /// The Flux Kustomization that applies it; blank for what the cluster begins with.
    by: String,
    /// Its chart, where it is named beside the source.
    chart: Option<String>,
    /// The version of that, where it is said.
    version: Option<String>,
}

/// What both kinds say.
#[derive(Debug, Serialize, JsonSchema)]
struct Common {
    /// Its name.
    name: String,
    /// Its namespace; blank if nothing says it.
    namespace: String,
    /// Its source, as `Kind/namespace/name`.
    source: Option<String>,
    /// Whether Flux is told to leave it alone.
    suspended: bool,
    /// Its file; none for what Flux makes itself.
    file: Option<String>,
    /// Its line there.
    line: Option<usize>,
}

pub(super) fn run(dir: &Path, only: &Only, json: bool, printer: &Printer) -> Result<u8> {
    let root = root(dir)?;
    let index = Index::whole(&root)?;
    let objects = Objects::of(&index);
    let repository = Repository::of(&index, &objects);
    if repository.clusters.is_empty() {
        return Err(no_platform(dir));
    }
    let mut meant = Vec::new();
    for name in only.names() {
        meant.extend(clusters(Some(name), &repository)?);
    }
    if only.names().is_empty() {
        meant.extend(&repository.clusters);
    }
    // What no Flux reads is the business of `landform check`.
    let problems: Vec<Problem> = index
        .problems
        .iter()
        .filter(|problem| match &problem.at {
            Some(Place::Span(source, _)) => meant
                .iter()
                .any(|cluster| cluster.files.contains(source.name.as_str())),
            _ => true,
        })
        .cloned()
        .collect();
    let inventory = Inventory {
        format: 1,
        root: root.display().to_string(),
        clusters: meant
            .into_iter()
            .map(|cluster| listed(cluster, &repository))
            .collect(),
        problems: problems.iter().map(Into::into).collect(),
    };
    let code = u8::from(!problems.is_empty());
    if json {
        printer.json(&Listed::Repository(inventory))?;
    } else {
        printer.raw(&text(&inventory));
        tell_problems(&problems, printer);
    }
    Ok(code)
}

fn listed(cluster: &Cluster<'_>, repository: &Repository<'_>) -> ClusterInventory {
    let named = cluster.units.iter().filter(|unit| !unit.name.is_empty());
    let mut releases = Vec::new();
    for unit in &cluster.units {
        for built in &unit.built {
            let object = repository.object(built);
            if let Some(object) = object.filter(|object| object.is(group::HELM, "HelmRelease")) {
                releases.extend(release(built, object, unit, cluster, repository));
            }
        }
    }
    ClusterInventory {
        name: cluster.label().to_owned(),
        kustomizations: named.map(|unit| kustomization(unit, repository)).collect(),
        releases,
        open: cluster.open.iter().cloned().collect(),
    }
}

fn kustomization(unit: &Unit<'_>, repository: &Repository<'_>) -> KustomizationEntry {
    let object = unit.object.map(|id| &repository.objects.all[id]);
    let path = match (&unit.effective, &unit.folder) {
        (Some(effective), _) => effective.text(&["spec", "path"]),
        // What Flux makes itself.
        (None, Folder::Here(folder)) => Some(folder.as_str()),
        (None, _) => None,
    };
    KustomizationEntry {
        common: Common {
            name: unit.name.clone(),
            namespace: unit.namespace.clone(),
            source: unit.source.as_ref().map(written),
            suspended: unit.is_suspended(),
            file: object.map(|object| object.file().to_owned()),
            line: object.map(|object| line(object, repository)),
        },
        path: path.map(str::to_owned),
        remote: unit.is_remote(),
    }
}

fn release<'a>(
    built: &Built<'a>,
    object: &Object<'a>,
    unit: &Unit<'a>,
    cluster: &Cluster<'a>,
    repository: &Repository<'a>,
) -> Option<ReleaseEntry> {
    let effective = repository.effective(built)?;
    let namespace = built.namespace.clone().unwrap_or_default();
    let filled = |unit: &Unit<'a>, text: &str| {
        let filled = unit.variables.fill(text);
        filled.unwrap_or_else(|| text.to_owned())
    };
    let source = chart_source(&effective, &namespace).map(|source| SourceName {
        name: filled(unit, &source.name),
        ..source
    });
    // A chart by reference has the version of its source.
    let referred = source
        .as_ref()
        .filter(|_| effective.at(&["spec", "chartRef"]).is_some())
        .and_then(|source| {
            let home = Some(source.namespace.as_str()).filter(|home| !home.is_empty());
            let found = cluster.find(&source.kind, home, &source.name, repository.objects);
            let Lookup::Found(by, built) = found else {
                return None;
            };
            let version = repository.effective(built)?.version(&source.kind)?;
            Some(filled(&cluster.units[by], version))
        });
    let own = effective.version("HelmRelease");
    Some(ReleaseEntry {
        by: unit.name.clone(),
        chart: effective
            .text(&["spec", "chart", "spec", "chart"])
            .map(|chart| filled(unit, chart)),
        version: referred.or_else(|| own.map(|own| filled(unit, own))),
        common: Common {
            name: built.name.clone(),
            source: source.as_ref().map(written),
            suspended: effective.text(&["spec", "suspend"]) == Some("true"),
            file: Some(object.file().to_owned()),
            line: Some(line(object, repository)),
            namespace,
        },
    })
}

fn written(source: &SourceName) -> String {
    let home = if source.namespace.is_empty() {
        String::new()
    } else {
        format!("{}/", source.namespace)
    };
    format!("{}/{home}{}", source.kind, source.name)
}

fn line(object: &Object<'_>, repository: &Repository<'_>) -> usize {
    repository
        .index
        .line(object.file(), object.name_node().span.start)
}

fn text(inventory: &Inventory) -> String {
    let bold = style::HEADING;
    let mut text = format!(
        "{bold}{}{bold:#}, of which landform has no record: what Flux applies\n\n",
        inventory.root
    );
    let header = ["object", "version", "from", "state"];
    let mut table = Table::new(header.map(str::to_owned).to_vec());
    for cluster in &inventory.clusters {
        table.heading(&cluster.name);
        for entry in &cluster.kustomizations {
            let path = entry.path.as_deref().unwrap_or("its whole source");
            let from = [Some(path), entry.common.source.as_deref()];
            let more = entry.remote.then(|| "to another cluster".to_owned());
            table.row(&entry.common.row("Kustomization", "", &from, more));
        }
        for entry in &cluster.releases {
            let version = entry.version.as_deref().unwrap_or_default();
            let from = [entry.chart.as_deref(), entry.common.source.as_deref()];
            let by = (!entry.by.is_empty()).then(|| format!("by {}", entry.by));
            table.row(&entry.common.row("HelmRelease", version, &from, by));
        }
    }
    text += &table.draw(width());
    if inventory
        .clusters
        .iter()
        .any(|cluster| !cluster.open.is_empty())
    {
        let _ = writeln!(text, "\n{bold}There may be more than files tell{bold:#}");
    }
    for cluster in &inventory.clusters {
        for reason in &cluster.open {
            let line = format!("{}: {reason}", cluster.name);
            let _ = writeln!(text, "  {}", printable(&line));
        }
    }
    text
}

impl Common {
    fn row(
        &self,
        kind: &str,
        version: &str,
        from: &[Option<&str>],
        more: Option<String>,
    ) -> [String; 4] {
        let home = if self.namespace.is_empty() {
            String::new()
        } else {
            format!("{}/", self.namespace)
        };
        let from: Vec<&str> = from.iter().copied().flatten().collect();
        let own = format!("/{home}");
        let suspended = self.suspended.then(|| "suspended".to_owned());
        let state: Vec<String> = suspended.into_iter().chain(more).collect();
        [
            format!("{kind} {home}{}", self.name),
            version.to_owned(),
            from.join(" of ").replacen(&own, "/", 1),
            state.join(", "),
        ]
    }
}
