//! What the user said: the answers file and the flags that add to it.

use std::sync::Arc;

use indexmap::IndexMap;
use serde::Deserialize;
use serde_json::Value;

use super::platform::CatalogueRef;
use super::standing::Standing;
use crate::error::{Error, Place, Problem, Result, Source};
use crate::yaml::{self, Spanned};

/// A value and where the user gave it.
#[derive(Debug, Clone, PartialEq)]
pub struct Given<T> {
    /// The value.
    pub value: T,
    /// Where.
    pub at: Place,
}

/// Answers by name of the question.
pub(super) type GivenValues = IndexMap<String, Given<Value>>;

/// What was said of a cluster.
#[derive(Debug, Clone)]
pub struct ClusterAnswers {
    /// Where the cluster was named.
    pub at: Place,
    /// Its provider.
    pub provider: Option<Given<String>>,
    /// Everything else.
    pub values: GivenValues,
}

/// What was said of a component.
#[derive(Debug, Clone)]
pub struct ComponentAnswers {
    /// Where the component was named.
    pub at: Place,
    /// The clusters it is for; everywhere it fits if absent.
    pub on: Option<Vec<Given<String>>>,
    /// Answers by cluster; `all` for every cluster and for questions asked once.
    pub answers: IndexMap<String, ScopeAnswers>,
}

/// Answers for one cluster, or for all.
#[derive(Debug, Clone)]
pub struct ScopeAnswers {
    /// Where the cluster was named.
    pub at: Place,
    /// The answers.
    pub values: GivenValues,
}

/// The key of `answers:` that stands for every cluster.
pub const ALL: &str = "all";

/// Everything the user said.
#[derive(Debug, Clone, Default)]
pub struct Answers {
    /// Name of the platform.
    pub name: Option<Given<String>>,
    /// Git URL that Flux reads.
    pub git_url: Option<Given<String>>,
    /// Branch that Flux reads.
    pub git_branch: Option<Given<String>>,
    /// How Flux may read it.
    pub git_auth: Option<Given<String>>,
    /// E-mail address for notices.
    pub email: Option<Given<String>>,
    /// Where checks of the platform run.
    pub ci: Option<Given<String>>,
    /// The user's own catalogue.
    pub catalogue: Option<Given<CatalogueRef>>,
    /// Clusters; `None` if nothing was said of them.
    pub clusters: Option<IndexMap<String, ClusterAnswers>>,
    /// Components; `None` if nothing was said of them.
    pub components: Option<IndexMap<String, ComponentAnswers>>,
    /// Answers given by `--set`: they choose no component. By component, then by cluster or `all`.
    pub settings: IndexMap<String, IndexMap<String, ScopeAnswers>>,
    /// What is there already; nothing for a new platform.
    pub standing: Standing,
}

