//! What the Flux of one cluster reads and applies.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::artifact;
use super::build::{Build, Builder, Built, Origin, keeps_name};
use super::document::{Object, ObjectId, Objects, group};
use super::effective::{Effective, Layer};
use super::repository::{effective, place_of};
use super::rooted;
use super::source::{Folder, SourceName, by_their_likes, is_same_repository, source_of};
use super::start::{Known, Start};
use super::variables::Variables;
use crate::error::did_you_mean;
use crate::yaml::Node;

/// A Flux Kustomization on a cluster.
#[derive(Debug)]
pub struct Unit<'a> {
    /// It, as it is written; none for one that a `FluxInstance` makes, or that is implied.
    pub object: Option<ObjectId>,
    /// It, with what lies over it.
    pub effective: Option<Effective<'a>>,
    /// Its namespace; blank if nothing says it.
    pub namespace: String,
    /// Its name; blank for what is implied.
    pub name: String,
    /// Numbers of the Flux Kustomizations of this cluster that apply it.
    pub parents: Vec<usize>,
    /// Its source.
    pub source: Option<SourceName>,
    /// The root of its source, seen from the repository's.
    pub(super) root: String,
    /// Where it leads.
    pub folder: Folder,
    /// What it applies.
    pub built: Vec<Built<'a>>,
    /// The files of that.
    pub files: BTreeSet<&'a str>,
    /// Why it may apply more than is known.
    pub open: BTreeSet<String>,
    /// Whether what it applies may have other names and namespaces than are known.
    pub loose: bool,
    /// Whether kustomize is taught further fields that name objects, so that it rewrites them.
    pub follows_names: bool,
    /// Whether something that is not followed may write fields of the Flux Kustomizations that it applies.
    rewrites_units: bool,
    /// What it puts in for variables.
    pub variables: Variables<'a>,
}

/// What the Flux of one cluster reads and applies.
pub struct Cluster<'a> {
    /// Where it begins.
    pub start: Start,
    /// Its Flux Kustomizations; the one that begins is the first.
    pub units: Vec<Unit<'a>>,
    /// Files that it reads.
    pub files: BTreeSet<&'a str>,
    /// Objects by kind and name: the unit and the number in what it applies.
    made: BTreeMap<(String, String), Vec<(usize, usize)>>,
    /// Flux Kustomizations by namespace and name.
    by_name: BTreeMap<(String, String), usize>,
    /// Why there may be more on it than is known.
    pub open: BTreeSet<String>,
    /// Kinds of which there are objects whose names are not known.
    wild: BTreeSet<String>,
}

/// What a cluster has of a name.
#[derive(Debug)]
pub enum Lookup<'c, 'a> {
    /// It is there: what applies it, and it.
    Found(usize, &'c Built<'a>),
    /// One of the name is in another namespace.
    Otherwhere(usize, &'c Built<'a>),
    /// There is none; one that is named almost so is.
    Near(&'c str),
    /// There is none.
    None,
    /// It cannot be said.
    Unknown,
}

/// How many Flux Kustomizations of a cluster may come of one document.
const TIMES: usize = 100;

impl<'a> Cluster<'a> {
    /// Follows a cluster from where it begins.
    pub(super) fn follow(
        start: Start,
        objects: &'a Objects<'a>,
        builder: &mut Builder<'a>,
    ) -> Self {
        let mut cluster = Self {
            start,
            units: Vec::new(),
            files: BTreeSet::new(),
            made: BTreeMap::new(),
            by_name: BTreeMap::new(),
            open: BTreeSet::new(),
            wild: BTreeSet::new(),
        };
        let first = cluster.first(objects, builder);
        cluster.units.push(first);
        let mut queue = VecDeque::from([0]);
        // Of one name there may be several, by mistake; those that apply each other come round again.
        let mut met: BTreeMap<(String, String), Vec<usize>> = BTreeMap::new();
        let first = &cluster.units[0];
        met.insert((first.namespace.clone(), first.name.clone()), vec![0]);
        let mut times: BTreeMap<Option<ObjectId>, usize> = BTreeMap::new();
        while let Some(at) = queue.pop_front() {
            cluster.fill(at, objects, builder);
            for child in cluster.children(at, builder) {
                let key = (child.namespace.clone(), child.name.clone());
                let number = cluster.units.len();
                let same = met.entry(key.clone()).or_default();
                let known = same
                    .iter()
                    .find(|known| cluster.units[**known].object == child.object);
                if let Some(known) = known {
                    cluster.units[*known].parents.push(at);
                    continue;
                }
                // One that applies itself under ever longer names has no end.
                let times = times.entry(child.object).or_default();
                *times += 1;
                if *times > TIMES {
                    continue;
                }
                same.push(number);
                cluster.by_name.entry(key).or_insert(number);
                queue.push_back(number);
                cluster.units.push(child);
            }
        }
        cluster.fill_variables(objects);
        cluster
    }

