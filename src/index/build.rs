//! What kustomize makes of a folder: which objects, under which names, with which patches over them. Texts are not
//! changed; what is known of each object is kept beside it.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::rc::Rc;
use std::sync::Arc;

use super::configuration::Configuration;
use super::document::{ObjectId, Objects};
use super::effective::Layer;
use super::identity::{Clash, Identities};
use super::patch::Idle;
use super::roots::Roots;
use super::scope::is_cluster_scoped;
use super::{Index, is_yaml, join};
use crate::error::Source;
use crate::yaml::{Kind, Node};

/// Where an object of a build comes from.
#[derive(Debug, Clone)]
pub enum Origin<'a> {
    /// It is written in a file.
    Object(ObjectId),
    /// A generator of a kustomization makes it.
    Generated(Generated<'a>),
}

/// A `ConfigMap` or `Secret` of a generator.
#[derive(Debug, Clone)]
pub struct Generated<'a> {
    /// `ConfigMap` or `Secret`.
    pub kind: &'static str,
    /// The kustomization.
    pub source: &'a Arc<Source>,
    /// The entry of the generator.
    pub node: &'a Node,
    /// Whether a hash of its content is appended to its name.
    pub hashed: bool,
    /// Whether another entry adds to it, or takes its place.
    pub merged: bool,
}

/// An object as a build gives it.
#[derive(Debug, Clone)]
pub struct Built<'a> {
    /// Where it comes from.
    pub origin: Origin<'a>,
    /// Its name, with prefixes and suffixes.
    pub name: String,
    /// Its namespace, if it is said anywhere.
    pub namespace: Option<String>,
    /// What lies over it.
    pub patches: Vec<Layer<'a>>,
    /// Whether its name is another than is written.
    pub renamed: bool,
    /// Whether it is the second of its identity in a build.
    pub again: bool,
    /// The kustomization whose `namespace` it has, and the place of that.
    pub placed_by: Option<(&'a Arc<Source>, Range<usize>)>,
    /// Whether a kustomization marks it so that Flux puts no variables into it.
    pub verbatim: bool,
    /// Whether a kustomization marks it so that Flux never deletes it.
    pub kept: bool,
}

/// What kustomize makes of a folder.
#[derive(Debug, Default)]
pub struct Build<'a> {
    /// Its objects.
    pub built: Vec<Built<'a>>,
    /// The files that it reads.
    pub files: BTreeSet<&'a str>,
    /// Why there may be more than is known: remote resources, files that cannot be read.
    pub open: BTreeSet<String>,
    /// Whether something may give objects other names and namespaces than are known: replacements, transformers.
    pub loose: bool,
    /// What configures kustomize for it.
    pub(super) configuration: Configuration<'a>,
}

