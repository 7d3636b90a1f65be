//! How questions look: without glyphs, and without meaning by colour.

use anstyle::Style;

use super::super::printer::style;
use super::text::wrap;

/// What the terminal can show.
#[derive(Debug, Clone, Copy)]
pub(super) struct Look {
    /// Whether there are colours.
    pub(super) colour: bool,
    /// Columns of the terminal.
    pub(super) width: usize,
}

impl Look {
    /// A text in a style, if there are styles.
    pub(super) fn paint(self, style: Style, text: &str) -> String {
        if self.colour {
            format!("{style}{text}{style:#}")
        } else {
            text.to_owned()
        }
    }

    /// A question's own lines.
    pub(super) fn question(self, question: &str) -> Vec<String> {
        wrap(&format!("? {question}"), self.width, "  ")
            .iter()
            .map(|line| self.paint(style::HEADING, line))
            .collect()
    }
}
