//! Conflicts of an update: shown with their three sides, asked about, read from a file, or left for later.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::catalog::Component;
use crate::change::Sides;
use crate::cli::edit::{Edit, Planned, Settled, WriteFlags};
use crate::cli::opened::{Opened, Owners};
use crate::error::{Error, Problem, Result, Source};
use crate::git;
use crate::merge::marked;
use crate::model::RepoPath;
use crate::ui::{
    ConflictReport, Item, Printer, Prompter as _, Reply, Terminal, file_diff, painted, style,
};
use crate::yaml;

use super::scope::SKELETON;

/// Where conflicts that are left are kept, in Git's own folder.
const KEPT: &str = "update.yaml";

/// What the user writes for "as it is".
const MINE: &str = "mine";

/// What the user writes for "as landform would write it".
const THEIRS: &str = "theirs";

/// An update that waits.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    names: Vec<String>,
    #[serde(default)]
    files: BTreeMap<String, Option<String>>,
}

/// An update that waits: what it was about, and what is settled by now.
pub(super) struct Left {
    pub(super) names: Vec<String>,
    pub(super) resolved: BTreeMap<String, Settled>,
}

/// What somebody wrote behind a file. A whole text ends in a line end, so a word that is neither is a slip.
fn settled(path: &str, text: String, place: &Path, opened: &Opened) -> Result<Settled> {
    let wrong = |message: String, hint: &str| {
        let message = format!("{}: {message}", place.display());
        Err(Error::refused(Problem::new(message).hint(hint)))
    };
    if !opened.index.paths.contains(path) {
        return wrong(
            format!("there is no file {path}"),
            "the paths are those of the conflicts",
        );
    }
    match text.as_str() {
        MINE => Ok(Settled::Mine),
        THEIRS => Ok(Settled::Theirs),
        text if !text.contains('\n') => wrong(
            format!("`{text}` says nothing of {path}"),
            "write mine, theirs, or the whole text of the file as a block (|)",
        ),
        _ => Ok(Settled::Text(text)),
    }
}

/// The same of all files.
fn all_settled(
    said: BTreeMap<String, String>,
    place: &Path,
    opened: &Opened,
) -> Result<BTreeMap<String, Settled>> {
    no_markers(
        said.iter()
            .map(|(path, text)| (path.as_str(), text.as_str())),
    )?;
    let all = said.into_iter().map(|(path, text)| {
        let settled = settled(&path, text, place, opened)?;
        Ok((path, settled))
    });
    all.collect()
}

/// Reads a file for `--resolve`.
///
/// # Errors
/// It cannot be read, or is no map of paths.
pub(super) fn read(path: &Path, opened: &Opened) -> Result<BTreeMap<String, Settled>> {
    let text = std::fs::read_to_string(path).map_err(|e| Error::io("read", path, &e))?;
    let source = Source::new(path.display().to_string(), text);
    let files: BTreeMap<String, String> = yaml::read(&source)?;
    all_settled(files, path, opened)
}

/// Refuses text in which the marks of a conflict still stand.
fn no_markers<'t>(texts: impl Iterator<Item = (&'t str, &'t str)>) -> Result<()> {
    for (path, text) in texts {
        let mark = |line: &str| {
            ["<<<<<<< ", ">>>>>>> "]
                .iter()
                .any(|mark| line.starts_with(mark))
        };
        if let Some(at) = text.lines().position(mark) {
            return Err(Error::refused(
                Problem::new(format!(
                    "line {} of what {path} is to be is the mark of a conflict",
                    at + 1
                ))
                .hint("decide what stands there, and take the marks out"),
            ));
        }
    }
    Ok(())
}

