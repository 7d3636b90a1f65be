//! From what the user said to a platform: defaults, facts, and the components that others need.

mod clusters;
mod components;
mod fit;
mod questions;
mod survey;

use std::collections::BTreeMap;

use regex_lite::Regex;

use super::answers::{Answers, Given};
use super::platform::{Git, GitAuth, Platform};
use super::value;
use crate::catalog::{Catalogue, Name, Naming};
use crate::error::{Error, Kind, Place, Problem, Problems, Result, suggest};

pub(super) use clusters::facts;
pub use survey::{About, Form, Open, Survey, check_git_url, provider_form, survey};

/// Name of the cluster that is made where none is named.
pub(super) const DEFAULT_CLUSTER: &str = "staging";

/// Provider of that cluster.
const DEFAULT_PROVIDER: &str = "kind";

/// What is known of the place where the platform is to be.
#[derive(Debug, Clone, Default)]
pub struct Environment {
    /// Name of the folder.
    pub folder: Option<String>,
    /// URL of the remote `origin`.
    pub origin: Option<String>,
    /// Branch that is checked out.
    pub branch: Option<String>,
    /// E-mail address of the Git identity.
    pub email: Option<String>,
}

/// A default that was taken, to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assumption {
    /// The cluster, or nothing for the platform.
    pub cluster: Option<String>,
    /// The key, as it would be set.
    pub key: String,
    /// The value, as text.
    pub value: String,
}

/// A platform, and what to tell about how it came to be.
#[derive(Debug, Clone)]
pub struct Resolution {
    /// The platform.
    pub platform: Platform,
    /// Defaults that were taken and that something uses.
    pub assumed: Vec<Assumption>,
    /// What else is worth knowing: components that were left out somewhere and why, an address that is a mere guess.
    pub notes: Vec<String>,
}

/// An answer without which nothing can be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Missing {
    /// The key, as `prod.context`.
    key: String,
    /// The flag that gives it.
    flag: String,
    /// The question.
    prompt: String,
}

/// What is gathered on the way.
#[derive(Debug, Default)]
pub(super) struct Report {
    problems: Problems,
    missing: Vec<Missing>,
    assumed: Vec<Assumption>,
    notes: Vec<String>,
    /// Whether somebody wants to know what is open.
    surveying: bool,
    open: Vec<Open>,
    doubts: Vec<Doubt>,
}

/// A component that was chosen for a cluster, and does not fit there by a default that somebody may still change.
#[derive(Debug)]
struct Doubt {
    component: String,
    cluster: String,
    /// The fact that decides.
    fact: String,
}

impl Report {
    fn problem(&mut self, at: &Place, message: impl Into<String>, hint: impl Into<String>) {
        self.problems
            .push(Problem::new(message).at(at.clone()).hint(hint));
    }

    fn assume(&mut self, cluster: Option<&str>, key: &str, value: &str) {
        self.assumed.push(Assumption {
            cluster: cluster.map(str::to_owned),
            key: key.to_owned(),
            value: value.to_owned(),
        });
    }

    /// Whether it is open yet where a component fits: on one cluster, or on any.
    fn doubts(&self, component: &str, cluster: Option<&str>) -> bool {
        self.doubts
            .iter()
            .any(|doubt| doubt.component == component && cluster.is_none_or(|c| c == doubt.cluster))
    }

    fn ask(&mut self, open: impl FnOnce() -> Open) {
        if self.surveying {
            let open = open();
            if !self.open.contains(&open) {
                self.open.push(open);
            }
        }
    }

    /// Whether an answer is missing.
    fn misses(&self, key: &str) -> bool {
        self.missing.iter().any(|missing| missing.key == key)
    }

    fn miss(&mut self, key: String, flag: String, prompt: &str) {
        let missing = Missing {
            key,
            flag,
            prompt: prompt.to_owned(),
        };
        if !self.missing.contains(&missing) {
            self.missing.push(missing);
        }
    }
}

/// Makes a platform of answers, taking defaults for what was not said.
///
/// # Errors
/// Everything that is refused, with its place; then, all at once, the answers that have no default.
pub fn resolve(
    answers: &Answers,
    environment: &Environment,
    catalogue: &Catalogue,
) -> Result<Resolution> {
    let mut report = Report::default();
    let (platform, _) = gather(answers, environment, catalogue, &mut report)?;
    finish(report, platform)
}

