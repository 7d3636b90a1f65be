//! A graph as text, Mermaid, dot or data.

use std::fmt::Write as _;

use schemars::JsonSchema;
use serde::Serialize;

use super::diagnostics::printable;
use super::printer::style;
use crate::graph::{Graph, Kind, Node, NodeId, Why};

/// What waits for what, by steps: what is in one step waits only for what is in those before.
pub fn text(graph: &Graph) -> String {
    let (bold, faint) = (style::HEADING, style::FAINT);
    let mut text = format!("{bold}{}{bold:#}\n", printable(&graph.cluster));
    let depths = graph.depths();
    let last = depths.iter().flatten().max().copied().unwrap_or_default();
    for depth in 0..=last {
        let mut nodes: Vec<NodeId> = (0..graph.nodes.len())
            .filter(|node| depths[*node] == Some(depth) && graph.nodes[*node].kind != Kind::Source)
            .collect();
        nodes.sort_by_key(|node| (graph.nodes[*node].kind, graph.nodes[*node].name.clone()));
        for node in nodes {
            let _ = writeln!(text, "  {depth:>2}  {}", line(graph, node));
        }
    }
    let circle: Vec<String> = (0..graph.nodes.len())
        .filter(|node| depths[*node].is_none())
        .map(|node| graph.nodes[node].title())
        .collect();
    if !circle.is_empty() {
        let _ = writeln!(
            text,
            "   never: they wait for each other, or for those that do: {}",
            circle.join(", ")
        );
    }
    let way: Vec<String> = graph
        .critical()
        .iter()
        .map(|node| graph.nodes[*node].title())
        .collect();
    let _ = write!(
        text,
        "  {faint}longest way, {} steps: {}{faint:#}",
        way.len(),
        way.join(" → ")
    );
    text
}

fn line(graph: &Graph, node: NodeId) -> String {
    let own = &graph.nodes[node];
    let names = |why: Why| -> Vec<String> {
        let waits = graph.waits[node].iter().filter(|(_, other)| *other == why);
        waits
            .map(|(other, _)| graph.nodes[*other].name.clone())
            .collect()
    };
    let mut line = printable(&own.title());
    for (why, words) in [
        (Why::DependsOn, "waits for"),
        (Why::AppliedBy, "applied by"),
        (Why::MadeBy, "made by"),
        (Why::InstalledAfter, "after"),
        (Why::TakesOver, "takes over"),
    ] {
        let names = names(why);
        if !names.is_empty() {
            let _ = write!(line, ", {words} {}", names.join(", "));
        }
    }
    line += state(own);
    line
}

fn state(node: &Node) -> &'static str {
    match (node.there, node.suspended) {
        (false, _) => " (not in this repository)",
        (true, true) => " (suspended)",
        (true, false) => "",
    }
}

/// What something waits for, and what waits for it.
pub fn why(graph: &Graph, node: NodeId) -> String {
    let bold = style::HEADING;
    let own = &graph.nodes[node];
    let place = own
        .file
        .as_ref()
        .map(|file| format!("  {file}:{}", own.line))
        .unwrap_or_default();
    let mut text = format!(
        "{bold}{}{bold:#} on {}{place}\n",
        own.title(),
        graph.cluster
    );
    let _ = writeln!(text, "  waits for, in this order:");
    listed(graph, &graph.needs(node), &mut text, |other| {
        reason(graph, node, other).map(|why| format!("{} it", why.as_str()))
    });
    let _ = writeln!(text, "  if it fails, these wait:");
    listed(graph, &graph.needed_by(node), &mut text, |other| {
        reason(graph, other, node).map(|why| format!("{} {}", why.as_str(), own.name))
    });
    text.trim_end().to_owned()
}

fn reason(graph: &Graph, from: NodeId, to: NodeId) -> Option<Why> {
    let mut waits = graph.waits[from].iter();
    waits.find(|(other, _)| *other == to).map(|(_, why)| *why)
}

fn listed(
    graph: &Graph,
    nodes: &[NodeId],
    text: &mut String,
    why: impl Fn(NodeId) -> Option<String>,
) {
    if nodes.is_empty() {
        let _ = writeln!(text, "    nothing");
    }
    for node in nodes {
        let why = why(*node)
            .map(|why| format!("  ({why})"))
            .unwrap_or_default();
        let title = printable(&graph.nodes[*node].title());
        let _ = writeln!(text, "    {title}{}{why}", state(&graph.nodes[*node]));
    }
}

