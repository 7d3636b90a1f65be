//! `landform man`.

use clap::Command;

use crate::error::{Error, Problem, Result, suggest};
use crate::ui::Printer;

/// Print the manual page of landform, or of one of its commands
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    landform man | man -l -\n  landform man new > ~/.local/share/man/man1/landform-new.1\n  landform man catalog show")]
pub(super) struct Args {
    /// The command
    #[arg(value_name = "COMMAND")]
    command: Vec<String>,
}

pub(super) fn run(args: &Args, printer: &Printer) -> Result<u8> {
    let mut root = super::command();
    // Every command gets the options of those above it, and its whole name.
    root.build();
    let mut command = &root;
    let mut name = root.get_name().to_owned();
    for word in &args.command {
        let Some(found) = command.find_subcommand(word) else {
            let there = command.get_subcommands().map(Command::get_name);
            return Err(Error::refused(
                Problem::new(format!("`{name}` has no command `{word}`"))
                    .hint(suggest(word, there)),
            ));
        };
        command = found;
        name = format!("{name}-{}", found.get_name());
    }
    printer.raw(&page(command)?);
    Ok(0)
}

fn page(command: &Command) -> Result<String> {
    let mut page = Vec::new();
    clap_mangen::Man::new(command.clone())
        .source(concat!("landform ", env!("CARGO_PKG_VERSION")))
        .render(&mut page)
        .map_err(|error| {
            Error::failed(Problem::new(format!("could not write the page: {error}")))
        })?;
    Ok(String::from_utf8_lossy(&page).into_owned())
}
