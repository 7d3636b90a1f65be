//! The only place that prints or asks.

mod diagnostics;
mod diff;
mod plan;
mod printer;
mod prompt;
mod report;
mod table;

pub use diagnostics::{printable, render as render_error};
pub use diff::unified;
pub use plan::tree as plan_tree;
pub use printer::{Printer, Verbosity, style, width};
pub use prompt::{Confirmed, confirm, is_interactive};
pub use report::{AssumedReport, ConflictReport, FileReport, Report, Step};
pub use table::Table;
