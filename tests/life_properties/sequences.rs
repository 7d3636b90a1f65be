//! Whatever commands follow each other, what comes of it is a platform as landform would write it.

use std::cell::RefCell;
use std::collections::BTreeMap;

use landform::catalog::Catalogue;
use landform::model::{Tree, answers_file};
use landform::render::render;
use serde_json::Value;

use crate::asking::{back, try_resolve};
use crate::commands::{ALL, Kind, words};
use crate::kustomize::faults;
use crate::support::{self, need};
use crate::world::{World, assert_same};
use crate::{each, world};

/// How many platforms are built with kubectl.
const BUILT: u32 = 1;

/// Runs random commands; gives the kinds of those that changed something.
fn live(dice: &mut crate::random::Dice<'_>, world: &World) -> Vec<Kind> {
    let mut done = Vec::new();
    for _ in 0..5 + dice.below(6) {
        let kind = *dice.pick(&ALL);
        let platform = world.platform();
        let command = words(kind, dice, &platform);
        let command: Vec<&str> = command.iter().map(String::as_str).collect();
        let head = world.head();
        let ran = world.edit_with_answers(&command);
        assert_ne!(ran.code, 1, "{ran:?}");
        if world.head() != head {
            done.push(kind);
            check(world, &format!("{done:?} {}", ran.command));
        }
    }
    done
}

/// What holds after every command.
#[track_caller]
fn check(world: &World, after: &str) {
    let tree = world.tree();
    assert_eq!(faults(&tree), Vec::<String>::new(), "{after}");
    let diff = world.run(&["diff"]).succeeded();
    assert_eq!(diff.stdout, "", "{after}");
    let (platform, catalogue) = world.read();
    assert_same(&tree, &render(&platform, &catalogue).unwrap());
}

#[test]
fn a_long_life_leaves_a_platform() {
    let counts: RefCell<BTreeMap<String, usize>> = RefCell::default();
    each(5, |dice, world| {
        let done = live(dice, world);
        world.is_clean();
        for kind in &done {
            *counts.borrow_mut().entry(format!("{kind:?}")).or_default() += 1;
        }
        let by_name = [
            Kind::Pin,
            Kind::PinTo,
            Kind::Unpin,
            Kind::Move,
            Kind::Rename,
        ];
        if !done.iter().any(|kind| by_name.contains(kind)) {
            new_from_answers(world);
        }
        done.len() > 2
    });
    let counts = counts.borrow();
    println!("{counts:?}");
    assert!(!support::is_thorough() || counts.len() > 6, "{counts:?}");
}

/// The answers of the record give the same platform.
fn new_from_answers(world: &World) {
    let printed = answers_file(&world.platform());
    let value: Value = back::yaml("printed", &printed);
    let catalogue = Catalogue::embedded().unwrap();
    let again = try_resolve(&value, &catalogue).unwrap_or_else(|e| panic!("{e}\n{printed}"));
    let mut again = render(&again.platform, &catalogue).unwrap();
    let mut tree: Tree = world.tree();
    for tree in [&mut again, &mut tree] {
        tree.retain(|path, _| !path.as_str().starts_with(".landform/"));
    }
    assert_same(&tree, &again);
}

#[test]
fn kubectl_builds_every_folder_after_a_life() {
    let kubectl = need!("kubectl", support::tool("kubectl"));
    each(BUILT, |dice, world| {
        live(dice, world);
        let root = world.sandbox.path(world::DIR);
        for folder in support::kustomize_folders(&root) {
            let mut command = support::command(&kubectl);
            let output = command.arg("kustomize").arg(root.join(&folder)).output();
            let output = output.unwrap();
            let why = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(output.status.success(), "{}: {why}", folder.display());
        }
        true
    });
}