/// The update that waits, if one does.
///
/// # Errors
/// Its file is broken.
pub(super) fn left(opened: &Opened) -> Result<Option<Left>> {
    let Some((path, text)) = git::note(&opened.root, KEPT)? else {
        return Ok(None);
    };
    let source = Source::new(path.display().to_string(), text);
    let file: File = yaml::read(&source)?;
    let said = file
        .files
        .into_iter()
        .filter_map(|(path, text)| Some((path, text?)));
    Ok(Some(Left {
        names: file.names,
        resolved: all_settled(said.collect(), &path, opened)?,
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
/// There is nothing to forget.
pub(super) fn abort(opened: &Opened, printer: &Printer) -> Result<u8> {
    if git::note(&opened.root, KEPT)?.is_none() {
        return Err(Error::refused(
            Problem::new("no update is waiting").hint("there is nothing to abort"),
        ));
    }
    git::forget_note(&opened.root, KEPT)?;
    printer.say("Forgotten: what was written before stays, and the conflicts come again with the next update.");
    Ok(0)
}

/// Tells of the conflicts that are left, and where to settle them.
///
/// # Errors
/// The file for it cannot be written.
pub(super) fn leave(
    opened: &Opened,
    names: &[String],
    left: &BTreeMap<String, Planned>,
    flags: &WriteFlags,
    printer: &Printer,
) -> Result<()> {
    let mut file = File {
        names: names.to_vec(),
        ..File::default()
    };
    let owners = Owners::of(&opened.platform, &opened.catalogue);
    for (name, planned) in left {
        for (path, sides) in &planned.change.sides {
            if !is_of(&owners, path, name) {
                continue;
            }
            file.files.insert(path.to_string(), None);
            if !flags.json {
                show(printer, planned, path, sides);
            }
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
    let head = "# Conflicts that an update left. Write behind each file what becomes of it:\n\
                # mine, theirs, or its whole text (as a block: |). Then: landform update --continue\n\
                # To forget them: landform update --abort\n";
    match git::keep_note(&opened.root, KEPT, &format!("{head}{text}"))? {
        Some(path) => printer.note(&format!(
            "settle them in {} and go on: landform update --continue\nor from a file of your own: landform update --resolve FILE",
            path.display()
        )),
        None => printer.note("settle them by landform update --resolve FILE"),
    }
    Ok(())
}

/// Whether a file in conflict belongs to what is left out under a name.
pub(super) fn is_of(owners: &Owners<'_>, path: &RepoPath, name: &str) -> bool {
    match owners.of_path(path) {
        Some((owner, _)) => owner == name,
        None => name == SKELETON,
    }
}

/// The conflicts as data.
pub(super) fn reports(left: &BTreeMap<String, Planned>) -> Vec<ConflictReport> {
    let mut reports: BTreeMap<String, ConflictReport> = BTreeMap::new();
    for planned in left.values() {
        for (path, sides) in &planned.change.sides {
            let report = ConflictReport {
                path: path.to_string(),
                reason: reason(planned, path),
                sides: Some(sides.into()),
            };
            reports.insert(path.to_string(), report);
        }
    }
    reports.into_values().collect()
}

fn reason(planned: &Planned, path: &RepoPath) -> String {
    let mut conflicts = planned.change.conflicts.iter();
    let conflict = conflicts.find(|conflict| &conflict.path == path);
    conflict
        .map(|conflict| conflict.reason.clone())
        .unwrap_or_default()
}

/// Shows what both sides did.
fn show(printer: &Printer, planned: &Planned, path: &RepoPath, sides: &Sides) {
    let bold = style::HEADING;
    printer.say(&format!(
        "\n{bold}{path}{bold:#}: {}",
        reason(planned, path)
    ));
    let base = sides.base.as_deref();
    printer.say("  yours, against what landform wrote:");
    printer.raw(&painted(&file_diff(path.as_str(), base, Some(&sides.ours))));
    match &sides.theirs {
        Some(theirs) => {
            printer.say("  the new one, against what landform wrote:");
            printer.raw(&painted(&file_diff(path.as_str(), base, Some(theirs))));
        }
        None => printer.say("  the new templates have no such file"),
    }
}

/// Notes that a component has and did not have before.
fn new_notes<'c>(edit: &'c Edit<'_>, owner: Option<&str>) -> Vec<&'c String> {
    let Some(name) = owner else {
        return Vec::new();
    };
    let notes = |component: Option<&'c Component>| component.map(|c| c.spec.notes.as_slice());
    let was = notes(edit.opened.catalogue.components.get(name)).unwrap_or_default();
    let is = notes(edit.catalogue.components.get(name)).unwrap_or_default();
    is.iter().filter(|note| !was.contains(note)).collect()
}

/// Asks what becomes of a file; nothing leaves its component out.
///
/// # Errors
/// Somebody stops it.
pub(super) fn ask(
    terminal: &mut Terminal,
    printer: &Printer,
    planned: &Planned,
    path: &RepoPath,
    edit: &Edit<'_>,
    owner: Option<&str>,
) -> Result<Option<Settled>> {
    let sides = &planned.change.sides[path];
    show(printer, planned, path, sides);
    for note in new_notes(edit, owner) {
        printer.say(&format!("  note: {note}"));
    }
    let whole = owner.unwrap_or("what belongs to no component");
    let items = [
        Item::new(MINE, "it stays as it is"),
        Item::new(THEIRS, "the new text is taken, and your edits of it go"),
        Item::new("edit", "in your editor"),
        Item::new("skip", format!("{whole} is not updated now")),
    ];
    loop {
        match terminal.select(&format!("{path}: which is right?"), &items, 0)? {
            Reply::Given(0) => return Ok(Some(Settled::Mine)),
            Reply::Given(1) => return Ok(Some(Settled::Theirs)),
            Reply::Given(2) => {
                let text = marked(sides.base.as_deref(), &sides.ours, sides.theirs.as_deref());
                let Some(text) = terminal.in_editor(&text, path.file_name())? else {
                    continue;
                };
                match no_markers(std::iter::once((path.as_str(), text.as_str()))) {
                    Ok(()) => return Ok(Some(Settled::Text(text))),
                    Err(error) => terminal.say(&format!("  Not taken: {error}")),
                }
            }
            Reply::Given(_) | Reply::Back => return Ok(None),
        }
    }
}
