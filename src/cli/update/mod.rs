//! `landform update`.

mod left;
mod mend;
mod scope;

use super::catalog::seen_from;
use super::confirm::unwritten;
use super::edit::{
    Edit, Planned, Said, Settled, WriteFlags, ask_all, carry_out_planned, may_add_needs, new, plan,
    tell_needs,
};
use super::opened::Opened;
use super::relocate::places;
use crate::catalog::Catalogue;
use crate::error::{Error, Problem, Result};
use crate::git::{self, Place};
use crate::model::{AnswerOrigin, Answers, CatalogueRef, Platform, RepoPath, revise};
use crate::ui::{ConflictReport, Printer, Reply, Table, Terminal, width};
use std::collections::{BTreeMap, BTreeSet};

use left::LeftOut;
use scope::Scope;

pub(super) use scope::{OutdatedArgs, OutdatedList, run_outdated};

/// Bring in newer templates, and keep your edits
///
/// The templates of the catalogue in force are set against those that the platform was made from, and what changed
/// goes into your own text. Where both sides changed the same place, nothing of that component is written until you
/// say which is right: on a terminal, or in a file for --resolve. Chart versions never go back. Files that you
/// deleted stay deleted, and folders that you moved are followed.
///
/// Where two branches were merged of which each added a component, the tree lacks what one changes in the other: values,
/// routes, what it waits for. --mend writes that.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    landform update --dry-run --diff\n  \
    landform update\n  \
    landform update grafana\n  \
    landform update --resolve resolve.yaml --yes\n  \
    landform update --mend\n\n\
    A file for --resolve names each file in conflict and what becomes of it: mine, theirs, or its whole text:\n  \
    apps/grafana/values.yaml: theirs\n\n\
    Exit code 1 if a conflict is left.")]
pub(super) struct Args {
    /// Only these components; without any, everything
    #[arg(value_name = "NAME")]
    names: Vec<String>,
    /// Settle the conflicts that an update left, as you wrote into its file
    #[arg(long = "continue", conflicts_with_all = ["names", "resolve", "abort"])]
    go_on: bool,
    /// Forget the conflicts that an update left
    #[arg(long, conflicts_with_all = ["names", "resolve"])]
    abort: bool,
    /// Write what components change in each other and the tree lacks, as after a merge of two branches; the templates
    /// stay as they are
    #[arg(long, conflicts_with_all = ["names", "go_on", "abort", "catalog", "trust", "with_needs"])]
    mend: bool,
    /// Another catalogue of your own from now on
    #[arg(long, value_name = "DIR|URL#TAG")]
    catalog: Option<String>,
    /// Accept the Terraform and CI files of a catalogue of your own
    #[arg(long)]
    trust: bool,
    /// Add what is needed with the new templates without asking
    #[arg(long)]
    with_needs: bool,
    #[command(flatten)]
    write: WriteFlags,
}

pub(super) fn run(args: &Args, printer: &Printer) -> Result<u8> {
    let mut opened = Opened::to_change(&args.write)?;
    let place = git::look(&opened.root)?;
    if args.abort {
        return left::abort(&opened, printer);
    }
    if args.mend {
        return mend::run(&opened, &args.write, printer);
    }
    let mut names = args.names.clone();
    let mut said = match &args.write.resolve {
        Some(path) => Some(Said::read(path)?),
        None => None,
    };
    // Before the catalogue is looked at: whoever continues what does not wait need not accept its files.
    if args.go_on {
        let Some(waiting) = left::waiting(&opened)? else {
            return Err(Error::refused(
                Problem::new("no update is waiting to be continued")
                    .hint("landform update begins one"),
            ));
        };
        names = waiting.names;
        said = Some(waiting.said);
    }
    if let Some(catalogue) = &args.catalog {
        let own = CatalogueRef::parse(catalogue);
        opened.platform.catalogue = Some(seen_from(&opened.root, own));
    }
    let force = opened.in_force(args.trust)?;
    let scope = Scope::of(&opened, &force, &names)?;
    let mut terminal = args.write.terminal();
    let session = Session {
        args,
        opened: &opened,
        force: &force,
        place: &place,
        said,
    };
    let found = session.settle(scope, terminal.as_mut(), printer)?;
    session.finish(&names, found, terminal.as_mut(), printer)
}

