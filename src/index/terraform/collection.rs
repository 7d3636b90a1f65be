//! Terraform's functions of lists and maps, whose items need not be known.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::value::Value;

/// What a function comes to.
pub(super) enum Answer {
    /// It is one of those here, and gives this.
    Is(Value),
    /// It is one of those here, and Terraform stops at what it is given.
    Stops,
    /// It is another.
    Other,
}

impl From<Option<Value>> for Answer {
    fn from(value: Option<Value>) -> Self {
        value.map_or(Self::Stops, Self::Is)
    }
}

const LISTS: [&str; 11] = [
    "compact", "distinct", "flatten", "keys", "length", "one", "reverse", "sort", "tolist",
    "toset", "values",
];

fn is_unknown(value: &Value) -> bool {
    matches!(value, Value::Unknown | Value::Rendered(_))
}

/// A function of lists and maps.
pub(super) fn collection(name: &str, arguments: &[Value]) -> Answer {
    let Some(first) = arguments.first() else {
        return match name {
            "merge" => Answer::Is(Value::map(BTreeMap::new())),
            "concat" => Answer::Is(Value::list(Vec::new())),
            _ => Answer::Other,
        };
    };
    if LISTS.contains(&name) && is_unknown(first) {
        return Answer::Is(Value::Unknown);
    }
    match (name, first) {
        ("yamlencode" | "jsonencode", value) => Answer::Is(Value::Encoded(Arc::new(value.clone()))),
        ("tolist" | "tomap" | "nonsensitive" | "sensitive" | "ephemeralasnull", value) => {
            Answer::Is(value.clone())
        }
        ("toset" | "sort" | "distinct" | "compact", Value::List(items)) => {
            Answer::Is(kept(name, items))
        }
        ("reverse", Value::List(items)) => {
            Answer::Is(Value::list(items.iter().rev().cloned().collect()))
        }
        ("flatten", list) => {
            let mut flat = Vec::new();
            flatten(list, &mut flat);
            let unknown = flat.iter().any(is_unknown);
            Answer::Is(if unknown {
                Value::Unknown
            } else {
                Value::list(flat)
            })
        }
        ("keys", Value::Map(map)) => {
            let keys = map.entries.keys().map(|key| Value::text_of(key));
            Answer::Is(Value::list(keys.collect()))
        }
        ("values", Value::Map(map)) => {
            Answer::Is(Value::list(map.entries.values().cloned().collect()))
        }
        ("length", value) => length(value),
        ("concat" | "setunion", _) => joined(name, arguments),
        ("merge", _) => merged(arguments),
        ("lookup", map) => match (map, arguments.get(1).and_then(Value::as_text)) {
            (Value::Map(map), Some(key)) => {
                map.entries.get(&key).or(arguments.get(2)).cloned().into()
            }
            _ => Answer::Is(Value::Unknown),
        },
        ("contains", Value::List(items)) => contains(items, arguments.get(1)),
        ("coalesce", _) => coalesced(arguments),
        (name, _) if LISTS.contains(&name) && name != "one" => Answer::Stops,
        _ => Answer::Other,
    }
}

/// The items of a list that `toset` and its like keep, in their order.
fn kept(name: &str, items: &[Value]) -> Value {
    if !items.iter().all(Value::is_known) {
        return Value::Unknown;
    }
    let mut kept: Vec<Value> = Vec::new();
    for item in items {
        let again = kept.iter().any(|known| known.difference(item).is_none());
        let blank =
            matches!(item, Value::Null) || item.as_text().is_some_and(|text| text.is_empty());
        let left = match name {
            "compact" => blank,
            "sort" => false,
            _ => again,
        };
        if !left {
            kept.push(item.clone());
        }
    }
    if name == "toset" || name == "sort" {
        kept.sort_by_key(Value::as_text);
    }
    Value::list(kept)
}

fn flatten(value: &Value, flat: &mut Vec<Value>) {
    match value {
        Value::List(items) => items.iter().for_each(|item| flatten(item, flat)),
        value => flat.push(value.clone()),
    }
}

fn length(value: &Value) -> Answer {
    let count = match value {
        Value::List(items) => items.len(),
        Value::Map(map) => map.entries.len(),
        Value::Text(text) => text.text.chars().count(),
        Value::Encoded(_) => return Answer::Is(Value::Unknown),
        _ => return Answer::Stops,
    };
    let count = u32::try_from(count).unwrap_or(u32::MAX);
    Answer::Is(Value::Number(f64::from(count)))
}

fn joined(name: &str, lists: &[Value]) -> Answer {
    if !lists.iter().all(|list| matches!(list, Value::List(_))) {
        return Answer::Is(Value::Unknown);
    }
    let all: Vec<Value> = lists.iter().flat_map(Value::items).cloned().collect();
    Answer::Is(if name == "setunion" {
        kept("toset", &all)
    } else {
        Value::list(all)
    })
}

fn merged(maps: &[Value]) -> Answer {
    let mut entries: BTreeMap<String, Value> = BTreeMap::new();
    for map in maps {
        match map {
            Value::Map(map) => {
                let own = map.entries.iter();
                entries.extend(own.map(|(key, value)| (key.clone(), value.clone())));
            }
            Value::Null => {}
            _ => return Answer::Is(Value::Unknown),
        }
    }
    Answer::Is(Value::map(entries))
}

fn contains(items: &[Value], wanted: Option<&Value>) -> Answer {
    let Some(wanted) = wanted.filter(|wanted| wanted.is_known()) else {
        return Answer::Is(Value::Unknown);
    };
    let mut known = items.iter().filter(|item| item.is_known());
    let found = known.any(|item| item.difference(wanted).is_none());
    let sure = found || items.iter().all(Value::is_known);
    Answer::Is(if sure {
        Value::Bool(found)
    } else {
        Value::Unknown
    })
}

fn coalesced(arguments: &[Value]) -> Answer {
    for argument in arguments {
        match argument {
            Value::Unknown => return Answer::Is(Value::Unknown),
            Value::Null => {}
            value if value.as_text().is_some_and(|text| text.is_empty()) => {}
            value => return Answer::Is(value.clone()),
        }
    }
    Answer::Stops
}
