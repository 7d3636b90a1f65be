//! Components: those chosen, where they fit, and those that they need.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::super::answers::{ALL, Answers, Given};
use super::super::platform::{Answer, AnswerOrigin, Cluster, Placed, Platform, Reason};
use super::super::record::RECORD;
use super::super::units::{Unmet, install_order, units, unmet};
use super::Report;
use super::fit::{doubts, fits};
use super::questions::{self, Outcome, Scope};
use super::survey::{About, Form, Open};
use crate::catalog::{Ask, Catalogue, Component, Layer, Question, value_text};
use crate::error::{Place, Problem, Result, suggest};

/// Chooses and places components, adds what they need, and answers their questions.
///
/// # Errors
/// A template of the catalogue fails.
pub(super) fn resolve(
    answers: &Answers,
    catalogue: &Catalogue,
    platform: &mut Platform,
    report: &mut Report,
) -> Result<()> {
    if report.surveying {
        report.doubts = doubts(answers, catalogue, platform);
    }
    let wishes = wishes(answers, catalogue, platform, report);
    let names: Vec<String> = platform.clusters.keys().cloned().collect();
    for name in &names {
        let mut placer = Placer {
            answers,
            catalogue,
            platform,
            report,
            cluster: name,
        };
        for (component, reason) in wishes.get(name).into_iter().flatten() {
            placer.place(component, reason.clone())?;
        }
        placer.needs()?;
    }
    platform_answers(answers, catalogue, platform, report)?;
    for name in &names {
        owners(name, catalogue, platform, report);
        order(name, catalogue, platform, report);
    }
    known_settings(answers, catalogue, platform, report);
    Ok(())
}

type Wishes = BTreeMap<String, BTreeMap<String, Reason>>;

/// What each cluster is to have, before needs.
fn wishes(
    answers: &Answers,
    catalogue: &Catalogue,
    platform: &Platform,
    report: &mut Report,
) -> Wishes {
    let mut wishes = Wishes::new();
    for (name, cluster) in &platform.clusters {
        let wish = wishes.entry(name.clone()).or_default();
        if answers.components.is_none() {
            let usual = cluster.provider(catalogue).map(|p| p.spec.usual.as_slice());
            for component in usual.unwrap_or_default() {
                let Some(component) = catalogue.by_object(&component.value) else {
                    continue;
                };
                if fits(component, cluster).is_ok() {
                    wish.insert(component.spec.name.value.clone(), Reason::Usual);
                }
            }
        }
    }
    for (name, said) in answers.components.iter().flatten() {
        let Some(component) = catalogue.components.get(name) else {
            let hint = suggest(name, catalogue.components.keys().map(String::as_str));
            report.problem(&said.at, format!("unknown component `{name}`"), hint);
            continue;
        };
        match &said.on {
            Some(on) => chosen_on(name, component, on, answers, platform, &mut wishes, report),
            None => chosen_everywhere(name, component, &said.at, platform, &mut wishes, report),
        }
    }
    let standing = &answers.standing.placed;
    let new = platform.clusters.iter();
    for (name, cluster) in new.filter(|(name, _)| !standing.contains_key(*name)) {
        for always in &catalogue.common.always {
            let Some(component) = catalogue.by_object(&always.value) else {
                continue;
            };
            if fits(component, cluster).is_ok() {
                let called = component.spec.name.value.clone();
                let wish = wishes.entry(name.clone()).or_default();
                wish.insert(called, Reason::Always);
            }
        }
    }
    wishes
}

fn chosen_on(
    name: &str,
    component: &Component,
    on: &[Given<String>],
    answers: &Answers,
    platform: &Platform,
    wishes: &mut Wishes,
    report: &mut Report,
) {
    for cluster_name in on {
        let Some(cluster) = platform.clusters.get(&cluster_name.value) else {
            // One that is named but wrong itself is told already.
            let named: Vec<&str> = match &answers.clusters {
                Some(clusters) => clusters.keys().map(String::as_str).collect(),
                None => platform.clusters.keys().map(String::as_str).collect(),
            };
            if !named.contains(&cluster_name.value.as_str()) {
                let message = format!("unknown cluster `{}`", cluster_name.value);
                report.problem(
                    &cluster_name.at,
                    message,
                    suggest(&cluster_name.value, named),
                );
            }
            continue;
        };
        match fits(component, cluster) {
            Ok(()) => {
                wishes
                    .entry(cluster_name.value.clone())
                    .or_default()
                    .insert(name.to_owned(), Reason::Chosen);
            }
            Err(_) if report.doubts(name, Some(&cluster_name.value)) => {}
            Err(reason) => report.problem(
                &cluster_name.at,
                format!("{name} does not fit {}: {reason}", cluster_name.value),
                leave_out(name, cluster_name),
            ),
        }
    }
}

