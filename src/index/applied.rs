//! Which Flux Kustomization applies what, in a form that outlives the texts it was read from: to compare two states of
//! a repository.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use serde_json::Value;

use super::build::{Built, Origin, PRUNE};
use super::cluster::{Cluster, Unit};
use super::document::group;
use super::effective::Effective;
use super::helm::release_id;
use super::immutable::fixed;
use super::repository::Repository;
use super::start::Known;
use crate::error::Source;

/// The label or annotation by which Flux leaves an object alone, if it says `disabled`.
const RECONCILE: &str = "kustomize.toolkit.fluxcd.io/reconcile";

/// The label or annotation by which Flux makes an object anew where it cannot be changed, if it says `enabled`.
const FORCE: &str = "kustomize.toolkit.fluxcd.io/force";

/// Where something is written.
pub type Written = (Arc<Source>, Range<usize>);

/// What an object is called on a cluster.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Identity {
    /// Its group; blank for the core's.
    pub group: String,
    /// Its kind.
    pub kind: String,
    /// Its namespace; blank if it has none.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            kind,
            namespace,
            name,
            ..
        } = self;
        if namespace.is_empty() {
            write!(f, "{kind} {name}")
        } else {
            write!(f, "{kind} {namespace}/{name}")
        }
    }
}

/// An object, as a Flux Kustomization applies it.
#[derive(Debug)]
pub struct Held {
    /// Where it is written.
    pub at: Written,
    /// Whether Flux never deletes it.
    pub kept: bool,
    /// Whether Flux makes it anew where it cannot be changed.
    pub forced: bool,
    /// What it says in fields that cannot be changed, by path, if nothing lies over it.
    pub fixed: Vec<(&'static str, Value)>,
    /// Name and namespace of the Helm release that it stands for.
    pub release: Option<(String, String)>,
}

/// A Flux Kustomization, and what it applies.
#[derive(Debug)]
pub struct Holder {
    /// Its namespace and name.
    pub id: (String, String),
    /// Where it is written; nowhere if Flux makes it.
    pub at: Option<Written>,
    /// Those that apply it.
    pub parents: Vec<(String, String)>,
    /// Whether it deletes what it no longer finds.
    pub prunes: bool,
    /// Whether Flux never deletes it.
    pub kept: bool,
    /// Whether what it applies is deleted when it is.
    pub takes_along: bool,
    /// Whether everything that it applies is known.
    pub sure: bool,
    /// What it applies.
    pub held: BTreeMap<Identity, Held>,
}

/// The Flux Kustomizations of a cluster, by namespace and name.
pub type Holders = BTreeMap<(String, String), Holder>;

/// What the Flux of each cluster applies, by the folder where it begins.
#[derive(Debug, Default)]
pub struct Applied {
    /// The clusters.
    pub clusters: BTreeMap<String, Holders>,
}

/// Two states of a repository.
#[derive(Debug)]
pub struct Past {
    /// What the earlier one is called.
    pub revision: String,
    /// What was applied then.
    pub before: Applied,
    /// What is applied now.
    pub now: Applied,
}

/// An object that a Flux Kustomization applied and applies no more, so that Flux deletes it.
#[derive(Debug)]
pub struct Lost<'p> {
    /// The folder of the cluster.
    pub cluster: &'p str,
    /// The object.
    pub identity: &'p Identity,
    /// As it was.
    pub held: &'p Held,
    /// What applied it.
    pub from: &'p Holder,
    /// The same now; none if it goes too.
    pub lives: Option<&'p Holder>,
    /// What applies it now.
    pub to: Option<&'p Holder>,
}

impl Applied {
    /// What a repository comes to.
    pub fn of(repository: &Repository<'_>) -> Self {
        let mut applied = Self::default();
        for cluster in &repository.clusters {
            let holders = applied
                .clusters
                .entry(cluster.label().to_owned())
                .or_default();
            for (number, unit) in cluster.units.iter().enumerate() {
                // What nothing is known to apply, and what goes to other clusters.
                let implied = number == 0 && cluster.start.known == Known::Implied;
                if !implied && !unit.is_remote() {
                    let holder = holder(cluster, unit, repository);
                    holders.entry(holder.id.clone()).or_insert(holder);
                }
            }
        }
        applied
    }
}