/// Builds folders, each once.
pub struct Builder<'a> {
    pub(super) index: &'a Index,
    pub(super) objects: &'a Objects<'a>,
    done: BTreeMap<String, Rc<Build<'a>>>,
    /// Folders whose build has begun.
    under_way: BTreeSet<String>,
    /// Objects that are in a build twice, by the place of the second.
    pub(super) clashes: BTreeMap<(&'a str, usize), Clash<'a>>,
    /// Patches that were for nothing in a build, by their place.
    pub(super) idle: BTreeMap<(&'a str, usize), Idle<'a>>,
    /// Places of patches that were for something in a build.
    pub(super) used: BTreeSet<(&'a str, usize)>,
    /// Where sources begin that are made of a part of the repository.
    pub(super) roots: Rc<Roots>,
}

/// Through how many folders kustomizations may lead. Far above any real repository, far below the stack.
const DEPTH: usize = 64;

impl<'a> Builder<'a> {
    /// A builder of the folders of a repository.
    pub fn new(index: &'a Index, objects: &'a Objects<'a>) -> Self {
        Self {
            index,
            objects,
            done: BTreeMap::new(),
            under_way: BTreeSet::new(),
            clashes: BTreeMap::new(),
            idle: BTreeMap::new(),
            used: BTreeSet::new(),
            roots: Rc::new(Roots::of(index, objects)),
        }
    }

    /// What a folder comes to. One that is part of itself adds nothing to itself, and what one leads to through more
    /// folders than anybody would go is not known.
    pub fn build(&mut self, folder: &str) -> Rc<Build<'a>> {
        if let Some(done) = self.done.get(folder) {
            return Rc::clone(done);
        }
        if self.under_way.len() >= DEPTH {
            let mut deep = Build::default();
            deep.open.insert(format!("{folder} lies too deep"));
            return Rc::new(deep);
        }
        if !self.under_way.insert(folder.to_owned()) {
            return Rc::default();
        }
        let mut build = Build::default();
        match self.index.kustomization_file(folder) {
            Some(file) => {
                // A Component by itself has nothing to patch, and kustomize does not build it.
                let is_component = self.index.files.get(&file).is_some_and(|documents| {
                    let kind = documents.first().and_then(|node| node.get("kind"));
                    kind.and_then(Node::text) == Some("Component")
                });
                let alone = format!("{file} is a Component");
                if is_component {
                    build.open.insert(alone.clone());
                }
                self.kustomization(folder, &file, &mut build);
                build.open.remove(&alone);
            }
            None => self.plain(folder, &mut build),
        }
        self.under_way.remove(folder);
        let build = Rc::new(build);
        self.done.insert(folder.to_owned(), Rc::clone(&build));
        build
    }

    /// A folder without a kustomization: Flux makes one of all YAML files below it, down to folders that have one
    /// (fluxcd/pkg `kustomize/kustomize_generator.go`).
    fn plain(&mut self, folder: &str, build: &mut Build<'a>) {
        let index = self.index;
        let prefix = if folder.is_empty() {
            String::new()
        } else {
            format!("{folder}/")
        };
        let mut inner: Vec<String> = Vec::new();
        let below = index.paths.range(prefix.clone()..);
        for path in below.take_while(|path| path.starts_with(&prefix)) {
            if inner.last().is_some_and(|folder| path.starts_with(folder)) || !is_yaml(path) {
                continue;
            }
            let owner = super::folder_of(path);
            // The outermost: Flux does not look below a folder that has a kustomization.
            let above = ancestors(owner, folder);
            let kustomized = above.filter(|folder| index.kustomization_file(folder).is_some());
            if let Some(own) = kustomized.last() {
                inner.push(format!("{own}/"));
                let child = self.build(own);
                take(&child, build);
                continue;
            }
            self.file(path, build);
        }
        Identities::default().add(folder, None, build, self);
    }

    fn file(&self, path: &'a str, build: &mut Build<'a>) {
        let index = self.index;
        build.files.insert(path);
        if index.is_broken(path) {
            build.open.insert(format!("{path} cannot be read"));
        } else if index.templated.contains(path) {
            build
                .open
                .insert(format!("{path} is made by a template language"));
        }
        for id in self.objects.by_file.get(path).into_iter().flatten() {
            let object = &self.objects.all[*id];
            build.built.push(Built {
                origin: Origin::Object(*id),
                name: object.name.to_owned(),
                namespace: object.namespace.map(str::to_owned),
                patches: Vec::new(),
                renamed: false,
                again: false,
                placed_by: None,
                verbatim: false,
                kept: false,
            });
        }
    }

    fn kustomization(&mut self, folder: &str, file: &str, build: &mut Build<'a>) {
        let Some((file, source)) = self.index.texts.get_key_value(file) else {
            return;
        };
        build.files.insert(file);
        let Some(node) = self
            .index
            .files
            .get(file)
            .and_then(|documents| documents.first())
        else {
            build.open.insert(format!("{file} cannot be read"));
            return;
        };
        build.loose |= ["replacements", "transformers", "vars"]
            .iter()
            .any(|key| node.get(key).is_some());
        let mut identities = Identities::of(build, self.objects);
        for key in ["resources", "bases"] {
            for item in node.get(key).into_iter().flat_map(Node::items) {
                self.resource(folder, item, build);
                identities.add(folder, Some((source, item)), build, self);
            }
        }
        for key in ["helmCharts", "generators"] {
            if node.get(key).is_some() {
                build.open.insert(format!("{file} has {key}"));
            }
        }
        build.configuration.read(folder, node, self.index);
        generators(source, node, build);
        identities.add(folder, Some((source, node)), build, self);
        for item in node.get("components").into_iter().flat_map(Node::items) {
            self.component(folder, item, build);
        }
        // kustomize, `target/kusttarget_configplugin.go`: those by JSON in a list of their own come after the names.
        merge(node, build);
        self.patches(folder, source, node, &MERGED, build);
        transform(source, node, self.objects, build);
        self.patches(folder, source, node, &["patchesJson6902"], build);
        if node.get("namespace").is_some() {
            Identities::default().add(folder, Some((source, node)), build, self);
        }
    }

    fn resource(&mut self, folder: &str, item: &'a Node, build: &mut Build<'a>) {
        let index = self.index;
        let Some(text) = item.text() else { return };
        let Some(path) = join(folder, text) else {
            build.open.insert(format!("{text} lies elsewhere"));
            return;
        };
        if let Some(path) = index.paths.get(&path) {
            self.file(path, build);
        } else if index.has_folder(&path) {
            let child = self.build(&path);
            take(&child, build);
        } else if is_remote(text) {
            build.open.insert(format!("{text} lies elsewhere"));
        } else {
            build.open.insert(format!("{text} is not there"));
        }
    }

    /// A Component adds to what is there, and patches it.
    pub(super) fn component(&mut self, folder: &str, item: &Node, build: &mut Build<'a>) {
        let Some(text) = item.text() else { return };
        let Some(path) = join(folder, text).filter(|path| self.index.has_folder(path)) else {
            if is_remote(text) {
                build.open.insert(format!("{text} lies elsewhere"));
            }
            return;
        };
        if self.under_way.len() >= DEPTH {
            build.open.insert(format!("{path} lies too deep"));
        } else if let Some(file) = self.index.kustomization_file(&path)
            && self.under_way.insert(path.clone())
        {
            self.kustomization(&path, &file, build);
            self.under_way.remove(&path);
        }
    }

    fn patches(
        &mut self,
        folder: &str,
        source: &'a Arc<Source>,
        node: &'a Node,
        keys: &[&str],
        build: &mut Build<'a>,
    ) {
        for key in keys {
            for item in node.get(key).into_iter().flat_map(Node::items) {
                let text = item.text();
                let layers = match (text, item.get("path").and_then(Node::text)) {
                    (Some(text), _) if text.contains('\n') => self.patch_text(source, item),
                    (Some(path), _) | (None, Some(path)) => self.patch_file(folder, path, build),
                    (None, None) => item
                        .get("patch")
                        .map_or_else(Vec::new, |text| self.patch_text(source, text)),
                };
                self.lay((source, item), item.get("target"), &layers, build);
            }
        }
    }

    /// The namespace that the kustomization of a folder gives, which comes after the patches.
    pub(super) fn namespace_of(&self, folder: &str) -> Option<Layer<'a>> {
        let file = self.index.kustomization_file(folder)?;
        let (file, source) = self.index.texts.get_key_value(&file)?;
        let node = self.index.files.get(file)?.first()?.get("namespace")?;
        node.text().filter(|text| !text.is_empty())?;
        Some(Layer {
            node,
            source,
            inline: None,
            under: Vec::new(),
        })
    }

    fn patch_file(&self, folder: &str, path: &str, build: &mut Build<'a>) -> Vec<Layer<'a>> {
        let path = join(folder, path);
        let entry = path.and_then(|path| self.index.texts.get_key_value(&path));
        let Some((path, source)) = entry else {
            return Vec::new();
        };
        build.files.insert(path);
        let documents = self.index.files.get(path).into_iter().flatten();
        let layers = documents.map(|node| Layer {
            node,
            source,
            inline: None,
            under: Vec::new(),
        });
        layers.collect()
    }

    /// The layers of a patch that is written as text.
    pub fn patch_text(&self, source: &'a Arc<Source>, text: &Node) -> Vec<Layer<'a>> {
        let of_file = self.index.inline.get(&source.name);
        let documents = of_file.and_then(|texts| texts.get(&text.span.start));
        let layers = documents.into_iter().flatten().map(|node| Layer {
            node,
            source,
            inline: Some(text.span.clone()),
            under: Vec::new(),
        });
        layers.collect()
    }
}

/// Lists of patches that are laid before namespaces and names are given.
const MERGED: [&str; 2] = ["patchesStrategicMerge", "patches"];

/// Folders from `folder` upwards, below `top`.
fn ancestors<'p>(folder: &'p str, top: &'p str) -> impl Iterator<Item = &'p str> {
    let mut next = Some(folder);
    std::iter::from_fn(move || {
        let folder = next.filter(|folder| folder.len() > top.len())?;
        next = Some(super::folder_of(folder));
        Some(folder)
    })
}

/// Puts what a folder comes to into what another comes to.
fn take<'a>(child: &Build<'a>, build: &mut Build<'a>) {
    build.built.extend(child.built.iter().cloned());
    build.files.extend(&child.files);
    build.open.extend(child.open.iter().cloned());
    build.loose |= child.loose;
    build.configuration.take(&child.configuration);
}

/// Whether a resource is an address, or the short form of one.
pub fn is_remote(text: &str) -> bool {
    let host = text.split('/').next().unwrap_or_default();
    text.contains("://")
        || text.starts_with("git@")
        || text.contains("?ref=")
        || text.contains(".git//")
        || ["github.com", "gitlab.com", "bitbucket.org"].contains(&host)
}

fn generators<'a>(source: &'a Arc<Source>, node: &'a Node, build: &mut Build<'a>) {
    let disabled = |node: &Node| {
        let option = node.get("disableNameSuffixHash").and_then(Node::text);
        option.map(|text| text == "true")
    };
    let all = node.get("generatorOptions").and_then(disabled);
    for (key, kind) in GENERATORS {
        for entry in node.get(key).into_iter().flat_map(Node::items) {
            let Some(name) = entry.get("name").and_then(Node::text) else {
                continue;
            };
            let behavior = entry.get("behavior").and_then(Node::text);
            let own = entry.get("options").and_then(disabled);
            // `true` in either place holds (kustomize, `types/generatoroptions.go`).
            let hashed = !(own.unwrap_or(false) || all.unwrap_or(false));
            if matches!(behavior, Some("merge" | "replace")) {
                continue;
            }
            let options = [node.get("generatorOptions"), entry.get("options")];
            let marked = |mark: &str| {
                let mut options = options.iter().flatten();
                options.any(|options| is_disabled(mark, options, "labels", "annotations"))
            };
            build.built.push(Built {
                origin: Origin::Generated(Generated {
                    kind,
                    source,
                    node: entry,
                    hashed,
                    merged: false,
                }),
                name: name.to_owned(),
                namespace: entry
                    .get("namespace")
                    .and_then(Node::text)
                    .map(str::to_owned),
                patches: Vec::new(),
                renamed: hashed,
                again: false,
                placed_by: None,
                verbatim: marked(SUBSTITUTE),
                kept: marked(PRUNE),
            });
        }
    }
}

