//! Findings of `landform check`, for people and for programs.

mod forges;
mod human;
mod json;
mod sarif;
mod to_do;

pub use forges::{github, gitlab};
pub use human::{drawn, summary};
pub use json::{FindingsReport, report};
pub use sarif::sarif;
pub use to_do::to_do;

use crate::check::{Finding, Severity};

/// How many findings there are of each weight, errors first.
fn counts(findings: &[Finding]) -> Vec<(Severity, usize)> {
    let count = |severity| {
        let of_it = findings
            .iter()
            .filter(|finding| finding.severity == severity);
        (severity, of_it.count())
    };
    Severity::ALL
        .iter()
        .rev()
        .map(|severity| count(*severity))
        .collect()
}

/// Cause, effect and cure in one text.
fn whole(finding: &Finding) -> String {
    let mut text = finding.said();
    for part in [&finding.effect, &finding.hint] {
        if !part.is_empty() {
            text += "; ";
            text += part;
        }
    }
    text
}