impl Past {
    /// A repository as it is, and as it was.
    pub fn between(revision: &str, before: &Repository<'_>, now: &Repository<'_>) -> Self {
        Self {
            revision: revision.to_owned(),
            before: Applied::of(before),
            now: Applied::of(now),
        }
    }

    /// What Flux deletes, or would if nothing else had taken it over before.
    pub fn lost(&self) -> Vec<Lost<'_>> {
        let mut lost = Vec::new();
        for (cluster, before) in &self.before.clusters {
            let Some(now) = self.now.clusters.get(cluster) else {
                continue;
            };
            let mut homes: BTreeMap<&Identity, &Holder> = BTreeMap::new();
            for holder in now.values() {
                homes.extend(holder.held.keys().map(|identity| (identity, holder)));
            }
            for from in before.values() {
                let lives = now.get(&from.id);
                let loses = match lives {
                    Some(holder) => holder.sure && holder.prunes,
                    None => from.takes_along && goes(from, before, now, &mut BTreeSet::new()),
                };
                if !loses {
                    continue;
                }
                for (identity, held) in &from.held {
                    let still = lives.is_some_and(|holder| holder.held.contains_key(identity));
                    let to = homes.get(identity).copied();
                    // What two apply at once is another matter.
                    let shared = to.is_some_and(|to| {
                        let was = before.get(&to.id);
                        was.is_some_and(|was| was.held.contains_key(identity))
                    });
                    if !held.kept && !still && !shared {
                        lost.push(Lost {
                            cluster,
                            identity,
                            held,
                            from,
                            lives,
                            to,
                        });
                    }
                }
            }
        }
        lost
    }

    /// Whether what is lost is a Flux Kustomization of which it is known what it applied.
    pub fn applied_before(&self, lost: &Lost<'_>) -> bool {
        let id = (lost.identity.namespace.clone(), lost.identity.name.clone());
        let holders = self.before.clusters.get(lost.cluster);
        let holder = holders.and_then(|holders| holders.get(&id));
        holder.is_some_and(|holder| !holder.held.is_empty())
    }

    /// The `HelmRelease` that stands now for the release of one that is lost.
    pub fn heir(&self, lost: &Lost<'_>) -> Option<(&Identity, &Held)> {
        let release = lost.held.release.as_ref()?;
        let now = self.now.clusters.get(lost.cluster)?.values();
        now.flat_map(|holder| &holder.held)
            .find(|(identity, held)| {
                *identity != lost.identity && held.release.as_ref() == Some(release)
            })
    }

    /// Objects that are there before and now, whatever applies them: the cluster, what it is called, and both states.
    pub fn lasting(&self) -> impl Iterator<Item = (&str, &Identity, &Held, &Held)> {
        self.before.clusters.iter().flat_map(|(cluster, before)| {
            let now = self.now.clusters.get(cluster);
            let old: BTreeMap<&Identity, &Held> =
                before.values().flat_map(|holder| &holder.held).collect();
            let new = now.into_iter().flat_map(BTreeMap::values);
            let new: Vec<(&Identity, &Held)> = new.flat_map(|holder| &holder.held).collect();
            new.into_iter().filter_map(move |(identity, held)| {
                Some((cluster.as_str(), identity, *old.get(identity)?, held))
            })
        })
    }
}

/// Whether Flux deletes a Flux Kustomization that is not there now: because one that applied it no longer does, or is
/// deleted itself.
fn goes(
    holder: &Holder,
    before: &Holders,
    now: &Holders,
    seen: &mut BTreeSet<(String, String)>,
) -> bool {
    !holder.kept
        && seen.insert(holder.id.clone())
        && holder.parents.iter().any(|id| match now.get(id) {
            Some(parent) => parent.sure && parent.prunes,
            None => before
                .get(id)
                .is_some_and(|parent| parent.takes_along && goes(parent, before, now, seen)),
        })
}

