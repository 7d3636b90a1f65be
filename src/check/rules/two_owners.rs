//! One object that two Flux Kustomizations of a cluster apply.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::common::title;
use super::namespaces::is_open;
use crate::check::finding::{Findings, Severity, Spot};
use crate::check::registry::Rule;
use crate::index::{Built, Cluster, Known, Object, Origin, Repository, Unit, group};

pub(in crate::check) const RULE: Rule = Rule {
    id: "two-owners",
    severity: Severity::Error,
    summary: "an object that two Flux Kustomizations of a cluster apply",
    check,
};

/// How many of those that apply it are shown.
const SHOWN: usize = 4;

/// Group, kind, namespace and name.
type Key<'r> = (&'r str, &'r str, &'r str, &'r str);

/// Who applies it, and as what.
type Owner<'r, 'a> = (&'r Unit<'a>, &'r Built<'a>);

fn check(repository: &Repository<'_>, findings: &mut Findings) {
    let mut told = BTreeSet::new();
    for cluster in &repository.clusters {
        // Two that share a folder share all of it: one finding for those that come out alike, and one for the others.
        let mut groups: BTreeMap<(Vec<&str>, bool), Vec<Vec<Owner<'_, '_>>>> = BTreeMap::new();
        for owners in shared(cluster, repository) {
            let names: BTreeSet<&str> = owners.iter().map(|(unit, _)| unit.name.as_str()).collect();
            let mut others = owners.iter();
            let same = others.all(|owner| is_same(owner, &owners[0], repository));
            let key = (names.into_iter().collect(), same);
            groups.entry(key).or_default().push(owners);
        }
        for ((names, same), all) in &groups {
            tell(names, *same, all, repository, &mut told, findings);
        }
    }
}

fn tell(
    names: &[&str],
    same: bool,
    all: &[Vec<Owner<'_, '_>>],
    repository: &Repository<'_>,
    told: &mut BTreeSet<(String, usize)>,
    findings: &mut Findings,
) {
    let owners = &all[0];
    let ((_, first), (_, last)) = (&owners[0], &owners[owners.len() - 1]);
    let (Some(object), Some(other)) = (repository.object(last), repository.object(first)) else {
        return;
    };
    let at = Spot::name(object);
    if !told.insert(at.key()) {
        return;
    }
    let more = names.len().saturating_sub(SHOWN);
    let shown = names[..names.len() - more].join(", ");
    let rest = if more > 0 {
        format!(" and {more} more")
    } else {
        String::new()
    };
    let what = match all.len() {
        1 => format!("{} is", title(last, repository)),
        2 => format!("{} and another object are", title(last, repository)),
        number => format!(
            "{} and {} other objects are",
            title(last, repository),
            number - 1
        ),
    };
    let (who, what_first) = (names.join(" "), title(last, repository));
    let cause = format!("{what_first} {same} {who} {}", at.file());
    let finding = findings.add(at, format!("{what} applied by {shown}{rest}"));
    finding.because(cause);
    if same {
        let (by, _) = owners[0];
        let labels = owners
            .iter()
            .any(|(unit, _)| metadata(unit) != metadata(by));
        finding.severity(Severity::Warning);
        finding.effect(if labels {
            "each writes its own commonMetadata over that of the other, at every turn; when the last to apply it no longer has it, it is deleted"
        } else {
            "each takes it from the other; when the last to apply it no longer has it, it is deleted"
        });
    } else {
        finding.effect(
            "each overwrites what the other applies, at every turn, and either may delete it",
        );
    }
    finding.hint("let one of them apply it, and the others wait for that by dependsOn");
    if !std::ptr::eq(object, other) {
        finding.related(Spot::name(other), "it is also applied from here");
    }
    for (unit, _) in owners.iter().take(SHOWN) {
        if let Some(id) = unit.object {
            let owner = Spot::name(&repository.objects.all[id]);
            finding.related(owner, "this applies it");
        }
    }
}

