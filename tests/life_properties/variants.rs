//! Other versions of the embedded catalogue, as later ones may look.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use landform::catalog::{Files, embedded_files, folder_files};
use landform::error::Source;

use crate::random::Dice;
use crate::support;

/// How a catalogue differs from the embedded one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Variant {
    /// Written into its texts.
    pub(crate) number: usize,
    /// Comments and intervals of the skeleton are others.
    pub(crate) skeleton: bool,
    /// Top-level keys of values stand in another order, and the first one a level deeper.
    pub(crate) keys: bool,
    /// Manifests have other names.
    pub(crate) files: bool,
    /// Components ask something more, and use it.
    pub(crate) question: bool,
    /// Charts have newer versions.
    pub(crate) newer: bool,
}

impl Variant {
    /// A random one.
    pub(crate) fn random(number: usize, dice: &mut Dice<'_>) -> Self {
        Self {
            number,
            skeleton: dice.chance(50),
            keys: dice.chance(50),
            files: dice.chance(50),
            question: dice.chance(50),
            newer: dice.chance(30),
        }
    }

    /// Its files.
    pub(crate) fn files(self) -> Files {
        let mut files = Files::new();
        for (path, source) in embedded_files() {
            let (path, text) = self.changed(path, source.text.clone());
            files.insert(path.clone(), Source::new(format!("variant:{path}"), text));
        }
        files
    }

    /// Writes it into a folder.
    pub(crate) fn write(self, folder: &Path) {
        for (path, source) in self.files() {
            let path = folder.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, &source.text).unwrap();
        }
    }

    fn changed(self, path: String, mut text: String) -> (String, String) {
        let number = self.number;
        let words: Vec<&str> = path.split('/').collect();
        let component = matches!(words[0], "apps" | "infrastructure");
        match words.as_slice() {
            ["common", "component" | "part", file] if self.skeleton => {
                text = text.replace("interval: 12h", &format!("interval: {}h", 13 + number));
                if *file == "helmrelease.yaml.tera" {
                    let _ = writeln!(text, "# The skeleton in its version {number}.");
                }
            }
            ["common", "repo", "README.md.tera"] if self.skeleton => {
                let _ = write!(text, "\n## More\n\nThis is version {number}.\n");
            }
            [_, _, "values.yaml"] if component && self.keys => text = moved(&text, number),
            [_, name, "component.yaml"] if component => {
                if self.newer {
                    text = bumped(&text);
                }
                if self.question && is_asked(name) {
                    let question = format!(
                        "  - name: later_{number}\n    ask: cluster\n    prompt: Which?\n    choices: {{one: the first, two: the second}}\n    default: one\n"
                    );
                    text = if text.contains("\nquestions:\n") {
                        text.replace("\nquestions:\n", &format!("\nquestions:\n{question}"))
                    } else {
                        format!("{text}questions:\n{question}")
                    };
                }
            }
            [_, name, "cluster-values.yaml.tera"]
                if component && self.question && is_asked(name) =>
            {
                let _ = writeln!(text, "later: {{{{ answers.later_{number} | yaml }}}}");
            }
            [_, _, "parts", _, file] if component && self.files && file.ends_with(".yaml") => {
                let path = path.replace(file, &format!("renamed-{number}-{file}"));
                return (path, text);
            }
            _ => {}
        }
        (path, text)
    }
}

/// Components that have values of their own on every cluster.
fn is_asked(name: &str) -> bool {
    support::package()
        .join(format!("templates/apps/{name}/cluster-values.yaml.tera"))
        .is_file()
}

/// Top-level entries in another order, the first of them a level deeper.
fn moved(text: &str, number: usize) -> String {
    let mut chunks: Vec<String> = vec![String::new()];
    for line in text.lines() {
        let starts = line.starts_with(|c: char| c.is_ascii_alphabetic());
        let has_key = |chunk: &str| chunk.lines().any(|line| !line.starts_with('#'));
        if starts && chunks.last().is_some_and(|chunk| has_key(chunk)) {
            chunks.push(String::new());
        }
        let _ = writeln!(chunks.last_mut().unwrap(), "{line}");
    }
    let by = number % chunks.len();
    chunks.rotate_left(by);
    let mut deeper = format!(
        "moved{number}:
"
    );
    for line in chunks[0].lines() {
        let _ = writeln!(deeper, "  {line}");
    }
    chunks[0] = deeper;
    chunks.concat()
}

/// The next major version of whatever is pinned.
fn bumped(text: &str) -> String {
    let lines = text.lines().map(|line| {
        let Some((before, rest)) = line.split_once("version: ") else {
            return line.to_owned();
        };
        let (mark, rest) = match rest.strip_prefix('v') {
            Some(rest) => ("v", rest),
            None => ("", rest),
        };
        match rest.split_once('.') {
            Some((major, rest)) if major.parse::<u32>().is_ok() => {
                let major = major.parse::<u32>().unwrap() + 1;
                format!("{before}version: {mark}{major}.{rest}")
            }
            _ => line.to_owned(),
        }
    });
    lines.map(|line| line + "\n").collect()
}

/// The embedded catalogue as it stood before there was any update.
pub(crate) fn first() -> Files {
    folder_files(&support::package().join("tests/data/catalog-v1")).unwrap()
}

#[test]
fn variants_differ() {
    let all = Variant {
        number: 3,
        skeleton: true,
        keys: true,
        files: true,
        question: true,
        newer: true,
    };
    let (files, embedded) = (all.files(), embedded_files());
    let same = |path: &str| files.get(path).map(|f| &f.text) == embedded.get(path).map(|f| &f.text);
    for path in [
        "common/component/ocirepository.yaml.tera",
        "common/repo/README.md.tera",
        "apps/loki/values.yaml",
        "apps/loki/component.yaml",
        "apps/metallb/parts/pool/l2advertisement.yaml",
    ] {
        assert!(embedded.contains_key(path) && !same(path), "{path}");
    }
    assert!(bumped("  oci: {url: x, version: v1.2.0}\n").contains("v2.2.0}"));
    landform::catalog::Catalogue::load(files).unwrap();
}
