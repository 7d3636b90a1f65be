//! A conversation with landform on a pseudo-terminal.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use expectrl::process::Healthcheck as _;
use expectrl::process::unix::WaitStatus;
use expectrl::session::OsSession;
use expectrl::{Expect as _, Session};

pub(crate) const ENTER: &str = "\r";
pub(crate) const ESCAPE: &str = "\x1b";
pub(crate) const DOWN: &str = "\x1b[B";
pub(crate) const UP: &str = "\x1b[A";
pub(crate) const STOP: &str = "\x03";

/// The last question.
pub(crate) const LAST: &str = "Write and commit?";

/// Far above what any answer takes, even on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// The program with its own home, as if nobody had ever used Git here.
pub(crate) fn program(home: &Path) -> Command {
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

pub(crate) fn home() -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    let config = "[user]\n\tname = Me\n\temail = me@acme.io\n[init]\n\tdefaultBranch = main\n";
    fs::write(home.path().join(".gitconfig"), config).unwrap();
    home
}

/// A conversation on a pseudo-terminal.
pub(crate) struct Talk {
    session: OsSession,
    /// Everything that came, escape sequences and all.
    pub(crate) heard: String,
    /// How much of it came before the last key.
    pub(crate) before: usize,
    /// How it ended.
    ended: Option<WaitStatus>,
}

impl Talk {
    pub(crate) fn start(command: &Command, columns: u16) -> Self {
        Self::start_with(command, columns, &[])
    }

    pub(crate) fn start_with(command: &Command, columns: u16, arguments: &[&str]) -> Self {
        Self::start_on(command, (columns, 50), arguments)
    }

    /// On a terminal of so many columns and rows.
    pub(crate) fn start_on(command: &Command, size: (u16, u16), arguments: &[&str]) -> Self {
        Self::begin(
            command,
            size,
            &[&["new", "acme-platform"], arguments].concat(),
        )
    }

    /// With a command as it is.
    pub(crate) fn run(command: &Command, size: (u16, u16)) -> Self {
        Self::begin(command, size, &[])
    }

    fn begin(command: &Command, (columns, rows): (u16, u16), arguments: &[&str]) -> Self {
        // The pseudo-terminal comes without echo; a real one has it, and its loss would not be seen.
        let mut shell = Command::new("sh");
        shell
            .args(["-c", r#"stty echo && exec "$0" "$@""#])
            .arg(command.get_program())
            .args(command.get_args())
            .args(arguments);
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => shell.env(name, value),
                None => shell.env_remove(name),
            };
        }
        if let Some(folder) = command.get_current_dir() {
            shell.current_dir(folder);
        }
        let mut session = Session::spawn(shell).unwrap();
        session
            .get_process_mut()
            .set_window_size(columns, rows)
            .unwrap();
        Self {
            session,
            heard: String::new(),
            before: 0,
            ended: None,
        }
    }

    /// Waits until the words come after the last key, and then until it waits for the next.
    #[track_caller]
    pub(crate) fn hear(&mut self, words: &str) -> &mut Self {
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

    /// Reads until it waits for a key after it has said something, or has ended. Only while it waits, nothing that is
    /// pressed is shown by the terminal itself.
    #[track_caller]
    pub(crate) fn settle(&mut self) {
        let start = Instant::now();
        while !self.has_ended() {
            assert!(start.elapsed() < PATIENCE, "it is stuck:\n{}", self.heard);
            let quiet = !self.read() && self.heard.len() > self.before;
            if quiet && !self.shows_keys() {
                while self.read() {}
                return;
            }
        }
    }

    /// Whether the terminal shows what is pressed, as a shell needs it.
    pub(crate) fn shows_keys(&self) -> bool {
        self.session.get_process().get_echo().unwrap_or(true)
    }

    pub(crate) fn read(&mut self) -> bool {
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
    pub(crate) fn has_ended(&mut self) -> bool {
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
    pub(crate) fn press(&mut self, keys: &str) -> &mut Self {
        self.before = self.heard.len();
        self.session.send(keys).unwrap();
        self
    }

    /// Enter at every question up to the last.
    #[track_caller]
    pub(crate) fn take_everything(&mut self) -> &mut Self {
        for _ in 0..40 {
            if plain(&self.heard[self.before..]).contains(LAST) {
                return self;
            }
            self.press(ENTER).settle();
        }
        panic!("it never ends:\n{}", self.heard);
    }

    #[track_caller]
    pub(crate) fn exit_code(&mut self) -> i32 {
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

    /// The most lines that were cleared at once. What has left the screen above cannot be cleared.
    pub(crate) fn most_cleared(&self) -> usize {
        let up = self.heard.split("\x1b[").filter_map(|rest| {
            let (count, _) = rest.split_once('A')?;
            count.parse().ok()
        });
        up.max().unwrap_or(0)
    }

    /// Whether the terminal's cursor is shown.
    pub(crate) fn has_cursor(&self) -> bool {
        self.heard.rfind("\x1b[?25h") >= self.heard.rfind("\x1b[?25l")
    }
}

/// A text without escape sequences.
pub(crate) fn plain(text: &str) -> String {
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
pub(crate) fn tree(folder: &Path) -> BTreeMap<String, String> {
    let mut files = with_record(folder);
    files.retain(|path, _| !path.starts_with(".landform/"));
    files
}

/// The files of a platform with its record, but for the copy of the templates.
pub(crate) fn with_record(folder: &Path) -> BTreeMap<String, String> {
    walkdir::WalkDir::new(folder)
        .into_iter()
        .map(Result::unwrap)
        .filter(|entry| entry.file_type().is_file())
        .map(|entry| {
            let path = entry.path().strip_prefix(folder).unwrap();
            let text = fs::read_to_string(entry.path()).unwrap_or_default();
            (path.to_str().unwrap().to_owned(), text)
        })
        .filter(|(path, _)| !path.starts_with(".git/") && !path.starts_with(".landform/catalog/"))
        .collect()
}

/// The tree that an answers file makes.
pub(crate) fn from_file(answers: &str) -> BTreeMap<String, String> {
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
