//! What comes after a change of a platform, in order.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::Edit;
use crate::catalog::{Component, Secret};
use crate::change::{Action, Change};
use crate::cli::next::{quote, secrets};
use crate::cli::opened::Opened;
use crate::git::Commit;
use crate::model::{Cluster, SecretsFrom};
use crate::ui::Step;

/// The steps: Terraform where its files changed, secrets that something new needs, and the push.
pub(super) fn steps(edit: &Edit<'_>, change: &Change, commit: Option<&Commit>) -> Vec<Step> {
    let last = edit.terraform_last || takes_away(change);
    let terraform = terraform(edit, change, last);
    let mut steps = Vec::new();
    if !last {
        steps.extend(terraform.iter().cloned());
    }
    let mut later = Vec::new();
    let before = &edit.opened.platform.clusters;
    for (name, cluster) in &edit.platform.clusters {
        // The steps of a new cluster are its own.
        let Some(was) = before.get(name) else {
            continue;
        };
        let needed = needed_before(edit, was);
        let is_new = |name: &str, secret: &Secret| {
            let component = &edit.catalogue.components[name];
            let key = (component.object.clone(), secret.name.clone());
            needed.get(&key) != Some(&source(cluster, component))
        };
        // A namespace comes with the push.
        later.extend(secrets(&edit.platform, cluster, edit.catalogue, &is_new));
    }
    steps.push(push(edit, commit));
    steps.extend(later);
    steps.extend(edit.next.iter().cloned());
    if last {
        steps.extend(terraform);
    }
    steps
}

/// Where the Secrets of a component come from, and from which store.
fn source(cluster: &Cluster, component: &Component) -> (SecretsFrom, Option<String>) {
    let from = cluster.secrets_from(component);
    let fact = cluster.facts.get("secrets").and_then(|fact| fact.as_str());
    let store = fact.filter(|_| from == SecretsFrom::Store);
    (from, store.map(str::to_owned))
}

/// The Secrets that were needed on a cluster already, by component and name, each with where it came from. A component
/// keeps its object's name whatever it is called.
fn needed_before(
    edit: &Edit<'_>,
    cluster: &Cluster,
) -> BTreeMap<(String, String), (SecretsFrom, Option<String>)> {
    let Opened {
        platform,
        catalogue,
        ..
    } = edit.opened;
    let here = cluster.here(platform, catalogue);
    let components = cluster
        .components
        .keys()
        .map(|name| &catalogue.components[name]);
    let needed = components.flat_map(|component| {
        let secrets = platform.secrets(cluster, component, &here).into_iter();
        secrets.map(|secret| {
            let key = (component.object.clone(), secret.name.clone());
            (key, source(cluster, component))
        })
    });
    needed.collect()
}

/// Whether something goes that pods may still use.
fn takes_away(change: &Change) -> bool {
    let mut files = change.files.iter();
    files.any(|(path, file)| {
        path.as_str().starts_with("terraform/")
            && file.action == Action::Delete
            && change.place_of(path).is_none()
    })
}

fn terraform(edit: &Edit<'_>, change: &Change, last: bool) -> Vec<Step> {
    let mut clusters: BTreeSet<&str> = BTreeSet::new();
    // A file that only gets another name is nothing to Terraform.
    let files = change.files.keys();
    for path in files.filter(|path| change.place_of(path).is_none()) {
        let mut parts = path.as_str().split('/');
        if let (Some("terraform"), Some(cluster), Some(_)) =
            (parts.next(), parts.next(), parts.next())
            && edit.platform.clusters.contains_key(cluster)
            && edit.opened.platform.clusters.contains_key(cluster)
        {
            clusters.insert(cluster);
        }
    }
    let dir = dir(edit);
    let steps = clusters.into_iter().map(|cluster| Step {
        title: if last {
            format!("when Flux has caught up on {cluster}, let Terraform follow")
        } else {
            format!("let Terraform follow on {cluster}, before the push")
        },
        notes: if last {
            Vec::new()
        } else {
            vec!["what Flux brings may need what Terraform makes: a pod that starts before its cloud identity exists gets no credentials".to_owned()]
        },
        commands: vec![format!(
            "terraform -chdir={dir}terraform/{cluster} init && terraform -chdir={dir}terraform/{cluster} apply"
        )],
        ..Step::default()
    });
    steps.collect()
}

/// The platform's folder, as the beginning of a path; blank if it is the current one.
fn dir(edit: &Edit<'_>) -> String {
    let root = &edit.opened.root;
    let here = Path::new(".").canonicalize();
    if here.is_ok_and(|here| &here == root) {
        return String::new();
    }
    format!("{}/", root.display())
}

fn push(edit: &Edit<'_>, commit: Option<&Commit>) -> Step {
    let dir = dir(edit);
    let git = if dir.is_empty() {
        "git".to_owned()
    } else {
        format!("git -C {}", dir.trim_end_matches('/'))
    };
    let mut commands = Vec::new();
    if commit.is_none() {
        commands.push(format!("{git} commit"));
    }
    let reads = &edit.opened.platform.git.branch;
    let on = commit
        .map(|commit| &commit.branch)
        .filter(|on| *on != reads);
    if let Some(on) = on {
        commands.push(format!("{git} push --set-upstream origin {}", quote(on)));
        return Step {
            title: format!("push, and merge {on} into {reads}: that is the branch that Flux reads"),
            commands,
            ..Step::default()
        };
    }
    commands.push(format!("{git} push"));
    Step {
        title: "push: Flux takes it from there".to_owned(),
        commands,
        ..Step::default()
    }
}
