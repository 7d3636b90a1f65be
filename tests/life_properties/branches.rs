//! Two Git branches that add different components.

use std::collections::BTreeSet;
use std::fs;

use landform::catalog::Catalogue;
use landform::model::{RepoPath, Tree};

use crate::each;
use crate::world::{DIR, World, absent};

/// The lists that two branches may meet in.
fn is_list(path: &str) -> bool {
    let words: Vec<&str> = path.split('/').collect();
    matches!(
        words.as_slice(),
        [
            "clusters",
            _,
            "apps" | "infrastructure",
            "kustomization.yaml"
        ]
    )
}

/// What names whatever the bootstrap waits for, and the README, which tells of every component of infrastructure.
fn may_clash(path: &str, both_bring_infrastructure: bool) -> bool {
    let is_terraform = path.starts_with("terraform/") && path.ends_with("/main.tf");
    is_terraform || path == "README.md" && both_bring_infrastructure
}

/// Whether something new has its shared folder in infrastructure.
fn brings_infrastructure(before: &Tree, branch: &Tree) -> bool {
    let mut new = branch.keys().filter(|path| !before.contains_key(*path));
    new.any(|path| path.as_str().starts_with("infrastructure/"))
}

/// Takes the lines of both sides where they clash, in this order or the other.
fn both(text: &str, swapped: bool) -> String {
    let (mut result, mut sides) = (Vec::new(), None::<(Vec<&str>, Vec<&str>, bool)>);
    for line in text.lines() {
        let marks = line.starts_with("<<<<<<<") || line.starts_with(">>>>>>>") || line == "=======";
        match (&mut sides, marks) {
            (None, true) => sides = Some((Vec::new(), Vec::new(), false)),
            (None, false) => result.push(line),
            (Some((_, _, second)), true) if line == "=======" => *second = true,
            (Some((ours, theirs, _)), true) => {
                let (first, then) = if swapped {
                    (theirs, ours)
                } else {
                    (ours, theirs)
                };
                let new: Vec<&str> = then
                    .iter()
                    .filter(|line| !first.contains(line))
                    .copied()
                    .collect();
                result.append(first);
                result.extend(new);
                sides = None;
            }
            (Some((ours, theirs, second)), false) => {
                if *second {
                    theirs.push(line);
                } else {
                    ours.push(line);
                }
            }
        }
    }
    result.join("\n") + "\n"
}

/// The places of the lines in `wanted` that are new in one of the branches.
fn lines(before: &Tree, branch: &Tree, wanted: &Tree, path: &str) -> BTreeSet<usize> {
    let find = |tree: &Tree| {
        let file = tree.iter().find(|(known, _)| known.as_str() == path);
        file.map(|(_, text)| text.clone()).unwrap_or_default()
    };
    let (before, branch, wanted) = (find(before), find(branch), find(wanted));
    let known: BTreeSet<&str> = before.lines().collect();
    let new: BTreeSet<&str> = branch
        .lines()
        .filter(|line| !known.contains(line))
        .collect();
    let places = wanted
        .lines()
        .enumerate()
        .filter(|(_, line)| new.contains(line));
    places.map(|(at, _)| at).collect()
}

#[test]
fn two_branches_meet_in_one_list_at_most() {
    let (conflicts, quiet) = (std::cell::Cell::new(0), std::cell::Cell::new(0));
    each(8, |dice, world| {
        let catalogue = Catalogue::embedded().unwrap();
        let mut names = absent(&world.platform(), &catalogue);
        let before = (world.head(), world.tree());
        let mut branches = Vec::new();
        while branches.len() < 2 && !names.is_empty() {
            let name = names.remove(dice.below(names.len()));
            world.git(&["checkout", "--quiet", "-B", &name, &before.0]);
            let ran = world.edit_with_answers(&["add", &name, "--with-needs"]);
            if ran.is_fine() && world.head() != before.0 {
                branches.push((name, world.tree(), world.placed()));
            }
        }
        let [(one, ours, on_one), (other, theirs, on_other)] = branches.as_slice() else {
            return false;
        };
        // One after the other, for comparison.
        world.git(&["checkout", "--quiet", "-B", "wanted", one]);
        if !world
            .edit_with_answers(&["add", other, "--with-needs"])
            .is_fine()
        {
            return false;
        }
        let both_placed: BTreeSet<_> = on_one.union(on_other).cloned().collect();
        if world.placed() != both_placed {
            return false;
        }
        let wanted = world.tree();
        world.git(&["checkout", "--quiet", one]);
        let merged = world
            .sandbox
            .try_git(DIR, ["merge", "--quiet", "-m", "Merge", other]);
        let clashing = world.git(&["diff", "--name-only", "--diff-filter=U"]);
        let clashing: Vec<String> = clashing.lines().map(str::to_owned).collect();
        assert_eq!(merged.status.success(), clashing.is_empty());
        let infrastructure = [ours, theirs].map(|tree| brings_infrastructure(&before.1, tree));
        for path in &clashing {
            if may_clash(path, infrastructure == [true, true]) {
                continue;
            }
            assert!(is_list(path), "{one} {other}: {path}");
            let (a, b) = (
                lines(&before.1, ours, &wanted, path),
                lines(&before.1, theirs, &wanted, path),
            );
            let near = a.iter().any(|a| b.iter().any(|b| a.abs_diff(*b) <= 1));
            assert!(near, "{one} {other}: not neighbours in {path}");
        }
        if clashing.is_empty() {
            quiet.set(quiet.get() + 1);
        } else {
            conflicts.set(conflicts.get() + 1);
        }
        resolve(world, &clashing, &wanted);
        // What gives one of them something that the other one uses must be rendered by landform.
        let merged = world.tree();
        let apart: Vec<&str> = wanted
            .iter()
            .filter(|(path, text)| merged.get(*path) != Some(text))
            .map(|(path, _)| path.as_str())
            .collect();
        for path in &apart {
            let file = RepoPath::new(*path).unwrap();
            let sides = [ours.get(&file), theirs.get(&file)];
            let is_new = sides.iter().all(|side| *side != wanted.get(&file));
            assert!(
                is_new,
                "{one} {other}: {path} is lost\n{:?}",
                merged.get(&file)
            );
        }
        world.run(&["list"]).succeeded();
        let diff = world.run(&["diff"]).succeeded();
        assert_eq!(
            diff.stdout.is_empty(),
            apart.is_empty(),
            "{one} {other} {apart:?}\n{}",
            diff.stdout
        );
        true
    });
    let (conflicts, quiet) = (conflicts.get(), quiet.get());
    assert!(
        !crate::support::is_thorough() || conflicts > 1 && quiet > 1,
        "{conflicts} with conflicts, {quiet} without"
    );
}

fn resolve(world: &World, clashing: &[String], wanted: &Tree) {
    for path in clashing {
        let file = world.sandbox.path(DIR).join(path);
        if !is_list(path) {
            // More than lines to take: a person writes what landform would.
            let of = RepoPath::new(path.as_str()).unwrap();
            fs::write(file, &wanted[&of]).unwrap();
            continue;
        }
        let text = fs::read_to_string(&file).unwrap();
        let (one, other) = (both(&text, false), both(&text, true));
        let is_wanted = |text: &String| wanted.values().any(|wanted| wanted == text);
        fs::write(file, if is_wanted(&other) { other } else { one }).unwrap();
    }
    if !clashing.is_empty() {
        world.commit();
    }
}
