//! `landform new` on a real terminal: the whole conversation, and every way out of it.

#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    reason = "a test ends where something is not as expected"
)]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use expectrl::process::Healthcheck as _;
use expectrl::process::unix::WaitStatus;
use expectrl::session::OsSession;
use expectrl::{Expect as _, Session};

const ENTER: &str = "\r";
const ESCAPE: &str = "\x1b";
const DOWN: &str = "\x1b[B";
const STOP: &str = "\x03";

/// The last question.
const LAST: &str = "Write and commit?";

/// How long nothing comes before the program waits for a key.
const QUIET: Duration = Duration::from_millis(120);

/// Far above what any answer takes, even on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// The program with its own home, as if nobody had ever used Git here.
fn program(home: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_landform"));
    for name in [
        "GIT_DIR",
        "GIT_WORK_TREE",
        "GIT_INDEX_FILE",
        "CLICOLOR_FORCE",
        "NO_COLOR",
    ] {
        command.env_remove(name);
    }
    command
        .current_dir(home)
        .env("HOME", home)
        .env("XDG_CONFIG_HOME", home.join(".config"))
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", home.join(".gitconfig"))
        .env("TERM", "xterm-256color");
    command
}

fn home() -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    let config = "[user]\n\tname = Me\n\temail = me@acme.io\n[init]\n\tdefaultBranch = main\n";
    fs::write(home.path().join(".gitconfig"), config).unwrap();
    home
}

/// A conversation on a pseudo-terminal.
struct Talk {
    session: OsSession,
    /// Everything that came, escape sequences and all.
    heard: String,
    /// How much of it came before the last key.
    before: usize,
    /// How it ended.
    ended: Option<WaitStatus>,
}

impl Talk {
    fn start(command: Command, columns: u16) -> Self {
        Self::start_with(command, columns, &[])
    }

    fn start_with(mut command: Command, columns: u16, arguments: &[&str]) -> Self {
        command.args(["new", "acme-platform"]).args(arguments);
        let mut session = Session::spawn(command).unwrap();
        session
            .get_process_mut()
            .set_window_size(columns, 50)
            .unwrap();
        Self {
            session,
            heard: String::new(),
            before: 0,
            ended: None,
        }
    }

    /// Waits until the words come after the last key, and then until nothing more comes.
    #[track_caller]
    fn hear(&mut self, words: &str) -> &mut Self {
        let start = Instant::now();
        while !plain(&self.heard[self.before..]).contains(words) {
            assert!(
                start.elapsed() < PATIENCE,
                "no `{words}` in:\n{}",
                self.heard
            );
            if !self.read() && self.has_ended() {
                let there = plain(&self.heard[self.before..]).contains(words);
                assert!(there, "it ended without `{words}`:\n{}", self.heard);
            }
        }
        self.settle();
        self
    }

    /// Reads until it waits for a key, or has ended.
    fn settle(&mut self) {
        let mut last = Instant::now();
        while last.elapsed() < QUIET {
            if self.read() {
                last = Instant::now();
            } else if self.has_ended() {
                return;
            }
        }
    }

    fn read(&mut self) -> bool {
        let mut buffer = [0; 4096];
        match self.session.try_read(&mut buffer) {
            Ok(count) if count > 0 => {
                self.heard
                    .push_str(&String::from_utf8_lossy(&buffer[..count]));
                true
            }
            _ => {
                std::thread::sleep(Duration::from_millis(3));
                false
            }
        }
    }

    /// Whether it has ended; then everything it said is read.
    fn has_ended(&mut self) -> bool {
        if self.ended.is_none() {
            let status = self.session.get_process().get_status().unwrap();
            if status != WaitStatus::StillAlive {
                while self.read() {}
                self.ended = Some(status);
            }
        }
        self.ended.is_some()
    }

    #[track_caller]
    fn press(&mut self, keys: &str) -> &mut Self {
        self.before = self.heard.len();
        self.session.send(keys).unwrap();
        self
    }

    /// Enter at every question up to the last.
    #[track_caller]
    fn take_everything(&mut self) -> &mut Self {
        for _ in 0..40 {
            if plain(&self.heard[self.before..]).contains(LAST) {
                return self;
            }
            self.press(ENTER).hear("").settle();
        }
        panic!("it never ends:\n{}", self.heard);
    }

