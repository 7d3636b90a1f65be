//! Merging the text of YAML entry by entry: each with its comments is kept, taken from the new render, left out, or
//! merged within.

use std::collections::BTreeMap;

use super::values::{self, order};
use crate::yaml::{Block, Chunk, Kind, Node, Part};

/// A document in pieces.
pub(super) struct Document<'a> {
    /// What stands above it: marks and directives.
    marks: &'a str,
    /// Its entries, where they are lines of their own.
    block: Option<Block<'a>>,
}

impl<'a> Document<'a> {
    /// Takes a document apart, the only one of a text.
    pub(super) fn new(text: &'a str, node: &'a Node) -> Self {
        let above = &text[..node.span.start];
        let mut start = 0;
        let mut line = 0;
        for (newline, _) in above.match_indices('\n') {
            if text[line..].starts_with(['-', '%']) {
                start = newline + 1;
            }
            line = newline + 1;
        }
        Self {
            marks: &text[..start],
            block: Part::document(text, node, start).block(),
        }
    }
}

/// Merges. What only one side changed is taken; that no value was changed by both must be known already.
///
/// # Errors
/// Something that both sides changed is not written in lines: why, in words for the user.
pub(super) fn merge(
    base: Option<&Document<'_>>,
    ours: &Document<'_>,
    theirs: &Document<'_>,
    in_order: bool,
) -> Result<String, String> {
    if ours.block.is_none() || theirs.block.is_none() {
        return Err(format!("it {NOT_IN_LINES}"));
    }
    let old = base.and_then(|base| base.block.as_ref());
    let merger = Merger { in_order };
    let lines = merger.block(old, ours.block.as_ref(), theirs.block.as_ref(), false)?;
    let marks = comments(base.map(|base| base.marks), ours.marks, Some(theirs.marks));
    Ok(marks + &lines.text)
}

struct Merger {
    in_order: bool,
}

/// Merged lines, and whether any entry is among them.
struct Lines {
    text: String,
    any: bool,
}

/// An entry of the result.
struct Piece {
    lead: String,
    body: String,
}

/// An entry of one side, and the column of its lines.
#[derive(Clone, Copy)]
struct From<'a, 'b> {
    chunk: &'b Chunk<'a>,
    column: usize,
}

impl<'a, 'b> From<'a, 'b> {
    fn find(block: Option<&'b Block<'a>>, key: &str) -> Option<Self> {
        let block = block?;
        Some(Self {
            chunk: block.get(key)?,
            column: block.column,
        })
    }
}

/// An entry of the three sides, and at which column it is written in the result.
struct Entry<'a, 'b> {
    base: Option<From<'a, 'b>>,
    ours: Option<From<'a, 'b>>,
    theirs: Option<From<'a, 'b>>,
    column: usize,
}

impl Entry<'_, '_> {
    fn lead(&self, side: Option<From<'_, '_>>) -> Option<String> {
        side.map(|side| shift(side.chunk.lead, side.column, self.column))
    }

    fn body(&self, side: Option<From<'_, '_>>) -> Option<String> {
        side.map(|side| shift(side.chunk.body, side.column, self.column))
    }

    fn head(&self, side: Option<From<'_, '_>>) -> Option<String> {
        side.map(|side| shift(side.chunk.head(), side.column, self.column))
    }
}

impl Merger {
    /// Merges the entries of a mapping, or of a list that is a set.
    fn block(
        &self,
        base: Option<&Block<'_>>,
        ours: Option<&Block<'_>>,
        theirs: Option<&Block<'_>>,
        list: bool,
    ) -> Result<Lines, String> {
        let column = ours.or(theirs).map_or(0, |block| block.column);
        let our_keys = ours.map(Block::keys).unwrap_or_default();
        let their_keys = theirs.map(Block::keys).unwrap_or_default();
        let mut pieces: BTreeMap<&str, Piece> = BTreeMap::new();
        for name in our_keys.iter().chain(&their_keys) {
            let entry = Entry {
                base: From::find(base, name),
                ours: From::find(ours, name),
                theirs: From::find(theirs, name),
                column,
            };
            if let Some(piece) = self.entry(name, &entry, list)? {
                pieces.insert(name, piece);
            }
        }
        let any = pieces.values().any(|piece| !piece.body.is_empty());
        let kept: Vec<&str> = pieces.keys().copied().collect();
        let mut text = String::new();
        for name in order(&our_keys, &their_keys, &kept, list && self.in_order) {
            text += &pieces[name].lead;
            text += &pieces[name].body;
        }
        let tail = |block: Option<&Block<'_>>| block.map(|b| shift(b.tail, b.column, column));
        let (old, new) = (tail(base), tail(theirs));
        let mine = tail(ours).or_else(|| new.clone()).unwrap_or_default();
        text += &comments(old.as_deref(), &mine, new.as_deref());
        Ok(Lines { text, any })
    }

