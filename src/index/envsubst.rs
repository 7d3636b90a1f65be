//! The grammar of `${…}` that Flux puts values into (`fluxcd/pkg/envsubst`, a fork of `drone/envsubst`).

use std::ops::Range;

/// A piece of a text.
#[derive(Debug, PartialEq, Eq)]
pub enum Piece<'t> {
    /// Text that stays, `$$` being a `$`.
    Text(&'t str),
    /// A variable.
    Variable(Variable<'t>),
    /// Something that begins as a variable and is none: the whole text is refused.
    Broken {
        /// Where, in bytes of the text.
        span: Range<usize>,
        /// Why.
        reason: &'static str,
    },
}

/// A use of a variable.
#[derive(Debug, PartialEq, Eq)]
pub struct Variable<'t> {
    /// Its name.
    pub name: &'t str,
    /// What stands in for one that is not set.
    pub default: Option<&'t str>,
    /// The operator behind the name, as `:=`; blank for none.
    pub operator: &'t str,
    /// All of it, in bytes of the text.
    pub span: Range<usize>,
}

/// Takes a text apart.
pub fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = 0;
    let mut at = 0;
    let bytes = text.as_bytes();
    while at < bytes.len() {
        if bytes[at] != b'$' {
            at += 1;
            continue;
        }
        match bytes.get(at + 1) {
            // `$$` is a dollar, and what follows is text.
            Some(b'$') => {
                pieces.push(Piece::Text(&text[rest..=at]));
                at += 2;
                rest = at;
                // `$${x}` stays `${x}`.
                if bytes.get(at) == Some(&b'{') {
                    at += 1;
                }
            }
            Some(b'{') => {
                if rest < at {
                    pieces.push(Piece::Text(&text[rest..at]));
                }
                let (piece, end) = variable(text, at);
                pieces.push(piece);
                at = end;
                rest = end;
            }
            _ => at += 1,
        }
    }
    if rest < text.len() {
        pieces.push(Piece::Text(&text[rest..]));
    }
    pieces
}

/// Reads `${…}` at a byte; gives where it ends.
fn variable(text: &str, start: usize) -> (Piece<'_>, usize) {
    let mut scanner = Scanner {
        text,
        at: start + 2,
        depth: 0,
    };
    match scanner.function() {
        Ok((name, operator, word)) => {
            let end = scanner.at;
            let variable = Variable {
                name: &text[name],
                default: matches!(&text[operator.clone()], ":=" | ":-" | "=").then(|| &text[word]),
                operator: &text[operator],
                span: start..end,
            };
            (Piece::Variable(variable), end)
        }
        Err(reason) => {
            let line = text[start..].find('\n').map_or(text.len(), |at| start + at);
            let brace = text[start..line].find('}').map(|at| start + at + 1);
            let end = brace.unwrap_or(line);
            let span = start..end;
            (Piece::Broken { span, reason }, end)
        }
    }
}

/// The parser of `fluxcd/pkg`, `envsubst/parse/parse.go`, step by step: what it refuses is refused here.
struct Scanner<'t> {
    text: &'t str,
    at: usize,
    /// How many variables stand around this one.
    depth: usize,
}

/// Name, operator and what stands behind it, in bytes of the text.
type Function = (Range<usize>, Range<usize>, Range<usize>);

/// How deep variables may nest. Far above any real file, far below the stack.
const DEPTH: usize = 64;

const DEEP: &str = "variables within variables, too deep";
const UNCLOSED: &str = "its brace is not closed";
const NO_NAME: &str = "no name of a variable";
const UNKNOWN: &str = "no form that Flux knows";

