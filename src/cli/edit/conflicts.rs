//! Conflicts of any change between the user's text and the new one: shown with their three sides, settled by a file, or
//! asked about.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use super::{Edit, Planned, Settled};
use crate::error::{Error, Problem, Result, Source};
use crate::merge::marked;
use crate::model::RepoPath;
use crate::ui::{
    ConflictReport, Item, Printer, Prompter as _, Reply, SidesReport, Terminal, file_diff, painted,
    style, width, wrap,
};
use crate::yaml;

/// What the user writes for "as it is".
const MINE: &str = "mine";

/// What the user writes for "as landform would write it".
const THEIRS: &str = "theirs";

/// What somebody wrote about conflicts into a file, not looked at yet.
pub(in crate::cli) struct Said {
    /// The file.
    pub(in crate::cli) source: Arc<Source>,
    /// What stands behind each path.
    pub(in crate::cli) files: BTreeMap<String, String>,
}

impl Said {
    /// Reads a file for `--resolve`.
    ///
    /// # Errors
    /// It cannot be read, or is no map of paths.
    pub(in crate::cli) fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).map_err(|e| Error::io("read", path, &e))?;
        let source = Source::new(path.display().to_string(), text);
        let files = yaml::read(&source)?;
        Ok(Self { source, files })
    }

    /// Settles conflicts of an edit by it.
    ///
    /// # Errors
    /// A path is none, or what stands behind it says nothing of it.
    pub(in crate::cli) fn settle(&self, edit: &mut Edit<'_>) -> Result<()> {
        for (path, text) in &self.files {
            let comes = |new: &String| {
                let rest = path.strip_prefix(new.as_str());
                rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            };
            let there = edit.opened.index.paths.contains(path) || edit.places.values().any(comes);
            let settled = settled(path, text, there)
                .map_err(|problem| Error::refused(self.placed(problem, path)))?;
            edit.resolved.insert(path.clone(), settled);
        }
        Ok(())
    }

    /// A problem with what stands behind a path, with the line where that is said: at the root of a file of the
    /// user's, below `files` in that of an update.
    fn placed(&self, problem: Problem, path: &str) -> Problem {
        let Ok(node) = yaml::parse(&self.source) else {
            return problem;
        };
        let all = node.get("files").unwrap_or(&node).entries().iter();
        let mut keys = all.map(|(key, _)| key);
        match keys.find(|key| key.text() == Some(path)) {
            Some(key) => problem.span(&self.source, key.span.clone()),
            None => problem,
        }
    }
}

/// What somebody wrote behind a file. A whole text ends in a line end, so a word that is neither is a slip.
fn settled(path: &str, text: &str, there: bool) -> Result<Settled, Problem> {
    // A file that went is as the new side has it already: the same command may run twice.
    if !there && text != THEIRS {
        return Err(Problem::new(format!("there is no file {path}"))
            .hint("the paths are those of the conflicts"));
    }
    match text {
        MINE => Ok(Settled::Mine),
        THEIRS => Ok(Settled::Theirs),
        text if !text.contains('\n') => {
            Err(Problem::new(format!("`{text}` says nothing of {path}"))
                .hint("write mine, theirs, or the whole text of the file as a block (|)"))
        }
        _ => {
            can_stand(path, text)?;
            Ok(Settled::Text(text.to_owned()))
        }
    }
}

/// Refuses a text in which the marks of a conflict still stand, and one that is broken YAML.
fn can_stand(path: &str, text: &str) -> Result<(), Problem> {
    let mark = |line: &str| {
        ["<<<<<<< ", ">>>>>>> "]
            .iter()
            .any(|mark| line.starts_with(mark))
    };
    if let Some(at) = text.lines().position(mark) {
        return Err(Problem::new(format!(
            "line {} of what {path} is to be is the mark of a conflict",
            at + 1
        ))
        .hint("decide what stands there, and take the marks out"));
    }
    if !path.ends_with(".yaml") && !path.ends_with(".yml") {
        return Ok(());
    }
    let source = Source::new(path, text);
    yaml::parse_foreign(&source).map_err(|error| {
        let problem = error.problems.into_iter().next();
        let why = problem.map_or_else(String::new, |problem| problem.to_string());
        Problem::new(format!("what {path} is to be is no YAML: {why}"))
            .hint("mend that line, and try again")
    })?;
    Ok(())
}

/// What to do about conflicts where nobody can be asked.
pub(super) fn hint(conflicts: &[ConflictReport]) -> String {
    let mend = "mend what is named, and run the same command again";
    let mut sided = conflicts.iter().filter(|conflict| conflict.sides.is_some());
    let Some(first) = sided.next() else {
        return mend.to_owned();
    };
    let how = format!(
        "the same command with --resolve FILE, in which stands `{}: theirs` (or mine, or its whole text as a block: |)",
        first.path
    );
    if first.reason.contains("broken YAML") {
        format!("mend that file and commit it, or settle it by {how}")
    } else if sided.count() + 1 == conflicts.len() {
        format!("settle it by {how}")
    } else {
        format!("{mend}; what you edited is settled by {how}")
    }
}

/// Asks about the conflicts of a plan, if asking about them can settle all of it. False means: back to the question
/// before.
///
/// # Errors
/// Somebody stops it, or the terminal is gone.
pub(super) fn settle(
    edit: &mut Edit<'_>,
    planned: &Planned,
    printer: &Printer,
    terminal: &mut Terminal,
) -> Result<bool> {
    let conflicts = &planned.report.conflicts;
    if conflicts.iter().any(|conflict| conflict.sides.is_none()) {
        return Ok(true);
    }
    let Reply::Given(answers) = ask_all(terminal, printer, conflicts, false)? else {
        return Ok(false);
    };
    let settled = answers
        .into_iter()
        .filter_map(|(path, settled)| Some((path, settled?)));
    edit.resolved.extend(settled);
    Ok(true)
}

