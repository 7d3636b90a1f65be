//! Helm values that are generated and that no release takes.

use std::collections::BTreeSet;

use super::common::applied_on;
use crate::check::finding::{Findings, Severity, Spot};
use crate::check::registry::Rule;
use crate::index::{Cluster, Generated, Origin, Repository, group};
use crate::yaml::Node;

pub(in crate::check) const RULE: Rule = Rule {
    id: "unused-values",
    severity: Severity::Warning,
    summary: "Helm values are generated into a ConfigMap that nothing on the cluster names",
    check,
};

fn check(repository: &Repository<'_>, findings: &mut Findings) {
    let mut used: BTreeSet<usize> = BTreeSet::new();
    let mut unused: Vec<(&Generated<'_>, &Cluster<'_>)> = Vec::new();
    for cluster in &repository.clusters {
        let taken = taken(cluster, repository);
        let closed = cluster.units.iter().filter(|unit| unit.open.is_empty());
        for built in closed.flat_map(|unit| &unit.built) {
            let Origin::Generated(generated) = &built.origin else {
                continue;
            };
            if !holds_values(generated) || built.renamed {
                continue;
            }
            let key = std::ptr::from_ref(generated.node) as usize;
            let namespace = built.namespace.as_deref().unwrap_or_default();
            if taken.contains(&(namespace.to_owned(), built.name.clone()))
                || is_named(&built.name, generated, cluster, repository)
            {
                used.insert(key);
            } else {
                unused.push((generated, cluster));
            }
        }
    }
    let mut told = BTreeSet::new();
    for (generated, cluster) in unused {
        let key = std::ptr::from_ref(generated.node) as usize;
        // What one cluster uses and another does not is shared on purpose.
        if used.contains(&key) || !told.insert(key) {
            continue;
        }
        let Some(name) = generated.node.get("name") else {
            continue;
        };
        let text = name.text().unwrap_or_default();
        let finding = findings.add(
            Spot::node(generated.source, name),
            format!("nothing on {} takes values from {text}", cluster.label()),
        );
        finding.effect("the values are written into the cluster, and no release has them");
        finding.hint(
            "bring in the HelmRelease that names it by valuesFrom, or take the generator away",
        );
    }
}

/// Names that releases take values from, each with its namespace.
fn taken(cluster: &Cluster<'_>, repository: &Repository<'_>) -> BTreeSet<(String, String)> {
    let releases = applied_on(cluster, repository, group::HELM, "HelmRelease");
    releases
        .flat_map(|release| {
            let namespace = release.built.namespace.clone().unwrap_or_default();
            let from = release.effective.items(&["spec", "valuesFrom"]);
            let names = from
                .into_iter()
                .filter_map(|item| Some(item.get("name")?.text()?.to_owned()));
            names
                .map(move |name| (namespace.clone(), name))
                .collect::<Vec<_>>()
        })
        .collect()
}

/// Whether a generator is for Helm values: of a file, or under a key, of their usual name.
fn holds_values(generated: &Generated<'_>) -> bool {
    let files = generated
        .node
        .get("files")
        .into_iter()
        .flat_map(Node::items);
    let mut keys = files
        .filter_map(Node::text)
        .map(|file| file.split('=').next().unwrap_or(file));
    keys.any(|key| key.ends_with("values.yaml"))
}

/// Whether any other file that the cluster reads has the name in it.
fn is_named(
    name: &str,
    generated: &Generated<'_>,
    cluster: &Cluster<'_>,
    repository: &Repository<'_>,
) -> bool {
    let own = generated.source.name.as_str();
    let mut files = cluster.files.iter().filter(|file| **file != own);
    files.any(|file| {
        let source = repository.index.texts.get(*file);
        source.is_some_and(|source| source.text.contains(name))
    })
}
