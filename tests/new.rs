//! The binary as users meet it: `new`, `catalog` and `schema`, with real folders, real Git and a real terminal.
//!
//! Every test has a home of its own, so that nobody's settings matter.

mod support;

#[path = "new/again.rs"]
mod again;
#[path = "new/answers.rs"]
mod answers;
#[path = "new/catalogue.rs"]
mod catalogue;
#[path = "new/catalogue_broken.rs"]
mod catalogue_broken;
#[path = "new/commit.rs"]
mod commit;
#[path = "new/existing.rs"]
mod existing;
#[path = "new/flags.rs"]
mod flags;
#[path = "new/folder.rs"]
mod folder;
#[path = "new/output.rs"]
mod output;
#[path = "new/repository.rs"]
mod repository;
#[allow(dead_code, reason = "shared with other tests")]
#[path = "new/sandbox.rs"]
mod sandbox;
#[path = "new/schema.rs"]
mod schema;
#[cfg(unix)]
#[path = "new/terminal.rs"]
mod terminal;
