//! Numbers, booleans and dates that YAML reads where a text is wanted.

use std::sync::Arc;

use serde_json::Value;

use crate::check::finding::{Findings, Severity, Spot};
use crate::check::registry::Rule;
use crate::error::Source;
use crate::index::{Object, Repository, folder_of, group};
use crate::yaml::{Kind, Node};

pub(in crate::check) const RULE: Rule = Rule {
    id: "yaml-trap",
    severity: Severity::Error,
    summary: "a number, a boolean or a date that YAML reads where a text is wanted, or as a key",
    check,
};

/// Kinds with pods, and where their template is.
const TEMPLATES: [(&str, &[&str]); 7] = [
    ("CronJob", &["spec", "jobTemplate", "spec", "template"]),
    ("DaemonSet", &["spec", "template"]),
    ("Deployment", &["spec", "template"]),
    ("Job", &["spec", "template"]),
    ("Pod", &[]),
    ("ReplicaSet", &["spec", "template"]),
    ("StatefulSet", &["spec", "template"]),
];

/// A file, and what comes of a mistake in it.
struct Place<'r> {
    source: &'r Arc<Source>,
    effect: &'static str,
    severity: Severity,
}

const REFUSED: &str = "the API server refuses it, and Flux applies nothing of its build";

fn check(repository: &Repository<'_>, findings: &mut Findings) {
    let severity = |path: &str| {
        if repository.reached.contains(path) || repository.clusters.is_empty() {
            Severity::Error
        } else {
            Severity::Warning
        }
    };
    for object in &repository.objects.all {
        if object.nested || object.group() == "kustomize.config.k8s.io" {
            continue;
        }
        let place = Place {
            source: object.source,
            effect: REFUSED,
            severity: severity(object.file()),
        };
        place.keys(object.node, findings);
        place.object(object, findings);
    }
    let index = repository.index;
    for (path, documents) in &index.files {
        let (Some(source), Some(node)) = (index.texts.get(path), documents.first()) else {
            continue;
        };
        if index.kustomization_file(folder_of(path)).as_ref() == Some(path) {
            let place = Place {
                source,
                effect: "kustomize refuses it, and Flux applies nothing of the build",
                severity: severity(path),
            };
            place.kustomization(node, findings);
        }
    }
}

