//! Findings as data: `landform schema check` describes the form.

use schemars::JsonSchema;
use serde::Serialize;

use super::counts;
use crate::check::{Finding, Spot, ToDo};

/// What `landform check --json` prints.
#[derive(Debug, Serialize, JsonSchema)]
pub struct FindingsReport {
    /// Version of this form: 1.
    pub format: u32,
    /// Findings, by file and place.
    pub findings: Vec<FindingReport>,
    /// How many errors.
    pub errors: usize,
    /// How many warnings.
    pub warnings: usize,
    /// How many hints.
    pub hints: usize,
    /// How many findings somebody allows.
    pub allowed: usize,
    /// How many files were looked at.
    pub files: usize,
    /// Files that a template language makes (Jinja, Go): what they will say is not known, and they are passed over.
    pub templated: Vec<String>,
    /// The clusters that were found, by the folder in which their Flux begins.
    pub clusters: Vec<String>,
    /// Secrets that something needs and nothing in the repository makes.
    pub to_do: Vec<ToDoReport>,
}

/// A Secret that is to be made by hand.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ToDoReport {
    /// Its namespace, where that is known.
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
    /// Its keys, as far as they are named.
    pub keys: Vec<String>,
    /// The clusters that need it, by the folder in which their Flux begins.
    pub clusters: Vec<String>,
    /// What needs it.
    pub users: Vec<RelatedReport>,
}

/// A finding.
#[derive(Debug, Serialize, JsonSchema)]
pub struct FindingReport {
    /// The rule's name: `landform explain` tells of it.
    pub rule: String,
    /// `error`, `warning` or `hint`.
    pub severity: String,
    /// Where.
    #[serde(flatten)]
    pub at: SpotReport,
    /// What is wrong.
    pub message: String,
    /// What Flux does then.
    pub effect: String,
    /// What mends it.
    pub hint: String,
    /// Other places that belong to it.
    pub related: Vec<RelatedReport>,
    /// The clusters that it is on, by the folder in which their Flux begins, if others read the file and do not have it.
    /// Empty if it is on all of them.
    pub clusters: Vec<String>,
    /// Whether `--fix` mends it.
    pub fixable: bool,
    /// What it has in common with itself after other lines have changed: for `--baseline`.
    pub fingerprint: String,
}

/// A place in a file.
#[derive(Debug, Serialize, JsonSchema)]
pub struct SpotReport {
    /// Path from the root of the repository.
    pub file: String,
    /// 1-based.
    pub line: usize,
    /// 1-based, in characters.
    pub column: usize,
    /// 1-based line of the end.
    pub end_line: usize,
    /// 1-based column behind the end.
    pub end_column: usize,
}

/// Another place that belongs to a finding.
#[derive(Debug, Serialize, JsonSchema)]
pub struct RelatedReport {
    /// Where.
    #[serde(flatten)]
    pub at: SpotReport,
    /// What it is.
    pub label: String,
}

impl From<&Spot> for SpotReport {
    fn from(at: &Spot) -> Self {
        let ((line, column), (end_line, end_column)) = (at.line_column(), at.end());
        Self {
            file: at.file().to_owned(),
            line,
            column,
            end_line,
            end_column,
        }
    }
}

/// Findings as data.
pub fn report(
    findings: &[Finding],
    allowed: usize,
    files: usize,
    templated: Vec<String>,
    clusters: Vec<String>,
    to_do: &[ToDo],
) -> FindingsReport {
    let counts = counts(findings);
    FindingsReport {
        format: 1,
        findings: findings.iter().map(one).collect(),
        errors: counts[0].1,
        warnings: counts[1].1,
        hints: counts[2].1,
        allowed,
        files,
        templated,
        clusters,
        to_do: to_do.iter().map(secret).collect(),
    }
}

fn secret(to_do: &ToDo) -> ToDoReport {
    let users = to_do.users.iter().map(|(who, at)| RelatedReport {
        at: at.into(),
        label: who.clone(),
    });
    ToDoReport {
        namespace: to_do.namespace.clone(),
        name: to_do.name.clone(),
        keys: to_do.keys.iter().cloned().collect(),
        clusters: to_do.clusters.iter().cloned().collect(),
        users: users.collect(),
    }
}

fn one(finding: &Finding) -> FindingReport {
    let related = finding.related.iter().map(|(at, label)| RelatedReport {
        at: at.into(),
        label: label.clone(),
    });
    FindingReport {
        rule: finding.rule.to_owned(),
        severity: finding.severity.as_str().to_owned(),
        at: (&finding.at).into(),
        message: finding.said(),
        effect: finding.effect.clone(),
        hint: finding.hint.clone(),
        related: related.collect(),
        clusters: finding.clusters.iter().cloned().collect(),
        fixable: finding.fix.is_some(),
        fingerprint: finding.fingerprint(),
    }
}
