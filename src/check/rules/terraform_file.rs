//! Files that Terraform reads, and that are not there or do not say what is read of them.

use super::common::{mend_slip, near_path};
use crate::check::finding::{Findings, Severity, Spot};
use crate::check::registry::Rule;
use crate::index::terraform::{Ails, Trouble};
use crate::index::{Repository, folder_of};

pub(in crate::check) const RULE: Rule = Rule {
    id: "terraform-file",
    severity: Severity::Error,
    summary: "a file or module that Terraform reads is not there, or does not say what is read of it",
    check,
};

fn check(repository: &Repository<'_>, findings: &mut Findings) {
    let mut told = std::collections::BTreeSet::new();
    for stack in &repository.terraform.stacks {
        for trouble in &stack.troubles {
            let at = Spot::span(trouble.source, trouble.span.clone());
            if told.insert(at.key()) {
                tell(at, trouble, stack.folder, repository, findings);
            }
        }
    }
}

fn tell(
    at: Spot,
    trouble: &Trouble<'_>,
    stack: &str,
    repository: &Repository<'_>,
    findings: &mut Findings,
) {
    let message = match &trouble.ails {
        Ails::NoFile(path) => format!("Terraform reads {path}, which is not there"),
        Ails::NoModule(path) => format!("the module lies in {path}, which is not there"),
        Ails::Documents(path) => {
            format!("Terraform decodes {path}, which has more than one document")
        }
        Ails::NoAttribute(file, path, name) => {
            let whole = match path.as_str() {
                "" => name.clone(),
                path => format!("{path}.{name}"),
            };
            format!("Terraform reads {whole} of {file}, which does not say it")
        }
        Ails::NoKey(key) => {
            let written = at.source.text.get(at.span.clone()).unwrap_or_default();
            let written = written.split('[').next().unwrap_or_default();
            format!("`{written}` has no `{key}`, going by the files that it is made of")
        }
        Ails::Other => return,
    };
    let finding = findings.add(at, message);
    let name = match stack {
        "" => "the root module",
        stack => stack,
    };
    finding.effect(format!("terraform stops, and nothing of {name} is made"));
    match &trouble.ails {
        Ails::NoFile(path) | Ails::NoModule(path) => {
            finding.hint("name the one that is meant, or write it");
            let near = near_path(path, repository);
            if let Some(near) = &near {
                finding.hint(format!("did you mean `{near}`?"));
                mend(finding, path, near);
            }
            // Something may write it before Terraform runs; what Flux reads nobody does.
            let reads = repository.index.has_folder(folder_of(path))
                && [".yaml", ".yml"].iter().any(|end| path.ends_with(end));
            if near.is_none() && !reads && matches!(trouble.ails, Ails::NoFile(_)) {
                finding.severity(Severity::Hint);
                finding.effect(format!(
                    "unless something writes it before, terraform stops, and nothing of {name} is made"
                ));
            }
        }
        Ails::NoKey(_) => {
            finding
                .hint("look at the paths and names that it is made of: one of them leads nowhere");
        }
        Ails::Documents(_) => {
            finding.hint("let each file that Terraform decodes hold one document");
        }
        _ => {
            finding.hint(
                "write it there: what a kustomization or a patch adds, Terraform does not see",
            );
        }
    }
}

/// A slip in the last name of a path is mended where that name is written out.
fn mend(finding: &mut crate::check::finding::Finding, path: &str, near: &str) {
    let (wrong, right) = (last(path), last(near));
    let text = finding.at.source.text.get(finding.at.span.clone());
    if text.is_some_and(|text| text.matches(wrong).count() == 1)
        && folder_of(path) == folder_of(near)
    {
        let at = finding.at.clone();
        let start = at.span.start + text.and_then(|text| text.find(wrong)).unwrap_or_default();
        finding.at.span = start..start + wrong.len();
        mend_slip(finding, right);
        finding.at = at;
    }
}

fn last(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}
