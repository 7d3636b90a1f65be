//! The record: `.landform/`, from which the last render can be repeated.
//!
//! Its YAML is the only text that does not come from templates: it is written whole, in one fixed form.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::platform::{
    Answer, CatalogueRef, Chosen, Cluster, Git, GitAuth, Placed, Platform, Reason, values,
};
use super::resolve::facts;
use super::tree::{RepoPath, Tree};
use crate::catalog::{Catalogue, FORMAT, Files, Layer, Name, Naming};
use crate::error::{Error, Kind, Problem, Result, Source};
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
        let file = ComponentFile {
            layer: catalogue.components[name].spec.layer,
            catalogue: catalogue.version.clone(),
            object: name.clone(),
            answers: chosen.answers.clone(),
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
    let used = |path: &str| {
        roots.iter().any(|root| {
            path.strip_prefix(root)
                .is_some_and(|rest| rest.starts_with('/'))
        })
    };
    catalogue
        .files
        .iter()
        .filter(|(path, _)| used(path))
        .collect()
}

/// Reads the record of a repository, and from its tree what is where.
///
/// # Errors
/// There is no record, or it cannot be read: exit 3 with file and line.
pub fn read(tree: &Tree) -> Result<(Platform, Catalogue)> {
    let catalogue = Catalogue::load_in_use(record_templates(tree))?;
    let file: PlatformFile = get(tree, "platform.yaml")?;
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
    for name in listed(tree, "components") {
        let file: ComponentFile = get(tree, &format!("components/{name}.yaml"))?;
        platform.components.insert(
            name,
            Chosen {
                answers: file.answers,
            },
        );
    }
    for cluster in cluster_names(tree) {
        let file: ClusterFile = get(tree, &format!("clusters/{cluster}/cluster.yaml"))?;
        let mut placed = BTreeMap::new();
        for component in platform.components.keys() {
            let layer = catalogue.components.get(component).map(|c| c.spec.layer);
            let folder = format!("clusters/{cluster}/{}", layer.map_or("", Layer::as_str));
            let has = |path: String| RepoPath::new(path).is_ok_and(|path| tree.contains_key(&path));
            if !has(format!("{folder}/{component}.yaml")) {
                continue;
            }
            let path = format!("clusters/{cluster}/{component}.yaml");
            let answers = if has(format!("{RECORD}/{path}")) {
                get::<PlacedFile>(tree, &path)?.answers
            } else {
                BTreeMap::new()
            };
            let pinned = has(format!("{folder}/{component}/version.yaml"));
            placed.insert(
                component.clone(),
                Placed {
                    reason: Reason::Chosen,
                    answers,
                    pinned,
                },
            );
        }
        let mut entry = Cluster {
            name: name(&cluster, Naming::Cluster)?,
            provider: file.provider,
            answers: file.answers,
            facts: Map::new(),
            components: placed,
        };
        let Some(provider) = catalogue.providers.get(&entry.provider) else {
            return Err(Error::failed(
                Problem::new(format!(
                    "the record has no templates of the provider {}",
                    entry.provider
                ))
                .hint("restore .landform/catalog/ from Git"),
            ));
        };
        let answers = match values(&entry.answers) {
            Value::Object(answers) => answers,
            _ => Map::new(),
        };
        entry.facts = facts(
            &platform.context(),
            &cluster,
            provider,
            &answers,
            &catalogue,
        )?;
        platform.clusters.insert(cluster, entry);
    }
    Ok((platform, catalogue))
}

fn name(text: &str, naming: Naming) -> Result<Name> {
    Name::new(text, naming)
        .map_err(|reason| Error::failed(Problem::new(reason).hint("restore .landform/ from Git")))
}

fn record_templates(tree: &Tree) -> Files {
    let prefix = format!("{RECORD}/catalog/");
    tree.iter()
        .filter_map(|(path, text)| {
            let rest = path.as_str().strip_prefix(&prefix)?;
            Some((rest.to_owned(), Source::new(path.as_str(), text.clone())))
        })
        .collect()
}

fn get<T: serde::de::DeserializeOwned>(tree: &Tree, path: &str) -> Result<T> {
    let path = repo_path(&format!("{RECORD}/{path}"))?;
    let Some(text) = tree.get(&path) else {
        return Err(Error::failed(
            Problem::new(format!("{path} is missing")).hint("restore it from Git"),
        ));
    };
    yaml::read(&Source::new(path.as_str(), text.clone())).map_err(|error| Error {
        kind: Kind::Failed,
        ..error
    })
}

/// Names of the YAML files in a folder of the record.
fn listed(tree: &Tree, folder: &str) -> Vec<String> {
    let prefix = format!("{RECORD}/{folder}/");
    tree.keys()
        .filter_map(|path| path.as_str().strip_prefix(&prefix)?.strip_suffix(".yaml"))
        .filter(|name| !name.contains('/'))
        .map(str::to_owned)
        .collect()
}

fn cluster_names(tree: &Tree) -> Vec<String> {
    let prefix = format!("{RECORD}/clusters/");
    tree.keys()
        .filter_map(|path| {
            path.as_str()
                .strip_prefix(&prefix)?
                .strip_suffix("/cluster.yaml")
        })
        .map(str::to_owned)
        .collect()
}
