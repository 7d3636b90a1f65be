//! A platform that is there: its folder, what is in it, and what landform would write.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Serialize;

use super::edit::{WriteFlags, clusters};
use super::held::{hold, settle};
use crate::catalog::Catalogue;
use crate::change::{Hold, read_ours};
use crate::check::CONFIG;
use crate::error::{Error, Place, Problem, Result, suggest};
use crate::git;
use crate::index::{FluxKustomization, Index, Version, find_root, folder_of};
use crate::merge::{Moves, Standing, standing};
use crate::model::{Platform, RECORD, RepoPath, Tree, read_indexed, units};
use crate::render::render;

/// Where the platform is.
#[derive(Debug, clap::Args)]
pub(super) struct Folder {
    /// Look for the platform in DIR and above it, instead of here
    // The name of this flag before the command too, where it is found by that.
    #[arg(
        id = "folder",
        short = 'C',
        long = "dir",
        value_name = "DIR",
        default_value = "."
    )]
    dir: PathBuf,
}

impl Folder {
    /// The folder to look from, if no record is in it or above it. What `landform check` is told is none.
    pub(super) fn unrecorded(&self) -> Result<Option<&Path>> {
        let Some(root) = find_root(&self.dir, RECORD)? else {
            return Ok(Some(&self.dir));
        };
        let record = root.join(RECORD);
        let failed = |error| Error::io("read", &record, &error);
        for entry in std::fs::read_dir(&record).map_err(failed)? {
            if entry.map_err(failed)?.path() != root.join(CONFIG) {
                return Ok(None);
            }
        }
        Ok(Some(&self.dir))
    }
}

/// The clusters that a command which only looks is about.
#[derive(Debug, clap::Args)]
pub(super) struct Only {
    /// Only these clusters: what is theirs, and what they share with others
    #[arg(long, value_name = "CLUSTER", value_delimiter = ',')]
    on: Vec<String>,
}

impl Only {
    /// The clusters that are named.
    pub(super) fn names(&self) -> &[String] {
        &self.on
    }

    /// The clusters that are named, in words; nothing where all are meant.
    pub(super) fn named(&self) -> Option<String> {
        (!self.on.is_empty()).then(|| self.on.join(", "))
    }
}

/// A platform, opened.
pub(super) struct Opened {
    /// Its folder.
    pub(super) root: PathBuf,
    /// What is in it.
    pub(super) index: Index,
    /// What the record and the tree say.
    pub(super) platform: Platform,
    /// The templates of the record.
    pub(super) catalogue: Catalogue,
    /// The files that Flux reads, by cluster.
    reached: BTreeMap<String, BTreeSet<String>>,
    /// All files as landform would write them, in the places it gives them, the record among them.
    pub(super) base: Tree,
    /// All files as landform would write them, in their present places. The record is none of them.
    /// None where it was opened to be changed.
    pub(super) rendered: Vec<RenderedFile>,
    /// The right to write here, where it was opened to be changed.
    pub(super) hold: RefCell<Option<Hold>>,
}

/// A file that landform writes.
pub(super) struct RenderedFile {
    /// Where it is, or would be.
    pub(super) path: String,
    /// Whose it is; none for what belongs to the platform or to a cluster as such.
    pub(super) component: Option<String>,
    /// The cluster that a component's file is for; none for a file that clusters share.
    pub(super) cluster: Option<String>,
    /// Whether the user has edited it.
    pub(super) standing: Standing,
    /// What landform would write.
    pub(super) theirs: String,
    /// What is there.
    pub(super) ours: Option<String>,
    /// Why what is there is no text.
    pub(super) no_text: Option<String>,
}

impl Opened {
    /// Opens the platform around a folder, and sets what is there against what landform would write.
    ///
    /// # Errors
    /// There is none, or its record cannot be read.
    pub(super) fn open(folder: &Folder) -> Result<Self> {
        let mut opened = Self::to_read(folder)?;
        opened.rendered = rendered(
            &opened.root,
            &opened.index,
            &opened.platform,
            &opened.catalogue,
            &opened.base,
        )?;
        Ok(opened)
    }

