//! Names of objects in Flux's own kinds that lead to nothing.

use std::collections::BTreeSet;

use super::common::{Applied, applied, instead, is_slip};
use crate::check::finding::{Findings, Severity, Spot};
use crate::check::registry::Rule;
use crate::error::did_you_mean;
use crate::index::{Located, Lookup, Repository, group};

pub(in crate::check) const RULE: Rule = Rule {
    id: "missing-reference",
    severity: Severity::Error,
    summary: "an alert, a receiver, a source or an image marker names an object that is not there",
    check,
};

/// Kinds that only Flux makes, or the user: what is not in the repository is not on the cluster.
const OWN: [&str; 12] = [
    "Alert",
    "Bucket",
    "GitRepository",
    "HelmChart",
    "HelmRelease",
    "HelmRepository",
    "ImagePolicy",
    "ImageRepository",
    "Kustomization",
    "OCIRepository",
    "ResourceSet",
    "ResourceSetInputProvider",
];

/// What a marker may be for, of the whole image (image-automation-controller, `pkg/update/setters.go`).
const PARTS: [&str; 3] = ["tag", "name", "digest"];

fn check(repository: &Repository<'_>, findings: &mut Findings) {
    let mut all = All {
        repository,
        told: BTreeSet::new(),
        findings,
    };
    for alert in applied(repository, group::NOTIFICATION, "Alert") {
        let name = alert.effective.at(&["spec", "providerRef", "name"]);
        all.named(&alert, "Alert", "Provider", name.as_ref(), None);
        for source in alert.effective.items(&["spec", "eventSources"]) {
            all.listed(&alert, "Alert", &source);
        }
    }
    for receiver in applied(repository, group::NOTIFICATION, "Receiver") {
        for resource in receiver.effective.items(&["spec", "resources"]) {
            all.listed(&receiver, "Receiver", &resource);
        }
    }
    // flux-operator, `docs/api/v1/resourceset.md`; source-watcher, `docs/spec/v1beta1/artifactgenerators.md`.
    for set in applied(repository, group::OPERATOR, "ResourceSet") {
        for item in set.effective.items(&["spec", "dependsOn"]) {
            if !all.without_namespace(&set, &item) {
                all.listed(&set, "ResourceSet", &item);
            }
        }
        for item in set.effective.items(&["spec", "inputsFrom"]) {
            let name = item.get("name");
            let of = "ResourceSetInputProvider";
            all.named(&set, "ResourceSet", of, name.as_ref(), None);
        }
    }
    for generator in applied(repository, group::EXTENSIONS, "ArtifactGenerator") {
        for item in generator.effective.items(&["spec", "sources"]) {
            all.listed(&generator, "ArtifactGenerator", &item);
        }
    }
    let secrets: [(&'static str, &'static str, &[&[&str]]); 8] = [
        (
            group::NOTIFICATION,
            "Provider",
            &[&["spec", "secretRef", "name"]],
        ),
        (
            group::NOTIFICATION,
            "Receiver",
            &[&["spec", "secretRef", "name"]],
        ),
        (
            group::SOURCE,
            "GitRepository",
            &[&["spec", "secretRef", "name"]],
        ),
        (
            group::SOURCE,
            "OCIRepository",
            &[
                &["spec", "secretRef", "name"],
                &["spec", "verify", "secretRef", "name"],
            ],
        ),
        (
            group::SOURCE,
            "HelmRepository",
            &[&["spec", "secretRef", "name"]],
        ),
        (group::SOURCE, "Bucket", &[&["spec", "secretRef", "name"]]),
        (
            group::IMAGE,
            "ImageRepository",
            &[&["spec", "secretRef", "name"]],
        ),
        (
            group::KUSTOMIZE,
            "Kustomization",
            &[&["spec", "decryption", "secretRef", "name"]],
        ),
    ];
    for (group, kind, paths) in secrets {
        for object in applied(repository, group, kind) {
            for path in paths {
                if let Some(name) = object.effective.at(path) {
                    all.secret(&object, kind, &name);
                }
            }
        }
    }
    all.markers();
    super::accounts::check(repository, findings);
    super::others::check(repository, findings);
}

