//! What is still open: the same way as [`resolve`](super::resolve), but it tells what to ask instead of failing.

use serde_json::Value;

use super::super::answers::{Answers, Given};
use super::super::platform::Platform;
use super::super::standing::Standing;
use super::super::value;
use super::fit::{doubtful, fits};
use super::questions::{self, Scope};
use super::{DEFAULT_PROVIDER, Environment, Report, check_url, gather, is_email};
use crate::catalog::{Ask, Catalogue, Choice, Name, Naming, Question, When, value_text};
use crate::error::{Problem, Result};
use crate::yaml::Spanned;

/// A question as it can be asked: with its default worked out, and without the choices that are closed here.
#[derive(Debug, Clone, PartialEq)]
pub struct Form {
    /// The question.
    pub question: Question,
    /// Its default.
    pub default: Option<Value>,
    /// The choice or field that is offered first; a default may say no more than that.
    pub start: Option<String>,
    /// The forms of the keys of a map.
    pub fields: Vec<Self>,
}

impl Form {
    pub(super) fn new(
        question: &Question,
        scope: &Scope,
        provider: &str,
        catalogue: &Catalogue,
    ) -> Self {
        let mut question = question.clone();
        question
            .choices
            .retain(|_, choice| choice.when.holds(|key| scope.lookup(key)));
        for choice in question.choices.values_mut() {
            choice.when = When::default();
        }
        let fields: Vec<Self> = question
            .fields
            .iter()
            .map(|field| Self::new(field, scope, provider, catalogue))
            .collect();
        question.fields = fields.iter().map(|form| form.question.clone()).collect();
        // A default that cannot be worked out, or does not fit here, is none: then it is asked.
        let default = questions::default(&question, scope, provider, "", catalogue)
            .ok()
            .flatten();
        let start = default.as_ref().map(Self::key);
        let mut form = Self {
            question,
            default: None,
            start,
            fields,
        };
        form.default = default.filter(|value| form.check(value).is_ok());
        form
    }

    /// A form that stands in no catalogue.
    fn plain(name: &str, prompt: &str, default: Option<String>) -> Self {
        let question = Question {
            name: Spanned {
                value: name.to_owned(),
                span: 0..0,
            },
            ask: Ask::Platform,
            prompt: prompt.to_owned(),
            kind: crate::catalog::AnswerType::String,
            choices: indexmap::IndexMap::new(),
            fields: Vec::new(),
            one: false,
            pattern: None,
            hint: None,
            refuse: None,
            example: None,
            default: None,
            defaults: indexmap::IndexMap::new(),
            confirm: None,
            fixed: None,
            never_back: None,
            own: false,
            when: When::default(),
            optional: false,
        };
        Self {
            question,
            start: default.clone(),
            default: default.map(Value::String),
            fields: Vec::new(),
        }
    }

    /// The choice or field that a value stands for.
    pub fn key(value: &Value) -> String {
        match value.as_object().and_then(|map| map.keys().next()) {
            Some(key) => key.clone(),
            None => value_text(value),
        }
    }

    /// Checks an answer.
    ///
    /// # Errors
    /// The reason why it is not taken, and what would be right.
    pub fn check(&self, value: &Value) -> Result<(), String> {
        value::check(&self.question, value, &|_| None)
            .map(|_| ())
            .map_err(|unfit| format!("{} ({})", unfit.message, unfit.hint))
    }
}

/// Whose question it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum About {
    /// The platform's name.
    Name,
    /// The address for notices.
    Email,
    /// Where a cluster runs.
    Provider(String),
    /// A cluster.
    Cluster(String),
    /// A component, on one cluster or once for all.
    Component(String, Option<String>),
}

/// A question that somebody has to answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Open {
    /// Whose it is.
    pub about: About,
    /// The question.
    pub form: Form,
    /// The components that use the answer.
    pub users: Vec<String>,
    /// Whether it is asked as soon as the cluster has a provider, whatever components there will be.
    pub own: bool,
    /// Whether it decides where components fit.
    pub decides: bool,
}

impl Open {
    pub(super) fn new(about: About, form: Form) -> Self {
        Self {
            about,
            form,
            users: Vec::new(),
            own: false,
            decides: false,
        }
    }

    /// A question about the cluster itself.
    pub(super) fn own(cluster: &str, form: Form) -> Self {
        Self {
            own: true,
            ..Self::new(About::Cluster(cluster.to_owned()), form)
        }
    }

    /// Checks an answer.
    ///
    /// # Errors
    /// The reason why it is not taken, and what would be right.
    pub fn check(&self, value: &Value) -> Result<(), String> {
        let text = value_text(value);
        match &self.about {
            About::Name => Name::new(&text, Naming::Platform).map(|_| ()),
            About::Email if !is_email(&text) => Err(format!(
                "`{text}` is no e-mail address (as platform@acme.io)"
            )),
            _ => self.form.check(value),
        }
    }

    /// Puts an answer where it belongs.
    pub fn answer(&self, answers: &mut Answers, given: Given<Value>) {
        let key = &self.form.question.name.value;
        let text = || {
            Some(Given {
                value: value_text(&given.value),
                at: given.at.clone(),
            })
        };
        match &self.about {
            About::Name => answers.name = text(),
            About::Email => answers.email = text(),
            About::Provider(cluster) => {
                answers.put_cluster(cluster, "provider", given);
            }
            About::Cluster(cluster) => answers.put_cluster(cluster, key, given),
            About::Component(component, cluster) => {
                let scope = cluster.as_deref().unwrap_or(super::super::answers::ALL);
                answers.set_component(component, scope, key, given);
            }
        }
    }

