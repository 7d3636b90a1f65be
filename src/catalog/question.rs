//! Questions: what a component or a provider wants to know.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::condition::{When, text_or_map};
use crate::yaml::Spanned;

/// Once for the platform, or per cluster.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Ask {
    /// One answer for the whole platform: shared files may use it.
    Platform,
    /// One answer per cluster.
    #[default]
    Cluster,
}

/// The type of an answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum AnswerType {
    /// A single line of text.
    #[default]
    String,
    /// A whole number.
    Number,
    /// `true` or `false`.
    Boolean,
    /// A list of texts.
    List,
    /// A map with the keys of `fields`.
    Map,
}

/// One thing to choose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// What it means, in words.
    pub text: String,
    /// When it can be chosen; empty for always.
    pub when: When,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ChoiceMap {
    text: String,
    #[serde(default)]
    when: When,
}

impl From<String> for Choice {
    fn from(text: String) -> Self {
        Self {
            text,
            when: When::default(),
        }
    }
}

impl From<ChoiceMap> for Choice {
    fn from(map: ChoiceMap) -> Self {
        Self {
            text: map.text,
            when: map.when,
        }
    }
}

impl<'de> Deserialize<'de> for Choice {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text_or_map::<D, ChoiceMap, Self>(deserializer)
    }
}

impl JsonSchema for Choice {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Choice".into()
    }
    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let map = generator.subschema_for::<ChoiceMap>();
        schemars::json_schema!({ "anyOf": [{ "type": "string" }, map] })
    }
}

/// A question, its rules and its default.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// Name of the answer: templates see `answers.<name>`.
    pub name: Spanned<String>,
    /// Who is asked for it.
    #[serde(default)]
    pub ask: Ask,
    /// The question in plain words.
    pub prompt: String,
    /// Type of the answer.
    #[serde(default, rename = "type")]
    pub kind: AnswerType,
    /// The values to choose from, and what each means.
    #[serde(default)]
    pub choices: IndexMap<String, Choice>,
    /// The keys of a map.
    #[serde(default)]
    pub fields: Vec<Self>,
    /// Exactly one of `fields` is given.
    #[serde(default)]
    pub one: bool,
    /// A regular expression that the whole answer must match.
    #[serde(default, rename = "match")]
    pub pattern: Option<Spanned<String>>,
    /// What `match` means, in words.
    #[serde(default)]
    pub hint: Option<String>,
    /// A template over `platform`, `cluster`, `answers` and `value`, the answer: it renders why that is not taken,
    /// and blank if it is.
    #[serde(default)]
    pub refuse: Option<String>,
    /// The answer if none is given; a text may be a template over `platform`, `cluster` and `answers`.
    #[serde(default)]
    pub default: Option<Value>,
    /// An answer that would be taken, where any other text would not: for trials.
    #[serde(default)]
    pub example: Option<Value>,
    /// Defaults of single providers.
    #[serde(default)]
    pub defaults: IndexMap<String, Value>,
    /// When it is asked at all.
    #[serde(default)]
    pub when: When,
    /// It may stay without an answer.
    #[serde(default)]
    pub optional: bool,
}

impl Question {
    /// Whether a plain value chosen from a list answers it.
    pub fn is_choice(&self) -> bool {
        !self.choices.is_empty()
    }
}
