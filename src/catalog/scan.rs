//! Finds misspelt names in templates before they are rendered.
//!
//! Tera 2 lets `{% if cluster.typo %}` and `cluster.typo != "x"` be quietly false or true, so every tag is
//! scanned for `platform.`, `cluster.`, `answers.` and `component.` names, and for names asked of `here`.

use std::ops::Range;

/// A name found in a tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Use {
    /// `root.name`, as `cluster.domain`.
    Member {
        /// `platform`, `cluster`, `answers`, `component` or `part`.
        root: String,
        /// The name after the dot.
        name: String,
        /// Where, in bytes.
        span: Range<usize>,
    },
    /// A root by itself, or with brackets: what is read of it cannot be seen.
    Bare {
        /// `platform`, `cluster`, `answers` or `component`.
        root: String,
        /// Where, in bytes.
        span: Range<usize>,
    },
    /// `"name" in here`.
    Here {
        /// The component or ability asked for.
        name: String,
        /// Where, in bytes.
        span: Range<usize>,
    },
}

const ROOTS: [&str; 5] = ["platform", "cluster", "answers", "component", "part"];

/// Every use of a name in the tags of a template, in order.
pub(super) fn uses(text: &str) -> Vec<Use> {
    let mut found = Vec::new();
    for tag in tags(text) {
        members(text, &tag, &mut found);
        here(text, &tag, &mut found);
    }
    found
}

/// Byte ranges of the insides of `{{ }}` and `{% %}`, outside comments and raw blocks.
fn tags(text: &str) -> Vec<Range<usize>> {
    let bytes = text.as_bytes();
    let mut tags = Vec::new();
    let mut at = 0;
    let mut raw = false;
    while at + 1 < bytes.len() {
        let close = match &bytes[at..at + 2] {
            b"{{" if !raw => "}}",
            b"{%" => "%}",
            b"{#" if !raw => "#}",
            _ => {
                at += 1;
                continue;
            }
        };
        let Some(length) = text[at + 2..].find(close) else {
            break;
        };
        let inside = at + 2..at + 2 + length;
        let word = text[inside.clone()].trim_matches(|c: char| c == '-' || c.is_whitespace());
        if close == "%}" && (word == "raw" || word == "endraw") {
            raw = word == "raw";
        } else if close != "#}" && !raw {
            tags.push(inside.clone());
        }
        at = inside.end + 2;
    }
    tags
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Ranges of string literals inside a tag, quotes included.
fn literals(text: &str, tag: &Range<usize>) -> Vec<Range<usize>> {
    let bytes = text.as_bytes();
    let mut literals = Vec::new();
    let mut at = tag.start;
    while at < tag.end {
        if matches!(bytes[at], b'"' | b'\'' | b'`') {
            let quote = bytes[at];
            let start = at;
            at += 1;
            while at < tag.end && bytes[at] != quote {
                at += if bytes[at] == b'\\' { 2 } else { 1 };
            }
            literals.push(start..(at + 1).min(tag.end));
        }
        at += 1;
    }
    literals
}

fn members(text: &str, tag: &Range<usize>, found: &mut Vec<Use>) {
    let bytes = text.as_bytes();
    let literals = literals(text, tag);
    let mut at = tag.start;
    while at < tag.end {
        if let Some(literal) = literals.iter().find(|l| l.start == at) {
            at = literal.end;
            continue;
        }
        if !is_word(bytes[at]) {
            at += 1;
            continue;
        }
        let start = at;
        while at < tag.end && is_word(bytes[at]) {
            at += 1;
        }
        let root = &text[start..at];
        let part_of_path = start > tag.start && bytes[start - 1] == b'.';
        if part_of_path || !ROOTS.contains(&root) {
            continue;
        }
        let dot = at + usize::from(text[at..tag.end].starts_with('?'));
        if !text[dot..tag.end].starts_with('.') {
            if root != "part" {
                found.push(Use::Bare {
                    root: root.to_owned(),
                    span: start..at,
                });
            }
            continue;
        }
        let name_start = dot + 1;
        let mut end = name_start;
        while end < tag.end && is_word(bytes[end]) {
            end += 1;
        }
        found.push(Use::Member {
            root: root.to_owned(),
            name: text[name_start..end].to_owned(),
            span: start..end,
        });
        at = end;
    }
}

fn here(text: &str, tag: &Range<usize>, found: &mut Vec<Use>) {
    for literal in literals(text, tag) {
        let rest = text[literal.end..tag.end].trim_start();
        let rest = rest.strip_prefix("not ").map_or(rest, str::trim_start);
        let asked = rest
            .strip_prefix("in ")
            .is_some_and(|rest| rest.trim_start().starts_with("here"));
        if asked && literal.len() >= 2 {
            found.push(Use::Here {
                name: text[literal.start + 1..literal.end - 1].to_owned(),
                span: literal.start + 1..literal.end - 1,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<String> {
        uses(text)
            .into_iter()
            .map(|u| match u {
                Use::Member { root, name, span } => {
                    assert_eq!(text[span].replace('?', ""), format!("{root}.{name}"));
                    format!("{root}.{name}")
                }
                Use::Bare { root, span } => {
                    assert_eq!(&text[span], root);
                    format!("bare {root}")
                }
                Use::Here { name, span } => {
                    assert_eq!(&text[span], name);
                    format!("here {name}")
                }
            })
            .collect()
    }

    #[test]
    fn finds_every_name() {
        assert_eq!(
            names(
                "cluster.no {{ cluster.domain | yaml }}{%- if not cluster.kube_proxy and \"x-y\" in here %}"
            ),
            ["cluster.domain", "cluster.kube_proxy", "here x-y"]
        );
        assert_eq!(
            names("{% if answers.a != \"cluster.b\" and \"c\" not in here and other.cluster.d %}"),
            ["answers.a", "here c"]
        );
        assert_eq!(
            names("{# cluster.a #}{% raw %}{{ cluster.b }}{% endraw %}{{ x ~ platform.git.url }}"),
            ["platform.git"]
        );
        assert_eq!(names("{{ unclosed cluster.a"), Vec::<String>::new());
        assert_eq!(
            names("{% set c = cluster %}{{ cluster['x'] }}{{ cluster?.y }}"),
            ["bare cluster", "bare cluster", "cluster.y"]
        );
    }
}
