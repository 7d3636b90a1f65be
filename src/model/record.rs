//! The record: `.landform/`, from which the last render can be repeated.
//!
//! Its YAML is the only text that does not come from templates: it is written whole, in one fixed form.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::platform::{
    Answer, CatalogueRef, Chosen, Cluster, Git, GitAuth, Pending, Placed, Platform, Reason, values,
};
use super::resolve::facts;
use super::tree::{RepoPath, Tree};
use crate::catalog::{Catalogue, Component, FORMAT, Files, Layer, Name, Naming, is_below};
use crate::error::{Error, Kind, Problem, Result, Source};
use crate::index::{FluxKustomization, Index};
use crate::yaml;

/// The record's folder.
pub const RECORD: &str = ".landform";

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PlatformFile {
    format: u32,
    catalogue: String,
    name: String,
    git: GitFile,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    ci: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    catalog: Option<CatalogueRef>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct GitFile {
    url: String,
    branch: String,
    auth: GitAuth,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ComponentFile {
    layer: Layer,
    catalogue: String,
    object: String,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    answers: BTreeMap<String, Answer>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pending: Option<Pending>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ClusterFile {
    provider: String,
    answers: BTreeMap<String, Answer>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PlacedFile {
    answers: BTreeMap<String, Answer>,
}

/// The files of a platform's record: what was answered, and the text of the templates in use.
///
/// # Errors
/// A path of the catalogue is none for a repository.
pub fn write(platform: &Platform, catalogue: &Catalogue) -> Result<Tree> {
    let mut tree = Tree::new();
    let file = PlatformFile {
        format: FORMAT,
        catalogue: catalogue.version.clone(),
        name: platform.name.to_string(),
        git: GitFile {
            url: platform.git.url.clone(),
            branch: platform.git.branch.clone(),
            auth: platform.git.auth,
        },
        email: platform.email.clone(),
        ci: platform.ci.clone(),
        catalog: platform.catalogue.clone(),
    };
    put(&mut tree, "platform.yaml", &file)?;
    for (name, chosen) in &platform.components {
        let component = &catalogue.components[name];
        let file = ComponentFile {
            layer: component.spec.layer,
            catalogue: component.version.clone(),
            object: component.object.clone(),
            answers: chosen.answers.clone(),
            pending: chosen.pending.clone(),
        };
        put(&mut tree, &format!("components/{name}.yaml"), &file)?;
    }
    for (name, cluster) in &platform.clusters {
        let file = ClusterFile {
            provider: cluster.provider.clone(),
            answers: cluster.answers.clone(),
        };
        put(&mut tree, &format!("clusters/{name}/cluster.yaml"), &file)?;
        for (component, placed) in cluster
            .components
            .iter()
            .filter(|(_, p)| !p.answers.is_empty())
        {
            let file = PlacedFile {
                answers: placed.answers.clone(),
            };
            put(
                &mut tree,
                &format!("clusters/{name}/{component}.yaml"),
                &file,
            )?;
        }
    }
    for (path, text) in used_templates(platform, catalogue) {
        tree.insert(
            repo_path(&format!("{RECORD}/catalog/{path}"))?,
            text.text.clone(),
        );
    }
    Ok(tree)
}

fn put<T: Serialize>(tree: &mut Tree, path: &str, file: &T) -> Result<()> {
    let text = serde_yaml::to_string(file).map_err(|error| {
        Error::failed(Problem::new(format!("could not write the record: {error}")))
    })?;
    tree.insert(repo_path(&format!("{RECORD}/{path}"))?, text);
    Ok(())
}

fn repo_path(path: &str) -> Result<RepoPath> {
    RepoPath::new(path).map_err(|reason| Error::refused(Problem::new(reason)))
}

/// `common/`, the providers in use and the components in use.
fn used_templates<'a>(
    platform: &Platform,
    catalogue: &'a Catalogue,
) -> Vec<(&'a String, &'a Arc<Source>)> {
    let mut roots: BTreeSet<&str> = BTreeSet::from(["common"]);
    roots.extend(
        platform
            .components
            .keys()
            .map(|name| catalogue.components[name].root.as_str()),
    );
    roots.extend(
        platform
            .clusters
            .values()
            .filter_map(|c| Some(c.provider(catalogue)?.root.as_str())),
    );
    let files = catalogue.files.iter();
    files
        .filter(|(path, _)| is_below(path, roots.iter().copied()))
        .collect()
}

/// Reads the record of a repository, and from its tree what is where.
///
/// # Errors
/// As for [`read_indexed`].
pub fn read(tree: &Tree) -> Result<(Platform, Catalogue)> {
    let texts = tree.iter().map(|(path, text)| {
        let source = Source::new(path.as_str(), text.clone());
        (path.to_string(), source)
    });
    read_indexed(&Index::new(texts.collect()))
}

/// The same from a repository that is indexed already. A component is on a cluster if its Flux Kustomization is
/// found there, by name.
///
/// # Errors
/// There is no record, or it cannot be read: exit 3 with file and line.
pub fn read_indexed(index: &Index) -> Result<(Platform, Catalogue)> {
    let templates = record_templates(index);
    if !templates.contains_key("common/common.yaml") {
        return Err(no_templates(
            "what all platforms have, such as common/common.yaml",
        ));
    }
    let mut catalogue = Catalogue::load_in_use(templates).map_err(|error| Error {
        kind: Kind::Failed,
        ..error
    })?;
    let file: PlatformFile = get(index, "platform.yaml")?;
    catalogue.version = file.catalogue;
    let mut platform = Platform {
        name: name(&file.name, Naming::Platform)?,
        git: Git {
            url: file.git.url,
            branch: file.git.branch,
            auth: file.git.auth,
        },
        email: file.email,
        ci: file.ci,
        catalogue: file.catalog,
        clusters: BTreeMap::new(),
        components: BTreeMap::new(),
    };
    for name in listed(index, "components") {
        let file: ComponentFile = get(index, &format!("components/{name}.yaml"))?;
        let Some(component) = catalogue.components.get_mut(&file.object) else {
            return Err(no_templates(&format!("the component {name}")));
        };
        component.version = file.catalogue;
        catalogue.call(&file.object, &name, file.layer);
        let chosen = Chosen {
            answers: file.answers,
            pending: file.pending,
        };
        platform.components.insert(name, chosen);
    }
    for cluster in cluster_names(index) {
        let file: ClusterFile = get(index, &format!("clusters/{cluster}/cluster.yaml"))?;
        let Some(provider) = catalogue.providers.get(&file.provider) else {
            return Err(no_templates(&format!("the provider {}", file.provider)));
        };
        let answers = match values(&file.answers) {
            Value::Object(answers) => answers,
            _ => Map::new(),
        };
        let facts = facts(
            &platform.context(),
            &cluster,
            provider,
            &answers,
            &catalogue,
        )?;
        let entry = Cluster {
            name: name(&cluster, Naming::Cluster)?,
            provider: file.provider,
            answers: file.answers,
            facts,
            components: placed(index, &cluster, &platform, &catalogue)?,
        };
        platform.clusters.insert(cluster, entry);
    }
    Ok((platform, catalogue))
}

/// What is on a cluster, by its tree.
fn placed(
    index: &Index,
    cluster: &str,
    platform: &Platform,
    catalogue: &Catalogue,
) -> Result<BTreeMap<String, Placed>> {
    let mut placed = BTreeMap::new();
    for component in platform.components.keys() {
        let Component { spec, object, .. } = &catalogue.components[component];
        let folder = format!("clusters/{cluster}/{}", spec.layer);
        let unit = index.kustomization(cluster, object);
        if unit.is_some_and(|unit| !is_of(index, unit, component, &catalogue.components[component]))
        {
            continue;
        }
        // One that cannot be parsed is there all the same.
        if unit.is_none() && !index.is_broken(&format!("{folder}/{component}.yaml")) {
            continue;
        }
        let overlay = unit
            .and_then(FluxKustomization::folder)
            .unwrap_or_else(|| format!("{folder}/{component}"));
        let path = format!("clusters/{cluster}/{component}.yaml");
        let answers = if index.texts.contains_key(&format!("{RECORD}/{path}")) {
            get::<PlacedFile>(index, &path)?.answers
        } else {
            BTreeMap::new()
        };
        let entry = Placed {
            reason: Reason::Chosen,
            answers,
            pinned: index.texts.contains_key(&format!("{overlay}/version.yaml")),
            sealed: sealed(index, &overlay),
            pins: pins(index, cluster, &catalogue.components[component]),
        };
        placed.insert(component.clone(), entry);
    }
    Ok(placed)
}

/// Whether a Flux Kustomization that bears the name of a component applies it, and not something of the user's own: it
/// leads to a folder of that name, or to the component's chart or manifests. What leads nowhere may be broken.
fn is_of(index: &Index, unit: &FluxKustomization, name: &str, component: &Component) -> bool {
    let Some(folder) = unit.folder().filter(|folder| index.has_folder(folder)) else {
        return true;
    };
    let last = folder.rsplit('/').next().unwrap_or_default();
    let versions = index.versions(&folder);
    last == name
        || component.spec.source.value.version().is_none()
        || versions
            .iter()
            .any(|version| version.name == component.object)
}

/// Encrypted Secrets that the overlay of a component lists.
fn sealed(index: &Index, overlay: &str) -> BTreeSet<String> {
    let listed = index.resources(overlay).into_iter();
    let names = listed.filter_map(|path| Some(path.strip_prefix(overlay)?.get(1..)?.to_owned()));
    names
        .filter(|name| name.starts_with("secret-") && name.ends_with(".sops.yaml"))
        .collect()
}

/// The versions that a cluster keeps of a component and its parts.
fn pins(index: &Index, cluster: &str, component: &Component) -> BTreeMap<String, String> {
    let pins = component.flux_units().filter_map(|unit| {
        let folder = index.kustomization(cluster, &unit.object)?.folder()?;
        let version = index.version_in(&format!("{folder}/version.yaml"))?;
        Some((unit.name, version.value.value))
    });
    pins.collect()
}

fn no_templates(of: &str) -> Error {
    Error::failed(
        Problem::new(format!("the record has no templates of {of}"))
            .hint("restore .landform/catalog/ from Git"),
    )
}

fn name(text: &str, naming: Naming) -> Result<Name> {
    Name::new(text, naming)
        .map_err(|reason| Error::failed(Problem::new(reason).hint("restore .landform/ from Git")))
}

fn record_templates(index: &Index) -> Files {
    let prefix = format!("{RECORD}/catalog/");
    index
        .texts
        .range(prefix.clone()..)
        .map_while(|(path, source)| {
            let rest = path.strip_prefix(&prefix)?;
            Some((rest.to_owned(), Arc::clone(source)))
        })
        .collect()
}

fn get<T: serde::de::DeserializeOwned>(index: &Index, path: &str) -> Result<T> {
    let path = format!("{RECORD}/{path}");
    let Some(source) = index.texts.get(&path) else {
        return Err(Error::failed(
            Problem::new(format!("{path} is missing")).hint("restore it from Git"),
        ));
    };
    yaml::read(source).map_err(|error| Error {
        kind: Kind::Failed,
        ..error
    })
}

/// Names of the YAML files in a folder of the record.
fn listed(index: &Index, folder: &str) -> Vec<String> {
    let prefix = format!("{RECORD}/{folder}/");
    index
        .texts
        .keys()
        .filter_map(|path| path.strip_prefix(&prefix)?.strip_suffix(".yaml"))
        .filter(|name| !name.contains('/'))
        .map(str::to_owned)
        .collect()
}

fn cluster_names(index: &Index) -> Vec<String> {
    let prefix = format!("{RECORD}/clusters/");
    index
        .texts
        .keys()
        .filter_map(|path| path.strip_prefix(&prefix)?.strip_suffix("/cluster.yaml"))
        .map(str::to_owned)
        .collect()
}
