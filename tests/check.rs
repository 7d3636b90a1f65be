//! `landform check` and `landform explain` as they are run.

#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    reason = "a test ends where something is not as expected"
)]

mod support;

#[allow(dead_code, reason = "shared with the tests of `new`")]
#[path = "new/sandbox.rs"]
mod sandbox;

use std::collections::BTreeSet;
use std::path::Path;

use expectrl::Expect as _;
use landform::check::RULES;
use predicates::boolean::PredicateBooleanExt as _;
use predicates::str::contains;
use sandbox::{Sandbox, stdout};
use serde_json::Value;

/// A sandbox with the bad case of a rule in `repo`, where no other repository is around it.
fn bad(rule: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    let from = support::package()
        .join("tests/rules")
        .join(rule)
        .join("bad");
    copy(&from, &sandbox, "repo");
    sandbox
}

fn copy(from: &Path, sandbox: &Sandbox, to: &str) {
    for entry in walkdir::WalkDir::new(from) {
        let entry = entry.unwrap();
        if entry.file_type().is_file() {
            let path = entry.path().strip_prefix(from).unwrap();
            let text = std::fs::read_to_string(entry.path()).unwrap();
            sandbox.write(&format!("{to}/{}", path.display()), &text);
        }
    }
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn it_says_what_where_and_what_mends_it() {
    let sandbox = bad("missing-path");
    let ran = sandbox.run(["check", "-C", "repo"]).code(1);
    let said = stdout(&ran);
    for words in [
        "error[missing-path]: web applies `./apps/wbe`, which is not there",
        " --> clusters/prod/web.yaml:10:9",
        "10 |   path: ./apps/wbe",
        "   |         ^^^^^^^^^^",
        "web fails with \"path not found\" and applies nothing",
        "help: did you mean `./apps/web`?",
        "3 errors; 7 files in ",
    ] {
        assert!(said.contains(words), "no `{words}` in\n{said}");
    }
    let good = support::package().join("tests/rules/missing-path/good");
    copy(&good, &sandbox, "good");
    let ran = sandbox.run(["check", "-C", "good/apps/web"]).success();
    // Without a mark of a repository above it, a folder is looked at alone.
    assert!(stdout(&ran).starts_with("nothing found; 2 files in "));
    sandbox.write("good/.git/HEAD", "");
    let ran = sandbox.run(["check", "-C", "good/apps/web"]).success();
    assert!(stdout(&ran).starts_with("nothing found; 5 files in "));
    sandbox
        .run(["check", "-C", "none"])
        .code(3)
        .stderr(contains("could not look in none"));
}

#[test]
fn every_form_is_what_its_readers_take() {
    let sandbox = bad("missing-file");
    let said = json(&stdout(
        &sandbox.run(["check", "-C", "repo", "--json"]).code(1),
    ));
    let schema = json(&stdout(&sandbox.run(["schema", "check"]).success()));
    let errors: Vec<String> = jsonschema::validator_for(&schema)
        .unwrap()
        .iter_errors(&said)
        .map(|error| error.to_string())
        .collect();
    assert!(errors.is_empty(), "{errors:?}");
    assert_eq!(said["errors"], 3);
    assert_eq!(said["clusters"], serde_json::json!(["clusters/prod"]));
    assert_eq!(said["findings"][0]["file"], "apps/web/kustomization.yaml");
    assert_eq!(
        (&said["findings"][0]["line"], &said["findings"][0]["column"]),
        (&4.into(), &5.into())
    );

    let sarif = json(&stdout(
        &sandbox
            .run(["check", "-C", "repo", "--format", "sarif"])
            .code(1),
    ));
    assert_is_sarif(&sarif);
    let run = &sarif["runs"][0];
    assert_eq!(run["results"].as_array().unwrap().len(), 5);
    let result = &run["results"][0];
    let number = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
    assert_eq!(
        run["tool"]["driver"]["rules"][number]["id"],
        result["ruleId"]
    );
    let region = &result["locations"][0]["physicalLocation"]["region"];
    assert_eq!(region["startLine"], 4);

    let github = stdout(
        &sandbox
            .run(["check", "-C", "repo", "--format", "github"])
            .code(1),
    );
    assert!(
        github.starts_with(
            "::error file=apps/web/kustomization.yaml,line=4,col=5,endLine=4,endColumn=17,title=missing-file::`setting.yaml` is not there;"
        ),
        "{github}"
    );
    let gitlab = json(&stdout(
        &sandbox
            .run(["check", "-C", "repo", "--format", "gitlab"])
            .code(1),
    ));
    assert_eq!(gitlab[0]["location"]["lines"]["begin"], 4);
    assert_eq!(gitlab[0]["fingerprint"].as_str().unwrap().len(), 16);
}

#[test]
fn what_is_known_is_not_told_again() {
    let sandbox = bad("missing-file");
    let known = stdout(&sandbox.run(["check", "-C", "repo", "--json"]).code(1));
    sandbox.write("known.json", &known);
    let with = ["check", "-C", "repo", "--baseline", "known.json"];
    sandbox
        .run(with)
        .success()
        .stdout(contains("nothing found"));
    // Also when it stands on another line by now.
    let file = "repo/apps/web/kustomization.yaml";
    let text = sandbox.read(file);
    let text = text.replace("resources:\n", "resources:\n  - nowhere.yaml\n");
    sandbox.write(file, &format!("# moved down\n{text}"));
    let said = sandbox.run(with).code(1);
    assert_eq!(stdout(&said).matches("error[").count(), 1);
    sandbox.write("known.json", "[]");
    sandbox.run(with).code(2).stderr(contains("make it anew"));
}

#[test]
fn allowances_are_looked_at_alone_too() {
    let sandbox = bad("unused-allowance");
    let all = stdout(&sandbox.run(["check", "-C", "repo"]).code(1));
    let alone = ["check", "-C", "repo", "--rule", "unused-allowance"];
    let alone = stdout(&sandbox.run(alone).code(1));
    let count = |text: &str| text.matches("[unused-allowance]").count();
    assert_ne!(count(&all), 0);
    assert_eq!(count(&all), count(&alone), "{alone}");
}

#[test]
fn two_that_are_alike_are_two_in_a_baseline() {
    let sandbox = Sandbox::new();
    let map = |name: &str, more: &str| {
        format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\n  namespace: default\ndata:\n  a: b\n{more}"
        )
    };
    let wrong = "  debug: true\n";
    let list =
        "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [a.yaml]\n";
    sandbox.write("repo/kustomization.yaml", list);
    sandbox.write(
        "repo/a.yaml",
        &format!("{}---\n{}", map("c", wrong), map("d", "")),
    );
    let known = stdout(&sandbox.run(["check", "-C", "repo", "--json"]).code(1));
    sandbox.write("known.json", &known);
    let with = ["check", "-C", "repo", "--baseline", "known.json"];
    sandbox.run(with).success();
    sandbox.write(
        "repo/a.yaml",
        &format!("{}---\n{}", map("c", wrong), map("d", wrong)),
    );
    let said = stdout(&sandbox.run(with).code(1));
    assert_eq!(said.matches("[yaml-trap]").count(), 1, "{said}");
    // Of a report of GitLab each has a name of its own.
    let report = stdout(
        &sandbox
            .run(["check", "-C", "repo", "--format", "gitlab"])
            .code(1),
    );
    let report: Value = serde_json::from_str(&report).unwrap();
    let all = report.as_array().unwrap();
    let names = all.iter().map(|one| one["fingerprint"].as_str().unwrap());
    assert_eq!(names.collect::<BTreeSet<_>>().len(), all.len());
}

