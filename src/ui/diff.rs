//! A change as text.

use similar::TextDiff;

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

/// A unified diff of one file.
pub(super) fn file_diff(path: &str, before: Option<&str>, after: Option<&str>) -> String {
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
