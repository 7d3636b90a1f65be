//! Reading a whole repository at once: every file that Git would have, every YAML document parsed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use hcl_edit::structure::Body;
use ignore::{DirEntry, WalkBuilder, WalkState};
use rayon::prelude::*;

use super::source_ignore::{SOURCE_IGNORE, SourceIgnore};
use super::terraform::{self, BrokenHcl, is_terraform};
use super::{Index, Inline, Role, is_kustomization, is_yaml, references};
use crate::error::{Error, Kind as Why, Place, Problem, Problems, Result, Source};
use crate::yaml::{Kind, Node, parse_foreign};

/// Folders that hold nothing of the repository's own, whatever `.gitignore` says.
const FOREIGN: [&str; 3] = [".git", ".terraform", "node_modules"];

/// What became of a file.
enum Read {
    /// Its documents, and the patches written into them.
    Documents(Vec<Node>, Inline),
    /// A file of Terraform.
    Hcl(Box<Body>),
    /// A file of Terraform that cannot be parsed.
    BrokenHcl(BrokenHcl),
    /// Text that is no YAML.
    Text,
    /// YAML made by a template language: what it will say is not known.
    Templated,
    /// YAML that cannot be read.
    Broken(Vec<Problem>),
}

impl Index {
    /// Indexes every file below a folder that Git would have, and notes which of them Flux would not get. Links are not
    /// followed: Flux leaves them out of what it stores.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn whole(root: &Path) -> Result<Self> {
        let (links, paths): (Vec<Found>, Vec<Found>) =
            walk(root)?.into_iter().partition(|found| found.is_link);
        let paths: Vec<String> = paths.into_iter().map(|found| found.path).collect();
        let wanted: Vec<&String> = paths.iter().filter(|path| is_read(path)).collect();
        let read: Vec<(String, Result<Arc<Source>, Problem>, Read)> = wanted
            .into_par_iter()
            .map(|path| match std::fs::read(root.join(path)) {
                Ok(bytes) => {
                    let (text, broken) = match String::from_utf8(bytes) {
                        Ok(text) => (text, None),
                        Err(error) => (
                            String::from_utf8_lossy(error.as_bytes()).into_owned(),
                            Some(error.utf8_error().valid_up_to()),
                        ),
                    };
                    let source = Source::new(path.as_str(), text);
                    let read = match broken.filter(|_| is_yaml(path)) {
                        Some(at) => Read::Broken(vec![not_utf8(&source, at)]),
                        None => parse(path, &source),
                    };
                    (path.clone(), Ok(source), read)
                }
                Err(error) => (path.clone(), Err(unreadable(path, &error)), Read::Text),
            })
            .collect();
        let mut index = Self::default();
        index.paths.extend(paths);
        index.links = links.into_iter().map(|found| found.path).collect();
        index.hidden = SourceIgnore::read(root, &index.paths).hidden(&index.paths);
        let mut unread = Problems::default();
        for (path, source, read) in read {
            match source {
                Ok(source) => index.take(path, source, read),
                Err(problem) => unread.push(problem),
            }
        }
        // Of a repository of which a part is hidden nothing can be said.
        if let Err(error) = unread.into_result() {
            return Err(Error {
                kind: Why::Failed,
                ..error
            });
        }
        for path in index.generated_from() {
            // What is no text goes into `binaryData`, where nothing looks for anything.
            if let Ok(text) = std::fs::read_to_string(root.join(&path)) {
                let source = Source::new(path.as_str(), text);
                index.texts.insert(path, source);
            }
        }
        Ok(index)
    }

    /// Files that generators read and that are not read by now: scripts, dashboards.
    fn generated_from(&self) -> BTreeSet<String> {
        let lists = self.files.iter().filter(|(path, _)| is_kustomization(path));
        let found = lists.flat_map(|(path, documents)| references(path, documents));
        found
            .filter(|reference| reference.role == Role::Generator)
            .map(|reference| reference.to)
            .filter(|path| self.paths.contains(path) && !self.texts.contains_key(path))
            .collect()
    }

    /// The same of texts that are at hand.
    pub fn of_texts(texts: BTreeMap<String, String>) -> Self {
        let mut index = Self::default();
        for (path, text) in texts {
            if is_read(&path) {
                let source = Source::new(path.as_str(), text);
                let read = parse(&path, &source);
                index.take(path.clone(), source, read);
            }
            index.paths.insert(path);
        }
        index
    }

    /// The same repository after some files got other texts.
    #[must_use]
    pub fn after(&self, texts: BTreeMap<String, String>) -> Self {
        let text = |path: &String| self.texts.get(path).map(|source| source.text.clone());
        let all = self.paths.iter();
        let mut all: BTreeMap<String, String> = all
            .map(|path| (path.clone(), text(path).unwrap_or_default()))
            .collect();
        all.extend(texts);
        let mut after = Self::of_texts(all);
        after.hidden.clone_from(&self.hidden);
        after.links.clone_from(&self.links);
        after
    }

    /// The same repository as it was before some files were changed: their texts then, none for those that were not
    /// there. None if nothing that matters was otherwise.
    pub fn before(&self, texts: BTreeMap<String, Option<String>>) -> Option<Self> {
        let matters = |path: &String| {
            self.texts.contains_key(path) || is_read(path) || path.ends_with(SOURCE_IGNORE)
        };
        if !texts.keys().any(matters) {
            return None;
        }
        let mut index = Self::default();
        let same = |path: &String| !texts.contains_key(path);
        index.paths = self
            .paths
            .iter()
            .filter(|path| same(path))
            .cloned()
            .collect();
        index.hidden.clone_from(&self.hidden);
        index.links.clone_from(&self.links);
        for (path, source) in self.texts.iter().filter(|(path, _)| same(path)) {
            index.texts.insert(path.clone(), Arc::clone(source));
            if let Some(documents) = self.files.get(path) {
                index.files.insert(path.clone(), documents.clone());
            }
            if let Some(inline) = self.inline.get(path) {
                index.inline.insert(path.clone(), inline.clone());
            }
            if self.templated.contains(path) {
                index.templated.insert(path.clone());
            }
            if self.broken.contains(path) {
                index.broken.insert(path.clone());
            }
        }
        for (path, text) in texts {
            let Some(text) = text else { continue };
            if is_read(&path) || self.texts.contains_key(&path) {
                let source = Source::new(path.as_str(), text);
                let read = parse(&path, &source);
                index.take(path.clone(), source, read);
            }
            index.paths.insert(path);
        }
        Some(index)
    }

    fn take(&mut self, path: String, source: Arc<Source>, read: Read) {
        match read {
            Read::Documents(documents, inline) => {
                if !inline.is_empty() {
                    self.inline.insert(path.clone(), inline);
                }
                self.files.insert(path.clone(), documents);
            }
            Read::Templated => {
                self.templated.insert(path.clone());
            }
            Read::Broken(problems) => {
                self.broken.insert(path.clone());
                self.problems.extend(problems);
            }
            Read::Hcl(body) => {
                self.hcl.insert(path.clone(), *body);
            }
            Read::BrokenHcl(broken) => {
                self.broken_hcl.insert(path.clone(), broken);
            }
            Read::Text => {}
        }
        self.texts.insert(path, source);
    }
}

