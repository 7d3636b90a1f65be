//! Clusters: their providers, answers and facts.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use serde_json::{Map, Value, json};

use super::super::answers::{Answers, ClusterAnswers, Given, GivenValues};
use super::super::platform::{AnswerOrigin, Cluster, Platform};
use super::questions::{self, Outcome, Scope};
use super::survey::{About, Form, Open};
use super::{DEFAULT_CLUSTER, DEFAULT_PROVIDER, Report, given_name};
use crate::catalog::{Catalogue, Naming, Provider, Question, facts, value_text};
use crate::error::{Place, Result, suggest};

/// The fact that every root of Terraform uses.
const BACKEND: &str = "backend";

/// The fact that every component with secrets uses.
const SECRETS: &str = "cluster.secrets";

/// A question that matters only if something uses the answer.
pub(super) struct Pending {
    cluster: String,
    question: String,
    prompt: String,
    /// The flag that answers it.
    flag: String,
    /// Whether it has no default either.
    missing: bool,
    /// The answers to come of which its default is made.
    awaits: Vec<String>,
    /// As it is asked, if somebody wants to know.
    form: Option<Form>,
}

impl Pending {
    fn new(cluster: &Cluster, question: &Question, form: Option<Form>) -> Self {
        let key = format!("{}.{}", cluster.name, question.name.value);
        Self {
            cluster: cluster.name.as_str().to_owned(),
            question: question.name.value.clone(),
            prompt: question.prompt.clone(),
            flag: questions::flag(&key, question, &cluster.provider),
            missing: false,
            awaits: Vec::new(),
            form,
        }
    }
}

/// Answers every cluster's questions and derives its facts.
///
/// # Errors
/// A template of the catalogue fails.
pub(super) fn resolve(
    answers: &Answers,
    catalogue: &Catalogue,
    platform: &mut Platform,
    report: &mut Report,
) -> Result<Vec<Pending>> {
    let default;
    let clusters = if let Some(clusters) = &answers.clusters {
        clusters
    } else {
        report.assume(
            None,
            "clusters",
            &format!("{DEFAULT_CLUSTER} on {DEFAULT_PROVIDER}"),
        );
        default = default_cluster();
        &default
    };
    if clusters.is_empty() {
        report.miss(
            "clusters".to_owned(),
            "--cluster NAME=PROVIDER".to_owned(),
            "which clusters are there?",
        );
    }
    let mut pending = Vec::new();
    for (text, said) in clusters {
        let given = Given {
            value: text.clone(),
            at: said.at.clone(),
        };
        let name = given_name(&given, Naming::Cluster, report);
        let provider = provider(text, said, catalogue, report);
        if let (Some(name), Some(provider)) = (name, provider) {
            let mut cluster = Cluster {
                name,
                provider: provider.spec.name.value.clone(),
                answers: BTreeMap::new(),
                facts: Map::new(),
                components: BTreeMap::new(),
            };
            derive(
                said,
                provider,
                catalogue,
                platform,
                &mut cluster,
                &mut pending,
                report,
            )?;
            platform.clusters.insert(text.clone(), cluster);
        }
    }
    Ok(pending)
}

fn default_cluster() -> IndexMap<String, ClusterAnswers> {
    let at = Place::Flag(format!("--cluster {DEFAULT_CLUSTER}={DEFAULT_PROVIDER}"));
    let provider = Some(Given {
        value: DEFAULT_PROVIDER.to_owned(),
        at: at.clone(),
    });
    let cluster = ClusterAnswers {
        at,
        provider,
        values: GivenValues::new(),
    };
    IndexMap::from([(DEFAULT_CLUSTER.to_owned(), cluster)])
}

fn provider<'a>(
    name: &str,
    said: &ClusterAnswers,
    catalogue: &'a Catalogue,
    report: &mut Report,
) -> Option<&'a Provider> {
    // `--set staging.nodes=2` alone speaks of the default cluster.
    let default = (name == DEFAULT_CLUSTER && matches!(said.at, Place::Flag(_))).then(|| Given {
        value: DEFAULT_PROVIDER.to_owned(),
        at: said.at.clone(),
    });
    let Some(given) = said.provider.clone().or(default) else {
        let all: Vec<&str> = catalogue.providers.keys().map(String::as_str).collect();
        report.ask(|| Open::provider(name, catalogue));
        report.miss(
            format!("{name}.provider"),
            format!("--cluster {name}=PROVIDER"),
            &format!("where does {name} run? ({})", all.join(", ")),
        );
        return None;
    };
    let provider = catalogue.providers.get(&given.value);
    if provider.is_none() {
        let hint = suggest(&given.value, catalogue.providers.keys().map(String::as_str));
        report.problem(
            &given.at,
            format!("unknown provider `{}`", given.value),
            hint,
        );
    }
    provider
}

