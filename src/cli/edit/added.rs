//! What comes to a platform with a change, and why.

use std::fmt::Write as _;

use super::Edit;
use crate::cli::opened::Opened;
use crate::cli::versions::shared;
use crate::error::{Problem, Problems, Result};
use crate::model::{Platform, Reason};

/// A component that comes to a cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::cli) struct New {
    /// The component.
    pub(in crate::cli) component: String,
    /// The cluster.
    pub(in crate::cli) cluster: String,
    /// Why.
    pub(in crate::cli) reason: Reason,
}

/// What a platform has more of than before.
pub(in crate::cli) fn new(before: &Platform, after: &Platform) -> Vec<New> {
    let mut new = Vec::new();
    for (name, cluster) in &after.clusters {
        let had = before.clusters.get(name).map(|cluster| &cluster.components);
        for (component, placed) in &cluster.components {
            if had.is_none_or(|had| !had.contains_key(component)) {
                new.push(New {
                    component: component.clone(),
                    cluster: name.clone(),
                    reason: placed.reason.clone(),
                });
            }
        }
    }
    new
}

/// What others need is added only if somebody agrees: by the flag, or because the plan is shown before the question.
///
/// # Errors
/// Nobody did.
pub(in crate::cli) fn may_add_needs(new: &[New], agreed: bool) -> Result<()> {
    if agreed {
        return Ok(());
    }
    let mut problems = Problems::default();
    for new in new {
        if let Reason::Needed { by, ability } = &new.reason {
            let New {
                component, cluster, ..
            } = new;
            let what = if ability == component {
                component.clone()
            } else {
                format!("{ability}, which {component} gives")
            };
            problems.push(
                Problem::new(format!("{by} on {cluster} needs {what}"))
                    .hint("agree by --with-needs"),
            );
        }
    }
    problems.into_result()
}

/// Tells of what comes because others need it, and takes its files for new.
pub(in crate::cli) fn tell_needs(edit: &mut Edit<'_>, new: &[New]) {
    for new in new {
        let New {
            component,
            cluster,
            reason,
        } = new;
        if let Reason::Needed { by, ability } = reason {
            let why = if ability == component {
                format!("{by} needs it")
            } else {
                format!("{by} needs {ability}")
            };
            edit.notes
                .push(format!("{component} comes to {cluster} too: {why}"));
            let _ = writeln!(edit.body, "{component} on {cluster}: {why}");
        }
        edit.restored.insert(component.clone());
    }
}

/// What a cluster keeps from the start it keeps in the version that the others have, not in the templates' one.
pub(in crate::cli) fn keep_versions(opened: &Opened, platform: &mut Platform) {
    for (name, cluster) in &mut platform.clusters {
        let was = opened.platform.clusters.get(name);
        for (component, placed) in &mut cluster.components {
            let had = was.is_some_and(|was| was.components.contains_key(component));
            if had || !placed.pinned || !placed.pins.is_empty() {
                continue;
            }
            placed.pins = shared(opened, component).into_iter().collect();
        }
    }
}