/// What to do about a file or folder that cannot be read.
const RIGHTS: &str = "give yourself the right to read it, or leave it out by .gitignore";

fn unreadable(path: &str, error: &std::io::Error) -> Problem {
    Problem::new(format!("could not read {path}: {error}")).hint(RIGHTS)
}

fn is_denied(error: &ignore::Error) -> bool {
    let error = error.io_error();
    error.is_some_and(|error| error.kind() == std::io::ErrorKind::PermissionDenied)
}

/// A file, or a symbolic link.
struct Found {
    path: String,
    is_link: bool,
}

/// All files and links, by path. Several look at once, because they wait for the disk.
fn walk(root: &Path) -> Result<Vec<Found>> {
    let mut builder = WalkBuilder::new(root);
    builder
        .hidden(false)
        .parents(false)
        .require_git(false)
        .git_global(false)
        .ignore(false)
        .threads(std::thread::available_parallelism().map_or(2, usize::from))
        .filter_entry(|entry| {
            let name = entry.file_name().to_str().unwrap_or_default();
            entry.depth() == 0 || !FOREIGN.contains(&name)
        });
    let (send, receive) = std::sync::mpsc::channel();
    builder.build_parallel().run(|| {
        let send = send.clone();
        Box::new(move |entry| {
            let found = path_of(entry, root).transpose();
            let failed = matches!(found, Some(Err(_)));
            if found.is_none_or(|found| send.send(found).is_ok()) && !failed {
                WalkState::Continue
            } else {
                WalkState::Quit
            }
        })
    });
    drop(send);
    let mut found = receive.into_iter().collect::<Result<Vec<Found>>>()?;
    found.sort_unstable_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}

