//! Passwords among the values of charts and in `ConfigMap`s.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::plain_secret::{is_placeholder, tell};
use crate::check::finding::{Findings, Severity, Spot};
use crate::error::Source;
use crate::index::{Repository, Role, group};
use crate::yaml::{Kind, Node};

/// How names end under which a value is a password and not the name or the key of a Secret.
const NAMES: [&str; 6] = [
    "password",
    "passwd",
    "passphrase",
    "clientsecret",
    "apitoken",
    "apikey",
];

/// Tells of passwords in `spec.values`, in files of values and in `ConfigMap`s that some Flux reads.
pub(super) fn check(
    repository: &Repository<'_>,
    told: &mut BTreeSet<(String, usize)>,
    findings: &mut Findings,
) {
    let index = repository.index;
    let mut tell_of = |source: &Arc<Source>, node: &Node, what: &str| {
        if !repository.reached.contains(source.name.as_str()) {
            return;
        }
        let mut found = Vec::new();
        passwords(node, &mut found);
        for (name, value) in found {
            let at = Spot::node(source, value);
            if told.insert((source.name.clone(), at.line_column().0)) {
                let finding = findings.add(at, format!("{name} stands here in clear, {what}"));
                tell(finding);
                finding.severity(Severity::Warning);
                finding.hint(
                    "put it into a Secret that is encrypted by sops or made outside of Git, and let the chart take it from there (an existing Secret, or valuesFrom)",
                );
            }
        }
    };
    for object in &repository.objects.all {
        if object.node.get("sops").is_some() {
            continue;
        }
        if object.is(group::HELM, "HelmRelease")
            && let Some(values) = object.node.at(&["spec", "values"])
        {
            let what = format!("among the values of {}", object.name);
            tell_of(object.source, values, &what);
        } else if object.is("", "ConfigMap")
            && let Some(data) = object.node.get("data")
        {
            tell_of(
                object.source,
                data,
                &format!("in ConfigMap {}", object.name),
            );
        }
    }
    let files: BTreeSet<&str> = repository
        .references
        .iter()
        .flat_map(|(_, found)| found)
        .filter(|reference| reference.role == Role::Generator)
        .map(|reference| reference.to.as_str())
        .collect();
    for path in files {
        let (Some(source), Some(documents)) = (index.texts.get(path), index.files.get(path)) else {
            continue;
        };
        let is_encrypted = |node: &Node| node.get("sops").is_some() || node.get("kind").is_some();
        for document in documents.iter().filter(|node| !is_encrypted(node)) {
            tell_of(source, document, "in a file that a generator reads");
        }
    }
}

/// Values that are passwords by their names.
fn passwords<'n>(node: &'n Node, found: &mut Vec<(&'n str, &'n Node)>) {
    for (key, value) in node.entries() {
        let name = key.text().unwrap_or_default();
        match &value.kind {
            Kind::Scalar { text, .. } if is_password(name) && is_one(text) => {
                found.push((name, value));
            }
            Kind::Scalar { .. } => {}
            _ => passwords(value, found),
        }
    }
    for item in node.items() {
        passwords(item, found);
    }
}

fn is_password(name: &str) -> bool {
    let name = name.to_ascii_lowercase().replace(['-', '_', '.'], "");
    // An annotation, or the name of a Secret or of a key in one.
    let elsewhere = name.contains('/') || name.contains("existing");
    !elsewhere && NAMES.iter().any(|end| name.ends_with(end))
}

/// Whether a value is a password itself, and not where one is, or a sign of what puts it in.
fn is_one(text: &str) -> bool {
    let text = text.trim();
    let elsewhere = text.starts_with(['$', '/', '%', '{', '<', '@']) || text.contains("://");
    !elsewhere && !is_placeholder(text) && !text.contains(char::is_whitespace)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_told_from_where_they_are() {
        assert!(is_password("adminPassword") && is_password("OIDC_CLIENT_SECRET"));
        assert!(!is_password("passwordKey") && !is_password("existingSecretAdminPassword"));
        assert!(!is_password("cnpg.io/pluginClientSecret"));
        for text in ["hunter2-quux", "prom-operator"] {
            assert!(is_one(text), "{text}");
        }
        for text in [
            "$__file{/x}",
            "/run/x",
            "${PW}",
            "changeme",
            "db-secret",
            "true",
            "sk-11111111",
            "a b c d e f g",
        ] {
            assert!(!is_one(text), "{text}");
        }
    }
}
