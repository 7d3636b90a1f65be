//! `landform check` and `landform explain`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Instant;

use clap::ValueEnum;
use include_dir::{Dir, include_dir};
use serde::Deserialize;

use super::fix::{FixFlags, mend};
use super::watch::watch;
use crate::check::{RULES, Severity, check, config_of, rule, to_do};
use crate::error::{Error, Problem, Result, suggest};
use crate::git::{self, Texts};
use crate::index::terraform::is_terraform;
use crate::index::{Index, Objects, Past, Repository};
use crate::model::RECORD;
use crate::ui::{
    Printer, Table, drawn, findings_report, github, gitlab, sarif, style, summary,
    to_do as drawn_to_do, width,
};

static PAGES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/docs/rules");

/// Check every reference, order and ownership of a Flux repository
///
/// Any repository that Flux reads, made by landform or not. Nothing is fetched and nothing is run: what files alone
/// cannot tell is not told. A finding says what is wrong, where, what Flux does then, and what mends it.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    landform check\n  \
    landform check --severity error --format github\n  \
    landform check --rule missing-path,missing-file\n  \
    landform check --since origin/main\n  \
    landform check --watch\n  \
    landform check --fix --dry-run --diff\n  \
    landform check --json > known.json; landform check --baseline known.json\n\n\
    A comment at a line, or on the line above it, allows a finding there:\n  \
    # landform: allow missing-values Terraform makes it\n\
    .landform/check.yaml does so by path:\n  \
    allow:\n    - {rule: unread-file, path: \"apps/*/examples\", reason: only to look at}\n\n\
    Exit code 1 if anything is found that weighs enough; hints never do by themselves.")]
pub(super) struct CheckArgs {
    #[command(flatten)]
    around: Around,
    /// Only these rules
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    rule: Vec<String>,
    /// Tell only what weighs this much or more
    #[arg(long, value_name = "WEIGHT", value_enum, default_value_t = Weight::Hint)]
    severity: Weight,
    /// How to tell it
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = Format::Human)]
    format: Format,
    /// The same as --format json; see `landform schema check`
    #[arg(long, conflicts_with = "format")]
    json: bool,
    /// Tell what Flux would delete or make anew, compared with this commit [default: the last one]
    #[arg(long, value_name = "REVISION")]
    since: Option<String>,
    /// Show the Secrets that something needs and nothing in the repository makes
    #[arg(long)]
    to_do: bool,
    /// Look again whenever a file changes, until Control-C
    #[arg(long, conflicts_with_all = ["format", "json", "fix"])]
    watch: bool,
    #[command(flatten)]
    fix: FixFlags,
    /// Tell only what is not in this earlier output of --json
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
}

/// Tell what a rule of `landform check` is about
///
/// Without a name, lists all rules.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  landform explain\n  landform explain missing-path")]
pub(super) struct ExplainArgs {
    /// The rule
    rule: Option<String>,
}

/// Where the repository is.
#[derive(Debug, clap::Args)]
pub(super) struct Around {
    /// Look for the repository in DIR and above it, instead of here
    // The name of this flag before the command too, where it is found by that.
    #[arg(
        id = "folder",
        short = 'C',
        long = "dir",
        value_name = "DIR",
        default_value = "."
    )]
    pub(super) dir: PathBuf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Weight {
    /// Everything
    Hint,
    /// Warnings and errors
    Warning,
    /// Errors alone
    Error,
}

