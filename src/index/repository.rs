//! A whole repository as Flux reads it: from where each cluster's Flux begins, through every Flux Kustomization, to
//! the objects that it applies.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::applied::Past;
use super::build::{Builder, Built, Origin};
use super::cluster::{Cluster, Unit};
use super::document::{Object, ObjectId, Objects, group};
use super::effective::{Effective, Layer};
use super::identity::Clash;
use super::patch::Idle;
use super::start::{Known, Start};
use super::terraform::Terraform;
use super::{Index, Reference, folder_of, is_kustomization, rooted};
use crate::error::Source;
use crate::yaml::Node;

/// A repository, followed as Flux follows it.
pub struct Repository<'a> {
    /// Its files.
    pub index: &'a Index,
    /// Its objects.
    pub objects: &'a Objects<'a>,
    /// The clusters that it is for.
    pub clusters: Vec<Cluster<'a>>,
    /// Builds of folders to which nothing leads, each as if it were a cluster: some other repository may apply them.
    pub loose: Vec<Cluster<'a>>,
    /// Files that some cluster's Flux reads.
    pub reached: BTreeSet<&'a str>,
    /// What each file says of others.
    pub references: &'a [(&'a Arc<Source>, Vec<Reference>)],
    /// Objects that are in a build twice.
    pub clashes: Vec<Clash<'a>>,
    /// Patches that are for nothing in some build, and whether they are for something in another.
    pub idle: Vec<(Idle<'a>, bool)>,
    /// What was applied at an earlier commit, where that is to be compared.
    pub past: Option<Past>,
    /// What Terraform does beside Flux.
    pub terraform: Terraform<'a>,
}

impl<'a> Repository<'a> {
    /// Follows everything.
    pub fn of(index: &'a Index, objects: &'a Objects<'a>) -> Self {
        let (mut repository, terraform) =
            rayon::join(|| Self::of_flux(index, objects), || Terraform::of(index));
        repository.terraform = terraform;
        repository
    }

    /// What Flux reads.
    fn of_flux(index: &'a Index, objects: &'a Objects<'a>) -> Self {
        let mut builder = Builder::new(index, objects);
        let mut clusters = Vec::new();
        let mut seen: BTreeSet<ObjectId> = BTreeSet::new();
        for start in starts(index, objects, &mut builder) {
            let cluster = Cluster::follow(start, index, objects, &mut builder);
            seen.extend(cluster.units.iter().filter_map(|unit| unit.object));
            clusters.push(cluster);
        }
        // Those that apply each other, and that nothing else applies.
        loop {
            let mut left = objects
                .of_kind(group::KUSTOMIZE, "Kustomization")
                .filter(|(id, object)| !seen.contains(id) && !object.nested);
            let Some((id, object)) = left.next() else {
                break;
            };
            let start = Start::implied(folder_of(object.file()));
            let cluster = Cluster::follow(start, index, objects, &mut builder);
            seen.insert(id);
            let found: Vec<ObjectId> = cluster.units.iter().filter_map(|u| u.object).collect();
            if found.iter().any(|id| !seen.contains(id)) || found.contains(&id) {
                seen.extend(found);
                clusters.push(cluster);
            }
        }
        let clusters = credible(clusters);
        let reached = clusters
            .iter()
            .flat_map(|cluster| cluster.files.iter().copied());
        let reached: BTreeSet<&str> = reached.collect();
        let loose = loose(&reached, index, objects, &mut builder);
        let used = builder.used;
        let idle = builder.idle.into_iter();
        Self {
            index,
            objects,
            clashes: builder.clashes.into_values().collect(),
            idle: idle
                .map(|(place, idle)| (idle, used.contains(&place)))
                .collect(),
            reached,
            loose,
            references: &objects.references,
            terraform: Terraform::default(),
            clusters,
            past: None,
        }
    }

    /// The Flux Kustomizations of all clusters.
    pub fn units(&self) -> impl Iterator<Item = &Unit<'a>> {
        self.clusters.iter().flat_map(|cluster| &cluster.units)
    }

    /// Whether it is known of any cluster where its Flux begins. If of none, nothing can be said to be unread.
    pub fn has_known_start(&self) -> bool {
        let mut clusters = self.clusters.iter();
        clusters.any(|cluster| cluster.start.known != Known::Implied)
    }

    /// Whether a file is put aside: it lies in a folder whose name begins with a dot, and no Flux reads it.
    pub fn is_put_aside(&self, path: &str) -> bool {
        is_dotted(path) && !self.reached.contains(path)
    }

    /// An object of a build, with what lies over it. Nothing for one that a generator makes.
    pub fn effective(&self, built: &Built<'a>) -> Option<Effective<'a>> {
        effective(self.objects, built)
    }

    /// An object of a build as it is written.
    pub fn object(&self, built: &Built<'a>) -> Option<&'a Object<'a>> {
        match built.origin {
            Origin::Object(id) => Some(&self.objects.all[id]),
            Origin::Generated(_) => None,
        }
    }
}

