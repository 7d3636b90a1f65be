//! A platform that is there, as what its user said: the starting point of every later change.

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;
use serde_json::Value;

use super::answers::{
    ALL, Answers, ClusterAnswers, ComponentAnswers, Given, GivenValues, ScopeAnswers,
};
use super::platform::{Answer, AnswerOrigin, Platform};
use super::record::RECORD;
use super::resolve::{About, Open};
use super::units::unmet;
use crate::catalog::{Ask, Catalogue, Question};
use crate::error::Place;

/// What is there already: what the user took away by hand is not brought back, and what was settled is not asked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Standing {
    /// The components of each cluster.
    pub placed: BTreeMap<String, BTreeSet<String>>,
    /// Abilities that something on a cluster needs and nothing there gives.
    pub unmet: BTreeMap<String, BTreeSet<String>>,
}

impl Standing {
    /// Whether a component is on some cluster.
    pub fn has(&self, component: &str) -> bool {
        self.placed
            .values()
            .any(|placed| placed.contains(component))
    }

    /// Whether a component is on a cluster.
    pub fn has_on(&self, cluster: &str, component: &str) -> bool {
        let placed = self.placed.get(cluster);
        placed.is_some_and(|placed| placed.contains(component))
    }
}

impl Answers {
    /// What a platform was made from. Defaults that were taken are left out: they are taken anew, so that they
    /// follow what they depend on. Answers that a catalogue does not ask for any more are left out too.
    pub fn of(platform: &Platform, before: &Catalogue, catalogue: &Catalogue) -> Self {
        let given = |value: &str, file: &str| {
            Some(Given {
                value: value.to_owned(),
                at: recorded(file),
            })
        };
        let mut answers = Self {
            name: given(platform.name.as_str(), "platform.yaml"),
            git_url: given(&platform.git.url, "platform.yaml"),
            git_branch: given(&platform.git.branch, "platform.yaml"),
            git_auth: given(platform.git.auth.as_str(), "platform.yaml"),
            email: platform
                .email
                .as_deref()
                .and_then(|email| given(email, "platform.yaml")),
            ci: given(&platform.ci, "platform.yaml"),
            catalogue: platform.catalogue.clone().map(|value| Given {
                value,
                at: recorded("platform.yaml"),
            }),
            clusters: Some(IndexMap::new()),
            components: Some(IndexMap::new()),
            settings: IndexMap::new(),
            standing: Standing::default(),
        };
        let clusters = answers.clusters.get_or_insert_default();
        for (name, cluster) in &platform.clusters {
            let file = format!("clusters/{name}/cluster.yaml");
            let provider = catalogue.providers.get(&cluster.provider);
            let own = provider.into_iter().flat_map(|p| &p.spec.questions);
            let questions: Vec<&Question> = own.chain(&catalogue.common.cluster).collect();
            let entry = ClusterAnswers {
                at: recorded(&file),
                provider: given(&cluster.provider, &file),
                values: answered(&cluster.answers, &file, &questions),
            };
            clusters.insert(name.clone(), entry);
        }
        let components = answers.components.get_or_insert_default();
        for (name, chosen) in &platform.components {
            let Some(component) = catalogue.components.get(name) else {
                continue;
            };
            let file = format!("components/{name}.yaml");
            let at = recorded(&file);
            let on: Vec<Given<String>> = platform
                .clusters_of(name)
                .map(|cluster| Given {
                    value: cluster.name.to_string(),
                    at: at.clone(),
                })
                .collect();
            let asked = |ask: Ask| -> Vec<&Question> {
                let questions = component.spec.questions.iter();
                questions.filter(|question| question.ask == ask).collect()
            };
            let mut scopes: IndexMap<String, ScopeAnswers> = IndexMap::new();
            let mut put = |scope: &str, file: &str, values: GivenValues| {
                if !values.is_empty() {
                    let at = recorded(file);
                    scopes.insert(scope.to_owned(), ScopeAnswers { at, values });
                }
            };
            // A component that is on no cluster keeps its record; its answers have nobody to go to.
            if !on.is_empty() {
                put(
                    ALL,
                    &file,
                    answered(&chosen.answers, &file, &asked(Ask::Platform)),
                );
            }
            for cluster in platform.clusters_of(name) {
                let file = format!("clusters/{}/{name}.yaml", cluster.name);
                let values = answered(
                    &cluster.components[name].answers,
                    &file,
                    &asked(Ask::Cluster),
                );
                put(cluster.name.as_str(), &file, values);
            }
            let entry = ComponentAnswers {
                at,
                on: Some(on),
                answers: scopes,
            };
            components.insert(name.clone(), entry);
        }
        for (name, cluster) in &platform.clusters {
            let placed = cluster.components.keys().cloned().collect();
            answers.standing.placed.insert(name.clone(), placed);
            let unmet = unmet(platform, cluster, before);
            let abilities = unmet.into_iter().map(|unmet| unmet.ability).collect();
            answers.standing.unmet.insert(name.clone(), abilities);
        }
        answers
    }

