//! A menu: what it shows, and what keys do to it. Choosing one, marking any number, and searching are one thing.

use console::{Key, measure_text_width};

use super::super::printer::style;
use super::Item;
use super::line::{Editor, Typed};
use super::look::Look;
use super::text::{cut, wrap};

/// What can be done in a menu.
#[derive(Debug)]
pub(super) enum Kind {
    /// One is chosen.
    One,
    /// Any number is marked: whether each is.
    Many(Vec<bool>),
    /// One is searched by a text. The first goes on without any.
    Search(Editor),
}

/// What a key did.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Pressed {
    /// It may look different now.
    Changed,
    /// Enter: the item at this index, or the marks.
    Done(usize),
    /// Escape.
    Back,
    /// Control-C or Control-D.
    Interrupt,
}

/// Columns that the text beside a name wants; with less it stands below.
const BESIDE: usize = 18;

/// Lines of what a search finds.
const FOUND: usize = 16;

/// A menu that is open.
#[derive(Debug)]
pub(super) struct Menu<'a> {
    question: &'a str,
    items: &'a [Item],
    kind: Kind,
    /// The items that are there to be chosen, best first.
    there: Vec<usize>,
    /// Which of them the cursor is on.
    at: usize,
    /// The first of them that is on the screen, where not all are.
    top: usize,
}

impl<'a> Menu<'a> {
    pub(super) fn new(question: &'a str, items: &'a [Item], kind: Kind, at: usize) -> Self {
        Self {
            question,
            items,
            kind,
            there: (0..items.len()).collect(),
            at: at.min(items.len().saturating_sub(1)),
            top: 0,
        }
    }

    /// The items that are marked.
    pub(super) fn marked(&self) -> Vec<usize> {
        match &self.kind {
            Kind::Many(marks) => (0..marks.len()).filter(|at| marks[*at]).collect(),
            _ => Vec::new(),
        }
    }

    pub(super) fn press(&mut self, key: &Key) -> Pressed {
        let last = self.there.len().saturating_sub(1);
        match key {
            Key::ArrowUp | Key::BackTab => self.at = self.at.checked_sub(1).unwrap_or(last),
            Key::ArrowDown | Key::Tab if self.at < last => self.at += 1,
            Key::ArrowDown | Key::Tab => self.at = 0,
            Key::PageUp => self.at = self.at.saturating_sub(5),
            Key::PageDown => self.at = (self.at + 5).min(last),
            Key::Enter => {
                return self
                    .there
                    .get(self.at)
                    .map_or(Pressed::Changed, |at| Pressed::Done(*at));
            }
            Key::Escape => return Pressed::Back,
            Key::CtrlC | Key::Char('\u{4}') => return Pressed::Interrupt,
            key => self.press_own(key, last),
        }
        Pressed::Changed
    }

    /// Keys that mean something else in each kind of menu.
    fn press_own(&mut self, key: &Key, last: usize) {
        if let Kind::Search(editor) = &mut self.kind {
            if editor.press(key) != Typed::Nothing {
                self.there = found(self.items, &editor.text());
                self.at = 0;
            }
            return;
        }
        match (&mut self.kind, key) {
            (_, Key::Home) => self.at = 0,
            (_, Key::End) => self.at = last,
            (Kind::Many(marks), Key::Char(' ')) => marks[self.at] = !marks[self.at],
            _ => {}
        }
    }

    /// The menu's lines, for a terminal of so many rows. No text is lost: what does not fit beside its name goes on
    /// below it, or, where there are too many lines for that, stands below the menu when the cursor is on it.
    pub(super) fn draw(&mut self, look: Look, rows: usize) -> Vec<String> {
        let mut lines = self.head(look);
        if self.there.is_empty() {
            let text = "  nothing found; Backspace takes letters away again";
            lines.extend(wrap(text, look.width, "  "));
            return lines;
        }
        let mut room = rows.saturating_sub(lines.len() + 1).max(4);
        if matches!(self.kind, Kind::Search(_)) {
            room = room.min(FOUND);
        }
        let whole: Vec<Vec<String>> = self.there.iter().map(|at| self.item(*at, look)).collect();
        if whole.iter().map(Vec::len).sum::<usize>() <= room {
            for (at, text) in whole.iter().enumerate() {
                lines.extend(text.iter().map(|line| self.painted(at, line, look)));
            }
            return lines;
        }
        // Room for the longest text stays free, so that nothing moves when the cursor does.
        let longest = whole.iter().map(Vec::len).max().unwrap_or(1);
        let extra = if longest > 1 { longest } else { 0 };
        let shown = room.saturating_sub(extra + 1).max(3).min(whole.len());
        self.top = self.top.clamp((self.at + 1).saturating_sub(shown), self.at);
        self.top = self.top.min(whole.len() - shown);
        for (at, text) in whole.iter().enumerate().skip(self.top).take(shown) {
            let line = match text.as_slice() {
                [line] => line.clone(),
                _ => cut(&self.unbroken(self.there[at], look), look.width - 1),
            };
            lines.push(self.painted(at, &line, look));
        }
        let hidden = [
            (self.top, "above"),
            (whole.len() - shown - self.top, "below"),
        ];
        let hidden = hidden.iter().filter(|(count, _)| *count > 0);
        let hidden: Vec<String> = hidden
            .map(|(count, place)| format!("{count} more {place}"))
            .collect();
        if !hidden.is_empty() {
            lines.push(format!("  ({})", hidden.join(", ")));
        }
        if whole[self.at].len() > 1 {
            let item = &self.items[self.there[self.at]];
            lines.extend(wrap(
                &format!("  {}: {}", item.name, item.about),
                look.width,
                "    ",
            ));
        }
        lines
    }

