//! A folder without a kustomization that Flux applies, and in which not all is for Flux.

use std::collections::BTreeSet;

use crate::check::finding::{Findings, Severity, Spot};
use crate::check::registry::Rule;
use crate::index::{Folder, Repository, Unit, folder_of};
use crate::yaml::{Kind, Node};

pub(in crate::check) const RULE: Rule = Rule {
    id: "plain-folder",
    severity: Severity::Error,
    summary: "a folder without kustomization.yaml that Flux applies, with YAML in it that is no object",
    check,
};

fn check(repository: &Repository<'_>, findings: &mut Findings) {
    let mut seen = BTreeSet::new();
    for cluster in &repository.clusters {
        for unit in &cluster.units {
            let Folder::Here(folder) = &unit.folder else {
                continue;
            };
            if cluster.surely_builds(unit)
                && repository.index.kustomization_file(folder).is_none()
                && seen.insert(folder.clone())
            {
                look(folder, unit, repository, findings);
            }
        }
    }
}

fn look(folder: &str, unit: &Unit<'_>, repository: &Repository<'_>, findings: &mut Findings) {
    let index = repository.index;
    let prefix = if folder.is_empty() {
        String::new()
    } else {
        format!("{folder}/")
    };
    let shown = if folder.is_empty() { "." } else { folder };
    let mut inner: BTreeSet<String> = BTreeSet::new();
    for path in index
        .paths
        .range(prefix.clone()..)
        .take_while(|path| path.starts_with(&prefix))
    {
        let Some(source) = index
            .texts
            .get(path)
            .filter(|_| !index.hidden.contains(path))
        else {
            continue;
        };
        let Some(documents) = index.files.get(path) else {
            continue;
        };
        if let Some(own) = kustomized(folder_of(path), folder, repository) {
            let first = documents.first().filter(|_| folder_of(path) == own);
            let kind = first.and_then(|node| node.get("kind"));
            if kind.and_then(Node::text) == Some("Component")
                && index.kustomization_file(&own).as_ref() == Some(path)
                && inner.insert(own.clone())
            {
                let at = Spot::node(source, kind.unwrap_or(&documents[0]));
                let finding = findings.add(
                    at,
                    format!("this Component lies in {shown}, which has no kustomization.yaml"),
                );
                finding.effect(format!(
                    "Flux takes {own} for a resource, kustomize refuses a Component there, and nothing of {shown} is applied"
                ));
                finding.hint(format!("add a kustomization.yaml to {shown} that lists what is to be applied, or move the Component"));
                related(finding, unit, repository);
            }
            continue;
        }
        if !(path.ends_with(".yaml") || path.ends_with(".yml")) {
            continue;
        }
        let Some((node, what)) = documents.iter().find_map(|node| Some((node, wrong(node)?)))
        else {
            continue;
        };
        let at = Spot::span(source, node.span.start..node.span.start);
        let finding = findings.add(
            at,
            format!("this file {what}, and {shown} has no kustomization.yaml that leaves it out"),
        );
        finding.effect(format!(
            "Flux takes every YAML file below {shown} for objects and applies none of them: \"failed to decode Kubernetes YAML\""
        ));
        finding.hint(format!(
            "add a kustomization.yaml to {shown} that lists what is to be applied, or move the file"
        ));
        related(finding, unit, repository);
    }
}

fn related(
    finding: &mut crate::check::finding::Finding,
    unit: &Unit<'_>,
    repository: &Repository<'_>,
) {
    let path = unit
        .effective
        .as_ref()
        .and_then(|all| all.at(&["spec", "path"]));
    if let Some(path) = path {
        finding.related(Spot::from(&path), "this applies the folder");
    } else if let Some(id) = unit.object {
        finding.related(
            Spot::name(&repository.objects.all[id]),
            "this applies the folder",
        );
    }
}

/// The folder with a kustomization that a folder below another is, or lies in: the outermost.
fn kustomized(folder: &str, top: &str, repository: &Repository<'_>) -> Option<String> {
    let mut found = None;
    let mut at = folder;
    while at.len() > top.len() {
        if repository.index.kustomization_file(at).is_some() {
            found = Some(at.to_owned());
        }
        at = folder_of(at);
    }
    found
}

/// What is wrong with a document that is no object (kustomize, `RNode.GetValidatedMetadata`). An empty one is skipped.
fn wrong(node: &Node) -> Option<&'static str> {
    let Kind::Mapping(entries) = &node.kind else {
        return Some("is no object");
    };
    let kind = node.get("kind").and_then(Node::text);
    let Some(kind) = kind.filter(|kind| !kind.is_empty()) else {
        return (!entries.is_empty()).then_some("is no object: it has no kind");
    };
    if node.get("apiVersion").is_none_or(Node::is_null) {
        return Some("has an object without apiVersion");
    }
    let named = node
        .at(&["metadata", "name"])
        .is_some_and(|name| !name.is_null());
    (!kind.ends_with("List") && !named).then_some("has an object without metadata.name")
}
