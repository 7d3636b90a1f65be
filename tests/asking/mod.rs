//! The questions of a catalogue, answers that they take, and what comes back out of a rendered tree.
//!
//! Found by looking at the catalogue, so that a new question is tried without a word here: only its sample is wanted.

#![allow(dead_code, reason = "no test crate uses all of it")]

pub(crate) mod back;

use std::collections::BTreeMap;

use landform::catalog::{AnswerType, Catalogue, Question, When, value_text};
use landform::error::{Result, Source};
use landform::model::{Answers, Environment, Resolution, resolve};
use serde_json::{Map, Value, json};

/// Valid answers to free questions, by name: words that stand nowhere else in a tree.
const SAMPLES: &[(&str, &str)] = &[
    ("account", "777777777777"),
    ("address", "https://zq-address.example/state"),
    ("addresses", "10.77.7.240-10.77.7.250"),
    ("api_host", "zq-api.example.org"),
    ("aws_region", "zq-secrets-7"),
    ("azure_client_id", "00000000-1111-2222-3333-777777777777"),
    ("azure_tenant", "00000000-1111-2222-3333-666666666666"),
    ("azure_vault", "zq-vault"),
    ("bucket", "zq-bucket"),
    ("channel", "zq-channel"),
    ("container_name", "zq-container"),
    ("context", "zq-context"),
    ("dns_region", "zq-place-7"),
    ("dns_resource_group", "zq-group"),
    ("dns_zone", "zq.example"),
    ("domain", "zq-domain.zq.example"),
    ("endpoint", "https://zq-endpoint.example"),
    ("google_project", "zq-secrets-project"),
    ("instance_types", "zq7.large"),
    ("key", "zq/key.tfstate"),
    ("kubeconfig", "/zq/kubeconfig"),
    ("lock_address", "https://zq-lock.example/state"),
    (
        "node_image",
        "zq/node:v1@sha256:7777777777777777777777777777777777777777777777777777777777777777",
    ),
    ("onepassword_vault", "zq-vault-of-one"),
    ("prefix", "zq/prefix"),
    ("project", "zq-project"),
    ("region", "zq-region-7"),
    ("resource_group_name", "zq-resources"),
    (
        "sops_recipient",
        "age1zq00000000000000000000000000000000000000000000000000000000",
    ),
    ("storage_account_name", "zqaccount"),
    ("subnet_ids", "subnet-77777777"),
    ("subscription", "00000000-1111-2222-3333-888888888888"),
    ("tenant", "00000000-1111-2222-3333-999999999999"),
    ("vault_mount", "zq-mount"),
    ("vault_path", "zq-path"),
    ("vault_role_id", "zq-role"),
    ("vault_server", "https://zq-vault.example"),
    ("vpc_id", "vpc-77777777"),
];

/// The name of the only cluster.
pub(crate) const CLUSTER: &str = "edge";

/// A sample by the name of its question.
#[track_caller]
pub(crate) fn sample(name: &str) -> &'static str {
    SAMPLES
        .iter()
        .find(|(known, _)| *known == name)
        .unwrap_or_else(|| panic!("no sample for the question `{name}`: add one to SAMPLES"))
        .1
}

/// Two samples of a list's items.
#[track_caller]
pub(crate) fn samples(name: &str) -> [String; 2] {
    let first = sample(name);
    [first.to_owned(), first.replace('7', "8")]
}

/// Whether there is a sample. A question with a pattern may do without: it takes no free text.
pub(crate) fn has_sample(name: &str) -> bool {
    SAMPLES.iter().any(|(known, _)| *known == name)
}

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Whose {
    /// A provider, about its cluster.
    Provider(String),
    /// The skeleton, about every cluster.
    Common,
    /// A component, per cluster or once.
    Component(String),
}

/// A free question: a text that the user may write.
#[derive(Debug, Clone)]
pub(crate) struct Asked<'a> {
    /// Who asks.
    pub(crate) whose: Whose,
    /// The question and the fields on the way, outermost first.
    pub(crate) way: Vec<&'a Question>,
}

impl Asked<'_> {
    /// The innermost field.
    pub(crate) fn name(&self) -> &str {
        &self.way[self.way.len() - 1].name.value
    }
}

/// Every question of a catalogue that is answered by a text or a list of texts.
pub(crate) fn free_texts(catalogue: &Catalogue) -> Vec<Asked<'_>> {
    let mut found = Vec::new();
    for (name, provider) in &catalogue.providers {
        let whose = Whose::Provider(name.clone());
        collect(&whose, &provider.spec.questions, &[], &mut found);
    }
    collect(&Whose::Common, &catalogue.common.cluster, &[], &mut found);
    for (name, component) in &catalogue.components {
        let whose = Whose::Component(name.clone());
        collect(&whose, &component.spec.questions, &[], &mut found);
    }
    found
}

fn collect<'a>(
    whose: &Whose,
    questions: &'a [Question],
    above: &[&'a Question],
    found: &mut Vec<Asked<'a>>,
) {
    for question in questions {
        let way = [above, &[question]].concat();
        if !question.fields.is_empty() {
            collect(whose, &question.fields, &way, found);
        } else if !question.is_choice()
            && matches!(question.kind, AnswerType::String | AnswerType::List)
            && (question.pattern.is_none() || has_sample(&question.name.value))
        {
            let whose = whose.clone();
            found.push(Asked { whose, way });
        }
    }
}

/// Reads answers given as JSON, which is YAML.
pub(crate) fn try_resolve(answers: &Value, catalogue: &Catalogue) -> Result<Resolution> {
    let answers = Answers::read(&Source::new("answers.yaml", answers.to_string()))?;
    resolve(&answers, &Environment::default(), catalogue)
}

