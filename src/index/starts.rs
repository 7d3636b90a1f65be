//! Where the Flux of each cluster of a repository begins to read: found from what says so, or else from what nothing
//! applies.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::build::{Builder, Origin};
use super::document::{Object, ObjectId, Objects, group};
use super::repository::{effective, is_dotted, place_of};
use super::start::{Known, Start};
use super::{Index, Reference, Role, folder_of, is_kustomization, is_within, rooted};
use crate::yaml::Node;

/// Where the Flux of each cluster begins to read.
pub(super) fn starts<'a>(
    index: &'a Index,
    objects: &'a Objects<'a>,
    builder: &mut Builder<'a>,
) -> Vec<Start> {
    let mut starts: Vec<Start> = Vec::new();
    for (_, object) in objects.of_kind(group::OPERATOR, "FluxInstance") {
        if let Some(sync) = object.node.at(&["spec", "sync"]) {
            starts.extend(Start::of_sync(object, sync, index, objects));
        }
    }
    // One that a generator hands to the chart of the operator is no object here.
    for (path, documents) in &index.files {
        let read = objects.by_file.contains_key(path.as_str()) || index.hidden.contains(path);
        for document in documents.iter().filter(|_| !read) {
            let is = document.get("kind").and_then(Node::text) == Some("FluxInstance");
            let sync = document.at(&["spec", "sync"]).filter(|_| is);
            starts.extend(sync.and_then(|sync| Start::of_values(path, sync, index, objects)));
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
            starts.extend(sync.and_then(|sync| Start::of_values(path, sync, index, objects)));
        }
    }
    starts.extend(patched(index, objects, builder));
    // One folder is one cluster, whoever says so first.
    let mut folders = BTreeSet::new();
    starts.retain(|start| folders.insert(start.folder.clone()));
    let applied = applied(index, objects, builder, &starts);
    let mut implied: BTreeSet<String> = BTreeSet::new();
    let listed = listed(objects);
    for (id, object) in objects.of_kind(group::KUSTOMIZE, "Kustomization") {
        if object.nested {
            continue;
        }
        match applied.get(&id) {
            // As `flux bootstrap` writes it: it applies the folder in which it lies.
            Some(by) if is_own(id, by, objects) => {
                let start = Start::of_itself(id, object, index, &builder.roots);
                starts.extend(start.filter(|start| folders.insert(start.folder.clone())));
            }
            Some(_) => {}
            None if is_template(object, objects) => {}
            // The same, where the kustomization of that folder does not list it.
            None if bootstrapped(object).is_some() => {
                let start = Start::of_itself(id, object, index, &builder.roots);
                starts.extend(start.filter(|start| folders.insert(start.folder.clone())));
            }
            None => {
                let top = top(folder_of(object.file()), id, builder, index);
                implied.extend(listers(top, &listed));
            }
        }
    }
    // A folder below another is read with it, if that has no kustomization of its own.
    let all = implied.clone();
    implied.retain(|folder| {
        let mut above = folder.as_str();
        while !above.is_empty() {
            above = folder_of(above);
            if all.contains(above) && index.kustomization_file(above).is_none() {
                return false;
            }
        }
        true
    });
    let implied = implied
        .iter()
        .filter(|folder| folders.insert((*folder).clone()));
    starts.extend(implied.map(|folder| Start::implied(folder)));
    starts
}

/// Folders that hold, under a patch, the Flux Kustomization that applies them: many clusters share one, and each says in a
/// patch where it begins.
fn patched<'a>(
    index: &'a Index,
    objects: &'a Objects<'a>,
    builder: &mut Builder<'a>,
) -> Vec<Start> {
    let mut starts = Vec::new();
    let by_kustomize = |reference: &Reference| {
        let by_flux = [Role::FluxPath, Role::FluxComponent, Role::SyncPath];
        !by_flux.contains(&reference.role)
    };
    for folder in outermost_folders(index, objects, by_kustomize) {
        let build = builder.build(folder);
        for built in &build.built {
            let (Some(all), Origin::Object(id)) = (effective(objects, built), &built.origin) else {
                continue;
            };
            let object = &objects.all[*id];
            if !object.is(group::KUSTOMIZE, "Kustomization") || all.patches.is_empty() {
                continue;
            }
            let written = object.node.at(&["spec", "path"]).and_then(Node::text);
            let path = all.text(&["spec", "path"]);
            let leads = path.and_then(|path| rooted("", path));
            if path != written && leads.as_deref() == Some(folder) {
                starts.push(Start {
                    known: Known::Itself,
                    object: Some(*id),
                    ..Start::implied(folder)
                });
            }
        }
    }
    starts
}

