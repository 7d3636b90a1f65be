//! What is run and killed. A command that writes gets one line here.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;
use std::sync::{Arc, Mutex, OnceLock};

use crate::sandbox::{Sandbox, snapshot};
use crate::{change, sandbox};

/// A change to the folder `acme`.
#[derive(Clone, Copy)]
pub(crate) struct Scenario {
    /// Its name in what is told.
    pub(crate) name: &'static str,
    /// What is there before.
    pub(crate) prepare: fn(&Sandbox),
    /// The command line, or the change of [`change`] where it is empty.
    pub(crate) line: &'static [&'static str],
    /// The command that is run next, and only looks.
    pub(crate) next: &'static [&'static str],
}

const LOOK: &[&str] = &["new", "acme", "--dry-run"];
const LIST: &[&str] = &["list", "-C", "acme"];

/// All of them.
pub(crate) const SCENARIOS: &[Scenario] = &[
    Scenario::new("new", |_| {}, &["new", "acme", "--yes"], LOOK),
    Scenario::new(
        "new, staged",
        |_| {},
        &["new", "acme", "--yes", "--no-commit"],
        LOOK,
    ),
    Scenario::new("new in a clone", clone, &["new", "acme", "--yes"], LOOK),
    Scenario::new(
        "new in a clone, staged",
        clone,
        &["new", "acme", "--yes", "--no-commit"],
        LOOK,
    ),
    Scenario::new("new in a folder", folder, &["new", "acme", "--yes"], LOOK),
    Scenario::new("change", platform, &[], LIST),
    Scenario::new("change in a worktree", worktree, &[], LIST),
    Scenario::new(
        "add",
        platform,
        &["add", "loki", "-C", "acme", "--yes"],
        LIST,
    ),
    Scenario::new(
        "remove",
        platform,
        &["remove", "grafana", "-C", "acme", "--yes"],
        LIST,
    ),
    Scenario::new(
        "rename",
        platform,
        &["rename", "grafana", "boards", "-C", "acme", "--yes"],
        LIST,
    ),
    Scenario::new("update", platform, UPDATE, LIST),
];

/// To the templates of another time.
const UPDATE: &[&str] = &[
    "update",
    "--catalog",
    concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/catalog-v1"),
    "--trust",
    "-C",
    "acme",
    "--yes",
];

impl Scenario {
    const fn new(
        name: &'static str,
        prepare: fn(&Sandbox),
        line: &'static [&'static str],
        next: &'static [&'static str],
    ) -> Self {
        Self {
            name,
            prepare,
            line,
            next,
        }
    }

    /// A sandbox in which it can be run: prepared once, copied for each run.
    pub(crate) fn sandbox(&self) -> Sandbox {
        type Prepared = Mutex<BTreeMap<&'static str, Arc<OnceLock<Sandbox>>>>;
        static PREPARED: Prepared = Mutex::new(BTreeMap::new());
        let prepared = PREPARED
            .lock()
            .unwrap()
            .entry(self.name)
            .or_default()
            .clone();
        let sandbox = Sandbox::copy(prepared.get_or_init(|| {
            let sandbox = Sandbox::new();
            (self.prepare)(&sandbox);
            sandbox
        }));
        // A work tree of its own and its repository name each other by absolute paths.
        // (`git worktree repair` would leave it with the repository that was copied, which is still there.)
        let link = "main/.git/worktrees/acme";
        if sandbox.path(link).exists() {
            let git = format!("gitdir: {}\n", sandbox.path(link).display());
            sandbox.write("acme/.git", &git);
            let tree = format!("{}\n", sandbox.path("acme/.git").display());
            sandbox.write(&format!("{link}/gitdir"), &tree);
        }
        sandbox
    }

    /// The command that makes the change.
    pub(crate) fn command(&self, sandbox: &Sandbox) -> Command {
        if self.line.is_empty() {
            change::command(sandbox)
        } else {
            sandbox.plain_landform(self.line)
        }
    }

    /// Looks only, by which everything is put in order; gives what it said.
    #[track_caller]
    pub(crate) fn look(&self, sandbox: &Sandbox) -> String {
        let output = sandbox.plain_landform(self.next).output().unwrap();
        let said = sandbox::text(&output.stderr);
        // A platform that was taken back is none.
        let code = output.status.code();
        assert!(matches!(code, Some(0..=2)), "{code:?} {said}");
        said
    }
}