/// How a cluster is left out, where somebody has named it.
fn leave_out(component: &str, cluster: &Given<String>) -> String {
    let on = &cluster.value;
    match &cluster.at {
        Place::Span(..) => "leave that cluster out of `on`".to_owned(),
        Place::Flag(at) if at.starts_with(RECORD) => {
            format!("take it from there first: landform remove {component} --on {on}")
        }
        Place::Flag(at) if at.starts_with("add ") => format!("leave {on} out of --on"),
        Place::Flag(_) => format!("leave {on} out"),
    }
}

fn chosen_everywhere(
    name: &str,
    component: &Component,
    at: &Place,
    platform: &Platform,
    wishes: &mut Wishes,
    report: &mut Report,
) {
    let mut reasons = Vec::new();
    for (cluster_name, cluster) in &platform.clusters {
        match fits(component, cluster) {
            Ok(()) => {
                wishes
                    .entry(cluster_name.clone())
                    .or_default()
                    .insert(name.to_owned(), Reason::Chosen);
            }
            Err(reason) => reasons.push(format!("{name} is not on {cluster_name}: {reason}")),
        }
    }
    let nowhere = reasons.len() == platform.clusters.len() && !reasons.is_empty();
    if nowhere && !report.doubts(name, None) {
        report.problem(at, format!("{name} fits no cluster"), reasons.join("; "));
    } else {
        report.notes.extend(reasons);
    }
}

struct Placer<'a> {
    answers: &'a Answers,
    catalogue: &'a Catalogue,
    platform: &'a mut Platform,
    report: &'a mut Report,
    cluster: &'a str,
}

