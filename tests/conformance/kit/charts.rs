//! Charts that stand in for the real ones, which are not to be had offline: same name and version, the object by
//! which the hand-over is seen, the custom resource definitions, and a `ConfigMap` with the values that arrived.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::process::run;
use super::tools::Tools;
use crate::support;

/// A chart to be made.
#[derive(Debug, Clone)]
pub(crate) struct Chart {
    /// Its name.
    pub(crate) name: String,
    /// Its exact version.
    pub(crate) version: String,
    /// What it runs: `DaemonSet`, `Deployment` or `StatefulSet`, and its name.
    pub(crate) workload: (String, String),
    /// Files of the definitions that its templates make.
    pub(crate) definitions: Vec<PathBuf>,
    /// Files of the definitions in its `crds/` folder.
    pub(crate) crds: Vec<PathBuf>,
    /// Whether a Job runs before every upgrade.
    pub(crate) hook: bool,
    /// What a chart must not do for a quiet hand-over: `isUpgrade`, `genCA`.
    pub(crate) hazards: Vec<&'static str>,
}

impl Chart {
    /// Writes and packs it; gives the package.
    pub(crate) fn pack(&self, tools: Tools, into: &Path) -> PathBuf {
        let scratch = super::scratch::folder();
        let dir = scratch.path().join(&self.name);
        let templates = support::package().join("tests/conformance/chart/templates");
        fs::create_dir_all(dir.join("templates")).expect("a folder");
        for entry in fs::read_dir(templates).expect("the stand-in").flatten() {
            let to = dir.join("templates").join(entry.file_name());
            fs::copy(entry.path(), to).expect("a file");
        }
        let chart = json!({"apiVersion": "v2", "name": self.name, "version": self.version, "appVersion": "1"});
        write(&dir.join("Chart.yaml"), &chart);
        let hazards: serde_json::Map<String, Value> = self
            .hazards
            .iter()
            .map(|h| ((*h).to_owned(), json!(true)))
            .collect();
        let (kind, name) = &self.workload;
        let values =
            json!({"standIn": {"kind": kind, "name": name, "hook": self.hook, "hazards": hazards}});
        write(&dir.join("values.yaml"), &values);
        for (folder, files) in [("definitions", &self.definitions), ("crds", &self.crds)] {
            fs::create_dir_all(dir.join(folder)).expect("a folder");
            for file in files {
                let name = file.file_name().expect("a file's name");
                fs::copy(file, dir.join(folder).join(name)).expect("a file");
            }
        }
        fs::create_dir_all(into).expect("a folder");
        let mut helm = tools.command("helm");
        helm.arg("package").arg(&dir).arg("--destination").arg(into);
        run(&mut helm).unwrap_or_else(|error| panic!("{error}"));
        into.join(format!("{}-{}.tgz", self.name, self.version))
    }
}

fn write(file: &Path, value: &Value) {
    let text = serde_yaml::to_string(value).expect("YAML");
    fs::write(file, text).expect("a file");
}
