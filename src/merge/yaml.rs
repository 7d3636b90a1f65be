//! Three-way merge of YAML, applied to the user's own text: entry by entry, so that comments, order, quotes and
//! indentation stay wherever the new render says nothing else. What comes out is taken only if it says what merging
//! the values says, and has every comment of the user's.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value;

use super::entries::{self, Document};
use super::shape::Shape;
use super::values;
use super::version::is_newer;
use crate::error::{Place, Source};
use crate::index::version_node;
use crate::yaml::{Node, identity, parse};

/// A text and what it says.
struct Side {
    source: Arc<Source>,
    node: Node,
}

impl Side {
    fn read(path: &str, text: String, whose: &str) -> Result<Self, String> {
        let source = Source::new(path, text);
        match parse(&source) {
            Ok(node) => Ok(Self { source, node }),
            Err(error) => Err(format!("{whose} cannot be merged: {error}")),
        }
    }

    fn value(&self) -> Value {
        self.node.to_value()
    }

    fn document(&self) -> Document<'_> {
        Document::new(&self.source.text, &self.node)
    }

    /// What stands behind `#` in its lines: comments, and whatever looks like one.
    fn comments(&self) -> BTreeSet<&str> {
        let lines = self.source.text.lines();
        lines
            .filter_map(|line| Some(&line[line.find('#')?..]))
            .map(str::trim)
            .collect()
    }

    fn version(&self) -> Option<&Node> {
        version_node(&self.node)
    }

    /// The same with another text where its version stands.
    fn with_version(&self, raw: &str) -> String {
        let mut text = self.source.text.clone();
        if let Some(version) = self.version() {
            text.replace_range(version.span.clone(), raw);
        }
        text
    }
}

/// Merges. `in_order`: lists that are sets take the order of the new render.
///
/// # Errors
/// Why it cannot be merged, in words for the user.
pub(super) fn merge(
    path: &str,
    base: Option<&str>,
    ours: &str,
    theirs: &str,
    in_order: bool,
) -> Result<String, String> {
    let shape = Shape::of(ours)?;
    let read = |text: &str, whose: &str| Side::read(path, Shape::plain(text), whose);
    let base = base.map(|base| read(base, "the last render")).transpose()?;
    let (ours, theirs) = (read(ours, "it")?, read(theirs, "the new render")?);
    let (base, ours, theirs) = settle(path, base, ours, theirs)?;

    let base_value = base.as_ref().map(Side::value);
    let (old, new) = (ours.value(), theirs.value());
    let keys = &mut Vec::new();
    let wanted = values::merged(keys, base_value.as_ref(), Some(&old), Some(&new), in_order)
        .map_err(|clash| clashing(&ours, &clash.path))?
        .unwrap_or_default();

    let check = |text: String| check(path, text, &wanted, base.as_ref(), &ours);
    let (old, mine) = (base.as_ref().map(Side::document), ours.document());
    let by_entries = entries::merge(old.as_ref(), &mine, &theirs.document(), in_order);
    let text = by_entries.and_then(check);
    let text = text.or_else(|why| {
        // By lines it may do, where both sides changed different ones of what is one value.
        let old = base.as_ref().map(|base| base.source.text.as_str());
        let by_lines =
            old.and_then(|old| diffy::merge(old, &ours.source.text, &theirs.source.text).ok());
        by_lines.and_then(|text| check(text).ok()).ok_or(why)
    });
    Ok(shape.restore(&text?))
}

/// Both sides changed one value.
fn clashing(ours: &Side, path: &[String]) -> String {
    let mut node = &ours.node;
    for key in path {
        let items = || {
            node.items()
                .iter()
                .find(|item| identity(&item.to_value()) == *key)
        };
        let Some(next) = node.get(key).or_else(items) else {
            break;
        };
        node = next;
    }
    let line = Place::Span(Arc::clone(&ours.source), node.span.clone()).line_column();
    let line = line.map_or_else(String::new, |(line, _)| format!(" in line {line}"));
    format!("{} was edited here{line}, and has changed", path.join("."))
}

