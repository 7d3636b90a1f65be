//! What waits for something that Flux is told to leave alone, and what is left alone with it.

use std::collections::BTreeSet;

use super::common::{Applied, applied_on};
use crate::check::finding::{Findings, Severity, Spot};
use crate::check::registry::Rule;
use crate::index::{Cluster, Lookup, Repository, Unit, group};

pub(in crate::check) const RULE: Rule = Rule {
    id: "suspended-dependency",
    severity: Severity::Error,
    summary: "something waits for what is suspended, or is left alone with it",
    check,
};

fn check(repository: &Repository<'_>, findings: &mut Findings) {
    let mut told: BTreeSet<(String, usize)> = BTreeSet::new();
    for cluster in &repository.clusters {
        let mut found = Found {
            cluster,
            repository,
            told: &mut told,
            findings,
        };
        found.waits(group::KUSTOMIZE, "Kustomization");
        found.waits(group::HELM, "HelmRelease");
        found.left_alone();
        found.born_so();
        found.resumed();
    }
}

struct Found<'r, 'a, 't> {
    cluster: &'r Cluster<'a>,
    repository: &'r Repository<'a>,
    told: &'t mut BTreeSet<(String, usize)>,
    findings: &'t mut Findings,
}

impl Found<'_, '_, '_> {
    fn is_new(&mut self, at: &Spot) -> bool {
        self.told.insert(at.key())
    }

    /// A dependency counts as ready if what was observed of it is its newest generation (`checkDependencies` of both
    /// controllers); of what is suspended nothing is observed.
    fn waits(&mut self, group: &'static str, kind: &'static str) {
        let (cluster, repository) = (self.cluster, self.repository);
        for object in applied_on(cluster, repository, group, kind) {
            if is_suspended(&object) {
                continue;
            }
            let own = object.built.namespace.as_deref();
            for item in object.effective.items(&["spec", "dependsOn"]) {
                let text = |key: &str| item.get(key).and_then(|node| node.text());
                // An expression takes the place of the look at its condition.
                let (Some(name), None) = (text("name"), text("readyExpr")) else {
                    continue;
                };
                let namespace = text("namespace").or(own);
                let found = cluster.find(kind, namespace, name, repository.objects);
                let Lookup::Found(_, built) = found else {
                    continue;
                };
                let Some(target) = repository.effective(built) else {
                    continue;
                };
                let Some(suspend) = target.at(&["spec", "suspend"]) else {
                    continue;
                };
                let at = Spot::from(&item);
                if suspend.text() == Some("true") && self.is_new(&at) {
                    let message = format!(
                        "{kind} {} waits for {name}, which is suspended",
                        object.built.name
                    );
                    let finding = self.findings.add(at, message);
                    finding.effect(format!(
                        "{} is not applied until {name} is resumed: its dependency is not ready",
                        object.built.name
                    ));
                    finding.hint("resume it, or suspend what waits for it too");
                    finding.related(Spot::from(&suspend), format!("{name} is suspended here"));
                }
            }
        }
    }

    /// What is reached only through a suspended Flux Kustomization.
    fn left_alone(&mut self) {
        for unit in self.cluster.units.iter().filter(|unit| unit.is_suspended()) {
            let suspend = unit
                .effective
                .as_ref()
                .and_then(|e| e.at(&["spec", "suspend"]));
            let Some(at) = suspend.as_ref().map(Spot::from) else {
                continue;
            };
            let below = self.below(unit);
            if !self.is_new(&at) {
                continue;
            }
            let alone = match below {
                0 => String::new(),
                _ => format!(", and {below} more Flux Kustomizations are read through it alone"),
            };
            let message = format!("{} is suspended{alone}", unit.name);
            let finding = self.findings.add(at, message);
            finding.severity(Severity::Hint);
            finding.effect("changes to it are not applied; what it applied before stays as it is");
            finding.hint("take suspend away when it is done with");
        }
    }

    /// How many Flux Kustomizations all of whose parents are suspended, or are such.
    fn below(&self, top: &Unit<'_>) -> usize {
        let units = &self.cluster.units;
        let mut cut: BTreeSet<usize> = (0..units.len())
            .filter(|at| std::ptr::eq(&raw const units[*at], top))
            .collect();
        // Parents come before their children.
        for (number, unit) in units.iter().enumerate() {
            let parents = &unit.parents;
            if !parents.is_empty() && parents.iter().all(|parent| cut.contains(parent)) {
                cut.insert(number);
            }
        }
        cut.len() - 1
    }

    /// A `HelmRelease` that is suspended from its birth counts as healthy (measured), so what waits for the Flux
    /// Kustomization that applies it goes on without it.
    fn born_so(&mut self) {
        let (cluster, repository) = (self.cluster, self.repository);
        let mut waited: BTreeSet<(&str, &str)> = BTreeSet::new();
        for unit in &cluster.units {
            for item in unit
                .effective
                .iter()
                .flat_map(|e| e.items(&["spec", "dependsOn"]))
            {
                let text = |key: &str| item.node.get(key).and_then(crate::yaml::Node::text);
                if let Some(name) = text("name") {
                    waited.insert((text("namespace").unwrap_or(&unit.namespace), name));
                }
            }
        }
        for release in applied_on(cluster, repository, group::HELM, "HelmRelease") {
            let unit = release.unit;
            let waits = unit
                .effective
                .as_ref()
                .and_then(|e| e.text(&["spec", "wait"]))
                == Some("true");
            let suspend = release.effective.at(&["spec", "suspend"]);
            let Some(suspend) = suspend.filter(|node| node.text() == Some("true")) else {
                continue;
            };
            let at = Spot::from(&suspend);
            if waits
                && waited.contains(&(unit.namespace.as_str(), unit.name.as_str()))
                && self.is_new(&at)
            {
                let name = &release.built.name;
                let finding = self.findings.add(
                    at,
                    format!(
                        "HelmRelease {name} is suspended, and others wait for {}",
                        unit.name
                    ),
                );
                finding.severity(Severity::Warning);
                finding.effect(format!("a suspended release counts as healthy: what waits for {} goes on without {name}", unit.name));
                finding.hint("resume it, or take it out of the build");
            }
        }
    }

    /// `suspend: false` takes back what somebody does by `flux suspend`.
    fn resumed(&mut self) {
        let kinds = [
            (group::KUSTOMIZE, "Kustomization"),
            (group::HELM, "HelmRelease"),
        ];
        for (group, kind) in kinds {
            for object in applied_on(self.cluster, self.repository, group, kind) {
                let suspend = object.effective.at(&["spec", "suspend"]);
                let Some(suspend) = suspend.filter(|node| node.text() == Some("false")) else {
                    continue;
                };
                let at = Spot::from(&suspend);
                if self.is_new(&at) {
                    let finding = self.findings.add(
                        at,
                        format!("{kind} {} says suspend: false", object.built.name),
                    );
                    finding.severity(Severity::Hint);
                    finding.effect(
                        "when somebody suspends it by hand, Flux resumes it at its next look",
                    );
                    finding.hint("take the line away: false is the default");
                }
            }
        }
    }
}

fn is_suspended(object: &Applied<'_, '_>) -> bool {
    object.effective.text(&["spec", "suspend"]) == Some("true")
}
