//! What somebody allows: by a comment at the line, or by path and rule in `.landform/check.yaml`.

use std::collections::BTreeMap;
use std::sync::Arc;

use regex_lite::Regex;
use serde::Deserialize;

use super::Report;
use super::finding::{Finding, Findings, Spot};
use super::registry::rule;
use super::rules::{past, unused_allowance};
use crate::error::{Problem, Result, Source};
use crate::index::Repository;
use crate::yaml::{Spanned, read};

/// Where rules are allowed by path.
pub const CONFIG: &str = ".landform/check.yaml";

/// What begins an allowance in a comment.
const MARK: &str = "landform: allow ";

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    allow: Vec<Entry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    rule: Spanned<String>,
    path: Spanned<String>,
    reason: Spanned<String>,
}

/// Rules that are allowed by path.
#[derive(Debug, Default)]
pub struct Config {
    entries: Vec<(Entry, Regex)>,
    source: Option<Arc<Source>>,
}

/// Reads the configuration of a repository, if it has one.
///
/// # Errors
/// It cannot be read, names a rule that there is none of, or gives no reason.
pub fn config_of(repository: &Repository<'_>) -> Result<Config> {
    let Some(source) = repository.index.texts.get(CONFIG) else {
        return Ok(Config::default());
    };
    let file: File = read(source)?;
    let mut entries = Vec::new();
    for entry in file.allow {
        let refused = |message: String, at: &Spanned<String>, hint: &str| {
            let problem = Problem::new(message).span(source, at.span.clone());
            Err(crate::error::Error::refused(problem.hint(hint)))
        };
        if rule(&entry.rule.value).is_none() {
            let names = super::RULES.iter().map(|rule| rule.id);
            let hint = crate::error::suggest(&entry.rule.value, names);
            return refused(
                format!("there is no rule `{}`", entry.rule.value),
                &entry.rule,
                &hint,
            );
        }
        if entry.reason.value.trim().is_empty() {
            return refused(
                "no reason is given".to_owned(),
                &entry.reason,
                "say why it is fine",
            );
        }
        let pattern = glob(&entry.path.value);
        entries.push((entry, pattern));
    }
    Ok(Config {
        entries,
        source: Some(Arc::clone(source)),
    })
}

/// A path with `*` for anything in a name and `**` for anything.
fn glob(path: &str) -> Regex {
    let mut pattern = "^".to_owned();
    let mut rest = path;
    while let Some(c) = rest.chars().next() {
        if let Some(after) = rest.strip_prefix("**") {
            pattern += ".*";
            rest = after;
            continue;
        }
        match c {
            '*' => pattern += "[^/]*",
            c => pattern += &regex_lite::escape(&c.to_string()),
        }
        rest = &rest[c.len_utf8()..];
    }
    pattern += "(/.*)?$";
    Regex::new(&pattern).unwrap_or_else(|_| Regex::new("^$").expect("a pattern of nothing"))
}

/// An allowance in a comment.
struct Allowance {
    rule: String,
    span: std::ops::Range<usize>,
    /// Lines, from 1, that it is for.
    lines: [usize; 2],
    reason: bool,
    used: bool,
}

/// The allowances in the comments of a text. One on a line of its own is for the next line that is no comment, one behind
/// something for its own.
fn allowances(text: &str) -> Vec<Allowance> {
    let mut found = Vec::new();
    let mut start = 0;
    let lines: Vec<&str> = text.split('\n').collect();
    for (number, line) in lines.iter().enumerate() {
        if let Some(hash) = line.find('#')
            && let Some(at) = line[hash..].find(MARK)
        {
            let words = line[hash + at + MARK.len()..].trim();
            let (rule, reason) = words.split_once(' ').unwrap_or((words, ""));
            let alone = line[..hash].trim().is_empty();
            let own = number + 1;
            let mut below = lines[own..].iter();
            let next = below.position(|line| !line.trim_start().starts_with('#'));
            let next = own + 1 + next.unwrap_or_default();
            found.push(Allowance {
                rule: rule.to_owned(),
                span: start + hash..start + line.trim_end().len(),
                lines: if alone { [own, next] } else { [own, own] },
                reason: !reason.trim().is_empty(),
                used: false,
            });
        }
        start += line.len() + 1;
    }
    found
}