/// The platform as far as it is said, and how many problems there were before its clusters and before its components.
fn gather(
    answers: &Answers,
    environment: &Environment,
    catalogue: &Catalogue,
    report: &mut Report,
) -> Result<(Platform, (usize, usize))> {
    let name = platform_name(answers, environment, report);
    let git = git(answers, environment, name.as_ref(), report);
    let ci = ci(answers, &git.url, report);
    if let Some(given) = &answers.email {
        check_email(given, report);
    }
    let own = report.problems.len();
    let placeholder = || Name::new("platform-name", Naming::Platform);
    let Some(platform_name) = name.or_else(|| placeholder().ok()) else {
        return Err(Error::refused(Problem::new("the platform has no name")));
    };
    let mut platform = Platform {
        name: platform_name,
        git,
        email: None,
        ci,
        catalogue: answers.catalogue.as_ref().map(|given| given.value.clone()),
        clusters: BTreeMap::new(),
        components: BTreeMap::new(),
    };
    let pending = clusters::resolve(answers, catalogue, &mut platform, report)?;
    let with_clusters = report.problems.len();
    components::resolve(answers, catalogue, &mut platform, report)?;
    email(answers, environment, catalogue, &mut platform, report);
    clusters::used(catalogue, &platform, pending, report);
    Ok((platform, (own, with_clusters)))
}

fn finish(report: Report, platform: Platform) -> Result<Resolution> {
    report.problems.into_result()?;
    if !report.missing.is_empty() {
        let problems = report
            .missing
            .iter()
            .map(|m| {
                Problem::new(format!("`{}` is missing: {}", m.key, m.prompt))
                    .hint(format!("give it by {}", m.flag))
            })
            .collect();
        return Err(Error {
            kind: Kind::Refused,
            problems,
        });
    }
    Ok(Resolution {
        platform,
        assumed: report.assumed,
        notes: report.notes,
    })
}

fn platform_name(
    answers: &Answers,
    environment: &Environment,
    report: &mut Report,
) -> Option<Name> {
    if let Some(given) = &answers.name {
        return match Name::new(&given.value, Naming::Platform) {
            Ok(name) => Some(name),
            Err(reason) => {
                report.problem(&given.at, reason, "as acme-platform");
                None
            }
        };
    }
    let folder = environment.folder.as_deref().unwrap_or_default();
    let reason = match Name::new(folder, Naming::Platform) {
        Ok(name) => {
            report.assume(None, "name", name.as_str());
            return Some(name);
        }
        Err(reason) => reason,
    };
    report.ask(Open::name);
    report.miss(
        "name".to_owned(),
        "--name NAME".to_owned(),
        &format!("what is the platform called? (not as its folder: {reason})"),
    );
    None
}

fn git(
    answers: &Answers,
    environment: &Environment,
    name: Option<&Name>,
    report: &mut Report,
) -> Git {
    let auth = answers.git_auth.as_ref().and_then(|given| {
        let auth = GitAuth::ALL.iter().find(|(text, _)| *text == given.value);
        if auth.is_none() {
            let all = GitAuth::ALL.map(|(text, _)| text);
            report.problem(
                &given.at,
                format!("unknown way to read the repository: `{}`", given.value),
                suggest(&given.value, all),
            );
        }
        auth.map(|(_, auth)| *auth)
    });
    let url = if let Some(given) = &answers.git_url {
        if let Err((message, hint)) = check_url(&given.value, auth) {
            report.problem(&given.at, message, hint);
        }
        given.value.clone()
    } else {
        let origin = environment.origin.as_deref().map(origin_url);
        let known = origin.is_some();
        let url = origin
            .filter(|url| check_url(url, auth).is_ok())
            .unwrap_or_else(|| {
                let name = name.map_or("platform", Name::as_str);
                let url = format!("https://github.com/example/{name}.git");
                report.notes.push(unknown_url(&url, known, auth));
                url
            });
        report.assume(None, "git.url", &url);
        url
    };
    let auth = auth.unwrap_or_else(|| {
        let auth = if url.starts_with("ssh://") {
            GitAuth::Ssh
        } else {
            GitAuth::Public
        };
        report.assume(None, "git.auth", auth.as_str());
        auth
    });
    let branch = if let Some(given) = &answers.git_branch {
        if !branch_name(&given.value) {
            report.problem(
                &given.at,
                format!("`{}` is no name of a branch", given.value),
                "letters, digits, dashes, dots and slashes, as main",
            );
        }
        given.value.clone()
    } else {
        let branch = environment.branch.clone().filter(|b| branch_name(b));
        let branch = branch.unwrap_or_else(|| "main".to_owned());
        report.assume(None, "git.branch", &branch);
        branch
    };
    Git { url, branch, auth }
}