/// Gives all three the same version: the newer of ours and theirs, where the template has a new one.
fn settle(
    path: &str,
    base: Option<Side>,
    ours: Side,
    theirs: Side,
) -> Result<(Option<Side>, Side, Side), String> {
    let (Some(own), Some(new)) = (ours.version(), theirs.version()) else {
        return Ok((base, ours, theirs));
    };
    let text = |node: &Node| node.text().unwrap_or_default().to_owned();
    let old = base.as_ref().and_then(Side::version).map(text);
    let changed = old.is_some_and(|old| old != text(new));
    let newer = changed && is_newer(&text(new), &text(own)) == Some(true);
    let (winner, of) = if newer { (&theirs, new) } else { (&ours, own) };
    let raw = winner.source.text[of.span.clone()].to_owned();
    let with = |side: &Side| Side::read(path, side.with_version(&raw), "it");
    let base = base.as_ref().map(with).transpose()?;
    Ok((base, with(&ours)?, with(&theirs)?))
}

/// Takes a merged text only if it says what is wanted, and no comment of the user's is gone.
fn check(
    path: &str,
    text: String,
    wanted: &Value,
    base: Option<&Side>,
    ours: &Side,
) -> Result<String, String> {
    let unsafe_to_merge = || {
        "it was edited here, has changed, and cannot be merged without changing what else stands in it".to_owned()
    };
    let said = Side::read(path, text, "the result").map_err(|_| unsafe_to_merge())?;
    if said.value() != *wanted {
        return Err(unsafe_to_merge());
    }
    let known = base.map(Side::comments).unwrap_or_default();
    let kept = said.comments();
    let mut own = ours.comments().into_iter();
    let gone = |comment: &str| {
        let base = base.map_or("", |base| &base.source.text);
        goes_with_its_item(comment, base, &ours.source.text, &said.source.text)
    };
    match own.find(|c| !known.contains(c) && !kept.contains(c) && !gone(c)) {
        Some(lost) => {
            let mut lines = ours.source.text.lines();
            let line = lines.position(|line| line.ends_with(lost));
            let line = line.map_or_else(String::new, |at| format!(" in line {}", at + 1));
            Err(format!(
                "its comment `{lost}`{line} stands in a part that has changed as a whole"
            ))
        }
        None => Ok(said.source.text.clone()),
    }
}

/// Whether a comment stands behind an item of a list, as `- a.yaml # why`, that landform wrote and that goes as such.
fn goes_with_its_item(comment: &str, base: &str, ours: &str, merged: &str) -> bool {
    let is_in = |text: &str, item: &str| {
        let mut lines = text.lines().map(str::trim);
        lines.any(|line| {
            line.strip_prefix(item)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(" #"))
        })
    };
    let lines = ours.lines().map(str::trim);
    let mut items = lines.filter_map(|line| Some(line.strip_suffix(comment)?.trim_end()));
    items.any(|item| item.starts_with("- ") && is_in(base, item) && !is_in(merged, item))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: &str = "\
# What it is
apiVersion: v1
kind: Kustomization
resources:
  - a.yaml
  - c.yaml
spec:
  interval: 1h # often
  values:
    size: 1
    kind: x
