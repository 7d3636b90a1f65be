//! What to do after a command, in order, with exact commands.

use std::path::Path;

use crate::catalog::Catalogue;
use crate::error::Result;
use crate::git::Commit;
use crate::model::{Cluster, GitAuth, Platform};
use crate::render::provider_texts;
use crate::ui::Step;

/// How things stand after the command.
pub(super) struct Situation<'a> {
    /// The platform's folder, as given.
    pub(super) dir: &'a Path,
    /// Whether it was there before.
    pub(super) had_folder: bool,
    /// Whether it knows where to push.
    pub(super) had_origin: bool,
    /// The commit, if one was made.
    pub(super) commit: Option<&'a Commit>,
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
    for (name, cluster) in &platform.clusters {
        let texts = provider_texts(platform, cluster, catalogue)?;
        let mut commands = login(platform.git.auth);
        commands.push(format!(
            "terraform -chdir=terraform/{name} init && terraform -chdir=terraform/{name} apply"
        ));
        steps.push(Step {
            title: format!("bring up {name} ({})", cluster.provider),
            before: texts.requires,
            commands,
        });
        let mut watch = texts.kubeconfig;
        watch.push("kubectl get kustomizations.kustomize.toolkit.fluxcd.io -A --watch".to_owned());
        steps.push(Step {
            title: format!("see that Flux has taken over on {name}"),
            before: Vec::new(),
            commands: watch,
        });
        steps.extend(secrets(platform, cluster, catalogue));
    }
    steps.extend(undo(situation));
    Ok(steps)
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
    commands.push(format!(
        "git push -u origin {}",
        quote(&platform.git.branch)
    ));
    Step {
        title: "push first: Flux reads the repository".to_owned(),
        before: Vec::new(),
        commands,
    }
}

/// The variables by which Terraform gets Flux's login.
fn login(auth: GitAuth) -> Vec<String> {
    let lines: &[&str] = match auth {
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
    lines.iter().map(|line| (*line).to_owned()).collect()
}

fn secrets(platform: &Platform, cluster: &Cluster, catalogue: &Catalogue) -> Option<Step> {
    let here = cluster.here(platform, catalogue);
    let mut commands = Vec::new();
    let mut before = Vec::new();
    for name in cluster.components.keys() {
        let component = &catalogue.components[name];
        for secret in platform.secrets(cluster, component, &here) {
            let keys = secret.keys.keys();
            let keys: Vec<String> = keys.map(|key| format!(" --from-literal={key}=…")).collect();
            let keys = keys.concat();
            commands.push(format!(
                "kubectl --namespace {} create secret generic {}{keys}",
                component.spec.namespace.name.value, secret.name
            ));
            before.extend(
                secret
                    .keys
                    .iter()
                    .map(|(key, meaning)| format!("{}/{key}: {meaning}", secret.name)),
            );
        }
    }
    (!commands.is_empty()).then(|| Step {
        title: format!(
            "secrets still missing on {}; only what uses them waits",
            cluster.name
        ),
        before,
        commands,
    })
}

fn undo(situation: &Situation<'_>) -> Option<Step> {
    let dir = situation.dir.display().to_string();
    let command = match situation.commit {
        _ if !situation.had_folder => format!("rm -r {}", quote(&dir)),
        Some(commit) if !commit.first => {
            format!("git revert {}", commit.id.get(..10).unwrap_or(&commit.id))
        }
        _ => return None,
    };
    Some(Step {
        title: "to undo all of this, before the push".to_owned(),
        before: Vec::new(),
        commands: vec![command],
    })
}

/// A word for a POSIX shell.
fn quote(word: &str) -> String {
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
