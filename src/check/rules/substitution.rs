//! The strings of what a Flux Kustomization applies in which `${` stands: in them Flux looks for variables.
//!
//! It does so in each object as YAML, after kustomize has built it (kustomize-controller, `build`): comments of
//! manifests are gone by then, those in files that a generator takes in are text as any other.

use std::collections::BTreeMap;
use std::ops::Range;
use std::rc::Rc;
use std::sync::Arc;

use crate::check::finding::Spot;
use crate::error::Source;
use crate::index::{
    Built, Effective, Generated, Origin, Patch, Piece, Repository, SUBSTITUTE, Unit, Variable,
    folder_of, join, pieces,
};
use crate::yaml::{Kind, Node};

/// A string with `${` in it.
pub(super) struct Text<'a> {
    /// It.
    pub(super) string: &'a str,
    /// The file.
    pub(super) source: &'a Arc<Source>,
    /// Where in it.
    pub(super) span: Range<usize>,
    /// The keys that lead to it, down to the first list.
    pub(super) keys: Vec<&'a str>,
    /// The keys behind the first list.
    pub(super) below: Vec<&'a str>,
    /// Whether it is a value in an object; else it is a key, or the text of a file.
    pub(super) is_value: bool,
}

impl Text<'_> {
    /// The place of a part of it, as far as it stands there as it reads.
    pub(super) fn spot(&self, part: &str) -> Spot {
        let own = self.source.text.get(self.span.clone());
        let at = own.and_then(|own| own.find(part));
        let span = match at {
            Some(at) => self.span.start + at..self.span.start + at + part.len(),
            None => self.span.clone(),
        };
        Spot::span(self.source, span)
    }
}

/// Finds strings, each object's once.
#[derive(Default)]
pub(super) struct Texts<'a> {
    done: BTreeMap<usize, Rc<Vec<Text<'a>>>>,
}

impl<'a> Texts<'a> {
    /// The strings of an object of a build: lists of them, of it and of what lies over it. None if Flux leaves it as
    /// it is.
    pub(super) fn of(
        &mut self,
        repository: &Repository<'a>,
        built: &Built<'a>,
    ) -> Vec<(Rc<Vec<Text<'a>>>, Vec<usize>)> {
        if built.verbatim {
            return Vec::new();
        }
        let object = match &built.origin {
            Origin::Generated(generated) => {
                let texts = self.once(generated.node, || generated_texts(generated, repository));
                let all = (0..texts.len()).collect();
                return vec![(texts, all)];
            }
            Origin::Object(id) => &repository.objects.all[*id],
        };
        let Some(effective) = repository.effective(built) else {
            return Vec::new();
        };
        // What a ResourceSet makes is a part of it.
        if object.nested || is_left_alone(&effective, built) {
            return Vec::new();
        }
        let base = self.once(object.node, || {
            let mut found = Vec::new();
            if object.source.text.contains("${") {
                walk(object.node, object.source, None, &mut found);
            }
            found
        });
        let kept = (0..base.len()).filter(|number| !is_covered(&base[*number], built, &effective));
        let kept: Vec<usize> = kept.collect();
        let mut all = vec![(base, kept)];
        for patch in &built.patches {
            let texts = self.once(patch.node, || patch_texts(patch));
            let numbers = (0..texts.len()).collect();
            all.push((texts, numbers));
        }
        all
    }

    fn once(&mut self, node: &'a Node, find: impl FnOnce() -> Vec<Text<'a>>) -> Rc<Vec<Text<'a>>> {
        let key = std::ptr::from_ref(node) as usize;
        Rc::clone(self.done.entry(key).or_insert_with(|| Rc::new(find())))
    }
}

/// Whether an object is marked so that nothing is put in, or is taken away by a patch.
fn is_left_alone(effective: &Effective<'_>, built: &Built<'_>) -> bool {
    let marked = ["annotations", "labels"]
        .iter()
        .any(|map| effective.text(&["metadata", map, SUBSTITUTE]) == Some("disabled"));
    marked
        || built
            .patches
            .iter()
            .any(|patch| patch.node.get("$patch").and_then(Node::text) == Some("delete"))
}

/// Whether a patch says something else in place of a string, as far as that can be said.
fn is_covered(text: &Text<'_>, built: &Built<'_>, effective: &Effective<'_>) -> bool {
    if built.patches.is_empty() {
        return false;
    }
    let own = built.patches.iter().any(|patch| match &patch.node.kind {
        Kind::Sequence(operations) => operations.iter().any(|operation| {
            let path = operation
                .get("path")
                .and_then(Node::text)
                .unwrap_or_default();
            let keys: Vec<String> = path
                .split('/')
                .skip(1)
                .map(|part| part.replace("~1", "/").replace("~0", "~"))
                .collect();
            let most = keys.len().min(text.keys.len());
            keys[..most].iter().zip(&text.keys).all(|(a, b)| a == b)
        }),
        _ => !text.below.is_empty() && patch.node.at(&text.keys).is_some(),
    });
    own || text.is_value
        && text.below.is_empty()
        && effective
            .text(&text.keys)
            .is_none_or(|now| now != text.string)
}

fn patch_texts<'a>(patch: &Patch<'a>) -> Vec<Text<'a>> {
    let mut found = Vec::new();
    if let Kind::Sequence(operations) = &patch.node.kind {
        for value in operations
            .iter()
            .filter_map(|operation| operation.get("value"))
        {
            walk(value, patch.source, patch.inline.as_ref(), &mut found);
        }
    } else {
        walk(patch.node, patch.source, patch.inline.as_ref(), &mut found);
    }
    // The keys of an operation's value do not begin at the object.
    for text in &mut found {
        text.is_value &= !matches!(patch.node.kind, Kind::Sequence(_));
    }
    found
}

