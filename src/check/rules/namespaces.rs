//! The namespaces of a cluster: who makes each, and who is for it.

use std::collections::{BTreeMap, BTreeSet};

use super::common::title;
use crate::check::finding::Spot;
use crate::index::{Built, Cluster, Known, Origin, Repository, Unit, group};

/// Namespaces that are there before anything is applied: Kubernetes' own, and the one that Flux runs in.
pub(super) const GIVEN: [&str; 5] = [
    "default",
    "flux-system",
    "kube-node-lease",
    "kube-public",
    "kube-system",
];

/// Who makes a namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Maker {
    /// A unit applies the `Namespace`.
    Object(usize),
    /// A `HelmRelease` of a unit makes it (`install.createNamespace`).
    Release(usize),
}

impl Maker {
    /// The unit.
    pub(super) fn unit(self) -> usize {
        match self {
            Self::Object(unit) | Self::Release(unit) => unit,
        }
    }
}

/// What is for a namespace.
#[derive(Debug)]
pub(super) struct Used {
    /// The first that is for it.
    pub(super) title: String,
    /// Where that says so.
    pub(super) at: Spot,
    /// How many are for it.
    pub(super) count: usize,
    /// The units that apply objects into it.
    pub(super) units: BTreeSet<usize>,
}

/// The namespaces of a cluster.
#[derive(Debug, Default)]
pub(super) struct Namespaces<'r> {
    /// Who makes each.
    pub(super) made: BTreeMap<&'r str, Vec<Maker>>,
    /// Who is for each.
    pub(super) used: BTreeMap<&'r str, Used>,
    /// Names of the Helm releases.
    pub(super) releases: BTreeSet<&'r str>,
    /// Whether some have names that are not known.
    pub(super) open: bool,
}

impl<'r> Namespaces<'r> {
    /// Those of a cluster.
    pub(super) fn of<'a>(cluster: &'r Cluster<'a>, repository: &'r Repository<'a>) -> Self {
        let mut all = Self::default();
        for (number, unit) in cluster.units.iter().enumerate() {
            if unit.is_remote() {
                continue;
            }
            // What nothing is known to apply may still make something.
            let sure = number > 0 || cluster.start.known != Known::Implied;
            for built in &unit.built {
                all.take(number, unit, built, sure, repository);
            }
        }
        all
    }

    fn take<'a>(
        &mut self,
        number: usize,
        unit: &'r Unit<'a>,
        built: &'r Built<'a>,
        sure: bool,
        repository: &'r Repository<'a>,
    ) {
        let kind = built.kind(repository.objects);
        if kind == "Namespace" && built.group(repository.objects).is_empty() {
            self.open |= is_open(&built.name);
            self.made
                .entry(&built.name)
                .or_default()
                .push(Maker::Object(number));
            return;
        }
        let object = repository.object(built);
        if object.is_some_and(|object| object.nested) {
            return;
        }
        if sure && let Some(home) = built.home(repository.objects) {
            let used = self.uses(home, || {
                let at = place_of(unit, built, repository);
                (title(built, repository), at)
            });
            used.units.insert(number);
        }
        if object.is_none_or(|object| !object.is(group::HELM, "HelmRelease")) {
            return;
        }
        self.releases.insert(&built.name);
        let Some(all) = repository.effective(built) else {
            return;
        };
        let target = all.at(&["spec", "targetNamespace"]);
        let makes = all.text(&["spec", "install", "createNamespace"]) == Some("true");
        if let Some(target) = &target
            && let Some(name) = target.text()
        {
            if makes {
                self.open |= is_open(name);
                self.made
                    .entry(name)
                    .or_default()
                    .push(Maker::Release(number));
            } else if sure {
                self.uses(name, || (title(built, repository), Spot::from(target)));
            }
        }
    }

    fn uses(&mut self, name: &'r str, first: impl FnOnce() -> (String, Spot)) -> &mut Used {
        let used = self.used.entry(name).or_insert_with(|| {
            let (title, at) = first();
            Used {
                title,
                at,
                count: 0,
                units: BTreeSet::new(),
            }
        });
        used.count += 1;
        used
    }

    /// Whether it is called as if a chart made it: Cilium's makes `cilium-secrets`, Tigera's operator `calico-system`.
    pub(super) fn is_by_chart(&self, name: &str) -> bool {
        let mut releases = self.releases.iter();
        name.starts_with("calico-")
            || releases.any(|release| {
                let rest = name.strip_prefix(release);
                // One of its own, for what it runs: `cilium-secrets`, and not the usual name of where it runs itself.
                rest.is_some_and(|rest| rest.starts_with('-') && rest != "-system")
            })
    }

    /// Whether something on the cluster makes it, or it is given.
    pub(super) fn is_made(&self, name: &str) -> bool {
        is_given(name) || self.made.contains_key(name)
    }
}

/// Whether a namespace is there before anything is applied.
pub(super) fn is_given(name: &str) -> bool {
    GIVEN.contains(&name)
}

/// Whether a name has variables that are not filled in.
pub(super) fn is_open(name: &str) -> bool {
    name.contains("${") || name.contains("<<")
}

/// What says the namespace of an object.
fn place_of(unit: &Unit<'_>, built: &Built<'_>, repository: &Repository<'_>) -> Spot {
    let target = unit.effective.as_ref();
    if let Some(target) = target.and_then(|all| all.at(&["spec", "targetNamespace"])) {
        return Spot::from(&target);
    }
    if let Some((source, span)) = &built.placed_by {
        return Spot::span(source, span.clone());
    }
    match &built.origin {
        Origin::Object(id) => {
            let object = &repository.objects.all[*id];
            let said = object.node.at(&["metadata", "namespace"]);
            Spot::node(object.source, said.unwrap_or(object.name_node()))
        }
        Origin::Generated(made) => Spot::node(made.source, made.node),
    }
}
