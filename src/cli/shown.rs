//! What `landform show` shows: as data, and as text.

use std::fmt::Write as _;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

use super::list::state;
use super::opened::ProblemReport;
use crate::catalog::value_text;
use crate::model::AnswerOrigin;
use crate::ui::{printable, style};

/// One component, or something of the user's own: the output of `landform show --json`.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub(super) struct Shown {
    /// Version of this form: 1.
    pub(super) format: u32,
    /// Its name.
    pub(super) name: String,
    /// Whether landform did not write it, and so knows only what its Flux Kustomization says.
    pub(super) foreign: bool,
    /// `infrastructure` or `apps`.
    pub(super) layer: Option<String>,
    /// One word to group by.
    pub(super) category: Option<String>,
    /// What it is.
    pub(super) description: Option<String>,
    /// Where to read more.
    pub(super) homepage: Option<String>,
    /// Its namespace.
    pub(super) namespace: Option<String>,
    /// How it comes to a cluster.
    pub(super) comes: Option<Comes>,
    /// Files that the clusters share.
    pub(super) files: Vec<FileEntry>,
    /// Files beside them that landform did not write.
    pub(super) own_files: Vec<String>,
    /// The clusters it is on.
    pub(super) clusters: Vec<OnCluster>,
    /// What it needs, wherever that comes from.
    pub(super) needs: Vec<NeedEntry>,
    /// Answers for the whole platform.
    pub(super) answers: Vec<AnswerEntry>,
    /// What is lost with it.
    pub(super) loses: Option<String>,
    /// What stays after it.
    pub(super) keeps: Option<String>,
    /// Whether its parts have to go before it.
    pub(super) parts_first: bool,
    /// What a person should know.
    pub(super) notes: Vec<String>,
    /// Files of the platform that could not be read.
    pub(super) problems: Vec<ProblemReport>,
}

/// How a component comes to a cluster.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Comes {
    /// `terraform, then flux` or `flux`.
    pub(super) by: String,
    /// Why Terraform does not install it, for infrastructure.
    pub(super) why: Option<String>,
}

/// A file.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct FileEntry {
    /// Its path.
    pub(super) path: String,
    /// `written`, `edited` or `missing`.
    pub(super) state: String,
}

/// Something that is needed.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct NeedEntry {
    /// A component, or what one gives.
    pub(super) name: String,
    /// Why.
    pub(super) why: Option<String>,
    /// Whether it only has to come first where it is there.
    pub(super) optional: bool,
}

/// An answer.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct AnswerEntry {
    /// Name of the question.
    pub(super) name: String,
    /// The answer.
    pub(super) value: Value,
    /// Whether it was answered, or a default taken.
    pub(super) origin: AnswerOrigin,
    /// The question in words.
    pub(super) question: Option<String>,
}

/// A version, and where it stands.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct VersionEntry {
    /// The version.
    pub(super) version: String,
    /// The file that says so.
    pub(super) file: String,
    /// The line there.
    pub(super) line: usize,
}

/// A further Flux Kustomization of a component.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct PartEntry {
    /// Its name.
    pub(super) name: String,
    /// Its version, where it has one.
    pub(super) version: Option<String>,
    /// Its file.
    pub(super) file: String,
    /// The folder it applies, as written.
    pub(super) path: Option<String>,
    /// What it waits for.
    pub(super) waits_for: Vec<String>,
    /// Whether Flux is told to leave it alone.
    pub(super) suspended: bool,
}

/// A Secret to be made.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct SecretEntry {
    /// Its name.
    pub(super) name: String,
    /// Its namespace.
    pub(super) namespace: String,
    /// Its keys, and what each holds.
    pub(super) keys: Map<String, Value>,
    /// `hand`: made in the cluster; `sops`: encrypted in Git; `store`: put into the store.
    pub(super) from: String,
    /// How; for `store` the name and the keys there.
    pub(super) commands: Vec<String>,
}