/// Folders with a kustomization that nothing names which counts.
pub(super) fn outermost_folders<'a>(
    index: &'a Index,
    objects: &'a Objects<'_>,
    counts: fn(&Reference) -> bool,
) -> impl Iterator<Item = &'a str> {
    let references = objects.references.iter().flat_map(|(_, found)| found);
    let named: BTreeSet<&str> = references
        .filter(|reference| counts(reference))
        .map(|reference| reference.to.as_str())
        .collect();
    let lists = index.files.iter().filter(move |(path, documents)| {
        let kind = documents
            .first()
            .and_then(|node| node.get("kind"))
            .and_then(Node::text);
        is_kustomization(path)
            && kind != Some("Component")
            && !named.contains(folder_of(path))
            && !is_dotted(path)
            && !index.hidden.contains(*path)
    });
    lists.map(|(path, _)| folder_of(path))
}

/// By whom each Flux Kustomization is applied: others, or nobody but a cluster's own start.
fn applied<'a>(
    index: &'a Index,
    objects: &'a Objects<'a>,
    builder: &mut Builder<'a>,
    starts: &[Start],
) -> BTreeMap<ObjectId, BTreeSet<Option<ObjectId>>> {
    let mut applied: BTreeMap<ObjectId, BTreeSet<Option<ObjectId>>> = BTreeMap::new();
    let roots = Rc::clone(&builder.roots);
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
        // What goes to another cluster begins there, and what is to be filled in applies nothing yet.
        if object.node.at(&["spec", "kubeConfig"]).is_some() || is_template(object, objects) {
            continue;
        }
        if let Some((_, folder)) = place_of(path, object, index, &roots) {
            note(&folder, Some(id));
        }
    }
    applied
}

/// Whether a Flux Kustomization is what a cluster begins with: nothing but itself applies it. One of another source may
/// name a folder of the same name there.
fn is_own(id: ObjectId, by: &BTreeSet<Option<ObjectId>>, objects: &Objects<'_>) -> bool {
    let source = |id: ObjectId| {
        let object = &objects.all[id];
        object
            .node
            .at(&["spec", "sourceRef", "name"])
            .and_then(Node::text)
    };
    let own = source(id);
    by.contains(&Some(id))
        && by.iter().all(|other| match other {
            Some(other) => *other == id || own == Some("flux-system") && source(*other) != own,
            None => false,
        })
}

/// The folder that a Flux Kustomization applies and lies in itself, if it is called as `flux bootstrap` calls what it
/// writes. Others may be applied by hand, or be a test's.
pub fn bootstrapped(object: &Object<'_>) -> Option<String> {
    let text = |path: &[&str]| object.node.at(path).and_then(Node::text);
    let own = [object.namespace, text(&["spec", "sourceRef", "name"])];
    let folder = text(&["spec", "path"]).and_then(|path| rooted("", path))?;
    let within = !folder.is_empty() && is_within(folder_of(object.file()), &folder);
    (own == [Some(object.name); 2] && within).then_some(folder)
}

/// Whether a Flux Kustomization is there to be filled in by a script: no cluster has one of such a name.
pub(super) fn is_template(object: &Object<'_>, objects: &Objects<'_>) -> bool {
    let same_file = objects.by_file.get(object.file());
    let mut all = same_file.into_iter().flatten().map(|id| &objects.all[*id]);
    let source = object.node.at(&["spec", "sourceRef", "name"]);
    let source = source.and_then(Node::text);
    all.any(|object| {
        let url = object.node.at(&["spec", "url"]).and_then(Node::text);
        let url = url.filter(|_| source == Some(object.name));
        let mut texts = [Some(object.name), object.namespace, url]
            .into_iter()
            .flatten();
        texts.any(|text| text.contains("${") || text.contains("{{"))
    })
}

/// Folders by those that their kustomizations list.
type Listed = BTreeMap<String, Vec<String>>;

