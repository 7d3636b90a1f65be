//! Kustomizations that `kustomize build` refuses for what they are, or for where they lead.

use std::collections::{BTreeMap, BTreeSet};

use super::common::has_open_parts;
use crate::check::finding::{Findings, Severity, Spot};
use crate::check::registry::Rule;
use crate::index::{
    Folder, Index, KUSTOMIZATION, Repository, folder_of, is_kustomization, is_remote, join,
};
use crate::yaml::Node;

pub(in crate::check) const RULE: Rule = Rule {
    id: "broken-kustomization",
    severity: Severity::Error,
    summary: "a kustomization that kustomize refuses: of a wrong kind, in a circle, or leading out of the repository",
    check,
};

/// Lists that lead to folders, and whether to Components.
const LISTS: [(&str, bool); 3] = [("resources", false), ("bases", false), ("components", true)];

fn check(repository: &Repository<'_>, findings: &mut Findings) {
    let index = repository.index;
    for (path, documents) in &index.files {
        if index.hidden.contains(path) {
            continue;
        }
        if !is_kustomization(path) {
            continue;
        }
        let folder = folder_of(path);
        let Some(node) = documents.first() else {
            continue;
        };
        if index.kustomization_file(folder).as_ref() != Some(path) {
            continue;
        }
        let lines = Lines {
            path,
            folder,
            node,
            repository,
        };
        lines.names(findings);
        lines.empty(findings);
        lines.kind(findings);
        lines.paths(findings);
        lines.targets(findings);
    }
    circles(repository, findings);
    components(repository, findings);
}

/// A kustomization.
struct Lines<'r, 'a> {
    path: &'r str,
    folder: &'r str,
    node: &'r Node,
    repository: &'r Repository<'a>,
}

impl Lines<'_, '_> {
    fn add(&self, at: &Node, message: String, why: &str, hint: String, findings: &mut Findings) {
        add(self.path, at, message, why, hint, self.repository, findings);
    }

    /// kustomize, `kusttarget.go`: "Found multiple kustomization files under".
    fn names(&self, findings: &mut Findings) {
        let index = self.repository.index;
        let own = self.path.rsplit('/').next().unwrap_or_default();
        let other = KUSTOMIZATION
            .iter()
            .filter(|name| **name != own)
            .find(|name| {
                let path = format!("{}/{name}", self.folder);
                index.paths.contains(&path) && !index.hidden.contains(&path)
            });
        let first = self.node.entries().first();
        if let (Some(other), Some((at, _))) = (other, first) {
            let message = format!("a {other} lies beside this {own}");
            let hint = "put into one of them what both say, and take the other away".to_owned();
            self.add(
                at,
                message,
                "Found multiple kustomization files",
                hint,
                findings,
            );
        }
    }

    /// kustomize, `kusttarget.go`: "kustomization.yaml is empty". `resources: []` is not, `resources:` is.
    fn empty(&self, findings: &mut Findings) {
        let entries = self.node.entries();
        let says = |(key, value): &(Node, Node)| {
            !matches!(key.text(), Some("apiVersion" | "kind")) && !value.is_null()
        };
        if entries.is_empty() || entries.iter().any(says) {
            return;
        }
        let list = entries.iter().find(|(_, value)| value.is_null());
        let (message, hint) = match list {
            Some((key, _)) => (
                format!(
                    "`{}` has nothing in it, and neither has the rest",
                    key.text().unwrap_or_default()
                ),
                "write `[]` for a list that is meant to be empty, or list what the folder holds",
            ),
            None => (
                "a kustomization that says nothing".to_owned(),
                "list what the folder holds under resources, or `resources: []` for nothing",
            ),
        };
        let at = list.map_or(&entries[0].0, |(key, _)| key);
        let why = "kustomization.yaml is empty";
        self.add(at, message, why, hint.to_owned(), findings);
    }

    /// kustomize, `types/kustomization.go`, `EnforceFields`.
    fn kind(&self, findings: &mut Findings) {
        let Some(at) = self.node.get("kind") else {
            return;
        };
        let kind = at.text().unwrap_or_default();
        if matches!(kind, "" | "Kustomization" | "Component") || has_open_parts(kind) {
            return;
        }
        let near = crate::error::did_you_mean(kind, ["Kustomization", "Component"]);
        let hint = match near {
            Some(near) => format!("did you mean `{near}`?"),
            None => "write Kustomization, or give the file another name".to_owned(),
        };
        let message = format!("a kustomization cannot be of the kind {kind}");
        let why = "kind should be Kustomization or Component";
        self.add(at, message, why, hint, findings);
    }