/// Answers in which a question is asked and everything is answered: `text` to this one, samples to all others.
#[track_caller]
pub(crate) fn answers_with(asked: &Asked<'_>, text: &Value, catalogue: &Catalogue) -> Value {
    let mut cluster = Map::new();
    let mut component = Map::new();
    let provider = match &asked.whose {
        Whose::Provider(name) => name.as_str(),
        _ => "existing",
    };
    cluster.insert("provider".to_owned(), json!(provider));
    let outer = asked.way[0];
    if outer.name.value == "dns_zone" {
        // It must hold the domain.
        cluster.insert("domain".to_owned(), json!(sample("domain")));
    }
    let own = match asked.whose {
        Whose::Component(_) => &mut component,
        _ => &mut cluster,
    };
    own.insert(outer.name.value.clone(), nested(&asked.way, text));
    meet(&outer.when, &mut cluster, &mut component);
    if let Whose::Component(name) = &asked.whose {
        for (fact, reasons) in &catalogue.components[name].spec.unfit_when {
            let key = fact.value.trim_start_matches("cluster.").to_owned();
            if reasons.contains_key("none") {
                cluster.entry(key).or_insert_with(|| json!("cloudflare"));
            }
        }
    }
    let mut components = Map::new();
    if let Whose::Component(name) = &asked.whose {
        components.insert(name.clone(), json!({"answers": {"all": component}}));
    } else if cluster.get("dns").is_some_and(|dns| dns != "none") {
        // Whoever uses the facts about DNS.
        components.insert(
            "external-dns".to_owned(),
            json!({"on": if provider == "kind" { vec![] } else { vec![CLUSTER] }}),
        );
        components.insert(
            "cert-manager".to_owned(),
            json!({"answers": {"all": {"issuer": "letsencrypt"}}}),
        );
    }
    if cluster.get("cni").is_some_and(|cni| cni == "none") {
        components.insert("cilium".to_owned(), json!({}));
    }
    components.entry("grafana").or_insert_with(|| json!({}));
    components
        .entry("envoy-gateway")
        .or_insert_with(|| json!({}));
    let mut answers = json!({
        "name": "acme",
        "git": {"url": "https://git.example.com/acme.git", "branch": "main", "auth": "public"},
        "ci": "github",
        "email": "ops@acme.io",
        "clusters": {CLUSTER: cluster},
        "components": components,
    });
    fill(&mut answers, catalogue);
    answers
}

/// Gives what is said to be missing its sample.
#[track_caller]
pub(crate) fn fill(answers: &mut Value, catalogue: &Catalogue) {
    let Err(error) = try_resolve(answers, catalogue) else {
        return;
    };
    for problem in &error.problems {
        let Some(rest) = problem.message.strip_prefix('`') else {
            continue;
        };
        let Some((key, _)) = rest.split_once("` is missing") else {
            continue;
        };
        let (owner, name) = key
            .rsplit_once('.')
            .unwrap_or_else(|| panic!("{key} is missing"));
        match owner.split_once(':') {
            None if name == "backend" => answers["clusters"][owner][name] = json!("local"),
            None => answers["clusters"][owner][name] = json!(sample(name)),
            Some((_, component)) => {
                let mut asked = catalogue.components[component].spec.questions.iter();
                let is_list = asked.any(|q| q.name.value == name && q.kind == AnswerType::List);
                let value = sample(name);
                let value = if is_list {
                    json!([value])
                } else {
                    json!(value)
                };
                answers["components"][component]["answers"]["all"][name] = value;
            }
        }
    }
}

/// A value below the keys of its fields, with samples for those beside it.
fn nested(way: &[&Question], text: &Value) -> Value {
    let [outer, inner, ..] = way else {
        return if way[0].kind == AnswerType::List {
            json!([text, samples(&way[0].name.value)[1]])
        } else {
            text.clone()
        };
    };
    let mut map = Map::new();
    if !outer.one {
        for field in &outer.fields {
            let value = match field.kind {
                AnswerType::String => json!(sample(&field.name.value)),
                AnswerType::List => json!(samples(&field.name.value)),
                _ => continue,
            };
            if !field.optional && field.fields.is_empty() {
                map.insert(field.name.value.clone(), value);
            }
        }
    }
    map.insert(inner.name.value.clone(), nested(&way[1..], text));
    Value::Object(map)
}

/// Answers by which a condition holds.
fn meet(when: &When, cluster: &mut Map<String, Value>, component: &mut Map<String, Value>) {
    for (key, values) in &when.0 {
        let (owner, name) = key.split_once('.').expect("a key with an owner");
        let known = cluster.get(name).map(value_text);
        if owner == "cluster" && known.is_some_and(|known| values.contains(&known)) {
            continue;
        }
        let typed = match values[0].as_str() {
            "true" => json!(true),
            "false" => json!(false),
            text => json!(text),
        };
        if name == "provider" {
            continue;
        }
        if owner == "cluster" || component.is_empty() {
            cluster.insert(name.to_owned(), typed);
        } else {
            component.insert(name.to_owned(), typed);
        }
    }
}

/// A whole tree as texts.
pub(crate) type Texts = BTreeMap<String, String>;

/// The files of a render, without the copy of the templates.
pub(crate) fn texts(tree: &landform::model::Tree) -> Texts {
    tree.iter()
        .filter(|(path, _)| !path.as_str().starts_with(".landform/catalog/"))
        .map(|(path, text)| (path.to_string(), text.clone()))
        .collect()
}