impl Placer<'_> {
    fn on(&self) -> &Cluster {
        &self.platform.clusters[self.cluster]
    }

    /// Puts a component on the cluster and answers its questions there.
    fn place(&mut self, name: &str, reason: Reason) -> Result<()> {
        let component = &self.catalogue.components[name];
        let cluster = self.on();
        let mut scope = Scope {
            platform: self.platform.context(),
            cluster: cluster.facts.clone(),
            answers: Map::new(),
        };
        let provider = cluster.provider.clone();
        let pinned = cluster.upgrades_later() && component.spec.source.value.version().is_some();
        let mut found: BTreeMap<String, Answer> = BTreeMap::new();
        for question in component
            .spec
            .questions
            .iter()
            .filter(|q| q.ask == Ask::Cluster)
        {
            let key = &question.name.value;
            let here = self.answers.component_answer(name, self.cluster, key);
            let given = here.or_else(|| self.answers.component_answer(name, ALL, key));
            let whose = format!("{name} on {}: ", self.cluster);
            let outcome = questions::answer(
                question,
                given,
                &scope,
                &provider,
                &whose,
                self.catalogue,
                self.report,
            )?;
            match outcome {
                Outcome::Answered(answer) => {
                    if answer.origin == AnswerOrigin::Assumed {
                        let key = format!("{name}.{key}");
                        self.report
                            .assume(Some(self.cluster), &key, &value_text(&answer.value));
                        if question.confirms(&provider) {
                            self.ask(name, question, &scope);
                        }
                    }
                    scope.answers.insert(key.clone(), answer.value.clone());
                    found.insert(key.clone(), answer);
                }
                Outcome::Refused => {}
                Outcome::Absent => {
                    let at_cluster = format!("{} for {name}", self.cluster);
                    questions::refuse_idle(question, here, &found, &at_cluster, self.report);
                }
                Outcome::Missing => {
                    let cluster = self.cluster;
                    let misses = |fact: &str| self.report.misses(&format!("{cluster}.{fact}"));
                    if !questions::awaits(question, &provider, &misses).is_empty() {
                        continue;
                    }
                    self.ask(name, question, &scope);
                    let key = format!("{}:{name}.{key}", self.cluster);
                    let flag = questions::flag(&key, question, &provider);
                    self.report.miss(key, flag, &question.prompt);
                }
            }
        }
        let placed = Placed {
            reason,
            answers: found,
            pinned,
            pins: BTreeMap::new(),
            sealed: BTreeSet::new(),
        };
        if let Some(cluster) = self.platform.clusters.get_mut(self.cluster) {
            cluster.components.insert(name.to_owned(), placed);
        }
        self.platform.components.entry(name.to_owned()).or_default();
        Ok(())
    }

    /// Lets ask a question of a component on the cluster.
    fn ask(&mut self, name: &str, question: &Question, scope: &Scope) {
        let Self {
            catalogue, cluster, ..
        } = *self;
        let provider = &self.platform.clusters[cluster].provider;
        self.report.ask(|| {
            let form = Form::new(question, scope, provider, catalogue);
            Open::new(
                About::Component(name.to_owned(), Some(cluster.to_owned())),
                form,
            )
        });
    }

    /// Adds what chosen components need, until nothing is missing.
    fn needs(&mut self) -> Result<()> {
        // What was missing before is the user's own doing.
        let standing = self.answers.standing.unmet.get(self.cluster);
        let mut given_up: BTreeSet<String> = standing.cloned().unwrap_or_default();
        loop {
            let all = unmet(self.platform, self.on(), self.catalogue);
            let mut new = all.into_iter();
            let Some(Unmet { by, ability, why }) =
                new.find(|unmet| !given_up.contains(&unmet.ability))
            else {
                return Ok(());
            };
            match self.candidate(&ability) {
                Ok(name) => {
                    let reason = Reason::Needed {
                        by,
                        ability: ability.clone(),
                    };
                    self.place(&name, reason)?;
                    // It may not give the ability with its answers here: do not ask again.
                    given_up.insert(ability);
                }
                Err(hint) => {
                    let why = why.map(|why| format!(": {why}")).unwrap_or_default();
                    self.report.problems.push(
                        Problem::new(format!(
                            "{by} on {} needs `{ability}`, which nothing there gives{why}",
                            self.cluster
                        ))
                        .hint(hint),
                    );
                    given_up.insert(ability);
                }
            }
        }
    }

    /// The only component that can give an ability here, or the one that the provider prefers.
    fn candidate(&self, ability: &str) -> Result<String, String> {
        let cluster = self.on();
        let mut unfit = Vec::new();
        let mut candidates = Vec::new();
        for (name, component) in &self.catalogue.components {
            let gives = name == ability || component.spec.all_provides().any(|p| p.name == ability);
            if gives {
                match fits(component, cluster) {
                    Ok(()) => candidates.push(name.clone()),
                    Err(reason) => unfit.push(format!("{name} does not fit: {reason}")),
                }
            }
        }
        let preferred = cluster
            .provider(self.catalogue)
            .and_then(|p| p.spec.prefer.get(ability))
            .and_then(|name| self.catalogue.by_object(&name.value))
            .map(|component| component.spec.name.value.clone());
        match (
            preferred.filter(|name| candidates.contains(name)),
            candidates.as_slice(),
        ) {
            (Some(preferred), _) => Ok(preferred),
            (None, [only]) => Ok(only.clone()),
            (None, []) if unfit.is_empty() => {
                Err("no component of the catalogue gives it".to_owned())
            }
            (None, []) => Err(unfit.join("; ")),
            (None, several) => Err(format!("choose one: {}", several.join(", "))),
        }
    }
}

/// Answers the questions that are asked once.
fn platform_answers(
    answers: &Answers,
    catalogue: &Catalogue,
    platform: &mut Platform,
    report: &mut Report,
) -> Result<()> {
    let context = platform.context();
    for (name, chosen) in &mut platform.components {
        let component = &catalogue.components[name];
        let open = |question: &Question, scope: &Scope| {
            let form = Form::new(question, scope, "", catalogue);
            Open::new(About::Component(name.clone(), None), form)
        };
        let mut scope = Scope {
            platform: context.clone(),
            cluster: Map::new(),
            answers: Map::new(),
        };
        for question in component
            .spec
            .questions
            .iter()
            .filter(|q| q.ask == Ask::Platform)
        {
            let key = &question.name.value;
            let given = answers.component_answer(name, ALL, key);
            let whose = format!("{name}: ");
            match questions::answer(question, given, &scope, "", &whose, catalogue, report)? {
                Outcome::Answered(answer) => {
                    if answer.origin == AnswerOrigin::Assumed {
                        report.assume(None, &format!("{name}.{key}"), &value_text(&answer.value));
                        if question.confirms("") {
                            report.ask(|| open(question, &scope));
                        }
                    }
                    scope.answers.insert(key.clone(), answer.value.clone());
                    chosen.answers.insert(key.clone(), answer);
                }
                Outcome::Refused => {}
                Outcome::Absent => {
                    questions::refuse_idle(question, given, &chosen.answers, name, report);
                }
                Outcome::Missing => {
                    report.ask(|| open(question, &scope));
                    let key = format!("{name}.{key}");
                    let flag = questions::flag(&key, question, "");
                    report.miss(key, flag, &question.prompt);
                }
            }
        }
    }
    Ok(())
}

