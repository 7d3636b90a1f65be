//! What the YAML reader of Flux and kustomize takes, and YAML 1.2 does not (go-yaml, `scannerc.go`): an alias that is a
//! key, with the colon behind it, and `\'` in double quotes.

use std::borrow::Cow;
use std::ops::Range;

use granit_parser::ScanError;

/// How often a text is read anew.
const TIMES: usize = 64;

/// A text, changed as far as the parser needs it, and what was changed.
pub(super) struct Lenient<'a> {
    text: Cow<'a, str>,
    /// What was changed, in order: where in the text as it was, and whether a byte was put in or taken away.
    edits: Vec<(usize, bool)>,
    times: usize,
}

impl<'a> Lenient<'a> {
    /// A text as it is.
    pub(super) fn new(text: &'a str) -> Self {
        Self {
            text: Cow::Borrowed(text),
            edits: Vec::new(),
            times: 0,
        }
    }

    /// The text for the parser.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Where a range of it stands in the text as it was.
    pub(super) fn original(&self, range: Range<usize>) -> Range<usize> {
        let back = |at: usize| {
            self.edits
                .iter()
                .fold(at, |at, &(edit, added)| match added {
                    true if at > edit => at - 1,
                    false if at >= edit => at + 1,
                    _ => at,
                })
        };
        back(range.start)..back(range.end)
    }

    /// Changes what the parser stumbled over, if go-yaml reads it.
    pub(super) fn give(&mut self, error: &ScanError) -> bool {
        self.times += 1;
        if self.times > TIMES {
            return false;
        }
        let parted = self.edits.iter().any(|(_, added)| *added);
        if error.info().contains("unknown anchor") && !parted {
            return self.part_keys();
        }
        if error.info().contains("unknown escape") {
            return self.unescape(error.marker().byte_offset());
        }
        false
    }

    /// Puts a space between each alias and the colon behind it.
    fn part_keys(&mut self) -> bool {
        let mut text = String::new();
        let mut found = Vec::new();
        let mut line_start = 0;
        for line in self.text.split_inclusive('\n') {
            match colon_of(line) {
                Some(colon) => {
                    text.push_str(&line[..colon]);
                    text.push(' ');
                    text.push_str(&line[colon..]);
                    found.push((self.original(line_start + colon..0).start, true));
                }
                None => text.push_str(line),
            }
            line_start += line.len();
        }
        self.text = Cow::Owned(text);
        let any = !found.is_empty();
        self.edits.extend(found);
        self.edits.sort_unstable();
        any
    }

    /// Takes the mark before a quote away that needs none.
    fn unescape(&mut self, at: Option<usize>) -> bool {
        // The parser stands at the quote that begins the text.
        let found = at.and_then(|at| mark_of(&self.text, at + 1));
        let Some(found) = found else { return false };
        let place = self.original(found..found).start;
        self.text.to_mut().remove(found);
        self.edits.push((place, false));
        self.edits.sort_unstable();
        true
    }
}

/// Where the first `\'` of a text in double quotes is.
fn mark_of(text: &str, begin: usize) -> Option<usize> {
    let mut bytes = text.bytes().enumerate().skip(begin);
    while let Some((at, byte)) = bytes.next() {
        if byte == b'"' {
            return None;
        }
        if byte == b'\\' && bytes.next().is_some_and(|(_, next)| next == b'\'') {
            return Some(at);
        }
    }
    None
}

/// Where the colon stands behind an alias that is the key of a line.
fn colon_of(line: &str) -> Option<usize> {
    let mut start = line.len() - line.trim_start_matches(' ').len();
    while let Some(rest) = line[start..].strip_prefix("- ") {
        start = line.len() - rest.trim_start_matches(' ').len();
    }
    let name = line[start..].strip_prefix('*')?;
    let end = name.find(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '-')?;
    let rest = name[end..].strip_prefix(':')?;
    let parted = rest.is_empty() || rest.starts_with([' ', '\n', '\r']);
    (end > 0 && parted).then_some(start + 1 + end)
}
