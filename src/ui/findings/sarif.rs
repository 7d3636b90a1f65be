//! Findings as SARIF 2.1.0 (OASIS), for code scanning.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::whole;
use crate::check::{Finding, RULES, Severity, Spot};

/// Findings as a SARIF log of one run.
pub fn sarif(findings: &[Finding]) -> Value {
    let rules: Vec<Value> = RULES
        .iter()
        .map(|rule| {
            json!({
                "id": rule.id,
                "shortDescription": {"text": rule.summary},
                "defaultConfiguration": {"level": level(rule.severity)},
            })
        })
        .collect();
    json!({
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "landform",
                "version": env!("CARGO_PKG_VERSION"),
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            }},
            "columnKind": "unicodeCodePoints",
            "results": findings.iter().map(result).collect::<Vec<_>>(),
        }],
    })
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Hint => "note",
    }
}

fn result(finding: &Finding) -> Value {
    let number = RULES.iter().position(|rule| rule.id == finding.rule);
    let related: Vec<Value> = finding
        .related
        .iter()
        .map(|(at, label)| {
            let mut location = location(at);
            location["message"] = json!({"text": label});
            location
        })
        .collect();
    json!({
        "ruleId": finding.rule,
        "ruleIndex": number,
        "level": level(finding.severity),
        "message": {"text": whole(finding)},
        "locations": [location(&finding.at)],
        "relatedLocations": related,
        "partialFingerprints": {"landform/v1": finding.fingerprint()},
    })
}

fn location(at: &Spot) -> Value {
    let ((line, column), (end_line, end_column)) = (at.line_column(), at.end());
    json!({
        "physicalLocation": {
            "artifactLocation": {"uri": uri(at.file())},
            "region": {
                "startLine": line,
                "startColumn": column,
                "endLine": end_line,
                "endColumn": end_column,
            },
        },
    })
}

/// A path as a relative reference (RFC 3986).
fn uri(path: &str) -> String {
    let mut uri = String::new();
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/!$&'()*+,;=@".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            let _ = write!(uri, "%{byte:02X}");
        }
    }
    uri
}
