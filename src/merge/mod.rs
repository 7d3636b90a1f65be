//! Setting a new render against what is there: base (the last render), ours (the folder), theirs (the new render).

mod edited;
mod entries;
mod lines;
mod moves;
mod partly;
mod shape;
mod text;
mod values;
mod version;
mod yaml;

pub use edited::{Standing, in_step, standing};
pub use moves::Moves;
pub use partly::{LeftOut, Partly, partly};
pub use text::marked;

use crate::change::{Action, Change, Conflict, FileChange, Sides};
use crate::model::{RECORD, RepoPath, Tree};

/// Merges file by file. Pure.
///
/// A file that only one side changed takes that side. For a file that both have and base has not, a set of lines
/// (`.gitignore`, `.gitattributes`) is joined, a README that says nothing yet is replaced, and anything else is a
/// conflict: nothing of the user's is ever overwritten.
pub fn merge(base: &Tree, ours: &Tree, theirs: &Tree) -> Change {
    let mut change = Change::default();
    for (path, new) in theirs {
        match merge_file(path, base.get(path), ours.get(path), new) {
            Outcome::Keep => {
                let old = base.get(path).filter(|old| *old != new);
                if old.is_some() && !ours.contains_key(path) {
                    change.deleted.insert(path.clone());
                }
            }
            Outcome::Take(text) => {
                let before = ours.get(path).cloned();
                if before.is_some() && &text != new {
                    change.merged.insert(path.clone());
                }
                let action = if before.is_some() {
                    Action::Edit
                } else {
                    Action::Create
                };
                change.files.insert(
                    path.clone(),
                    FileChange {
                        action,
                        before,
                        after: Some(text),
                    },
                );
            }
            Outcome::Conflict(reason) => {
                if let Some(ours) = ours.get(path) {
                    let sides = Sides {
                        base: base.get(path).cloned(),
                        ours: ours.clone(),
                        theirs: Some(new.clone()),
                    };
                    change.sides.insert(path.clone(), sides);
                }
                change.conflicts.push(Conflict {
                    path: path.clone(),
                    reason,
                });
            }
        }
    }
    for (path, old) in base {
        let Some(mine) = ours.get(path).filter(|_| !theirs.contains_key(path)) else {
            continue;
        };
        if mine == old {
            let file = FileChange {
                action: Action::Delete,
                before: Some(mine.clone()),
                after: None,
            };
            change.files.insert(path.clone(), file);
        } else {
            let sides = Sides {
                base: Some(old.clone()),
                ours: mine.clone(),
                theirs: None,
            };
            change.sides.insert(path.clone(), sides);
            change.conflicts.push(Conflict {
                path: path.clone(),
                reason: "it would be deleted, and was edited".to_owned(),
            });
        }
    }
    change
}

enum Outcome {
    Keep,
    Take(String),
    Conflict(String),
}

fn merge_file(
    path: &RepoPath,
    base: Option<&String>,
    ours: Option<&String>,
    theirs: &String,
) -> Outcome {
    match (base, ours) {
        (None, None) => Outcome::Take(theirs.clone()),
        (_, Some(ours)) if ours == theirs => Outcome::Keep,
        (Some(base), Some(_)) if base == theirs => Outcome::Keep,
        (Some(base), Some(ours)) if base == ours => {
            let text = if is_record(path) {
                theirs.clone()
            } else {
                edited::never_back(ours, theirs)
            };
            if &text == ours {
                Outcome::Keep
            } else {
                Outcome::Take(text)
            }
        }
        // What the user deleted stays deleted.
        (Some(_), None) => Outcome::Keep,
        (Some(base), Some(ours)) => both(path, base, ours, theirs),
        (None, Some(ours)) => match path.as_str() {
            ".gitignore" | ".gitattributes" => {
                let joined = lines::join(ours, theirs);
                if &joined == ours {
                    Outcome::Keep
                } else {
                    Outcome::Take(joined)
                }
            }
            "README.md" if lines::is_bare_readme(ours) => Outcome::Take(theirs.clone()),
            _ => Outcome::Conflict("it is there already, with other content".to_owned()),
        },
    }
}

