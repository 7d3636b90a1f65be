//! What sops encrypted, and nothing decrypts.

use std::collections::BTreeSet;

use regex_lite::Regex;

use super::common::begins_with;
use crate::check::finding::{Findings, Severity, Spot};
use crate::check::registry::Rule;
use crate::error::Source;
use crate::index::{Built, Cluster, Generated, Known, Origin, Repository, Unit, folder_of, join};
use crate::yaml::Node;

pub(in crate::check) const RULE: Rule = Rule {
    id: "undecrypted-secret",
    severity: Severity::Error,
    summary: "something encrypted by sops that Flux is not told to decrypt, or that Terraform reads as it is",
    check,
};

/// The annotation by which Flux leaves an object encrypted.
const DECRYPT: &str = "kustomize.toolkit.fluxcd.io/decrypt";

fn check(repository: &Repository<'_>, findings: &mut Findings) {
    let mut told: BTreeSet<(String, usize)> = BTreeSet::new();
    // Patches of that with which a cluster begins reach its children.
    for cluster in &repository.clusters {
        if matches!(cluster.start.known, Known::Instance | Known::Values)
            && begins_with(cluster, repository, "decryption")
        {
            continue;
        }
        for (number, unit) in cluster.units.iter().enumerate() {
            // What nobody wrote may be told to in any way.
            let decrypts = match &unit.effective {
                Some(effective) => effective.at(&["spec", "decryption"]).is_some(),
                None => number == 0 && cluster.start.known == Known::Implied,
            };
            if decrypts {
                continue;
            }
            for built in &unit.built {
                if let Some(at) = encrypted(built, repository)
                    && told.insert(at.key())
                {
                    tell(cluster, unit, built, at, repository, findings);
                }
            }
        }
    }
    terraform(repository, findings);
}

/// The place at which something of a build is encrypted.
fn encrypted(built: &Built<'_>, repository: &Repository<'_>) -> Option<Spot> {
    let id = match &built.origin {
        Origin::Object(id) => *id,
        Origin::Generated(generated) => return encrypted_file(generated, repository),
    };
    let object = &repository.objects.all[id];
    if object.nested {
        return None;
    }
    let sops = object.node.at(&["sops", "mac"])?;
    let kept = repository
        .effective(built)?
        .text(&["metadata", "annotations", DECRYPT])
        == Some("disabled");
    (!kept && !sops.is_null()).then(|| Spot::name(object))
}

fn encrypted_file(generated: &Generated<'_>, repository: &Repository<'_>) -> Option<Spot> {
    let folder = folder_of(&generated.source.name);
    let list = |key: &str| generated.node.get(key).into_iter().flat_map(Node::items);
    let mut items = list("files")
        .chain(list("envs"))
        .chain(generated.node.get("env"));
    let found = items.find(|item| {
        let text = item.text().unwrap_or_default();
        let path = text.split_once('=').map_or(text, |(_, path)| path);
        let path = join(folder, path).unwrap_or_default();
        repository
            .index
            .texts
            .get(&path)
            .is_some_and(|source| is_encrypted(source))
    })?;
    Some(Spot::node(generated.source, found))
}

/// Whether sops wrote a file: its marks in YAML, JSON and lists of variables.
fn is_encrypted(source: &Source) -> bool {
    let text = &source.text;
    text.contains("ENC[AES256_GCM,")
        && ["\nsops:", "\"sops\":", "sops_mac="]
            .iter()
            .any(|mark| text.contains(mark))
}

fn tell(
    cluster: &Cluster<'_>,
    unit: &Unit<'_>,
    built: &Built<'_>,
    at: Spot,
    repository: &Repository<'_>,
    findings: &mut Findings,
) {
    let kind = built.kind(repository.objects);
    let name = if unit.name.is_empty() {
        "what applies it"
    } else {
        &unit.name
    };
    let finding = findings.add(
        at,
        format!(
            "{kind} {} is encrypted, and {name} does not decrypt",
            built.name
        ),
    );
    finding.effect(match built.origin {
        Origin::Generated(_) => format!("{name} applies it as it is: encrypted text for a secret"),
        Origin::Object(_) if kind == "Secret" => format!("{name} is not applied: \"is SOPS encrypted, configuring decryption is required\""),
        Origin::Object(_) => format!("{name} applies it as it is: encrypted text, with a field sops that the kind does not have"),
    });
    finding.hint(format!("write decryption: {{provider: sops}} below spec of {name}, with the secretRef of the key; a parent's does not hold for its children"));
    if let Some(object) = unit.object.map(|id| &repository.objects.all[id]) {
        finding.related(Spot::name(object), format!("{name} has no decryption"));
    }
    // Where nothing says what applies it, patches may come from outside.
    if cluster.start.known == Known::Implied {
        finding.severity(Severity::Hint);
    }
}

/// `file("…")` of Terraform gives the encrypted text; what decrypts it is given the name, or the text as its source.
fn terraform(repository: &Repository<'_>, findings: &mut Findings) {
    let Ok(call) = Regex::new(r#"\bfile\("(?:\$\{path\.module\}/)?([^"$]+)"\)"#) else {
        return;
    };
    let index = repository.index;
    for (path, source) in index.texts.iter().filter(|(path, _)| path.ends_with(".tf")) {
        let mut start = 0;
        for line in source.text.split_inclusive('\n') {
            let passed = line.trim_start().starts_with("source")
                || line.contains("sops") && line.contains("decrypt");
            for found in call.captures_iter(line).filter(|_| !passed) {
                let Some(name) = found.get(1) else { continue };
                let file = join(folder_of(path), name.as_str());
                let read = file.and_then(|file| index.texts.get(&file));
                if read.is_some_and(|read| is_encrypted(read)) {
                    let at = Spot::span(source, start + name.start()..start + name.end());
                    let finding = findings.add(
                        at,
                        format!("Terraform reads {}, which is encrypted", name.as_str()),
                    );
                    finding.effect("it takes the encrypted text for the values");
                    finding.hint("read it by the provider carlpett/sops (data \"sops_file\"), or keep what Terraform reads in a file of its own");
                }
            }
            start += line.len();
        }
    }
}