    /// The key of the answer, as `--set` takes it.
    pub fn key(&self) -> String {
        let key = &self.form.question.name.value;
        match &self.about {
            About::Name | About::Email => key.clone(),
            About::Provider(cluster) | About::Cluster(cluster) => format!("{cluster}.{key}"),
            About::Component(component, None) => format!("{component}.{key}"),
            About::Component(component, Some(cluster)) => format!("{cluster}:{component}.{key}"),
        }
    }

    /// The answer as `--set` takes it, as far as it can be said.
    pub fn sketch(&self, platform: &Platform) -> String {
        let cluster = match &self.about {
            About::Cluster(cluster) | About::Component(_, Some(cluster)) => Some(cluster),
            _ => None,
        };
        let cluster = cluster.and_then(|name| platform.clusters.get(name));
        let provider = cluster.map_or("", |cluster| cluster.provider.as_str());
        questions::setting(&self.key(), &self.form.question, provider)
    }

    /// Whether something that is not there yet makes it a question.
    pub fn is_new(&self, standing: &Standing) -> bool {
        let mut users = self.users.iter();
        match &self.about {
            About::Name => false,
            About::Email => users.any(|name| !standing.has(name)),
            About::Provider(cluster) => !standing.placed.contains_key(cluster),
            About::Cluster(cluster) => {
                !standing.placed.contains_key(cluster)
                    || users.any(|name| !standing.has_on(cluster, name))
            }
            About::Component(name, None) => !standing.has(name),
            About::Component(name, Some(cluster)) => !standing.has_on(cluster, name),
        }
    }

    pub(super) fn name() -> Self {
        Self::new(
            About::Name,
            Form::plain("name", "What is the platform called?", None),
        )
    }

    pub(super) fn email(default: Option<&str>, users: Vec<String>) -> Self {
        let prompt = "Which e-mail address gets notices?";
        let form = Form::plain("email", prompt, default.map(str::to_owned));
        Self {
            users,
            ..Self::new(About::Email, form)
        }
    }

    pub(super) fn provider(cluster: &str, catalogue: &Catalogue) -> Self {
        Self {
            own: true,
            ..Self::new(
                About::Provider(cluster.to_owned()),
                provider_form(cluster, catalogue),
            )
        }
    }
}

/// The question where a cluster runs.
pub fn provider_form(cluster: &str, catalogue: &Catalogue) -> Form {
    let mut form = Form::plain("provider", &format!("Where does {cluster} run?"), None);
    form.question.choices = catalogue
        .providers
        .iter()
        .map(|(name, provider)| {
            let choice = Choice {
                text: provider.spec.description.clone(),
                when: When::default(),
            };
            (name.clone(), choice)
        })
        .collect();
    // What anybody can try comes first.
    if let Some(at) = form.question.choices.get_index_of(DEFAULT_PROVIDER) {
        form.question.choices.move_index(at, 0);
    }
    form
}

/// How far things are.
#[derive(Debug, Clone)]
pub struct Survey {
    /// The platform as it would be, with defaults for what is open.
    pub platform: Platform,
    /// What is wrong with the platform itself.
    pub wrong: Vec<Problem>,
    /// What is wrong with its clusters.
    pub wrong_clusters: Vec<Problem>,
    /// What is wrong with its components.
    pub wrong_components: Vec<Problem>,
    /// What is open: the platform's questions first, then those of each cluster in the order given, then those of
    /// components.
    pub open: Vec<Open>,
}

/// Looks at what was said so far.
///
/// # Errors
/// A template of the catalogue fails.
pub fn survey(
    answers: &Answers,
    environment: &Environment,
    catalogue: &Catalogue,
) -> Result<Survey> {
    let mut report = Report {
        surveying: true,
        ..Report::default()
    };
    let (platform, stages) = gather(answers, environment, catalogue, &mut report)?;
    let mut problems = report.problems.into_vec();
    let wrong_components = problems.split_off(stages.1.min(problems.len()));
    let wrong_clusters = problems.split_off(stages.0.min(problems.len()));
    let mut open = report.open;
    let rank = |cluster: &String| {
        let clusters = answers.clusters.as_ref();
        clusters.and_then(|clusters| clusters.get_index_of(cluster))
    };
    open.sort_by_key(|open| match &open.about {
        About::Name => (0, None),
        About::Email => (1, None),
        About::Provider(cluster) => (2, rank(cluster)),
        About::Cluster(cluster) => (3, rank(cluster)),
        About::Component(_, None) => (4, None),
        About::Component(_, Some(cluster)) => (5, rank(cluster)),
    });
    Ok(Survey {
        platform,
        wrong: problems,
        wrong_clusters,
        wrong_components,
        open,
    })
}

impl Survey {
    /// Why a component cannot be on a cluster; nothing if it fits, or if it depends on a default that is still to be
    /// asked about.
    pub fn unfit(&self, catalogue: &Catalogue, component: &str, cluster: &str) -> Option<String> {
        let on = self.platform.clusters.get(cluster)?;
        let component = catalogue.components.get(component)?;
        let reason = fits(component, on).err()?;
        (!doubtful(catalogue, component, on)).then_some(reason)
    }
}

/// Checks an address of a Git repository, whatever its login.
///
/// # Errors
/// The reason why it is not taken, and what would be right.
pub fn check_git_url(url: &str) -> Result<(), String> {
    check_url(url, None).map_err(|(message, hint)| format!("{message} ({hint})"))
}
