//! Mappings and sequences in block style as pieces of text: each entry with its comments, so that entries can be taken,
//! left out and put together again, and every other byte stays.

use std::ops::Range;

use serde_json::Value;

use super::node::{Kind, Node};

/// A node of a text, and the lines that hold it.
#[derive(Debug, Clone)]
pub struct Part<'a> {
    /// The whole text. Its lines end in `\n`, the last one too.
    pub text: &'a str,
    /// The node.
    pub node: &'a Node,
    /// Whole lines: from the one behind the key, or the start of the text, to the end of what belongs to the node.
    pub lines: Range<usize>,
}

/// An entry of a mapping, or an item of a sequence.
#[derive(Debug, Clone)]
pub struct Chunk<'a> {
    /// The key; of an item, what makes it the one it is.
    pub key: String,
    /// The value.
    pub node: &'a Node,
    /// Comments and blank lines above it.
    pub lead: &'a str,
    /// Its own lines, with the comments that are indented more deeply behind it.
    pub body: &'a str,
    /// The whole text.
    text: &'a str,
    /// Where the body starts in it.
    start: usize,
    /// Where the line of the key ends.
    head: usize,
}

/// A mapping or a sequence in pieces. All pieces in order are the text again.
#[derive(Debug, Clone)]
pub struct Block<'a> {
    /// At which column its entries start, in bytes.
    pub column: usize,
    /// Its entries.
    pub chunks: Vec<Chunk<'a>>,
    /// Comments and blank lines behind the last one.
    pub tail: &'a str,
}

impl<'a> Part<'a> {
    /// A whole document, which begins behind `start`.
    pub fn document(text: &'a str, node: &'a Node, start: usize) -> Self {
        Self {
            text,
            node,
            lines: start..text.len(),
        }
    }

    /// Takes it apart. `None` if it is in flow style, or written so that its entries are not lines of their own.
    pub fn block(&self) -> Option<Block<'a>> {
        let (text, node) = (self.text, self.node);
        if text[node.span.start..].starts_with(['{', '[']) {
            return None;
        }
        let starts: Vec<(usize, String, &'a Node)> = match &node.kind {
            Kind::Mapping(entries) => entries
                .iter()
                .map(|(key, value)| {
                    (
                        key.span.start,
                        key.text().unwrap_or_default().to_owned(),
                        value,
                    )
                })
                .collect(),
            Kind::Sequence(items) => {
                let items = items
                    .iter()
                    .map(|item| Some((dash(text, item)?, identity(&item.to_value()), item)));
                items.collect::<Option<_>>()?
            }
            Kind::Scalar { .. } => return None,
        };
        let first = starts.first()?.0;
        let column = first - line_start(text, first);
        let mut chunks: Vec<Chunk<'a>> = Vec::new();
        let mut end = self.lines.start;
        for (start, key, value) in starts {
            let line = line_start(text, start);
            let indent = &text[line..start];
            // In flow style, behind a `?`, or behind the dash of an item that holds it.
            if indent.len() != column || !indent.bytes().all(|b| b == b' ') || line < end {
                return None;
            }
            let body_end = deeper(
                text,
                last_line_end(text, start, value),
                self.lines.end,
                column,
            );
            chunks.push(Chunk {
                key,
                node: value,
                lead: &text[end..line],
                body: &text[line..body_end],
                text,
                start: line,
                head: line_end(text, start),
            });
            end = body_end;
        }
        (end <= self.lines.end).then(|| Block {
            column,
            chunks,
            tail: &text[end..self.lines.end],
        })
    }
}

impl<'a> Block<'a> {
    /// The entry with a key.
    pub fn get(&self, key: &str) -> Option<&Chunk<'a>> {
        self.chunks.iter().find(|chunk| chunk.key == key)
    }

    /// The keys in order.
    pub fn keys(&self) -> Vec<&str> {
        self.chunks.iter().map(|chunk| chunk.key.as_str()).collect()
    }
}

impl<'a> Chunk<'a> {
    /// The value and its lines, where it begins on a line of its own below the key.
    pub fn below(&self) -> Option<Part<'a>> {
        let starts_below = self.node.span.start >= self.head;
        starts_below.then(|| Part {
            text: self.text,
            node: self.node,
            lines: self.head..self.start + self.body.len(),
        })
    }

    /// The line of the key, and whatever is above the value.
    pub fn head(&self) -> &'a str {
        &self.body[..self.head - self.start]
    }

    /// Where the value lies within the body.
    pub fn value(&self) -> Range<usize> {
        self.node.span.start - self.start..self.node.span.end - self.start
    }
}

