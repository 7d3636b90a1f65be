//! Identity, hooks, signing: the user's Git decides, and what it refuses leaves no trace.

use predicates::prelude::*;
use predicates::str::contains;

use crate::sandbox::{Sandbox, assert_same, snapshot};
use crate::support::need;

#[test]
fn without_an_identity_nothing_is_written() {
    let sandbox = Sandbox::nobody();
    sandbox.new_in("acme", &[]).code(2).stderr(
        contains("git config --global user.name").and(contains("git config --global user.email")),
    );
    assert!(!sandbox.path("acme").exists());
}

#[test]
fn without_an_identity_a_repository_stays_as_it_was() {
    let sandbox = Sandbox::nobody();
    sandbox.repository("acme", &[("notes.txt", "mine\n")]);
    let before = snapshot(&sandbox.path("acme"));
    sandbox
        .new_in("acme", &[])
        .code(2)
        .stderr(contains("git config --global user.email"));
    assert_same(&before, &snapshot(&sandbox.path("acme")));
}

#[test]
fn half_an_identity_is_none() {
    let sandbox = Sandbox::nobody();
    sandbox.configure("user.name", "Ada");
    sandbox
        .new_in("acme", &[])
        .code(2)
        .stderr(contains("git config --global user.email"));
    assert!(!sandbox.path("acme").exists());
}

#[test]
fn without_an_identity_it_can_be_looked_at_and_staged() {
    let sandbox = Sandbox::nobody();
    sandbox.run(["new", "acme", "--dry-run"]).success();
    assert!(!sandbox.path("acme").exists());
    sandbox.new_in("acme", &["--no-commit"]).success();
    assert!(
        !sandbox
            .try_git("acme", ["rev-parse", "--verify", "--quiet", "HEAD"])
            .status
            .success()
    );
    let staged = sandbox.git("acme", ["diff", "--cached", "--name-only", "-z"]);
    assert_eq!(
        staged.split('\0').filter(|p| !p.is_empty()).count(),
        sandbox.files("acme").len()
    );
}

#[test]
fn the_identity_may_come_from_the_environment() {
    let sandbox = Sandbox::nobody();
    let mut command = sandbox.landform(["new", "acme", "--yes"]);
    command
        .env("GIT_AUTHOR_NAME", "Author")
        .env("GIT_AUTHOR_EMAIL", "author@example.com")
        .env("GIT_COMMITTER_NAME", "Committer")
        .env("GIT_COMMITTER_EMAIL", "committer@example.com")
        .assert()
        .success();
    assert_eq!(
        sandbox.git("acme", ["log", "-1", "--format=%an <%ae> %cn <%ce>"]),
        "Author <author@example.com> Committer <committer@example.com>"
    );
}

#[test]
fn an_author_without_a_committer_is_no_identity() {
    // Git wants both, and says so only when everything else is done.
    for who in ["AUTHOR", "COMMITTER"] {
        let sandbox = Sandbox::nobody();
        sandbox
            .landform(["new", "acme", "--yes"])
            .env(format!("GIT_{who}_NAME"), "Ada")
            .env(format!("GIT_{who}_EMAIL"), "ada@example.com")
            .assert()
            .code(2)
            .stderr(contains("Git does not know who you are"));
        assert!(!sandbox.path("acme").exists());
    }
}

#[test]
fn the_identity_may_be_that_of_the_repository() {
    let sandbox = Sandbox::nobody();
    sandbox.repository("acme", &[]);
    sandbox.git("acme", ["config", "user.name", "Local"]);
    sandbox.git("acme", ["config", "user.email", "local@example.com"]);
    sandbox.new_in("acme", &[]).success();
    assert_eq!(
        sandbox.git("acme", ["log", "-1", "--format=%an <%ae>"]),
        "Local <local@example.com>"
    );
}

