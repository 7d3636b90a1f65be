//! Flux Kustomizations or Helm releases that wait for each other.

use std::collections::{BTreeMap, BTreeSet};

use super::common::applied_on;
use crate::check::finding::{Findings, Severity, Spot};
use crate::check::registry::Rule;
use crate::index::{Cluster, Repository, group};

pub(in crate::check) const RULE: Rule = Rule {
    id: "dependency-cycle",
    severity: Severity::Error,
    summary: "objects that wait for each other, so none is ever applied",
    check,
};

/// Something that waits for others: its name, and the place at which it names each.
type Edges = BTreeMap<(String, String), Vec<((String, String), Spot)>>;

fn check(repository: &Repository<'_>, findings: &mut Findings) {
    let mut told: BTreeSet<(String, usize)> = BTreeSet::new();
    for cluster in &repository.clusters {
        let kinds = [
            ("Flux Kustomization", kustomizations(cluster)),
            ("HelmRelease", releases(repository, cluster)),
        ];
        for (kind, edges) in kinds {
            for circle in circles(&edges) {
                let Some((_, at)) = edge(&edges, &circle[0], &circle[1 % circle.len()]) else {
                    continue;
                };
                if !told.insert(at.key()) {
                    continue;
                }
                let names: Vec<&str> = circle
                    .iter()
                    .chain(&circle[..1])
                    .map(|(_, name)| name.as_str())
                    .collect();
                let message = if circle.len() == 1 {
                    format!("the {kind} {} waits for itself", names[0])
                } else {
                    format!("{kind}s wait for each other: {}", names.join(" → "))
                };
                let finding = findings.add(at.clone(), message);
                finding.effect(
                    "none of them is ever applied, and Flux tells no error: each only waits",
                );
                finding.hint("take one of these lines away");
                for pair in 1..circle.len() {
                    let (from, to) = (&circle[pair], &circle[(pair + 1) % circle.len()]);
                    if let Some((_, at)) = edge(&edges, from, to) {
                        finding.related(at.clone(), format!("{} waits for {}", from.1, to.1));
                    }
                }
            }
        }
    }
}

fn edge<'e>(
    edges: &'e Edges,
    from: &(String, String),
    to: &(String, String),
) -> Option<&'e ((String, String), Spot)> {
    edges.get(from)?.iter().find(|(name, _)| name == to)
}

/// What each waits for; a child also waits for the parent that applies it, which waits for it if it looks at its
/// health.
fn kustomizations(cluster: &Cluster<'_>) -> Edges {
    let mut edges = Edges::new();
    for unit in &cluster.units {
        let Some(effective) = &unit.effective else {
            continue;
        };
        let from = (unit.namespace.clone(), unit.name.clone());
        for item in effective.items(&["spec", "dependsOn"]) {
            let Some(name) = item.get("name").and_then(|name| name.text()) else {
                continue;
            };
            let namespace = item.get("namespace").and_then(|namespace| namespace.text());
            let to = (
                namespace.unwrap_or(&unit.namespace).to_owned(),
                name.to_owned(),
            );
            edges
                .entry(from.clone())
                .or_default()
                .push((to, Spot::from(&item)));
        }
    }
    for unit in &cluster.units {
        for parent in &unit.parents {
            let parent = &cluster.units[*parent];
            let Some(effective) = &parent.effective else {
                continue;
            };
            if let Some(wait) = effective
                .at(&["spec", "wait"])
                .filter(|wait| wait.text() == Some("true"))
            {
                let from = (parent.namespace.clone(), parent.name.clone());
                let to = (unit.namespace.clone(), unit.name.clone());
                // Without a child that waits for its parent, this closes no circle.
                edges.entry(from).or_default().push((to, Spot::from(&wait)));
            }
        }
    }
    edges
}

fn releases(repository: &Repository<'_>, cluster: &Cluster<'_>) -> Edges {
    let mut edges = Edges::new();
    for release in applied_on(cluster, repository, group::HELM, "HelmRelease") {
        let namespace = release.built.namespace.clone().unwrap_or_default();
        let from = (namespace.clone(), release.built.name.clone());
        for item in release.effective.items(&["spec", "dependsOn"]) {
            let Some(name) = item.get("name").and_then(|name| name.text()) else {
                continue;
            };
            let other = item.get("namespace").and_then(|namespace| namespace.text());
            let to = (
                other.map_or_else(|| namespace.clone(), str::to_owned),
                name.to_owned(),
            );
            edges
                .entry(from.clone())
                .or_default()
                .push((to, Spot::from(&item)));
        }
    }
    edges
}

/// One shortest circle through each that is in one, each circle once, its first name first.
fn circles(edges: &Edges) -> Vec<Vec<(String, String)>> {
    let mut found: Vec<Vec<(String, String)>> = Vec::new();
    let mut inside: BTreeSet<&(String, String)> = BTreeSet::new();
    for start in edges.keys() {
        if inside.contains(start) {
            continue;
        }
        let mut before: BTreeMap<&(String, String), &(String, String)> = BTreeMap::new();
        let mut queue = std::collections::VecDeque::from([start]);
        'search: while let Some(at) = queue.pop_front() {
            for (next, _) in edges.get(at).into_iter().flatten() {
                if next == start {
                    let mut circle = vec![at.clone()];
                    let mut back = at;
                    while let Some(earlier) = before.get(back) {
                        circle.push((*earlier).clone());
                        back = earlier;
                    }
                    circle.reverse();
                    found.push(circle);
                    inside.insert(start);
                    inside.extend(
                        before
                            .keys()
                            .filter(|name| found.last().is_some_and(|c| c.contains(name))),
                    );
                    break 'search;
                }
                if next != start && !before.contains_key(next) {
                    before.insert(next, at);
                    queue.push_back(next);
                }
            }
        }
    }
    found
}
