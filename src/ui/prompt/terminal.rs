//! Asking on a real terminal. Questions go to standard error.

use dialoguer::console::{Key, Term, measure_text_width};
use dialoguer::{MultiSelect, Select};

use super::super::printer::style;
use super::interrupt::{self, STOPPED};
use super::line::{Editor, Typed};
use super::look::Look;
use super::search::{Pressed, Search};
use super::text::{answered, wrap};
use super::theme::Menu;
use super::{Confirmed, Item, Line, Prompter, Reply};
use crate::error::{Error, Kind, Problem, Result};

/// The narrowest terminal that is drawn for.
const NARROWEST: usize = 30;

/// The lowest terminal that dialoguer opens a menu on; on a lower one it panics.
const LOWEST: usize = 3;

/// Room for an answer beside its question.
const ROOM: usize = 24;

/// A terminal with somebody before it.
pub struct Terminal {
    term: Term,
    colour: bool,
    /// Lines that stand on the screen since the conversation began.
    written: usize,
    /// How many of them cannot be taken back, since something else came after them.
    kept: usize,
}

impl Default for Terminal {
    fn default() -> Self {
        Self::new()
    }
}

impl Terminal {
    /// The terminal of standard error. From now on Control-C gives the cursor back before it ends the program.
    pub fn new() -> Self {
        interrupt::guard();
        let choice = anstream::AutoStream::choice(&std::io::stderr());
        Self {
            term: Term::stderr(),
            colour: choice != anstream::ColorChoice::Never,
            written: 0,
            kept: 0,
        }
    }

    fn look(&self) -> Look {
        Look {
            colour: self.colour,
            width: self.width(),
        }
    }

    fn rows(&self) -> usize {
        usize::from(self.term.size().0)
    }

    /// Waits for a key.
    fn key(&self) -> Result<Key> {
        interrupt::asking();
        let key = self.term.read_key_raw().map_err(|e| stopped(&e))?;
        if key == Key::CtrlC {
            interrupt::ending();
        } else {
            interrupt::answered();
        }
        Ok(key)
    }

    /// Runs a menu of dialoguer's, and gives the cursor back however it ends.
    fn menu<T>(&self, ask: impl FnOnce(&Term) -> dialoguer::Result<Option<T>>) -> Result<Reply<T>> {
        let rows = self.rows();
        if rows < LOWEST {
            return Err(Error::failed(
                Problem::new(format!("a menu has no place on a terminal of {rows} rows")).hint(
                    format!("nothing was written; make the terminal at least {LOWEST} rows high"),
                ),
            ));
        }
        interrupt::asking();
        // Buffered, a menu is drawn anew at once, without flickering.
        let answer = match ask(&Term::buffered_stderr()) {
            Ok(answer) => answer,
            Err(dialoguer::Error::IO(error)) => {
                interrupt::ending();
                let _ = self.term.show_cursor();
                return Err(stopped(&error));
            }
        };
        interrupt::answered();
        Ok(answer.map_or(Reply::Back, Reply::Given))
    }

    /// Runs a search, takes it off the screen, and gives the cursor back however it ends.
    fn find(&self, search: &mut Search<'_>) -> Result<Reply<usize>> {
        let _ = self.term.hide_cursor();
        let mut drawn: Vec<String> = Vec::new();
        let reply = loop {
            let lines = search.draw(self.look(), self.rows());
            // Only what changed: less to send, and less for a screen reader to say again.
            let same = drawn.iter().zip(&lines).take_while(|(old, new)| old == new);
            let same = same.count();
            let _ = self.term.clear_last_lines(drawn.len() - same);
            for line in &lines[same..] {
                let _ = self.term.write_line(line);
            }
            drawn = lines;
            let key = match self.key() {
                Ok(key) => key,
                Err(error) => break Err(error),
            };
            match search.press(&key) {
                Pressed::Changed => {}
                Pressed::Done(at) => break Ok(Reply::Given(at)),
                Pressed::Back => break Ok(Reply::Back),
                Pressed::Interrupt => break Err(interrupted()),
            }
        };
        if reply.is_ok() {
            let _ = self.term.clear_last_lines(drawn.len());
        }
        let _ = self.term.show_cursor();
        reply
    }

    /// Leaves a question and its answer on the screen.
    fn report(&mut self, question: &str, answer: &str) {
        let look = self.look();
        let lines = wrap(&answered(question, answer), look.width, "    ");
        self.write(&lines);
    }

