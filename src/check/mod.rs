//! Whether a repository holds together: rules over what Flux would read, each finding with its place, what Flux would
//! do, and what mends it.
//!
//! It shares nothing with the model of a platform: any Flux repository can be checked.

mod allow;
mod facts;
mod finding;
mod fixed;
mod registry;
mod rules;
mod to_do;

pub use allow::{CONFIG, Config, config_of};
pub use finding::{Finding, Findings, Fix, Severity, Spot};
pub use fixed::{Fixed, fixed};
pub use registry::{RULES, Rule, rule};
pub use to_do::{ToDo, to_do};

use rayon::prelude::*;

use crate::index::Repository;

/// What was found, and what was let pass.
#[derive(Debug, Default)]
pub struct Report {
    /// Findings, by file and place.
    pub findings: Vec<Finding>,
    /// How many findings somebody allows.
    pub allowed: usize,
}

/// Runs rules over a repository: all, or those of these names. Several at a time, in an order that does not depend on
/// which is the first to end.
pub fn check(repository: &Repository<'_>, only: &[&str], config: &Config) -> Report {
    let wanted = |rule: &&Rule| only.is_empty() || only.contains(&rule.id);
    let rules: Vec<&'static Rule> = RULES.iter().filter(wanted).collect();
    let mut findings: Vec<Finding> = rules
        .into_par_iter()
        .flat_map_iter(|rule| {
            let mut found = Findings::new(rule);
            (rule.check)(repository, &mut found);
            found.all
        })
        .collect();
    give_way(&mut findings);
    let mut report = allow::sift(repository, findings, config, only);
    report
        .findings
        .retain(|finding| !is_idle(finding, repository));
    report.findings.sort_by_cached_key(Finding::order);
    report.findings.dedup();
    gather(&mut report.findings);
    report
}

/// Whether a finding is of something that is put aside, so that nothing comes of it. A secret in clear is read all the
/// same, and a tool's own files are not Flux's.
fn is_idle(finding: &Finding, repository: &Repository<'_>) -> bool {
    let file = finding.at.file();
    finding.rule != rules::plain_secret::RULE.id
        && repository.index.files.contains_key(file)
        && !file.starts_with(".landform/")
        && repository.is_put_aside(file)
}

/// Tells once of what one place does to many objects: a template or a patch that all of them share. The findings are in
/// order.
fn gather(findings: &mut Vec<Finding>) {
    let cause = |finding: &Finding| {
        let at = finding.at.key();
        (finding.rule, at, finding.severity, finding.hint.clone())
    };
    let mut more: std::collections::BTreeMap<_, usize> = std::collections::BTreeMap::new();
    findings.retain(|finding| {
        let count = more.entry(cause(finding)).or_default();
        *count += 1;
        *count == 1
    });
    for finding in findings {
        if let Some(count) = more.get(&cause(finding)).filter(|count| **count > 1) {
            let others = match count - 1 {
                1 => "; another is as it".to_owned(),
                others => format!("; {others} others are as it"),
            };
            finding.message.push_str(&others);
        }
    }
}

/// Lets what is said of any field give way to what is said of this one.
fn give_way(findings: &mut Vec<Finding>) {
    let general = rules::misspelt_field::RULE.id;
    let place = |finding: &Finding| finding.at.key();
    let said: std::collections::BTreeSet<_> = findings
        .iter()
        .filter(|finding| finding.rule != general)
        .map(place)
        .collect();
    findings.retain(|finding| finding.rule != general || !said.contains(&place(finding)));
}
