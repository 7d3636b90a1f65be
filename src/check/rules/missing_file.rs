//! A kustomization that names a file or folder that is not there, or that cannot be built.

use super::common::{mend_slip, near_path};
use crate::check::finding::{Findings, Severity, Spot};
use crate::check::registry::Rule;
use crate::index::{Reference, Repository, Role, folder_of};

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
            if is_made_later(reference, repository) {
                finding.severity(Severity::Hint);
                finding.effect("the build fails until it is there");
            } else if !read && !repository.clusters.is_empty() {
                finding.severity(Severity::Warning);
                finding.effect("its build fails; no Flux reads it by now");
            }
        }
    }
}

/// Whether something is known to make what is named: `flux bootstrap` writes a folder of this name, and Terraform the
/// files that it names.
fn is_made_later(reference: &Reference, repository: &Repository<'_>) -> bool {
    let name = reference.to.rsplit('/').next().unwrap_or_default();
    let folder = folder_of(&reference.to);
    let terraform = || {
        let texts = repository.index.texts.iter();
        let mut terraform = texts.filter(|(path, _)| path.ends_with(".tf"));
        // Such a name is no one's in particular.
        !is_usual(name)
            && terraform.any(|(_, source)| {
                let mut places = source.text.match_indices(name);
                places.any(|(at, _)| {
                    let before = source.text[..at].chars().next_back();
                    let after = source.text[at + name.len()..].chars().next();
                    after == Some('"') && matches!(before, Some('/' | '"' | '}'))
                })
            })
    };
    let bootstrapped = name == "flux-system" && folder == reference.from;
    bootstrapped || terraform()
}

/// Whether many folders have a file of this name.
fn is_usual(name: &str) -> bool {
    name.is_empty() || name.starts_with("kustomization.") || name.starts_with("values.")
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
    if index.links.contains(to) {
        return Some(format!(
            "`{text}` is a symbolic link, which Flux leaves out"
        ));
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
