//! Flux Kustomizations or Helm releases that wait for each other.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

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
    let names: Vec<&(String, String)> = edges.keys().collect();
    let numbers: BTreeMap<&(String, String), usize> =
        names.iter().copied().zip(0..names.len()).collect();
    // What waits for nothing is in no circle.
    let next: Vec<Vec<usize>> = edges
        .values()
        .map(|to| to.iter().filter_map(|(name, _)| numbers.get(name).copied()))
        .map(Iterator::collect)
        .collect();
    let knots = knots(&next);
    let mut found = Vec::new();
    let mut inside = vec![false; names.len()];
    for start in 0..names.len() {
        if inside[start] {
            continue;
        }
        if let Some(circle) = circle(start, &next, &knots) {
            for number in &circle {
                inside[*number] = true;
            }
            found.push(circle.into_iter().map(|at| names[at].clone()).collect());
        }
    }
    found
}

/// A shortest circle through one, if there is one. It never leaves its knot.
fn circle(start: usize, next: &[Vec<usize>], knots: &[usize]) -> Option<Vec<usize>> {
    let mut before: BTreeMap<usize, usize> = BTreeMap::new();
    let mut queue = VecDeque::from([start]);
    while let Some(at) = queue.pop_front() {
        for &to in next[at].iter().filter(|to| knots[**to] == knots[start]) {
            if to == start {
                let mut circle = vec![at];
                let mut back = at;
                while let Some(earlier) = before.get(&back) {
                    circle.push(*earlier);
                    back = *earlier;
                }
                circle.reverse();
                return Some(circle);
            }
            if let Entry::Vacant(new) = before.entry(to) {
                new.insert(at);
                queue.push_back(to);
            }
        }
    }
    None
}

/// For each, the knot that it is in: those of one knot can all be reached from each other (Tarjan's strongly connected
/// components, without recursion: chains may be long). To look for a circle from each of thousands that are in none
/// would take the square of that.
fn knots(next: &[Vec<usize>]) -> Vec<usize> {
    const NONE: usize = usize::MAX;
    let mut knot = vec![NONE; next.len()];
    let mut met = vec![NONE; next.len()];
    let mut low = vec![0; next.len()];
    let mut open = Vec::new();
    let (mut time, mut knots) = (0, 0);
    for start in 0..next.len() {
        if met[start] != NONE {
            continue;
        }
        let mut way = vec![(start, 0)];
        while let Some((at, edge)) = way.pop() {
            if edge == 0 {
                met[at] = time;
                low[at] = time;
                time += 1;
                open.push(at);
            }
            if let Some(&to) = next[at].get(edge) {
                way.push((at, edge + 1));
                if met[to] == NONE {
                    way.push((to, 0));
                } else if knot[to] == NONE {
                    low[at] = low[at].min(met[to]);
                }
                continue;
            }
            if low[at] == met[at] {
                while let Some(last) = open.pop() {
                    knot[last] = knots;
                    if last == at {
                        break;
                    }
                }
                knots += 1;
            }
            if let Some((above, _)) = way.last() {
                low[*above] = low[*above].min(low[at]);
            }
        }
    }
    knot
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_reached_from_each_other_is_one_knot() {
        // A tail to a circle of three, which leads to a circle of two, and one that waits for itself.
        let next = [
            vec![1],
            vec![2],
            vec![3, 4],
            vec![1],
            vec![5],
            vec![4],
            vec![6],
        ];
        let knots = knots(&next);
        assert!(knots[1] == knots[2] && knots[2] == knots[3]);
        assert_eq!(knots[4], knots[5]);
        let different: BTreeSet<usize> = knots.iter().copied().collect();
        assert_eq!(different.len(), 4);
        let circle = |start| circle(start, &next, &knots);
        assert_eq!(circle(0), None);
        assert_eq!(circle(2), Some(vec![2, 3, 1]));
        assert_eq!(circle(4), Some(vec![4, 5]));
        assert_eq!(circle(6), Some(vec![6]));
    }

    #[test]
    fn a_long_chain_needs_no_stack() {
        let next: Vec<Vec<usize>> = (1..100_000).map(|at| vec![at]).chain([vec![]]).collect();
        let knots: BTreeSet<usize> = knots(&next).into_iter().collect();
        assert_eq!(knots.len(), 100_000);
    }
}
