//! A change as a tree with counts.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use similar::{ChangeTag, TextDiff};

use super::printer::style;
use super::prompt::wrap;
use crate::change::{Action, Change, FileChange};
use crate::model::{RECORD, RepoPath};

#[derive(Default)]
struct Folder<'a> {
    folders: BTreeMap<&'a str, Self>,
    files: BTreeMap<&'a str, Action>,
}

impl<'a> Folder<'a> {
    fn insert(&mut self, path: &'a str, action: Action) {
        match path.split_once('/') {
            Some((folder, rest)) => self.folders.entry(folder).or_default().insert(rest, action),
            None => {
                self.files.insert(path, action);
            }
        }
    }

    fn count(&self) -> usize {
        self.files.len() + self.folders.values().map(Folder::count).sum::<usize>()
    }

    /// Whether every file below is new, or every one is there, so that one line can stand for all.
    fn all(&self, wanted: Action) -> bool {
        self.files.values().all(|action| *action == wanted)
            && self.folders.values().all(|folder| folder.all(wanted))
    }

    fn draw(&self, depth: usize, out: &mut String) {
        let indent = "  ".repeat(depth);
        for (name, folder) in &self.folders {
            let kept = folder.all(Action::Keep);
            // Only the outer levels are worth reading one by one; the record never is.
            let fold = kept
                || *name == ".landform"
                || depth >= 3
                || folder.folders.is_empty() && depth >= 1;
            let count = folder.count();
            let plural = if count == 1 { "file" } else { "files" };
            let faint = style::FAINT;
            let name = format!("{}{name}", if kept { "keep  " } else { "" });
            if fold && (kept || folder.all(Action::Create)) {
                let names: Vec<&str> = folder.files.keys().copied().collect();
                let list = if folder.folders.is_empty() && names.len() <= 6 {
                    names.join("  ")
                } else {
                    format!("{count} {plural}")
                };
                let _ = writeln!(out, "{indent}{name}/  {faint}{list}{faint:#}");
            } else {
                let _ = writeln!(out, "{indent}{name}/  {faint}{count} {plural}{faint:#}");
                folder.draw(depth + 1, out);
            }
        }
        for (name, action) in &self.files {
            let (word, style) = match action {
                Action::Create => ("", style::GOOD),
                Action::Edit => ("edit  ", style::CHANGED),
                Action::Delete => ("delete  ", style::BAD),
                Action::Keep => ("keep  ", style::FAINT),
            };
            let _ = writeln!(out, "{indent}{style}{word}{style:#}{name}");
        }
    }
}

/// The outer folders of a change, how many files each has, and what is in it; no line is wider than `width`.
pub fn folders(change: &Change, width: usize) -> String {
    let mut root = Folder::default();
    for (path, file) in &change.files {
        root.insert(path.as_str(), file.action);
    }
    let widest = root.folders.keys().map(|name| name.len() + 1).max();
    let widest = widest.unwrap_or(0).max("./".len());
    let mut rows: Vec<(String, usize, Vec<&str>)> = root
        .folders
        .iter()
        .filter(|(name, _)| **name != RECORD)
        .map(|(name, folder)| {
            let inside = folder.folders.keys().copied().collect();
            (format!("{name}/"), folder.count(), inside)
        })
        .collect();
    if !root.files.is_empty() {
        let files = root.files.keys().copied().collect();
        rows.push(("./".to_owned(), root.files.len(), files));
    }
    if let Some(record) = root.folders.get(RECORD) {
        let about = vec!["what all of this was made from"];
        rows.push((format!("{RECORD}/"), record.count(), about));
    }
    let mut out = String::new();
    for (name, count, inside) in rows {
        let line = format!("  {name:widest$}  {count:>4}  {}", inside.join(", "));
        let indent = " ".repeat(widest + 10);
        for line in wrap(line.trim_end(), width, &indent) {
            let _ = writeln!(out, "{line}");
        }
    }
    let _ = write!(out, "  {}", counts(change));
    out
}

