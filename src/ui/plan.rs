//! A change as a tree with counts.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::printer::style;
use super::prompt::wrap;
use crate::change::{Action, Change};
use crate::model::RECORD;

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
    let counts = [
        (Action::Create, "new"),
        (Action::Edit, "edited"),
        (Action::Delete, "deleted"),
        (Action::Keep, "there already, and not in Git yet"),
    ];
    let counts: Vec<String> = counts
        .iter()
        .map(|(action, word)| (change.count(*action), word))
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{count} {word}"))
        .collect();
    if counts.is_empty() {
        "nothing to do".to_owned()
    } else {
        counts.join(", ")
    }
}
