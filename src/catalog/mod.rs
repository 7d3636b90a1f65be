//! The catalogue: templates as data, and what they say of components and providers.

mod check;
mod combine;
mod component;
mod condition;
pub mod facts;
mod load;
mod name;
mod place;
mod provider;
mod question;
mod quote;
mod scan;
mod template;

pub use combine::{FluxUnit, Taken, is_below};
pub use component::{
    ComponentSpec, CrdOrigin, CrdRemoval, Crds, Handover, Layer, Namespace, Need, Order, Origin,
    Part, PodSecurity, Ready, Removal, RemovalOrder, Scope, Secret, WorkloadKind,
};
pub use condition::{Conditional, When, value_text};
pub use load::{Catalogue, Component, Files, Provider, embedded_files, folder_files};
pub use name::{Name, Naming, YAML_WORDS};
pub use place::{Place as FilePlace, component_place};
pub use provider::{CommonSpec, Fact, ProviderSpec, RequiredProvider, Terraform};
pub use question::{AnswerType, Ask, Choice, Confirm, Question};
pub use template::{Engine, SUFFIX, is_template};

/// The version of the catalogue's format that this landform reads.
pub const FORMAT: u32 = 1;

/// Category of a component that comes from no catalogue.
pub const FOREIGN: &str = "own";
