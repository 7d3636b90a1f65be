//! What no menu and no line can give: a whole text from an editor, and a secret that nobody sees.

use dialoguer::{Editor, Password};

use super::Terminal;
use crate::error::{Error, Problem, Result};

impl Terminal {
    /// Lets the user's editor (`VISUAL`, `EDITOR`) change a text; nothing if it was not saved.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn in_editor(&self, text: &str, name: &str) -> Result<Option<String>> {
        let mut editor = Editor::new();
        if let Some((_, end)) = name.rsplit_once('.') {
            editor.extension(&format!(".{end}"));
        }
        editor.require_save(true).trim_newlines(false);
        editor.edit(text).map_err(|error| {
            Error::failed(
                Problem::new(format!("could not open an editor: {error}"))
                    .hint("name one in EDITOR, or choose mine or theirs"),
            )
        })
    }

    /// Asks for a secret, twice; it is not shown.
    ///
    /// # Errors
    /// There is no terminal, or somebody stops it.
    pub fn secret(&self, question: &str) -> Result<String> {
        Password::new()
            .with_prompt(question)
            .with_confirmation("once more", "these were not the same")
            .interact()
            .map_err(|error| {
                Error::failed(
                    Problem::new(format!("could not ask for {question}: {error}"))
                        .hint("give it by --from-file"),
                )
            })
    }
}
