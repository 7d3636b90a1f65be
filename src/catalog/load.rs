//! Reading a catalogue: the embedded one, or a folder of the user's own layered over it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use include_dir::{Dir, include_dir};
use serde::de::DeserializeOwned;

use super::check::{self, Extent};
use super::component::{ComponentSpec, Layer};
use super::provider::{CommonSpec, ProviderSpec};
use super::template::{Engine, SUFFIX};
use crate::error::{Error, Problem, Problems, Result, Source};
use crate::yaml::{self, Spanned};

static EMBEDDED: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/templates");

/// Largest file of a catalogue, in bytes: above it nothing would fit into a cluster's objects.
const LARGEST: u64 = 1024 * 1024;

/// The files of a catalogue by path, as `apps/cert-manager/component.yaml`.
pub type Files = BTreeMap<String, Arc<Source>>;

/// A component: its specification and where its files are.
#[derive(Debug, Clone)]
pub struct Component {
    /// `component.yaml`, read.
    pub spec: ComponentSpec,
    /// `component.yaml`, as text.
    pub source: Arc<Source>,
    /// Its folder in the catalogue, as `apps/cert-manager`.
    pub root: String,
    /// Paths of its files below that folder, sorted.
    pub files: Vec<String>,
    /// Its name in the catalogue, and that of its objects in a cluster. A platform may call its folders otherwise.
    pub object: String,
    /// Version of landform, or of the user's catalogue, that it came with.
    pub version: String,
}

/// A provider: its specification and where its files are.
#[derive(Debug, Clone)]
pub struct Provider {
    /// `provider.yaml`, read.
    pub spec: ProviderSpec,
    /// `provider.yaml`, as text.
    pub source: Arc<Source>,
    /// Its folder in the catalogue, as `providers/kind`.
    pub root: String,
    /// Paths of its files below that folder, sorted.
    pub files: Vec<String>,
}

/// A whole catalogue, loaded and checked.
pub struct Catalogue {
    /// Version of landform that it came with.
    pub version: String,
    /// Every file.
    pub files: Files,
    /// `common/common.yaml`, read.
    pub common: CommonSpec,
    /// `common/common.yaml`, as text.
    pub common_source: Arc<Source>,
    /// Providers by name.
    pub providers: BTreeMap<String, Provider>,
    /// Components by name.
    pub components: BTreeMap<String, Component>,
    /// Its templates, parsed. A template's name is its path; partials are named `partials/…`.
    pub engine: Engine,
}

impl Catalogue {
    /// The catalogue in this binary.
    ///
    /// # Errors
    /// Never for a released binary; its tests load it.
    pub fn embedded() -> Result<Self> {
        Self::load(embedded_files())
    }

    /// The embedded catalogue with a folder of the user's own over it: a component, a provider or a file of
    /// `common/` of the same name wins.
    ///
    /// # Errors
    /// The folder cannot be read, or the whole does not hold.
    pub fn with_folder(folder: &Path) -> Result<Self> {
        let over = folder_files(folder)?;
        let mut files = embedded_files();
        let own = |path: &str| over.keys().any(|p| entry_root(p) == entry_root(path));
        // A file wins over a template of that name, and the other way round.
        let output = |path: &str| path.strip_suffix(SUFFIX).unwrap_or(path).to_owned();
        let outputs: BTreeSet<String> = over.keys().map(|path| output(path)).collect();
        files.retain(|path, _| {
            if path.starts_with("common/") {
                !outputs.contains(&output(path))
            } else {
                !own(path)
            }
        });
        files.extend(over);
        Self::load(files)
    }

    /// Loads and checks a catalogue from its files.
    ///
    /// # Errors
    /// Everything that is wrong with it, each with file, line and column.
    pub fn load(files: Files) -> Result<Self> {
        Self::load_extent(files, Extent::Whole)
    }

    /// Loads what a record holds of a catalogue: only what its platform uses.
    ///
    /// # Errors
    /// As for [`Self::load`]; names of what is not in use are let through.
    pub fn load_in_use(files: Files) -> Result<Self> {
        Self::load_extent(files, Extent::InUse)
    }

