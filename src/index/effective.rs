//! What an object says once patches lie over it: each value with the place that it comes from.

use std::ops::Range;
use std::sync::Arc;

use super::document::Object;
use super::flux::version_keys;
use crate::error::Source;
use crate::yaml::{Kind, Node};

/// A node, and where it is to be pointed at: in a patch that is written as text, at all of that text.
#[derive(Debug, Clone)]
pub struct Located<'a> {
    /// The node.
    pub node: &'a Node,
    /// The file.
    pub source: &'a Arc<Source>,
    /// Where in it.
    pub span: Range<usize>,
}

impl<'a> Located<'a> {
    /// The text of a scalar.
    pub fn text(&self) -> Option<&'a str> {
        self.node.text()
    }

    /// The value of a key, at its own place.
    pub fn get(&self, key: &str) -> Option<Self> {
        Some(self.at(self.node.get(key)?))
    }

    /// The items of a list, each at its own place.
    pub fn items(&self) -> Vec<Self> {
        self.node.items().iter().map(|item| self.at(item)).collect()
    }

    fn at(&self, node: &'a Node) -> Self {
        // What lies inside an inline patch has spans of another text.
        let own = self.span == self.node.span;
        Self {
            node,
            source: self.source,
            span: if own {
                node.span.clone()
            } else {
                self.span.clone()
            },
        }
    }
}

/// Something that lies over an object.
#[derive(Debug, Clone)]
pub struct Layer<'a> {
    /// The patch: an object of which parts are given, or a list of operations.
    pub node: &'a Node,
    /// The file.
    pub source: &'a Arc<Source>,
    /// Where it is written as text, if it is.
    pub inline: Option<Range<usize>>,
    /// Where in the object the node stands: nowhere for one that is laid over all of it.
    pub under: Vec<&'a str>,
}

/// An object and its patches, in the order in which they are applied.
#[derive(Debug, Clone)]
pub struct Effective<'a> {
    /// The object as written.
    pub base: Layer<'a>,
    /// What lies over it.
    pub patches: Vec<Layer<'a>>,
}

