//! Reads typed values from the spanned tree through serde, so that every error has a position.

use std::fmt;
use std::marker::PhantomData;
use std::ops::Range;
use std::sync::Arc;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::de::value::{StrDeserializer, UsizeDeserializer};
use serde::de::{
    self, DeserializeOwned, DeserializeSeed, Deserializer, EnumAccess, IntoDeserializer as _,
    MapAccess, SeqAccess, VariantAccess, Visitor,
};
use serde::forward_to_deserialize_any;
use serde_json::Value;

use super::node::{Kind, Node};
use crate::error::{Error, Problem, Result, Source, suggest};

/// Reads a node as `T`.
///
/// # Errors
/// An unknown key, a missing one, a wrong type or an unknown variant, with its position and what was meant.
pub fn from_node<T: DeserializeOwned>(node: &Node, source: &Arc<Source>) -> Result<T> {
    T::deserialize(NodeDeserializer { node }).map_err(|fault| {
        let span = fault.span.unwrap_or_else(|| node.span.clone());
        let problem = Problem::new(fault.message).span(source, span);
        Error::refused(match fault.hint {
            Some(hint) => problem.hint(hint),
            None => problem,
        })
    })
}

/// A value and the byte range it was read from.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Spanned<T> {
    /// The value.
    pub value: T,
    /// Byte range in the source.
    pub span: Range<usize>,
}

const SPANNED: &str = "$spanned";

impl<'de, T: de::Deserialize<'de>> de::Deserialize<'de> for Spanned<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct SpannedVisitor<T>(PhantomData<T>);
        impl<'de, T: de::Deserialize<'de>> Visitor<'de> for SpannedVisitor<T> {
            type Value = Spanned<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value with its position")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let missing = || de::Error::custom("a value without a position");
                let start = seq.next_element()?.ok_or_else(missing)?;
                let end = seq.next_element()?.ok_or_else(missing)?;
                let value = seq.next_element()?.ok_or_else(missing)?;
                Ok(Spanned {
                    value,
                    span: start..end,
                })
            }
        }
        deserializer.deserialize_struct(SPANNED, &[], SpannedVisitor(PhantomData))
    }
}

impl<T: JsonSchema> JsonSchema for Spanned<T> {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        T::schema_name()
    }
    fn inline_schema() -> bool {
        T::inline_schema()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::json_schema(generator)
    }
}

/// What serde says, with the place it spoke of.
#[derive(Debug)]
struct Fault {
    message: String,
    hint: Option<String>,
    span: Option<Range<usize>>,
}

impl Fault {
    fn located(mut self, node: &Node) -> Self {
        self.span.get_or_insert_with(|| node.span.clone());
        self
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Fault {}

impl de::Error for Fault {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self {
            message: message.to_string(),
            hint: None,
            span: None,
        }
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        Self {
            hint: Some(suggest(field, expected.iter().copied())),
            ..Self::custom(format!("unknown key `{field}`"))
        }
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        Self {
            hint: Some(suggest(variant, expected.iter().copied())),
            ..Self::custom(format!("unknown value `{variant}`"))
        }
    }

    fn missing_field(field: &'static str) -> Self {
        Self::custom(format!("the key `{field}` is missing"))
    }
}

struct NodeDeserializer<'a> {
    node: &'a Node,
}

impl NodeDeserializer<'_> {
    fn wrong(&self, expected: &dyn de::Expected) -> Fault {
        let fault: Fault = de::Error::custom(format!(
            "expected {expected}, found {}",
            self.node.describe()
        ));
        fault.located(self.node)
    }
}

