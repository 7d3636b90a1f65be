//! How dialoguer's menus look: every text is whole, and a page never leaves the screen.

use std::fmt::{self, Write};

use anstyle::Style;
use dialoguer::console::measure_text_width;
use dialoguer::theme::Theme;

use super::super::printer::style;
use super::Item;
use super::listing::Listing;
use super::look::Look;
use super::text::cut;

/// Fewer items on a page than this, and texts are cut instead.
const FEW: usize = 3;

/// What stands before an item of a menu with marks; without marks it is the first two columns.
const MARK: &str = "  [ ] ";

/// One menu. dialoguer gets the items by their numbers, since it takes the width of what it gets for the width of
/// what is drawn; the lines that are drawn here it counts.
#[derive(Debug)]
pub(super) struct Menu<'a> {
    look: Look,
    listing: Listing<'a>,
    items: usize,
    /// How many items stand on a page.
    page: usize,
    /// Whether the items that the cursor is not on are cut to one line.
    short: bool,
    /// Lines that there are for the item that the cursor is on.
    room: usize,
}

impl<'a> Menu<'a> {
    /// A menu in which one is chosen, for a terminal of so many rows.
    pub(super) fn one(question: &str, items: &'a [Item], look: Look, rows: usize) -> Self {
        Self::new(question, items, &MARK[..2], look, rows)
    }

    /// A menu in which any number is marked, for a terminal of so many rows.
    pub(super) fn many(question: &str, items: &'a [Item], look: Look, rows: usize) -> Self {
        Self::new(question, items, MARK, look, rows)
    }

    fn new(question: &str, items: &'a [Item], mark: &str, look: Look, rows: usize) -> Self {
        let count = items.len();
        let mut menu = Self {
            look,
            listing: Listing::new(items, look),
            items: count,
            page: count,
            short: false,
            room: 1,
        };
        let heights: Vec<usize> = (0..count)
            .map(|at| menu.listing.whole(at, mark).len())
            .collect();
        for page in (FEW.min(count)..=count).rev() {
            menu.turn(page, question, rows);
            let mut pages = heights.chunks(page.max(1));
            if pages.all(|page| page.iter().sum::<usize>() <= menu.room) {
                return menu;
            }
        }
        // One whole text has room beside one line of each of the others.
        menu.short = true;
        menu.turn(count.saturating_sub(1), question, rows);
        let longest = heights.iter().copied().max().unwrap_or(1).min(menu.room);
        menu.page = (menu.room + 1 - longest).min(count);
        menu
    }

    /// Takes so many items for a page.
    fn turn(&mut self, page: usize, question: &str, rows: usize) {
        self.page = page;
        // The cursor stands on a row of its own.
        self.room = rows.saturating_sub(self.head(question).len() + 1).max(1);
    }

    /// How many items stand on a page.
    pub(super) fn page(&self) -> usize {
        self.page
    }

    /// What dialoguer gets for the items.
    pub(super) fn numbers(&self) -> std::ops::Range<usize> {
        0..self.items
    }

    /// The question, so that the number of the page has its place behind it.
    fn head(&self, question: &str) -> Vec<String> {
        let mut lines = self.look.question(question);
        if self.page < self.items {
            let number = format!(" [Page {0}/{0}] ", self.items).len();
            let last = lines.last().map_or(0, |line| measure_text_width(line));
            if last + number > self.look.width {
                lines.push(" ".to_owned());
            }
        }
        lines
    }

    fn item(&self, f: &mut dyn Write, number: &str, mark: &str, active: bool) -> fmt::Result {
        let item: usize = number.parse().map_err(|_| fmt::Error)?;
        let mark = format!("{} {mark}", if active { ">" } else { " " });
        let mut lines = if self.short && !active {
            vec![self.listing.short(item, &mark)]
        } else {
            self.listing.whole(item, &mark)
        };
        if lines.len() > self.room {
            lines.truncate(self.room);
            if let Some(last) = lines.last_mut() {
                *last = cut(&format!("{last} ..."), self.look.width - 1);
            }
        }
        let style = if active { style::GOOD } else { Style::new() };
        let lines: Vec<String> = lines
            .iter()
            .map(|line| self.look.paint(style, line))
            .collect();
        f.write_str(&lines.join("\n"))
    }
}

