//! What holds for every platform, whatever is answered: tried with random answers.

mod support;

#[path = "asking/mod.rs"]
mod asking;
#[path = "properties/clean.rs"]
mod clean;
#[path = "facts/mod.rs"]
mod facts;
#[path = "properties/kustomize.rs"]
mod kustomize;
#[path = "properties/pairs.rs"]
mod pairs;
#[path = "asking/random.rs"]
mod random;

use std::cell::Cell;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock};

use landform::catalog::Catalogue;
use landform::error::Kind;
use landform::model::{Tree, answers_file, read_record};
use landform::render::render;
use proptest::prelude::any;
use proptest::test_runner::{Config, RngAlgorithm, TestError, TestRng, TestRunner};
use serde_json::Value;

use asking::back;
use asking::try_resolve;
use facts::objects;
use kustomize::{Kustomize, check_order};
use random::Dice;
use support::need;

/// How many platforms are made without any tool.
fn cases() -> u32 {
    if support::is_thorough() { 96 } else { 40 }
}

/// How many are built with kubectl.
const BUILT: u32 = 4;

/// Runs a check over random answers; a failing case is made smaller and shown. The same on every machine, unless
/// `PROPTEST_CASES` asks for more.
fn random(cases: u32, wild: u8, check: impl Fn(&Value)) {
    let catalogue = Catalogue::embedded().expect("the embedded catalogue holds");
    let mut config = Config::default();
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = cases;
    }
    config.failure_persistence = None;
    config.max_shrink_iters = 100;
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(config, rng);
    let tape = proptest::collection::vec(any::<u8>(), 0..600);
    let outcome = runner.run(&tape, |tape| {
        check(&Dice::new(&tape, wild).answers(&catalogue));
        Ok(())
    });
    if let Err(TestError::Fail(reason, tape)) = &outcome {
        panic!("{reason}\n{}", Dice::new(tape, wild).answers(&catalogue));
    }
    outcome.expect("the answers can be made");
}

/// The tree of such a platform; nothing if the answers are refused, which must be with a reason.
#[track_caller]
fn tree(answers: &Value, catalogue: &Catalogue) -> Option<Tree> {
    match try_resolve(answers, catalogue) {
        Ok(resolution) => {
            let tree = render(&resolution.platform, catalogue);
            Some(tree.unwrap_or_else(|e| panic!("{e}\n{answers}")))
        }
        Err(error) => {
            assert_eq!(error.kind, Kind::Refused, "{error}\n{answers}");
            assert!(!error.problems.is_empty(), "{answers}");
            None
        }
    }
}

/// A tree, once it is rendered; nothing if its answers are refused.
type Rendered = Arc<OnceLock<Option<Tree>>>;

/// The trees of all properties, by their answers.
static TREES: Mutex<BTreeMap<String, Rendered>> = Mutex::new(BTreeMap::new());

/// Runs a check over random platforms.
fn each(cases: u32, check: impl Fn(&Value, &Tree, &Catalogue)) {
    let catalogue = Catalogue::embedded().expect("the embedded catalogue holds");
    let (all, made) = (Cell::new(0), Cell::new(0));
    random(cases, 0, |answers| {
        all.set(all.get() + 1);
        // The same dice for each property, so the same platforms: rendered once for all of them.
        let known = {
            let mut trees = TREES.lock().expect("a lock");
            Arc::clone(trees.entry(answers.to_string()).or_default())
        };
        if let Some(tree) = known.get_or_init(|| tree(answers, &catalogue)) {
            made.set(made.get() + 1);
            check(answers, tree, &catalogue);
        }
    });
    let (all, made) = (all.get(), made.get());
    assert!(made * 3 >= all * 2, "only {made} of {all} are platforms");
}

#[test]
fn nonsense_is_refused_and_never_a_crash() {
    let catalogue = Catalogue::embedded().expect("the embedded catalogue holds");
    let refused = Cell::new(0);
    for wild in [5, 30, 100] {
        random(cases(), wild, |answers| {
            refused.set(refused.get() + u32::from(tree(answers, &catalogue).is_none()));
        });
    }
    assert!(
        refused.get() > cases(),
        "only {} were refused",
        refused.get()
    );
}

