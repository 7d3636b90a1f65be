//! How menus look.

use std::fmt::{self, Write};

use anstyle::Style;
use dialoguer::console::measure_text_width;
use dialoguer::theme::Theme;

use super::super::printer::style;
use super::Item;
use super::text::{cut, wrap};

/// Menus without glyphs and without meaning by colour.
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

    /// A menu's lines: names in one column, what they are in the next; `left` columns are taken already.
    pub(super) fn items(self, items: &[Item], left: usize) -> Vec<String> {
        let room = self.width.saturating_sub(left + 1);
        let widest = items
            .iter()
            .map(|item| measure_text_width(&item.name))
            .max();
        let widest = widest.unwrap_or(0).min(room / 2);
        items
            .iter()
            .map(|item| {
                let pad = widest.saturating_sub(measure_text_width(&item.name));
                let line = format!("{}{}  {}", item.name, " ".repeat(pad), item.about);
                cut(line.trim_end(), room)
            })
            .collect()
    }

    fn item(self, f: &mut dyn Write, mark: &str, text: &str, active: bool) -> fmt::Result {
        let line = format!("{} {mark}{text}", if active { ">" } else { " " });
        let style = if active { style::GOOD } else { Style::new() };
        f.write_str(&self.paint(style, &line))
    }
}

/// Columns before the text of a menu's line, and of one with marks.
pub(super) const LEFT: usize = 2;
pub(super) const LEFT_MARKED: usize = LEFT + 4;

impl Theme for Look {
    fn format_prompt(&self, f: &mut dyn Write, prompt: &str) -> fmt::Result {
        f.write_str(&self.question(prompt).join("\n"))
    }

    fn format_select_prompt_item(
        &self,
        f: &mut dyn Write,
        text: &str,
        active: bool,
    ) -> fmt::Result {
        self.item(f, "", text, active)
    }

    fn format_multi_select_prompt_item(
        &self,
        f: &mut dyn Write,
        text: &str,
        checked: bool,
        active: bool,
    ) -> fmt::Result {
        self.item(f, if checked { "[x] " } else { "[ ] " }, text, active)
    }

    fn format_fuzzy_select_prompt(
        &self,
        f: &mut dyn Write,
        prompt: &str,
        search_term: &str,
        at: usize,
    ) -> fmt::Result {
        let (before, after) = search_term.split_at(at);
        write!(f, "{} {before}_{after}", self.question(prompt).join("\n"))
    }
}
