//! Whether the user has edited a file.

use super::version::is_newer;
use crate::error::Source;
use crate::index::version_node;
use crate::yaml::{Node, parse_foreign};

/// Kinds of objects that have a version.
const VERSIONED: [&str; 3] = ["OCIRepository", "GitRepository", "HelmRelease"];

/// How a file stands to what landform renders.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// As landform writes it; its version may be another.
    Written,
    /// The user has edited it.
    Edited,
    /// It is not there.
    Missing,
}

/// Sets a file against what landform renders. Line ends and versions are no edits: the first are Git's, the others
/// the tree's own.
pub fn standing(ours: Option<&str>, theirs: &str) -> Standing {
    let Some(ours) = ours else {
        return Standing::Missing;
    };
    let same = ours == theirs || plain(ours) == plain(theirs);
    if same {
        Standing::Written
    } else {
        Standing::Edited
    }
}

/// What landform renders, with whatever is no edit as it is in a file: its version and its line ends. What still
/// differs was edited.
pub fn in_step(ours: &str, theirs: &str) -> String {
    let mut text = theirs.to_owned();
    let (own, new) = (parsed(ours), parsed(theirs));
    let own = own.iter().find_map(version_node);
    if let (Some(own), Some(new)) = (own, new.iter().find_map(version_node)) {
        text.replace_range(new.span.clone(), &ours[own.span.clone()]);
    }
    if ours.contains("\r\n") {
        text = text.replace('\n', "\r\n");
    }
    text
}

/// What landform renders, with the version that is in a file where that one is newer.
pub(super) fn never_back(ours: &str, theirs: &str) -> String {
    let mut text = theirs.to_owned();
    if !VERSIONED.iter().any(|kind| theirs.contains(kind)) {
        return text;
    }
    let (own, new) = (parsed(ours), parsed(theirs));
    let own = own.iter().find_map(version_node);
    if let (Some(own), Some(new)) = (own, new.iter().find_map(version_node))
        && let (Some(was), Some(is)) = (own.text(), new.text())
        && is_newer(was, is) == Some(true)
    {
        text.replace_range(new.span.clone(), &ours[own.span.clone()]);
    }
    text
}

fn parsed(text: &str) -> Vec<Node> {
    parse_foreign(&Source::new("", text)).unwrap_or_default()
}

/// A text without what is no edit.
fn plain(text: &str) -> String {
    let mut text = text.replace("\r\n", "\n");
    let Ok(documents) = parse_foreign(&Source::new("", text.clone())) else {
        return text;
    };
    for version in documents.iter().rev().filter_map(version_node) {
        text.replace_range(version.span.clone(), "");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_edits_differ() {
        let theirs = "kind: OCIRepository\nspec:\n  ref:\n    tag: \"1.0.0\"\n  url: oci://h/x\n";
        let ours = theirs.replace("1.0.0", "1.2.0").replace('\n', "\r\n");
        assert_eq!(in_step(&ours, theirs), ours);
        let edited = ours.replace("h/x", "h/y");
        assert_eq!(in_step(&edited, theirs), ours);
        assert_eq!(in_step("a: [", theirs), theirs);
    }

    #[test]
    fn versions_never_go_back() {
        let of = |tag: &str, url: &str| {
            format!("kind: OCIRepository\nspec:\n  ref:\n    tag: {tag}\n  url: {url}\n")
        };
        let merged = |tag: &str| never_back(&of("1.2.0", "a"), &of(tag, "b"));
        assert_eq!(merged("1.1.0"), of("1.2.0", "b"));
        assert_eq!(merged("1.3.0"), of("1.3.0", "b"));
        assert_eq!(merged("main"), of("main", "b"));
        assert_eq!(never_back("a: [", &of("1.0.0", "b")), of("1.0.0", "b"));
    }

    #[test]
    fn versions_and_line_ends_are_no_edits() {
        let theirs = "kind: OCIRepository\nspec:\n  ref:\n    tag: \"1.0.0\"\n  url: oci://h/x\n";
        for ours in [
            theirs.replace("1.0.0", "1.2.0"),
            theirs.replace("\"1.0.0\"", "2.0.0 # renovate"),
            theirs.replace('\n', "\r\n"),
        ] {
            let expected = if ours.contains('#') {
                Standing::Edited
            } else {
                Standing::Written
            };
            assert_eq!(standing(Some(&ours), theirs), expected, "{ours}");
        }
        let other = theirs.replace("oci://h/x", "oci://h/y");
        assert_eq!(standing(Some(&other), theirs), Standing::Edited);
        assert_eq!(standing(Some("<<<<<<< HEAD\n"), theirs), Standing::Edited);
        assert_eq!(standing(None, theirs), Standing::Missing);
    }
}
