//! `landform check --fix`: what can surely be mended, as one change.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use super::confirm::{confirmed, refuse, unwritten};
use super::held::hold;
use super::here::Here;
use super::plan::uncommitted;
use crate::change::{Change, Save};
use crate::check::{Config, Finding, Fixed, Report as Found, Severity, check, fixed};
use crate::error::{Error, Problem, Result};
use crate::git::{self, Place};
use crate::index::{Index, Objects, Repository};
use crate::model::RepoPath;
use crate::ui::{
    Printer, Report, Step, Terminal, is_interactive, painted, plan_lines, steps, unified, width,
};

/// Stands for every rule.
const ALL: &str = "all";

/// How findings are to be mended.
#[derive(Debug, clap::Args)]
pub(super) struct FixFlags {
    /// Mend what can surely be mended, of this rule or of all, and commit it
    #[arg(long, value_name = "RULE", num_args = 0..=1, value_delimiter = ',', default_missing_value = ALL)]
    pub(super) fix: Vec<String>,
    /// With --fix: ask nothing, and write
    #[arg(short, long, requires = "fix")]
    pub(super) yes: bool,
    /// With --fix: show the plan and write nothing
    #[arg(long, requires = "fix")]
    pub(super) dry_run: bool,
    /// With --fix: show the text of every file that changes
    #[arg(long, requires = "fix")]
    pub(super) diff: bool,
    /// With --fix: write and stage, but do not commit
    #[arg(long, requires = "fix")]
    pub(super) no_commit: bool,
}

impl FixFlags {
    /// Whether anything is to be mended.
    pub(super) fn is_given(&self) -> bool {
        !self.fix.is_empty()
    }

    /// The rules that are named.
    pub(super) fn rules(&self) -> &[String] {
        match self.fix.as_slice() {
            [all] if all == ALL => &[],
            rules => rules,
        }
    }

    /// Whether a finding is to be mended.
    fn wants(&self, finding: &Finding) -> bool {
        let rules = self.rules();
        rules.is_empty() || rules.iter().any(|rule| rule == finding.rule)
    }
}

/// Mends findings, and tells what is left.
///
/// # Errors
/// Something stands against it, somebody says no, or it cannot be written.
pub(super) fn mend(
    root: &Path,
    flags: &FixFlags,
    index: &Index,
    found: &Found,
    config: &Config,
    printer: &Printer,
) -> Result<u8> {
    let mut hold = if flags.dry_run {
        None
    } else {
        Some(hold(root)?)
    };
    let wanted = found.findings.iter().filter(|finding| flags.wants(finding));
    let mended = fixed(wanted, index);
    if mended.texts.is_empty() {
        printer.say("Nothing to mend: of what was found, landform can surely mend none.");
        return Ok(u8::from(!found.findings.is_empty()));
    }
    must_help(index, &mended, found, config)?;
    let mut change = Change::default();
    for (path, text) in &mended.texts {
        let path = RepoPath::new(path.clone()).map_err(|why| Error::refused(Problem::new(why)))?;
        let before = index.texts.get(path.as_str()).map(|source| &source.text);
        change.put(&path, before, text.clone());
    }
    let place = git::look(root)?;
    if let Place::Root(repo) = &place {
        repo.must_be_idle()?;
        // What is only shown may lie beside what is not committed yet.
        if !flags.no_commit && !flags.dry_run {
            let dirty = repo.dirty(change.files.keys())?;
            uncommitted(&mut change, &dirty);
        }
    }
    if !change.conflicts.is_empty() {
        let report = Report::new("check", &root.display().to_string(), &change, flags.diff);
        let hint = "mend what is named, and run the same command again";
        return refuse(false, hint, printer, &report, &change);
    }
    if flags.diff {
        printer.raw(&painted(&unified(&change)));
    }
    let columns = width().unwrap_or(usize::MAX);
    let plan = plan_lines(&change, &std::collections::BTreeMap::new(), columns);
    printer.product(&format!(
        "{plan}\n\n{} of {} findings are mended by it",
        mended.mended.len(),
        found.findings.len()
    ));
    let Some(hold) = hold.as_mut() else {
        return Ok(0);
    };
    if !flags.no_commit && matches!(place, Place::Root(_)) {
        git::must_have_identity(&place)?;
    }
    if !flags.yes {
        let mut terminal = is_interactive().then(Terminal::new);
        if !confirmed(flags.no_commit, printer, terminal.as_mut(), &change)? {
            return Err(unwritten());
        }
    }
    let message = message(found, &mended.mended);
    let save = match &place {
        Place::Fresh { .. } => Save::Leave,
        Place::Root(_) if flags.no_commit => Save::Stage,
        Place::Root(_) => Save::Commit(&message),
    };
    let written = hold.write(&change, "main", save)?;
    if let Some(commit) = written.commit {
        let undo = Step {
            title: "to undo all of this, before the push".to_owned(),
            commands: vec![format!(
                "{} revert {}",
                Here::of(root).git(),
                commit.id.get(..10).unwrap_or(&commit.id)
            )],
            ..Step::default()
        };
        printer.say(&format!(
            "\nDone: commit {}{}",
            commit.id.get(..10).unwrap_or(&commit.id),
            steps(&[undo], width())
        ));
    } else {
        printer.say("\nDone: written, not committed");
    }
    let weighs = |finding: &&Finding| {
        finding.severity > Severity::Hint && !mended.mended.contains(&finding.fingerprint())
    };
    Ok(u8::from(
        found.findings.iter().any(|finding| weighs(&finding)),
    ))
}

fn message(found: &Found, mended: &[String]) -> String {
    let mut text = "Mend what landform check found\n\n".to_owned();
    for finding in &found.findings {
        if mended.contains(&finding.fingerprint()) {
            let (line, _) = finding.at.line_column();
            let (file, rule) = (finding.at.file(), finding.rule);
            let _ = writeln!(text, "{file}:{line} {rule}: {}", finding.said());
        }
    }
    text
}

/// What a change of a text may break, whatever it was to mend.
const BROKEN: [&str; 7] = [
    "bad-metadata",
    "broken-kustomization",
    "broken-patch",
    "broken-yaml",
    "incomplete-object",
    "misspelt-field",
    "yaml-trap",
];

/// Refuses texts in which something is broken that was not before, or that have again what was to be mended. What comes
/// to light, because Flux reads it now or comes to it now, is told by the next check.
fn must_help(index: &Index, mended: &Fixed, found: &Found, config: &Config) -> Result<()> {
    let after = index.after(mended.texts.clone());
    let objects = Objects::of(&after);
    let repository = Repository::of(&after, &objects);
    let left = check(&repository, &[], config);
    let before: Vec<String> = found.findings.iter().map(Finding::fingerprint).collect();
    let of_mended = found
        .findings
        .iter()
        .filter(|finding| mended.mended.contains(&finding.fingerprint()));
    let rules: BTreeSet<&str> = of_mended.map(|finding| finding.rule).collect();
    match left.findings.iter().find(|finding| {
        mended.texts.contains_key(finding.at.file())
            && (BROKEN.contains(&finding.rule) || rules.contains(finding.rule))
            && !before.contains(&finding.fingerprint())
    }) {
        None => Ok(()),
        Some(new) => Err(Error::failed(
            Problem::new(format!("mending would bring something new: {}", new.said()))
                .span(&new.at.source, new.at.span.clone())
                .hint("mend by hand, and tell the authors of landform"),
        )),
    }
}
