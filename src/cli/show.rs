//! `landform show`.

use std::collections::BTreeMap;

use serde_json::Value;

use super::here::Here;
use super::list::tell_problems;
use super::next::secret_commands;
use super::opened::{Folder, Only, Opened, own_files};
use super::shown::{
    AnswerEntry, Comes, FileEntry, NeedEntry, OnCluster, Overlay, PartEntry, SecretEntry, Shown,
    VersionEntry, text,
};
use crate::catalog::{Component, Need, Question, RemovalOrder, Secret};
use crate::error::{Error, Problem, Result};
use crate::index::FluxKustomization;
use crate::merge::Standing;
use crate::model::{Answer, Cluster, SecretsFrom};
use crate::ui::Printer;

/// Show everything about one thing that is here: what it is, where, and in which version
///
/// NAME is a component, one of its parts, or a Flux Kustomization that landform did not write. What waits for what
/// is read from the tree. Whether a Secret is in the cluster already cannot be seen from here.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    landform show cert-manager\n  landform show cert-manager --json | jq '.clusters[].version.version'\n\n\
    What can be added is shown by: landform catalog show NAME\n\
    Exit code 1 if a file that Flux reads could not be read.")]
pub(super) struct Args {
    /// Name of a component, of a part, or of a Flux Kustomization
    name: String,
    #[command(flatten)]
    only: Only,
    #[command(flatten)]
    folder: Folder,
    /// Print as JSON; see `landform schema show`
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args, printer: &Printer) -> Result<u8> {
    let opened = Opened::open_on(&args.folder, &args.only)?;
    let shown = shown(&opened, &args.name);
    let mut shown = match (args.only.named(), shown) {
        (Some(on), shown)
            if shown
                .as_ref()
                .map_or(true, |shown| shown.clusters.is_empty()) =>
        {
            let name = &args.name;
            let problem = Problem::new(format!("{name} is not on {on}"));
            return Err(Error::refused(
                problem.hint(format!("where it is: landform show {name}")),
            ));
        }
        (_, shown) => shown?,
    };
    shown.problems = opened.problems();
    if args.json {
        printer.json(&shown)?;
    } else {
        printer.product(&text(&shown));
        tell_problems(&opened.index.problems, printer);
    }
    Ok(u8::from(!shown.problems.is_empty()))
}

fn shown(opened: &Opened, name: &str) -> Result<Shown> {
    if let Some(component) = opened.named(name) {
        return Ok(of_component(opened, component));
    }
    let units: Vec<&FluxKustomization> = opened
        .foreign()
        .filter(|unit| unit.name.value == name)
        .collect();
    if units.is_empty() {
        return Err(opened.unknown(name));
    }
    let clusters = units.iter().map(|unit| OnCluster {
        waits_for: names(unit),
        needed_by: needed_by(opened, &unit.cluster, &[unit.name.value.as_str()]),
        ..on_cluster(opened, unit)
    });
    Ok(Shown {
        format: 1,
        name: name.to_owned(),
        foreign: true,
        clusters: clusters.collect(),
        ..Shown::default()
    })
}

/// What any Flux Kustomization says of itself.
fn on_cluster(opened: &Opened, unit: &FluxKustomization) -> OnCluster {
    let version = opened.version(unit).map(|version| VersionEntry {
        line: opened.index.line(&version.file, version.value.span.start),
        file: version.file,
        version: version.value.value,
    });
    OnCluster {
        cluster: unit.cluster.clone(),
        version,
        suspended: unit.suspended,
        file: unit.file.clone(),
        line: opened.index.line(&unit.file, unit.span.start),
        path: unit.path.as_ref().map(|path| path.value.clone()),
        ..OnCluster::default()
    }
}

fn names(unit: &FluxKustomization) -> Vec<String> {
    unit.depends_on.iter().map(|d| d.value.clone()).collect()
}

/// Flux Kustomizations of a cluster that wait for one of `units` and are none of them.
fn needed_by(opened: &Opened, cluster: &str, units: &[&str]) -> Vec<String> {
    opened
        .index
        .on(cluster)
        .filter(|other| !units.contains(&other.name.value.as_str()))
        .filter(|other| {
            let mut waits = other.depends_on.iter();
            waits.any(|d| units.contains(&d.value.as_str()))
        })
        .map(|other| other.name.value.clone())
        .collect()
}

fn of_component(opened: &Opened, name: &str) -> Shown {
    let component = &opened.catalogue.components[name];
    let spec = &component.spec;
    let shared = opened.files(name).filter(|file| file.cluster.is_none());
    let clusters = opened
        .platform
        .clusters
        .values()
        .filter(|cluster| cluster.components.contains_key(name));
    // What is needed on none of its clusters only confuses.
    let needed = |need: &&Need| {
        clusters.clone().any(|cluster| {
            let answers = opened.platform.answers_of(cluster, name);
            need.when.holds(|key| cluster.lookup(&answers, key))
        })
    };
    let needs = spec.needs.iter().filter(needed).map(|need| NeedEntry {
        name: need.name.value.clone(),
        why: need.why.clone(),
        optional: need.optional,
    });
    let removal = &spec.removal;
    Shown {
        format: 1,
        name: name.to_owned(),
        foreign: false,
        layer: Some(spec.layer.to_string()),
        category: Some(spec.category.clone()),
        description: Some(spec.description.clone()),
        homepage: Some(spec.homepage.clone()),
        namespace: Some(spec.namespace.name.value.clone()),
        comes: Some(comes(component)),
        files: shared.map(Into::into).collect(),
        own_files: own_files(opened, name),
        clusters: clusters
            .clone()
            .map(|cluster| component_on(opened, component, cluster))
            .collect(),
        needs: needs.collect(),
        answers: answers(&spec.questions, &opened.platform.components[name].answers),
        loses: removal.loses.clone(),
        keeps: removal.keeps.clone(),
        parts_first: removal.order == Some(RemovalOrder::PartsFirst),
        notes: spec.notes.clone(),
        problems: Vec::new(),
    }
}

