//! What several rules ask alike.

use std::collections::BTreeSet;

use crate::check::finding::{Finding, Spot};
use crate::error::did_you_mean;
use crate::index::{Built, Cluster, Effective, Folder, Lookup, Origin, Repository, Unit, group};

/// An object as something applies it.
pub(super) struct Applied<'r, 'a> {
    /// The cluster.
    pub(super) cluster: &'r Cluster<'a>,
    /// What applies it.
    pub(super) unit: &'r Unit<'a>,
    /// It.
    pub(super) built: &'r Built<'a>,
    /// It, with what lies over it.
    pub(super) effective: Effective<'a>,
}

/// Every object of a kind as it is applied, on each cluster.
pub(super) fn applied<'r, 'a>(
    repository: &'r Repository<'a>,
    group: &'static str,
    kind: &'static str,
) -> impl Iterator<Item = Applied<'r, 'a>> {
    let clusters = repository.clusters.iter();
    clusters.flat_map(move |cluster| applied_on(cluster, repository, group, kind))
}

/// Every object of a kind as a cluster applies it.
pub(super) fn applied_on<'r, 'a>(
    cluster: &'r Cluster<'a>,
    repository: &'r Repository<'a>,
    group: &'static str,
    kind: &'static str,
) -> impl Iterator<Item = Applied<'r, 'a>> {
    cluster.units.iter().flat_map(move |unit| {
        unit.built.iter().filter_map(move |built| {
            let Origin::Object(id) = built.origin else {
                return None;
            };
            if !repository.objects.all[id].is(group, kind) {
                return None;
            }
            Some(Applied {
                cluster,
                unit,
                built,
                effective: repository.effective(built)?,
            })
        })
    })
}

/// Says of a reference what there is instead, and what mends it. `on` is the cluster.
pub(super) fn instead(finding: &mut Finding, found: &Lookup<'_, '_>, repository: &Repository<'_>) {
    match found {
        Lookup::Near(near) => {
            finding.hint(format!("did you mean `{near}`?"));
            mend_slip(finding, near);
        }
        Lookup::Otherwhere(_, built) => {
            let namespace = built.namespace.clone().unwrap_or_default();
            if let Some(object) = repository.object(built) {
                finding.related(
                    Spot::name(object),
                    format!("it is in the namespace {namespace}"),
                );
            }
            finding.hint(format!(
                "it is in the namespace {namespace}: name that, or move it"
            ));
        }
        Lookup::Found(..) | Lookup::None | Lookup::Unknown => {}
    }
}

/// Lets a finding be mended by writing another word in its place, if what stands there is that word with a slip.
pub(super) fn mend_slip(finding: &mut Finding, right: &str) {
    let at = finding.at.clone();
    let Some(written) = at.source.text.get(at.span.clone()) else {
        return;
    };
    let word = written.trim_matches(['"', '\'']);
    // In a patch that is written as text the place is all of that text.
    if word.contains('\n') || !is_slip(word, right) {
        return;
    }
    let text = written.replacen(word, right, 1);
    finding.fix(format!("write {right}"), vec![(at, text)]);
}

/// A hint at the path that is most like one that is not there: the longest part of it that is, with a name like the
/// next.
pub(super) fn near_path(path: &str, repository: &Repository<'_>) -> Option<String> {
    let mut known = String::new();
    let mut parts = path.split('/').filter(|part| !part.is_empty());
    let index = repository.index;
    loop {
        let part = parts.next()?;
        let next = if known.is_empty() {
            part.to_owned()
        } else {
            format!("{known}/{part}")
        };
        if index.has_folder(&next) || index.paths.contains(&next) {
            known = next;
            continue;
        }
        let prefix = if known.is_empty() {
            String::new()
        } else {
            format!("{known}/")
        };
        let names: BTreeSet<&str> = index
            .paths
            .range(prefix.clone()..)
            .map_while(|path| path.strip_prefix(&prefix))
            .map(|rest| rest.split('/').next().unwrap_or_default())
            .collect();
        let near = did_you_mean(part, names)?;
        let rest: Vec<&str> = parts.collect();
        let whole = std::iter::once(near)
            .chain(rest)
            .collect::<Vec<_>>()
            .join("/");
        let whole = format!("{prefix}{whole}");
        let there = index.has_folder(&whole) || index.paths.contains(&whole);
        return there.then_some(whole);
    }
}