/// Marks what entries of generators add to, or take the place of. It may come from a Component: kustomize reads these
/// before its generators up to version 5.1, and after them since.
fn merge(node: &Node, build: &mut Build<'_>) {
    for (key, kind) in GENERATORS {
        for entry in node.get(key).into_iter().flat_map(Node::items) {
            let text = |key: &str| entry.get(key).and_then(Node::text);
            if !matches!(text("behavior"), Some("merge" | "replace")) {
                continue;
            }
            for each in &mut build.built {
                if let Origin::Generated(made) = &mut each.origin {
                    made.merged |= made.kind == kind && text("name") == Some(&each.name);
                }
            }
        }
    }
}

/// The lists of generators, and what each gives.
const GENERATORS: [(&str, &str); 2] = [
    ("configMapGenerator", "ConfigMap"),
    ("secretGenerator", "Secret"),
];

/// The label or annotation by which Flux puts no variables into an object, if it says `disabled`.
pub const SUBSTITUTE: &str = "kustomize.toolkit.fluxcd.io/substitute";

/// The label or annotation by which Flux does not delete an object, if it says `disabled`.
pub const PRUNE: &str = "kustomize.toolkit.fluxcd.io/prune";

fn is_disabled(mark: &str, node: &Node, labels: &str, annotations: &str) -> bool {
    [labels, annotations]
        .iter()
        .any(|map| node.at(&[map, mark]).and_then(Node::text) == Some("disabled"))
}