    /// Whether somebody asked for the default of a question, by an empty answer.
    pub fn is_default_taken(&self, open: &Open) -> bool {
        let key = &open.form.question.name.value;
        let given = match &open.about {
            About::Cluster(cluster) => {
                let clusters = self.clusters.as_ref();
                let cluster = clusters.and_then(|clusters| clusters.get(cluster));
                cluster.and_then(|cluster| cluster.values.get(key))
            }
            About::Component(component, cluster) => {
                let components = self.components.as_ref();
                let component = components.and_then(|all| all.get(component));
                let scopes = [cluster.as_deref().unwrap_or(ALL), ALL];
                let mut scopes = scopes.iter();
                component.and_then(|component| {
                    scopes.find_map(|scope| component.answers.get(*scope)?.values.get(key))
                })
            }
            About::Name | About::Email | About::Provider(_) => None,
        };
        given.is_some_and(|given| given.value.is_null())
    }

    /// Begins a cluster whose provider may still be asked for.
    pub fn begin_cluster(&mut self, name: &str, provider: Option<&str>, at: &Place) {
        let provider = provider.map(|value| Given {
            value: value.to_owned(),
            at: at.clone(),
        });
        let entry = ClusterAnswers {
            at: at.clone(),
            provider,
            values: GivenValues::new(),
        };
        let clusters = self.clusters.get_or_insert_default();
        clusters.insert(name.to_owned(), entry);
    }

    /// Takes over for a new cluster what was answered for another one, but for what every cluster has its own of.
    pub fn copy_cluster(&mut self, from: &str, to: &str, questions: &[&Question]) {
        let clusters = self.clusters.get_or_insert_default();
        let Some(values) = clusters.get(from).map(|from| from.values.clone()) else {
            return;
        };
        let Some(entry) = clusters.get_mut(to) else {
            return;
        };
        for (key, given) in values {
            let mut asked = questions.iter();
            let Some(question) = asked.find(|question| question.name.value == key) else {
                continue;
            };
            if let Some(value) = shareable(question, given.value) {
                let at = given.at;
                entry.values.insert(key, Given { value, at });
            }
        }
    }

    /// Takes over for one cluster what was answered for a component on another.
    pub fn copy_component(&mut self, component: &str, from: &str, to: &str) {
        let components = self.components.get_or_insert_default();
        if let Some(entry) = components.get_mut(component)
            && let Some(answers) = entry.answers.get(from).cloned()
        {
            entry.answers.insert(to.to_owned(), answers);
        }
    }

    /// The same of a single question; whether there was an answer.
    pub fn copy_answer(&mut self, component: &str, key: &str, from: &str, to: &str) -> bool {
        let components = self.components.iter().flatten();
        let mut entries = components.filter(|(name, _)| *name == component);
        let given = entries.find_map(|(_, entry)| entry.answers.get(from)?.values.get(key));
        let Some(Given { value, .. }) = given.cloned() else {
            return false;
        };
        self.give(component, key, to, value);
        true
    }

    /// Answers a question of a component on a cluster, as if it had been recorded.
    pub fn give(&mut self, component: &str, key: &str, to: &str, value: Value) {
        let at = recorded(&format!("clusters/{to}/{component}.yaml"));
        let components = self.components.get_or_insert_default();
        if let Some(entry) = components.get_mut(component) {
            let scope = entry.answers.entry(to.to_owned());
            let scope = scope.or_insert_with(|| ScopeAnswers {
                at: at.clone(),
                values: GivenValues::new(),
            });
            scope.values.insert(key.to_owned(), Given { value, at });
        }
    }