struct All<'r, 'a, 'f> {
    repository: &'r Repository<'a>,
    told: BTreeSet<(String, usize)>,
    findings: &'f mut Findings,
}

impl All<'_, '_, '_> {
    fn is_new(&mut self, at: &Spot) -> bool {
        self.told.insert(at.key())
    }

    /// A reference with kind, name and namespace. `*` is any, and so is one with labels.
    fn listed(&mut self, object: &Applied<'_, '_>, kind: &str, item: &Located<'_>) {
        let of = item.get("kind").and_then(|node| node.text());
        let Some(of) = of.filter(|of| OWN.contains(of)) else {
            return;
        };
        if item.get("matchLabels").is_some() || item.get("selector").is_some() {
            return;
        }
        let said = item.get("namespace").and_then(|node| node.text());
        let filled = said.map(|said| object.unit.variables.fill(said));
        if filled != Some(None) {
            let namespace = filled.flatten();
            let name = item.get("name");
            self.named(object, kind, of, name.as_ref(), namespace.as_deref());
        }
    }

    /// A dependency of a `ResourceSet` on something that has a namespace, and that is looked for in none
    /// (flux-operator, `checkDependencies`).
    fn without_namespace(&mut self, set: &Applied<'_, '_>, item: &Located<'_>) -> bool {
        let text = |key: &str| item.get(key).and_then(|node| node.text());
        let (Some(kind), Some(name), None) = (text("kind"), text("name"), text("namespace")) else {
            return false;
        };
        if !OWN.contains(&kind) {
            return false;
        }
        let Some(node) = item.get("name") else {
            return false;
        };
        let at = Spot::from(&node);
        if self.is_new(&at) {
            let title = &set.built.name;
            let message =
                format!("ResourceSet {title} waits for {kind} {name} without a namespace");
            let finding = self.findings.add(at, message);
            finding.effect(format!(
                "it is looked for in no namespace and never found, so {title} applies nothing"
            ));
            finding.hint(match set.built.namespace.as_deref() {
                Some(own) => format!("write namespace: {own}, or where else it is"),
                None => "write the namespace in which it is".to_owned(),
            });
        }
        true
    }

    /// A name of a kind that nothing but the repository makes.
    fn named(
        &mut self,
        object: &Applied<'_, '_>,
        kind: &str,
        of: &str,
        name: Option<&Located<'_>>,
        namespace: Option<&str>,
    ) {
        let (Some(node), Some(text)) = (name, name.and_then(Located::text)) else {
            return;
        };
        let Some(text) = object.unit.variables.fill(text).filter(|text| text != "*") else {
            return;
        };
        let cluster = object.cluster;
        let namespace = namespace.or(object.built.namespace.as_deref());
        let found = cluster.find(of, namespace, &text, self.repository.objects);
        let own = cluster.units.first();
        // That from which the cluster is read is made by Flux or its operator.
        let is_first = text == "flux-system"
            || own.is_some_and(|unit| unit.name == text)
            || own
                .and_then(|unit| unit.source.as_ref())
                .is_some_and(|source| source.name == text);
        let open = cluster.may_have_more() || cluster.start.known == crate::index::Known::Implied;
        if matches!(found, Lookup::Found(..) | Lookup::Unknown)
            || is_first
            || open && !matches!(found, Lookup::Near(near) if is_slip(&text, near))
        {
            return;
        }
        let at = Spot::from(node);
        if !self.is_new(&at) {
            return;
        }
        let title = &object.built.name;
        let message = format!("{kind} {title} names {of} {text}, which is not there");
        let finding = self.findings.add(at, message);
        finding.effect(match (kind, of) {
            ("Alert", "Provider") => {
                "no notification is sent, and nothing else tells of it".to_owned()
            }
            ("Alert", _) => format!("nothing is ever told of {text}"),
            ("ResourceSet", _) => format!("{title} applies nothing until {text} is there"),
            ("ArtifactGenerator", _) => {
                format!("{title} puts nothing together until {text} is there")
            }
            _ => format!("{kind} {title} fails when it is called: nothing is found to wake"),
        });
        finding.hint(format!("name a {of} that is on this cluster"));
        instead(finding, &found, self.repository);
        if of != "Provider" || open {
            finding.severity(Severity::Warning);
        }
    }

    /// The name of a Secret, which is often made by hand or by Terraform: only a slip of one that is there is told.
    fn secret(&mut self, object: &Applied<'_, '_>, kind: &str, node: &Located<'_>) {
        let Some(name) = node
            .text()
            .and_then(|text| object.unit.variables.fill(text))
        else {
            return;
        };
        let namespace = object.built.namespace.as_deref();
        let found = object
            .cluster
            .find("Secret", namespace, &name, self.repository.objects);
        let Lookup::Near(near) = found else {
            return;
        };
        let at = Spot::from(node);
        if !is_slip(&name, near) || !self.is_new(&at) {
            return;
        }
        let title = &object.built.name;
        let message = format!("{kind} {title} names Secret {name}, which nothing here makes");
        let finding = self.findings.add(at, message);
        finding.effect(format!("{title} fails until there is one"));
        finding.hint(format!("did you mean `{near}`?"));
        finding.severity(Severity::Warning);
    }

    /// `# {"$imagepolicy": "namespace:name"}` behind an image (image-automation-controller, `imageupdateautomations.md`).
    fn markers(&mut self) {
        let repository = self.repository;
        let policies: BTreeSet<(&str, &str)> = repository
            .units()
            .flat_map(|unit| &unit.built)
            .filter(|built| built.kind(repository.objects) == "ImagePolicy")
            .map(|built| {
                (
                    built.namespace.as_deref().unwrap_or_default(),
                    built.name.as_str(),
                )
            })
            .collect();
        // Without any here they are made elsewhere.
        if policies.is_empty()
            || policies
                .iter()
                .any(|(space, name)| name.contains("${") || space.is_empty())
        {
            return;
        }
        for (path, source) in &repository.index.texts {
            if !repository.reached.contains(path.as_str()) {
                continue;
            }
            for (start, _) in source.text.match_indices("{\"$imagepolicy\":") {
                let rest = &source.text[start..];
                let line = &rest[..rest.find('\n').unwrap_or(rest.len())];
                let Some(value) = line.split('"').nth(3) else {
                    continue;
                };
                let mut parts = value.split(':');
                let (Some(namespace), Some(name)) = (parts.next(), parts.next()) else {
                    continue;
                };
                if value.contains("${") {
                    continue;
                }
                let begin = start + line.find(value).unwrap_or_default();
                if let Some(part) = parts.next().filter(|part| !PARTS.contains(part)) {
                    let begin = begin + namespace.len() + name.len() + 2;
                    let at = Spot::span(source, begin..begin + part.len());
                    let message =
                        format!("the marker ends in {part}, which is no part of an image");
                    let finding = self.findings.add(at.clone(), message);
                    finding.severity(Severity::Warning);
                    finding.effect("the image is never updated here, and nothing tells of it");
                    finding
                        .hint("end it in :tag, :name or :digest, or in none for the whole image");
                    if let Some(right) = did_you_mean(part, PARTS) {
                        finding.fix(format!("write {right}"), vec![(at, right.to_owned())]);
                    }
                }
                if policies.contains(&(namespace, name)) {
                    continue;
                }
                let at = Spot::span(source, begin..begin + value.len());
                let message =
                    format!("the marker names ImagePolicy {namespace}/{name}, which is not there");
                let finding = self.findings.add(at, message);
                finding.severity(Severity::Warning);
                finding.effect("the image is never updated here, and nothing tells of it");
                let names = policies.iter().map(|(_, name)| *name);
                let same = policies.iter().find(|(_, other)| *other == name);
                finding.hint(match (same, did_you_mean(name, names)) {
                    (Some((other, _)), _) => {
                        format!("it is in the namespace {other}: write {other}:{name}")
                    }
                    (None, Some(near)) => format!("did you mean `{near}`?"),
                    (None, None) => {
                        "name an ImagePolicy as namespace:name, or take the marker away".to_owned()
                    }
                });
            }
        }
    }
}
