//! `landform rename --objects`: the Flux Kustomization of a component gets another name, in two commits.
//!
//! A Flux Kustomization that goes deletes what it applied only if `spec.prune` is true, or its deletion policy says so
//! whatever `prune` is (kustomize-controller, `finalizerShouldDeleteResources`; in the same way its `prune` does nothing
//! while `spec.prune` is false). So the first commit takes `prune` away; once the cluster has it, the second one changes
//! the name. The new Flux Kustomization applies the same objects as the same field manager, and only their labels
//! `kustomize.toolkit.fluxcd.io/name` change. This is how Flux's own FAQ renames a Flux Kustomization. In one commit it
//! would be a race: the cluster's own Kustomization applies the new one and deletes the old one at once, and that
//! deletes whatever still bears its label.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::caught_up::KUSTOMIZATION;
use super::edit::{Edit, RenamedObject};
use super::here::Here;
use super::next::kubectl;
use super::opened::Opened;
use super::removal::list;
use crate::catalog::{Catalogue, FOREIGN, Files, Need, Origin};
use crate::error::{Error, Place, Problem, Problems, Result, Source};
use crate::git;
use crate::index::FluxKustomization;
use crate::model::{Pending, PendingOp, RECORD, RepoPath};
use crate::ui::Step;
use crate::yaml::Node;

/// The template that says whether Flux deletes.
const SYNC: &str = "common/sync.yaml.tera";

/// Deletion policies by which Flux deletes whatever `prune` is.
const DELETES: [&str; 2] = ["Delete", "WaitForTermination"];

/// Refuses what cannot be renamed without loss, and says why.
///
/// # Errors
/// It cannot.
pub(super) fn must_be_safe(opened: &Opened, name: &str) -> Result<()> {
    let component = &opened.catalogue.components[name];
    let source = &component.spec.source.value;
    let why = if source.is_chart() {
        "a HelmRelease of another name is another release to Helm: the old one would be uninstalled, and what it runs with it".to_owned()
    } else if matches!(source, Origin::Git { .. }) {
        let inner = format!("{}-manifests", component.object);
        format!(
            "what it runs is applied by another Flux Kustomization, {inner}, which would stay beside its successor, and both would apply the same"
        )
    } else if component.spec.category != FOREIGN {
        "the catalogue has it under that name, and its newer templates would no longer be found"
            .to_owned()
    } else {
        return refuse_removing(opened, name);
    };
    Err(Error::refused(
        Problem::new(format!("the objects of {name} cannot be renamed without loss: {why}")).hint(
            format!(
                "rename its folders alone, which nobody in a cluster notices: landform rename {name} NEW"
            ),
        ),
    ))
}

fn refuse_removing(opened: &Opened, name: &str) -> Result<()> {
    let platform = &opened.platform;
    let mut on = platform.clusters_of(name);
    if !on.any(|cluster| platform.is_removing(name, cluster.name.as_str())) {
        return Ok(());
    }
    Err(Error::refused(
        Problem::new(format!("the removal of {name} has begun")).hint(format!(
            "finish it: landform remove {name} --continue; or keep it after all: landform add {name}"
        )),
    ))
}

/// The clusters that a component is on.
pub(super) fn clusters_of(opened: &Opened, name: &str) -> BTreeSet<String> {
    let clusters = opened.platform.clusters_of(name);
    clusters.map(|cluster| cluster.name.to_string()).collect()
}

/// The command that takes the first step back, and adds nothing elsewhere.
pub(super) fn take_back(opened: &Opened, name: &str) -> String {
    let on = Vec::from_iter(clusters_of(opened, name)).join(",");
    format!("landform add {name} --on {on}")
}

/// Whether the second step comes now: the first is done on every cluster, and it is told to go on.
///
/// # Errors
/// It is told to go on where nothing has begun, or not told whether the clusters have caught up.
pub(super) fn goes_on(opened: &Opened, name: &str, new: &str, go_on: bool) -> Result<bool> {
    let on = clusters_of(opened, name);
    if on.is_empty() {
        // Nobody has to catch up.
        return Ok(true);
    }
    let mut there = on.iter();
    let done = there.all(|cluster| opened.platform.is_renaming(name, cluster));
    if go_on && !done {
        return Err(Error::refused(
            Problem::new(format!(
                "the first step of renaming the objects of {name} is not done on every cluster"
            ))
            .hint("begin it without --continue"),
        ));
    }
    if done && !go_on {
        return Err(Error::refused(
            Problem::new(format!(
                "the first step of renaming the objects of {name} is done already"
            ))
            .hint(format!(
                "once the clusters have caught up with it: landform rename {name} {new} --objects --continue; to keep the old name: {}",
                take_back(opened, name)
            )),
        ));
    }
    Ok(done)
}

