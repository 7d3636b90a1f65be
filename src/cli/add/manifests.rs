//! Manifests of the user's own: told apart, one object in a file, each in a namespace.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use crate::error::{Error, Problem, Problems, Result, Source};
use crate::index::{is_cluster_scoped, lives_in_namespace};
use crate::yaml::{Node, parse_foreign};

/// The manifests of a folder, one object in a file.
pub(super) fn manifests(
    folder: &Path,
    namespace: &str,
    creates: &mut bool,
    notes: &mut Vec<String>,
) -> Result<BTreeMap<String, String>> {
    let io = |error| Error::io("read", folder, &error);
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(io)? {
        paths.push(entry.map_err(io)?.path());
    }
    paths.sort();
    let mut problems = Problems::default();
    let mut objects: BTreeMap<String, String> = BTreeMap::new();
    let (mut placed, mut without) = (Vec::new(), Vec::new());
    for path in paths {
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let is_yaml = name.ends_with(".yaml") || name.ends_with(".yml");
        if path.is_dir() || !is_yaml {
            problems.push(
                Problem::new(format!("{} is no manifest", path.display()))
                    .hint("a folder for --manifests holds YAML files and nothing else"),
            );
            continue;
        }
        let text = std::fs::read_to_string(&path).map_err(|e| Error::io("read", &path, &e))?;
        let source = Source::new(path.display().to_string(), text);
        let documents = match parse_foreign(&source) {
            Ok(documents) => documents,
            Err(error) => {
                problems.extend(error);
                continue;
            }
        };
        let texts = split(&source.text);
        if texts.len() != documents.len() {
            problems.push(
                Problem::new(format!(
                    "{}: its documents cannot be told apart",
                    path.display()
                ))
                .hint("put each object into a file of its own"),
            );
            continue;
        }
        for (document, mut text) in documents.iter().zip(texts) {
            match object(&source, document) {
                Ok(object) => {
                    let Object { kind, name, .. } = object;
                    if kind == "Namespace" && name == namespace {
                        *creates = false;
                    }
                    if !object.placed && !is_cluster_scoped(kind) {
                        let title = format!("{kind} {name}");
                        match object.known.then(|| place(&text, namespace)).flatten() {
                            Some(with) => {
                                text = with;
                                placed.push(title);
                            }
                            None => without.push(title),
                        }
                    }
                    let file = file_name(kind, name);
                    if objects.insert(file.clone(), text).is_some() {
                        problems.push(
                            Problem::new(format!(
                                "{kind} {name} stands twice in {}",
                                folder.display()
                            ))
                            .hint("one object, one file"),
                        );
                    }
                }
                Err(problem) => problems.push(problem),
            }
        }
    }
    problems.into_result()?;
    if objects.is_empty() {
        return Err(Error::refused(
            Problem::new(format!("there is no manifest in {}", folder.display()))
                .hint("it holds YAML files with objects of Kubernetes"),
        ));
    }
    if !placed.is_empty() {
        notes.push(format!(
            "these named no namespace, and were put into {namespace}, since Flux knows no default one: {}",
            placed.join(", ")
        ));
    }
    if !without.is_empty() {
        notes.push(format!(
            "these name no namespace, and landform does not know whether they need one: {}; if they do, write metadata.namespace into their files, or Flux applies nothing of this",
            without.join(", ")
        ));
    }
    Ok(objects)
}

struct Object<'a> {
    kind: &'a str,
    name: &'a str,
    placed: bool,
    /// Whether objects like it are known to live in a namespace.
    known: bool,
}

