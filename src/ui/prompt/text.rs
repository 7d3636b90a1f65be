//! Fitting text into columns.

use dialoguer::console::{measure_text_width, truncate_str};

/// Breaks a text between words so that no line is wider than `width`; lines after the first are indented. Spaces
/// within a line stay, so columns do too.
pub fn wrap(text: &str, width: usize, indent: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for part in text.split('\n') {
        let mut line = if lines.is_empty() {
            String::new()
        } else {
            indent.to_owned()
        };
        let mut empty = true;
        let mut rest = part;
        while !rest.is_empty() {
            let spaces = rest.len() - rest.trim_start_matches(' ').len();
            let (space, after) = rest.split_at(spaces);
            let (word, after) = after.split_at(after.find(' ').unwrap_or(after.len()));
            rest = after;
            if !empty && measure_text_width(&line) + spaces + measure_text_width(word) > width {
                lines.push(std::mem::replace(&mut line, indent.to_owned()));
            } else {
                line.push_str(space);
            }
            line.push_str(word);
            empty = false;
        }
        lines.push(line.trim_end().to_owned());
    }
    lines
}

/// Cuts a text to a width.
pub(super) fn cut(text: &str, width: usize) -> String {
    truncate_str(text, width, "...").into_owned()
}

/// A question and its answer as one text.
pub(super) fn answered(question: &str, answer: &str) -> String {
    if question.ends_with(['?', ')', ':', '.']) {
        format!("? {question} {answer}")
    } else {
        format!("? {question}: {answer}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stay_whole() {
        assert_eq!(wrap("a bb ccc", 4, "  "), ["a bb", "  ccc"]);
        assert_eq!(wrap("", 4, "  "), [""]);
        assert_eq!(wrap("waytoolong x", 4, ""), ["waytoolong", "x"]);
        assert_eq!(wrap("  a  b\nc", 20, ""), ["  a  b", "c"]);
        assert_eq!(
            wrap("  a    bb, cc", 10, "       "),
            ["  a    bb,", "       cc"]
        );
        assert_eq!(cut("abcdef", 5), "ab...");
        assert_eq!(cut("abc", 5), "abc");
    }

    #[test]
    fn questions_and_answers() {
        assert_eq!(answered("Where?", "here"), "? Where? here");
        assert_eq!(answered("Git URL", "x"), "? Git URL: x");
    }
}
