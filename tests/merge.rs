//! Whatever the user writes into a file survives a new render of it: tried on every YAML file of the golden trees, with
//! random edits on the user's side, and on the other what another golden tree has in its place.

#![allow(
    clippy::unwrap_used,
    reason = "a test ends where something is not as expected"
)]

mod support;

use std::collections::BTreeMap;
use std::fs;

use landform::change::Change;
use landform::error::Source;
use landform::merge::merge;
use landform::model::{RepoPath, Tree};
use landform::yaml::parse;
use proptest::prelude::Rng as _;
use proptest::test_runner::{RngAlgorithm, TestRng};

/// How often each pair of texts is tried.
const ROUNDS: usize = 3;

/// Said where the text could not be made as the values want it. No edit here is so strange.
const UNSAFE: &str = "cannot be merged without";

/// A file's texts, in the golden trees.
fn variants() -> BTreeMap<String, Vec<String>> {
    let mut all: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for tree in support::golden_trees() {
        for file in support::files(&tree) {
            let path = support::shown(&file);
            let yaml = path.ends_with(".yaml") && !path.starts_with(".landform/");
            if !yaml {
                continue;
            }
            // Clusters differ as files do, so that what one has is what another might get.
            let words: Vec<&str> = path.split('/').collect();
            let place = match words.as_slice() {
                ["clusters", _, rest @ ..] => format!("clusters/any/{}", rest.join("/")),
                _ => path.clone(),
            };
            let texts = all.entry(place).or_default();
            let text = fs::read_to_string(tree.join(&file)).unwrap();
            if !texts.contains(&text) {
                texts.push(text);
            }
        }
    }
    all
}

struct Dice(TestRng);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        let mut bytes = [0; 4];
        self.0.fill_bytes(&mut bytes);
        u32::from_le_bytes(bytes) as usize % limit.max(1)
    }

    /// A text with some lines of the user's; and what must be found of them.
    fn edit(&mut self, text: &str) -> (String, Vec<String>) {
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        let mut marks = Vec::new();
        for edit in 0..=self.below(4) {
            let at = self.below(lines.len());
            let line = lines[at].clone();
            let indent = " ".repeat(line.len() - line.trim_start().len());
            let is_key = line
                .trim_start()
                .starts_with(|c: char| c.is_ascii_lowercase());
            let mark = format!("own-{edit}");
            match self.below(4) {
                0 => lines.insert(at, format!("{indent}# {mark}")),
                1 if is_key && !line.contains(['|', '>', '#']) => {
                    lines[at] = format!("{line} # {mark}");
                }
                2 if is_key => lines.insert(at, format!("{indent}{mark}: mine")),
                3 if line.trim_start().starts_with("- ") && line.ends_with(".yaml") => {
                    lines.insert(at + 1, format!("{indent}- {mark}.yaml"));
                }
                _ => continue,
            }
            marks.push(mark);
        }
        (lines.join("\n") + "\n", marks)
    }
}

fn one(path: &RepoPath, text: &str) -> Tree {
    Tree::from([(path.clone(), text.to_owned())])
}

/// What is there after a change.
fn after(path: &RepoPath, ours: &str, change: &Change) -> String {
    let file = change.files.get(path);
    file.map_or_else(
        || ours.to_owned(),
        |file| file.after.clone().unwrap_or_default(),
    )
}

#[test]
fn edits_survive_a_new_render() {
    let mut dice = Dice(TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let (mut merged, mut told) = (0, Vec::new());
    for (place, texts) in variants() {
        let path = RepoPath::new(place.replace("clusters/any/", "clusters/x/")).unwrap();
        let pairs = texts
            .iter()
            .flat_map(|base| texts.iter().map(move |theirs| (base, theirs)));
        for (base, theirs) in pairs {
            for round in 0..ROUNDS {
                let (mut ours, marks) = dice.edit(base);
                if parse(&Source::new("t", ours.clone())).is_err() {
                    continue;
                }
                if round == 1 {
                    ours = ours.replace('\n', "\r\n");
                }
                let change = merge(&one(&path, base), &one(&path, &ours), &one(&path, theirs));
                if let Some(conflict) = change.conflicts.first() {
                    assert!(
                        !conflict.reason.contains(UNSAFE),
                        "{place}: {}\n{base}\n== ours\n{ours}\n== theirs\n{theirs}",
                        conflict.reason
                    );
                    told.push(format!("{place}: {}", conflict.reason));
                    continue;
                }
                let text = after(&path, &ours, &change);
                for mark in &marks {
                    assert!(
                        text.contains(mark),
                        "{place}: {mark} is gone\n{base}\n== ours\n{ours}\n== theirs\n{theirs}\n== merged\n{text}"
                    );
                }
                assert_eq!(text.contains('\r'), ours.contains('\r'), "{place}");
                // Once more changes nothing, and back again neither loses anything.
                let again = merge(&one(&path, theirs), &one(&path, &text), &one(&path, theirs));
                assert!(again.is_empty(), "{place}");
                merged += 1;
            }
        }
    }
    assert!(merged > 1000, "only {merged}");
    let share = told.len() * 100 / merged;
    assert!(share < 10, "{share} % are conflicts:\n{}", told.join("\n"));
}

#[test]
fn what_nobody_edited_becomes_the_new_render() {
    for (place, texts) in variants() {
        let path = RepoPath::new(place.replace("clusters/any/", "clusters/x/")).unwrap();
        for (base, theirs) in texts.iter().zip(texts.iter().skip(1)) {
            let change = merge(&one(&path, base), &one(&path, base), &one(&path, theirs));
            assert_eq!(&after(&path, base, &change), theirs, "{place}");
        }
    }
}
