//! What to do after a command, in order, with exact commands.

use std::path::Path;

use super::here::Here;
use crate::catalog::{Catalogue, Component, Secret};
use crate::error::Result;
use crate::git::Commit;
use crate::model::{Cluster, GitAuth, Platform, RepoPath, SecretsFrom};
use crate::render::provider_texts;
use crate::ui::Step;

/// How things stand after the command.
pub(super) struct Situation<'a> {
    /// The platform's folder, as given.
    pub(super) dir: &'a Path,
    /// Whether it was there before.
    pub(super) had_folder: bool,
    /// Whether it was a repository before.
    pub(super) had_repository: bool,
    /// What is new in it: files, and folders with all that is in them.
    pub(super) made: Vec<String>,
    /// Files that changed, where the last commit holds the old text.
    pub(super) restorable: &'a [RepoPath],
    /// Files that changed, where nothing holds it.
    pub(super) replaced: &'a [RepoPath],
    /// How many files were there already as they should be.
    pub(super) kept: usize,
    /// Whether it knows where to push.
    pub(super) had_origin: bool,
    /// Whether something was staged before, and so still is.
    pub(super) had_staged: bool,
    /// The commit, if one was made.
    pub(super) commit: Option<&'a Commit>,
    /// Where the folder is, seen from where the user will be.
    pub(super) here: &'a Here,
}

/// The steps from a written platform to reconciling clusters.
///
/// # Errors
/// A text of the catalogue cannot be rendered.
pub(super) fn steps(
    platform: &Platform,
    catalogue: &Catalogue,
    situation: &Situation<'_>,
) -> Result<Vec<Step>> {
    let mut steps = vec![push(platform, situation)];
    for cluster in platform.in_order() {
        steps.extend(bring_up(platform, cluster, catalogue, situation.here)?);
    }
    steps.extend(undo(situation));
    Ok(steps)
}

/// The steps from a pushed repository to a cluster that reconciles.
///
/// # Errors
/// A text of the catalogue cannot be rendered.
pub(super) fn bring_up(
    platform: &Platform,
    cluster: &Cluster,
    catalogue: &Catalogue,
    here: &Here,
) -> Result<Vec<Step>> {
    let mut steps = Vec::new();
    let name = &cluster.name;
    let texts = provider_texts(platform, cluster, catalogue)?;
    let mut commands = login(platform, cluster);
    commands.push(apply(name.as_str(), here));
    steps.push(Step {
        title: format!("bring up {name} ({})", cluster.provider),
        before: texts.requires,
        commands,
        ..Step::default()
    });
    let mut watch = kubectl(platform, cluster, catalogue, here)?;
    watch.push("kubectl get kustomizations.kustomize.toolkit.fluxcd.io -A --watch".to_owned());
    steps.push(Step {
        title: format!("see that Flux has taken over on {name}"),
        commands: watch,
        ..Step::default()
    });
    // kubectl speaks to the cluster by now.
    steps.extend(secrets(platform, cluster, catalogue, here, &[], &|_, _| {
        true
    }));
    Ok(steps)
}

/// Terraform makes of a cluster's root what it says.
pub(super) fn apply(cluster: &str, here: &Here) -> String {
    let terraform = here.terraform(cluster);
    format!("{terraform} init && {terraform} apply")
}

/// The commands after which kubectl speaks to a cluster. Its context is called as its provider calls it.
///
/// # Errors
/// A text of the catalogue cannot be rendered.
pub(super) fn kubectl(
    platform: &Platform,
    cluster: &Cluster,
    catalogue: &Catalogue,
    here: &Here,
) -> Result<Vec<String>> {
    let texts = provider_texts(platform, cluster, catalogue)?;
    Ok(texts.kubeconfig.iter().map(|l| here.line(l)).collect())
}

