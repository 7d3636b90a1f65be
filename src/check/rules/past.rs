//! What the rules ask alike that compare with an earlier commit.

use std::collections::BTreeSet;

use crate::check::finding::Spot;
use crate::index::{Holder, Identity, Written};

/// The rules that compare with an earlier commit.
pub(in crate::check) const COMPARE: [&str; 4] = [
    super::immutable_field::RULE.id,
    super::moved_object::RULE.id,
    super::pruned_object::RULE.id,
    super::replaced_release::RULE.id,
];

/// How many objects are named of several.
const SHOWN: usize = 4;

/// A place that outlives its text.
pub(super) fn spot(at: &Written) -> Spot {
    Spot::span(&at.0, at.1.clone())
}

/// Where to point at for what a Flux Kustomization does: itself, or else this.
pub(super) fn of_holder(holder: Option<&Holder>, otherwise: &Written) -> Spot {
    let at = holder.and_then(|holder| holder.at.as_ref());
    spot(at.unwrap_or(otherwise))
}

/// Names, the first of many.
pub(super) fn named(objects: &BTreeSet<&Identity>) -> String {
    let mut names: Vec<String> = objects
        .iter()
        .take(SHOWN)
        .map(ToString::to_string)
        .collect();
    match objects.len().saturating_sub(SHOWN) {
        0 => {}
        1 => names.push("one more".to_owned()),
        more => names.push(format!("{more} more")),
    }
    match names.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => names.concat(),
    }
}

/// Clusters by the folders where they begin.
pub(super) fn on(clusters: &BTreeSet<&str>) -> String {
    let names = clusters.iter().map(|folder| match *folder {
        "" => "the cluster",
        folder => folder,
    });
    names.collect::<Vec<_>>().join(", ")
}
