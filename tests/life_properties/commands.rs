//! Random commands: mostly such as a platform takes, sometimes not.

use landform::catalog::{AnswerType, Catalogue, Question};
use landform::model::Platform;

use crate::asking::{has_sample, sample};
use crate::random::Dice;
use crate::world::absent;

/// Kinds of commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Add,
    Remove,
    Pin,
    PinTo,
    Unpin,
    Set,
    Move,
    Rename,
    AddCluster,
    RemoveCluster,
    Update,
}

/// All of them.
pub(crate) const ALL: [Kind; 11] = [
    Kind::Add,
    Kind::Remove,
    Kind::Pin,
    Kind::PinTo,
    Kind::Unpin,
    Kind::Set,
    Kind::Move,
    Kind::Rename,
    Kind::AddCluster,
    Kind::RemoveCluster,
    Kind::Update,
];

/// Names for clusters and components that are not there yet.
const NAMES: [&str; 4] = ["north", "south", "east-2", "w"];

/// The words of a command.
pub(crate) fn words(kind: Kind, dice: &mut Dice<'_>, platform: &Platform) -> Vec<String> {
    let embedded = Catalogue::embedded().unwrap();
    let there: Vec<&String> = platform.components.keys().collect();
    let clusters: Vec<&String> = platform.clusters.keys().collect();
    let name = |dice: &mut Dice<'_>| (*dice.pick(&there)).clone();
    let cluster = |dice: &mut Dice<'_>| (*dice.pick(&clusters)).clone();
    let words = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect();
    match kind {
        Kind::Add => {
            let absent = absent(platform, &embedded);
            let name = if absent.is_empty() || dice.chance(15) {
                name(dice)
            } else {
                dice.pick(&absent).clone()
            };
            let mut all: Vec<String> = words(&["add", &name, "--with-needs"]);
            if dice.chance(40) {
                all.extend(["--on".to_owned(), cluster(dice)]);
            }
            all
        }
        Kind::Remove => {
            let mut all: Vec<String> = words(&["remove", &name(dice), "--now"]);
            if dice.chance(40) {
                all.extend(["--on".to_owned(), cluster(dice)]);
            }
            all
        }
        Kind::Pin | Kind::PinTo | Kind::Unpin => {
            let cluster = cluster(dice);
            let on: Vec<&String> = platform.clusters[&cluster].components.keys().collect();
            let name = *dice.pick(&on);
            let verb = if kind == Kind::Unpin { "unpin" } else { "pin" };
            let mut all: Vec<String> = words(&[verb, name, "--on", &cluster]);
            if kind == Kind::PinTo {
                all.push((*dice.pick(&["0.1.2", "99.0.1", "v1.0.0"])).to_owned());
            }
            all
        }
        Kind::Set => words(&["set", &setting(dice, platform, &embedded), "--with-needs"]),
        Kind::Move => {
            let to = *dice.pick(&["apps", "infrastructure"]);
            words(&["move", &name(dice), "--to", to])
        }
        Kind::Rename => words(&["rename", &name(dice), *dice.pick(&NAMES)]),
        Kind::AddCluster => {
            let new = *dice.pick(&NAMES);
            let mut all: Vec<String> = words(&["add", "cluster", new, "--with-needs"]);
            if dice.chance(70) {
                all.extend(["--like".to_owned(), cluster(dice)]);
            } else {
                let provider = *dice.pick(&["kind", "existing"]);
                all.extend(["--provider".to_owned(), provider.to_owned()]);
            }
            all
        }
        Kind::RemoveCluster => words(&["remove", "cluster", &cluster(dice), "--destroyed"]),
        Kind::Update => words(&["update", "--with-needs"]),
    }
}

/// An answer, as `set` takes it.
pub(crate) fn setting(dice: &mut Dice<'_>, platform: &Platform, catalogue: &Catalogue) -> String {
    let cluster = *dice.pick(&platform.clusters.keys().collect::<Vec<_>>());
    let provider = platform.clusters[cluster].provider.as_str();
    let mut all: Vec<(String, &Question)> = Vec::new();
    let own = &catalogue.providers[provider].spec.questions;
    for question in own.iter().chain(&catalogue.common.cluster) {
        all.push((format!("{cluster}.{}", question.name.value), question));
    }
    for (name, component) in &catalogue.components {
        if platform.clusters[cluster].components.contains_key(name) {
            for question in &component.spec.questions {
                all.push((
                    format!("{cluster}:{name}.{}", question.name.value),
                    question,
                ));
            }
        }
    }
    if dice.chance(25) {
        return (*dice.pick(&[
            "email=other@acme.io",
            "git.url=https://git.example.com/other/acme.git",
            "git.branch=next",
            "ci=none",
            "ci=gitlab",
        ]))
        .to_owned();
    }
    let (key, question) = dice.pick(&all);
    let choices: Vec<&String> = question.choices.keys().collect();
    let name = &question.name.value;
    let value = if question.is_choice() && !choices.is_empty() {
        (*dice.pick(&choices)).clone()
    } else if dice.chance(20) || !question.fields.is_empty() {
        String::new()
    } else {
        match question.kind {
            AnswerType::Number => (*dice.pick(&["1", "3", "7"])).to_owned(),
            AnswerType::Boolean => (*dice.pick(&["true", "false"])).to_owned(),
            _ if !has_sample(name) => String::new(),
            AnswerType::List => format!("[{}]", sample(name)),
            _ => sample(name).to_owned(),
        }
    };
    format!("{key}={value}")
}