#[test]
fn the_same_answers_give_the_same_bytes() {
    each(cases() / 2, |answers, tree, catalogue| {
        let again = try_resolve(answers, catalogue).unwrap();
        let again = render(&again.platform, catalogue).unwrap();
        assert_same(tree, &again);
    });
}

#[test]
fn the_record_gives_the_same_bytes() {
    each(cases() / 2, |answers, tree, _| {
        let (platform, recorded) = read_record(tree).unwrap_or_else(|e| panic!("{e}\n{answers}"));
        let again = render(&platform, &recorded).unwrap_or_else(|e| panic!("{e}\n{answers}"));
        assert_same(tree, &again);
    });
}

#[test]
fn printed_answers_give_the_same_platform() {
    each(cases() / 2, |answers, tree, catalogue| {
        let first = try_resolve(answers, catalogue).unwrap();
        let printed = answers_file(&first.platform);
        let value: Value = back::yaml("printed", &printed);
        let second = try_resolve(&value, catalogue).unwrap_or_else(|e| panic!("{e}\n{printed}"));
        assert_eq!(second.assumed, Vec::new(), "{printed}");
        assert_eq!(printed, answers_file(&second.platform));
        let mut again = render(&second.platform, catalogue).unwrap();
        let mut tree = tree.clone();
        // What was assumed the first time is answered the second.
        for tree in [&mut tree, &mut again] {
            tree.retain(|path, _| !path.as_str().starts_with(".landform/"));
        }
        assert_same(&tree, &again);
    });
}

#[track_caller]
fn assert_same(one: &Tree, other: &Tree) {
    let paths: Vec<_> = one.keys().collect();
    assert_eq!(paths, other.keys().collect::<Vec<_>>());
    for (path, text) in one {
        assert_eq!(text, &other[path], "{path}");
    }
}

#[test]
fn landform_finds_nothing_wrong_in_what_it_made() {
    each(cases() / 2, |answers, tree, _| {
        let findings = clean::findings(tree);
        assert!(findings.is_empty(), "{findings:#?}\n{answers}");
    });
}

#[test]
fn every_file_can_be_read() {
    each(cases() / 2, |_, tree, _| {
        let texts = asking::texts(tree);
        let said = back::read_all(&texts);
        assert_eq!(said.len(), texts.len());
        for (path, text) in &texts {
            assert!(text.ends_with('\n') && !text.ends_with("\n\n"), "{path}");
            assert!(
                !text.contains("{%") && !text.contains("{#"),
                "{path}: {text}"
            );
            assert!(
                !text.lines().any(|line| line.ends_with(' ')),
                "{path}: {text}"
            );
        }
    });
}

#[test]
fn kubectl_builds_every_folder() {
    let kubectl = need!("kubectl", support::tool("kubectl"));
    let shared = need!("../shared", support::shared(""));
    each(BUILT, |_, tree, _| {
        let dir = written(tree);
        let mut findings = objects::check_objects(dir.path(), &shared, &kubectl);
        findings.extend(facts::check_texts(dir.path(), &shared));
        assert_eq!(findings, Vec::<String>::new());
        // The small stand-in for kustomize, below, finds the same folders.
        let builds = Kustomize::new(tree).build_all();
        let real = support::kustomize_folders(dir.path());
        assert_eq!(
            builds.keys().collect::<Vec<_>>(),
            real.iter().collect::<Vec<_>>()
        );
    });
}

fn written(tree: &Tree) -> assert_fs::TempDir {
    let dir = assert_fs::TempDir::new().expect("a folder");
    support::write_tree(tree, dir.path());
    dir
}

#[test]
fn an_order_that_goes_round_would_be_found() {
    let waits = |name: &str, on: &str| serde_json::json!({"kind": "Kustomization", "metadata": {"name": name}, "spec": {"dependsOn": [{"name": on}]}});
    let check = |objects: Vec<Value>| {
        let folder = PathBuf::from("clusters/a");
        let builds = BTreeMap::from([(folder.clone(), Ok(objects))]);
        check_order(&builds, &[("a".to_owned(), folder)])
    };
    assert_eq!(check(vec![waits("a", "b"), waits("b", "a")]).len(), 1);
    assert_eq!(check(vec![waits("a", "gone")]).len(), 1);
}