    /// Looks for the variables again that came from what was read only later.
    fn fill_variables(&mut self, objects: &Objects<'a>) {
        for at in 0..self.units.len() {
            let unit = &self.units[at];
            if unit.variables.open.is_empty() {
                continue;
            }
            let parent = unit.parents.first().filter(|parent| **parent != at);
            let parent = parent.map(|parent| &self.units[*parent].variables);
            let effective = unit.effective.as_ref();
            let now = Variables::of(effective, &unit.namespace, parent, self, objects);
            self.units[at].variables = now;
        }
    }

    fn first(&mut self, objects: &'a Objects<'a>, builder: &mut Builder<'a>) -> Unit<'a> {
        let start = &self.start;
        let object = start.object.map(|id| &objects.all[id]);
        // It lies in what it applies itself, where patches may be for it.
        let effective = start.object.and_then(|id| {
            let build = builder.build(&start.folder);
            let mut own = build.built.iter();
            let own =
                own.find(|built| matches!(built.origin, Origin::Object(other) if other == id));
            own.map_or_else(
                || {
                    Some(Effective {
                        base: Layer::of(&objects.all[id]),
                        patches: Vec::new(),
                    })
                },
                |built| effective(objects, built),
            )
        });
        let name = object.map_or(start.name.as_str(), |object| object.name);
        let namespace = match object {
            Some(object) => object.namespace.unwrap_or_default(),
            None => &start.namespace,
        };
        let said = effective
            .as_ref()
            .and_then(|effective| source_of(effective, namespace));
        if !name.is_empty() {
            self.by_name
                .insert((namespace.to_owned(), name.to_owned()), 0);
        }
        Unit {
            object: start.object,
            variables: Variables::of(effective.as_ref(), namespace, None, self, objects),
            effective,
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            parents: Vec::new(),
            source: said.or_else(|| start.own_source(builder)),
            root: start.root.clone(),
            folder: Folder::Here(start.folder.clone()),
            built: Vec::new(),
            files: BTreeSet::new(),
            open: BTreeSet::new(),
            loose: false,
            follows_names: false,
            rewrites_units: false,
        }
    }

    /// Builds what a unit applies, and notes it.
    fn fill(&mut self, at: usize, objects: &'a Objects<'a>, builder: &mut Builder<'a>) {
        let unit = &mut self.units[at];
        match unit.folder.clone() {
            Folder::Here(folder) => {
                let build = unit.build(&folder, objects, builder);
                self.files.extend(&build.files);
                unit.files = build.files;
                unit.built = build.built;
                unit.open = build.open;
                unit.loose |= build.loose;
                unit.follows_names = build.configuration.names;
                unit.rewrites_units = build.configuration.units;
            }
            Folder::Missing(_) => {}
            Folder::Elsewhere => {
                unit.open
                    .insert(format!("what {} applies lies elsewhere", unit.name));
            }
            Folder::Unknown => {
                unit.open
                    .insert(format!("where {} leads is not known", unit.name));
            }
        }
        let unit = &self.units[at];
        for (number, built) in unit.built.iter().enumerate() {
            let kind = built.kind(objects).to_owned();
            if let Some(why) = makes_unknown(built, objects) {
                self.open.insert(why);
            }
            if built.name.contains("${") || built.name.contains("<<") {
                self.wild.insert(kind.clone());
            }
            // Where kustomize is taught further fields that name objects, those are written with the first names.
            let written = built.written(objects);
            if unit.follows_names && written != built.name {
                let made = self.made.entry((kind.clone(), written.to_owned()));
                made.or_default().push((at, number));
            }
            let made = self.made.entry((kind, built.name.clone())).or_default();
            made.push((at, number));
        }
        self.open.extend(unit.open.iter().cloned());
    }

    /// The Flux Kustomizations that a unit applies.
    fn children(&self, at: usize, builder: &Builder<'a>) -> Vec<Unit<'a>> {
        let objects = builder.objects;
        let parent = &self.units[at];
        let mut children = Vec::new();
        // What goes to another cluster is for the Flux there.
        if parent.is_remote() {
            return children;
        }
        for built in &parent.built {
            let Origin::Object(id) = built.origin else {
                continue;
            };
            let object = &objects.all[id];
            if !object.is(group::KUSTOMIZE, "Kustomization") || built.name.contains("<<") {
                continue;
            }
            let Some(effective) = effective(objects, built) else {
                continue;
            };
            let namespace = built
                .namespace
                .clone()
                .unwrap_or_else(|| parent.namespace.clone());
            let source = source_of(&effective, &namespace);
            let path = effective.text(&["spec", "path"]).unwrap_or("./");
            let (root, folder) = match parent.variables.fill(path) {
                Some(path) if !path.contains("<<") => {
                    self.lead(parent, source.as_ref(), &path, object, builder)
                }
                _ => (String::new(), Folder::Unknown),
            };
            children.push(Unit {
                object: Some(id),
                variables: Variables::of(
                    Some(&effective),
                    &namespace,
                    Some(&parent.variables),
                    self,
                    objects,
                ),
                effective: Some(effective),
                namespace,
                name: built.name.clone(),
                parents: vec![at],
                source,
                root,
                folder,
                built: Vec::new(),
                files: BTreeSet::new(),
                open: BTreeSet::new(),
                loose: parent.rewrites_units,
                follows_names: false,
                rewrites_units: false,
            });
        }
        if parent.source.is_none() {
            by_their_likes(&mut children);
        }
        children
    }

    /// Where the path of a child leads: that of the same source as its parent's is seen from the same root, since both
    /// are files of one artifact.
    fn lead(
        &self,
        parent: &Unit<'a>,
        source: Option<&SourceName>,
        path: &str,
        object: &Object<'a>,
        builder: &Builder<'a>,
    ) -> (String, Folder) {
        let (index, objects, roots) = (builder.index, builder.objects, &builder.roots);
        // The root of a source that is not known may be that of any repository.
        let found = |otherwise: Folder| match place_of(path, object, index, roots) {
            Some((root, folder)) if !folder.is_empty() => (root, Folder::Here(folder)),
            _ => (String::new(), otherwise),
        };
        let at_first = self.units.first().and_then(|unit| unit.source.as_ref());
        if let Some(artifact) = source.filter(|source| source.kind == "ExternalArtifact") {
            let Some((source, path)) = artifact::origin(artifact, path, objects) else {
                return (String::new(), Folder::Unknown);
            };
            if at_first.is_none_or(|own| own == &source) {
                let root = self.start.root.clone();
                let folder = rooted(&root, &path);
                let folder = folder.filter(|folder| folder.is_empty() || index.has_folder(folder));
                return (root, folder.map_or(Folder::Missing(path), Folder::Here));
            }
            return (String::new(), Folder::Elsewhere);
        }
        match (&parent.source, source) {
            (Some(own), Some(source)) if own == source => {
                let folder = rooted(&parent.root, path);
                let there = |folder: &String| folder.is_empty() || index.has_folder(folder);
                let folder = match folder {
                    Some(folder) if there(&folder) => Folder::Here(folder),
                    Some(folder) => Folder::Missing(folder),
                    None => Folder::Missing(path.to_owned()),
                };
                (parent.root.clone(), folder)
            }
            // The root of whatever source it is: every repository has one.
            (None, _) if rooted("", path).is_some_and(|path| path.is_empty()) => {
                (String::new(), Folder::Unknown)
            }
            (None, _) => found(Folder::Unknown),
            (Some(own), Some(source)) => {
                let url = |name: &SourceName| {
                    let mut all = objects.named(&name.kind, &name.name);
                    all.find_map(|object| object.node.at(&["spec", "url"])?.text())
                };
                let start = self.start.url.as_deref();
                let part = roots.get(&source.kind, &source.name).is_some();
                match (url(own).or(start), url(source)) {
                    _ if part => found(Folder::Unknown),
                    (Some(own), Some(other)) if is_same_repository(own, other) => {
                        found(Folder::Unknown)
                    }
                    (_, Some(_)) => (String::new(), Folder::Elsewhere),
                    _ => (String::new(), Folder::Unknown),
                }
            }
            (Some(_), None) => (String::new(), Folder::Unknown),
        }
    }

    /// What there is of a kind, a namespace and a name. Without a namespace, in any.
    pub fn find(
        &self,
        kind: &str,
        namespace: Option<&str>,
        name: &str,
        objects: &Objects<'a>,
    ) -> Lookup<'_, 'a> {
        if name.contains("${") || name.contains("<<") {
            return Lookup::Unknown;
        }
        // What begins is there, whether or not it applies itself.
        let first = self.units.first().filter(|_| kind == "Kustomization");
        if first.is_some_and(|unit| {
            unit.name == name && namespace.is_none_or(|space| space == unit.namespace)
        }) {
            return Lookup::Unknown;
        }
        let key = (kind.to_owned(), name.to_owned());
        let mut elsewhere = None;
        for &(unit, number) in self.made.get(&key).into_iter().flatten() {
            let built = &self.units[unit].built[number];
            match (namespace, built.home(objects)) {
                (Some(wanted), Some(own)) if wanted != own && !own.contains("${") => {
                    elsewhere.get_or_insert((unit, built));
                }
                _ => return Lookup::Found(unit, built),
            }
        }
        if self.wild.contains(kind) {
            return Lookup::Unknown;
        }
        if let Some((unit, built)) = elsewhere {
            return Lookup::Otherwhere(unit, built);
        }
        let begin = (kind.to_owned(), String::new());
        let home = |&(unit, number): &(usize, usize)| {
            let own = self.units[unit].built[number].home(objects);
            namespace.is_none() || own.is_none() || own == namespace
        };
        let same = self
            .made
            .range(begin..)
            .take_while(|((of, _), _)| of == kind);
        let same = same.filter(|(_, made)| made.iter().any(home));
        match did_you_mean(name, same.map(|((_, name), _)| name.as_str())) {
            Some(near) => Lookup::Near(near),
            None => Lookup::None,
        }
    }

    /// The number of a Flux Kustomization.
    pub fn unit(&self, namespace: &str, name: &str) -> Option<usize> {
        self.by_name
            .get(&(namespace.to_owned(), name.to_owned()))
            .copied()
    }

    /// The namespace of the source that the cluster is read from, where it is sure: the Flux Kustomization that begins
    /// says so, or others name it there.
    pub fn home_of_source(&self) -> Option<&str> {
        let first = self.units.first()?.source.as_ref()?;
        let others = || {
            let mut others = self.units.iter().skip(1);
            others.any(|unit| unit.source.as_ref() == Some(first))
        };
        let sure = match self.start.known {
            Known::Itself => true,
            Known::Instance | Known::Values => others(),
            Known::Implied => false,
        };
        let home = first.namespace.as_str();
        (sure && !home.is_empty() && !home.contains(['$', '<'])).then_some(home)
    }

    /// Whether Flux surely builds the folder that a unit leads to. The root of a source is the root of this repository
    /// only where Flux reads the repository as it is.
    pub fn surely_builds(&self, unit: &Unit<'_>) -> bool {
        let Folder::Here(folder) = &unit.folder else {
            return false;
        };
        let known = self.start.known != Known::Implied;
        if folder.is_empty() {
            let own = |unit: &Unit<'_>| {
                unit.source
                    .clone()
                    .filter(|own| own.kind == "GitRepository")
            };
            let first = self.units.first().and_then(own);
            return known && first.is_some() && own(unit) == first;
        }
        // Where the source is not known, a path may be that of another repository.
        let path = unit
            .effective
            .as_ref()
            .and_then(|all| all.text(&["spec", "path"]));
        known || path.and_then(|path| rooted("", path)).as_ref() == Some(folder)
    }

    /// Whether more may be on it than is known. What is called for CRDs, be it an address or a Flux Kustomization of another
    /// source, brings definitions and nothing that anybody names, and Flux's own manifests bring Flux.
    pub fn may_have_more(&self) -> bool {
        let mut open = self.open.iter();
        open.any(|why| !why.to_ascii_lowercase().contains("crd") && !why.contains("fluxcd/flux2"))
    }

    /// What the cluster is called: the folder where its Flux begins.
    pub fn label(&self) -> &str {
        if self.start.folder.is_empty() {
            "."
        } else {
            &self.start.folder
        }
    }
}

/// What a `ResourceSet` makes from a template in a text is not known.
fn makes_unknown(built: &Built<'_>, objects: &Objects<'_>) -> Option<String> {
    let Origin::Object(id) = built.origin else {
        return None;
    };
    let object = &objects.all[id];
    let template = object.node.at(&["spec", "resourcesTemplate"]);
    (object.is(group::OPERATOR, "ResourceSet") && template.is_some())
        .then(|| format!("what ResourceSet {} makes is not known", built.name))
}

impl<'a> Unit<'a> {
    /// What kustomize makes of its folder, with what it adds itself.
    fn build(&self, folder: &str, objects: &Objects<'a>, builder: &mut Builder<'a>) -> Build<'a> {
        let plain = builder.build(folder);
        let mut build = Build {
            built: plain.built.clone(),
            files: plain.files.clone(),
            open: plain.open.clone(),
            loose: plain.loose,
            configuration: plain.configuration.clone(),
        };
        // kustomize leaves out what is marked as its own, in the end (`KustTarget.IgnoreLocal`).
        build.built.retain(|built| match built.origin {
            Origin::Object(id) => {
                let path = [
                    "metadata",
                    "annotations",
                    "config.kubernetes.io/local-config",
                ];
                let local = objects.all[id].node.at(&path).and_then(Node::text);
                local.is_none_or(|value| value == "false")
            }
            Origin::Generated(_) => true,
        });
        let Some(effective) = &self.effective else {
            return build;
        };
        for item in effective.items(&["spec", "components"]) {
            builder.component(folder, item.node, &mut build);
        }
        for patch in effective.items(&["spec", "patches"]) {
            if let Some(text) = patch.get("patch") {
                let layers = builder.patch_text(patch.source, text.node);
                let at = (patch.source, patch.node);
                builder.lay(at, patch.node.get("target"), &layers, &mut build);
            }
        }
        let text = |key: &str| {
            effective
                .text(&["spec", key])
                .filter(|text| !text.is_empty())
        };
        // Flux writes its patches, components and namespace into the kustomization that is there (fluxcd/pkg,
        // `kustomize/kustomize_generator.go`), so the namespace of that, or else its own, comes after them.
        let target = effective.at(&["spec", "targetNamespace"]);
        let target = target.filter(|target| target.text().is_some_and(|text| !text.is_empty()));
        let layer = target.map(|target| Layer {
            inline: (target.span != target.node.span).then_some(target.span),
            node: target.node,
            source: target.source,
            under: Vec::new(),
        });
        let namespace = layer.or_else(|| builder.namespace_of(folder));
        if let Some(layer) = &namespace {
            let configuration = build.configuration.clone();
            configuration.place(layer, objects, &mut build.built);
        }
        for built in &mut build.built {
            let nested = matches!(built.origin, Origin::Object(id) if objects.all[id].nested);
            let namespace = namespace.as_ref().and_then(|layer| layer.node.text());
            if let Some(namespace) = namespace.filter(|_| !nested) {
                built.place(namespace, objects);
            }
            let (prefix, suffix) = (text("namePrefix"), text("nameSuffix"));
            if (prefix.is_some() || suffix.is_some()) && !keeps_name(built.kind(objects)) {
                let (prefix, suffix) = (prefix.unwrap_or_default(), suffix.unwrap_or_default());
                built.name = format!("{prefix}{}{suffix}", built.name);
                built.renamed = true;
            }
            if self.variables.substitutes {
                let fill = |text: &str| self.variables.fill(text);
                built.name = fill(&built.name).unwrap_or_else(|| built.name.clone());
                let namespace = built
                    .namespace
                    .as_deref()
                    .map(|n| fill(n).unwrap_or_else(|| n.to_owned()));
                built.namespace = namespace;
            }
        }
        build
    }

    /// Whether it applies to another cluster than the one it is on.
    pub fn is_remote(&self) -> bool {
        let effective = self.effective.as_ref();
        effective.is_some_and(|all| all.at(&["spec", "kubeConfig"]).is_some())
    }

    /// Whether Flux is told to leave it alone.
    pub fn is_suspended(&self) -> bool {
        let effective = self.effective.as_ref();
        effective.and_then(|e| e.text(&["spec", "suspend"])) == Some("true")
    }
}
