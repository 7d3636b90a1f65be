//! Events of the parser into the spanned tree.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;
use std::sync::Arc;

use granit_parser::{Event, Parser, ScalarStyle, ScanError, Span};

use super::lenient::Lenient;
use super::memo::remembered;
use super::node::{Kind, Node};
use crate::error::{Error, Problem, Result, Source};

/// How deep a document may nest. Far above any real file, far below the stack.
const DEPTH: usize = 64;

/// How many nodes aliases may stand for. Far above any real file, far below the memory.
const ALIASED: usize = 100_000;

/// Parses a text that must hold one document. Nothing at all is an empty mapping.
///
/// # Errors
/// Broken YAML, a second document, a duplicate key, a key that is no scalar, an alias: with its position.
pub fn parse(source: &Arc<Source>) -> Result<Node> {
    let mut documents = parse_documents(source)?;
    if documents.len() > 1 {
        return Err(Error::refused(
            Problem::new("a second YAML document, where one is expected")
                .span(source, documents[1].span.clone())
                .hint("remove it, or put it into a file of its own"),
        ));
    }
    Ok(documents.pop().unwrap_or(Node {
        kind: Kind::Mapping(Vec::new()),
        span: 0..0,
    }))
}

/// Parses every document of a text; empty ones are left out.
///
/// # Errors
/// As for [`parse`], but several documents are fine.
pub fn parse_documents(source: &Arc<Source>) -> Result<Vec<Node>> {
    remembered(&source.text, false, || {
        documents(source, None, &Lenient::new(&source.text), &mut None)
    })
}

/// Parses every document of somebody's own file: as [`parse_documents`], but an alias is what it stands for, with
/// the span of the anchor.
///
/// # Errors
/// As for [`parse_documents`], or aliases stand for more than anybody would write.
pub fn parse_foreign(source: &Arc<Source>) -> Result<Vec<Node>> {
    remembered(&source.text, true, || {
        let mut text = Lenient::new(&source.text);
        loop {
            let mut failed = None;
            let read = documents(source, Some(Anchors::default()), &text, &mut failed);
            let again = read.is_err() && failed.is_some_and(|failed| text.give(&failed));
            if !again {
                return read;
            }
        }
    })
}

/// Nodes with an anchor, by its number, and how many nodes aliases stand for so far.
#[derive(Default)]
struct Anchors {
    nodes: BTreeMap<usize, Node>,
    aliased: usize,
}

/// The documents of a text. `failed` is what the parser gave up at.
fn documents(
    source: &Arc<Source>,
    anchors: Option<Anchors>,
    text: &Lenient<'_>,
    failed: &mut Option<ScanError>,
) -> Result<Vec<Node>> {
    let mut builder = Builder {
        source,
        text,
        events: Parser::new_from_str(text.text()),
        end: 0,
        anchors,
        failed: None,
    };
    let read = builder.all();
    *failed = builder.failed;
    read
}

struct Builder<'a, I: Iterator<Item = Result<(Event<'a>, Span), ScanError>>> {
    source: &'a Arc<Source>,
    text: &'a Lenient<'a>,
    events: I,
    end: usize,
    /// Where aliases are read at all.
    anchors: Option<Anchors>,
    /// What the parser gave up at.
    failed: Option<ScanError>,
}

