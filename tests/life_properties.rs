//! What holds for every command on every platform: tried with random platforms, edits and commands, through the real
//! program. `PROPTEST_CASES` asks for more cases than the few that fit into every run.

#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    reason = "a test ends where something is not as expected"
)]

mod support;

#[path = "asking/mod.rs"]
mod asking;
#[path = "properties/clean.rs"]
mod clean;
#[path = "facts/mod.rs"]
mod facts;
#[path = "properties/kustomize.rs"]
mod kustomize;
#[path = "asking/random.rs"]
mod random;
#[allow(dead_code, reason = "shared with the tests of `new`")]
#[path = "new/sandbox.rs"]
mod sandbox;

#[path = "life_properties/branches.rs"]
mod branches;
#[path = "life_properties/commands.rs"]
mod commands;
#[path = "life_properties/edits.rs"]
mod edits;
#[path = "life_properties/inverse.rs"]
mod inverse;
#[path = "life_properties/sequences.rs"]
mod sequences;
#[path = "life_properties/updates.rs"]
mod updates;
#[path = "life_properties/variants.rs"]
mod variants;
#[path = "life_properties/world.rs"]
mod world;

use std::cell::Cell;

use landform::catalog::Catalogue;
use proptest::prelude::any;
use proptest::test_runner::{Config, RngAlgorithm, TestError, TestRng, TestRunner};

use random::Dice;
use serde_json::Value;
use world::World;

/// Tries a property on random platforms: `check` says whether there was something to try. A failing case is made
/// smaller and shown. The same on every machine, a quarter of them unless it is to be thorough, and more if
/// `PROPTEST_CASES` asks for them.
fn each(cases: u32, check: impl Fn(&mut Dice<'_>, &World) -> bool) {
    let catalogue = Catalogue::embedded().unwrap();
    each_answers(cases, &catalogue, |dice, answers| {
        let world = World::new(answers, &catalogue);
        world.is_some_and(|world| check(dice, &world))
    });
}

/// The same with the answers alone, which are for a given catalogue.
fn each_answers(cases: u32, catalogue: &Catalogue, check: impl Fn(&mut Dice<'_>, &Value) -> bool) {
    let asked = std::env::var("PROPTEST_CASES").ok();
    let asked = asked.and_then(|asked| asked.parse().ok());
    let cases = if support::is_thorough() {
        cases
    } else {
        cases.div_ceil(4)
    };
    let config = Config {
        cases: asked.unwrap_or(cases),
        failure_persistence: None,
        max_shrink_iters: 30,
        ..Config::default()
    };
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(config, rng);
    let tapes = (
        proptest::collection::vec(any::<u8>(), 100..600),
        proptest::collection::vec(any::<u8>(), 100..400),
    );
    let (all, tried) = (Cell::new(0), Cell::new(0));
    let outcome = runner.run(&tapes, |(platform, rest)| {
        all.set(all.get() + 1);
        let dice = &mut Dice::new(&rest, 0);
        let answers = world::answers(&platform, dice, catalogue);
        if check(dice, &answers) {
            tried.set(tried.get() + 1);
        }
        Ok(())
    });
    if let Err(TestError::Fail(reason, (platform, rest))) = &outcome {
        let dice = &mut Dice::new(rest, 0);
        panic!("{reason}\n{}", world::answers(platform, dice, catalogue));
    }
    outcome.unwrap();
    let (all, tried) = (all.get(), tried.get());
    assert!(
        tried * 2 >= all,
        "only {tried} of {all} were something to try"
    );
}
