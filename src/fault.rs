//! Being killed on purpose: a test names the step at which this process is to end, as if somebody had killed it.
//!
//! Only debug builds can be told to. In a release this is nothing.

/// One step of what must not be left half done.
#[inline]
pub fn step(what: &str) {
    #[cfg(debug_assertions)]
    told::step(what);
    #[cfg(not(debug_assertions))]
    let _ = what;
}

#[cfg(debug_assertions)]
mod told {
    use std::fs::OpenOptions;
    use std::io::Write as _;
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// The number of the step at which to end, counted from 1.
    const AT: &str = "LANDFORM_FAULT_AT";
    /// A file that gets the name of every step, one a line.
    const LOG: &str = "LANDFORM_FAULT_LOG";

    static STEPS: AtomicUsize = AtomicUsize::new(0);

    pub(super) fn step(what: &str) {
        let number = STEPS.fetch_add(1, Ordering::SeqCst) + 1;
        if let Some(log) = std::env::var_os(LOG)
            && let Ok(mut log) = OpenOptions::new().create(true).append(true).open(log)
        {
            let _ = writeln!(log, "{what}");
        }
        if std::env::var(AT).is_ok_and(|at| at == number.to_string()) {
            // Nothing is unwound and nothing dropped, as with kill -9.
            std::process::abort();
        }
    }
}
