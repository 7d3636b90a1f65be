//! Fields of a kustomization that kustomize has replaced.

use crate::check::finding::{Findings, Severity, Spot};
use crate::check::registry::Rule;
use crate::error::Source;
use crate::index::{Repository, folder_of};
use crate::yaml::{Kind, Node};

pub(in crate::check) const RULE: Rule = Rule {
    id: "legacy-kustomize",
    severity: Severity::Hint,
    summary: "a field of a kustomization that kustomize has replaced",
    check,
};

/// Each with what stands in its place (kustomize, `CheckDeprecatedFields`).
const OLD: [(&str, &str); 6] = [
    ("bases", "resources"),
    ("commonLabels", "labels"),
    ("imageTags", "images"),
    ("patchesJson6902", "patches"),
    ("patchesStrategicMerge", "patches"),
    ("vars", "replacements"),
];

fn check(repository: &Repository<'_>, findings: &mut Findings) {
    let index = repository.index;
    for (path, documents) in &index.files {
        let folder = folder_of(path);
        if index.kustomization_file(folder).as_ref() != Some(path) {
            continue;
        }
        let (Some(source), Some(node)) = (index.texts.get(path), documents.first()) else {
            continue;
        };
        for (old, new) in OLD {
            let entry = node
                .entries()
                .iter()
                .find(|(key, _)| key.text() == Some(old));
            let Some((key, value)) = entry else { continue };
            let finding = findings.add(
                Spot::node(source, key),
                format!("kustomize has replaced {old} by {new}"),
            );
            finding.effect("it works, with a warning; a later kustomize may no longer know it");
            finding.hint(match old {
                "commonLabels" => "write labels with pairs and includeSelectors: true; with false it leaves selectors, which cannot be changed later, as they are".to_owned(),
                "patchesStrategicMerge" => "write each as path or patch of an entry of patches".to_owned(),
                "vars" => "write a replacement with its source and targets".to_owned(),
                _ => format!("write its entries under {new}"),
            });
            let edits = match old {
                // The list has the same form, and may take the name if that is free.
                "bases" | "imageTags" | "patchesJson6902" if node.get(new).is_none() => {
                    Some(vec![(Spot::node(source, key), new.to_owned())])
                }
                "patchesStrategicMerge" if node.get(new).is_none() => {
                    paths(source, value, folder, repository).map(|items| {
                        let renamed = (Spot::node(source, key), new.to_owned());
                        let each = items.into_iter().map(|item| {
                            let before = item.span.start..item.span.start;
                            (Spot::span(source, before), "path: ".to_owned())
                        });
                        std::iter::once(renamed).chain(each).collect()
                    })
                }
                _ => None,
            };
            if let Some(edits) = edits {
                finding.fix(format!("write {new}"), edits);
            }
        }
    }
}

/// The items of a list in block form that are all paths of files.
fn paths<'a>(
    source: &Source,
    list: &'a Node,
    folder: &str,
    repository: &Repository<'_>,
) -> Option<Vec<&'a Node>> {
    let Kind::Sequence(items) = &list.kind else {
        return None;
    };
    let text = |item: &Node| {
        let text = item.text()?;
        let path = crate::index::join(folder, text)?;
        repository.index.paths.contains(&path).then_some(())
    };
    // In flow form `[a.yaml]` an entry would need braces.
    let block = !source.text.get(list.span.start..)?.starts_with('[');
    (block && items.iter().all(|item| text(item).is_some())).then(|| items.iter().collect())
}