fn derive(
    said: &ClusterAnswers,
    provider: &Provider,
    catalogue: &Catalogue,
    platform: &Platform,
    cluster: &mut Cluster,
    pending: &mut Vec<Pending>,
    report: &mut Report,
) -> Result<()> {
    let name = cluster.name.as_str().to_owned();
    let context = platform.context();
    let mut scope = Scope {
        cluster: facts(&context, &name, provider, &Map::new(), catalogue)?,
        platform: context,
        answers: Map::new(),
    };
    let own = &provider.spec.questions;
    let asked = |name: &str| own.iter().any(|question| question.name.value == name);
    let common = catalogue.common.cluster.iter();
    let common: Vec<&Question> = common.filter(|q| !asked(&q.name.value)).collect();
    let mut names: Vec<&str> = own
        .iter()
        .chain(common.iter().copied())
        .map(|q| q.name.value.as_str())
        .collect();
    names.push("provider");
    questions::refuse_unknown(
        said.values.iter(),
        &names,
        &format!("{name} ({})", cluster.provider),
        report,
    );

    let mut missing: Vec<String> = Vec::new();
    let mut ask = |question: &Question,
                   scope: &mut Scope,
                   required: bool,
                   report: &mut Report|
     -> Result<()> {
        let key = &question.name.value;
        let given = said.values.get(key);
        let whose = format!("{name}.");
        let surveying = report.surveying;
        let form = |scope: &Scope| {
            surveying.then(|| Form::new(question, scope, &cluster.provider, catalogue))
        };
        match questions::answer(
            question,
            given,
            scope,
            &cluster.provider,
            &whose,
            catalogue,
            report,
        )? {
            Outcome::Answered(answer) => {
                if answer.origin == AnswerOrigin::Assumed
                    && question.confirms(&cluster.provider)
                    && let Some(form) = form(scope)
                {
                    if required {
                        report.ask(|| Open::own(&name, form));
                    } else {
                        pending.push(Pending::new(cluster, question, Some(form)));
                    }
                }
                if facts::cluster(key).is_some() {
                    scope.cluster.insert(key.clone(), answer.value.clone());
                }
                scope.answers.insert(key.clone(), answer.value.clone());
                cluster.answers.insert(key.clone(), answer);
            }
            Outcome::Refused => {}
            Outcome::Absent => {
                questions::refuse_idle(question, given, &cluster.answers, &name, report);
            }
            Outcome::Missing => {
                let is_missing = |used: &str| missing.iter().any(|key| key == used);
                let awaits = questions::awaits(question, &cluster.provider, &is_missing);
                missing.push(key.clone());
                let form = form(scope);
                if !required {
                    pending.push(Pending {
                        missing: true,
                        awaits,
                        ..Pending::new(cluster, question, form)
                    });
                } else if awaits.is_empty() {
                    if let Some(form) = form {
                        report.ask(|| Open::own(&name, form));
                    }
                    let key = format!("{name}.{key}");
                    let flag = questions::flag(&key, question, &cluster.provider);
                    report.miss(key, flag, &question.prompt);
                }
            }
        }
        Ok(())
    };
    for question in own {
        ask(question, &mut scope, true, report)?;
    }
    scope.cluster = facts(&scope.platform, &name, provider, &scope.answers, catalogue)?;
    for question in common {
        // A fact that the provider knows is not asked again.
        if !scope.cluster.contains_key(&question.name.value) {
            ask(question, &mut scope, false, report)?;
        }
    }
    cluster.facts = facts(&scope.platform, &name, provider, &scope.answers, catalogue)?;
    Ok(())
}

/// The facts of a cluster: what its answers say, and what its provider knows.
///
/// # Errors
/// A template of the catalogue fails.
pub(in crate::model) fn facts(
    platform: &Value,
    name: &str,
    provider: &Provider,
    answers: &Map<String, Value>,
    catalogue: &Catalogue,
) -> Result<Map<String, Value>> {
    let id = format!("{}-{name}", platform["name"].as_str().unwrap_or_default());
    let own = provider
        .spec
        .questions
        .iter()
        .map(|q| q.name.value.as_str());
    let own: Vec<&str> = own.collect();
    let answered = |own_only: bool| {
        answers
            .iter()
            .filter(|(key, _)| {
                facts::cluster(key).is_some() && own.contains(&key.as_str()) == own_only
            })
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect::<Vec<_>>()
    };
    let mut scope = Scope {
        platform: platform.clone(),
        cluster: Map::from_iter([
            ("id".to_owned(), json!(id)),
            ("name".to_owned(), json!(name)),
            ("provider".to_owned(), json!(provider.spec.name.value)),
        ]),
        answers: answers.clone(),
    };
    scope.cluster.extend(answered(true));
    for (fact, value) in &provider.spec.facts {
        if !value.when.holds(|key| scope.lookup(key)) {
            continue;
        }
        let whose = format!("the fact {} of {}", fact.value, provider.spec.name.value);
        if let Some(value) = questions::fact(&value.value, &scope, &whose, catalogue)? {
            scope.cluster.insert(fact.value.clone(), value);
        } else {
            scope.cluster.remove(&fact.value);
        }
    }
    for (key, value) in answered(false) {
        scope.cluster.entry(key).or_insert(value);
    }
    Ok(scope.cluster)
}

