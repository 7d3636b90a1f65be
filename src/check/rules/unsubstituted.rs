//! Variables in what a Flux Kustomization applies that puts none in, while others of the cluster do.

use std::collections::{BTreeMap, BTreeSet};

use super::substitution::{Text, Texts, injects, says_itself, variables};
use crate::check::finding::{Findings, Severity, Spot};
use crate::check::registry::Rule;
use crate::index::{Cluster, Known, Repository, Unit};

pub(in crate::check) const RULE: Rule = Rule {
    id: "unsubstituted",
    severity: Severity::Warning,
    summary: "a variable that others of the cluster set, under a Flux Kustomization that puts none in",
    check,
};

/// In how many Flux Kustomizations of a cluster `postBuild` may be forgotten. Where more lack it, something gives it to
/// them that no file tells of.
const FORGOTTEN: usize = 2;

fn check(repository: &Repository<'_>, findings: &mut Findings) {
    if injects(repository) {
        return;
    }
    let mut texts = Texts::default();
    let mut told: BTreeSet<(String, usize)> = BTreeSet::new();
    for cluster in &repository.clusters {
        // What begins it may be patched where it is made.
        if cluster.start.known == Known::Implied {
            continue;
        }
        let known = known(cluster);
        if known.is_empty() {
            continue;
        }
        let bare = |unit: &&Unit<'_>| !unit.variables.substitutes && unit.effective.is_some();
        let mut found: Vec<(&Unit<'_>, &str, Spot)> = Vec::new();
        for unit in cluster.units.iter().skip(1).filter(bare) {
            for built in &unit.built {
                for (list, numbers) in texts.of(repository, built) {
                    let texts = numbers.iter().map(|number| &list[*number]);
                    // What applies it has put its own variables into what it says itself.
                    for text in texts.filter(|text| !says_itself(unit, text)) {
                        look(unit, text, &known, &mut found);
                    }
                }
            }
        }
        let units: BTreeSet<&str> = found.iter().map(|(unit, ..)| unit.name.as_str()).collect();
        if units.len() > FORGOTTEN {
            continue;
        }
        for (unit, name, at) in found {
            if told.insert(at.key()) {
                tell(unit, name, at, known[name], findings);
            }
        }
    }
}

/// Variables, each with a Flux Kustomization that takes it from an object of variables.
fn known<'c, 'a>(cluster: &'c Cluster<'a>) -> BTreeMap<&'c str, &'c Unit<'a>> {
    let mut known = BTreeMap::new();
    for unit in &cluster.units {
        for name in unit.variables.known.keys() {
            known.entry(*name).or_insert(unit);
        }
    }
    known
}

fn look<'c, 'a>(
    unit: &'c Unit<'a>,
    text: &Text<'a>,
    known: &BTreeMap<&'c str, &'c Unit<'a>>,
    found: &mut Vec<(&'c Unit<'a>, &'c str, Spot)>,
) {
    // Scripts, commands and environments have variables of their own.
    let foreign = ["command", "args", "env", "data", "stringData", "binaryData"];
    let mut keys = text.keys.iter().chain(&text.below);
    if !text.is_value || text.string.contains('\n') || keys.any(|key| foreign.contains(key)) {
        return;
    }
    for variable in variables(text.string) {
        if let Some((name, _)) = known.get_key_value(variable.name) {
            found.push((unit, name, text.spot(&format!("${{{name}"))));
        }
    }
}

fn tell(unit: &Unit<'_>, name: &str, at: Spot, other: &Unit<'_>, findings: &mut Findings) {
    let message = format!(
        "`${{{name}}}` stays as it is: {} puts no variables in",
        unit.name
    );
    // One `postBuild` mends all of a file.
    let cause = format!("{} {}", unit.name, at.file());
    let finding = findings.add(at, message);
    finding.because(cause);
    finding.effect(format!(
        "the object is applied with the text ${{{name}}} in it"
    ));
    finding.hint(format!(
        "give {} the postBuild of {}",
        unit.name, other.name
    ));
    let place = other
        .effective
        .as_ref()
        .and_then(|e| e.at(&["spec", "postBuild"]));
    if let Some(place) = place {
        finding.related(Spot::from(&place), format!("{} sets it", other.name));
    }
}
