//! What every command does that changes a platform: plan, show, ask, write, commit. They differ in how the platform
//! after the change comes about, and in nothing else.

mod added;
mod conflicts;
mod like;
mod merged;
mod next;
mod plan;
mod rebuilt;
mod refer;
mod sides;
mod why;
mod write;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::PathBuf;

pub(super) use added::{New, keep_versions, may_add_needs, new, tell_needs};
pub(super) use conflicts::{Said, ask_all, show as show_conflict};
pub(super) use plan::{Planned, plan};
pub(super) use rebuilt::{Guard, rebuilt};

use super::confirm::{confirmed, refuse, unwritten};
use super::opened::{Folder, Opened};
use crate::catalog::Catalogue;
use crate::change::Sides;
use crate::error::{Error, Problem, Result};
use crate::git::{self, Place};
use crate::model::{Assumption, Platform, RepoPath};
use crate::ui::{
    Printer, Step, Terminal, is_interactive, painted, plan_lines, steps, style, unified, width,
    wrap,
};

/// Flags of every command that changes a platform.
#[derive(Debug, clap::Args)]
pub(super) struct WriteFlags {
    #[command(flatten)]
    pub(super) folder: Folder,
    /// Ask nothing: take defaults, and write
    #[arg(short, long)]
    pub(super) yes: bool,
    /// Show the plan and write nothing
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Show the text of every file that changes
    #[arg(long)]
    pub(super) diff: bool,
    /// Print the outcome as JSON; see `landform schema change`
    #[arg(long)]
    pub(super) json: bool,
    /// Settle conflicts with your edits as a YAML file says: of each path mine, theirs, or its whole text
    #[arg(long, value_name = "FILE")]
    pub(super) resolve: Option<PathBuf>,
    /// Write and stage, but do not commit
    #[arg(long)]
    pub(super) no_commit: bool,
    /// Message of the commit, instead of landform's own
    #[arg(long, value_name = "TEXT", conflicts_with = "no_commit")]
    pub(super) message: Option<String>,
}

impl WriteFlags {
    /// A terminal to ask on, if this command may ask.
    pub(super) fn terminal(&self) -> Option<Terminal> {
        let quiet = self.yes || self.dry_run || self.json;
        (!quiet && is_interactive()).then(Terminal::new)
    }
}

/// A platform as somebody wants it.
pub(super) struct Edit<'a> {
    /// The command.
    pub(super) command: &'static str,
    /// What is there.
    pub(super) opened: &'a Opened,
    /// What is wanted.
    pub(super) platform: Platform,
    /// The templates it is made from.
    pub(super) catalogue: &'a Catalogue,
    /// First line of the commit's message.
    pub(super) title: String,
    /// What else the message says.
    pub(super) body: String,
    /// What is to be told, in words.
    pub(super) notes: Vec<String>,
    /// Defaults that were taken.
    pub(super) assumed: Vec<Assumption>,
    /// Components whose files go, edited or not, each from these clusters; with the last one goes what they share.
    pub(super) removed: BTreeMap<String, BTreeSet<String>>,
    /// Components that clusters no longer keep a version of: the file with it goes, edited or not.
    pub(super) unpinned: BTreeSet<(String, String)>,
    /// Components whose files are written again where somebody deleted them.
    pub(super) restored: BTreeSet<String>,
    /// Files that are not as the record would have them, because nobody has written what one component changes in
    /// another: they are merged from what landform wrote before that.
    pub(super) unwritten: BTreeMap<RepoPath, Unwritten>,
    /// Versions that were named, by the file that keeps them. They are written as given, older or newer.
    pub(super) versions: BTreeMap<String, String>,
    /// Folders and files that get another place, with all that is in them.
    pub(super) places: BTreeMap<String, String>,
    /// A Flux Kustomization that gets another name.
    pub(super) object: Option<RenamedObject>,
    /// Files that no template makes.
    pub(super) files: BTreeMap<RepoPath, String>,
    /// A cluster, and the new one that gets its edits too.
    pub(super) like: Option<(String, String)>,
    /// How conflicts are settled, by path.
    pub(super) resolved: BTreeMap<String, Settled>,
    /// Whether Terraform takes away what Flux must let go first.
    pub(super) terraform_last: bool,
    /// What to do after the push, in order.
    pub(super) next: Vec<Step>,
}