    /// Tells why an answer is not taken.
    pub fn not_taken(&mut self, why: &str) {
        let look = self.look();
        let lines = wrap(&format!("  Not taken: {why}"), look.width, "    ");
        let lines = lines.iter().map(|line| look.paint(style::BAD, line));
        self.write(&lines.collect::<Vec<_>>());
    }

    fn write(&mut self, lines: &[String]) {
        self.written += lines.len();
        for line in lines {
            // A terminal that is gone is noticed when it is read.
            let _ = self.term.write_line(line);
        }
    }

    /// One line, until Enter or Escape.
    fn edit(&self, prefix: &str, editor: &mut Editor) -> Result<Typed> {
        let taken = measure_text_width(prefix);
        let room = self.width().saturating_sub(taken + 1).max(8);
        let draw = |editor: &Editor| -> std::io::Result<()> {
            let (text, at) = editor.visible(room);
            self.term.clear_line()?;
            self.term.write_str(prefix)?;
            self.term.write_str(&text)?;
            let back = measure_text_width(&text).saturating_sub(at);
            if back > 0 {
                self.term.move_cursor_left(back)?;
            }
            self.term.flush()
        };
        draw(editor).map_err(|e| stopped(&e))?;
        loop {
            let key = self.key()?;
            let done = match editor.press(&key) {
                Typed::Nothing => Ok(()),
                // Less to send, and less for a screen reader to say again.
                Typed::Added(c) if measure_text_width(&editor.text()) < room => {
                    self.term.write_str(c.encode_utf8(&mut [0; 4]))
                }
                Typed::Added(_) | Typed::Changed => draw(editor),
                typed => return Ok(typed),
            };
            done.map_err(|e| stopped(&e))?;
        }
    }

    /// The lines of a written question, the last of which the answer stands on.
    fn lines(&self, line: &Line<'_>) -> Vec<String> {
        let look = self.look();
        let default = match line.default {
            Some(default) => format!(" [{default}]"),
            None if line.optional => " (Enter for none)".to_owned(),
            None => String::new(),
        };
        let colon = if default.is_empty() && line.question.ends_with(['?', ')']) {
            " "
        } else {
            ": "
        };
        let whole = format!("? {}{default}{colon}", line.question);
        if measure_text_width(&whole) + ROOM.max(line.text.len() + 1) <= look.width {
            return vec![look.paint(style::HEADING, &whole)];
        }
        let mut lines = look.question(line.question);
        let below = format!(" {default}{colon}");
        if !default.is_empty() && measure_text_width(&below) + ROOM <= look.width {
            lines.push(below);
        } else {
            if !default.is_empty() {
                lines.extend(wrap(&format!(" {default}"), look.width, "  "));
            }
            lines.push("  : ".to_owned());
        }
        lines
    }
}

fn stopped(error: &std::io::Error) -> Error {
    if error.kind() == std::io::ErrorKind::Interrupted {
        return Error {
            kind: Kind::Interrupted,
            problems: vec![Problem::new(STOPPED)],
        };
    }
    Error::failed(
        Problem::new(format!("could not ask on the terminal: {error}"))
            .hint("nothing was written; give the answers by flags or a file, and add --yes"),
    )
}

fn interrupted() -> Error {
    stopped(&std::io::Error::from(std::io::ErrorKind::Interrupted))
}

impl Prompter for Terminal {
    fn width(&self) -> usize {
        usize::from(self.term.size().1).max(NARROWEST)
    }

    fn say(&mut self, text: &str) {
        let look = self.look();
        for line in text.lines() {
            let indent = " ".repeat(line.len() - line.trim_start().len() + 2);
            self.write(&wrap(line, look.width, &indent));
        }
    }

    fn mark(&self) -> usize {
        self.written
    }

    fn rewind(&mut self, mark: usize) {
        let lines = self.written.saturating_sub(mark.max(self.kept));
        // What has left the screen above stays; a part of it would only confuse.
        if lines < self.rows() {
            let _ = self.term.clear_last_lines(lines);
            self.written -= lines;
        }
    }

