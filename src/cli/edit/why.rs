//! Why files change, in words, where the command does not say so itself. A reason is told only if it is one: without it
//! the file would be another.

use std::collections::{BTreeMap, BTreeSet};

use super::Edit;
use super::sides::Sides;
use crate::catalog::{Catalogue, Component};
use crate::change::{Action, Change, FileChange};
use crate::cli::opened::Owners;
use crate::error::Source;
use crate::index::Index;
use crate::merge::Moves;
use crate::model::{Cluster, Platform, RECORD, RepoPath, Tree};
use crate::render::render;

/// What files of components are due to.
pub(super) struct Reasons {
    /// Where things lie that the user has put elsewhere.
    moves: Moves,
}

impl Reasons {
    /// Before the sides are merged.
    pub(super) fn of(sides: &Sides) -> Self {
        Self {
            moves: sides.moves.clone(),
        }
    }

    /// Why files change: what a Flux Kustomization waits for from now on, and what came or went beside a component.
    pub(super) fn tell(&self, edit: &Edit<'_>, change: &Change) -> BTreeMap<RepoPath, String> {
        let mut why = waits(change);
        let owners = Owners::of(&edit.platform, edit.catalogue);
        let turns = Turn::all(edit);
        if turns.is_empty() {
            return why;
        }
        let Ok(now) = render(&edit.platform, edit.catalogue) else {
            return why;
        };
        let mut open: Vec<Open<'_>> = Vec::new();
        let paths: BTreeSet<&RepoPath> = edit.opened.base.keys().chain(now.keys()).collect();
        for path in paths {
            let Some((owner, Some(cluster))) = owners.of_path(path) else {
                continue;
            };
            let Ok(place) = RepoPath::new(self.moves.path(path.as_str())) else {
                continue;
            };
            let itself = |turn: &Turn| turn.component == owner && turn.clusters.contains(&cluster);
            let is_told = why.contains_key(&place) || turns.iter().any(itself);
            if change.files.contains_key(&place) && !is_told {
                open.push(Open {
                    path,
                    place,
                    owner,
                    cluster,
                });
            }
        }
        for turn in &turns {
            if !open.iter().any(|file| turn.may_matter(edit, file)) {
                continue;
            }
            let Some(without) = turn.taken_back(edit) else {
                continue;
            };
            open.retain(|file| {
                if without.get(file.path) == now.get(file.path) {
                    return true;
                }
                why.insert(file.place.clone(), turn.told(edit, file));
                false
            });
        }
        why
    }
}

/// A file whose change nothing explains yet.
struct Open<'a> {
    /// Where landform would write it.
    path: &'a RepoPath,
    /// Where it is.
    place: RepoPath,
    /// The component it belongs to.
    owner: String,
    /// The cluster it is for.
    cluster: String,
}

/// A component that comes to clusters or goes from them.
struct Turn {
    component: String,
    clusters: BTreeSet<String>,
    comes: bool,
}

impl Turn {
    /// All of a change. What comes or goes with a whole cluster is not among them.
    fn all(edit: &Edit<'_>) -> Vec<Self> {
        let (was, is) = (&edit.opened.platform.clusters, &edit.platform.clusters);
        let mut turns: BTreeMap<(String, bool), BTreeSet<String>> = BTreeMap::new();
        for (name, before) in was {
            let Some(after) = is.get(name) else {
                continue;
            };
            let mut put = |component: &String, comes: bool| {
                let clusters = turns.entry((component.clone(), comes)).or_default();
                clusters.insert(name.clone());
            };
            // Under another name it is the same component.
            let had = objects(before, &edit.opened.catalogue);
            let has = objects(after, edit.catalogue);
            for (object, component) in &has {
                if !had.contains_key(object) {
                    put(component, true);
                }
            }
            for (object, component) in &had {
                if !has.contains_key(object) {
                    put(component, false);
                }
            }
        }
        turns
            .into_iter()
            .map(|((component, comes), clusters)| Self {
                component,
                clusters,
                comes,
            })
            .collect()
    }

