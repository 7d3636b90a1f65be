//! A repository in which somebody is at work: none of that work is touched, committed or lost.

use std::collections::BTreeMap;

use predicates::prelude::*;
use predicates::str::contains;

use crate::sandbox::{Entry, Sandbox, assert_same, snapshot, stderr, stdout};

/// A repository with one commit and every kind of work on top.
fn busy() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.repository(
        "acme",
        &[
            (
                "edited.txt",
                "one\ntwo\nthree\nfour\nfive\nsix\nseven\neight\n",
            ),
            ("removed.txt", "bye\n"),
            ("gone.txt", "bye\n"),
            ("moved.txt", "a\nb\nc\nd\n"),
            ("apps/mine/kustomization.yaml", "resources: []\n"),
            (".gitignore", "*.secret\n"),
        ],
    );
    // Staged and edited again: two hunks, only the first staged.
    sandbox.write(
        "acme/edited.txt",
        "ONE\ntwo\nthree\nfour\nfive\nsix\nseven\neight\n",
    );
    sandbox.write("acme/new.txt", "staged\n");
    sandbox.git("acme", ["add", "edited.txt", "new.txt"]);
    sandbox.write(
        "acme/edited.txt",
        "ONE\ntwo\nthree\nfour\nfive\nsix\nseven\nEIGHT\n",
    );
    sandbox.git("acme", ["rm", "--quiet", "removed.txt"]);
    sandbox.git("acme", ["mv", "moved.txt", "elsewhere.txt"]);
    std::fs::remove_file(sandbox.path("acme/gone.txt")).expect("a file");
    sandbox.write("acme/apps/mine/kustomization.yaml", "resources: [x.yaml]\n");
    sandbox.write("acme/apps/mine/x.yaml", "untracked: true\n");
    sandbox.write("acme/infrastructure/draft.yaml", "untracked: true\n");
    sandbox.write("acme/my.secret", "ignored\n");
    sandbox.write("acme/later.txt", "intent to add\n");
    sandbox.git("acme", ["add", "--intent-to-add", "later.txt"]);
    sandbox
}

/// What Git says of the work in progress, in every way it can say it.
fn work(sandbox: &Sandbox) -> [String; 3] {
    [
        sandbox.status("acme"),
        sandbox.git("acme", ["diff", "--cached", "--binary"]),
        sandbox.git("acme", ["diff", "--binary"]),
    ]
}

fn own_files(sandbox: &Sandbox, all: &BTreeMap<String, Entry>) -> BTreeMap<String, Entry> {
    let committed = sandbox.committed("acme");
    all.iter()
        .filter(|(path, entry)| {
            !path.starts_with(".git/") && **entry != Entry::Folder && !committed.contains(path)
        })
        .map(|(path, entry)| (path.clone(), entry.clone()))
        .collect()
}

#[test]
fn work_in_progress_stays_as_it_was() {
    let sandbox = busy();
    let before = work(&sandbox);
    let files = snapshot(&sandbox.path("acme"));
    sandbox.new_in("acme", &[]).success();
    assert_eq!(work(&sandbox), before);
    assert_eq!(sandbox.commits("acme"), 2);
    let committed = sandbox.committed("acme");
    for mine in [
        "edited.txt",
        "new.txt",
        "removed.txt",
        "elsewhere.txt",
        "moved.txt",
        "gone.txt",
        "later.txt",
        "my.secret",
        "apps/mine/kustomization.yaml",
        "infrastructure/draft.yaml",
    ] {
        assert!(!committed.iter().any(|path| path == mine), "{mine}");
    }
    let after = snapshot(&sandbox.path("acme"));
    assert_same(&own_files(&sandbox, &files), &own_files(&sandbox, &after));
    assert!(sandbox.read("acme/.gitignore").starts_with("*.secret\n"));
}

#[test]
fn work_in_progress_stays_as_it_was_without_a_commit() {
    let sandbox = busy();
    let before = work(&sandbox);
    let said = stdout(&sandbox.new_in("acme", &["--no-commit"]).success());
    assert!(said.contains("not committed"), "{said}");
    assert!(said.contains("git commit"), "{said}");
    assert_eq!(sandbox.commits("acme"), 1);
    let staged = sandbox.git("acme", ["diff", "--cached", "--name-only"]);
    assert!(staged.contains(".landform/platform.yaml"), "{staged}");
    assert!(staged.contains("new.txt"), "{staged}");
    // Unstaged work is unstaged still.
    assert_eq!(work(&sandbox)[2], before[2]);
}