/// An update as far as it can go, and what it leaves.
struct Found {
    catalogue: Catalogue,
    scope: Scope,
    resolved: BTreeMap<String, Settled>,
    left: LeftOut,
    /// Whether the table and the conflicts were shown, because somebody was asked about them.
    shown: bool,
}

struct Session<'a> {
    args: &'a Args,
    opened: &'a Opened,
    force: &'a Catalogue,
    place: &'a Place,
    /// What stands in a file about conflicts.
    said: Option<Said>,
}

impl<'a> Session<'a> {
    fn edit<'e>(
        &self,
        scope: &Scope,
        catalogue: &'e Catalogue,
        resolved: &BTreeMap<String, Settled>,
    ) -> Result<Edit<'e>>
    where
        'a: 'e,
    {
        let opened = self.opened;
        let answers = Answers::of(&opened.platform, &opened.catalogue, catalogue);
        let resolution = revise(&opened.platform, &opened.catalogue, &answers, catalogue)?;
        let mut edit = Edit::new("update", opened, scope.title());
        edit.notes = resolution.notes;
        edit.notes
            .extend(not_asked(&opened.platform, &resolution.platform));
        edit.notes.extend(scope.notes());
        edit.assumed = resolution.assumed;
        edit.platform = resolution.platform;
        edit.catalogue = catalogue;
        for (name, component) in &catalogue.components {
            let was = opened.catalogue.components.get(name).map(|c| c.spec.layer);
            if let Some(was) = was.filter(|was| *was != component.spec.layer) {
                edit.places
                    .extend(places(opened, name, name, was, component.spec.layer));
            }
        }
        if let Some(said) = &self.said {
            said.settle(&mut edit)?;
        }
        edit.resolved.extend(resolved.clone());
        Ok(edit)
    }

    /// Plans, asks about conflicts, and leaves out whatever has one that nobody settled.
    fn settle(
        &self,
        mut scope: Scope,
        mut terminal: Option<&mut Terminal>,
        printer: &Printer,
    ) -> Result<Found> {
        let mut resolved = BTreeMap::new();
        let mut left = LeftOut::new();
        let mut shown = false;
        loop {
            let catalogue = self.opened.catalogue.with(self.force, &scope.taken)?;
            let edit = self.edit(&scope, &catalogue, &resolved)?;
            let planned = plan(&edit, &self.args.write, self.place)?;
            let open = planned.report.conflicts.iter();
            let mut open: Vec<&ConflictReport> = open.filter(|c| c.sides.is_some()).collect();
            if open.is_empty() {
                return Ok(Found {
                    catalogue,
                    scope,
                    resolved,
                    left,
                    shown,
                });
            }
            if let Some(terminal) = terminal.as_deref_mut() {
                if !shown {
                    self.table(&planned, &by_owner(&open), printer);
                    shown = true;
                }
                let all: Vec<ConflictReport> = open.iter().copied().cloned().collect();
                let Reply::Given(answers) = ask_all(terminal, printer, &all, true)? else {
                    return Err(unwritten());
                };
                open.retain(|conflict| answers[&conflict.path].is_none());
                let settled = answers.into_iter();
                resolved.extend(settled.filter_map(|(path, answer)| Some((path, answer?))));
            }
            for (owner, conflicts) in by_owner(&open) {
                left.entry(scope.leave(&owner))
                    .or_default()
                    .extend(conflicts);
            }
        }
    }

    fn finish(
        &self,
        names: &[String],
        found: Found,
        terminal: Option<&mut Terminal>,
        printer: &Printer,
    ) -> Result<u8> {
        let Found {
            catalogue,
            scope,
            resolved,
            left,
            shown,
        } = found;
        let args = self.args;
        let mut edit = self.edit(&scope, &catalogue, &resolved)?;
        let new = new(&self.opened.platform, &edit.platform);
        may_add_needs(
            &new,
            args.with_needs || terminal.is_some() || args.write.dry_run,
        )?;
        tell_needs(&mut edit, &new);
        let mut planned = plan(&edit, &args.write, self.place)?;
        let deleted = deleted(&planned, &scope.named);
        planned.report.notes.extend(deleted);
        planned.report.notes.extend(mend::hint(self.opened)?);
        let conflicts = left::conflicts(&left).into_iter().cloned();
        planned.report.conflicts.extend(conflicts);
        if !args.write.json && !shown {
            self.table(&planned, &left, printer);
        }
        let quiet = planned.change.is_empty();
        let code = if quiet && !left.is_empty() {
            if args.write.json {
                printer.json(&planned.report)?;
            }
            1
        } else {
            carry_out_planned(&edit, planned, self.place, &args.write, printer, terminal)?.code()?
        };
        if left.is_empty() {
            left::forget(self.opened);
            return Ok(code);
        }
        left::leave(self.opened, names, &left, shown, args, printer)?;
        Ok(1)
    }

    /// What becomes of each component, in one line.
    fn table(&self, planned: &Planned, left: &LeftOut, printer: &Printer) {
        let mut counts: BTreeMap<String, (usize, usize)> = BTreeMap::new();
        for path in planned.change.files.keys() {
            if path.parents().next() == Some(crate::model::RECORD) {
                continue;
            }
            let owner = planned.owners.get(path).map(String::as_str);
            let owner = owner.unwrap_or(scope::SKELETON);
            let (clean, merged) = counts.entry(owner.to_owned()).or_default();
            if planned.change.merged.contains(path) {
                *merged += 1;
            } else {
                *clean += 1;
            }
        }
        let names: BTreeSet<&String> = counts.keys().chain(left.keys()).collect();
        if names.is_empty() {
            return;
        }
        let header = ["", "templates", "clean", "merged", "conflict"].map(str::to_owned);
        let mut table = Table::new(header.to_vec());
        for name in names {
            let (clean, merged) = counts.get(name).copied().unwrap_or_default();
            let conflicts = left.get(name).map_or(0, Vec::len);
            let number = |count: usize| {
                if count == 0 {
                    "-".to_owned()
                } else {
                    count.to_string()
                }
            };
            table.row(&[
                name.clone(),
                Scope::versions(self.opened, self.force, name),
                number(clean),
                number(merged),
                number(conflicts),
            ]);
        }
        printer.say(&table.draw(width()));
    }
}

