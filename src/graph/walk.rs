//! Ways through a graph: order, depth, the longest way, what something waits for and what waits for it.

use std::collections::{BTreeSet, VecDeque};

use super::{Graph, NodeId, Why};

impl Graph {
    /// What must be there before a node begins: that which it depends on, with all whose health that looks at, what it
    /// takes from, and what applies it. The health of what it applies itself makes only those later that depend on it.
    fn before(&self, node: NodeId) -> BTreeSet<NodeId> {
        let mut before = BTreeSet::new();
        for (other, why) in &self.waits[node] {
            match why {
                Why::WaitsForHealth => {}
                Why::DependsOn => {
                    before.insert(*other);
                    before.extend(far(*other, |at| self.looked_at(at).collect()));
                }
                _ => {
                    before.insert(*other);
                }
            }
        }
        before
    }

    /// Whose health a node looks at.
    fn looked_at(&self, node: NodeId) -> impl Iterator<Item = NodeId> + '_ {
        let waits = self.waits[node].iter();
        let health = waits.filter(|(_, why)| *why == Why::WaitsForHealth);
        health.map(|(other, _)| *other)
    }

    /// How many steps each node comes after those that wait for nothing. Those in a circle are none.
    pub fn depths(&self) -> Vec<Option<usize>> {
        let mut left: Vec<usize> = (0..self.nodes.len())
            .map(|node| self.before(node).len())
            .collect();
        let mut depths = vec![None; self.nodes.len()];
        let mut queue: VecDeque<NodeId> = VecDeque::new();
        for (node, count) in left.iter().enumerate() {
            if *count == 0 {
                depths[node] = Some(0);
                queue.push_back(node);
            }
        }
        let waiting = self.waiting();
        while let Some(node) = queue.pop_front() {
            let depth = depths[node].unwrap_or_default();
            for other in &waiting[node] {
                left[*other] -= 1;
                if left[*other] == 0 {
                    depths[*other] = Some(depth + 1);
                    queue.push_back(*other);
                }
            }
        }
        depths
    }

    /// For each node, who waits for it before it begins.
    fn waiting(&self) -> Vec<BTreeSet<NodeId>> {
        let mut waiting = vec![BTreeSet::new(); self.nodes.len()];
        for node in 0..self.nodes.len() {
            for other in self.before(node) {
                waiting[other].insert(node);
            }
        }
        waiting
    }

    /// The longest way from something that waits for nothing to the last that waits, in order.
    pub fn critical(&self) -> Vec<NodeId> {
        let depths = self.depths();
        let mut way = Vec::new();
        let mut next =
            (0..self.nodes.len()).max_by_key(|node| (depths[*node], std::cmp::Reverse(*node)));
        while let Some(node) = next {
            way.push(node);
            next = self
                .before(node)
                .into_iter()
                .max_by_key(|other| (depths[*other], std::cmp::Reverse(*other)))
                .filter(|_| depths[node].is_some_and(|depth| depth > 0));
        }
        way.reverse();
        way
    }

    /// All that a node waits for, near or far: the first to begin first.
    pub fn needs(&self, node: NodeId) -> Vec<NodeId> {
        self.ordered(&far(node, |node| self.before(node).into_iter().collect()))
    }

    /// All that waits for a node, near or far: the first to begin first. What only looks at the health of something
    /// that fails is not ready, but has begun: what it applies does not wait.
    pub fn needed_by(&self, node: NodeId) -> Vec<NodeId> {
        let mut waiting = vec![Vec::new(); self.nodes.len()];
        for (own, waits) in self.waits.iter().enumerate() {
            for (other, why) in waits {
                waiting[*other].push((own, *why));
            }
        }
        let mut met = BTreeSet::new();
        let mut queue = VecDeque::from([(node, false)]);
        while let Some((at, begun)) = queue.pop_front() {
            for (own, why) in &waiting[at] {
                let next = match why {
                    Why::WaitsForHealth => (*own, true),
                    Why::DependsOn => (*own, false),
                    _ if begun => continue,
                    _ => (*own, false),
                };
                if next.0 != node && met.insert(next) {
                    queue.push_back(next);
                }
            }
        }
        let met = met.into_iter().map(|(node, _)| node).collect();
        self.ordered(&met)
    }

    fn ordered(&self, nodes: &BTreeSet<NodeId>) -> Vec<NodeId> {
        let depths = self.depths();
        let mut ordered: Vec<NodeId> = nodes.iter().copied().collect();
        ordered.sort_by_key(|node| {
            (
                depths[*node].unwrap_or(usize::MAX),
                self.nodes[*node].title(),
            )
        });
        ordered
    }
}

