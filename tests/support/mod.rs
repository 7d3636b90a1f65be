//! What the integration tests share: where the facts and the tools are, and
//! what to do without them.
//!
//! `cargo test` needs nothing but Git and a C compiler. A test that wants more
//! asks for it with [`need!`]: where it is missing, that test is listed as
//! skipped, or fails if `CI=true`.

#![allow(
    dead_code,
    unused_imports,
    unused_macros,
    reason = "no test crate uses all of it"
)]

use std::ffi::OsStr;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The folder of this package.
pub(crate) fn package() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A file or folder of the facts that the generated text is checked against:
/// below `$LANDFORM_SHARED`, or `../shared` beside this package.
pub(crate) fn shared(rel: &str) -> Option<PathBuf> {
    let root = match std::env::var_os("LANDFORM_SHARED") {
        Some(root) => PathBuf::from(root),
        None => package().parent()?.join("shared"),
    };
    let path = root.join(rel);
    path.exists().then_some(path)
}

/// Where `.ci/tools` links the pinned tools.
fn tools_bin() -> Option<PathBuf> {
    let root = match std::env::var_os("LANDFORM_TOOLS") {
        Some(root) => PathBuf::from(root),
        None => PathBuf::from(std::env::var_os("HOME")?).join(".cache/landform-tools"),
    };
    Some(root.join("bin"))
}

/// The executable of a tool: the one that `.ci/tools` installed, else the first on `PATH`.
pub(crate) fn tool(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    tools_bin()
        .into_iter()
        .chain(std::env::split_paths(&path))
        .map(|dir| dir.join(format!("{name}{}", std::env::consts::EXE_SUFFIX)))
        .find(|file| file.is_file())
}

/// A command with the tool `name`, free of what the user's own settings would add to its output.
pub(crate) fn command(tool: &Path) -> Command {
    let mut command = Command::new(tool);
    command
        .env_remove("TF_CLI_CONFIG_FILE")
        .env_remove("KUBECONFIG")
        .env("CHECKPOINT_DISABLE", "1");
    command
}

/// `true` on a build server, where nothing may be skipped.
pub(crate) fn is_ci() -> bool {
    std::env::var_os("CI").as_deref() == Some(OsStr::new("true"))
}

/// Whether properties are tried on all that is meant for a build server, and not only on what fits into every run.
pub(crate) fn is_thorough() -> bool {
    std::env::var_os("LANDFORM_THOROUGH").as_deref() == Some(OsStr::new("true"))
}

/// Gives what is there; without it panics in CI, elsewhere says that the test is skipped.
/// Used through [`need!`].
pub(crate) fn found<T>(test: &str, what: &str, thing: Option<T>) -> Option<T> {
    if thing.is_none() {
        assert!(
            !is_ci(),
            "{test}: {what} not found, and CI=true forbids to skip"
        );
        skipped(test, what);
    }
    thing
}

/// Says that a test does not run, and why.
pub(crate) fn skipped(test: &str, what: &str) {
    // Straight to the stream: the test harness swallows what `eprintln!` says.
    writeln!(std::io::stderr(), "skipped {test}: {what} not found").ok();
}

/// `need!("what", an_option)` is the value inside; without one the test ends here, see [`found`].
macro_rules! need {
    ($what:expr, $thing:expr) => {{
        fn here() {}
        let name = std::any::type_name_of_val(&here);
        let test = name.strip_suffix("::here").unwrap_or(name);
        match $crate::support::found(test, $what, $thing) {
            Some(thing) => thing,
            None => return,
        }
    }};
}
pub(crate) use need;

/// The generated trees that are kept in the project: `tests/golden/<case>/out`, sorted.
pub(crate) fn golden_trees() -> Vec<PathBuf> {
    let mut trees: Vec<PathBuf> = std::fs::read_dir(package().join("tests/golden"))
        .into_iter()
        .flatten()
        .flatten()
        .map(|case| case.path().join("out"))
        .filter(|out| out.is_dir())
        .collect();
    trees.sort();
    trees
}

/// The same, `None` if there are none: for [`need!`].
pub(crate) fn some_golden_trees() -> Option<Vec<PathBuf>> {
    Some(golden_trees()).filter(|trees| !trees.is_empty())
}

/// Every file of a platform repository, relative and sorted, without `.git` and the record.
pub(crate) fn files(tree: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = walkdir::WalkDir::new(tree)
        .into_iter()
        .filter_entry(|e| e.depth() == 0 || !matches!(name(e.path()), ".git" | ".landform"))
        .map(|entry| entry.expect("the tree can be read"))
        .filter(|entry| entry.file_type().is_file())
        .map(|entry| {
            entry
                .path()
                .strip_prefix(tree)
                .expect("below the tree")
                .to_owned()
        })
        .collect();
    files.sort();
    files
}

/// The files of [`files`] with this extension.
pub(crate) fn files_ending(tree: &Path, extension: &str) -> Vec<PathBuf> {
    let mut files = files(tree);
    files.retain(|file| file.extension() == Some(OsStr::new(extension)));
    files
}

/// Replaces a text, which must be there, the first time that it stands in a file of a tree.
#[track_caller]
pub(crate) fn edit(tree: &Path, file: &str, from: &str, to: &str) {
    let path = tree.join(file);
    let text = std::fs::read_to_string(&path).expect("the file can be read");
    assert!(text.contains(from), "{file}: {from}");
    std::fs::write(path, text.replacen(from, to, 1)).expect("the file can be written");
}

/// Every folder with a `kustomization.yaml`, relative and sorted.
pub(crate) fn kustomize_folders(tree: &Path) -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = files(tree)
        .into_iter()
        .filter(|file| name(file) == "kustomization.yaml")
        .filter_map(|file| file.parent().map(Path::to_owned))
        .collect();
    folders.sort();
    folders
}

/// Writes a rendered tree below a folder.
pub(crate) fn write_tree(tree: &landform::model::Tree, to: &Path) {
    for (path, text) in tree {
        let path = to.join(path.as_str());
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, text).expect("a file");
    }
}

/// Copies a platform repository, without `.git` and the record.
pub(crate) fn copy_tree(from: &Path, to: &Path) {
    for file in files(from) {
        let target = to.join(&file);
        std::fs::create_dir_all(target.parent().expect("a folder")).expect("a folder");
        std::fs::copy(from.join(&file), target).expect("a file that can be copied");
    }
}

/// The last part of a path as text.
pub(crate) fn name(path: &Path) -> &str {
    path.file_name().and_then(OsStr::to_str).unwrap_or_default()
}

/// A relative path with forward slashes, as people write it.
pub(crate) fn shown(path: &Path) -> String {
    path.to_string_lossy().replace('\\', "/")
}