/// Objects of a cluster that more than one applies.
fn shared<'r, 'a>(
    cluster: &'r Cluster<'a>,
    repository: &Repository<'a>,
) -> Vec<Vec<Owner<'r, 'a>>> {
    let mut all: BTreeMap<Key<'r>, Vec<Owner<'r, 'a>>> = BTreeMap::new();
    for (number, unit) in cluster.units.iter().enumerate() {
        // What nothing is known to apply, and what goes to another cluster.
        let implied = number == 0 && cluster.start.known == Known::Implied;
        if implied || unit.is_remote() || !cluster.surely_builds(unit) {
            continue;
        }
        for built in &unit.built {
            let Origin::Object(id) = built.origin else {
                continue;
            };
            let object = &repository.objects.all[id];
            let home = built.home(repository.objects).unwrap_or_default();
            if object.nested || is_open(&built.name) || is_open(home) {
                continue;
            }
            let key = (object.group(), object.kind, home, built.name.as_str());
            all.entry(key).or_default().push((unit, built));
        }
    }
    let several = all.into_values().filter(|owners| {
        let (first, _) = &owners[0];
        let others = owners
            .iter()
            .any(|(unit, _)| (&unit.namespace, &unit.name) != (&first.namespace, &first.name));
        // Of two sources one is another repository, of which nothing is known.
        let one_source = owners.iter().all(|(unit, _)| unit.source == first.source);
        others
            && one_source
            && !owners
                .iter()
                .any(|(_, built)| may_be_shared(built, repository))
    });
    several.collect()
}

/// What Flux is told to leave to others, or to add to only; and Kustomizations of one name, of which the rule
/// duplicate-object tells.
fn may_be_shared(built: &Built<'_>, repository: &Repository<'_>) -> bool {
    let Some(object) = repository.object(built) else {
        return true;
    };
    let marked = |name: &str| {
        let key = format!("kustomize.toolkit.fluxcd.io/{name}");
        let effective = repository.effective(built);
        let by_patch = effective.and_then(|all| all.at(&["metadata", "annotations", &key]));
        let value = by_patch.map(|node| node.text());
        value
            .or_else(|| object.mark(&key).map(|node| node.text()))
            .flatten()
    };
    marked("ssa").is_some_and(|how| how != "Override")
        || marked("reconcile") == Some("disabled")
        || object.name.is_empty()
        || object.is(group::KUSTOMIZE, "Kustomization")
}

/// Whether two come out alike: the same document under the same patches, or two that say the same.
fn is_same(a: &Owner<'_, '_>, b: &Owner<'_, '_>, repository: &Repository<'_>) -> bool {
    let ((by_a, a), (by_b, b)) = (a, b);
    let (Some(one), Some(other)) = (repository.object(a), repository.object(b)) else {
        return false;
    };
    let patches = |built: &Built<'_>| -> Vec<usize> {
        let each = built.patches.iter();
        each.map(|layer| std::ptr::from_ref(layer.node).addr())
            .collect()
    };
    let same = std::ptr::eq(one.node, other.node) || content(one) == content(other);
    // What is put in is compared if all of it is known.
    let text = one
        .source
        .text
        .get(one.node.span.clone())
        .unwrap_or_default();
    let filled = (by_a.variables.fill(text), by_b.variables.fill(text));
    let differ = matches!(filled, (Some(a), Some(b)) if a != b);
    same && patches(a) == patches(b) && !differ
}

/// What a Flux Kustomization writes on all that it applies.
fn metadata(unit: &Unit<'_>) -> BTreeMap<(&'static str, String), String> {
    let mut all = BTreeMap::new();
    for map in ["labels", "annotations"] {
        let effective = unit.effective.iter();
        for (key, value) in effective.flat_map(|all| all.entries(&["spec", "commonMetadata", map]))
        {
            let value = value.text().unwrap_or_default();
            let value = unit.variables.fill(value).unwrap_or(value.to_owned());
            all.insert((map, key.to_owned()), value);
        }
    }
    all
}

/// What an object says, but for the name and the namespace: as they come out, those are the same.
fn content(object: &Object<'_>) -> Value {
    let mut value = object.node.to_value();
    if let Some(Value::Object(metadata)) = value.get_mut("metadata") {
        metadata.shift_remove("name");
        metadata.shift_remove("namespace");
    }
    value
}
