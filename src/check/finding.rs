//! Findings are data: what is wrong, where, what comes of it, and what mends it.

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use super::registry::Rule;
use crate::error::{Place, Source};
use crate::index::{Cluster, Located, Object};
use crate::yaml::Node;

/// How much a finding weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Worth a look.
    Hint,
    /// It works by luck, or not as it seems.
    Warning,
    /// Flux will fail, or do harm.
    Error,
}

impl Severity {
    /// All, the lightest first.
    pub const ALL: [Self; 3] = [Self::Hint, Self::Warning, Self::Error];

    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Hint => "hint",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// A place in a file of the repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spot {
    /// The file.
    pub source: Arc<Source>,
    /// Bytes of it.
    pub span: Range<usize>,
}

impl Spot {
    /// A node of a file.
    pub fn node(source: &Arc<Source>, node: &Node) -> Self {
        Self::span(source, node.span.clone())
    }

    /// Bytes of a file.
    pub fn span(source: &Arc<Source>, span: Range<usize>) -> Self {
        Self {
            source: Arc::clone(source),
            span,
        }
    }

    /// The name of an object.
    pub fn name(object: &Object<'_>) -> Self {
        Self::node(object.source, object.name_node())
    }

    /// The file.
    pub fn file(&self) -> &str {
        &self.source.name
    }

    /// File and first byte: what is told of once has its own.
    pub(super) fn key(&self) -> (String, usize) {
        (self.file().to_owned(), self.span.start)
    }

    /// 1-based line and column.
    pub fn line_column(&self) -> (usize, usize) {
        let place = Place::Span(Arc::clone(&self.source), self.span.clone());
        place.line_column().unwrap_or((1, 1))
    }

    /// 1-based line and column of the end.
    pub fn end(&self) -> (usize, usize) {
        Self::span(&self.source, self.span.end..self.span.end).line_column()
    }
}

impl From<&Located<'_>> for Spot {
    fn from(located: &Located<'_>) -> Self {
        Self::span(located.source, located.span.clone())
    }
}

/// A change of texts that mends a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fix {
    /// What it does.
    pub title: String,
    /// Bytes of files, and what comes in their place.
    pub edits: Vec<(Spot, String)>,
}

/// Something that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The rule's name.
    pub rule: &'static str,
    /// How much it weighs.
    pub severity: Severity,
    /// Where.
    pub at: Spot,
    /// What is wrong: a lower-case fragment.
    pub message: String,
    /// What Flux does then.
    pub effect: String,
    /// What mends it.
    pub hint: String,
    /// Other places that belong to it, each with what it is.
    pub related: Vec<(Spot, String)>,
    /// A change that mends it for sure.
    pub fix: Option<Fix>,
    /// The clusters that it is on, where others read the same file and do not have it.
    pub clusters: BTreeSet<String>,
    /// What it has in common with others of its rule that are told of once, if it has.
    pub(super) cause: Option<String>,
    /// How many others it stands for.
    pub others: usize,
    /// How many before it have the same fingerprint.
    pub(super) number: usize,
}

impl Finding {
    /// Findings go by file and place.
    pub(super) fn order(&self) -> (String, usize, &'static str, String) {
        let at = &self.at;
        (
            at.file().to_owned(),
            at.span.start,
            self.rule,
            self.message.clone(),
        )
    }

    /// What a finding has in common with itself after other lines have changed. What stands for several has that of its
    /// cause, however many there are; of those that are alike each has its number.
    pub fn fingerprint(&self) -> String {
        let number = match self.number {
            0 => String::new(),
            number => format!(" #{}", number + 1),
        };
        match &self.cause {
            Some(cause) => format!("{} {cause}{number}", self.rule),
            None => format!("{} {} {}{number}", self.rule, self.at.file(), self.message),
        }
    }

    /// Says what Flux does then.
    pub fn effect(&mut self, effect: impl Into<String>) -> &mut Self {
        self.effect = effect.into();
        self
    }

    /// Says what mends it.
    pub fn hint(&mut self, hint: impl Into<String>) -> &mut Self {
        self.hint = hint.into();
        self
    }

    /// Points at another place.
    pub fn related(&mut self, at: Spot, label: impl Into<String>) -> &mut Self {
        self.related.push((at, label.into()));
        self
    }

    /// Says on which cluster it is: a file that several read may be wrong for one of them only.
    pub fn on(&mut self, cluster: &Cluster<'_>) -> &mut Self {
        self.clusters.insert(cluster.label().to_owned());
        self
    }

    /// Lets it be told of once with all others of its rule and severity that have the same cause.
    pub fn because(&mut self, cause: impl Into<String>) -> &mut Self {
        self.cause = Some(cause.into());
        self
    }

    /// What is wrong, and for how many others it stands.
    pub fn said(&self) -> String {
        let others = match self.others {
            0 => return self.message.clone(),
            1 => "another is".to_owned(),
            others => format!("{others} others are"),
        };
        format!("{}; {others} as it", self.message)
    }

    /// Whether another one says the same, on whichever cluster.
    pub(super) fn says_the_same(&self, other: &Self) -> bool {
        // A field that is added has to be thought of here.
        let Self {
            rule,
            severity,
            at,
            message,
            effect,
            hint,
            related,
            fix,
            clusters: _,
            cause,
            others,
            number: _,
        } = self;
        *rule == other.rule
            && *severity == other.severity
            && *at == other.at
            && *message == other.message
            && *effect == other.effect
            && *hint == other.hint
            && *related == other.related
            && *fix == other.fix
            && *cause == other.cause
            && *others == other.others
    }

    /// Weighs it otherwise than its rule does.
    pub fn severity(&mut self, severity: Severity) -> &mut Self {
        self.severity = severity;
        self
    }

    /// Gives a change that mends it for sure.
    pub fn fix(&mut self, title: impl Into<String>, edits: Vec<(Spot, String)>) -> &mut Self {
        self.fix = Some(Fix {
            title: title.into(),
            edits,
        });
        self
    }
}

/// What a rule has found so far.
pub struct Findings {
    rule: &'static Rule,
    pub(super) all: Vec<Finding>,
}

impl Findings {
    pub(super) fn new(rule: &'static Rule) -> Self {
        Self {
            rule,
            all: Vec::new(),
        }
    }

    /// Adds one; the rest is said of what it gives.
    pub fn add(&mut self, at: Spot, message: impl Into<String>) -> &mut Finding {
        let number = self.all.len();
        self.all.push(Finding {
            rule: self.rule.id,
            severity: self.rule.severity,
            at,
            message: message.into(),
            effect: String::new(),
            hint: String::new(),
            related: Vec::new(),
            fix: None,
            clusters: BTreeSet::new(),
            cause: None,
            others: 0,
            number: 0,
        });
        &mut self.all[number]
    }
}
