//! Secrets that stand in Git for everyone to read.

use std::collections::BTreeSet;

use regex_lite::Regex;

use crate::check::finding::{Findings, Severity, Spot};
use crate::check::registry::Rule;
use crate::error::Source;
use crate::index::{Object, Repository};
use crate::yaml::{Kind, Node};

pub(in crate::check) const RULE: Rule = Rule {
    id: "plain-secret",
    severity: Severity::Error,
    summary: "a key, a token or a password in clear",
    check,
};

/// Shapes that are of a secret and of nothing else, as their makers give them.
const SHAPES: [(&str, &str); 11] = [
    ("a key of age", r"AGE-SECRET-KEY-1[0-9A-Z]{58}"),
    ("a token of GitHub", r"\bgh[pousr]_[A-Za-z0-9]{36,}"),
    ("a token of GitHub", r"\bgithub_pat_[A-Za-z0-9_]{60,}"),
    ("a token of GitLab", r"\bglpat-[A-Za-z0-9_-]{20,}"),
    ("a key of AWS", r"\b(AKIA|ASIA)[A-Z2-7]{16}\b"),
    (
        "a token of Slack",
        r"\bxox[abprs]-[0-9]{8,}-[A-Za-z0-9-]{16,}",
    ),
    (
        "a webhook of Slack",
        r"hooks\.slack\.com/services/T[A-Z0-9]{8,}/B[A-Z0-9]{8,}/[A-Za-z0-9]{20,}",
    ),
    ("a token of DigitalOcean", r"\bdop_v1_[0-9a-f]{64}\b"),
    ("a key of Google", r"\bAIza[0-9A-Za-z_-]{35}\b"),
    // `-----BEGIN PRIVATE KEY`, with or without RSA, EC or OPENSSH, in base64, as in the kubeconfig of an administrator.
    (
        "a private key",
        r"\bLS0tLS1CRUdJTiB(QUklWQVRFIEtFW|SU0EgUFJJVkFURSBLRV|FQyBQUklWQVRFIEtFW|PUEVOU1NIIFBSSVZBVEUgS0VZ)[A-Za-z0-9+/=]{40,}",
    ),
    (
        "a private key",
        r"-----BEGIN ([A-Z]+ )?PRIVATE KEY-----\s+[A-Za-z0-9+/=]{40,}",
    ),
];

/// What every shape begins with, to look no further into a text without any.
const MARKS: [&str; 13] = [
    "AGE-SECRET-KEY-1",
    "ghp_",
    "gho_",
    "ghs_",
    "github_pat_",
    "glpat-",
    "AKIA",
    "xox",
    "hooks.slack.com",
    "dop_v1_",
    "AIza",
    "PRIVATE KEY-----",
    "LS0tLS1CRUdJTiB",
];

fn check(repository: &Repository<'_>, findings: &mut Findings) {
    let shapes: Vec<(&str, Regex)> = SHAPES
        .iter()
        .filter_map(|(what, pattern)| Some((*what, Regex::new(pattern).ok()?)))
        .collect();
    let mut told: BTreeSet<(String, usize)> = BTreeSet::new();
    // Of a Secret more can be said than of a text.
    for object in &repository.objects.all {
        if object.is("", "Secret") && object.node.get("sops").is_none() {
            secret(object, repository, &shapes, &mut told, findings);
        }
    }
    for source in repository.index.texts.values() {
        if MARKS.iter().any(|mark| source.text.contains(mark)) {
            known_shapes(source, &shapes, &mut told, findings);
        }
    }
    generators(repository, &mut told, findings);
    super::plain_values::check(repository, &mut told, findings);
}

fn known_shapes(
    source: &std::sync::Arc<Source>,
    shapes: &[(&str, Regex)],
    told: &mut BTreeSet<(String, usize)>,
    findings: &mut Findings,
) {
    for (what, shape) in shapes {
        for found in shape.find_iter(&source.text) {
            // A signed address names the key that signed it, and holds no secret.
            let signed = source.text[..found.start()].ends_with("Credential=");
            if is_made_up(found.as_str()) || signed {
                continue;
            }
            let first = found.as_str().find('\n').unwrap_or(found.len());
            let at = Spot::span(source, found.start()..found.start() + first);
            if told.insert((source.name.clone(), at.line_column().0)) {
                tell(findings.add(at, format!("{what} stands here in clear")));
            }
        }
    }
}

pub(super) fn tell(finding: &mut crate::check::finding::Finding) {
    finding.effect(
        "whoever can read the repository, now or ever, has it: it stays in the history of Git",
    );
    finding
        .hint("withdraw it and make a new one, and keep that encrypted by sops or outside of Git");
}