/// The strings of a node. What lies in an inline patch has the place of all of it.
fn walk<'a>(
    node: &'a Node,
    source: &'a Arc<Source>,
    inline: Option<&Range<usize>>,
    found: &mut Vec<Text<'a>>,
) {
    let mut walk = Walk {
        source,
        inline,
        keys: Vec::new(),
        below: Vec::new(),
        found,
    };
    walk.node(node, false);
}

struct Walk<'a, 'w> {
    source: &'a Arc<Source>,
    inline: Option<&'w Range<usize>>,
    keys: Vec<&'a str>,
    below: Vec<&'a str>,
    found: &'w mut Vec<Text<'a>>,
}

impl<'a> Walk<'a, '_> {
    fn node(&mut self, node: &'a Node, listed: bool) {
        match &node.kind {
            Kind::Scalar { .. } => self.put(node, true),
            Kind::Sequence(items) => items.iter().for_each(|item| self.node(item, true)),
            Kind::Mapping(entries) => {
                for (key, value) in entries {
                    self.put(key, false);
                    let name = key.text().unwrap_or_default();
                    if listed {
                        self.below.push(name);
                        self.node(value, true);
                        self.below.pop();
                    } else {
                        self.keys.push(name);
                        self.node(value, false);
                        self.keys.pop();
                    }
                }
            }
        }
    }

    fn put(&mut self, node: &'a Node, is_value: bool) {
        if let Some(text) = node.text().filter(|text| text.contains("${")) {
            self.found.push(Text {
                string: text,
                source: self.source,
                span: self.inline.cloned().unwrap_or_else(|| node.span.clone()),
                keys: self.keys.clone(),
                below: self.below.clone(),
                is_value,
            });
        }
    }
}

/// What a generator puts into a `ConfigMap`. What is in a Secret is encoded, so nothing is put into it.
fn generated_texts<'a>(generated: &Generated<'a>, repository: &Repository<'a>) -> Vec<Text<'a>> {
    let mut found = Vec::new();
    if generated.kind != "ConfigMap" {
        return found;
    }
    let list = |key: &str| generated.node.get(key).into_iter().flat_map(Node::items);
    for literal in list("literals") {
        walk(literal, generated.source, None, &mut found);
    }
    let folder = folder_of(&generated.source.name);
    let files = list("files").map(|item| (item, false));
    let envs = list("envs").chain(generated.node.get("env"));
    for (item, is_env) in files.chain(envs.map(|item| (item, true))) {
        let text = item.text().unwrap_or_default();
        let path = match text.split_once('=') {
            Some((_, path)) if !is_env => path,
            _ => text,
        };
        let source = join(folder, path).and_then(|path| repository.index.texts.get(&path));
        let Some(source) = source.filter(|source| source.text.contains("${")) else {
            continue;
        };
        let mut start = 0;
        // Comments of a file of lines are left out, those of any other file are not.
        let pieces: Vec<&str> = if is_env {
            source.text.split_inclusive('\n').collect()
        } else {
            vec![&source.text]
        };
        for piece in pieces {
            if piece.contains("${") && !(is_env && piece.trim_start().starts_with('#')) {
                found.push(Text {
                    string: piece,
                    source,
                    span: start..start + piece.len(),
                    keys: vec!["data"],
                    below: Vec::new(),
                    is_value: false,
                });
            }
            start += piece.len();
        }
    }
    found
}

/// Whether a text stands in a patch that a Flux Kustomization says itself.
pub(super) fn says_itself(unit: &Unit<'_>, text: &Text<'_>) -> bool {
    let effective = unit.effective.iter();
    let mut patches = effective.flat_map(|all| all.items(&["spec", "patches"]));
    patches.any(|patch| {
        let said = patch.get("patch");
        said.is_some_and(|said| {
            said.source.name == text.source.name
                && said.node.span.start <= text.span.start
                && text.span.end <= said.node.span.end
        })
    })
}

/// The variables of a text, those in the defaults of others too: Flux looks these up in any case (`evalFunc`).
pub(super) fn variables(text: &str) -> Vec<Variable<'_>> {
    let mut all = Vec::new();
    for piece in pieces(text) {
        if let Piece::Variable(variable) = piece {
            let whole = &text[variable.span.clone()];
            let inner = &whole[2..whole.len() - 1];
            if inner.contains("${") {
                all.extend(variables(inner));
            }
            all.push(variable);
        }
    }
    all
}

/// Whether something in the repository may change Flux Kustomizations as they are made: a webhook or a policy.
pub(super) fn injects(repository: &Repository<'_>) -> bool {
    let kinds = [
        "ClusterPolicy",
        "MutatingAdmissionPolicy",
        "MutatingPolicy",
        "MutatingWebhookConfiguration",
        "Policy",
    ];
    let mut objects = repository.objects.all.iter();
    objects.any(|object| {
        let text = &object.source.text;
        // What it is called where it comes as a chart (xunholy/kustomize-mutating-webhook).
        object.name == "kustomize-mutating-webhook"
            || kinds.contains(&object.kind)
                && [
                    "kustomizations",
                    "kustomize.toolkit.fluxcd.io/v1",
                    "Kustomization\n",
                ]
                .iter()
                .any(|mark| text.contains(mark))
                && text.contains("postBuild")
    })
}
