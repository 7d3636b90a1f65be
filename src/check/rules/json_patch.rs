//! JSON patches as kustomize applies them, to learn whether it can (RFC 6902; evanphx/json-patch 4, which is laxer in
//! some points).

use serde_json::{Map, Value};

/// Why an operation cannot be applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Failed {
    /// There is no such field.
    NoField,
    /// What the field would lie in is not there.
    NoParent(String),
    /// A list has no such item: the number, and how many it has.
    NoItem(usize, usize),
    /// A test finds something else.
    Otherwise,
    /// There is no such operation.
    NoOperation,
    /// It cannot be said.
    Unknown,
}

/// Stands for what is not known: no YAML holds this text.
const UNKNOWN: &str = "\u{0}unknown";

/// Whether a value stands for what is not known.
pub(super) fn is_unknown(value: &Value) -> bool {
    value == UNKNOWN
}

/// Lays a merge patch over a value. How lists are merged depends on the kind, so that one is not known any more.
pub(super) fn lay(value: &mut Value, patch: &Value) {
    let (Value::Object(map), Value::Object(patch)) = (&mut *value, patch) else {
        *value = patch.clone();
        return;
    };
    for (key, new) in patch {
        match new {
            Value::Null => {
                map.remove(key);
            }
            Value::Array(_) => {
                map.insert(key.clone(), UNKNOWN.into());
            }
            Value::Object(inner) if inner.keys().any(|key| key.starts_with('$')) => {
                map.insert(key.clone(), UNKNOWN.into());
            }
            Value::Object(_) => {
                let old = map.entry(key.clone()).or_insert_with(|| Map::new().into());
                if !is_unknown(old) {
                    lay(old, new);
                }
            }
            _ => {
                map.insert(key.clone(), new.clone());
            }
        }
    }
}

/// Applies an operation.
pub(super) fn apply(
    value: &mut Value,
    op: &str,
    pointer: &str,
    from: Option<&str>,
    new: Option<Value>,
) -> Result<(), Failed> {
    match op {
        "add" => add(value, pointer, new.unwrap_or_default()),
        "remove" => remove(value, pointer).map(drop),
        "replace" => replace(value, pointer, new.unwrap_or_default()),
        "test" => {
            let wanted = new.unwrap_or_default();
            match get(value, pointer)? {
                Some(found) if is_unknown(&found) => Err(Failed::Unknown),
                Some(found) if found != wanted => Err(Failed::Otherwise),
                None if !wanted.is_null() => Err(Failed::Otherwise),
                _ => Ok(()),
            }
        }
        "move" => {
            let moved = remove(value, from.ok_or(Failed::Unknown)?)?;
            add(value, pointer, moved)
        }
        "copy" => {
            let copied = get(value, from.ok_or(Failed::Unknown)?)?;
            add(value, pointer, copied.unwrap_or_default())
        }
        _ => Err(Failed::NoOperation),
    }
}

/// What lies above a field, and the last part of the path.
fn parent<'v>(value: &'v mut Value, pointer: &str) -> Result<(&'v mut Value, String), Failed> {
    let parts = parts(pointer);
    let Some((last, above)) = parts.split_last() else {
        return Err(Failed::Unknown);
    };
    let mut here = value;
    let mut gone = String::new();
    for (depth, part) in above.iter().enumerate() {
        gone = format!("{gone}/{part}");
        // During a build every object has annotations: kustomize's own.
        let given = depth == 1 && above[0] == "metadata" && part == "annotations";
        if is_unknown(here) {
            return Err(Failed::Unknown);
        }
        if let (true, Value::Object(map)) = (given, &mut *here) {
            map.entry(part.clone()).or_insert_with(|| Map::new().into());
        }
        let next = match here {
            Value::Object(map) => map.get_mut(part),
            Value::Array(items) => match part.parse::<usize>() {
                Ok(at) if at >= items.len() => return Err(Failed::NoItem(at, items.len())),
                Ok(at) => items.get_mut(at),
                Err(_) => return Err(Failed::Unknown),
            },
            _ => None,
        };
        here = next.ok_or(Failed::NoParent(gone.clone()))?;
    }
    match here {
        Value::Object(_) | Value::Array(_) => Ok((here, last.clone())),
        other if is_unknown(other) => Err(Failed::Unknown),
        _ => Err(Failed::NoParent(gone)),
    }
}

fn parts(pointer: &str) -> Vec<String> {
    let pointer = pointer.strip_prefix('/').unwrap_or(pointer);
    let parts = pointer.split('/');
    parts
        .map(|part| part.replace("~1", "/").replace("~0", "~"))
        .collect()
}

fn item(part: &str, limit: usize) -> Result<usize, Failed> {
    // Negative numbers count from the end there, and whatever else is there is none of ours.
    let at: usize = part.parse().map_err(|_| Failed::Unknown)?;
    if at < limit {
        Ok(at)
    } else {
        Err(Failed::NoItem(at, limit))
    }
}

