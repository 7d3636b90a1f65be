//! The table of components and clusters, with the reason of every automatic choice.

use std::fmt::Write as _;

use crate::catalog::Catalogue;
use crate::model::{Platform, Reason, Survey};

/// The table as text, no wider than `width`: clusters in the order given.
pub(super) fn table(
    survey: &Survey,
    catalogue: &Catalogue,
    clusters: &[String],
    width: usize,
) -> String {
    let platform = &survey.platform;
    let mut names: Vec<&String> = platform.components.keys().collect();
    let always = |name: &String| {
        let mut all = catalogue.common.always.iter();
        all.any(|always| &always.value == name)
    };
    names.sort_by_key(|name| !always(name));
    let first = names.iter().map(|name| name.len()).max().unwrap_or(0);
    let columns: Vec<(&String, &str, usize)> = clusters
        .iter()
        .filter_map(|name| {
            let provider = platform.clusters.get(name)?.provider.as_str();
            Some((name, provider, name.len().max(provider.len())))
        })
        .collect();
    let wide: usize = 2 + first + columns.iter().map(|(_, _, w)| w + 2).sum::<usize>();
    let narrow = wide > width;
    let mut text = String::new();
    if narrow {
        for (name, provider, _) in &columns {
            let _ = writeln!(text, "  {name} runs on {provider}");
        }
    } else {
        let row = |cell: &dyn Fn(&(&String, &str, usize)) -> String| {
            let cells: Vec<String> = columns
                .iter()
                .map(|column| format!("  {:1$}", cell(column), column.2))
                .collect();
            format!("  {:first$}{}", "", cells.concat())
                .trim_end()
                .to_owned()
        };
        let _ = writeln!(text, "{}", row(&|column| column.0.clone()));
        let _ = writeln!(text, "{}", row(&|column| column.1.to_owned()));
    }
    for name in names {
        let on = |cluster: &String| platform.clusters[cluster].components.contains_key(name);
        let mut line = if narrow {
            let on: Vec<&str> = columns
                .iter()
                .filter(|column| on(column.0))
                .map(|column| column.0.as_str())
                .collect();
            format!("  {name}: {}", on.join(", "))
        } else {
            let cells: Vec<String> = columns
                .iter()
                .map(|column| {
                    let word = if on(column.0) { "yes" } else { "no" };
                    format!("  {word:0$}", column.2)
                })
                .collect();
            format!("  {name:first$}{}", cells.concat())
        };
        let why = why(survey, catalogue, platform, clusters, name).join("; ");
        if line.len() + 2 + why.len() <= width {
            line = format!("{line}  {why}");
        } else {
            line = format!("{}\n      {why}", line.trim_end());
        }
        let _ = writeln!(text, "{}", line.trim_end());
    }
    text
}

/// Why a component is there, or is not, where nobody said so.
fn why(
    survey: &Survey,
    catalogue: &Catalogue,
    platform: &Platform,
    clusters: &[String],
    name: &str,
) -> Vec<String> {
    let mut reasons: Vec<String> = Vec::new();
    for cluster in clusters {
        let Some(entry) = platform.clusters.get(cluster) else {
            continue;
        };
        let reason = match entry.components.get(name).map(|placed| &placed.reason) {
            Some(Reason::Always) => Some("always there".to_owned()),
            Some(Reason::Needed { by, ability }) if ability == name => {
                Some(format!("needed by {by}"))
            }
            Some(Reason::Needed { by, ability }) => Some(format!("{by} needs {ability}")),
            Some(Reason::Chosen | Reason::Usual) => None,
            None => survey
                .unfit(catalogue, name, cluster)
                .map(|reason| format!("not on {cluster}: {reason}")),
        };
        if let Some(reason) = reason.filter(|reason| !reasons.contains(reason)) {
            reasons.push(reason);
        }
    }
    reasons
}