/// A file or a link that was met; none for anything else.
fn path_of(entry: Result<DirEntry, ignore::Error>, root: &Path) -> Result<Option<Found>> {
    let entry = match entry {
        Ok(entry) => entry,
        Err(error) if error.depth() == Some(0) => {
            return Err(Error::failed(
                Problem::new(format!("could not read {}: {error}", root.display()))
                    .hint("name a folder by -C DIR"),
            ));
        }
        Err(error) if is_denied(&error) => {
            return Err(Error::failed(
                Problem::new(format!("could not look into a folder: {error}")).hint(RIGHTS),
            ));
        }
        // What is gone by now is not there.
        Err(_) => return Ok(None),
    };
    let path = entry.path().strip_prefix(root).ok().and_then(Path::to_str);
    let kind = entry.file_type();
    let is_link = kind.is_some_and(|kind| kind.is_symlink());
    let is_file = kind.is_some_and(|kind| kind.is_file());
    Ok(path.filter(|_| is_file || is_link).map(|path| Found {
        path: path.replace('\\', "/"),
        is_link,
    }))
}

/// Whether a file's text matters: YAML, Terraform, what may be lists of rules or of values, and what may be a key.
fn is_read(path: &str) -> bool {
    // Of landform's own folder, which no Flux reads, only what says how to check: the rest is templates and record.
    if let Some(own) = path.strip_prefix(".landform/") {
        return own == "check.yaml";
    }
    is_yaml(path)
        || is_kustomization(path)
        || is_terraform(path)
        || [".env", ".properties"]
            .iter()
            .any(|end| path.ends_with(end))
        || may_be_key(path)
}

/// Whether a file is named as what holds keys, which must not lie in a repository.
fn may_be_key(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    let ends = [".agekey", ".key", ".pem", ".kubeconfig"];
    let names = ["id_rsa", "id_ed25519", "id_ecdsa", "keys.txt", "kubeconfig"];
    ends.iter().any(|end| name.ends_with(end)) || names.contains(&name)
}

fn parse(path: &str, source: &Arc<Source>) -> Read {
    if is_terraform(path) {
        return match terraform::parse(source) {
            Some(Ok(body)) => Read::Hcl(Box::new(body)),
            Some(Err(broken)) => Read::BrokenHcl(broken),
            None => Read::Text,
        };
    }
    if !is_yaml(path) && !is_kustomization(path) {
        return Read::Text;
    }
    match parse_foreign(source) {
        Ok(documents) => {
            let inline = inline(path, &documents);
            Read::Documents(documents, inline)
        }
        Err(error) if is_too_much(&error) => Read::Templated,
        Err(_) if is_templated(&source.text) => match broken_beside(source) {
            Some(broken) => Read::Broken(broken.problems),
            None => Read::Templated,
        },
        Err(error) => Read::Broken(error.problems),
    }
}

/// go-yaml reads nothing but UTF-8: "invalid trailing UTF-8 octet". Up to there the text is as it was read.
fn not_utf8(source: &Arc<Source>, at: usize) -> Problem {
    let end = source.text[at..]
        .chars()
        .next()
        .map_or(at, |c| at + c.len_utf8());
    Problem::new("broken YAML: what stands here is no UTF-8").span(source, at..end)
}

/// Whether it is the parser that gave up, and not the text that is wrong: it looks ahead over so many comments only.
fn is_too_much(error: &Error) -> bool {
    let mut problems = error.problems.iter();
    problems.any(|problem| problem.message.contains("too many buffered comments"))
}

/// Whether a text has the marks of Go templates, Jinja or `templatefile` of Terraform.
fn is_templated(text: &str) -> bool {
    ["{{", "{%", "#{", "#%", "%{"]
        .iter()
        .any(|mark| text.contains(mark))
}

