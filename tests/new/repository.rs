//! A platform in a folder of its own: the repository, the commit, and what is said at the end.

use predicates::prelude::*;
use predicates::str::contains;

use crate::sandbox::{Sandbox, USER, assert_same, snapshot, stdout};

#[test]
fn makes_a_repository_with_one_commit() {
    let sandbox = Sandbox::new();
    sandbox
        .new_in("acme", &[])
        .success()
        .stdout(contains("Plan for acme").and(contains("Done:")));
    assert_eq!(sandbox.git("acme", ["branch", "--show-current"]), "main");
    assert_eq!(sandbox.commits("acme"), 1);
    assert_eq!(sandbox.status("acme"), "");
    assert_eq!(sandbox.committed("acme"), sandbox.files("acme"));
    assert!(
        sandbox
            .files("acme")
            .contains(&".landform/platform.yaml".to_owned())
    );
    let who = sandbox.git("acme", ["log", "-1", "--format=%an <%ae> %cn <%ce>"]);
    assert_eq!(who, format!("{0} <{1}> {0} <{1}>", USER.0, USER.1));
}

#[test]
fn the_message_is_imperative_and_names_clusters() {
    let sandbox = Sandbox::new();
    sandbox.new_in("acme", &[]).success();
    let message = sandbox.git("acme", ["log", "-1", "--format=%B"]);
    let mut lines = message.lines();
    let subject = lines.next().unwrap();
    assert_eq!(subject, "Add the platform acme");
    assert_eq!(lines.next(), Some(""), "{message}");
    assert!(message.contains("staging (kind): "), "{message}");
    assert!(message.contains("cilium"), "{message}");
}

#[test]
fn twice_is_once() {
    let sandbox = Sandbox::new();
    sandbox.new_in("acme", &[]).success();
    let before = snapshot(&sandbox.path("acme"));
    sandbox
        .new_in("acme", &[])
        .success()
        .stdout(contains("Nothing to do"));
    assert_eq!(sandbox.commits("acme"), 1);
    assert_same(&before, &snapshot(&sandbox.path("acme")));
}

#[test]
fn a_second_platform_in_the_same_folder_is_refused() {
    let sandbox = Sandbox::new();
    sandbox.new_in("acme", &[]).success();
    let before = snapshot(&sandbox.path("acme"));
    sandbox
        .new_in("acme", &["--cluster", "prod=kind"])
        .failure()
        .stderr(contains("platform already").or(contains("is there already")));
    assert_same(&before, &snapshot(&sandbox.path("acme")));
}

#[test]
fn the_branch_is_that_of_the_answers() {
    let sandbox = Sandbox::new();
    sandbox.configure("init.defaultBranch", "trunk");
    sandbox
        .new_in("acme", &["--git-branch", "release/1.2"])
        .success();
    assert_eq!(
        sandbox.git("acme", ["branch", "--show-current"]),
        "release/1.2"
    );
    let instance = sandbox.read("acme/clusters/staging/flux-system/flux-instance.yaml");
    assert!(instance.contains("refs/heads/release/1.2"), "{instance}");
}

#[test]
fn a_folder_deep_down_is_made() {
    let sandbox = Sandbox::new();
    sandbox
        .new_in("some/where/acme", &["--name", "deep"])
        .success();
    assert_eq!(sandbox.commits("some/where/acme"), 1);
    assert!(
        sandbox
            .read("some/where/acme/.landform/platform.yaml")
            .contains("name: deep")
    );
}

#[test]
fn a_folder_with_a_blank_in_its_name_works_and_is_quoted_in_the_commands() {
    let sandbox = Sandbox::new();
    sandbox
        .new_in("my platform", &["--name", "acme"])
        .success()
        .stdout(contains("cd 'my platform'"));
    assert_eq!(sandbox.commits("my platform"), 1);
}

#[test]
fn a_folder_whose_name_is_no_platform_name_asks_for_one() {
    let sandbox = Sandbox::new();
    sandbox
        .new_in("My_Platform", &[])
        .code(2)
        .stderr(contains("--name"));
    assert!(!sandbox.path("My_Platform").exists());
}

#[test]
fn next_steps_come_in_order_and_can_be_undone() {
    let sandbox = Sandbox::new();
    let said = stdout(
        &sandbox
            .new_in("acme", &["--git-url", "https://github.com/acme/acme.git"])
            .success(),
    );
    let at = |what: &str| {
        said.find(what)
            .unwrap_or_else(|| panic!("{what:?} is missing in {said}"))
    };
    let order = [
        at("git remote add origin https://github.com/acme/acme.git"),
        at("git push -u origin main"),
        at("terraform -chdir=terraform/staging init"),
        at("kubectl get kustomizations"),
        at("to undo all of this"),
    ];
    assert!(order.is_sorted(), "{said}");
    assert!(!said.contains("reset --hard"), "{said}");
}

