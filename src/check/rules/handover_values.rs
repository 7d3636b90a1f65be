//! Values with which Terraform installs a chart, and others with which Flux takes it over.

use std::collections::BTreeSet;

use super::common::is_old_flag;
use super::handover::{Pair, merged, pairs, title, values_of};
use crate::check::finding::{Findings, Severity, Spot};
use crate::check::registry::Rule;
use crate::index::Repository;
use crate::index::terraform::{How, Value};
use crate::yaml::{Kind, Node};

pub(in crate::check) const RULE: Rule = Rule {
    id: "handover-values",
    severity: Severity::Warning,
    summary: "Terraform installs a chart with other values than Flux gives it, or Flux changes what the chart renders",
    check,
};

type Told = BTreeSet<(String, usize)>;

fn check(repository: &Repository<'_>, findings: &mut Findings) {
    let mut told = Told::new();
    for pair in pairs(repository) {
        compare(&pair, &mut told, repository, findings);
        rendered(&pair, &mut told, findings);
        certificates(&pair, &mut told, repository, findings);
        readings(&pair, &mut told, repository, findings);
    }
}

/// The values as Terraform gives them. Nothing where they are not all known.
fn given(pair: &Pair<'_, '_>) -> Option<Value> {
    let layers = pair.installed.values.as_ref()?.iter();
    let layers: Option<Vec<Value>> = layers.map(Value::decoded).collect();
    Some(merged(layers?.iter()))
}

fn compare(
    pair: &Pair<'_, '_>,
    told: &mut Told,
    repository: &Repository<'_>,
    findings: &mut Findings,
) {
    let (Some(given), Some(layers)) = (given(pair), values_of(&pair.release, repository)) else {
        return;
    };
    let wanted = merged(layers.iter().map(|layer| &layer.value));
    let Some(path) = given.difference(&wanted) else {
        return;
    };
    let Some(object) = repository.object(pair.release.built) else {
        return;
    };
    let at = Spot::name(object);
    if !told.insert(at.key()) {
        return;
    }
    let name = title(pair);
    let what = match path.as_str() {
        "" => "as a whole".to_owned(),
        path => format!("in {path}"),
    };
    let finding = findings.add(
        at,
        format!(
            "Terraform installs {name} with other values than Flux gives it: they differ {what}"
        ),
    );
    finding.effect(
        "the hand-over changes what runs, and its pods restart; with other settings of the network the cluster may lose it",
    );
    let files: Vec<&str> = layers.iter().map(|layer| layer.file).collect();
    let own = layers.iter().any(|layer| layer.file == object.file());
    finding.hint(match files.as_slice() {
        _ if own => {
            "move what the HelmRelease says itself into the file of values, which both sides read"
                .to_owned()
        }
        [] => "give both the same values: Flux has none".to_owned(),
        files => format!(
            "let Terraform read the files that Flux reads, in this order: {}",
            files.join(", ")
        ),
    });
    finding.related(
        Spot::span(pair.installed.source, pair.installed.span.clone()),
        "Terraform installs it here",
    );
}

/// What Flux does to the objects of a chart, and Terraform does not.
fn rendered(pair: &Pair<'_, '_>, told: &mut Told, findings: &mut Findings) {
    for key in ["postRenderers", "commonMetadata"] {
        let Some(found) = pair.release.effective.at(&["spec", key]) else {
            continue;
        };
        let empty = found.node.items().is_empty() && found.node.entries().is_empty();
        let at = Spot::from(&found);
        if empty || !told.insert(at.key()) {
            continue;
        }
        let name = title(pair);
        let finding = findings.add(
            at,
            format!(
                "{key} change what the chart of {name} renders, and Terraform installs it without"
            ),
        );
        finding.effect("the hand-over changes these objects, and pods that are changed restart");
        finding.hint("say it in the values, which both sides read, or add it once Flux has taken the release over");
    }
}

