//! Standard output is the product, standard error is talk.

use std::io::Write as _;

use anstyle::{AnsiColor, Style};
use serde::Serialize;

use crate::error::{Error, Problem, Result};

/// How much is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verbosity {
    /// Only what was asked for, and errors.
    Quiet,
    /// The usual.
    Normal,
}

/// Prints, with colours only where the terminal takes them.
#[derive(Debug)]
pub struct Printer {
    verbosity: Verbosity,
}

/// Styles, by meaning. No information is by colour alone.
pub mod style {
    use super::{AnsiColor, Style};

    /// A heading.
    pub const HEADING: Style = Style::new().bold();
    /// Something new, or well done.
    pub const GOOD: Style = AnsiColor::Green.on_default();
    /// Something changed, or to beware of.
    pub const CHANGED: Style = AnsiColor::Yellow.on_default();
    /// Something gone or wrong.
    pub const BAD: Style = AnsiColor::Red.on_default();
    /// Something by the way.
    pub const FAINT: Style = Style::new().dimmed();
}

/// Columns of the terminal that standard output is, if it is one.
pub fn width() -> Option<usize> {
    let (width, _) = terminal_size::terminal_size_of(std::io::stdout())?;
    Some(width.0.into())
}

impl Printer {
    /// A printer.
    pub fn new(verbosity: Verbosity) -> Self {
        Self { verbosity }
    }

    /// What the user asked for: also with `--quiet`. A reader that went away is no error.
    pub fn product(&self, text: &str) {
        let mut out = anstream::stdout().lock();
        let _ = writeln!(out, "{text}").and_then(|()| out.flush());
    }

    /// What the user asked for, as it is.
    pub fn raw(&self, text: &str) {
        let mut out = anstream::stdout().lock();
        let _ = write!(out, "{text}").and_then(|()| out.flush());
    }

    /// What the user asked for, as JSON.
    ///
    /// # Errors
    /// It cannot be written as JSON.
    pub fn json(&self, value: &impl Serialize) -> Result<()> {
        let text = serde_json::to_string_pretty(value).map_err(|error| {
            Error::failed(Problem::new(format!("could not write JSON: {error}")))
        })?;
        self.product(&text);
        Ok(())
    }

    /// A report of what happens, on standard output.
    pub fn say(&self, text: &str) {
        if self.verbosity == Verbosity::Normal {
            self.product(text);
        }
    }

    /// Talk, on standard error.
    pub fn note(&self, text: &str) {
        if self.verbosity == Verbosity::Normal {
            let _ = writeln!(anstream::stderr().lock(), "{text}");
        }
    }

    /// An error: always told.
    pub fn error(&self, text: &str) {
        let _ = writeln!(anstream::stderr().lock(), "{text}");
    }
}
