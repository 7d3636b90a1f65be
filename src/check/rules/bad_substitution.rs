//! `${…}` in forms that Flux cannot read, or reads otherwise than a shell does.

use std::collections::BTreeSet;

use super::substitution::{Texts, variables};
use crate::check::finding::{Findings, Severity, Spot};
use crate::check::registry::Rule;
use crate::index::{Piece, Repository, Unit, pieces};

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
        for built in &unit.built {
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
                    for variable in variables(text.string) {
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
