//! Tera, set up the way `format: 1` promises: strict, unescaped, with the filters `yaml`, `hcl`, `json` and `md`.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;
use tera::{Context, ErrorKind, Kwargs, State, Tera, TeraResult};

use super::quote;
use crate::error::{Error, Problem, Result, Source};

/// The suffix that marks a template; it is taken off the name of what it renders to.
pub const SUFFIX: &str = ".tera";

/// All templates of a catalogue, parsed.
pub struct Engine {
    tera: Tera,
    sources: BTreeMap<String, Arc<Source>>,
}

impl Engine {
    /// Parses templates, given by name.
    ///
    /// # Errors
    /// A syntax error, an unknown filter or include, with file, line and column.
    pub fn new(templates: BTreeMap<String, Arc<Source>>) -> Result<Self> {
        let mut tera = Tera::new();
        tera.autoescape_on(Vec::<&str>::new());
        register(&mut tera);
        let pairs = templates.iter().map(|(n, s)| (n.as_str(), s.text.as_str()));
        let added = tera.add_raw_templates(pairs);
        let engine = Self {
            tera,
            sources: templates,
        };
        match added {
            Ok(()) => Ok(engine),
            Err(error) => Err(engine.explain(&error, None)),
        }
    }

    /// Renders a template by name.
    ///
    /// # Errors
    /// An undefined variable or a failing filter, with file, line and column.
    pub fn render(&self, name: &str, context: &Context) -> Result<String> {
        self.tera
            .render(name, context)
            .map_err(|error| self.explain(&error, None))
    }

    /// Renders a short text of a specification, as a default. A text without tags is itself.
    ///
    /// # Errors
    /// As for [`Self::render`]; `whose` names the text.
    pub fn evaluate(&self, text: &str, context: &Context, whose: &str) -> Result<String> {
        if !is_template(text) {
            return Ok(text.to_owned());
        }
        self.tera
            .render_str(text, context, false)
            .map_err(|error| self.explain(&error, Some(&Source::new(whose, text))))
    }

    /// The names of the outermost variables that a template reads.
    pub fn variables(&self, name: &str) -> Vec<String> {
        let mut names: Vec<String> = self
            .tera
            .get_template_variables(name)
            .map(|set| set.into_iter().map(str::to_owned).collect())
            .unwrap_or_default();
        names.sort();
        names
    }

    /// Tera reports what it finds while loading (an unknown filter or include) only as a drawn text, with a line
    /// `--> name:line:column` in it.
    fn locate(&self, report: &str) -> Problem {
        let message = first_line(report.strip_prefix("error: ").unwrap_or(report));
        let problem = Problem::new(message);
        let locus = report
            .lines()
            .find_map(|line| line.trim_start().strip_prefix("--> "));
        let parsed = locus.and_then(|locus| {
            let (rest, column) = locus.rsplit_once(':')?;
            let (name, line) = rest.rsplit_once(':')?;
            let source = self.sources.get(name)?;
            let (line, column) = (line.parse::<usize>().ok()?, column.parse::<usize>().ok()?);
            Some((source, offset(&source.text, line.max(1), column.max(1))))
        });
        match parsed {
            Some((source, at)) => problem.span(source, at..at + 1),
            None => problem,
        }
    }

    fn explain(&self, error: &tera::Error, one_off: Option<&Arc<Source>>) -> Error {
        let problem = match error.kind() {
            ErrorKind::SyntaxError(report) | ErrorKind::RenderingError(report) => {
                let problem = Problem::new(first_line(report.message()));
                match one_off.or_else(|| self.sources.get(report.filename())) {
                    Some(source) => problem.span(source, report.span().range.clone()),
                    None => problem,
                }
            }
            other => self.locate(&other.to_string()),
        };
        Error::refused(problem.hint("this is a fault of the catalogue: mend the template"))
    }
}

/// The byte offset of a 1-based line and column (in characters).
fn offset(text: &str, line: usize, column: usize) -> usize {
    let start: usize = text
        .split_inclusive('\n')
        .take(line - 1)
        .map(str::len)
        .sum();
    let rest = &text[start..];
    start + rest.char_indices().nth(column - 1).map_or(0, |(at, _)| at)
}

/// Whether a text holds template tags.
pub fn is_template(text: &str) -> bool {
    text.contains("{{") || text.contains("{%")
}

fn first_line(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    let mut chars = line.chars();
    match chars.next() {
        Some(first) => first.to_lowercase().chain(chars).collect(),
        None => "the template could not be rendered".to_owned(),
    }
}

fn register(tera: &mut Tera) {
    type Filter = fn(&Value) -> String;
    let filters: [(&'static str, Filter); 4] = [
        ("yaml", quote::yaml),
        ("hcl", quote::hcl),
        ("json", |v| v.to_string()),
        ("md", quote::md),
    ];
    for (name, filter) in filters {
        tera.register_filter(
            name,
            move |value: &tera::Value, _: Kwargs, _: &State| -> TeraResult<String> {
                let value = serde_json::to_value(value).map_err(tera::Error::message)?;
                if value.is_null() {
                    return Err(tera::Error::message("there is no value to write"));
                }
                Ok(filter(&value))
            },
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn engine(text: &str) -> Result<Engine> {
        Engine::new(BTreeMap::from([(
            "a".to_owned(),
            Source::new("dir/a.yaml.tera", text),
        )]))
    }

    #[test]
    fn filters_and_strictness() {
        let mut context = Context::new();
        context.insert("x", &serde_json::json!({"b": "no", "a": 1}));
        let text = "{{ x | yaml }} {{ x.b | hcl }} {{ x | json }}";
        assert_eq!(
            engine(text).unwrap().render("a", &context).unwrap(),
            "{b: \"no\", a: 1} \"no\" {\"b\":\"no\",\"a\":1}"
        );
        let error = engine("line\n  {{ x.typo }}")
            .unwrap()
            .render("a", &context)
            .unwrap_err();
        assert!(
            error.to_string().starts_with("dir/a.yaml.tera:2:"),
            "{error}"
        );
    }

    #[test]
    fn syntax_errors_have_positions() {
        let error = engine("ok\n{{ x | nope }}").err().unwrap();
        assert!(error.to_string().contains("dir/a.yaml.tera:2:"), "{error}");
    }
}
