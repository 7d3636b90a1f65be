//! Findings as GitHub and GitLab show them beside the lines of a change.

use serde_json::{Value, json};

use super::whole;
use crate::check::{Finding, Severity};

/// Workflow commands of GitHub Actions, a line each.
pub fn github(findings: &[Finding]) -> String {
    let lines = findings.iter().map(|finding| {
        let level = match finding.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Hint => "notice",
        };
        let ((line, column), (end_line, end_column)) = (finding.at.line_column(), finding.at.end());
        format!(
            "::{level} file={},line={line},col={column},endLine={end_line},endColumn={end_column},title={}::{}\n",
            property(finding.at.file()),
            property(finding.rule),
            data(&whole(finding))
        )
    });
    lines.collect()
}

/// What a workflow command's text may not hold as it is.
fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

/// A Code Quality report of GitLab.
pub fn gitlab(findings: &[Finding]) -> Value {
    let each = findings.iter().map(|finding| {
        let severity = match finding.severity {
            Severity::Error => "major",
            Severity::Warning => "minor",
            Severity::Hint => "info",
        };
        let (line, _) = finding.at.line_column();
        json!({
            "description": whole(finding),
            "check_name": finding.rule,
            "fingerprint": short(&finding.fingerprint()),
            "severity": severity,
            "location": {"path": finding.at.file(), "lines": {"begin": line}},
        })
    });
    Value::Array(each.collect())
}

/// A short name of a text that stays the same (FNV-1a, 64 bits).
fn short(text: &str) -> String {
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("{hash:016x}")
}
