//! What somebody wrote by hand stays, whatever commands follow.

use std::cell::Cell;
use std::fs;

use landform::catalog::Layer;
use landform::error::Source;
use landform::yaml::parse_foreign;

use crate::commands::{Kind, words};
use crate::each;
use crate::random::Dice;
use crate::variants::Variant;
use crate::world::{DIR, World};

/// What somebody did by hand, and how to tell that it is still there.
#[derive(Debug, Clone)]
struct Edit {
    what: &'static str,
    /// The component.
    of: String,
    /// The file, as it was called then.
    file: String,
    /// A text that only this edit has.
    mark: String,
}

/// The end of a path, by which a file is known in a folder that was moved.
fn end(path: &str) -> &str {
    let mut slashes = path.rmatch_indices('/');
    slashes.nth(1).map_or(path, |(at, _)| &path[at + 1..])
}

impl Edit {
    fn survives(&self, world: &World) -> bool {
        let root = world.sandbox.path(DIR);
        let listed = world.git(&["ls-files"]);
        let mut files = listed
            .lines()
            .filter(|path| !path.starts_with(".landform/"));
        files.any(|path| {
            let text = || fs::read_to_string(root.join(path)).unwrap();
            match self.what {
                "line ends" => {
                    path.ends_with(end(&self.file))
                        && text().lines().count() == text().matches("\r\n").count()
                }
                "folder" => path.starts_with(&self.mark),
                _ => path.ends_with(end(&self.file)) && text().contains(&self.mark),
            }
        })
    }
}

/// Does something by hand in a component's files, and commits it.
fn edit(world: &World, dice: &mut Dice<'_>, number: usize) -> Option<Edit> {
    let (platform, catalogue) = world.read();
    let mut names: Vec<&String> = platform.components.keys().collect();
    names.retain(|name| platform.clusters_of(name).next().is_some());
    let of = (*dice.pick(&names)).clone();
    let layer = catalogue.components[&of].spec.layer;
    let root = world.sandbox.path(DIR);
    let listed = world.git(&["ls-files"]);
    let folder = format!("{layer}/{of}/");
    let files: Vec<&str> = listed
        .lines()
        .filter(|path| path.starts_with(&folder) || path.contains(&format!("/{layer}/{of}")))
        .filter(|path| path.ends_with(".yaml") && !path.starts_with(".landform/"))
        .collect();
    if files.is_empty() {
        return None;
    }
    let mut file = (*dice.pick(&files)).to_owned();
    let mut mark = format!("own-{number}");
    let read = |file: &str| fs::read_to_string(root.join(file)).unwrap_or_default();
    let put = |file: &str, text: &str| fs::write(root.join(file), text).unwrap();
    let what = match dice.below(6) {
        0 | 1 => {
            let mut lines: Vec<String> = read(&file).lines().map(str::to_owned).collect();
            let at = dice.below(lines.len());
            let line = lines[at].clone();
            let indent = " ".repeat(line.len() - line.trim_start().len());
            if dice.chance(50) {
                lines.insert(at, format!("{indent}# {mark}"));
            } else {
                lines[at] = format!("{line} # {mark}");
            }
            let text = lines.join("\n") + "\n";
            if line.trim().is_empty() || line.contains(['|', '>']) || !parses(&text) {
                return None;
            }
            put(&file, &text);
            "comment"
        }
        2 => {
            file = format!("{folder}values.yaml");
            let text = read(&file);
            let is_leaf = |line: &&str| {
                line.split_once(": ").is_some_and(|(key, value)| {
                    let plain = |c: char| c.is_ascii_alphanumeric() || " -_".contains(c);
                    key.chars().all(plain) && value.chars().all(plain) && !value.is_empty()
                })
            };
            let leaves: Vec<&str> = text.lines().filter(is_leaf).collect();
            if leaves.is_empty() {
                return None;
            }
            let line = *dice.pick(&leaves);
            let new = format!("{}: {mark}", line.split_once(": ")?.0);
            put(&file, &text.replacen(line, &new, 1));
            "value"
        }
        3 => {
            let list = format!("{folder}kustomization.yaml");
            let text = read(&list);
            let lines = text
                .lines()
                .filter(|line| line.starts_with("  - ") && line.ends_with(".yaml"));
            let lines: Vec<&str> = lines.collect();
            if lines.is_empty() {
                return None;
            }
            let line = *dice.pick(&lines);
            let new = format!("{line}\n  - {mark}.yaml");
            put(&list, &text.replacen(line, &new, 1));
            let object = format!(
                "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {mark}\n  namespace: default\n"
            );
            put(&format!("{folder}{mark}.yaml"), &object);
            file = list;
            "list"
        }
        4 => {
            put(&file, &read(&file).replace('\n', "\r\n"));
            "line ends"
        }
        _ => {
            let is_there = root.join(format!("apps/{of}")).is_dir();
            if layer != Layer::Apps || !is_there {
                return None;
            }
            mark = format!("apps/team/{of}/");
            move_folder(world, &of);
            "folder"
        }
    };
    world.commit();
    Some(Edit {
        what,
        of,
        file,
        mark,
    })
}