/// What an object is called.
fn object<'a>(source: &Arc<Source>, document: &'a Node) -> Result<Object<'a>, Problem> {
    let text = |keys: &[&str]| document.at(keys).and_then(Node::text);
    let (kind, name) = (text(&["kind"]), text(&["metadata", "name"]));
    let api = text(&["apiVersion"]).unwrap_or_default();
    if api.starts_with("kustomize.config.k8s.io/") {
        let problem = Problem::new("a kustomization, where manifests are expected");
        let problem = problem.span(source, document.span.clone());
        return Err(
            problem.hint("build it first (kubectl kustomize), or keep it in Git and use --git")
        );
    }
    match (kind, name) {
        (Some(kind), Some(name)) if !api.is_empty() => Ok(Object {
            kind,
            name,
            placed: document.at(&["metadata", "namespace"]).is_some(),
            known: lives_in_namespace(api.split_once('/').map_or("", |(group, _)| group), kind),
        }),
        _ => Err(Problem::new("no object of Kubernetes")
            .span(source, document.span.clone())
            .hint("it needs apiVersion, kind and metadata.name")),
    }
}

/// A manifest with its namespace, beside its name; none where it is written in a way that does not take it.
fn place(text: &str, namespace: &str) -> Option<String> {
    let name = |document: &Node| Some(document.at(&["metadata", "name"])?.span.clone());
    let read = |text: String| parse_foreign(&Source::new("manifest".to_owned(), text)).ok();
    let span = name(read(text.to_owned())?.first()?)?;
    let line = text[..span.start].rfind('\n').map_or(0, |at| at + 1);
    let indent = text[line..].len() - text[line..].trim_start_matches(' ').len();
    let block = text[line + indent..].starts_with("name:");
    let with = if block {
        let end = text[span.end..].find('\n')? + span.end;
        let indent = &text[line..line + indent];
        format!(
            "{}\n{indent}namespace: {namespace}{}",
            &text[..end],
            &text[end..]
        )
    } else {
        format!(
            "{}, namespace: {namespace}{}",
            &text[..span.end],
            &text[span.end..]
        )
    };
    let documents = read(with.clone())?;
    let [document] = documents.as_slice() else {
        return None;
    };
    let is = document.at(&["metadata", "namespace"])?.text() == Some(namespace);
    (is && name(document)?.start == span.start).then_some(with)
}

/// The documents of a text, each with the comments before it.
fn split(text: &str) -> Vec<String> {
    let mut documents = vec![String::new()];
    for line in text.replace("\r\n", "\n").split_inclusive('\n') {
        if line.trim_end() == "---" || line.starts_with("--- ") {
            documents.push(String::new());
        } else if let Some(last) = documents.last_mut() {
            last.push_str(line);
        }
    }
    let says = |text: &String| {
        text.lines().any(|line| {
            let line = line.trim();
            !line.is_empty() && !line.starts_with('#')
        })
    };
    documents.retain(says);
    documents
        .into_iter()
        .map(|text| format!("{}\n", text.trim_matches('\n')))
        .collect()
}

/// A file's name for an object, which every file system takes.
fn file_name(kind: &str, name: &str) -> String {
    let plain = |c: char| {
        if c.is_ascii_alphanumeric() {
            c.to_ascii_lowercase()
        } else {
            '-'
        }
    };
    let word: String = format!("{kind}-{name}").chars().map(plain).collect();
    format!("{word}.yaml")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_told_apart() {
        let text = "# head\n---\na: 1\n--- # b\nb: |\n  --- \n  x\n---\n# nothing\n";
        assert_eq!(split(text), ["a: 1\n", "b: |\n  --- \n  x\n"]);
        assert_eq!(file_name("ConfigMap", "a.b"), "configmap-a-b.yaml");
    }

    #[test]
    fn a_namespace_stands_beside_the_name() {
        let is = |text: &str, with: &str| assert_eq!(place(text, "web").as_deref(), Some(with));
        is(
            "kind: A\nmetadata:\n  name: a # ours\n  labels: {b: c}\n",
            "kind: A\nmetadata:\n  name: a # ours\n  namespace: web\n  labels: {b: c}\n",
        );
        is(
            "metadata: {labels: {b: c}, name: \"a\"}\n",
            "metadata: {labels: {b: c}, name: \"a\", namespace: web}\n",
        );
        assert_eq!(place("metadata: {}\n", "web"), None);
        assert_eq!(place("metadata:\n  ? name\n  : a\n", "web"), None);
    }
}
