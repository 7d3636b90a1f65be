//! `landform catalog`.

mod show;
mod trial;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::Subcommand;
use serde_json::Value;

use crate::catalog::{Catalogue, Component, Files, Layer, folder_files};
use crate::error::{Error, Problem, Result, suggest};
use crate::git;
use crate::model::CatalogueRef;
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
    let nothing = Files::new();
    open_known(own, (!trust).then_some(&nothing))
}

/// The same, where files are accepted that are known already: all of them without `known`.
///
/// # Errors
/// As for [`open`].
pub(super) fn open_known(own: Option<&CatalogueRef>, known: Option<&Files>) -> Result<Catalogue> {
    match own {
        None => Catalogue::embedded(),
        Some(CatalogueRef {
            path: Some(path),
            git: None,
            tag: None,
        }) => open_folder(Path::new(path), known),
        Some(CatalogueRef {
            path: None,
            git: Some(url),
            tag: Some(tag),
        }) => {
            let dir = tempfile::tempdir()
                .map_err(|error| Error::io("write in", &std::env::temp_dir(), &error))?;
            let folder = dir.path().join("catalogue");
            git::fetch_tag(url, tag, &folder)?;
            open_folder(&folder, known)
        }
        Some(_) => Err(Error::refused(
            Problem::new("a catalogue is either a folder or a tag of a Git repository")
                .hint("write `catalog: {path: DIR}` or `catalog: {git: URL, tag: TAG}`"),
        )),
    }
}

/// A catalogue as a platform records it: a folder that is named from where one stands is named from the platform's
/// folder there, so that it is found wherever one stands later.
pub(super) fn seen_from(platform: &Path, own: CatalogueRef) -> CatalogueRef {
    let Some(path) = own
        .path
        .as_deref()
        .filter(|path| Path::new(path).is_relative())
    else {
        return own;
    };
    let (Ok(folder), Some(platform)) = (Path::new(path).canonicalize(), whole(platform)) else {
        return own;
    };
    let (to, from): (Vec<_>, Vec<_>) = (
        folder.components().collect(),
        platform.components().collect(),
    );
    let same = to
        .iter()
        .zip(&from)
        .take_while(|(to, from)| to == from)
        .count();
    if same == 0 {
        return own;
    }
    let up = from[same..].iter().map(|_| "..".to_owned());
    let down = to[same..].iter();
    let down = down.map(|part| part.as_os_str().to_string_lossy().into_owned());
    let path: Vec<String> = up.chain(down).collect();
    let path = if path.is_empty() {
        ".".to_owned()
    } else {
        path.join("/")
    };
    CatalogueRef {
        path: Some(path),
        ..own
    }
}

/// The whole path of a folder, which need not be there yet.
fn whole(folder: &Path) -> Option<PathBuf> {
    let folder = std::path::absolute(folder).ok()?;
    let is = folder.ancestors().find_map(|part| {
        let rest = folder.strip_prefix(part).ok()?;
        Some(part.canonicalize().ok()?.join(rest))
    });
    is.map(|is| is.components().collect())
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

fn open_folder(folder: &Path, known: Option<&Files>) -> Result<Catalogue> {
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
    let is_new = |path: &str| {
        let text = |files: &Files| files.get(path).map(|source| source.text.clone());
        known.is_some_and(|known| text(known) != text(&files))
    };
    let foreign: Vec<&str> = files
        .keys()
        .map(String::as_str)
        .filter(|path| runs(path) && is_new(path))
        .collect();
    if !foreign.is_empty() {
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
            Problem::new(if known.is_some_and(|known| !known.is_empty()) {
                "this catalogue brings Terraform or CI files that .landform/catalog/ does not hold as they are: \
                 nobody has accepted them for this platform"
            } else {
                "this catalogue brings Terraform or CI files"
            })
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
        Some(Sub::Test { dir }) => trial::test(dir, args.json, printer),
        Some(Sub::Show { name, catalog }) => {
            let catalogue = open(catalog.as_deref().map(CatalogueRef::parse).as_ref(), true)?;
            show::show(&catalogue, name, args.json, printer)
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
        let all: Vec<Value> = found
            .iter()
            .map(|component| show::summary(component))
            .collect();
        printer.json(&all)?;
        return Ok(0);
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
    let abilities: Vec<&str> = spec.all_provides().map(|a| a.name.as_str()).collect();
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
