//! A whole repository as Flux reads it: from where each cluster's Flux begins, through every Flux Kustomization, to
//! the objects that it applies.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::applied::Past;
use super::build::{Builder, Built, Origin};
use super::cluster::{Cluster, Unit};
use super::document::{Object, ObjectId, Objects, group};
use super::effective::{Effective, Layer};
use super::identity::Clash;
use super::patch::Idle;
use super::roots::Roots;
use super::start::{Known, Start};
use super::starts::{is_template, outermost_folders, starts};
use super::terraform::Terraform;
use super::{Index, Reference, folder_of, is_within, rooted};
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
            let cluster = Cluster::follow(start, objects, &mut builder);
            seen.extend(cluster.units.iter().filter_map(|unit| unit.object));
            clusters.push(cluster);
        }
        // Those that apply each other, and that nothing else applies.
        loop {
            let mut left =
                objects
                    .of_kind(group::KUSTOMIZE, "Kustomization")
                    .filter(|(id, object)| {
                        !seen.contains(id) && !object.nested && !is_template(object, objects)
                    });
            let Some((id, object)) = left.next() else {
                break;
            };
            let start = Start::implied(folder_of(object.file()));
            let cluster = Cluster::follow(start, objects, &mut builder);
            seen.insert(id);
            let found: Vec<ObjectId> = cluster.units.iter().filter_map(|u| u.object).collect();
            if found.iter().any(|id| !seen.contains(id)) || found.contains(&id) {
                seen.extend(found);
                clusters.push(cluster);
            }
        }
        let clusters = outermost(credible(clusters));
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
    let unread = outermost_folders(index, objects, |_| true).filter(|folder| {
        let list = index.kustomization_file(folder);
        list.is_none_or(|list| !reached.contains(list.as_str()))
    });
    let folders: Vec<Start> = unread.map(Start::implied).collect();
    folders
        .into_iter()
        .map(|start| Cluster::follow(start, objects, builder))
        .collect()
}

/// Whether a path lies in a folder whose name begins with a dot: by custom what is put aside, or what belongs to a tool.
pub(super) fn is_dotted(path: &str) -> bool {
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
    let known: Vec<String> = clusters
        .iter()
        .filter(|cluster| is_known(cluster))
        .map(|cluster| cluster.start.folder.clone())
        .collect();
    clusters.retain(|cluster| {
        let folder = &cluster.start.folder;
        let within = known.iter().any(|known| is_within(folder, known));
        is_known(cluster)
            || homes.is_empty()
            || homes.contains(folder_of(folder))
            || !within && leads_on(cluster)
    });
    clusters
}

/// Whether what a cluster begins with applies Flux Kustomizations that apply further ones: nobody puts so much aside.
fn leads_on(cluster: &Cluster<'_>) -> bool {
    let mut units = cluster.units.iter();
    units.any(|unit| unit.parents.iter().any(|parent| *parent != 0))
}

/// A start within what another one reads is no cluster of its own: what a repository keeps while it moves from one way
/// of starting Flux to another.
fn outermost(mut clusters: Vec<Cluster<'_>>) -> Vec<Cluster<'_>> {
    let mut number = 0;
    while let Some(inner) = clusters.get(number) {
        let below = |outer: &Cluster<'_>| {
            let (folder, above) = (&inner.start.folder, &outer.start.folder);
            let within = is_within(folder, above);
            let implied = inner.start.known == Known::Implied;
            outer.start.known != Known::Implied
                && folder != above
                && (within || implied)
                && !inner.files.is_empty()
                && inner.files.is_subset(&outer.files)
        };
        if clusters.iter().any(below) {
            clusters.remove(number);
        } else {
            number += 1;
        }
    }
    clusters
}

pub(super) fn effective<'a>(objects: &Objects<'a>, built: &Built<'a>) -> Option<Effective<'a>> {
    let Origin::Object(id) = built.origin else {
        return None;
    };
    let object = &objects.all[id];
    Some(Effective {
        base: Layer::of(object),
        patches: built.patches.clone(),
    })
}

/// Where the path of a Flux Kustomization leads, if its source may be this repository. A source of the name that Flux
/// gives its own may be made of a part of it. Any other must name a folder that is here: `.` is in every source.
pub(super) fn place_of(
    path: &str,
    object: &Object<'_>,
    index: &Index,
    roots: &Roots,
) -> Option<(String, String)> {
    let text = |key: &str| {
        object
            .node
            .at(&["spec", "sourceRef", key])
            .and_then(Node::text)
    };
    let (kind, name) = (text("kind"), text("name"));
    if kind == Some("ExternalArtifact") {
        return None;
    }
    let root = kind
        .zip(name)
        .and_then(|(kind, name)| roots.get(kind, name));
    if let Some(root) = root {
        let folder = rooted(root, path)?;
        let there = folder.is_empty() || index.has_folder(&folder);
        return there.then(|| (root.to_owned(), folder));
    }
    if name == Some("flux-system") {
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
