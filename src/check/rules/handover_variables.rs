//! Variables in values that only one of the two puts in: the bootstrap of Terraform, or Flux.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::handover::{Pair, Values, pairs, title, values_of};
use crate::check::finding::{Findings, Severity, Spot};
use crate::check::registry::Rule;
use crate::error::Source;
use crate::index::terraform::{Bootstrap, How, Map, Value};
use crate::index::{Piece, Repository, Variable, pieces};

pub(in crate::check) const RULE: Rule = Rule {
    id: "handover-variables",
    severity: Severity::Error,
    summary: "a variable in values that only Terraform or only Flux puts in, or in a form that one of them cannot read",
    check,
};

type Told = BTreeSet<(String, usize)>;

fn check(repository: &Repository<'_>, findings: &mut Findings) {
    let mut told = Told::new();
    for stack in &repository.terraform.stacks {
        for bootstrap in &stack.bootstraps {
            exported(bootstrap, &mut told, findings);
        }
    }
    for pair in pairs(repository) {
        match pair.stack.bootstrap_of(pair.installed) {
            Some(bootstrap) => {
                for values in values_of(&pair.release, repository).iter().flatten() {
                    look(&pair, bootstrap, values, &mut told, repository, findings);
                }
            }
            None => templates(&pair, &mut told, repository, findings),
        }
    }
}

/// The variables of a text, each with where it stands. In comments too: what is put in knows no YAML.
fn variables(text: &str) -> Vec<(usize, Variable<'_>)> {
    let begin = text.as_ptr() as usize;
    pieces(text)
        .into_iter()
        .filter_map(|piece| match piece {
            Piece::Variable(variable) => Some((variable.name.as_ptr() as usize - begin, variable)),
            _ => None,
        })
        .collect()
}

fn look(
    pair: &Pair<'_, '_>,
    bootstrap: &Bootstrap<'_>,
    values: &Values<'_>,
    told: &mut Told,
    repository: &Repository<'_>,
    findings: &mut Findings,
) {
    let Some(source) = repository.index.texts.get(values.file) else {
        return;
    };
    let Some(offset) = source.text.find(values.text) else {
        return;
    };
    let known = match &bootstrap.runtime {
        Value::Null => None,
        Value::Map(map) => match map.entries.get("data") {
            Some(Value::Map(data)) => Some(Some(data)),
            None | Some(Value::Null) => Some(None),
            _ => return,
        },
        _ => return,
    };
    for (at, variable) in variables(values.text) {
        let name = variable.name;
        let has =
            |data: Option<&Arc<Map>>| data.is_some_and(|data| data.entries.contains_key(name));
        let (what, effect, hint) = match (known.as_ref(), values.substituted) {
            (None, Some(true)) => (
                format!("Flux puts ${{{name}}} into the values of {}, and the bootstrap puts in nothing", title(pair)),
                format!("the chart is installed with the text ${{{name}}} as it stands, and runs so until Flux takes it over, if it runs at all"),
                "give the bootstrap runtime_info with the variable in data".to_owned(),
            ),
            (Some(data), Some(true)) if !has(*data) && variable.default.is_none() => (
                format!("the bootstrap does not know ${{{name}}}, which is in the values of {}", title(pair)),
                "its Job fails: variable not set (strict mode); what only Git says is not known there".to_owned(),
                format!("add {name} to runtime_info.data in Terraform"),
            ),
            (Some(data), Some(false)) if has(*data) => (
                format!("the bootstrap puts ${{{name}}} into the values of {}, and Flux leaves it as it stands", title(pair)),
                format!("at the hand-over the release gets the text ${{{name}}} as its value"),
                "let the Flux Kustomization take it from flux-runtime-info by postBuild.substituteFrom".to_owned(),
            ),
            _ => continue,
        };
        let spot = spot(source, offset + at, name);
        if told.insert(spot.key()) {
            let finding = findings.add(spot, what);
            finding.effect(effect);
            finding.hint(hint);
            finding.related(
                Spot::span(bootstrap.source, bootstrap.span.clone()),
                "this is the bootstrap",
            );
        }
    }
}

fn spot(source: &Arc<Source>, at: usize, name: &str) -> Spot {
    Spot::span(source, at..at + name.len())
}

/// Forms that `templatefile` does not know, in values that Flux reads too.
fn templates(
    pair: &Pair<'_, '_>,
    told: &mut Told,
    repository: &Repository<'_>,
    findings: &mut Findings,
) {
    if !matches!(pair.installed.how, How::Resource { .. }) {
        return;
    }
    for layer in pair.installed.values.iter().flatten() {
        let Value::Rendered(file) = layer else {
            continue;
        };
        let path: &str = file;
        let Some(source) = repository.index.texts.get(path) else {
            continue;
        };
        for (at, variable) in variables(&source.text) {
            if variable.operator.is_empty() {
                continue;
            }
            let name = variable.name;
            let spot = spot(source, at, name);
            if told.insert(spot.key()) {
                let finding = findings.add(
                    spot,
                    format!("templatefile cannot read ${{{name}{}…}}", variable.operator),
                );
                finding.effect("terraform stops: it knows ${name} only, and Flux all forms");
                finding.hint(format!("write ${{{name}}}, and give both sides a value"));
            }
        }
    }
}

/// What a bootstrap passes through a shell, without quotes (its `scripts/bootstrap.sh`).
fn exported(bootstrap: &Bootstrap<'_>, told: &mut Told, findings: &mut Findings) {
    let Some(Value::Map(data)) = bootstrap.runtime.get("data") else {
        return;
    };
    let plain = |c: char| c.is_ascii_alphanumeric() || "_./:@%+,=-".contains(c);
    for (key, value) in &data.entries {
        let Some(text) = value.as_text() else {
            continue;
        };
        let named = key
            .chars()
            .all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
            && !key.starts_with(|letter: char| letter.is_ascii_digit());
        if named && text.chars().all(plain) {
            continue;
        }
        let at = Spot::span(bootstrap.source, bootstrap.span.clone());
        if told.insert(at.key()) {
            let message = if named {
                format!("the value of {key} in runtime_info has signs that a shell takes apart")
            } else {
                format!("{key} in runtime_info is no name of a variable")
            };
            let finding = findings.add(at, message);
            finding.effect("the Job of the bootstrap exports it without quotes and fails, or goes on with a part of it");
            finding.hint("use letters, digits and _ . / : @ % + , = - only, and names of letters, digits and _");
        }
    }
}