/// The form Flux wants: `git@host:org/repo` is refused by it (`GitRepository` `spec.url`, `^(http|https|ssh)://`).
fn flux_url(url: &str) -> String {
    match url.split_once(':') {
        Some((host, path)) if host.contains('@') && !path.starts_with("//") => {
            format!("ssh://{host}/{}", path.trim_start_matches('/'))
        }
        _ => url.to_owned(),
    }
}

/// The address of a remote as Flux reads it, without a login: that is the user's own, and everything here is committed.
fn origin_url(url: &str) -> String {
    let url = flux_url(url);
    let Some((scheme, rest)) = url.split_once("://").filter(|(scheme, _)| *scheme != "ssh") else {
        return url;
    };
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let host = host.rsplit('@').next().unwrap_or_default();
    format!("{scheme}://{host}{path}")
}

/// What to say of an address that nobody gave, where `origin` gives none either.
fn unknown_url(url: &str, has_origin: bool, auth: Option<GitAuth>) -> String {
    let why = match (has_origin, auth) {
        (false, _) => format!("the address {url} is only assumed, and Flux will read it"),
        (true, None) => format!("`origin` is no address that Flux can read, so {url} is assumed"),
        (true, Some(auth)) => format!(
            "`origin` is no address that Flux can read with `git.auth: {}`, so {url} is assumed",
            auth.as_str()
        ),
    };
    format!("{why}: give yours by --git-url")
}

fn check_url(url: &str, auth: Option<GitAuth>) -> Result<(), (String, String)> {
    // The address also stands in commands of README: nothing that a shell reads.
    let fine = |c: char| c.is_ascii_alphanumeric() || "@:/._~+%-".contains(c);
    if flux_url(url) != url {
        return Err((
            format!("`{url}` is a form of address that Flux does not read"),
            format!("write {}", flux_url(url)),
        ));
    }
    let scheme = url.split("://").next().unwrap_or_default();
    let host = url.split("://").nth(1).unwrap_or_default();
    if !matches!(scheme, "https" | "http" | "ssh")
        || host.split('/').next().is_none_or(str::is_empty)
        || !url.chars().all(fine)
        || url.len() > 500
    {
        return Err((
            format!("`{url}` is no address of a Git repository"),
            "as https://github.com/acme/acme-platform.git or ssh://git@github.com/acme/acme-platform.git"
                .to_owned(),
        ));
    }
    if scheme != "ssh" && host.split('/').next().is_some_and(|h| h.contains('@')) {
        return Err((
            "an address with a login in it".to_owned(),
            "leave it out: everything here is committed. Use `git.auth: token`".to_owned(),
        ));
    }
    match auth {
        Some(GitAuth::Ssh) if scheme != "ssh" => Err((
            format!("`git.auth: ssh` with the address `{url}`"),
            "an SSH key goes with an address that starts with ssh://".to_owned(),
        )),
        Some(other) if scheme == "ssh" && other != GitAuth::Ssh => Err((
            format!("`git.auth: {}` with the address `{url}`", other.as_str()),
            "it goes with an address that starts with https://".to_owned(),
        )),
        _ => Ok(()),
    }
}

/// A careful subset of git-check-ref-format(1).
fn branch_name(text: &str) -> bool {
    let fine = |c: char| c.is_ascii_alphanumeric() || "._/-".contains(c);
    !text.is_empty()
        && text.len() <= 200
        && text.chars().all(fine)
        && text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && !text.ends_with(['.', '/'])
        && !text.contains("..")
        && !text.contains("//")
        && !text.contains("/.")
        && !text.split('/').any(|part| {
            std::path::Path::new(part)
                .extension()
                .is_some_and(|e| e.eq_ignore_ascii_case("lock"))
        })
}