/// The components that use a fact on some cluster.
pub(super) fn uses(catalogue: &Catalogue, platform: &Platform, fact: &str) -> Vec<String> {
    let mut users = Vec::new();
    for cluster in platform.clusters.values() {
        for name in cluster.components.keys() {
            if uses_on(catalogue, platform, cluster, name, fact) && !users.contains(name) {
                users.push(name.clone());
            }
        }
    }
    users
}

fn uses_on(
    catalogue: &Catalogue,
    platform: &Platform,
    cluster: &Cluster,
    component: &str,
    fact: &str,
) -> bool {
    let answers = platform.answers_of(cluster, component);
    catalogue
        .components
        .get(component)
        .is_some_and(|component| {
            // Whoever has secrets uses where they come from, though its templates need not say so.
            let here = || cluster.here(platform, catalogue);
            if fact == SECRETS && !platform.secrets(cluster, component, &here()).is_empty() {
                return true;
            }
            component
                .spec
                .uses
                .iter()
                .any(|used| used.value.name == fact && cluster.holds(&used.value, &answers))
        })
}

/// Tells which defaults were taken and which answers are missing, leaving out what nothing uses.
pub(super) fn used(
    catalogue: &Catalogue,
    platform: &Platform,
    pending: Vec<Pending>,
    report: &mut Report,
) {
    for (name, cluster) in &platform.clusters {
        let own = cluster
            .provider(catalogue)
            .map(|p| p.spec.questions.as_slice())
            .unwrap_or_default();
        for (key, answer) in &cluster.answers {
            if answer.origin != AnswerOrigin::Assumed {
                continue;
            }
            let fact = format!("cluster.{key}");
            let used = cluster
                .components
                .keys()
                .any(|c| uses_on(catalogue, platform, cluster, c, &fact));
            let skeleton = catalogue.common.uses.iter().any(|used| used.value == fact);
            if used || skeleton || own.iter().any(|q| &q.name.value == key) {
                let value: &Value = &answer.value;
                report.assume(Some(name), key, &value_text(value));
            }
        }
    }
    for pending in pending {
        open_if_used(catalogue, platform, pending, report);
    }
}

fn open_if_used(catalogue: &Catalogue, platform: &Platform, pending: Pending, report: &mut Report) {
    let Pending {
        cluster,
        question,
        prompt,
        flag,
        missing,
        awaits,
        form,
    } = pending;
    let Some(on) = platform.clusters.get(&cluster) else {
        return;
    };
    // With that answer its default comes by itself.
    if awaits
        .iter()
        .any(|awaited| report.misses(&format!("{cluster}.{awaited}")))
    {
        return;
    }
    let fact = format!("cluster.{question}");
    let mut users: Vec<String> = on
        .components
        .keys()
        .filter(|c| uses_on(catalogue, platform, on, c, &fact))
        .cloned()
        .collect();
    let required = missing && catalogue.common.uses.iter().any(|used| used.value == fact);
    if missing && (required || !users.is_empty()) {
        let who = if users.is_empty() {
            String::new()
        } else {
            format!(" (for {})", users.join(", "))
        };
        report.miss(
            format!("{cluster}.{question}"),
            flag,
            &format!("{prompt}{who}"),
        );
    }
    let doubts = report
        .doubts
        .iter()
        .filter(|doubt| doubt.cluster == cluster && doubt.fact == question);
    let doubtful: Vec<String> = doubts.map(|doubt| doubt.component.clone()).collect();
    let decides = !doubtful.is_empty();
    users.extend(doubtful);
    if let Some(form) = form
        && (required || !users.is_empty() || question == BACKEND)
    {
        report.ask(|| Open {
            users,
            decides,
            own: question == BACKEND,
            ..Open::new(About::Cluster(cluster), form)
        });
    }
}
