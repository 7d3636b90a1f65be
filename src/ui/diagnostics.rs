//! Errors, drawn with the lines they are about.

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use crate::error::{Error, Place, Problem, floor_boundary};

/// Above this many problems each is told on one line.
const DRAWN: usize = 20;

/// An error as text for a terminal; colours are taken off where they are not wanted.
pub fn render(error: &Error) -> String {
    let drawn = error.problems.len() <= DRAWN;
    let texts: Vec<String> = error
        .problems
        .iter()
        .map(|problem| {
            if drawn {
                draw(problem)
            } else {
                format!("error: {}", printable(&problem.to_string()))
            }
        })
        .collect();
    texts.join(if drawn { "\n\n" } else { "\n" })
}

/// Control characters of what the user gave, written out: a terminal must not obey them.
pub fn printable(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            c if c.is_control() && c != '\n' => c.escape_unicode().to_string(),
            c => c.to_string(),
        })
        .collect()
}

fn draw(problem: &Problem) -> String {
    let message = printable(&problem.message);
    let title = Level::ERROR.primary_title(message.as_str());
    let mut group = match &problem.at {
        Some(Place::Span(source, span)) => {
            let text = source.text.as_str();
            let start = floor_boundary(text, span.start);
            // One line is enough to see what is meant.
            let line_end = text[start..].find('\n').map_or(text.len(), |at| start + at);
            let end = floor_boundary(text, span.end.min(line_end)).max(start);
            title.element(
                Snippet::source(text)
                    .path(source.name.as_str())
                    .annotation(AnnotationKind::Primary.span(start..end)),
            )
        }
        Some(Place::Flag(flag)) => {
            Group::with_title(title).element(Level::NOTE.message(format!("given by {flag}")))
        }
        None => Group::with_title(title),
    };
    let hint = problem.hint.as_deref().map(printable);
    if let Some(hint) = &hint {
        group = group.element(Level::HELP.message(hint.as_str()));
    }
    Renderer::styled().render(&[group])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Source;

    #[test]
    fn any_span_can_be_drawn() {
        let source = Source::new("a.yaml", "ü: é\nb: c\n");
        for start in 0..14 {
            for length in [0, 1, 5, 400] {
                let problem = Problem::new("wrong")
                    .span(&source, start..start + length)
                    .hint("mend it");
                assert!(draw(&problem).contains("a.yaml"));
            }
        }
        let empty = Source::new("e", "");
        assert!(draw(&Problem::new("x").span(&empty, 0..0)).contains('x'));
    }
}
