//! Where the tools of the suite are.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support;

/// Finds a tool that `.ci/tools conformance` installs, or ends the test: as skipped, or in CI as failed.
macro_rules! tools {
    ($($name:literal),+ $(,)?) => {{
        $( let _ = crate::support::need!($name, crate::support::tool($name)); )+
        crate::kit::tools::Tools(())
    }};
}
pub(crate) use tools;

/// The tools of a cluster with Flux, and of a platform that is served to it.
macro_rules! cluster_tools {
    () => {
        crate::kit::tools::tools!(
            "git",
            "openssl",
            "helm",
            "kubectl",
            "registry",
            "etcd",
            "kube-apiserver",
            "kube-controller-manager",
            "kube-scheduler",
            "kwok",
            "source-controller",
            "kustomize-controller",
            "helm-controller",
        )
    };
}
pub(crate) use cluster_tools;

/// Proof that the tools were looked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tools(pub(crate) ());

impl Tools {
    /// A command with a tool, free of what the user's own settings would add.
    #[track_caller]
    #[expect(clippy::unused_self, reason = "who has it has looked for the tools")]
    pub(crate) fn command(self, name: &str) -> Command {
        let tool = support::tool(name).unwrap_or_else(|| panic!("{name} was not asked for"));
        support::command(&tool)
    }
}

/// The stages of kwok that make nodes and pods ready, which lie beside the program.
pub(crate) fn kwok_stages() -> Option<PathBuf> {
    let kwok = support::tool("kwok")?.canonicalize().ok()?;
    let folder = kwok.parent()?.parent()?;
    Some(folder.join("stages.yaml")).filter(|file| Path::new(file).is_file())
}
