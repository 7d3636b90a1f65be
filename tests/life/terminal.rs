//! The commands on a real terminal: questions, the last word, conflicts, and the way out.

use crate::platform::{Life, assert_says};
use crate::sandbox::assert_same;
use crate::talk::{DOWN, ENTER, ESCAPE, LAST, STOP, Talk, plain};

fn begin(life: &Life, arguments: &[&str]) -> Talk {
    let mut command = life.sandbox.plain_landform(arguments);
    command.current_dir(life.path(""));
    Talk::run(&command, (100, 60))
}

#[test]
fn a_question_and_back_and_the_text() {
    let life = Life::new();
    let mut talk = begin(&life, &["add", "flux-alerts", "--on", "staging"]);
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
        let mut talk = begin(&life, &["remove", "loki"]);
        talk.hear(LAST).press(keys);
        assert_eq!(talk.exit_code(), 130);
        assert!(talk.has_cursor());
        assert_same(&before, &life.everything());
    }
    let mut talk = begin(&life, &["secret", "external-dns", "--on", "prod-us"]);
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
        let mut talk = begin(&life, &["update", "--trust"]);
        talk.hear("apps/grafana/values.yaml: which is right?");
        let said = plain(&talk.heard);
        assert_says(
            &said,
            &["+replicas: 3", "+replicas: 7", "note: A generated password"],
        );
        // What is at stake is seen first.
        let seen = |words: &str| {
            said.find(words)
                .unwrap_or_else(|| panic!("{words}: {said}"))
        };
        assert!(seen("templates") < seen("+replicas: 3"), "{said}");
        let row = said
            .lines()
            .find(|line| line.trim_start().starts_with("grafana "));
        let conflicts = row.and_then(|row| row.split_whitespace().last());
        assert_eq!(conflicts, Some("1"), "{said}");
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

#[test]
fn what_the_editor_gives_is_taken_only_if_it_can_stand() {
    let life = Life::older();
    crate::update::conflict(&life);
    // The first time it only breaks something, the second time it mends all.
    life.sandbox.script(
        "editor",
        "#!/bin/sh\nif grep -q broken: \"$1\"; then echo 'replicas: 5' > \"$1\"; \
         elif grep -q '<<<' \"$1\"; then sed -i -e '/^[<>|=]\\{7\\}/d' \"$1\"; echo 'broken: [' >> \"$1\"; fi\n",
    );
    let mut command = life.sandbox.plain_landform(["update", "--trust"]);
    command
        .current_dir(life.path(""))
        .env("EDITOR", life.sandbox.path("editor"))
        .env_remove("VISUAL");
    let mut talk = Talk::run(&command, (100, 60));
    talk.hear("which is right?")
        .press(&DOWN.repeat(2))
        .press(ENTER);
    talk.hear("Not taken: what apps/grafana/values.yaml is to be is no YAML");
    // It is asked again, with what was written.
    talk.hear("edit").press(&DOWN.repeat(2)).press(ENTER);
    talk.hear(LAST).press("y").hear("Done:");
    assert_eq!(talk.exit_code(), 0);
    assert_eq!(life.read("apps/grafana/values.yaml"), "replicas: 5\n");
}

#[test]
fn any_command_asks_about_conflicts_and_goes_back() {
    let set = ["set", "git.url=https://git.acme.io/acme.git"];
    let file = "clusters/prod/flux-system/flux-instance.yaml";
    let life = Life::new();
    crate::conflicts::of_set(&life);
    let before = life.everything();
    let mut talk = begin(&life, &set);
    talk.hear(&format!("{file}: which is right?"));
    let said = plain(&talk.heard);
    assert_says(&said, &["mirror.acme.io", "git.acme.io"]);
    assert!(!said.contains("skip"), "{said}");
    talk.press(ESCAPE);
    assert_eq!(talk.exit_code(), 130);
    assert_same(&before, &life.everything());
    let mut talk = begin(&life, &set);
    talk.hear("which is right?").press(DOWN).press(ENTER);
    talk.hear(LAST).press("y").hear("Done:");
    assert_eq!(talk.exit_code(), 0);
    assert_says(&life.read(file), &["https://git.acme.io/acme.git"]);
    life.is_as_written();
}

#[test]
fn set_asks_what_its_answers_open() {
    let life = Life::new();
    let before = life.everything();
    let mut talk = begin(&life, &["set", "prod.secrets=sops"]);
    talk.hear("prod: For which age public key")
        .press("age\r")
        .hear("Not taken");
    let key = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p";
    talk.press(&format!("\x15{key}\r")).hear(LAST);
    assert!(
        !plain(&talk.heard).contains("Who serves DNS"),
        "{}",
        talk.heard
    );
    // Back to the question, and forth again.
    talk.press(ESCAPE).hear("For which age public key");
    assert_same(&before, &life.everything());
    talk.press(ENTER).hear(LAST).press("y").hear("Done:");
    assert_eq!(talk.exit_code(), 0);
    assert_says(&life.read(".landform/clusters/prod/cluster.yaml"), &[key]);
    life.is_as_written();
    // The default that is taken on purpose is not asked about.
    let mut talk = begin(&life, &["set", "prod.secrets="]);
    talk.hear(LAST).press("n");
    assert_eq!(talk.exit_code(), 130);
}

#[test]
fn what_components_ask_leads_back_to_what_was_asked_of_the_cluster() {
    let life = Life::new();
    let before = life.everything();
    let mut talk = begin(
        &life,
        &[
            "add",
            "cluster",
            "dev",
            "--component",
            "flux-alerts",
            "--set",
            "backend=local",
            "--set",
            "secrets=manual",
        ],
    );
    talk.hear("Where does dev run?")
        .press(DOWN)
        .press(DOWN)
        .press(ENTER);
    talk.hear("Which context").press("one\r");
    talk.hear("In which channel").press(ESCAPE);
    talk.hear("Which context").press("\x15two\r");
    talk.hear("In which channel").press("alerts\r");
    talk.hear(LAST).press(ESCAPE).hear("In which channel");
    talk.press(ENTER).hear(LAST);
    let said = plain(&talk.heard);
    assert_eq!(
        said.matches("Nothing is written before").count(),
        1,
        "{said}"
    );
    assert_same(&before, &life.everything());
    talk.press("y").hear("Done:");
    assert_eq!(talk.exit_code(), 0);
    let record = life.read(".landform/clusters/dev/cluster.yaml");
    assert_says(&record, &["value: two"]);
    life.is_as_written();
}
