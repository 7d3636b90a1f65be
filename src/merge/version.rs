//! Versions are no text of the template: the newer of the tree's and the template's stays.

use semver::Version;

/// Whether a version is newer than another; `None` if they cannot be compared.
pub(super) fn is_newer(one: &str, other: &str) -> Option<bool> {
    Some(parsed(one)? > parsed(other)?)
}

/// By Semantic Versioning, with or without a `v` before it.
fn parsed(version: &str) -> Option<Version> {
    Version::parse(version.strip_prefix('v').unwrap_or(version)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions() {
        for (one, other, newer) in [
            ("1.10.0", "1.9.0", Some(true)),
            ("v1.2.0", "1.3.0", Some(false)),
            ("2.0.0", "2.0.0-rc.1", Some(true)),
            ("1.0.0", "1.0.0", Some(false)),
            ("main", "1.0.0", None),
            ("1.x", "1.0.0", None),
        ] {
            assert_eq!(is_newer(one, other), newer, "{one} {other}");
        }
    }
}