impl Theme for Menu<'_> {
    fn format_prompt(&self, f: &mut dyn Write, prompt: &str) -> fmt::Result {
        f.write_str(&self.head(prompt).join("\n"))
    }

    fn format_select_prompt_item(
        &self,
        f: &mut dyn Write,
        text: &str,
        active: bool,
    ) -> fmt::Result {
        self.item(f, text, "", active)
    }

    fn format_multi_select_prompt_item(
        &self,
        f: &mut dyn Write,
        text: &str,
        checked: bool,
        active: bool,
    ) -> fmt::Result {
        self.item(f, text, if checked { "[x] " } else { "[ ] " }, active)
    }
}

#[cfg(test)]
mod tests {
    use super::super::some_items as items;
    use super::*;

    const LOOK: Look = Look {
        colour: false,
        width: 40,
    };

    /// A page as dialoguer draws it, with marks, and the cursor on an item.
    fn drawn(menu: &Menu<'_>, question: &str, at: usize) -> Vec<String> {
        let mut text = String::new();
        menu.format_multi_select_prompt(&mut text, question)
            .unwrap();
        let first = at / menu.page() * menu.page();
        for item in menu.numbers().skip(first).take(menu.page()) {
            text.push('\n');
            menu.format_multi_select_prompt_item(
                &mut text,
                &item.to_string(),
                item == 1,
                item == at,
            )
            .unwrap();
        }
        text.lines().map(str::to_owned).collect()
    }

    #[test]
    fn texts_go_on_below() {
        let items = items();
        let menu = Menu::many("Which?", &items, LOOK, 8);
        assert_eq!(menu.page(), 4);
        let wanted = [
            "? Which?",
            "  [ ] no, go on",
            "> [x] metallb       Gives addresses to",
            "                    Services of type",
            "                    LoadBalancer.",
            "  [ ] external-dns  DNS records.",
            "  [ ] loki          Logs.",
        ];
        assert_eq!(drawn(&menu, "Which?", 1), wanted);
    }

    #[test]
    fn pages_that_fit() {
        let items = items();
        let menu = Menu::many("Which?", &items, LOOK, 7);
        assert_eq!(menu.page(), 3);
        assert_eq!(drawn(&menu, "Which?", 0).len(), 6);
        let wanted = ["? Which?", "> [ ] loki          Logs."];
        assert_eq!(drawn(&menu, "Which?", 3), wanted);
        // The number of the page has a line of its own where there is no place beside the question.
        let question = "Which of them, all of them?";
        let menu = Menu::many(question, &items, LOOK, 7);
        assert_eq!(drawn(&menu, question, 3)[1], " ");
    }

    #[test]
    fn on_a_low_terminal_only_the_item_under_the_cursor_is_whole() {
        let items = items();
        let menu = Menu::many("Which?", &items, LOOK, 6);
        assert_eq!(menu.page(), 2);
        let wanted = [
            "? Which?",
            "  [ ] no, go on",
            "> [x] metallb       Gives addresses to",
            "                    Services of type",
            "                    LoadBalancer.",
        ];
        assert_eq!(drawn(&menu, "Which?", 1), wanted);
        let wanted = [
            "? Which?",
            "> [ ] no, go on",
            "  [x] metallb       Gives addresses ...",
        ];
        assert_eq!(drawn(&menu, "Which?", 0), wanted);
    }

    #[test]
    fn no_terminal_is_too_low() {
        let items = items();
        for rows in 3..10 {
            let menu = Menu::many("Which?", &items, LOOK, rows);
            for at in 0..items.len() {
                let lines = drawn(&menu, "Which?", at).len();
                assert!(lines < rows, "{lines} of {rows}");
            }
        }
        let menu = Menu::many("Which?", &items, LOOK, 4);
        assert_eq!(
            drawn(&menu, "Which?", 1)[2],
            "                    Services of type..."
        );
    }

    #[test]
    fn one_of_them() {
        let items = items();
        let menu = Menu::one("Which?", &items, LOOK, 24);
        let mut text = String::new();
        menu.format_select_prompt_item(&mut text, "3", true)
            .unwrap();
        assert_eq!(text, "> loki          Logs.");
        let mut text = String::new();
        assert!(
            menu.format_select_prompt_item(&mut text, "x", true)
                .is_err()
        );
    }
}