impl<'a, I: Iterator<Item = Result<(Event<'a>, Span), ScanError>>> Builder<'a, I> {
    fn all(&mut self) -> Result<Vec<Node>> {
        let mut documents = Vec::new();
        while let Some((event, span)) = self.next()? {
            match event {
                Event::StreamStart
                | Event::StreamEnd
                | Event::DocumentStart(..)
                | Event::DocumentEnd => {}
                other => {
                    let node = self.node(other, &span, 0)?;
                    if !node.is_null() {
                        documents.push(node);
                    }
                }
            }
        }
        Ok(documents)
    }

    /// The next event that is not a comment.
    fn next(&mut self) -> Result<Option<(Event<'a>, Range<usize>)>> {
        loop {
            match self.events.next() {
                None => return Ok(None),
                Some(Ok((Event::Comment(..), _))) => {}
                Some(Ok((event, span))) => {
                    let range = span.byte_range().map(|range| self.text.original(range));
                    let range = range.unwrap_or(self.end..self.end);
                    self.end = range.end;
                    return Ok(Some((event, range)));
                }
                Some(Err(error)) => {
                    let broken = self.broken(&error);
                    self.failed = Some(error);
                    return Err(broken);
                }
            }
        }
    }

    fn broken(&self, error: &ScanError) -> Error {
        if let Some(mark) = merge_mark(&self.source.text) {
            // Wherever the reader stumbled over it, this is what must go.
            let problem = Problem::new("broken YAML: the mark of a conflict that Git left");
            let hint = "decide what stands there, and take the marks out";
            return Error::refused(problem.span(self.source, mark).hint(hint));
        }
        let at = error.marker().byte_offset();
        let at = at.map_or(self.end, |at| self.text.original(at..at).start);
        Error::refused(
            Problem::new(format!("broken YAML: {}", error.info())).span(self.source, at..at + 1),
        )
    }

    fn problem<T>(&self, message: &str, span: Range<usize>, hint: &str) -> Result<T> {
        Err(Error::refused(
            Problem::new(message).span(self.source, span).hint(hint),
        ))
    }

    fn node(&mut self, event: Event<'a>, span: &Range<usize>, depth: usize) -> Result<Node> {
        if depth > DEPTH {
            return self.problem(
                "nested too deeply",
                span.clone(),
                "at most 64 levels are read",
            );
        }
        let anchor = event.anchor_id();
        let node = match event {
            Event::Scalar(text, style, ..) => Ok(Node {
                kind: Kind::Scalar {
                    text: text.into_owned(),
                    plain: style == ScalarStyle::Plain,
                },
                span: span.clone(),
            }),
            Event::SequenceStart(..) => self.sequence(span.start, depth),
            Event::MappingStart(..) => self.mapping(span.start, depth),
            Event::Alias(id) if self.anchors.is_some() => self.alias(id, span),
            _ => self.problem(
                "an alias, which is not read here",
                span.clone(),
                "write the value out",
            ),
        }?;
        if let (Some(id), Some(anchors)) = (anchor, &mut self.anchors) {
            anchors.nodes.insert(id, node.clone());
        }
        Ok(node)
    }

    fn alias(&mut self, id: usize, span: &Range<usize>) -> Result<Node> {
        let anchors = self.anchors.as_mut();
        let found = anchors.and_then(|anchors| {
            let node = anchors.nodes.get(&id)?.clone();
            anchors.aliased += node.count();
            (anchors.aliased <= ALIASED).then_some(node)
        });
        match found {
            Some(node) => Ok(node),
            None => self.problem(
                "an alias that stands for itself, or for too much",
                span.clone(),
                "write the value out",
            ),
        }
    }

    fn sequence(&mut self, start: usize, depth: usize) -> Result<Node> {
        let mut items = Vec::new();
        while let Some((event, span)) = self.next()? {
            if matches!(event, Event::SequenceEnd) {
                break;
            }
            items.push(self.node(event, &span, depth + 1)?);
        }
        let end = items.last().map_or(self.end, |item: &Node| item.span.end);
        Ok(Node {
            kind: Kind::Sequence(items),
            span: start..end.max(start),
        })
    }

    fn mapping(&mut self, start: usize, depth: usize) -> Result<Node> {
        let mut entries: Vec<(Node, Node)> = Vec::new();
        let mut names: HashMap<String, usize> = HashMap::new();
        while let Some((event, span)) = self.next()? {
            if matches!(event, Event::MappingEnd) {
                break;
            }
            let key = self.node(event, &span, depth + 1)?;
            let Some(name) = key.text() else {
                return self.problem(
                    "a key that is a list or a map",
                    key.span,
                    "quote it if it is a text, as in \"{{ x }}\"",
                );
            };
            let same = match names.get(name) {
                _ if entries.len() < MANY => {
                    entries.iter().position(|(k, _)| k.text() == Some(name))
                }
                found => found.copied(),
            };
            if let Some((first, _)) = same.map(|at| &entries[at]) {
                let first = crate::error::Place::Span(Arc::clone(self.source), first.span.clone());
                return self.problem(
                    &format!("the key `{name}` stands twice"),
                    key.span.clone(),
                    &format!("the first is at {first}; keep one of them"),
                );
            }
            let Some((event, span)) = self.next()? else {
                break;
            };
            let value = self.node(event, &span, depth + 1)?;
            entries.push((key, value));
            let noted = names.len();
            if entries.len() >= MANY {
                let new = entries.iter().enumerate().skip(noted);
                names.extend(new.filter_map(|(at, (k, _))| Some((k.text()?.to_owned(), at))));
            }
        }
        let end = entries.last().map_or(self.end, |(_, v)| v.span.end);
        Ok(Node {
            kind: Kind::Mapping(entries),
            span: start..end.max(start),
        })
    }
}

