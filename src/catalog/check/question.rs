//! Questions.

use std::collections::BTreeSet;
use std::sync::Arc;

use regex_lite::Regex;
use serde_json::Map;

use super::super::question::Question;
use super::super::template::is_template;
use super::text::identifier;
use super::{Checker, Extent, Names};
use crate::error::{Source, suggest};

impl Checker<'_> {
    pub(super) fn questions(
        &mut self,
        source: &Arc<Source>,
        questions: &[Question],
        names: &Names<'_>,
    ) {
        let mut seen = BTreeSet::new();
        for question in questions {
            let span = question.name.span.clone();
            if !identifier(&question.name.value) {
                self.wrong(
                    source,
                    span.clone(),
                    format!("`{}` is no name for an answer", question.name.value),
                    "lower-case letters, digits and underscores",
                );
            }
            if !seen.insert(&question.name.value) {
                self.wrong(
                    source,
                    span.clone(),
                    format!("two questions are named `{}`", question.name.value),
                    "rename one",
                );
            }
            if let Some(pattern) = &question.pattern
                && let Err(error) = Regex::new(&pattern.value)
            {
                self.wrong(
                    source,
                    pattern.span.clone(),
                    format!("no regular expression: {error}"),
                    "the whole answer must match it",
                );
            }
            let defaults = question.default.iter().chain(question.defaults.values());
            for default in defaults.filter_map(|d| d.as_str()) {
                // An empty one says that there is none on that provider.
                if question.is_choice()
                    && !default.is_empty()
                    && !is_template(default)
                    && !question.choices.contains_key(default)
                {
                    self.wrong(
                        source,
                        span.clone(),
                        format!(
                            "the default `{default}` of `{}` is none of its choices",
                            question.name.value
                        ),
                        &suggest(default, question.choices.keys().map(String::as_str)),
                    );
                }
            }
            let defaults = question.default.iter().chain(question.defaults.values());
            for key in defaults.filter_map(|d| d.as_object()).flat_map(Map::keys) {
                let fields = || question.fields.iter().map(|f| f.name.value.as_str());
                if !fields().any(|field| field == key) {
                    self.wrong(
                        source,
                        span.clone(),
                        format!(
                            "a default of `{}` has the key `{key}`, which is none of its fields",
                            question.name.value
                        ),
                        &suggest(key, fields()),
                    );
                }
            }
            let providers = &self.catalogue.providers;
            for name in question.confirm.iter().flat_map(|confirm| &confirm.except) {
                if self.extent == Extent::Whole && !providers.contains_key(&name.value) {
                    self.wrong(
                        source,
                        name.span.clone(),
                        format!("unknown provider `{}`", name.value),
                        &suggest(&name.value, providers.keys().map(String::as_str)),
                    );
                }
            }
            let defaults = question.default.iter().chain(question.defaults.values());
            let defaults = defaults.filter_map(|d| d.as_str());
            for text in defaults.chain(question.refuse.as_deref()) {
                self.spec_template(source, &span, text, names);
            }
            self.when(source, &span, &question.when, names);
            for choice in question.choices.values() {
                self.when(source, &span, &choice.when, names);
            }
            self.questions(source, &question.fields, names);
        }
    }
}