/// Keeps Flux from deleting anything of a component; its Flux Kustomization gets its new name in the second step.
///
/// # Errors
/// The platform's templates are older, or something in the tree stands against it.
pub(super) fn first_step<'a>(opened: &'a Opened, name: &str, new: &str) -> Result<Edit<'a>> {
    let template = opened.catalogue.files.get(SYNC);
    if !template.is_some_and(|source| source.text.contains("component.renaming")) {
        return Err(Error::refused(
            Problem::new(format!(
                "the platform's templates cannot keep Flux from deleting what {name} applied"
            ))
            .hint("bring in newer ones first: landform update"),
        ));
    }
    let on = clusters_of(opened, name);
    in_the_way(opened, name, &on, false)?;
    let object = &opened.catalogue.components[name].object;
    let title = format!("Prepare the renaming of {object} to {new}");
    let mut edit = Edit::new("rename", opened, title);
    edit.notes.push(format!(
        "this commit only keeps Flux from deleting anything of {name} on {}; the names change in the second step",
        list(&on)
    ));
    edit.notes.push(format!(
        "until then take no object out of {name}: it would stay in the clusters, and nobody would look after it"
    ));
    edit.notes.extend(on.iter().filter_map(|cluster| {
        let unit = opened.unit(cluster, name)?;
        let prune = document(opened, unit)?.at(&["spec", "prune"])?;
        (prune.text() == Some("false")).then(|| {
            let line = opened.index.line(&unit.file, prune.span.start);
            format!(
                "`prune` is false already, in {}:{line}: the second step makes it true",
                unit.file
            )
        })
    }));
    let here = Here::of(&opened.root);
    for cluster in &on {
        let cluster = &opened.platform.clusters[cluster];
        let mut commands = kubectl(&opened.platform, cluster, &opened.catalogue, &here)?;
        commands.push(format!(
            "kubectl -n flux-system get {KUSTOMIZATION} {object} -o jsonpath='{{.spec.prune}}'"
        ));
        edit.next.push(Step {
            title: format!("see that {} has caught up", cluster.name),
            commands,
            notes: vec![
                "`false` is printed: while it is `true`, Flux has not seen this commit, and the second step would delete everything"
                    .to_owned(),
            ],
            ..Step::default()
        });
    }
    edit.next.push(Step {
        title: "then the second step".to_owned(),
        commands: vec![format!(
            "{} rename {name} {new} --objects --continue",
            here.landform()
        )],
        ..Step::default()
    });
    if let Some(chosen) = edit.platform.components.get_mut(name) {
        chosen.pending = Some(Pending {
            op: PendingOp::Rename,
            on,
        });
    }
    Ok(edit)
}

/// What the second step is to say and to do beside the renaming itself.
///
/// # Errors
/// The first step is not committed, or something in the tree stands against it.
pub(super) fn last_step(edit: &mut Edit<'_>, name: &str, new: &str) -> Result<()> {
    let opened = edit.opened;
    let object = opened.catalogue.components[name].object.clone();
    let on = clusters_of(opened, name);
    must_be_committed(opened, name, &on)?;
    in_the_way(opened, name, &on, true)?;
    edit.title = format!("Rename {object} to {new}");
    if let Some(chosen) = edit.platform.components.get_mut(new) {
        chosen.pending = None;
    }
    if on.is_empty() {
        return Ok(());
    }
    edit.notes.push(format!(
        "Flux deletes the Flux Kustomization {object} on {}, and nothing of what it applied: {new} takes that over, and nothing is restarted",
        list(&on)
    ));
    edit.notes.push(format!(
        "the clusters must have caught up with the first step before you push this: where `prune` of {object} is still true, everything is deleted"
    ));
    let here = Here::of(&opened.root);
    for cluster in &on {
        let cluster = &opened.platform.clusters[cluster];
        let mut commands = kubectl(&opened.platform, cluster, &opened.catalogue, &here)?;
        let get = format!("kubectl -n flux-system get {KUSTOMIZATION}");
        commands.push(format!(
            "kubectl -n flux-system wait --for=delete {KUSTOMIZATION}/{object} --timeout=15m"
        ));
        commands.push(format!("{get} {new}"));
        edit.next.push(Step {
            title: format!("see that {new} has taken over on {}", cluster.name),
            commands,
            notes: vec![format!("{new}: ready, at this commit")],
            ..Step::default()
        });
    }
    edit.object = Some(RenamedObject {
        from: object,
        to: new.to_owned(),
        on,
    });
    Ok(())
}

