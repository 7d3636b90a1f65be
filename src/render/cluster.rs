//! `clusters/<cluster>/` and `terraform/<cluster>/`.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use tera::Context;

use super::Renderer;
use super::context::{self, State};
use super::shared::{UNGUARDED, output, placed};
use crate::catalog::{Component, FilePlace, Layer, Part, Scope};
use crate::error::{Error, Result};
use crate::model::{Cluster, SecretsFrom, Unit, install_order, units};

impl Renderer<'_> {
    /// Writes what one cluster has of its own.
    pub(super) fn cluster(&mut self, name: &str) -> Result<()> {
        let platform = self.platform;
        let catalogue = self.catalogue;
        let cluster = &platform.clusters[name];
        let here = cluster.here(platform, catalogue);
        let mut base = self.context();
        base.insert("cluster", &cluster.facts);
        base.insert("here", &here);
        let mut units = units(platform, cluster, catalogue);
        // Folders first: a part without any file is no unit, and nothing waits for it.
        let mut paths: BTreeMap<String, String> = BTreeMap::new();
        for unit in units.values() {
            if let Some(path) = self.unit_folder(cluster, unit, &base)? {
                paths.insert(unit.name.clone(), path);
            }
        }
        units.retain(|name, _| paths.contains_key(name));
        for unit in units.values_mut() {
            unit.depends_on.retain(|name| paths.contains_key(name));
        }
        for unit in units.values() {
            let waits = unit.depends_on.iter();
            let waits: Vec<&String> = waits.map(|name| &units[name].object).collect();
            self.sync(cluster, unit, &paths[&unit.name], &waits, &base)?;
        }
        self.cluster_skeleton(name, &units, &base)?;
        self.terraform(cluster, &here, base)
    }

    /// Writes the overlay or the part's folder, if there is anything to say; gives the unit's path.
    fn unit_folder(
        &mut self,
        cluster: &Cluster,
        unit: &Unit<'_>,
        base: &Context,
    ) -> Result<Option<String>> {
        let component = unit.component;
        let name = &component.spec.name.value;
        let own = format!("clusters/{}/{}/{}", cluster.name, unit.layer(), unit.name);
        let mut context = self.unit_context(cluster, unit, base);
        match unit.part {
            None => {
                let shared = format!("{}/{name}", unit.layer());
                if self.overlay(cluster, unit, &own, &mut context)? {
                    return Ok(Some(own));
                }
                Ok(self.is_folder(&shared).then_some(shared))
            }
            Some(part) if part.scope == Scope::Shared => {
                let shared = format!("{}/{name}/{}", unit.layer(), part.name.value);
                let changed =
                    part.source.is_some() && self.overlay(cluster, unit, &own, &mut context)?;
                if !changed && !self.is_folder(&shared) {
                    return Ok(None);
                }
                Ok(Some(if changed { own } else { shared }))
            }
            Some(part) => self.cluster_part(component, part, own, context),
        }
    }

    fn cluster_part(
        &mut self,
        component: &Component,
        part: &Part,
        folder: String,
        context: Context,
    ) -> Result<Option<String>> {
        self.part_files(component, part, &folder, &context)?;
        if self.resources(&folder).is_empty() {
            return Ok(None);
        }
        self.kustomization("part", &folder, context, &BTreeSet::new())?;
        Ok(Some(folder))
    }

    /// Writes an overlay where the cluster differs; tells whether it does.
    fn overlay(
        &mut self,
        cluster: &Cluster,
        unit: &Unit<'_>,
        folder: &str,
        context: &mut Context,
    ) -> Result<bool> {
        let component = unit.component;
        if unit.part.is_none() {
            for (from, place) in placed(component) {
                match place {
                    FilePlace::ClusterValues => {
                        self.put(&from, &format!("{folder}/values.yaml"), context)?;
                    }
                    FilePlace::Cluster(file) => {
                        self.put(&from, &format!("{folder}/{file}"), context)?;
                    }
                    _ => {}
                }
            }
        }
        if unit.part.is_none() && cluster.secrets_from(component) == SecretsFrom::Store {
            self.external_secrets(cluster, component, folder, context)?;
        }
        if cluster.components[&component.spec.name.value].pinned {
            self.put_common(
                "overlay/version.yaml",
                &format!("{folder}/version.yaml"),
                context,
            )?;
        }
        let name = &component.spec.name.value;
        let removing = self.platform.is_removing(name, cluster.name.as_str());
        // Where it goes from every cluster, what they share has no guard any more.
        if unit.part.is_none() && removing && !self.guards_gone(name) {
            self.put_common(
                "overlay/unguarded.yaml",
                &format!("{folder}/{UNGUARDED}"),
                context,
            )?;
        }
        let written = ["values.yaml", "version.yaml", UNGUARDED]
            .iter()
            .any(|f| self.has(&format!("{folder}/{f}")));
        let encrypted = unit.part.is_none() && self.decrypts(cluster, component);
        if !written && !encrypted && self.resources(folder).is_empty() {
            return Ok(false);
        }
        let shared = match unit.part {
            None => format!("{}/{}", unit.layer(), component.spec.name.value),
            Some(part) => format!(
                "{}/{}/{}",
                unit.layer(),
                component.spec.name.value,
                part.name.value
            ),
        };
        if self.is_folder(&shared) {
            let up = "../".repeat(folder.matches('/').count() + 1);
            context.insert("base", &format!("{up}{shared}"));
        }
        let none = BTreeSet::new();
        let placed = &cluster.components[&component.spec.name.value];
        let sealed = if unit.part.is_none() {
            &placed.sealed
        } else {
            &none
        };
        self.kustomization("overlay", folder, context.clone(), sealed)?;
        Ok(true)
    }

    /// Whether encrypted secrets of a component stand, or are to stand, in its overlay.
    fn decrypts(&self, cluster: &Cluster, component: &Component) -> bool {
        let here = cluster.here(self.platform, self.catalogue);
        cluster.secrets_from(component) == SecretsFrom::Sops
            && !self.platform.secrets(cluster, component, &here).is_empty()
    }

    /// Writes an `ExternalSecret` for every secret that a store holds.
    fn external_secrets(
        &mut self,
        cluster: &Cluster,
        component: &Component,
        folder: &str,
        context: &Context,
    ) -> Result<()> {
        let here = cluster.here(self.platform, self.catalogue);
        for secret in self.platform.secrets(cluster, component, &here) {
            let mut context = context.clone();
            let key = cluster.store_key(&component.object, &secret.name);
            let keys: Vec<&String> = secret.keys.keys().collect();
            let mut value = json!({"name": secret.name, "key": key, "keys": keys});
            if let Some(kind) = &secret.kind {
                value["type"] = json!(kind);
            }
            context.insert("secret", &value);
            let to = format!("{folder}/secret-{}.yaml", secret.name);
            self.put_common("overlay/external-secret.yaml", &to, &context)?;
        }
        Ok(())
    }

    fn unit_context(&self, cluster: &Cluster, unit: &Unit<'_>, base: &Context) -> Context {
        let component = unit.component;
        let name = &component.spec.name.value;
        let has_values = self.has(&format!("{}/{name}/values.yaml", unit.layer()));
        let mut context = base.clone();
        let state = State {
            pinned: cluster.components[name].pinned,
            removing: self.platform.is_removing(name, cluster.name.as_str()),
            renaming: self.platform.is_renaming(name, cluster.name.as_str()),
            has_values,
        };
        let pin = cluster.components[name].pins.get(&unit.name);
        let mut own = context::component(component, state);
        if let Some(part) = unit.part {
            let part = context::part(component, part);
            context.insert("part", &context::pinned(part, pin));
        } else {
            own = context::pinned(own, pin);
        }
        context.insert("component", &own);
        context.insert("answers", &self.platform.answers_of(cluster, name));
        context
    }

    /// Writes the Flux Kustomization of a unit.
    fn sync(
        &mut self,
        cluster: &Cluster,
        unit: &Unit<'_>,
        path: &str,
        depends_on: &[&String],
        base: &Context,
    ) -> Result<()> {
        let mut context = self.unit_context(cluster, unit, base);
        context.insert("path", &format!("./{path}"));
        context.insert("depends_on", depends_on);
        context.insert("health", &context::health(unit));
        let decrypt = unit.part.is_none() && self.decrypts(cluster, unit.component);
        context.insert("decrypt", &decrypt);
        context.insert("substitute_from", &self.substitutes(cluster, unit, path));
        let to = format!(
            "clusters/{}/{}/{}.yaml",
            cluster.name,
            unit.layer(),
            unit.name
        );
        self.put_common("sync.yaml", &to, &context)?;
        Ok(())
    }

    /// The `ConfigMaps` that a unit takes variables from: only where its own files have them.
    fn substitutes(&self, cluster: &Cluster, unit: &Unit<'_>, path: &str) -> Vec<String> {
        let spec = &unit.component.spec;
        let answers = self.platform.answers_of(cluster, &spec.name.value);
        let prefix = format!("{path}/");
        let wanted = spec.from_terraform.iter().any(|variable| {
            let reference = format!("${{{}}}", variable.name);
            cluster.holds(variable, &answers)
                && self.tree.iter().any(|(file, text)| {
                    file.as_str().starts_with(&prefix) && text.contains(&reference)
                })
        });
        if wanted {
            vec![format!("{}-info", unit.component.object)]
        } else {
            Vec::new()
        }
    }

    fn cluster_skeleton(
        &mut self,
        name: &str,
        units: &BTreeMap<String, Unit<'_>>,
        base: &Context,
    ) -> Result<()> {
        let infrastructure = install_order(units, Layer::Infrastructure).map_err(Error::refused)?;
        let apps: Vec<&String> = units
            .values()
            .filter(|u| u.layer() == Layer::Apps)
            .map(|u| &u.name)
            .collect();
        let mut context = base.clone();
        context.insert(
            "units",
            &json!({"infrastructure": infrastructure, "apps": apps}),
        );
        for file in self.skeleton("cluster") {
            self.put_common(
                &format!("cluster/{file}"),
                &format!("clusters/{name}/{file}"),
                &context,
            )?;
        }
        Ok(())
    }

    /// Paths of the skeleton's files in one of its folders, without the template suffix.
    pub(super) fn skeleton(&self, folder: &str) -> Vec<String> {
        self.catalogue
            .below(&format!("common/{folder}"))
            .map(|(path, _)| output(path).to_owned())
            .collect()
    }

    fn terraform(
        &mut self,
        cluster: &Cluster,
        here: &BTreeSet<String>,
        base: Context,
    ) -> Result<()> {
        let catalogue = self.catalogue;
        let folder = format!("terraform/{}", cluster.name);
        let mut identities: BTreeSet<&str> = BTreeSet::new();
        for name in cluster.components.keys() {
            let component = &catalogue.components[name];
            let mut context = base.clone();
            let state = State::default();
            context.insert("component", &context::component(component, state));
            context.insert("answers", &self.platform.answers_of(cluster, name));
            for (from, place) in placed(component) {
                if place != FilePlace::Terraform(cluster.provider.clone()) {
                    continue;
                }
                let written = self.put(&from, &format!("{folder}/{name}.tf"), &context)?;
                let addresses = component.spec.identity.iter().filter(|_| written);
                identities.extend(
                    addresses
                        .filter(|(provider, _)| provider.value == cluster.provider)
                        .flat_map(|(_, addresses)| addresses.iter().map(String::as_str)),
                );
            }
        }
        let Some(provider) = cluster.provider(catalogue) else {
            return Ok(());
        };
        let mut context = base;
        context.insert("here", here);
        context.insert("answers", &cluster.answer_values());
        context.insert("identities", &identities);
        context.insert("provider", &self.provider_context(cluster)?);
        for path in provider
            .files
            .iter()
            .filter(|path| *path != "provider.yaml")
        {
            let from = format!("{}/{path}", provider.root);
            self.put(&from, &format!("{folder}/{}", output(path)), &context)?;
        }
        for file in self.skeleton("terraform") {
            // What a provider writes itself wins over the skeleton.
            if !self.has(&format!("{folder}/{file}")) {
                self.put_common(
                    &format!("terraform/{file}"),
                    &format!("{folder}/{file}"),
                    &context,
                )?;
            }
        }
        Ok(())
    }

    /// `provider`, its texts rendered for one cluster.
    pub(super) fn provider_context(&self, cluster: &Cluster) -> Result<Value> {
        let Some(provider) = cluster.provider(self.catalogue) else {
            return Ok(Value::Null);
        };
        let spec = &provider.spec;
        let mut context = self.context();
        context.insert("cluster", &cluster.facts);
        context.insert("answers", &cluster.answer_values());
        let lines = |texts: &[String], whose: &str| -> Result<Vec<String>> {
            let whose = format!("{whose} of {}", spec.name.value);
            let lines = texts
                .iter()
                .map(|text| self.catalogue.engine.evaluate(text, &context, &whose));
            let lines: Result<Vec<String>> = lines.collect();
            let lines = lines?.into_iter().map(|line| line.trim().to_owned());
            Ok(lines.filter(|line| !line.is_empty()).collect())
        };
        let mut required: BTreeMap<&String, Value> = BTreeMap::new();
        let all = self
            .catalogue
            .common
            .providers
            .iter()
            .chain(&spec.terraform.providers);
        for (name, provider) in all {
            required.insert(
                name,
                json!({"name": name, "source": provider.source, "version": provider.version}),
            );
        }
        Ok(json!({
            "name": spec.name.value,
            "description": spec.description,
            "requires": lines(&spec.requires, "requires")?,
            "kubeconfig": lines(&spec.kubeconfig, "kubeconfig")?,
            "terraform": {
                "required_version": spec.terraform.required_version,
                "providers": required.into_values().collect::<Vec<_>>(),
            },
        }))
    }
}
