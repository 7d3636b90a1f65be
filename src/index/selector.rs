//! Which objects a patch is for: kustomize's selectors.

use regex_lite::Regex;

use super::document::Object;
use crate::yaml::Node;

/// The target of a patch.
#[derive(Debug, Default)]
pub(super) struct Selector {
    fields: Vec<(Field, Regex)>,
    labels: Vec<Requirement>,
    annotations: Vec<Requirement>,
}

#[derive(Debug, Clone, Copy)]
enum Field {
    Group,
    Version,
    Kind,
    Name,
    Namespace,
}

/// One condition on a label or an annotation.
#[derive(Debug, PartialEq, Eq)]
enum Requirement {
    In(String, Vec<String>),
    NotIn(String, Vec<String>),
    Exists(String),
    Absent(String),
}

impl Selector {
    /// Reads `target` of a patch. Each field is a regular expression for the whole value (kustomize,
    /// `types/selector.go`); one that cannot be read matches nothing.
    pub(super) fn read(target: &Node) -> Option<Self> {
        let mut selector = Self::default();
        let fields = [
            ("group", Field::Group),
            ("version", Field::Version),
            ("kind", Field::Kind),
            ("name", Field::Name),
            ("namespace", Field::Namespace),
        ];
        for (key, field) in fields {
            if let Some(text) = target
                .get(key)
                .and_then(Node::text)
                .filter(|text| !text.is_empty())
            {
                let whole = Regex::new(&format!("^(?:{text})$")).ok()?;
                selector.fields.push((field, whole));
            }
        }
        let conditions = |key: &str| {
            let text = target.get(key).and_then(Node::text).unwrap_or_default();
            requirements(text)
        };
        selector.labels = conditions("labelSelector");
        selector.annotations = conditions("annotationSelector");
        Some(selector)
    }

    /// Whether it selects an object that has this name and namespace by now. What it had in its file counts as well
    /// (kustomize, `resmap/reswrangler.go`, `Select`), and without a namespace it is in `default`.
    pub(super) fn selects(&self, object: &Object<'_>, name: &str, namespace: Option<&str>) -> bool {
        let names = [object.name, name];
        let home = |namespace: Option<&str>| namespace.unwrap_or_default().to_owned();
        let homes = [home(object.namespace), home(namespace)];
        self.names(
            [object.group(), object.version(), object.kind],
            &names,
            &homes,
        ) && meets(&self.labels, object.node.at(&["metadata", "labels"]))
            && meets(
                &self.annotations,
                object.node.at(&["metadata", "annotations"]),
            )
    }

    /// Whether it selects something that a generator makes. Its labels are not known, so they are taken to fit.
    pub(super) fn selects_made(&self, kind: &str, name: &str, namespace: Option<&str>) -> bool {
        let home = namespace.unwrap_or_default().to_owned();
        self.names(["", "v1", kind], &[name], &[home])
    }

    /// Whether it asks for labels or annotations.
    pub(super) fn asks_for_marks(&self) -> bool {
        !self.labels.is_empty() || !self.annotations.is_empty()
    }

    fn names(&self, [group, version, kind]: [&str; 3], names: &[&str], homes: &[String]) -> bool {
        self.fields.iter().all(|(field, whole)| match field {
            Field::Group => whole.is_match(group),
            Field::Version => whole.is_match(version),
            Field::Kind => whole.is_match(kind),
            Field::Name => names.iter().any(|name| whole.is_match(name)),
            Field::Namespace => homes
                .iter()
                .any(|home| whole.is_match(home) || home.is_empty() && whole.is_match("default")),
        })
    }
}

fn meets(requirements: &[Requirement], map: Option<&Node>) -> bool {
    let value = |key: &str| map.and_then(|map| map.get(key)).and_then(Node::text);
    requirements.iter().all(|requirement| match requirement {
        Requirement::In(key, values) => value(key).is_some_and(|v| values.iter().any(|x| x == v)),
        Requirement::NotIn(key, values) => {
            value(key).is_none_or(|v| !values.iter().any(|x| x == v))
        }
        Requirement::Exists(key) => value(key).is_some(),
        Requirement::Absent(key) => value(key).is_none(),
    })
}

/// Label selectors as Kubernetes writes them: `a=b,c!=d,e in (f,g),h notin (i),j,!k`.
fn requirements(text: &str) -> Vec<Requirement> {
    let mut parts: Vec<String> = Vec::new();
    let mut depth = 0;
    for c in text.chars() {
        match c {
            ',' if depth == 0 => {
                parts.push(String::new());
                continue;
            }
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        match parts.last_mut() {
            Some(last) => last.push(c),
            None => parts.push(c.to_string()),
        }
    }
    let each = parts
        .iter()
        .map(|part| part.trim())
        .filter(|part| !part.is_empty());
    each.map(requirement).collect()
}

fn requirement(part: &str) -> Requirement {
    let list = |text: &str| -> Vec<String> {
        let inner = text.trim().trim_start_matches('(').trim_end_matches(')');
        inner
            .split(',')
            .map(|value| value.trim().to_owned())
            .collect()
    };
    if let Some((key, values)) = part.split_once(" notin ") {
        return Requirement::NotIn(key.trim().to_owned(), list(values));
    }
    if let Some((key, values)) = part.split_once(" in ") {
        return Requirement::In(key.trim().to_owned(), list(values));
    }
    if let Some((key, value)) = part.split_once("!=") {
        return Requirement::NotIn(key.trim().to_owned(), vec![value.trim().to_owned()]);
    }
    if let Some((key, value)) = part.split_once('=') {
        let value = value.trim_start_matches('=').trim().to_owned();
        return Requirement::In(key.trim().to_owned(), vec![value]);
    }
    match part.strip_prefix('!') {
        Some(key) => Requirement::Absent(key.trim().to_owned()),
        None => Requirement::Exists(part.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selectors_are_read() {
        let owned = |texts: &[&str]| texts.iter().map(|&t| t.to_owned()).collect::<Vec<_>>();
        assert_eq!(
            requirements("a=b, c!=d,e in (f, g),h notin (i),j,!k,l==m"),
            [
                Requirement::In("a".to_owned(), owned(&["b"])),
                Requirement::NotIn("c".to_owned(), owned(&["d"])),
                Requirement::In("e".to_owned(), owned(&["f", "g"])),
                Requirement::NotIn("h".to_owned(), owned(&["i"])),
                Requirement::Exists("j".to_owned()),
                Requirement::Absent("k".to_owned()),
                Requirement::In("l".to_owned(), owned(&["m"])),
            ]
        );
        assert!(requirements("").is_empty());
    }
}
