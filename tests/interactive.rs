//! `landform new` on a real terminal: the whole conversation, and every way out of it.

#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    reason = "a test ends where something is not as expected"
)]

mod support;

#[path = "interactive/session.rs"]
mod session;
#[allow(dead_code, reason = "shared with `life`")]
#[path = "interactive/talk.rs"]
mod talk;

use std::fs;

use talk::{DOWN, ENTER, ESCAPE, LAST, STOP, Talk, from_file, home, plain, program, tree};

#[test]
fn enter_is_enough_and_makes_the_tree_of_the_answers_file() {
    let home = home();
    let mut talk = Talk::start(&program(home.path()), 100);
    talk.hear("Git URL that Flux will read");
    assert!(
        talk.heard
            .contains("Nothing is written before you confirm.")
    );
    talk.take_everything();
    assert!(!home.path().join("acme-platform").exists());
    talk.press("d").hear("not shown: .landform/catalog/");
    assert!(
        talk.heard.contains("+++ b/clusters/staging/"),
        "{}",
        talk.heard
    );
    talk.press("y").hear("Done:");
    assert_eq!(talk.exit_code(), 0);
    assert!(talk.has_cursor());
    let wanted = from_file(
        "git: {url: \"https://github.com/example/acme-platform.git\", auth: token}\n\
         clusters: {staging: {provider: kind}}\n\
         components: {cilium: {}, cert-manager: {}, envoy-gateway: {}, grafana: {}}\n",
    );
    let made = tree(&home.path().join("acme-platform"));
    assert_eq!(
        made.keys().collect::<Vec<_>>(),
        wanted.keys().collect::<Vec<_>>()
    );
    assert_eq!(made, wanted);
}

#[test]
fn two_clusters_with_every_kind_of_key() {
    let home = home();
    let mut talk = Talk::start(&program(home.path()), 100);
    talk.hear("Git URL")
        .press("https://github.com/acme/platform.git\r")
        .hear("How may Flux");
    talk.press(DOWN).hear("> public");
    talk.press(ENTER).hear("First cluster [staging]");
    talk.press("Edge\r")
        .hear("Not taken: the name of a cluster starts with a lower-case letter");
    // What was written stands there to be edited.
    talk.press("\x15edgy\x7fe\r").hear("Where does edge run?");
    talk.press(ENTER).hear("Another cluster?");
    talk.press("prod\r").hear("Where does prod run?");
    talk.press(DOWN).press(DOWN).hear("> existing");
    talk.press(ENTER).hear("Which context");
    talk.press("a b\r")
        .hear("Not taken: `a b` is not of the right form");
    talk.press("\x7f\x7f\x7fadmin@prod\r").hear("> local");
    // Back twice, and the same again: the answers of before are offered.
    talk.press(ESCAPE).hear("admin@prod");
    talk.press(ESCAPE).hear("> existing");
    talk.press(ENTER).hear("admin@prod");
    talk.press(ENTER).hear("> local");
    talk.press(ENTER).hear("Another cluster?");
    talk.press(ENTER).hear("get new chart versions later");
    talk.press(DOWN).hear("> [ ] prod");
    talk.press(" ").hear("> [x] prod");
    talk.press(ENTER).hear("Components");
    talk.press(DOWN).hear("> [x] cert-manager");
    talk.press(" ").hear("> [ ] cert-manager");
    talk.press(ENTER).hear("Anything else?");
    talk.press("extdns").hear("> external-dns");
    talk.press(ENTER).hear("Anything else?");
    talk.press(ENTER).hear("prod: Which domain");
    talk.press("acme.io\r").hear("prod: Who serves DNS");
    talk.press(DOWN).press(DOWN).hear("> cloudflare");
    talk.press(ENTER).hear("Right?");
    assert!(plain(&talk.heard).contains("not on edge: a kind cluster has no public address"));
    talk.take_everything();
    talk.press(ENTER).hear("Done:");
    assert_eq!(talk.exit_code(), 0);
    let wanted = from_file(
        "git: {url: \"https://github.com/acme/platform.git\", auth: public}\n\
         clusters:\n  edge: {provider: kind}\n  \
         prod: {provider: existing, context: admin@prod, domain: acme.io, dns: cloudflare, upgrades: later}\n\
         components: {cilium: {}, envoy-gateway: {}, grafana: {}, external-dns: {}}\n",
    );
    assert_eq!(tree(&home.path().join("acme-platform")), wanted);
}

