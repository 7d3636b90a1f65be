//! Merging what fits of somebody's edits, where not all of them do.

use std::ops::Range;

use similar::{Algorithm, DiffOp, capture_diff_slices};

use super::{Outcome, merge_file};
use crate::model::RepoPath;

/// A text with those edits that fit, and the others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Partly {
    /// The text.
    pub text: String,
    /// The edits that are left out.
    pub left_out: Vec<LeftOut>,
}

/// An edit that does not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// Its lines in the edited text, from 1; none where lines were taken away before the first.
    pub lines: Range<usize>,
    /// Why it does not fit.
    pub reason: String,
}

/// Puts the edits between `base` and `ours` into `theirs`, each where it fits. `fits` may refuse a merged text, with the
/// reason.
pub fn partly(
    path: &RepoPath,
    base: &str,
    ours: &str,
    theirs: &str,
    fits: impl Fn(&str) -> Result<(), String>,
) -> Partly {
    let merged = |ours: &str| {
        let text = match merge_file(
            path,
            Some(&base.to_owned()),
            Some(&ours.to_owned()),
            &theirs.to_owned(),
        ) {
            Outcome::Keep => ours.to_owned(),
            Outcome::Take(text) => text,
            Outcome::Conflict(reason) => return Err(reason),
        };
        fits(&text).map(|()| text)
    };
    if let Ok(text) = merged(ours) {
        return Partly {
            text,
            left_out: Vec::new(),
        };
    }
    let plain = ours.replace("\r\n", "\n");
    let (old, new): (Vec<&str>, Vec<&str>) = (
        base.split_inclusive('\n').collect(),
        plain.split_inclusive('\n').collect(),
    );
    let mut edits = edits(&old, &new);
    let mut chosen = vec![false; edits.len()];
    let mut text = theirs.to_owned();
    let mut left_out = Vec::new();
    let mut number = 0;
    while let Some(edit) = edits.get(number) {
        chosen[number] = true;
        match merged(&with(&old, &new, &edits, &chosen)) {
            Ok(with_it) => text = with_it,
            Err(reason) => {
                chosen[number] = false;
                let entries = entries(edit, &new);
                if entries.len() > 1 {
                    // One of several that were added in one place does not take the others with it.
                    chosen.splice(number..=number, entries.iter().map(|_| false));
                    edits.splice(number..=number, entries);
                    continue;
                }
                left_out.push(LeftOut {
                    lines: edit.new.start + 1..edit.new.end + 1,
                    reason: without_line(&reason),
                });
            }
        }
        number += 1;
    }
    Partly { text, left_out }
}

/// Lines of one text in place of lines of another.
struct Edit {
    old: Range<usize>,
    new: Range<usize>,
}

/// What differs, in pieces as small as can be told apart: where a block of lines has changed, a line of the same key is
/// the same line with another value.
fn edits(old: &[&str], new: &[&str]) -> Vec<Edit> {
    let key = |line: &&str| {
        line.split_once(':')
            .map_or(*line, |(key, _)| key)
            .to_owned()
    };
    let mut edits = Vec::new();
    for block in capture_diff_slices(Algorithm::Myers, old, new) {
        if matches!(block, DiffOp::Equal { .. }) {
            continue;
        }
        let (was, is) = (block.old_range(), block.new_range());
        let (old_keys, new_keys): (Vec<String>, Vec<String>) = (
            old[was.clone()].iter().map(key).collect(),
            new[is.clone()].iter().map(key).collect(),
        );
        for op in capture_diff_slices(Algorithm::Myers, &old_keys, &new_keys) {
            let within = |range: Range<usize>, start: usize| range.start + start..range.end + start;
            let was = within(op.old_range(), was.start);
            let is = within(op.new_range(), is.start);
            if was.len() == is.len() {
                let lines = was.zip(is).filter(|(was, is)| old[*was] != new[*is]);
                edits.extend(lines.map(|(was, is)| Edit {
                    old: was..was + 1,
                    new: is..is + 1,
                }));
            } else {
                edits.push(Edit { old: was, new: is });
            }
        }
    }
    edits
}

