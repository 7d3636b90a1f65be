//! The last question before anything is written, and what stands against it.

use crate::change::{Action, Change};
use crate::error::{Error, Kind, Problem, Result};
use crate::git::Place;
use crate::model::{RECORD, RepoPath};
use crate::ui::{Confirmed, Printer, Prompter as _, Reply, Report, Terminal, unified, width, wrap};

/// Tells what stands against a change.
///
/// # Errors
/// Always: everything that stands against it.
pub(super) fn refuse(
    json: bool,
    hint: &str,
    printer: &Printer,
    report: &Report,
    change: &Change,
) -> Result<u8> {
    if json {
        printer.json(report)?;
    }
    let problems = change
        .conflicts
        .iter()
        .map(|conflict| Problem::new(format!("{}: {}", conflict.path, conflict.reason)))
        .chain([Problem::new("nothing was written").hint(hint)]);
    Err(Error {
        kind: Kind::Findings,
        problems: problems.collect(),
    })
}

/// Asks the last question. Not confirmed means: back to the one before.
///
/// # Errors
/// Somebody says no, or there is nobody to ask.
pub(super) fn confirmed(
    no_commit: bool,
    printer: &Printer,
    terminal: Option<&mut Terminal>,
    change: &Change,
) -> Result<bool> {
    let Some(terminal) = terminal else {
        return Err(Error::refused(
            Problem::new("there is no terminal to ask on")
                .hint("add --yes to write, or --dry-run to look"),
        ));
    };
    let question = if no_commit {
        "Write?"
    } else {
        "Write and commit?"
    };
    terminal.say("");
    loop {
        match terminal.confirm(question)? {
            Reply::Given(Confirmed::Yes) => return Ok(true),
            Reply::Given(Confirmed::Show) => show_text(printer, change),
            Reply::Given(Confirmed::No) => return Err(unwritten()),
            Reply::Back => return Ok(false),
        }
    }
}

/// Nothing was written, because somebody said no.
pub(super) fn unwritten() -> Error {
    Error {
        kind: Kind::Interrupted,
        problems: vec![Problem::new("nothing was written")],
    }
}

/// The text of every file, but for the copy of the templates.
fn show_text(printer: &Printer, change: &Change) {
    let copies = format!("{RECORD}/catalog/");
    let mut told = change.clone();
    told.files
        .retain(|path, _| !path.as_str().starts_with(&copies));
    printer.raw(&unified(&told));
    let left = change.files.len() - told.files.len();
    if left > 0 {
        let files = if left == 1 { "file" } else { "files" };
        let text = format!(
            "not shown: {copies}, {left} {files} with the templates that this was made from"
        );
        let text = wrap(&text, width().unwrap_or(usize::MAX), "  ").join("\n");
        printer.say(&format!("\n{text}\n"));
    }
}

/// Files that change, by what becomes of their old text.
pub(super) struct Edited {
    /// The last commit holds it.
    pub(super) restorable: Vec<RepoPath>,
    /// Nothing holds it.
    pub(super) replaced: Vec<RepoPath>,
}

impl Edited {
    /// Asks Git.
    ///
    /// # Errors
    /// It cannot say.
    pub(super) fn look(change: &Change, place: &Place) -> Result<Self> {
        let edited = change.files.iter();
        let edited =
            edited.filter(|(_, file)| matches!(file.action, Action::Edit | Action::Delete));
        let edited: Vec<RepoPath> = edited.map(|(path, _)| path.clone()).collect();
        let replaced = match place {
            Place::Root(repo) => repo.dirty(edited.iter())?,
            Place::Fresh { .. } => edited.clone(),
        };
        let restorable = edited.into_iter().filter(|path| !replaced.contains(path));
        Ok(Self {
            restorable: restorable.collect(),
            replaced,
        })
    }
}
