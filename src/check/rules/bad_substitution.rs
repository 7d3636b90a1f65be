//! `${…}` in forms that Flux cannot read, or reads otherwise than a shell does.

use std::collections::BTreeSet;

use super::substitution::{Texts, variables};
use crate::check::finding::{Findings, Severity, Spot};
use crate::check::registry::Rule;
use crate::index::{Piece, Repository, Unit, Variable, pieces};

pub(in crate::check) const RULE: Rule = Rule {
    id: "bad-substitution",
    severity: Severity::Error,
    summary: "a form of ${…} that Flux cannot read, or reads otherwise than a shell",
    check,
};

fn check(repository: &Repository<'_>, findings: &mut Findings) {
    let mut texts = Texts::default();
    let mut told: BTreeSet<(String, usize)> = BTreeSet::new();
    let units = repository.units();
    for unit in units.filter(|unit| unit.variables.substitutes) {
        names(unit, &mut told, findings);
        for built in &unit.built {
            // Descriptions of fields tell of such forms; only what cannot be read does harm there.
            let describes = built.kind(repository.objects) == "CustomResourceDefinition";
            for (list, numbers) in texts.of(repository, built) {
                for text in numbers.iter().map(|number| &list[*number]) {
                    let mut new = |spot: &Spot| told.insert(spot.key());
                    for piece in pieces(text.string) {
                        if let Piece::Broken { span, reason } = piece {
                            let part = text.string[span].trim_end();
                            let spot = text.spot(part);
                            if new(&spot) {
                                broken(unit, spot, part, reason, findings);
                            }
                        }
                    }
                    let read = variables(text.string).into_iter().filter(|_| !describes);
                    for variable in read {
                        if variable.operator == ":"
                            && let Some(word) = no_position(text.string, &variable)
                        {
                            let part = format!("${{{}:{word}", variable.name);
                            let spot = text.spot(&part);
                            if new(&spot) {
                                substring(&variable, word, spot, findings);
                            }
                        }
                        if matches!(variable.operator, ":?" | ":+") {
                            let part = format!("${{{}{}", variable.name, variable.operator);
                            let spot = text.spot(&part);
                            if new(&spot) {
                                otherwise(variable.operator, spot, &part, findings);
                            }
                        }
                    }
                }
            }
        }
    }
}

fn broken(unit: &Unit<'_>, spot: Spot, part: &str, reason: &str, findings: &mut Findings) {
    let finding = findings.add(spot, format!("Flux cannot read `{part}`: {reason}"));
    finding.effect(format!(
        "{} is not applied: its build fails with \"envsubst error\"",
        unit.name
    ));
    finding.hint("write $${ for ${ where another program is to read it, or mark the object with the annotation kustomize.toolkit.fluxcd.io/substitute: disabled");
    // With no variable at all nothing is read.
    if unit.variables.known.is_empty() {
        finding.severity(Severity::Warning);
    }
}

/// Measured: `${x:?m}` gives `m`, `${x:+y}` gives `y` if x is not set.
fn otherwise(operator: &str, spot: Spot, part: &str, findings: &mut Findings) {
    let finding = findings.add(spot, format!("`{part}…}}` is not what it is in a shell"));
    finding.severity(Severity::Warning);
    finding.effect(match operator {
        ":?" => "Flux puts in the message if the variable is not set, and does not fail",
        _ => "Flux puts in the variable if it is set, and the other text if it is not",
    });
    finding.hint("write $${ for ${ if a shell is to read it, or := for a default");
}

/// What stands where the position of a part of the value should be, if it is no number.
fn no_position<'t>(text: &'t str, variable: &Variable<'t>) -> Option<&'t str> {
    let whole = text.get(variable.span.clone())?;
    let word = whole.strip_prefix("${")?.strip_prefix(variable.name)?;
    let word = word.strip_prefix(':')?.strip_suffix('}')?;
    let position = word.split(':').next().unwrap_or_default().trim();
    (!position.contains("${") && position.parse::<i64>().is_err()).then_some(word)
}

/// `toSubstr` of envsubst gives the value as it is where it cannot read the position.
fn substring(variable: &Variable<'_>, word: &str, spot: Spot, findings: &mut Findings) {
    let name = variable.name;
    let message = format!("`${{{name}:{word}}}` asks for a part of {name}, and gives no position");
    let finding = findings.add(spot.clone(), message);
    finding.severity(Severity::Warning);
    finding.effect(format!(
        "Flux puts in {name} as it is; if that is not set, `{word}` is not put in for it"
    ));
    finding.hint(format!("write ${{{name}:={word}}} for a default"));
    let written = spot.source.text.get(spot.span.clone());
    let part = format!("${{{name}:{word}");
    if written == Some(part.as_str()) {
        let right = format!("${{{name}:={word}");
        finding.fix(format!("write {right}}}"), vec![(spot, right)]);
    }
}

/// Names of variables that Flux refuses (fluxcd/pkg, `kustomize/kustomize_varsub.go`, `varsubRegex`).
fn names(unit: &Unit<'_>, told: &mut BTreeSet<(String, usize)>, findings: &mut Findings) {
    let Some(effective) = &unit.effective else {
        return;
    };
    for (name, value) in effective.entries(&["spec", "postBuild", "substitute"]) {
        let mut letters = name.chars();
        let first = letters.next();
        let fits = first.is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
            && letters.all(|c| c.is_ascii_alphanumeric() || c == '_');
        let at = Spot::from(&value);
        if fits || name.contains("${") || !told.insert(at.key()) {
            continue;
        }
        let finding = findings.add(at, format!("a variable cannot be called `{name}`"));
        finding.effect(format!(
            "{} is not applied: \"'{name}' var name is invalid\"",
            unit.name
        ));
        finding.hint("use letters, digits and _ only, with no digit first");
    }
}
