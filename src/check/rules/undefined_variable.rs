//! Variables that nothing sets.

use std::cell::LazyCell;
use std::collections::{BTreeMap, BTreeSet};

use super::common::is_slip;
use super::flux_version::flux_version;
use super::substitution::{Text, Texts, injects, says_itself, variables};
use crate::check::finding::{Findings, Severity, Spot};
use crate::check::registry::Rule;
use crate::error::did_you_mean;
use crate::index::{Cluster, Known, Repository, Unit, Variable};

pub(in crate::check) const RULE: Rule = Rule {
    id: "undefined-variable",
    severity: Severity::Error,
    summary: "a variable without a value and without a default, where Flux puts variables in",
    check,
};

/// In how many Flux Kustomizations of a cluster a name may be forgotten. One that more of them use, and none sets, comes
/// from where no file tells of.
const FORGOTTEN: usize = 2;

/// A variable that nothing sets.
struct Undefined<'r, 'a> {
    name: String,
    unit: &'r Unit<'a>,
    at: Spot,
    /// Whether the text gives it a value itself, as a script does.
    assigned: bool,
    /// Whether it stands in the default of one that is set, so that nothing of it is put in.
    spare: bool,
}

fn check(repository: &Repository<'_>, findings: &mut Findings) {
    if injects(repository) {
        return;
    }
    let mut texts = Texts::default();
    let told_otherwise = LazyCell::new(|| {
        let mut texts = repository.index.texts.values();
        texts.any(|source| source.text.contains("StrictPostBuildSubstitutions=false"))
    });
    for cluster in &repository.clusters {
        let mut told: BTreeSet<(String, usize)> = BTreeSet::new();
        let mut found: Vec<Undefined<'_, '_>> = Vec::new();
        let strict = LazyCell::new(|| !*told_otherwise && is_strict(cluster, repository));
        for unit in cluster.units.iter().filter(|unit| puts_in(unit)) {
            look(unit, cluster, &strict, repository, &mut texts, &mut found);
        }
        let mut users: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for one in &found {
            users.entry(&one.name).or_default().insert(&one.unit.name);
        }
        for one in &found {
            let custom = users
                .get(one.name.as_str())
                .is_some_and(|units| units.len() > FORGOTTEN)
                && !cluster
                    .units
                    .iter()
                    .any(|unit| unit.variables.known.contains_key(one.name.as_str()));
            let without = users.get(one.name.as_str()).map_or(0, BTreeSet::len);
            let peers = LazyCell::new(|| peers(&one.name, cluster));
            let forgotten =
                !one.unit.variables.open.is_empty() && *peers >= PEERS && without * PEERS <= *peers;
            if told.insert(one.at.key()) {
                let forgotten = forgotten.then(|| *peers);
                tell(cluster, one, (custom, *strict, forgotten), findings);
            }
        }
    }
}

/// How many must set a variable themselves, for each that does not, so that it is surely forgotten there.
const PEERS: usize = 5;

/// How many Flux Kustomizations of a cluster set a variable themselves.
fn peers(name: &str, cluster: &Cluster<'_>) -> usize {
    let sets = |unit: &&Unit<'_>| {
        let effective = unit.effective.as_ref();
        effective.is_some_and(|all| all.at(&["spec", "postBuild", "substitute", name]).is_some())
    };
    cluster.units.iter().filter(sets).count()
}

fn look<'r, 'a>(
    unit: &'r Unit<'a>,
    cluster: &Cluster<'a>,
    strict: &LazyCell<bool, impl FnOnce() -> bool>,
    repository: &Repository<'a>,
    texts: &mut Texts<'a>,
    found: &mut Vec<Undefined<'r, 'a>>,
) {
    for built in &unit.built {
        // Descriptions of fields tell of variables, and nothing comes of what is put in there.
        if built.kind(repository.objects) == "CustomResourceDefinition" && !**strict {
            continue;
        }
        for (list, numbers) in texts.of(repository, built) {
            for text in numbers.iter().map(|number| &list[*number]) {
                let all = variables(text.string);
                for variable in &all {
                    if is_undefined(variable, unit)
                        && !is_put_in_before(text, variable, unit, cluster)
                    {
                        let spare = all.iter().any(|outer| {
                            let default = outer.default.unwrap_or_default();
                            unit.variables.known.contains_key(outer.name)
                                && default.contains(&format!("${{{}", variable.name))
                        });
                        let name = variable.name.to_owned();
                        let at = text.spot(&format!("${{{name}"));
                        let assigned = is_assigned(text.string, &name);
                        found.push(Undefined {
                            name,
                            unit,
                            at,
                            assigned,
                            spare,
                        });
                    }
                }
            }
        }
    }
}