#[test]
fn what_stands_for_several_stays_known() {
    let sandbox = bad("missing-namespace");
    let known = stdout(&sandbox.run(["check", "-C", "repo", "--json"]).code(1));
    sandbox.write("known.json", &known);
    let file = "repo/apps/web/settings.yaml";
    let text = sandbox.read(file);
    let other = text.replace("name: settings", "name: settings-too");
    assert_ne!(text, other);
    sandbox.write(file, &format!("{text}---\n{other}"));
    sandbox
        .run(["check", "-C", "repo", "--baseline", "known.json"])
        .success()
        .stdout(contains("nothing found"));
}

#[test]
fn what_is_no_utf8_is_told() {
    let sandbox = Sandbox::new();
    let list =
        "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [a.yaml]\n";
    sandbox.write("repo/kustomization.yaml", list);
    sandbox.write("repo/a.yaml", "");
    let text = b"apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c, namespace: d}\ndata: {a: \"caf\xe9\"}\n";
    std::fs::write(sandbox.path("repo/a.yaml"), text).unwrap();
    let said = sandbox.run(["check", "-C", "repo"]).code(1);
    said.stdout(contains("what stands here is no UTF-8").and(contains("a.yaml:4:15")));
}

#[test]
fn a_fix_does_not_stand_in_the_way_of_others() {
    let sandbox = bad("missing-path");
    let file = "repo/clusters/prod/web.yaml";
    let text = sandbox.read(file).replace("timeout: 5m", "timeout: 5");
    sandbox.write(file, &text);
    // A number is no duration, in quotes or not: nothing is written for it.
    let shown = sandbox.run(["check", "-C", "repo", "--fix", "--dry-run", "--diff"]);
    let shown = stdout(&shown.success());
    assert!(!shown.contains("\"5\""), "{shown}");
}