fn add(value: &mut Value, pointer: &str, new: Value) -> Result<(), Failed> {
    let (parent, last) = parent(value, pointer)?;
    match parent {
        Value::Object(map) => {
            map.insert(last, new);
        }
        Value::Array(items) if last == "-" => items.push(new),
        Value::Array(items) => {
            let at = item(&last, items.len() + 1).map_err(|failed| match failed {
                Failed::NoItem(at, _) => Failed::NoItem(at, items.len()),
                other => other,
            })?;
            items.insert(at, new);
        }
        _ => return Err(Failed::Unknown),
    }
    Ok(())
}

fn remove(value: &mut Value, pointer: &str) -> Result<Value, Failed> {
    let (parent, last) = parent(value, pointer)?;
    match parent {
        Value::Object(map) => map.shift_remove(&last).ok_or(Failed::NoField),
        Value::Array(items) => {
            let at = item(&last, items.len())?;
            Ok(items.remove(at))
        }
        _ => Err(Failed::Unknown),
    }
}

fn replace(value: &mut Value, pointer: &str, new: Value) -> Result<(), Failed> {
    let (parent, last) = parent(value, pointer)?;
    match parent {
        // A field that is not there is made.
        Value::Object(map) => {
            map.insert(last, new);
        }
        Value::Array(items) => {
            let at = item(&last, items.len())?;
            items[at] = new;
        }
        _ => return Err(Failed::Unknown),
    }
    Ok(())
}

fn get(value: &mut Value, pointer: &str) -> Result<Option<Value>, Failed> {
    let (parent, last) = parent(value, pointer)?;
    Ok(match parent {
        Value::Object(map) => map.get(&last).cloned(),
        Value::Array(items) => Some(items[item(&last, items.len())?].clone()),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// What comes of an operation; as kubectl 1.36 says (`kubectl kustomize`, tried one by one).
    fn of(op: &str, pointer: &str, new: Value) -> Result<Value, Failed> {
        let mut value = json!({"metadata": {"name": "x"}, "data": {"a": "1"}, "list": [1, 2]});
        apply(&mut value, op, pointer, Some("/data/a"), Some(new))?;
        Ok(value)
    }

    #[test]
    fn operations_are_those_of_kustomize() {
        let fails = |op: &str, pointer: &str| of(op, pointer, json!("x")).err();
        assert_eq!(fails("remove", "/data/b"), Some(Failed::NoField));
        assert_eq!(fails("replace", "/data/b"), None);
        assert_eq!(
            fails("add", "/spec/b"),
            Some(Failed::NoParent("/spec".to_owned()))
        );
        assert_eq!(
            fails("replace", "/spec/b/c"),
            Some(Failed::NoParent("/spec".to_owned()))
        );
        assert_eq!(
            fails("add", "/data/a/b"),
            Some(Failed::NoParent("/data/a".to_owned()))
        );
        assert_eq!(fails("add", "/list/7"), Some(Failed::NoItem(7, 2)));
        assert_eq!(fails("add", "/list/2"), None);
        assert_eq!(fails("add", "/list/-"), None);
        assert_eq!(fails("replace", "/list/2"), Some(Failed::NoItem(2, 2)));
        assert_eq!(fails("remove", "/list/-1"), Some(Failed::Unknown));
        assert_eq!(fails("test", "/data/a"), Some(Failed::Otherwise));
        assert_eq!(fails("test", "/data/b"), Some(Failed::Otherwise));
        assert_eq!(fails("replce", "/data/a"), Some(Failed::NoOperation));
        assert_eq!(
            fails("remove", "/metadata/annotations/x"),
            Some(Failed::NoField)
        );
        assert_eq!(fails("add", "/metadata/annotations/x~1y"), None);
        let labels = Failed::NoParent("/metadata/labels".to_owned());
        assert_eq!(fails("add", "/metadata/labels/x"), Some(labels));
        assert_eq!(
            fails("add", "/metadata/other/x"),
            Some(Failed::NoParent("/metadata/other".to_owned()))
        );
        let moved = of("move", "/list/-", Value::Null).unwrap();
        assert_eq!(
            moved,
            json!({"metadata": {"name": "x"}, "data": {}, "list": [1, 2, "1"]})
        );
    }

    #[test]
    fn what_a_merge_leaves_of_lists_is_not_known() {
        let mut value = json!({"spec": {"a": [1], "b": {"c": 1}, "d": 1}});
        lay(
            &mut value,
            &json!({"spec": {"a": [2], "b": {"e": 2}, "d": null}}),
        );
        let mut apply = |op, pointer| apply(&mut value, op, pointer, None, Some(json!(1)));
        assert_eq!(apply("remove", "/spec/a/3"), Err(Failed::Unknown));
        assert_eq!(apply("remove", "/spec/b/e"), Ok(()));
        assert_eq!(apply("remove", "/spec/d"), Err(Failed::NoField));
    }
}
