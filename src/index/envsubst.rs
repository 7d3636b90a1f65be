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

/// Operators, the longer before those that they begin with. What they do: replace, cut off, change case, default.
const OPERATORS: [&str; 17] = [
    ":=", ":-", ":?", ":+", "^^", ",,", "//", "/#", "/%", "##", "%%", ":", "=", "-", "?", "+", "#",
];

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
    let begin = start + 2;
    let broken = |end: usize, reason| {
        let span = start..end;
        (Piece::Broken { span, reason }, end)
    };
    let Some(end) = closing(text, begin) else {
        return broken(text.len(), "its brace is not closed");
    };
    let inside = &text[begin..end];
    let (length, inner) = match inside.strip_prefix('#') {
        Some(inner) => (1, inner),
        None => (0, inside),
    };
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let name_end = inner.find(|c| !is_name(c)).unwrap_or(inner.len());
    let (name, rest) = inner.split_at(name_end);
    let first = name.chars().next();
    if first.is_none_or(|c| c.is_ascii_digit()) {
        return broken(end + 1, "no name of a variable");
    }
    let span = start..end + 1;
    if rest.is_empty() {
        let variable = Variable {
            name,
            default: None,
            operator: &inside[..length],
            span,
        };
        return (Piece::Variable(variable), end + 1);
    }
    let mut operators = OPERATORS.iter().chain(&["%", "/", "^", ","]);
    let Some(operator) = operators.find(|operator| rest.starts_with(**operator)) else {
        return broken(end + 1, "no form that Flux knows");
    };
    let word = &rest[operator.len()..];
    let variable = Variable {
        name,
        default: matches!(*operator, ":=" | ":-" | "=" | "-").then_some(word),
        operator: &rest[..operator.len()],
        span,
    };
    (Piece::Variable(variable), end + 1)
}

/// Where the brace closes that opened before a byte; variables in a default have braces of their own.
fn closing(text: &str, from: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut depth = 0;
    let mut at = from;
    while at < bytes.len() {
        match bytes[at] {
            b'$' if bytes.get(at + 1) == Some(&b'{') => {
                depth += 1;
                at += 1;
            }
            b'}' if depth == 0 => return Some(at),
            b'}' => depth -= 1,
            b'\n' if depth == 0 => return None,
            _ => {}
        }
        at += 1;
    }
    None
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
        assert_eq!(names("${1}"), [("no name of a variable", None)]);
        assert_eq!(names("${A/x/y} ${A:1:2} ${A^^}").len(), 3);
        let whole: usize = pieces("ü${A}é").len();
        assert_eq!(whole, 3);
    }
}
