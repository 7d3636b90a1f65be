//! A home, a work folder and a Git that knows nobody but the test's own user.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use assert_cmd::assert::Assert;
use assert_fs::fixture::ChildPath;
use assert_fs::prelude::*;
use tempfile::TempDir;

use crate::support::tool;

/// Name and address of the user of every sandbox.
pub(crate) const USER: (&str, &str) = ("Ada Example", "ada@example.com");

/// What the user's own environment must not bring in.
const UNSET: &[&str] = &[
    "CLICOLOR",
    "CLICOLOR_FORCE",
    "EMAIL",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_AUTHOR_DATE",
    "GIT_AUTHOR_EMAIL",
    "GIT_AUTHOR_NAME",
    "GIT_COMMITTER_DATE",
    "GIT_COMMITTER_EMAIL",
    "GIT_COMMITTER_NAME",
    "GIT_CONFIG",
    "GIT_CONFIG_COUNT",
    "GIT_CONFIG_PARAMETERS",
    "GIT_CONFIG_SYSTEM",
    "GIT_DIR",
    "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_TEMPLATE_DIR",
    "GIT_WORK_TREE",
    "LANDFORM_CATALOG",
    "NO_COLOR",
    "SSH_AUTH_SOCK",
];

/// A folder of its own for one test: `home/` and `work/`.
pub(crate) struct Sandbox {
    dir: TempDir,
}

impl Sandbox {
    /// With the identity of [`USER`].
    pub(crate) fn new() -> Self {
        let sandbox = Self::nobody();
        sandbox.configure("user.name", USER.0);
        sandbox.configure("user.email", USER.1);
        sandbox
    }

    /// Without any identity.
    pub(crate) fn nobody() -> Self {
        let dir = match memory() {
            Some(memory) => TempDir::new_in(memory),
            None => TempDir::new(),
        };
        let sandbox = Self {
            dir: dir.expect("a folder"),
        };
        for folder in ["home/.config", "work"] {
            std::fs::create_dir_all(sandbox.dir.path().join(folder)).expect("a folder");
        }
        sandbox
    }

    /// One that holds what another one holds, home and all.
    pub(crate) fn copy(other: &Self) -> Self {
        let sandbox = Self::nobody();
        copy(other.dir.path(), sandbox.dir.path());
        sandbox
    }

    /// The folder in which commands run.
    pub(crate) fn work(&self) -> PathBuf {
        self.dir.path().join("work")
    }

    /// A path in that folder.
    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.work().join(path)
    }

    /// Writes a file in the work folder, and the folders on its way.
    pub(crate) fn write(&self, path: &str, text: &str) -> PathBuf {
        let file = ChildPath::new(self.path(path));
        file.write_str(text).expect("a file");
        self.path(path)
    }

    /// Reads a file in the work folder.
    pub(crate) fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.path(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
    }

    /// The user's Git settings.
    pub(crate) fn gitconfig(&self) -> PathBuf {
        self.dir.path().join("home/.gitconfig")
    }

    /// Sets one of the user's Git settings.
    pub(crate) fn configure(&self, key: &str, value: &str) {
        let file = self.gitconfig();
        let file = file.to_str().expect("text");
        self.git(".", ["config", "--file", file, key, value]);
    }

    /// Gives a command this sandbox's environment and work folder.
    pub(crate) fn enter<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        for name in UNSET {
            command.env_remove(name);
        }
        let home = self.dir.path().join("home");
        command
            .current_dir(self.work())
            .env("XDG_CONFIG_HOME", home.join(".config"))
            .env("HOME", home)
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", self.gitconfig())
            .env("TERM", "xterm")
    }

    /// landform with arguments.
    pub(crate) fn landform<I, S>(&self, arguments: I) -> assert_cmd::Command
    where
        I: IntoIterator<Item = S>,
        S: AsRef<OsStr>,
    {
        assert_cmd::Command::from_std(self.plain_landform(arguments))
    }

    /// The same as the standard library's command.
    pub(crate) fn plain_landform<I, S>(&self, arguments: I) -> Command
    where
        I: IntoIterator<Item = S>,
        S: AsRef<OsStr>,
    {
        let mut command = Command::new(binary());
        self.enter(&mut command).args(arguments);
        command
    }

    /// Runs landform.
    pub(crate) fn run<I, S>(&self, arguments: I) -> Assert
    where
        I: IntoIterator<Item = S>,
        S: AsRef<OsStr>,
    {
        self.landform(arguments).assert()
    }

    /// Runs `new DIR --yes` with more arguments.
    pub(crate) fn new_in(&self, dir: &str, more: &[&str]) -> Assert {
        self.run([&["new", dir, "--yes"], more].concat())
    }

    /// Runs git in a folder below the work folder, and gives what it did.
    pub(crate) fn try_git<I, S>(&self, dir: &str, arguments: I) -> Output
    where
        I: IntoIterator<Item = S>,
        S: AsRef<OsStr>,
    {
        let mut command = Command::new("git");
        self.enter(&mut command)
            .current_dir(self.path(dir))
            .args(arguments)
            .output()
            .expect("git can be run")
    }

    /// Runs git, which must succeed, and gives what it printed.
    pub(crate) fn git<I, S>(&self, dir: &str, arguments: I) -> String
    where
        I: IntoIterator<Item = S>,
        S: AsRef<OsStr>,
    {
        let output = self.try_git(dir, arguments);
        assert!(
            output.status.success(),
            "git: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        text(&output.stdout).trim_end().to_owned()
    }

    /// A repository with one commit, as the user's own.
    pub(crate) fn repository(&self, dir: &str, files: &[(&str, &str)]) {
        std::fs::create_dir_all(self.path(dir)).expect("a folder");
        self.git(dir, ["init", "--quiet", "--initial-branch", "main"]);
        for (path, text) in files {
            self.write(&format!("{dir}/{path}"), text);
        }
        self.git(dir, ["add", "--all"]);
        self.git(
            dir,
            [
                "-c",
                "user.name=Somebody",
                "-c",
                "user.email=some@example.com",
                "commit",
                "--quiet",
                "--allow-empty",
                "--no-verify",
                "-m",
                "Start",
            ],
        );
    }

    /// Installs a hook script.
    #[cfg(unix)]
    pub(crate) fn script(&self, path: &str, text: &str) -> PathBuf {
        use std::os::unix::fs::PermissionsExt as _;
        let file = self.write(path, text);
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755))
            .expect("permissions");
        file
    }

    /// Paths that the last commit touched.
    pub(crate) fn committed(&self, dir: &str) -> Vec<String> {
        let shown = self.git(
            dir,
            ["show", "--name-only", "--format=", "-z", "--root", "HEAD"],
        );
        let mut paths: Vec<String> = shown
            .split('\0')
            .filter(|path| !path.is_empty())
            .map(str::to_owned)
            .collect();
        paths.sort();
        paths
    }

    /// Files of a folder without `.git`, relative and sorted.
    pub(crate) fn files(&self, dir: &str) -> Vec<String> {
        let mut files: Vec<String> = snapshot(&self.path(dir))
            .into_iter()
            .filter(|(path, entry)| !path.starts_with(".git/") && !matches!(entry, Entry::Folder))
            .map(|(path, _)| path)
            .collect();
        files.sort();
        files
    }

    /// How many commits there are.
    pub(crate) fn commits(&self, dir: &str) -> usize {
        let count = self.git(dir, ["rev-list", "--count", "HEAD"]);
        count.parse().expect("a number")
    }

    /// `git status` for scripts.
    pub(crate) fn status(&self, dir: &str) -> String {
        self.git(dir, ["status", "--porcelain=v1", "--untracked-files=all"])
    }
}