/// How many keys a map has before they are looked up by name.
const MANY: usize = 32;

/// Where a merge by lines left the first mark of a conflict.
fn merge_mark(text: &str) -> Option<Range<usize>> {
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        if line.starts_with("<<<<<<< ") || line.starts_with(">>>>>>> ") {
            return Some(at..at + line.trim_end().len());
        }
        at += line.len();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(text: &str) -> String {
        parse(&Source::new("t.yaml", text)).unwrap_err().to_string()
    }

    #[test]
    fn spans_are_bytes() {
        let source = Source::new("t.yaml", "a: ü\nlist:\n  - one # c\n  - {b: two}\n");
        let node = parse(&source).unwrap();
        let two = node.get("list").unwrap().items()[1].get("b").unwrap();
        assert_eq!(&source.text[two.span.clone()], "two");
        assert_eq!(&source.text[node.get("a").unwrap().span.clone()], "ü");
    }

    #[test]
    fn refusals_have_positions() {
        assert!(
            problem("a: 1\nb:\n  c: 1\n  c: 2\n")
                .starts_with("t.yaml:4:3: the key `c` stands twice")
        );
        assert!(problem("a: 1\n---\nb: 2\n").contains("t.yaml:3:1: a second YAML document"));
        assert!(problem("a: &x 1\nb: *x\n").contains("t.yaml:2:4: an alias"));
        assert!(problem("a: {{ x }}\n").contains("t.yaml:1:5: a key that is a list or a map"));
        assert!(problem("a:\n\t- b\n").contains("t.yaml:2"));
        assert!(problem(&"[".repeat(500)).contains("t.yaml:1"));
    }

    #[test]
    fn aliases_of_others_are_what_they_stand_for() {
        let node = |text: &str| parse_foreign(&Source::new("t.yaml", text));
        let read = node("a: &x {n: 1}\nb: *x\nc: [*x]\n").unwrap();
        assert_eq!(
            read[0].to_value(),
            serde_json::json!({"a": {"n": 1}, "b": {"n": 1}, "c": [{"n": 1}]})
        );
        let mut bomb = "a0: &a0 [x, x]\n".to_owned();
        for n in 1..40 {
            bomb = format!("{bomb}a{n}: &a{n} [*a{0}, *a{0}]\n", n - 1);
        }
        let problem = node(&bomb).unwrap_err().to_string();
        assert!(problem.contains("too much"), "{problem}");
        assert!(node("a: &a [*a]\n").is_err());
        assert!(node("a: *nobody\n").is_err());
    }

    #[test]
    fn what_go_reads_is_no_error() {
        let text = "a: &x-1 k\nb:\n  *x-1: {c: ü}\nd: \"it\\'s \\'it\\'\"\n*x-1:\n  - z\n";
        let source = Source::new("t.yaml", text);
        let read = &parse_foreign(&source).unwrap()[0];
        assert_eq!(
            read.to_value(),
            serde_json::json!({"a": "k", "b": {"k": {"c": "ü"}}, "d": "it's 'it'", "k": ["z"]})
        );
        let last = &read.get("k").unwrap().items()[0];
        assert_eq!(&text[last.span.clone()], "z");
        assert_eq!(
            &text[read.get("d").unwrap().span.clone()],
            "\"it\\'s \\'it\\'\""
        );
        for broken in ["a: *x:\n", "a: &x 1\n*y: 2\n", "a: \"\\q\"\n"] {
            assert!(
                parse_foreign(&Source::new("t.yaml", broken)).is_err(),
                "{broken}"
            );
        }
    }

    #[test]
    fn nothing_is_an_empty_mapping() {
        for text in ["", "# only a comment\n", "---\n"] {
            assert!(parse(&Source::new("t", text)).unwrap().entries().is_empty());
        }
    }
}
