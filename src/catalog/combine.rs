//! Catalogues put together: what a platform was made from, with newer or further entries of another.

use std::collections::BTreeSet;

use super::component::{Layer, Origin, Part};
use super::condition::{Conditional, When};
use super::load::{Catalogue, Component, Files};
use crate::error::Result;

/// Entries of a catalogue that go over another's.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Taken {
    /// The skeleton, `common/`.
    pub common: bool,
    /// Providers by name.
    pub providers: BTreeSet<String>,
    /// Components by their name in the catalogue.
    pub components: BTreeSet<String>,
}

/// A Flux Kustomization that a component can have on a cluster: its own, or that of a part.
#[derive(Debug, Clone)]
pub struct FluxUnit<'a> {
    /// Name of its file and its folder.
    pub name: String,
    /// Name of its objects.
    pub object: String,
    /// The component.
    pub component: &'a Component,
    /// The part, if it is one.
    pub part: Option<&'a Part>,
}

impl FluxUnit<'_> {
    /// Where what it applies comes from; nothing for a part that has no source of its own.
    pub fn source(&self) -> Option<&Origin> {
        match self.part {
            Some(part) => part.source.as_ref(),
            None => Some(&self.component.spec.source.value),
        }
    }
}

/// Whether a path lies below one of these folders.
pub fn is_below<'r>(path: &str, folders: impl IntoIterator<Item = &'r str>) -> bool {
    let mut folders = folders.into_iter();
    folders.any(|folder| {
        path.strip_prefix(folder)
            .is_some_and(|rest| rest.starts_with('/'))
    })
}

impl Component {
    /// The layer whose folder it has in its catalogue.
    fn own_layer(&self) -> Layer {
        let folder = self.root.split('/').next().unwrap_or_default();
        let mut layers = Layer::ALL.into_iter();
        layers
            .find(|layer| layer.as_str() == folder)
            .unwrap_or(self.spec.layer)
    }

    /// Name of the file and the folder of one of its parts.
    pub fn part_unit(&self, part: &Part) -> String {
        format!("{}-{}", self.spec.name.value, part.name.value)
    }

    /// Name of the objects of one of its parts.
    pub fn part_object(&self, part: &Part) -> String {
        format!("{}-{}", self.object, part.name.value)
    }

    /// Its Flux Kustomizations: its own, then those of its parts.
    pub fn flux_units(&self) -> impl Iterator<Item = FluxUnit<'_>> {
        let own = FluxUnit {
            name: self.spec.name.value.clone(),
            object: self.object.clone(),
            component: self,
            part: None,
        };
        let parts = self.spec.parts.iter().map(|part| FluxUnit {
            name: self.part_unit(part),
            object: self.part_object(part),
            component: self,
            part: Some(part),
        });
        std::iter::once(own).chain(parts)
    }

    /// Whether the platform has it in another layer than its catalogue.
    fn is_moved(&self) -> bool {
        self.spec.layer != self.own_layer()
    }
}

impl Catalogue {
    /// Calls a component as a platform does: its folders `name`, in `layer`. Its objects keep the name that the
    /// catalogue gives them, and so does what others need it by.
    pub fn call(&mut self, known: &str, name: &str, layer: Layer) {
        let Some(mut component) = self.components.remove(known) else {
            return;
        };
        component.spec.layer = layer;
        let object = component.object.clone();
        if name != object {
            let as_before = Conditional {
                name: object,
                when: When::default(),
            };
            if !component.spec.provides.contains(&as_before) {
                component.spec.provides.push(as_before);
            }
        }
        name.clone_into(&mut component.spec.name.value);
        self.components.insert(name.to_owned(), component);
    }

    /// The component whose objects have a name.
    pub fn by_object(&self, object: &str) -> Option<&Component> {
        self.components
            .values()
            .find(|component| component.object == object)
    }

