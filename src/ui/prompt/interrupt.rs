//! Control-C while somebody is asked, and while nobody is.
//!
//! A question that waits for a key in raw mode gets Control-C as a key and ends by itself. The signal comes instead
//! when the terminal is not in raw mode yet, or when another process sends it: a read that has begun would go on
//! waiting then, so the handler ends the program.

use std::sync::Once;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use dialoguer::console::Term;

/// Nobody is asked: a signal ends the program at once.
const WORKING: u8 = 0;
/// A key is waited for.
const ASKING: u8 = 1;
/// The question knows of the interrupt: the program ends by its usual way.
const ENDING: u8 = 2;

static STATE: AtomicU8 = AtomicU8::new(WORKING);

/// How long a question has to notice the interrupt by itself: a menu sends the signal for a key that it has read.
const PATIENCE: Duration = Duration::from_millis(300);

/// What is said when a question was interrupted.
pub(super) const STOPPED: &str = "stopped; nothing was written";

/// From now on Control-C gives the terminal back as it was before it ends the program.
pub fn guard() {
    static HANDLER: Once = Once::new();
    HANDLER.call_once(|| {
        mode::remember();
        // Without a handler only the cursor may stay hidden.
        let _ = ctrlc::set_handler(|| match STATE.load(Ordering::SeqCst) {
            WORKING => end(),
            ASKING => {
                std::thread::sleep(PATIENCE);
                if STATE.load(Ordering::SeqCst) == ASKING {
                    let _ = Term::stderr().write_line(&format!("\r\n{STOPPED}"));
                    end();
                }
            }
            _ => {}
        });
    });
}

/// A key is waited for from now on.
pub(super) fn asking() {
    STATE.store(ASKING, Ordering::SeqCst);
}

/// A key came, and was none that ends the program.
pub(super) fn answered() {
    STATE.store(WORKING, Ordering::SeqCst);
}

/// The question ends by itself, with the program.
pub(super) fn ending() {
    STATE.store(ENDING, Ordering::SeqCst);
}

#[expect(
    clippy::exit,
    reason = "another thread waits for a key, and cannot be woken"
)]
fn end() {
    mode::restore();
    let _ = Term::stderr().show_cursor();
    std::process::exit(130);
}

/// The terminal's mode before anything was asked.
#[cfg(unix)]
mod mode {
    use std::io::stderr;
    use std::sync::OnceLock;

    use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};

    static BEFORE: OnceLock<Termios> = OnceLock::new();

    pub(super) fn remember() {
        if let Ok(mode) = tcgetattr(stderr()) {
            let _ = BEFORE.set(mode);
        }
    }

    pub(super) fn restore() {
        if let Some(mode) = BEFORE.get() {
            let _ = tcsetattr(stderr(), OptionalActions::Now, mode);
        }
    }
}

/// Elsewhere the mode is not the program's to keep.
#[cfg(not(unix))]
mod mode {
    pub(super) fn remember() {}
    pub(super) fn restore() {}
}