impl<'a> Edit<'a> {
    /// An edit that changes nothing yet.
    pub(super) fn new(command: &'static str, opened: &'a Opened, title: String) -> Self {
        Self {
            command,
            opened,
            platform: opened.platform.clone(),
            catalogue: &opened.catalogue,
            title,
            body: String::new(),
            notes: Vec::new(),
            assumed: Vec::new(),
            removed: BTreeMap::new(),
            unpinned: BTreeSet::new(),
            restored: BTreeSet::new(),
            unwritten: BTreeMap::new(),
            versions: BTreeMap::new(),
            places: BTreeMap::new(),
            object: None,
            files: BTreeMap::new(),
            like: None,
            resolved: BTreeMap::new(),
            terraform_last: false,
            next: Vec::new(),
        }
    }

    fn message(&self, flags: &WriteFlags) -> String {
        match &flags.message {
            Some(message) => format!("{}\n", message.trim_end()),
            None if self.body.is_empty() => format!("{}\n", self.title),
            None => format!("{}\n\n{}\n", self.title, self.body.trim_end()),
        }
    }
}

/// A Flux Kustomization that gets another name.
pub(super) struct RenamedObject {
    /// Its name.
    pub(super) from: String,
    /// The new one.
    pub(super) to: String,
    /// The clusters it is on.
    pub(super) on: BTreeSet<String>,
}

/// A file that lacks what components change in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unwritten {
    /// What landform would write without them; nothing if there would be no such file.
    pub(super) base: Option<String>,
    /// The components.
    pub(super) by: BTreeSet<String>,
}

impl Unwritten {
    /// Why the file changes, in words.
    pub(super) fn why(&self) -> String {
        let by: Vec<&str> = self.by.iter().map(String::as_str).collect();
        format!("for {}", by.join(", "))
    }
}

/// How somebody settled a conflict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Settled {
    /// What is there stays.
    Mine,
    /// What is new is taken.
    Theirs,
    /// The file gets this text.
    Text(String),
}

impl Settled {
    /// The text that the file gets; nothing if it goes.
    fn text(&self, sides: &Sides) -> Option<String> {
        match self {
            Self::Mine => Some(sides.ours.clone()),
            Self::Theirs => sides.theirs.clone(),
            Self::Text(text) => Some(text.clone()),
        }
    }
}

/// How a command ended.
pub(super) enum Ended {
    /// With this exit code.
    Done(u8),
    /// The last answer is to be given again.
    Back,
}

impl Ended {
    /// The exit code, where there is no question to go back to: then Escape is a no.
    ///
    /// # Errors
    /// Somebody went back.
    pub(super) fn code(self) -> Result<u8> {
        match self {
            Self::Done(code) => Ok(code),
            Self::Back => Err(unwritten()),
        }
    }
}

/// Plans an edit, settles its conflicts, shows it, asks, writes and commits.
///
/// # Errors
/// It cannot be planned, something stands against it, somebody says no, or it cannot be written.
pub(super) fn carry_out(
    edit: &mut Edit<'_>,
    flags: &WriteFlags,
    printer: &Printer,
    mut terminal: Option<&mut Terminal>,
) -> Result<Ended> {
    let place = git::look(&edit.opened.root)?;
    if let Some(path) = &flags.resolve {
        Said::read(path)?.settle(edit)?;
    }
    let mut planned = plan(edit, flags, &place)?;
    if let Some(terminal) = terminal.as_deref_mut()
        && !planned.change.conflicts.is_empty()
    {
        if !conflicts::settle(edit, &planned, printer, terminal)? {
            return Ok(Ended::Back);
        }
        planned = plan(edit, flags, &place)?;
    }
    carry_out_planned(edit, planned, &place, flags, printer, terminal)
}

/// The same with the plan made already.
///
/// # Errors
/// As for [`carry_out`].
pub(super) fn carry_out_planned(
    edit: &Edit<'_>,
    mut planned: Planned,
    place: &Place,
    flags: &WriteFlags,
    printer: &Printer,
    terminal: Option<&mut Terminal>,
) -> Result<Ended> {
    if !planned.change.conflicts.is_empty() {
        let hint = conflicts::hint(&planned.report.conflicts);
        return refuse(flags.json, &hint, printer, &planned.report, &planned.change)
            .map(Ended::Done);
    }
    let changes = !planned.change.files.is_empty();
    if !flags.json && changes {
        show(&planned, flags, printer);
    }
    if flags.dry_run || !changes {
        if flags.json {
            printer.json(&planned.report)?;
        } else if !changes {
            told(&planned.report.notes, printer);
            printer.say("Nothing to do: everything is as you want it already.");
        }
        return Ok(Ended::Done(0));
    }
    if !flags.no_commit && matches!(place, Place::Root(_)) {
        git::must_have_identity(place)?;
    }
    if !flags.yes && !confirmed(flags.no_commit, printer, terminal, &planned.change)? {
        return Ok(Ended::Back);
    }
    write::write(edit, flags, place, &mut planned)?;
    if flags.json {
        printer.json(&planned.report)?;
    } else {
        finish(&planned, printer);
    }
    Ok(Ended::Done(0))
}

