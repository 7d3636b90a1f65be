//! What comes after a change of a platform, in order.

use std::collections::{BTreeMap, BTreeSet};

use super::Edit;
use crate::catalog::{Component, Secret};
use crate::change::{Action, Change};
use crate::cli::here::Here;
use crate::cli::next::{Situation, apply, kubectl, login, quote, secrets};
use crate::cli::opened::Opened;
use crate::error::Result;
use crate::model::{Cluster, Git, SecretsFrom};
use crate::ui::Step;

/// The steps: Terraform where its files changed, secrets that something new needs, and the push.
///
/// # Errors
/// A text of the catalogue cannot be rendered.
pub(super) fn steps(
    edit: &Edit<'_>,
    change: &Change,
    situation: &Situation<'_>,
) -> Result<Vec<Step>> {
    let here = situation.here;
    let last = edit.terraform_last || takes_away(change);
    let terraform = terraform(edit, change, last, here);
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
        let speak = kubectl(&edit.platform, cluster, edit.catalogue, here)?;
        later.extend(secrets(
            &edit.platform,
            cluster,
            edit.catalogue,
            here,
            &speak,
            &is_new,
        ));
    }
    steps.extend(push(edit, situation));
    steps.extend(later);
    steps.extend(edit.next.iter().cloned());
    if last {
        steps.extend(terraform);
    }
    Ok(steps)
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

fn terraform(edit: &Edit<'_>, change: &Change, last: bool, here: &Here) -> Vec<Step> {
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
    // What is exported for one cluster is there for the next.
    let mut told = BTreeSet::new();
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
        commands: {
            let login = login(&edit.platform, &edit.platform.clusters[cluster]);
            let new = login.into_iter().filter(|line| told.insert(line.clone()));
            new.chain([apply(cluster, here)]).collect()
        },
        ..Step::default()
    });
    steps.collect()
}

/// The push. Where Flux reads from elsewhere from now on, both places get it.
fn push(edit: &Edit<'_>, situation: &Situation<'_>) -> Vec<Step> {
    let (was, is) = (&edit.opened.platform.git, &edit.platform.git);
    if !situation.had_repository {
        return vec![Step {
            title: "bring the change to where Flux reads it: this folder is no Git repository"
                .to_owned(),
            notes: vec![format!(
                "copy these files into a clone of {}, onto the branch {}, commit and push",
                was.url, was.branch
            )],
            ..Step::default()
        }];
    }
    let git = situation.here.git();
    let mut commands = Vec::new();
    if situation.commit.is_none() {
        commands.push(format!("{git} commit"));
    }
    let on = situation.commit.map(|commit| &commit.branch);
    let elsewhere = (&was.url, &was.branch) != (&is.url, &is.branch);
    if let Some(on) = on.filter(|on| *on != &was.branch) {
        commands.push(format!("{git} push --set-upstream origin {}", quote(on)));
        let reads = &was.branch;
        let title = if elsewhere {
            format!(
                "push, and merge {on} in both places, in the new one first: {} of {}, then {reads} of {}",
                is.branch, is.url, was.url
            )
        } else {
            format!("push, and merge {on} into {reads}: that is the branch that Flux reads")
        };
        return vec![Step {
            title,
            commands,
            ..Step::default()
        }];
    }
    if elsewhere {
        return push_to_both(was, is, &git, commands);
    }
    commands.push(format!("{git} push"));
    vec![Step {
        title: "push: Flux takes it from there".to_owned(),
        commands,
        ..Step::default()
    }]
}

/// A cluster learns of the new place from the one that it reads now, and must find everything there then.
fn push_to_both(was: &Git, is: &Git, git: &str, mut first: Vec<String>) -> Vec<Step> {
    let moves = was.url != is.url;
    let to = if moves {
        quote(&is.url)
    } else {
        "origin".to_owned()
    };
    let branch = |name: &str| quote(&format!("HEAD:refs/heads/{name}"));
    first.push(format!("{git} push {to} {}", branch(&is.branch)));
    let mut steps = vec![
        Step {
            title: "push to the new place first, so that the clusters find everything there"
                .to_owned(),
            commands: first,
            ..Step::default()
        },
        Step {
            title:
                "push to the place that the clusters read now: from there they learn of the new one"
                    .to_owned(),
            notes: Vec::from_iter(moves.then(|| format!("origin must still be {}", was.url))),
            commands: vec![format!("{git} push origin {}", branch(&was.branch))],
            ..Step::default()
        },
    ];
    if moves {
        steps.push(Step {
            title: "from then on push to the new place alone".to_owned(),
            commands: vec![format!("{git} remote set-url origin {}", quote(&is.url))],
            ..Step::default()
        });
    } else {
        steps.push(Step {
            title: format!(
                "from then on work on {}: that is the branch that Flux reads",
                is.branch
            ),
            commands: vec![format!("{git} switch {}", quote(&is.branch))],
            notes: vec![format!(
                "where there is no such branch here yet: {git} switch --create {}",
                quote(&is.branch)
            )],
            ..Step::default()
        });
    }
    steps
}
