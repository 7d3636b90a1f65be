//! Fields of Flux's and kustomize's kinds that do not exist, that lack, or that hold what they cannot hold.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use regex_lite::Regex;
use serde_json::Value;

use super::common::{is_old_flag, is_slip};
use super::{older_fields, refused};
use crate::check::facts::fields::{self, Field, Type};
use crate::check::finding::{Finding, Findings, Severity, Spot};
use crate::check::registry::Rule;
use crate::error::{Source, did_you_mean};
use crate::index::{Folder, Known, Origin, Repository, folder_of};
use crate::yaml::{Kind, Node};

pub(in crate::check) const RULE: Rule = Rule {
    id: "misspelt-field",
    severity: Severity::Error,
    summary: "a field of a Flux or kustomize kind that does not exist, lacks, or holds what it cannot",
    check,
};

/// How a document is read.
struct Reader<'r> {
    source: &'r Arc<Source>,
    /// The kind, in words.
    kind: &'r str,
    /// kustomize does not look at the case of names.
    any_case: bool,
    /// What comes of a field that does not exist; none where nothing does.
    unknown: Option<String>,
    /// What comes of a value that cannot be.
    wrong: String,
    /// Whether what must be there can be asked for: no patch may add it.
    whole: bool,
    severity: Severity,
    patterns: &'r mut BTreeMap<&'static str, Option<Regex>>,
    /// Whether the repository patches its definitions so that a field takes a value.
    added: &'r dyn Fn(&str) -> bool,
    /// All fields of the kind, to tell where one belongs.
    all: &'r [Field],
}

fn check(repository: &Repository<'_>, findings: &mut Findings) {
    let mut patterns = BTreeMap::new();
    let kinds = fields::flux();
    let bare = bare(repository);
    let added = |value: &str| {
        let mut texts = repository.index.texts.values();
        texts.any(|source| source.text.contains("/enum/") && source.text.contains(value))
    };
    for (id, object) in repository.objects.all.iter().enumerate() {
        let Some(fields) = kinds.get(&(object.api, object.kind)) else {
            older_fields::look(object, &kinds, repository, findings);
            continue;
        };
        if object.nested {
            continue;
        }
        let unread = !repository.reached.contains(object.file()) && !repository.clusters.is_empty();
        let mut reader = Reader {
            source: object.source,
            kind: object.kind,
            any_case: false,
            unknown: Some("the API server refuses it (\"field not declared in schema\"), and Flux applies nothing of its build".to_owned()),
            wrong: "the API server refuses it, and Flux applies nothing of its build".to_owned(),
            whole: bare.contains(&id),
            severity: if unread { Severity::Warning } else { Severity::Error },
            patterns: &mut patterns,
            added: &added,
            all: fields,
        };
        let spec = object.node.get("spec");
        if let (Some(spec), [field]) = (spec, &fields[..]) {
            reader.value(spec, field, findings);
        }
        refused::look(object, bare.contains(&id), unread, findings);
    }
    let kinds = fields::kustomize();
    let Some(fields) = kinds.values().next() else {
        return;
    };
    let units = repository.units();
    let led: BTreeSet<&str> = units
        .filter_map(|unit| match &unit.folder {
            Folder::Here(folder) => Some(folder.as_str()),
            _ => None,
        })
        .collect();
    let index = repository.index;
    for (path, documents) in &index.files {
        let folder = folder_of(path);
        let (Some(source), Some(node)) = (index.texts.get(path), documents.first()) else {
            continue;
        };
        if index.kustomization_file(folder).as_ref() != Some(path) {
            continue;
        }
        let unread = !repository.reached.contains(path.as_str()) && !repository.clusters.is_empty();
        let refused = "kustomize refuses it, and Flux applies nothing of the build";
        let mut reader = Reader {
            source,
            kind: "kustomization",
            any_case: true,
            // Flux reads the kustomization of the folder that it is led to without asking for unknown fields, and writes
            // it anew (fluxcd/pkg, `kustomize/kustomize_generator.go`).
            unknown: Some(if led.contains(folder) {
                "Flux leaves it out without a word; kustomize itself refuses it".to_owned()
            } else {
                refused.to_owned()
            }),
            wrong: refused.to_owned(),
            whole: false,
            severity: if unread {
                Severity::Warning
            } else {
                Severity::Error
            },
            patterns: &mut patterns,
            added: &added,
            all: fields,
        };
        if let Kind::Mapping(_) = node.kind {
            reader.object(node, fields, findings);
        }
    }
}