    /// The same, as far as some clusters go: others are not there, nor is what belongs to the platform as such. All of
    /// it, where none is named.
    ///
    /// # Errors
    /// As for [`Self::open`], or there is no such cluster.
    pub(super) fn open_on(folder: &Folder, only: &Only) -> Result<Self> {
        let mut opened = Self::open(folder)?;
        if only.on.is_empty() {
            return Ok(opened);
        }
        let on = clusters(&opened, &only.on)?;
        opened.platform.clusters.retain(|name, _| on.contains(name));
        opened
            .index
            .kustomizations
            .retain(|unit| on.contains(&unit.cluster));
        let platform = &opened.platform;
        let is_theirs = |file: &RenderedFile| match (&file.component, &file.cluster) {
            (_, Some(cluster)) => on.contains(cluster),
            (Some(name), None) => platform.clusters_of(name).next().is_some(),
            (None, None) => {
                let mut parts = file.path.split('/');
                matches!(parts.next(), Some("clusters" | "terraform"))
                    && parts.next().is_some_and(|cluster| on.contains(cluster))
            }
        };
        opened.rendered.retain(is_theirs);
        Ok(opened)
    }

    /// Opens the platform around a folder to change it. From now on, unless nothing is to be written, no other
    /// landform plans or writes here. Files are looked at when it is known which.
    ///
    /// # Errors
    /// There is none, its record cannot be read, or another landform is at work there.
    pub(super) fn to_change(flags: &WriteFlags) -> Result<Self> {
        if flags.dry_run {
            return Self::to_read(&flags.folder);
        }
        let dir = &flags.folder.dir;
        let find = || find_root(dir, RECORD)?.ok_or_else(|| no_platform(dir));
        let hold = hold(&find()?)?;
        // What was settled may have been all of it.
        let opened = Self::read(find()?)?;
        opened.hold.replace(Some(hold));
        Ok(opened)
    }

    fn to_read(folder: &Folder) -> Result<Self> {
        let find = || find_root(&folder.dir, RECORD)?.ok_or_else(|| no_platform(&folder.dir));
        let mut root = find()?;
        if settle(&root) {
            // It may be none any more.
            root = find()?;
        }
        Self::read(root)
    }

    fn read(root: PathBuf) -> Result<Self> {
        let index = Index::load(&root, RECORD)?;
        let (platform, catalogue) = read_indexed(&index)?;
        let base = render(&platform, &catalogue)?;
        let reached = platform.clusters.keys().map(|cluster| {
            let files = index.reached(cluster).into_iter().map(str::to_owned);
            (cluster.clone(), files.collect())
        });
        Ok(Self {
            root,
            reached: reached.collect(),
            index,
            platform,
            catalogue,
            base,
            rendered: Vec::new(),
            hold: RefCell::new(None),
        })
    }

    /// The catalogue in force: the embedded one, with the platform's own over it. A folder is looked for from the
    /// platform's.
    ///
    /// # Errors
    /// It cannot be read, or has Terraform or CI files that were not accepted.
    pub(super) fn in_force(&self, trust: bool) -> Result<Catalogue> {
        let mut own = self.platform.catalogue.clone();
        if let Some(path) = own.as_mut().and_then(|own| own.path.as_mut()) {
            let beside = self.root.join(&*path);
            if beside.is_dir() {
                *path = beside.display().to_string();
            } else if !Path::new(path).is_dir() {
                return Err(Error::refused(
                    Problem::new(format!("the catalogue {} is not there", beside.display())).hint(
                        format!(
                            "{RECORD}/platform.yaml names it, by its path from the platform's folder: put it there, \
                             mend that line, or name another by landform update --catalog DIR|URL#TAG"
                        ),
                    ),
                ));
            }
        }
        let known = (!trust).then_some(&self.catalogue.files);
        super::catalog::open_known(own.as_ref(), known)
    }

