//! Everything about a catalogue that can be decided before it is used.

mod component;
mod cycles;
mod question;
mod text;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use super::condition::{Conditional, When};
use super::facts;
use super::load::{Catalogue, Component, Provider};
use super::question::{Ask, Question};
use super::scan::{Use, uses};
use super::template::SUFFIX;
use crate::error::{Problem, Problems, Result, Source, suggest};
use crate::yaml::Spanned;

/// Providers of this and later catalogues: a reason may be given for one that is not there yet.
const PROVIDERS: [&str; 8] = [
    "aks",
    "digitalocean",
    "eks",
    "existing",
    "gke",
    "hetzner",
    "kind",
    "talos",
];

/// How much of a catalogue there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Extent {
    /// All of it.
    Whole,
    /// What a platform uses, as its record holds it.
    InUse,
}

/// Checks a catalogue.
///
/// # Errors
/// Everything that is wrong.
pub(super) fn check(catalogue: &Catalogue, extent: Extent) -> Result<()> {
    let mut checker = Checker {
        catalogue,
        extent,
        known: known_names(catalogue),
        problems: Problems::default(),
    };
    checker.units();
    for component in catalogue.components.values() {
        checker.component(component);
    }
    for provider in catalogue.providers.values() {
        checker.provider(provider);
    }
    checker.common();
    checker.cycles();
    checker.problems.into_result()
}

/// Every component and ability: what `needs` and `here` may name.
fn known_names(catalogue: &Catalogue) -> BTreeSet<String> {
    let mut names: BTreeSet<String> = catalogue.components.keys().cloned().collect();
    for component in catalogue.components.values() {
        names.extend(component.spec.all_provides().map(|p| p.name.clone()));
    }
    for provider in catalogue.providers.values() {
        names.extend(provider.spec.provides.iter().map(|p| p.value.name.clone()));
    }
    names
}

struct Checker<'a> {
    catalogue: &'a Catalogue,
    extent: Extent,
    known: BTreeSet<String>,
    problems: Problems,
}

/// Where names of a template or condition may come from.
struct Names<'a> {
    questions: Vec<&'a Question>,
    uses: Vec<&'a str>,
    cluster: bool,
}