    fn load_extent(files: Files, extent: Extent) -> Result<Self> {
        let mut problems = Problems::default();
        let common_source = files.get("common/common.yaml").cloned().ok_or_else(|| {
            Error::refused(Problem::new("the catalogue has no common/common.yaml"))
        })?;
        let common: CommonSpec = yaml::read(&common_source)?;
        let mut components: BTreeMap<String, Component> = BTreeMap::new();
        let mut providers: BTreeMap<String, Provider> = BTreeMap::new();
        for (root, paths) in entries(&files) {
            let (folder, name) = root.split_once('/').unwrap_or((root.as_str(), ""));
            let is_provider = folder == "providers";
            let spec_name = if is_provider {
                "provider.yaml"
            } else {
                "component.yaml"
            };
            let Some(source) = files.get(&format!("{root}/{spec_name}")) else {
                problems.push(
                    Problem::new(format!("{root}/ has no {spec_name}"))
                        .hint("every folder of a catalogue is a component or a provider"),
                );
                continue;
            };
            if is_provider {
                match read_spec::<ProviderSpec>(source, |s| (&s.format, &s.name), name) {
                    Ok(spec) => {
                        providers.insert(
                            name.to_owned(),
                            Provider {
                                spec,
                                source: Arc::clone(source),
                                root: root.clone(),
                                files: paths,
                            },
                        );
                    }
                    Err(error) => problems.extend(error),
                }
                continue;
            }
            match read_spec::<ComponentSpec>(source, |s| (&s.format, &s.name), name) {
                Ok(spec) if spec.layer.as_str() != folder => problems.push(
                    Problem::new(format!("`layer: {}` in the folder {folder}/", spec.layer))
                        .span(source, spec.name.span.clone())
                        .hint("a component lies in the folder of its layer"),
                ),
                Ok(spec) => {
                    let entry = Component {
                        spec,
                        source: Arc::clone(source),
                        root: root.clone(),
                        files: paths,
                        object: name.to_owned(),
                        version: env!("CARGO_PKG_VERSION").to_owned(),
                    };
                    if let Some(other) = components.insert(name.to_owned(), entry) {
                        problems.push(
                            Problem::new(format!(
                                "`{name}` is both in {} and in {root}",
                                other.root
                            ))
                            .hint("a name is unique across both layers"),
                        );
                    }
                }
                Err(error) => problems.extend(error),
            }
        }
        problems.into_result()?;
        let engine = Engine::new(templates(&files))?;
        let catalogue = Self {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            files,
            common,
            common_source,
            providers,
            components,
            engine,
        };
        check::check(&catalogue, extent)?;
        Ok(catalogue)
    }

    /// The components of a layer, by name.
    pub fn layer(&self, layer: Layer) -> impl Iterator<Item = (&String, &Component)> {
        self.components
            .iter()
            .filter(move |(_, component)| component.spec.layer == layer)
    }

    /// Every file below a folder, with its path there.
    pub fn below<'a>(&'a self, root: &'a str) -> impl Iterator<Item = (&'a str, &'a Arc<Source>)> {
        self.files
            .range(format!("{root}/")..)
            .map_while(move |(path, source)| {
                let rest = path.strip_prefix(root)?.strip_prefix('/')?;
                Some((rest, source))
            })
    }
}

/// `common`, `providers/<p>`, `<layer>/<c>`: the folder that wins or loses as a whole.
fn entry_root(path: &str) -> String {
    let mut segments = path.split('/');
    let first = segments.next().unwrap_or_default();
    if first == "common" {
        return path.to_owned();
    }
    // A user's `infrastructure/x` also replaces an embedded `apps/x`.
    let kind = if first == "providers" {
        first
    } else {
        "component"
    };
    format!("{kind}/{}", segments.next().unwrap_or_default())
}

fn entries(files: &Files) -> BTreeMap<String, Vec<String>> {
    let mut entries: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for path in files.keys() {
        let mut parts = path.splitn(3, '/');
        let (Some(folder), Some(name), Some(rest)) = (parts.next(), parts.next(), parts.next())
        else {
            continue;
        };
        if folder != "common" {
            entries
                .entry(format!("{folder}/{name}"))
                .or_default()
                .push(rest.to_owned());
        }
    }
    entries
}