    /// The files of a component as landform would write them.
    pub(super) fn files<'a>(
        &'a self,
        component: &'a str,
    ) -> impl Iterator<Item = &'a RenderedFile> {
        self.rendered
            .iter()
            .filter(move |file| file.component.as_deref() == Some(component))
    }

    /// Whether there is anything of a component. One that was removed by hand, and of which only the record is left,
    /// is not here.
    pub(super) fn is_here(&self, component: &str) -> bool {
        let mut clusters = self.platform.clusters.values();
        clusters.any(|cluster| cluster.components.contains_key(component))
            || self
                .files(component)
                .any(|file| file.standing != Standing::Missing)
    }

    /// The component that a Flux Kustomization belongs to, if the record knows it.
    pub(super) fn owner(&self, unit: &str) -> Option<&str> {
        let known = self.platform.components.keys();
        known.map(String::as_str).find(|name| {
            let component = &self.catalogue.components[*name];
            component.flux_units().any(|flux| flux.object == unit)
        })
    }

    /// The component that a user means by a name: its own, or that of a Flux Kustomization of it.
    pub(super) fn named(&self, name: &str) -> Option<&str> {
        let own = self.platform.components.get_key_value(name);
        own.map(|(name, _)| name.as_str())
            .or_else(|| self.owner(name))
    }

    /// The Flux Kustomization of a component on a cluster.
    pub(super) fn unit(&self, cluster: &str, component: &str) -> Option<&FluxKustomization> {
        let object = &self.catalogue.components.get(component)?.object;
        self.index.kustomization(cluster, object)
    }

    /// The Flux Kustomizations of a component on a cluster: its own, then its parts'.
    pub(super) fn units(&self, cluster: &str, component: &str) -> Vec<&FluxKustomization> {
        let mut units: Vec<&FluxKustomization> = self
            .index
            .kustomizations
            .iter()
            .filter(|k| k.cluster == cluster && self.owner(&k.name.value) == Some(component))
            .collect();
        let object = self.catalogue.components.get(component).map(|c| &c.object);
        units.sort_by_key(|unit| {
            let part = object != Some(&unit.name.value);
            (part, unit.name.value.clone())
        });
        units
    }

    /// Whether Flux reads a Flux Kustomization: somebody may have taken its file from the list of its cluster.
    pub(super) fn is_listed(&self, unit: &FluxKustomization) -> bool {
        self.reached
            .get(&unit.cluster)
            .is_none_or(|files| files.contains(&unit.file))
    }

    /// The clusters on which a component is there, but not listed.
    pub(super) fn unlisted(&self, component: &str) -> BTreeSet<String> {
        let clusters = self.platform.clusters_of(component);
        let unlisted = clusters.filter(|cluster| {
            let unit = self.unit(cluster.name.as_str(), component);
            unit.is_some_and(|unit| !self.is_listed(unit))
        });
        unlisted.map(|cluster| cluster.name.to_string()).collect()
    }

    /// Flux Kustomizations that landform did not write.
    pub(super) fn foreign(&self) -> impl Iterator<Item = &FluxKustomization> {
        self.index
            .kustomizations
            .iter()
            .filter(|k| match self.owner(&k.name.value) {
                Some(owner) => self
                    .platform
                    .clusters
                    .get(&k.cluster)
                    .is_some_and(|cluster| !cluster.components.contains_key(owner)),
                None => true,
            })
    }

    /// The version that a Flux Kustomization comes to.
    pub(super) fn version(&self, unit: &FluxKustomization) -> Option<Version> {
        let versions = self.index.versions(&unit.folder()?);
        let own = versions.iter().find(|v| v.name == unit.name.value);
        own.or(versions.first()).cloned()
    }

    /// Whether a name is that of a component which is not on the platform under any name, though it could be, or once
    /// was.
    pub(super) fn is_gone(&self, name: &str) -> bool {
        self.named(name).is_none()
            && self.catalogue.by_object(name).is_none()
            && (Catalogue::embedded().is_ok_and(|c| c.components.contains_key(name))
                || self.once_had(&format!("components/{name}.yaml")))
    }

    /// Whether a cluster is not on the platform, and once was.
    pub(super) fn is_cluster_gone(&self, name: &str) -> bool {
        !self.platform.clusters.contains_key(name)
            && self.once_had(&format!("clusters/{name}/cluster.yaml"))
    }

    /// Whether the record held a file before, as Git has it.
    fn once_had(&self, file: &str) -> bool {
        RepoPath::new(format!("{RECORD}/{file}"))
            .is_ok_and(|path| git::was_there(&self.root, path.as_str()))
    }

    /// The refusal of a name that is not on the platform.
    pub(super) fn unknown(&self, name: &str) -> Error {
        let problem = Problem::new(format!(
            "`{name}` is not on the platform {}",
            self.platform.name
        ));
        if let Some(component) = self.catalogue.by_object(name) {
            let now = &component.spec.name.value;
            return Error::refused(problem.hint(format!("it is here under the name {now}")));
        }
        if let Some(unit) = self.foreign().find(|unit| unit.name.value == name) {
            return Error::refused(
                Problem::new(format!("`{name}` is not landform's, and never touched")).hint(
                    format!(
                        "it is your own Flux Kustomization, in {}: edit it there",
                        unit.file
                    ),
                ),
            );
        }
        let in_catalogue = Catalogue::embedded().is_ok_and(|c| c.components.contains_key(name));
        if in_catalogue {
            let hint = format!("it could be: see landform catalog show {name}");
            return Error::refused(problem.hint(hint));
        }
        let known = self.platform.components.keys().map(String::as_str);
        let foreign = self.foreign().map(|unit| unit.name.value.as_str());
        Error::refused(problem.hint(suggest(name, known.chain(foreign))))
    }

    /// What could not be read.
    pub(super) fn problems(&self) -> Vec<ProblemReport> {
        self.index.problems.iter().map(Into::into).collect()
    }
}

