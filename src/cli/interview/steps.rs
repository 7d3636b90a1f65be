//! How each question is asked, and what its answer changes.

use indexmap::IndexMap;
use serde_json::{Value, json};

use super::{Chosen, Interview, State, Step, form, place, table, told};
use crate::catalog::{Layer, Name, Naming, value_text};
use crate::error::Result;
use crate::model::{About, GitAuth, Given, Open, Reason, Survey, check_git_url, provider_form};
use crate::ui::{Item, Line, Prompter, Reply};

/// The question about every cluster that is asked about all at once.
pub(super) const UPGRADES: &str = "upgrades";

/// Its answers.
const LATER: &str = "later";
const NOW: &str = "now";

/// The name that is offered for the first cluster.
const FIRST: &str = "staging";

type Asked = Result<Reply<State>>;

impl Interview<'_> {
    /// Asks one question; an answer gives the state after it.
    pub(super) fn ask(
        &mut self,
        step: &Step,
        survey: &Survey,
        prompter: &mut dyn Prompter,
    ) -> Asked {
        match step {
            Step::GitUrl => self.git_url(survey, prompter),
            Step::GitAuth => self.git_auth(survey, prompter),
            Step::ClusterName => self.cluster_name(prompter),
            Step::Provider(name) => self.provider(name, prompter),
            Step::Upgrades => self.upgrades(prompter),
            Step::Components => self.components(survey, prompter),
            Step::Search => self.search(survey, prompter),
            Step::Table => self.table(survey, prompter),
            Step::Open(open) => self.open(open, prompter),
        }
    }

    fn remembered(&self, key: &str) -> Option<&Value> {
        self.memory.get(key)
    }

    fn remember(&mut self, key: &str, value: Value) {
        self.memory.insert(key.to_owned(), value);
    }

    fn git_url(&mut self, survey: &Survey, prompter: &mut dyn Prompter) -> Asked {
        let default = &survey.platform.git.url;
        let last = self.remembered("git.url").map(value_text);
        let last = last.filter(|last| last != default).unwrap_or_default();
        let reply = prompter.input(Line {
            question: "Git URL that Flux will read",
            default: Some(default),
            optional: false,
            text: &last,
            check: &check_git_url,
        })?;
        let Reply::Given(url) = reply else {
            return Ok(Reply::Back);
        };
        self.remember("git.url", json!(url));
        let mut state = self.state.clone();
        state.answers.git_url = Some(given(url));
        Ok(Reply::Given(state))
    }

    fn git_auth(&mut self, survey: &Survey, prompter: &mut dyn Prompter) -> Asked {
        let url = &survey.platform.git.url;
        let given_here = self.state.answers.git_url.as_ref();
        let ssh = given_here
            .filter(|url| url.at == place())
            .and_then(|_| ssh_url(url));
        let about = |auth| match auth {
            GitAuth::Token => {
                Some("a read-only token: the Terraform variable git_token".to_owned())
            }
            GitAuth::Public => Some("no login: anybody may read it".to_owned()),
            GitAuth::GithubApp => Some("a GitHub App that may read it".to_owned()),
            GitAuth::Ssh => ssh.as_ref().map(|ssh| format!("a deploy key, at {ssh}")),
        };
        let items: Vec<Item> = GitAuth::ALL
            .iter()
            .filter_map(|(name, auth)| Some(Item::new(*name, about(*auth)?)))
            .collect();
        let at = self.at("git.auth", &items);
        let Reply::Given(chosen) = prompter.select("How may Flux read it?", &items, at)? else {
            return Ok(Reply::Back);
        };
        let name = &items[chosen].name;
        self.remember("git.auth", json!(name));
        let mut state = self.state.clone();
        if name == GitAuth::Ssh.as_str()
            && let Some(ssh) = ssh
        {
            state.answers.git_url = Some(given(ssh));
        }
        state.answers.git_auth = Some(given(name.clone()));
        Ok(Reply::Given(state))
    }

    /// Where the answer of the last time stands, or the first item.
    fn at(&self, key: &str, items: &[Item]) -> usize {
        let last = self.remembered(key).map(value_text);
        let at = items
            .iter()
            .position(|item| Some(&item.name) == last.as_ref());
        at.unwrap_or(0)
    }

    fn cluster_name(&mut self, prompter: &mut dyn Prompter) -> Asked {
        let there = self.state.clusters();
        let check = |text: &str| {
            if there.iter().any(|name| name == text) {
                return Err(format!("there is a cluster {text} already"));
            }
            Name::new(text, Naming::Cluster).map(|_| ())
        };
        let first = there.is_empty();
        let key = format!("cluster {}", there.len());
        let last = self.remembered(&key).map(value_text);
        let last = last.filter(|last| !first || last != FIRST);
        let reply = prompter.input(Line {
            question: if first {
                "First cluster"
            } else {
                "Another cluster?"
            },
            default: first.then_some(FIRST),
            optional: !first,
            text: last.as_deref().unwrap_or_default(),
            check: &check,
        })?;
        let Reply::Given(name) = reply else {
            return Ok(Reply::Back);
        };
        self.remember(&key, json!(name));
        let mut state = self.state.clone();
        if name.is_empty() {
            state.clusters_done = true;
        } else {
            state.naming = Some(name);
        }
        Ok(Reply::Given(state))
    }

    fn provider(&mut self, name: &str, prompter: &mut dyn Prompter) -> Asked {
        let form = provider_form(name, self.catalogue);
        let key = format!("{name}.provider");
        let reply = form::ask(prompter, "", &form, self.remembered(&key), &|_| Ok(()))?;
        let Reply::Given(provider) = reply else {
            return Ok(Reply::Back);
        };
        let mut state = self.state.clone();
        state.naming = None;
        state
            .answers
            .name_cluster(name, &value_text(&provider), &place());
        self.remember(&key, provider);
        Ok(Reply::Given(state))
    }

    fn upgrades(&mut self, prompter: &mut dyn Prompter) -> Asked {
        let clusters = self.state.clusters();
        let items: Vec<Item> = clusters.iter().map(|name| Item::new(name, "")).collect();
        let last = self.remembered(UPGRADES).cloned();
        let marked: Vec<bool> = clusters
            .iter()
            .map(|name| holds(last.as_ref(), name))
            .collect();
        let question = "Which clusters get new chart versions later, in changes of their own?";
        let Reply::Given(later) = prompter.multi_select(question, &items, &marked)? else {
            return Ok(Reply::Back);
        };
        let mut state = self.state.clone();
        for (index, name) in clusters.iter().enumerate() {
            let when = if later.contains(&index) { LATER } else { NOW };
            state
                .answers
                .say_of_cluster(name, UPGRADES, json!(when), &place());
        }
        state.upgrades_done = true;
        let later: Vec<&String> = later.iter().map(|index| &clusters[*index]).collect();
        self.remember(UPGRADES, json!(later));
        Ok(Reply::Given(state))
    }

    fn components(&mut self, survey: &Survey, prompter: &mut dyn Prompter) -> Asked {
        // What is offered, and whether nobody has to choose it.
        let mut offered: IndexMap<&String, bool> = IndexMap::new();
        for cluster in self.state.clusters() {
            let provider = survey.platform.clusters.get(&cluster);
            let provider = provider.and_then(|cluster| cluster.provider(self.catalogue));
            let specs = provider.iter().map(|provider| &provider.spec);
            let usual = specs.clone().flat_map(|spec| &spec.usual);
            let suggested = specs.flat_map(|spec| &spec.suggested);
            for (name, is_usual) in usual
                .map(|name| (name, true))
                .chain(suggested.map(|name| (name, false)))
            {
                if self.somewhere(survey, &name.value).is_ok() {
                    *offered.entry(&name.value).or_default() |= is_usual;
                }
            }
        }
        let layer = |name: &String| {
            let component = self.catalogue.components.get(name);
            component.map(|component| component.spec.layer)
        };
        offered
            .sort_by_key(|name, is_usual| (layer(name) != Some(Layer::Infrastructure), !is_usual));
        let mut state = self.state.clone();
        let mut chosen = Chosen::new();
        if !offered.is_empty() {
            let items: Vec<Item> = offered.keys().map(|name| self.item(name)).collect();
            let last = self.remembered("components").cloned();
            let marked: Vec<bool> = offered
                .iter()
                .map(|(name, is_usual)| match &last {
                    None => *is_usual,
                    last => holds(last.as_ref(), name),
                })
                .collect();
            let Reply::Given(marked) = prompter.multi_select("Components", &items, &marked)? else {
                return Ok(Reply::Back);
            };
            let names = marked.iter().filter_map(|i| offered.get_index(*i));
            chosen.extend(names.map(|(name, _)| ((*name).clone(), None)));
        }
        let names: Vec<String> = chosen.keys().cloned().collect();
        self.remember("components", json!(names));
        state.chosen = Some(chosen);
        state.choose();
        Ok(Reply::Given(state))
    }

    /// Whether a component fits some cluster.
    fn somewhere(&self, survey: &Survey, name: &str) -> Result<(), String> {
        let mut reasons: Vec<String> = Vec::new();
        for cluster in survey.platform.clusters.keys() {
            match survey.unfit(self.catalogue, name, cluster) {
                None => return Ok(()),
                Some(reason) if reasons.contains(&reason) => {}
                Some(reason) => reasons.push(reason),
            }
        }
        Err(reasons.join("; "))
    }

    fn item(&self, name: &str) -> Item {
        let component = self.catalogue.components.get(name);
        let about = component.map(|component| component.spec.description.as_str());
        Item::new(name, about.unwrap_or_default())
    }

    fn search(&mut self, survey: &Survey, prompter: &mut dyn Prompter) -> Asked {
        let mut state = self.state.clone();
        match self.find(survey, &state, prompter)? {
            Reply::Back => return Ok(Reply::Back),
            Reply::Given(None) => state.search_done = true,
            Reply::Given(Some(name)) => {
                state.chosen.get_or_insert_default().insert(name, None);
                state.choose();
            }
        }
        Ok(Reply::Given(state))
    }

    /// Lets search for one more component that fits somewhere.
    fn find(
        &self,
        survey: &Survey,
        state: &State,
        prompter: &mut dyn Prompter,
    ) -> Result<Reply<Option<String>>> {
        let chosen = state.chosen.iter().flatten().map(|(name, _)| name);
        let chosen: Vec<&String> = chosen.collect();
        let always = |name: &String| {
            let mut all = self.catalogue.common.always.iter();
            all.any(|always| &always.value == name)
        };
        let mut items = vec![Item::new("no, go on", "")];
        let mut unfit = Vec::new();
        for name in self.catalogue.components.keys() {
            if chosen.contains(&name) || always(name) {
                continue;
            }
            match self.somewhere(survey, name) {
                Ok(()) => items.push(self.item(name)),
                Err(reason) => unfit.push(Item::new(name, format!("does not fit: {reason}"))),
            }
        }
        let fit = items.len();
        items.extend(unfit);
        if items.len() == 1 {
            return Ok(Reply::Given(None));
        }
        loop {
            match prompter.search("Anything else?", &items)? {
                Reply::Back => return Ok(Reply::Back),
                Reply::Given(0) => return Ok(Reply::Given(None)),
                Reply::Given(index) if index < fit => {
                    return Ok(Reply::Given(Some(items[index].name.clone())));
                }
                Reply::Given(index) => {
                    let item = &items[index];
                    prompter.say(&format!("  {} {}", item.name, item.about));
                }
            }
        }
    }

    fn table(&mut self, survey: &Survey, prompter: &mut dyn Prompter) -> Asked {
        let clusters = self.state.clusters();
        let top = prompter.mark();
        let text = table::table(survey, self.catalogue, &clusters, prompter.width());
        prompter.say(&format!("\n{text}"));
        let wrong = &survey.wrong_components;
        for problem in wrong {
            prompter.say(&format!("  Not yet: {}", told(problem)));
        }
        let yes = Item::new("yes", "");
        let change = Item::new("change it", "");
        let items = if wrong.is_empty() {
            vec![yes, change]
        } else {
            vec![change]
        };
        loop {
            let mark = prompter.mark();
            match prompter.select("Right?", &items, 0)? {
                Reply::Back => return Ok(Reply::Back),
                Reply::Given(index) if items[index].name == "yes" => {
                    let mut state = self.state.clone();
                    state.table_done = true;
                    return Ok(Reply::Given(state));
                }
                Reply::Given(_) => {
                    if let Reply::Given(state) = self.change(survey, prompter)? {
                        prompter.rewind(top);
                        return Ok(Reply::Given(state));
                    }
                    prompter.rewind(mark);
                }
            }
        }
    }

    /// Lets change where one component is.
    fn change(&mut self, survey: &Survey, prompter: &mut dyn Prompter) -> Asked {
        let platform = &survey.platform;
        let clusters = self.state.clusters();
        let on = |name: &str| -> Vec<&String> {
            let there =
                |cluster: &&String| platform.clusters[*cluster].components.contains_key(name);
            clusters.iter().filter(there).collect()
        };
        let always = |name: &str| {
            platform.clusters.values().any(|cluster| {
                let placed = cluster.components.get(name);
                placed.is_some_and(|placed| placed.reason == Reason::Always)
            })
        };
        let mut items = Vec::new();
        for name in platform.components.keys().filter(|name| !always(name)) {
            let on: Vec<&str> = on(name).into_iter().map(String::as_str).collect();
            items.push(Item::new(name, format!("on {}", on.join(", "))));
        }
        let last = items.len();
        items.push(Item::new("add another", ""));
        let Reply::Given(index) = prompter.select("What is to change?", &items, 0)? else {
            return Ok(Reply::Back);
        };
        let mut state = self.state.clone();
        if index == last {
            let Reply::Given(found) = self.find(survey, &state, prompter)? else {
                return Ok(Reply::Back);
            };
            let chosen = state.chosen.get_or_insert_default();
            chosen.extend(found.map(|name| (name, None)));
        } else {
            let name = items[index].name.clone();
            let fitting: Vec<&String> = clusters
                .iter()
                .filter(|cluster| survey.unfit(self.catalogue, &name, cluster).is_none())
                .collect();
            let there = on(&name);
            let marked: Vec<bool> = fitting.iter().map(|c| there.contains(c)).collect();
            let places: Vec<Item> = fitting.iter().map(|c| Item::new(*c, "")).collect();
            let question = format!("On which clusters is {name}?");
            let Reply::Given(marked) = prompter.multi_select(&question, &places, &marked)? else {
                return Ok(Reply::Back);
            };
            let chosen = state.chosen.get_or_insert_default();
            if marked.is_empty() {
                chosen.shift_remove(&name);
            } else if marked.len() == fitting.len() {
                chosen.insert(name, None);
            } else {
                let on = marked.iter().map(|index| fitting[*index].clone());
                chosen.insert(name, Some(on.collect()));
            }
        }
        state.choose();
        Ok(Reply::Given(state))
    }

    fn open(&mut self, open: &Open, prompter: &mut dyn Prompter) -> Asked {
        let many = self.state.clusters().len() > 1;
        let before = match &open.about {
            About::Cluster(cluster) if many => format!("{cluster}: "),
            About::Component(component, Some(cluster)) if many => {
                format!("{cluster}, {component}: ")
            }
            About::Component(component, _) => format!("{component}: "),
            _ => String::new(),
        };
        let key = format!("{:?}.{}", open.about, open.form.question.name.value);
        let last = self.remembered(&key);
        let reply = form::ask(prompter, &before, &open.form, last, &|value| {
            open.check(value)
        })?;
        let Reply::Given(value) = reply else {
            return Ok(Reply::Back);
        };
        self.remember(&key, value.clone());
        let mut state = self.state.clone();
        let at = place();
        open.answer(&mut state.answers, Given { value, at });
        Ok(Reply::Given(state))
    }
}

fn given(value: String) -> Given<String> {
    Given { value, at: place() }
}

/// Whether a list of the last time holds a name.
fn holds(list: Option<&Value>, name: &str) -> bool {
    let names = list.and_then(Value::as_array);
    names.is_some_and(|names| names.iter().any(|n| n == name))
}

/// The same repository, reached by SSH.
fn ssh_url(url: &str) -> Option<String> {
    let rest = url.strip_prefix("https://")?;
    // A port of HTTPS is none of SSH.
    let host = rest.split('/').next()?;
    (!host.contains(':')).then(|| format!("ssh://git@{rest}"))
}