impl Scanner<'_> {
    fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    /// Takes characters as long as they fit, `most` of them.
    fn take(&mut self, most: usize, fits: impl Fn(char) -> bool) -> Range<usize> {
        let start = self.at;
        while let Some(c) = self.peek().filter(|c| fits(*c)) {
            self.at += c.len_utf8();
            if self.text[start..self.at].chars().count() == most {
                break;
            }
        }
        start..self.at
    }

    fn close(&mut self, reason: &'static str) -> Result<(), &'static str> {
        match self.peek() {
            Some('}') => {
                self.at += 1;
                Ok(())
            }
            None => Err(UNCLOSED),
            Some(_) => Err(reason),
        }
    }

    /// What stands behind `${`, to its brace.
    fn function(&mut self) -> Result<Function, &'static str> {
        let is_name = |c: char| c.is_alphanumeric() || c == '_';
        if self.peek() == Some('#') {
            let operator = self.take(1, |c| c == '#');
            let name = self.take(usize::MAX, is_name);
            if name.is_empty() {
                return Err(NO_NAME);
            }
            self.close(UNKNOWN)?;
            let word = self.at - 1..self.at - 1;
            return Ok((name, operator, word));
        }
        let name = self.take(usize::MAX, is_name);
        if name.is_empty() {
            return Err(NO_NAME);
        }
        let rest = &self.text[self.at..];
        let second = rest.chars().nth(1);
        let operator = match self.peek() {
            Some(':') if matches!(second, Some('=' | '-' | '?' | '+')) => self.take(2, |_| true),
            Some('=' | ':') => self.take(1, |_| true),
            Some(',' | '^') => self.take(2, |c| c == ',' || c == '^'),
            Some('/') if matches!(second, Some('/' | '#' | '%')) => self.take(2, |_| true),
            Some('/') => self.take(1, |_| true),
            Some('#') => self.take(2, |c| c == '#'),
            Some('%') => self.take(2, |c| c == '%'),
            _ => self.at..self.at,
        };
        let begin = self.at;
        match &self.text[operator.clone()] {
            "" => {}
            "=" | ":=" | ":-" | ":?" | ":+" => {
                while self.peek() != Some('}') {
                    self.parameter(|c| c != '}', false)?;
                }
            }
            ":" => {
                self.parameter(|c| c != ':' && c != '}', false)?;
                if !self.take(usize::MAX, |c| c == ':').is_empty() {
                    self.parameter(|c| c != '}', false)?;
                }
            }
            word if word.starts_with('/') => {
                self.parameter(|c| c != '/', true)?;
                if self.take(usize::MAX, |c| c == '/').is_empty() {
                    return Err(UNKNOWN);
                }
                if self.peek() != Some('}') {
                    self.parameter(|c| c != '}', true)?;
                }
            }
            word if word.starts_with(['#', '%']) => self.parameter(|c| c != '}', false)?,
            _ => {}
        }
        let end = self.at;
        self.close(UNKNOWN)?;
        Ok((name, operator, begin..end))
    }

    /// Text of one character at least, or a variable.
    fn parameter(&mut self, fits: fn(char) -> bool, escapes: bool) -> Result<(), &'static str> {
        if self.text[self.at..].starts_with("${") {
            if self.depth == DEPTH {
                return Err(DEEP);
            }
            self.at += 2;
            self.depth += 1;
            self.function()?;
            self.depth -= 1;
            return Ok(());
        }
        let start = self.at;
        loop {
            let rest = &self.text[self.at..];
            if rest.starts_with("${") {
                break;
            }
            if escapes
                && ["$$", "\\/", "\\\\"]
                    .iter()
                    .any(|two| rest.starts_with(two))
            {
                self.at += 2;
                continue;
            }
            match self.peek().filter(|c| fits(*c)) {
                Some(c) => self.at += c.len_utf8(),
                None => break,
            }
        }
        if self.at > start {
            Ok(())
        } else if self.peek().is_none() {
            Err(UNCLOSED)
        } else {
            Err(UNKNOWN)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<(&str, Option<&str>)> {
        let all = pieces(text);
        let found = all.into_iter().filter_map(|piece| match piece {
            Piece::Variable(variable) => Some((variable.name, variable.default)),
            Piece::Text(_) => None,
            Piece::Broken { reason, .. } => Some((reason, None)),
        });
        found.collect()
    }

    #[test]
    fn the_grammar() {
        assert_eq!(
            names("a $B ${C} ${D:=x} ${E:-${F}}"),
            [("C", None), ("D", Some("x")), ("E", Some("${F}"))]
        );
        assert_eq!(names("$${A} $$ ${#B}"), [("B", None)]);
        assert_eq!(names("${A[@]}"), [("no form that Flux knows", None)]);
        assert_eq!(names("${A"), [("its brace is not closed", None)]);
        assert_eq!(names("${}"), [("no name of a variable", None)]);
        assert_eq!(names("${1}"), [("1", None)]);
        assert_eq!(
            names("${A/x/y} ${A:1:2} ${A^^} ${A//\\//-} ${A/./} ${A##*/} ${A:=x${B}y}")
                .iter()
                .filter(|(name, _)| *name == "A")
                .count(),
            7
        );
        // Bash knows these, and so does Flux's list of functions; its parser does not.
        for text in [
            "${A-x}", "${A?x}", "${A+x}", "${A/x}", "${A:}", "${!A}", "${A }",
        ] {
            assert!(names(text)[0].0.contains("no "), "{text}");
        }
        assert_eq!(names("${A:=x\ny}"), [("A", Some("x\ny"))]);
        let whole: usize = pieces("ü${A}é").len();
        assert_eq!(whole, 3);
    }
}