impl<'de> Deserializer<'de> for NodeDeserializer<'_> {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        let node = self.node;
        let result = match &node.kind {
            Kind::Sequence(items) => visitor.visit_seq(Items { items, next: 0 }),
            Kind::Mapping(entries) => visitor.visit_map(Entries { entries, next: 0 }),
            Kind::Scalar { text, plain: false } => visitor.visit_str(text),
            Kind::Scalar { text, plain: true } => match super::node::resolve(text) {
                Value::Null => visitor.visit_unit(),
                Value::Bool(b) => visitor.visit_bool(b),
                Value::Number(n) if n.is_u64() => visitor.visit_u64(n.as_u64().unwrap_or(0)),
                Value::Number(n) if n.is_i64() => visitor.visit_i64(n.as_i64().unwrap_or(0)),
                Value::Number(n) => visitor.visit_f64(n.as_f64().unwrap_or(0.0)),
                _ => visitor.visit_str(text),
            },
        };
        result.map_err(|fault| fault.located(node))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        if self.node.is_null() {
            visitor.visit_none()
        } else {
            let node = self.node;
            visitor.visit_some(self).map_err(|f| f.located(node))
        }
    }

    /// A text is wanted: `version: 1.20` is the text `1.20`, as it is written.
    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.node.text() {
            Some(text) if !self.node.is_null() => visitor
                .visit_str(text)
                .map_err(|f: Fault| f.located(self.node)),
            _ => Err(self.wrong(&"a text")),
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        self.deserialize_str(visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        let node = self.node;
        if name == SPANNED {
            return visitor
                .visit_seq(SpannedParts { node, part: 0 })
                .map_err(|f| f.located(node));
        }
        match &node.kind {
            Kind::Mapping(entries) => visitor
                .visit_map(Entries { entries, next: 0 })
                .map_err(|f| f.located(node)),
            _ => Err(self.wrong(&"a map")),
        }
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match &self.node.kind {
            Kind::Mapping(_) => self.deserialize_any(visitor),
            _ => Err(self.wrong(&"a map")),
        }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match &self.node.kind {
            Kind::Sequence(_) => self.deserialize_any(visitor),
            _ => Err(self.wrong(&"a list")),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        let node = self.node;
        visitor
            .visit_enum(Variant { node })
            .map_err(|f| f.located(node))
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        let node = self.node;
        visitor
            .visit_newtype_struct(self)
            .map_err(|f| f.located(node))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char bytes byte_buf
        unit unit_struct tuple tuple_struct identifier ignored_any
    }
}

struct SpannedParts<'a> {
    node: &'a Node,
    part: u8,
}

impl<'de> SeqAccess<'de> for SpannedParts<'_> {
    type Error = Fault;
    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Fault> {
        self.part += 1;
        let offset = |at: usize| -> UsizeDeserializer<Fault> { at.into_deserializer() };
        match self.part {
            1 => seed.deserialize(offset(self.node.span.start)).map(Some),
            2 => seed.deserialize(offset(self.node.span.end)).map(Some),
            3 => seed
                .deserialize(NodeDeserializer { node: self.node })
                .map(Some),
            _ => Ok(None),
        }
    }
}

struct Items<'a> {
    items: &'a [Node],
    next: usize,
}

impl<'de> SeqAccess<'de> for Items<'_> {
    type Error = Fault;
    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Fault> {
        let Some(node) = self.items.get(self.next) else {
            return Ok(None);
        };
        self.next += 1;
        seed.deserialize(NodeDeserializer { node })
            .map(Some)
            .map_err(|f| f.located(node))
    }
}

struct Entries<'a> {
    entries: &'a [(Node, Node)],
    next: usize,
}

impl<'de> MapAccess<'de> for Entries<'_> {
    type Error = Fault;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Fault> {
        let Some((key, _)) = self.entries.get(self.next) else {
            return Ok(None);
        };
        seed.deserialize(KeyDeserializer { node: key })
            .map(Some)
            .map_err(|f| f.located(key))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Fault> {
        let (_, value) = &self.entries[self.next];
        self.next += 1;
        seed.deserialize(NodeDeserializer { node: value })
            .map_err(|f| f.located(value))
    }
}

/// Keys are always texts, whatever they look like.
struct KeyDeserializer<'a> {
    node: &'a Node,
}

impl<'de> Deserializer<'de> for KeyDeserializer<'_> {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_str(self.node.text().unwrap_or_default())
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        NodeDeserializer { node: self.node }.deserialize_struct(name, fields, visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        visitor.visit_enum(Variant { node: self.node })
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf
        option unit unit_struct seq tuple tuple_struct map identifier ignored_any
    }
}

/// `name` is a unit variant, `name: {…}` one with content.
struct Variant<'a> {
    node: &'a Node,
}

impl<'a, 'de> EnumAccess<'de> for Variant<'a> {
    type Error = Fault;
    type Variant = Content<'a>;

