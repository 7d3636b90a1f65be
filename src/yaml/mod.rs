//! YAML with positions: a spanned tree, typed values read from it, and text taken apart into entries.

mod block;
mod de;
mod lenient;
mod memo;
mod node;
mod parse;

pub use block::{Block, Chunk, Part, identity};
pub use de::{Spanned, from_node};
pub use node::{Kind, Node};
pub use parse::{parse, parse_documents, parse_foreign};

use std::sync::Arc;

use serde::de::DeserializeOwned;

use crate::error::{Result, Source};

/// Parses one document and reads it as `T`.
///
/// # Errors
/// Broken YAML, a duplicate or unknown key, a wrong type: each with file, line and column.
pub fn read<T: DeserializeOwned>(source: &Arc<Source>) -> Result<T> {
    from_node(&parse(source)?, source)
}
