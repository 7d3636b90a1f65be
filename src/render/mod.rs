//! From model and catalogue to the tree of files. Pure: nothing is read or written.

mod cluster;
mod context;
mod repo;
mod shared;

use std::collections::BTreeSet;

use serde_json::Value;
use shared::UNGUARDED;
use tera::Context;

use crate::catalog::{Catalogue, SUFFIX};
use crate::error::{Error, Problem, Result, Source};
use crate::model::{Cluster, Platform, RepoPath, Tree, case_collision, write_record};
use crate::yaml::{Node, parse_foreign};

/// Files of a folder that its kustomization does not list as resources.
const NO_RESOURCES: [&str; 4] = [
    "kustomization.yaml",
    "values.yaml",
    "version.yaml",
    UNGUARDED,
];

/// Renders a whole platform, its record included.
///
/// # Errors
/// A template fails, with file, line and column; or two files would be one on some file system.
pub fn render(platform: &Platform, catalogue: &Catalogue) -> Result<Tree> {
    let mut renderer = Renderer {
        platform,
        catalogue,
        tree: Tree::new(),
        platform_context: platform.context(),
    };
    for name in platform.components.keys() {
        renderer.shared(name)?;
    }
    for name in platform.clusters.keys() {
        renderer.cluster(name)?;
    }
    renderer.repo()?;
    let mut tree = renderer.tree;
    tree.extend(write_record(platform, catalogue)?);
    if let Some((one, other)) = case_collision(&tree) {
        return Err(Error::refused(
            Problem::new(format!(
                "{one} and {other} are one file where case does not count"
            ))
            .hint("rename one of them in the catalogue"),
        ));
    }
    Ok(tree)
}

/// What a provider says to the person who brings up a cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProviderTexts {
    /// What must be there before `terraform apply`.
    pub requires: Vec<String>,
    /// Shell lines that make kubectl talk to the cluster.
    pub kubeconfig: Vec<String>,
}

/// The texts of a cluster's provider, rendered.
///
/// # Errors
/// A template of the catalogue fails.
pub fn provider_texts(
    platform: &Platform,
    cluster: &Cluster,
    catalogue: &Catalogue,
) -> Result<ProviderTexts> {
    let renderer = Renderer {
        platform,
        catalogue,
        tree: Tree::new(),
        platform_context: platform.context(),
    };
    let context = renderer.provider_context(cluster)?;
    let lines = |key: &str| {
        let lines = context[key].as_array().into_iter().flatten();
        lines
            .filter_map(|line| line.as_str().map(str::to_owned))
            .collect()
    };
    Ok(ProviderTexts {
        requires: lines("requires"),
        kubeconfig: lines("kubeconfig"),
    })
}

struct Renderer<'a> {
    platform: &'a Platform,
    catalogue: &'a Catalogue,
    tree: Tree,
    platform_context: Value,
}

