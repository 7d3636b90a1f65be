//! Commands done twice, in another order, and taken back.

use std::collections::{BTreeMap, BTreeSet};

use landform::catalog::Catalogue;

use crate::commands::{ALL, Kind, words};
use crate::each;
use crate::random::Dice;
use crate::world::{World, absent};

fn refs(words: &[String]) -> Vec<&str> {
    words.iter().map(String::as_str).collect()
}

#[test]
fn twice_is_once() {
    let catalogue = Catalogue::embedded().unwrap();
    each(7, |dice, world| {
        let mut tried = false;
        for _ in 0..4 {
            let kind = *dice.pick(&ALL);
            let command = words(kind, dice, &world.platform());
            let command = refs(&command);
            if !world.edit_with_answers(&command).is_fine() {
                continue;
            }
            // Names that only the platform knew cannot be told from misspelt ones when they are gone.
            let is_forgotten = match kind {
                Kind::RemoveCluster => true,
                Kind::Remove | Kind::Rename => !catalogue.components.contains_key(command[1]),
                _ => false,
            };
            if is_forgotten {
                continue;
            }
            tried = true;
            let head = world.head();
            let again = world.edit_with_answers(&command).succeeded();
            assert_eq!(world.head(), head, "{again:?}\n{}", world.since(&head));
        }
        tried
    });
}

#[test]
fn an_update_with_nothing_new_changes_nothing() {
    each(4, |_, world| {
        let head = world.head();
        let ran = world.edit(&["update"]).succeeded();
        assert_eq!(world.head(), head, "{ran:?}\n{}", world.since(&head));
        let ran = world.run(&["diff"]).succeeded();
        assert_eq!(ran.stdout, "");
        true
    });
}

/// Adds something that is not there; says what came to which clusters.
fn added(dice: &mut Dice<'_>, world: &World) -> Option<BTreeMap<String, BTreeSet<String>>> {
    let catalogue = Catalogue::embedded().unwrap();
    let platform = world.platform();
    let absent = absent(&platform, &catalogue);
    for _ in 0..4 {
        let name = dice.pick(&absent).clone();
        let before = world.placed();
        let mut command = vec!["add", name.as_str(), "--with-needs"];
        let clusters: Vec<&String> = platform.clusters.keys().collect();
        if dice.chance(40) {
            command.extend(["--on", dice.pick(&clusters).as_str()]);
        }
        if !world.edit_with_answers(&command).is_fine() {
            continue;
        }
        let mut came: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (component, cluster) in world.placed().difference(&before) {
            came.entry(component.clone())
                .or_default()
                .insert(cluster.clone());
        }
        if !came.is_empty() {
            return Some(came);
        }
    }
    None
}

#[test]
fn a_removal_takes_back_what_was_added() {
    each(9, |dice, world| {
        let (head, tree) = (world.head(), world.tree_id());
        let Some(mut came) = added(dice, world) else {
            return false;
        };
        let at_once = dice.chance(60);
        while !came.is_empty() {
            let mut gone = BTreeSet::new();
            let mut told = Vec::new();
            for (name, clusters) in &came {
                let on = clusters.iter().cloned().collect::<Vec<_>>().join(",");
                let command = ["remove", name, "--on", &on];
                let first = if at_once {
                    world.edit(&[&command[..], &["--now"]].concat())
                } else {
                    world.edit(&command)
                };
                if !first.is_fine() {
                    told.push(first.stderr);
                    continue;
                }
                if world
                    .placed()
                    .iter()
                    .any(|(there, on)| there == name && clusters.contains(on))
                {
                    world
                        .edit(&[&command[..], &["--continue"]].concat())
                        .succeeded();
                }
                gone.insert(name.clone());
            }
            assert!(!gone.is_empty(), "{told:?}");
            came.retain(|name, _| !gone.contains(name));
        }
        assert_eq!(world.tree_id(), tree, "{}", world.since(&head));
        true
    });
}