#[test]
fn settings_in_another_file_count() {
    // As `git` itself: GIT_CONFIG_GLOBAL takes the place of ~/.gitconfig.
    let sandbox = Sandbox::nobody();
    let settings = sandbox.write(
        "settings",
        "[user]\n\tname = Other\n\temail = other@example.com\n",
    );
    sandbox
        .landform(["new", "acme", "--yes"])
        .env("GIT_CONFIG_GLOBAL", &settings)
        .assert()
        .success();
    assert_eq!(
        sandbox.git("acme", ["log", "-1", "--format=%ae"]),
        "other@example.com"
    );
}

#[test]
fn settings_for_some_folders_count() {
    let sandbox = Sandbox::nobody();
    let there = sandbox.write(
        "there",
        "[user]\n\tname = There\n\temail = there@example.com\n",
    );
    let condition = format!("includeIf.gitdir:{}/.path", sandbox.work().display());
    sandbox.configure(&condition, there.to_str().unwrap());
    sandbox.new_in("acme", &[]).success();
    assert_eq!(
        sandbox.git("acme", ["log", "-1", "--format=%ae"]),
        "there@example.com"
    );
}

#[cfg(unix)]
#[test]
fn a_failing_hook_leaves_a_repository_as_it_was() {
    let sandbox = Sandbox::new();
    sandbox.repository(
        "acme",
        &[("notes.txt", "mine\n"), (".gitignore", "/mine\n")],
    );
    sandbox.script(
        "acme/.git/hooks/pre-commit",
        "#!/bin/sh\necho 'the linter says no' >&2\necho 'and on standard output too'\nexit 1\n",
    );
    sandbox.write("acme/staged.txt", "staged\n");
    sandbox.git("acme", ["add", "staged.txt"]);
    let before = snapshot(&sandbox.path("acme"));
    sandbox
        .new_in("acme", &[])
        .code(3)
        .stderr(contains("the linter says no").and(contains("and on standard output too")));
    let mut after = snapshot(&sandbox.path("acme"));
    // Objects that nothing names are no change to a repository.
    after.retain(|path, _| before.contains_key(path) || !path.starts_with(".git/objects/"));
    assert_same(&before, &after);
    assert_eq!(sandbox.status("acme"), "A  staged.txt");
}

#[cfg(unix)]
#[test]
fn a_failing_hook_leaves_a_repository_without_an_index_usable() {
    // A new repository and the clone of an empty one have no index yet, and an empty file is none that git reads.
    let sandbox = Sandbox::new();
    sandbox.git(".", ["init", "--quiet", "fresh"]);
    sandbox.git(".", ["init", "--quiet", "--bare", "empty.git"]);
    sandbox.git(".", ["clone", "--quiet", "empty.git", "clone"]);
    for dir in ["fresh", "clone"] {
        let hook = format!("{dir}/.git/hooks/pre-commit");
        sandbox.script(&hook, "#!/bin/sh\nexit 1\n");
        sandbox.new_in(dir, &["--name", "acme"]).code(3);
        assert!(!sandbox.path(dir).join(".git/index").exists(), "{dir}");
        assert_eq!(sandbox.status(dir), "");
        std::fs::remove_file(sandbox.path(&hook)).unwrap();
        sandbox.new_in(dir, &["--name", "acme"]).success();
        assert_eq!(sandbox.commits(dir), 1);
        assert_eq!(sandbox.status(dir), "");
    }
}

#[cfg(unix)]
#[test]
fn what_a_hook_puts_into_the_commit_is_no_change_afterwards() {
    let sandbox = Sandbox::new();
    sandbox.repository("acme", &[("notes.txt", "mine\n")]);
    sandbox.write("acme/staged.txt", "staged\n");
    sandbox.git("acme", ["add", "staged.txt"]);
    sandbox.script(
        "acme/.git/hooks/pre-commit",
        "#!/bin/sh\necho '# formatted' >> README.md\necho made > made.txt\ngit add README.md made.txt\n\
         git rm --quiet notes.txt\n",
    );
    sandbox.new_in("acme", &[]).success();
    let readme = sandbox.git("acme", ["show", "HEAD:README.md"]);
    assert!(readme.ends_with("# formatted"), "{readme}");
    assert_eq!(sandbox.git("acme", ["show", "HEAD:made.txt"]), "made");
    assert_eq!(sandbox.status("acme"), "A  staged.txt");
}