type Values = IndexMap<Spanned<String>, Spanned<Value>>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    name: Option<Spanned<String>>,
    #[serde(default)]
    git: Option<GitFile>,
    #[serde(default)]
    email: Option<Spanned<String>>,
    #[serde(default)]
    ci: Option<Spanned<String>>,
    #[serde(default)]
    catalog: Option<Spanned<CatalogueRef>>,
    #[serde(default)]
    clusters: Option<IndexMap<Spanned<String>, Option<Values>>>,
    #[serde(default)]
    components: Option<IndexMap<Spanned<String>, Option<ComponentFile>>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GitFile {
    #[serde(default)]
    url: Option<Spanned<String>>,
    #[serde(default)]
    branch: Option<Spanned<String>>,
    #[serde(default)]
    auth: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ComponentFile {
    #[serde(default)]
    on: Option<Vec<Spanned<String>>>,
    #[serde(default)]
    answers: IndexMap<Spanned<String>, Option<Values>>,
}

impl Answers {
    /// Reads an answers file.
    ///
    /// # Errors
    /// Broken YAML, an unknown or duplicate key, a wrong type: with file, line and column.
    pub fn read(source: &Arc<Source>) -> Result<Self> {
        let file: File = yaml::read(source)?;
        let at = |span: std::ops::Range<usize>| Place::Span(Arc::clone(source), span);
        let given = |spanned: Spanned<String>| Given {
            value: spanned.value,
            at: at(spanned.span),
        };
        let values = |values: Option<Values>| -> GivenValues {
            let entries = values.unwrap_or_default().into_iter();
            entries
                .map(|(key, value)| {
                    // A value that is no map is best shown with its key.
                    let span = key.span.start..value.span.end.max(key.span.end);
                    (
                        key.value,
                        Given {
                            value: value.value,
                            at: at(span),
                        },
                    )
                })
                .collect()
        };
        let git = file.git.unwrap_or(GitFile {
            url: None,
            branch: None,
            auth: None,
        });
        let clusters = file.clusters.map(|clusters| {
            clusters
                .into_iter()
                .map(|(name, entry)| {
                    let mut values = values(entry);
                    let provider = values.shift_remove("provider").map(|p| Given {
                        value: crate::catalog::value_text(&p.value),
                        at: p.at,
                    });
                    (
                        name.value,
                        ClusterAnswers {
                            at: at(name.span),
                            provider,
                            values,
                        },
                    )
                })
                .collect()
        });
        let components = file.components.map(|components| {
            components
                .into_iter()
                .map(|(name, entry)| {
                    let entry = entry.unwrap_or(ComponentFile {
                        on: None,
                        answers: IndexMap::new(),
                    });
                    let answers = entry.answers.into_iter().map(|(scope, entry)| {
                        (
                            scope.value,
                            ScopeAnswers {
                                at: at(scope.span),
                                values: values(entry),
                            },
                        )
                    });
                    let answers = ComponentAnswers {
                        at: at(name.span),
                        on: entry.on.map(|on| on.into_iter().map(given).collect()),
                        answers: answers.collect(),
                    };
                    (name.value, answers)
                })
                .collect()
        });
        Ok(Self {
            name: file.name.map(given),
            git_url: git.url.map(given),
            git_branch: git.branch.map(given),
            git_auth: git.auth.map(given),
            email: file.email.map(given),
            ci: file.ci.map(given),
            catalogue: file.catalog.map(|catalogue| Given {
                value: catalogue.value,
                at: at(catalogue.span),
            }),
            clusters,
            components,
            settings: IndexMap::new(),
            standing: Standing::default(),
        })
    }

    /// A platform answer given by a flag of its own, as `--git-url`.
    pub fn flag(&mut self, key: &str, flag: &str, value: &str) {
        let given = Some(Given {
            value: value.to_owned(),
            at: Place::Flag(format!("{flag} {value}")),
        });
        match key {
            "name" => self.name = given,
            "git.url" => self.git_url = given,
            "git.branch" => self.git_branch = given,
            "git.auth" => self.git_auth = given,
            "email" => self.email = given,
            "ci" => self.ci = given,
            _ => {}
        }
    }

    /// `--cluster NAME=PROVIDER`; it wins over the answers file.
    ///
    /// # Errors
    /// It is not of that form, or the cluster was named by such a flag before.
    pub fn add_cluster(&mut self, spec: &str) -> Result<()> {
        let at = Place::Flag(format!("--cluster {spec}"));
        let Some((name, provider)) = spec.split_once('=') else {
            return Err(Error::refused(
                Problem::new("a cluster needs a name and a provider")
                    .at(at)
                    .hint("as --cluster staging=kind"),
            ));
        };
        let provider = Some(Given {
            value: provider.to_owned(),
            at: at.clone(),
        });
        let clusters = self.clusters.get_or_insert_default();
        if let Some(cluster) = clusters.get_mut(name) {
            let before = cluster.provider.as_ref().map(|provider| &provider.at);
            if let Some(Place::Flag(flag)) = before {
                let message = format!("the cluster `{name}` is there already, by {flag}");
                return Err(Error::refused(
                    Problem::new(message).at(at).hint("name each cluster once"),
                ));
            }
            cluster.provider = provider;
        } else {
            let cluster = ClusterAnswers {
                at,
                provider,
                values: GivenValues::new(),
            };
            clusters.insert(name.to_owned(), cluster);
        }
        Ok(())
    }

    /// `--component NAME[@CLUSTER,…]`.
    pub fn add_component(&mut self, spec: &str) {
        let at = Place::Flag(format!("--component {spec}"));
        let (name, on) = match spec.split_once('@') {
            Some((name, on)) => (name, Some(on)),
            None => (spec, None),
        };
        let on = on.map(|on| {
            on.split(',')
                .map(|cluster| Given {
                    value: cluster.to_owned(),
                    at: at.clone(),
                })
                .collect()
        });
        let component = self
            .components
            .get_or_insert_default()
            .entry(name.to_owned())
            .or_insert_with(|| ComponentAnswers {
                at,
                on: None,
                answers: IndexMap::new(),
            });
        if on.is_some() {
            component.on = on;
        }
    }

    /// An answer about a cluster.
    pub(super) fn put_cluster(&mut self, name: &str, key: &str, given: Given<Value>) {
        let clusters = self.clusters.get_or_insert_default();
        let cluster = clusters
            .entry(name.to_owned())
            .or_insert_with(|| ClusterAnswers {
                at: given.at.clone(),
                provider: None,
                values: GivenValues::new(),
            });
        if key == "provider" {
            cluster.provider = Some(Given {
                value: crate::catalog::value_text(&given.value),
                at: given.at,
            });
        } else {
            put(&mut cluster.values, key, given);
        }
    }

    /// A cluster named in a conversation; what flags said of it before it was known comes with it.
    pub fn name_cluster(&mut self, name: &str, provider: &str, at: &Place) {
        let provider = Given {
            value: Value::String(provider.to_owned()),
            at: at.clone(),
        };
        self.put_cluster(name, "provider", provider);
        for (_, scope) in self.settings.shift_remove(name).into_iter().flatten() {
            for (key, given) in scope.values {
                self.put_cluster(name, &key, given);
            }
        }
    }

    /// An answer about a cluster, given in a conversation.
    pub fn say_of_cluster(&mut self, name: &str, key: &str, value: Value, at: &Place) {
        let at = at.clone();
        self.put_cluster(name, key, Given { value, at });
    }

    /// The components chosen in a conversation, each with its clusters, or for everywhere it fits.
    pub fn choose(&mut self, chosen: &IndexMap<String, Option<Vec<String>>>, at: &Place) {
        let given = |value: &String| Given {
            value: value.clone(),
            at: at.clone(),
        };
        let components = chosen.iter().map(|(name, on)| {
            let answers = ComponentAnswers {
                at: at.clone(),
                on: on.as_ref().map(|on| on.iter().map(given).collect()),
                answers: IndexMap::new(),
            };
            (name.clone(), answers)
        });
        self.components = Some(components.collect());
    }

    /// An answer about a component, on one cluster or for `all`.
    pub(super) fn set_component(
        &mut self,
        owner: &str,
        scope: &str,
        key: &str,
        given: Given<Value>,
    ) {
        let at = given.at.clone();
        let values = &mut self
            .settings
            .entry(owner.to_owned())
            .or_default()
            .entry(scope.to_owned())
            .or_insert_with(|| ScopeAnswers {
                at,
                values: GivenValues::new(),
            })
            .values;
        put(values, key, given);
    }

    /// What was answered for a component, a flag before the file: for one cluster, or for `all`.
    pub fn component_answer(
        &self,
        component: &str,
        scope: &str,
        key: &str,
    ) -> Option<&Given<Value>> {
        let set = self.settings.get(component).and_then(|s| s.get(scope));
        let file = self
            .components
            .as_ref()
            .and_then(|c| c.get(component))
            .and_then(|c| c.answers.get(scope));
        set.into_iter().chain(file).find_map(|s| s.values.get(key))
    }

    /// Every answer given for a component: its scope, where the scope was named, and the answers.
    pub fn component_scopes(&self, component: &str) -> Vec<(&str, &ScopeAnswers)> {
        let set = self.settings.get(component).into_iter().flatten();
        let file = self.components.as_ref().and_then(|c| c.get(component));
        let file = file.into_iter().flat_map(|c| &c.answers);
        set.chain(file)
            .map(|(scope, answers)| (scope.as_str(), answers))
            .collect()
    }
}

/// Sets an answer; a map is joined with the one that is there.
fn put(values: &mut GivenValues, key: &str, given: Given<Value>) {
    fn join(old: &mut Value, new: Value) {
        match (old, new) {
            (Value::Object(old), Value::Object(new)) => {
                for (key, value) in new {
                    join(old.entry(key).or_insert(Value::Null), value);
                }
            }
            (old, new) => *old = new,
        }
    }
    match values.get_mut(key) {
        Some(old) => {
            join(&mut old.value, given.value);
            old.at = given.at;
        }
        None => {
            values.insert(key.to_owned(), given);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_overlays() {
        let text = "name: acme\nclusters:\n  prod: {provider: kind, nodes: 2}\ncomponents:\n  cilium:\n  \
                    cert-manager: {on: [prod], answers: {prod: {issuer: private}}}\n";
        let mut answers = Answers::read(&Source::new("a.yaml", text)).unwrap();
        answers.set("prod.nodes=3").unwrap();
        answers.set("prod:cert-manager.issuer=letsencrypt").unwrap();
        answers.set("email=a@b.io").unwrap();
        answers.set("prod.backend.s3.bucket=b").unwrap();
        answers.set("prod.backend.s3.region=r").unwrap();
        answers.add_component("grafana@prod");
        let prod = &answers.clusters.as_ref().unwrap()["prod"];
        assert_eq!(prod.values["nodes"].value, 3);
        let backend = serde_json::json!({"s3": {"bucket": "b", "region": "r"}});
        assert_eq!(prod.values["backend"].value, backend);
        assert_eq!(prod.values["nodes"].at.to_string(), "--set prod.nodes=3");
        let components = answers.components.as_ref().unwrap();
        assert_eq!(
            answers
                .component_answer("cert-manager", "prod", "issuer")
                .unwrap()
                .value,
            "letsencrypt"
        );
        assert_eq!(
            components["cert-manager"].answers["prod"].values["issuer"].value,
            "private"
        );
        assert_eq!(components["grafana"].on.as_ref().unwrap()[0].value, "prod");
        assert_eq!(answers.email.unwrap().value, "a@b.io");
    }

    #[test]
    fn refuses_with_positions() {
        let read = |text: &str| {
            Answers::read(&Source::new("a.yaml", text))
                .unwrap_err()
                .to_string()
        };
        assert_eq!(
            read("nmae: x\n"),
            "a.yaml:1:1: unknown key `nmae` (did you mean `name`?)"
        );
        assert!(
            read("clusters: [prod]\n").starts_with("a.yaml:1:11: expected a map, found a list")
        );
        assert!(
            read("components: {x: {only: []}}\n").starts_with("a.yaml:1:18: unknown key `only`")
        );
        assert!(
            Answers::default()
                .set("emial=x")
                .unwrap_err()
                .to_string()
                .contains("did you mean `email`")
        );
        assert!(Answers::default().add_cluster("prod").is_err());
    }
}