#[test]
fn no_and_back_at_the_end() {
    let home = home();
    let mut talk = Talk::start(&program(home.path()), 80);
    talk.hear("Git URL").take_everything();
    talk.press(ESCAPE).hear("?");
    assert!(!plain(&talk.heard[talk.before..]).contains(LAST));
    talk.take_everything();
    talk.press("n").hear("nothing was written");
    assert_eq!(talk.exit_code(), 130);
    assert!(talk.has_cursor());
    assert!(!home.path().join("acme-platform").exists());
}

#[test]
fn narrow_and_without_colours() {
    let home = home();
    let mut command = program(home.path());
    command.env("NO_COLOR", "1");
    let mut talk = Talk::start(&command, 60);
    talk.hear("Git URL").take_everything();
    // No colours and no styles, only the cursor moves.
    let styled = talk.heard.split("\x1b[").skip(1).any(|rest| {
        let end = rest.find(|c: char| c.is_ascii_alphabetic());
        end.is_some_and(|end| rest[end..].starts_with('m') && !rest[..end].is_empty())
    });
    assert!(!styled, "{:?}", talk.heard);
    // What is active and what is marked is said by signs that every terminal has.
    let said = plain(&talk.heard);
    for words in ["> token", "> [x] ", "[Y/n, d shows the text]"] {
        assert!(said.contains(words), "{words}:\n{said}");
    }
    assert!(said.is_ascii(), "{said}");
    for line in said.lines() {
        // A search draws itself anew in place of its line; only whole lines are measured.
        assert!(
            line.trim_end().len() <= 60 || line.contains("? "),
            "{} columns: {line}",
            line.len()
        );
    }
    talk.press(STOP);
    assert_eq!(talk.exit_code(), 130);
}

#[test]
fn wrong_flags_and_a_platform_that_is_there_fail_before_any_question() {
    let home = home();
    let mut command = program(home.path());
    command.args(["--color", "never"]);
    let mut talk = Talk::start(&command, 80);
    talk.hear("Git URL");
    assert!(!talk.heard.contains("\x1b[1m"));
    talk.press(STOP);
    assert_eq!(talk.exit_code(), 130);

    let folder = home.path().join("acme-platform/.landform");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("platform.yaml"), "format: 1\n").unwrap();
    let mut talk = Talk::start(&program(home.path()), 80);
    talk.hear("is a platform already");
    assert_eq!(talk.exit_code(), 2);
    assert!(!talk.heard.contains("Git URL"));
}

#[test]
fn with_every_answer_only_the_last_question_is_left() {
    let home = home();
    let printed = program(home.path())
        .args(["new", "acme-platform", "--print-answers"])
        .output()
        .unwrap();
    fs::write(home.path().join("answers.yaml"), printed.stdout).unwrap();
    for (key, words, code) in [(ESCAPE, "nothing was written", 130), (ENTER, "Done:", 0)] {
        let mut command = program(home.path());
        command.args(["--color", "never"]);
        let mut talk = Talk::start_with(&command, 80, &["--answers", "answers.yaml"]);
        talk.hear(LAST);
        assert!(
            !talk.heard.contains("Nothing is written before"),
            "{}",
            talk.heard
        );
        talk.press(key).hear(words);
        assert_eq!(talk.exit_code(), code);
        assert_eq!(home.path().join("acme-platform").exists(), code == 0);
    }
}

#[test]
fn without_a_terminal_nothing_is_asked() {
    let home = home();
    let output = program(home.path())
        .args(["new", "acme-platform"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("there is no terminal to ask on"), "{said}");
    assert!(!said.contains("Git URL"), "{said}");
    assert!(!home.path().join("acme-platform").exists());
}