/// Builds of the outermost folders with a kustomization to which nothing leads.
fn loose<'a>(
    reached: &BTreeSet<&str>,
    index: &'a Index,
    objects: &'a Objects<'a>,
    builder: &mut Builder<'a>,
) -> Vec<Cluster<'a>> {
    let references = objects.references.iter().flat_map(|(_, found)| found);
    let named: BTreeSet<&str> = references.map(|reference| reference.to.as_str()).collect();
    let lists = index.files.iter().filter(|(path, documents)| {
        let folder = folder_of(path);
        let kind = documents
            .first()
            .and_then(|node| node.get("kind"))
            .and_then(Node::text);
        is_kustomization(path)
            && kind != Some("Component")
            && !reached.contains(path.as_str())
            && !named.contains(folder)
            && !is_dotted(path)
            && !index.hidden.contains(*path)
    });
    let folders = lists.map(|(path, _)| Start::implied(folder_of(path)));
    folders
        .map(|start| Cluster::follow(start, index, objects, builder))
        .collect()
}

/// Whether a path lies in a folder whose name begins with a dot: by custom what is put aside, or what belongs to a tool.
fn is_dotted(path: &str) -> bool {
    folder_of(path)
        .split('/')
        .any(|part| part.starts_with('.') && part != ".")
}

/// Beside clusters of which it is known where they begin, what nothing applies is a cluster of its own only where
/// another cluster could be: anywhere else its line is missing, or it is put aside.
fn credible(mut clusters: Vec<Cluster<'_>>) -> Vec<Cluster<'_>> {
    let is_known = |cluster: &Cluster<'_>| cluster.start.known != Known::Implied;
    clusters.retain(|cluster| {
        let start = &cluster.start;
        // `folder_of` is for files. One that names such a folder itself means it.
        let dotted = |folder: &str| is_dotted(&format!("{folder}/x"));
        !dotted(&start.root) && (is_known(cluster) || !dotted(&start.folder))
    });
    let homes: BTreeSet<String> = clusters
        .iter()
        .filter(|cluster| is_known(cluster))
        .map(|cluster| folder_of(&cluster.start.folder).to_owned())
        .collect();
    clusters.retain(|cluster| {
        let home = folder_of(&cluster.start.folder);
        is_known(cluster) || homes.is_empty() || homes.contains(home)
    });
    clusters
}

pub(super) fn effective<'a>(objects: &Objects<'a>, built: &Built<'a>) -> Option<Effective<'a>> {
    let Origin::Object(id) = built.origin else {
        return None;
    };
    let object = &objects.all[id];
    Some(Effective {
        base: Layer {
            node: object.node,
            source: object.source,
            inline: None,
            under: Vec::new(),
        },
        patches: built.patches.clone(),
    })
}

/// Where the Flux of each cluster begins to read.
fn starts<'a>(index: &'a Index, objects: &'a Objects<'a>, builder: &mut Builder<'a>) -> Vec<Start> {
    let mut starts: Vec<Start> = Vec::new();
    for (_, object) in objects.of_kind(group::OPERATOR, "FluxInstance") {
        if let Some(sync) = object.node.at(&["spec", "sync"]) {
            starts.extend(Start::of_sync(object, sync, index));
        }
    }
    // The chart flux-instance takes the same from its values.
    for (path, documents) in &index.files {
        let places: [&[&str]; 2] = [
            &["instance", "sync"],
            &["spec", "values", "instance", "sync"],
        ];
        for sync in documents
            .iter()
            .flat_map(|node| places.map(|place| node.at(place)))
        {
            starts.extend(sync.and_then(|sync| Start::of_values(path, sync, index)));
        }
    }
    // One folder is one cluster, whoever says so first.
    let mut folders = BTreeSet::new();
    starts.retain(|start| folders.insert(start.folder.clone()));
    let applied = applied(index, objects, builder, &starts);
    let mut implied: BTreeSet<String> = BTreeSet::new();
    for (id, object) in objects.of_kind(group::KUSTOMIZE, "Kustomization") {
        if object.nested {
            continue;
        }
        match applied.get(&id) {
            // As `flux bootstrap` writes it: it applies the folder in which it lies.
            Some(by) if by.len() == 1 && by.contains(&Some(id)) => {
                let start = Start::of_itself(id, object, index);
                starts.extend(start.filter(|start| folders.insert(start.folder.clone())));
            }
            Some(_) => {}
            None => {
                implied.insert(top(folder_of(object.file()), id, builder, index));
            }
        }
    }
    // A folder below another is read with it, if that has no kustomization of its own.
    let all = implied.clone();
    implied.retain(|folder| {
        !all.iter().any(|other| {
            other != folder
                && index.kustomization_file(other).is_none()
                && folder.starts_with(&format!("{other}/"))
        })
    });
    let implied = implied
        .iter()
        .filter(|folder| folders.insert((*folder).clone()));
    starts.extend(implied.map(|folder| Start::implied(folder)));
    starts
}

