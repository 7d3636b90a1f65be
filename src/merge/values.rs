//! Merging values, without their text: what a merged text must say. The text is made in another way, and is not taken
//! unless it says the same.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use crate::yaml::identity;

/// Lists of these keys are sets: both sides may add and remove.
/// In `spec.dependsOn` and `substituteFrom` of Flux, and in kustomize's `resources` and `components`, nothing stands
/// twice.
const SETS: [&str; 4] = ["components", "dependsOn", "resources", "substituteFrom"];

/// Whether the list of a key is a set.
pub(super) fn is_set(key: &str) -> bool {
    SETS.contains(&key)
}

/// Keys both sides changed, each in its own way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Clash {
    /// The keys down to it.
    pub(super) path: Vec<String>,
}

/// Merges one value. Nothing means that it is not there. `in_order`: lists that are sets keep the order of theirs.
pub(super) fn merged(
    path: &mut Vec<String>,
    base: Option<&Value>,
    ours: Option<&Value>,
    theirs: Option<&Value>,
    in_order: bool,
) -> Result<Option<Value>, Clash> {
    if ours == theirs || base == theirs {
        return Ok(ours.cloned());
    }
    if base == ours {
        return Ok(theirs.cloned());
    }
    match (base, ours, theirs) {
        // What the user deleted stays deleted.
        (Some(_), None, _) => Ok(None),
        (base, Some(Value::Object(ours)), theirs) if both_maps(base, theirs) => {
            let empty = Map::new();
            let map = |side: Option<&Value>| side.and_then(Value::as_object).cloned();
            let (base, new) = (map(base).unwrap_or_default(), map(theirs));
            let theirs_map = new.as_ref().unwrap_or(&empty);
            let mut result = Map::new();
            let keys: BTreeSet<&String> = ours.keys().chain(theirs_map.keys()).collect();
            for key in keys {
                path.push(key.clone());
                let (base, ours, theirs) = (base.get(key), ours.get(key), theirs_map.get(key));
                if let Some(value) = merged(path, base, ours, theirs, in_order)? {
                    result.insert(key.clone(), value);
                }
                path.pop();
            }
            // A map that the template has no longer stays for what the user has in it.
            Ok((new.is_some() || !result.is_empty()).then_some(Value::Object(result)))
        }
        (base, Some(Value::Array(ours)), Some(Value::Array(theirs)))
            if path.last().is_some_and(|key| is_set(key)) =>
        {
            let none = Vec::new();
            let base = base.and_then(Value::as_array).unwrap_or(&none);
            set(path, base, ours, theirs, in_order).map(Some)
        }
        _ => Err(Clash { path: path.clone() }),
    }
}

fn both_maps(base: Option<&Value>, theirs: Option<&Value>) -> bool {
    base.is_none_or(Value::is_object) && theirs.is_none_or(Value::is_object)
}

fn set(
    path: &mut Vec<String>,
    base: &[Value],
    ours: &[Value],
    theirs: &[Value],
    in_order: bool,
) -> Result<Value, Clash> {
    let find = |side: &[Value], key: &str| side.iter().find(|item| identity(item) == key).cloned();
    let keys = |side: &[Value]| side.iter().map(identity).collect::<Vec<_>>();
    let (our_keys, their_keys) = (keys(ours), keys(theirs));
    for side in [&our_keys, &their_keys] {
        // One that stands twice cannot be told from the other.
        if side.iter().collect::<BTreeSet<_>>().len() < side.len() {
            return Err(Clash { path: path.clone() });
        }
    }
    let mut kept = Vec::new();
    let mut items = Map::new();
    let all: BTreeSet<&String> = our_keys.iter().chain(&their_keys).collect();
    for key in all {
        let (base, ours, theirs) = (find(base, key), find(ours, key), find(theirs, key));
        path.push(key.clone());
        let item = if base == ours || ours == theirs {
            theirs
        } else if base == theirs || ours.is_none() {
            ours
        } else {
            return Err(Clash { path: path.clone() });
        };
        path.pop();
        if let Some(item) = item {
            kept.push(key.as_str());
            items.insert(key.clone(), item);
        }
    }
    let (ours, theirs) = (words(&our_keys), words(&their_keys));
    let order = order(&ours, &theirs, &kept, in_order);
    Ok(Value::Array(
        order.iter().map(|key| items[*key].clone()).collect(),
    ))
}

