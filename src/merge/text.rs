//! Three-way merge by lines, for what is no YAML.

use super::shape::Shape;

/// Merges. Lines that both sides changed, each in its own way, are a conflict; no marker ever gets into the text.
///
/// # Errors
/// Why it cannot be merged, in words for the user.
pub(super) fn merge(base: &str, ours: &str, theirs: &str) -> Result<String, String> {
    let shape = Shape::of(ours)?;
    let [old, own, new] = [base, ours, theirs].map(Shape::plain);
    match diffy::merge(&old, &own, &new) {
        Ok(text) => Ok(shape.restore(&text)),
        Err(marked) => Err(clashing(&marked)),
    }
}

/// Both sides in one text, for a person to settle: what clashes stands between marks. Never part of a change.
pub fn marked(base: Option<&str>, ours: &str, theirs: Option<&str>) -> String {
    match diffy::merge(base.unwrap_or_default(), ours, theirs.unwrap_or_default()) {
        Ok(text) | Err(text) => text,
    }
}

/// The first lines that clash.
fn clashing(marked: &str) -> String {
    let mut lines = marked
        .lines()
        .skip_while(|line| !line.starts_with("<<<<<<<"));
    let first = lines.nth(1).unwrap_or_default().trim();
    let first = if first.starts_with("|||||||") {
        "lines that are gone"
    } else {
        first
    };
    format!("it was edited here, and has changed in the same place: {first}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines() {
        let base = "a\nb\nc\nd\ne\n";
        let ours = "a\nb\nc\nd\nmine";
        let theirs = "new\nb\nc\nd\ne\n";
        assert_eq!(merge(base, ours, theirs).unwrap(), "new\nb\nc\nd\nmine");
        let crlf = ours.replace('\n', "\r\n");
        assert_eq!(
            merge(base, &crlf, theirs).unwrap(),
            "new\r\nb\r\nc\r\nd\r\nmine"
        );
        let why = merge(base, "x\nb\nc\nd\ne\n", theirs).unwrap_err();
        assert!(why.ends_with("in the same place: x"), "{why}");
    }
}
