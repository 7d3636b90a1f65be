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

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use crate::index::{Cluster, Known, Repository, folder_of};

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
    // Whether an allowance is used shows only when all rules run.
    let asked = only;
    let only = if asked.contains(&rules::unused_allowance::RULE.id) {
        &[]
    } else {
        asked
    };
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
    report.findings.retain(|finding| {
        let wanted = asked.is_empty() || asked.contains(&finding.rule);
        wanted && !is_idle(finding, repository)
    });
    for finding in &mut report.findings {
        if is_test_data(finding, repository) {
            finding.severity(Severity::Hint);
        }
    }
    report.findings.sort_by_cached_key(Finding::order);
    report.findings.dedup_by(|later, first| {
        let same = first.says_the_same(later);
        if same {
            first.clusters.append(&mut later.clusters);
        }
        same
    });
    gather(&mut report.findings);
    say_where(&mut report.findings, repository);
    let mut alike: BTreeMap<String, usize> = BTreeMap::new();
    for finding in &mut report.findings {
        let number = alike.entry(finding.fingerprint()).or_default();
        finding.number = *number;
        *number += 1;
    }
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

/// Folders of what tests take, by custom: what is wrong there is often so on purpose.
const TEST_DATA: [&str; 5] = ["testdata", "fixtures", "__fixtures__", "tests", "e2e"];

/// Whether a finding is of what tests take, and no Flux is known to read it.
fn is_test_data(finding: &Finding, repository: &Repository<'_>) -> bool {
    let file = finding.at.file();
    let mut folders = folder_of(file).split('/');
    let reads = |cluster: &Cluster<'_>| {
        cluster.start.known != Known::Implied && cluster.files.contains(file)
    };
    folders.any(|folder| TEST_DATA.contains(&folder)) && !repository.clusters.iter().any(reads)
}

/// Says on which clusters a finding is, where others read its file too and do not have it.
fn say_where(findings: &mut [Finding], repository: &Repository<'_>) {
    for finding in findings {
        let file = finding.at.file();
        let clusters = &repository.clusters;
        let readers = clusters
            .iter()
            .filter(|cluster| cluster.files.contains(file))
            .count();
        if readers <= finding.clusters.len() {
            finding.clusters.clear();
        }
        if finding.clusters.is_empty() {
            continue;
        }
        let few: Vec<&str> = finding
            .clusters
            .iter()
            .take(3)
            .map(String::as_str)
            .collect();
        let more = match finding.clusters.len() - few.len() {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let on = format!(
            " (on {}{more}, not on all {readers} that read this)",
            few.join(", ")
        );
        finding.effect.push_str(&on);
    }
}

/// Tells once of what one place does to many objects, a template or a patch that all of them share, and of what has one
/// cause elsewhere. The findings are in order.
fn gather(findings: &mut Vec<Finding>) {
    let cause = |finding: &Finding| {
        let (file, at) = finding.at.key();
        let place = (file, Some(at), finding.hint.clone());
        let cause = finding.cause.clone();
        let place = cause.map_or(place, |cause| (cause, None, String::new()));
        (finding.rule, finding.severity, place)
    };
    let mut first: BTreeMap<_, usize> = BTreeMap::new();
    let mut told: Vec<Finding> = Vec::new();
    for mut finding in std::mem::take(findings) {
        let known = *first.entry(cause(&finding)).or_insert(told.len());
        let Some(one) = told.get_mut(known) else {
            told.push(finding);
            continue;
        };
        one.others += 1;
        one.clusters.append(&mut finding.clusters);
        // What mends one of several places does not mend the others.
        if let (Some(fix), Some(more)) = (&mut one.fix, finding.fix) {
            for edit in more.edits {
                if !fix.edits.contains(&edit) {
                    fix.edits.push(edit);
                }
            }
        }
    }
    *findings = told;
}

/// Lets what is said of any field give way to what is said of this one.
fn give_way(findings: &mut Vec<Finding>) {
    let general = rules::misspelt_field::RULE.id;
    let place = |finding: &Finding| finding.at.key();
    let said: BTreeSet<_> = findings
        .iter()
        .filter(|finding| finding.rule != general)
        .map(place)
        .collect();
    let reads = |finding: &Finding| finding.message.contains(rules::misspelt_field::READS);
    let booleans: BTreeSet<_> = findings
        .iter()
        .filter(|finding| finding.rule == general && reads(finding))
        .map(place)
        .collect();
    findings.retain(|finding| {
        if finding.rule == general {
            reads(finding) || !said.contains(&place(finding))
        } else {
            !booleans.contains(&place(finding))
        }
    });
}
