//! Questions: what a component or a provider wants to know.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::condition::{When, text_or_map};
use super::scan::{self, Use};
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

/// Where the prompt asks although there is a default.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Confirm {
    /// Providers on which the default is taken in silence all the same.
    #[serde(default)]
    pub except: Vec<Spanned<String>>,
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
    /// The prompt asks although there is a default, if something uses the answer; the default is offered.
    #[serde(default)]
    pub confirm: Option<Confirm>,
    /// Why another answer later would mean to build the cluster anew: then it is not changed in passing.
    #[serde(default)]
    pub fixed: Option<String>,
    /// Why its version never goes back on a cluster that runs: then an older one is refused as if it were fixed.
    #[serde(default)]
    pub never_back: Option<String>,
    /// Every cluster has its own: it is not taken over from another one.
    #[serde(default)]
    pub own: bool,
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

    /// Its default on a provider as the catalogue has it: perhaps a template, or only the beginning of an answer.
    pub fn default_on(&self, provider: &str) -> Option<&Value> {
        let default = self.defaults.get(provider).or(self.default.as_ref());
        // An empty one says that there is none there.
        default.filter(|default| *default != "")
    }

    /// Whether nothing has to be said on a provider.
    pub fn has_default(&self, provider: &str) -> bool {
        self.default_on(provider).is_some_and(|d| self.is_whole(d))
    }

    /// Whether a value lacks nothing that is asked for: `{s3: {}}` without a bucket is only a beginning.
    fn is_whole(&self, value: &Value) -> bool {
        let Some(map) = value.as_object() else {
            return true;
        };
        let mut fields = self.fields.iter();
        fields.all(|field| match map.get(&field.name.value) {
            Some(value) => field.is_whole(value),
            None => self.one || field.optional || field.default.is_some(),
        })
    }

    /// Whether the prompt asks on a provider although there is a default.
    pub fn confirms(&self, provider: &str) -> bool {
        let confirm = self.confirm.as_ref();
        confirm.is_some_and(|confirm| confirm.except.iter().all(|name| name.value != provider))
    }

    /// The facts and answers that its default on a provider is made of, as `cluster.domain`.
    pub fn default_uses(&self, provider: &str) -> Vec<String> {
        let text = self.default_on(provider).and_then(Value::as_str);
        let uses = scan::uses(text.unwrap_or_default()).into_iter();
        uses.filter_map(|used| match used {
            Use::Member { root, name, .. } => Some(format!("{root}.{name}")),
            _ => None,
        })
        .collect()
    }

    /// What an answer looks like where nothing of it is known, as `{s3: {bucket: …}}`.
    pub fn sketch(&self, provider: &str) -> String {
        let begun = self.default_on(provider).and_then(Value::as_object);
        let begun = begun.and_then(|map| map.keys().next());
        let fields: Vec<String> = self
            .fields
            .iter()
            .filter(|field| match begun {
                Some(name) if self.one => &field.name.value == name,
                _ => !field.optional && field.default.is_none(),
            })
            .map(|field| format!("{}: {}", field.name.value, field.sketch(provider)))
            .collect();
        match self.kind {
            AnswerType::List => "[…]".to_owned(),
            AnswerType::Map if self.one && begun.is_none() => "…".to_owned(),
            AnswerType::Map => format!("{{{}}}", fields.join(", ")),
            _ => "…".to_owned(),
        }
    }
}
