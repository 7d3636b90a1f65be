//! A menu that is searched. It is landform's own since dialoguer's `FuzzySelect` finds only what is in the strings that
//! it is given and clears the screen by their width, so it cannot search and show texts that take several lines.

use dialoguer::console::{Key, measure_text_width};

use super::super::printer::style;
use super::Item;
use super::line::{Editor, Typed};
use super::listing::Listing;
use super::look::Look;
use super::text::wrap;

/// What a key did.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Pressed {
    /// It may look different now.
    Changed,
    /// Enter: the item at this index.
    Done(usize),
    /// Escape.
    Back,
    /// Control-C or Control-D.
    Interrupt,
}

/// Lines of what is found.
const FOUND: usize = 16;

/// A search that is open. The first item goes on without any.
#[derive(Debug)]
pub(super) struct Search<'a> {
    question: &'a str,
    items: &'a [Item],
    /// What is searched for.
    editor: Editor,
    /// The items that are there to be chosen, best first.
    there: Vec<usize>,
    /// Which of them the cursor is on.
    at: usize,
    /// The first of them that is on the screen, where not all are.
    top: usize,
}

impl<'a> Search<'a> {
    pub(super) fn new(question: &'a str, items: &'a [Item]) -> Self {
        Self {
            question,
            items,
            editor: Editor::default(),
            there: (0..items.len()).collect(),
            at: 0,
            top: 0,
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
            key => {
                if self.editor.press(key) != Typed::Nothing {
                    self.there = found(self.items, &self.editor.text());
                    self.at = 0;
                }
            }
        }
        Pressed::Changed
    }

    /// The lines, for a terminal of so many rows. No text is lost: what does not fit beside its name goes on below it,
    /// or, where there are too many lines for that, stands below all when the cursor is on it.
    pub(super) fn draw(&mut self, look: Look, rows: usize) -> Vec<String> {
        let mut lines = self.head(look);
        if self.there.is_empty() {
            let text = "  nothing found; Backspace takes letters away again";
            lines.extend(wrap(text, look.width, "  "));
            return lines;
        }
        let listing = Listing::new(self.items, look);
        let room = rows.saturating_sub(lines.len() + 1).clamp(4, FOUND);
        let whole: Vec<Vec<String>> = (0..self.there.len())
            .map(|at| listing.whole(self.there[at], self.mark(at)))
            .collect();
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
        for at in self.top..self.top + shown {
            let line = listing.short(self.there[at], self.mark(at));
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
        let (text, at) = self.editor.visible(look.width - 4);
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
        lines
    }

    /// What stands before an item.
    fn mark(&self, at: usize) -> &'static str {
        if at == self.at { "> " } else { "  " }
    }

    fn painted(&self, at: usize, line: &str, look: Look) -> String {
        if at == self.at {
            look.paint(style::GOOD, line)
        } else {
            line.to_owned()
        }
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
    use super::super::some_items as items;
    use super::*;

    const NARROW: Look = Look {
        colour: false,
        width: 30,
    };

    fn typed(search: &mut Search<'_>, text: &str) {
        for letter in text.chars() {
            assert_eq!(search.press(&Key::Char(letter)), Pressed::Changed);
        }
    }

    #[test]
    fn the_whole_text_is_searched_and_shown() {
        let items = items();
        let mut search = Search::new("Else?", &items);
        assert_eq!(search.draw(NARROW, 24)[0], "? Else? _");
        typed(&mut search, "loadb");
        let wanted = [
            "? Else? loadb_",
            "> metallb",
            "    Gives addresses to",
            "    Services of type",
            "    LoadBalancer.",
        ];
        assert_eq!(
            search.draw(
                Look {
                    width: 27,
                    ..NARROW
                },
                24
            ),
            wanted
        );
        assert_eq!(search.press(&Key::Enter), Pressed::Done(1));
        typed(&mut search, "x");
        assert_eq!(
            search.draw(NARROW, 24)[1..].join(" "),
            "  nothing found; Backspace   takes letters away again"
        );
        assert_eq!(search.press(&Key::Enter), Pressed::Changed);
        assert_eq!(search.press(&Key::Backspace), Pressed::Changed);
        assert_eq!(search.press(&Key::Enter), Pressed::Done(1));
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
    fn long_texts_stand_below_where_there_are_too_many_lines() {
        let items = items();
        let look = Look {
            width: 40,
            ..NARROW
        };
        let mut search = Search::new("Else?", &items);
        let roomy = search.draw(look, 24);
        assert_eq!(
            roomy[1..3],
            ["> no, go on", "  metallb       Gives addresses to"]
        );
        search.press(&Key::ArrowDown);
        let wanted = [
            "? Else? _",
            "  no, go on",
            "> metallb       Gives addresses to S...",
            "  external-dns  DNS records.",
            "  (1 more below)",
            "  metallb: Gives addresses to Services",
            "    of type LoadBalancer.",
        ];
        assert_eq!(search.draw(look, 7), wanted);
        search.press(&Key::PageDown);
        assert_eq!(
            search.draw(look, 7)[3..],
            ["> loki          Logs.", "  (1 more above)"]
        );
    }

    #[test]
    fn keys() {
        let items = items();
        let mut search = Search::new("Else?", &items);
        search.press(&Key::ArrowUp);
        assert_eq!(search.press(&Key::Enter), Pressed::Done(3));
        search.press(&Key::ArrowDown);
        assert_eq!(search.press(&Key::Enter), Pressed::Done(0));
        search.press(&Key::PageDown);
        search.press(&Key::PageUp);
        search.press(&Key::Char('\u{7}'));
        assert_eq!(search.press(&Key::Enter), Pressed::Done(0));
        assert_eq!(search.press(&Key::Escape), Pressed::Back);
        assert_eq!(search.press(&Key::CtrlC), Pressed::Interrupt);
        assert_eq!(search.press(&Key::Char('\u{4}')), Pressed::Interrupt);
    }
}