fn push(platform: &Platform, situation: &Situation<'_>) -> Step {
    let mut commands = Vec::new();
    let dir = situation.dir.display().to_string();
    if dir != "." {
        commands.push(format!("cd {}", quote(&dir)));
    }
    if situation.commit.is_none() {
        commands.push("git commit".to_owned());
    }
    if !situation.had_origin {
        commands.push(format!(
            "git remote add origin {}",
            quote(&platform.git.url)
        ));
    }
    let branch = &platform.git.branch;
    commands.push(match push_to(situation.commit, branch) {
        to if to.is_empty() => format!("git push -u origin {}", quote(branch)),
        to => format!("git push{to}"),
    });
    Step {
        title: "push first: Flux reads the repository".to_owned(),
        commands,
        ..Step::default()
    }
}

/// Where to push, as the end of a command: Flux reads the branch of the answers, whatever is checked out.
pub(super) fn push_to(commit: Option<&Commit>, branch: &str) -> String {
    match commit {
        Some(commit) if commit.branch != branch => {
            format!(" origin {}", quote(&format!("HEAD:refs/heads/{branch}")))
        }
        _ => String::new(),
    }
}

/// The variables by which Terraform gets what Flux needs to log in and to decrypt: a cluster's root asks for them
/// whatever it is called for.
pub(super) fn login(platform: &Platform, cluster: &Cluster) -> Vec<String> {
    let sops = cluster.facts.get("secrets").is_some_and(|s| s == "sops");
    let lines: &[&str] = match platform.git.auth {
        GitAuth::Public => &[],
        GitAuth::Token => &["export TF_VAR_git_token=…                 # a read-only token"],
        GitAuth::Ssh => &[
            "export TF_VAR_git_ssh_key=\"$(cat …)\"       # the private half of a read-only deploy key",
            "export TF_VAR_git_known_hosts=\"$(ssh-keyscan …)\"",
        ],
        GitAuth::GithubApp => &[
            "export TF_VAR_github_app_id=…",
            "export TF_VAR_github_app_installation_id=…",
            "export TF_VAR_github_app_private_key=\"$(cat …)\"",
        ],
    };
    let age = sops
        .then_some("export TF_VAR_sops_age_key=…               # the private half of the age key");
    lines
        .iter()
        .copied()
        .chain(age)
        .map(str::to_owned)
        .collect()
}

/// One step for each way in which missing secrets of components come to a cluster; `kubectl` are the commands before
/// those that make them there.
pub(super) fn secrets(
    platform: &Platform,
    cluster: &Cluster,
    catalogue: &Catalogue,
    folder: &Here,
    kubectl: &[String],
    of: &dyn Fn(&str, &Secret) -> bool,
) -> Vec<Step> {
    let here = cluster.here(platform, catalogue);
    let on = &cluster.name;
    let store = cluster
        .facts
        .get("secrets")
        .and_then(|s| s.as_str())
        .unwrap_or_default();
    let titles = [
        (
            SecretsFrom::Hand,
            format!("secrets still missing on {on}; what needs them waits"),
        ),
        (
            SecretsFrom::Store,
            format!("secrets still missing in the store of {on} ({store}), under these names"),
        ),
        (
            SecretsFrom::Sops,
            format!("secrets still missing on {on}: encrypt them, then push"),
        ),
    ];
    let mut steps: Vec<(SecretsFrom, Step)> = titles
        .map(|(from, title)| {
            (
                from,
                Step {
                    title,
                    ..Step::default()
                },
            )
        })
        .into();
    for name in cluster.components.keys() {
        let component = &catalogue.components[name];
        let from = cluster.secrets_from(component);
        let Some((_, step)) = steps.iter_mut().find(|(f, _)| *f == from) else {
            continue;
        };
        let missing = platform.secrets(cluster, component, &here).into_iter();
        for secret in missing.filter(|secret| of(name, secret)) {
            let how = secret_commands(cluster, component, secret, from, folder);
            // What is put into a store is put there by hand.
            if from == SecretsFrom::Store {
                step.notes.extend(how);
            } else {
                step.commands.extend(how);
            }
            let meanings = secret.keys.iter();
            step.notes
                .extend(meanings.map(|(key, meaning)| format!("{}/{key}: {meaning}", secret.name)));
        }
    }
    steps.retain(|(_, step)| !step.notes.is_empty());
    for (from, step) in &mut steps {
        if *from == SecretsFrom::Hand {
            step.commands.splice(..0, kubectl.iter().cloned());
            step.notes.push(
                "each FILE holds one value, without a line end: that would be part of the secret"
                    .to_owned(),
            );
        }
    }
    steps.into_iter().map(|(_, step)| step).collect()
}