/// What makes an item of a list the one it is: its text, or the names of what it points to, or all of it.
pub fn identity(item: &Value) -> String {
    let text = |value: &Value| {
        let text = value.as_str().map(str::to_owned);
        text.unwrap_or_else(|| value.to_string())
    };
    match item {
        Value::Object(map) if map.contains_key("name") => {
            let keys = ["kind", "namespace", "name"].iter();
            let names = keys.filter_map(|key| map.get(*key)).map(text);
            names.collect::<Vec<_>>().join("/")
        }
        other => text(other),
    }
}

/// Where the dash of an item is, if it stands before the item on the same line.
fn dash(text: &str, item: &Node) -> Option<usize> {
    let line = line_start(text, item.span.start);
    let before = &text[line..item.span.start];
    let dash = before.find(|c| c != ' ')?;
    (before.trim() == "-").then_some(line + dash)
}

fn line_start(text: &str, at: usize) -> usize {
    text[..at].rfind('\n').map_or(0, |newline| newline + 1)
}

fn line_end(text: &str, at: usize) -> usize {
    text[at..]
        .find('\n')
        .map_or(text.len(), |newline| at + newline + 1)
}

/// The end of the last line of an entry that starts at `start`.
fn last_line_end(text: &str, start: usize, value: &Node) -> usize {
    let end = value.span.end.max(start);
    // The span of a block scalar ends behind its last line.
    let trimmed = text[..end].trim_end_matches(['\n', ' ']).len();
    line_end(text, trimmed.max(start))
}

/// Where comments that are indented more deeply than `column` end, if there are any at `at`.
fn deeper(text: &str, at: usize, limit: usize, column: usize) -> usize {
    let (mut end, mut next) = (at, at);
    while next < limit {
        let line_end = line_end(text, next).min(limit);
        let line = &text[next..line_end];
        let trimmed = line.trim_start_matches(' ');
        next = line_end;
        if trimmed.trim().is_empty() {
            continue;
        }
        if !trimmed.starts_with('#') || line.len() - trimmed.len() <= column {
            break;
        }
        end = line_end;
    }
    end
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Source;
    use crate::yaml::parse;

    fn pieces(text: &str, path: &[&str]) -> Option<Vec<String>> {
        let source = Source::new("t.yaml", text);
        let root = parse(&source).unwrap();
        let mut part = Part::document(text, &root, 0);
        for key in path {
            let block = part.block()?;
            part = block.get(key)?.below()?;
        }
        let block = part.block()?;
        let mut all: Vec<String> = block
            .chunks
            .iter()
            .flat_map(|chunk| [chunk.lead.to_owned(), chunk.body.to_owned()])
            .collect();
        all.push(block.tail.to_owned());
        assert_eq!(all.concat(), text[part.lines.clone()]);
        Some(all)
    }

    #[test]
    fn every_byte_is_in_one_piece() {
        let text = "# head\na: 1 # one\n\n# two\nb:\n  c: 2\n  # deep\n\n  # deeper\n# tail\n";
        assert_eq!(
            pieces(text, &[]).unwrap(),
            [
                "# head\n",
                "a: 1 # one\n",
                "\n# two\n",
                "b:\n  c: 2\n  # deep\n\n  # deeper\n",
                "# tail\n"
            ]
        );
        assert_eq!(
            pieces(text, &["b"]).unwrap(),
            ["", "  c: 2\n", "  # deep\n\n  # deeper\n"]
        );
    }

    #[test]
    fn lists() {
        let text = "resources:\n  # first\n  - a.yaml\n  - b.yaml # b\nx: |\n  text\n\n  more\ny:\n- k: 1\n  l: 2\n- m\n";
        assert_eq!(
            pieces(text, &["resources"]).unwrap(),
            ["  # first\n", "  - a.yaml\n", "", "  - b.yaml # b\n", ""]
        );
        assert_eq!(
            pieces(text, &["y"]).unwrap(),
            ["", "- k: 1\n  l: 2\n", "", "- m\n", ""]
        );
        assert_eq!(
            pieces("a:\n  - [x]\n  - {y: z}\n", &["a"]).unwrap().len(),
            5
        );
        assert_eq!(pieces(text, &[]).unwrap()[3], "x: |\n  text\n\n  more\n");
    }

    #[test]
    fn what_is_not_in_lines_is_not_taken_apart() {
        for (text, path) in [
            ("a: {b: 1}\n", &["a"][..]),
            ("a: [1, 2]\n", &["a"]),
            ("a: {\n  b: 1,\n  c: 2\n}\n", &["a"]),
            ("a:\n  [\n    b,\n    c,\n  ]\n", &["a"]),
            (" {a: 1}\n", &[]),
            ("a:\n  -\n    b: 1\n", &["a"]),
            ("? a\n: b\n", &[]),
            ("a: 1\n", &["a"]),
        ] {
            assert_eq!(pieces(text, path), None, "{text}");
        }
    }
}