/// Objects that something applies as they are written. Where nothing is known to apply what applies them, patches of
/// that are not known either.
fn bare(repository: &Repository<'_>) -> BTreeSet<usize> {
    let clusters = repository.clusters.iter();
    let units = clusters
        .filter(|cluster| cluster.start.known != Known::Implied)
        .flat_map(|cluster| &cluster.units);
    let built = units
        .filter(|unit| !unit.loose)
        .flat_map(|unit| &unit.built)
        .filter(|built| built.patches.is_empty());
    let ids = built.filter_map(|built| match built.origin {
        Origin::Object(id) => Some(id),
        Origin::Generated(_) => None,
    });
    ids.collect()
}

/// What kustomize makes of a word of YAML 1.1: other rules, which take it for a name, are wrong about it.
pub(in crate::check) const READS: &str = "reads a boolean in";

/// Whether a text has parts that something puts in.
fn is_open(text: &str) -> bool {
    text.contains("${") || text.contains("<<") || text.contains("{{") || text.contains("{%")
}

impl Reader<'_> {
    fn add<'f>(&self, at: &Node, message: String, findings: &'f mut Findings) -> &'f mut Finding {
        let finding = findings.add(Spot::node(self.source, at), message);
        finding.severity(self.severity);
        finding.effect(self.wrong.clone());
        finding
    }

    fn object(&mut self, node: &Node, fields: &[Field], findings: &mut Findings) {
        for (key, value) in node.entries() {
            let Some(name) = key.text().filter(|name| !is_open(name)) else {
                continue;
            };
            let field = fields.iter().find(|field| {
                field.name == name || self.any_case && field.name.eq_ignore_ascii_case(name)
            });
            match field {
                Some(field) => self.value(value, field, findings),
                None => self.no_such(key, name, fields, node, findings),
            }
        }
        if !self.whole || node.get("<<").is_some() {
            return;
        }
        for field in fields.iter().filter(|field| field.required) {
            if node.get(field.name).is_none() {
                let message = format!("{} lacks {}", self.kind, field.name);
                let at = node.entries().first().map_or(node, |(key, _)| key);
                let finding = self.add(at, message, findings);
                finding.hint(format!("add {}", field.name));
            }
        }
    }

    fn no_such(
        &self,
        key: &Node,
        name: &str,
        fields: &[Field],
        node: &Node,
        findings: &mut Findings,
    ) {
        let names = fields.iter().map(|field| field.name);
        let near = did_you_mean(name, names.clone()).or_else(|| {
            let mut names = names;
            names.find(|known| known.eq_ignore_ascii_case(name))
        });
        let Some(unknown) = &self.unknown else {
            return;
        };
        // What Flux leaves out may hold anchors.
        if near.is_none() && self.any_case && !unknown.starts_with("kustomize") {
            return;
        }
        let message = format!("{} has no field {name} here", self.kind);
        let finding = self.add(key, message, findings);
        finding.effect(unknown.clone());
        if let Some(near) = near {
            finding.hint(format!("did you mean `{near}`?"));
            let slip = is_slip(name, near) || near.eq_ignore_ascii_case(name);
            if slip && node.get(near).is_none() {
                let edit = (Spot::node(self.source, key), near.to_owned());
                finding.fix(format!("write {near}"), vec![edit]);
            }
            return;
        }
        // One that is nowhere known may be of a later version.
        let mut homes = Vec::new();
        homes_of(name, self.all, "", &mut homes);
        match &homes[..] {
            [home] if !home.is_empty() => {
                finding.hint(format!("it is a field of {home}: move it there"));
            }
            [] => {
                finding.severity(Severity::Warning);
                finding.hint("Flux 2.9 and kustomize 5.8 know none of this name: take it away");
            }
            _ => {
                finding.hint("take it away, or move it to where it belongs");
            }
        }
    }

    fn value(&mut self, node: &Node, field: &Field, findings: &mut Findings) {
        if node.is_null() || node.text().is_some_and(is_open) {
            return;
        }
        if !field.list {
            self.single(node, field, findings);
            return;
        }
        let Kind::Sequence(items) = &node.kind else {
            let message = format!("{} is a list, and this is {}", field.name, node.describe());
            let finding = self.add(node, message, findings);
            finding.hint("write each on a line of its own, after a -");
            return;
        };
        for item in items {
            if !item.is_null() && !item.text().is_some_and(is_open) {
                self.single(item, field, findings);
            }
        }
    }

    fn single(&mut self, node: &Node, field: &Field, findings: &mut Findings) {
        let value = match &node.kind {
            Kind::Scalar { .. } => node.to_value(),
            Kind::Sequence(_) => Value::Array(Vec::new()),
            Kind::Mapping(_) => Value::Object(serde_json::Map::new()),
        };
        if self.any_case
            && field.holds == Type::Text
            && self.is_flag_there(node, field.name, findings)
        {
            return;
        }
        let (fits, wanted) = match field.holds {
            Type::Any => (true, ""),
            Type::Text => (value.is_string(), "a text"),
            // kustomize reads its own files by YAML 1.1.
            Type::Flag if self.any_case && node.text().is_some_and(is_old_flag) => (true, ""),
            Type::Flag => (value.is_boolean(), "true or false"),
            Type::Int => (value.is_i64(), "a whole number"),
            Type::Number => (value.is_number(), "a number"),
            Type::Map | Type::Object => (value.is_object(), "a map"),
        };
        if !fits {
            self.misfit(node, (field.name, field.pattern), wanted, findings);
            return;
        }
        match field.holds {
            Type::Object => self.object(node, &field.fields, findings),
            Type::Map => {
                for (key, value) in node.entries() {
                    if self.any_case {
                        let name = key.text().unwrap_or(field.name);
                        self.is_flag_there(value, name, findings);
                    }
                    let plain = matches!(value.kind, Kind::Scalar { .. });
                    let open = value.text().is_some_and(is_open);
                    // What holds a text and is given something else: the rule yaml-trap tells of it.
                    if !plain && !open {
                        let name = key.text().unwrap_or(field.name).to_owned();
                        self.misfit(value, (&name, None), "a text", findings);
                    }
                }
            }
            Type::Text => self.text(node, field, findings),
            _ => {}
        }
    }

    /// kustomize reads its own files by YAML 1.1, in which these are booleans. Measured: "cannot unmarshal bool into Go
    /// struct field".
    fn is_flag_there(&self, node: &Node, name: &str, findings: &mut Findings) -> bool {
        let Kind::Scalar { text, plain: true } = &node.kind else {
            return false;
        };
        if !is_old_flag(text) {
            return false;
        }
        let message = format!("{name} is a text, and kustomize {READS} `{text}`");
        let finding = self.add(node, message, findings);
        finding.hint("write it in quotes");
        let edit = (Spot::node(self.source, node), format!("\"{text}\""));
        finding.fix("put it in quotes", vec![edit]);
        true
    }

    fn misfit(
        &self,
        node: &Node,
        (name, pattern): (&str, Option<&str>),
        wanted: &str,
        findings: &mut Findings,
    ) {
        let message = format!("{name} is {wanted}, and this is {}", node.describe());
        let finding = self.add(node, message, findings);
        finding.hint(format!("write {wanted}"));
        if let (Kind::Scalar { text, plain }, true) = (&node.kind, wanted == "a text") {
            // A number alone is no duration, be it in quotes or not.
            if pattern.is_some() {
                finding.hint(format!(
                    "write it as {name} is written: `{text}m` or `{text}s` for a time"
                ));
            } else if *plain {
                finding.hint("write it in quotes");
                let edit = (Spot::node(self.source, node), format!("\"{text}\""));
                finding.fix("put it in quotes", vec![edit]);
            }
        } else if let Kind::Scalar { text, plain: false } = &node.kind
            && (wanted != "true or false" || text == "true" || text == "false")
            && wanted != "a map"
        {
            finding.hint("write it without quotes");
        }
    }

    fn text(&mut self, node: &Node, field: &Field, findings: &mut Findings) {
        let text = node.text().unwrap_or_default();
        if !field.values.is_empty() && !field.values.contains(&text) {
            if (self.added)(text) {
                return;
            }
            let message = format!("{} cannot be `{text}`", field.name);
            let finding = self.add(node, message, findings);
            let near = did_you_mean(text, field.values.iter().copied()).or_else(|| {
                let mut values = field.values.iter();
                values
                    .find(|value| value.eq_ignore_ascii_case(text))
                    .copied()
            });
            match near {
                Some(near) => finding.hint(format!("did you mean `{near}`?")),
                None => finding.hint(format!("it is one of {}", field.values.join(", "))),
            };
            return;
        }
        let Some(pattern) = field.pattern else {
            return;
        };
        let regex = self
            .patterns
            .entry(pattern)
            .or_insert_with(|| Regex::new(pattern).ok());
        if regex.as_ref().is_none_or(|regex| regex.is_match(text)) {
            return;
        }
        let message = format!("{} cannot be `{text}`", field.name);
        let duration = pattern.contains("ms|s|m");
        let hours = pattern.contains("|h)");
        let instead = if duration {
            mended_duration(text, hours)
        } else if field.name == "url" {
            mended_address(text)
        } else {
            None
        };
        let finding = self.add(node, message, findings);
        finding.hint(if duration && hours {
            "write a duration as 30s, 5m or 1h30m; there are no days".to_owned()
        } else if duration {
            "write a duration as 30s or 5m; there are no hours and no days here".to_owned()
        } else if pattern.contains("://") {
            let forms = pattern.trim_start_matches('^').replace(['(', ')'], "");
            let forms = forms
                .split("://")
                .next()
                .unwrap_or_default()
                .replace('|', "://, ");
            format!("it begins with {forms}://").replace("https?", "https")
        } else {
            format!("it must look like {pattern}")
        });
        if let Some(instead) = instead {
            finding.hint(format!("write {instead}"));
            let edit = (Spot::node(self.source, node), instead.clone());
            finding.fix(format!("write {instead}"), vec![edit]);
        }
    }
}