#[test]
fn rules_and_weights_are_chosen() {
    let sandbox = bad("unread-file");
    let only = ["check", "-C", "repo", "--rule", "missing-path,missing-file"];
    sandbox.run(only).success();
    sandbox
        .run(["check", "-C", "repo", "--severity", "error"])
        .success();
    sandbox
        .run(["check", "-C", "repo", "--severity", "warning"])
        .code(1);
    let wrong = sandbox
        .run(["check", "-C", "repo", "--rule", "missing-pth"])
        .code(2);
    wrong.stderr(contains("did you mean `missing-path`?"));
    sandbox.write(
        "repo/.landform/check.yaml",
        "allow:\n  - {rule: unred-file, path: x, reason: y}\n",
    );
    let wrong = sandbox.run(["check", "-C", "repo"]).code(2);
    wrong.stderr(contains("check.yaml:2:12").and(contains("did you mean `unread-file`?")));
    sandbox.write(
        "repo/.landform/check.yaml",
        "allow:\n  - {rule: unread-file, path: apps, reason: \"\"}\n",
    );
    sandbox
        .run(["check", "-C", "repo"])
        .code(2)
        .stderr(contains("no reason is given"));
}

#[test]
fn rules_are_explained() {
    let sandbox = Sandbox::new();
    let all = stdout(&sandbox.run(["explain"]).success());
    for rule in RULES {
        assert!(
            all.contains(rule.id) && all.contains(rule.summary),
            "{}",
            rule.id
        );
        let page = stdout(&sandbox.run(["explain", rule.id]).success());
        assert!(page.starts_with(&format!("{}\n", rule.id)), "{page}");
    }
    let wrong = sandbox.run(["explain", "missing-pathh"]).code(2);
    wrong.stderr(contains("did you mean `missing-path`?"));
}

