//! Findings with the lines they are about.

use std::time::Duration;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use super::counts;
use crate::check::{Finding, Severity, Spot};
use crate::error::floor_boundary;
use crate::ui::diagnostics::printable;
use crate::ui::printer::style;

/// Above this many, each is told on one line.
const DRAWN: usize = 50;

/// Findings as text for a terminal.
pub fn drawn(findings: &[Finding]) -> String {
    if findings.len() > DRAWN {
        let lines: Vec<String> = findings.iter().map(line).collect();
        return lines.join("\n");
    }
    let drawn: Vec<String> = findings.iter().map(draw).collect();
    drawn.join("\n\n")
}

/// `file:line:column: error[rule] message (hint)`.
fn line(finding: &Finding) -> String {
    let (line, column) = finding.at.line_column();
    let hint = if finding.hint.is_empty() {
        String::new()
    } else {
        format!(" ({})", finding.hint)
    };
    let colour = match finding.severity {
        Severity::Error => style::BAD,
        Severity::Warning => style::CHANGED,
        Severity::Hint => style::HEADING,
    };
    printable(&format!("{}:{line}:{column}: ", finding.at.file()))
        + &format!(
            "{colour}{}[{}]{colour:#} ",
            finding.severity.as_str(),
            finding.rule
        )
        + &printable(&format!("{}{hint}", finding.said()))
}

fn draw(finding: &Finding) -> String {
    let level = match finding.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Hint => Level::INFO.with_name("hint"),
    };
    let message = printable(&finding.said());
    let labels: Vec<String> = finding
        .related
        .iter()
        .map(|(_, label)| printable(label))
        .collect();
    let mut snippets: Vec<Snippet<'_, annotate_snippets::Annotation<'_>>> = Vec::new();
    let (source, range) = range(&finding.at);
    let mut first = Snippet::source(source)
        .path(finding.at.file())
        .annotation(AnnotationKind::Primary.span(range));
    for ((at, _), label) in finding.related.iter().zip(&labels) {
        let (source, range) = self::range(at);
        let annotation = AnnotationKind::Context.span(range).label(label.as_str());
        if at.file() == finding.at.file() {
            first = first.annotation(annotation);
        } else {
            snippets.push(
                Snippet::source(source)
                    .path(at.file())
                    .annotation(annotation),
            );
        }
    }
    let mut group: Group<'_> = level
        .primary_title(message.as_str())
        .id(finding.rule)
        .element(first);
    for snippet in snippets {
        group = group.element(snippet);
    }
    let (effect, hint) = (printable(&finding.effect), printable(&finding.hint));
    if !effect.is_empty() {
        group = group.element(Level::NOTE.message(effect.as_str()));
    }
    if !hint.is_empty() {
        group = group.element(Level::HELP.message(hint.as_str()));
    }
    Renderer::styled().render(&[group])
}

/// What of a text is shown: no more than its first line, on the boundaries of characters.
fn range(at: &Spot) -> (&str, std::ops::Range<usize>) {
    let text = at.source.text.as_str();
    let start = floor_boundary(text, at.span.start);
    let line_end = text[start..]
        .find('\n')
        .map_or(text.len(), |end| start + end);
    let end = floor_boundary(text, at.span.end.min(line_end)).max(start);
    (text, start..end)
}

/// How many there are, over how many files and templates of how many clusters, in what time.
pub fn summary(
    findings: &[Finding],
    allowed: usize,
    to_do: usize,
    (files, templated, clusters): (usize, usize, usize),
    time: Duration,
) -> String {
    let words: Vec<String> = counts(findings)
        .into_iter()
        .filter(|(_, count)| *count > 0)
        .map(|(severity, count)| {
            let plural = if count == 1 { "" } else { "s" };
            format!("{count} {}{plural}", severity.as_str())
        })
        .collect();
    let found = if words.is_empty() {
        "nothing found".to_owned()
    } else {
        words.join(", ")
    };
    let allowed = if allowed == 0 {
        String::new()
    } else {
        format!(", {allowed} allowed")
    };
    let to_do = match to_do {
        0 => String::new(),
        1 => "; a Secret is to be made by you (--to-do shows it)".to_owned(),
        several => format!("; {several} Secrets are to be made by you (--to-do shows them)"),
    };
    let templated = match templated {
        0 => String::new(),
        1 => ", one of them a template and passed over".to_owned(),
        several => format!(", {several} of them templates and passed over"),
    };
    let begins = match clusters {
        0 => "; no Flux begins here, so each file was looked at for itself",
        _ => "",
    };
    format!(
        "{found}{allowed}; {files} files{templated} in {} ms{begins}{to_do}",
        time.as_millis()
    )
}
