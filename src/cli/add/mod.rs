//! `landform add`.

mod again;
mod cluster;
mod copied;
mod foreign;
mod manifests;
mod there;

use std::collections::BTreeSet;
use std::path::PathBuf;

use again::{keep_after_all, list_again};
use clap::Subcommand;
use foreign::{ForeignArgs, with_foreign};
use there::refuse_other;

use super::confirm::unwritten;
use super::edit::{
    Edit, Ended, New, WriteFlags, carry_out, clusters, keep_versions, may_add_needs, new, rebuilt,
    tell_needs,
};
use super::interview::Interview;
use super::new::read_answers;
use super::opened::Opened;
use crate::catalog::{Catalogue, Layer, Taken};
use crate::error::{Error, Place, Problem, Problems, Result, suggest};
use crate::model::{Answers, Environment, Resolution, revise};
use crate::ui::Printer;

/// Add components to clusters, or a cluster to the platform
///
/// A component comes from the catalogue, with what it needs, to every cluster that it fits or to those named by
/// --on. Its questions are asked on a terminal, or answered by --set and --answers. What it changes in other
/// components is part of the plan.
#[derive(Debug, clap::Args)]
#[command(
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    // What is misplaced here is understood, and told.
    mut_args(|arg| {
        if arg.get_help_heading() == Some(foreign::HEADING) {
            arg.hide(true)
        } else {
            arg
        }
    }),
    after_help = "Examples:\n  \
    landform add grafana\n  \
    landform add app external-dns --on prod --set prod.dns=route53\n  \
    landform add loki metrics-server --on staging --dry-run"
)]
pub(super) struct Args {
    #[command(subcommand)]
    sub: Option<Sub>,
    #[command(flatten)]
    components: ComponentArgs,
    #[command(flatten)]
    foreign: ForeignArgs,
}

#[derive(Debug, Subcommand)]
enum Sub {
    /// Add components that Flux runs from the start
    App(Box<LayerArgs>),
    /// Add components that Terraform installs on a new cluster before Flux
    Infrastructure(Box<LayerArgs>),
    /// Add a cluster
    Cluster(Box<cluster::Args>),
}

/// What to add, from a catalogue or not.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    landform add app grafana --on prod\n  \
    landform add app shop --chart oci://ghcr.io/acme/charts/shop --version 2.4.1 --on prod\n  \
    landform add app shop --repo https://charts.acme.io --chart shop --version 2.4.1\n  \
    landform add app shop --manifests ./shop\n  \
    landform add app shop --git https://github.com/acme/shop.git --tag v2.4.1 --path deploy")]
struct LayerArgs {
    #[command(flatten)]
    components: ComponentArgs,
    #[command(flatten)]
    foreign: ForeignArgs,
}

/// What to add, and where.
#[derive(Debug, clap::Args)]
struct ComponentArgs {
    /// Names in the catalogue; see `landform catalog`
    #[arg(value_name = "NAME", required = true)]
    names: Vec<String>,
    /// Only these clusters
    #[arg(long, value_name = "CLUSTER", value_delimiter = ',')]
    on: Vec<String>,
    /// Add what they need without asking
    #[arg(long)]
    with_needs: bool,
    /// An answer, as prod:cert-manager.issuer=private; repeatable
    #[arg(long, value_name = "[CLUSTER:]KEY=VALUE")]
    set: Vec<String>,
    /// Read answers from a YAML file
    #[arg(long, value_name = "FILE")]
    answers: Option<PathBuf>,
    /// Accept the Terraform files of a catalogue of your own
    #[arg(long)]
    trust: bool,
    #[command(flatten)]
    write: WriteFlags,
}

pub(super) fn run(args: &Args, printer: &Printer) -> Result<u8> {
    match &args.sub {
        Some(Sub::App(args)) => of_layer(args, Layer::Apps, printer),
        Some(Sub::Infrastructure(args)) => of_layer(args, Layer::Infrastructure, printer),
        Some(Sub::Cluster(args)) => cluster::run(args, printer),
        None => {
            args.foreign.must_be_below(&args.components.names)?;
            let args = &args.components;
            let opened = Opened::to_change(&args.write)?;
            let catalogue = available(&opened, args.trust)?;
            known(&args.names, None, &opened, &catalogue)?;
            components(args, &opened, &catalogue, &[], printer)
        }
    }
}

fn of_layer(args: &LayerArgs, layer: Layer, printer: &Printer) -> Result<u8> {
    let LayerArgs {
        components: args,
        foreign,
    } = args;
    foreign.must_be_whole()?;
    let opened = Opened::to_change(&args.write)?;
    let catalogue = available(&opened, args.trust)?;
    if !foreign.is_given() {
        known(&args.names, Some(layer), &opened, &catalogue)?;
        return components(args, &opened, &catalogue, &[], printer);
    }
    let [name] = args.names.as_slice() else {
        return Err(Error::refused(
            Problem::new("one component at a time from outside the catalogue")
                .hint("landform add app NAME --chart …"),
        ));
    };
    if opened.platform.components.contains_key(name) {
        // It may still come to further clusters.
        refuse_other(name, foreign, &opened)?;
        return components(args, &opened, &catalogue, &[], printer);
    }
    let (catalogue, notes) = with_foreign(name, layer, foreign, &opened, &catalogue)?;
    components(args, &opened, &catalogue, &notes, printer)
}