/// Takes out what is allowed, and tells of allowances that allow nothing.
pub(super) fn sift(
    repository: &Repository<'_>,
    findings: Vec<Finding>,
    config: &Config,
    only: &[&str],
) -> Report {
    let texts = repository.index.texts.iter();
    let mut allowed: BTreeMap<&str, (&Arc<Source>, Vec<Allowance>)> = texts
        .filter(|(_, source)| source.text.contains(MARK))
        .map(|(path, source)| (path.as_str(), (source, allowances(&source.text))))
        .collect();
    let mut used = vec![false; config.entries.len()];
    let mut report = Report::default();
    for finding in findings {
        let line = finding.at.line_column().0;
        let by_comment = allowed.get_mut(finding.at.file()).and_then(|(_, all)| {
            let mut all = all.iter_mut();
            all.find(|one| one.reason && one.rule == finding.rule && one.lines.contains(&line))
        });
        if let Some(allowance) = by_comment {
            allowance.used = true;
            report.allowed += 1;
            continue;
        }
        let by_path = config.entries.iter().position(|(entry, pattern)| {
            entry.rule.value == finding.rule && pattern.is_match(finding.at.file())
        });
        match by_path {
            Some(number) => {
                used[number] = true;
                report.allowed += 1;
            }
            None => report.findings.push(finding),
        }
    }
    // What compares with an earlier commit finds something in one commit, and in the next no more.
    let lasts = |name: &str| !past::COMPARE.contains(&name);
    let asked = |name: &str| (only.is_empty() || only.contains(&name)) && lasts(name);
    if !asked(unused_allowance::RULE.id) {
        return report;
    }
    let mut unused = Findings::new(&unused_allowance::RULE);
    for (source, all) in allowed.values() {
        for one in all.iter().filter(|one| !one.used && asked(&one.rule)) {
            unused_allowance::comment(source, one.span.clone(), &one.rule, one.reason, &mut unused);
        }
    }
    for ((entry, _), _) in config.entries.iter().zip(&used).filter(|(_, used)| !**used) {
        if let Some(source) = config.source.as_ref().filter(|_| asked(&entry.rule.value)) {
            let at = Spot::span(source, entry.path.span.clone());
            unused_allowance::entry(at, &entry.rule.value, &entry.path.value, &mut unused);
        }
    }
    report.findings.extend(unused.all);
    report
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_and_comments() {
        assert!(glob("apps/*/values.yaml").is_match("apps/x/values.yaml"));
        assert!(!glob("apps/*/values.yaml").is_match("apps/x/y/values.yaml"));
        assert!(glob("apps").is_match("apps/x/y.yaml"));
        assert!(glob("**/test").is_match("a/b/test/c.yaml"));
        assert!(!glob("apps").is_match("apps2/x.yaml"));
        let all = allowances("a: 1 # landform: allow x-y it is so\n# landform: allow z\nb: 2\n");
        assert_eq!(
            (all[0].rule.as_str(), all[0].lines, all[0].reason),
            ("x-y", [1, 1], true)
        );
        assert_eq!(
            (all[1].rule.as_str(), all[1].lines, all[1].reason),
            ("z", [2, 3], false)
        );
    }

    #[test]
    fn several_stand_above_one_line() {
        let text = "a: 1\n# landform: allow one why\n# landform: allow two why\n# a word\nb: 2 # landform: allow three why\n";
        let found = allowances(text);
        let lines: Vec<[usize; 2]> = found.iter().map(|one| one.lines).collect();
        assert_eq!(lines, [[2, 5], [3, 5], [5, 5]]);
    }
}