#[test]
fn undoing_an_existing_repository_is_a_revert_that_works() {
    let sandbox = Sandbox::new();
    sandbox.repository("acme", &[("notes.txt", "mine\n")]);
    let tree = sandbox.git("acme", ["rev-parse", "HEAD^{tree}"]);
    let said = stdout(&sandbox.new_in("acme", &[]).success());
    let line = said
        .lines()
        .map(str::trim)
        .find(|line| line.starts_with("git revert "))
        .unwrap_or_else(|| panic!("{said}"));
    let commit = line.split_whitespace().last().unwrap();
    sandbox.git("acme", ["revert", "--no-edit", commit]);
    assert_eq!(sandbox.git("acme", ["rev-parse", "HEAD^{tree}"]), tree);
}

#[test]
fn a_fresh_clone_gives_origin_and_branch_and_keeps_what_is_there() {
    let sandbox = Sandbox::new();
    // What a Git host makes: a README of one heading and a .gitignore, on a branch of the host's choice.
    sandbox.repository(
        "seed",
        &[
            ("README.md", "# acme-platform\n"),
            (".gitignore", "/mine\n*.log\n"),
        ],
    );
    sandbox.git("seed", ["branch", "-m", "trunk"]);
    sandbox.git(
        ".",
        ["clone", "--quiet", "--bare", "seed", "acme-platform.git"],
    );
    sandbox.git(".", ["clone", "--quiet", "acme-platform.git", "acme"]);
    let origin = "https://git.example.com/acme/acme-platform.git";
    sandbox.git("acme", ["remote", "set-url", "origin", origin]);
    let mut command = sandbox.landform(["new", ".", "--yes"]);
    let said = stdout(&command.current_dir(sandbox.path("acme")).assert().success());
    assert!(!said.contains("git remote add"), "{said}");
    assert!(said.contains("git push -u origin trunk"), "{said}");
    assert!(!said.contains("cd "), "{said}");
    assert_eq!(sandbox.commits("acme"), 2);
    assert_eq!(sandbox.status("acme"), "");
    let record = sandbox.read("acme/.landform/platform.yaml");
    assert!(
        record.contains(origin) && record.contains("branch: trunk"),
        "{record}"
    );
    assert!(sandbox.read("acme/README.md").contains("## Structure"));
    let ignore = sandbox.read("acme/.gitignore");
    assert!(ignore.starts_with("/mine\n*.log\n"), "{ignore}");
    assert!(ignore.contains(".terraform"), "{ignore}");
}

#[test]
fn a_clone_of_an_empty_repository_gets_its_first_commit() {
    let sandbox = Sandbox::new();
    sandbox.git(
        ".",
        [
            "init",
            "--quiet",
            "--bare",
            "--initial-branch=trunk",
            "acme.git",
        ],
    );
    sandbox.git(".", ["clone", "--quiet", "acme.git", "acme"]);
    let url = sandbox.path("acme.git");
    let mut command = sandbox.landform(["new", ".", "--yes", "--git-url", "https://h.io/acme.git"]);
    command.current_dir(sandbox.path("acme")).assert().success();
    assert_eq!(sandbox.git("acme", ["branch", "--show-current"]), "trunk");
    assert_eq!(sandbox.commits("acme"), 1);
    assert_eq!(sandbox.status("acme"), "");
    // The printed push works.
    sandbox.git("acme", ["push", "--quiet", "-u", "origin", "trunk"]);
    let pushed = sandbox.git(
        ".",
        ["-C", url.to_str().unwrap(), "rev-list", "--count", "trunk"],
    );
    assert_eq!(pushed, "1");
}

#[test]
fn an_ssh_origin_in_its_short_form_becomes_one_that_flux_reads() {
    let sandbox = Sandbox::new();
    sandbox.repository("acme", &[]);
    sandbox.git(
        "acme",
        ["remote", "add", "origin", "git@github.com:acme/acme.git"],
    );
    sandbox.new_in("acme", &[]).success();
    let record = sandbox.read("acme/.landform/platform.yaml");
    assert!(
        record.contains("url: ssh://git@github.com/acme/acme.git"),
        "{record}"
    );
    assert!(record.contains("auth: ssh"), "{record}");
}

#[test]
fn an_origin_with_a_login_gives_the_address_without_it() {
    let sandbox = Sandbox::new();
    sandbox.repository("acme", &[]);
    let origin = "https://oauth2:hush@gitlab.com/acme/acme.git";
    sandbox.git("acme", ["remote", "add", "origin", origin]);
    let said = stdout(&sandbox.new_in("acme", &[]).success());
    let record = sandbox.read("acme/.landform/platform.yaml");
    assert!(
        record.contains("url: https://gitlab.com/acme/acme.git"),
        "{record}"
    );
    assert!(sandbox.path("acme/.gitlab-ci.yml").exists());
    assert!(!said.contains("Note:"), "{said}");
    assert!(!said.contains("hush"), "{said}");
    let committed = sandbox.git("acme", ["grep", "-c", "", "HEAD"]);
    assert!(!committed.is_empty());
    assert!(
        !sandbox
            .try_git("acme", ["grep", "hush", "HEAD"])
            .status
            .success()
    );
}

