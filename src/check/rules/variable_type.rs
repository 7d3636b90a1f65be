//! Variables whose value is no string any more where a string is wanted.

use std::collections::BTreeSet;

use super::substitution::{Text, Texts};
use crate::check::finding::{Findings, Severity};
use crate::check::registry::Rule;
use crate::index::{Built, Origin, Repository, Unit};

pub(in crate::check) const RULE: Rule = Rule {
    id: "variable-type",
    severity: Severity::Error,
    summary: "a variable that becomes a number or a boolean where Kubernetes wants a string",
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
                    look(unit, built, text, repository, &mut told, findings);
                }
            }
        }
    }
}

fn look(
    unit: &Unit<'_>,
    built: &Built<'_>,
    text: &Text<'_>,
    repository: &Repository<'_>,
    told: &mut BTreeSet<(String, usize)>,
    findings: &mut Findings,
) {
    if !text.is_value || !wants_string(built, text, repository) {
        return;
    }
    let Some(value) = written(unit, text.string) else {
        return;
    };
    let Some(kind) = kind_of(&value) else {
        return;
    };
    let spot = text.spot(text.string);
    if !told.insert(spot.key()) {
        return;
    }
    let message = format!(
        "`{}` becomes {kind} {value}, and a string is wanted",
        text.string
    );
    let finding = findings.add(spot, message);
    finding.effect(format!(
        "{} is not applied: the API server refuses the object; quotes in the file are lost in the build",
        unit.name
    ));
    finding.hint("let quotes be a part of the value: a variable quote: '\"' on both sides, as in ${quote}${x}${quote}");
}

/// Whether a field is known to be a string: data of `ConfigMap`s, labels and annotations, values of environments.
fn wants_string(built: &Built<'_>, text: &Text<'_>, repository: &Repository<'_>) -> bool {
    let Origin::Object(id) = built.origin else {
        return false;
    };
    let object = &repository.objects.all[id];
    let keys = text.keys.as_slice();
    match keys {
        ["metadata", "labels" | "annotations", _] => return true,
        ["data", _] if object.is("", "ConfigMap") => return true,
        ["stringData", _] if object.is("", "Secret") => return true,
        _ => {}
    }
    let is_workload = matches!(object.group(), "apps" | "batch" | "") && object.kind != "List";
    let in_pod = matches!(keys, [.., "spec", "containers" | "initContainers"]);
    is_workload
        && (matches!(
            keys,
            [.., "template", "metadata", "labels" | "annotations", _]
        ) || in_pod && text.below == ["env", "value"])
}

/// A text as the build writes it, with the values put in; only if it is certain that it is written without quotes.
fn written(unit: &Unit<'_>, text: &str) -> Option<String> {
    let mut rest = text.to_owned();
    for variable in super::substitution::variables(text) {
        rest = rest.replace(&text[variable.span.clone()], "");
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    rest.chars().all(plain).then(|| unit.variables.fill(text))?
}

/// What YAML makes of a plain text that is no string (sigs.k8s.io/yaml reads YAML 1.1).
fn kind_of(value: &str) -> Option<&'static str> {
    let lower = value.to_ascii_lowercase();
    let same = value == lower || value == lower.to_ascii_uppercase() || {
        let mut letters = value.chars();
        letters.next().is_some_and(|c| c.is_ascii_uppercase())
            && letters.all(|c| c.is_ascii_lowercase())
    };
    match lower.as_str() {
        "true" | "false" | "yes" | "no" | "on" | "off" if same => return Some("the boolean"),
        "null" if same => return Some("nothing,"),
        "~" => return Some("nothing,"),
        _ => {}
    }
    let digits = value.strip_prefix(['-', '+']).unwrap_or(value);
    let first = digits.starts_with(|c: char| c.is_ascii_digit());
    let number = first
        && (digits.bytes().all(|b| b.is_ascii_digit() || b == b'_')
            || digits
                .strip_prefix("0x")
                .is_some_and(|hex| !hex.is_empty() && hex.bytes().all(|b| b.is_ascii_hexdigit()))
            || digits
                .bytes()
                .all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'E' | b'-' | b'+'))
                && digits.parse::<f64>().is_ok());
    number.then_some("the number")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_string() {
        for text in [
            "1", "004", "2.4", "1e3", "0x1F", "-5", "yes", "True", "OFF", "null",
        ] {
            assert!(kind_of(text).is_some(), "{text}");
        }
        for text in [
            "1.2.3",
            "v1",
            "a",
            "\"1\"",
            "!!str 1",
            "tRue",
            "10.0.0.0/8",
            "",
            "1h",
            "12-34",
        ] {
            assert!(kind_of(text).is_none(), "{text}");
        }
    }
}