impl Checker<'_> {
    fn wrong(&mut self, source: &Arc<Source>, span: Range<usize>, message: String, hint: &str) {
        self.problems
            .push(Problem::new(message).span(source, span).hint(hint));
    }

    /// Components and parts share one set of names.
    fn units(&mut self) {
        let mut units: BTreeMap<String, String> = BTreeMap::new();
        let catalogue = self.catalogue;
        for (name, component) in &catalogue.components {
            let spec = &component.spec;
            let parts = spec
                .parts
                .iter()
                .map(|p| (format!("{name}-{}", p.name.value), &p.name));
            for (unit, at) in std::iter::once((name.clone(), &spec.name)).chain(parts) {
                if let Some(other) = units.insert(unit.clone(), name.clone()) {
                    self.wrong(
                        &component.source,
                        at.span.clone(),
                        format!("`{unit}` is also a name of {other}"),
                        "components and parts share one set of names",
                    );
                }
            }
            let gives = spec.provides.iter().any(|p| &p.name == name);
            let ability = self.ability_of_other(name);
            if ability && !gives {
                self.wrong(
                    &component.source,
                    spec.name.span.clone(),
                    format!("`{name}` is the name of an ability that this component does not give"),
                    "add it to `provides`, or choose another name",
                );
            }
        }
    }

    fn ability_of_other(&self, name: &str) -> bool {
        let parts = |c: &Component| {
            c.spec
                .parts
                .iter()
                .flat_map(|p| p.provides.clone())
                .collect::<Vec<_>>()
        };
        self.catalogue.components.values().any(|c| {
            c.spec
                .provides
                .iter()
                .chain(&parts(c))
                .any(|p| p.name == name)
        })
    }

    fn known_name(&mut self, source: &Arc<Source>, span: &Range<usize>, name: &str) {
        // A record holds only what is in use; the catalogue it came from was checked whole.
        if self.extent == Extent::InUse {
            return;
        }
        let later = [
            "aws-identity",
            "azure-identity",
            "gcp-identity",
            "load-balancer",
            "secret-store",
        ];
        if !self.known.contains(name) && !later.contains(&name) {
            let near = suggest(name, self.known.iter().map(String::as_str));
            self.wrong(
                source,
                span.clone(),
                format!("nothing in the catalogue is or gives `{name}`"),
                &near,
            );
        }
    }

    fn provider_name(&mut self, source: &Arc<Source>, span: Range<usize>, name: &str) {
        if !PROVIDERS.contains(&name) && !self.catalogue.providers.contains_key(name) {
            let all = PROVIDERS.iter().copied();
            let near = suggest(
                name,
                all.chain(self.catalogue.providers.keys().map(String::as_str)),
            );
            self.wrong(source, span, format!("unknown provider `{name}`"), &near);
        }
    }

    fn used_fact(&mut self, source: &Arc<Source>, span: &Range<usize>, fact: &Conditional) {
        let known = match fact.name.split_once('.') {
            Some(("platform", name)) => facts::PLATFORM_USED.contains(&name),
            Some(("cluster", name)) => facts::cluster(name).is_some(),
            _ => false,
        };
        if !known {
            let all: Vec<String> = facts::CLUSTER
                .iter()
                .map(|f| format!("cluster.{}", f.name))
                .chain(facts::PLATFORM_USED.iter().map(|f| format!("platform.{f}")))
                .collect();
            let near = suggest(&fact.name, all.iter().map(String::as_str));
            self.wrong(
                source,
                span.clone(),
                format!("unknown fact `{}`", fact.name),
                &near,
            );
        }
    }

    fn when(&mut self, source: &Arc<Source>, span: &Range<usize>, when: &When, names: &Names<'_>) {
        for key in when.0.keys() {
            self.key(source, span, key, names);
        }
    }

    /// A template inside a specification. Whatever it reads is answered before it, so `uses` does not matter.
    fn spec_template(
        &mut self,
        source: &Arc<Source>,
        span: &Range<usize>,
        text: &str,
        names: &Names<'_>,
    ) {
        for used in uses(text) {
            if let Use::Member { root, name, .. } = used
                && let Some((message, hint)) = unknown(&root, &name, names, false)
            {
                self.wrong(source, span.clone(), message, &hint);
            }
        }
    }

    /// A component that the catalogue itself chooses.
    fn own_choice(&mut self, source: &Arc<Source>, name: &Spanned<String>) {
        if self.extent == Extent::Whole && !self.catalogue.components.contains_key(&name.value) {
            let all = self.catalogue.components.keys().map(String::as_str);
            let near = suggest(&name.value, all);
            let message = format!("unknown component `{}`", name.value);
            self.wrong(source, name.span.clone(), message, &near);
        }
    }

    /// A key of a condition: `cluster.<fact>`, `answers.<question>` or `platform.<…>`.
    fn key(&mut self, source: &Arc<Source>, span: &Range<usize>, key: &str, names: &Names<'_>) {
        let (root, name) = key.split_once('.').unwrap_or((key, ""));
        if let Some((message, hint)) = unknown(root, name, names, false) {
            self.wrong(source, span.clone(), message, &hint);
        }
    }

    fn provider(&mut self, provider: &Provider) {
        let spec = &provider.spec;
        let source = &provider.source;
        let names = provider_names(provider);
        self.questions(source, &spec.questions, &names);
        for ability in &spec.provides {
            self.when(source, &ability.span, &ability.value.when, &names);
        }
        for (fact, value) in &spec.facts {
            if facts::cluster(&fact.value).is_none() {
                self.wrong(
                    source,
                    fact.span.clone(),
                    format!("unknown fact `{}`", fact.value),
                    &suggest(&fact.value, facts::CLUSTER.iter().map(|f| f.name)),
                );
            }
            self.when(source, &fact.span, &value.when, &names);
            if let Some(text) = value.value.as_str() {
                self.spec_template(source, &fact.span, text, &names);
            }
        }
        let offered = spec.usual.iter().chain(&spec.suggested);
        for name in offered.chain(spec.prefer.values()) {
            self.own_choice(source, name);
        }
        let roots = [
            "platform",
            "cluster",
            "answers",
            "here",
            "provider",
            "identities",
        ];
        for path in provider
            .files
            .iter()
            .filter(|path| *path != "provider.yaml")
        {
            let full = format!("{}/{path}", provider.root);
            let file = Arc::clone(&self.catalogue.files[&full]);
            let output = path.strip_suffix(SUFFIX).unwrap_or(path);
            if !output.ends_with(".tf") || !super::place::file_name(output) {
                self.wrong(
                    &file,
                    0..0,
                    format!("{full} has no place in the output"),
                    "a provider has provider.yaml and *.tf files",
                );
            } else if path.ends_with(SUFFIX) {
                self.template(&file, &full, &names, &roots);
            }
        }
    }

    /// The skeleton's templates: misspelt facts. What else they see differs from place to place, and shows at
    /// the first render.
    fn skeleton(&mut self) {
        let catalogue = self.catalogue;
        for (path, source) in catalogue.below("common") {
            if !path.ends_with(SUFFIX) {
                continue;
            }
            let names = Names {
                questions: Vec::new(),
                uses: ALL_USES.to_vec(),
                cluster: true,
            };
            // In the repository's own files `cluster` may be one of many, with more to it.
            let roots: &[&str] = if path.starts_with("repo/") {
                &["platform"]
            } else {
                &["platform", "cluster", "component"]
            };
            for used in uses(&source.text) {
                match used {
                    Use::Member { root, name, span } if roots.contains(&root.as_str()) => {
                        if let Some((message, hint)) = unknown(&root, &name, &names, true) {
                            self.wrong(source, span, message, &hint);
                        }
                    }
                    Use::Member { .. } | Use::Bare { .. } => {}
                    Use::Here { name, span } => self.known_name(source, &span, &name),
                }
            }
        }
    }

    fn common(&mut self) {
        let catalogue = self.catalogue;
        let source = &catalogue.common_source;
        let names = Names {
            questions: catalogue.common.cluster.iter().collect(),
            uses: ALL_USES.to_vec(),
            cluster: true,
        };
        self.questions(source, &catalogue.common.cluster, &names);
        for question in &catalogue.common.cluster {
            if facts::cluster(&question.name.value).is_none() {
                self.wrong(
                    source,
                    question.name.span.clone(),
                    format!("`{}` is no fact about a cluster", question.name.value),
                    &suggest(&question.name.value, facts::CLUSTER.iter().map(|f| f.name)),
                );
            }
        }
        for name in &catalogue.common.always {
            self.own_choice(source, name);
        }
        self.skeleton();
    }
}