/// How a secret comes to a cluster: commands, or the name and the keys in the store.
pub(super) fn secret_commands(
    cluster: &Cluster,
    component: &Component,
    secret: &Secret,
    from: SecretsFrom,
    folder: &Here,
) -> Vec<String> {
    let spec = &component.spec;
    let keys: Vec<String> = secret
        .keys
        .keys()
        .map(|key| format!(" --from-file={key}=FILE"))
        .collect();
    let kind = secret.kind.as_ref().map(|kind| format!(" --type={kind}"));
    let create = format!(
        "kubectl --namespace {} create secret generic {}{}{}",
        spec.namespace.name.value,
        secret.name,
        kind.unwrap_or_default(),
        keys.concat()
    );
    match from {
        SecretsFrom::Hand => vec![create],
        SecretsFrom::Store => {
            let keys: Vec<&str> = secret.keys.keys().map(String::as_str).collect();
            vec![format!(
                "{}   with the {} {}",
                cluster.store_key(&component.object, &secret.name),
                if keys.len() == 1 { "key" } else { "keys" },
                keys.join(", ")
            )]
        }
        SecretsFrom::Sops => vec![format!(
            "{} secret {} --on {}",
            folder.landform(),
            spec.name.value,
            cluster.name
        )],
    }
}

/// How to take everything back, as far as that can be: never more than what this command wrote.
pub(super) fn undo(situation: &Situation<'_>) -> Option<Step> {
    let mut step = Step {
        title: "to undo all of this, before the push".to_owned(),
        ..Step::default()
    };
    let git = situation.here.git();
    let name = situation
        .dir
        .file_name()
        .unwrap_or_default()
        .to_string_lossy();
    if !situation.had_folder {
        step.commands = vec![format!("cd .. && rm -rf {}", quote(&name))];
        return Some(step);
    }
    if let Some(commit) = situation.commit.filter(|commit| !commit.first) {
        let id = commit.id.get(..10).unwrap_or(&commit.id);
        step.commands = vec![format!("{git} revert {id}")];
        if situation.had_staged {
            // Git reverts nothing over what is staged.
            step.commands.insert(0, format!("{git} stash"));
            step.commands.push(format!("{git} stash pop --index"));
        }
        return Some(step);
    }
    let made: Vec<String> = situation.made.iter().map(|path| quote(path)).collect();
    let made = made.join(" ");
    let commands = &mut step.commands;
    if situation.had_repository {
        if situation.commit.is_some() {
            // There is no commit to go back to.
            commands.push(format!("{git} update-ref -d HEAD"));
        }
        if !made.is_empty() {
            commands.push(format!("{git} rm -rfq -- {made}"));
        }
        if !situation.restorable.is_empty() {
            let paths = names(situation.restorable, " ");
            commands.push(format!("{git} restore --staged --worktree -- {paths}"));
        }
    } else {
        commands.push(format!("rm -rf .git {made}").trim_end().to_owned());
    }
    if !situation.replaced.is_empty() {
        let names = names(situation.replaced, ", ");
        step.notes.push(format!(
            "{names}: the new text stays, because nothing holds the old one"
        ));
    }
    match situation.kept {
        0 => {}
        1 => step
            .notes
            .push("the file that was there already stays".to_owned()),
        kept => step
            .notes
            .push(format!("the {kept} files that were there already stay")),
    }
    (!step.commands.is_empty()).then_some(step)
}

fn names(paths: &[RepoPath], between: &str) -> String {
    let names: Vec<String> = paths.iter().map(|path| quote(path.as_str())).collect();
    names.join(between)
}

/// A word for a POSIX shell.
pub(super) fn quote(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "@%+=:,./_-".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted() {
        assert_eq!(quote("https://h/a.git"), "https://h/a.git");
        assert_eq!(quote("my dir"), "'my dir'");
        assert_eq!(quote("it's"), r"'it'\''s'");
    }
}
