//! With a terminal: one question, before anything is written.

use std::time::Duration;

use expectrl::process::unix::WaitStatus;
use expectrl::session::OsSession;
use expectrl::{Eof, Expect as _, Session};

use crate::sandbox::Sandbox;

/// landform on a terminal of its own.
fn start(sandbox: &Sandbox, arguments: &[&str]) -> OsSession {
    let mut session = Session::spawn(sandbox.plain_landform(arguments)).expect("a terminal");
    session.set_expect_timeout(Some(Duration::from_secs(20)));
    session
}

/// landform with every answer given, so that only the last question is left.
fn start_answered(sandbox: &Sandbox, arguments: &[&str]) -> OsSession {
    let printed = sandbox
        .run(["new", arguments[1], "--print-answers"])
        .success();
    let text = String::from_utf8(printed.get_output().stdout.clone()).expect("text");
    sandbox.write("all.yaml", &text);
    let more = [arguments, &["--answers", "all.yaml"]].concat();
    start(sandbox, &more)
}

/// Waits for the end and gives the exit code.
fn end(mut session: OsSession) -> (i32, String) {
    let said = session.expect(Eof).expect("the end");
    let said = String::from_utf8_lossy(said.as_bytes()).into_owned();
    match session.get_process().wait().expect("an exit") {
        WaitStatus::Exited(_, code) => (code, said),
        WaitStatus::Signaled(_, signal, _) => (128 + signal as i32, said),
        other => panic!("{other:?}"),
    }
}

#[test]
fn enter_writes() {
    let sandbox = Sandbox::new();
    let mut session = start_answered(&sandbox, &["new", "acme"]);
    session.expect("Write and commit?").unwrap();
    assert!(!sandbox.path("acme").exists());
    session.send("\r").unwrap();
    let (code, said) = end(session);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("Done:"), "{said}");
    assert_eq!(sandbox.commits("acme"), 1);
}

#[test]
fn no_writes_nothing() {
    let sandbox = Sandbox::new();
    let mut session = start_answered(&sandbox, &["new", "acme"]);
    session.expect("Write and commit?").unwrap();
    session.send("n").unwrap();
    let (code, said) = end(session);
    assert_eq!(code, 130, "{said}");
    assert!(said.contains("nothing was written"), "{said}");
    assert!(!sandbox.path("acme").exists());
}

#[test]
fn escape_writes_nothing() {
    let sandbox = Sandbox::new();
    let mut session = start_answered(&sandbox, &["new", "acme"]);
    session.expect("Write and commit?").unwrap();
    session.send("\u{1b}").unwrap();
    let (code, said) = end(session);
    assert_eq!(code, 130, "{said}");
    assert!(!sandbox.path("acme").exists());
}

#[test]
fn control_c_writes_nothing() {
    let sandbox = Sandbox::new();
    let mut session = start_answered(&sandbox, &["new", "acme"]);
    session.expect("Write and commit?").unwrap();
    session.send("\u{3}").unwrap();
    let (code, said) = end(session);
    assert_eq!(code, 130, "{said}");
    assert!(!said.contains("Done:"), "{said}");
    assert!(!sandbox.path("acme").exists());
}

#[test]
fn a_signal_that_no_key_brought_ends_a_question() {
    let sandbox = Sandbox::new();
    let mut session = start_answered(&sandbox, &["new", "acme"]);
    session.expect("Write and commit?").unwrap();
    // The read of a key has begun by then, and the signal does not end it.
    std::thread::sleep(Duration::from_millis(300));
    let pid = session.get_process().pid().to_string();
    let sent = std::process::Command::new("kill")
        .args(["-INT", &pid])
        .status();
    assert!(sent.expect("kill").success());
    let (code, said) = end(session);
    assert_eq!(code, 130, "{said}");
    assert!(said.contains("nothing was written"), "{said}");
    assert!(!sandbox.path("acme").exists());
}

#[test]
fn yes_asks_nothing_and_staging_asks_in_other_words() {
    let sandbox = Sandbox::new();
    let (code, said) = end(start(&sandbox, &["new", "acme", "--yes"]));
    assert_eq!(code, 0, "{said}");
    assert!(!said.contains("Write and commit?"), "{said}");
    let mut session = start_answered(&sandbox, &["new", "other", "--no-commit"]);
    session.expect("Write?").unwrap();
    session.send("y").unwrap();
    let (code, said) = end(session);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("not committed"), "{said}");
}

#[test]
fn a_terminal_has_colours_unless_they_are_not_wanted() {
    let sandbox = Sandbox::new();
    let (_, said) = end(start(&sandbox, &["new", "acme", "--dry-run"]));
    assert!(said.contains("\u{1b}[1mPlan"), "{said:?}");
    let mut command = sandbox.plain_landform(["new", "acme", "--dry-run"]);
    command.env("NO_COLOR", "1");
    let mut session = Session::spawn(command).unwrap();
    session.set_expect_timeout(Some(Duration::from_secs(20)));
    let (_, said) = end(session);
    assert!(said.contains("Plan for acme"), "{said}");
    assert!(!said.contains('\u{1b}'), "{said:?}");
}

#[test]
fn without_an_identity_nothing_is_asked() {
    let sandbox = Sandbox::nobody();
    let (code, said) = end(start(&sandbox, &["new", "acme"]));
    assert_eq!(code, 2, "{said}");
    assert!(!said.contains("Write and commit?"), "{said}");
    assert!(!sandbox.path("acme").exists());
}
