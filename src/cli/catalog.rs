//! `landform catalog`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::Subcommand;
use serde_json::{Value, json};

use crate::catalog::{AnswerType, Catalogue, Component, Layer, Question, folder_files};
use crate::error::{Error, Problem, Result, suggest};
use crate::git;
use crate::model::{Answers, CatalogueRef, Environment, resolve};
use crate::render::render;
use crate::ui::{Printer, style};

/// Search what can be added, look at a component, or try a catalogue of your own
#[derive(Debug, clap::Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Examples:\n  \
    landform catalog certificates\n  landform catalog show cert-manager\n  landform catalog test ./my-catalogue"
)]
pub(super) struct Args {
    /// Words to search for in names, descriptions and abilities
    #[arg(value_name = "WORDS")]
    words: Vec<String>,
    /// A catalogue of your own, over the embedded one
    #[arg(long, value_name = "DIR|URL#TAG")]
    catalog: Option<String>,
    /// Print as JSON
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Option<Sub>,
}

#[derive(Debug, Subcommand)]
enum Sub {
    /// Show everything about one component
    Show {
        /// Its name
        name: String,
        /// A catalogue of your own, over the embedded one
        #[arg(long, value_name = "DIR|URL#TAG")]
        catalog: Option<String>,
    },
    /// Load a catalogue, and render each of its components for every provider
    Test {
        /// Its folder
        dir: PathBuf,
    },
}

/// Opens the embedded catalogue, or one with the user's own over it.
///
/// # Errors
/// It cannot be fetched or does not hold, or has Terraform or CI files that were not accepted.
pub(super) fn open(own: Option<&CatalogueRef>, trust: bool) -> Result<Catalogue> {
    match own {
        None => Catalogue::embedded(),
        Some(CatalogueRef {
            path: Some(path),
            git: None,
            tag: None,
        }) => open_folder(Path::new(path), trust),
        Some(CatalogueRef {
            path: None,
            git: Some(url),
            tag: Some(tag),
        }) => {
            let dir = tempfile::tempdir()
                .map_err(|error| Error::io("write in", &std::env::temp_dir(), &error))?;
            let folder = dir.path().join("catalogue");
            git::fetch_tag(url, tag, &folder)?;
            open_folder(&folder, trust)
        }
        Some(_) => Err(Error::refused(
            Problem::new("a catalogue is either a folder or a tag of a Git repository")
                .hint("write `catalog: {path: DIR}` or `catalog: {git: URL, tag: TAG}`"),
        )),
    }
}

/// Files of a repository that no program takes orders from.
const HARMLESS: [&str; 7] = [
    ".editorconfig",
    ".gitattributes",
    ".gitignore",
    ".sourceignore",
    ".yamllint",
    "README.md",
    "renovate.json",
];

fn open_folder(folder: &Path, trust: bool) -> Result<Catalogue> {
    let files = folder_files(folder)?;
    let runs = |path: &str| {
        let path = path.strip_suffix(".tera").unwrap_or(path);
        let harmless = path
            .strip_prefix("common/repo/")
            .map(|rest| HARMLESS.contains(&rest));
        harmless == Some(false)
            || path.starts_with("common/terraform/")
            || [".tf", ".tf.json", ".tofu"]
                .iter()
                .any(|ending| path.ends_with(ending))
    };
    let foreign: Vec<&str> = files
        .keys()
        .map(String::as_str)
        .filter(|path| runs(path))
        .collect();
    if !trust && !foreign.is_empty() {
        let mut problems: Vec<Problem> = foreign
            .iter()
            .map(|path| {
                Problem::new(format!(
                    "{}: it would run on your machine or in CI",
                    folder.join(path).display()
                ))
            })
            .collect();
        problems.push(
            Problem::new("this catalogue brings Terraform or CI files")
                .hint("read them, then accept them by --trust"),
        );
        return Err(Error {
            kind: crate::error::Kind::Refused,
            problems,
        });
    }
    Catalogue::with_folder(folder)
}

