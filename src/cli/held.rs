//! The beginning of every command on a platform: what a landform that was killed has left is settled, and told.

use std::path::Path;

use crate::change::{self, Hold, Settled};
use crate::error::Result;
use crate::ui::{Printer, Verbosity, render_error};

/// Takes a folder in order to write there. To be done before anything is planned, and kept until the end.
///
/// # Errors
/// Another landform is at work there, or what was left cannot be put in order.
pub(super) fn hold(root: &Path) -> Result<Hold> {
    let hold = Hold::take(root)?;
    tell(hold.settled());
    Ok(hold)
}

/// Settles what was left in a folder that is only read. Where that cannot be done, it is told, and the folder is read
/// as it is. Gives whether anything has changed.
pub(super) fn settle(root: &Path) -> bool {
    match change::settle(root) {
        Ok(settled) => {
            tell(&settled);
            !settled.is_empty()
        }
        Err(error) => {
            let error = render_error(&error);
            printer().error(&format!("{error}\n\nwhat follows is the folder as it is"));
            false
        }
    }
}

/// Also with `--quiet`: the user's files have changed.
fn tell(settled: &[Settled]) {
    for settled in settled {
        printer().error(&format!("landform {settled}"));
    }
}

fn printer() -> Printer {
    Printer::new(Verbosity::Quiet)
}