/// A file system in memory on which programs can run, if there is one: the folders of a platform are many.
fn memory() -> Option<&'static Path> {
    static MEMORY: OnceLock<Option<PathBuf>> = OnceLock::new();
    let found = MEMORY.get_or_init(|| {
        let memory = PathBuf::from("/dev/shm");
        let probe = TempDir::new_in(&memory).ok()?;
        let link = probe.path().join("true");
        std::fs::copy(tool("true")?, &link).ok()?;
        let runs = Command::new(link)
            .status()
            .is_ok_and(|status| status.success());
        runs.then_some(memory)
    });
    found.as_deref()
}

/// Copies a folder with all that is in it.
pub(crate) fn copy(from: &Path, to: &Path) {
    for entry in walkdir::WalkDir::new(from) {
        let entry = entry.expect("an entry");
        let target = to.join(entry.path().strip_prefix(from).expect("below"));
        if entry.file_type().is_dir() {
            std::fs::create_dir_all(target).expect("a folder");
        } else {
            std::fs::copy(entry.path(), target).expect("a file");
        }
    }
}

/// The program under test.
pub(crate) fn binary() -> PathBuf {
    PathBuf::from(env!("CARGO_BIN_EXE_landform"))
}

/// One entry of a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Entry {
    /// A folder.
    Folder,
    /// A file: what is in it, and its permissions.
    File(Vec<u8>, u32),
    /// A symbolic link, and where it leads.
    Link(PathBuf),
}

/// Everything below a folder, `.git` included. Nothing at all if there is no such folder.
pub(crate) fn snapshot(folder: &Path) -> BTreeMap<String, Entry> {
    walkdir::WalkDir::new(folder)
        .min_depth(1)
        .into_iter()
        .filter_map(Result::ok)
        .map(|entry| {
            let path = entry.path().strip_prefix(folder).expect("below");
            let kind = entry.file_type();
            let value = if kind.is_dir() {
                Entry::Folder
            } else if kind.is_symlink() {
                Entry::Link(std::fs::read_link(entry.path()).expect("a link"))
            } else {
                Entry::File(
                    std::fs::read(entry.path()).expect("a file"),
                    mode(entry.path()),
                )
            };
            (crate::support::shown(path), value)
        })
        .collect()
}

#[cfg(unix)]
fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;
    path.metadata().expect("a file").permissions().mode()
}

#[cfg(not(unix))]
fn mode(_: &Path) -> u32 {
    0
}

/// The snapshots are the same; names the first difference, because whole ones are too long to read.
#[track_caller]
pub(crate) fn assert_same(before: &BTreeMap<String, Entry>, after: &BTreeMap<String, Entry>) {
    for path in before.keys().chain(after.keys()) {
        assert_eq!(before.get(path), after.get(path), "{path}");
    }
}

/// Bytes that must be text.
#[track_caller]
pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("text")
}

/// What a finished command printed on standard output.
#[track_caller]
pub(crate) fn stdout(assert: &Assert) -> String {
    text(&assert.get_output().stdout)
}

/// What a finished command printed on standard error.
#[track_caller]
pub(crate) fn stderr(assert: &Assert) -> String {
    text(&assert.get_output().stderr)
}