impl From<Weight> for Severity {
    fn from(weight: Weight) -> Self {
        match weight {
            Weight::Hint => Self::Hint,
            Weight::Warning => Self::Warning,
            Weight::Error => Self::Error,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// With the lines they are about
    Human,
    /// JSON; see `landform schema check`
    Json,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// Workflow commands of GitHub Actions
    Github,
    /// A Code Quality report of GitLab
    Gitlab,
}

/// What matters of an earlier output.
#[derive(Debug, Deserialize)]
struct Baseline {
    findings: Vec<Known>,
}

#[derive(Debug, Deserialize)]
struct Known {
    fingerprint: String,
}

pub(super) fn run(args: &CheckArgs, printer: &Printer) -> Result<u8> {
    let asked = Asked {
        rules: known_rules(&args.rule)?,
        known: args.baseline.as_deref().map(baseline).transpose()?,
        root: root(&args.around.dir)?,
    };
    known_rules(args.fix.rules())?;
    if args.watch {
        return watch(&asked.root, printer, || once(args, &asked, printer));
    }
    once(args, &asked, printer)
}

/// What was asked for, looked up.
struct Asked<'a> {
    rules: Vec<&'a str>,
    known: Option<BTreeSet<String>>,
    root: PathBuf,
}

fn once(args: &CheckArgs, asked: &Asked<'_>, printer: &Printer) -> Result<u8> {
    let began = Instant::now();
    let root = asked.root.as_path();
    // Git looks at every file, too: both wait for the disk.
    let since = args.since.as_deref();
    let (index, before) = rayon::join(|| Index::whole(root), || git::otherwise_at(root, since));
    let index = index?;
    if index.files.is_empty() && !index.paths.iter().any(|path| is_terraform(path)) {
        return Err(Error::refused(
            Problem::new(format!("there is nothing to check in {}", root.display()))
                .hint("name a folder with manifests by -C DIR"),
        ));
    }
    let objects = Objects::of(&index);
    let mut repository = Repository::of(&index, &objects);
    repository.past = past(since, before?, &repository);
    let code = tell(args, asked, &repository, began, printer);
    if !args.watch {
        // To take large trees of small parts down takes a tenth of the time; with the program they go at once.
        std::mem::forget(repository);
        std::mem::forget(objects);
        std::mem::forget(index);
    }
    code
}

/// Checks, and tells what was found or mends it.
fn tell(
    args: &CheckArgs,
    asked: &Asked<'_>,
    repository: &Repository<'_>,
    began: Instant,
    printer: &Printer,
) -> Result<u8> {
    let index = repository.index;
    let config = config_of(repository)?;
    let format = if args.json { Format::Json } else { args.format };
    let wants = matches!(format, Format::Human | Format::Json) && !args.fix.is_given();
    let (mut report, secrets) = rayon::join(
        || check(repository, &asked.rules, &config),
        || if wants { to_do(repository) } else { Vec::new() },
    );
    if let Some(known) = &asked.known {
        report
            .findings
            .retain(|finding| !known.contains(&finding.fingerprint()));
    }
    let least = Severity::from(args.severity);
    report.findings.retain(|finding| finding.severity >= least);
    if args.fix.is_given() {
        return mend(&asked.root, &args.fix, index, &report, &config, printer);
    }
    let findings = &report.findings;
    let files = index.paths.len();
    match format {
        Format::Human => {
            if !findings.is_empty() {
                printer.product(&format!("{}\n", drawn(findings)));
            }
            if args.to_do && !secrets.is_empty() {
                printer.product(&drawn_to_do(&secrets, asked.root.join(RECORD).is_dir()));
            }
            // Those that were shown need no telling.
            let hidden = if args.to_do { 0 } else { secrets.len() };
            let time = began.elapsed();
            let files = (files, index.templated.len(), repository.clusters.len());
            printer.say(&summary(findings, report.allowed, hidden, files, time));
        }
        Format::Json => {
            let clusters = repository
                .clusters
                .iter()
                .map(|cluster| cluster.label().to_owned());
            printer.json(&findings_report(
                findings,
                report.allowed,
                files,
                index.templated.iter().cloned().collect(),
                clusters.collect(),
                &secrets,
            ))?;
        }
        Format::Sarif => printer.json(&sarif(findings))?,
        Format::Github => printer.raw(&github(findings)),
        Format::Gitlab => printer.json(&gitlab(findings))?,
    }
    let fails = Severity::Warning.max(least);
    Ok(u8::from(
        findings.iter().any(|finding| finding.severity >= fails),
    ))
}

/// What was applied at an earlier commit, if anything that matters is otherwise by now.
fn past(since: Option<&str>, texts: Option<Texts>, now: &Repository<'_>) -> Option<Past> {
    let before = now.index.before(texts?)?;
    let objects = Objects::of(&before);
    let then = Repository::of(&before, &objects);
    Some(Past::between(since.unwrap_or("HEAD"), &then, now))
}

/// The names of rules, each of which there is.
fn known_rules(names: &[String]) -> Result<Vec<&str>> {
    for name in names {
        if rule(name).is_none() {
            return Err(unknown(name));
        }
    }
    Ok(names.iter().map(String::as_str).collect())
}

fn unknown(name: &str) -> Error {
    let names = RULES.iter().map(|rule| rule.id);
    Error::refused(Problem::new(format!("there is no rule `{name}`")).hint(suggest(name, names)))
}

/// The root of the repository around a folder: where Git or landform has its own, or else the folder.
pub(super) fn root(dir: &Path) -> Result<PathBuf> {
    let start = dir
        .canonicalize()
        .map_err(|error| Error::io("look in", dir, &error))?;
    if !start.is_dir() {
        let problem = Problem::new(format!("{} is no folder", dir.display()));
        return Err(Error::refused(problem.hint("name a folder by -C DIR")));
    }
    let mut above = start.ancestors();
    let marked =
        above.find(|folder| folder.join(".git").exists() || folder.join(".landform").is_dir());
    Ok(marked.map_or_else(|| start.clone(), Path::to_owned))
}

fn baseline(path: &Path) -> Result<BTreeSet<String>> {
    let text = std::fs::read_to_string(path).map_err(|error| Error::io("read", path, &error))?;
    let baseline: Baseline = serde_json::from_str(&text).map_err(|error| {
        let message = format!(
            "{} is no output of landform check --json: {error}",
            path.display()
        );
        Error::refused(Problem::new(message).hint("make it anew: landform check --json > FILE"))
    })?;
    Ok(baseline
        .findings
        .into_iter()
        .map(|known| known.fingerprint)
        .collect())
}

pub(super) fn explain(args: &ExplainArgs, printer: &Printer) -> Result<u8> {
    let Some(name) = &args.rule else {
        let header = ["rule", "weight", "finds"].map(str::to_owned).to_vec();
        let mut table = Table::new(header);
        for rule in RULES {
            let weight = rule.severity.as_str().to_owned();
            table.row(&[rule.id.to_owned(), weight, rule.summary.to_owned()]);
        }
        printer.raw(&table.draw(width()));
        return Ok(0);
    };
    let page = rule(name).and_then(|rule| PAGES.get_file(format!("{}.md", rule.id)));
    let Some(text) = page.and_then(|page| page.contents_utf8()) else {
        return Err(unknown(name));
    };
    let bold = style::HEADING;
    let heading = |line: &str| match line.trim_start_matches('#') {
        rest if rest.len() < line.len() => format!("{bold}{}{bold:#}", rest.trim()),
        _ => line.to_owned(),
    };
    let mut fenced = false;
    let lines: Vec<String> = text
        .lines()
        .map(|line| {
            if line.starts_with("```") {
                fenced = !fenced;
            }
            if fenced {
                line.to_owned()
            } else {
                heading(line)
            }
        })
        .collect();
    printer.product(&lines.join("\n"));
    Ok(0)
}