    fn variant_seed<V: DeserializeSeed<'de>>(
        self,
        seed: V,
    ) -> Result<(V::Value, Content<'a>), Fault> {
        let (name, content) = match &self.node.kind {
            Kind::Scalar { .. } if !self.node.is_null() => (self.node, None),
            Kind::Mapping(entries) if entries.len() == 1 => (&entries[0].0, Some(&entries[0].1)),
            _ => {
                let fault: Fault = de::Error::custom(format!(
                    "expected one name, or a map with exactly one key, found {}",
                    self.node.describe()
                ));
                return Err(fault.located(self.node));
            }
        };
        let text: StrDeserializer<'_, Fault> = name.text().unwrap_or_default().into_deserializer();
        let value = seed.deserialize(text).map_err(|f| f.located(name))?;
        Ok((value, Content { name, content }))
    }
}

struct Content<'a> {
    name: &'a Node,
    content: Option<&'a Node>,
}

impl<'de> VariantAccess<'de> for Content<'_> {
    type Error = Fault;

    fn unit_variant(self) -> Result<(), Fault> {
        match self.content {
            None => Ok(()),
            Some(node) => {
                Err(<Fault as de::Error>::custom("takes nothing after its name").located(node))
            }
        }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Fault> {
        match self.content {
            Some(node) => seed
                .deserialize(NodeDeserializer { node })
                .map_err(|f| f.located(node)),
            None => {
                Err(<Fault as de::Error>::custom("needs a map after its name").located(self.name))
            }
        }
    }

    fn tuple_variant<V: Visitor<'de>>(self, _len: usize, visitor: V) -> Result<V::Value, Fault> {
        match self.content {
            Some(node) => NodeDeserializer { node }.deserialize_seq(visitor),
            None => {
                Err(<Fault as de::Error>::custom("needs a list after its name").located(self.name))
            }
        }
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        match self.content {
            Some(node) => NodeDeserializer { node }.deserialize_struct("", fields, visitor),
            None => {
                Err(<Fault as de::Error>::custom("needs a map after its name").located(self.name))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use indexmap::IndexMap;
    use serde::Deserialize;

    use super::*;
    use crate::yaml::read;

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(deny_unknown_fields)]
    struct Thing {
        name: Spanned<String>,
        #[serde(default)]
        count: Option<u32>,
        #[serde(default)]
        source: Option<Origin>,
        #[serde(default)]
        on: IndexMap<Spanned<String>, Vec<bool>>,
    }

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(rename_all = "lowercase", deny_unknown_fields)]
    enum Origin {
        Files,
        Oci { url: String },
    }

    fn fails(text: &str) -> String {
        read::<Thing>(&Source::new("t.yaml", text))
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn reads_with_positions() {
        let text = "name: 1.20\nsource:\n  oci: {url: x}\non: {prod: [true]}\n";
        let thing: Thing = read(&Source::new("t.yaml", text)).unwrap();
        assert_eq!(thing.name.value, "1.20");
        assert_eq!(&text[thing.name.span], "1.20");
        assert_eq!(thing.source, Some(Origin::Oci { url: "x".into() }));
        let thing: Thing = read(&Source::new("t.yaml", "name: a\nsource: files\n")).unwrap();
        assert_eq!(thing.source, Some(Origin::Files));
    }

    #[test]
    fn faults_have_positions_and_suggestions() {
        assert_eq!(
            fails("name: a\ncuont: 3\n"),
            "t.yaml:2:1: unknown key `cuont` (did you mean `count`?)"
        );
        assert_eq!(fails("count: 3\n"), "t.yaml:1:1: the key `name` is missing");
        assert!(
            fails("name: a\ncount: many\n")
                .starts_with("t.yaml:2:8: invalid type: string \"many\"")
        );
        assert_eq!(
            fails("name: [a]\n"),
            "t.yaml:1:7: expected a text, found a list"
        );
        assert!(
            fails("name: a\nsource: {oci: {uri: x}}\n")
                .starts_with("t.yaml:2:16: unknown key `uri`")
        );
        assert!(
            fails("name: a\nsource: {git: {}}\n").starts_with("t.yaml:2:10: unknown value `git`")
        );
        assert!(
            fails("name: a\non: {p: [yes]}\n").starts_with("t.yaml:2:10: invalid type: string")
        );
    }
}
