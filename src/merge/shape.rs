//! How a text is written, apart from what it says: line ends, a byte order mark, no newline at the end.

/// What is taken from a text before it is merged, and given back to the result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shape {
    mark: bool,
    carriage_returns: bool,
    last_newline: bool,
}

const MARK: char = '\u{feff}';

impl Shape {
    /// The shape of a text.
    ///
    /// # Errors
    /// Its lines end in different ways, and no merge could keep each.
    pub(super) fn of(text: &str) -> Result<Self, String> {
        let (all, with) = (text.matches('\n').count(), text.matches("\r\n").count());
        if with != 0 && with != all {
            return Err(format!(
                "it was edited here, and {with} of its {all} lines end in CRLF, the others in LF: make them one"
            ));
        }
        Ok(Self {
            mark: text.starts_with(MARK),
            carriage_returns: with > 0,
            last_newline: text.ends_with('\n') || text.is_empty(),
        })
    }

    /// A text without any of it.
    pub(super) fn plain(text: &str) -> String {
        let mut plain = text.trim_start_matches(MARK).replace("\r\n", "\n");
        if !plain.ends_with('\n') {
            plain.push('\n');
        }
        plain
    }

    /// A plain text in this shape.
    pub(super) fn restore(self, plain: &str) -> String {
        let mut text = String::with_capacity(plain.len());
        text.extend(self.mark.then_some(MARK));
        let body = if self.last_newline {
            plain
        } else {
            plain.strip_suffix('\n').unwrap_or(plain)
        };
        if self.carriage_returns {
            text += &body.replace('\n', "\r\n");
        } else {
            text += body;
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back() {
        for text in ["a\nb\n", "a\r\nb\r\n", "\u{feff}a\n", "a", "", "a\r\nb"] {
            let shape = Shape::of(text).unwrap();
            let plain = Shape::plain(text);
            assert!(!plain.contains('\r') && plain.ends_with('\n'), "{text:?}");
            let back = shape.restore(&plain);
            assert_eq!(back, if text.is_empty() { "\n" } else { text });
        }
        assert!(Shape::of("a\r\nb\n").unwrap_err().contains("1 of its 2"));
    }
}
