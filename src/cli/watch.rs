//! Doing something again whenever a file of a folder changes.

use std::path::{Component, Path};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use notify::event::{AccessKind, AccessMode, EventKind};
use notify::{Event, RecursiveMode, Watcher as _};

use crate::error::{Error, Problem, Result};
use crate::ui::{Printer, end_on_interrupt, render_error, width};

/// How long nothing must have changed: an editor writes a file in several steps, a checkout many files.
const QUIET: Duration = Duration::from_millis(80);

/// Clears a terminal and begins at its top.
const CLEAR: &str = "\u{1b}[2J\u{1b}[3J\u{1b}[H";

/// Does something now and after each change below a folder, until the program is ended. What goes wrong is told, and
/// tried again after the next change.
///
/// # Errors
/// The folder cannot be watched.
pub(super) fn watch(root: &Path, printer: &Printer, act: impl Fn() -> Result<u8>) -> Result<u8> {
    // Also where whoever started it has it ignore the signal, as a shell does in the background.
    end_on_interrupt();
    let (sender, changes) = channel();
    let failed = |error: notify::Error| {
        Error::failed(
            Problem::new(format!("could not watch {}: {error}", root.display())).hint(
                "Linux watches so many folders only: raise fs.inotify.max_user_watches, or run landform check without --watch",
            ),
        )
    };
    let mut watcher = notify::recommended_watcher(sender).map_err(failed)?;
    watcher
        .watch(root, RecursiveMode::Recursive)
        .map_err(failed)?;
    loop {
        if width().is_some() {
            printer.raw(CLEAR);
        }
        if let Err(error) = act() {
            printer.error(&render_error(&error));
        }
        printer.say("Watching for changes; Control-C ends.");
        loop {
            match changes.recv() {
                Ok(Ok(event)) if matters(&event, root) => break,
                Ok(_) => {}
                // The watcher lives as long as this does.
                Err(_) => return Ok(0),
            }
        }
        loop {
            match changes.recv_timeout(QUIET) {
                Ok(_) => {}
                Err(RecvTimeoutError::Timeout) => break,
                Err(RecvTimeoutError::Disconnected) => return Ok(0),
            }
        }
    }
}

/// Whether an event may change what is found: no mere look at a file, and of Git's own folder what moves the last
/// commit.
fn matters(event: &Event, root: &Path) -> bool {
    let looks = match event.kind {
        EventKind::Access(AccessKind::Close(AccessMode::Write)) => false,
        EventKind::Access(_) => true,
        _ => false,
    };
    !looks
        && event.paths.iter().any(|path| {
            let inside = path.strip_prefix(root).unwrap_or(path);
            let mut parts = inside.components();
            if parts.next() != Some(Component::Normal(".git".as_ref())) {
                return true;
            }
            let first = parts.next();
            let is = |name: &str| first == Some(Component::Normal(name.as_ref()));
            (is("HEAD") || is("refs") || is("packed-refs"))
                && path.extension().is_none_or(|extension| extension != "lock")
        })
}
