//! A file that cannot be read as YAML.

use crate::check::finding::{Findings, Severity, Spot};
use crate::check::registry::Rule;
use crate::error::Place;
use crate::index::Repository;

pub(in crate::check) const RULE: Rule = Rule {
    id: "broken-yaml",
    severity: Severity::Warning,
    summary: "a file that is no YAML, or has a key twice",
    check,
};

fn check(repository: &Repository<'_>, findings: &mut Findings) {
    for problem in &repository.index.problems {
        let Some(Place::Span(source, span)) = &problem.at else {
            continue;
        };
        let read = repository.reached.contains(source.name.as_str());
        let finding = findings.add(Spot::span(source, span.clone()), problem.message.clone());
        finding.hint(
            problem
                .hint
                .clone()
                .unwrap_or_else(|| "mend the file".to_owned()),
        );
        if read {
            finding.severity(Severity::Error);
            finding.effect("Flux applies nothing of what is built together with this file");
        } else {
            finding.effect("no Flux reads it; whatever does will fail");
        }
    }
}