/// Asks about one conflict after the other, with a way back. With `may_leave` somebody may leave a component as it
/// is; then nothing is settled about any of its files.
///
/// # Errors
/// Somebody stops it, or the terminal is gone.
pub(in crate::cli) fn ask_all(
    terminal: &mut Terminal,
    printer: &Printer,
    conflicts: &[ConflictReport],
    may_leave: bool,
) -> Result<Reply<BTreeMap<String, Option<Settled>>>> {
    let mut said: BTreeMap<usize, Option<Settled>> = BTreeMap::new();
    let left = |said: &BTreeMap<usize, Option<Settled>>| -> BTreeSet<Option<String>> {
        let left = said.iter().filter(|(_, answer)| answer.is_none());
        left.map(|(at, _)| conflicts[*at].component.clone())
            .collect()
    };
    let mut at = 0;
    while let Some(conflict) = conflicts.get(at) {
        let is_left = left(&said).contains(&conflict.component);
        let sides = conflict.sides.as_ref().filter(|_| !is_left);
        let Some(sides) = sides else {
            at += 1;
            continue;
        };
        match ask(terminal, printer, conflict, sides, may_leave)? {
            Reply::Given(answer) => {
                said.insert(at, answer);
                at += 1;
            }
            Reply::Back => match said.pop_last() {
                Some((before, _)) => at = before,
                None => return Ok(Reply::Back),
            },
        }
    }
    let left = left(&said);
    let answers = conflicts.iter().enumerate().map(|(at, conflict)| {
        let answer = said.remove(&at).flatten();
        let answer = answer.filter(|_| !left.contains(&conflict.component));
        (conflict.path.clone(), answer)
    });
    Ok(Reply::Given(answers.collect()))
}

/// Asks what becomes of a file; nothing leaves what it belongs to as it is.
fn ask(
    terminal: &mut Terminal,
    printer: &Printer,
    conflict: &ConflictReport,
    sides: &SidesReport,
    may_leave: bool,
) -> Result<Reply<Option<Settled>>> {
    show(printer, conflict);
    let path = &conflict.path;
    let mut items = vec![
        Item::new(MINE, "it stays as it is"),
        Item::new(THEIRS, "the new text is taken, and your edits of it go"),
        Item::new("edit", "in your editor"),
    ];
    if may_leave {
        let whole = conflict.component.as_deref();
        let whole = whole.unwrap_or("what belongs to no component");
        items.push(Item::new("skip", format!("{whole} is not updated now")));
    }
    let name = path.rsplit('/').next().unwrap_or(path);
    let mut draft = marked(sides.base.as_deref(), &sides.yours, sides.new.as_deref());
    loop {
        match terminal.select(&format!("{path}: which is right?"), &items, 0)? {
            Reply::Given(0) => return Ok(Reply::Given(Some(Settled::Mine))),
            Reply::Given(1) => return Ok(Reply::Given(Some(Settled::Theirs))),
            Reply::Given(2) => {
                let Some(text) = terminal.in_editor(&draft, name)? else {
                    terminal.not_taken("the editor saved nothing");
                    continue;
                };
                match can_stand(path, &text) {
                    Ok(()) => return Ok(Reply::Given(Some(Settled::Text(text)))),
                    Err(problem) => terminal.not_taken(&problem.to_string()),
                }
                // Nobody writes it twice.
                draft = text;
            }
            Reply::Given(_) => return Ok(Reply::Given(None)),
            Reply::Back => return Ok(Reply::Back),
        }
    }
}

/// Shows what both sides did, and what the template says of it.
pub(in crate::cli) fn show(printer: &Printer, conflict: &ConflictReport) {
    let Some(sides) = &conflict.sides else {
        return;
    };
    let bold = style::HEADING;
    let path = &conflict.path;
    printer.say(&format!("\n{bold}{path}{bold:#}: {}", conflict.reason));
    let base = sides.base.as_deref();
    printer.say("  yours, against what landform wrote:");
    printer.raw(&painted(&file_diff(path, base, Some(&sides.yours))));
    match &sides.new {
        Some(new) => {
            printer.say("  the new one, against what landform wrote:");
            printer.raw(&painted(&file_diff(path, base, Some(new))));
        }
        None => printer.say("  the new side has no such file"),
    }
    for note in &conflict.notes {
        let width = width().unwrap_or(usize::MAX);
        printer.say(&wrap(&format!("  note: {note}"), width, "    ").join("\n"));
    }
}

/// Tells whose the conflicts of a plan are, and what the templates say of that.
pub(super) fn describe(
    edit: &Edit<'_>,
    owners: &BTreeMap<RepoPath, String>,
    conflicts: &mut [ConflictReport],
) {
    for conflict in conflicts.iter_mut().filter(|c| c.sides.is_some()) {
        let path = RepoPath::new(conflict.path.clone()).ok();
        conflict.component = path.and_then(|path| owners.get(&path).cloned());
        let component = conflict.component.as_ref();
        let component = component.and_then(|name| edit.catalogue.components.get(name));
        if let Some(component) = component {
            conflict.notes.clone_from(&component.spec.notes);
        }
    }
}
