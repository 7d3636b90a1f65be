//! What an update is about, and `landform outdated`.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Serialize;

use crate::catalog::{Catalogue, FOREIGN, Taken};
use crate::cli::opened::{Folder, Only, Opened};
use crate::cli::versions::{on_cluster, shared};
use crate::error::Result;
use crate::ui::{Printer, Table, width};

/// What belongs to no component.
pub(super) const SKELETON: &str = "platform";

/// The entries that an update brings in.
pub(super) struct Scope {
    pub(super) taken: Taken,
    /// Components that the catalogue in force does not have.
    alone: Vec<String>,
    /// Components that were named.
    pub(super) named: Vec<String>,
    /// Names by object.
    objects: Vec<(String, String)>,
}

impl Scope {
    /// Everything, or the components named.
    ///
    /// # Errors
    /// One of them is not on the platform.
    pub(super) fn of(opened: &Opened, force: &Catalogue, names: &[String]) -> Result<Self> {
        let mut taken = Taken::default();
        let mut alone = Vec::new();
        let mut only = BTreeSet::new();
        for name in names {
            let known = opened.named(name).ok_or_else(|| opened.unknown(name))?;
            only.insert(known.to_owned());
        }
        let mut objects = Vec::new();
        for name in opened.platform.components.keys() {
            let component = &opened.catalogue.components[name];
            let object = &component.object;
            objects.push((object.clone(), name.clone()));
            if !only.is_empty() && !only.contains(name) {
                continue;
            }
            if component.spec.category != FOREIGN && force.by_object(object).is_some() {
                taken.components.insert(object.clone());
            } else {
                alone.push(name.clone());
            }
        }
        if only.is_empty() {
            taken.common = true;
            let used = opened.platform.clusters.values();
            taken.providers = used
                .map(|cluster| cluster.provider.clone())
                .filter(|name| force.providers.contains_key(name))
                .collect();
        }
        Ok(Self {
            taken,
            alone,
            named: only.into_iter().collect(),
            objects,
        })
    }

    /// Leaves a component out, or what belongs to none ([`SKELETON`]); gives the name of what is left out.
    pub(super) fn leave(&mut self, component: &str) -> String {
        let object = self.objects.iter().find(|(_, name)| name == component);
        if let Some((object, name)) = object
            && self.taken.components.remove(object)
        {
            return name.clone();
        }
        if self.taken.common {
            self.taken.common = false;
            self.taken.providers.clear();
            return SKELETON.to_owned();
        }
        // What is new in other components goes into this file too.
        self.taken.components.clear();
        component.to_owned()
    }

    /// The first line of the commit's message.
    pub(super) fn title(&self) -> String {
        if self.named.is_empty() {
            "Update the templates".to_owned()
        } else {
            format!("Update the templates of {}", self.named.join(", "))
        }
    }

    pub(super) fn notes(&self) -> Option<String> {
        (!self.alone.is_empty()).then(|| {
            format!(
                "not in the catalogue, so they stay as they are: {}",
                self.alone.join(", ")
            )
        })
    }

    /// Versions of the templates of a component before and after.
    pub(super) fn versions(opened: &Opened, force: &Catalogue, name: &str) -> String {
        let (was, is) = match opened.catalogue.components.get(name) {
            Some(component) => (
                &component.version,
                force
                    .by_object(&component.object)
                    .map_or(&component.version, |new| &new.version),
            ),
            None => (&opened.catalogue.version, &force.version),
        };
        if was == is {
            was.clone()
        } else {
            format!("{was} → {is}")
        }
    }
}

/// List what has newer templates
///
/// The templates that the platform was made from are set against those of the catalogue in force. `landform update`
/// brings them in. Versions of charts are Renovate's business; a newer one of the templates is shown beside.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  landform outdated\n  landform outdated --json | jq -r '.outdated[].name'"
)]
pub(in crate::cli) struct OutdatedArgs {
    #[command(flatten)]
    only: Only,
    #[command(flatten)]
    folder: Folder,
    /// Print as JSON; see `landform schema outdated`
    #[arg(long)]
    json: bool,
}

/// What has newer templates.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::cli) struct OutdatedList {
    /// Version of this form: 1.
    format: u32,
    /// The entries.
    outdated: Vec<Outdated>,
}

/// Something that has newer templates.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Outdated {
    /// A component, `provider <name>`, or `platform` for what belongs to neither.
    name: String,
    /// Version of landform, or of your own catalogue, that the templates came with.
    templates: String,
    /// That of the catalogue in force.
    available: String,
    /// How many of its template files differ.
    files: usize,
    /// The version of the chart or of the manifests that all clusters share, as it is in the tree.
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    /// Versions that clusters keep of their own, by cluster.
    pinned: BTreeMap<String, String>,
    /// That of the newer templates, if it is another.
    #[serde(skip_serializing_if = "Option::is_none")]
    newer: Option<String>,
}

