//! An allowance of a rule that finds nothing there.

use std::ops::Range;
use std::sync::Arc;

use crate::check::finding::{Findings, Severity, Spot};
use crate::check::registry::{Rule, rule};
use crate::error::{Source, suggest};
use crate::index::Repository;

pub(in crate::check) const RULE: Rule = Rule {
    id: "unused-allowance",
    severity: Severity::Warning,
    summary: "an allowance of a rule that finds nothing there, or without a reason",
    check,
};

/// What allows nothing is known only when every other rule has looked: see `allow::sift`.
fn check(_repository: &Repository<'_>, _findings: &mut Findings) {}

/// Tells of a comment.
pub(in crate::check) fn comment(
    source: &Arc<Source>,
    span: Range<usize>,
    name: &str,
    has_reason: bool,
    findings: &mut Findings,
) {
    let at = Spot::span(source, span);
    if rule(name).is_none() {
        let names = crate::check::RULES.iter().map(|rule| rule.id);
        let finding = findings.add(at, format!("there is no rule `{name}`"));
        finding.hint(suggest(name, names));
        finding.effect("nothing is allowed by it");
    } else if has_reason {
        let finding = findings.add(at, format!("{name} finds nothing here"));
        finding.hint("take the comment away");
        finding.effect("it would hide the next finding here");
    } else {
        let finding = findings.add(
            at,
            format!("this allows {name} without a reason, so it does not"),
        );
        finding.hint(format!("say why: # landform: allow {name} REASON"));
        finding.effect("the finding stays");
    }
}

/// Tells of an entry of the configuration.
pub(in crate::check) fn entry(at: Spot, name: &str, path: &str, findings: &mut Findings) {
    let finding = findings.add(at, format!("{name} finds nothing in {path}"));
    finding.hint("take the entry away");
    finding.effect("it would hide the next finding there");
}