/// Moves the shared folder of an app, with what speaks of it.
fn move_folder(world: &World, of: &str) {
    let root = world.sandbox.path(DIR);
    fs::create_dir_all(root.join("apps/team")).unwrap();
    world.git(&["mv", &format!("apps/{of}"), &format!("apps/team/{of}")]);
    for path in world.git(&["ls-files", "clusters"]).lines() {
        let text = fs::read_to_string(root.join(path)).unwrap();
        // Not the path of an overlay, which ends like it.
        let new = text.replace(&format!("./apps/{of}\n"), &format!("./apps/team/{of}\n"));
        if path.contains(&format!("/apps/{of}")) && new != text {
            fs::write(root.join(path), new).unwrap();
        }
    }
}

fn parses(text: &str) -> bool {
    parse_foreign(&Source::new("t", text)).is_ok()
}

/// Some edits, at least one.
fn edits(world: &World, dice: &mut Dice<'_>) -> Vec<Edit> {
    let mut edits: Vec<Edit> = Vec::new();
    for number in 0..8 {
        if edits.len() < 3
            && let Some(edit) = edit(world, dice, number)
        {
            // One that is made where an earlier one was may well undo it.
            edits.push(edit);
            edits.retain(|edit| edit.survives(world));
        }
    }
    edits
}

#[track_caller]
fn survive(edits: &[Edit], world: &World, head: &str, after: &str) {
    for edit in edits {
        assert!(
            edit.survives(world),
            "{after}: {edit:?}\n{}",
            world.since(head)
        );
    }
}

#[test]
fn edits_survive_commands_about_others() {
    let (all, refused) = (Cell::new(0), Cell::new(0));
    each(6, |dice, world| {
        let edits = edits(world, dice);
        if edits.is_empty() {
            return false;
        }
        for kind in [
            Kind::Add,
            Kind::Pin,
            Kind::Set,
            Kind::Add,
            Kind::Unpin,
            Kind::Remove,
            Kind::Update,
        ] {
            let platform = world.platform();
            let mut command = words(kind, dice, &platform);
            let own = &dice.pick(&edits).of;
            if matches!(kind, Kind::Pin | Kind::Unpin) && dice.chance(60) {
                let cluster = platform.clusters_of(own).next().unwrap();
                let cluster = cluster.name.as_str().to_owned();
                command = vec![command[0].clone(), own.clone(), "--on".to_owned(), cluster];
            }
            if kind == Kind::Remove && edits.iter().any(|edit| edit.of == command[1]) {
                continue;
            }
            let command: Vec<&str> = command.iter().map(String::as_str).collect();
            let head = world.head();
            let ran = world.edit_with_answers(&command);
            all.set(all.get() + 1);
            if ran.stderr.contains("was edited") {
                refused.set(refused.get() + 1);
            }
            survive(&edits, world, &head, &ran.command);
        }
        world.is_clean();
        true
    });
    let (all, refused) = (all.get(), refused.get());
    println!("{all} commands, {refused} refused because of an edit");
    assert!(
        refused * 5 < all,
        "{refused} of {all} are refused because of an edit"
    );
}

#[test]
fn edits_survive_ten_updates() {
    let (all, left) = (Cell::new(0), Cell::new(0));
    each(2, |dice, world| {
        let edits = edits(world, dice);
        if edits.is_empty() {
            return false;
        }
        for number in 0..10 {
            let folder = format!("v{number}");
            Variant::random(number, dice).write(&world.sandbox.path(&folder));
            let folder = format!("../{folder}");
            let command = ["update", "--with-needs", "--trust", "--catalog", &folder];
            let head = world.head();
            let ran = world.edit(&command);
            assert!(ran.code < 2, "{ran:?}");
            all.set(all.get() + 1);
            left.set(left.get() + ran.code);
            survive(&edits, world, &head, &format!("{command:?} {}", ran.stderr));
        }
        true
    });
    println!("{} updates, {} with conflicts", all.get(), left.get());
}