impl Place<'_> {
    fn object(&self, object: &Object<'_>, findings: &mut Findings) {
        let at = |path: &[&str]| object.node.at(path);
        if object.is("", "ConfigMap") || object.is("", "Secret") {
            for key in ["data", "stringData"] {
                self.texts(at(&[key]), findings);
                self.dates(at(&[key]), findings);
            }
        }
        // kustomize itself puts annotations of an object in quotes, and no others.
        self.texts(at(&["metadata", "labels"]), findings);
        if object.is("", "Service") {
            self.texts(at(&["spec", "selector"]), findings);
        }
        if object.is(group::KUSTOMIZE, "Kustomization") {
            self.texts(at(&["spec", "postBuild", "substitute"]), findings);
        }
        if object.group().ends_with("toolkit.fluxcd.io") {
            for key in ["labels", "annotations"] {
                self.texts(at(&["spec", "commonMetadata", key]), findings);
            }
        }
        let Some((_, path)) = TEMPLATES.iter().find(|(kind, _)| *kind == object.kind) else {
            return;
        };
        if !["", "apps", "batch"].contains(&object.group()) {
            return;
        }
        self.texts(at(&["spec", "selector", "matchLabels"]), findings);
        let Some(template) = at(path) else { return };
        if !path.is_empty() {
            for key in ["labels", "annotations"] {
                self.texts(template.at(&["metadata", key]), findings);
            }
        }
        self.texts(template.at(&["spec", "nodeSelector"]), findings);
        for key in ["containers", "initContainers"] {
            let containers = template.at(&["spec", key]);
            for container in containers.into_iter().flat_map(Node::items) {
                for entry in container.get("env").into_iter().flat_map(Node::items) {
                    let name = entry.get("name").and_then(Node::text).unwrap_or("value");
                    if let Some(value) = entry.get("value") {
                        self.text(name, value, findings);
                    }
                }
                for list in ["args", "command"] {
                    for item in container.get(list).into_iter().flat_map(Node::items) {
                        self.text(list, item, findings);
                    }
                }
            }
        }
    }

    fn kustomization(&self, node: &Node, findings: &mut Findings) {
        let mut options: Vec<&Node> = node.get("generatorOptions").into_iter().collect();
        for key in ["configMapGenerator", "secretGenerator"] {
            let generators = node.get(key).into_iter().flat_map(Node::items);
            options.extend(generators.filter_map(|generator| generator.get("options")));
        }
        for option in options {
            self.texts(option.get("labels"), findings);
            self.texts(option.get("annotations"), findings);
        }
        self.texts(node.get("commonLabels"), findings);
        self.texts(node.get("commonAnnotations"), findings);
        for labels in node.get("labels").into_iter().flat_map(Node::items) {
            self.texts(labels.get("pairs"), findings);
        }
    }

    /// A map of texts.
    fn texts(&self, map: Option<&Node>, findings: &mut Findings) {
        for (key, value) in map.map(Node::entries).unwrap_or_default() {
            self.text(key.text().unwrap_or("it"), value, findings);
        }
    }

    fn text(&self, name: &str, value: &Node, findings: &mut Findings) {
        let Kind::Scalar { text, plain: true } = &value.kind else {
            return;
        };
        let Some(what) = kind_of(text) else {
            return;
        };
        let message = format!("{name} wants a text, and `{text}` is {what}");
        let finding = findings.add(Spot::node(self.source, value), message);
        finding.effect(self.effect);
        finding.severity(self.severity);
        finding.hint(format!("write \"{text}\""));
        let edit = (Spot::node(self.source, value), format!("\"{text}\""));
        finding.fix("put it in quotes", vec![edit]);
    }

    /// Dates come out of kustomize as points in time.
    fn dates(&self, map: Option<&Node>, findings: &mut Findings) {
        for (key, value) in map.map(Node::entries).unwrap_or_default() {
            let Kind::Scalar { text, plain: true } = &value.kind else {
                continue;
            };
            if !is_date(text) {
                continue;
            }
            let name = key.text().unwrap_or("it");
            let finding = findings.add(
                Spot::node(self.source, value),
                format!("{name} wants a text, and `{text}` is a date"),
            );
            finding.severity(Severity::Warning);
            finding.effect(format!("it comes out as \"{text}T00:00:00Z\""));
            finding.hint(format!("write \"{text}\""));
            let edit = (Spot::node(self.source, value), format!("\"{text}\""));
            finding.fix("put it in quotes", vec![edit]);
        }
    }

    /// Keys that are no texts: kustomize cannot write them as JSON.
    fn keys(&self, node: &Node, findings: &mut Findings) {
        for (key, value) in node.entries() {
            if let Kind::Scalar { text, plain: true } = &key.kind
                && let Some(what) = kind_of(text)
            {
                let message = format!("the key `{text}` is {what}");
                let finding = findings.add(Spot::node(self.source, key), message);
                finding.severity(self.severity);
                finding.effect(
                    "kustomize fails with \"unsupported type: map[interface {}]interface {}\", and Flux applies nothing of the build",
                );
                finding.hint(format!("write \"{text}\""));
                let edit = (Spot::node(self.source, key), format!("\"{text}\""));
                finding.fix("put it in quotes", vec![edit]);
            }
            self.keys(value, findings);
        }
        for item in node.items() {
            self.keys(item, findings);
        }
    }
}

/// What kustomize reads a plain scalar as, if it is no text: by YAML 1.2, with the numbers of 1.1 as well. `yes` and `on`
/// are texts for it.
fn kind_of(text: &str) -> Option<&'static str> {
    let plain = Node {
        kind: Kind::Scalar {
            text: text.to_owned(),
            plain: true,
        },
        span: 0..0,
    };
    match plain.to_value() {
        Value::Bool(_) => Some("a boolean"),
        Value::Number(_) => Some("a number"),
        _ => {
            let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
            let grouped = digits.starts_with(|c: char| c.is_ascii_digit())
                && digits.contains('_')
                && digits.bytes().all(|c| c.is_ascii_digit() || c == b'_');
            grouped.then_some("a number")
        }
    }
}

fn is_date(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let number = |part: &str, length: usize| {
        part.len() == length && part.bytes().all(|c| c.is_ascii_digit())
    };
    matches!(&parts[..], [year, month, day] if number(year, 4) && number(month, 2) && number(day, 2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scalars_are_what_kustomize_reads() {
        for text in ["1", "0644", "1.20", "1_000", "0o17", "1e3"] {
            assert_eq!(kind_of(text), Some("a number"), "{text}");
        }
        assert_eq!(kind_of("true"), Some("a boolean"));
        for text in ["yes", "on", "y", "12:30:45", "1.2.3", "a_b", "${N}", ""] {
            assert_eq!(kind_of(text), None, "{text}");
        }
        assert!(is_date("2026-01-01") && !is_date("2026-1") && !is_date("a-b-c"));
    }
}