#[test]
fn every_file_in_the_way_is_listed_and_nothing_is_written() {
    let sandbox = Sandbox::new();
    let mine = [
        ("README.md", "# Mine\n\nOne.\n\nTwo.\n\n## Three\n"),
        ("renovate.json", "{}\n"),
        (".yamllint", "extends: default\n"),
        ("clusters/staging/kustomization.yaml", "resources: []\n"),
        ("terraform/staging/main.tf", "# mine\n"),
    ];
    sandbox.repository("acme", &mine);
    let before = snapshot(&sandbox.path("acme"));
    let said = stderr(&sandbox.new_in("acme", &[]).code(1));
    for (path, _) in mine {
        assert!(said.contains(path), "{path} is not in {said}");
    }
    assert!(said.contains("nothing was written"), "{said}");
    assert_same(&before, &snapshot(&sandbox.path("acme")));
    // The same in a folder that is no repository, and without a commit.
    std::fs::remove_dir_all(sandbox.path("acme/.git")).unwrap();
    let before = snapshot(&sandbox.path("acme"));
    for more in [&["--no-commit"][..], &[]] {
        sandbox
            .new_in("acme", more)
            .code(1)
            .stderr(contains("terraform/staging/main.tf"));
    }
    assert_same(&before, &snapshot(&sandbox.path("acme")));
}

#[test]
fn files_in_the_way_are_in_the_json_too() {
    let sandbox = Sandbox::new();
    sandbox.write("acme/renovate.json", "{}\n");
    let assert = sandbox.new_in("acme", &["--json"]).code(1);
    let report: serde_json::Value = serde_json::from_str(&stdout(&assert)).unwrap();
    assert_eq!(report["conflicts"][0]["path"], "renovate.json");
    assert_eq!(report["commit"], serde_json::Value::Null);
}

#[test]
fn a_file_that_says_the_same_is_not_in_the_way() {
    let sandbox = Sandbox::new();
    sandbox.new_in("first", &["--name", "acme"]).success();
    let same = sandbox.read("first/renovate.json");
    sandbox.repository("acme", &[("renovate.json", &same)]);
    sandbox.new_in("acme", &[]).success();
    assert!(
        !sandbox
            .committed("acme")
            .contains(&"renovate.json".to_owned())
    );
}

#[test]
fn a_binary_readme_is_never_read_or_written() {
    let sandbox = Sandbox::new();
    std::fs::create_dir(sandbox.path("acme")).unwrap();
    let bytes = [0xff, 0xfe, b'#', 0, 0x80];
    std::fs::write(sandbox.path("acme/README.md"), bytes).unwrap();
    sandbox
        .new_in("acme", &[])
        .code(1)
        .stderr(contains("README.md"));
    assert_eq!(
        std::fs::read(sandbox.path("acme/README.md")).unwrap(),
        bytes
    );
}

#[test]
fn a_gitignore_of_another_encoding_is_in_the_way() {
    // Latin-1, as an old file may be: joining it would write it anew in another encoding.
    let sandbox = Sandbox::new();
    std::fs::create_dir(sandbox.path("acme")).unwrap();
    let bytes = b"/M\xfcll\n";
    std::fs::write(sandbox.path("acme/.gitignore"), bytes).unwrap();
    sandbox
        .new_in("acme", &[])
        .code(1)
        .stderr(contains(".gitignore"));
    assert_eq!(
        std::fs::read(sandbox.path("acme/.gitignore")).unwrap(),
        bytes
    );
    assert_eq!(sandbox.files("acme"), [".gitignore"]);
}

#[test]
fn an_edited_gitignore_is_refused_until_it_is_committed() {
    let sandbox = Sandbox::new();
    sandbox.repository("acme", &[(".gitignore", "/mine\n")]);
    sandbox.write("acme/.gitignore", "/mine\n/more\n");
    for staged in [false, true] {
        if staged {
            sandbox.git("acme", ["add", ".gitignore"]);
        }
        let before = snapshot(&sandbox.path("acme"));
        sandbox
            .new_in("acme", &[])
            .code(1)
            .stderr(contains(".gitignore").and(contains("not committed")));
        assert_same(&before, &snapshot(&sandbox.path("acme")));
    }
    // Without a commit it is joined.
    sandbox.new_in("acme", &["--no-commit"]).success();
    assert!(
        sandbox
            .read("acme/.gitignore")
            .starts_with("/mine\n/more\n")
    );
}

