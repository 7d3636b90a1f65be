//! `landform new`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use super::catalog::seen_from;
use super::confirm::{Edited, confirmed, refuse, unwritten};
use super::held::{hold, settle};
use super::interview::Interview;
use super::next;
use super::plan::{could_write, must_be_folder, plan};
use crate::catalog::Catalogue;
use crate::change::{Action, Change, Hold, Save};
use crate::error::{Error, Problems, Result, Source};
use crate::git::{self, Place};
use crate::model::{Answers, CatalogueRef, Given, Platform, Resolution, answers_file, resolve};
use crate::ui::{
    AssumedReport, Printer, Prompter as _, Report, Terminal, is_interactive, painted, plan_folders,
    plan_tree, steps, style, unified, width, wrap,
};

/// Write a new platform repository and commit it
///
/// On a terminal it asks for what a file and flags do not answer; `--yes` and `--dry-run` take defaults instead. Those
/// that are taken are listed as "assumed". `.` and a fresh clone are fine: only files that would be overwritten are refused, all of them listed, before anything is written.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    landform new my-platform --yes\n  \
    landform new . --answers answers.yaml --dry-run --diff\n  \
    landform new acme-platform --git-url https://github.com/acme/acme-platform.git \\\n    \
    --cluster staging=kind --cluster prod=existing --set prod.context=prod --yes")]
pub(super) struct Args {
    /// Folder of the platform
    #[arg(value_name = "DIR")]
    pub(super) dir: PathBuf,
    /// Read answers from a YAML file
    #[arg(long, value_name = "FILE")]
    answers: Option<PathBuf>,
    /// Name of the platform; the folder's name where it can be
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Git URL that Flux reads
    #[arg(long, value_name = "URL")]
    git_url: Option<String>,
    /// Branch that Flux reads
    #[arg(long, value_name = "BRANCH")]
    git_branch: Option<String>,
    /// How Flux may read it: token, public, ssh or github-app
    #[arg(long, value_name = "AUTH")]
    git_auth: Option<String>,
    /// Address for notices, as from a certificate authority
    #[arg(long, value_name = "ADDRESS")]
    email: Option<String>,
    /// Where the platform's own checks run: github, gitlab or none
    #[arg(long, value_name = "CI")]
    ci: Option<String>,
    /// A cluster and its provider; repeatable
    #[arg(long, value_name = "NAME=PROVIDER")]
    cluster: Vec<String>,
    /// A component, everywhere it fits or on the clusters named; repeatable
    #[arg(long, value_name = "NAME[@CLUSTER,…]")]
    component: Vec<String>,
    /// Any answer, as prod.region=eu-central-1 or prod:cert-manager.issuer=private; repeatable
    #[arg(long, value_name = "[CLUSTER:]KEY=VALUE")]
    set: Vec<String>,
    /// A catalogue of your own, over the embedded one
    #[arg(long, value_name = "DIR|URL#TAG")]
    catalog: Option<String>,
    /// Accept the Terraform and CI files of that catalogue
    #[arg(long)]
    trust: bool,
    /// Take defaults and ask nothing
    #[arg(short, long)]
    yes: bool,
    /// Show the plan and write nothing
    #[arg(long)]
    pub(super) dry_run: bool,
    /// Show the text of every file
    #[arg(long)]
    pub(super) diff: bool,
    /// Print the outcome as JSON; see `landform schema change`
    #[arg(long)]
    json: bool,
    /// Write and stage, but do not commit
    #[arg(long)]
    pub(super) no_commit: bool,
    /// Print all answers, defaults included, and write nothing
    #[arg(long)]
    print_answers: bool,
}