/// Lines that were only added, entry by entry: each begins where the indentation is the least, with the comments and
/// blank lines before it.
fn entries(edit: &Edit, new: &[&str]) -> Vec<Edit> {
    if !edit.old.is_empty() {
        return Vec::new();
    }
    let says = |line: &str| {
        let line = line.trim_start();
        !line.is_empty() && !line.starts_with('#')
    };
    let indent = |line: &str| line.len() - line.trim_start().len();
    let lines = new[edit.new.clone()].iter();
    let Some(least) = lines
        .filter(|line| says(line))
        .map(|line| indent(line))
        .min()
    else {
        return Vec::new();
    };
    let mut starts = Vec::new();
    let mut start = edit.new.start;
    for at in edit.new.clone() {
        if !says(new[at]) {
            continue;
        }
        if indent(new[at]) == least {
            starts.push(start);
        }
        start = at + 1;
    }
    let ends = starts.iter().skip(1).copied().chain([edit.new.end]);
    let ends: Vec<usize> = ends.collect();
    let entries = starts.into_iter().zip(ends).map(|(start, end)| Edit {
        old: edit.old.clone(),
        new: start..end,
    });
    entries.collect()
}

/// The old text with some of the edits.
fn with(old: &[&str], new: &[&str], edits: &[Edit], chosen: &[bool]) -> String {
    let mut text = String::new();
    let mut at = 0;
    for (edit, chosen) in edits.iter().zip(chosen) {
        text.extend(old[at..edit.old.start].iter().copied());
        let lines = if *chosen {
            &new[edit.new.clone()]
        } else {
            &old[edit.old.clone()]
        };
        text.extend(lines.iter().copied());
        at = edit.old.end;
    }
    text.extend(old[at..].iter().copied());
    text
}

/// A reason without the line it names: that of a text with fewer edits.
fn without_line(reason: &str) -> String {
    let Some((before, rest)) = reason.split_once(" in line ") else {
        return reason.to_owned();
    };
    let rest = rest.trim_start_matches(|c: char| c.is_ascii_digit());
    format!("{before}{rest}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(base: &str, ours: &str, theirs: &str) -> (String, Vec<String>) {
        let path = RepoPath::new("x/values.yaml").unwrap();
        let fits = |text: &str| {
            if text.contains("mark") {
                return Err("it has a mark".to_owned());
            }
            Ok(())
        };
        let partly = partly(&path, base, ours, theirs, fits);
        let left = partly.left_out.iter();
        let left = left.map(|left| format!("{}: {}", left.lines.start, left.reason));
        (partly.text, left.collect())
    }

    #[test]
    fn what_fits_comes_and_the_rest_is_told_with_its_line() {
        let base = "a: 1\nb: 2\nc: 3\nd:\n  - x\n";
        let ours = "# ours\na: 5\nb: 6\nc: 3 # mark\nd:\n  - x\nown: 1\n";
        let theirs = base.replace("b: 2", "b: 9");
        let (text, left) = put(base, ours, &theirs);
        assert_eq!(text, "# ours\na: 5\nb: 9\nc: 3\nd:\n  - x\nown: 1\n");
        assert_eq!(
            left,
            ["3: b was edited here, and has changed", "4: it has a mark"]
        );
        let (crlf, _) = put(base, &ours.replace('\n', "\r\n"), &theirs);
        assert_eq!(crlf, text);
    }

    #[test]
    fn what_was_added_in_one_place_is_told_apart() {
        let base = "a: 1\n";
        let ours = "a: 1\nb: 2 # two\n# why\nc:\n  x: mark\n\nd:\n  - 1\n";
        let (text, left) = put(base, ours, "a: 1\ne: 5\n");
        assert_eq!(text, "a: 1\ne: 5\nb: 2 # two\n\nd:\n  - 1\n");
        assert_eq!(left, ["3: it has a mark"]);
    }

    #[test]
    fn all_of_it_or_none() {
        let base = "a: 1\nb: 2\n";
        let theirs = "a: 1\nb: 2\nc: 3\n";
        let (text, left) = put(base, "a: 1\nb: 7\n", theirs);
        assert_eq!((text.as_str(), left.len()), ("a: 1\nb: 7\nc: 3\n", 0));
        let (text, left) = put(base, "a: [\nb: 2\n", theirs);
        assert_eq!((text.as_str(), left.len()), (theirs, 1));
    }
}