/// All that is reached from a node by steps.
fn far(node: NodeId, next: impl Fn(NodeId) -> Vec<NodeId>) -> BTreeSet<NodeId> {
    let mut far = BTreeSet::new();
    let mut queue = VecDeque::from([node]);
    while let Some(at) = queue.pop_front() {
        for other in next(at) {
            if other != node && far.insert(other) {
                queue.push_back(other);
            }
        }
    }
    far
}

#[cfg(test)]
mod tests {
    use crate::graph::Graph;
    use crate::index::{Index, Objects, Repository};

    fn unit(name: &str, after: &str, more: &str) -> String {
        let after = if after.is_empty() {
            String::new()
        } else {
            format!("  dependsOn: [{{name: {after}}}]\n")
        };
        format!(
            "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {{name: {name}, namespace: \
             flux-system}}\nspec:\n  path: ./{name}\n  sourceRef: {{kind: GitRepository, name: flux-system}}\n{after}{more}---\n"
        )
    }

    #[test]
    fn order_and_ways() {
        let mut all = unit("flux-system", "", "");
        all = all.replace("./flux-system", "./clusters/a");
        all += &unit("web", "data", "  wait: true\n");
        all += &unit("data", "", "  wait: true\n");
        all += &unit("circle", "other", "");
        all += &unit("other", "circle", "");
        let release = "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: data, namespace: d}\n\
                       spec: {chartRef: {kind: OCIRepository, name: data}}\n";
        let texts = [
            ("clusters/a/all.yaml", all.as_str()),
            ("data/r.yaml", release),
        ];
        let texts = texts.map(|(path, text)| (path.to_owned(), text.to_owned()));
        let index = Index::of_texts(texts.into());
        let objects = Objects::of(&index);
        let repository = Repository::of(&index, &objects);
        let graph = Graph::of(&repository.clusters[0], &repository);
        let titles = |nodes: Vec<usize>| -> Vec<String> {
            nodes
                .into_iter()
                .map(|node| graph.nodes[node].title())
                .collect()
        };
        let web = graph.named("web").unwrap();
        // What it depends on is ready after the release that it looks at.
        assert_eq!(
            titles(graph.needs(web)),
            [
                "GitRepository/flux-system",
                "OCIRepository/data",
                "Kustomization/flux-system",
                "Kustomization/data",
                "HelmRelease/data"
            ]
        );
        let release = graph.named("HelmRelease/data").unwrap();
        // The Kustomization that looks at its health is not ready without it, and so is who waits for that.
        assert_eq!(
            titles(graph.needed_by(release)),
            ["Kustomization/data", "Kustomization/web"]
        );
        assert_eq!(
            titles(graph.critical()).last().unwrap(),
            "Kustomization/web"
        );
        assert_eq!(graph.depths()[graph.named("circle").unwrap()], None);
        assert_eq!(graph.named("nobody"), None);
    }

    #[test]
    fn children_are_looked_at_too() {
        let mut all = unit("flux-system", "", "").replace("./flux-system", "./clusters/a");
        all += &unit("infra", "", "  wait: true\n");
        all += &unit("apps", "infra", "");
        let child = unit("crds", "", "");
        let texts = [
            ("clusters/a/all.yaml", all.as_str()),
            ("infra/crds.yaml", child.as_str()),
            (
                "crds/x.yaml",
                "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, namespace: y}\n",
            ),
        ];
        let texts = texts.map(|(path, text)| (path.to_owned(), text.to_owned()));
        let index = Index::of_texts(texts.into());
        let objects = Objects::of(&index);
        let repository = Repository::of(&index, &objects);
        let graph = Graph::of(&repository.clusters[0], &repository);
        let crds = graph.named("crds").unwrap();
        let needed: Vec<String> = graph
            .needed_by(crds)
            .into_iter()
            .map(|node| graph.nodes[node].title())
            .collect();
        assert_eq!(needed, ["Kustomization/infra", "Kustomization/apps"]);
        let critical = graph.critical();
        let last = critical.last().unwrap();
        assert_eq!(graph.nodes[*last].title(), "Kustomization/apps");
    }
}