const ALL_USES: [&str; 10] = [
    "platform.email",
    "cluster.domain",
    "cluster.dns",
    "cluster.dns_region",
    "cluster.dns_zone",
    "cluster.dns_resource_group",
    "cluster.project",
    "cluster.project_number",
    "cluster.subscription",
    "cluster.tenant",
];

/// Providers see every fact: what is asked there is asked for them.
fn provider_names(provider: &Provider) -> Names<'_> {
    Names {
        questions: provider.spec.questions.iter().collect(),
        uses: ALL_USES.to_vec(),
        cluster: true,
    }
}

/// What is wrong with `root.name` in a template or condition, if anything.
fn unknown(root: &str, name: &str, names: &Names<'_>, template: bool) -> Option<(String, String)> {
    let listed = |fact: &str| !template || names.uses.contains(&fact);
    match root {
        "cluster" if template && !names.cluster => Some((
            format!("`cluster.{name}` in a file that all clusters share"),
            "move it to cluster-values.yaml, cluster/ or a part of cluster scope".to_owned(),
        )),
        "cluster" => match facts::cluster(name) {
            None => Some((
                format!("unknown fact `cluster.{name}`"),
                suggest(name, facts::CLUSTER.iter().map(|f| f.name)),
            )),
            Some(fact) if !fact.always && !listed(&format!("cluster.{name}")) => Some((
                format!("`cluster.{name}` does not stand in `uses`"),
                "list it there, so that it is asked for".to_owned(),
            )),
            Some(_) => None,
        },
        "platform" if facts::PLATFORM.contains(&name) => None,
        "platform" if facts::PLATFORM_USED.contains(&name) => {
            (!listed(&format!("platform.{name}"))).then(|| {
                (
                    format!("`platform.{name}` does not stand in `uses`"),
                    "list it there, so that it is asked for".to_owned(),
                )
            })
        }
        "platform" => Some((
            format!("unknown fact `platform.{name}`"),
            suggest(
                name,
                facts::PLATFORM.iter().chain(&facts::PLATFORM_USED).copied(),
            ),
        )),
        "answers" => match names.questions.iter().find(|q| q.name.value == name) {
            None => Some((
                format!("no question is named `{name}`"),
                suggest(name, names.questions.iter().map(|q| q.name.value.as_str())),
            )),
            Some(q) if template && !names.cluster && q.ask == Ask::Cluster => Some((
                format!("`answers.{name}` is asked per cluster, and this file is shared by all"),
                "write `ask: platform`, or move it to cluster-values.yaml".to_owned(),
            )),
            Some(_) => None,
        },
        "component" => (!facts::COMPONENT.contains(&name)).then(|| {
            (
                format!("unknown name `component.{name}`"),
                suggest(name, facts::COMPONENT),
            )
        }),
        "part" => (!facts::PART.contains(&name)).then(|| {
            (
                format!("unknown name `part.{name}`"),
                suggest(name, facts::PART),
            )
        }),
        _ => Some((
            format!("`{root}` is nothing a condition can ask for"),
            "write cluster.<fact>, answers.<question> or platform.<fact>".to_owned(),
        )),
    }
}

fn names_of(component: &Component) -> Names<'_> {
    Names {
        questions: component.spec.questions.iter().collect(),
        uses: component
            .spec
            .uses
            .iter()
            .map(|u| u.value.name.as_str())
            .collect(),
        cluster: true,
    }
}
