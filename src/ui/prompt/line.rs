//! A line that is written and edited. Its prefix and its text stay on one row of the terminal.

use dialoguer::console::{Key, measure_text_width};

/// What a key did.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Typed {
    /// A text was added at the end: only that is to be drawn.
    Added(char),
    /// Something else changed.
    Changed,
    /// Nothing.
    Nothing,
    /// Enter.
    Done,
    /// Escape.
    Back,
    /// Control-C, or Control-D on an empty line.
    Interrupt,
}

/// The text so far.
#[derive(Debug, Default)]
pub(super) struct Editor {
    text: Vec<char>,
    at: usize,
}

impl Editor {
    pub(super) fn new(text: &str) -> Self {
        let text: Vec<char> = text.chars().collect();
        Self {
            at: text.len(),
            text,
        }
    }

    pub(super) fn text(&self) -> String {
        self.text.iter().collect()
    }

    pub(super) fn press(&mut self, key: &Key) -> Typed {
        let before = (self.text.len(), self.at);
        match key {
            Key::Enter => return Typed::Done,
            Key::Escape => return Typed::Back,
            Key::CtrlC => return Typed::Interrupt,
            Key::Char('\u{4}') if self.text.is_empty() => return Typed::Interrupt,
            Key::ArrowLeft => self.at = self.at.saturating_sub(1),
            Key::ArrowRight => self.at = (self.at + 1).min(self.text.len()),
            Key::Home => self.at = 0,
            Key::End => self.at = self.text.len(),
            Key::Backspace if self.at > 0 => {
                self.at -= 1;
                self.text.remove(self.at);
            }
            Key::Del if self.at < self.text.len() => {
                self.text.remove(self.at);
            }
            // Control-U and Control-W, as in a shell.
            Key::Char('\u{15}') => {
                self.text.drain(..self.at);
                self.at = 0;
            }
            Key::Char('\u{17}') => {
                let mut start = self.at;
                while start > 0 && self.text[start - 1] == ' ' {
                    start -= 1;
                }
                while start > 0 && self.text[start - 1] != ' ' {
                    start -= 1;
                }
                self.text.drain(start..self.at);
                self.at = start;
            }
            Key::Char(c) if !c.is_control() => {
                self.text.insert(self.at, *c);
                self.at += 1;
                if self.at == self.text.len() {
                    return Typed::Added(*c);
                }
            }
            _ => {}
        }
        if before == (self.text.len(), self.at) {
            Typed::Nothing
        } else {
            Typed::Changed
        }
    }

    /// The part of the text that fits into `room` columns, and the cursor's column in it.
    pub(super) fn visible(&self, room: usize) -> (String, usize) {
        let width = |chars: &[char]| measure_text_width(&chars.iter().collect::<String>());
        let mut start = 0;
        while width(&self.text[start..self.at]) >= room && start < self.at {
            start += 1;
        }
        let mut end = self.text.len();
        while width(&self.text[start..end]) > room && end > self.at {
            end -= 1;
        }
        (
            self.text[start..end].iter().collect(),
            width(&self.text[start..self.at]),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(keys: &[Key]) -> Editor {
        let mut editor = Editor::default();
        for key in keys {
            editor.press(key);
        }
        editor
    }

    #[test]
    fn editing() {
        let mut editor = Editor::new("prod us");
        assert_eq!(editor.press(&Key::Char('x')), Typed::Added('x'));
        assert_eq!(editor.press(&Key::Char('\u{17}')), Typed::Changed);
        assert_eq!(editor.text(), "prod ");
        assert_eq!(editor.press(&Key::Home), Typed::Changed);
        assert_eq!(editor.press(&Key::Backspace), Typed::Nothing);
        assert_eq!(editor.press(&Key::Char('a')), Typed::Changed);
        assert_eq!(editor.press(&Key::Del), Typed::Changed);
        assert_eq!(editor.text(), "arod ");
        editor.press(&Key::End);
        editor.press(&Key::Char('\u{15}'));
        assert_eq!(editor.text(), "");
        assert_eq!(editor.press(&Key::Char('\u{4}')), Typed::Interrupt);
        assert_eq!(editor.press(&Key::CtrlC), Typed::Interrupt);
        assert_eq!(editor.press(&Key::Escape), Typed::Back);
        assert_eq!(editor.press(&Key::Enter), Typed::Done);
        assert_eq!(editor.press(&Key::Tab), Typed::Nothing);
        assert_eq!(editor.press(&Key::Char('\u{7}')), Typed::Nothing);
    }

    #[test]
    fn long_texts_scroll() {
        let mut editor = typed(&['a', 'b', 'c', 'd', 'e', 'f'].map(Key::Char));
        assert_eq!(editor.visible(10), ("abcdef".to_owned(), 6));
        assert_eq!(editor.visible(4), ("def".to_owned(), 3));
        editor.press(&Key::Home);
        assert_eq!(editor.visible(4), ("abcd".to_owned(), 0));
        let wide = Editor::new("日本語");
        assert_eq!(wide.visible(5), ("本語".to_owned(), 4));
    }
}