    #[track_caller]
    fn exit_code(&mut self) -> i32 {
        let start = Instant::now();
        while !self.has_ended() {
            assert!(
                start.elapsed() < PATIENCE,
                "it does not end:\n{}",
                self.heard
            );
            self.read();
        }
        match self.ended {
            Some(WaitStatus::Exited(_, code)) => code,
            other => panic!("{other:?}:\n{}", self.heard),
        }
    }

    /// Whether the terminal's cursor is shown.
    fn has_cursor(&self) -> bool {
        self.heard.rfind("\x1b[?25h") >= self.heard.rfind("\x1b[?25l")
    }
}

/// A text without escape sequences.
fn plain(text: &str) -> String {
    let mut out = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c == '\x1b' {
            let mut inside = chars.by_ref().skip_while(|c| *c == '[');
            inside.find(char::is_ascii_alphabetic);
        } else if c != '\r' {
            out.push(c);
        }
    }
    out
}

/// The files of a platform, but for Git and the record, which says what was only assumed.
fn tree(folder: &Path) -> BTreeMap<String, String> {
    walkdir::WalkDir::new(folder)
        .into_iter()
        .map(Result::unwrap)
        .filter(|entry| entry.file_type().is_file())
        .map(|entry| {
            let path = entry
                .path()
                .strip_prefix(folder)
                .unwrap()
                .to_str()
                .unwrap()
                .to_owned();
            let text = fs::read_to_string(entry.path()).unwrap_or_default();
            (path, text)
        })
        .filter(|(path, _)| !path.starts_with(".git/") && !path.starts_with(".landform/"))
        .collect()
}

/// The tree that an answers file makes.
fn from_file(answers: &str) -> BTreeMap<String, String> {
    let home = home();
    fs::write(home.path().join("answers.yaml"), answers).unwrap();
    let status = program(home.path())
        .args([
            "new",
            "acme-platform",
            "--answers",
            "answers.yaml",
            "--yes",
            "--quiet",
        ])
        .status()
        .unwrap();
    assert!(status.success());
    tree(&home.path().join("acme-platform"))
}

#[test]
fn enter_is_enough_and_makes_the_tree_of_the_answers_file() {
    let home = home();
    let mut talk = Talk::start(program(home.path()), 100);
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
    let mut talk = Talk::start(program(home.path()), 100);
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
    talk.press("\x7f\x7f\x7fadmin@prod\r")
        .hear("Another cluster?");
    // Back twice, and the same again: the answers of before are offered.
    talk.press(ESCAPE).hear("admin@prod");
    talk.press(ESCAPE).hear("> existing");
    talk.press(ENTER).hear("admin@prod");
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
fn control_c_at_every_question_writes_nothing_and_gives_the_cursor_back() {
    for question in 0..40 {
        let home = home();
        let mut talk = Talk::start(program(home.path()), 80);
        talk.hear("Git URL");
        for _ in 0..question {
            talk.press(ENTER).hear("").settle();
        }
        let last = plain(&talk.heard).contains(LAST);
        talk.press(STOP);
        assert_eq!(
            talk.exit_code(),
            130,
            "question {question}:\n{}",
            talk.heard
        );
        assert!(talk.has_cursor(), "question {question}:\n{}", talk.heard);
        assert!(
            plain(&talk.heard).contains("nothing was written"),
            "{}",
            talk.heard
        );
        assert!(
            !home.path().join("acme-platform").exists(),
            "question {question}"
        );
        if last {
            assert!(question > 6, "only {question} questions");
            return;
        }
    }
    panic!("the last question never came");
}

#[test]
fn no_and_back_at_the_end() {
    let home = home();
    let mut talk = Talk::start(program(home.path()), 80);
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
    let mut talk = Talk::start(command, 60);
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
    let mut talk = Talk::start(command, 80);
    talk.hear("Git URL");
    assert!(!talk.heard.contains("\x1b[1m"));
    talk.press(STOP);
    assert_eq!(talk.exit_code(), 130);

    let folder = home.path().join("acme-platform/.landform");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("platform.yaml"), "format: 1\n").unwrap();
    let mut talk = Talk::start(program(home.path()), 80);
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
        let mut talk = Talk::start_with(command, 80, &["--answers", "answers.yaml"]);
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
