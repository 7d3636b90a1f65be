//! A change as text.

use std::fmt::Write as _;

use similar::TextDiff;

use super::style;
use crate::change::Change;

/// A unified diff of every file of a change.
pub fn unified(change: &Change) -> String {
    let mut out = String::new();
    for (path, file) in &change.files {
        out.push_str(&file_diff(
            path.as_str(),
            file.before.as_deref(),
            file.after.as_deref(),
        ));
    }
    out
}

/// A unified diff in the colours that Git gives it.
pub fn painted(diff: &str) -> String {
    let mut out = String::with_capacity(diff.len());
    for line in diff.split_inclusive('\n') {
        let style = if line.starts_with("+++ ") || line.starts_with("--- ") {
            style::HEADING
        } else if line.starts_with("@@ ") {
            style::FAINT
        } else if line.starts_with('+') {
            style::GOOD
        } else if line.starts_with('-') {
            style::BAD
        } else {
            out.push_str(line);
            continue;
        };
        let (text, end) = line.split_at(line.trim_end_matches(['\r', '\n']).len());
        let _ = write!(out, "{style}{text}{style:#}{end}");
    }
    out
}

/// A unified diff of one file.
pub fn file_diff(path: &str, before: Option<&str>, after: Option<&str>) -> String {
    let name = |side: &str, there: bool| {
        if there {
            format!("{side}/{path}")
        } else {
            "/dev/null".to_owned()
        }
    };
    TextDiff::from_lines(before.unwrap_or_default(), after.unwrap_or_default())
        .unified_diff()
        .header(&name("a", before.is_some()), &name("b", after.is_some()))
        .to_string()
}