    /// Takes over what an answers file says of clusters that are there, and of components by name.
    pub fn take(&mut self, file: Self, names: &[String]) {
        for (name, said) in file.clusters.into_iter().flatten() {
            for (key, given) in said.values {
                self.put_cluster(&name, &key, given);
            }
        }
        for (name, said) in file.components.into_iter().flatten() {
            if !names.contains(&name) {
                continue;
            }
            for (scope, answers) in said.answers {
                for (key, given) in answers.values {
                    self.set_component(&name, &scope, &key, given);
                }
            }
        }
        self.email = file.email.or_else(|| self.email.take());
    }

    /// Puts a component wherever it fits.
    pub fn place_everywhere(&mut self, component: &str, at: &Place) {
        self.place(component, &[], at);
        let components = self.components.get_or_insert_default();
        if let Some(entry) = components.get_mut(component) {
            entry.on = None;
        }
    }

    /// Puts a component on further clusters.
    pub fn place(&mut self, component: &str, on: &[String], at: &Place) {
        let components = self.components.get_or_insert_default();
        let entry = components
            .entry(component.to_owned())
            .or_insert_with(|| ComponentAnswers {
                at: at.clone(),
                on: None,
                answers: IndexMap::new(),
            });
        let there = entry.on.get_or_insert_default();
        for cluster in on {
            if there.iter().all(|given| &given.value != cluster) {
                there.push(Given {
                    value: cluster.clone(),
                    at: at.clone(),
                });
            }
        }
    }

    /// Lets a setting for all clusters (`component.question`) win over what was answered for single ones.
    pub fn forget_clusters(&mut self, key: &str) {
        let Some((component, question)) = key.split_once('.').filter(|_| !key.contains(':')) else {
            return;
        };
        let components = self.components.iter_mut().flatten();
        for (_, entry) in components.filter(|(name, _)| *name == component) {
            for (_, scope) in &mut entry.answers {
                scope.values.shift_remove(question);
            }
        }
    }

    /// Takes a component from clusters, with its answers there; from its last one with all of it.
    pub fn displace(&mut self, component: &str, from: &BTreeSet<String>) {
        let Some(components) = &mut self.components else {
            return;
        };
        let Some(entry) = components.get_mut(component) else {
            return;
        };
        if let Some(on) = &mut entry.on {
            on.retain(|cluster| !from.contains(&cluster.value));
        }
        entry.answers.retain(|scope, _| !from.contains(scope));
        if entry.on.as_ref().is_none_or(Vec::is_empty) {
            components.shift_remove(component);
        }
    }

    /// Takes a cluster away, with what was answered for it.
    pub fn drop_cluster(&mut self, cluster: &str) {
        if let Some(clusters) = &mut self.clusters {
            clusters.shift_remove(cluster);
        }
        let from = BTreeSet::from([cluster.to_owned()]);
        let components = self.components.iter().flatten();
        let names: Vec<String> = components.map(|(name, _)| name.clone()).collect();
        for name in names {
            self.displace(&name, &from);
        }
        self.standing.placed.remove(cluster);
        self.standing.unmet.remove(cluster);
    }
}

/// An answer without what every cluster has its own of; nothing if that is all of it.
fn shareable(question: &Question, value: Value) -> Option<Value> {
    if question.own {
        return None;
    }
    let Value::Object(map) = value else {
        return Some(value);
    };
    let shared = map.into_iter().filter_map(|(key, value)| {
        let mut fields = question.fields.iter();
        match fields.find(|field| field.name.value == key) {
            Some(field) => Some((key, shareable(field, value)?)),
            None => Some((key, value)),
        }
    });
    Some(Value::Object(shared.collect()))
}

/// A file of the record, as a place.
fn recorded(file: &str) -> Place {
    Place::Flag(format!("{RECORD}/{file}"))
}

/// What the user answered, as far as it is still asked.
fn answered(
    answers: &BTreeMap<String, Answer>,
    file: &str,
    questions: &[&Question],
) -> GivenValues {
    let asked = |key: &String| questions.iter().any(|question| &question.name.value == key);
    answers
        .iter()
        .filter(|(key, answer)| answer.origin == AnswerOrigin::Answered && asked(key))
        .map(|(key, answer)| {
            let value: Value = answer.value.clone();
            let at = recorded(file);
            (key.clone(), Given { value, at })
        })
        .collect()
}
