//! Files that are sets of lines, and READMEs that say nothing yet.

/// The user's text with the lines of the render that it lacks, behind it. Comments come along with their line.
pub(super) fn join(ours: &str, theirs: &str) -> String {
    let has = |line: &str| ours.lines().any(|l| l.trim_end() == line.trim_end());
    let ending = if ours.contains("\r\n") { "\r\n" } else { "\n" };
    let mut comment: Vec<&str> = Vec::new();
    let mut joined = ours.to_owned();
    for line in theirs.lines() {
        if line.trim().is_empty() {
            comment.clear();
        } else if line.starts_with('#') {
            comment.push(line);
        } else if !has(line) {
            for line in comment.drain(..).filter(|line| !has(line)).chain([line]) {
                if !joined.is_empty() && !joined.ends_with('\n') {
                    joined.push_str(ending);
                }
                joined.push_str(line);
                joined.push_str(ending);
            }
        }
    }
    joined
}

/// Whether a README is what a Git host makes of a new repository: one heading and at most one paragraph.
pub(super) fn is_bare_readme(text: &str) -> bool {
    let mut blocks = text
        .split("\n\n")
        .map(|block| block.trim_matches(['\n', '\r', ' ']))
        .filter(|block| !block.is_empty());
    let heading = |block: &str| block.starts_with("# ");
    let Some(first) = blocks.next() else {
        return true;
    };
    let mut lines = first.lines();
    if !lines.next().is_some_and(heading) {
        return false;
    }
    let plain = |text: &str| {
        !text.lines().any(|l| {
            l.starts_with('#') || l.starts_with("```") || l.starts_with("- ") || l.starts_with('|')
        })
    };
    let after_heading: String = lines.collect::<Vec<_>>().join("\n");
    let rest: Vec<&str> = [after_heading.as_str()]
        .into_iter()
        .chain(blocks)
        .filter(|block| !block.trim().is_empty())
        .collect();
    rest.len() <= 1 && rest.iter().all(|block| plain(block))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joins() {
        assert_eq!(join("", "a\nb\n"), "a\nb\n");
        assert_eq!(join("b", "# why\na\nb\n"), "b\n# why\na\n");
        assert_eq!(join("b\r\n", "a\nb\n"), "b\r\na\r\n");
        let joined = join("x\n", "# why\na\n\nb\n");
        assert_eq!(join(&joined, "# why\na\n\nb\n"), joined);
    }

    #[test]
    fn readmes() {
        for bare in [
            "",
            "# acme\n",
            "# acme\nOur platform.\n",
            "# acme\n\nOur\nplatform.\n",
        ] {
            assert!(is_bare_readme(bare), "{bare:?}");
        }
        for full in ["text\n", "# a\n\nb\n\nc\n", "# a\n\n## b\n", "# a\n\n- b\n"] {
            assert!(!is_bare_readme(full), "{full:?}");
        }
    }
}
