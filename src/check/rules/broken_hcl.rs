//! Files of Terraform that Terraform cannot read.

use crate::check::finding::{Findings, Severity, Spot};
use crate::check::registry::Rule;
use crate::error::floor_boundary;
use crate::index::Repository;

pub(in crate::check) const RULE: Rule = Rule {
    id: "broken-hcl",
    severity: Severity::Error,
    summary: "a file of Terraform that cannot be read",
    check,
};

fn check(repository: &Repository<'_>, findings: &mut Findings) {
    let index = repository.index;
    for (path, broken) in &index.broken_hcl {
        let Some(source) = index.texts.get(path) else {
            continue;
        };
        // A form that only the parser here does not know is no mistake: what is told must be seen by a second look.
        let Some(fault) = fault(&source.text) else {
            continue;
        };
        let (at, message) = match fault {
            Fault::Marker(at) => (at, "a conflict of Git is left in it".to_owned()),
            Fault::Open(at, sign) => (at, format!("`{sign}` is never closed")),
            Fault::Stray(at, sign) => (at, format!("`{sign}` closes nothing")),
            Fault::Text(at) => (at, "a text is not closed on its line".to_owned()),
        };
        let at = if matches!(fault, Fault::Open(..)) || at > 0 {
            at
        } else {
            broken.at
        };
        let start = floor_boundary(&source.text, at.min(source.text.len()));
        let end = source.text[start..]
            .chars()
            .next()
            .map_or(start, |letter| start + letter.len_utf8());
        let finding = findings.add(Spot::span(source, start..end), message);
        finding.effect("terraform stops before it plans anything, for all of this folder");
        finding.hint("mend it; `terraform fmt` tells whether it can be read");
    }
}

/// What makes a file one that Terraform refuses.
#[derive(Debug, PartialEq)]
enum Fault {
    Marker(usize),
    Open(usize, char),
    Stray(usize, char),
    Text(usize),
}

/// Looks at brackets and quotes only, with templates in texts left as they are.
fn fault(text: &str) -> Option<Fault> {
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        if line.starts_with("<<<<<<< ") || line.starts_with(">>>>>>> ") {
            return Some(Fault::Marker(at));
        }
        at += line.len();
    }
    // What a heredoc or a template in a text may hold needs more than a look.
    if text.contains("<<") {
        return None;
    }
    let mut open: Vec<(usize, char)> = Vec::new();
    let mut letters = text.char_indices().peekable();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '#' => while letters.next_if(|(_, letter)| *letter != '\n').is_some() {},
            '/' if letters.peek().is_some_and(|(_, next)| *next == '/') => {
                while letters.next_if(|(_, letter)| *letter != '\n').is_some() {}
            }
            '/' if letters.peek().is_some_and(|(_, next)| *next == '*') => {
                let mut last = ' ';
                let closed = letters.by_ref().skip(1).any(|(_, letter)| {
                    let end = last == '*' && letter == '/';
                    last = letter;
                    end
                });
                if !closed {
                    return None;
                }
            }
            '"' => loop {
                match letters.next() {
                    Some((_, '"')) => break,
                    Some((_, '\\')) => {
                        letters.next();
                    }
                    Some((_, '$' | '%'))
                        if letters.peek().is_some_and(|(_, next)| *next == '{') =>
                    {
                        return None;
                    }
                    Some((_, '\n')) | None => return Some(Fault::Text(at)),
                    Some(_) => {}
                }
            },
            '{' | '[' | '(' => open.push((at, letter)),
            '}' | ']' | ')' => {
                let wanted = match letter {
                    '}' => '{',
                    ']' => '[',
                    _ => '(',
                };
                match open.pop() {
                    Some((_, opened)) if opened == wanted => {}
                    Some((at, opened)) => return Some(Fault::Open(at, opened)),
                    None => return Some(Fault::Stray(at, letter)),
                }
            }
            _ => {}
        }
    }
    open.pop().map(|(at, opened)| Fault::Open(at, opened))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_plain_is_a_fault() {
        assert_eq!(fault("a = [1, 2\n"), Some(Fault::Open(4, '[')));
        assert_eq!(fault("a {\n  b = (1]\n}\n"), Some(Fault::Open(10, '(')));
        assert_eq!(fault("}\n"), Some(Fault::Stray(0, '}')));
        assert_eq!(fault("a = \"x\n"), Some(Fault::Text(4)));
        assert_eq!(fault("<<<<<<< HEAD\n"), Some(Fault::Marker(0)));
        for fine in [
            "a = \"]\" # {\n// [\n/* ( */\n",
            "a = \"${x[\"y\"]\n",
            "a = <<-EOT\n  {\nEOT\n",
            "a = \"\\\"\"\n",
        ] {
            assert_eq!(fault(fine), None, "{fine}");
        }
    }
}
