//! The platform, its clusters and what runs on them.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::catalog::{Catalogue, Conditional, Name, Provider};

/// Where an answer came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum AnswerOrigin {
    /// The user gave it.
    Answered,
    /// A default was taken.
    Assumed,
}

/// An answer and where it came from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// The answer.
    pub value: Value,
    /// Where it came from.
    pub origin: AnswerOrigin,
}

/// A catalogue of the user's own, layered over the embedded one: written `path: …` or `git: …, tag: …`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CatalogueRef {
    /// A folder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// URL of a Git repository.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub git: Option<String>,
    /// Its tag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<String>,
}

impl CatalogueRef {
    /// Reads `DIR` or `URL#TAG`.
    pub fn parse(text: &str) -> Self {
        match text.split_once('#') {
            Some((url, tag)) if url.contains("://") => Self {
                path: None,
                git: Some(url.to_owned()),
                tag: Some(tag.to_owned()),
            },
            _ => Self {
                path: Some(text.to_owned()),
                git: None,
                tag: None,
            },
        }
    }
}

/// How Flux may read the repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum GitAuth {
    /// HTTPS with a read-only token.
    Token,
    /// HTTPS without a login.
    Public,
    /// An SSH deploy key.
    Ssh,
    /// A GitHub App.
    GithubApp,
}

impl GitAuth {
    /// All, as written.
    pub const ALL: [(&'static str, Self); 4] = [
        ("token", Self::Token),
        ("public", Self::Public),
        ("ssh", Self::Ssh),
        ("github-app", Self::GithubApp),
    ];

    /// As written.
    pub fn as_str(self) -> &'static str {
        Self::ALL
            .iter()
            .find(|(_, auth)| *auth == self)
            .map_or("", |(name, _)| name)
    }
}

/// The repository as Flux reads it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Git {
    /// URL.
    pub url: String,
    /// Branch.
    pub branch: String,
    /// Login.
    pub auth: GitAuth,
}

/// Why a component is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// The user chose it.
    Chosen,
    /// Nobody said which; it is among the provider's usual ones.
    Usual,
    /// Every cluster has it.
    Always,
    /// Another needs it.
    Needed {
        /// The component that needs it.
        by: String,
        /// The ability, where it is not the component itself.
        ability: String,
    },
}

/// A component of the platform.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Chosen {
    /// Answers to the questions asked once.
    pub answers: BTreeMap<String, Answer>,
    /// What was begun and waits for its second step.
    pub pending: Option<Pending>,
}

impl Chosen {
    /// Nothing waits for a second step on these clusters any more.
    pub fn settle(&mut self, on: &BTreeSet<String>) {
        if let Some(pending) = &mut self.pending {
            pending.on.retain(|cluster| !on.contains(cluster));
            if pending.on.is_empty() {
                self.pending = None;
            }
        }
    }
}

/// A change in two steps, of which the first is done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pending {
    /// What is going on.
    pub op: PendingOp,
    /// The clusters it is about.
    pub on: BTreeSet<String>,
}

/// What can be going on in two steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PendingOp {
    /// Its guards or its parts are gone; the component itself goes next.
    Remove,
    /// Flux deletes nothing of it any more; its Flux Kustomization gets its new name next.
    Rename,
}

/// A component on one cluster.
#[derive(Debug, Clone, PartialEq)]
pub struct Placed {
    /// Why it is there.
    pub reason: Reason,
    /// Answers to the questions asked per cluster.
    pub answers: BTreeMap<String, Answer>,
    /// Whether this cluster keeps its own chart version.
    pub pinned: bool,
    /// The versions it keeps, by the name of the file and folder of a Flux Kustomization; the templates' where none
    /// is named.
    pub pins: BTreeMap<String, String>,
    /// Names of the encrypted Secrets in its overlay.
    pub sealed: BTreeSet<String>,
}

/// A cluster.
#[derive(Debug, Clone, PartialEq)]
pub struct Cluster {
    /// Its name.
    pub name: Name,
    /// Its provider's name.
    pub provider: String,
    /// Answers to the provider's questions and to the common ones.
    pub answers: BTreeMap<String, Answer>,
    /// Every fact that applies, derived from the answers.
    pub facts: Map<String, Value>,
    /// What runs there.
    pub components: BTreeMap<String, Placed>,
}

/// A platform: everything that a render depends on, apart from the catalogue.
#[derive(Debug, Clone, PartialEq)]
pub struct Platform {
    /// Its name.
    pub name: Name,
    /// The repository as Flux reads it.
    pub git: Git,
    /// E-mail address for notices, where something uses it.
    pub email: Option<String>,
    /// Where its checks run: github, gitlab or none.
    pub ci: String,
    /// The user's own catalogue, if there is one.
    pub catalogue: Option<CatalogueRef>,
    /// Clusters by name.
    pub clusters: BTreeMap<String, Cluster>,
    /// Components by name.
    pub components: BTreeMap<String, Chosen>,
}

