//! `component.yaml`.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

use super::condition::{Conditional, When};
use super::question::Question;
use crate::yaml::Spanned;

/// Where a component lives, and so how it comes to the cluster.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Layer {
    /// Installed by Terraform first where it can be handed over, then run by Flux.
    Infrastructure,
    /// Flux's from the start.
    Apps,
}

impl Layer {
    /// Both, in the order in which they come to a cluster.
    pub const ALL: [Self; 2] = [Self::Infrastructure, Self::Apps];

    /// Name of its folder.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Infrastructure => "infrastructure",
            Self::Apps => "apps",
        }
    }
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Where the component's manifests come from. Exactly one.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum Origin {
    /// A Helm chart in an OCI registry.
    Oci {
        /// `oci://…`, the chart's name included.
        url: String,
        /// The chart's exact version.
        version: String,
        /// The Secret with the registry's login, in the component's namespace.
        #[serde(default)]
        secret: Option<String>,
    },
    /// A Helm chart of a classic HTTP repository. Terraform cannot hand it over.
    Helm {
        /// `https://…`
        repository: String,
        /// The chart's name there.
        chart: String,
        /// The chart's exact version.
        version: String,
        /// The Secret with the repository's login, in the component's namespace.
        #[serde(default)]
        secret: Option<String>,
    },
    /// Plain manifests in a Git repository.
    Git {
        /// `https://…`
        url: String,
        /// An exact tag.
        tag: String,
        /// Folder, starting with `./`.
        path: String,
    },
    /// Only the files of this component.
    Files {},
}

impl Origin {
    /// The exact version, where there is one.
    pub fn version(&self) -> Option<&str> {
        match self {
            Self::Oci { version, .. } | Self::Helm { version, .. } => Some(version),
            Self::Git { tag, .. } => Some(tag),
            Self::Files {} => None,
        }
    }

    /// Whether it is a Helm chart.
    pub fn is_chart(&self) -> bool {
        matches!(self, Self::Oci { .. } | Self::Helm { .. })
    }
}

/// The Pod Security Standard that a namespace enforces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum PodSecurity {
    /// Anything goes.
    Privileged,
    /// No known privilege escalations.
    Baseline,
    /// Hardened pods only.
    Restricted,
}

/// The namespace of the release.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Namespace {
    /// Its name.
    pub name: Spanned<String>,
    /// What it enforces. Given if and only if this component creates the namespace.
    #[serde(default, rename = "podSecurity")]
    pub pod_security: Option<PodSecurity>,
}

/// Something that must be there before.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Need {
    /// An ability or a component.
    pub name: Spanned<String>,
    /// Why, in words.
    #[serde(default)]
    pub why: Option<String>,
    /// It only orders: where the ability is there it comes first, where it is not nothing is added.
    #[serde(default)]
    pub optional: bool,
    /// When it is needed at all.
    #[serde(default)]
    pub when: When,
}

/// Where custom resource definitions come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CrdOrigin {
    /// There are none.
    None,
    /// The chart's templates.
    Chart,
    /// The chart's `crds/` folder.
    CrdsFolder,
    /// The operator makes them when it starts.
    Operator,
    /// The source itself, or a part.
    Source,
}

/// What becomes of the definitions when the component goes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum CrdRemoval {
    /// They stay, and every object of theirs.
    #[default]
    Kept,
    /// They go, and every object of theirs.
    Deleted,
}

/// Custom resource definitions.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Crds {
    /// Where they come from.
    pub from: CrdOrigin,
    /// What becomes of them.
    #[serde(default)]
    pub removal: CrdRemoval,
    /// `group/version/Kind`.
    #[serde(default)]
    pub kinds: Vec<String>,
}

/// Whose folder a part's files are in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// `clusters/<cluster>/<layer>/<component>-<part>/`.
    Cluster,
    /// `<layer>/<component>/<part>/`.
    Shared,
}

/// Before or after the component itself.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Order {
    /// The component waits for it.
    Before,
    /// It waits for the component.
    #[default]
    After,
}

/// A further Flux Kustomization of the component.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// Its name; the Flux Kustomization is `<component>-<part>`.
    pub name: Spanned<String>,
    /// Whose folder it is in.
    pub scope: Scope,
    /// Before or after the component.
    #[serde(default)]
    pub order: Order,
    /// Abilities it gives.
    #[serde(default)]
    pub provides: Vec<Conditional>,
    /// What only this part waits for.
    #[serde(default)]
    pub needs: Vec<Need>,
    /// Manifests from elsewhere (only `git`).
    #[serde(default)]
    pub source: Option<Origin>,
}

/// A Secret that somebody has to make.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Secret {
    /// Its name, in the component's namespace.
    pub name: String,
    /// Its keys and what each holds.
    pub keys: IndexMap<String, String>,
    /// Its type, where that is not `Opaque`.
    #[serde(default, rename = "type")]
    pub kind: Option<String>,
    /// When it is needed.
    #[serde(default)]
    pub when: When,
    /// Not needed where one of these is present.
    #[serde(default)]
    pub unless: Vec<String>,
}