/// One owner for every ability and namespace, and no two that exclude each other.
fn owners(cluster_name: &str, catalogue: &Catalogue, platform: &Platform, report: &mut Report) {
    let cluster = &platform.clusters[cluster_name];
    let mut abilities: BTreeMap<&str, &str> = BTreeMap::new();
    let mut namespaces: BTreeMap<&str, &str> = BTreeMap::new();
    for name in cluster.components.keys() {
        let spec = &catalogue.components[name].spec;
        let answers = platform.answers_of(cluster, name);
        let given = spec.all_provides().filter(|p| cluster.holds(p, &answers));
        for ability in given {
            if let Some(other) = abilities.insert(&ability.name, name)
                && other != name
            {
                report.problems.push(
                    Problem::new(format!(
                        "{other} and {name} both give `{}` on {cluster_name}",
                        ability.name
                    ))
                    .hint("keep one of them there"),
                );
            }
        }
        if spec.namespace.pod_security.is_some()
            && let Some(other) = namespaces.insert(&spec.namespace.name.value, name)
        {
            report.problems.push(
                Problem::new(format!(
                    "{other} and {name} both create the namespace {} on {cluster_name}",
                    spec.namespace.name.value
                ))
                .hint("keep one of them there"),
            );
        }
        for conflict in &spec.conflicts {
            if cluster.components.contains_key(&conflict.value) {
                report.problems.push(
                    Problem::new(format!(
                        "{name} cannot stand beside {} on {cluster_name}",
                        conflict.value
                    ))
                    .hint("keep one of them there"),
                );
            }
        }
    }
}

fn order(cluster_name: &str, catalogue: &Catalogue, platform: &Platform, report: &mut Report) {
    let cluster = &platform.clusters[cluster_name];
    let units = units(platform, cluster, catalogue);
    for layer in Layer::ALL {
        if let Err(problem) = install_order(&units, layer) {
            report.problems.push(problem);
        }
    }
}

/// Refuses answers for components that are not there, clusters that are not, and questions that nobody asks.
fn known_settings(
    answers: &Answers,
    catalogue: &Catalogue,
    platform: &Platform,
    report: &mut Report,
) {
    let said = answers.components.iter().flatten().map(|(name, _)| name);
    let names: BTreeSet<&String> = said.chain(answers.settings.keys()).collect();
    for name in names {
        let scopes = answers.component_scopes(name);
        let Some(component) = catalogue.components.get(name) else {
            if let Some((_, first)) = scopes
                .first()
                .filter(|_| answers.settings.contains_key(name))
            {
                let all = catalogue.components.keys().chain(platform.clusters.keys());
                let hint = suggest(name, all.map(String::as_str));
                report.problem(
                    &first.at,
                    format!("`{name}` is neither a cluster nor a component"),
                    hint,
                );
            }
            continue;
        };
        let questions: Vec<&str> = component
            .spec
            .questions
            .iter()
            .map(|q| q.name.value.as_str())
            .collect();
        for (scope, given) in scopes {
            questions::refuse_unknown(given.values.iter(), &questions, name, report);
            known_scope(name, scope, &given.at, platform, report);
            for question in component
                .spec
                .questions
                .iter()
                .filter(|q| q.ask == Ask::Platform)
            {
                if scope != ALL
                    && let Some(value) = given.values.get(&question.name.value)
                {
                    let at: &Given<Value> = value;
                    report.problem(
                        &at.at,
                        format!(
                            "`{}` of {name} is asked once for all clusters",
                            question.name.value
                        ),
                        format!("answer it under `{ALL}`"),
                    );
                }
            }
        }
    }
}

fn known_scope(name: &str, scope: &str, at: &Place, platform: &Platform, report: &mut Report) {
    if scope == ALL {
        if !platform.components.contains_key(name) {
            report.problem(
                at,
                format!("{name} is not on this platform"),
                format!("choose it by --component {name}"),
            );
        }
        return;
    }
    match platform.clusters.get(scope) {
        None => {
            let all = platform.clusters.keys().map(String::as_str).chain([ALL]);
            report.problem(
                at,
                format!("unknown cluster `{scope}`"),
                suggest(scope, all),
            );
        }
        Some(cluster) if !cluster.components.contains_key(name) => report.problem(
            at,
            format!("{name} is not on {scope}"),
            format!("choose it by --component {name}@{scope}"),
        ),
        Some(_) => {}
    }
}
