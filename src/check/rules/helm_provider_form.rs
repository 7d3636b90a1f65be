//! Settings of Terraform's provider of Helm in the form of another version than is asked for.

use std::collections::BTreeSet;

use crate::check::finding::{Findings, Severity, Spot};
use crate::check::registry::Rule;
use crate::index::Repository;
use crate::index::terraform::{OldForm, Stack};

pub(in crate::check) const RULE: Rule = Rule {
    id: "helm-provider-form",
    severity: Severity::Error,
    summary: "blocks of Terraform's provider of Helm that version 3 takes as attributes",
    check,
};

fn check(repository: &Repository<'_>, findings: &mut Findings) {
    let mut told: BTreeSet<(String, usize)> = BTreeSet::new();
    for stack in &repository.terraform.stacks {
        for form in &stack.old_forms {
            let at = Spot::span(form.source, form.span.clone());
            let Some(version) = wanted(stack, form, repository) else {
                continue;
            };
            if !told.insert(at.key()) {
                continue;
            }
            let word = &form.word;
            let finding = findings.add(
                at,
                format!(
                    "`{word}` is a block, and version {version} of the provider takes an attribute"
                ),
            );
            finding.effect(
                "terraform stops: \"Unsupported block type\", and nothing of this folder is planned",
            );
            finding.hint(match word.as_str() {
                "set" | "set_list" | "set_sensitive" | "registry" | "experiments" => format!(
                    "write {} = [{{ … }}], a list of objects",
                    if word == "registry" {
                        "registries"
                    } else {
                        word
                    }
                ),
                word => format!("write {word} = {{ … }}, and exec = {{ … }} in it"),
            });
            let behind = form.words.iter().flatten();
            let edits = behind.map(|end| (Spot::span(form.source, *end..*end), " =".to_owned()));
            let edits: Vec<(Spot, String)> = edits.collect();
            if !edits.is_empty() {
                finding.fix("write attributes", edits);
            }
        }
    }
}

/// The constraint on the provider that asks for version 3 or later, of the module itself or of the root that calls it.
fn wanted(stack: &Stack<'_>, form: &OldForm<'_>, repository: &Repository<'_>) -> Option<String> {
    let modules = &repository.terraform.modules;
    [form.folder, stack.folder].iter().find_map(|folder| {
        let (_, _, version) = modules.get(*folder)?.provider("helm")?;
        is_third(&version).then_some(version)
    })
}

/// Whether a constraint excludes versions before 3.
fn is_third(constraint: &str) -> bool {
    constraint.split(',').any(|part| {
        let part = part.trim();
        let number = part.trim_start_matches(['=', '>', '~', ' ']);
        let major: Option<u32> = number
            .split('.')
            .next()
            .and_then(|major| major.parse().ok());
        !part.starts_with(['<', '!']) && major.is_some_and(|major| major >= 3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constraints_that_leave_no_second_version() {
        for (constraint, third) in [
            ("~> 3.1", true),
            (">= 3.0, < 4.0", true),
            ("3.1.2", true),
            ("~> 2.17", false),
            (">= 2.0", false),
            ("< 3.0.0", false),
            ("!= 3.0.0", false),
        ] {
            assert_eq!(is_third(constraint), third, "{constraint}");
        }
    }
}