    fn select(&mut self, question: &str, items: &[Item], at: usize) -> Result<Reply<usize>> {
        let menu = Menu::one(question, items, self.look(), self.rows());
        let reply = self.menu(|term| {
            Select::with_theme(&menu)
                .with_prompt(question)
                .items(menu.numbers())
                .default(at.min(items.len().saturating_sub(1)))
                .max_length(menu.page())
                .report(false)
                .interact_on_opt(term)
        })?;
        if let Reply::Given(chosen) = reply {
            self.report(question, &items[chosen].name);
        }
        Ok(reply)
    }

    fn multi_select(
        &mut self,
        question: &str,
        items: &[Item],
        marked: &[bool],
    ) -> Result<Reply<Vec<usize>>> {
        let prompt = format!("{question} (space marks, Enter goes on)");
        let menu = Menu::many(&prompt, items, self.look(), self.rows());
        let reply = self.menu(|term| {
            MultiSelect::with_theme(&menu)
                .with_prompt(&prompt)
                .items_checked(menu.numbers().zip(marked.iter().copied()))
                .max_length(menu.page())
                .report(false)
                .interact_on_opt(term)
        })?;
        if let Reply::Given(chosen) = &reply {
            let names: Vec<&str> = chosen.iter().map(|at| items[*at].name.as_str()).collect();
            let names = if names.is_empty() {
                "none".to_owned()
            } else {
                names.join(", ")
            };
            self.report(question, &names);
        }
        Ok(reply)
    }

    fn search(&mut self, question: &str, items: &[Item]) -> Result<Reply<usize>> {
        let count = items.len().saturating_sub(1);
        let prompt = format!("{question} (type to search {count}, Enter goes on)");
        let reply = self.find(&mut Search::new(&prompt, items))?;
        if let Reply::Given(chosen) = reply {
            self.report(question, &items[chosen].name);
        }
        Ok(reply)
    }

    fn input(&mut self, line: Line<'_>) -> Result<Reply<String>> {
        let mut editor = Editor::new(line.text);
        let start = self.written;
        loop {
            let lines = self.lines(&line);
            let (prefix, above) = lines.split_last().map_or(("", &[][..]), |(p, a)| (p, a));
            let here = self.written;
            self.write(above);
            let typed = self.edit(prefix, &mut editor)?;
            let text = editor.text().trim().to_owned();
            let answer = match (typed, line.default) {
                (Typed::Back, _) => {
                    let _ = self.term.clear_line();
                    self.rewind(start);
                    return Ok(Reply::Back);
                }
                (Typed::Done, Some(default)) if text.is_empty() => {
                    Ok((default.to_owned(), default))
                }
                (Typed::Done, None) if text.is_empty() && line.optional => {
                    Ok((String::new(), "none"))
                }
                (Typed::Done, _) if text.is_empty() => Err("it needs an answer".to_owned()),
                (Typed::Done, _) => (line.check)(&text).map(|()| (text.clone(), text.as_str())),
                _ => {
                    let _ = self.term.write_line("");
                    return Err(interrupted());
                }
            };
            match answer {
                Ok((answer, shown)) => {
                    let _ = self.term.clear_line();
                    self.rewind(here);
                    self.report(line.question, shown);
                    return Ok(Reply::Given(answer));
                }
                Err(why) => {
                    let _ = self.term.write_line("");
                    self.written += 1;
                    self.not_taken(&why);
                }
            }
        }
    }

    fn confirm(&mut self, question: &str) -> Result<Reply<Confirmed>> {
        let look = self.look();
        let lines = look.question(&format!("{question} [Y/n, d shows the text]"));
        let text = lines.join("\n");
        let say = |word: &str| {
            let _ = self.term.write_line(word);
        };
        // The plan stands above, which is none of this terminal's lines.
        self.kept = self.written;
        let _ = self.term.write_str(&format!("{text} "));
        loop {
            match self.key()? {
                Key::Enter | Key::Char('y' | 'Y') => {
                    say("yes");
                    return Ok(Reply::Given(Confirmed::Yes));
                }
                Key::Char('n' | 'N') => {
                    say("no");
                    return Ok(Reply::Given(Confirmed::No));
                }
                Key::Char('d' | 'D') => {
                    say("show the text");
                    return Ok(Reply::Given(Confirmed::Show));
                }
                Key::Escape => {
                    say("back");
                    return Ok(Reply::Back);
                }
                Key::CtrlC | Key::Char('\u{4}') => {
                    say("");
                    return Err(interrupted());
                }
                _ => {}
            }
        }
    }
}
