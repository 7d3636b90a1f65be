//! What components change in each other, where the tree lacks it: as after a Git merge of two branches, each of which
//! added one of them. None of the two branches could write it, and the record takes it for written.

use std::collections::{BTreeMap, BTreeSet};

use crate::change::read_ours;
use crate::cli::edit::{Edit, Unwritten, WriteFlags, carry_out_plainly, rebuilt};
use crate::cli::opened::{Opened, Owners};
use crate::error::Result;
use crate::merge::{Moves, Standing, merge, standing};
use crate::model::{Answers, Platform, RECORD, RepoPath, Tree, revise};
use crate::render::render;
use crate::ui::Printer;

/// Writes it, and nothing else: templates stay as they are.
///
/// # Errors
/// As for every edit.
pub(super) fn run(opened: &Opened, flags: &WriteFlags, printer: &Printer) -> Result<u8> {
    let catalogue = &opened.catalogue;
    let answers = Answers::of(&opened.platform, catalogue, catalogue);
    let resolution = revise(&opened.platform, catalogue, &answers, catalogue)?;
    rebuilt(opened, &resolution.platform, false)?;
    let title = "Write what components change in each other".to_owned();
    let mut edit = Edit::new("update", opened, title);
    edit.notes = resolution.notes;
    edit.assumed = resolution.assumed;
    edit.platform = resolution.platform;
    edit.unwritten = unwritten(opened)?;
    carry_out_plainly(&mut edit, flags, printer)
}

/// A hint at it, for a command that does not write it: somebody may have taken it out by hand.
///
/// # Errors
/// A file cannot be read.
pub(super) fn hint(opened: &Opened) -> Result<Option<String>> {
    let unwritten = unwritten(opened)?;
    let all: Vec<String> = unwritten
        .iter()
        .map(|(path, unwritten)| format!("{path} ({})", unwritten.why()))
        .collect();
    Ok((!all.is_empty()).then(|| {
        format!(
            "as after a merge of two branches, the tree lacks what components change in each other: {}; unless you took it out yourself, write it by landform update --mend",
            all.join(", ")
        )
    }))
}

/// The files that lack something which a component changes in what is not its own.
///
/// A file lacks it if taking it out of the file changes nothing, and putting it in does. Nobody but Git knows whether
/// somebody took it out by hand, so it is written only on demand.
fn unwritten(opened: &Opened) -> Result<BTreeMap<RepoPath, Unwritten>> {
    let moves = Moves::find(&opened.base, &opened.index);
    let owners = Owners::of(&opened.platform, &opened.catalogue);
    let with = moves.apply(&opened.base);
    let mut found: BTreeMap<RepoPath, BTreeSet<String>> = BTreeMap::new();
    let mut trees: BTreeMap<BTreeSet<String>, Tree> = BTreeMap::new();
    if is_as_written(opened, &with)? {
        return Ok(BTreeMap::new());
    }
    for name in opened.platform.components.keys() {
        if !changes_others(opened, name) {
            continue;
        }
        let alone = BTreeSet::from([name.clone()]);
        // What cannot be rendered without it was never written without it.
        let Ok(tree) = render(&without(&opened.platform, &alone), &opened.catalogue) else {
            continue;
        };
        let without = moves.apply(&tree);
        let differs = |path: &&RepoPath| {
            let of = owners.of_path(path).map(|(owner, _)| owner);
            path.parents().next() != Some(RECORD)
                && of.as_ref() != Some(name)
                && opened.base.get(*path) != tree.get(*path)
        };
        let paths: BTreeSet<&RepoPath> = opened.base.keys().chain(tree.keys()).collect();
        let mut places = BTreeMap::new();
        for path in paths.into_iter().filter(differs) {
            if let Ok(there) = RepoPath::new(moves.path(path.as_str())) {
                places.insert(there, path.clone());
            }
        }
        let ours = read_ours(&opened.root, places.keys())?;
        for (there, path) in places {
            let blocked = ours.in_the_way.iter().any(|other| other.path == there);
            if !blocked && lacks(&there, &with, &ours.tree, &without) {
                found.entry(path).or_default().insert(name.clone());
            }
        }
        trees.insert(alone, tree);
    }
    let mut unwritten = BTreeMap::new();
    for (path, by) in found {
        if !trees.contains_key(&by) {
            let tree = render(&without(&opened.platform, &by), &opened.catalogue)?;
            trees.insert(by.clone(), tree);
        }
        let base = trees[&by].get(&path).cloned();
        unwritten.insert(path, Unwritten { base, by });
    }
    Ok(unwritten)
}

