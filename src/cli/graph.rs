//! `landform graph`.

use clap::ValueEnum;
use schemars::JsonSchema;
use serde::Serialize;

use super::check::{Around, root};
use crate::error::{Error, Problem, Result, suggest};
use crate::graph::{Graph, Impact, impact};
use crate::index::{Cluster, Index, Objects, Repository};
use crate::ui::{
    GraphsReport, Printer, graph_dot, graph_mermaid, graph_report, graph_text, graph_why,
};

/// Show what waits for what on a cluster
///
/// Of any repository that Flux reads: Flux Kustomizations, Helm releases and their sources, in the order in which they
/// can begin, and the longest way through them.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    landform graph prod\n  \
    landform graph prod --format mermaid > order.mmd\n  \
    landform graph prod --why grafana\n  \
    landform graph --impact apps/grafana/values.yaml")]
pub(super) struct Args {
    /// The cluster: the folder in which its Flux begins, or its last part; without it, all
    cluster: Option<String>,
    /// How to show it
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = Format::Text)]
    format: Format,
    /// The same as --format json; see `landform schema graph`
    #[arg(long, conflicts_with = "format")]
    json: bool,
    /// What an object waits for, and what waits for it: NAME or KIND/NAME
    #[arg(long, value_name = "NAME", conflicts_with = "impact")]
    why: Option<String>,
    /// Which clusters and objects a file reaches
    #[arg(long, value_name = "FILE")]
    impact: Option<String>,
    #[command(flatten)]
    around: Around,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Step by step
    Text,
    /// Mermaid, as GitHub and GitLab draw it
    Mermaid,
    /// dot, for Graphviz
    Dot,
    /// JSON; see `landform schema graph`
    Json,
}

/// What `landform graph --impact --json` prints.
#[derive(Debug, Serialize, JsonSchema)]
struct ImpactReport {
    format: u32,
    file: String,
    clusters: Vec<ImpactCluster>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct ImpactCluster {
    cluster: String,
    kustomizations: Vec<ImpactUnit>,
    /// Root modules of Terraform that the file is a part of, by folder.
    terraform: Vec<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct ImpactUnit {
    name: String,
    /// Objects that the file is a part of.
    objects: Vec<String>,
    /// Objects that take values, variables or a source from those.
    users: Vec<String>,
}

pub(super) fn run(args: &Args, printer: &Printer) -> Result<u8> {
    let root = root(&args.around.dir)?;
    let index = Index::whole(&root)?;
    let objects = Objects::of(&index);
    let repository = Repository::of(&index, &objects);
    let format = if args.json { Format::Json } else { args.format };
    if let Some(file) = &args.impact {
        return reach(file, args, &repository, format, printer);
    }
    let clusters = clusters(args.cluster.as_deref(), &repository)?;
    let graphs: Vec<Graph> = clusters
        .into_iter()
        .map(|cluster| Graph::of(cluster, &repository))
        .collect();
    if let Some(name) = &args.why {
        return why(name, &graphs, printer);
    }
    match format {
        Format::Text => {
            let texts: Vec<String> = graphs.iter().map(graph_text).collect();
            printer.product(&texts.join("\n\n"));
        }
        Format::Mermaid => graphs
            .iter()
            .for_each(|graph| printer.raw(&graph_mermaid(graph))),
        Format::Dot => graphs
            .iter()
            .for_each(|graph| printer.raw(&graph_dot(graph))),
        Format::Json => printer.json(&GraphsReport {
            format: 1,
            clusters: graphs.iter().map(graph_report).collect(),
        })?,
    }
    Ok(0)
}

/// The clusters that are meant: that whose Flux begins in a folder of the name, or all.
pub(super) fn clusters<'r, 'a>(
    name: Option<&str>,
    repository: &'r Repository<'a>,
) -> Result<Vec<&'r Cluster<'a>>> {
    let all = repository.clusters.iter();
    let Some(name) = name else {
        if repository.clusters.is_empty() {
            return Err(Error::refused(
                Problem::new("there is no Flux Kustomization and no FluxInstance here")
                    .hint("name a repository that Flux reads by -C DIR"),
            ));
        }
        return Ok(all.collect());
    };
    let name = name.trim_start_matches("./").trim_end_matches('/');
    let fits = |cluster: &&Cluster<'_>| {
        let label = cluster.label();
        label == name || label.rsplit('/').next() == Some(name)
    };
    let found: Vec<_> = all.filter(fits).collect();
    if found.is_empty() {
        let labels = repository.clusters.iter().map(Cluster::label);
        let problem = Problem::new(format!("no cluster's Flux begins in `{name}`"));
        return Err(Error::refused(problem.hint(suggest(name, labels))));
    }
    Ok(found)
}

fn why(name: &str, graphs: &[Graph], printer: &Printer) -> Result<u8> {
    let found: Vec<String> = graphs
        .iter()
        .filter_map(|graph| Some(graph_why(graph, graph.named(name)?)))
        .collect();
    if found.is_empty() {
        let names = graphs
            .iter()
            .flat_map(|graph| &graph.nodes)
            .map(|node| node.name.as_str());
        let problem = Problem::new(format!("nothing is called `{name}`"));
        return Err(Error::refused(problem.hint(suggest(name, names))));
    }
    printer.product(&found.join("\n\n"));
    Ok(0)
}

fn reach(
    file: &str,
    args: &Args,
    repository: &Repository<'_>,
    format: Format,
    printer: &Printer,
) -> Result<u8> {
    let path = file.trim_start_matches("./");
    if !repository.index.paths.contains(path) {
        let problem = Problem::new(format!(
            "there is no file {path} in {}",
            args.around.dir.display()
        ));
        return Err(Error::refused(
            problem.hint("write its path from the root of the repository"),
        ));
    }
    let impacts = impact(path, repository);
    if format == Format::Json {
        printer.json(&data(path, impacts))?;
        return Ok(0);
    }
    if impacts.is_empty() {
        printer.product(&format!("no cluster's Flux reads {path}"));
    }
    for impact in impacts {
        printer.product(&impact.cluster);
        for reached in impact.reached {
            let objects = match (reached.objects.join(", "), reached.users.join(", ")) {
                (objects, users) if users.is_empty() && objects.is_empty() => String::new(),
                (objects, users) if users.is_empty() => format!(": {objects}"),
                (objects, users) if objects.is_empty() => format!(": through it {users}"),
                (objects, users) => format!(": {objects}, and through it {users}"),
            };
            let unit = if reached.unit.is_empty() {
                "at its beginning"
            } else {
                &reached.unit
            };
            printer.product(&format!("  {unit}{objects}"));
        }
        for folder in impact.terraform {
            printer.product(&format!("  Terraform in {folder}"));
        }
    }
    Ok(0)
}

fn data(file: &str, impacts: Vec<Impact>) -> ImpactReport {
    let clusters = impacts.into_iter().map(|impact| ImpactCluster {
        cluster: impact.cluster,
        kustomizations: impact
            .reached
            .into_iter()
            .map(|reached| ImpactUnit {
                name: reached.unit,
                objects: reached.objects,
                users: reached.users,
            })
            .collect(),
        terraform: impact.terraform,
    });
    ImpactReport {
        format: 1,
        file: file.to_owned(),
        clusters: clusters.collect(),
    }
}