    /// The question, and what is searched for.
    fn head(&self, look: Look) -> Vec<String> {
        let mut lines = look.question(self.question);
        if let Kind::Search(editor) = &self.kind {
            let (text, at) = editor.visible(look.width - 4);
            // Where a wide letter would be cut in two it stands before the cursor.
            let at = text
                .char_indices()
                .map(|(at, _)| at)
                .find(|byte| measure_text_width(&text[..*byte]) >= at);
            let (before, after) = text.split_at(at.unwrap_or(text.len()));
            let term = format!("{before}_{after}");
            match lines.last_mut() {
                Some(last)
                    if measure_text_width(last) + 1 + measure_text_width(&term) <= look.width =>
                {
                    last.push(' ');
                    last.push_str(&term);
                }
                _ => lines.push(format!("  {term}")),
            }
        }
        lines
    }

    fn painted(&self, at: usize, line: &str, look: Look) -> String {
        if at == self.at {
            look.paint(style::GOOD, line)
        } else {
            line.to_owned()
        }
    }

    /// What stands before the text of an item.
    fn mark(&self, item: usize) -> String {
        let cursor = if self.there.get(self.at) == Some(&item) {
            "> "
        } else {
            "  "
        };
        let mark = match &self.kind {
            Kind::Many(marks) if marks[item] => "[x] ",
            Kind::Many(_) => "[ ] ",
            _ => "",
        };
        format!("{cursor}{mark}")
    }

    /// How wide the names are, all together.
    fn names(&self, look: Look) -> usize {
        let names = self.items.iter().map(|item| measure_text_width(&item.name));
        names.max().unwrap_or(0).min(look.width / 2)
    }

    /// An item on one line, as wide as it is.
    fn unbroken(&self, item: usize, look: Look) -> String {
        let Item { name, about } = &self.items[item];
        let pad = " ".repeat(self.names(look).saturating_sub(measure_text_width(name)));
        let line = format!("{}{name}{pad}  {about}", self.mark(item));
        line.trim_end().to_owned()
    }

    /// An item on as many lines as it needs: names in one column, what they are in the next.
    fn item(&self, item: usize, look: Look) -> Vec<String> {
        let mark = self.mark(item);
        let beside = mark.len() + self.names(look) + 2;
        let line = self.unbroken(item, look);
        let room = look.width - 1;
        if measure_text_width(&line) <= room || beside + BESIDE <= room {
            return wrap(&line, room, &" ".repeat(beside));
        }
        let Item { name, about } = &self.items[item];
        let indent = " ".repeat(mark.len() + 2);
        let mut lines = wrap(&format!("{mark}{name}"), room, &indent);
        lines.extend(wrap(&format!("{indent}{about}"), room, &indent));
        lines
    }
}

/// The items in which every word of a text is found, best first; all of them for no text.
fn found(items: &[Item], text: &str) -> Vec<usize> {
    let words: Vec<String> = text.split_whitespace().map(str::to_lowercase).collect();
    if words.is_empty() {
        return (0..items.len()).collect();
    }
    let mut found: Vec<(usize, usize)> = Vec::new();
    // The first is not something to find.
    for (at, item) in items.iter().enumerate().skip(1) {
        let rank: Option<usize> = words.iter().map(|word| rank(item, word)).sum();
        found.extend(rank.map(|rank| (rank, at)));
    }
    found.sort_unstable();
    found.into_iter().map(|(_, at)| at).collect()
}

