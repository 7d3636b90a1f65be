//! What landform generates, through the real tools: one file per stage.
//!
//! `cargo test --test conformance` runs all, `cargo test --test conformance -- reconcile::` one of them. The tools
//! come from `.ci/tools conformance`; without them a stage is not run, and with `CI=true` it fails. As many tests run
//! at once as there are cores; each that wants a cluster has its own.

#![allow(
    clippy::unwrap_used,
    reason = "a test ends where something is not as expected"
)]

#[path = "../support/mod.rs"]
mod support;

#[path = "../facts/mod.rs"]
mod facts;

#[path = "../asking/mod.rs"]
mod asking;
#[path = "../asking/random.rs"]
mod random;

mod kit;

/// Says something that is worth knowing where all is well.
fn tell(line: &str) {
    use std::io::Write as _;
    // Straight to the stream: the test harness swallows what `eprintln!` says.
    writeln!(std::io::stderr(), "{line}").ok();
}

mod accept;
mod build;
mod handover;
mod helm;
mod life;
mod reconcile;
mod renovate;
mod terraform;
