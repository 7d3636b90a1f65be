//! `landform schema`.

use clap::ValueEnum;

use super::schemas;
use crate::catalog::Catalogue;
use crate::error::Result;
use crate::ui::Printer;

/// Print a JSON Schema, for editors and scripts
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example, for an editor that reads the first line of a YAML file:\n  \
    landform schema answers > answers.schema.json\n  \
    # yaml-language-server: $schema=answers.schema.json"
)]
pub(super) struct Args {
    /// Which one
    #[arg(value_enum)]
    kind: SchemaKind,
}

/// What there are schemas of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum SchemaKind {
    /// The answers file of `landform new`
    Answers,
    /// component.yaml of a catalogue
    Component,
    /// provider.yaml of a catalogue
    Provider,
    /// The --json output of commands that write
    Change,
    /// The --json output of `landform list`
    List,
    /// The --json output of `landform show`
    Show,
    /// The --json output of `landform diff`
    Diff,
    /// The --json output of `landform values`
    Values,
    /// The --json output of `landform set` without arguments
    Set,
    /// The --json output of `landform outdated`
    Outdated,
    /// The --json output of `landform check`
    Check,
    /// The --json output of `landform graph`
    Graph,
    /// The --json output of `landform secret` where landform does not write the Secret
    Secret,
    /// The --json output of `landform remove cluster` without --destroyed
    Runbook,
}

pub(super) fn run(args: &Args, printer: &Printer) -> Result<u8> {
    let schema = match args.kind {
        SchemaKind::Answers => schemas::answers(&Catalogue::embedded()?),
        SchemaKind::Component => schemas::component(),
        SchemaKind::Provider => schemas::provider(),
        SchemaKind::Change => schemas::change(),
        SchemaKind::List => schemas::list(),
        SchemaKind::Show => schemas::show(),
        SchemaKind::Diff => schemas::diff(),
        SchemaKind::Values => schemas::values(),
        SchemaKind::Set => schemas::set(),
        SchemaKind::Outdated => schemas::outdated(),
        SchemaKind::Check => schemas::check(),
        SchemaKind::Graph => schemas::graph(),
        SchemaKind::Secret => schemas::secret(),
        SchemaKind::Runbook => schemas::runbook(),
    };
    printer.json(&schema)?;
    Ok(0)
}
