//! The commands on a real terminal: questions, the last word, conflicts, and the way out.

use crate::platform::{Life, assert_says};
use crate::sandbox::assert_same;
use crate::talk::{DOWN, ENTER, ESCAPE, LAST, STOP, Talk, plain};

fn talk(life: &Life, arguments: &[&str]) -> Talk {
    let mut command = life.sandbox.plain_landform(arguments);
    command.current_dir(life.path(""));
    Talk::run(&command, (100, 60))
}

#[test]
fn a_question_and_back_and_the_text() {
    let life = Life::new();
    let mut talk = talk(&life, &["add", "flux-alerts", "--on", "staging"]);
    talk.hear("staging, flux-alerts: In which channel")
        .press("alerts\r")
        .hear(LAST);
    talk.press(ESCAPE).hear("In which channel");
    talk.press("\x15a b\r").hear("Not taken");
    talk.press("\x15ops\r").hear(LAST);
    talk.press("d")
        .hear("+++ b/clusters/staging/apps/flux-alerts");
    talk.press("y").hear("Done:");
    assert_eq!(talk.exit_code(), 0);
    let record = life.read(".landform/clusters/staging/flux-alerts.yaml");
    assert_says(&record, &["value: ops"]);
    assert_eq!(life.sandbox.status("acme"), "");
    life.is_as_written();
}

#[test]
fn no_and_stop_write_nothing() {
    let life = Life::new();
    let before = life.everything();
    for keys in ["n", STOP, ESCAPE] {
        let mut talk = talk(&life, &["remove", "loki"]);
        talk.hear(LAST).press(keys);
        assert_eq!(talk.exit_code(), 130);
        assert!(talk.has_cursor());
        assert_same(&before, &life.everything());
    }
    let mut talk = talk(&life, &["secret", "external-dns", "--on", "prod-us"]);
    talk.hear("apiKey").press("t0k3n");
    talk.press(STOP);
    assert_eq!(talk.exit_code(), 130);
    assert!(!plain(&talk.heard).contains("t0k3n"), "{}", talk.heard);
    assert_same(&before, &life.everything());
}

#[test]
fn conflicts_are_answered_one_by_one() {
    for (keys, wanted, code) in [
        (ENTER, "replicas: 3", 0),
        ("\x1b[B\r", "replicas: 7", 0),
        ("\x1b[B\x1b[B\x1b[B\r", "replicas: 3", 1),
    ] {
        let life = Life::older();
        crate::update::conflict(&life);
        let mut talk = talk(&life, &["update", "--trust"]);
        talk.hear("apps/grafana/values.yaml: which is right?");
        assert_says(&plain(&talk.heard), &["+replicas: 3", "+replicas: 7"]);
        talk.press(keys);
        // What has no conflict is written all the same.
        talk.hear(LAST).press("y").hear("Done:");
        assert_eq!(talk.exit_code(), code);
        assert_says(&life.read("apps/grafana/values.yaml"), &[wanted]);
        assert_says(&life.read("apps/loki/values.yaml"), &["newInLoki: true"]);
        assert_eq!(life.sandbox.status("acme"), "");
    }
}

#[test]
fn a_conflict_is_edited() {
    let life = Life::older();
    crate::update::conflict(&life);
    life.sandbox.script("editor", "#!/bin/sh\ncp \"$1\" \"$HOME/seen\"\nsed -i -e '/^[<>|=]\\{7\\}/d' -e '/replicas: [17]/d' \"$1\"\n");
    let mut command = life.sandbox.plain_landform(["update", "--trust"]);
    command
        .current_dir(life.path(""))
        .env("EDITOR", life.sandbox.path("editor"))
        .env_remove("VISUAL");
    let mut talk = Talk::run(&command, (100, 60));
    talk.hear("which is right?")
        .press(DOWN)
        .press(DOWN)
        .press(ENTER);
    talk.hear(LAST).press("y").hear("Done:");
    assert_eq!(talk.exit_code(), 0);
    let text = life.read("apps/grafana/values.yaml");
    assert_eq!(text.matches("replicas").count(), 1, "{text}");
    assert_says(&text, &["replicas: 3"]);
}
