//! Files of objects that no Flux reads.

use super::common::near_path;
use crate::check::finding::{Findings, Severity, Spot};
use crate::check::registry::Rule;
use crate::index::{Builder, Lookup, Object, ObjectId, Repository, bootstrapped, folder_of, group};
use crate::yaml::Node;

pub(in crate::check) const RULE: Rule = Rule {
    id: "unread-file",
    severity: Severity::Warning,
    summary: "an object beside others that no kustomization lists, so no Flux applies it",
    check,
};

fn check(repository: &Repository<'_>, findings: &mut Findings) {
    let index = repository.index;
    itself(repository, findings);
    if !repository.has_known_start() {
        return;
    }
    for (path, ids) in &repository.objects.by_file {
        if repository.reached.contains(path) || is_start(path, repository) {
            continue;
        }
        // A folder that nothing reads at all may be anything: a template, a test, another tool's. One file among those
        // that are read is forgotten.
        let Some(list) = index.kustomization_file(folder_of(path)) else {
            apart(path, ids[0], repository, findings);
            continue;
        };
        if !repository.reached.contains(list.as_str()) || is_named(&list, path, repository) {
            continue;
        }
        let object = &repository.objects.all[ids[0]];
        // What has no name is read by some tool.
        let kustomize = object.group() == "kustomize.config.k8s.io";
        if object.name.is_empty() || kustomize || is_put_aside(path, &list, repository) {
            continue;
        }
        let message = format!(
            "nothing lists this file, so its {} {} is not applied",
            object.kind, object.name
        );
        let finding = findings.add(Spot::name(object), message);
        finding.effect("Flux does not know of it; if it was listed before, Flux has deleted it");
        finding.hint(format!(
            "add {} to the resources of {list}, or delete it",
            name_of(path)
        ));
        if let Some(source) = index.texts.get(&list) {
            finding.related(
                Spot::span(source, 0..0),
                "this kustomization is read, and does not name it",
            );
        }
        if let Some(other) = another(object, repository) {
            let (kind, name) = (object.kind, object.name);
            finding.severity(Severity::Hint);
            finding.effect(format!(
                "a {kind} {name} is applied from elsewhere, and this one is not it"
            ));
            finding.hint("delete it if it is not needed any more");
            finding.related(other, "this one is applied");
        } else if is_for_hands(path) {
            finding.severity(Severity::Hint);
        }
    }
}

/// A Flux Kustomization that applies the folder in which it lies, and is not in what that comes to: the next time Flux
/// looks, it deletes itself.
fn itself(repository: &Repository<'_>, findings: &mut Findings) {
    let index = repository.index;
    for (_, object) in repository
        .objects
        .of_kind(group::KUSTOMIZE, "Kustomization")
    {
        let (path, prune) = (object.file(), object.node.at(&["spec", "prune"]));
        if prune.and_then(Node::text) != Some("true")
            || repository.reached.contains(path)
            || object.nested
        {
            continue;
        }
        let Some(folder) = bootstrapped(object) else {
            continue;
        };
        let Some(list) = index.kustomization_file(folder_of(path)) else {
            continue;
        };
        let build = Builder::new(index, repository.objects).build(&folder);
        let reads = build.files.contains(list.as_str()) && !build.files.contains(path);
        if !reads
            || !build.open.is_empty()
            || is_put_aside(path, &list, repository)
            || is_named(&list, path, repository)
        {
            continue;
        }
        let name = object.name;
        let message =
            format!("{name} applies the folder in which it lies, and nothing there lists it");
        let finding = findings.add(Spot::name(object), message);
        finding.effect(format!(
            "if {name} was listed before, it deletes itself, and the cluster follows Git no more"
        ));
        finding.hint(format!("add {} to the resources of {list}", name_of(path)));
    }
}

/// A Flux Kustomization in a folder of its own, of which the kustomization above names the like in others.
fn apart(path: &str, id: ObjectId, repository: &Repository<'_>, findings: &mut Findings) {
    let index = repository.index;
    let object = &repository.objects.all[id];
    let above = folder_of(folder_of(path));
    let list = index.kustomization_file(above);
    let Some(list) = list.filter(|list| repository.reached.contains(list.as_str())) else {
        return;
    };
    if !object.is(group::KUSTOMIZE, "Kustomization") {
        return;
    }
    let lists = repository.references.iter();
    let named = lists.filter(|(source, _)| source.name == list);
    let others = named
        .flat_map(|(_, references)| references)
        .filter(|reference| {
            folder_of(folder_of(&reference.to)) == above
                && name_of(&reference.to) == name_of(path)
                && index.paths.contains(&reference.to)
        })
        .count();
    let folder = folder_of(path);
    let own = name_of(folder);
    let text = index.texts.get(&list).map_or("", |source| &source.text);
    let mut lines = text.lines();
    let aside = lines.any(|line| line.trim_start().starts_with('#') && line.contains(own));
    if others == 0 || aside || is_named(&list, path, repository) {
        return;
    }
    let message = format!(
        "nothing lists this file, so the Flux Kustomization {} is not there, though its like in {others} of the folders beside it is listed",
        object.name
    );
    let finding = findings.add(Spot::name(object), message);
    finding.severity(Severity::Hint);
    finding.effect("Flux does not know of it; if it was listed before, Flux has deleted it, and what it applied");
    finding.hint(format!(
        "add ./{own}/{} to the resources of {list}, or delete it",
        name_of(path)
    ));
}

/// Whether the kustomization of a folder names a file in some other role, as a patch, or means to with a slip.
fn is_named(list: &str, path: &str, repository: &Repository<'_>) -> bool {
    let mut own = repository
        .references
        .iter()
        .filter(|(source, _)| source.name == list);
    own.any(|(_, references)| {
        references.iter().any(|reference| {
            reference.to == path
                || !repository.index.paths.contains(&reference.to)
                    && near_path(&reference.to, repository).as_deref() == Some(path)
        })
    })
}

/// Whether somebody has taken a file out on purpose: its name stands in a comment of the kustomization.
fn is_put_aside(path: &str, list: &str, repository: &Repository<'_>) -> bool {
    let source = repository.index.texts.get(list);
    let mut lines = source.into_iter().flat_map(|source| source.text.lines());
    lines.any(|line| line.trim_start().starts_with('#') && line.contains(name_of(path)))
}

/// Whether a file holds what a cluster begins with: of that it is told apart.
fn is_start(path: &str, repository: &Repository<'_>) -> bool {
    let mut clusters = repository.clusters.iter();
    clusters.any(|cluster| {
        let object = cluster.units.first().and_then(|unit| unit.object);
        object.is_some_and(|id| repository.objects.all[id].file() == path)
    })
}

/// The object of the same kind and name that is applied in its stead.
fn another(object: &Object<'_>, repository: &Repository<'_>) -> Option<Spot> {
    repository.clusters.iter().find_map(|cluster| {
        let found = cluster.find(
            object.kind,
            object.namespace,
            object.name,
            repository.objects,
        );
        let Lookup::Found(_, built) = found else {
            return None;
        };
        let applied = repository.object(built)?;
        (applied.group() == object.group()).then(|| Spot::name(applied))
    })
}

/// Whether a file says by its name that somebody applies it by hand, or takes from it.
fn is_for_hands(path: &str) -> bool {
    let words = ["example", "manual", "sample", "template"];
    let name = name_of(path).to_ascii_lowercase();
    words.iter().any(|word| name.contains(word))
}

fn name_of(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}
