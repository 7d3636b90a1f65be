//! Random answers: mostly such as fit together, sometimes not.

use std::collections::{BTreeMap, BTreeSet};

use landform::catalog::{AnswerType, Catalogue, Question, When, value_text};
use regex_lite::Regex;
use serde_json::{Map, Value, json};

use crate::asking::{sample, samples};

/// Names that clusters may have.
const CLUSTERS: [&str; 5] = ["staging", "prod", "edge-1", "a", "eu-central-prod"];

/// Choices read from a tape of bytes, so that proptest can make a failing case smaller: nothing but noughts, as on
/// a tape that has ended, stands for the simplest platform.
pub(crate) struct Dice<'a> {
    tape: std::slice::Iter<'a, u8>,
    /// How many choices in a hundred care about nothing.
    wild: u8,
}

/// A default that is no template.
fn plain_default<'q>(question: &'q Question, provider: &str) -> Option<&'q Value> {
    question
        .default_on(provider)
        .filter(|_| question.has_default(provider))
        .filter(|default| !default.as_str().is_some_and(|text| text.contains("{{")))
}

impl<'a> Dice<'a> {
    /// Choices that care about nothing in `wild` of a hundred cases.
    pub(crate) fn new(tape: &'a [u8], wild: u8) -> Self {
        let tape = tape.iter();
        Self { tape, wild }
    }

    fn next(&mut self) -> u8 {
        self.tape.next().copied().unwrap_or_default()
    }

