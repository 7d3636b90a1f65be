//! Asking. Without a terminal nothing is ever asked.

use std::io::IsTerminal as _;

use dialoguer::Confirm;
use dialoguer::theme::SimpleTheme;

/// The answer to a yes-or-no question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Confirmed {
    /// Yes.
    Yes,
    /// No, or Escape.
    No,
    /// There is no terminal to ask on.
    Unasked,
}

/// Whether somebody can be asked.
pub fn is_interactive() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

/// Asks for a yes; Enter is one.
pub fn confirm(question: &str) -> Confirmed {
    if !is_interactive() {
        return Confirmed::Unasked;
    }
    let answer = Confirm::with_theme(&SimpleTheme)
        .with_prompt(question)
        .default(true)
        .interact_opt();
    match answer {
        Ok(Some(true)) => Confirmed::Yes,
        Ok(_) => Confirmed::No,
        Err(_) => Confirmed::Unasked,
    }
}