#[test]
fn what_is_surely_a_slip_is_mended() {
    let sandbox = bad("missing-path");
    sandbox.git("repo", ["init", "-q", "-b", "main"]);
    sandbox.git("repo", ["add", "-A"]);
    sandbox.git("repo", ["commit", "-qm", "Begin"]);
    let file = "repo/clusters/prod/web.yaml";
    let before = sandbox.read(file);
    let look = sandbox
        .run(["check", "-C", "repo", "--fix", "--dry-run", "--diff"])
        .success();
    let said = stdout(&look);
    for words in [
        "-  path: ./apps/wbe\n",
        "+  path: ./apps/web\n",
        "1 of 3 findings are mended by it",
    ] {
        assert!(said.contains(words), "no `{words}` in\n{said}");
    }
    assert_eq!(sandbox.read(file), before);
    // Without a terminal nothing is asked.
    sandbox
        .run(["check", "-C", "repo", "--fix"])
        .code(2)
        .stderr(contains("add --yes"));
    // Other findings are left, so it is not done.
    let done = sandbox
        .run(["check", "-C", "repo", "--fix", "missing-path", "--yes"])
        .code(1);
    assert!(stdout(&done).contains("git -C "), "{}", stdout(&done));
    assert_eq!(
        sandbox.read(file),
        before.replace("./apps/wbe", "./apps/web")
    );
    assert!(
        sandbox
            .git("repo", ["log", "-1", "--format=%B"])
            .contains("clusters/prod/web.yaml:10 missing-path")
    );
    assert_eq!(sandbox.status("repo"), "");
    let nothing = sandbox
        .run(["check", "-C", "repo", "--fix", "--yes"])
        .code(1);
    assert!(stdout(&nothing).contains("Nothing to mend"));
    sandbox
        .run(["check", "-C", "repo", "--fix", "missing-pth"])
        .code(2);
    sandbox.run(["check", "-C", "repo", "--yes"]).code(2);
    // Work that is not committed is not mixed in.
    sandbox.write(file, &before);
    sandbox
        .run(["check", "-C", "repo", "--fix", "--yes"])
        .code(1)
        .stderr(contains("not committed"));
}

#[test]
fn a_new_platform_is_clean() {
    let sandbox = Sandbox::new();
    sandbox.new_in("acme", &[]).success();
    let said = sandbox
        .run(["check", "-C", "acme", "--severity", "hint"])
        .success();
    assert!(
        stdout(&said).starts_with("nothing found; "),
        "{}",
        stdout(&said)
    );
}

#[test]
fn secrets_that_nothing_makes_are_to_be_made_by_somebody() {
    let sandbox = Sandbox::new();
    let tree = support::package().join("tests/golden/kind-full/out");
    copy(&tree, &sandbox, "repo");
    let said = stdout(&sandbox.run(["check", "-C", "repo"]).success());
    assert!(
        said.contains("2 Secrets are to be made by you (--to-do shows them)"),
        "{said}"
    );
    let said = stdout(&sandbox.run(["check", "-C", "repo", "--to-do"]).success());
    for words in [
        "Secret flux-system/flux-alerts-address (clusters/prod, clusters/staging)",
        "clusters/prod/apps/flux-alerts/provider.yaml:9 Provider platform",
        "Secret grafana/grafana-admin (clusters/prod)",
        "landform secret COMPONENT --on CLUSTER",
    ] {
        assert!(said.contains(words), "no {words} in\n{said}");
    }
    let file = "repo/clusters/prod/apps/flux-alerts/provider.yaml";
    let secret = "---\napiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata:\n  name: flux-alerts-address\n  namespace: flux-system\n";
    let text = sandbox.read(file) + secret;
    sandbox.write(file, &text);
    // What an operator makes of a database is there once that is.
    let database = "---\napiVersion: postgresql.cnpg.io/v1\nkind: Cluster\nmetadata:\n  name: db\n  namespace: flux-system\n---\napiVersion: acme.dev/v1\nkind: Web\nmetadata:\n  name: web\n  namespace: flux-system\nspec:\n  env:\n    - valueFrom:\n        secretKeyRef: {name: db-app, key: uri}\n    - valueFrom:\n        secretKeyRef: {name: other, key: uri, optional: true}\n";
    let text = sandbox.read(file) + database;
    sandbox.write(file, &text);
    let report = json(&stdout(&sandbox.run(["check", "-C", "repo", "--json"])));
    let to_do = report["to_do"].as_array().unwrap();
    assert_eq!(to_do.len(), 1, "{report}");
    assert_eq!(to_do[0]["name"], "grafana-admin");
    assert_eq!(to_do[0]["clusters"][0], "clusters/prod");
}

/// A sandbox with what was there before a rule's bad case in `repo`, committed, and the bad case in the work tree.
fn later(rule: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    let cases = support::package().join("tests/rules").join(rule);
    copy(&cases.join("before"), &sandbox, "repo");
    sandbox.git("repo", ["init", "--quiet", "--initial-branch", "main"]);
    sandbox.git("repo", ["add", "--all"]);
    sandbox.git("repo", ["commit", "--quiet", "--message", "before"]);
    for entry in ["apps", "clusters"] {
        std::fs::remove_dir_all(sandbox.path("repo").join(entry)).unwrap();
    }
    copy(&cases.join("bad"), &sandbox, "repo");
    sandbox
}

