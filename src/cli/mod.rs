//! The command line: flags and answers become a request on the model, its outcome is printed.

mod add;
mod catalog;
mod caught_up;
mod check;
mod completions;
mod confirm;
mod diff;
mod edit;
mod fix;
mod graph;
mod held;
mod here;
mod interview;
mod inventory;
mod list;
mod man;
mod new;
mod next;
mod opened;
mod pin;
mod plan;
mod relocate;
mod removal;
mod remove;
mod renaming;
mod runbook;
mod schema;
mod schemas;
mod secret;
mod set;
mod show;
mod shown;
mod update;
mod values;
mod versions;
mod watch;

use std::path::PathBuf;

use clap::{ColorChoice, Parser, Subcommand};

use crate::error::{Error, Problem, Result};
use crate::ui::{Printer, Verbosity, render_error};

/// Shape a platform repository (Kubernetes clusters brought up by Terraform and run by Flux CD), and keep it right.
///
/// You own every file; landform keeps them right.
#[derive(Debug, Parser)]
#[command(
    name = "landform",
    version,
    max_term_width = 100,
    arg_required_else_help = true,
    after_help = "Exit codes: 0 fine, 1 findings or conflicts, 2 wrong use or refused input, 3 could not (input/output, Git),\n130 you said no, or stopped it.\n\
                  NO_COLOR is honoured. Without a terminal nothing is ever asked.\n\
                  -C DIR may stand before the command too, as in: landform -C ~/acme-platform list"
)]
struct Cli {
    /// When to use colours
    #[arg(long, global = true, value_name = "WHEN", default_value_t = ColorChoice::Auto, value_enum)]
    color: ColorChoice,
    /// Print only what was asked for, and errors
    #[arg(short, long, global = true)]
    quiet: bool,
    /// Look for the platform in DIR and above it, instead of here
    // Commands that are about a platform have it themselves; for the others it is no flag to be shown.
    #[arg(
        id = "folder",
        short = 'C',
        long = "dir",
        global = true,
        value_name = "DIR",
        hide = true
    )]
    dir: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    New(Box<new::Args>),
    Add(Box<add::Args>),
    Remove(Box<remove::Args>),
    Move(relocate::MoveArgs),
    Rename(relocate::RenameArgs),
    Set(set::Args),
    Update(Box<update::Args>),
    Outdated(update::OutdatedArgs),
    Secret(secret::Args),
    Pin(pin::PinArgs),
    Unpin(pin::UnpinArgs),
    List(list::Args),
    Show(show::Args),
    Diff(diff::Args),
    Values(values::Args),
    Check(check::CheckArgs),
    Explain(check::ExplainArgs),
    Graph(graph::Args),
    Catalog(catalog::Args),
    Completions(completions::Args),
    Man(man::Args),
    Schema(schema::Args),
}

impl Command {
    /// Its name, if it is about no platform that is there.
    fn without_platform(&self) -> Option<&'static str> {
        match self {
            Self::New(_) => Some("new"),
            Self::Catalog(_) => Some("catalog"),
            Self::Completions(_) => Some("completions"),
            Self::Man(_) => Some("man"),
            Self::Explain(_) => Some("explain"),
            Self::Schema(_) => Some("schema"),
            _ => None,
        }
    }
}

/// The refusal of a folder where none is looked into.
fn no_folder(command: &str) -> Error {
    let hint = if command == "new" {
        "name the folder of the new platform: landform new DIR"
    } else {
        "leave it out"
    };
    let message = format!("-C names a platform that is there, and `landform {command}` needs none");
    Error::refused(Problem::new(message).hint(hint))
}

/// Parses the command line and runs the command; gives the exit code.
pub fn main() -> u8 {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let code = if error.use_stderr() { 2 } else { 0 };
            // A reader that went away is no error.
            let _ = error.print();
            return code;
        }
    };
    match cli.color {
        ColorChoice::Auto => anstream::ColorChoice::Auto,
        ColorChoice::Always => anstream::ColorChoice::Always,
        ColorChoice::Never => anstream::ColorChoice::Never,
    }
    .write_global();
    let verbosity = if cli.quiet {
        Verbosity::Quiet
    } else {
        Verbosity::Normal
    };
    let printer = Printer::new(verbosity);
    let ran = match (&cli.dir, cli.command.without_platform()) {
        (Some(_), Some(name)) => Err(no_folder(name)),
        _ => run(cli.command, &printer),
    };
    match ran {
        Ok(code) => code,
        Err(error) => {
            let error: Error = error;
            printer.error(&render_error(&error));
            error.exit_code()
        }
    }
}

fn run(command: Command, printer: &Printer) -> Result<u8> {
    match command {
        Command::New(args) => new::run(&args, printer),
        Command::Add(args) => add::run(&args, printer),
        Command::Remove(args) => remove::run(&args, printer),
        Command::Move(args) => relocate::relocate(&args, printer),
        Command::Rename(args) => relocate::rename(&args, printer),
        Command::Update(args) => update::run(&args, printer),
        Command::Outdated(args) => update::run_outdated(&args, printer),
        Command::Secret(args) => secret::run(&args, printer),
        Command::Set(args) => set::run(&args, printer),
        Command::Pin(args) => pin::pin(&args, printer),
        Command::Unpin(args) => pin::unpin(&args, printer),
        Command::List(args) => list::run(&args, printer),
        Command::Show(args) => show::run(&args, printer),
        Command::Diff(args) => diff::run(&args, printer),
        Command::Values(args) => values::run(&args, printer),
        Command::Check(args) => check::run(&args, printer),
        Command::Explain(args) => check::explain(&args, printer),
        Command::Graph(args) => graph::run(&args, printer),
        Command::Completions(args) => Ok(completions::run(&args, printer)),
        Command::Man(args) => man::run(&args, printer),
        Command::Catalog(args) => catalog::run(&args, printer),
        Command::Schema(args) => schema::run(&args, printer),
    }
}

/// The command line as clap knows it, for documents and tests.
pub fn command() -> clap::Command {
    use clap::CommandFactory as _;
    Cli::command()
}