/// The object by which Terraform sees that the hand-over is done.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Ready {
    /// `DaemonSet`, `Deployment` or `StatefulSet`.
    pub kind: WorkloadKind,
    /// Its name, in the release's namespace.
    pub name: String,
}

/// Kinds that a hand-over can look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum WorkloadKind {
    /// apps/v1
    DaemonSet,
    /// apps/v1
    Deployment,
    /// apps/v1
    StatefulSet,
}

/// How an infrastructure component passes from Terraform to Flux.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Handover {
    /// What shows that it runs and who owns it.
    #[serde(default)]
    pub ready: Option<Ready>,
    /// How long an upgrade may take, as `15m`.
    #[serde(default)]
    pub timeout: Option<Spanned<String>>,
    /// Why every render gives the same text.
    #[serde(default)]
    pub stable: Option<String>,
    /// Why it cannot be handed over, so that Flux installs it.
    #[serde(default)]
    pub none: Option<String>,
}

/// What removing it means.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Removal {
    /// `parts-first` if objects of its parts hold finalizers that only it clears.
    #[serde(default)]
    pub order: Option<RemovalOrder>,
    /// What stays.
    #[serde(default)]
    pub keeps: Option<String>,
    /// What is lost.
    #[serde(default)]
    pub loses: Option<String>,
}

/// The order of a removal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RemovalOrder {
    /// The parts go in a commit of their own, before the component.
    PartsFirst,
}

/// A component of the catalogue: the whole of its `component.yaml`.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ComponentSpec {
    /// Version of this format: 1.
    pub format: Spanned<u32>,
    /// Name, as the project names itself.
    pub name: Spanned<String>,
    /// Layer.
    pub layer: Layer,
    /// One word to group by.
    pub category: String,
    /// One sentence.
    pub description: String,
    /// Where to read more.
    pub homepage: String,
    /// Where it comes from.
    pub source: Spanned<Origin>,
    /// Helm release name; needed with a chart.
    #[serde(default)]
    pub release: Option<Spanned<String>>,
    /// Namespace.
    pub namespace: Namespace,
    /// Abilities it gives.
    #[serde(default)]
    pub provides: Vec<Conditional>,
    /// What it needs.
    #[serde(default)]
    pub needs: Vec<Need>,
    /// Components that cannot stand beside it on a cluster.
    #[serde(default)]
    pub conflicts: Vec<Spanned<String>>,
    /// The only providers it is for.
    #[serde(default)]
    pub only: Vec<Spanned<String>>,
    /// Providers it is not for, and why.
    #[serde(default)]
    pub unfit: IndexMap<Spanned<String>, String>,
    /// Facts with which it does not fit: `cluster.dns: {none: reason}`.
    #[serde(default)]
    pub unfit_when: IndexMap<Spanned<String>, IndexMap<String, String>>,
    /// Custom resource definitions.
    pub crds: Crds,
    /// Further Flux Kustomizations.
    #[serde(default)]
    pub parts: Vec<Part>,
    /// Facts that its templates use beyond those that every cluster has.
    #[serde(default)]
    pub uses: Vec<Spanned<Conditional>>,
    /// Questions.
    #[serde(default)]
    pub questions: Vec<Question>,
    /// Secrets that somebody has to make.
    #[serde(default)]
    pub secrets: Vec<Secret>,
    /// Values that Terraform passes to Flux in the `ConfigMap` `<name>-info`.
    #[serde(default, rename = "fromTerraform")]
    pub from_terraform: Vec<Conditional>,
    /// Per provider: Terraform addresses that must exist before Flux starts.
    #[serde(default)]
    pub identity: IndexMap<Spanned<String>, Vec<String>>,
    /// The hand-over; for infrastructure.
    #[serde(default)]
    pub handover: Option<Spanned<Handover>>,
    /// Timeout of the release where 5 minutes are too short, as `10m`.
    #[serde(default)]
    pub timeout: Option<Spanned<String>>,
    /// What removing it means.
    #[serde(default)]
    pub removal: Removal,
    /// What a person should know.
    #[serde(default)]
    pub notes: Vec<String>,
}

impl ComponentSpec {
    /// What it gives, by itself and by its parts.
    pub fn all_provides(&self) -> impl Iterator<Item = &Conditional> {
        let parts = self.parts.iter().flat_map(|part| &part.provides);
        self.provides.iter().chain(parts)
    }

    /// What it needs, itself and its parts.
    pub fn all_needs(&self) -> impl Iterator<Item = &Need> {
        let parts = self.parts.iter().flat_map(|part| &part.needs);
        self.needs.iter().chain(parts)
    }
}