#[test]
fn what_flux_would_delete_is_told_against_the_last_commit_and_others() {
    let sandbox = later("pruned-object");
    let said = stdout(&sandbox.run(["check", "-C", "repo"]).code(1));
    for words in [
        "warning[pruned-object]: web no longer applies Namespace team",
        "Flux deletes it on clusters/prod, and everything in it",
        "it stood here at HEAD",
        "hint[pruned-object]: the Flux Kustomization api is gone, and with it ConfigMap api/api",
    ] {
        assert!(said.contains(words), "no {words} in\n{said}");
    }
    // Once it is committed, the last commit is no earlier one; others are.
    sandbox.git("repo", ["add", "--all"]);
    sandbox.git("repo", ["commit", "--quiet", "--message", "after"]);
    sandbox.run(["check", "-C", "repo"]).success();
    let since = ["check", "-C", "repo", "--since", "HEAD~"];
    sandbox
        .run(since)
        .code(1)
        .stdout(contains("it stood here at HEAD~"));
    sandbox
        .run(["check", "-C", "repo", "--since", "nowhere"])
        .code(2)
        .stderr(contains("there is no commit `nowhere`"));
    // An allowance of what is not looked for is not unused.
    let allow = "allow:\n  - {rule: pruned-object, path: \"clusters/**\", reason: meant}\n";
    sandbox.write("repo/.landform/check.yaml", allow);
    sandbox.run(["check", "-C", "repo"]).success();
    sandbox.run(since).success();
}

#[test]
fn a_folder_of_a_bigger_repository_is_compared_too() {
    let sandbox = Sandbox::new();
    let cases = support::package().join("tests/rules/immutable-field");
    copy(&cases.join("before"), &sandbox, "all/platform");
    sandbox.write("all/platform/.landform/check.yaml", "allow: []\n");
    sandbox.write("all/other/x.yaml", "a: b\n");
    sandbox.git("all", ["init", "--quiet", "--initial-branch", "main"]);
    sandbox.git("all", ["add", "--all"]);
    sandbox.git("all", ["commit", "--quiet", "--message", "before"]);
    sandbox.write("all/other/x.yaml", "a: c\n");
    sandbox.run(["check", "-C", "all/platform"]).success();
    copy(&cases.join("bad"), &sandbox, "all/platform");
    sandbox
        .run(["check", "-C", "all/platform"])
        .code(1)
        .stdout(contains("error[immutable-field]"));
    // Outside Git there is nothing to compare with.
    copy(&cases.join("bad"), &sandbox, "alone");
    sandbox.run(["check", "-C", "alone"]).success();
    sandbox
        .run(["check", "-C", "alone", "--since", "HEAD"])
        .code(2)
        .stderr(contains("is in no Git repository"));
}

#[test]
fn it_looks_again_when_a_file_changes() {
    let sandbox = bad("missing-path");
    let mut command = sandbox.plain_landform(["check", "-C", "repo", "--watch"]);
    command.env("NO_COLOR", "1");
    let mut session = expectrl::Session::spawn(command).unwrap();
    session.set_expect_timeout(Some(std::time::Duration::from_secs(20)));
    session.expect("3 errors;").unwrap();
    session.expect("Watching for changes").unwrap();
    let unit = "repo/clusters/prod/web.yaml";
    let mended = sandbox.read(unit).replace("./apps/wbe", "./apps/web");
    sandbox.write(unit, &mended);
    session.expect("2 errors;").unwrap();
    session.expect("Watching for changes").unwrap();
    session.send("\u{3}").unwrap();
    session.expect(expectrl::Eof).unwrap();
}

/// Whether a log is as OASIS wants it.
fn assert_is_sarif(log: &Value) {
    let schema = support::package().join("tests/data/sarif/sarif-schema-2.1.0.json");
    let schema: Value = serde_json::from_str(&std::fs::read_to_string(schema).unwrap()).unwrap();
    let errors: Vec<String> = jsonschema::validator_for(&schema)
        .unwrap()
        .iter_errors(log)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert_eq!(errors, Vec::<String>::new());
}

