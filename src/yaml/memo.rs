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
    known: HashMap<(u64, bool), Vec<Known>>,
    used: usize,
}

/// A text, and its documents.
struct Known {
    text: String,
    nodes: Vec<Node>,
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
    if let Some(alike) = lock().known.get(&key)
        && let Some(same) = alike.iter().find(|known| known.text == text)
    {
        return Ok(same.nodes.clone());
    }
    let nodes = parse()?;
    let mut memo = lock();
    if memo.used + text.len() <= ROOM {
        memo.used += text.len();
        memo.known.entry(key).or_default().push(Known {
            text: text.to_owned(),
            nodes: nodes.clone(),
        });
    }
    Ok(nodes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_parsed_once_for_each_way_of_reading_it() {
        let mut times = 0;
        let mut read = |text: &str, aliases| {
            remembered(text, aliases, || {
                times += 1;
                if text.contains("broken") {
                    Err(())
                } else {
                    Ok(Vec::new())
                }
            })
        };
        let text = "of this test: alone\n";
        assert_eq!(read(text, true), Ok(Vec::new()));
        assert_eq!(read(text, true), Ok(Vec::new()));
        assert_eq!(read(text, false), Ok(Vec::new()));
        assert_eq!(read("of this test: broken\n", true), Err(()));
        assert_eq!(read("of this test: broken\n", true), Err(()));
        assert_eq!(times, 4);
    }
}
