//! `landform diff`.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::Serialize;

use super::list::{state, tell_problems};
use super::opened::{Folder, Only, Opened, ProblemReport, RenderedFile};
use crate::error::Result;
use crate::merge::{Standing, in_step};
use crate::ui::{Printer, file_diff, painted};

/// Show what was edited by hand since landform wrote it
///
/// Every file that landform writes is set against what it would write from the same answers and templates, wherever
/// it lies by now. A version that is newer in the tree, as Renovate makes it, and line ends are no edits. Files that
/// landform did not write are not shown; `landform show NAME` lists those in the folders of a component.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    landform diff\n  landform diff cert-manager grafana\n  landform diff --on prod --name-only\n  \
    landform diff --json | jq -r '.files[] | select(.state == \"missing\").path'\n\n\
    Exit code 1 if a file could not be read.")]
pub(super) struct Args {
    /// Only the files of these components or parts
    #[arg(value_name = "NAME")]
    names: Vec<String>,
    #[command(flatten)]
    only: Only,
    #[command(flatten)]
    folder: Folder,
    /// Print only the paths
    #[arg(long, conflicts_with = "json")]
    name_only: bool,
    /// Print as JSON; see `landform schema diff`
    #[arg(long)]
    json: bool,
}

/// What was edited by hand.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Edits {
    /// Version of this form: 1.
    format: u32,
    /// The files that are not as landform writes them.
    files: Vec<EditedFile>,
    /// What could not be read.
    problems: Vec<ProblemReport>,
}

/// A file that is not as landform writes it.
#[derive(Debug, Serialize, JsonSchema)]
struct EditedFile {
    /// Its path.
    path: String,
    /// The component it belongs to; none for what belongs to the platform or to a cluster as such.
    component: Option<String>,
    /// The cluster that a component's file is for; none for one that clusters share.
    cluster: Option<String>,
    /// `edited` or `missing`.
    state: String,
    /// Unified diff, from what landform writes to what is there; none for what is no text.
    diff: Option<String>,
    /// Why there is no diff.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

pub(super) fn run(args: &Args, printer: &Printer) -> Result<u8> {
    let opened = Opened::open_on(&args.folder, &args.only)?;
    let edits = edits(&opened, &args.names)?;
    let unreadable = edits.files.iter().filter(|file| file.diff.is_none());
    let failed = !edits.problems.is_empty() || unreadable.count() > 0;
    if args.json {
        printer.json(&edits)?;
        return Ok(u8::from(failed));
    }
    for file in &edits.files {
        match (&file.diff, &file.reason) {
            _ if args.name_only => printer.product(&file.path),
            (Some(diff), _) => printer.raw(&painted(diff)),
            (None, reason) => {
                printer.note(&format!(
                    "{}: {}",
                    file.path,
                    reason.as_deref().unwrap_or_default()
                ));
            }
        }
    }
    tell_problems(&opened.index.problems, printer);
    printer.note(&summary(&edits.files));
    Ok(u8::from(failed))
}

fn edits(opened: &Opened, names: &[String]) -> Result<Edits> {
    let mut wanted = BTreeSet::new();
    for name in names {
        wanted.insert(opened.named(name).ok_or_else(|| opened.unknown(name))?);
    }
    let is_wanted = |file: &&RenderedFile| {
        let component = file.component.as_deref();
        wanted.is_empty() || component.is_some_and(|name| wanted.contains(name))
    };
    let is_here = |file: &&RenderedFile| {
        let component = file.component.as_deref();
        component.is_none_or(|name| opened.is_here(name))
    };
    let files = opened.rendered.iter().filter(is_wanted);
    let edited = files.filter(|file| file.standing != Standing::Written);
    let edited = edited.filter(is_here);
    Ok(Edits {
        format: 1,
        files: edited.map(edited_file).collect(),
        problems: opened.problems(),
    })
}

fn edited_file(file: &RenderedFile) -> EditedFile {
    let theirs = match &file.ours {
        Some(ours) => in_step(ours, &file.theirs),
        None => file.theirs.clone(),
    };
    let diff = || file_diff(&file.path, Some(&theirs), file.ours.as_deref());
    EditedFile {
        path: file.path.clone(),
        component: file.component.clone(),
        cluster: file.cluster.clone(),
        state: match file.standing {
            Standing::Missing => "missing",
            Standing::Edited | Standing::Written => "edited",
        }
        .to_owned(),
        diff: file.no_text.is_none().then(diff),
        reason: file.no_text.clone(),
    }
}

fn summary(files: &[EditedFile]) -> String {
    let count = |state: &str| files.iter().filter(|file| file.state == state).count();
    match (count("edited"), count("missing")) {
        (0, 0) => "everything is as written".to_owned(),
        (edited, missing) => format!("files: {}", state(edited, missing)),
    }
}
