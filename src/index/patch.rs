//! Laying patches over the objects that they are for.

use std::sync::Arc;

use super::build::{Build, Builder, Built, Origin};
use super::document::Object;
use super::effective::Layer;
use super::selector::Selector;
use crate::error::Source;
use crate::yaml::{Kind, Node};

/// A patch that is for nothing in a build.
#[derive(Debug, Clone)]
pub struct Idle<'a> {
    /// The file.
    pub source: &'a Arc<Source>,
    /// Its entry in the list of patches.
    pub entry: &'a Node,
    /// Its target, if it has one.
    pub target: Option<&'a Node>,
    /// What it says: the first of its documents.
    pub layer: Layer<'a>,
    /// The objects that were there.
    pub there: Vec<Built<'a>>,
}

/// How far an object is what a merge patch without a target names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fit {
    /// It is it.
    Whole,
    /// It has the name and the kind; kustomize still takes it for another, by version or namespace.
    Near,
    /// It is another.
    No,
}

impl<'a> Builder<'a> {
    /// Lays a patch over the objects that it is for, and takes away those that it deletes. `at` is its entry.
    pub fn lay(
        &mut self,
        at: (&'a Arc<Source>, &'a Node),
        target: Option<&'a Node>,
        layers: &[Layer<'a>],
        build: &mut Build<'a>,
    ) {
        let selector = target.and_then(Selector::read);
        if target.is_some() && selector.is_none() {
            return;
        }
        let option = at.1.at(&["options", "allowNameChange"]);
        let name_may_change = option.and_then(Node::text) == Some("true");
        let mut idle: Vec<&Layer<'a>> = Vec::new();
        for layer in layers {
            let mut fits = false;
            let deletes = layer.node.get("$patch").and_then(Node::text) == Some("delete");
            let mut number = 0;
            while let Some(each) = build.built.get_mut(number) {
                number += 1;
                let (fit, whole) = match (&selector, &each.origin) {
                    (_, Origin::Object(id)) if self.objects.all[*id].nested => (false, false),
                    (Some(selector), Origin::Object(id)) => {
                        let object = &self.objects.all[*id];
                        let fit = selector.selects(object, &each.name, each.namespace.as_deref());
                        (fit, fit)
                    }
                    (None, Origin::Object(id)) => {
                        let fit = fit(layer.node, &self.objects.all[*id], each);
                        (fit != Fit::No, fit == Fit::Whole)
                    }
                    (Some(selector), Origin::Generated(made)) => {
                        let namespace = each.namespace.as_deref();
                        (
                            false,
                            selector.selects_made(made.kind, &each.name, namespace),
                        )
                    }
                    (None, Origin::Generated(made)) => {
                        let text = |path: &[&str]| layer.node.at(path).and_then(Node::text);
                        let same = text(&["kind"]) == Some(made.kind);
                        (
                            false,
                            same && text(&["metadata", "name"]) == Some(&each.name),
                        )
                    }
                };
                fits |= whole;
                if fit && deletes {
                    number -= 1;
                    build.built.remove(number);
                    continue;
                }
                if fit {
                    each.patches.push(layer.clone());
                }
                if whole {
                    each.follow(layer, name_may_change);
                }
            }
            if !fits {
                idle.push(layer);
            }
        }
        let place = (at.0.name.as_str(), at.1.span.start);
        let marked = selector.is_some_and(|selector| selector.asks_for_marks());
        if idle.len() < layers.len() {
            self.used.insert(place);
        }
        // What a build does not know of may be what the patch is for; labels may come from anywhere.
        if let Some(layer) = idle.first()
            && build.open.is_empty()
            && !marked
            && !self.idle.contains_key(&place)
        {
            self.idle.insert(
                place,
                Idle {
                    source: at.0,
                    entry: at.1,
                    target,
                    layer: (*layer).clone(),
                    there: build.built.clone(),
                },
            );
        }
    }
}

/// Whether a merge patch names an object: one of the identities that it had or has (kustomize, `GetById`).
pub fn fit(patch: &Node, object: &Object<'_>, built: &Built<'_>) -> Fit {
    let text = |path: &[&str]| patch.at(path).and_then(Node::text);
    let api = text(&["apiVersion"]).unwrap_or_default();
    let group = api.split_once('/').map_or("", |(group, _)| group);
    let named = text(&["metadata", "name"]);
    if matches!(patch.kind, Kind::Sequence(_))
        || text(&["kind"]) != Some(object.kind)
        || group != object.group()
        || named.is_none_or(|name| name != object.name && name != built.name)
    {
        return Fit::No;
    }
    let wanted = text(&["metadata", "namespace"]).unwrap_or("default");
    let had = object.namespace.unwrap_or("default");
    let has = built.namespace.as_deref().unwrap_or("default");
    let home = super::is_cluster_scoped(object.kind) || wanted == had || wanted == has;
    // Between what it had and what it has there may have been another.
    let between = built.placed_by.is_some() && wanted != "default";
    if api == object.api && (home || between) {
        Fit::Whole
    } else {
        Fit::Near
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::index::Index;
    use crate::index::Objects;

    /// Namespace and name of what a kustomization makes of a `ConfigMap` `x` in `default`.
    fn made(kustomization: &str) -> (Option<String>, String) {
        let map = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, namespace: default}\n";
        let list = format!("kind: Kustomization\nresources: [x.yaml]\n{kustomization}");
        let texts = [("kustomization.yaml", list), ("x.yaml", map.to_owned())];
        let texts = texts.map(|(path, text)| (format!("a/{path}"), text));
        let index = Index::of_texts(texts.into());
        let objects = Objects::of(&index);
        let folder = Builder::new(&index, &objects).build("a");
        let map = folder.built.first().unwrap();
        (map.namespace.clone(), map.name.clone())
    }

    #[test]
    fn operations_give_names_and_merged_patches_do_not() {
        let target = "target: {kind: ConfigMap}";
        let operations = |namespace: &str| {
            format!(
                "  - {target}\n    patch: |\n      - {{op: replace, path: /metadata/namespace, value: {namespace}}}\n"
            )
        };
        let of = |namespace: &str, name: &str| (Some(namespace.to_owned()), name.to_owned());
        let patches = format!("patches:\n{}", operations("b"));
        assert_eq!(made(&patches), of("b", "x"));
        // The namespace of the kustomization comes after `patches`, and before `patchesJson6902`.
        assert_eq!(made(&format!("namespace: c\n{patches}")), of("c", "x"));
        let late = format!("namespace: c\npatchesJson6902:\n{}", operations("b"));
        assert_eq!(made(&late), of("b", "x"));
        let whole = format!(
            "patches:\n  - {target}\n    patch: '[{{op: replace, path: /metadata, value: {{name: y}}}}]'\n"
        );
        assert_eq!(made(&whole), (None, "y".to_owned()));
        let merged = |options: &str| {
            format!(
                "patches:\n  - {target}\n    {options}\n    patch: |\n      apiVersion: v1\n      kind: ConfigMap\n      \
                 metadata: {{name: y, namespace: b}}\n"
            )
        };
        assert_eq!(made(&merged("")), of("default", "x"));
        assert_eq!(
            made(&merged("options: {allowNameChange: true}")),
            of("default", "y")
        );
    }
}