/// Values of a Secret: such as have a known shape are told as they are, those under the name of a secret with less
/// certainty.
fn secret(
    object: &Object<'_>,
    repository: &Repository<'_>,
    shapes: &[(&str, Regex)],
    told: &mut BTreeSet<(String, usize)>,
    findings: &mut Findings,
) {
    let object_type = object
        .node
        .get("type")
        .and_then(Node::text)
        .unwrap_or_default();
    for map in ["data", "stringData"] {
        for (key, value) in object.node.get(map).map(Node::entries).unwrap_or_default() {
            let (Some(name), Some(text)) = (key.text(), value.text()) else {
                continue;
            };
            let clear = if map == "data" {
                decoded(text)
            } else {
                Some(text.to_owned())
            };
            let Some(clear) = clear else { continue };
            let at = Spot::node(object.source, value);
            let shape = shapes
                .iter()
                .find(|(_, shape)| shape.is_match(&clear) && !is_made_up(&clear));
            let named = is_secret_name(name) || object_type == "kubernetes.io/dockerconfigjson";
            if shape.is_none() && (!named || is_placeholder(&clear) || is_blank(value)) {
                continue;
            }
            if !told.insert((at.file().to_owned(), at.line_column().0)) {
                continue;
            }
            let message = match shape {
                Some((what, _)) => format!("{what} stands in {name} of Secret {}", object.name),
                None => format!("{name} of Secret {} stands here in clear", object.name),
            };
            let finding = findings.add(at, message);
            tell(finding);
            if map == "data" {
                finding.effect(
                    "whoever can read the repository, now or ever, has it: base64 hides nothing",
                );
            }
            if shape.is_none() {
                let read = repository.reached.contains(object.file());
                finding.severity(if read {
                    Severity::Warning
                } else {
                    Severity::Hint
                });
                finding.hint("encrypt it by sops, or keep it outside of Git");
            }
        }
    }
}

/// `secretGenerator` with literals.
fn generators(
    repository: &Repository<'_>,
    told: &mut BTreeSet<(String, usize)>,
    findings: &mut Findings,
) {
    let index = repository.index;
    for (path, documents) in &index.files {
        let (Some(node), Some(source)) = (documents.first(), index.texts.get(path)) else {
            continue;
        };
        let list = node
            .get("secretGenerator")
            .into_iter()
            .flat_map(Node::items);
        for literal in list
            .filter_map(|entry| entry.get("literals"))
            .flat_map(Node::items)
        {
            let Some((name, value)) = literal.text().and_then(|text| text.split_once('=')) else {
                continue;
            };
            let at = Spot::node(source, literal);
            if is_secret_name(name)
                && !is_placeholder(value)
                && told.insert((path.clone(), at.line_column().0))
            {
                let finding = findings.add(
                    at,
                    format!("{name} of a secretGenerator stands here in clear"),
                );
                tell(finding);
                finding.severity(Severity::Warning);
                finding.hint("take it from a file that is encrypted by sops, by envs or files");
            }
        }
    }
}

/// Whether a key is named as what must be kept secret.
fn is_secret_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase().replace(['-', '_', '.'], "");
    let ends = [
        "password",
        "passwd",
        "passphrase",
        "token",
        "secret",
        "secretkey",
        "privatekey",
        "apikey",
        "accesskey",
        "clientsecret",
    ];
    ends.iter().any(|end| name.ends_with(end))
}

/// Whether a value is written to be replaced: by a variable, by a template, or by somebody.
pub(super) fn is_placeholder(text: &str) -> bool {
    let lower = text.trim().to_ascii_lowercase();
    let marks = [
        "${",
        "$(",
        "{{",
        "<<",
        "enc[",
        "change",
        "replace",
        "example",
        "placeholder",
        "your",
        "todo",
        "xxx",
        "dummy",
        "redacted",
        "secret",
        "password",
        "insert",
        "fake",
        "test",
        "<",
        "...",
        "***",
        "ref+",
        "op://",
        "vault:",
    ];
    lower.len() < 6
        || marks.iter().any(|mark| lower.contains(mark))
        || matches!(
            lower.as_str(),
            "null" | "none" | "false" | "true" | "default" | "admin"
        )
        || [lower.as_str(), lower.rsplit('-').next().unwrap_or_default()]
            .iter()
            .any(|text| text.len() > 5 && text.chars().collect::<BTreeSet<char>>().len() == 1)
}

/// Whether something of a known shape is an example: one sign over and over, or one that says so.
fn is_made_up(text: &str) -> bool {
    let signs: BTreeSet<char> = text.chars().skip(8).collect();
    let lower = text.to_ascii_lowercase();
    signs.len() < 8
        || ["example", "xxxx", "redacted", "0000000000"]
            .iter()
            .any(|mark| lower.contains(mark))
}

fn is_blank(node: &Node) -> bool {
    matches!(&node.kind, Kind::Scalar { text, .. } if text.trim().is_empty())
}

/// What base64 holds, if it is text.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let (mut bits, mut count) = (0_u32, 0);
    for c in text
        .bytes()
        .filter(|c| !c.is_ascii_whitespace() && *c != b'=')
    {
        let value = match c {
            b'A'..=b'Z' => c - b'A',
            b'a'..=b'z' => c - b'a' + 26,
            b'0'..=b'9' => c - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count & 0xff) as u8);
            bits &= (1 << count) - 1;
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_a_secret() {
        assert_eq!(decoded("aHVudGVyMg==").as_deref(), Some("hunter2"));
        assert_eq!(decoded("${X}"), None);
        assert!(is_secret_name("DB_PASSWORD") && is_secret_name("api-key"));
        assert!(!is_secret_name("username") && !is_secret_name("tokenUrl"));
        for text in [
            "",
            "changeme",
            "${TOKEN}",
            "ENC[AES256_GCM,data:x]",
            "<password>",
            "aaaaaaaa",
        ] {
            assert!(is_placeholder(text), "{text}");
        }
        assert!(!is_placeholder("hunter2-quux"));
    }
}