    /// What becomes of an entry; nothing if it goes.
    fn entry(&self, key: &str, entry: &Entry<'_, '_>, list: bool) -> Result<Option<Piece>, String> {
        let (old, new) = (entry.body(entry.base), entry.body(entry.theirs));
        let (old_lead, new_lead) = (entry.lead(entry.base), entry.lead(entry.theirs));
        let Some(ours) = entry.ours.map(|side| side.chunk) else {
            // New in the render; or deleted by the user, and then it stays so.
            let new = new.zip(new_lead).filter(|_| old.is_none());
            return Ok(new.map(|(body, lead)| Piece { lead, body }));
        };
        let value = |side: Option<From<'_, '_>>| side.map(|side| side.chunk.node.to_value());
        let (was, is, becomes) = (value(entry.base), value(entry.ours), value(entry.theirs));
        let mine = Some(ours.body.to_owned());
        let body = if mine == old {
            new
        } else if old == new || is == becomes || was == becomes {
            mine
        } else if list {
            // Values have decided already that only one side changed it.
            new
        } else if can_be_taken_apart(entry, key) {
            self.inside(key, entry, was == is)?
        } else {
            splice(entry).or(new)
        };
        Ok(match body {
            Some(body) => Some(Piece {
                lead: comments(old_lead.as_deref(), ours.lead, new_lead.as_deref()),
                body,
            }),
            None => left(old_lead.as_deref(), ours.lead).map(|lead| Piece {
                lead,
                body: String::new(),
            }),
        })
    }

    /// Merges what is below a key. `same`: it says what it said in the last render.
    fn inside(
        &self,
        key: &str,
        entry: &Entry<'_, '_>,
        same: bool,
    ) -> Result<Option<String>, String> {
        let (base, ours, theirs) = (below(entry.base), below(entry.ours), below(entry.theirs));
        // What is empty has no lines, and needs none.
        let mergeable = |side: Option<From<'_, '_>>, lines: &Option<Block<'_>>| {
            side.is_none_or(|side| lines.is_some() || is_empty(side.chunk.node))
        };
        let new = entry.body(entry.theirs);
        if !mergeable(entry.ours, &ours) || !mergeable(entry.theirs, &theirs) {
            // Ours may only look different.
            return if same {
                Ok(new)
            } else {
                Err(format!("{key} {NOT_IN_LINES}"))
            };
        }
        let is_list = |side: From<'_, '_>| matches!(side.chunk.node.kind, Kind::Sequence(_));
        let list = entry.ours.is_some_and(is_list);
        let lines = self.block(base.as_ref(), ours.as_ref(), theirs.as_ref(), list)?;
        if !lines.any {
            return Ok(new);
        }
        let head = |side: Option<From<'_, '_>>, lines: &Option<Block<'_>>| {
            entry.head(side).filter(|_| lines.is_some())
        };
        let (old, new) = (head(entry.base, &base), head(entry.theirs, &theirs));
        let mine = head(entry.ours, &ours)
            .or_else(|| new.clone())
            .unwrap_or_default();
        Ok(Some(
            comments(old.as_deref(), &mine, new.as_deref()) + &lines.text,
        ))
    }
}

/// The value of an entry in pieces, where it stands in lines below its key.
fn below<'a>(side: Option<From<'a, '_>>) -> Option<Block<'a>> {
    side?.chunk.below()?.block()
}

fn is_empty(node: &Node) -> bool {
    node.text().is_none() && node.entries().is_empty() && node.items().is_empty()
}

/// Whether an entry is a mapping on all sides, or a list that is a set.
fn can_be_taken_apart(entry: &Entry<'_, '_>, key: &str) -> bool {
    let sides = [entry.base, entry.ours, entry.theirs];
    let nodes = || sides.iter().flatten().map(|side| side.chunk.node);
    let is_map = |node: &Node| matches!(node.kind, Kind::Mapping(_));
    let is_list = |node: &Node| matches!(node.kind, Kind::Sequence(_));
    nodes().all(is_map) || values::is_set(key) && nodes().all(is_list)
}

/// Our entry with their value in place of ours, where both are scalars on one line.
fn splice(entry: &Entry<'_, '_>) -> Option<String> {
    let (ours, theirs) = (entry.ours?.chunk, entry.theirs?.chunk);
    ours.node.text().and(theirs.node.text())?;
    let (old, new) = (
        ours.body.get(ours.value())?,
        theirs.body.get(theirs.value())?,
    );
    let plain = |text: &str| !text.is_empty() && !text.contains('\n');
    (plain(old) && plain(new)).then(|| {
        let mut body = ours.body.to_owned();
        body.replace_range(ours.value(), new);
        body
    })
}

/// Comments, or the line of a key: the template's, unless the user changed them.
fn comments(base: Option<&str>, ours: &str, theirs: Option<&str>) -> String {
    match theirs {
        Some(theirs) if base == Some(ours) => theirs.to_owned(),
        _ => ours.to_owned(),
    }
}

/// The comments that the user wrote above an entry that goes.
fn left(base: Option<&str>, ours: &str) -> Option<String> {
    let known: Vec<&str> = base.unwrap_or_default().lines().map(str::trim).collect();
    let own = ours
        .split_inclusive('\n')
        .filter(|line| !known.contains(&line.trim()));
    let own: String = own.collect();
    (!own.trim().is_empty()).then_some(own)
}

/// Lines, moved from one column to another.
fn shift(text: &str, from: usize, to: usize) -> String {
    if from == to {
        return text.to_owned();
    }
    let mut shifted = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        if to > from {
            if !line.trim().is_empty() {
                shifted.extend(std::iter::repeat_n(' ', to - from));
            }
            shifted += line;
        } else {
            let spaces = line.len() - line.trim_start_matches(' ').len();
            shifted += &line[spaces.min(from - to)..];
        }
    }
    shifted
}

const NOT_IN_LINES: &str = "was edited here, has changed, and is not written as one entry to a line, so it cannot be merged";
