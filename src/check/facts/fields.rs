//! What is known of the fields of Flux's and kustomize's kinds, as data.

use std::collections::BTreeMap;

const FLUX: &str = include_str!("flux.txt");
const KUSTOMIZE: &str = include_str!("kustomize.txt");

/// What a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::check) enum Type {
    /// A text.
    Text,
    /// `true` or `false`.
    Flag,
    /// A whole number.
    Int,
    /// A number.
    Number,
    /// A map of texts.
    Map,
    /// A map of fields that are known.
    Object,
    /// Anything.
    Any,
}

/// A field of a kind.
#[derive(Debug)]
pub(in crate::check) struct Field {
    /// Its name.
    pub(in crate::check) name: &'static str,
    /// Whether it must be there.
    pub(in crate::check) required: bool,
    /// Whether it is a list of what follows.
    pub(in crate::check) list: bool,
    /// What it holds.
    pub(in crate::check) holds: Type,
    /// What a text may be; anything if there are none.
    pub(in crate::check) values: Vec<&'static str>,
    /// What a text must look like: a regular expression.
    pub(in crate::check) pattern: Option<&'static str>,
    /// The fields of an object.
    pub(in crate::check) fields: Vec<Self>,
}

/// The fields of each kind, by `apiVersion` and kind.
pub(in crate::check) type Kinds = BTreeMap<(&'static str, &'static str), Vec<Field>>;

/// Flux's kinds.
pub(in crate::check) fn flux() -> Kinds {
    read(FLUX)
}

/// kustomize's kinds.
pub(in crate::check) fn kustomize() -> Kinds {
    read(KUSTOMIZE)
}

fn read(text: &'static str) -> Kinds {
    let mut lines = text
        .lines()
        .filter(|line| !line.starts_with('#'))
        .peekable();
    let mut kinds = Kinds::new();
    while let Some(line) = lines.next() {
        let Some((api, kind)) = line.split_once(' ') else {
            continue;
        };
        kinds.insert((api, kind), fields(1, &mut lines));
    }
    kinds
}

/// Reads the fields of a depth, and those below them.
fn fields(
    depth: usize,
    lines: &mut std::iter::Peekable<impl Iterator<Item = &'static str>>,
) -> Vec<Field> {
    let mut fields = Vec::new();
    while let Some(line) = lines.next_if(|line| indent(line) == depth) {
        let line = line.trim_start();
        let (line, pattern) = match line.split_once(" ~") {
            Some((line, pattern)) => (line, Some(pattern)),
            None => (line, None),
        };
        let (line, values) = match line.split_once(" =") {
            Some((line, values)) => (line, values.split('|').collect()),
            None => (line, Vec::new()),
        };
        let (name, holds) = line.split_once(' ').unwrap_or((line, "any"));
        let (name, list) = match name.strip_suffix("[]") {
            Some(name) => (name, true),
            None => (name, false),
        };
        let (name, required) = match name.strip_suffix('!') {
            Some(name) => (name, true),
            None => (name, false),
        };
        fields.push(Field {
            name,
            required,
            list,
            holds: match holds {
                "text" => Type::Text,
                "flag" => Type::Flag,
                "int" => Type::Int,
                "number" => Type::Number,
                "map" => Type::Map,
                "object" => Type::Object,
                _ => Type::Any,
            },
            values,
            pattern,
            fields: self::fields(depth + 1, lines),
        });
    }
    fields
}

fn indent(line: &str) -> usize {
    (line.len() - line.trim_start().len()) / 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read() {
        let kinds = flux();
        let fields = &kinds[&("kustomize.toolkit.fluxcd.io/v1", "Kustomization")];
        let spec = &fields[0].fields;
        let field = |name: &str| spec.iter().find(|field| field.name == name).unwrap();
        assert!(field("prune").required && field("prune").holds == Type::Flag);
        assert!(field("dependsOn").list && field("dependsOn").fields[0].required);
        assert!(
            field("interval")
                .pattern
                .is_some_and(|pattern| pattern.starts_with("^("))
        );
        assert!(
            field("sourceRef")
                .fields
                .iter()
                .any(|field| field.values.contains(&"GitRepository"))
        );
        for kinds in [flux(), kustomize()] {
            for field in kinds.values().flatten() {
                patterns_can_be_read(field);
            }
        }
    }

    fn patterns_can_be_read(field: &Field) {
        if let Some(pattern) = field.pattern {
            assert!(regex_lite::Regex::new(pattern).is_ok(), "{pattern}");
        }
        assert_eq!(
            field.holds == Type::Object,
            !field.fields.is_empty(),
            "{}",
            field.name
        );
        field.fields.iter().for_each(patterns_can_be_read);
    }
}
