//! A patch that is for nothing in its build.

use std::collections::BTreeSet;

use super::common::is_slip;
use crate::check::finding::{Findings, Severity, Spot};
use crate::check::registry::Rule;
use crate::error::did_you_mean;
use crate::index::{Fit, Folder, Idle, Origin, Repository, fit, folder_of};
use crate::yaml::{Kind, Node};

pub(in crate::check) const RULE: Rule = Rule {
    id: "unused-patch",
    severity: Severity::Warning,
    summary: "a patch that is for nothing in its build",
    check,
};

fn check(repository: &Repository<'_>, findings: &mut Findings) {
    // Components that Flux adds come before the patches of a kustomization.
    let units = repository.clusters.iter().flat_map(|all| &all.units);
    let with_more: BTreeSet<&str> = units
        .filter_map(|unit| match (&unit.folder, &unit.effective) {
            (Folder::Here(folder), Some(all)) => {
                let components = all.at(&["spec", "components"]);
                components.map(|_| folder.as_str())
            }
            _ => None,
        })
        .collect();
    for (idle, elsewhere) in &repository.idle {
        if with_more.contains(folder_of(&idle.source.name)) || has_blank(idle, repository) {
            continue;
        }
        match idle.target {
            Some(target) if !elsewhere => targeted(idle, target, repository, findings),
            // One that several builds share may be for the objects of some.
            Some(_) => {}
            None => untargeted(idle, repository, findings),
        }
    }
}

/// Whether a kustomization lists a file with nothing in it, as one that `flux bootstrap` is still to write.
fn has_blank(idle: &Idle<'_>, repository: &Repository<'_>) -> bool {
    let index = repository.index;
    let files = index.resources(folder_of(&idle.source.name));
    files.iter().any(|file| {
        let documents = index.files.get(file);
        index.texts.contains_key(file) && documents.is_none_or(Vec::is_empty)
    })
}

/// A patch with a target: kustomize does nothing, without a word.
fn targeted(idle: &Idle<'_>, target: &Node, repository: &Repository<'_>, findings: &mut Findings) {
    let literal = |key: &str| {
        let node = target.get(key)?;
        let text = node.text().filter(|text| !text.is_empty())?;
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_/".contains(c);
        Some((text, node)).filter(|(text, _)| text.chars().all(plain))
    };
    let kinds = idle
        .there
        .iter()
        .map(|built| built.kind(repository.objects));
    let of_kind = |kind: &str| {
        let all = idle.there.iter();
        let same = all.filter(|built| built.kind(repository.objects) == kind);
        same.map(|built| built.name.as_str()).collect::<Vec<_>>()
    };
    let name = literal("name");
    let kind = literal("kind");
    let near_kind = kind.and_then(|(kind, _)| {
        let near = did_you_mean(kind, kinds)?;
        (is_slip(kind, near) && of_kind(kind).is_empty()).then_some(near)
    });
    // One for every object of a kind may be there for those to come.
    if name.is_none() && near_kind.is_none() {
        return;
    }
    let node = match (&near_kind, kind, name) {
        (Some(_), Some((_, node)), _) | (_, _, Some((_, node))) => node,
        _ => target,
    };
    // Inside a patch of a patch there are no places.
    let at = if idle.entry.span.contains(&node.span.start) {
        Spot::node(idle.source, node)
    } else {
        Spot::node(idle.source, idle.entry)
    };
    let what = match (kind, name) {
        (Some((kind, _)), Some((name, _))) => format!("{kind} {name}"),
        (Some((kind, _)), None) => kind.to_owned(),
        (None, Some((name, _))) => name.to_owned(),
        (None, None) => return,
    };
    let finding = findings.add(
        at,
        format!("this patch is for {what}, which is not in the build"),
    );
    finding.effect("kustomize leaves it out without a word: nothing is patched");
    finding.hint("name what is meant, or take the patch away");
    if let Some(near) = near_kind {
        finding.hint(format!("did you mean `{near}`?"));
    } else if let (Some((kind, _)), Some((name, _))) = (kind, name) {
        let there = of_kind(kind);
        if there.contains(&name) {
            finding.hint(
                "one of that kind and name is there: its group, version or namespace is another",
            );
        } else if let Some(raw) = there.iter().find(|name| name.contains("${")) {
            finding.hint(format!(
                "patches come before variables are put in, and the name of a target is a pattern: if `{raw}` is meant, select it by its kind, or by a label"
            ));
        } else if let Some(near) = did_you_mean(name, there.iter().copied()) {
            finding.hint(format!("did you mean `{near}`?"));
        }
    }
}

/// A patch without a target: kustomize fails if what it names is not there.
fn untargeted(idle: &Idle<'_>, repository: &Repository<'_>, findings: &mut Findings) {
    let patch = idle.layer.node;
    let at = if idle.layer.inline.is_none() && !std::ptr::eq(idle.layer.source, idle.source) {
        Spot::node(
            idle.layer.source,
            patch.at(&["metadata", "name"]).unwrap_or(patch),
        )
    } else {
        Spot::node(idle.source, idle.entry)
    };
    let mut add = |message: String, hint: String| {
        let finding = findings.add(at.clone(), message);
        finding.severity(Severity::Error);
        finding.effect("the build fails, and Flux applies nothing of it");
        finding.hint(hint);
        if at.file() != idle.source.name {
            finding.related(Spot::node(idle.source, idle.entry), "it is listed here");
        }
        if !repository.reached.contains(idle.source.name.as_str())
            && !repository.clusters.is_empty()
        {
            finding.severity(Severity::Warning);
            finding.effect("its build fails; no Flux reads it by now");
        }
    };
    if matches!(patch.kind, Kind::Sequence(_)) {
        let message = "this patch has operations and no target".to_owned();
        add(message, "say in target what it is for".to_owned());
        return;
    }
    let text = |path: &[&str]| patch.at(path).and_then(Node::text);
    let (Some(api), Some(kind), Some(name)) = (
        text(&["apiVersion"]),
        text(&["kind"]),
        text(&["metadata", "name"]),
    ) else {
        return;
    };
    let message = format!("this patch is for {kind} {name}, which is not in the build");
    let objects = &repository.objects.all;
    let near = idle.there.iter().find_map(|built| match built.origin {
        Origin::Object(id) if fit(patch, &objects[id], built) == Fit::Near => {
            Some((built, &objects[id]))
        }
        _ => None,
    });
    if let Some((built, object)) = near {
        let hint = if object.api == api {
            format!(
                "it is in the namespace {}: say so in the patch, or give the patch a target",
                built.namespace.as_deref().unwrap_or("default")
            )
        } else {
            format!("it is a {}: write that as apiVersion", object.api)
        };
        add(message, hint);
        return;
    }
    let same = idle
        .there
        .iter()
        .filter(|built| built.kind(repository.objects) == kind);
    let hint = match did_you_mean(name, same.map(|built| built.name.as_str())) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "name an object of this build, or take the patch away".to_owned(),
    };
    add(message, hint);
}
