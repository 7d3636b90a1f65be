//! What was parsed already: one command reads the same text several times, as a template of the catalogue and of the
//! record, before a change and after it.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{LazyLock, Mutex, PoisonError};

use super::node::Node;

/// How many bytes of texts are remembered: those of a platform and its catalogue, not those of a huge repository,
/// of which each is read once.
const ROOM: usize = 2 << 20;

static MEMO: LazyLock<Mutex<Memo>> = LazyLock::new(Mutex::default);
static HASH: LazyLock<RandomState> = LazyLock::new(RandomState::new);

/// By the hash of the text, and whether aliases are followed.
#[derive(Default)]
struct Memo {
    read: HashMap<(u64, bool), Vec<(String, Vec<Node>)>>,
    used: usize,
}

/// What a text was parsed into, or what `parse` makes of it now. Only what has no error is remembered: an error
/// names its file.
pub(super) fn remembered<E>(
    text: &str,
    aliases: bool,
    parse: impl FnOnce() -> Result<Vec<Node>, E>,
) -> Result<Vec<Node>, E> {
    let key = (HASH.hash_one(text), aliases);
    let lock = || MEMO.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(same) = lock().read.get(&key)
        && let Some((_, nodes)) = same.iter().find(|(read, _)| read == text)
    {
        return Ok(nodes.clone());
    }
    let nodes = parse()?;
    let mut memo = lock();
    if memo.used + text.len() <= ROOM {
        memo.used += text.len();
        let read = memo.read.entry(key).or_default();
        read.push((text.to_owned(), nodes.clone()));
    }
    Ok(nodes)
}