    /// Flux gives kustomize no file outside of the source (fluxcd/pkg, `kustomize/filesys/fs_secure.go`).
    fn paths(&self, findings: &mut Findings) {
        let lists = LISTS.iter().flat_map(|(key, _)| items(self.node, key));
        let merges = items(self.node, "patchesStrategicMerge");
        let patches = items(self.node, "patches").iter();
        let patches = patches.filter_map(|patch| patch.get("path"));
        for item in lists.chain(merges).chain(patches) {
            let text = item.text().unwrap_or_default();
            if text.is_empty() || text.contains('\n') || has_open_parts(text) || is_remote(text) {
                continue;
            }
            // A folder that is looked at alone may be part of a repository: only one that Flux reads is surely all of it.
            let reached = self.repository.reached.contains(self.path);
            let is_whole = text.starts_with('/') || reached && self.repository.has_known_start();
            if join(self.folder, text).is_some() || !is_whole {
                continue;
            }
            let (message, why) = if text.starts_with('/') {
                (
                    format!("`{text}` begins with /"),
                    "new root cannot be absolute",
                )
            } else {
                (
                    format!("`{text}` leads out of the repository"),
                    "no such file or directory",
                )
            };
            let hint = "name what is in the repository, from the folder of this file".to_owned();
            self.add(item, message, why, hint, findings);
        }
    }

    /// kustomize, `kusttarget.go`, `accumulateDirectory`.
    fn targets(&self, findings: &mut Findings) {
        let index = self.repository.index;
        for (key, wants_component) in LISTS {
            for item in items(self.node, key) {
                let target = item.text().and_then(|text| join(self.folder, text));
                let Some(target) = target.filter(|target| !index.paths.contains(target)) else {
                    continue;
                };
                let Some(is_component) = is_component(&target, index) else {
                    continue;
                };
                let text = item.text().unwrap_or_default();
                if wants_component && !is_component {
                    let message = format!("`{text}` is no Component");
                    let hint =
                        format!("name it under resources, or write kind: Component in {target}");
                    let why = "expected kind 'Component' but got 'Kustomization'";
                    self.add(item, message, why, hint, findings);
                } else if !wants_component && is_component {
                    let message = format!("`{text}` is a Component");
                    let hint = "name it under components".to_owned();
                    self.add(
                        item,
                        message,
                        "expected kind != 'Component'",
                        hint,
                        findings,
                    );
                }
            }
        }
    }
}

fn add(
    path: &str,
    at: &Node,
    message: String,
    why: &str,
    hint: String,
    repository: &Repository<'_>,
    findings: &mut Findings,
) {
    let Some(source) = repository.index.texts.get(path) else {
        return;
    };
    let finding = findings.add(Spot::node(source, at), message);
    let folder = match folder_of(path) {
        "" => ".",
        folder => folder,
    };
    finding.effect(format!(
        "kustomize build fails (\"{why}\"), and Flux applies nothing of {folder}"
    ));
    finding.hint(hint);
    if !repository.reached.contains(path) && !repository.clusters.is_empty() {
        finding.severity(Severity::Warning);
    }
}

fn items<'n>(node: &'n Node, key: &str) -> &'n [Node] {
    node.get(key).map_or(&[], Node::items)
}

/// The kustomization of a folder, if it can be read, and Flux gets it.
fn kustomization<'i>(folder: &str, index: &'i Index) -> Option<(&'i String, &'i Node)> {
    let path = index.kustomization_file(folder)?;
    let (path, documents) = index.files.get_key_value(&path)?;
    (!index.hidden.contains(path)).then_some(())?;
    Some((path, documents.first()?))
}

/// Whether a folder is a Component; none if it has no kustomization, or one of no known kind.
fn is_component(folder: &str, index: &Index) -> Option<bool> {
    let (_, node) = kustomization(folder, index)?;
    match node.get("kind").and_then(Node::text) {
        Some("Component") => Some(true),
        None | Some("" | "Kustomization") => Some(false),
        Some(_) => None,
    }
}

/// A folder, and the file and the line that lead to it.
type Lead<'i> = (String, &'i String, &'i Node);