fn components(
    args: &ComponentArgs,
    opened: &Opened,
    catalogue: &Catalogue,
    notes: &[String],
    printer: &Printer,
) -> Result<u8> {
    let on = clusters(opened, &args.on)?;
    let answers = answers(args, &on, opened, catalogue)?;
    let environment = Environment::default();
    let mut interview = Interview::about_new(answers, &environment, catalogue);
    let mut terminal = args.write.terminal();
    let asks = terminal.is_some() && interview.is_open()?;
    loop {
        if let Some(terminal) = terminal.as_mut().filter(|_| asks) {
            interview.run(terminal)?;
        }
        let resolution = revise(
            &opened.platform,
            &opened.catalogue,
            interview.answers(),
            catalogue,
        )?;
        rebuilt(opened, &resolution.platform, false)?;
        let new = new(&opened.platform, &resolution.platform);
        let agreed = args.with_needs || terminal.is_some() || args.write.dry_run;
        may_add_needs(&new, agreed)?;
        let mut edit = edit(args, opened, catalogue, resolution, &new, &on);
        edit.notes.extend(notes.iter().cloned());
        list_again(&args.names, &on, new.is_empty(), &mut edit)?;
        if new.is_empty() && edit.restored.is_empty() && edit.unwritten.is_empty() {
            there_already(args, &on, opened, printer);
        }
        match carry_out(&mut edit, &args.write, printer, terminal.as_mut())? {
            Ended::Done(code) => return Ok(code),
            // Without a question to go back to, Escape is a no.
            Ended::Back => interview.back().ok_or_else(unwritten)?,
        };
    }
}

/// The templates of the platform, and those of the catalogue in force for what is not on it.
///
/// # Errors
/// The platform's own catalogue cannot be read.
pub(super) fn available(opened: &Opened, trust: bool) -> Result<Catalogue> {
    let force = opened.in_force(trust)?;
    let have = &opened.catalogue;
    let new = force.components.keys();
    let taken = Taken {
        common: false,
        providers: force
            .providers
            .keys()
            .filter(|name| !have.providers.contains_key(*name))
            .cloned()
            .collect(),
        components: new
            .filter(|name| have.by_object(name).is_none() && !have.components.contains_key(*name))
            .cloned()
            .collect(),
    };
    have.with(&force, &taken)
}

/// Refuses names that the catalogue does not have, or has in another layer.
fn known(
    names: &[String],
    layer: Option<Layer>,
    opened: &Opened,
    catalogue: &Catalogue,
) -> Result<()> {
    let mut problems = Problems::default();
    for name in names {
        let Some(component) = catalogue.components.get(name) else {
            let problem = Problem::new(format!("the catalogue has no component `{name}`"));
            let renamed = opened.catalogue.by_object(name);
            problems.push(if let Some(component) = renamed {
                problem.hint(format!(
                    "it is on the platform under the name {}",
                    component.spec.name.value
                ))
            } else {
                let all = catalogue.components.keys().map(String::as_str);
                let near = suggest(name, all);
                problem.hint(format!("{near}; landform catalog WORDS searches"))
            });
            continue;
        };
        let is = component.spec.layer;
        if layer.is_some_and(|layer| layer != is) {
            let word = if is == Layer::Apps {
                "app"
            } else {
                "infrastructure"
            };
            problems.push(
                Problem::new(format!("{name} belongs to {is}"))
                    .hint(format!("landform add {word} {name}")),
            );
        }
    }
    problems.into_result()
}

/// What is there, and what is asked for.
fn answers(
    args: &ComponentArgs,
    on: &BTreeSet<String>,
    opened: &Opened,
    catalogue: &Catalogue,
) -> Result<Answers> {
    let mut answers = Answers::of(&opened.platform, &opened.catalogue, catalogue);
    if let Some(path) = &args.answers {
        answers.take(read_answers(path)?, &args.names);
    }
    for name in &args.names {
        let at = Place::Flag(format!("add {name}"));
        if on.len() == opened.platform.clusters.len() && args.on.is_empty() {
            answers.place_everywhere(name, &at);
        } else {
            let on: Vec<String> = on.iter().cloned().collect();
            answers.place(name, &on, &at);
        }
    }
    answers.set_all(&args.set)?;
    Ok(answers)
}

fn there_already(args: &ComponentArgs, on: &BTreeSet<String>, opened: &Opened, printer: &Printer) {
    for name in &args.names {
        let there = opened.platform.clusters_of(name);
        let there: Vec<&str> = there
            .map(|cluster| cluster.name.as_str())
            .filter(|cluster| on.contains(*cluster))
            .collect();
        if !there.is_empty() {
            printer.note(&format!("{name} is on {} already", there.join(", ")));
        }
    }
}

fn edit<'a>(
    args: &ComponentArgs,
    opened: &'a Opened,
    catalogue: &'a Catalogue,
    resolution: Resolution,
    new: &[New],
    on: &BTreeSet<String>,
) -> Edit<'a> {
    let asked: BTreeSet<&str> = args.names.iter().map(String::as_str).collect();
    let names: BTreeSet<&str> = new
        .iter()
        .map(|new| new.component.as_str())
        .filter(|name| asked.contains(name))
        .collect();
    let places: BTreeSet<&str> = new.iter().map(|new| new.cluster.as_str()).collect();
    let list = |set: &BTreeSet<&str>| set.iter().copied().collect::<Vec<_>>().join(", ");
    let title = format!("Add {} to {}", list(&names), list(&places));
    let mut edit = Edit::new("add", opened, title);
    tell_needs(&mut edit, new);
    for name in &names {
        let notes = &catalogue.components[*name].spec.notes;
        edit.notes
            .extend(notes.iter().map(|note| format!("{name}: {note}")));
    }
    edit.notes.extend(resolution.notes);
    edit.assumed = resolution.assumed;
    edit.platform = resolution.platform;
    edit.catalogue = catalogue;
    keep_versions(opened, &mut edit.platform);
    keep_after_all(&args.names, on, &mut edit);
    edit
}