fn ci(answers: &Answers, url: &str, report: &mut Report) -> String {
    const ALL: [&str; 3] = ["github", "gitlab", "none"];
    if let Some(given) = &answers.ci {
        if !ALL.contains(&given.value.as_str()) {
            let hint = suggest(&given.value, ALL);
            report.problem(&given.at, format!("unknown CI `{}`", given.value), hint);
        }
        return given.value.clone();
    }
    let host = url.split("://").nth(1).unwrap_or_default();
    let ci = if host.contains("gitlab") {
        "gitlab"
    } else {
        "github"
    };
    report.assume(None, "ci", ci);
    ci.to_owned()
}

fn email(
    answers: &Answers,
    environment: &Environment,
    catalogue: &Catalogue,
    platform: &mut Platform,
    report: &mut Report,
) {
    let used = clusters::uses(catalogue, platform, "platform.email");
    let Some(given) = &answers.email else {
        if used.is_empty() {
            return;
        }
        let known = environment.email.as_deref().filter(|email| is_email(email));
        report.ask(|| Open::email(known, used.clone()));
        match known {
            Some(email) => {
                report.assume(None, "email", email);
                platform.email = Some(email.to_owned());
            }
            None => report.miss(
                "email".to_owned(),
                "--email ADDRESS".to_owned(),
                &format!("which address gets notices? (for {})", used.join(", ")),
            ),
        }
        return;
    };
    platform.email = Some(given.value.clone());
}

fn check_email(given: &Given<String>, report: &mut Report) {
    if !is_email(&given.value) {
        let hint = "as platform@acme.io";
        report.problem(
            &given.at,
            format!("`{}` is no e-mail address", given.value),
            hint,
        );
    }
}

fn is_email(text: &str) -> bool {
    value::line(text).is_ok()
        && Regex::new(r"^[A-Za-z0-9._%+=-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$")
            .is_ok_and(|regex| regex.is_match(text))
}

/// A name given by the user, checked.
pub(super) fn given_name(
    given: &Given<String>,
    naming: Naming,
    report: &mut Report,
) -> Option<Name> {
    match Name::new(&given.value, naming) {
        Ok(name) => Some(name),
        Err(reason) => {
            report.problem(&given.at, reason, "as staging or prod-eu");
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls() {
        assert!(check_url("https://github.com/acme/p.git", None).is_ok());
        assert!(check_url("ssh://git@github.com/acme/p", Some(GitAuth::Ssh)).is_ok());
        assert_eq!(
            check_url("git@github.com:acme/p.git", None).unwrap_err().1,
            "write ssh://git@github.com/acme/p.git"
        );
        for bad in [
            "",
            "github.com/acme",
            "https://",
            "file:///x",
            "https://user:pw@host/x",
            "https://h/${x}",
            "https://h/a b",
            "https://h/\"",
        ] {
            assert!(check_url(bad, None).is_err(), "{bad}");
        }
        assert!(check_url("https://h/x", Some(GitAuth::Ssh)).is_err());
        assert!(check_url("ssh://h/x", Some(GitAuth::Token)).is_err());
    }

    #[test]
    fn a_remote_is_read_without_its_login() {
        for (origin, read) in [
            (
                "https://oauth2:token@gitlab.com/a/b.git",
                "https://gitlab.com/a/b.git",
            ),
            ("https://me@h.io:8443/a@b", "https://h.io:8443/a@b"),
            ("https://h.io/a", "https://h.io/a"),
            ("git@h.io:a/b.git", "ssh://git@h.io/a/b.git"),
            ("ssh://git@h.io/a", "ssh://git@h.io/a"),
            ("/srv/git/a.git", "/srv/git/a.git"),
        ] {
            assert_eq!(origin_url(origin), read);
        }
    }

    #[test]
    fn branches_and_addresses() {
        for good in ["main", "release/1.2", "a-b"] {
            assert!(branch_name(good), "{good}");
        }
        for bad in ["", "-x", "a..b", "a/", "x.lock", "a b", "a/.b", "ü"] {
            assert!(!branch_name(bad), "{bad}");
        }
        assert!(is_email("a.b+c@acme.io"));
        for bad in ["", "a", "a@b", "a b@c.io", "a@b.io\n"] {
            assert!(!is_email(bad), "{bad:?}");
        }
    }
}