/// What a layer says of a path.
enum Says<'a> {
    Nothing,
    /// It has this value from now on.
    Set(Located<'a>),
    /// Its list has one more item.
    More(Located<'a>),
    Removed,
}

impl<'a> Layer<'a> {
    /// An object as it is written.
    pub(super) fn of(object: &Object<'a>) -> Self {
        Self {
            node: object.node,
            source: object.source,
            inline: None,
            under: Vec::new(),
        }
    }

    fn located(&self, node: &'a Node) -> Located<'a> {
        Located {
            node,
            source: self.source,
            span: self.inline.clone().unwrap_or_else(|| node.span.clone()),
        }
    }

    /// The text that it gives a path, if it says anything of it; blank where it takes that away.
    pub(super) fn sets(&self, path: &[&str]) -> Option<&'a str> {
        let said = self.says(path).into_iter();
        said.fold(None, |last, said| match said {
            Says::Set(located) => located.text(),
            Says::Removed => Some(""),
            Says::More(_) | Says::Nothing => last,
        })
    }

    fn says(&self, path: &[&str]) -> Vec<Says<'a>> {
        let Some(path) = path.strip_prefix(self.under.as_slice()) else {
            return Vec::new();
        };
        if let Kind::Sequence(operations) = &self.node.kind {
            let each = operations
                .iter()
                .map(|operation| self.operation(operation, path));
            return each.collect();
        }
        vec![match self.node.at(path) {
            Some(node) if node.is_null() => Says::Removed,
            Some(node) => Says::Set(self.located(node)),
            None => Says::Nothing,
        }]
    }

    /// What an operation of a JSON patch (RFC 6902) says of a path.
    fn operation(&self, operation: &'a Node, path: &[&str]) -> Says<'a> {
        let text = |key: &str| operation.get(key).and_then(Node::text);
        let (Some(op), Some(pointer)) = (text("op"), text("path")) else {
            return Says::Nothing;
        };
        let pointer = pointer.strip_prefix('/').unwrap_or(pointer);
        let parts: Vec<String> = pointer
            .split('/')
            .map(|part| part.replace("~1", "/").replace("~0", "~"))
            .collect();
        let value = operation.get("value");
        let begins = parts.len() <= path.len() && parts.iter().zip(path).all(|(a, b)| a == b);
        if begins {
            let rest = &path[parts.len()..];
            return match (op, value) {
                ("remove", _) => Says::Removed,
                ("add" | "replace", Some(value)) => match value.at(rest) {
                    Some(node) => Says::Set(self.located(node)),
                    None => Says::Removed,
                },
                _ => Says::Nothing,
            };
        }
        let appends = parts.len() == path.len() + 1
            && parts.iter().zip(path).all(|(a, b)| a == b)
            && parts
                .last()
                .is_some_and(|last| last == "-" || last.parse::<usize>().is_ok());
        match value {
            Some(value) if appends && op == "add" => Says::More(self.located(value)),
            _ => Says::Nothing,
        }
    }
}

impl<'a> Effective<'a> {
    fn layers(&self) -> impl Iterator<Item = &Layer<'a>> {
        std::iter::once(&self.base).chain(&self.patches)
    }

    /// The value along a path. For a map, what the last layer that names it says of it.
    pub fn at(&self, path: &[&str]) -> Option<Located<'a>> {
        let mut value = None;
        for said in self.layers().flat_map(|layer| layer.says(path)) {
            match said {
                Says::Set(located) => value = Some(located),
                Says::Removed => value = None,
                Says::More(_) | Says::Nothing => {}
            }
        }
        value
    }

    /// The text along a path.
    pub fn text(&self, path: &[&str]) -> Option<&'a str> {
        self.at(path).and_then(|located| located.text())
    }

    /// The version that an object of a kind says.
    pub fn version(&self, kind: &str) -> Option<&'a str> {
        version_keys(kind).iter().find_map(|keys| self.text(keys))
    }

    /// The items of a list along a path. A list in a merge patch takes the place of the whole: Flux's kinds have no
    /// merge keys (kustomize treats kinds it has no schema of so).
    pub fn items(&self, path: &[&str]) -> Vec<Located<'a>> {
        let mut items = Vec::new();
        for said in self.layers().flat_map(|layer| layer.says(path)) {
            match said {
                Says::Set(located) => items = located.items(),
                Says::More(located) => items.push(located),
                Says::Removed => items.clear(),
                Says::Nothing => {}
            }
        }
        items
    }

    /// The entries of a map along a path, a later layer's over an earlier one's.
    pub fn entries(&self, path: &[&str]) -> Vec<(&'a str, Located<'a>)> {
        let mut entries: Vec<(&str, Located<'a>)> = Vec::new();
        for layer in self.layers() {
            for said in layer.says(path) {
                match said {
                    Says::Set(located) => {
                        for (key, value) in located.node.entries() {
                            let Some(key) = key.text() else { continue };
                            entries.retain(|(known, _)| *known != key);
                            if !value.is_null() {
                                entries.push((key, located.at(value)));
                            }
                        }
                    }
                    Says::Removed => entries.clear(),
                    Says::More(_) | Says::Nothing => {}
                }
            }
        }
        entries
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml::parse_foreign;

    #[test]
    fn patches_lie_over_the_object() {
        let source = Source::new(
            "x.yaml",
            "spec:\n  path: ./a\n  dependsOn: [{name: a}]\n  postBuild: {substitute: {A: '1', B: '2'}}\n  wait: true\n",
        );
        let base = parse_foreign(&source).unwrap();
        let merge =
            "spec:\n  path: ./b\n  postBuild: {substitute: {B: '3', C: '4'}}\n  wait: null\n";
        let merge = Source::new("x.yaml", merge);
        let merge = parse_foreign(&merge).unwrap();
        let operations = "- op: add\n  path: /spec/dependsOn/-\n  value: {name: b}\n- op: remove\n  path: /spec/postBuild/\
                          substitute/A\n- {op: add, path: /spec/decryption, value: {provider: sops}}\n";
        let operations = Source::new("x.yaml", operations);
        let operations = parse_foreign(&operations).unwrap();
        let layer = |node| Layer {
            node,
            source: &source,
            inline: Some(3..9),
            under: Vec::new(),
        };
        let effective = Effective {
            base: Layer {
                node: &base[0],
                source: &source,
                inline: None,
                under: Vec::new(),
            },
            patches: vec![layer(&merge[0]), layer(&operations[0])],
        };
        assert_eq!(effective.text(&["spec", "path"]), Some("./b"));
        assert_eq!(effective.at(&["spec", "path"]).unwrap().span, 3..9);
        assert_eq!(effective.text(&["spec", "wait"]), None);
        assert_eq!(
            effective.text(&["spec", "decryption", "provider"]),
            Some("sops")
        );
        let names: Vec<_> = effective
            .items(&["spec", "dependsOn"])
            .iter()
            .map(|item| item.get("name").unwrap().text().unwrap())
            .collect();
        assert_eq!(names, ["a", "b"]);
        let entries = effective.entries(&["spec", "postBuild", "substitute"]);
        let mut keys: Vec<_> = entries
            .iter()
            .map(|(key, value)| (*key, value.text().unwrap()))
            .collect();
        keys.sort_unstable();
        // Removing one entry of a map by operation is seen by a look at that entry.
        assert_eq!(keys, [("A", "1"), ("B", "3"), ("C", "4")]);
        assert_eq!(
            effective.text(&["spec", "postBuild", "substitute", "A"]),
            None
        );
        assert_eq!(
            effective.text(&["spec", "postBuild", "substitute", "C"]),
            Some("4")
        );
    }
}
