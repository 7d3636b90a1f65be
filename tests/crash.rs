//! What becomes of a change whose landform is killed, at any step, or that meets a full disk or another landform.
//!
//! `.ci/crash` runs all of it, also what is left out of `cargo test` because it takes minutes.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    reason = "a test ends where something is not as expected"
)]

mod support;

#[path = "crash/change.rs"]
mod change;
#[path = "crash/disk.rs"]
mod disk;
#[path = "crash/hooks.rs"]
mod hooks;
#[path = "crash/random.rs"]
mod random;
#[path = "new/sandbox.rs"]
#[allow(dead_code, reason = "it is made for more than this")]
mod sandbox;
#[path = "crash/scenario.rs"]
mod scenario;
#[path = "crash/steps.rs"]
mod steps;
