//! What kustomize takes for the identity of an object: no build may have two of one.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::build::{Build, Builder, Built, Origin};
use super::document::Objects;
use crate::error::Source;
use crate::yaml::Node;

/// Two objects of one identity in a build, which kustomize refuses.
#[derive(Debug, Clone)]
pub struct Clash<'a> {
    /// The one that was there.
    pub first: Built<'a>,
    /// The one that came.
    pub second: Built<'a>,
    /// The folder that is built.
    pub folder: String,
    /// The kustomization, and what in it brings the second; none where Flux lists all files of a folder.
    pub by: Option<(&'a Arc<Source>, &'a Node)>,
}

/// `apiVersion`, kind, name and namespace: what `ResId.Equals` of kustomize compares.
type Identity<'a> = (&'a str, &'a str, String, String);

/// The identities of a build so far.
#[derive(Debug, Default)]
pub(super) struct Identities<'a> {
    /// The number of each in the build.
    known: BTreeMap<Identity<'a>, usize>,
    /// How many objects of the build have been looked at.
    seen: usize,
}

impl<'a> Identities<'a> {
    /// Those of what is there before anything is added.
    pub(super) fn of(build: &Build<'a>, objects: &Objects<'a>) -> Self {
        let each = build.built.iter().enumerate();
        let known = each
            .filter(|(_, built)| !built.again)
            .filter_map(|(number, built)| Some((identity(built, objects)?, number)));
        Self {
            known: known.collect(),
            seen: build.built.len(),
        }
    }

    /// Takes in what a build has more by now. The second of an identity is noted, once.
    pub(super) fn add(
        &mut self,
        folder: &str,
        by: Option<(&'a Arc<Source>, &'a Node)>,
        build: &mut Build<'a>,
        builder: &mut Builder<'a>,
    ) {
        for number in self.seen..build.built.len() {
            let own = &build.built[number];
            let Some(identity) = identity(own, builder.objects).filter(|_| !own.again) else {
                continue;
            };
            let Some(first) = self.known.get(&identity).copied() else {
                self.known.insert(identity, number);
                continue;
            };
            build.built[number].again = true;
            let clash = Clash {
                first: build.built[first].clone(),
                second: build.built[number].clone(),
                folder: folder.to_owned(),
                by,
            };
            let place = place_of(&clash, builder.objects);
            builder.clashes.entry(place).or_insert(clash);
        }
        self.seen = build.built.len();
    }
}

/// Where a clash is told: at the second object, or where the same object is listed again.
fn place_of<'a>(clash: &Clash<'a>, objects: &Objects<'a>) -> (&'a str, usize) {
    match (&clash.second.origin, &clash.by) {
        (Origin::Object(second), Some((source, node))) if matches!(clash.first.origin, Origin::Object(first) if first == *second) => {
            (&source.name, node.span.start)
        }
        (Origin::Object(second), _) => {
            let object = &objects.all[*second];
            (&object.source.name, object.name_node().span.start)
        }
        (Origin::Generated(generated), _) => (&generated.source.name, generated.node.span.start),
    }
}

/// None for what has no name of its own, and for what a `ResourceSet` makes.
fn identity<'a>(built: &Built<'a>, objects: &Objects<'a>) -> Option<Identity<'a>> {
    let (api, kind) = match &built.origin {
        Origin::Object(id) => {
            let object = &objects.all[*id];
            if object.nested || object.name.is_empty() {
                return None;
            }
            (object.api, object.kind)
        }
        Origin::Generated(generated) => ("v1", generated.kind),
    };
    // Without a namespace it counts as in `default` (kustomize, `resid.go`).
    let home = match built.home(objects) {
        Some(home) => home,
        None if super::is_cluster_scoped(kind) => "",
        None => "default",
    };
    Some((api, kind, built.name.clone(), home.to_owned()))
}