    /// A number below another.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        usize::from(self.next()) % n
    }

    /// Yes in so many of a hundred cases.
    pub(crate) fn chance(&mut self, percent: u8) -> bool {
        self.next() % 100 >= 100 - percent
    }

    fn wild(&mut self) -> bool {
        let wild = self.wild;
        wild > 0 && self.chance(wild)
    }

    /// One of some.
    pub(crate) fn pick<'b, T>(&mut self, all: &'b [T]) -> &'b T {
        &all[self.below(all.len())]
    }

    /// Answers for a whole platform.
    pub(crate) fn answers(&mut self, catalogue: &Catalogue) -> Value {
        let mut clusters = Map::new();
        let mut known = BTreeMap::new();
        for _ in 0..=self.below(3) {
            let name = *self.pick(&CLUSTERS);
            let (answers, facts) = self.cluster(catalogue);
            clusters.insert(name.to_owned(), answers);
            known.insert(name, facts);
        }
        let mut answers = json!({
            "name": *self.pick(&["acme", "a", "the-platform-of-acme-inc"]),
            "git": {"url": "https://git.example.com/acme/acme.git"},
            "email": "ops@acme.io",
            "clusters": clusters,
        });
        let (auth, url) = *self.pick(&[
            ("public", "https://git.example.com/acme.git"),
            ("token", "https://gitlab.example.com:8443/a/b/acme.git"),
            ("ssh", "ssh://git@git.example.com:2222/acme.git"),
            ("github-app", "https://github.com/acme/acme"),
        ]);
        answers["git"] = json!({"url": url, "auth": auth, "branch": *self.pick(&["main", "release/1.2", "yes", "1.20"])});
        if self.chance(70) {
            answers["ci"] = json!(*self.pick(&["github", "gitlab", "none"]));
        }
        if self.chance(85) {
            answers["components"] = self.components(catalogue, &known);
        }
        answers
    }

    fn cluster(&mut self, catalogue: &Catalogue) -> (Value, Map<String, Value>) {
        let providers: Vec<&String> = catalogue.providers.keys().collect();
        let provider = *self.pick(&providers);
        let mut facts = Map::from_iter([("provider".to_owned(), json!(provider))]);
        let own = &catalogue.providers[provider].spec.questions;
        let mut answers = facts.clone();
        let shared = catalogue.common.cluster.iter();
        for question in own.iter().chain(shared) {
            if let Some(value) = self.question(question, &facts, &facts, provider) {
                answers.insert(question.name.value.clone(), value.clone());
                facts.insert(question.name.value.clone(), value);
            } else if let Some(default) = plain_default(question, provider) {
                facts.insert(question.name.value.clone(), default.clone());
            }
        }
        // A zone that the domain is not in is refused.
        if !answers.contains_key("domain") {
            answers.remove("dns_zone");
        }
        (Value::Object(answers), facts)
    }

    fn components(
        &mut self,
        catalogue: &Catalogue,
        known: &BTreeMap<&str, Map<String, Value>>,
    ) -> Value {
        let mut all = Map::new();
        let mut given: BTreeSet<&str> = BTreeSet::new();
        for (name, component) in &catalogue.components {
            let spec = &component.spec;
            // Two that give one ability are refused, and rightly.
            let parts = spec.parts.iter().flat_map(|part| &part.provides);
            let abilities: Vec<&str> = spec
                .provides
                .iter()
                .chain(parts)
                .map(|p| p.name.as_str())
                .collect();
            if abilities.iter().any(|ability| given.contains(ability)) && !self.wild() {
                continue;
            }
            let fits: Vec<&str> = known
                .iter()
                .filter(|(_, facts)| {
                    let provider = facts["provider"].as_str().unwrap_or_default();
                    let clash = spec.unfit_when.iter().any(|(key, reasons)| {
                        let fact = facts.get(key.value.trim_start_matches("cluster."));
                        fact.is_some_and(|fact| reasons.contains_key(&value_text(fact)))
                    });
                    let only = spec.only.iter().any(|only| only.value == provider);
                    (only || spec.only.is_empty())
                        && !clash
                        && !spec.unfit.keys().any(|unfit| unfit.value == provider)
                })
                .map(|(name, _)| *name)
                .collect();
            if (fits.is_empty() && !self.wild()) || !self.chance(55) {
                continue;
            }
            given.extend(abilities);
            let mut entry = Map::new();
            let mut there = fits;
            if self.chance(50) {
                there.retain(|_| self.chance(60));
                entry.insert("on".to_owned(), json!(there));
            }
            let mut answers = Map::new();
            for cluster in there {
                let facts = &known[cluster];
                let provider = facts["provider"].as_str().unwrap_or_default();
                let mut here = Map::new();
                // What is not answered decides by its default what else is asked.
                let mut all_here = Map::new();
                for question in &spec.questions {
                    let name = &question.name.value;
                    if let Some(value) = self.question(question, facts, &all_here, provider) {
                        here.insert(name.clone(), value.clone());
                        all_here.insert(name.clone(), value);
                    } else if let Some(default) = plain_default(question, provider) {
                        all_here.insert(name.clone(), default.clone());
                    }
                }
                if !here.is_empty() {
                    answers.insert(cluster.to_owned(), Value::Object(here));
                }
            }
            if !answers.is_empty() {
                entry.insert("answers".to_owned(), Value::Object(answers));
            }
            all.insert(name.clone(), Value::Object(entry));
        }
        Value::Object(all)
    }

    /// An answer, or none where the default will do.
    fn question(
        &mut self,
        question: &Question,
        cluster: &Map<String, Value>,
        answers: &Map<String, Value>,
        provider: &str,
    ) -> Option<Value> {
        let holds = |when: &When| {
            when.holds(|key| match key.split_once('.')? {
                ("cluster", name) => cluster.get(name),
                (_, name) => answers.get(name),
            })
        };
        if self.wild() {
            let garbage = [
                json!(null),
                json!(-1),
                json!("no"),
                json!([]),
                json!({"a": {}}),
                json!(true),
                json!("${x}"),
            ];
            return Some(self.pick(&garbage).clone());
        }
        let required = !question.has_default(provider) && !question.optional;
        if !holds(&question.when) || (!required && !self.chance(50)) {
            return None;
        }
        if !question.fields.is_empty() && self.chance(60) {
            if !question.one {
                return Some(self.map(question));
            }
            let field = self.pick(&question.fields).clone();
            return Some(json!({field.name.value.clone(): self.map(&field)}));
        }
        let choices: Vec<&String> = question
            .choices
            .iter()
            .filter(|(_, choice)| holds(&choice.when))
            .map(|(name, _)| name)
            .collect();
        if question.is_choice() {
            return (!choices.is_empty()).then(|| json!(self.pick(&choices)));
        }
        Some(self.plain(question))
    }

    fn map(&mut self, question: &Question) -> Value {
        let mut map = Map::new();
        for field in &question.fields {
            let name = field.name.value.as_str();
            // A default that is a template may render blank: then it must be given.
            let given = field.default.is_none() || ["region", "min", "max"].contains(&name);
            if !field.optional && given || self.chance(40) {
                map.insert(name.to_owned(), self.plain(field));
            }
        }
        // From the least to the most.
        if let (Some(min), Some(max)) = (map.get("min"), map.get("max"))
            && min.as_u64() > max.as_u64()
        {
            let (min, max) = (min.clone(), max.clone());
            map.insert("min".to_owned(), max);
            map.insert("max".to_owned(), min);
        }
        Value::Object(map)
    }

    fn plain(&mut self, question: &Question) -> Value {
        match question.kind {
            AnswerType::Number => {
                let pattern = question.pattern.as_ref();
                let pattern = pattern.map(|p| Regex::new(&p.value).expect("a pattern"));
                let takes = |n: &u32| pattern.as_ref().is_none_or(|p| p.is_match(&n.to_string()));
                let numbers: Vec<u32> = [1, 2, 3, 7, 99].into_iter().filter(takes).collect();
                json!(*self.pick(&numbers))
            }
            AnswerType::Boolean => json!(self.chance(50)),
            AnswerType::List => json!(samples(&question.name.value)),
            AnswerType::Map => self.map(question),
            AnswerType::String => json!(sample(&question.name.value)),
        }
    }
}
