//! Clusters that Terraform makes, and who brings their network.

use hcl_edit::Span as _;
use hcl_edit::structure::Block;

use super::eval::Scope;
use super::module::head;
use super::read::Reader;
use super::stack::{Machine, Network};
use super::value::Value;

/// Whether a block is written out: nothing makes more of it.
fn is_plain(block: &Block) -> bool {
    block.body.get_blocks("dynamic").next().is_none()
}

impl<'a> Reader<'_, 'a> {
    pub(super) fn machine(&mut self, scope: &Scope<'_, 'a>, block: &'a Block) {
        let kind = block.labels.first().map_or("", |label| label.as_str());
        let body = &block.body;
        let (what, network, span) = match kind {
            "google_container_cluster" => ("GKE", Network::Platform, head(block)),
            "digitalocean_kubernetes_cluster" => ("DigitalOcean", Network::Platform, head(block)),
            "azurerm_kubernetes_cluster" => {
                let Some(profile) = body.get_blocks("network_profile").next() else {
                    return;
                };
                let Some(plugin) = profile.body.get_attribute("network_plugin") else {
                    return;
                };
                let network = match self.value(scope, &plugin.value).as_text().as_deref() {
                    Some("none") => Network::Nobody,
                    Some("azure" | "kubenet") => Network::Platform,
                    _ => return,
                };
                ("AKS", network, plugin.span().unwrap_or_else(|| head(block)))
            }
            "kind_cluster" => {
                let configs: Vec<&Block> = body.get_blocks("kind_config").collect();
                let mut blocks = configs.iter();
                let networking =
                    blocks.find_map(|config| config.body.get_blocks("networking").next());
                let off =
                    networking.and_then(|block| block.body.get_attribute("disable_default_cni"));
                let plain = is_plain(block) && configs.iter().all(|config| is_plain(config));
                let network = match off.map(|off| self.value(scope, &off.value)) {
                    Some(Value::Bool(true)) => Network::Nobody,
                    None if plain && networking.is_none_or(is_plain) => Network::Platform,
                    Some(Value::Bool(false) | Value::Null) => Network::Platform,
                    _ => return,
                };
                let span = off.and_then(hcl_edit::Span::span);
                ("kind", network, span.unwrap_or_else(|| head(block)))
            }
            "talos_machine_configuration" => {
                let Some(patches) = body.get_attribute("config_patches") else {
                    return;
                };
                let list = self.value(scope, &patches.value);
                let mut names = list.items().iter().filter_map(|patch| {
                    let patch = patch.decoded()?;
                    patch.at(&["cluster", "network", "cni", "name"])?.as_text()
                });
                if !names.any(|name| name == "none") {
                    return;
                }
                (
                    "Talos",
                    Network::Nobody,
                    patches.key.span().unwrap_or_else(|| head(block)),
                )
            }
            _ => return,
        };
        self.stack.machines.push(Machine {
            what,
            network,
            source: scope.source,
            span,
        });
    }

    pub(super) fn cluster_module(&mut self, scope: &Scope<'_, 'a>, block: &'a Block, source: &str) {
        if source == "terraform-aws-modules/eks/aws" {
            self.eks(scope, block);
        }
        if source.starts_with("terraform-google-modules/kubernetes-engine/google") {
            self.stack.machines.push(Machine {
                what: "GKE",
                network: Network::Platform,
                source: scope.source,
                span: head(block),
            });
        }
    }

    /// Since version 21 the module leaves out the network that EKS brings by itself
    /// (`bootstrap_self_managed_addons = false` in its `main.tf`), unless it is among the addons.
    fn eks(&mut self, scope: &Scope<'_, 'a>, block: &'a Block) {
        let text = |name: &str| block.body.get_attribute(name)?.value.as_str();
        let version = text("version").unwrap_or_default();
        let version = version.trim_start_matches(['~', '>', '=', ' ']);
        let major: Option<u32> = version
            .split('.')
            .next()
            .and_then(|major| major.parse().ok());
        let addons = match block.body.get_attribute("addons") {
            Some(attribute) => self.value(scope, &attribute.value),
            None => Value::Null,
        };
        let network = match &addons {
            Value::Map(map) if map.entries.contains_key("vpc-cni") => Network::Platform,
            Value::Null | Value::Map(_) => Network::Nobody,
            _ => return,
        };
        if major.is_some_and(|major| major >= 21) {
            self.stack.machines.push(Machine {
                what: "EKS",
                network,
                source: scope.source,
                span: head(block),
            });
        }
    }
}
