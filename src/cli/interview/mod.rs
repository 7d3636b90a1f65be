//! The conversation of `landform new`: it only fills in answers, which then go the usual way.
//!
//! What is asked next depends on nothing but what is answered, so going back is taking an older state again.

mod form;
mod steps;
mod table;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use indexmap::IndexMap;
use serde_json::Value;

use crate::catalog::Catalogue;
use crate::error::{Error, Kind, Place, Problem, Problems, Result};
use crate::model::{About, AnswerOrigin, Answers, Environment, Open, Platform, Survey, survey};
use crate::ui::{Prompter, Reply};

/// Components by name, each with its clusters, or for everywhere it fits.
type Chosen = IndexMap<String, Option<Vec<String>>>;

/// Everything answered so far.
#[derive(Debug, Clone)]
struct State {
    answers: Answers,
    /// A cluster that has a name and no provider yet.
    naming: Option<String>,
    clusters_done: bool,
    upgrades_done: bool,
    /// What was chosen here; nothing if components were given before, or are not chosen yet.
    chosen: Option<Chosen>,
    search_done: bool,
    table_done: bool,
}

/// One question.
#[derive(Debug, Clone, PartialEq)]
enum Step {
    GitUrl,
    GitAuth,
    ClusterName,
    Provider(String),
    Upgrades,
    Components,
    Search,
    Table,
    Open(Box<Open>),
}

/// A conversation, and how far it is.
pub(super) struct Interview<'a> {
    environment: &'a Environment,
    catalogue: &'a Catalogue,
    state: State,
    /// Older states, and where the screen was.
    history: Vec<(State, usize)>,
    /// What of all that is open is asked.
    about: Asked,
    /// Answers of questions that were gone back to, to be offered again.
    memory: BTreeMap<String, Value>,
    begun: bool,
    /// Whether another conversation came before, to which one may go back.
    goes_back: bool,
}

/// What of all that is open is asked.
enum Asked {
    Everything,
    /// What is new on a platform that is there.
    New,
    /// What was not open before an answer changed: all that was.
    Opened(Vec<Open>),
}

impl Asked {
    fn holds(&self, open: &Open, answers: &Answers) -> bool {
        match self {
            Self::Everything => true,
            Self::New => open.is_new(&answers.standing),
            Self::Opened(before) => {
                let same = |was: &Open| {
                    was.about == open.about && was.form.question.name == open.form.question.name
                };
                // Whoever takes a default on purpose is not asked about it.
                let taken = open.form.default.is_some() && answers.is_default_taken(open);
                !taken && !before.iter().any(same)
            }
        }
    }
}

/// Where answers come from that are given here.
fn place() -> Place {
    Place::Flag("your answer".to_owned())
}

impl<'a> Interview<'a> {
    /// A conversation that starts from answers given before.
    pub(super) fn new(
        answers: Answers,
        environment: &'a Environment,
        catalogue: &'a Catalogue,
    ) -> Self {
        let clusters_done = answers.clusters.as_ref().is_some_and(|c| !c.is_empty());
        Self {
            environment,
            catalogue,
            state: State {
                answers,
                naming: None,
                clusters_done,
                upgrades_done: false,
                chosen: None,
                search_done: false,
                table_done: false,
            },
            history: Vec::new(),
            about: Asked::Everything,
            memory: BTreeMap::new(),
            begun: false,
            goes_back: false,
        }
    }

    /// A conversation about what is new on a platform that is there.
    pub(super) fn about_new(
        answers: Answers,
        environment: &'a Environment,
        catalogue: &'a Catalogue,
    ) -> Self {
        let mut interview = Self::new(answers, environment, catalogue);
        interview.about = Asked::New;
        interview.state.upgrades_done = true;
        interview
    }

    /// A conversation about what was not open with the answers of `before`.
    ///
    /// # Errors
    /// A template of the catalogue fails.
    pub(super) fn about_opened(
        before: &Answers,
        answers: Answers,
        environment: &'a Environment,
        catalogue: &'a Catalogue,
    ) -> Result<Self> {
        let mut interview = Self::about_new(answers, environment, catalogue);
        interview.about = Asked::Opened(survey(before, environment, catalogue)?.open);
        Ok(interview)
    }

    /// Everything answered so far.
    pub(super) fn answers(&self) -> &Answers {
        &self.state.answers
    }

    /// The platform as it would be, with defaults for what is open.
    ///
    /// # Errors
    /// A template of the catalogue fails.
    pub(super) fn platform(&self) -> Result<Platform> {
        Ok(self.survey(&self.state)?.platform)
    }

    /// Whether components and the reasons of their places were shown.
    pub(super) fn showed_components(&self) -> bool {
        self.state.table_done
    }

    /// Takes back the last answer; gives where the screen was before it, if there was one.
    pub(super) fn back(&mut self) -> Option<usize> {
        let (state, mark) = self.history.pop()?;
        self.state = state;
        Some(mark)
    }