pub(super) fn run(args: &Args, printer: &Printer) -> Result<u8> {
    let answers = answers(args)?;
    let own = answers.catalogue.as_ref().map(|given| &given.value);
    let catalogue = super::catalog::open(own, args.trust)?;
    must_be_folder(&args.dir)?;
    let quiet = args.yes || args.dry_run || args.print_answers;
    let mut terminal = (!quiet && is_interactive()).then(Terminal::new);
    // Before anything is looked at: no other landform changes it between the plan and the writing. A folder that is
    // not there is not made before somebody has confirmed.
    let writes = !args.dry_run && !args.print_answers;
    let mut early = (writes && (terminal.is_none() || args.dir.exists()))
        .then(|| hold(&args.dir))
        .transpose()?;
    if early.is_none() {
        settle(&args.dir);
    }
    let place = git::look(&args.dir)?;
    let environment = git::environment(&args.dir, &place);
    let mut interview = Interview::new(answers, &environment, &catalogue);
    let asks = !args.json && terminal.is_some() && interview.is_open()?;
    if asks {
        could_write(args, &place)?;
    }
    loop {
        if let Some(terminal) = terminal.as_mut().filter(|_| asks) {
            interview.run(terminal)?;
        }
        let mut resolution = resolve(interview.answers(), &environment, &catalogue)?;
        if args.print_answers {
            printer.raw(&answers_file(&resolution.platform));
            return Ok(0);
        }
        let own = resolution.platform.catalogue.take();
        resolution.platform.catalogue = own.map(|own| seen_from(&args.dir, own));
        let (change, mut report) = plan(args, &resolution, &catalogue, &place)?;
        if !change.conflicts.is_empty() {
            let hint =
                "move these files away, or choose another folder, and run the same command again";
            return refuse(args.json, hint, printer, &report, &change);
        }
        match &terminal {
            Some(terminal) if asks => {
                // What was seen in the conversation is not told again.
                let news = (!interview.showed_components()).then_some(&resolution);
                brief(args, printer, terminal.width(), news, &report, &change);
            }
            _ if args.json => {}
            _ => show(args, printer, &resolution, &report, &change),
        }
        if args.dry_run || change.files.is_empty() {
            if args.json {
                printer.json(&report)?;
            } else if !args.dry_run {
                printer.say("Nothing to do: this platform is there already.");
            }
            return Ok(0);
        }
        if !args.no_commit {
            git::must_have_identity(&place)?;
        }
        if !args.yes && !confirmed(args.no_commit, printer, terminal.as_mut(), &change)? {
            // Without a question to go back to, Escape is a no.
            interview.back().ok_or_else(unwritten)?;
            continue;
        }
        let platform = &resolution.platform;
        let mut right = match early.take() {
            Some(right) => right,
            None => hold(&args.dir)?,
        };
        write(
            args,
            platform,
            &catalogue,
            &change,
            &place,
            &mut right,
            &mut report,
        )?;
        if args.json {
            printer.json(&report)?;
        } else {
            finish(printer, &report, &change);
        }
        return Ok(0);
    }
}

/// Reads an answers file.
///
/// # Errors
/// It cannot be read, or is wrong.
pub(super) fn read_answers(path: &Path) -> Result<Answers> {
    let text = std::fs::read_to_string(path).map_err(|e| Error::io("read", path, &e))?;
    Answers::read(&Source::new(path.display().to_string(), text))
}

fn answers(args: &Args) -> Result<Answers> {
    let mut answers = match &args.answers {
        Some(path) => read_answers(path)?,
        None => Answers::default(),
    };
    let mut problems = Problems::default();
    for cluster in &args.cluster {
        answers
            .add_cluster(cluster)
            .unwrap_or_else(|error| problems.extend(error));
    }
    for component in &args.component {
        answers.add_component(component);
    }
    let flags = [
        (&args.name, "name", "--name"),
        (&args.git_url, "git.url", "--git-url"),
        (&args.git_branch, "git.branch", "--git-branch"),
        (&args.git_auth, "git.auth", "--git-auth"),
        (&args.email, "email", "--email"),
        (&args.ci, "ci", "--ci"),
    ];
    for (value, key, flag) in flags {
        if let Some(value) = value {
            answers.flag(key, flag, value);
        }
    }
    for set in &args.set {
        answers
            .set(set)
            .unwrap_or_else(|error| problems.extend(error));
    }
    problems.into_result()?;
    if let Some(catalogue) = &args.catalog {
        answers.catalogue = Some(Given {
            value: CatalogueRef::parse(catalogue),
            at: crate::error::Place::Flag(format!("--catalog {catalogue}")),
        });
    }
    Ok(answers)
}

fn show(args: &Args, printer: &Printer, resolution: &Resolution, report: &Report, change: &Change) {
    if args.diff {
        printer.raw(&painted(&unified(change)));
    }
    let bold = style::HEADING;
    let mut text = format!(
        "{bold}Plan{bold:#} for {}\n{}",
        report.folder,
        plan_tree(change)
    );
    let _ = write!(text, "\n\n{}", placement(&resolution.platform));
    if !resolution.assumed.is_empty() {
        let _ = write!(
            text,
            "\n\n{bold}Assumed{bold:#} (change by --set KEY=VALUE)"
        );
        for assumption in &resolution.assumed {
            let assumed = AssumedReport::from(assumption);
            let _ = write!(text, "\n  {}={}", assumed.as_set(), assumed.value);
        }
    }
    let width = width().unwrap_or(usize::MAX);
    for note in &report.notes {
        let note = wrap(&format!("Note: {note}"), width, "  ").join("\n");
        let _ = write!(text, "\n\n{note}");
    }
    if args.dry_run {
        // It is what was asked for.
        printer.product(&text);
    } else {
        printer.say(&text);
    }
}

