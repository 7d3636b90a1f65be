//! JSON Schemas of what people write and scripts read.

use serde_json::{Map, Value, json};

use crate::catalog::{AnswerType, Catalogue, ComponentSpec, ProviderSpec, Question};
use crate::ui::{FindingsReport, GraphsReport, Report};

/// `component.yaml`.
pub(super) fn component() -> Value {
    schemars::schema_for!(ComponentSpec).to_value()
}

/// `provider.yaml`.
pub(super) fn provider() -> Value {
    schemars::schema_for!(ProviderSpec).to_value()
}

/// The `--json` output of commands that write.
pub(super) fn change() -> Value {
    schemars::schema_for!(Report).to_value()
}

/// The `--json` output of `landform list`.
pub(super) fn list() -> Value {
    schemars::schema_for!(super::list::Listed).to_value()
}

/// The `--json` output of `landform show`.
pub(super) fn show() -> Value {
    schemars::schema_for!(super::shown::Shown).to_value()
}

/// The `--json` output of `landform diff`.
pub(super) fn diff() -> Value {
    schemars::schema_for!(super::diff::Edits).to_value()
}

/// The `--json` output of `landform values`.
pub(super) fn values() -> Value {
    schemars::schema_for!(super::values::Values).to_value()
}

/// The `--json` output of `landform set` without arguments.
pub(super) fn set() -> Value {
    schemars::schema_for!(super::set::Settings).to_value()
}

/// The `--json` output of `landform outdated`.
pub(super) fn outdated() -> Value {
    schemars::schema_for!(super::update::OutdatedList).to_value()
}

/// The `--json` output of `landform check`.
pub(super) fn check() -> Value {
    schemars::schema_for!(FindingsReport).to_value()
}

/// The `--json` output of `landform graph`.
pub(super) fn graph() -> Value {
    schemars::schema_for!(GraphsReport).to_value()
}

/// The `--json` output of `landform secret` where landform does not write the Secret.
pub(super) fn secret() -> Value {
    schemars::schema_for!(super::secret::HowToMake).to_value()
}

/// The `--json` output of `landform remove cluster` without `--destroyed`.
pub(super) fn runbook() -> Value {
    schemars::schema_for!(super::runbook::Runbook).to_value()
}

/// The answers file, with every question of the catalogue.
pub(super) fn answers(catalogue: &Catalogue) -> Value {
    let clusters: Vec<Value> = catalogue
        .providers
        .iter()
        .map(|(name, provider)| {
            let own = &provider.spec.questions;
            let common = catalogue.common.cluster.iter();
            let common = common.filter(|q| !own.iter().any(|o| o.name.value == q.name.value));
            let mut properties = questions(own.iter().chain(common));
            properties.insert(
                "provider".to_owned(),
                json!({"const": name, "description": provider.spec.description}),
            );
            json!({
                "title": name,
                "type": "object",
                "properties": properties,
                "required": ["provider"],
                "additionalProperties": false,
            })
        })
        .collect();
    let components: Map<String, Value> = catalogue
        .components
        .iter()
        .map(|(name, component)| (name.clone(), component_answers(&component.spec)))
        .collect();
    let mut schema = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Answers of landform new",
        "type": "object",
        "additionalProperties": false,
        "properties": {
            "name": {"type": "string", "description": "Name of the platform"},
            "git": {
                "type": "object",
                "additionalProperties": false,
                "properties": {
                    "url": {"type": "string", "description": "Git URL that Flux reads"},
                    "branch": {"type": "string", "description": "Branch that Flux reads"},
                    "auth": {"enum": ["token", "public", "ssh", "github-app"], "description": "How Flux may read it"},
                },
            },
            "email": {"type": "string", "description": "Address for notices"},
            "catalog": {
                "type": "object",
                "description": "A catalogue of your own, over the embedded one",
                "additionalProperties": false,
                "properties": {
                    "path": {"type": "string", "description": "A folder"},
                    "git": {"type": "string", "description": "URL of a Git repository"},
                    "tag": {"type": "string", "description": "Its tag"},
                },
            },
            "ci": {"enum": ["github", "gitlab", "none"], "description": "Where the platform's own checks run"},
            "clusters": {
                "type": "object",
                "description": "Clusters by name",
                "additionalProperties": {"oneOf": clusters},
            },
            "components": {
                "type": "object",
                "description": "Components by name; one without `on` is everywhere it fits",
                "properties": components,
                "additionalProperties": false,
            },
        },
    });
    for key in ["/properties/git/properties", "/properties"] {
        for property in schema
            .pointer_mut(key)
            .and_then(Value::as_object_mut)
            .into_iter()
            .flatten()
        {
            *property.1 = or_nothing(property.1);
        }
    }
    schema
}

