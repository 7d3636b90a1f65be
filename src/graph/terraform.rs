//! What Terraform does before Flux is there: the charts that it installs, and what begins after them.

use super::{Called, Graph, Kind, Node, NodeId, Why};
use crate::index::terraform::{How, Installed, Stack};
use crate::index::{Cluster, Repository};

impl Graph {
    /// The root modules that are for a cluster: its Flux begins after them, and its releases take over what they
    /// installed.
    pub(super) fn terraform(
        &mut self,
        cluster: &Cluster<'_>,
        first: Option<NodeId>,
        repository: &Repository<'_>,
        releases: &Called,
    ) {
        for stack in &repository.terraform.stacks {
            let own = repository.clusters_of(stack);
            let is_for = own.iter().any(|other| std::ptr::eq(*other, cluster));
            let does = !stack.installed.is_empty() || !stack.bootstraps.is_empty();
            if !is_for || !does {
                continue;
            }
            let root = self.root(stack);
            let last = self.charts(stack, root, repository, releases);
            // What brings Flux comes last, so what it begins with waits for that.
            let source = first.and_then(|first| {
                let mut takes = self.waits[first].iter();
                takes.find_map(|(other, why)| (*why == Why::TakesFrom).then_some(*other))
            });
            if let Some(begun) = source.or(first) {
                self.wait(begun, last.unwrap_or(root), Why::MadeBy);
            }
        }
    }

    fn root(&mut self, stack: &Stack<'_>) -> NodeId {
        let source = stack.installed.first().map(|installed| installed.source);
        let source = source.or(stack.bootstraps.first().map(|bootstrap| bootstrap.source));
        self.add(Node {
            kind: Kind::Terraform,
            object: "Terraform".to_owned(),
            namespace: String::new(),
            name: stack.folder.to_owned(),
            file: source.map(|source| source.name.clone()),
            line: 1,
            suspended: false,
            there: true,
        })
    }

    /// The charts of a root module, and the last of those that a bootstrap installs one after the other.
    fn charts(
        &mut self,
        stack: &Stack<'_>,
        root: NodeId,
        repository: &Repository<'_>,
        releases: &Called,
    ) -> Option<NodeId> {
        let mut last: Option<NodeId> = None;
        // The operator comes after the charts (flux-operator-bootstrap, the script of its Job).
        let mut all: Vec<&Installed<'_>> = stack.installed.iter().collect();
        all.sort_by_key(|installed| matches!(installed.how, How::Operator(_)));
        for installed in all {
            let Some((name, namespace)) = installed.release_id() else {
                continue;
            };
            let own = self.add(Node {
                kind: Kind::Chart,
                object: "Chart".to_owned(),
                namespace: namespace.clone(),
                name: name.clone(),
                file: Some(installed.source.name.clone()),
                line: repository
                    .index
                    .line(&installed.source.name, installed.span.start),
                suspended: false,
                there: true,
            });
            self.wait(own, root, Why::MadeBy);
            if matches!(installed.how, How::Job(_) | How::Operator(_))
                && let Some(before) = last.replace(own)
            {
                self.wait(own, before, Why::InstalledAfter);
            }
            if let Some(release) = releases.get(&(name, namespace)) {
                self.wait(*release, own, Why::TakesOver);
            }
        }
        last
    }
}