#[test]
fn components_may_come_in_any_order() {
    each(7, |dice, world| {
        let catalogue = Catalogue::embedded().unwrap();
        let mut names = absent(&world.platform(), &catalogue);
        let mut chosen = Vec::new();
        for _ in 0..3 {
            chosen.push(names.remove(dice.below(names.len())));
        }
        let head = world.head();
        let mut outcomes = Vec::new();
        for order in [[0, 1, 2], [2, 0, 1], [1, 2, 0]] {
            world.reset(&head);
            let mut fine = 0;
            for at in order {
                let command = ["add", &chosen[at], "--with-needs"];
                fine += usize::from(world.edit_with_answers(&command).is_fine());
            }
            outcomes.push((fine, world.placed(), world.head(), world.tree_id()));
        }
        // What gives an ability first decides who else may come.
        let (most, placed, first, tree) = &outcomes[0];
        let mut compared = false;
        for (fine, other, _, id) in &outcomes[1..] {
            if fine == most && other == placed {
                compared = *fine > 1 || compared;
                assert_eq!(id, tree, "{chosen:?}\n{}", world.since(first));
            }
        }
        compared
    });
}

#[test]
fn there_and_back_is_nothing() {
    each(7, |dice, world| {
        let mut tried = false;
        for _ in 0..3 {
            let (head, tree) = (world.head(), world.tree_id());
            let platform = world.platform();
            let names: Vec<&String> = platform.components.keys().collect();
            let name = dice.pick(&names).as_str();
            let layer = world.read().1.components[name].spec.layer;
            let (there, back) = if dice.chance(50) {
                let other = if layer.as_str() == "apps" {
                    "infrastructure"
                } else {
                    "apps"
                };
                (
                    ["move", name, "--to", other],
                    ["move", name, "--to", layer.as_str()],
                )
            } else {
                let word = if layer.as_str() == "apps" {
                    "app"
                } else {
                    "infrastructure"
                };
                (
                    ["rename", word, name, "elsewhere"],
                    ["rename", word, "elsewhere", name],
                )
            };
            if world.edit(&there).is_fine() && world.tree_id() != tree {
                tried = true;
                world.edit(&back).succeeded();
                assert_eq!(world.tree_id(), tree, "{there:?}\n{}", world.since(&head));
            }
        }
        tried
    });
}

/// A platform of one cluster.
fn small() -> World {
    let catalogue = Catalogue::embedded().unwrap();
    let answers = serde_json::json!({
        "name": "acme",
        "git": {"url": "https://git.example.com/acme.git", "auth": "public"},
        "email": "ops@acme.io",
        "clusters": {"a": {"provider": "kind"}},
        "components": {"grafana": {}, "reloader": {}},
    });
    World::new(&answers, &catalogue).unwrap()
}

#[test]
fn a_new_cluster_gets_the_usual_under_any_name() {
    let world = small();
    for name in ["flux-operator", "cilium", "grafana"] {
        let new = format!("{name}-2");
        world.edit(&["rename", name, &new]).succeeded();
    }
    let command = ["add", "cluster", "b", "--provider", "kind", "--with-needs"];
    world.edit(&command).succeeded();
    let placed = world.placed();
    for name in ["flux-operator-2", "cilium-2", "grafana-2"] {
        assert!(
            placed.contains(&(name.to_owned(), "b".to_owned())),
            "{placed:?}"
        );
    }
}

#[test]
fn what_is_done_already_is_told() {
    let world = small();
    let head = world.head();
    let ran = world.edit(&["remove", "loki"]).succeeded();
    assert!(
        ran.stderr.contains("loki is not on the platform acme"),
        "{ran:?}"
    );
    assert_eq!(world.edit(&["remove", "lokki"]).code, 2);
    assert_eq!(world.head(), head);
    world.edit(&["rename", "grafana", "boards"]).succeeded();
    let head = world.head();
    world.edit(&["rename", "grafana", "boards"]).succeeded();
    assert_eq!(world.head(), head);
    // It is there, under another name.
    assert_eq!(world.edit(&["remove", "grafana"]).code, 2);
    assert_eq!(world.edit(&["rename", "grafana", "reloader"]).code, 2);
}
