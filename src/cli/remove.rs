//! `landform remove`.

use std::collections::{BTreeMap, BTreeSet};

use clap::Subcommand;

use super::caught_up::caught_up;
use super::edit::{Edit, WriteFlags, carry_out_plainly, clusters, unknown_cluster};
use super::here::Here;
use super::next::kubectl;
use super::opened::Opened;
use super::removal::{self, list};
use super::runbook::runbook;
use crate::error::{Error, Problem, Result};
use crate::model::{Answers, Pending, PendingOp, revise};
use crate::ui::{Printer, Step, steps, width};

/// Remove components from clusters, or a cluster from the platform
///
/// Refuses while something needs it, and tells what Flux will delete and what stays. Infrastructure, and whatever
/// must first let go of objects, goes in two commits: the second by --continue, once the clusters have caught up with
/// the first.
#[derive(Debug, clap::Args)]
#[command(
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    after_help = "Examples:\n  \
    landform remove grafana\n  \
    landform remove cilium --on staging\n  \
    landform remove cilium --on staging --continue\n  \
    landform remove cluster staging --destroyed"
)]
pub(super) struct Args {
    #[command(subcommand)]
    sub: Option<Sub>,
    #[command(flatten)]
    components: ComponentArgs,
}

#[derive(Debug, Subcommand)]
enum Sub {
    /// Remove a cluster that is destroyed
    ///
    /// Without --destroyed the runbook is printed that brings it to its end, and nothing is written: exit code 2. With
    /// --json too, as `landform schema runbook` describes it.
    Cluster(ClusterArgs),
}

#[derive(Debug, clap::Args)]
struct ComponentArgs {
    /// Components of the platform
    #[arg(value_name = "NAME", required = true)]
    names: Vec<String>,
    /// Only from these clusters
    #[arg(long, value_name = "CLUSTER", value_delimiter = ',')]
    on: Vec<String>,
    /// The second of two steps: the clusters have caught up with the first
    #[arg(long = "continue", conflicts_with = "now")]
    go_on: bool,
    /// Everything in one step, whatever Flux then leaves behind
    #[arg(long)]
    now: bool,
    #[command(flatten)]
    write: WriteFlags,
}

#[derive(Debug, clap::Args)]
struct ClusterArgs {
    /// The cluster
    name: String,
    /// It is gone already, destroyed as the runbook says
    #[arg(long)]
    destroyed: bool,
    #[command(flatten)]
    write: WriteFlags,
}

pub(super) fn run(args: &Args, printer: &Printer) -> Result<u8> {
    match &args.sub {
        Some(Sub::Cluster(args)) => cluster(args, printer),
        None => components(&args.components, printer),
    }
}

fn components(args: &ComponentArgs, printer: &Printer) -> Result<u8> {
    let opened = Opened::to_change(&args.write)?;
    let on = clusters(&opened, &args.on)?;
    let mut from: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for name in &args.names {
        if !opened.platform.components.contains_key(name) {
            if !opened.is_gone(name) {
                return Err(opened.unknown(name));
            }
            printer.note(&format!(
                "{name} is not on the platform {}",
                opened.platform.name
            ));
            continue;
        }
        let there = opened.platform.clusters_of(name);
        let there: BTreeSet<String> = there
            .map(|cluster| cluster.name.to_string())
            .filter(|cluster| on.contains(cluster))
            .collect();
        let left = opened.platform.clusters_of(name).next().is_none();
        if there.is_empty() && !(left && args.on.is_empty()) {
            printer.note(&format!("{name} is not on {}", args.on.join(", ")));
        } else {
            from.insert(name.clone(), there);
        }
    }
    removal::refuse_renaming(&opened, &from)?;
    removal::refuse_needed(&opened, &from)?;
    let two_steps: BTreeSet<String> = from
        .iter()
        .filter(|(name, from)| removal::takes_two_steps(&opened, name, from))
        .map(|(name, _)| name.clone())
        .collect();
    let waiting = waiting(args, &opened, &from, &two_steps)?;
    let mut edit = if waiting || two_steps.is_empty() || args.now {
        last_step(args, &opened, from, &two_steps)?
    } else {
        removal::refuse_old_templates(&opened, &from)?;
        first_step(args, &opened, &from, &two_steps)?
    };
    carry_out_plainly(&mut edit, &args.write, printer)
}

/// Whether the first of two steps is done. It must be told whether the clusters have caught up with it.
fn waiting(
    args: &ComponentArgs,
    opened: &Opened,
    from: &BTreeMap<String, BTreeSet<String>>,
    two_steps: &BTreeSet<String>,
) -> Result<bool> {
    let done = |name: &String| {
        let mut on = from[name].iter();
        on.all(|cluster| opened.platform.is_removing(name, cluster))
    };
    let waiting = !two_steps.is_empty() && two_steps.iter().all(done);
    // Run a second time, the second step is done.
    if args.go_on && !waiting && !from.is_empty() {
        let names = args.names.join(", ");
        return Err(Error::refused(
            Problem::new(format!("no removal of {names} has begun there"))
                .hint("begin it without --continue"),
        ));
    }
    if waiting && !args.go_on && !args.now {
        let names: Vec<&str> = two_steps.iter().map(String::as_str).collect();
        let names = names.join(" ");
        let on = on(args);
        return Err(Error::refused(
            Problem::new(format!("the first step of removing {names} is done already")).hint(
                format!(
                    "once the clusters have caught up with it: landform remove {names}{on} --continue; to keep it after all: landform add {names}{on}"
                ),
            ),
        ));
    }
    Ok(waiting)
}

/// The flag for the same clusters, as the end of a command.
fn on(args: &ComponentArgs) -> String {
    match args.on.as_slice() {
        [] => String::new(),
        on => format!(" --on {}", on.join(",")),
    }
}