/// Whether a variable in a patch that a Flux Kustomization says itself is gone by then: what applies that puts its own
/// variables into it.
fn is_put_in_before(
    text: &Text<'_>,
    variable: &Variable<'_>,
    unit: &Unit<'_>,
    cluster: &Cluster<'_>,
) -> bool {
    let mut parents = unit
        .parents
        .iter()
        .map(|parent| &cluster.units[*parent].variables);
    says_itself(unit, text)
        && parents.any(|parent| {
            parent.substitutes
                && (parent.known.contains_key(variable.name) || !parent.open.is_empty())
        })
}

/// Whether Flux puts anything in for a Flux Kustomization: with no variable at all it does not, unless it is told to.
fn puts_in(unit: &Unit<'_>) -> bool {
    let always = unit
        .effective
        .as_ref()
        .and_then(|effective| effective.text(&["spec", "postBuild", "substituteStrategy"]))
        == Some("Always");
    unit.variables.substitutes && (always || !unit.variables.known.is_empty())
}

/// Whether nothing gives a variable a value. These operators stand in for it (`isDefaultOp` of envsubst).
fn is_undefined(variable: &Variable<'_>, unit: &Unit<'_>) -> bool {
    !matches!(variable.operator, ":=" | ":-" | "=" | ":?" | ":+")
        && !unit.variables.known.contains_key(variable.name)
}

/// Whether a script sets a variable that it uses: `x=…`, `for x in …`, `read x`.
fn is_assigned(text: &str, name: &str) -> bool {
    text.lines().any(|line| {
        let mut words = line.split_whitespace().peekable();
        while let Some(word) = words.next() {
            let next = words.peek().copied();
            if matches!(word, "for" | "read") && next == Some(name) {
                return true;
            }
            // `X=${X}` is what it is to be set to, and nothing that a script does.
            let given = word
                .strip_prefix(name)
                .and_then(|rest| rest.strip_prefix('='));
            if given.is_some_and(|given| !given.contains('$')) {
                return true;
            }
        }
        false
    })
}

fn tell(
    cluster: &Cluster<'_>,
    one: &Undefined<'_, '_>,
    (custom, strict, forgotten): (bool, bool, Option<usize>),
    findings: &mut Findings,
) {
    let (unit, name) = (one.unit, one.name.as_str());
    let known = || unit.variables.known.keys().copied();
    let near = did_you_mean(name, known());
    let slip = known().find(|other| is_slip(name, other));
    let open = unit.variables.open.first();
    // It may come from what is not known; then only a slip of a known name is worth a word.
    let implied = cluster.start.known == Known::Implied;
    let assigned = one.assigned && !implied;
    if (open.is_some() || implied) && slip.is_none() && !assigned && forgotten.is_none() {
        return;
    }
    let message = format!("`${{{name}}}` is set nowhere for {}", unit.name);
    let finding = findings.add(one.at.clone(), message);
    finding.on(cluster);
    finding.effect(format!(
        "since Flux 2.9 {} is not applied: \"variable not set\"; before, nothing is put in",
        unit.name
    ));
    finding.hint(format!(
        "set {name} in postBuild, give it a default as ${{{name}:=x}}, or write $${{{name}}} if it is meant for another"
    ));
    if let Some(near) = slip.or(near) {
        finding.hint(format!("did you mean `${{{near}}}`?"));
    }
    let place = unit
        .effective
        .as_ref()
        .and_then(|effective| effective.at(&["spec", "postBuild"]));
    if let Some(place) = place {
        finding.related(Spot::from(&place), format!("what {} sets", unit.name));
    }
    if assigned {
        finding.hint(format!(
            "the text sets {name} itself: write $${{{name}}} for what a shell is to read"
        ));
    }
    if let Some(peers) = forgotten {
        finding.severity(Severity::Warning);
        finding.effect(format!(
            "{peers} others of the cluster set it themselves; without it {} is not applied, or with nothing in its place",
            unit.name
        ));
    } else if let Some(open) = open {
        finding.severity(Severity::Hint);
        finding.effect(format!(
            "unless {open} has it, {} is not applied",
            unit.name
        ));
    } else if one.spare {
        finding.severity(Severity::Hint);
        finding.effect(format!(
            "since Flux 2.9 {} is not applied: \"variable not set\"; before, the other variable is put in",
            unit.name
        ));
    } else if custom && slip.is_none() {
        finding.severity(Severity::Hint);
        finding.effect("others of the cluster use it too, and none sets it: unless something that is not in the repository does, they are not applied");
    } else if implied || !strict {
        finding.severity(Severity::Warning);
    }
}

/// Whether the Flux of a cluster refuses what is not set: since 2.9, unless it is told otherwise (kustomize-controller
/// 1.9.0).
fn is_strict(cluster: &Cluster<'_>, repository: &Repository<'_>) -> bool {
    flux_version(cluster, repository).is_none_or(|version| version >= (2, 9))
}
