//! What the texts of a repository are once findings are mended.

use std::collections::BTreeMap;

use super::finding::{Finding, Spot};
use crate::index::Index;

/// Texts with findings mended.
#[derive(Debug, Default)]
pub struct Fixed {
    /// Files that change, with their new text.
    pub texts: BTreeMap<String, String>,
    /// Fingerprints of what is mended.
    pub mended: Vec<String>,
    /// How many fixes were left out because another one changes the same place.
    pub left: usize,
}

/// Applies the fixes of findings, each whole or not at all; the first of two that change the same place.
pub fn fixed<'f>(findings: impl Iterator<Item = &'f Finding>, index: &Index) -> Fixed {
    let mut fixed = Fixed::default();
    let mut edits: BTreeMap<&str, Vec<(&Spot, &str)>> = BTreeMap::new();
    for finding in findings {
        let Some(fix) = &finding.fix else { continue };
        let meets = fix.edits.iter().any(|(at, _)| {
            let others = edits.get(at.file()).into_iter().flatten();
            others
                .into_iter()
                .any(|(other, _)| at.span.start < other.span.end && other.span.start < at.span.end)
        });
        if meets {
            fixed.left += 1;
            continue;
        }
        for (at, text) in &fix.edits {
            edits.entry(at.file()).or_default().push((at, text));
        }
        fixed.mended.push(finding.fingerprint());
    }
    for (file, mut edits) in edits {
        let Some(source) = index.texts.get(file) else {
            continue;
        };
        let mut text = source.text.clone();
        edits.sort_by_key(|(at, _)| std::cmp::Reverse(at.span.start));
        for (at, new) in edits {
            text.replace_range(at.span.clone(), new);
        }
        if text != source.text {
            fixed.texts.insert(file.to_owned(), text);
        }
    }
    fixed
}
