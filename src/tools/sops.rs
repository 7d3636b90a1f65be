//! `sops`, which encrypts what may then lie in Git.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::error::{Error, Problem, Result};

/// Encrypts an object for a file of a repository, by the rules in its `.sops.yaml`. The object goes through a pipe: it
/// is never on disk in clear, nor in the list of processes.
///
/// # Errors
/// There is no `sops`, or it refuses, with what it said.
pub fn encrypt(root: &Path, file: &str, object: &str) -> Result<String> {
    let child = Command::new("sops")
        .args(["encrypt", "--input-type", "json", "--output-type", "yaml"])
        .args(["--filename-override", file])
        .current_dir(root)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = child.map_err(|error| {
        Error::failed(
            Problem::new(format!("could not start sops: {error}"))
                .hint("install it (getsops.io), version 3.9 or newer"),
        )
    })?;
    if let Some(mut stdin) = child.stdin.take() {
        // If it ends early it says why itself.
        let _ = stdin.write_all(object.as_bytes());
    }
    let output = child
        .wait_with_output()
        .map_err(|error| Error::failed(Problem::new(format!("sops did not finish: {error}"))))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() && text.contains("sops:") {
        return Ok(text);
    }
    let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(Error::failed(
        Problem::new(format!("sops did not encrypt {file}: {said}"))
            .hint(".sops.yaml says for whom it encrypts"),
    ))
}
