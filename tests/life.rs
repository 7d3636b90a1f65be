//! The life of a platform after its first day, as a stranger uses the binary: every command that changes one, in real
//! folders with real Git.

#![allow(
    clippy::unwrap_used,
    reason = "a test ends where something is not as expected"
)]

mod support;

#[allow(dead_code, reason = "shared with the tests of `new`")]
#[path = "new/sandbox.rs"]
mod sandbox;

#[path = "life/add.rs"]
mod add;
#[path = "life/branches.rs"]
mod branches;
#[path = "life/cluster.rs"]
mod cluster;
#[path = "life/conflicts.rs"]
mod conflicts;
#[path = "life/flags.rs"]
mod flags;
#[path = "life/foreign.rs"]
mod foreign;
#[path = "life/pin.rs"]
mod pin;
#[path = "life/platform.rs"]
mod platform;
#[path = "life/relocate.rs"]
mod relocate;
#[path = "life/remove.rs"]
mod remove;
#[cfg(unix)]
#[path = "life/secret.rs"]
mod secret;
#[path = "life/set.rs"]
mod set;
#[cfg(unix)]
#[allow(dead_code, reason = "shared with the conversations of `new`")]
#[path = "interactive/talk.rs"]
mod talk;
#[cfg(unix)]
#[path = "life/terminal.rs"]
mod terminal;
#[path = "life/update.rs"]
mod update;