/// Paths of the objects that have a field of a name.
fn homes_of(name: &str, fields: &[Field], path: &str, found: &mut Vec<String>) {
    for field in fields {
        if field.name == name {
            found.push(path.to_owned());
        }
        let below = if path.is_empty() {
            field.name.to_owned()
        } else {
            format!("{path}.{}", field.name)
        };
        homes_of(name, &field.fields, &below, found);
    }
}

/// Days and weeks, in hours.
fn mended_duration(text: &str, hours: bool) -> Option<String> {
    let (number, factor) = if let Some(number) = text.strip_suffix('d') {
        (number, 24)
    } else {
        (text.strip_suffix('w')?, 168)
    };
    let number: u32 = number.parse().ok().filter(|_| hours)?;
    Some(format!("{}h", number.checked_mul(factor)?))
}

/// `git@host:path` as the address that Flux takes.
fn mended_address(text: &str) -> Option<String> {
    let (host, path) = text.split_once(':')?;
    let scp = host.contains('@') && !path.starts_with("//") && !host.contains('/');
    scp.then(|| format!("ssh://{host}/{}", path.trim_start_matches('/')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_mended() {
        assert_eq!(mended_duration("1d", true).as_deref(), Some("24h"));
        assert_eq!(mended_duration("1d", false), None);
        assert_eq!(mended_duration("1x", true), None);
        let address = mended_address("git@git.example.com:acme/platform.git");
        assert_eq!(
            address.as_deref(),
            Some("ssh://git@git.example.com/acme/platform.git")
        );
        assert_eq!(mended_address("https://h/x"), None);
    }
}