/// How well a word is found; nothing if it is not.
fn rank(item: &Item, word: &str) -> Option<usize> {
    let name = item.name.to_lowercase();
    if name.starts_with(word) {
        return Some(0);
    }
    if name.contains(word) {
        return Some(1);
    }
    if item.about.to_lowercase().contains(word) {
        return Some(2);
    }
    // Letters left out, as in `extdns`.
    let mut rest = name.chars();
    word.chars()
        .all(|letter| rest.any(|c| c == letter))
        .then_some(3)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NARROW: Look = Look {
        colour: false,
        width: 30,
    };

    fn items() -> Vec<Item> {
        vec![
            Item::new("no, go on", ""),
            Item::new(
                "metallb",
                "Gives addresses to Services of type LoadBalancer.",
            ),
            Item::new("external-dns", "DNS records."),
            Item::new("loki", "Logs."),
        ]
    }

    fn typed(menu: &mut Menu<'_>, text: &str) {
        for letter in text.chars() {
            assert_eq!(menu.press(&Key::Char(letter)), Pressed::Changed);
        }
    }

    #[test]
    fn the_whole_text_is_searched_and_shown() {
        let items = items();
        let mut menu = Menu::new("Else?", &items, Kind::Search(Editor::default()), 0);
        assert_eq!(menu.draw(NARROW, 24)[0], "? Else? _");
        typed(&mut menu, "loadb");
        let wanted = [
            "? Else? loadb_",
            "> metallb",
            "    Gives addresses to",
            "    Services of type",
            "    LoadBalancer.",
        ];
        assert_eq!(
            menu.draw(
                Look {
                    width: 27,
                    ..NARROW
                },
                24
            ),
            wanted
        );
        assert_eq!(menu.press(&Key::Enter), Pressed::Done(1));
        typed(&mut menu, "x");
        assert_eq!(
            menu.draw(NARROW, 24)[1..].join(" "),
            "  nothing found; Backspace   takes letters away again"
        );
        assert_eq!(menu.press(&Key::Enter), Pressed::Changed);
        assert_eq!(menu.press(&Key::Backspace), Pressed::Changed);
        assert_eq!(menu.press(&Key::Enter), Pressed::Done(1));
    }

    #[test]
    fn what_is_found_best_comes_first() {
        let items = items();
        assert_eq!(found(&items, ""), [0, 1, 2, 3]);
        assert_eq!(found(&items, "LO"), [3, 1]);
        assert_eq!(found(&items, "extdns"), [2]);
        assert_eq!(found(&items, "dns records"), [2]);
        assert_eq!(found(&items, "go on"), [0; 0]);
    }

    #[test]
    fn texts_go_on_below_or_stand_below_the_menu() {
        let items = items();
        let mut menu = Menu::new(
            "Which?",
            &items,
            Kind::Many(vec![false, true, false, false]),
            1,
        );
        let roomy = menu.draw(
            Look {
                width: 40,
                ..NARROW
            },
            24,
        );
        assert_eq!(
            roomy,
            [
                "? Which?",
                "  [ ] no, go on",
                "> [x] metallb       Gives addresses to",
                "                    Services of type",
                "                    LoadBalancer.",
                "  [ ] external-dns  DNS records.",
                "  [ ] loki          Logs.",
            ]
        );
        let tight = menu.draw(
            Look {
                width: 40,
                ..NARROW
            },
            7,
        );
        assert_eq!(
            tight,
            [
                "? Which?",
                "  [ ] no, go on",
                "> [x] metallb       Gives addresses ...",
                "  [ ] external-dns  DNS records.",
                "  (1 more below)",
                "  metallb: Gives addresses to Services",
                "    of type LoadBalancer.",
            ]
        );
        menu.press(&Key::End);
        menu.press(&Key::Char(' '));
        let last = menu.draw(
            Look {
                width: 40,
                ..NARROW
            },
            7,
        );
        assert_eq!(last[3..], ["> [x] loki          Logs.", "  (1 more above)"]);
        assert_eq!(menu.marked(), [1, 3]);
    }

    #[test]
    fn keys() {
        let items = items();
        let mut menu = Menu::new("Which?", &items, Kind::One, 9);
        assert_eq!(menu.press(&Key::Enter), Pressed::Done(3));
        menu.press(&Key::ArrowDown);
        assert_eq!(menu.press(&Key::Enter), Pressed::Done(0));
        menu.press(&Key::ArrowUp);
        assert_eq!(menu.press(&Key::Enter), Pressed::Done(3));
        menu.press(&Key::PageUp);
        menu.press(&Key::Char('x'));
        assert_eq!(menu.press(&Key::Enter), Pressed::Done(0));
        assert_eq!(menu.press(&Key::Escape), Pressed::Back);
        assert_eq!(menu.press(&Key::CtrlC), Pressed::Interrupt);
        assert_eq!(menu.press(&Key::Char('\u{4}')), Pressed::Interrupt);
        assert_eq!(menu.marked(), [0; 0]);
    }
}