/// Certificates that Cilium's chart makes anew whenever it is rendered (`hubble.tls.auto.method: helm`, the default of
/// 1.19 and 1.20).
fn certificates(
    pair: &Pair<'_, '_>,
    told: &mut Told,
    repository: &Repository<'_>,
    findings: &mut Findings,
) {
    if pair.release.built.name != "cilium" || !matches!(pair.installed.how, How::Job(_)) {
        return;
    }
    let Some(layers) = values_of(&pair.release, repository) else {
        return;
    };
    let values = merged(layers.iter().map(|layer| &layer.value));
    let is = |path: &[&str], wanted: &str| {
        values.at(path).and_then(Value::as_text).as_deref() == Some(wanted)
    };
    let off = is(&["hubble", "enabled"], "false")
        || is(&["hubble", "tls", "enabled"], "false")
        || is(&["hubble", "tls", "auto", "enabled"], "false");
    let method = values.at(&["hubble", "tls", "auto", "method"]);
    let method = method.map(|method| method.as_text().unwrap_or_default());
    if off || method.is_some_and(|method| method != "helm") {
        return;
    }
    let Some(object) = repository.object(pair.release.built) else {
        return;
    };
    let mut at = Spot::name(object);
    // Beside what is told of the values.
    at.span = object
        .node
        .get("kind")
        .map_or(at.span.clone(), |kind| kind.span.clone());
    if told.insert(at.key()) {
        let finding = findings.add(
            at,
            "Cilium's chart makes the certificates of Hubble anew at every render",
        );
        finding.severity(Severity::Hint);
        finding.effect(
            "at the hand-over, and at every upgrade, the pods of Hubble restart with new ones",
        );
        finding.hint("set hubble.tls.auto.method: cronJob in the values");
    }
}

/// Plain scalars that the YAML of Terraform, which is 1.2, and that of Helm, which keeps much of 1.1, read in two ways.
fn readings(
    pair: &Pair<'_, '_>,
    told: &mut Told,
    repository: &Repository<'_>,
    findings: &mut Findings,
) {
    if !matches!(pair.installed.how, How::Job(_)) {
        return;
    }
    let index = repository.index;
    for layer in values_of(&pair.release, repository).unwrap_or_default() {
        let (Some(source), Some(documents)) =
            (index.texts.get(layer.file), index.files.get(layer.file))
        else {
            continue;
        };
        let [document] = documents.as_slice() else {
            continue;
        };
        // The values in a HelmRelease itself are a part of it.
        if document.get("kind").is_some() {
            continue;
        }
        let mut found = Vec::new();
        ambiguous(document, &mut found);
        for (node, what) in found {
            let at = Spot::node(source, node);
            if !told.insert(at.key()) {
                continue;
            }
            let text = node.text().unwrap_or_default();
            let message =
                format!("{text} is a text for one reader of YAML, and {what} for another");
            let finding = findings.add(at, message);
            finding.effect("Terraform and Flux may give the chart different values, and the hand-over changes what runs");
            finding.hint(format!(
                "write \"{text}\" for the text, or the value that is meant"
            ));
        }
    }
}

/// Scalars that are read in two ways, with what the other reading is.
fn ambiguous<'n>(node: &'n Node, found: &mut Vec<(&'n Node, &'static str)>) {
    if let Kind::Scalar { text, plain: true } = &node.kind
        && let Some(what) = other_reading(text)
    {
        found.push((node, what));
    }
    for (key, value) in node.entries() {
        ambiguous(key, found);
        ambiguous(value, found);
    }
    for item in node.items() {
        ambiguous(item, found);
    }
}

/// What a plain scalar is for a reader of YAML 1.1 and not for one of 1.2, or the other way round.
fn other_reading(text: &str) -> Option<&'static str> {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if is_old_flag(text) {
        return Some("a boolean");
    }
    if text.len() > 1 && text.starts_with('0') && digits(text) {
        return Some("an octal number");
    }
    let mut parts = text.split(':');
    let is_first = parts.next().is_some_and(digits);
    let mut rest = parts.peekable();
    let minutes = |part: &str| digits(part) && part.parse::<u8>().is_ok_and(|part| part < 60);
    if is_first && rest.peek().is_some() && rest.all(minutes) {
        return Some("a number to the base of 60");
    }
    let date: Vec<&str> = text.split('-').collect();
    if let [year, month, day] = date.as_slice()
        && year.len() == 4
        && [year, month, day].iter().all(|part| digits(part))
    {
        return Some("a date");
    }
    // Above it, not every number has one of floating point: 2^53.
    let exact = text.parse::<u64>().is_ok_and(|number| number <= 1 << 53);
    (digits(text) && !exact).then_some("a number that is rounded")
}

#[cfg(test)]
mod tests {
    use super::other_reading;

    #[test]
    fn what_is_read_in_two_ways() {
        for text in [
            "1:7",
            "yes",
            "Off",
            "n",
            "0644",
            "12:30",
            "1:30:00",
            "2026-01-31",
            "9007199254740993",
        ] {
            assert!(other_reading(text).is_some(), "{text}");
        }
        for text in [
            "true",
            "0",
            "10",
            "1.20",
            "web:80",
            "10:99",
            "v1-2-3",
            "9007199254740992",
            "a-b-c",
        ] {
            assert!(other_reading(text).is_none(), "{text}");
        }
    }
}
