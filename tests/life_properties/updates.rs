//! An update gives what `new` would have given with the newer templates.

use landform::catalog::{Catalogue, Files};
use landform::error::Source;
use landform::model::{RepoPath, Tree};
use landform::render::render;
use serde_json::{Value, json};

use crate::asking::try_resolve;
use crate::each_answers;
use crate::variants::{Variant, first};
use crate::world::{World, assert_same};

/// What `new` gives for answers; nothing where they are refused.
fn fresh(answers: &Value, catalogue: &Catalogue) -> Option<Tree> {
    let platform = try_resolve(answers, catalogue).ok()?.platform;
    Some(render(&platform, catalogue).unwrap())
}

fn with_catalogue(answers: &Value, folder: &str) -> Value {
    let mut answers = answers.clone();
    answers["catalog"] = json!({"path": folder});
    answers
}

#[test]
fn from_the_first_catalogue_to_this_one() {
    let (old, new) = (
        Catalogue::load(first()).unwrap(),
        Catalogue::embedded().unwrap(),
    );
    each_answers(8, &old, |_, answers| {
        let (Some(world), Some(wanted)) = (World::new(answers, &old), fresh(answers, &new)) else {
            return false;
        };
        world.edit(&["update", "--with-needs"]).succeeded();
        assert_same(&world.tree(), &wanted);
        true
    });
}

#[test]
fn from_one_variant_to_another_and_on() {
    let embedded = Catalogue::embedded().unwrap();
    each_answers(5, &embedded, |dice, answers| {
        let variants: Vec<Variant> = (0..3).map(|number| Variant::random(number, dice)).collect();
        let catalogues: Vec<Catalogue> = variants
            .iter()
            .map(|variant| Catalogue::load(variant.files()).unwrap())
            .collect();
        let from = with_catalogue(answers, "../v0");
        let Some(world) = World::new(&from, &catalogues[0]) else {
            return false;
        };
        let mut pinned = world.tree();
        pinned.retain(|path, _| !is_record(path) && path.file_name() == "version.yaml");
        let mut was_newer = variants[0].newer;
        for (at, variant) in variants.iter().enumerate().skip(1) {
            let folder = format!("../v{at}");
            variant.write(&world.sandbox.path(&format!("v{at}")));
            let command = ["update", "--with-needs", "--trust", "--catalog", &folder];
            world.edit(&command).succeeded();
            let answers = with_catalogue(answers, &folder);
            let mut wanted = fresh(&answers, &catalogues[at]).unwrap();
            // Versions never go back.
            was_newer |= variant.newer;
            if was_newer && !variant.newer {
                let ahead = Variant {
                    newer: true,
                    ..*variant
                };
                let ahead = Catalogue::load(ahead.files()).unwrap();
                let ahead = fresh(&answers, &ahead).unwrap();
                wanted.retain(|path, _| is_record(path));
                wanted.extend(ahead.into_iter().filter(|(path, _)| !is_record(path)));
            }
            // What a cluster keeps it keeps.
            let pins = pinned
                .iter()
                .map(|(path, text)| (path.clone(), text.clone()));
            wanted.extend(pins);
            assert_same(&world.tree(), &wanted);
        }
        true
    });
}

fn is_record(path: &RepoPath) -> bool {
    path.as_str().starts_with(".landform/")
}

/// The embedded catalogue with a component that it does not have: a copy of another one.
fn with_extra() -> Files {
    let mut files = landform::catalog::embedded_files();
    let copies: Files = files
        .iter()
        .filter_map(|(path, source)| {
            let rest = path.strip_prefix("apps/reloader/")?;
            let text = source.text.replace("reloader", "extra");
            let path = format!("apps/extra/{rest}");
            Some((path.clone(), Source::new(path, text)))
        })
        .collect();
    files.extend(copies);
    files
}

#[test]
fn what_the_catalogue_has_no_longer_stays() {
    let old = Catalogue::load(with_extra()).unwrap();
    each_answers(4, &old, |dice, answers| {
        let mut answers = answers.clone();
        answers["components"]["extra"] = json!({});
        let Some(world) = World::new(&answers, &old) else {
            return false;
        };
        // Something that changes the other components beside it.
        let variant = Variant {
            newer: true,
            ..Variant::random(1, dice)
        };
        variant.write(&world.sandbox.path("v"));
        let before = world.tree();
        world
            .edit(&["update", "--with-needs", "--trust", "--catalog", "../v"])
            .succeeded();
        let after = world.tree();
        let of_extra = |path: &RepoPath| {
            path.as_str().contains("/extra/") && !path.as_str().starts_with("clusters/")
        };
        let extra = |tree: &Tree| -> Tree {
            let files = tree.iter().filter(|(path, _)| of_extra(path));
            files
                .map(|(path, text)| (path.clone(), text.clone()))
                .collect()
        };
        if !variant.skeleton {
            assert_same(&extra(&after), &extra(&before));
        }
        assert!(!extra(&after).is_empty());
        assert!(world.placed().iter().any(|(name, _)| name == "extra"));
        assert_eq!(world.run(&["diff"]).succeeded().stdout, "");
        true
    });
}
