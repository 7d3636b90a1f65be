//! The only place that prints or asks.

mod diagnostics;
mod diff;
mod findings;
mod graph;
mod plan;
mod printer;
mod prompt;
mod report;
mod steps;
mod table;

pub use diagnostics::{printable, render as render_error};
pub use diff::{file_diff, painted, unified};
pub use findings::{
    FindingsReport, drawn, github, gitlab, report as findings_report, sarif, summary, to_do,
};
pub use graph::{
    GraphsReport, dot as graph_dot, mermaid as graph_mermaid, report as graph_report,
    text as graph_text, why as graph_why,
};
pub use plan::{folders as plan_folders, lines as plan_lines, tree as plan_tree};
pub use printer::{Printer, Verbosity, style, width};
#[cfg(test)]
pub use prompt::{Act, Scripted};
pub use prompt::{
    Check, Confirmed, Item, Line, Prompter, Reply, Terminal, end_on_interrupt, is_interactive, wrap,
};
pub use report::{AssumedReport, ConflictReport, FileReport, Report, SidesReport, Step};
pub use steps::steps;
pub use table::Table;