pub(super) fn no_platform(dir: &Path) -> Error {
    let place = if dir == Path::new(".") {
        "here".to_owned()
    } else {
        format!("in {}", dir.display())
    };
    Error::refused(
        Problem::new(format!(
            "there is no platform {place}: no folder {RECORD}/ in it or above it"
        ))
        .hint("go into one, name it by -C DIR, or make one: landform new DIR"),
    )
}

/// What landform would write, set against what is there.
fn rendered(
    root: &Path,
    index: &Index,
    platform: &Platform,
    catalogue: &Catalogue,
    base: &Tree,
) -> Result<Vec<RenderedFile>> {
    let mut theirs = base.clone();
    theirs.retain(|path, _| path.parents().next() != Some(RECORD));
    let moves = Moves::find(&theirs, index);
    let owners = Owners::of(platform, catalogue);
    let mut places: BTreeMap<String, (String, Option<String>)> = theirs
        .keys()
        .filter_map(|path| {
            let owner = owners.of_path(path)?;
            Some((moves.path(path.as_str()), owner))
        })
        .collect();
    let present = moves.apply(&theirs);
    // The index has only what Flux and Terraform read.
    let others = present
        .keys()
        .filter(|path| !index.texts.contains_key(path.as_str()));
    let others = read_ours(root, others)?;
    let files = present.into_iter().map(|(path, theirs)| {
        let indexed = index
            .texts
            .get(path.as_str())
            .map(|source| source.text.clone());
        let ours = indexed.or_else(|| others.tree.get(&path).cloned());
        let mut obstacles = others.in_the_way.iter();
        let no_text = obstacles.find(|obstacle| obstacle.path == path);
        let (component, cluster) = places.remove(path.as_str()).unzip();
        RenderedFile {
            component,
            cluster: cluster.flatten(),
            standing: match no_text {
                Some(_) => Standing::Edited,
                None => standing(ours.as_deref(), &theirs),
            },
            no_text: no_text.map(|obstacle| obstacle.reason.clone()),
            path: path.to_string(),
            theirs,
            ours,
        }
    });
    Ok(files.collect())
}

