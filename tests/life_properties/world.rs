//! A platform in a repository of its own, and what commands do to it.

use std::collections::BTreeSet;
use std::fs;

use landform::catalog::Catalogue;
use landform::model::{Platform, RepoPath, Tree, read_record};
use landform::render::render;
use serde_json::Value;

use crate::asking::{has_sample, sample, try_resolve};
use crate::clean;
use crate::random::Dice;
use crate::sandbox::Sandbox;
use crate::support;

/// The folder of the platform in its sandbox.
pub(crate) const DIR: &str = "acme";

/// Answers for a platform of one to three clusters and some components.
pub(crate) fn answers(tape: &[u8], dice: &mut Dice<'_>, catalogue: &Catalogue) -> Value {
    let mut answers = Dice::new(tape, 0).answers(catalogue);
    if let Some(components) = answers["components"].as_object_mut() {
        components.retain(|_, _| dice.chance(50));
    }
    answers
}

/// How a command ended.
#[derive(Debug, Clone)]
pub(crate) struct Ran {
    pub(crate) command: String,
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    #[track_caller]
    pub(crate) fn succeeded(self) -> Self {
        assert_eq!(self.code, 0, "{}: {}", self.command, self.stderr);
        self
    }

    pub(crate) fn is_fine(&self) -> bool {
        self.code == 0
    }
}

/// A platform in a repository.
pub(crate) struct World {
    pub(crate) sandbox: Sandbox,
}

impl World {
    /// Writes and commits the platform; nothing if the answers are refused.
    pub(crate) fn new(answers: &Value, catalogue: &Catalogue) -> Option<Self> {
        let platform = try_resolve(answers, catalogue).ok()?.platform;
        let world = Self {
            sandbox: Sandbox::new(),
        };
        let tree = render(&platform, catalogue).unwrap();
        support::write_tree(&tree, &world.sandbox.path(DIR));
        world.git(&["init", "--quiet", "--initial-branch", "main"]);
        world.commit();
        Some(world)
    }

    pub(crate) fn git(&self, arguments: &[&str]) -> String {
        self.sandbox.git(DIR, arguments)
    }

    /// Commits everything that is there.
    pub(crate) fn commit(&self) {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--allow-empty", "-m", "By hand"]);
    }

    /// Runs a command of landform. Whatever it is, it may end in success, findings or a refusal, leaves nothing
    /// uncommitted, and if it is refused changes nothing.
    #[track_caller]
    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        let head = self.head();
        let whole = [arguments, &["-C", DIR]].concat();
        let output = self.sandbox.plain_landform(&whole).output().unwrap();
        let ran = Ran {
            command: arguments.join(" "),
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        };
        assert!((0..=2).contains(&ran.code), "{ran:?}");
        assert_eq!(self.sandbox.status(DIR), "", "{}", ran.command);
        if ran.code == 2 {
            assert_eq!(self.head(), head, "{}", ran.command);
            assert!(ran.stderr.starts_with("error"), "{ran:?}");
        }
        ran
    }

    /// The same for a command that changes something.
    #[track_caller]
    pub(crate) fn edit(&self, arguments: &[&str]) -> Ran {
        self.run(&[arguments, &["--yes"]].concat())
    }

    /// The same, with a sample for every answer that is said to be missing.
    #[track_caller]
    pub(crate) fn edit_with_answers(&self, arguments: &[&str]) -> Ran {
        let mut arguments: Vec<String> = arguments.iter().map(|&word| word.to_owned()).collect();
        loop {
            let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
            let ran = self.edit(&words);
            let mut missing = BTreeSet::new();
            for part in ran.stderr.split("error: `").skip(1) {
                if let Some((key, _)) = part.split_once("` is missing") {
                    missing.insert(key.to_owned());
                }
            }
            missing.retain(|key| {
                let given = arguments
                    .iter()
                    .any(|word| word.starts_with(&format!("{key}=")));
                !given
            });
            missing.retain(|key| {
                let name = key.rsplit('.').next().unwrap();
                name == "backend" || has_sample(name)
            });
            if ran.code != 2 || missing.is_empty() {
                return ran;
            }
            for key in missing {
                let name = key.rsplit('.').next().unwrap();
                let value = if name == "backend" {
                    "local"
                } else {
                    sample(name)
                };
                let value = if matches!(name, "addresses" | "instance_types") {
                    format!("[{value}]")
                } else {
                    value.to_owned()
                };
                arguments.extend(["--set".to_owned(), format!("{key}={value}")]);
            }
        }
    }

    pub(crate) fn head(&self) -> String {
        self.git(&["rev-parse", "HEAD"])
    }

    /// The id of everything that is committed.
    pub(crate) fn tree_id(&self) -> String {
        self.git(&["rev-parse", "HEAD^{tree}"])
    }

    /// Every file that is committed, the record among them.
    pub(crate) fn tree(&self) -> Tree {
        let root = self.sandbox.path(DIR);
        let listed = self.git(&["ls-files", "-z"]);
        let paths = listed.split('\0').filter(|path| !path.is_empty());
        paths
            .map(|path| {
                let text = fs::read_to_string(root.join(path)).unwrap();
                (RepoPath::new(path).unwrap(), text)
            })
            .collect()
    }

    /// What the record and the tree say, and the templates.
    pub(crate) fn read(&self) -> (Platform, Catalogue) {
        read_record(&self.tree()).unwrap()
    }

    pub(crate) fn platform(&self) -> Platform {
        self.read().0
    }

    /// The components of each cluster.
    pub(crate) fn placed(&self) -> BTreeSet<(String, String)> {
        placed(&self.platform())
    }

    /// `landform check` finds nothing, not even to hint at.
    #[track_caller]
    pub(crate) fn is_clean(&self) {
        let findings = clean::findings(&self.tree());
        assert!(findings.is_empty(), "{findings:#?}");
    }

    /// What differs between a commit and now, in words for a person.
    pub(crate) fn since(&self, commit: &str) -> String {
        self.git(&["diff", commit, "HEAD"])
    }

    pub(crate) fn reset(&self, commit: &str) {
        self.git(&["reset", "--quiet", "--hard", commit]);
    }
}

/// Pairs of a component and a cluster.
pub(crate) fn placed(platform: &Platform) -> BTreeSet<(String, String)> {
    let clusters = platform.clusters.iter();
    clusters
        .flat_map(|(name, cluster)| {
            let components = cluster.components.keys();
            components.map(move |component| (component.clone(), name.clone()))
        })
        .collect()
}

/// Names of the components that may still be added somewhere.
pub(crate) fn absent(platform: &Platform, catalogue: &Catalogue) -> Vec<String> {
    let known = catalogue.components.keys();
    known
        .filter(|name| !platform.components.contains_key(*name))
        .cloned()
        .collect()
}

/// The same files with the same text; names the first difference.
#[track_caller]
pub(crate) fn assert_same(is: &Tree, wanted: &Tree) {
    let all: BTreeSet<&RepoPath> = is.keys().chain(wanted.keys()).collect();
    for path in all {
        assert_eq!(is.get(path), wanted.get(path), "{path}");
    }
}
