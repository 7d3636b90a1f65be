//! Asking. Without a terminal nothing is ever asked.

mod given;
mod interrupt;
mod line;
mod listing;
mod look;
#[cfg(test)]
mod scripted;
mod search;
mod terminal;
mod text;
mod theme;

use std::io::IsTerminal as _;

use crate::error::Result;

pub use interrupt::guard as end_on_interrupt;
#[cfg(test)]
pub use scripted::{Act, Scripted};
pub use terminal::Terminal;
pub use text::wrap;

/// Something to choose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Its name: what is shown as the answer.
    pub name: String,
    /// What it is.
    pub about: String,
}

impl Item {
    /// Something to choose.
    pub fn new(name: impl Into<String>, about: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            about: about.into(),
        }
    }
}

/// What came of a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reply<T> {
    /// An answer.
    Given(T),
    /// Escape: back to the question before.
    Back,
}

/// The answer to the last question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Confirmed {
    /// Yes.
    Yes,
    /// No.
    No,
    /// Show the text first.
    Show,
}

/// Tells why a text is not taken.
pub type Check<'a> = &'a dyn Fn(&str) -> Result<(), String>;

/// A question that is answered by writing.
#[derive(Clone, Copy)]
pub struct Line<'a> {
    /// The question.
    pub question: &'a str,
    /// What an empty line means.
    pub default: Option<&'a str>,
    /// Whether an empty line is an answer where there is no default.
    pub optional: bool,
    /// What stands there already, to be edited.
    pub text: &'a str,
    /// Tells why an answer is not taken; the default and an empty line always are.
    pub check: Check<'a>,
}

/// Somebody who can be asked. Every question may be interrupted; that is an error of the kind `Interrupted`.
pub trait Prompter {
    /// How many columns there are.
    fn width(&self) -> usize;

    /// Tells something between two questions.
    fn say(&mut self, text: &str);

    /// Where the screen is now, for [`Self::rewind`].
    fn mark(&self) -> usize;

    /// Takes off the screen what came after a mark, as far as it is still there.
    fn rewind(&mut self, mark: usize);

    /// Lets choose one; `at` is offered first.
    ///
    /// # Errors
    /// Interrupted, or the terminal is gone.
    fn select(&mut self, question: &str, items: &[Item], at: usize) -> Result<Reply<usize>>;

    /// Lets mark any number.
    ///
    /// # Errors
    /// Interrupted, or the terminal is gone.
    fn multi_select(
        &mut self,
        question: &str,
        items: &[Item],
        marked: &[bool],
    ) -> Result<Reply<Vec<usize>>>;

    /// Lets search; the first item goes on without any.
    ///
    /// # Errors
    /// Interrupted, or the terminal is gone.
    fn search(&mut self, question: &str, items: &[Item]) -> Result<Reply<usize>>;

    /// Lets write a line, again until it is taken.
    ///
    /// # Errors
    /// Interrupted, or the terminal is gone.
    fn input(&mut self, line: Line<'_>) -> Result<Reply<String>>;

    /// Asks for a yes; Enter is one.
    ///
    /// # Errors
    /// Interrupted, or the terminal is gone.
    fn confirm(&mut self, question: &str) -> Result<Reply<Confirmed>>;
}

/// Whether somebody can be asked.
pub fn is_interactive() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

/// What the tests of menus choose from: with and without a text, and one that needs more lines.
#[cfg(test)]
fn some_items() -> Vec<Item> {
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