/// What is wrong with a text beside the templates in it, where those stand in values only, as what an `ExternalSecret` or a
/// chart is to fill in. Of one whose templates make lines nothing can be said.
fn broken_beside(source: &Arc<Source>) -> Option<Error> {
    let text = &source.text;
    let makes_lines = text.lines().any(|line| {
        line.trim_start().starts_with(['{', '-']) && line.contains("{{") && is_bare(line)
    });
    if makes_lines
        || ["{%", "#{", "#%", "%{", "<<"]
            .iter()
            .any(|mark| text.contains(mark))
    {
        return None;
    }
    let mut filled = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(start) = rest.find("{{") {
        let length = rest[start..].find("}}")? + 2;
        let part = &rest[start..start + length];
        if part.contains('\n') || !is_value(part) {
            return None;
        }
        filled.push_str(&rest[..start]);
        // Of the same length, so that what is wrong has its place.
        filled.extend(std::iter::repeat_n('x', part.len()));
        rest = &rest[start + length..];
    }
    filled.push_str(rest);
    let mut broken = parse_foreign(&Source::new(&source.name, filled.as_str())).err()?;
    // Keys that templates make may well differ.
    let mut problems = broken.problems.iter();
    if problems.any(|problem| problem.message.contains("stands twice")) {
        return None;
    }
    for problem in &mut broken.problems {
        if let Some(Place::Span(place, _)) = &mut problem.at {
            *place = Arc::clone(source);
        }
    }
    Some(broken)
}

/// Whether a template stands for a value: one that decides, repeats, includes or comments may stand for anything.
fn is_value(part: &str) -> bool {
    let words = [
        "block", "define", "else", "end", "if", "include", "range", "template", "tpl", "with",
    ];
    let inner = part
        .trim_start_matches('{')
        .trim_start_matches('-')
        .trim_start();
    let first = inner.split(|c: char| !c.is_ascii_alphanumeric()).next();
    let shaped = ["toYaml", "toJson", "indent"]
        .iter()
        .any(|word| inner.contains(word));
    !inner.starts_with("/*") && !shaped && first.is_none_or(|first| !words.contains(&first))
}

/// Whether a line begins with a template, be it in a list.
fn is_bare(line: &str) -> bool {
    let line = line.trim_start();
    line.trim_start_matches("- ").starts_with("{{")
}

/// The patches that are written into documents as text, parsed: by where that text stands.
fn inline(path: &str, documents: &[Node]) -> Inline {
    let mut found = Inline::new();
    for document in documents {
        let mut texts: Vec<&Node> = Vec::new();
        let holder = if is_kustomization(path) {
            Some(document)
        } else {
            document.get("spec")
        };
        let Some(holder) = holder else { continue };
        for key in ["patches", "patchesJson6902"] {
            let patches = holder.get(key).into_iter().flat_map(Node::items);
            texts.extend(patches.filter_map(|patch| patch.get("patch")));
        }
        let merges = holder.get("patchesStrategicMerge");
        let merges = merges.into_iter().flat_map(Node::items);
        texts.extend(merges.filter(|item| item.text().is_some_and(|text| text.contains('\n'))));
        for text in texts {
            if let Kind::Scalar { text: patch, .. } = &text.kind
                && let Ok(nodes) = parse_foreign(&Source::new(path, patch.as_str()))
            {
                found.insert(text.span.start, nodes);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_broken_beside_templates() {
        let broken = |text: &str| broken_beside(&Source::new("x.yaml", text)).is_some();
        for text in [
            "a: *nowhere\nb: \"{{ .x }}\"\n",
            "a: \"{{ .x }}\"\"\n",
            "- ä: {{ .ü }}\n - b: [\n",
        ] {
            assert!(broken(text), "{text}");
        }
        // What decides, repeats or comments may come to anything.
        for text in [
            "a: \"x\" {{/* c */}}\n",
            "args: [\"a\"{{ if .b }}, \"b\"{{ end }}]\n",
            "\"{{ .a }}\": 1\n\"{{ .b }}\": 2\n",
            "{{- range .x }}\n- a\n{{ end }}\n",
            "a:\n  {{ .x | toYaml }}\n: b\n",
            "a: {{ .x }}\n",
        ] {
            assert!(!broken(text), "{text}");
        }
    }
}