/// Whose the files of a rendered platform are.
pub(super) struct Owners<'a> {
    platform: &'a Platform,
    /// Components by cluster and unit.
    units: BTreeMap<(String, String), String>,
}

impl<'a> Owners<'a> {
    /// Works them out.
    pub(super) fn of(platform: &'a Platform, catalogue: &Catalogue) -> Self {
        let mut owners = BTreeMap::new();
        for (name, cluster) in &platform.clusters {
            for (unit, entry) in units(platform, cluster, catalogue) {
                let owner = entry.component.spec.name.value.clone();
                owners.insert((name.clone(), unit), owner);
            }
        }
        Self {
            platform,
            units: owners,
        }
    }

    /// The component that a rendered file belongs to, and the cluster it is for; none if all share it.
    pub(super) fn of_path(&self, path: &RepoPath) -> Option<(String, Option<String>)> {
        let parts: Vec<&str> = path.as_str().split('/').collect();
        match parts.as_slice() {
            ["infrastructure" | "apps", name, _, ..] => {
                let known = self.platform.components.contains_key(*name);
                known.then(|| ((*name).to_owned(), None))
            }
            [
                "clusters",
                cluster,
                "infrastructure" | "apps",
                unit,
                rest @ ..,
            ] => {
                let unit = if rest.is_empty() {
                    unit.strip_suffix(".yaml")?
                } else {
                    unit
                };
                let owner = self.units.get(&((*cluster).to_owned(), unit.to_owned()))?;
                Some((owner.clone(), Some((*cluster).to_owned())))
            }
            ["terraform", cluster, file] => {
                let name = file.strip_suffix(".tf")?;
                let placed = &self.platform.clusters.get(*cluster)?.components;
                let known = placed.contains_key(name);
                known.then(|| (name.to_owned(), Some((*cluster).to_owned())))
            }
            _ => None,
        }
    }
}

/// Files of the user's own in a folder of a component.
pub(super) fn own_files(opened: &Opened, component: &str) -> Vec<String> {
    let rendered: BTreeSet<&str> = opened.files(component).map(|f| f.path.as_str()).collect();
    let folders: BTreeSet<&str> = rendered
        .iter()
        .filter(|path| !path.starts_with("terraform/"))
        .filter_map(|path| Some(path.rsplit_once('/')?.0))
        // Its Flux Kustomizations lie beside those of others.
        .filter(|folder| opened.index.kustomization_file(folder).is_some())
        .filter(|folder| rendered.contains(format!("{folder}/kustomization.yaml").as_str()))
        .collect();
    let paths = opened.index.paths.iter();
    paths
        .filter(|path| folders.contains(folder_of(path)) && !rendered.contains(path.as_str()))
        .cloned()
        .collect()
}

/// A file that could not be read.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(super) struct ProblemReport {
    /// The file, where one is to blame.
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    /// 1-based.
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
    /// 1-based, in characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<usize>,
    /// What is wrong.
    message: String,
    /// What to do next.
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
}

impl From<&Problem> for ProblemReport {
    fn from(problem: &Problem) -> Self {
        let at = problem.at.as_ref().and_then(Place::line_column);
        let file = match &problem.at {
            Some(Place::Span(source, _)) => Some(source.name.clone()),
            _ => None,
        };
        Self {
            file,
            line: at.map(|(line, _)| line),
            column: at.map(|(_, column)| column),
            message: problem.message.clone(),
            hint: problem.hint.clone(),
        }
    }
}