#[cfg(unix)]
#[test]
fn a_failing_hook_of_all_repositories_leaves_no_folder() {
    let sandbox = Sandbox::new();
    let hook = sandbox.script(
        "hooks/pre-commit",
        "#!/bin/sh\necho 'no commits on Fridays' >&2\nexit 1\n",
    );
    sandbox.configure("core.hooksPath", hook.parent().unwrap().to_str().unwrap());
    sandbox
        .new_in("some/where/acme", &["--name", "acme"])
        .code(3)
        .stderr(contains("no commits on Fridays"));
    assert!(!sandbox.path("some").exists());
}

#[cfg(unix)]
#[test]
fn a_failing_hook_leaves_an_empty_folder_empty() {
    let sandbox = Sandbox::new();
    let hook = sandbox.script(
        "hooks/commit-msg",
        "#!/bin/sh\necho 'no ticket' >&2\nexit 1\n",
    );
    sandbox.configure("core.hooksPath", hook.parent().unwrap().to_str().unwrap());
    std::fs::create_dir(sandbox.path("acme")).unwrap();
    sandbox
        .new_in("acme", &[])
        .code(3)
        .stderr(contains("no ticket"));
    assert!(snapshot(&sandbox.path("acme")).is_empty());
}

#[cfg(unix)]
#[test]
fn a_hook_that_says_nothing_is_told_of_all_the_same() {
    let sandbox = Sandbox::new();
    sandbox.repository("acme", &[]);
    sandbox.script("acme/.git/hooks/pre-commit", "#!/bin/sh\nexit 1\n");
    sandbox
        .new_in("acme", &[])
        .code(3)
        .stderr(contains("did not commit").and(contains("hook")));
}

#[cfg(unix)]
#[test]
fn hooks_see_and_shape_the_commit() {
    let sandbox = Sandbox::new();
    sandbox.repository("acme", &[]);
    sandbox.script(
        "acme/.git/hooks/pre-commit",
        "#!/bin/sh\ngit diff --cached --name-only > .git/seen\n",
    );
    sandbox.script(
        "acme/.git/hooks/commit-msg",
        "#!/bin/sh\necho 'Ticket: ACME-1' >> \"$1\"\n",
    );
    sandbox.script(
        "acme/.git/hooks/post-commit",
        "#!/bin/sh\ntouch .git/after\n",
    );
    sandbox.new_in("acme", &[]).success();
    let message = sandbox.git("acme", ["log", "-1", "--format=%B"]);
    assert!(message.starts_with("Add the platform acme\n"), "{message}");
    assert!(message.contains("Ticket: ACME-1"), "{message}");
    assert!(sandbox.path("acme/.git/after").exists());
    let seen = sandbox.read("acme/.git/seen");
    assert_eq!(seen.lines().count(), sandbox.committed("acme").len());
}

#[cfg(unix)]
#[test]
fn signing_is_honoured() {
    let keygen = need!("ssh-keygen", crate::support::tool("ssh-keygen"));
    let sandbox = Sandbox::new();
    let key = sandbox.path("key");
    let made = std::process::Command::new(keygen)
        .args(["-q", "-t", "ed25519", "-N", "", "-C", "test", "-f"])
        .arg(&key)
        .output()
        .unwrap();
    assert!(made.status.success(), "{made:?}");
    sandbox.configure("gpg.format", "ssh");
    sandbox.configure("user.signingkey", key.to_str().unwrap());
    sandbox.configure("commit.gpgsign", "true");
    sandbox.new_in("acme", &[]).success();
    let commit = sandbox.git("acme", ["cat-file", "commit", "HEAD"]);
    assert!(commit.contains("-----BEGIN SSH SIGNATURE-----"), "{commit}");
}

