//! Whatever a file says, it is read or refused: no input makes landform panic, hang or overflow its stack.

#![allow(
    clippy::unwrap_used,
    reason = "a test ends where something is not as expected"
)]

#[path = "no_panics/tree.rs"]
mod tree;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use landform::check::{check, config_of};
use landform::error::Source;
use landform::graph::Graph;
use landform::index::{Index, Objects, Repository, pieces};
use landform::yaml::{parse, parse_foreign};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

/// Far above what any of these inputs needs, far below what a loop without an end takes.
const LONG: Duration = Duration::from_secs(20);

/// Tries random inputs, the same on every machine unless `PROPTEST_CASES` asks for more; a failing one is made smaller
/// and shown.
fn each<S: Strategy>(cases: u32, inputs: &S, run: impl Fn(S::Value)) {
    let mut config = Config::default();
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = cases;
    }
    config.failure_persistence = None;
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let outcome = TestRunner::new_with_rng(config, rng).run(inputs, |input| {
        let began = Instant::now();
        run(input);
        prop_assert!(began.elapsed() < LONG, "it takes very long");
        Ok(())
    });
    outcome.unwrap_or_else(|error| panic!("{error}"));
}

/// Everything that is done with a repository that is read.
fn read(tree: BTreeMap<String, String>) {
    let index = Index::of_texts(tree);
    let objects = Objects::of(&index);
    let repository = Repository::of(&index, &objects);
    if let Ok(config) = config_of(&repository) {
        check(&repository, &[], &config);
    }
    for cluster in &repository.clusters {
        Graph::of(cluster, &repository);
    }
}

#[test]
fn any_yaml_is_read_or_refused() {
    each(2000, &tree::yaml(), |text| {
        let source = Source::new("a.yaml", text);
        for outcome in [
            parse(&source).map(|node| vec![node]),
            parse_foreign(&source),
        ] {
            match outcome {
                Ok(nodes) => {
                    for node in nodes {
                        assert!(
                            source.text.get(node.span.clone()).is_some(),
                            "{:?}",
                            node.span
                        );
                    }
                }
                Err(error) => assert!(!error.problems.is_empty()),
            }
        }
    });
}

#[test]
fn any_text_is_taken_apart_into_what_it_is_made_of() {
    each(4000, &tree::substituted(), |text| {
        for piece in pieces(&text) {
            drop(format!("{piece:?}"));
        }
    });
}

#[test]
fn any_repository_is_read() {
    each(800, &tree::trees(), read);
}

#[test]
fn what_leads_round_or_is_deep_ends() {
    for (name, tree) in tree::rounds() {
        let began = Instant::now();
        read(tree);
        let took = began.elapsed();
        assert!(took < LONG, "{name}: {took:?}");
        println!("{name}: {took:?}");
    }
}