/// What differs on one cluster.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Overlay {
    /// Its folder.
    pub(super) folder: String,
    /// Names of the files there.
    pub(super) files: Vec<String>,
}

/// How it is on one cluster.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub(super) struct OnCluster {
    /// The cluster.
    pub(super) cluster: String,
    /// Its provider, where the record knows it.
    pub(super) provider: Option<String>,
    /// The version that runs there, where it has one.
    pub(super) version: Option<VersionEntry>,
    /// Whether the cluster keeps its own version.
    pub(super) pinned: bool,
    /// Whether Flux is told to leave it alone.
    pub(super) suspended: bool,
    /// File of the Flux Kustomization.
    pub(super) file: String,
    /// Its line there.
    pub(super) line: usize,
    /// The folder it applies, as written.
    pub(super) path: Option<String>,
    /// What differs on this cluster, where something does.
    pub(super) overlay: Option<Overlay>,
    /// Its parts.
    pub(super) parts: Vec<PartEntry>,
    /// Flux Kustomizations that it and its parts wait for.
    pub(super) waits_for: Vec<String>,
    /// Flux Kustomizations that wait for it or its parts.
    pub(super) needed_by: Vec<String>,
    /// Files for this cluster alone.
    pub(super) files: Vec<FileEntry>,
    /// Answers for this cluster.
    pub(super) answers: Vec<AnswerEntry>,
    /// Secrets that somebody has to make, and that the tree does not hold.
    pub(super) secrets: Vec<SecretEntry>,
}

/// The whole as text, without a last line end.
pub(super) fn text(shown: &Shown) -> String {
    let (bold, faint) = (style::HEADING, style::FAINT);
    let mut out = Lines(format!("{bold}{}{bold:#}", printable(&shown.name)));
    if shown.foreign {
        out.0 += " is not landform's: it is listed and never touched";
    }
    if let Some(description) = &shown.description {
        let _ = write!(out.0, "\n{description}");
    }
    if let Some(homepage) = &shown.homepage {
        let _ = write!(out.0, "\n{faint}{homepage}{faint:#}");
    }
    if !shown.foreign {
        out.0.push('\n');
    }
    if let (Some(layer), Some(comes)) = (&shown.layer, &shown.comes) {
        let why = comes.why.as_ref().map(|why| format!(": {why}"));
        out.line(
            "layer",
            &format!("{layer}, by {}{}", comes.by, why.unwrap_or_default()),
        );
    }
    out.line("namespace", shown.namespace.as_deref().unwrap_or_default());
    out.files(&shown.files);
    for path in &shown.own_files {
        out.line("yours", path);
    }
    for need in &shown.needs {
        let kind = if need.optional { "if there, " } else { "" };
        let why = need.why.as_ref().map(|why| format!(": {why}"));
        out.line(
            "needs",
            &format!("{kind}{}{}", need.name, why.unwrap_or_default()),
        );
    }
    out.answers(&shown.answers);
    if shown.clusters.is_empty() {
        out.line("clusters", "none; only files and the record are left");
    }
    for on in &shown.clusters {
        out.cluster(on);
    }
    let removal = [("loses", &shown.loses), ("keeps", &shown.keeps)];
    if removal.iter().any(|(_, text)| text.is_some()) {
        let _ = write!(out.0, "\n\n{bold}if it is removed{bold:#}");
    }
    for (label, text) in removal {
        out.line(label, text.as_deref().unwrap_or_default());
    }
    if shown.parts_first {
        out.line("order", "its parts first, in a commit of their own");
    }
    if !shown.notes.is_empty() {
        let _ = write!(out.0, "\n\n{bold}notes{bold:#}");
    }
    for note in &shown.notes {
        let _ = write!(out.0, "\n  - {note}");
    }
    out.0
}

struct Lines(String);

impl Lines {
    fn line(&mut self, label: &str, text: &str) {
        if !text.is_empty() {
            let _ = write!(self.0, "\n  {label:10} {}", printable(text));
        }
    }