/// Marks, namespace, prefix and suffix of a kustomization.
fn transform<'a>(
    source: &'a Arc<Source>,
    node: &'a Node,
    objects: &Objects<'a>,
    build: &mut Build<'a>,
) {
    let own = |built: &&mut Built<'a>| match built.origin {
        Origin::Object(id) => !objects.all[id].nested,
        Origin::Generated(_) => true,
    };
    let marked = |mark: &str| {
        let mut pairs = node.get("labels").into_iter().flat_map(Node::items);
        is_disabled(mark, node, "commonLabels", "commonAnnotations")
            || pairs.any(|item| is_disabled(mark, item, "pairs", ""))
    };
    let (verbatim, kept) = (marked(SUBSTITUTE), marked(PRUNE));
    for each in build.built.iter_mut().filter(own) {
        each.verbatim |= verbatim;
        each.kept |= kept;
    }
    let scalar = |key: &str| {
        let node = node.get(key)?;
        Some((node.text().filter(|text| !text.is_empty())?, node))
    };
    if let Some((namespace, node)) = scalar("namespace") {
        for each in build.built.iter_mut().filter(own) {
            each.place(namespace, objects);
            each.placed_by = Some((source, node.span.clone()));
        }
        let layer = Layer {
            node,
            source,
            inline: None,
            under: Vec::new(),
        };
        build.configuration.place(&layer, objects, &mut build.built);
    }
    for (key, before) in [("namePrefix", true), ("nameSuffix", false)] {
        if let Some((affix, _)) = scalar(key) {
            for each in build.built.iter_mut().filter(own) {
                if keeps_name(each.kind(objects)) {
                    continue;
                }
                each.name = if before {
                    format!("{affix}{}", each.name)
                } else {
                    format!("{}{affix}", each.name)
                };
                each.renamed = true;
            }
        }
    }
}