/// Both sides changed a file, or its version may have.
fn both(path: &RepoPath, base: &str, ours: &str, theirs: &str) -> Outcome {
    // The record is written whole.
    if is_record(path) {
        return Outcome::Take(theirs.to_owned());
    }
    let merged = match path.as_str().rsplit_once('.') {
        Some((_, "yaml" | "yml")) => {
            yaml::merge(path.as_str(), Some(base), ours, theirs, keeps_order(path))
        }
        _ => text::merge(base, ours, theirs),
    };
    match merged {
        Ok(text) if text == ours => Outcome::Keep,
        Ok(text) => Outcome::Take(text),
        Err(reason) => Outcome::Conflict(reason),
    }
}

fn is_record(path: &RepoPath) -> bool {
    path.parents().next() == Some(RECORD)
}

/// Whether the order of a list says something: that of a cluster's infrastructure is Terraform's order of installation.
fn keeps_order(path: &RepoPath) -> bool {
    let parts: Vec<&str> = path.as_str().split('/').collect();
    matches!(
        parts.as_slice(),
        ["clusters", _, "infrastructure", "kustomization.yaml"]
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(files: &[(&str, &str)]) -> Tree {
        files
            .iter()
            .map(|(path, text)| (RepoPath::new(*path).unwrap(), (*text).to_owned()))
            .collect()
    }

    fn shown(change: &Change) -> Vec<String> {
        let files = change.files.iter().map(|(path, f)| {
            format!(
                "{:?} {path} {}",
                f.action,
                f.after.as_deref().unwrap_or("-")
            )
        });
        let conflicts = change
            .conflicts
            .iter()
            .map(|c| format!("Conflict {}", c.path));
        files.chain(conflicts).collect()
    }

    #[test]
    fn three_ways() {
        let base = tree(&[
            ("same", "1"),
            ("mine", "1"),
            ("new", "1"),
            ("both", "1"),
            ("gone", "1"),
            ("edited", "1"),
            ("deleted", "1"),
        ]);
        let ours = tree(&[
            ("same", "1"),
            ("mine", "2"),
            ("new", "1"),
            ("both", "2"),
            ("gone", "1"),
            ("edited", "2"),
        ]);
        let theirs = tree(&[
            ("same", "1"),
            ("mine", "1"),
            ("new", "3"),
            ("both", "3"),
            ("deleted", "1"),
            ("added", "4"),
        ]);
        assert_eq!(
            shown(&merge(&base, &ours, &theirs)),
            [
                "Create added 4",
                "Delete gone -",
                "Edit new 3",
                "Conflict both",
                "Conflict edited"
            ]
        );
    }

    #[test]
    fn an_existing_folder_loses_nothing() {
        let ours = tree(&[
            (".gitignore", "/mine\n*.log"),
            ("README.md", "# acme\n\nOur platform.\n"),
            ("renovate.json", "{}\n"),
            ("apps/kept.yaml", "x"),
        ]);
        let theirs = tree(&[
            (".gitignore", "*.log\n.terraform/\n"),
            ("README.md", "# new\n"),
            ("renovate.json", "{ }\n"),
        ]);
        assert_eq!(
            shown(&merge(&Tree::new(), &ours, &theirs)),
            [
                "Edit .gitignore /mine\n*.log\n.terraform/\n",
                "Edit README.md # new\n",
                "Conflict renovate.json"
            ]
        );
    }

    #[test]
    fn twice_is_once() {
        let theirs = tree(&[("a", "1"), (".gitignore", "x\n")]);
        assert!(merge(&Tree::new(), &theirs, &theirs).files.is_empty());
    }
}