/// Refuses a second step while the first lies in the folder only: in one commit the two delete everything.
fn must_be_committed(opened: &Opened, name: &str, on: &BTreeSet<String>) -> Result<()> {
    let git::Place::Root(repo) = git::look(&opened.root)? else {
        return Ok(());
    };
    let units = on.iter().filter_map(|cluster| opened.unit(cluster, name));
    let mut paths = vec![format!("{RECORD}/components/{name}.yaml")];
    paths.extend(units.map(|unit| unit.file.clone()));
    let paths: Vec<RepoPath> = paths
        .into_iter()
        .filter_map(|path| RepoPath::new(path).ok())
        .collect();
    let Some(path) = repo.dirty(paths.iter())?.into_iter().next() else {
        return Ok(());
    };
    Err(Error::refused(
        Problem::new(format!("the first step is not committed: {path} differs from the last commit"))
            .hint("commit it, push it, and see that the clusters have caught up: in one commit with the second it would delete everything"),
    ))
}

/// Refuses what in the tree makes Flux delete all the same, or names the Flux Kustomization by its old name where
/// landform does not follow.
fn in_the_way(opened: &Opened, name: &str, on: &BTreeSet<String>, begun: bool) -> Result<()> {
    let object = &opened.catalogue.components[name].object;
    let mut problems = Problems::default();
    for cluster in on {
        let Some(unit) = opened.unit(cluster, name) else {
            problems.push(
                Problem::new(format!(
                    "the Flux Kustomization {object} on {cluster} cannot be read"
                ))
                .hint("mend its file first: landform list tells what is wrong"),
            );
            continue;
        };
        let Some(document) = document(opened, unit) else {
            continue;
        };
        let policy = document.at(&["spec", "deletionPolicy"]);
        if let Some(policy) = policy.filter(|p| p.text().is_some_and(|p| DELETES.contains(&p))) {
            let problem = Problem::new(format!(
                "with this Flux deletes on {cluster} what {object} applied when it goes, whatever `prune` is"
            ));
            let problem = problem.hint("take that line away first, and let the cluster catch up");
            problems.push(at(opened, &unit.file, policy, problem));
        }
        let prune = document.at(&["spec", "prune"]).unwrap_or(document);
        if begun && prune.text() != Some("false") {
            let problem = Problem::new(format!(
                "`prune` of {object} on {cluster} is not false: Flux would delete what it applied"
            ));
            let problem = problem.hint(format!(
                "take the first step back, then begin again: {}",
                take_back(opened, name)
            ));
            problems.push(at(opened, &unit.file, prune, problem));
        }
    }
    let elsewhere = |file: &str| {
        let mut parts = file.split('/');
        parts.next() == Some("clusters") && parts.next().is_some_and(|c| !on.contains(c))
    };
    for (file, documents) in &opened.index.files {
        if elsewhere(file) {
            continue;
        }
        let mut found = Vec::new();
        for document in documents {
            named(document, object, &mut found);
            let patches = is_flux(document)
                && document.at(&["spec", "sourceRef"]).is_none()
                && text_at(document, &["metadata", "name"]) == Some(object);
            found.extend(patches.then_some(document));
        }
        for node in found {
            let problem = Problem::new(format!(
                "this names the Flux Kustomization {object}, which is to be called otherwise"
            ));
            let problem = problem.hint("take it away first, and write it anew with the new name");
            problems.push(at(opened, file, node, problem));
        }
    }
    problems.into_result()
}