    /// Whether there is anything to ask.
    ///
    /// # Errors
    /// A flag or the answers file is wrong.
    pub(super) fn is_open(&self) -> Result<bool> {
        let survey = self.survey(&self.state)?;
        self.refuse_wrong(&survey)?;
        Ok(self.next(&survey).is_some())
    }

    /// Refuses to go on where answers are missing that have no default, and nobody can be asked; `give` says how one
    /// is given.
    ///
    /// # Errors
    /// An answer is missing, or a flag is wrong.
    pub(super) fn must_be_answered(&self, give: impl Fn(&str) -> String) -> Result<()> {
        let survey = self.survey(&self.state)?;
        self.refuse_wrong(&survey)?;
        let mut problems = Problems::default();
        for open in &survey.open {
            let question = &open.form.question;
            if open.form.default.is_some() || question.optional {
                continue;
            }
            let who = match open.users.as_slice() {
                [] => String::new(),
                users => format!(" (for {})", users.join(", ")),
            };
            let as_in = question.hint.as_ref().map(|hint| format!(" ({hint})"));
            let give = give(&open.sketch(&survey.platform));
            problems.push(
                Problem::new(format!(
                    "`{}` is missing: {}{who}",
                    open.key(),
                    question.prompt
                ))
                .hint(format!("{give}{}", as_in.unwrap_or_default())),
            );
        }
        problems.into_result()
    }

    /// The same conversation, continued about something else: going back from here leads into the one before.
    pub(super) fn after(mut self, before: &Self) -> Self {
        self.begun = before.begun;
        self.goes_back = !before.history.is_empty();
        self
    }

    /// Asks until nothing is open.
    ///
    /// # Errors
    /// Somebody stops it.
    pub(super) fn run(&mut self, prompter: &mut dyn Prompter) -> Result<()> {
        self.run_or_leave(prompter).map(|_| ())
    }

    /// The same. False: somebody goes back to the conversation before.
    ///
    /// # Errors
    /// Somebody stops it.
    pub(super) fn run_or_leave(&mut self, prompter: &mut dyn Prompter) -> Result<bool> {
        let mut survey = self.survey(&self.state)?;
        while let Some(step) = self.next(&survey) {
            if !self.begun {
                prompter.say(
                    "Nothing is written before you confirm.\n\
                     Enter takes what is offered, Esc goes back, Ctrl-C ends.\n ",
                );
                self.begun = true;
            }
            let mark = prompter.mark();
            match self.ask(&step, &survey, prompter)? {
                Reply::Back => {
                    match self.back() {
                        Some(mark) => prompter.rewind(mark),
                        None if self.goes_back => return Ok(false),
                        None => prompter.say("  This is the first question; Ctrl-C ends."),
                    }
                    survey = self.survey(&self.state)?;
                }
                Reply::Given(state) => {
                    if let Some((before, after)) = self.accept(&step, &survey, state, prompter)? {
                        self.history.push((before, mark));
                        survey = after;
                    }
                }
            }
        }
        Ok(true)
    }

    fn survey(&self, state: &State) -> Result<Survey> {
        let mut survey = survey(&state.answers, self.environment, self.catalogue)?;
        let answers = &state.answers;
        survey.open.retain(|open| self.about.holds(open, answers));
        Ok(survey)
    }

    /// What is wrong whatever the answers will be.
    fn refuse_wrong(&self, survey: &Survey) -> Result<()> {
        let mut wrong = survey.wrong.clone();
        let answers = &self.state.answers;
        if self.state.clusters_done {
            wrong.extend_from_slice(&survey.wrong_clusters);
        }
        let known = |name: &String| self.catalogue.components.contains_key(name);
        let components = answers.components.as_ref();
        let unknown = components.is_some_and(|all| !all.keys().all(known));
        if components.is_some() && (self.state.clusters_done || unknown) {
            wrong.extend_from_slice(&survey.wrong_components);
        }
        if wrong.is_empty() {
            return Ok(());
        }
        Err(Error {
            kind: Kind::Refused,
            problems: wrong,
        })
    }

    /// Takes an answer, unless it makes something wrong: then the reason is told, and it is asked again. Gives the
    /// state before it and what is open after it.
    fn accept(
        &mut self,
        step: &Step,
        before: &Survey,
        mut state: State,
        prompter: &mut dyn Prompter,
    ) -> Result<Option<(State, Survey)>> {
        let mut after = self.survey(&state)?;
        // Components that fit nowhere go, and say why.
        let gone = self.prune(&mut state, &after);
        if !gone.is_empty() {
            state.choose();
            // A table that was seen before is not right any more.
            state.table_done = false;
            after = self.survey(&state)?;
        }
        let seen = state.chosen.is_none() || state.table_done;
        let late = seen && matches!(step, Step::Open(open) if !open.own);
        let mut wrong = news(&before.wrong, &after.wrong);
        wrong.extend(news(&before.wrong_clusters, &after.wrong_clusters));
        // Before the table is seen, its components may still change.
        if late {
            wrong.extend(news(&before.wrong_components, &after.wrong_components));
        }
        if !wrong.is_empty() {
            for problem in wrong {
                prompter.say(&format!("  Not taken: {}", told(problem)));
            }
            return Ok(None);
        }
        for line in gone {
            prompter.say(&format!("  {line}"));
        }
        let before = std::mem::replace(&mut self.state, state);
        Ok(Some((before, after)))
    }