/// The plan after a conversation: short, and no wider than the terminal.
fn brief(
    args: &Args,
    printer: &Printer,
    width: usize,
    news: Option<&Resolution>,
    report: &Report,
    change: &Change,
) {
    if args.diff {
        printer.raw(&painted(&unified(change)));
    }
    let bold = style::HEADING;
    let mut text = format!(
        "\n{bold}Plan{bold:#} for {}\n{}",
        report.folder,
        plan_folders(change, width)
    );
    if let Some(resolution) = news {
        let _ = write!(text, "\n\n{}", placement(&resolution.platform));
    }
    if !report.assumed.is_empty() {
        let _ = write!(
            text,
            "\n\n{bold}Assumed{bold:#} (change by --set KEY=VALUE)"
        );
    }
    let mut paragraphs: BTreeMap<Option<&str>, Vec<String>> = BTreeMap::new();
    for assumed in &report.assumed {
        let cluster = assumed.cluster.as_deref();
        let entry = format!("{}={}", assumed.as_set(), assumed.value);
        paragraphs.entry(cluster).or_default().push(entry);
    }
    for entries in paragraphs.values() {
        for line in wrap(&format!("  {}", entries.join("  ")), width, "  ") {
            let _ = write!(text, "\n{line}");
        }
    }
    let seen = |note: &&String| news.is_some() || !note.contains(" is not on ");
    for note in report.notes.iter().filter(seen) {
        let note = wrap(&format!("Note: {note}"), width, "  ").join("\n");
        let _ = write!(text, "\n\n{note}");
    }
    printer.say(&text);
}

/// Which component is on which cluster, and why.
fn placement(platform: &Platform) -> String {
    use crate::model::Reason;
    let bold = style::HEADING;
    let width = platform
        .components
        .keys()
        .map(String::len)
        .max()
        .unwrap_or(0);
    let mut text = format!("{bold}Components{bold:#}");
    for name in platform.components.keys() {
        let mut on = Vec::new();
        let mut why = String::new();
        for (cluster, entry) in &platform.clusters {
            let Some(placed) = entry.components.get(name) else {
                continue;
            };
            on.push(cluster.as_str());
            match &placed.reason {
                Reason::Needed { by, ability } if ability == name => {
                    why = format!("needed by {by}");
                }
                Reason::Needed { by, ability } => why = format!("{by} needs {ability}"),
                Reason::Always => "always there".clone_into(&mut why),
                Reason::Chosen | Reason::Usual => {}
            }
        }
        let faint = style::FAINT;
        let _ = write!(text, "\n  {name:width$}  {}", on.join(", "));
        if !why.is_empty() {
            let _ = write!(text, "  {faint}{why}{faint:#}");
        }
    }
    text
}

fn write(
    args: &Args,
    platform: &Platform,
    catalogue: &Catalogue,
    change: &Change,
    place: &Place,
    hold: &mut Hold,
    report: &mut Report,
) -> Result<()> {
    let edited = Edited::look(change, place)?;
    let had_staged = matches!(place, Place::Root(repo) if repo.has_staged()?);
    let message = message(platform);
    let save = if args.no_commit {
        Save::Stage
    } else {
        Save::Commit(&message)
    };
    let written = hold.write(change, &platform.git.branch, save)?;
    let situation = next::Situation {
        dir: &args.dir,
        had_folder: hold.had_folder(),
        had_repository: matches!(place, Place::Root(_)),
        made: written.made,
        restorable: &edited.restorable,
        replaced: &edited.replaced,
        kept: change.count(Action::Keep),
        had_staged,
        had_origin: matches!(place, Place::Root(repo) if repo.has_origin()),
        commit: written.commit.as_ref(),
        here: &super::here::Here::there(),
    };
    report.next = next::steps(platform, catalogue, &situation)?;
    report.commit = written.commit.map(|commit| commit.id);
    Ok(())
}

fn message(platform: &Platform) -> String {
    let mut message = format!("Add the platform {}\n", platform.name);
    for (name, cluster) in &platform.clusters {
        let components: Vec<&str> = cluster.components.keys().map(String::as_str).collect();
        let _ = write!(
            message,
            "\n{name} ({}): {}",
            cluster.provider,
            components.join(", ")
        );
    }
    message.push('\n');
    message
}

fn finish(printer: &Printer, report: &Report, change: &Change) {
    let (good, bold) = (style::GOOD, style::HEADING);
    let kept = change.count(Action::Keep);
    let mut files = format!("{} files written", change.files.len() - kept);
    if kept > 0 {
        let _ = write!(files, ", {kept} there already");
    }
    let outcome = match &report.commit {
        Some(id) => format!("{files}, commit {}", id.get(..10).unwrap_or(id)),
        None if kept > 0 => format!("{files}; all staged, not committed"),
        None => format!("{files} and staged, not committed"),
    };
    printer.say(&format!(
        "\n{good}Done:{good:#} {outcome}\n\n{bold}Next{bold:#}{}",
        steps(&report.next, width())
    ));
}
