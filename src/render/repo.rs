//! The files at the root of the repository.

use serde_json::{Value, json};

use super::{Renderer, context};
use crate::catalog::{Layer, Name};
use crate::error::{Error, Result};
use crate::model::{Cluster, install_order, units};

/// Why Terraform does not install a component of infrastructure that its catalogue has among the apps.
const NOT_EARLY: &str = "nothing needs it before Flux runs";

impl Renderer<'_> {
    /// Writes the skeleton of the repository: README, CI, Renovate, the bootstrap module.
    pub(super) fn repo(&mut self) -> Result<()> {
        let mut context = self.context();
        let clusters: Result<Vec<Value>> = self
            .platform
            .in_order()
            .into_iter()
            .map(|cluster| self.cluster_summary(cluster))
            .collect();
        context.insert("clusters", &clusters?);
        context.insert("components", &self.component_summaries());
        for file in self.skeleton("repo") {
            self.put_common(&format!("repo/{file}"), &file, &context)?;
        }
        Ok(())
    }

    fn cluster_summary(&self, cluster: &Cluster) -> Result<Value> {
        let units = units(self.platform, cluster, self.catalogue);
        let order = install_order(&units, Layer::Infrastructure).map_err(Error::refused)?;
        let infrastructure: Vec<&String> = order
            .iter()
            .filter(|name| cluster.components.contains_key(*name))
            .collect();
        let apps: Vec<&String> = cluster
            .components
            .keys()
            .filter(|name| self.catalogue.components[*name].spec.layer == Layer::Apps)
            .collect();
        let here = cluster.here(self.platform, self.catalogue);
        Ok(context::extend(
            &cluster.facts,
            json!({
                "provider_info": self.provider_context(cluster)?,
                "infrastructure": infrastructure,
                "apps": apps,
                "here": here,
            }),
        ))
    }

    fn component_summaries(&self) -> Vec<Value> {
        let summaries = self.platform.components.keys().map(|name| {
            let component = &self.catalogue.components[name];
            let spec = &component.spec;
            let on = self.platform.in_order().into_iter();
            let on = on.filter(|cluster| cluster.components.contains_key(name));
            let clusters: Vec<&Name> = on.map(|cluster| &cluster.name).collect();
            let ready = context::ready(component);
            let mut summary = json!({
                "name": name,
                "layer": spec.layer,
                "description": spec.description,
                "homepage": spec.homepage,
                "clusters": clusters,
                "namespace": spec.namespace.name.value,
                "handover": ready.is_some(),
                "parts": spec.parts.iter().map(|p| &p.name.value).collect::<Vec<_>>(),
            });
            if let Some(ready) = &ready {
                let kind = format!("{:?}", ready.kind).to_lowercase();
                summary["ready"] = json!(format!("{kind}/{}", ready.name));
            }
            let none = spec.handover.as_ref().and_then(|h| h.value.none.as_deref());
            // An app that was moved says nothing of it.
            let moved = (ready.is_none() && spec.handover.is_none()).then_some(NOT_EARLY);
            if let Some(reason) = none.or(moved) {
                summary["handover_none"] = json!(reason);
            }
            if let Some(version) = spec.source.value.version() {
                summary["version"] = json!(version);
            }
            summary
        });
        summaries.collect()
    }
}
