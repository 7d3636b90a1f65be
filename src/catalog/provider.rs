//! `provider.yaml` and `common.yaml`.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;
use std::fmt;

use super::condition::{Conditional, When};
use super::question::Question;
use crate::yaml::Spanned;

/// A Terraform provider that a root requires.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RequiredProvider {
    /// Registry address, as `hashicorp/aws`.
    pub source: String,
    /// Version constraint.
    pub version: String,
}

/// What a root needs of Terraform.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Terraform {
    /// Version constraint of Terraform itself.
    pub required_version: String,
    /// Providers beyond `helm` and `kubernetes`, which every root has.
    #[serde(default)]
    pub providers: IndexMap<String, RequiredProvider>,
}

/// A fact that the provider knows: a value, or a template; perhaps only under a condition.
#[derive(Debug, Clone, PartialEq)]
pub struct Fact {
    /// The value; a text may be a template over `platform`, `cluster` and `answers`.
    pub value: Value,
    /// When it holds.
    pub when: When,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct FactMap {
    value: Value,
    #[serde(default)]
    when: When,
}

impl<'de> Deserialize<'de> for Fact {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct FactVisitor;
        impl<'de> serde::de::Visitor<'de> for FactVisitor {
            type Value = Fact;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text, a number, a boolean, or {value, when}")
            }
            fn visit_str<E>(self, text: &str) -> Result<Fact, E> {
                Ok(plain(text.into()))
            }
            fn visit_bool<E>(self, value: bool) -> Result<Fact, E> {
                Ok(plain(value.into()))
            }
            fn visit_u64<E>(self, value: u64) -> Result<Fact, E> {
                Ok(plain(value.into()))
            }
            fn visit_map<A: serde::de::MapAccess<'de>>(self, map: A) -> Result<Fact, A::Error> {
                let fact = FactMap::deserialize(serde::de::value::MapAccessDeserializer::new(map))?;
                Ok(Fact {
                    value: fact.value,
                    when: fact.when,
                })
            }
        }
        fn plain(value: Value) -> Fact {
            Fact {
                value,
                when: When::default(),
            }
        }
        deserializer.deserialize_any(FactVisitor)
    }
}

impl JsonSchema for Fact {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Fact".into()
    }
    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let map = generator.subschema_for::<FactMap>();
        schemars::json_schema!({ "anyOf": [{ "type": ["string", "integer", "boolean"] }, map] })
    }
}

/// A provider of clusters: the whole of its `provider.yaml`.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ProviderSpec {
    /// Version of this format: 1.
    pub format: Spanned<u32>,
    /// Name.
    pub name: Spanned<String>,
    /// A few words, as in a menu.
    pub description: String,
    /// What must be there before `terraform apply`.
    #[serde(default)]
    pub requires: Vec<String>,
    /// Shell lines that make kubectl talk to the cluster; templates over `platform`, `cluster` and `answers`.
    #[serde(default)]
    pub kubeconfig: Vec<String>,
    /// Abilities that its clusters have by themselves.
    #[serde(default)]
    pub provides: Vec<Spanned<Conditional>>,
    /// Which component gives an ability where several could.
    #[serde(default)]
    pub prefer: IndexMap<String, Spanned<String>>,
    /// Components chosen where nobody says which.
    #[serde(default)]
    pub usual: Vec<Spanned<String>>,
    /// Components that the prompt shows beside the usual ones, for people to choose.
    #[serde(default)]
    pub suggested: Vec<Spanned<String>>,
    /// Texts that only stand in values made for this provider.
    #[serde(default)]
    pub marks: Vec<String>,
    /// What its root needs of Terraform.
    pub terraform: Terraform,
    /// Questions per cluster.
    #[serde(default)]
    pub questions: Vec<Question>,
    /// Facts it knows.
    #[serde(default)]
    pub facts: IndexMap<Spanned<String>, Fact>,
}

/// What all platforms share: the whole of `common/common.yaml`.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CommonSpec {
    /// Version of this format: 1.
    pub format: Spanned<u32>,
    /// Components that every cluster has.
    #[serde(default)]
    pub always: Vec<Spanned<String>>,
    /// Terraform providers that every root requires.
    #[serde(default)]
    pub providers: IndexMap<String, RequiredProvider>,
    /// Facts that the skeleton itself uses, where they apply.
    #[serde(default)]
    pub uses: Vec<Spanned<String>>,
    /// Questions about every cluster, whoever provides it. Each name is a fact.
    #[serde(default)]
    pub cluster: Vec<Question>,
}