fn component_answers(spec: &ComponentSpec) -> Value {
    let answers = json!({
        "type": "object",
        "properties": questions(spec.questions.iter()),
        "additionalProperties": false,
    });
    json!({
        "type": ["object", "null"],
        "description": spec.description,
        "additionalProperties": false,
        "properties": {
            "on": {"type": ["array", "null"], "items": {"type": "string"}, "description": "Clusters it is for"},
            "answers": {
                "type": "object",
                "description": "Answers by cluster; `all` for every cluster",
                "additionalProperties": or_nothing(&answers),
            },
        },
    })
}

fn questions<'a>(questions: impl Iterator<Item = &'a Question>) -> Map<String, Value> {
    questions
        .map(|q| (q.name.value.clone(), or_nothing(&question(q))))
        .collect()
}

fn question(question: &Question) -> Value {
    let mut forms = Vec::new();
    if question.is_choice() {
        let choices: Vec<&String> = question.choices.keys().collect();
        forms.push(json!({"enum": choices}));
    }
    if !question.fields.is_empty() {
        let properties: Map<String, Value> = question
            .fields
            .iter()
            .map(|f| (f.name.value.clone(), self::question(f)))
            .collect();
        let mut form =
            json!({"type": "object", "properties": properties, "additionalProperties": false});
        if question.one {
            form["minProperties"] = json!(1);
            form["maxProperties"] = json!(1);
        }
        forms.push(form);
    }
    if forms.is_empty() {
        forms.push(match question.kind {
            AnswerType::String => {
                let mut form = json!({"type": ["string", "integer"]});
                if let Some(pattern) = &question.pattern {
                    form["pattern"] = json!(format!("^(?:{})$", pattern.value));
                }
                form
            }
            AnswerType::Number => json!({"type": "integer", "minimum": 0}),
            AnswerType::Boolean => json!({"type": "boolean"}),
            AnswerType::List => json!({"type": "array", "items": {"type": "string"}}),
            AnswerType::Map => json!({"type": "object"}),
        });
    }
    let mut schema = if forms.len() == 1 {
        forms.remove(0)
    } else {
        json!({"anyOf": forms})
    };
    schema["description"] = json!(question.prompt);
    schema
}

/// Takes nothing as well: a key without a value counts as left out.
fn or_nothing(schema: &Value) -> Value {
    json!({"anyOf": [schema, {"type": "null"}]})
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::embedded_files;
    use crate::yaml;

    fn validator(schema: &Value) -> jsonschema::Validator {
        jsonschema::validator_for(schema).unwrap()
    }

    #[test]
    fn every_embedded_specification_is_valid() {
        let (component, provider) = (validator(&component()), validator(&provider()));
        for (path, source) in embedded_files() {
            let schema = if path.ends_with("/component.yaml") {
                &component
            } else if path.ends_with("/provider.yaml") {
                &provider
            } else {
                continue;
            };
            let value = yaml::parse(&source).unwrap().to_value();
            let errors: Vec<String> = schema
                .iter_errors(&value)
                .map(|e| format!("{path}{}: {e}", e.instance_path()))
                .collect();
            assert_eq!(errors, Vec::<String>::new());
        }
    }

    #[test]
    fn schemas_refuse() {
        assert!(!validator(&component()).is_valid(&json!({"name": "x"})));
        let answers = validator(&answers(&Catalogue::embedded().unwrap()));
        assert!(answers.is_valid(&json!({"clusters": {"a": {"provider": "kind", "nodes": 2}}})));
        assert!(!answers.is_valid(&json!({"clusters": {"a": {"provider": "kind", "nodse": 2}}})));
        assert!(!answers.is_valid(&json!({"components": {"nope": null}})));
    }
}
