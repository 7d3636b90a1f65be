//! `<layer>/<component>/`: what all clusters share.

use super::Renderer;
use std::collections::BTreeSet;

use super::context::{self, State};
use crate::catalog::{Component, FilePlace, Part, SUFFIX, Scope, component_place};
use crate::error::Result;

/// Skeleton files of a component's folder, in the order of writing.
const SKELETON: [&str; 6] = [
    "namespace.yaml",
    "ocirepository.yaml",
    "helmrepository.yaml",
    "gitrepository.yaml",
    "manifests.yaml",
    "helmrelease.yaml",
];

/// What takes the guard of a release away on one cluster.
pub(super) const UNGUARDED: &str = "unguarded.yaml";

/// Skeleton files of a part whose manifests come from elsewhere.
const PART_SKELETON: [&str; 2] = ["gitrepository.yaml", "manifests.yaml"];

impl Renderer<'_> {
    /// Writes what the clusters share of a component.
    pub(super) fn shared(&mut self, name: &str) -> Result<()> {
        let catalogue = self.catalogue;
        let component = &catalogue.components[name];
        let folder = format!("{}/{name}", component.spec.layer);
        let mut context = self.context();
        let state = State {
            removing: self.guards_gone(name),
            ..State::default()
        };
        context.insert("component", &context::component(component, state));
        context.insert("answers", &self.platform_answers(name));
        for (from, place) in placed(component) {
            match place {
                FilePlace::Values => {
                    self.put(&from, &format!("{folder}/values.yaml"), &context)?;
                }
                FilePlace::Manifest(file) => {
                    self.put(&from, &format!("{folder}/{file}"), &context)?;
                }
                _ => {}
            }
        }
        let has_values = self.has(&format!("{folder}/values.yaml"));
        let state = State {
            has_values,
            ..state
        };
        context.insert("component", &context::component(component, state));
        for file in SKELETON {
            self.put_common(
                &format!("component/{file}"),
                &format!("{folder}/{file}"),
                &context,
            )?;
        }
        // A component of `files` may have nothing that all clusters share.
        if has_values || !self.resources(&folder).is_empty() {
            self.kustomization("component", &folder, context, &BTreeSet::new())?;
        }
        for part in component
            .spec
            .parts
            .iter()
            .filter(|p| p.scope == Scope::Shared)
        {
            self.shared_part(component, part)?;
        }
        Ok(())
    }

    fn shared_part(&mut self, component: &Component, part: &Part) -> Result<()> {
        let name = &component.spec.name.value;
        let folder = format!("{}/{name}/{}", component.spec.layer, part.name.value);
        let mut context = self.context();
        let state = State::default();
        context.insert("component", &context::component(component, state));
        context.insert("part", &context::part(component, part));
        context.insert("answers", &self.platform_answers(name));
        self.part_files(component, part, &folder, &context)?;
        if part.source.is_some() {
            for file in PART_SKELETON {
                self.put_common(
                    &format!("part/{file}"),
                    &format!("{folder}/{file}"),
                    &context,
                )?;
            }
        }
        self.kustomization("part", &folder, context, &BTreeSet::new())
    }

    /// Writes a part's own files into its folder.
    pub(super) fn part_files(
        &mut self,
        component: &Component,
        part: &Part,
        folder: &str,
        context: &tera::Context,
    ) -> Result<()> {
        for (from, place) in placed(component) {
            if let FilePlace::Part { part: of, file } = place
                && of == part.name.value
            {
                self.put(&from, &format!("{folder}/{file}"), context)?;
            }
        }
        Ok(())
    }

    /// Writes the kustomization of a folder, once everything else is there; `more` files lie there already.
    pub(super) fn kustomization(
        &mut self,
        kind: &str,
        folder: &str,
        mut context: tera::Context,
        more: &BTreeSet<String>,
    ) -> Result<()> {
        let mut files = self.resources(folder);
        files.extend(more.iter().cloned());
        context.insert("files", &files);
        context.insert("values", &self.has(&format!("{folder}/values.yaml")));
        context.insert("pinned", &self.has(&format!("{folder}/version.yaml")));
        context.insert("unguarded", &self.has(&format!("{folder}/{UNGUARDED}")));
        let to = format!("{folder}/kustomization.yaml");
        self.put_common(&format!("{kind}/kustomization.yaml"), &to, &context)?;
        Ok(())
    }

    /// Whether a component is being removed wherever it is, so that what the clusters share has no guard any more.
    pub(super) fn guards_gone(&self, name: &str) -> bool {
        let mut on = self.platform.clusters_of(name).peekable();
        on.peek().is_some() && on.all(|c| self.platform.is_removing(name, c.name.as_str()))
    }

    fn platform_answers(&self, name: &str) -> serde_json::Value {
        let answers = self.platform.components[name].answers.iter();
        answers
            .map(|(key, answer)| (key.clone(), answer.value.clone()))
            .collect()
    }
}

/// The files of a component with their places. The paths are those of the catalogue.
pub(super) fn placed(component: &Component) -> Vec<(String, FilePlace)> {
    component
        .files
        .iter()
        .filter_map(|path| Some((format!("{}/{path}", component.root), component_place(path)?)))
        .collect()
}

/// The name of what a catalogue file renders to.
pub(super) fn output(path: &str) -> &str {
    path.strip_suffix(SUFFIX).unwrap_or(path)
}