/// Which folders the kustomizations of which others list.
fn listed(objects: &Objects<'_>) -> Listed {
    let mut listed = Listed::new();
    for (source, found) in &objects.references {
        if !is_kustomization(&source.name) {
            continue;
        }
        for reference in found.iter().filter(|one| one.role == Role::Resource) {
            let by = listed.entry(reference.to.clone()).or_default();
            by.push(folder_of(&source.name).to_owned());
        }
    }
    listed
}

/// The outermost folders whose kustomizations list a folder: what several clusters share is none of them.
fn listers(folder: String, listed: &Listed) -> BTreeSet<String> {
    let mut outermost = BTreeSet::new();
    let (mut seen, mut stack) = (BTreeSet::new(), vec![folder]);
    while let Some(folder) = stack.pop() {
        if !seen.insert(folder.clone()) {
            continue;
        }
        match listed.get(&folder) {
            Some(above) => stack.extend(above.iter().cloned()),
            None => {
                outermost.insert(folder);
            }
        }
    }
    outermost
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::index::Repository;

    fn unit(name: &str, path: &str, source: &str) -> String {
        format!(
            "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\n\
             metadata: {{name: {name}, namespace: flux-system}}\n\
             spec: {{interval: 1h, path: {path}, sourceRef: {source}}}\n"
        )
    }

    const OWN: &str = "{kind: GitRepository, name: flux-system}";

    fn list(resources: &str, rest: &str) -> String {
        format!(
            "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [{resources}]\n{rest}"
        )
    }

    const MAP: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, namespace: y}\n";

    /// Where clusters begin, and how many Flux Kustomizations each has.
    fn clusters(texts: &[(&str, &str)]) -> Vec<(String, usize)> {
        let texts = texts
            .iter()
            .map(|(path, text)| ((*path).to_owned(), (*text).to_owned()));
        let index = Index::of_texts(texts.collect());
        let objects = Objects::of(&index);
        let repository = Repository::of(&index, &objects);
        let clusters = repository.clusters.iter();
        clusters
            .map(|cluster| (cluster.label().to_owned(), cluster.units.len()))
            .collect()
    }

    #[test]
    fn many_clusters_share_what_begins_them_and_each_patches_its_path() {
        let patch = |name: &str| {
            format!(
                "patches: [{{patch: \"apiVersion: kustomize.toolkit.fluxcd.io/v1\\nkind: Kustomization\\n\
                 metadata: {{name: flux-system, namespace: flux-system}}\\nspec: {{path: clusters/{name}}}\"}}]\n"
            )
        };
        let (one, two) = (
            list("../../base", &patch("one")),
            list("../../base", &patch("two")),
        );
        let found = clusters(&[
            (
                "base/flux-system.yaml",
                &unit("flux-system", "./clusters/x", OWN),
            ),
            ("base/apps.yaml", &unit("apps", "./apps", OWN)),
            (
                "base/kustomization.yaml",
                &list("flux-system.yaml, apps.yaml", ""),
            ),
            ("clusters/one/kustomization.yaml", &one),
            ("clusters/two/kustomization.yaml", &two),
            ("apps/x.yaml", MAP),
        ]);
        assert_eq!(
            found,
            [
                ("clusters/one".to_owned(), 2),
                ("clusters/two".to_owned(), 2)
            ]
        );
    }

    #[test]
    fn a_start_within_what_another_reads_is_no_cluster() {
        let instance = "apiVersion: fluxcd.controlplane.io/v1\nkind: FluxInstance\n\
                        metadata: {name: flux, namespace: flux-system}\n\
                        spec: {sync: {kind: GitRepository, url: https://h/a/b, path: flux/cluster}}\n";
        let found = clusters(&[
            ("flux/config/cluster.yaml", &unit("cluster", "./flux", OWN)),
            ("flux/cluster/apps.yaml", &unit("apps", "./apps", OWN)),
            ("apps/flux/instance.yaml", instance),
        ]);
        assert_eq!(found, [("flux".to_owned(), 2)]);
    }

    #[test]
    fn another_source_may_have_a_folder_of_the_same_name() {
        let own = unit("flux-system", "./clusters/lab", OWN);
        let other = unit(
            "more",
            "./clusters/lab",
            "{kind: GitRepository, name: more}",
        );
        let found = clusters(&[
            (
                "clusters/lab/flux-system.yaml",
                &format!("{own}---\n{other}"),
            ),
            ("clusters/lab/x.yaml", MAP),
        ]);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].0, "clusters/lab");
    }

    #[test]
    fn what_flux_bootstrap_writes_is_a_start_though_nothing_lists_it() {
        let found = clusters(&[
            (
                "clusters/lab/flux-system/gotk-sync.yaml",
                &unit("flux-system", "./clusters/lab", OWN),
            ),
            (
                "clusters/lab/flux-system/kustomization.yaml",
                &list("gotk-sync.yaml", ""),
            ),
            ("clusters/lab/kustomization.yaml", &list("apps.yaml", "")),
            ("clusters/lab/apps.yaml", &unit("apps", "./apps", OWN)),
            ("apps/x.yaml", MAP),
        ]);
        assert_eq!(found, [("clusters/lab".to_owned(), 2)]);
    }

    #[test]
    fn what_a_script_fills_in_is_no_cluster() {
        let unit =
            unit("apps", "./apps", OWN).replace("namespace: flux-system", "namespace: \"${C}\"");
        assert_eq!(
            clusters(&[("templates/apps.yaml", &unit), ("apps/x.yaml", MAP)]),
            []
        );
    }

    #[test]
    fn what_goes_to_another_cluster_begins_there() {
        let remote = unit("lab", "./clusters/lab", OWN).replace(
            "interval: 1h",
            "interval: 1h, kubeConfig: {secretRef: {name: lab}}",
        );
        let found = clusters(&[
            (
                "clusters/hub/flux-system.yaml",
                &unit("flux-system", "./clusters/hub", OWN),
            ),
            ("clusters/hub/lab.yaml", &remote),
            (
                "clusters/lab/flux-system.yaml",
                &unit("flux-system", "./clusters/lab", OWN),
            ),
        ]);
        assert_eq!(
            found,
            [
                ("clusters/hub".to_owned(), 2),
                ("clusters/lab".to_owned(), 1)
            ]
        );
    }

    #[test]
    fn the_root_may_have_a_kustomization() {
        let instance = "apiVersion: fluxcd.controlplane.io/v1\nkind: FluxInstance\n\
                        metadata: {name: flux, namespace: flux-system}\n\
                        spec: {sync: {kind: OCIRepository, url: oci://h/sync, path: .}}\n";
        let own = "{kind: OCIRepository, name: flux-system}";
        let found = clusters(&[
            (
                "kustomization.yaml",
                &list("flux/instance.yaml, flux/net.yaml", ""),
            ),
            ("flux/instance.yaml", instance),
            ("flux/net.yaml", &unit("net", "./net", own)),
            ("net/x.yaml", MAP),
        ]);
        assert_eq!(found, [(".".to_owned(), 2)]);
    }

    #[test]
    fn what_a_known_cluster_reads_is_no_other() {
        let shared = unit("\"apps-${cluster}\"", "./clusters/apps", OWN);
        let parent = unit("shared", "./clusters/shared", OWN).replace(
            "interval: 1h",
            "interval: 1h, postBuild: {substitute: {cluster: a}}",
        );
        let found = clusters(&[
            (
                "clusters/a/flux-system.yaml",
                &unit("flux-system", "./clusters/a", OWN),
            ),
            ("clusters/a/shared.yaml", &parent),
            ("clusters/shared/apps.yaml", &shared),
            ("clusters/apps/x.yaml", &unit("web", "./web", OWN)),
            ("web/x.yaml", MAP),
        ]);
        assert_eq!(found, [("clusters/a".to_owned(), 4)]);
    }

    #[test]
    fn an_artifact_of_a_part_is_read_from_where_it_begins() {
        let instance = "apiVersion: fluxcd.controlplane.io/v1\nkind: FluxInstance\n\
                        metadata: {name: flux, namespace: flux-system}\n\
                        spec: {sync: {kind: OCIRepository, url: oci://h/sync, path: ./}}\n";
        let part = "{kind: OCIRepository, name: infra}";
        let found = clusters(&[
            ("k8s/clusters/lab/flux-system/instance.yaml", instance),
            ("k8s/clusters/lab/net.yaml", &unit("net", "./net", part)),
            ("k8s/clusters/lab/dns.yaml", &unit("dns", "./dns", part)),
            ("k8s/infra/net/x.yaml", MAP),
            ("k8s/infra/dns/y.yaml", &unit("more", "./net", part)),
        ]);
        assert_eq!(found, [("k8s/clusters/lab".to_owned(), 4)]);
    }
}
