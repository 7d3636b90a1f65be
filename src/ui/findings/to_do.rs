//! Secrets that somebody has to make, for people.

use std::fmt::Write as _;

use crate::check::ToDo;
use crate::ui::style;

/// How many of those that need one are shown.
const SHOWN: usize = 3;

/// A list of Secrets that are to be made, with what needs each; and, in a platform of landform's, what makes one.
pub fn to_do(all: &[ToDo], is_platform: bool) -> String {
    let (bold, faint) = (style::HEADING, style::FAINT);
    let mut text = format!("{bold}To be made by you{bold:#}\n");
    for one in all {
        let namespace = one.namespace.as_deref();
        let place = namespace.map_or_else(String::new, |namespace| format!("{namespace}/"));
        let keys: Vec<&str> = one.keys.iter().map(String::as_str).collect();
        let keys = match keys.as_slice() {
            [] => String::new(),
            [key] => format!(", key {key}"),
            keys => format!(", keys {}", keys.join(", ")),
        };
        let clusters: Vec<&str> = one.clusters.iter().map(String::as_str).collect();
        let clusters = clusters.join(", ");
        let _ = writeln!(text, "  Secret {place}{}{keys} ({clusters})", one.name);
        for (who, at) in one.users.iter().take(SHOWN) {
            let (line, _) = at.line_column();
            let _ = writeln!(text, "      {faint}{}:{line}{faint:#} {who}", at.file());
        }
        if one.users.len() > SHOWN {
            let _ = writeln!(text, "      and {} more", one.users.len() - SHOWN);
        }
    }
    if is_platform {
        text += "  `landform secret COMPONENT --on CLUSTER` makes one as the cluster keeps its secrets.\n";
    }
    text
}