pub(super) fn run(args: &Args, printer: &Printer) -> Result<u8> {
    match &args.command {
        Some(Sub::Test { dir }) => test(dir, args.json, printer),
        Some(Sub::Show { name, catalog }) => {
            let catalogue = open(catalog.as_deref().map(CatalogueRef::parse).as_ref(), true)?;
            show(&catalogue, name, args.json, printer)
        }
        None => {
            let catalogue = open(
                args.catalog.as_deref().map(CatalogueRef::parse).as_ref(),
                true,
            )?;
            list(&catalogue, &args.words, args.json, printer)
        }
    }
}

fn list(catalogue: &Catalogue, words: &[String], json: bool, printer: &Printer) -> Result<u8> {
    let found: Vec<&Component> = catalogue
        .components
        .values()
        .filter(|component| matches(component, words))
        .collect();
    if json {
        let all: Vec<Value> = found.iter().map(|component| summary(component)).collect();
        return print_json(&Value::Array(all), printer);
    }
    if found.is_empty() {
        let near = suggest(
            &words.join(" "),
            catalogue.components.keys().map(String::as_str),
        );
        return Err(Error::refused(
            Problem::new(format!(
                "nothing in the catalogue speaks of {}",
                words.join(" ")
            ))
            .hint(near),
        ));
    }
    let width = found
        .iter()
        .map(|c| c.spec.name.value.len())
        .max()
        .unwrap_or(0);
    let mut text = String::new();
    for layer in Layer::ALL {
        let of_layer: Vec<&&Component> = found.iter().filter(|c| c.spec.layer == layer).collect();
        if of_layer.is_empty() {
            continue;
        }
        let bold = style::HEADING;
        let _ = writeln!(text, "{bold}{layer}{bold:#}");
        for component in of_layer {
            let spec = &component.spec;
            let _ = writeln!(text, "  {:width$}  {}", spec.name.value, spec.description);
        }
    }
    printer.raw(&text);
    Ok(0)
}

/// Whether every word stands in what a component says of itself.
fn matches(component: &Component, words: &[String]) -> bool {
    let spec = &component.spec;
    let abilities = spec
        .provides
        .iter()
        .chain(spec.parts.iter().flat_map(|p| &p.provides));
    let abilities: Vec<&str> = abilities.map(|a| a.name.as_str()).collect();
    let text = format!(
        "{} {} {} {} {}",
        spec.name.value,
        spec.layer,
        spec.category,
        spec.description,
        abilities.join(" ")
    )
    .to_lowercase();
    words.iter().all(|word| text.contains(&word.to_lowercase()))
}

fn summary(component: &Component) -> Value {
    let spec = &component.spec;
    let names = |needs: &[crate::catalog::Need]| -> Vec<Value> {
        needs
            .iter()
            .map(|n| json!({"name": n.name.value, "optional": n.optional, "why": n.why}))
            .collect()
    };
    let provides = spec
        .provides
        .iter()
        .chain(spec.parts.iter().flat_map(|p| &p.provides));
    let questions: Vec<Value> = spec
        .questions
        .iter()
        .map(|q| json!({"name": q.name.value, "prompt": q.prompt, "default": q.default, "choices": q.choices.keys().collect::<Vec<_>>()}))
        .collect();
    let secrets: Vec<Value> = spec
        .secrets
        .iter()
        .map(|s| json!({"name": s.name, "keys": s.keys}))
        .collect();
    json!({
        "name": spec.name.value,
        "layer": spec.layer,
        "category": spec.category,
        "description": spec.description,
        "homepage": spec.homepage,
        "version": spec.source.value.version(),
        "namespace": spec.namespace.name.value,
        "provides": provides.map(|p| &p.name).collect::<Vec<_>>(),
        "needs": names(&spec.needs),
        "only": spec.only.iter().map(|p| &p.value).collect::<Vec<_>>(),
        "unfit": spec.unfit.iter().map(|(p, why)| (p.value.clone(), why.clone())).collect::<BTreeMap<_, _>>(),
        "parts": spec.parts.iter().map(|p| &p.name.value).collect::<Vec<_>>(),
        "questions": questions,
        "secrets": secrets,
        "notes": spec.notes,
    })
}