/// Mermaid, as GitHub and GitLab draw it in Markdown.
pub fn mermaid(graph: &Graph) -> String {
    let mut text = "flowchart LR\n".to_owned();
    for (number, node) in graph.nodes.iter().enumerate() {
        let title = quoted(&node.title());
        let shape = match node.kind {
            Kind::Kustomization => format!("[{title}]"),
            Kind::Release => format!("([{title}])"),
            Kind::Source => format!("[({title})]"),
            Kind::Terraform => format!("{{{{{title}}}}}"),
            Kind::Chart => format!("[/{title}/]"),
        };
        let _ = writeln!(text, "  n{number}{shape}");
    }
    edges(graph, |own, other, why| {
        let arrow = if why == Why::DependsOn { "-->" } else { "-.->" };
        let _ = writeln!(text, "  n{other} {arrow} n{own}");
    });
    text
}

/// dot, for Graphviz.
pub fn dot(graph: &Graph) -> String {
    let mut text = format!("digraph {} {{\n  rankdir=LR;\n", quoted(&graph.cluster));
    for (number, node) in graph.nodes.iter().enumerate() {
        let shape = match node.kind {
            Kind::Kustomization => "box",
            Kind::Release => "ellipse",
            Kind::Source => "cylinder",
            Kind::Chart => "parallelogram",
            Kind::Terraform => "hexagon",
        };
        let _ = writeln!(
            text,
            "  n{number} [label={}, shape={shape}];",
            quoted(&node.title())
        );
    }
    edges(graph, |own, other, why| {
        let dashed = if why == Why::DependsOn {
            "solid"
        } else {
            "dashed"
        };
        let _ = writeln!(text, "  n{other} -> n{own} [style={dashed}];");
    });
    text + "}\n"
}

fn edges(graph: &Graph, mut each: impl FnMut(NodeId, NodeId, Why)) {
    for (own, waits) in graph.waits.iter().enumerate() {
        for (other, why) in waits {
            if *why != Why::WaitsForHealth {
                each(own, *other, *why);
            }
        }
    }
}

/// A text in double quotes, with nothing in it that ends them.
fn quoted(text: &str) -> String {
    format!("\"{}\"", printable(text).replace(['"', '\\'], "'"))
}

/// What `landform graph --json` prints.
#[derive(Debug, Serialize, JsonSchema)]
pub struct GraphsReport {
    /// Version of this form: 1.
    pub format: u32,
    /// One for each cluster.
    pub clusters: Vec<GraphReport>,
}

/// The graph of a cluster.
#[derive(Debug, Serialize, JsonSchema)]
pub struct GraphReport {
    /// The folder in which its Flux begins.
    pub cluster: String,
    /// What waits or is waited for.
    pub nodes: Vec<NodeReport>,
    /// What waits for what.
    pub edges: Vec<EdgeReport>,
    /// Numbers of the nodes on the longest way.
    pub longest: Vec<usize>,
}

/// A node.
#[derive(Debug, Serialize, JsonSchema)]
pub struct NodeReport {
    /// Its kind.
    pub kind: String,
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// 1-based line of it there.
    pub line: usize,
    /// How many steps it comes after those that wait for nothing; none in a circle.
    pub depth: Option<usize>,
    /// Whether Flux is told to leave it alone.
    pub suspended: bool,
    /// Whether it is in this repository.
    pub there: bool,
}

/// An edge.
#[derive(Debug, Serialize, JsonSchema)]
pub struct EdgeReport {
    /// Number of the node that waits.
    pub from: usize,
    /// Number of the one that it waits for.
    pub to: usize,
    /// `waits for`, `is applied by`, `takes from`, `is ready after`, `is made by`, `is installed after` or `takes over`.
    pub why: String,
}

/// A graph as data.
pub fn report(graph: &Graph) -> GraphReport {
    let depths = graph.depths();
    let nodes = graph
        .nodes
        .iter()
        .zip(depths)
        .map(|(node, depth)| NodeReport {
            kind: node.object.clone(),
            namespace: node.namespace.clone(),
            name: node.name.clone(),
            file: node.file.clone(),
            line: node.line,
            depth,
            suspended: node.suspended,
            there: node.there,
        });
    let edges = graph.waits.iter().enumerate().flat_map(|(from, waits)| {
        waits.iter().map(move |(to, why)| EdgeReport {
            from,
            to: *to,
            why: why.as_str().to_owned(),
        })
    });
    GraphReport {
        cluster: graph.cluster.clone(),
        nodes: nodes.collect(),
        edges: edges.collect(),
        longest: graph.critical(),
    }
}
