//! Answers given one by one, as `--set` and `landform set` take them.

use serde_json::Value;

use super::answers::{ALL, Answers, Given};
use crate::error::{Error, Place, Problem, Problems, Result, Source, suggest};
use crate::yaml;

impl Answers {
    /// `--set [CLUSTER:]KEY=VALUE`; the value is YAML. Keys are those of the answers file: `email`, `git.url`,
    /// `<cluster>.<fact>`, `<component>.<question>`.
    ///
    /// # Errors
    /// It is not of that form, or the value is broken YAML.
    pub fn set(&mut self, spec: &str) -> Result<()> {
        self.set_by("--set", spec)
    }

    /// The same, where the words before it are others than `--set`.
    ///
    /// # Errors
    /// As for [`Self::set`].
    pub fn set_by(&mut self, words: &str, spec: &str) -> Result<()> {
        let at = Place::Flag(format!("{words} {spec}"));
        let wrong = |message: String| {
            Error::refused(Problem::new(message).at(at.clone()).hint(format!(
                "as {words} prod.region=eu-central-1, {words} cert-manager.issuer=private or {words} prod:cert-manager.issuer=private",
            )))
        };
        let Some((key, text)) = spec.split_once('=') else {
            return Err(wrong("no value is given".to_owned()));
        };
        let source = Source::new(format!("{words} {key}"), text);
        let node = yaml::parse_documents(&source)?;
        let value = node.first().map_or(Value::Null, yaml::Node::to_value);
        // Nothing at all takes the default.
        let plain = |value: &Value| {
            (!value.is_null()).then(|| Given {
                value: crate::catalog::value_text(value),
                at: at.clone(),
            })
        };
        let (scope, key) = match key.split_once(':') {
            Some((cluster, key)) => (Some(cluster), key),
            None => (None, key),
        };
        match (scope, key.split_once('.')) {
            (None, None) => match key {
                "name" => self.name = plain(&value),
                "email" => self.email = plain(&value),
                "ci" => self.ci = plain(&value),
                _ => {
                    let near = suggest(
                        key,
                        ["name", "email", "ci", "git.url", "git.branch", "git.auth"],
                    );
                    return Err(wrong(format!("unknown key `{key}`: {near}")));
                }
            },
            (None, Some(("git", key))) => match key {
                "url" => self.git_url = plain(&value),
                "branch" => self.git_branch = plain(&value),
                "auth" => self.git_auth = plain(&value),
                _ => {
                    let near = suggest(key, ["url", "branch", "auth"]);
                    return Err(wrong(format!("unknown key `git.{key}`: {near}")));
                }
            },
            (Some(_), None) => return Err(wrong(format!("`{key}` names no component's question"))),
            (scope, Some((owner, key))) => {
                // `prod.backend.s3.bucket=x` reaches into a map.
                let (key, inner) = key.split_once('.').unwrap_or((key, ""));
                let value = nested(inner, value);
                let given = Given {
                    value,
                    at: at.clone(),
                };
                let is_cluster = match &self.clusters {
                    Some(clusters) => clusters.contains_key(owner),
                    None => owner == super::resolve::DEFAULT_CLUSTER,
                };
                if scope.is_none() && is_cluster {
                    self.put_cluster(owner, key, given);
                } else {
                    self.set_component(owner, scope.unwrap_or(ALL), key, given);
                }
            }
        }
        Ok(())
    }

    /// The same of many; everything that is wrong is told at once.
    ///
    /// # Errors
    /// As for [`Self::set`].
    pub fn set_all(&mut self, specs: impl IntoIterator<Item = impl AsRef<str>>) -> Result<()> {
        let mut problems = Problems::default();
        for spec in specs {
            self.set(spec.as_ref())
                .unwrap_or_else(|error| problems.extend(error));
        }
        problems.into_result()
    }
}

/// A value below a path of keys.
fn nested(path: &str, value: Value) -> Value {
    path.rsplit('.')
        .filter(|key| !key.is_empty())
        .fold(value, |value, key| {
            Value::Object(serde_json::Map::from_iter([(key.to_owned(), value)]))
        })
}