fn show(catalogue: &Catalogue, name: &str, json: bool, printer: &Printer) -> Result<u8> {
    let Some(component) = catalogue.components.get(name) else {
        let near = suggest(name, catalogue.components.keys().map(String::as_str));
        return Err(Error::refused(
            Problem::new(format!("unknown component `{name}`")).hint(near),
        ));
    };
    if json {
        return print_json(&summary(component), printer);
    }
    let spec = &component.spec;
    let (bold, faint) = (style::HEADING, style::FAINT);
    let version = spec.source.value.version().unwrap_or("");
    let mut text = format!(
        "{bold}{name} {version}{bold:#}\n{}\n{faint}{}{faint:#}\n",
        spec.description, spec.homepage
    );
    let mut line = |label: &str, value: String| {
        if !value.is_empty() {
            let _ = write!(text, "\n{label:12} {value}");
        }
    };
    line("layer", layer_line(component));
    line("namespace", spec.namespace.name.value.clone());
    let provides = spec
        .provides
        .iter()
        .chain(spec.parts.iter().flat_map(|p| &p.provides));
    line(
        "provides",
        provides
            .map(|p| p.name.clone())
            .collect::<Vec<_>>()
            .join(", "),
    );
    for need in &spec.needs {
        let kind = if need.optional { "if there, " } else { "" };
        let why = need
            .why
            .as_ref()
            .map(|why| format!(": {why}"))
            .unwrap_or_default();
        line("needs", format!("{kind}{}{why}", need.name.value));
    }
    line(
        "only on",
        spec.only
            .iter()
            .map(|p| p.value.clone())
            .collect::<Vec<_>>()
            .join(", "),
    );
    for (provider, reason) in &spec.unfit {
        line("not on", format!("{}: {reason}", provider.value));
    }
    for part in &spec.parts {
        line("part", format!("{name}-{}", part.name.value));
    }
    for question in &spec.questions {
        line(
            "asks",
            format!("{} ({})", question.prompt, question.name.value),
        );
    }
    for secret in &spec.secrets {
        let keys: Vec<&str> = secret.keys.keys().map(String::as_str).collect();
        line(
            "secret",
            format!("{} with {}", secret.name, keys.join(", ")),
        );
    }
    line(
        "removal",
        spec.removal
            .loses
            .as_ref()
            .map(|l| format!("loses {l}"))
            .unwrap_or_default(),
    );
    line(
        "removal",
        spec.removal
            .keeps
            .as_ref()
            .map(|k| format!("keeps {k}"))
            .unwrap_or_default(),
    );
    for note in &spec.notes {
        line("note", note.clone());
    }
    printer.product(&text);
    Ok(0)
}

fn layer_line(component: &Component) -> String {
    let spec = &component.spec;
    let how = match spec.handover.as_ref().map(|h| &h.value) {
        Some(handover) => match &handover.none {
            Some(reason) => format!(", installed by Flux: {reason}"),
            None => ", installed by Terraform, then handed over to Flux".to_owned(),
        },
        None => String::new(),
    };
    format!("{}{how}", spec.layer)
}

fn print_json(value: &Value, printer: &Printer) -> Result<u8> {
    let text = serde_json::to_string_pretty(value)
        .map_err(|error| Error::failed(Problem::new(format!("could not write JSON: {error}"))))?;
    printer.product(&text);
    Ok(0)
}

/// Renders every component of a folder alone (with what it needs) on every provider.
fn test(dir: &Path, json: bool, printer: &Printer) -> Result<u8> {
    let own = folder_files(dir)?;
    let catalogue = Catalogue::with_folder(dir)?;
    let mut rows = Vec::new();
    for (name, component) in &catalogue.components {
        if !own.contains_key(&format!("{}/component.yaml", component.root)) {
            continue;
        }
        for provider in catalogue.providers.keys() {
            let (outcome, text) = match try_on(&catalogue, name, provider) {
                Ok(files) => ("fits", format!("{files} files")),
                Err(Tried::Unfit(reason)) => ("unfit", reason),
                Err(Tried::Broken(reason)) => ("broken", reason),
            };
            rows.push((name.clone(), provider.clone(), outcome, text));
        }
    }
    let broken = rows.iter().any(|row| row.2 == "broken");
    if json {
        let rows: Vec<Value> = rows
            .iter()
            .map(|(c, p, o, t)| json!({"component": c, "provider": p, "outcome": o, "text": t}))
            .collect();
        print_json(&Value::Array(rows), printer)?;
    } else {
        let width = rows
            .iter()
            .map(|row| row.0.len() + row.1.len() + 4)
            .max()
            .unwrap_or(0);
        for (component, provider, outcome, text) in &rows {
            let style = match *outcome {
                "fits" => style::GOOD,
                "unfit" => style::CHANGED,
                _ => style::BAD,
            };
            let on = format!("{component} on {provider}");
            printer.product(&format!("{on:width$}  {style}{outcome}{style:#}  {text}"));
        }
        if rows.is_empty() {
            printer.product("The catalogue loads; it has no components of its own.");
        }
    }
    Ok(u8::from(broken))
}