fn holder(cluster: &Cluster<'_>, unit: &Unit<'_>, repository: &Repository<'_>) -> Holder {
    let effective = unit.effective.as_ref();
    let text = |key: &str| effective.and_then(|all| all.text(&["spec", key]));
    let suspended = unit.is_suspended();
    // What an operator makes prunes (flux-operator, `internal/builder/templates.go`).
    let prune = effective.is_none() || text("prune") == Some("true");
    // kustomize-controller, `finalizerShouldDeleteResources`.
    let takes_along = match text("deletionPolicy") {
        Some("Orphan") => false,
        Some("Delete" | "WaitForTermination") => true,
        _ => prune,
    };
    let object = unit.object.map(|id| &repository.objects.all[id]);
    let common = |mark: &str| {
        ["labels", "annotations"].iter().any(|map| {
            effective.and_then(|all| all.text(&["spec", "commonMetadata", map, mark]))
                == Some("disabled")
        })
    };
    let kept = common(PRUNE) || common(RECONCILE);
    let forced = text("force") == Some("true");
    let mut held = BTreeMap::new();
    for built in &unit.built {
        if let Some((identity, object)) = object_of(built, unit, repository) {
            let object = Held {
                kept: kept || object.kept,
                forced: forced || object.forced,
                ..object
            };
            held.entry(identity).or_insert(object);
        }
    }
    let id = |unit: &Unit<'_>| (unit.namespace.clone(), unit.name.clone());
    Holder {
        id: id(unit),
        at: object.map(|object| (Arc::clone(object.source), object.name_node().span.clone())),
        parents: unit
            .parents
            .iter()
            .map(|at| id(&cluster.units[*at]))
            .collect(),
        prunes: prune && !suspended,
        kept: effective.is_some_and(is_kept),
        takes_along: takes_along && !suspended,
        sure: cluster.surely_builds(unit) && !unit.loose && unit.open.is_empty(),
        held,
    }
}

fn object_of(
    built: &Built<'_>,
    unit: &Unit<'_>,
    repository: &Repository<'_>,
) -> Option<(Identity, Held)> {
    let objects = repository.objects;
    let filled = |text: &str| {
        let filled = unit.variables.fill(text)?;
        (!filled.contains("<<")).then_some(filled)
    };
    let identity = Identity {
        group: built.group(objects).to_owned(),
        kind: built.kind(objects).to_owned(),
        namespace: filled(built.home(objects).unwrap_or_default())?,
        name: filled(&built.name)?,
    };
    let held = match &built.origin {
        Origin::Object(id) => {
            let object = &objects.all[*id];
            if object.nested {
                return None;
            }
            let effective = repository.effective(built)?;
            let is_release = object.is(group::HELM, "HelmRelease");
            let release = is_release.then(|| {
                release_id(
                    &effective,
                    &unit.variables,
                    &identity.name,
                    &identity.namespace,
                )
            });
            Held {
                at: (Arc::clone(object.source), object.name_node().span.clone()),
                kept: built.kept || is_kept(&effective),
                forced: says(&effective, FORCE, "enabled"),
                fixed: if built.patches.is_empty() {
                    fixed(object.group(), object.kind, object.node)
                } else {
                    Vec::new()
                },
                release: release.flatten(),
            }
        }
        // One of another content has another name.
        Origin::Generated(made) if made.hashed => return None,
        Origin::Generated(made) => {
            let node = made.node.get("name").unwrap_or(made.node);
            Held {
                at: (Arc::clone(made.source), node.span.clone()),
                kept: built.kept,
                forced: false,
                fixed: Vec::new(),
                release: None,
            }
        }
    };
    Some((identity, held))
}

fn is_kept(effective: &Effective<'_>) -> bool {
    says(effective, PRUNE, "disabled") || says(effective, RECONCILE, "disabled")
}

fn says(effective: &Effective<'_>, mark: &str, value: &str) -> bool {
    ["annotations", "labels"]
        .iter()
        .any(|map| effective.text(&["metadata", map, mark]) == Some(value))
}