fn comes(component: &Component) -> Comes {
    match component.spec.handover.as_ref().map(|h| &h.value) {
        Some(handover) => Comes {
            by: if handover.none.is_some() {
                "flux"
            } else {
                "terraform, then flux"
            }
            .to_owned(),
            why: handover.none.clone(),
        },
        None => Comes {
            by: "flux".to_owned(),
            why: None,
        },
    }
}

fn component_on(opened: &Opened, component: &Component, cluster: &Cluster) -> OnCluster {
    let name = component.spec.name.value.as_str();
    let units = opened.units(cluster.name.as_str(), name);
    let main = units
        .iter()
        .find(|unit| unit.name.value == component.object);
    let placed = &cluster.components[name];
    let unit_names: Vec<&str> = units.iter().map(|unit| unit.name.value.as_str()).collect();
    let mut waits_for: Vec<String> = Vec::new();
    for wait in units.iter().flat_map(|unit| names(unit)) {
        if !unit_names.contains(&wait.as_str()) && !waits_for.contains(&wait) {
            waits_for.push(wait);
        }
    }
    let parts = units
        .iter()
        .filter(|unit| unit.name.value != component.object);
    let parts = parts.map(|unit| PartEntry {
        name: unit.name.value.clone(),
        version: opened.version(unit).map(|v| v.value.value),
        file: unit.file.clone(),
        path: unit.path.as_ref().map(|path| path.value.clone()),
        waits_for: names(unit),
        suspended: unit.suspended,
    });
    let own = format!("clusters/{}/", cluster.name);
    let overlay = main
        .and_then(|unit| unit.folder())
        .filter(|folder| folder.starts_with(&own))
        .map(|folder| Overlay {
            files: opened.index.names_in(&folder).map(str::to_owned).collect(),
            folder,
        });
    let files = opened
        .files(name)
        .filter(|file| file.cluster.as_deref() == Some(cluster.name.as_str()));
    let base = main.map_or_else(
        || OnCluster {
            cluster: cluster.name.to_string(),
            ..OnCluster::default()
        },
        |unit| on_cluster(opened, unit),
    );
    OnCluster {
        provider: Some(cluster.provider.clone()),
        pinned: placed.pinned,
        overlay,
        parts: parts.collect(),
        waits_for,
        needed_by: needed_by(opened, cluster.name.as_str(), &unit_names),
        files: files.map(Into::into).collect(),
        answers: answers(&component.spec.questions, &placed.answers),
        secrets: secrets(opened, component, cluster),
        ..base
    }
}

fn answers(questions: &[Question], answers: &BTreeMap<String, Answer>) -> Vec<AnswerEntry> {
    answers
        .iter()
        .map(|(name, answer)| AnswerEntry {
            name: name.clone(),
            value: answer.value.clone(),
            origin: answer.origin,
            question: questions
                .iter()
                .find(|q| q.name.value == *name)
                .map(|q| q.prompt.clone()),
        })
        .collect()
}

/// The secrets that somebody has to make, as far as the tree does not hold them.
fn secrets(opened: &Opened, component: &Component, cluster: &Cluster) -> Vec<SecretEntry> {
    let here = cluster.here(&opened.platform, &opened.catalogue);
    let from = cluster.secrets_from(component);
    let made = |name: &str| {
        let file = format!("/secret-{name}.sops.yaml");
        let mut paths = opened.index.paths.iter();
        from == SecretsFrom::Sops
            && paths.any(|path| {
                path.starts_with(&format!("clusters/{}/", cluster.name)) && path.ends_with(&file)
            })
    };
    opened
        .platform
        .secrets(cluster, component, &here)
        .into_iter()
        .filter(|secret| !made(&secret.name))
        .map(|secret| {
            let here = Here::of(&opened.root);
            let commands = secret_commands(cluster, component, secret, from, &here);
            secret_entry(component, secret, from, commands)
        })
        .collect()
}

/// A Secret as data.
pub(super) fn secret_entry(
    component: &Component,
    secret: &Secret,
    from: SecretsFrom,
    commands: Vec<String>,
) -> SecretEntry {
    let keys = secret.keys.iter();
    SecretEntry {
        name: secret.name.clone(),
        namespace: component.spec.namespace.name.value.clone(),
        keys: keys
            .map(|(key, meaning)| (key.clone(), Value::String(meaning.clone())))
            .collect(),
        from: match from {
            SecretsFrom::Hand => "hand",
            SecretsFrom::Sops => "sops",
            SecretsFrom::Store => "store",
        }
        .to_owned(),
        commands,
    }
}

impl From<&super::opened::RenderedFile> for FileEntry {
    fn from(file: &super::opened::RenderedFile) -> Self {
        Self {
            path: file.path.clone(),
            state: match file.standing {
                Standing::Written => "written",
                Standing::Edited => "edited",
                Standing::Missing => "missing",
            }
            .to_owned(),
        }
    }
}