/// Whether a question must be answered on a provider.
fn asked(question: &Question, provider: &str) -> bool {
    !question.optional && !question.has_default(provider)
}

/// An answer that the question takes: its example, or else one that any question without a pattern takes.
fn stand_in(question: &Question) -> String {
    if let Some(example) = &question.example {
        return example.to_string();
    }
    match (question.choices.keys().next(), question.kind) {
        (Some(choice), _) => choice.clone(),
        (None, AnswerType::String) => "trial".to_owned(),
        (None, AnswerType::Number) => "1".to_owned(),
        (None, AnswerType::Boolean) => "true".to_owned(),
        (None, AnswerType::List) => "[trial]".to_owned(),
        (None, AnswerType::Map) => "{}".to_owned(),
    }
}

enum Tried {
    Unfit(String),
    Broken(String),
}

/// Renders one component on a cluster of one provider: with defaults, and where it does not fit those, with each
/// other choice that the provider's questions offer.
fn try_on(catalogue: &Catalogue, name: &str, provider: &str) -> Result<usize, Tried> {
    let first = match try_with(catalogue, name, provider, None) {
        Err(Tried::Unfit(reason)) => reason,
        other => return other,
    };
    let questions = &catalogue.providers[provider].spec.questions;
    for question in questions.iter().chain(&catalogue.common.cluster) {
        for choice in question.choices.keys() {
            let answer = format!("trial.{}={choice}", question.name.value);
            if let Ok(files) = try_with(catalogue, name, provider, Some(&answer)) {
                return Ok(files);
            }
        }
    }
    Err(Tried::Unfit(first))
}

/// Resolves and renders, with stand-ins for the provider's answers without a default.
fn try_with(
    catalogue: &Catalogue,
    name: &str,
    provider: &str,
    choice: Option<&str>,
) -> Result<usize, Tried> {
    let environment = Environment {
        folder: Some("trial".to_owned()),
        email: Some("trial@example.com".to_owned()),
        ..Environment::default()
    };
    let mut answers = Answers::default();
    let broken = |error: Error| Tried::Broken(error.to_string());
    answers
        .add_cluster(&format!("trial={provider}"))
        .map_err(broken)?;
    answers.add_component(&format!("{name}@trial"));
    let provider_questions = catalogue.providers[provider].spec.questions.iter();
    for question in provider_questions.chain(&catalogue.common.cluster) {
        if question.when.is_empty() && asked(question, provider) {
            let key = &question.name.value;
            answers
                .set(&format!("trial.{key}={}", stand_in(question)))
                .map_err(broken)?;
        }
    }
    if let Some(choice) = choice {
        answers.set(choice).map_err(broken)?;
    }
    for question in &catalogue.components[name].spec.questions {
        if asked(question, provider) {
            let key = format!("{name}.{}", question.name.value);
            answers
                .set(&format!("{key}={}", stand_in(question)))
                .map_err(broken)?;
        }
    }
    let unfit = format!("{name} does not fit trial: ");
    let resolution = resolve(&answers, &environment, catalogue).map_err(|error| {
        let reason = error
            .problems
            .iter()
            .find_map(|p| p.message.strip_prefix(&unfit));
        match reason {
            Some(reason) => Tried::Unfit(reason.to_owned()),
            None => Tried::Broken(error.to_string()),
        }
    })?;
    let tree = render(&resolution.platform, catalogue).map_err(broken)?;
    Ok(tree.len())
}