/// Whether one name is the other with a slip of the pen: no more than two letters off. Numbers are no slips: they tell
/// one of several from another.
pub(super) fn is_slip(name: &str, other: &str) -> bool {
    let letters = |text: &str| -> String { text.chars().filter(|c| !c.is_ascii_digit()).collect() };
    name.len().min(other.len()) >= 5
        && strsim::damerau_levenshtein(name, other) <= 2
        && letters(name) != letters(other)
}

/// Whether there is nothing of a name: what is only like it, and no slip, is another.
pub(super) fn is_lost(found: &Lookup<'_, '_>, name: &str) -> bool {
    match found {
        Lookup::None => true,
        Lookup::Near(near) => !is_slip(name, near),
        _ => false,
    }
}

/// Booleans of YAML 1.1, which are texts in YAML 1.2.
pub(super) fn is_old_flag(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    matches!(text.as_str(), "yes" | "no" | "on" | "off" | "y" | "n")
}

/// An object of a build: `Kind namespace/name`, as it comes out.
pub(super) fn title(built: &Built<'_>, repository: &Repository<'_>) -> String {
    let kind = built.kind(repository.objects);
    match built.home(repository.objects) {
        Some(home) => format!("{kind} {home}/{}", built.name),
        None => format!("{kind} {}", built.name),
    }
}

/// Whether Flux surely builds a folder.
pub(super) fn is_led_to(folder: &str, repository: &Repository<'_>) -> bool {
    repository.clusters.iter().any(|cluster| {
        let mut units = cluster.units.iter();
        units.any(|unit| {
            matches!(&unit.folder, Folder::Here(own) if own == folder)
                && cluster.surely_builds(unit)
        })
    })
}

/// Whether that which a cluster begins with says a word: its `FluxInstance`, or, where that is made of the values of a
/// chart, those of any cluster, which are like each other.
pub(super) fn begins_with(cluster: &Cluster<'_>, repository: &Repository<'_>, word: &str) -> bool {
    let mut own = applied_on(cluster, repository, group::OPERATOR, "FluxInstance")
        .filter_map(|instance| repository.object(instance.built))
        .peekable();
    if own.peek().is_some() {
        return own.any(|object| says(&object.source.text, word));
    }
    begin_with(repository, word)
}

/// Whether that which any cluster begins with says a word.
pub(super) fn begin_with(repository: &Repository<'_>, word: &str) -> bool {
    let mut texts = repository.index.texts.iter();
    texts.any(|(path, source)| {
        let text = &source.text;
        (path.ends_with(".yaml") || path.ends_with(".yml"))
            && (text.contains("FluxInstance") || text.contains("sync:"))
            && says(text, word)
    })
}

/// Whether a word stands in a text outside of comments of whole lines.
fn says(text: &str, word: &str) -> bool {
    let mut lines = text
        .lines()
        .filter(|line| !line.trim_start().starts_with('#'));
    lines.any(|line| line.contains(word))
}

/// A duration of Flux's in seconds (`^([0-9]+(\.[0-9]+)?(ms|s|m|h))+$`).
pub(super) fn seconds(text: &str) -> Option<f64> {
    let mut rest = text;
    let mut sum = 0.0;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let number: f64 = rest[..end].parse().ok()?;
        rest = &rest[end..];
        let (unit, length) = [("ms", 0.001), ("s", 1.0), ("m", 60.0), ("h", 3600.0)]
            .into_iter()
            .find(|(unit, _)| rest.starts_with(unit))?;
        rest = &rest[unit.len()..];
        sum += number * length;
    }
    (!text.is_empty()).then_some(sum)
}

/// Whether a text has parts that something puts in.
pub(super) fn has_open_parts(text: &str) -> bool {
    ["${", "<<", "{{", "{%", "__"]
        .iter()
        .any(|mark| text.contains(mark))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        assert_eq!(seconds("1h30m"), Some(5400.0));
        assert_eq!(seconds("1.5s"), Some(1.5));
        assert_eq!(seconds("500ms"), Some(0.5));
        assert_eq!(seconds(""), None);
        assert_eq!(seconds("1d"), None);
        assert_eq!(seconds("10"), None);
    }
}
