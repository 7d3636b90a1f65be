//! Secrets: which a component needs on a cluster, and where they come from.

use std::collections::BTreeSet;

use super::platform::{Cluster, Platform};
use crate::catalog::{Component, Layer, Secret};

/// The ability of a component that brings secrets from an outside store.
pub const STORE: &str = "secret-store";

/// Values of the fact `secrets` that name an outside store.
const STORES: [&str; 5] = ["aws", "azure", "google", "onepassword", "vault"];

/// Where a component's secrets on a cluster come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecretsFrom {
    /// Somebody makes them in the cluster.
    Hand,
    /// They stand in Git, encrypted by sops.
    Sops,
    /// An outside store; an `ExternalSecret` brings each.
    Store,
}

impl Cluster {
    /// Where the secrets of a component come from here. Whoever brings secrets from a store cannot have its own
    /// from there, and infrastructure comes before any store.
    pub fn secrets_from(&self, component: &Component) -> SecretsFrom {
        let spec = &component.spec;
        let gives_store = spec.all_provides().any(|ability| ability.name == STORE);
        match self
            .facts
            .get("secrets")
            .and_then(|secrets| secrets.as_str())
        {
            Some("sops") => SecretsFrom::Sops,
            Some(store) if STORES.contains(&store) && !gives_store && spec.layer == Layer::Apps => {
                SecretsFrom::Store
            }
            _ => SecretsFrom::Hand,
        }
    }

    /// The name under which a store holds a secret: `<cluster.id>/<component>/<secret>`. Azure's vaults take
    /// letters, digits and dashes only, Google's also underscores: neither takes a slash.
    pub fn store_key(&self, component: &str, secret: &str) -> String {
        let id = self
            .facts
            .get("id")
            .and_then(|id| id.as_str())
            .unwrap_or_default();
        let key = format!("{id}/{component}/{secret}");
        match self
            .facts
            .get("secrets")
            .and_then(|secrets| secrets.as_str())
        {
            Some("azure") => key.replace('/', "-"),
            Some("google") => key.replace('/', "_"),
            _ => key,
        }
    }
}

impl Platform {
    /// The secrets that a component needs on a cluster, wherever they come from.
    pub fn secrets<'a>(
        &self,
        cluster: &Cluster,
        component: &'a Component,
        here: &BTreeSet<String>,
    ) -> Vec<&'a Secret> {
        let answers = self.answers_of(cluster, &component.spec.name.value);
        component
            .spec
            .secrets
            .iter()
            .filter(|secret| secret.when.holds(|key| cluster.lookup(&answers, key)))
            .filter(|secret| !secret.unless.iter().any(|name| here.contains(name)))
            .collect()
    }

    /// Whether a component waits for a store to give it a secret on a cluster.
    pub fn needs_store(
        &self,
        cluster: &Cluster,
        component: &Component,
        here: &BTreeSet<String>,
    ) -> bool {
        cluster.secrets_from(component) == SecretsFrom::Store
            && !self.secrets(cluster, component, here).is_empty()
    }
}
