//! Names of platforms, clusters, components and parts.

use std::borrow::Borrow;
use std::fmt;

use serde::{Serialize, Serializer};

/// Words that a YAML 1.1 reader (Terraform's, older tools') takes for a boolean or for nothing.
pub const YAML_WORDS: [&str; 9] = ["y", "n", "yes", "no", "on", "off", "true", "false", "null"];

/// Names that a file or an object of every platform already bears.
pub(super) const RESERVED: [&str; 12] = [
    "all",
    "backend",
    "bootstrap",
    "cluster",
    "flux-system",
    "kustomization",
    "main",
    "outputs",
    "platform",
    "providers",
    "variables",
    "versions",
];

/// What a name is for; it decides how long it may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Naming {
    /// A platform: part of every cluster's id.
    Platform,
    /// A cluster: part of its id and of cloud resource names.
    Cluster,
    /// A component: name of folders, Flux objects and cloud resources.
    Component,
    /// A part: a suffix of its component's name.
    Part,
    /// An ability.
    Ability,
}

impl Naming {
    /// Longest name. `<platform>-<cluster>-<component>` stays below the 64 characters of an AWS role
    /// in all usual cases, `<component>-<part>` below the 53 of a Helm release.
    fn longest(self) -> usize {
        match self {
            Self::Platform => 24,
            Self::Cluster | Self::Part => 16,
            Self::Component => 36,
            Self::Ability => 40,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Platform => "platform",
            Self::Cluster => "cluster",
            Self::Component => "component",
            Self::Part => "part",
            Self::Ability => "ability",
        }
    }
}

/// A checked name: a DNS-1123 label that starts with a letter, is no YAML 1.1 word and not reserved.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(String);

impl Name {
    /// Checks a name.
    ///
    /// # Errors
    /// The reason why it is none.
    pub fn new(text: &str, naming: Naming) -> Result<Self, String> {
        let word = naming.word();
        let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if text.is_empty() {
            return Err(format!("a {word} needs a name"));
        }
        if !text.starts_with(|c: char| c.is_ascii_lowercase()) {
            return Err(format!(
                "the name of a {word} starts with a lower-case letter"
            ));
        }
        if !text.chars().all(allowed) || text.ends_with('-') {
            return Err(format!(
                "the name of a {word} has only lower-case letters, digits and dashes, and ends in no dash"
            ));
        }
        if text.len() > naming.longest() {
            return Err(format!(
                "the name of a {word} has at most {} characters, this one has {}",
                naming.longest(),
                text.len()
            ));
        }
        if YAML_WORDS.contains(&text) {
            return Err(format!("`{text}` means something else in YAML"));
        }
        if naming != Naming::Ability && RESERVED.contains(&text) {
            return Err(format!("`{text}` is taken by the platform's own files"));
        }
        Ok(Self(text.to_owned()))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for Name {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for Name {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for Name {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for good in ["prod", "eu-1", "a"] {
            assert!(Name::new(good, Naming::Cluster).is_ok(), "{good}");
        }
        for bad in [
            "",
            "Prod",
            "1a",
            "-a",
            "a-",
            "a_b",
            "a.b",
            "no",
            "on",
            "main",
            "ü",
            "a b",
            "../x",
            "a\n",
            "abcdefghijklmnopq",
        ] {
            assert!(Name::new(bad, Naming::Cluster).is_err(), "{bad:?}");
        }
    }
}