fn templates(files: &Files) -> Files {
    files
        .iter()
        .filter(|(path, _)| path.ends_with(SUFFIX))
        .map(|(path, source)| {
            let name = path
                .strip_prefix("common/")
                .filter(|p| p.starts_with("partials/"));
            (name.unwrap_or(path).to_owned(), Arc::clone(source))
        })
        .collect()
}

fn read_spec<T: DeserializeOwned>(
    source: &Arc<Source>,
    head: impl Fn(&T) -> (&Spanned<u32>, &Spanned<String>),
    folder: &str,
) -> Result<T> {
    // The format first: a newer one may hold keys that this landform does not know.
    let node = yaml::parse(source)?;
    if let Some(format) = node.get("format")
        && format
            .to_value()
            .as_u64()
            .is_some_and(|n| n > u64::from(super::FORMAT))
    {
        return Err(Error::refused(
            Problem::new(format!(
                "a catalogue of a newer format, {}",
                format.describe()
            ))
            .span(source, format.span.clone())
            .hint("update landform first"),
        ));
    }
    let spec: T = yaml::from_node(&node, source)?;
    let (format, name) = head(&spec);
    if format.value != super::FORMAT {
        return Err(Error::refused(
            Problem::new(format!("unknown format {}", format.value))
                .span(source, format.span.clone())
                .hint("write `format: 1`"),
        ));
    }
    if name.value != folder {
        return Err(Error::refused(
            Problem::new(format!("`{}` in the folder {folder}/", name.value))
                .span(source, name.span.clone())
                .hint("the folder bears the name"),
        ));
    }
    Ok(spec)
}

/// The files of the catalogue in this binary.
pub fn embedded_files() -> Files {
    fn walk(dir: &Dir<'static>, files: &mut Files) {
        for file in dir.files() {
            let path = file.path().to_string_lossy().replace('\\', "/");
            let text = file.contents_utf8().unwrap_or_default();
            files.insert(path.clone(), Source::new(format!("catalogue:{path}"), text));
        }
        for dir in dir.dirs() {
            walk(dir, files);
        }
    }
    let mut files = Files::new();
    walk(&EMBEDDED, &mut files);
    files
}

/// The files of a catalogue in a folder. Dot-files at its root, as `.git`, are not part of it; `common/` may hold some.
///
/// # Errors
/// The folder cannot be read, has no component, provider or `common/`, or holds a file that is no text.
pub fn folder_files(folder: &Path) -> Result<Files> {
    let mut files = Files::new();
    let mut found = false;
    for top in ["common", "providers", "infrastructure", "apps"] {
        let path = folder.join(top);
        if path.is_dir() {
            found = true;
            walk_folder(&path, top, &mut files)?;
        }
    }
    if !found {
        return Err(Error::refused(
            Problem::new(format!("{} is no catalogue", folder.display())).hint(
                "a catalogue has folders named apps, infrastructure, providers or common; see docs/catalog.md",
            ),
        ));
    }
    Ok(files)
}

fn walk_folder(folder: &Path, prefix: &str, files: &mut Files) -> Result<()> {
    let io = |error| Error::io("read", folder, &error);
    for entry in std::fs::read_dir(folder).map_err(io)? {
        let entry = entry.map_err(io)?;
        let name = entry.file_name();
        let Some(name) = name.to_str() else {
            return Err(Error::refused(Problem::new(format!(
                "{}: a file name that is no UTF-8",
                entry.path().display()
            ))));
        };
        let path = format!("{prefix}/{name}");
        let kind = entry.file_type().map_err(io)?;
        if kind.is_dir() {
            walk_folder(&entry.path(), &path, files)?;
        } else if kind.is_file() {
            let size = entry.metadata().map_err(io)?.len();
            if size > LARGEST {
                return Err(Error::refused(
                    Problem::new(format!("{}: {size} bytes", entry.path().display()))
                        .hint(format!("a file of a catalogue has at most {LARGEST}")),
                ));
            }
            let text = std::fs::read_to_string(entry.path())
                .map_err(|error| Error::io("read", &entry.path(), &error))?;
            files.insert(path, Source::new(entry.path().display().to_string(), text));
        } else {
            return Err(Error::refused(
                Problem::new(format!(
                    "{} is neither a file nor a folder",
                    entry.path().display()
                ))
                .hint("links are not followed in a catalogue"),
            ));
        }
    }
    Ok(())
}