";

    fn merged(ours: &str, theirs: &str) -> Result<String, String> {
        merge("t.yaml", Some(BASE), ours, theirs, false)
    }

    fn edit(text: &str, edits: &[(&str, &str)]) -> String {
        let mut text = text.to_owned();
        for (from, to) in edits {
            assert!(text.contains(from), "{from} in {text}");
            text = text.replacen(from, to, 1);
        }
        text
    }

    #[test]
    fn a_comment_goes_with_the_line_it_speaks_of() {
        let base = "kind: Kustomization\nresources:\n  - a.yaml\n  - b.yaml\n";
        let ours = base.replace("- a.yaml", "- a.yaml # keep me");
        let without = base.replace("  - a.yaml\n", "");
        let merged = |ours: &str| merge("t.yaml", Some(base), ours, &without, false);
        assert_eq!(merged(&ours).unwrap(), without);
        let other = base.replace("- b.yaml", "- b.yaml # keep me");
        let kept = other.replace("  - a.yaml\n", "");
        assert_eq!(merged(&other).unwrap(), kept);
    }

    #[test]
    fn a_comment_that_would_be_lost_is_told_with_its_line() {
        let ours = edit(BASE, &[("    size: 1\n", "    size: 1 # ours\n")]);
        let line = ours.lines().position(|line| line.ends_with("# ours"));
        let theirs = edit(BASE, &[("    size: 1\n", "")]);
        let reason = merged(&ours, &theirs).unwrap_err();
        let place = format!("`# ours` in line {}", line.unwrap() + 1);
        assert!(reason.contains(&place), "{reason}");
    }

    #[test]
    fn both_sides_in_one_file() {
        let ours = edit(
            BASE,
            &[
                ("  - c.yaml\n", "  - mine.yaml # mine\n  - c.yaml\n"),
                (
                    "    size: 1\n",
                    "    # more, since we grew\n    size:   \"3\"\n",
                ),
            ],
        );
        let theirs = edit(
            BASE,
            &[
                ("  - a.yaml\n", "  - a.yaml\n  # needed\n  - b.yaml\n"),
                ("interval: 1h", "interval: 2h"),
                ("    kind: x\n", "    kind: x\n    new: {a: 1}\n"),
                ("# What it is", "# What it is now"),
            ],
        );
        let wanted = edit(
            &ours,
            &[
                ("  - a.yaml\n", "  - a.yaml\n  # needed\n  - b.yaml\n"),
                ("interval: 1h", "interval: 2h"),
                ("    kind: x\n", "    kind: x\n    new: {a: 1}\n"),
                ("# What it is", "# What it is now"),
            ],
        );
        assert_eq!(merged(&ours, &theirs).unwrap(), wanted);
        let ours = ours.replace('\n', "\r\n");
        assert_eq!(
            merged(&ours, &theirs).unwrap(),
            wanted.replace('\n', "\r\n")
        );
    }

    #[test]
    fn indentation_is_the_users() {
        let ours = edit(
            BASE,
            &[
                ("  - a.yaml\n  - c.yaml\n", "- a.yaml\n- c.yaml\n"),
                (
                    "  interval: 1h # often\n  values:\n    size: 1\n    kind: x\n",
                    "    interval: 1h # often\n    values:\n        size: 1\n        kind: y\n",
                ),
            ],
        );
        let theirs = edit(
            BASE,
            &[
                ("  - c.yaml\n", "  - c.yaml\n  - d.yaml\n"),
                ("    size: 1\n", "    size: 2\n    deep:\n      er: 1\n"),
            ],
        );
        let wanted = edit(
            &ours,
            &[
                ("- c.yaml\n", "- c.yaml\n- d.yaml\n"),
                (
                    "        size: 1\n",
                    "        size: 2\n        deep:\n          er: 1\n",
                ),
            ],
        );
        assert_eq!(merged(&ours, &theirs).unwrap(), wanted);
    }

    #[test]
    fn what_goes_and_what_stays() {
        let ours = edit(
            BASE,
            &[
                ("  - a.yaml\n", "  # ours\n  - a.yaml\n"),
                ("    kind: x\n", "    kind: x\n    own: 1\n"),
            ],
        );
        let theirs = edit(
            BASE,
            &[
                ("  - a.yaml\n", ""),
                ("  values:\n    size: 1\n    kind: x\n", ""),
            ],
        );
        let wanted = edit(
            &ours,
            &[("  - a.yaml\n", ""), ("    size: 1\n    kind: x\n", "")],
        );
        assert_eq!(merged(&ours, &theirs).unwrap(), wanted);
        // Nothing is left in it.
        let empty = edit(BASE, &[("  - a.yaml\n  - c.yaml\n", "  []\n")]);
        let ours = edit(BASE, &[("size: 1", "size: 9")]);
        let wanted = edit(&empty, &[("size: 1", "size: 9")]);
        assert_eq!(merged(&ours, &empty).unwrap(), wanted);
    }

    #[test]
    fn clashes_are_told_with_their_line() {
        let ours = edit(BASE, &[("size: 1", "size: 2")]);
        let theirs = edit(BASE, &[("size: 1", "size: 3")]);
        let why = merged(&ours, &theirs).unwrap_err();
        assert_eq!(
            why,
            "spec.values.size was edited here in line 10, and has changed"
        );
        let theirs = edit(BASE, &[("    size: 1\n", "")]);
        assert!(
            merged(&ours, &theirs)
                .unwrap_err()
                .contains("spec.values.size")
        );
        assert!(merged("a: [", &theirs).unwrap_err().contains("t.yaml:1"));
        let two = format!("{BASE}---\nb: 1\n");
        assert!(
            merged(&two, &theirs)
                .unwrap_err()
                .contains("a second YAML document")
        );
        let alias = edit(BASE, &[("size: 1", "size: &s 1"), ("kind: x", "kind: *s")]);
        assert!(merged(&alias, &theirs).unwrap_err().contains("alias"));
    }

    #[test]
    fn flow_style_is_kept_or_told() {
        let ours = edit(
            BASE,
            &[(
                "resources:\n  - a.yaml\n  - c.yaml\n",
                "resources: [a.yaml, mine.yaml, c.yaml]\n",
            )],
        );
        let theirs = edit(BASE, &[("interval: 1h", "interval: 2h")]);
        assert_eq!(
            merged(&ours, &theirs).unwrap(),
            edit(&ours, &[("interval: 1h", "interval: 2h")])
        );
        let theirs = edit(BASE, &[("  - c.yaml\n", "  - c.yaml\n  - d.yaml\n")]);
        assert!(
            merged(&ours, &theirs)
                .unwrap_err()
                .contains("one entry to a line")
        );
        // It says the same, so the new lines may take its place.
        let ours = edit(&ours, &[("mine.yaml, ", "")]);
        let result = merged(&ours, &theirs).unwrap();
        assert!(result.contains("  - d.yaml\n"), "{result}");
    }

    #[test]
    fn the_newer_version_stays() {
        let of = |version: &str| {
            format!("kind: OCIRepository\nspec:\n  interval: 1h\n  ref:\n    tag: {version}\n")
        };
        let merge = |base: &str, ours: &str, theirs: &str| {
            let merged = merge("t.yaml", Some(&of(base)), &of(ours), &of(theirs), false).unwrap();
            merged.rsplit_once("tag: ").unwrap().1.trim().to_owned()
        };
        assert_eq!(merge("1.0.0", "1.0.0", "1.1.0"), "1.1.0");
        assert_eq!(
            merge("1.0.0", "\"1.2.0\" # renovate", "1.1.0"),
            "\"1.2.0\" # renovate"
        );
        assert_eq!(merge("v1.0.0", "v1.0.5", "v1.10.0"), "v1.10.0");
        // The tree went back on purpose, and the template says nothing new.
        assert_eq!(merge("1.2.0", "1.1.0", "1.2.0"), "1.1.0");
        assert_eq!(merge("1.0.0", "main", "1.1.0"), "main");
    }

    #[test]
    fn block_scalars_marks_and_ends() {
        let base = "---\n# made\na: |\n  one\n\n  two\nb: 1\n";
        let ours = "# mine\n---\n# made\na: |\n  one\n\n  two\nb: 1\n\n# the end";
        let theirs = "---\n# made\na: |\n  one\n\n  three\nb: 1\nc: &c\n  - d\n";
        let merged = merge("t.yaml", Some(base), ours, theirs, false).unwrap();
        assert_eq!(
            merged,
            "# mine\n---\n# made\na: |\n  one\n\n  three\nb: 1\nc: &c\n  - d\n\n# the end"
        );
    }

    #[test]
    fn an_order_that_says_something_is_the_renders() {
        let list = |items: &[&str]| {
            let items = items.iter().map(|item| format!("  - {item}.yaml\n"));
            format!("resources:\n{}", items.collect::<String>())
        };
        let ours = list(&["cilium", "mine", "csi", "operator"]);
        let merge = |in_order| {
            let base = list(&["cilium", "csi", "operator"]);
            let theirs = list(&["operator", "cilium", "csi", "new"]);
            merge("t.yaml", Some(&base), &ours, &theirs, in_order).unwrap()
        };
        assert_eq!(
            merge(true),
            list(&["operator", "cilium", "mine", "csi", "new"])
        );
        assert_eq!(
            merge(false),
            list(&["cilium", "mine", "csi", "new", "operator"])
        );
    }

    #[test]
    fn without_a_last_render_only_what_is_missing_is_added() {
        let ours = "a: 1\nb:\n  c: 1\n";
        let added = merge("t.yaml", None, ours, "a: 1\nb:\n  d: 2\n", false);
        assert_eq!(added.unwrap(), "a: 1\nb:\n  c: 1\n  d: 2\n");
        assert!(
            merge("t.yaml", None, ours, "a: 2\n", false)
                .unwrap_err()
                .starts_with("a was edited")
        );
    }

    #[test]
    fn twice_is_once() {
        let ours = edit(BASE, &[("size: 1", "size: 2")]);
        let theirs = edit(BASE, &[("kind: x", "kind: y")]);
        let once = merged(&ours, &theirs).unwrap();
        let again = merge("t.yaml", Some(&theirs), &once, &theirs, false).unwrap();
        assert_eq!(once, again);
    }
}