/// What a change does, one line for each file or for each folder that comes or goes as a whole; the record in one
/// line. `why` says more of a file. No line is wider than `width`.
pub fn lines(change: &Change, why: &BTreeMap<RepoPath, String>, width: usize) -> String {
    let mut rows: Vec<Row> = Vec::new();
    let mut record = 0;
    let mut done: BTreeSet<String> = BTreeSet::new();
    for (path, file) in &change.files {
        if path.parents().next() == Some(RECORD) {
            record += 1;
            continue;
        }
        if let Some((was, is)) = change.place_of(path) {
            if done.insert(was.clone()) {
                rows.push(moved(change, was, is));
            }
            continue;
        }
        if let Some(folder) = whole_folder(change, path, file.action) {
            if done.insert(folder.clone()) {
                let prefix = format!("{folder}/");
                let inside = change.files.keys();
                let inside: Vec<&RepoPath> =
                    inside.filter(|p| p.as_str().starts_with(&prefix)).collect();
                let count = inside.len();
                let plural = if count == 1 { "file" } else { "files" };
                let mut about = format!("{count} {plural}");
                let reasons: BTreeSet<&String> =
                    inside.iter().filter_map(|path| why.get(*path)).collect();
                if let (Some(reason), 1) = (reasons.first(), reasons.len()) {
                    let _ = write!(about, ", {reason}");
                }
                rows.push((Some(file.action), prefix, about));
            }
            continue;
        }
        let mut about = if file.action == Action::Edit {
            line_counts(file)
        } else {
            String::new()
        };
        if let Some(why) = why.get(path) {
            let comma = if about.is_empty() { "" } else { ", " };
            let _ = write!(about, "{comma}{why}");
        }
        rows.push((Some(file.action), path.to_string(), about));
    }
    if record > 0 {
        let plural = if record == 1 { "file" } else { "files" };
        let about = format!("{record} {plural}: what all of this was made from");
        rows.push((Some(Action::Edit), format!("{RECORD}/"), about));
    }
    let widest = rows.iter().map(|(_, path, _)| path.chars().count()).max();
    let widest = widest.unwrap_or(0).min(48);
    let mut out = String::new();
    for (action, path, about) in rows {
        let (word, style) = match action {
            Some(Action::Create) => ("new", style::GOOD),
            Some(Action::Edit) => ("edit", style::CHANGED),
            Some(Action::Delete) => ("delete", style::BAD),
            Some(Action::Keep) => ("keep", style::FAINT),
            None => ("move", style::CHANGED),
        };
        let line = format!("  {word:6}  {path:widest$}  {about}");
        let mut lines = wrap(line.trim_end(), width, &" ".repeat(12)).into_iter();
        if let Some(first) = lines.next() {
            let rest = first.get(8..).unwrap_or_default();
            let _ = writeln!(out, "  {style}{word:6}{style:#}{rest}");
        }
        for line in lines {
            let _ = writeln!(out, "{line}");
        }
    }
    let _ = write!(out, "  {}", counts(change));
    out
}

/// What happens, nothing for a move; where; and what is to be said of it.
type Row = (Option<Action>, String, String);

/// A folder or file that gets another place, and whether what is in it changes too.
fn moved(change: &Change, was: &str, is: &str) -> Row {
    let text = |path: &RepoPath| change.files.get(path);
    let mut edited = 0;
    for (path, file) in &change.files {
        let Some(rest) = path.as_str().strip_prefix(was) else {
            continue;
        };
        let Some(before) = file
            .before
            .as_ref()
            .filter(|_| file.action == Action::Delete)
        else {
            continue;
        };
        let there = RepoPath::new(format!("{is}{rest}")).ok();
        let after = there
            .as_ref()
            .and_then(text)
            .and_then(|file| file.after.as_ref());
        edited += usize::from(after.is_some_and(|after| after != before));
    }
    let about = match edited {
        0 => format!("to {is}"),
        1 => format!("to {is}, 1 file changes"),
        many => format!("to {is}, {many} files change"),
    };
    (None, was.to_owned(), about)
}

/// The outermost folder of a path of which everything that changes comes, or goes, together.
fn whole_folder(change: &Change, path: &RepoPath, action: Action) -> Option<String> {
    if !matches!(action, Action::Create | Action::Delete) {
        return None;
    }
    let has = |file: String| {
        let path = RepoPath::new(file).ok();
        let file = path.and_then(|path| change.files.get(&path));
        file.is_some_and(|file| file.action == action)
    };
    let mut folders = path.parents().filter(|folder| folder.contains('/'));
    let folder = folders.find(|folder| {
        let prefix = format!("{folder}/");
        let heads = ["kustomization.yaml", "main.tf"];
        let mut inside = change.files.iter();
        heads.iter().any(|head| has(format!("{folder}/{head}")))
            && inside.all(|(p, file)| !p.as_str().starts_with(&prefix) || file.action == action)
    });
    folder.map(str::to_owned)
}

/// How many lines a file gains and loses.
fn line_counts(file: &FileChange) -> String {
    let (before, after) = (file.before.as_deref(), file.after.as_deref());
    let diff = TextDiff::from_lines(before.unwrap_or_default(), after.unwrap_or_default());
    let count = |tag: ChangeTag| diff.iter_all_changes().filter(|c| c.tag() == tag).count();
    let parts = [
        (count(ChangeTag::Insert), '+'),
        (count(ChangeTag::Delete), '-'),
    ];
    let parts = parts.iter().filter(|(count, _)| *count > 0);
    let parts: Vec<String> = parts
        .map(|(count, sign)| format!("{sign}{count}"))
        .collect();
    parts.join(" ")
}

/// The files of a change as a tree, then how many there are.
pub fn tree(change: &Change) -> String {
    let mut root = Folder::default();
    for (path, file) in &change.files {
        root.insert(path.as_str(), file.action);
    }
    let mut out = String::new();
    root.draw(1, &mut out);
    let _ = write!(out, "  {}", counts(change));
    out
}

fn counts(change: &Change) -> String {
    let is_moved = |(path, file): &(&RepoPath, &FileChange)| {
        file.action == Action::Delete && change.place_of(path).is_some()
    };
    let moved = change.files.iter().filter(is_moved).count();
    let count = |action: Action| match action {
        Action::Create | Action::Delete => change.count(action).saturating_sub(moved),
        _ => change.count(action),
    };
    let counts = [
        (Action::Create, "new"),
        (Action::Edit, "edited"),
        (Action::Delete, "deleted"),
        (Action::Keep, "there already, and not in Git yet"),
    ];
    let counts: Vec<String> = counts
        .iter()
        .map(|(action, word)| (count(*action), *word))
        .chain([(moved, "moved")])
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{count} {word}"))
        .collect();
    if counts.is_empty() {
        "nothing to do".to_owned()
    } else {
        counts.join(", ")
    }
}
