//! What the tools that a user has say of a tree.

use std::ffi::OsStr;
use std::path::Path;

use crate::support;

/// Findings of `tofu fmt` or `terraform fmt`: files that it would write otherwise.
pub(crate) fn check_fmt(tree: &Path, terraform: &Path) -> Vec<String> {
    let arguments = ["fmt", "-check", "-recursive", "-no-color", "-diff"];
    run(tree, terraform, arguments.map(OsStr::new).as_slice())
}

/// Findings of `yamllint` with the rules that the tree itself brings.
pub(crate) fn check_yamllint(tree: &Path, yamllint: &Path) -> Vec<String> {
    let rules = tree.join(".yamllint");
    if !rules.is_file() {
        return vec![".yamllint is missing".to_owned()];
    }
    let arguments = ["--strict", "--format", "parsable", "--config-file"].map(OsStr::new);
    run(
        tree,
        yamllint,
        &[arguments.as_slice(), &[rules.as_os_str(), OsStr::new(".")]].concat(),
    )
}

/// Runs a tool that should be silent.
fn run(tree: &Path, tool: &Path, arguments: &[&OsStr]) -> Vec<String> {
    let output = support::command(tool)
        .args(arguments)
        .current_dir(tree)
        .output()
        .unwrap_or_else(|e| panic!("{}: {e}", tool.display()));
    let name = support::name(tool);
    let said = String::from_utf8_lossy(&output.stdout);
    let mut findings: Vec<String> = said.lines().map(|line| format!("{name}: {line}")).collect();
    if !output.status.success() {
        let error = String::from_utf8_lossy(&output.stderr);
        findings.push(format!(
            "{name} ends with {}: {}",
            output.status,
            error.trim()
        ));
    }
    findings
}