    /// The platform that has it.
    fn side<'e>(&self, edit: &'e Edit<'_>) -> (&'e Platform, Option<&'e Component>) {
        if self.comes {
            (
                &edit.platform,
                edit.catalogue.components.get(&self.component),
            )
        } else {
            let catalogue = &edit.opened.catalogue;
            (
                &edit.opened.platform,
                catalogue.components.get(&self.component),
            )
        }
    }

    /// What it gives on a cluster that nothing gives there without it, itself first.
    fn gives(&self, edit: &Edit<'_>, cluster: &str) -> Vec<String> {
        let (platform, component) = self.side(edit);
        let (Some(component), Some(on)) = (component, platform.clusters.get(cluster)) else {
            return Vec::new();
        };
        let (other, catalogue) = if self.comes {
            (&edit.opened.platform, &edit.opened.catalogue)
        } else {
            (&edit.platform, edit.catalogue)
        };
        let others = other.clusters.get(cluster);
        let others = others.map(|cluster| cluster.here(other, catalogue));
        let answers = platform.answers_of(on, &self.component);
        let abilities = component.spec.all_provides();
        let abilities = abilities
            .filter(|ability| on.holds(ability, &answers))
            .map(|ability| ability.name.clone())
            .filter(|ability| others.as_ref().is_none_or(|here| !here.contains(ability)));
        std::iter::once(self.component.clone())
            .chain(abilities)
            .collect()
    }

    /// Whether the templates of a file's component speak of it at all: most do not, and need not be rendered to see.
    fn may_matter(&self, edit: &Edit<'_>, file: &Open<'_>) -> bool {
        self.clusters.contains(&file.cluster) && !self.spoken_of(edit, file).is_empty()
    }

    /// What it gives, as far as the templates of a file's component speak of that.
    fn spoken_of(&self, edit: &Edit<'_>, file: &Open<'_>) -> Vec<String> {
        let Some(component) = edit.catalogue.components.get(&file.owner) else {
            return Vec::new();
        };
        let mut gives = self.gives(edit, &file.cluster);
        gives.retain(|word| {
            let mut files = edit.catalogue.below(&component.root);
            files.any(|(_, source)| source.text.contains(word.as_str()))
        });
        gives
    }

    /// The platform as it would be rendered without this turn.
    fn taken_back(&self, edit: &Edit<'_>) -> Option<Tree> {
        let mut platform = edit.platform.clone();
        let was = &edit.opened.platform;
        for name in &self.clusters {
            let cluster: &mut Cluster = platform.clusters.get_mut(name)?;
            if self.comes {
                cluster.components.remove(&self.component);
            } else {
                let placed = was.clusters.get(name)?.components.get(&self.component)?;
                cluster
                    .components
                    .insert(self.component.clone(), placed.clone());
            }
        }
        if !self.comes {
            let chosen = was.components.get(&self.component)?;
            let known = platform.components.entry(self.component.clone());
            known.or_insert_with(|| chosen.clone());
        }
        // Without it something may not hold together; then it is no reason that can be told.
        render(&platform, edit.catalogue).ok()
    }

    /// The reason, in words.
    fn told(&self, edit: &Edit<'_>, file: &Open<'_>) -> String {
        let spoken = self.spoken_of(edit, file);
        let mut abilities = spoken.iter().filter(|word| **word != self.component);
        let itself = spoken.contains(&self.component);
        let name = &self.component;
        match (abilities.next(), itself, self.comes) {
            (Some(ability), false, true) => format!("because {name} gives {ability} now"),
            (Some(ability), false, false) => format!("because {ability} goes with {name}"),
            (_, _, true) => format!("because {name} is there now"),
            (_, _, false) => format!("because {name} goes"),
        }
    }
}

/// The components of a cluster, by the name of their objects.
fn objects<'a>(cluster: &'a Cluster, catalogue: &'a Catalogue) -> BTreeMap<&'a String, &'a String> {
    let components = cluster.components.keys();
    components
        .filter_map(|name| Some((&catalogue.components.get(name)?.object, name)))
        .collect()
}

/// What Flux Kustomizations wait for from now on.
fn waits(change: &Change) -> BTreeMap<RepoPath, String> {
    let side = |text: fn(&FileChange) -> Option<&String>| -> Index {
        let texts = change.files.iter().filter_map(|(path, file)| {
            let flux = path.as_str().starts_with("clusters/") && path.as_str().ends_with(".yaml");
            let source = Source::new(path.as_str(), text(file).filter(|_| flux)?.clone());
            Some((path.to_string(), source))
        });
        Index::new(texts.collect())
    };
    let (before, after) = (side(|f| f.before.as_ref()), side(|f| f.after.as_ref()));
    let waits = |index: &Index, file: &str| -> BTreeSet<String> {
        let units = index.kustomizations.iter().filter(|unit| unit.file == file);
        let names = units.flat_map(|unit| &unit.depends_on);
        names.map(|name| name.value.clone()).collect()
    };
    let mut why = BTreeMap::new();
    for (path, file) in &change.files {
        if path.parents().next() == Some(RECORD) {
            continue;
        }
        let (was, is) = (waits(&before, path.as_str()), waits(&after, path.as_str()));
        let list = |names: Vec<&String>| {
            let names: Vec<&str> = names.into_iter().map(String::as_str).collect();
            names.join(", ")
        };
        let more = list(is.difference(&was).collect());
        let fewer = list(was.difference(&is).collect());
        let text = match (file.action, more.is_empty(), fewer.is_empty()) {
            (Action::Create, false, _) => format!("waits for {more}"),
            (Action::Edit, false, true) => format!("now waits for {more}"),
            (Action::Edit, true, false) => format!("waits no more for {fewer}"),
            (Action::Edit, false, false) => format!("now waits for {more}, no more for {fewer}"),
            _ => continue,
        };
        why.insert(path.clone(), text);
    }
    why
}