/// Folders that one leads to, each with the line that names it.
fn leads<'i>(folder: &str, index: &'i Index) -> Vec<Lead<'i>> {
    let Some((path, node)) = kustomization(folder, index) else {
        return Vec::new();
    };
    let lists = LISTS.iter().flat_map(|(key, _)| items(node, key));
    let found = lists.filter_map(|item| {
        let to = join(folder, item.text()?)?;
        let there = kustomization(&to, index).is_some() && !index.paths.contains(&to);
        there.then_some((to, path, item))
    });
    found.collect()
}

/// A way through folders: each with what it leads to, and how much of that is gone through.
struct Way<'i> {
    steps: Vec<(String, Vec<Lead<'i>>, usize)>,
    /// The folders of the way and all that hold one of them, by how many those are.
    holding: BTreeMap<String, usize>,
}

impl<'i> Way<'i> {
    fn push(&mut self, folder: String, index: &'i Index) {
        for above in upwards(&folder) {
            *self.holding.entry(above.to_owned()).or_default() += 1;
        }
        let leads = leads(&folder, index);
        self.steps.push((folder, leads, 0));
    }

    /// Leaves the last folder.
    fn pop(&mut self) {
        let Some((folder, _, _)) = self.steps.pop() else {
            return;
        };
        for above in upwards(&folder) {
            if let Some(count) = self.holding.get_mut(above) {
                *count -= 1;
                if *count == 0 {
                    self.holding.remove(above);
                }
            }
        }
    }

    /// The next line of the last folder that leads to another.
    fn next(&mut self) -> Option<Lead<'i>> {
        let (_, leads, gone) = self.steps.last_mut()?;
        let next = leads.get(*gone).cloned()?;
        *gone += 1;
        Some(next)
    }
}

/// A folder and those that hold it, up to the root.
fn upwards(folder: &str) -> impl Iterator<Item = &str> {
    let mut next = Some(folder);
    std::iter::from_fn(move || {
        let here = next?;
        next = (!here.is_empty()).then(|| folder_of(here));
        Some(here)
    })
}

/// kustomize refuses a folder that holds one by which it came (kustomize, `loader/fileloader.go`: "cycle detected").
/// Each folder is gone through once, so what is only a circle on a second way to it is not seen.
fn circles(repository: &Repository<'_>, findings: &mut Findings) {
    let index = repository.index;
    let mut done: BTreeSet<String> = BTreeSet::new();
    let folders: BTreeSet<&str> = index.files.keys().map(|path| folder_of(path)).collect();
    for start in folders {
        let mut way = Way {
            steps: Vec::new(),
            holding: BTreeMap::new(),
        };
        if done.insert(start.to_owned()) {
            way.push(start.to_owned(), index);
        }
        while !way.steps.is_empty() {
            let Some((to, path, item)) = way.next() else {
                way.pop();
                continue;
            };
            if way.holding.contains_key(&to) {
                let text = item.text().unwrap_or_default();
                let back = if to.is_empty() { "the root" } else { &to };
                let message = format!("`{text}` leads round in a circle, back to {back}");
                let hint = "name the folders that are meant, and none by which it is read";
                let hint = hint.to_owned();
                add(
                    path,
                    item,
                    message,
                    "cycle detected",
                    hint,
                    repository,
                    findings,
                );
            } else if done.insert(to.clone()) {
                way.push(to, index);
            }
        }
    }
}

/// `spec.components` of a Flux Kustomization, which Flux writes into the kustomization of its folder.
fn components(repository: &Repository<'_>, findings: &mut Findings) {
    let mut told = BTreeSet::new();
    for unit in repository.units() {
        let (Folder::Here(folder), Some(effective)) = (&unit.folder, &unit.effective) else {
            continue;
        };
        for item in effective.items(&["spec", "components"]) {
            let text = item.text().unwrap_or_default();
            let to = join(folder, text);
            let wrong = to.and_then(|to| is_component(&to, repository.index)) == Some(false);
            let at = Spot::from(&item);
            if wrong && told.insert((at.file().to_owned(), at.span.start)) {
                let finding = findings.add(at, format!("`{text}` is no Component"));
                finding.effect(format!(
                    "kustomize build fails (\"expected kind 'Component' but got 'Kustomization'\"), and {} applies nothing",
                    unit.name
                ));
                finding.hint("write kind: Component in its kustomization, or name another folder");
            }
        }
    }
}