/// Whether everything is as landform wrote it, and nothing else lies where it writes: then nothing is lacking, and there
/// is no need to look for what.
fn is_as_written(opened: &Opened, with: &Tree) -> Result<bool> {
    const FOLDERS: [&str; 4] = ["apps/", "clusters/", "infrastructure/", "terraform/"];
    let written = |path: &str| RepoPath::new(path).is_ok_and(|path| with.contains_key(&path));
    let mut paths = opened.index.paths.iter();
    if paths.any(|path| FOLDERS.iter().any(|folder| path.starts_with(folder)) && !written(path)) {
        return Ok(false);
    }
    let own = with
        .keys()
        .filter(|path| path.parents().next() != Some(RECORD));
    let own: Vec<&RepoPath> = own.collect();
    // The index has what Flux and Terraform read.
    let in_index = |path: &&&RepoPath| opened.index.texts.contains_key(path.as_str());
    let others = own.iter().filter(|path| !in_index(path)).copied();
    let others = read_ours(&opened.root, others)?;
    Ok(own.iter().all(|path| {
        let indexed = opened.index.texts.get(path.as_str());
        let text = indexed
            .map(|source| &source.text)
            .or_else(|| others.tree.get(*path));
        standing(text.map(String::as_str), &with[*path]) == Standing::Written
    }))
}

/// Whether anything outside of a component can depend on its being there: names it, what it gives, or its namespace.
fn changes_others(opened: &Opened, name: &str) -> bool {
    let catalogue = &opened.catalogue;
    let component = &catalogue.components[name];
    let spec = &component.spec;
    let abilities = spec.all_provides().map(|ability| ability.name.as_str());
    let own = [name, &component.object, &spec.namespace.name.value];
    let words: BTreeSet<&str> = abilities.chain(own).collect();
    let others = opened.platform.components.keys();
    let roots = others
        .filter(|other| *other != name)
        .map(|other| catalogue.components[other].root.as_str());
    let providers = opened.platform.clusters.values();
    let providers =
        providers.filter_map(|cluster| Some(cluster.provider(catalogue)?.root.as_str()));
    let mut files = roots
        .chain(providers)
        .chain(["common"])
        .flat_map(|root| catalogue.below(root));
    files.any(|(_, file)| words.iter().any(|word| file.text.contains(word)))
}

/// The platform as it would be without some of its components.
fn without(platform: &Platform, names: &BTreeSet<String>) -> Platform {
    let clusters: BTreeSet<String> = platform.clusters.keys().cloned().collect();
    let from = names.iter().map(|name| (name.clone(), clusters.clone()));
    let mut platform = platform.without(&from.collect());
    platform.components.retain(|name, _| !names.contains(name));
    platform
}

/// Whether a file is as it was before a component came, but for what the user has edited.
fn lacks(path: &RepoPath, with: &Tree, ours: &Tree, without: &Tree) -> bool {
    let part = |tree: &Tree| -> Tree {
        let text = tree.get(path).cloned();
        text.map(|text| (path.clone(), text)).into_iter().collect()
    };
    let stays =
        |base: &Tree, theirs: &Tree| merge(&part(base), &part(ours), &part(theirs)).is_empty();
    match (with.get(path), ours.get(path), without.get(path)) {
        (Some(_), None, None) => true,
        // With it, the file goes.
        (None, Some(ours), Some(without)) => standing(Some(ours), without) == Standing::Written,
        (Some(text), Some(own), Some(_)) => {
            standing(Some(own), text) != Standing::Written
                && stays(with, without)
                && !stays(without, with)
        }
        _ => false,
    }
}
