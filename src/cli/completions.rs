//! `landform completions`.

use clap_complete::Shell;

use crate::ui::Printer;

/// Print a completion script for a shell
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    bash        landform completions bash > ~/.local/share/bash-completion/completions/landform\n  \
    zsh         landform completions zsh > ~/.zfunc/_landform        # ~/.zfunc is in fpath\n  \
    fish        landform completions fish > ~/.config/fish/completions/landform.fish\n  \
    powershell  landform completions powershell >> $PROFILE\n  \
    elvish      landform completions elvish >> ~/.config/elvish/rc.elv")]
pub(super) struct Args {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

pub(super) fn run(args: &Args, printer: &Printer) -> u8 {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut super::command(), "landform", &mut script);
    printer.raw(&String::from_utf8_lossy(&script));
    0
}
