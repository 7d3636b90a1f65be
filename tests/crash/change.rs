//! A change of a platform that is there, made by this test program itself: it starts itself to be killed.

use std::process::Command;

use landform::change::{Action, Change, FileChange, Hold, Save};
use landform::model::RepoPath;

use crate::sandbox::Sandbox;

/// Where the change is to be made.
const ROOT: &str = "LANDFORM_CRASH_ROOT";

/// This program, about to change the folder `acme`.
pub(crate) fn command(sandbox: &Sandbox) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    sandbox
        .enter(&mut command)
        .args(["--exact", "change::is_made", "--include-ignored"])
        .env(ROOT, sandbox.path("acme"));
    command
}

#[test]
#[ignore = "the part of others that is killed"]
fn is_made() {
    let Some(root) = std::env::var_os(ROOT) else {
        return;
    };
    let root = std::path::PathBuf::from(root);
    let mut hold = Hold::take(&root).unwrap();
    let mut change = Change::default();
    let mut file = |path: &str, action, after: Option<&str>| {
        let before = std::fs::read_to_string(root.join(path)).ok();
        let after = after.map(|after| format!("{}{after}", before.as_deref().unwrap_or_default()));
        let file = FileChange {
            action,
            before,
            after,
        };
        change.files.insert(RepoPath::new(path).unwrap(), file);
    };
    file("README.md", Action::Edit, Some("\nMore.\n"));
    file(
        "clusters/staging/kustomization.yaml",
        Action::Edit,
        Some("# more\n"),
    );
    file(".yamllint", Action::Delete, None);
    file(
        "clusters/staging/flux-system/kustomization.yaml",
        Action::Delete,
        None,
    );
    file(
        "apps/new/deep/values.yaml",
        Action::Create,
        Some("new: true\n"),
    );
    file(
        "apps/new/kustomization.yaml",
        Action::Create,
        Some("resources: []\n"),
    );
    hold.write(
        &change,
        "main",
        Save::Commit("Change the platform\n\nBy a test.\n"),
    )
    .unwrap();
}
