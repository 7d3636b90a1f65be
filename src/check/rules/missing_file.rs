//! A kustomization that names a file or folder that is not there, or that cannot be built.

use super::common::{mend_slip, near_path};
use crate::check::finding::{Findings, Severity, Spot};
use crate::check::registry::Rule;
use crate::index::{Reference, Repository, Role};

pub(in crate::check) const RULE: Rule = Rule {
    id: "missing-file",
    severity: Severity::Error,
    summary: "a kustomization names a file or folder that is not there",
    check,
};

fn check(repository: &Repository<'_>, findings: &mut Findings) {
    for (source, found) in repository.references {
        for reference in found {
            if matches!(
                reference.role,
                Role::FluxPath | Role::FluxComponent | Role::SyncPath
            ) {
                continue;
            }
            if reference.text.is_empty()
                || reference.text.contains("${")
                || crate::index::is_remote(&reference.text)
            {
                continue;
            }
            let Some(message) = wrong(&source.name, reference, repository) else {
                continue;
            };
            let read = repository.reached.contains(source.name.as_str());
            let finding = findings.add(Spot::span(source, reference.span.clone()), message);
            finding.effect("the build fails, and Flux applies nothing of it");
            finding.hint("write the name of what is meant, or take the line away");
            if let Some(near) = near_path(&reference.to, repository) {
                let written = match reference.text.strip_prefix("./") {
                    Some(_) => format!("./{}", crate::index::relative(&reference.from, &near)),
                    None => crate::index::relative(&reference.from, &near),
                };
                finding.hint(format!("did you mean `{written}`?"));
                let slash = if reference.text.ends_with('/') {
                    "/"
                } else {
                    ""
                };
                mend_slip(finding, &format!("{}{written}{slash}", reference.key));
            }
            if !read && !repository.clusters.is_empty() {
                finding.severity(Severity::Warning);
                finding.effect("its build fails; no Flux reads it by now");
            }
        }
    }
}

/// What is wrong with a reference.
fn wrong(file: &str, reference: &Reference, repository: &Repository<'_>) -> Option<String> {
    let index = repository.index;
    let (to, text) = (&reference.to, &reference.text);
    if index.hidden.contains(to) && !index.hidden.contains(file) {
        return Some(format!("`{text}` is kept from Flux by .sourceignore"));
    }
    if index.paths.contains(to) {
        return (reference.role == Role::Component)
            .then(|| format!("`{text}` is a file, and a component is a folder"));
    }
    if !to.is_empty() && !index.has_folder(to) {
        return Some(format!("`{text}` is not there"));
    }
    match reference.role {
        Role::Resource | Role::Component => index.kustomization_file(to).is_none().then(|| {
            format!("the folder `{text}` has no kustomization.yaml, so kustomize cannot take it in")
        }),
        // A folder of files is as good for a generator.
        Role::Generator | Role::Configuration => None,
        _ => Some(format!("`{text}` is a folder, and a file is wanted")),
    }
}
