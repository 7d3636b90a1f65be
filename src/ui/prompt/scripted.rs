//! Somebody who answers from a script: for tests.

use std::collections::VecDeque;

use super::{Confirmed, Item, Line, Prompter, Reply};
use crate::error::{Error, Kind, Problem, Result};

/// One answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// Whatever is offered.
    Enter,
    /// A line, or the name of one item.
    Say(&'static str),
    /// Exactly these are marked.
    Mark(Vec<&'static str>),
    /// Escape.
    Back,
    /// Control-C.
    Stop,
    /// The last question.
    Confirm(Confirmed),
}

/// Answers from a script, and keeps what was asked and said.
#[derive(Debug, Default)]
pub struct Scripted {
    acts: VecDeque<Act>,
    /// Everything asked, with its default, and everything said.
    pub log: Vec<String>,
}

impl Scripted {
    /// Answers these, in order; when they are used up, takes what is offered.
    pub fn new(acts: impl IntoIterator<Item = Act>) -> Self {
        Self {
            acts: acts.into_iter().collect(),
            log: Vec::new(),
        }
    }

    /// How many answers were not used.
    pub fn left(&self) -> usize {
        self.acts.len()
    }

    fn next(&mut self, asked: String) -> Result<Option<Act>> {
        self.log.push(asked);
        match self.acts.pop_front().unwrap_or(Act::Enter) {
            Act::Stop => Err(Error {
                kind: Kind::Interrupted,
                problems: vec![Problem::new("stopped")],
            }),
            Act::Back => Ok(None),
            act => Ok(Some(act)),
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
        let asked = format!("{question} [{}]", items[at].name);
        Ok(match self.next(asked)? {
            None => Reply::Back,
            Some(Act::Enter) => Reply::Given(at),
            Some(Act::Say(name)) => Reply::Given(index(items, name)),
            Some(act) => panic!("{question}: {act:?}"),
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
        let asked = format!("{question} [{}]", names.join(", "));
        Ok(match self.next(asked)? {
            None => Reply::Back,
            Some(Act::Enter) => Reply::Given(offered),
            Some(Act::Mark(names)) => {
                Reply::Given(names.iter().map(|name| index(items, name)).collect())
            }
            Some(act) => panic!("{question}: {act:?}"),
        })
    }

    fn search(&mut self, question: &str, items: &[Item]) -> Result<Reply<usize>> {
        self.select(question, items, 0)
    }

    fn input(&mut self, line: Line<'_>) -> Result<Reply<String>> {
        let default = line.default.unwrap_or_default();
        loop {
            let asked = format!("{} [{default}]", line.question);
            let text = match self.next(asked)? {
                None => return Ok(Reply::Back),
                Some(Act::Enter) if line.default.is_some() || line.optional => {
                    return Ok(Reply::Given(default.to_owned()));
                }
                Some(Act::Enter) => String::new(),
                Some(Act::Say(text)) => text.to_owned(),
                Some(act) => panic!("{}: {act:?}", line.question),
            };
            match (line.check)(&text) {
                Ok(()) => return Ok(Reply::Given(text)),
                Err(why) => {
                    assert!(!self.acts.is_empty(), "{}: {why}", line.question);
                    self.log.push(format!("Not taken: {why}"));
                }
            }
        }
    }

    fn confirm(&mut self, question: &str) -> Result<Reply<Confirmed>> {
        Ok(match self.next(question.to_owned())? {
            None => Reply::Back,
            Some(Act::Enter) => Reply::Given(Confirmed::Yes),
            Some(Act::Confirm(confirmed)) => Reply::Given(confirmed),
            Some(act) => panic!("{question}: {act:?}"),
        })
    }
}
