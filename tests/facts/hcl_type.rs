//! Terraform types, as written in a variable (`object({ a = optional(string) })`)
//! and as printed by `providers schema -json` (`["list", "string"]`).

use std::collections::BTreeMap;
use std::fmt;

/// What a value may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Type {
    /// Anything at all.
    Any,
    /// A string.
    Text,
    /// A number.
    Number,
    /// `true` or `false`.
    Bool,
    /// A list or a set.
    List(Box<Self>),
    /// Free keys, values of one type.
    Map(Box<Self>),
    /// A type for each place.
    Tuple(Vec<Self>),
    /// Named keys.
    Object(BTreeMap<String, Field>),
}

/// One key of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Field {
    /// What its value may be.
    pub(crate) ty: Type,
    /// May it be left out?
    pub(crate) optional: bool,
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Any => "anything",
            Self::Text => "a string",
            Self::Number => "a number",
            Self::Bool => "a bool",
            Self::List(_) => "a list",
            Self::Map(_) => "a map",
            Self::Tuple(_) => "a tuple",
            Self::Object(_) => "an object",
        })
    }
}

impl Type {
    /// Reads a type expression; commas between the keys of an object may be missing.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut parser = Parser { rest: text };
        let ty = parser.ty().map_err(|e| format!("type {text:?}: {e}"))?;
        match parser.peek() {
            None => Ok(ty),
            Some(c) => Err(format!("type {text:?}: {c:?} after the end")),
        }
    }

    /// Reads the type of a provider's attribute.
    pub(crate) fn from_json(json: &serde_json::Value) -> Result<Self, String> {
        use serde_json::Value;
        let inner = |v: &Value| Self::from_json(v).map(Box::new);
        match json {
            Value::String(word) => Self::word(word),
            Value::Array(items) => match (items.first().and_then(Value::as_str), items.get(1)) {
                (Some("list" | "set"), Some(of)) => Ok(Self::List(inner(of)?)),
                (Some("map"), Some(of)) => Ok(Self::Map(inner(of)?)),
                (Some("object"), Some(Value::Object(of))) => {
                    let field = |(key, ty): (&String, &Value)| {
                        let ty = Self::from_json(ty)?;
                        Ok((key.clone(), Field { ty, optional: true }))
                    };
                    of.iter()
                        .map(field)
                        .collect::<Result<_, _>>()
                        .map(Self::Object)
                }
                _ => Err(format!("unknown type {json}")),
            },
            _ => Err(format!("unknown type {json}")),
        }
    }

    fn word(word: &str) -> Result<Self, String> {
        match word {
            "any" | "dynamic" => Ok(Self::Any),
            "string" => Ok(Self::Text),
            "number" => Ok(Self::Number),
            "bool" => Ok(Self::Bool),
            _ => Err(format!("unknown type {word:?}")),
        }
    }

    /// Could Terraform turn a value of type `have` into this type?
    pub(crate) fn takes(&self, have: &Self) -> bool {
        match (self, have) {
            (Self::Any, _)
            | (_, Self::Any)
            | (Self::Tuple(_), Self::List(_) | Self::Tuple(_))
            | (Self::Object(_), Self::Map(_)) => true,
            (Self::List(want), Self::List(have)) | (Self::Map(want), Self::Map(have)) => {
                want.takes(have)
            }
            (Self::List(want), Self::Tuple(have)) => have.iter().all(|have| want.takes(have)),
            (Self::Map(want), Self::Object(have)) => have.values().all(|f| want.takes(&f.ty)),
            (Self::Object(want), Self::Object(have)) => want.iter().all(|(key, want)| {
                have.get(key)
                    .map_or(want.optional, |have| want.ty.takes(&have.ty))
            }),
            (want, have) => want.is_scalar() && have.is_scalar(),
        }
    }

    fn is_scalar(&self) -> bool {
        matches!(self, Self::Text | Self::Number | Self::Bool)
    }
}

/// A recursive descent over what is left of the text.
struct Parser<'a> {
    rest: &'a str,
}

impl<'a> Parser<'a> {
    fn peek(&mut self) -> Option<char> {
        self.rest = self.rest.trim_start();
        self.rest.chars().next()
    }

    fn accept(&mut self, want: char) -> bool {
        let there = self.peek() == Some(want);
        if there {
            self.rest = &self.rest[want.len_utf8()..];
        }
        there
    }

    fn expect(&mut self, want: char) -> Result<(), String> {
        if self.accept(want) {
            return Ok(());
        }
        Err(format!("{want:?} expected at {:?}", self.rest))
    }

    /// A name, quoted or not.
    fn name(&mut self) -> Result<&'a str, String> {
        let quoted = self.accept('"');
        let rest = self.rest.trim_start();
        let end = rest
            .find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '-'))
            .unwrap_or(rest.len());
        let (name, rest) = rest.split_at(end);
        self.rest = rest;
        if quoted {
            self.expect('"')?;
        }
        if name.is_empty() {
            Err(format!("a name expected at {rest:?}"))
        } else {
            Ok(name)
        }
    }

    fn ty(&mut self) -> Result<Type, String> {
        let word = self.name()?;
        if !self.accept('(') {
            return match word {
                "list" | "set" => Ok(Type::List(Box::new(Type::Any))),
                "map" => Ok(Type::Map(Box::new(Type::Any))),
                _ => Type::word(word),
            };
        }
        let ty = match word {
            "list" | "set" => Type::List(Box::new(self.ty()?)),
            "map" => Type::Map(Box::new(self.ty()?)),
            "tuple" => self.tuple()?,
            "object" => self.object()?,
            _ => return Err(format!("unknown type {word:?}")),
        };
        self.accept(',');
        self.expect(')')?;
        Ok(ty)
    }

    fn tuple(&mut self) -> Result<Type, String> {
        let mut items = Vec::new();
        self.expect('[')?;
        while !self.accept(']') {
            items.push(self.ty()?);
            self.accept(',');
        }
        Ok(Type::Tuple(items))
    }

    fn object(&mut self) -> Result<Type, String> {
        let mut fields = BTreeMap::new();
        self.expect('{')?;
        while !self.accept('}') {
            let key = self.name()?.to_owned();
            self.expect('=')?;
            let field = self.field()?;
            fields.insert(key, field);
            self.accept(',');
        }
        Ok(Type::Object(fields))
    }

    fn field(&mut self) -> Result<Field, String> {
        self.peek();
        let Some(rest) = self.rest.strip_prefix("optional") else {
            return Ok(Field {
                ty: self.ty()?,
                optional: false,
            });
        };
        self.rest = rest;
        self.expect('(')?;
        let ty = self.ty()?;
        if self.accept(',') {
            self.skip_default()?;
        }
        self.expect(')')?;
        Ok(Field { ty, optional: true })
    }

    /// Skips an expression up to the bracket that closes what is around it.
    fn skip_default(&mut self) -> Result<(), String> {
        let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
        for (at, c) in self.rest.char_indices() {
            match c {
                _ if escaped => escaped = false,
                '\\' if quoted => escaped = true,
                '"' => quoted = !quoted,
                _ if quoted => {}
                ')' | ']' | '}' if depth == 0 => {
                    self.rest = &self.rest[at..];
                    return Ok(());
                }
                ')' | ']' | '}' => depth -= 1,
                '(' | '[' | '{' => depth += 1,
                _ => {}
            }
        }
        Err("a default that never ends".to_owned())
    }
}
