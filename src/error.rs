//! What went wrong, where, why, and what to do next.

use std::fmt;
use std::ops::Range;
use std::path::Path;
use std::sync::{Arc, OnceLock};

/// A text that errors can point into: a file, an embedded template, a flag.
#[derive(Debug, Clone)]
pub struct Source {
    /// Name as shown to the user, usually a path.
    pub name: String,
    /// The whole text.
    pub text: String,
    /// The bytes at which its lines begin, once somebody asks: of one text thousands of places may be told.
    lines: OnceLock<Vec<usize>>,
}

impl PartialEq for Source {
    fn eq(&self, other: &Self) -> bool {
        (&self.name, &self.text) == (&other.name, &other.text)
    }
}

impl Eq for Source {}

impl Source {
    /// Makes a shared source.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Arc<Self> {
        Arc::new(Self {
            name: name.into(),
            text: text.into(),
            lines: OnceLock::new(),
        })
    }

    /// 1-based line and column (in characters) of a byte.
    pub fn line_column(&self, at: usize) -> (usize, usize) {
        let at = floor_boundary(&self.text, at);
        let lines = self.lines.get_or_init(|| {
            let ends = self.text.match_indices('\n').map(|(end, _)| end + 1);
            std::iter::once(0).chain(ends).collect()
        });
        let line = lines.partition_point(|begin| *begin <= at);
        let begin = lines[line - 1];
        (line, self.text[begin..at].chars().count() + 1)
    }
}

/// Where something stands: a byte range of a source, or the flag it was given by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A byte range of a text.
    Span(Arc<Source>, Range<usize>),
    /// A command-line flag, as the user could have typed it.
    Flag(String),
}

impl Place {
    /// 1-based line and column (in characters) of the start, for a span.
    pub fn line_column(&self) -> Option<(usize, usize)> {
        let Self::Span(source, span) = self else {
            return None;
        };
        Some(source.line_column(span.start))
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self, self.line_column()) {
            (Self::Span(source, _), Some((line, column))) => {
                write!(f, "{}:{line}:{column}", source.name)
            }
            (Self::Flag(flag), _) => f.write_str(flag),
            (Self::Span(source, _), None) => f.write_str(&source.name),
        }
    }
}

/// The largest character boundary at or before `at`.
pub fn floor_boundary(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What is wrong: a lower-case fragment.
    pub message: String,
    /// Where.
    pub at: Option<Place>,
    /// What to do next.
    pub hint: Option<String>,
}

impl Problem {
    /// A problem without a place.
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            at: None,
            hint: None,
        }
    }

    /// Says where.
    #[must_use]
    pub fn at(mut self, place: Place) -> Self {
        self.at = Some(place);
        self
    }

    /// Says where in a text.
    #[must_use]
    pub fn span(self, source: &Arc<Source>, span: Range<usize>) -> Self {
        self.at(Place::Span(Arc::clone(source), span))
    }

    /// Says what to do next.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(at) = &self.at {
            write!(f, "{at}: ")?;
        }
        f.write_str(&self.message)?;
        if let Some(hint) = &self.hint {
            write!(f, " ({hint})")?;
        }
        Ok(())
    }
}

/// What kind of failure, which decides the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Findings or conflicts: exit 1.
    Findings,
    /// Wrong use or refused input: exit 2.
    Refused,
    /// Could not: input/output or Git: exit 3.
    Failed,
    /// The user stopped it: exit 130.
    Interrupted,
}

/// A failure: one or more problems of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// Decides the exit code.
    pub kind: Kind,
    /// What is wrong, in the order found.
    pub problems: Vec<Problem>,
}

/// The result of anything that can fail in front of the user.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// Wrong use or refused input.
    pub fn refused(problem: Problem) -> Self {
        Self {
            kind: Kind::Refused,
            problems: vec![problem],
        }
    }

    /// Input/output or Git failed.
    pub fn failed(problem: Problem) -> Self {
        Self {
            kind: Kind::Failed,
            problems: vec![problem],
        }
    }

    /// A file operation failed.
    pub fn io(doing: &str, path: &Path, error: &std::io::Error) -> Self {
        let hint = match error.kind() {
            std::io::ErrorKind::PermissionDenied => "check who owns it and whether it is read-only",
            std::io::ErrorKind::StorageFull => "free some space and run the same command again",
            _ => "nothing was changed; run the same command again when this is mended",
        };
        Self::failed(
            Problem::new(format!("could not {doing} {}: {error}", path.display())).hint(hint),
        )
    }

    /// The process exit code.
    pub fn exit_code(&self) -> u8 {
        match self.kind {
            Kind::Findings => 1,
            Kind::Refused => 2,
            Kind::Failed => 3,
            Kind::Interrupted => 130,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.problems.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            problem.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}

/// Gathers problems so that all of them are told at once.
#[derive(Debug, Default)]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// Adds one.
    pub fn push(&mut self, problem: Problem) {
        if !self.0.contains(&problem) {
            self.0.push(problem);
        }
    }

    /// Adds those of an error, whatever its kind.
    pub fn extend(&mut self, error: Error) {
        for problem in error.problems {
            self.push(problem);
        }
    }

    /// Whether nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// All of them, in the order found.
    pub fn into_vec(self) -> Vec<Problem> {
        self.0
    }

    /// Fails with everything gathered, if anything was.
    pub fn into_result(self) -> Result<()> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(Error {
                kind: Kind::Refused,
                problems: self.0,
            })
        }
    }
}

/// The candidate most like `word`, if any is like it enough to be meant.
pub fn did_you_mean<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let lower = word.to_lowercase();
    candidates
        .into_iter()
        .map(|c| (strsim::damerau_levenshtein(&lower, &c.to_lowercase()), c))
        .filter(|(distance, c)| {
            *distance <= (word.chars().count().max(c.chars().count()) / 3).max(1)
                || (word.len() >= 4 && (c.starts_with(&lower) || lower.starts_with(c)))
        })
        .min_by_key(|(distance, c)| (*distance, *c))
        .map(|(_, c)| c)
}

/// "did you mean …?", or else the list of what there is.
pub fn suggest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> String {
    let candidates: Vec<&str> = candidates.into_iter().collect();
    match did_you_mean(word, candidates.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None if candidates.is_empty() => "there is none to choose from".to_owned(),
        None => format!("there is: {}", candidates.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_count_characters_and_survive_bad_offsets() {
        let source = Source::new("a.yaml", "x: ü\ny: é!\n");
        let at = source.text.find('!').unwrap();
        assert_eq!(
            Place::Span(Arc::clone(&source), at..at + 1).to_string(),
            "a.yaml:2:5"
        );
        // In the middle of a two-byte character and far behind the end.
        assert_eq!(
            Place::Span(Arc::clone(&source), 4..5).to_string(),
            "a.yaml:1:4"
        );
        assert_eq!(Place::Span(source, 900..901).to_string(), "a.yaml:3:1");
    }

    #[test]
    fn suggestions_are_near_or_absent() {
        let all = ["cert-manager", "cilium", "grafana"];
        assert_eq!(did_you_mean("certmanager", all), Some("cert-manager"));
        assert_eq!(did_you_mean("Cillium", all), Some("cilium"));
        assert_eq!(did_you_mean("kafka", all), None);
        assert_eq!(
            suggest("kafka", all),
            "there is: cert-manager, cilium, grafana"
        );
    }
}
