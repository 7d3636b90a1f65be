//! The three sides of an edit: what landform wrote, what is there, and what landform would write.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use super::{Edit, like};
use crate::change::{Ours, read_ours};
use crate::cli::opened::Owners;
use crate::error::Result;
use crate::merge::Moves;
use crate::model::{RECORD, RepoPath, Tree};
use crate::render::render;

/// The sides, each as far as it can matter: a file that is rendered as before stays as it is, whatever it is.
pub(super) struct Sides {
    /// What landform wrote.
    pub(super) base: Tree,
    /// What is there.
    pub(super) ours: Ours,
    /// What landform would write.
    pub(super) theirs: Tree,
    /// Where things lie that the user has put elsewhere.
    pub(super) moves: Moves,
    /// Folders and files that get another place.
    pub(super) places: BTreeMap<String, String>,
    /// Whose each file is, and for which cluster.
    pub(super) owned: BTreeMap<String, (String, Option<String>)>,
    /// The component that each file belongs to, before the edit or after it, where it lies after it.
    pub(super) owners: BTreeMap<RepoPath, String>,
    /// Files that somebody deleted, and that are not written again.
    pub(super) deleted: Vec<RepoPath>,
    /// Those of them that Flux read and in which this edit would have changed something.
    pub(super) missed: Vec<RepoPath>,
}

impl Sides {
    /// Renders and reads them.
    ///
    /// # Errors
    /// A template fails, or a file cannot be read.
    pub(super) fn of(edit: &Edit<'_>) -> Result<Self> {
        let opened = edit.opened;
        let rendered = render(&edit.platform, edit.catalogue)?;
        let moves = Moves::find(&opened.base, &opened.index);
        let owners = Owners::of(&opened.platform, &opened.catalogue);
        let mut owned = BTreeMap::new();
        for path in opened.base.keys() {
            if let Some(owner) = owners.of_path(path) {
                owned.insert(moves.path(path.as_str()), owner);
            }
        }
        let wrote = wrote(edit);
        // Whatever the user has put elsewhere goes on from there.
        let places: BTreeMap<String, String> = edit
            .places
            .iter()
            .map(|(was, is)| (moves.path(was), is.clone()))
            .collect();
        let is = Owners::of(&edit.platform, edit.catalogue);
        let mut by_path = BTreeMap::new();
        for (path, (owner, _)) in &owned {
            let path = placed(&places, path).unwrap_or_else(|| path.clone());
            by_path.extend(RepoPath::new(path).ok().map(|path| (path, owner.clone())));
        }
        let (mut deleted, mut missed) = (Vec::new(), Vec::new());
        for path in rendered.keys() {
            let Ok(there) = RepoPath::new(moves.path(path.as_str())) else {
                continue;
            };
            let of = is.of_path(path).map(|(name, _)| name);
            let again = of.as_ref().is_some_and(|name| edit.restored.contains(name));
            let gone = !opened.index.paths.contains(there.as_str());
            if gone && !again && opened.base.contains_key(path) && !is_record(path) {
                deleted.push(there.clone());
                if path.as_str().starts_with("clusters/")
                    && opened.base.get(path) != rendered.get(path)
                {
                    missed.push(there.clone());
                }
            }
            by_path.extend(of.map(|name| (there, name)));
        }
        let (mut base, theirs) = if moves.is_empty() {
            let wanted = |path: &&RepoPath| {
                wrote.get(path) != rendered.get(path)
                    || placed(&places, path.as_str()).is_some()
                    || is_restored(edit, &owners, path)
            };
            let all = wrote.keys().chain(rendered.keys());
            let paths: BTreeSet<&RepoPath> = all.filter(wanted).collect();
            let part = |tree: &Tree| -> Tree {
                let files = tree.iter().filter(|(path, _)| paths.contains(path));
                files
                    .map(|(path, text)| (path.clone(), text.clone()))
                    .collect()
            };
            (part(&wrote), part(&rendered))
        } else {
            // What speaks of a moved place may differ now.
            (moves.apply(&wrote), moves.apply(&rendered))
        };
        let mut paths: BTreeSet<RepoPath> = base.keys().chain(theirs.keys()).cloned().collect();
        paths.extend(user_files(edit, &places));
        paths.extend(like::sources(edit, &moves));
        paths.extend(edit.files.keys().cloned());
        let ours = read_ours(&opened.root, paths.iter())?;
        base.retain(|path, _| {
            let of = owned.get(path.as_str()).map(|(name, _)| name);
            let again = of.is_some_and(|name| edit.restored.contains(name));
            !again || ours.tree.contains_key(path)
        });
        Ok(Self {
            base,
            ours,
            theirs,
            moves,
            places,
            owned,
            owners: by_path,
            deleted,
            missed,
        })
    }
}

fn is_record(path: &RepoPath) -> bool {
    path.parents().next() == Some(RECORD)
}

/// What landform wrote the last time.
fn wrote<'e>(edit: &'e Edit<'_>) -> Cow<'e, Tree> {
    let mut wrote = Cow::Borrowed(&edit.opened.base);
    for (path, unwritten) in &edit.unwritten {
        match &unwritten.base {
            Some(text) => wrote.to_mut().insert(path.clone(), text.clone()),
            None => wrote.to_mut().remove(path),
        };
    }
    wrote
}

fn is_restored(edit: &Edit<'_>, owners: &Owners, path: &RepoPath) -> bool {
    let owner = owners.of_path(path);
    owner.is_some_and(|(name, _)| edit.restored.contains(&name))
}

/// The new place of a path, if it or a folder on the way to it gets one.
pub(super) fn placed(places: &BTreeMap<String, String>, path: &str) -> Option<String> {
    let mut prefix = path;
    loop {
        if let Some(new) = places.get(prefix) {
            return Some(format!("{new}{}", &path[prefix.len()..]));
        }
        prefix = prefix.rsplit_once('/')?.0;
    }
}

/// The user's own files in folders that get another place: they come along.
fn user_files<'e>(
    edit: &'e Edit<'_>,
    places: &'e BTreeMap<String, String>,
) -> impl Iterator<Item = RepoPath> + 'e {
    let paths = edit.opened.index.paths.iter();
    paths
        .filter(|path| placed(places, path).is_some())
        .filter_map(|path| RepoPath::new(path.clone()).ok())
}
