//! Somebody who answers from a script: for tests.

use super::{Confirmed, Item, Line, Prompter, Reply};
use crate::error::{Error, Kind, Problem, Result};

/// One answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// A line, or the name of one item.
    Say(&'static str),
    /// Exactly these are marked.
    Mark(&'static [&'static str]),
    /// Escape.
    Back,
    /// Control-C.
    Stop,
}

/// Answers from a script, and keeps what was asked and said.
#[derive(Debug, Default)]
pub struct Scripted {
    acts: Vec<(String, Act)>,
    /// Everything asked, with its default, and everything said.
    pub log: Vec<String>,
}

impl Scripted {
    /// Answers the first question that has these words by the act beside them, each act once and in this order for
    /// the same question; takes what is offered everywhere else.
    pub fn new<'a>(acts: impl IntoIterator<Item = (&'a str, Act)>) -> Self {
        let acts = acts.into_iter();
        Self {
            acts: acts.map(|(words, act)| (words.to_owned(), act)).collect(),
            log: Vec::new(),
        }
    }

    /// Acts for which no question came.
    pub fn left(&self) -> Vec<&str> {
        self.acts.iter().map(|(words, _)| words.as_str()).collect()
    }

    /// Whether something with these words was asked or said.
    pub fn heard(&self, words: &str) -> bool {
        self.log.iter().any(|line| line.contains(words))
    }

    /// The act for a question; nothing takes what is offered.
    fn act(&mut self, question: &str, offered: &str) -> Result<Reply<Option<Act>>> {
        assert!(self.log.len() < 400, "it never ends: {:#?}", self.log);
        self.log.push(format!("{question} [{offered}]"));
        let found = self
            .acts
            .iter()
            .position(|(words, _)| question.contains(words.as_str()));
        match found.map(|at| self.acts.remove(at).1) {
            Some(Act::Stop) => Err(Error {
                kind: Kind::Interrupted,
                problems: vec![Problem::new("stopped")],
            }),
            Some(Act::Back) => Ok(Reply::Back),
            act => Ok(Reply::Given(act)),
        }
    }
}

fn index(items: &[Item], name: &str) -> usize {
    items
        .iter()
        .position(|item| item.name == name)
        .unwrap_or_else(|| panic!("`{name}` is none of {items:?}"))
}

impl Prompter for Scripted {
    fn width(&self) -> usize {
        80
    }

    fn say(&mut self, text: &str) {
        self.log.push(text.to_owned());
    }

    fn mark(&self) -> usize {
        self.log.len()
    }

    fn rewind(&mut self, mark: usize) {
        assert!(mark <= self.log.len(), "a mark of the future");
    }

    fn select(&mut self, question: &str, items: &[Item], at: usize) -> Result<Reply<usize>> {
        Ok(match self.act(question, &items[at].name)? {
            Reply::Back => Reply::Back,
            Reply::Given(None) => Reply::Given(at),
            Reply::Given(Some(Act::Say(name))) => Reply::Given(index(items, name)),
            Reply::Given(Some(act)) => panic!("{question}: {act:?}"),
        })
    }

    fn multi_select(
        &mut self,
        question: &str,
        items: &[Item],
        marked: &[bool],
    ) -> Result<Reply<Vec<usize>>> {
        let offered: Vec<usize> = (0..items.len()).filter(|at| marked[*at]).collect();
        let names: Vec<&str> = offered.iter().map(|at| items[*at].name.as_str()).collect();
        Ok(match self.act(question, &names.join(", "))? {
            Reply::Back => Reply::Back,
            Reply::Given(None) => Reply::Given(offered),
            Reply::Given(Some(Act::Mark(names))) => {
                Reply::Given(names.iter().map(|name| index(items, name)).collect())
            }
            Reply::Given(Some(act)) => panic!("{question}: {act:?}"),
        })
    }

    fn search(&mut self, question: &str, items: &[Item]) -> Result<Reply<usize>> {
        self.select(question, items, 0)
    }

    fn input(&mut self, line: Line<'_>) -> Result<Reply<String>> {
        // A text that stands there already is what Enter takes.
        let default = if line.text.is_empty() {
            line.default
        } else {
            Some(line.text)
        };
        loop {
            let text = match self.act(line.question, default.unwrap_or_default())? {
                Reply::Back => return Ok(Reply::Back),
                Reply::Given(Some(Act::Say(text))) => text,
                Reply::Given(None) if default.is_some() || line.optional => {
                    return Ok(Reply::Given(default.unwrap_or_default().to_owned()));
                }
                Reply::Given(act) => panic!("{}: {act:?}", line.question),
            };
            match (line.check)(text) {
                Ok(()) => return Ok(Reply::Given(text.to_owned())),
                Err(why) => self.log.push(format!("Not taken: {why}")),
            }
        }
    }

    fn confirm(&mut self, question: &str) -> Result<Reply<Confirmed>> {
        Ok(match self.act(question, "yes")? {
            Reply::Back => Reply::Back,
            Reply::Given(_) => Reply::Given(Confirmed::Yes),
        })
    }
}
