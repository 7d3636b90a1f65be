//! Conflicts that an update leaves for later, in a file of Git's own folder.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use super::Args;
use crate::cli::edit::{Said, show_conflict};
use crate::cli::next::quote;
use crate::cli::opened::Opened;
use crate::error::{Error, Problem, Result, Source};
use crate::git;
use crate::ui::{ConflictReport, Printer};
use crate::yaml;

/// Where they are kept.
const KEPT: &str = "update.yaml";

/// What is left out, each with the conflicts that keep it out: a component, or what belongs to none.
pub(super) type LeftOut = BTreeMap<String, Vec<ConflictReport>>;

/// An update that waits.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    names: Vec<String>,
    #[serde(default)]
    files: BTreeMap<String, Option<String>>,
}

/// An update that waits: what it was about, and what is said of its conflicts by now.
pub(super) struct Waiting {
    pub(super) names: Vec<String>,
    pub(super) said: Said,
}

/// All conflicts, each once: what is new in others may go into the same file.
pub(super) fn conflicts(left: &LeftOut) -> Vec<&ConflictReport> {
    let all = left.values().flatten();
    let by_path: BTreeMap<&str, &ConflictReport> = all
        .map(|conflict| (conflict.path.as_str(), conflict))
        .collect();
    by_path.into_values().collect()
}

/// The update that waits, if one does.
///
/// # Errors
/// Its file is broken.
pub(super) fn waiting(opened: &Opened) -> Result<Option<Waiting>> {
    let Some((path, text)) = git::note(&opened.root, KEPT)? else {
        return Ok(None);
    };
    let source = Source::new(path.display().to_string(), text);
    let file: File = yaml::read(&source)?;
    let said = file
        .files
        .into_iter()
        .filter_map(|(path, text)| Some((path, text?)));
    Ok(Some(Waiting {
        names: file.names,
        said: Said {
            source,
            files: said.collect(),
        },
    }))
}

/// Forgets the update that waits.
pub(super) fn forget(opened: &Opened) {
    // Without it nothing is wrong: a later update finds the same conflicts.
    let _ = git::forget_note(&opened.root, KEPT);
}

/// `--abort`.
///
/// # Errors
/// The file cannot be removed.
pub(super) fn abort(opened: &Opened, printer: &Printer) -> Result<u8> {
    if git::note(&opened.root, KEPT)?.is_none() {
        printer.say("Nothing to do: no update is waiting.");
        return Ok(0);
    }
    git::forget_note(&opened.root, KEPT)?;
    printer.say("Forgotten: what was written before stays, and the conflicts come again with the next update.");
    Ok(0)
}

/// The command that goes on with this update: the catalogue and the trust in it were said for this run alone.
fn again(args: &Args) -> String {
    let mut command = "landform update".to_owned();
    if let Some(catalogue) = &args.catalog {
        let _ = write!(command, " --catalog {}", quote(catalogue));
    }
    if args.trust {
        command.push_str(" --trust");
    }
    command
}

/// Tells of the conflicts that are left, and where to settle them.
///
/// # Errors
/// The file for it cannot be written.
pub(super) fn leave(
    opened: &Opened,
    names: &[String],
    left: &LeftOut,
    shown: bool,
    args: &Args,
    printer: &Printer,
) -> Result<()> {
    let flags = &args.write;
    let mut file = File {
        names: names.to_vec(),
        ..File::default()
    };
    for conflict in conflicts(left) {
        file.files.insert(conflict.path.clone(), None);
        if !flags.json && !shown {
            show_conflict(printer, conflict);
        }
    }
    let list = left
        .keys()
        .map(String::as_str)
        .collect::<Vec<_>>()
        .join(", ");
    printer.note(&format!("not updated, because of conflicts: {list}"));
    if flags.dry_run {
        return Ok(());
    }
    let text = serde_yaml::to_string(&file)
        .map_err(|error| Error::failed(Problem::new(format!("could not write YAML: {error}"))))?;
    let again = again(args);
    let head = format!(
        "# Conflicts that an update left. Write behind each file what becomes of it:\n\
                # mine, theirs, or its whole text (as a block: |). Then: {again} --continue\n\
                # To forget them: landform update --abort\n"
    );
    match git::keep_note(&opened.root, KEPT, &format!("{head}{text}"))? {
        Some(path) => printer.note(&format!(
            "settle them in {} and go on: {again} --continue\nor from a file of your own: {again} --resolve FILE",
            path.display()
        )),
        None => printer.note(&format!("settle them by {again} --resolve FILE")),
    }
    Ok(())
}