/// The same for a command that has no question to go back to.
///
/// # Errors
/// As for [`carry_out`].
pub(super) fn carry_out_plainly(
    edit: &mut Edit<'_>,
    flags: &WriteFlags,
    printer: &Printer,
) -> Result<u8> {
    let mut terminal = flags.terminal();
    carry_out(edit, flags, printer, terminal.as_mut())?.code()
}

fn told(notes: &[String], printer: &Printer) {
    let width = width().unwrap_or(usize::MAX);
    for note in notes {
        let lines = wrap(&format!("Note: {note}"), width, "  ");
        printer.say(&lines.join("\n"));
    }
}

fn show(planned: &Planned, flags: &WriteFlags, printer: &Printer) {
    if flags.diff {
        printer.raw(&painted(&unified(&planned.change)));
    }
    let width = width().unwrap_or(usize::MAX);
    let bold = style::HEADING;
    let report = &planned.report;
    let mut blocks = vec![plan_lines(&planned.change, &planned.why, width)];
    if !report.assumed.is_empty() {
        let by = match report.command.as_str() {
            "add" => "--set",
            // It has no such flag, or is one itself.
            _ => "landform set",
        };
        let mut block = format!("{bold}Assumed{bold:#} (change by {by} KEY=VALUE)");
        for assumed in &report.assumed {
            let _ = write!(block, "\n  {}={}", assumed.as_set(), assumed.value);
        }
        blocks.push(block);
    }
    for note in &report.notes {
        blocks.push(wrap(&format!("Note: {note}"), width, "  ").join("\n"));
    }
    let text = blocks.join("\n\n");
    if flags.dry_run {
        // It is what was asked for.
        printer.product(&text);
    } else {
        printer.say(&text);
    }
}

fn finish(planned: &Planned, printer: &Printer) {
    let (good, bold) = (style::GOOD, style::HEADING);
    let report = &planned.report;
    let outcome = match &report.commit {
        Some(id) => format!(
            "commit {} \"{}\"",
            id.get(..10).unwrap_or(id),
            planned.subject
        ),
        None if planned.in_git => "written and staged, not committed".to_owned(),
        None => "written; this folder is no Git repository, so nothing was committed".to_owned(),
    };
    let next = if report.next.is_empty() {
        String::new()
    } else {
        format!("\n\n{bold}Next{bold:#}{}", steps(&report.next, width()))
    };
    printer.say(&format!("\n{good}Done:{good:#} {outcome}{next}"));
}

/// The refusal of a name that no cluster has.
pub(super) fn unknown_cluster(opened: &Opened, name: &str) -> Error {
    let known = opened.platform.clusters.keys().map(String::as_str);
    let message = format!(
        "there is no cluster `{name}` on the platform {}",
        opened.platform.name
    );
    Error::refused(Problem::new(message).hint(crate::error::suggest(name, known)))
}

/// The clusters that `--on` names, or all.
///
/// # Errors
/// One of them is not there.
pub(super) fn clusters(opened: &Opened, on: &[String]) -> Result<BTreeSet<String>> {
    let there = &opened.platform.clusters;
    let is_gone = |name: &String| !opened.index.has_folder(&format!("clusters/{name}"));
    if on.is_empty() {
        return Ok(there
            .keys()
            .filter(|name| !is_gone(name))
            .cloned()
            .collect());
    }
    if let Some(gone) = on
        .iter()
        .find(|name| there.contains_key(*name) && is_gone(name))
    {
        let problem = Problem::new(format!(
            "clusters/{gone}/ is gone, and the record still has the cluster"
        ));
        return Err(Error::refused(problem.hint(format!(
            "bring it back from Git, or take it out for good: landform remove cluster {gone} --destroyed"
        ))));
    }
    let known = on.iter().map(|name| {
        let known = there.contains_key(name);
        known
            .then(|| name.clone())
            .ok_or_else(|| unknown_cluster(opened, name))
    });
    known.collect()
}