#[test]
fn a_signature_that_cannot_be_made_leaves_nothing() {
    let sandbox = Sandbox::new();
    sandbox.configure("gpg.format", "ssh");
    sandbox.configure("user.signingkey", "/nowhere/key");
    sandbox.configure("commit.gpgsign", "true");
    sandbox
        .new_in("acme", &[])
        .code(3)
        .stderr(contains("did not commit"));
    assert!(!sandbox.path("acme").exists());
}

#[test]
fn an_index_that_another_git_holds_is_told_of() {
    let sandbox = Sandbox::new();
    sandbox.repository("acme", &[("notes.txt", "mine\n")]);
    sandbox.write("acme/.git/index.lock", "");
    let before = snapshot(&sandbox.path("acme"));
    sandbox
        .new_in("acme", &[])
        .code(3)
        .stderr(contains("index.lock"));
    let mut after = snapshot(&sandbox.path("acme"));
    after.retain(|path, _| before.contains_key(path) || !path.starts_with(".git/objects/"));
    assert_same(&before, &after);
}

#[test]
fn what_the_user_ignores_everywhere_is_committed_all_the_same() {
    let sandbox = Sandbox::new();
    let ignore = sandbox.write("ignore", "*.tf\n.github/\n.landform/\n");
    sandbox.configure("core.excludesFile", ignore.to_str().unwrap());
    sandbox.new_in("acme", &[]).success();
    assert_eq!(sandbox.committed("acme"), sandbox.files("acme"));
    assert_eq!(sandbox.status("acme"), "");
}

#[test]
fn line_ends_of_windows_users_leave_the_tree_clean() {
    let sandbox = Sandbox::new();
    sandbox.configure("core.autocrlf", "true");
    sandbox.new_in("acme", &[]).success();
    assert_eq!(sandbox.status("acme"), "");
    assert!(!sandbox.read("acme/README.md").contains('\r'));
}

#[test]
fn the_repository_of_a_hook_that_runs_landform_is_left_alone() {
    // Git exports these to its hooks and to `git rebase --exec`.
    for (name, value) in [
        ("GIT_DIR", "other/.git"),
        ("GIT_INDEX_FILE", "other/.git/index"),
    ] {
        let sandbox = Sandbox::new();
        sandbox.repository("other", &[("notes.txt", "mine\n")]);
        let before = snapshot(&sandbox.path("other"));
        sandbox
            .landform(["new", "acme", "--yes"])
            .env(name, sandbox.path(value))
            .assert()
            .success();
        assert_same(&before, &snapshot(&sandbox.path("other")));
        assert_eq!(sandbox.commits("acme"), 1);
    }
}

#[test]
fn no_editor_opens() {
    let sandbox = Sandbox::new();
    sandbox.configure(
        "commit.template",
        sandbox.write("message", "Ticket:\n").to_str().unwrap(),
    );
    sandbox.configure("commit.verbose", "true");
    // No editor may ever open.
    sandbox.configure("core.editor", "false");
    sandbox.new_in("acme", &[]).success();
    let message = sandbox.git("acme", ["log", "-1", "--format=%s"]);
    assert_eq!(message, "Add the platform acme");
}

#[cfg(unix)]
#[test]
fn without_git_the_commit_holds_no_more_than_its_paths() {
    let sandbox = Sandbox::new();
    sandbox.repository("acme", &[("notes.txt", "mine\n")]);
    sandbox.write("acme/staged.txt", "staged\n");
    sandbox.git("acme", ["add", "staged.txt"]);
    let mut command = sandbox.landform(["new", "acme", "--yes"]);
    command.env("PATH", "/nowhere").assert().success();
    assert!(!sandbox.committed("acme").contains(&"staged.txt".to_owned()));
    assert_eq!(sandbox.git("acme", ["show", "HEAD:notes.txt"]), "mine");
    assert_eq!(sandbox.status("acme"), "A  staged.txt");
}