impl Platform {
    /// The clusters in the order in which to bring them up: those that take new versions at once before those that
    /// take them later, then by name.
    pub fn in_order(&self) -> Vec<&Cluster> {
        let mut clusters: Vec<&Cluster> = self.clusters.values().collect();
        clusters.sort_by_key(|cluster| cluster.upgrades_later());
        clusters
    }

    /// What templates see as `platform`.
    pub fn context(&self) -> Value {
        let mut context = json!({
            "name": self.name,
            "git": self.git,
            "ci": self.ci,
        });
        if let Some(email) = &self.email {
            context["email"] = json!(email);
        }
        context
    }
}

impl Cluster {
    /// Whether it keeps its own versions until somebody raises them.
    pub fn upgrades_later(&self) -> bool {
        self.facts.get("upgrades").is_some_and(|u| u == "later")
    }

    /// The answers as templates see them.
    pub fn answer_values(&self) -> Value {
        values(&self.answers)
    }

    /// The provider.
    pub fn provider<'a>(&self, catalogue: &'a Catalogue) -> Option<&'a Provider> {
        catalogue.providers.get(&self.provider)
    }

    /// The value that a condition's key names: `cluster.<fact>` or `answers.<question>` of `answers`.
    pub fn lookup<'a>(&'a self, answers: &'a Value, key: &str) -> Option<&'a Value> {
        match key.split_once('.')? {
            ("cluster", fact) => self.facts.get(fact),
            ("answers", name) => answers.get(name),
            _ => None,
        }
    }

    /// Whether a conditional name holds, for the answers of its owner.
    pub fn holds(&self, conditional: &Conditional, answers: &Value) -> bool {
        conditional.when.holds(|key| self.lookup(answers, key))
    }

    /// The abilities that the provider gives by itself.
    pub fn own_abilities(&self, catalogue: &Catalogue) -> BTreeSet<String> {
        let answers = self.answer_values();
        let provides = self.provider(catalogue).map(|p| p.spec.provides.as_slice());
        provides
            .unwrap_or_default()
            .iter()
            .filter(|ability| self.holds(&ability.value, &answers))
            .map(|ability| ability.value.name.clone())
            .collect()
    }

    /// Components and abilities present: what templates see as `here`.
    pub fn here(&self, platform: &Platform, catalogue: &Catalogue) -> BTreeSet<String> {
        let mut here = self.own_abilities(catalogue);
        for name in self.components.keys() {
            here.insert(name.clone());
            let Some(component) = catalogue.components.get(name) else {
                continue;
            };
            let answers = platform.answers_of(self, name);
            let provides = component.spec.all_provides();
            here.extend(
                provides
                    .filter(|p| self.holds(p, &answers))
                    .map(|p| p.name.clone()),
            );
        }
        here
    }
}

impl Platform {
    /// Whether a component is about to go from a cluster: the first of two steps is done.
    pub fn is_removing(&self, component: &str, cluster: &str) -> bool {
        self.is_pending(PendingOp::Remove, component, cluster)
    }

    /// Whether the objects of a component on a cluster are about to get another name: the first of two steps is done.
    pub fn is_renaming(&self, component: &str, cluster: &str) -> bool {
        self.is_pending(PendingOp::Rename, component, cluster)
    }

    fn is_pending(&self, op: PendingOp, component: &str, cluster: &str) -> bool {
        let chosen = self.components.get(component);
        let pending = chosen.and_then(|chosen| chosen.pending.as_ref());
        pending.is_some_and(|pending| pending.op == op && pending.on.contains(cluster))
    }

    /// The platform without components on clusters; what is chosen stays chosen.
    #[must_use]
    pub fn without(&self, from: &BTreeMap<String, BTreeSet<String>>) -> Self {
        let mut after = self.clone();
        for (name, clusters) in from {
            for cluster in clusters {
                if let Some(cluster) = after.clusters.get_mut(cluster) {
                    cluster.components.remove(name);
                }
            }
        }
        after
    }

    /// The clusters that a component is on.
    pub fn clusters_of<'a>(&'a self, component: &'a str) -> impl Iterator<Item = &'a Cluster> {
        self.clusters
            .values()
            .filter(move |cluster| cluster.components.contains_key(component))
    }

    /// The answers of a component on a cluster: those asked once and those asked there.
    pub fn answers_of(&self, cluster: &Cluster, component: &str) -> Value {
        let mut all = self
            .components
            .get(component)
            .map_or_else(|| json!({}), |chosen| values(&chosen.answers));
        if let (Some(all), Some(placed)) = (all.as_object_mut(), cluster.components.get(component))
        {
            for (name, answer) in &placed.answers {
                all.insert(name.clone(), answer.value.clone());
            }
        }
        all
    }
}

/// Answers as a JSON object of their values.
pub(super) fn values(answers: &BTreeMap<String, Answer>) -> Value {
    Value::Object(
        answers
            .iter()
            .map(|(name, answer)| (name.clone(), answer.value.clone()))
            .collect(),
    )
}