/// Takes guards and parts away; the components themselves go in the second step.
fn first_step<'a>(
    args: &ComponentArgs,
    opened: &'a Opened,
    from: &BTreeMap<String, BTreeSet<String>>,
    two_steps: &BTreeSet<String>,
) -> Result<Edit<'a>> {
    let names = list(two_steps);
    let mut edit = Edit::new("remove", opened, format!("Prepare the removal of {names}"));
    for name in two_steps {
        let Some(chosen) = edit.platform.components.get_mut(name) else {
            continue;
        };
        let mut on = from[name].clone();
        on.extend(chosen.pending.iter().flat_map(|pending| pending.on.clone()));
        chosen.pending = Some(Pending {
            op: PendingOp::Remove,
            on,
        });
        edit.notes
            .extend(removal::first_step_notes(opened, name, &from[name]));
    }
    let rest: Vec<&String> = from
        .keys()
        .filter(|name| !two_steps.contains(*name))
        .collect();
    if !rest.is_empty() {
        edit.notes
            .push(format!("{} goes in the second step too", list(rest)));
    }
    let on = on(args);
    let here = Here::of(&opened.root);
    let clusters: BTreeSet<&String> = two_steps.iter().flat_map(|name| &from[name]).collect();
    for cluster in clusters {
        let goes = |name: &&String| from[*name].contains(cluster);
        let names: Vec<&String> = two_steps.iter().filter(goes).collect();
        let cluster = &opened.platform.clusters[cluster];
        let mut step = caught_up(opened, cluster, &names);
        let speak = kubectl(&opened.platform, cluster, &opened.catalogue, &here)?;
        step.commands.splice(..0, speak);
        edit.next.push(step);
    }
    edit.next.push(Step {
        title: "then the second step".to_owned(),
        commands: vec![format!(
            "{} remove {}{on} --continue",
            here.landform(),
            args.names.join(" ")
        )],
        ..Step::default()
    });
    Ok(edit)
}

fn last_step<'a>(
    args: &ComponentArgs,
    opened: &'a Opened,
    from: BTreeMap<String, BTreeSet<String>>,
    two_steps: &BTreeSet<String>,
) -> Result<Edit<'a>> {
    let mut answers = Answers::of(&opened.platform, &opened.catalogue, &opened.catalogue);
    for (name, clusters) in &from {
        answers.displace(name, clusters);
    }
    let resolution = revise(
        &opened.platform,
        &opened.catalogue,
        &answers,
        &opened.catalogue,
    )?;
    let on: BTreeSet<&String> = from.values().flatten().collect();
    let on = if on.is_empty() {
        "the platform".to_owned()
    } else {
        list(on)
    };
    let mut edit = Edit::new(
        "remove",
        opened,
        format!("Remove {} from {on}", list(from.keys())),
    );
    edit.platform = resolution.platform;
    for (name, clusters) in &from {
        if let Some(chosen) = edit.platform.components.get_mut(name) {
            chosen.settle(clusters);
        }
        let now = args.now && two_steps.contains(name);
        edit.notes
            .extend(removal::last_step_notes(opened, name, clusters, now));
        edit.notes.extend(removal::orphans(opened, name));
    }
    edit.removed = from;
    edit.terraform_last = true;
    Ok(edit)
}

fn cluster(args: &ClusterArgs, printer: &Printer) -> Result<u8> {
    let opened = Opened::to_change(&args.write)?;
    let name = &args.name;
    if opened.is_cluster_gone(name) {
        printer.note(&format!(
            "{name} is no cluster of the platform {} any more",
            opened.platform.name
        ));
        let mut edit = Edit::new("remove", &opened, format!("Remove the cluster {name}"));
        return carry_out_plainly(&mut edit, &args.write, printer);
    }
    let Some(cluster) = opened.platform.clusters.get(name) else {
        return Err(unknown_cluster(&opened, name));
    };
    if opened.platform.clusters.len() == 1 {
        return Err(Error::refused(
            Problem::new(format!("{name} is the last cluster of the platform"))
                .hint("add another one first, or delete the repository"),
        ));
    }
    if !args.destroyed {
        let runbook = runbook(&opened, cluster)?;
        if args.write.json {
            printer.json(&runbook)?;
        } else {
            printer.say(&format!(
                "To remove the cluster {name}, in this order:{}",
                steps(&runbook.steps, width())
            ));
        }
        return Err(Error::refused(
            Problem::new(format!("nothing was written: {name} may still be running")).hint(
                format!("when it is gone: landform remove cluster {name} --destroyed"),
            ),
        ));
    }
    let mut answers = Answers::of(&opened.platform, &opened.catalogue, &opened.catalogue);
    answers.drop_cluster(name);
    let resolution = revise(
        &opened.platform,
        &opened.catalogue,
        &answers,
        &opened.catalogue,
    )?;
    let mut edit = Edit::new("remove", &opened, format!("Remove the cluster {name}"));
    edit.platform = resolution.platform;
    for chosen in edit.platform.components.values_mut() {
        // A later cluster of that name begins with nothing.
        chosen.settle(&BTreeSet::from([name.clone()]));
    }
    let gone = opened.platform.components.keys();
    let gone: Vec<&String> = gone
        .filter(|component| !edit.platform.components.contains_key(*component))
        .collect();
    if !gone.is_empty() {
        edit.notes.push(format!(
            "no other cluster has {}, so the shared folders go too",
            list(gone)
        ));
    }
    for component in opened.platform.components.keys() {
        edit.removed
            .insert(component.clone(), BTreeSet::from([name.clone()]));
    }
    carry_out_plainly(&mut edit, &args.write, printer)
}