impl Renderer<'_> {
    fn context(&self) -> Context {
        let mut context = Context::new();
        context.insert("platform", &self.platform_context);
        context
    }

    /// The text of a catalogue file: rendered if it is a template, else as it is.
    fn text(&self, path: &str, context: &Context) -> Result<String> {
        if path.ends_with(SUFFIX) {
            return Ok(tidy(&self.catalogue.engine.render(path, context)?));
        }
        let source = self.catalogue.files.get(path);
        Ok(source.map(|source| source.text.clone()).unwrap_or_default())
    }

    /// Renders a catalogue file to a path, unless it is blank. Tells whether a file came of it.
    fn put(&mut self, from: &str, to: &str, context: &Context) -> Result<bool> {
        let text = self.text(from, context)?;
        let values = to.ends_with("/values.yaml");
        if text.trim().is_empty() || values && only_comments(&text) {
            return Ok(false);
        }
        if [".yaml", ".yml"].iter().any(|end| to.ends_with(end)) {
            check_yaml(from, to, &text)?;
        }
        let path = RepoPath::new(to).map_err(|reason| {
            Error::refused(Problem::new(reason).hint(format!("{from} would be written there")))
        })?;
        self.tree.insert(path, text);
        Ok(true)
    }

    /// Renders one of the skeleton's files, which may be a template or not.
    fn put_common(&mut self, file: &str, to: &str, context: &Context) -> Result<bool> {
        let template = format!("common/{file}{SUFFIX}");
        if self.catalogue.files.contains_key(&template) {
            return self.put(&template, to, context);
        }
        let plain = format!("common/{file}");
        if self.catalogue.files.contains_key(&plain) {
            return self.put(&plain, to, context);
        }
        Err(Error::refused(
            Problem::new(format!("the catalogue has no {template}"))
                .hint("every catalogue has the skeleton of the embedded one"),
        ))
    }

    fn has(&self, path: &str) -> bool {
        RepoPath::new(path).is_ok_and(|path| self.tree.contains_key(&path))
    }

    /// Whether kustomize can build a folder.
    fn is_folder(&self, path: &str) -> bool {
        self.has(&format!("{path}/kustomization.yaml"))
    }

    /// Names of the files in a folder that its kustomization lists as resources.
    fn resources(&self, folder: &str) -> Vec<String> {
        let prefix = format!("{folder}/");
        let names: BTreeSet<String> = self
            .tree
            .keys()
            .filter_map(|path| path.as_str().strip_prefix(&prefix))
            .filter(|name| !name.contains('/'))
            .filter(|name| !NO_RESOURCES.contains(name))
            .map(str::to_owned)
            .collect();
        // The Namespace first: a person reads the list from top to bottom.
        let (first, rest): (Vec<String>, Vec<String>) =
            names.into_iter().partition(|name| name == "namespace.yaml");
        first.into_iter().chain(rest).collect()
    }
}

/// Whether a rendered text is one YAML document, and holds no secret in clear.
fn check_yaml(from: &str, to: &str, text: &str) -> Result<()> {
    let source = Source::new(to, text);
    let fault = |error: Error| {
        let hint = format!("this is a fault of the catalogue: mend {from}");
        let problems = error.problems.into_iter();
        Error {
            kind: error.kind,
            problems: problems.map(|p| p.hint(hint.clone())).collect(),
        }
    };
    let documents = parse_foreign(&source).map_err(fault)?;
    if let [_, second, ..] = documents.as_slice() {
        let problem = Problem::new("a second YAML document, where one is expected");
        let problem = problem.span(&source, second.span.clone());
        return Err(fault(Error::refused(problem)));
    }
    let Some(document) = documents.first() else {
        return Ok(());
    };
    let is_secret = document.get("kind").and_then(Node::text) == Some("Secret");
    let clear = ["data", "stringData"].iter().find_map(|k| document.get(k));
    if is_secret && let Some(clear) = clear {
        let problem = Problem::new("a Secret in clear, which Git would keep for ever");
        let hint = format!("list it under `secrets` in the component instead of {from}");
        let problem = problem.span(&source, clear.span.clone()).hint(hint);
        return Err(Error::refused(problem));
    }
    Ok(())
}

/// Strips leading blank lines and ends a text in exactly one newline.
fn tidy(text: &str) -> String {
    let start = text
        .match_indices('\n')
        .take_while(|(at, _)| text[..*at].trim().is_empty())
        .map(|(at, _)| at + 1)
        .last()
        .unwrap_or(0);
    let body = text[start..].trim_end();
    if body.is_empty() {
        return String::new();
    }
    format!("{body}\n")
}

/// Whether YAML says nothing: it has only comments, blank lines and document marks.
fn only_comments(text: &str) -> bool {
    text.lines()
        .map(str::trim)
        .all(|line| line.is_empty() || line.starts_with('#') || line == "---")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tidies() {
        assert_eq!(tidy("\n\n  \na: 1\n\n\n"), "a: 1\n");
        assert_eq!(tidy("  a: 1"), "  a: 1\n");
        assert_eq!(tidy(" \n \n"), "");
        assert!(only_comments("# a\n\n---\n  # b\n"));
        assert!(!only_comments("# a\nb: {}\n"));
    }
}