/// Conflicts by what they belong to: a component, or none.
fn by_owner(conflicts: &[&ConflictReport]) -> LeftOut {
    let mut by_owner = LeftOut::new();
    for conflict in conflicts {
        let owner = conflict.component.as_deref().unwrap_or(scope::SKELETON);
        let of = by_owner.entry(owner.to_owned()).or_default();
        of.push((*conflict).clone());
    }
    by_owner
}

/// How many deleted files are told by name.
const TOLD: usize = 8;

/// The files that somebody deleted: of the components named, or all.
fn deleted(planned: &Planned, names: &[String]) -> Option<String> {
    let asked = |path: &&RepoPath| {
        let owner = planned.owners.get(*path);
        names.is_empty() || owner.is_some_and(|owner| names.contains(owner))
    };
    let all: Vec<&str> = planned
        .deleted
        .iter()
        .filter(asked)
        .map(RepoPath::as_str)
        .collect();
    let told = all[..all.len().min(TOLD)].join(", ");
    let more = match all.len().saturating_sub(TOLD) {
        0 => String::new(),
        more => format!(" and {more} more (landform diff tells all)"),
    };
    (!all.is_empty()).then(|| format!("you deleted these, and they stay deleted: {told}{more}"))
}

/// Answers that no question asks for any more.
fn not_asked(before: &Platform, after: &Platform) -> Option<String> {
    let mut gone = Vec::new();
    for (name, cluster) in &before.clusters {
        let Some(now) = after.clusters.get(name) else {
            continue;
        };
        for (key, answer) in &cluster.answers {
            if answer.origin == AnswerOrigin::Answered && !now.answers.contains_key(key) {
                gone.push(format!("{name}.{key}"));
            }
        }
        for (component, placed) in &cluster.components {
            let Some(now) = now.components.get(component) else {
                continue;
            };
            for (key, answer) in &placed.answers {
                if answer.origin == AnswerOrigin::Answered && !now.answers.contains_key(key) {
                    gone.push(format!("{name}:{component}.{key}"));
                }
            }
        }
    }
    (!gone.is_empty()).then(|| format!("no longer asked, so these answers go: {}", gone.join(", ")))
}
