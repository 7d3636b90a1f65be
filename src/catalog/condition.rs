//! The only logic of the catalogue outside templates: `when` and `unless`.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::de::{MapAccess, Visitor, value::MapAccessDeserializer};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use std::fmt;
use std::marker::PhantomData;

use super::quote;

/// Facts and answers that must have one of some values, as `cluster.dns: [route53, google]`. All entries must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct When(pub IndexMap<String, Vec<String>>);

impl When {
    /// Whether every entry holds; `lookup` gives the value of `cluster.dns`, `answers.issuer` and the like.
    pub fn holds<'v>(&self, lookup: impl Fn(&str) -> Option<&'v Value>) -> bool {
        self.0.iter().all(|(key, wanted)| {
            lookup(key).is_some_and(|value| {
                let value = value_text(value);
                wanted.contains(&value)
            })
        })
    }

    /// The condition in words, as `where cluster.dns is route53 or google`; nothing if it always holds.
    pub fn words(&self) -> Option<String> {
        let entries: Vec<String> = self
            .0
            .iter()
            .map(|(key, values)| format!("{key} is {}", values.join(" or ")))
            .collect();
        (!entries.is_empty()).then(|| format!("where {}", entries.join(" and ")))
    }

    /// Whether it says nothing.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// A value as it is compared and shown: text bare, anything else as YAML on one line.
pub fn value_text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => quote::yaml(other),
    }
}

/// Something named, perhaps only under a condition: written `name` or `{name: …, when: {…}}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conditional {
    /// The name.
    pub name: String,
    /// When it holds; empty for always.
    pub when: When,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ConditionalMap {
    name: String,
    #[serde(default)]
    when: When,
}

impl From<String> for Conditional {
    fn from(name: String) -> Self {
        Self {
            name,
            when: When::default(),
        }
    }
}

impl From<ConditionalMap> for Conditional {
    fn from(map: ConditionalMap) -> Self {
        Self {
            name: map.name,
            when: map.when,
        }
    }
}

impl<'de> Deserialize<'de> for Conditional {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        text_or_map::<D, ConditionalMap, Self>(deserializer)
    }
}

impl JsonSchema for Conditional {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Conditional".into()
    }
    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let map = generator.subschema_for::<ConditionalMap>();
        schemars::json_schema!({ "anyOf": [{ "type": "string" }, map] })
    }
}

/// Reads something written as a text or as a map, with the messages of whichever it is
/// (an untagged enum would only say that nothing matched).
///
/// # Errors
/// Those of the deserializer.
pub(super) fn text_or_map<'de, D, M, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    M: Deserialize<'de> + Into<T>,
    T: From<String>,
{
    struct TextOrMap<M, T>(PhantomData<(M, T)>);
    impl<'de, M: Deserialize<'de> + Into<T>, T: From<String>> Visitor<'de> for TextOrMap<M, T> {
        type Value = T;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a text or a map")
        }
        fn visit_str<E>(self, text: &str) -> Result<T, E> {
            Ok(T::from(text.to_owned()))
        }
        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
            M::deserialize(MapAccessDeserializer::new(map)).map(Into::into)
        }
    }
    deserializer.deserialize_any(TextOrMap::<M, T>(PhantomData))
}