fn words(keys: &[String]) -> Vec<&str> {
    keys.iter().map(String::as_str).collect()
}

/// The order of what is kept. Ours stays, and what is new stands behind what it follows in theirs; or, `in_order`,
/// theirs stays, and what is ours alone stands behind what it follows in ours.
pub(super) fn order<'a>(
    ours: &[&'a str],
    theirs: &[&'a str],
    kept: &[&'a str],
    in_order: bool,
) -> Vec<&'a str> {
    let (first, second) = if in_order {
        (theirs, ours)
    } else {
        (ours, theirs)
    };
    let is_kept = |key: &&&'a str| kept.contains(*key);
    let mut order: Vec<&str> = first.iter().filter(is_kept).copied().collect();
    for (at, key) in second.iter().enumerate().filter(|(_, key)| is_kept(key)) {
        if order.contains(key) {
            continue;
        }
        let place = |key: &&str| order.iter().position(|known| known == key);
        let before = second[..at].iter().rev().find_map(place).map(|at| at + 1);
        let after = || second[at + 1..].iter().find_map(place);
        let end = order.len();
        order.insert(before.or_else(after).unwrap_or(end), key);
    }
    order
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn merge(base: &Value, ours: &Value, theirs: &Value) -> Result<Value, String> {
        let merged = merged(&mut Vec::new(), Some(base), Some(ours), Some(theirs), false);
        merged
            .map(Option::unwrap)
            .map_err(|clash| clash.path.join("."))
    }

    #[test]
    fn maps_by_key() {
        let base = json!({"a": 1, "b": 1, "c": 1, "d": {"x": 1, "y": 1}, "e": 1});
        let ours = json!({"a": 2, "b": 1, "d": {"x": 2, "y": 1, "z": 3}, "e": 1, "own": 1});
        let theirs = json!({"a": 1, "b": 2, "c": 1, "d": {"x": 1, "y": 2}, "new": 1});
        let wanted = json!({"a": 2, "b": 2, "d": {"x": 2, "y": 2, "z": 3}, "own": 1, "new": 1});
        assert_eq!(merge(&base, &ours, &theirs).unwrap(), wanted);
    }

    #[test]
    fn clashes() {
        let one = |value: i32| json!({"a": {"b": value}});
        assert_eq!(merge(&one(1), &one(2), &one(3)).unwrap_err(), "a.b");
        assert_eq!(merge(&one(1), &one(2), &json!({})).unwrap_err(), "a.b");
        let list = |items: &[i32]| json!({"list": items});
        assert_eq!(
            merge(&list(&[1]), &list(&[1, 2]), &list(&[1])).unwrap(),
            list(&[1, 2])
        );
        assert_eq!(
            merge(&list(&[1]), &list(&[1, 2]), &list(&[3])).unwrap_err(),
            "list"
        );
        // What was deleted stays deleted, whatever becomes of it.
        assert_eq!(merge(&one(1), &json!({}), &one(2)).unwrap(), json!({}));
    }

    #[test]
    fn sets() {
        let set = |items: &[&str]| json!({"resources": items});
        let (base, ours) = (set(&["a", "c", "e"]), set(&["a", "mine", "c", "e"]));
        let theirs = set(&["a", "b", "c"]);
        let wanted = set(&["a", "b", "mine", "c"]);
        assert_eq!(merge(&base, &ours, &theirs).unwrap(), wanted);
        let twice = set(&["a", "a", "c", "e"]);
        assert_eq!(merge(&base, &twice, &theirs).unwrap_err(), "resources");
    }

    #[test]
    fn orders() {
        let ours = ["a", "mine", "c", "b"];
        let theirs = ["a", "b", "new", "c"];
        let kept = ["a", "b", "c", "mine", "new"];
        assert_eq!(
            order(&ours, &theirs, &kept, false),
            ["a", "mine", "c", "b", "new"]
        );
        assert_eq!(
            order(&ours, &theirs, &kept, true),
            ["a", "mine", "b", "new", "c"]
        );
        assert_eq!(order(&[], &["x", "y"], &["x", "y"], false), ["x", "y"]);
        assert_eq!(order(&["y"], &["x", "y"], &["x", "y"], false), ["x", "y"]);
    }
}