/// By whom each Flux Kustomization is applied: others, or nobody but a cluster's own start.
fn applied<'a>(
    index: &'a Index,
    objects: &'a Objects<'a>,
    builder: &mut Builder<'a>,
    starts: &[Start],
) -> BTreeMap<ObjectId, BTreeSet<Option<ObjectId>>> {
    let mut applied: BTreeMap<ObjectId, BTreeSet<Option<ObjectId>>> = BTreeMap::new();
    let mut note = |folder: &str, by: Option<ObjectId>| {
        for built in &builder.build(folder).built {
            if let Origin::Object(id) = built.origin
                && objects.all[id].is(group::KUSTOMIZE, "Kustomization")
            {
                applied.entry(id).or_default().insert(by);
            }
        }
    };
    for start in starts {
        note(&start.folder, None);
    }
    for (id, object) in objects.of_kind(group::KUSTOMIZE, "Kustomization") {
        let path = object
            .node
            .at(&["spec", "path"])
            .and_then(Node::text)
            .unwrap_or("./");
        if let Some((_, folder)) = place_of(path, object, index) {
            note(&folder, Some(id));
        }
    }
    applied
}

/// The outermost folder whose kustomization brings an object, or else its own.
fn top(folder: &str, id: ObjectId, builder: &mut Builder<'_>, index: &Index) -> String {
    let mut top = folder;
    let mut above = folder;
    while !above.is_empty() {
        above = folder_of(above);
        let brings = index.kustomization_file(above).is_some()
            && builder
                .build(above)
                .built
                .iter()
                .any(|built| matches!(built.origin, Origin::Object(other) if other == id));
        if brings {
            top = above;
        }
    }
    top.to_owned()
}

/// Where the path of a Flux Kustomization leads, if its source may be this repository. A source of the name that Flux
/// gives its own may be made of a part of it. Any other must name a folder that is here: `.` is in every source.
pub(super) fn place_of(path: &str, object: &Object<'_>, index: &Index) -> Option<(String, String)> {
    let text = |key: &str| {
        object
            .node
            .at(&["spec", "sourceRef", key])
            .and_then(Node::text)
    };
    if text("kind") == Some("ExternalArtifact") {
        return None;
    }
    if text("name") == Some("flux-system") {
        return place(path, object.file(), index);
    }
    let folder = rooted("", path)?;
    (!folder.is_empty() && index.has_folder(&folder)).then(|| (String::new(), folder))
}

/// Where a path leads that is seen from the root of a source: the root of the repository, or else a folder above the
/// file that names it, for a source that is made of a part of the repository. Gives that root and the folder.
pub(super) fn place(path: &str, file: &str, index: &Index) -> Option<(String, String)> {
    let mut roots = vec![""];
    let mut above = folder_of(file);
    let mut upwards = Vec::new();
    while !above.is_empty() {
        upwards.push(above);
        above = folder_of(above);
    }
    roots.extend(upwards.iter().rev());
    roots.into_iter().find_map(|root| {
        let folder = rooted(root, path)?;
        let there = folder.is_empty() || index.has_folder(&folder);
        there.then(|| (root.to_owned(), folder))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_applies_itself_ends() {
        let unit = |name: &str, path: &str| {
            format!(
                "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {{name: {name}, namespace: f}}\n\
                 spec: {{path: ./{path}, sourceRef: {{kind: GitRepository, name: f}}, namePrefix: more-}}\n"
            )
        };
        let texts = [
            ("a/one.yaml", unit("x", "b")),
            ("a/again.yaml", unit("y", "a")),
            ("b/two.yaml", unit("x", "a")),
        ];
        let texts = texts.map(|(path, text)| (path.to_owned(), text));
        let index = Index::of_texts(texts.into());
        let objects = Objects::of(&index);
        let repository = Repository::of(&index, &objects);
        assert!(
            repository
                .clusters
                .iter()
                .all(|cluster| cluster.units.len() < 20)
        );
    }

    #[test]
    fn the_outermost_kustomization_below_a_plain_folder_counts() {
        let list = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [x.yaml]\n";
        let map = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n";
        let texts = [
            ("apps/web/app/kustomization.yaml", list),
            ("apps/web/app/x.yaml", map),
            ("apps/web/kustomization.yaml", list),
            ("apps/web/x.yaml", map),
        ];
        let texts = texts.map(|(path, text)| (path.to_owned(), text.to_owned()));
        let index = Index::of_texts(texts.into());
        let objects = Objects::of(&index);
        let mut builder = Builder::new(&index, &objects);
        let build = builder.build("apps");
        assert_eq!(build.built.len(), 1);
        assert!(build.files.contains("apps/web/x.yaml"));
    }
}