/// What each rule finds where it is to find something: related places, patches, files of Terraform, odd names.
#[test]
fn every_finding_is_sarif() {
    let sandbox = Sandbox::new();
    for rule in RULES {
        let bad = support::package()
            .join("tests/rules")
            .join(rule.id)
            .join("bad");
        copy(&bad, &sandbox, rule.id);
        let assert = sandbox.run(["check", "-C", rule.id, "--format", "sarif"]);
        let log = json(&stdout(&assert));
        assert_is_sarif(&log);
        let found = log["runs"][0]["results"].as_array().unwrap();
        // What compares with a commit finds nothing without one.
        let of_past = bad.with_file_name("before").is_dir();
        let itself = found.iter().any(|found| found["ruleId"] == rule.id);
        assert!(itself || of_past, "{}", rule.id);
    }
    sandbox.write("none/a.yaml", "a: b\n");
    let assert = sandbox.run(["check", "-C", "none", "--format", "sarif"]);
    assert_is_sarif(&json(&stdout(&assert.success())));
}

#[test]
fn what_cannot_be_read_is_told_and_nothing_is_said_of_the_rest() {
    use std::os::unix::fs::PermissionsExt as _;
    let sandbox = bad("missing-path");
    let file = sandbox.path("repo/clusters/prod/web.yaml");
    for path in [file.clone(), sandbox.path("repo/clusters")] {
        let mode = std::fs::metadata(&path).unwrap().permissions();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o000)).unwrap();
        // Whoever may read everything, as root may, is refused nothing.
        let denied = std::fs::read(&file).is_err();
        let ran = sandbox.run(["check", "-C", "repo"]);
        std::fs::set_permissions(&path, mode).unwrap();
        if denied {
            ran.code(3).stderr(contains("could not"));
        }
    }
}

#[test]
fn a_folder_without_manifests_is_no_success() {
    let sandbox = Sandbox::new();
    sandbox.write("empty/a.txt", "");
    let wrong = sandbox.run(["check", "-C", "empty"]).code(2);
    wrong.stderr(contains("there is nothing to check in"));
    let wrong = sandbox.run(["check", "-C", "empty/a.txt"]).code(2);
    wrong.stderr(contains("is no folder"));
}

#[test]
fn symbolic_links_are_told_from_what_is_not_there() {
    let sandbox = Sandbox::new();
    let list = "kind: Kustomization\nresources:\n  - linked.yaml\n  - folder\n";
    sandbox.write("repo/apps/web/kustomization.yaml", list);
    let map = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, namespace: y}\n";
    sandbox.write("repo/apps/shared/x.yaml", map);
    let link = |to: &str, from: &str| {
        std::os::unix::fs::symlink(to, sandbox.path("repo/apps/web").join(from)).unwrap();
    };
    link("../shared/x.yaml", "linked.yaml");
    link("../shared", "folder");
    let ran = sandbox
        .run(["check", "-C", "repo", "--format", "github"])
        .code(1);
    let said = stdout(&ran);
    for name in ["linked.yaml", "folder"] {
        let words = format!("`{name}` is a symbolic link, which Flux leaves out");
        assert!(said.contains(&words), "{said}");
    }
}

#[test]
fn templates_are_passed_over_with_a_note() {
    let sandbox = Sandbox::new();
    let map = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, namespace: default}\n";
    sandbox.write("repo/apps/x.yaml", map);
    sandbox.write(
        "repo/chart/templates/y.yaml",
        "kind: {{ .Kind }}\n  {{- end }}\n",
    );
    let ran = sandbox.run(["check", "-C", "repo"]).success();
    let said = stdout(&ran);
    let note = "nothing found; 2 files, one of them a template and passed over in ";
    assert!(said.starts_with(note), "{said}");
    let ran = sandbox.run(["check", "-C", "repo", "--json"]).success();
    assert_eq!(
        json(&stdout(&ran))["templated"][0],
        "chart/templates/y.yaml"
    );
}