    fn prune(&self, state: &mut State, survey: &Survey) -> Vec<String> {
        let mut gone = Vec::new();
        let Some(chosen) = &mut state.chosen else {
            return gone;
        };
        let clusters: Vec<&String> = survey.platform.clusters.keys().collect();
        let mut reasons = BTreeMap::new();
        for (name, on) in chosen.iter_mut() {
            let mut why = None;
            let mut fits = |cluster: &String| match survey.unfit(self.catalogue, name, cluster) {
                Some(reason) => {
                    why = Some(reason);
                    false
                }
                None => true,
            };
            let somewhere = match on {
                Some(on) => {
                    on.retain(&mut fits);
                    !on.is_empty()
                }
                None => clusters.iter().any(|cluster| fits(cluster)),
            };
            if !somewhere {
                reasons.insert(name.clone(), why.unwrap_or_default());
            }
        }
        chosen.retain(|name, _| !reasons.contains_key(name));
        for (name, why) in reasons {
            gone.push(format!("{name} is left out: {why}"));
        }
        gone
    }

    /// The next question, by what is answered.
    fn next(&self, survey: &Survey) -> Option<Step> {
        let state = &self.state;
        let find = |wanted: &dyn Fn(&Open) -> bool| {
            let open = survey.open.iter().find(|open| wanted(open));
            open.map(|open| Step::Open(Box::new(open.clone())))
        };
        if let Some(step) = find(&|open| open.about == About::Name) {
            return Some(step);
        }
        if state.answers.git_url.is_none() {
            return Some(Step::GitUrl);
        }
        if state.answers.git_auth.is_none() && !survey.platform.git.url.starts_with("ssh://") {
            return Some(Step::GitAuth);
        }
        if let Some(name) = &state.naming {
            return Some(Step::Provider(name.clone()));
        }
        if state.answers.clusters.is_some()
            && let Some(step) = find(&|open| open.own)
        {
            return Some(step);
        }
        if !state.clusters_done {
            return Some(Step::ClusterName);
        }
        if !state.upgrades_done && self.upgrades_matter(survey) {
            return Some(Step::Upgrades);
        }
        if state.chosen.is_none() && state.answers.components.is_none() {
            return Some(Step::Components);
        }
        if state.chosen.is_some() && !state.search_done {
            return Some(Step::Search);
        }
        if let Some(decisive) = survey.open.iter().position(|open| open.decides) {
            // Its words may speak of the answers to those before it.
            let about = &survey.open[decisive].about;
            let before = &survey.open[..=decisive];
            let open = before.iter().find(|open| &open.about == about);
            return open.map(|open| Step::Open(Box::new(open.clone())));
        }
        if state.chosen.is_some() && !state.table_done {
            return Some(Step::Table);
        }
        find(&|_| true)
    }

    /// Whether some cluster can be later than another, and nobody said so yet.
    fn upgrades_matter(&self, survey: &Survey) -> bool {
        let clusters = &survey.platform.clusters;
        let mut questions = self.catalogue.common.cluster.iter();
        questions.any(|question| question.name.value == steps::UPGRADES)
            && clusters.len() > 1
            && clusters.values().all(|cluster| {
                let answer = cluster.answers.get(steps::UPGRADES);
                answer.is_some_and(|answer| answer.origin == AnswerOrigin::Assumed)
            })
    }
}

impl State {
    /// Brings what is chosen into the answers.
    fn choose(&mut self) {
        if let Some(chosen) = &self.chosen {
            self.answers.choose(chosen, &place());
        }
    }

    /// The clusters in the order in which they were named.
    fn clusters(&self) -> Vec<String> {
        let clusters = self.answers.clusters.iter().flatten();
        clusters.map(|(name, _)| name.clone()).collect()
    }
}

/// Problems that were not there before.
fn news<'p>(before: &[Problem], after: &'p [Problem]) -> Vec<&'p Problem> {
    after
        .iter()
        .filter(|problem| !before.contains(problem))
        .collect()
}

/// A problem in one line.
fn told(problem: &Problem) -> String {
    match &problem.hint {
        Some(hint) => format!("{} ({hint})", problem.message),
        None => problem.message.clone(),
    }
}