#[test]
fn an_origin_that_flux_cannot_read_is_told_of() {
    for (origin, more, words) in [
        ("/srv/git/acme.git", &[][..], "Flux can read, so https"),
        (
            "https://h.io/acme.git",
            &["--git-auth", "ssh", "--git-url", "ssh://git@h.io/acme.git"],
            "",
        ),
        (
            "https://h.io/acme.git",
            &["--git-auth", "ssh"],
            "Flux can read with `git.auth: ssh`",
        ),
    ] {
        let sandbox = Sandbox::new();
        sandbox.repository("acme", &[]);
        sandbox.git("acme", ["remote", "add", "origin", origin]);
        let arguments = [&["new", "acme", "--dry-run"], more].concat();
        let said = stdout(&sandbox.run(arguments).success());
        assert_eq!(
            said.contains("Note: `origin` is no address"),
            !words.is_empty(),
            "{said}"
        );
        assert!(said.contains(words), "{said}");
    }
}

#[test]
fn clusters_that_upgrade_later_come_up_last() {
    let sandbox = Sandbox::new();
    let answers = "clusters:\n  alpha: {provider: kind, upgrades: later}\n  mid: {provider: kind}\n  zeta: {provider: kind}\n";
    sandbox.write("answers.yaml", answers);
    let said = stdout(
        &sandbox
            .new_in("acme", &["--answers", "answers.yaml"])
            .success(),
    );
    let at = |text: &str, what: &str| text.find(what).unwrap_or_else(|| panic!("{what}: {text}"));
    let up = ["mid", "zeta", "alpha"].map(|name| at(&said, &format!("bring up {name} ")));
    assert!(up.is_sorted(), "{said}");
    let readme = sandbox.read("acme/README.md");
    let sections = ["mid", "zeta", "alpha"].map(|name| at(&readme, &format!("\n### {name}\n")));
    assert!(sections.is_sorted());
}

#[test]
fn secrets_to_make_come_with_what_they_are() {
    let sandbox = Sandbox::new();
    for from in ["manual", "sops", "aws"] {
        let dir = format!("acme-{from}");
        let mut arguments = vec![
            "--cluster".to_owned(),
            "prod=existing".to_owned(),
            "--component".to_owned(),
            "grafana".to_owned(),
        ];
        let age =
            "prod.sops_recipient=age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p";
        let sets = [
            "prod.context=c",
            "grafana.admin=secret",
            &format!("prod.secrets={from}"),
        ]
        .map(str::to_owned);
        let more = match from {
            "sops" => vec![age.to_owned()],
            "aws" => vec!["prod:external-secrets.aws_region=eu-central-1".to_owned()],
            _ => Vec::new(),
        };
        for set in sets.into_iter().chain(more) {
            arguments.extend(["--set".to_owned(), set]);
        }
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let said = stdout(&sandbox.new_in(&dir, &arguments).success());
        assert!(
            said.contains("\n      grafana-admin/admin-user: "),
            "{said}"
        );
        assert!(!said.contains("first: grafana-admin"), "{said}");
        // Not of what goes into a store, or what landform encrypts; the login to the store itself is made by hand.
        let by_hand = usize::from(from != "sops");
        assert_eq!(
            said.matches("without a line end").count(),
            by_hand,
            "{said}"
        );
        let encrypts = said.contains("landform secret grafana --on prod");
        assert_eq!(encrypts, from == "sops", "{said}");
    }
}

#[test]
fn a_repository_inside_another_is_one_of_its_own() {
    let sandbox = Sandbox::new();
    sandbox.repository("outer", &[("notes.txt", "mine\n")]);
    sandbox
        .new_in("outer/acme", &[])
        .success()
        .stdout(contains("repository of its own"));
    assert_eq!(sandbox.commits("outer"), 1);
    assert_eq!(sandbox.commits("outer/acme"), 1);
    assert!(sandbox.path("outer/acme/.git").is_dir());
    assert_eq!(
        sandbox.git("outer", ["diff", "--cached", "--name-only"]),
        ""
    );
}

#[test]
fn a_worktree_and_a_folder_of_a_repository_are_told_apart() {
    let sandbox = Sandbox::new();
    sandbox.repository("main", &[("notes.txt", "mine\n")]);
    sandbox.git(
        "main",
        ["worktree", "add", "--quiet", "-b", "platform", "../acme"],
    );
    sandbox.new_in("acme", &[]).success();
    assert_eq!(sandbox.commits("acme"), 2);
    assert_eq!(
        sandbox.git("acme", ["branch", "--show-current"]),
        "platform"
    );
    assert_eq!(sandbox.status("acme"), "");
    assert_eq!(sandbox.commits("main"), 1);
}