/// A clone of the user's: something to merge, something staged, something of their own.
fn clone(sandbox: &Sandbox) {
    sandbox.repository(
        "acme",
        &[(".gitignore", "/mine\n"), ("README.md", "# acme\n")],
    );
    sandbox.write("acme/notes.txt", "mine\n");
    sandbox.write("acme/staged.txt", "staged\n");
    sandbox.git("acme", ["add", "staged.txt"]);
}

fn folder(sandbox: &Sandbox) {
    sandbox.write("acme/docs/notes.txt", "mine\n");
}

fn platform(sandbox: &Sandbox) {
    sandbox.new_in("acme", &[]).success();
    sandbox.write("acme/staged.txt", "staged\n");
    sandbox.git("acme", ["add", "staged.txt"]);
    sandbox.write("acme/notes.txt", "mine\n");
}

fn worktree(sandbox: &Sandbox) {
    sandbox.new_in("main", &["--name", "acme"]).success();
    sandbox.git("main", ["worktree", "add", "--quiet", "../acme"]);
}

/// Tells a count, to be found in what a test printed.
#[expect(clippy::print_stdout, reason = "it is what the test is run for")]
pub(crate) fn tell(text: &str) {
    println!("{text}");
}

/// All that counts of the folder `acme`: the last commit, its files, what is staged, what is in the work tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct State {
    /// The files of the last commit, and what it is called.
    pub(crate) head: Option<String>,
    staged: String,
    files: BTreeMap<String, sandbox::Entry>,
}

impl State {
    /// In what it differs from another: what counts of a state is too much to read as a whole.
    pub(crate) fn differs(&self, other: &Self) -> Vec<String> {
        let mut differ = Vec::new();
        if self.head != other.head {
            differ.push(format!("last commit {:?}, not {:?}", self.head, other.head));
        }
        let lines = |state: &Self| state.staged.lines().map(str::to_owned).collect();
        let (ours, theirs): (BTreeSet<String>, BTreeSet<String>) = (lines(self), lines(other));
        differ.extend(
            ours.symmetric_difference(&theirs)
                .map(|line| format!("staged {line}")),
        );
        let paths: BTreeSet<_> = self.files.keys().chain(other.files.keys()).collect();
        let differs = |path: &&&String| self.files.get(**path) != other.files.get(**path);
        differ.extend(
            paths
                .iter()
                .filter(differs)
                .map(|path| format!("file {path}")),
        );
        differ
    }
}

/// The state, which is also checked: nothing broken, no lock, no temporary file.
#[track_caller]
pub(crate) fn settled(sandbox: &Sandbox) -> State {
    let state = state(sandbox);
    let acme = sandbox.path("acme");
    if acme.join(".git").exists() {
        let checked = sandbox.try_git("acme", ["fsck", "--no-dangling", "--no-progress"]);
        assert!(checked.status.success(), "{checked:?}");
        let git = sandbox.git("acme", ["rev-parse", "--absolute-git-dir"]);
        let git = std::path::Path::new(&git);
        for left in ["landform", "landform-made", "index.lock", "HEAD.lock"] {
            assert!(!git.join(left).exists(), "{left} is left");
        }
    }
    let ours = |path: &&String| path.contains("/.landform-") || path.starts_with(".landform-");
    assert_eq!(state.files.keys().find(ours), None);
    assert!(!acme.join(".landform/tmp").exists(), "a journal is left");
    state
}

/// The state, as it is.
fn state(sandbox: &Sandbox) -> State {
    let acme = sandbox.path("acme");
    let mut files = if acme.exists() {
        snapshot(&acme)
    } else {
        BTreeMap::new()
    };
    files.retain(|path, _| path != ".git" && !path.starts_with(".git/"));
    let (mut head, mut staged) = (None, String::new());
    if acme.join(".git").exists() {
        head = head_of(sandbox);
        staged = sandbox.git("acme", ["ls-files", "--stage"]);
    }
    State {
        head,
        staged,
        files,
    }
}

/// Checks that the last commit is that of one of two states. Nothing else is looked at: a git that outlives its landform
/// may still make files and take them away.
#[track_caller]
pub(crate) fn whole_head(sandbox: &Sandbox, before: &State, after: &State, what: &str) {
    let there = sandbox.path("acme/.git").exists();
    let head = there.then(|| head_of(sandbox)).flatten();
    assert!(
        head == before.head || head == after.head,
        "{what}: {head:?}"
    );
}

/// The files of the last commit, and its first line.
fn head_of(sandbox: &Sandbox) -> Option<String> {
    let output = sandbox.try_git("acme", ["log", "-1", "--format=%T %s"]);
    output
        .status
        .success()
        .then(|| sandbox::text(&output.stdout))
}