/// Kinds to whose names kustomize appends nothing (`prefixFieldSpecsToSkip` of its prefix transformer).
pub(super) fn keeps_name(kind: &str) -> bool {
    matches!(
        kind,
        "CustomResourceDefinition" | "APIService" | "Namespace"
    )
}

impl<'a> Built<'a> {
    /// Puts it into a namespace, as the namespace transformer of kustomize does: a `Namespace` gets that name
    /// (`builtinpluginconsts/namespace.go`).
    pub(super) fn place(&mut self, namespace: &str, objects: &Objects<'a>) {
        self.namespace = Some(namespace.to_owned());
        if self.kind(objects) == "Namespace" && self.group(objects).is_empty() {
            self.renamed |= self.name != namespace;
            namespace.clone_into(&mut self.name);
        }
    }

    /// Gives it the name and the namespace that a patch says, where a patch may: any by operations, and none of a
    /// merged one, but for the name where that is allowed (kustomize, `resource.go`, `ApplySmPatch`).
    pub(super) fn follow(&mut self, layer: &Layer<'_>, name_may_change: bool) {
        let operations = matches!(layer.node.kind, Kind::Sequence(_));
        if operations && let Some(namespace) = layer.sets(&["metadata", "namespace"]) {
            self.namespace = Some(namespace.to_owned()).filter(|text| !text.is_empty());
            self.placed_by = None;
        }
        if (operations || name_may_change)
            && let Some(name) = layer.sets(&["metadata", "name"])
            && !name.is_empty()
        {
            self.renamed |= self.name != name;
            name.clone_into(&mut self.name);
        }
    }

    /// Its kind.
    pub fn kind(&self, objects: &Objects<'a>) -> &'a str {
        match &self.origin {
            Origin::Object(id) => objects.all[*id].kind,
            Origin::Generated(generated) => generated.kind,
        }
    }

    /// Its name as it is written.
    pub(super) fn written(&self, objects: &Objects<'a>) -> &'a str {
        match &self.origin {
            Origin::Object(id) => objects.all[*id].name,
            Origin::Generated(made) => {
                let name = made.node.get("name").and_then(Node::text);
                name.unwrap_or_default()
            }
        }
    }

    /// Its group; blank for the core's.
    pub fn group(&self, objects: &Objects<'a>) -> &'a str {
        match &self.origin {
            Origin::Object(id) => objects.all[*id].group(),
            Origin::Generated(_) => "",
        }
    }

    /// Its namespace, unless its kind is known to have none.
    pub fn home(&self, objects: &Objects<'a>) -> Option<&str> {
        let namespace = self.namespace.as_deref();
        namespace.filter(|_| !is_cluster_scoped(self.kind(objects)))
    }
}