/// Where a Flux Kustomization of this name is named: by kind and name side by side, or in a patch written as text.
fn named<'n>(node: &'n Node, object: &str, found: &mut Vec<&'n Node>) {
    if text_at(node, &["kind"]) == Some("Kustomization")
        && let Some(name) = node.get("name").filter(|name| name.text() == Some(object))
    {
        found.push(name);
    }
    if let Some(text) = node.text().filter(|text| text.contains('\n')) {
        let says = |key: &str, value: &str| {
            let mut lines = text.lines();
            lines.any(|line| {
                let line = line.trim_start_matches([' ', '-']);
                line.strip_prefix(key)
                    .and_then(|rest| rest.strip_prefix(':'))
                    .is_some_and(|rest| rest.trim().trim_matches(['"', '\'']) == value)
            })
        };
        if says("kind", "Kustomization") && says("name", object) {
            found.push(node);
        }
    }
    for (_, value) in node.entries() {
        named(value, object, found);
    }
    for item in node.items() {
        named(item, object, found);
    }
}

fn text_at<'n>(node: &'n Node, path: &[&str]) -> Option<&'n str> {
    node.at(path)?.text()
}

fn is_flux(node: &Node) -> bool {
    text_at(node, &["kind"]) == Some("Kustomization")
        && text_at(node, &["apiVersion"])
            .is_some_and(|api| api.starts_with("kustomize.toolkit.fluxcd.io/"))
}

fn at(opened: &Opened, file: &str, node: &Node, problem: Problem) -> Problem {
    match opened.index.texts.get(file) {
        Some(source) => problem.at(Place::Span(Arc::clone(source), node.span.clone())),
        None => problem,
    }
}

/// The document of a Flux Kustomization.
fn document<'o>(opened: &'o Opened, unit: &FluxKustomization) -> Option<&'o Node> {
    let mut documents = opened.index.files.get(&unit.file)?.iter();
    documents.find(|document| document.span == unit.span)
}

/// A catalogue in which a component of the user's own has another name, its objects too. What others need it by, it
/// still gives.
///
/// # Errors
/// What comes of it does not hold.
pub(super) fn called(opened: &Opened, name: &str, new: &str) -> Result<Catalogue> {
    let catalogue = &opened.catalogue;
    let component = &catalogue.components[name];
    let (layer, version) = (component.spec.layer, component.version.clone());
    let folder = component.root.split('/').next().unwrap_or_default();
    let root = format!("{folder}/{new}");
    let mut files = Files::new();
    for (path, source) in catalogue.below(&component.root) {
        let to = format!("{root}/{path}");
        let text = if path == "component.yaml" {
            let needed = needed_by_name(catalogue, name, new);
            with_name(&source.text, new, &needed)?
        } else {
            source.text.clone()
        };
        files.insert(to.clone(), Source::new(to, text));
    }
    let mut whole = catalogue.instead(name, files)?;
    if let Some(component) = whole.components.get_mut(new) {
        component.version = version;
    }
    whole.call(new, new, layer);
    Ok(whole)
}

/// The names under which other components need one, apart from its new one.
fn needed_by_name(catalogue: &Catalogue, name: &str, new: &str) -> BTreeSet<String> {
    let component = &catalogue.components[name];
    let gives = component.spec.all_provides().map(|ability| &ability.name);
    let gives: BTreeSet<&String> = gives.chain([&component.object]).collect();
    let others = catalogue
        .components
        .iter()
        .filter(|(other, _)| *other != name);
    let needs = others.flat_map(|(_, other)| other.spec.all_needs());
    needs
        .map(|need: &Need| &need.name.value)
        .filter(|need| gives.contains(need) && *need != new)
        .cloned()
        .collect()
}

/// `component.yaml`, as landform wrote it, with another name.
fn with_name(text: &str, new: &str, gives: &BTreeSet<String>) -> Result<String> {
    let failed = |error: serde_yaml::Error| {
        Error::failed(Problem::new(format!("could not write YAML: {error}")))
    };
    let mut spec: serde_yaml::Mapping = serde_yaml::from_str(text).map_err(failed)?;
    spec.insert("name".into(), new.into());
    if gives.is_empty() {
        spec.shift_remove("provides");
    } else {
        let gives = serde_yaml::to_value(gives).map_err(failed)?;
        spec.insert("provides".into(), gives);
    }
    serde_yaml::to_string(&spec).map_err(failed)
}