impl Outdated {
    /// The version that clusters share, and those that they keep, in one line.
    fn versions(&self) -> String {
        let shared = self.version.clone().unwrap_or_else(|| "-".to_owned());
        let pinned = self.pinned.iter();
        let pinned = pinned.map(|(cluster, version)| format!("{version} on {cluster}"));
        let all: Vec<String> = std::iter::once(shared).chain(pinned).collect();
        all.join(", ")
    }
}

/// Everything that has other templates in the catalogue in force.
pub(super) fn outdated(opened: &Opened, force: &Catalogue) -> Vec<Outdated> {
    let have = &opened.catalogue;
    let differing = |root: &str, new_root: &str| {
        let text = |catalogue: &Catalogue, root: &str, path: &str| {
            let source = catalogue.files.get(&format!("{root}/{path}"));
            source.map(|source| source.text.clone())
        };
        let old = have.below(root).map(|(path, _)| path);
        let new = force.below(new_root).map(|(path, _)| path);
        let paths: BTreeSet<&str> = old.chain(new).collect();
        let differs = |path: &&&str| text(have, root, path) != text(force, new_root, path);
        paths.iter().filter(differs).count()
    };
    let mut all = Vec::new();
    let mut put = |name: String,
                   versions: (&str, &str),
                   files: usize,
                   chart: (Option<&str>, Option<&str>)| {
        if files == 0 {
            return;
        }
        let (version, newer) = chart;
        all.push(Outdated {
            name,
            templates: versions.0.to_owned(),
            available: versions.1.to_owned(),
            files,
            version: version.map(str::to_owned),
            pinned: BTreeMap::new(),
            newer: newer
                .filter(|newer| Some(*newer) != version)
                .map(str::to_owned),
        });
    };
    let versions = (have.version.as_str(), force.version.as_str());
    put(
        SKELETON.to_owned(),
        versions,
        differing("common", "common"),
        (None, None),
    );
    for (name, provider) in &have.providers {
        let mut clusters = opened.platform.clusters.values();
        if force.providers.contains_key(name) && clusters.any(|c| &c.provider == name) {
            let files = differing(&provider.root, &provider.root);
            put(format!("provider {name}"), versions, files, (None, None));
        }
    }
    for name in opened.platform.components.keys() {
        let component = &have.components[name];
        if component.spec.category == FOREIGN || !opened.is_here(name) {
            continue;
        }
        if let Some(new) = force.by_object(&component.object) {
            let templates = component.spec.source.value.version();
            let newer = new.spec.source.value.version();
            let newer = newer.filter(|newer| Some(*newer) != templates);
            let in_tree = own(shared(opened, name), name);
            let chart = (in_tree.as_deref().or(templates), newer);
            let versions = (component.version.as_str(), new.version.as_str());
            put(
                name.clone(),
                versions,
                differing(&component.root, &new.root),
                chart,
            );
        }
    }
    for entry in &mut all {
        entry.pinned = pinned(opened, &entry.name);
    }
    all
}

/// The version of a component itself, among those of its units.
fn own(versions: Vec<(String, String)>, name: &str) -> Option<String> {
    let mut versions = versions.into_iter();
    versions.find_map(|(unit, version)| (unit == name).then_some(version))
}

/// The versions that clusters keep of a component.
fn pinned(opened: &Opened, name: &str) -> BTreeMap<String, String> {
    let clusters = opened.platform.clusters.iter();
    let pinned = clusters.filter(|(_, cluster)| {
        let placed = cluster.components.get(name);
        placed.is_some_and(|placed| placed.pinned)
    });
    let versions = pinned.filter_map(|(cluster, _)| {
        let version = own(on_cluster(opened, name, cluster), name)?;
        Some((cluster.clone(), version))
    });
    versions.collect()
}

pub(in crate::cli) fn run_outdated(args: &OutdatedArgs, printer: &Printer) -> Result<u8> {
    let opened = Opened::open_on(&args.folder, &args.only)?;
    let force = opened.in_force(true)?;
    let list = OutdatedList {
        format: 1,
        outdated: outdated(&opened, &force),
    };
    if args.json {
        printer.json(&list)?;
        return Ok(0);
    }
    if list.outdated.is_empty() {
        printer.say("Everything is made from the newest templates.");
        return Ok(0);
    }
    let header = ["", "templates", "available", "files", "version", "newer"].map(str::to_owned);
    let mut table = Table::new(header.to_vec());
    let dash = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
    for entry in &list.outdated {
        table.row(&[
            entry.name.clone(),
            entry.templates.clone(),
            entry.available.clone(),
            entry.files.to_string(),
            entry.versions(),
            dash(&entry.newer),
        ]);
    }
    printer.raw(&table.draw(width()));
    printer.note("bring them in: landform update");
    Ok(0)
}