    /// This catalogue with entries of another over its own. Names and layers that a platform gave stay.
    ///
    /// # Errors
    /// What comes of it does not hold.
    pub fn with(&self, other: &Self, taken: &Taken) -> Result<Self> {
        let mut roots: BTreeSet<String> = BTreeSet::new();
        roots.extend(taken.common.then(|| "common".to_owned()));
        roots.extend(
            taken
                .providers
                .iter()
                .map(|name| format!("providers/{name}")),
        );
        let component_roots = |catalogue: &Self| -> BTreeSet<String> {
            let taken = taken.components.iter();
            taken
                .filter_map(|object| Some(catalogue.by_object(object)?.root.clone()))
                .collect()
        };
        let below =
            |roots: &BTreeSet<String>, path: &str| is_below(path, roots.iter().map(String::as_str));
        let mut files = self.files.clone();
        let gone = component_roots(self);
        files.retain(|path, _| !below(&roots, path) && !below(&gone, path));
        roots.extend(component_roots(other));
        let new = other.files.iter().filter(|(path, _)| below(&roots, path));
        files.extend(new.map(|(path, source)| (path.clone(), source.clone())));
        let mut whole = self.again(files)?;
        let version = if taken.common { other } else { self };
        whole.version.clone_from(&version.version);
        for component in whole.components.values_mut() {
            let new = other.by_object(&component.object);
            if let Some(new) = new.filter(|_| taken.components.contains(&component.object)) {
                component.version.clone_from(&new.version);
            }
        }
        Ok(whole)
    }

    /// This catalogue with a component of the user's own, by its files as they lie in a catalogue.
    ///
    /// # Errors
    /// What comes of it does not hold.
    pub fn with_files(&self, own: Files) -> Result<Self> {
        let mut files = self.files.clone();
        files.extend(own);
        self.again(files)
    }

    /// This catalogue with other files, which lie elsewhere, instead of those of a component.
    ///
    /// # Errors
    /// What comes of it does not hold.
    pub fn instead(&self, known: &str, own: Files) -> Result<Self> {
        let mut files = self.files.clone();
        if let Some(component) = self.components.get(known) {
            files.retain(|path, _| !is_below(path, [component.root.as_str()]));
        }
        files.extend(own);
        self.again(files)
    }

    /// Loads files anew; what this catalogue has keeps its versions, and the names and layers that a platform gave.
    fn again(&self, files: Files) -> Result<Self> {
        let mut whole = Self::load_in_use(files)?;
        whole.version.clone_from(&self.version);
        for component in self.components.values() {
            let object = &component.object;
            let Some(now) = whole.components.get_mut(object) else {
                continue;
            };
            now.version.clone_from(&component.version);
            let layer = if component.is_moved() {
                component.spec.layer
            } else {
                now.spec.layer
            };
            whole.call(object, &component.spec.name.value, layer);
        }
        Ok(whole)
    }

    /// Everything in it.
    pub fn everything(&self) -> Taken {
        Taken {
            common: true,
            providers: self.providers.keys().cloned().collect(),
            components: self.components.values().map(|c| c.object.clone()).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn only(names: &[&str]) -> Taken {
        Taken {
            components: names.iter().map(|name| (*name).to_owned()).collect(),
            ..Taken::default()
        }
    }

    #[test]
    fn names_and_layers_stay() {
        let embedded = Catalogue::embedded().unwrap();
        let mut own = Catalogue::embedded().unwrap();
        own.call("cert-manager", "tls", Layer::Infrastructure);
        let component = &own.components["tls"];
        assert_eq!(component.object, "cert-manager");
        assert_eq!(component.root, "apps/cert-manager");
        let mut provides = component.spec.provides.iter();
        assert!(provides.any(|ability| ability.name == "cert-manager"));
        let whole = own
            .with(&embedded, &only(&["cert-manager", "loki"]))
            .unwrap();
        assert!(!whole.components.contains_key("cert-manager"));
        let component = &whole.components["tls"];
        assert_eq!(component.spec.layer, Layer::Infrastructure);
        assert_eq!(whole.components["loki"].spec.layer, Layer::Apps);
        assert_eq!(whole.files.len(), embedded.files.len());
    }

    #[test]
    fn takes_what_is_named_and_nothing_else() {
        let embedded = Catalogue::embedded().unwrap();
        let mut other = Catalogue::embedded().unwrap();
        for component in other.components.values_mut() {
            component.version = "9".to_owned();
        }
        other.version = "9".to_owned();
        let whole = embedded.with(&other, &only(&["loki"])).unwrap();
        let newer = whole.components.iter().filter(|(_, c)| c.version == "9");
        let newer: Vec<&String> = newer.map(|(name, _)| name).collect();
        assert_eq!(newer, ["loki"]);
        assert_ne!(whole.version, "9");
        let all = embedded.with(&other, &other.everything()).unwrap();
        assert_eq!(all.version, "9");
    }
}