#[test]
fn an_uncommitted_deletion_is_refused() {
    let sandbox = Sandbox::new();
    sandbox.repository("acme", &[("renovate.json", "{}\n")]);
    std::fs::remove_file(sandbox.path("acme/renovate.json")).unwrap();
    let before = snapshot(&sandbox.path("acme"));
    sandbox
        .new_in("acme", &[])
        .code(1)
        .stderr(contains("renovate.json"));
    assert_same(&before, &snapshot(&sandbox.path("acme")));
}

#[test]
fn a_merge_rebase_or_cherry_pick_in_progress_is_refused() {
    for doing in ["merge", "rebase", "cherry-pick", "revert"] {
        let sandbox = Sandbox::new();
        sandbox.repository("acme", &[("file", "one\n")]);
        let commit = |text: &str| {
            sandbox.write("acme/file", text);
            sandbox.git("acme", ["commit", "--quiet", "-am", text]);
        };
        sandbox.git("acme", ["switch", "--quiet", "-c", "other"]);
        commit("two\n");
        sandbox.git("acme", ["switch", "--quiet", "main"]);
        commit("three\n");
        commit("four\n");
        let what = if doing == "revert" { "HEAD~1" } else { "other" };
        assert!(!sandbox.try_git("acme", [doing, what]).status.success());
        let before = snapshot(&sandbox.path("acme"));
        sandbox
            .new_in("acme", &[])
            .code(2)
            .stderr(contains(format!("git {doing} is in progress")).and(contains("--abort")));
        assert_same(&before, &snapshot(&sandbox.path("acme")));
    }
}

/// Runs the push that `new` prints: the commit must be where Flux reads. Refusing is as good, if it says why.
#[track_caller]
fn assert_pushed(sandbox: &Sandbox, more: &[&str], branch: &str) {
    let assert = sandbox.new_in("acme", more);
    if !assert.get_output().status.success() {
        assert
            .code(2)
            .stderr(contains("branch").and(contains(branch)));
        assert_eq!(sandbox.commits("acme"), 1);
        return;
    }
    let said = stdout(&assert);
    let mut lines = said.lines().map(str::trim);
    let push = lines.find(|line| line.starts_with("git push"));
    let push = push.unwrap_or_else(|| panic!("no push in {said}"));
    sandbox.git("acme", push.split_whitespace().skip(1));
    let head = sandbox.git("acme", ["rev-parse", "HEAD"]);
    assert_eq!(sandbox.git("origin.git", ["rev-parse", branch]), head);
}

/// A repository with an `origin` that can be pushed to, and an address for Flux.
fn pushable() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.git(".", ["init", "--quiet", "--bare", "origin.git"]);
    sandbox.repository("acme", &[]);
    sandbox.git("acme", ["remote", "add", "origin", "../origin.git"]);
    sandbox
}

const ADDRESS: [&str; 2] = ["--git-url", "https://h.io/acme.git"];

#[test]
fn the_push_that_is_printed_works() {
    assert_pushed(&pushable(), &ADDRESS, "main");
}

#[test]
fn the_push_that_is_printed_takes_the_commit_to_the_branch_of_the_answers() {
    let more = [&ADDRESS[..], &["--git-branch", "release"]].concat();
    assert_pushed(&pushable(), &more, "release");
}

#[test]
fn the_push_that_is_printed_takes_the_commit_of_a_detached_head_along() {
    let sandbox = pushable();
    sandbox.git("acme", ["checkout", "--quiet", "--detach"]);
    assert_pushed(&sandbox, &ADDRESS, "main");
}

#[test]
fn a_bare_repository_is_no_place_for_a_platform() {
    let sandbox = Sandbox::new();
    sandbox.git(".", ["init", "--quiet", "--bare", "acme.git"]);
    let before = snapshot(&sandbox.path("acme.git"));
    sandbox
        .new_in("acme.git", &["--name", "acme"])
        .failure()
        .stderr(contains("bare"));
    assert_same(&before, &snapshot(&sandbox.path("acme.git")));
}