    /// The folders of files, and those that are not as landform writes them.
    fn files(&mut self, files: &[FileEntry]) {
        let count = |wanted: &str| files.iter().filter(|file| file.state == wanted).count();
        if files.is_empty() {
            return;
        }
        let folder = common_folder(files);
        let state = state(count("edited"), count("missing"));
        let plural = if files.len() == 1 { "" } else { "s" };
        self.line(
            "files",
            &format!("{folder} ({} file{plural}, {state})", files.len()),
        );
        for file in files.iter().filter(|file| file.state != "written") {
            self.line(&file.state, &file.path);
        }
    }

    fn answers(&mut self, answers: &[AnswerEntry]) {
        for answer in answers {
            let origin = match answer.origin {
                AnswerOrigin::Answered => "answered",
                AnswerOrigin::Assumed => "assumed",
            };
            let question = answer.question.as_ref().map(|q| format!(": {q}"));
            self.line(
                "answer",
                &format!(
                    "{}={} ({origin}){}",
                    answer.name,
                    value_text(&answer.value),
                    question.unwrap_or_default()
                ),
            );
        }
    }

    fn cluster(&mut self, on: &OnCluster) {
        let bold = style::HEADING;
        let provider = on.provider.as_ref().map(|p| format!(" ({p})"));
        let _ = write!(
            self.0,
            "\n\n{bold}on {}{}{bold:#}",
            printable(&on.cluster),
            provider.unwrap_or_default()
        );
        if let Some(version) = &on.version {
            let pinned = if on.pinned { ", pinned" } else { "" };
            self.line(
                "version",
                &format!(
                    "{}{pinned}, by {}:{}",
                    version.version, version.file, version.line
                ),
            );
        }
        if !on.file.is_empty() {
            let path = on.path.as_deref().unwrap_or("its whole source");
            let suspended = if on.suspended { ", suspended" } else { "" };
            self.line(
                "flux",
                &format!("{}:{} applies {path}{suspended}", on.file, on.line),
            );
        }
        for part in &on.parts {
            let version = part.version.as_ref().map(|v| format!(" {v}"));
            let path = part.path.as_deref().unwrap_or("its whole source");
            let suspended = if part.suspended { ", suspended" } else { "" };
            self.line(
                "part",
                &format!(
                    "{}{} applies {path}{suspended}",
                    part.name,
                    version.unwrap_or_default()
                ),
            );
        }
        if let Some(overlay) = &on.overlay {
            self.line(
                "overlay",
                &format!("{}/: {}", overlay.folder, overlay.files.join(", ")),
            );
        }
        for file in on.files.iter().filter(|file| file.state != "written") {
            self.line(&file.state, &file.path);
        }
        self.line("waits for", &on.waits_for.join(", "));
        self.line("needed by", &on.needed_by.join(", "));
        self.answers(&on.answers);
        for secret in &on.secrets {
            let keys: Vec<String> = secret
                .keys
                .iter()
                .map(|(key, meaning)| format!("{key} ({})", value_text(meaning)))
                .collect();
            self.line(
                "secret",
                &format!(
                    "{} in {}, unless it is made already: {}",
                    secret.name,
                    secret.namespace,
                    keys.join(", ")
                ),
            );
            for command in &secret.commands {
                self.line("", command);
            }
        }
    }
}

/// The deepest folder that holds all files.
fn common_folder(files: &[FileEntry]) -> String {
    let mut parts = files.iter().map(|file| file.path.rsplit_once('/'));
    let Some(Some((first, _))) = parts.next() else {
        return String::new();
    };
    let mut common = first;
    for (folder, _) in parts.flatten() {
        while folder != common && !folder.starts_with(&format!("{common}/")) {
            let Some((parent, _)) = common.rsplit_once('/') else {
                return String::new();
            };
            common = parent;
        }
    }
    format!("{common}/")
}
