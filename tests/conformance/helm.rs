//! Stage 6: Helm itself takes the merged values of every release of every cluster, under the chart's own schema; and
//! every key of them exists in the chart.

use std::fs;
use std::path::Path;

use serde_json::json;

use crate::facts::charts::{Chart, components};
use crate::facts::{flux, values};
use crate::kit::origin;
use crate::kit::process::run;
use crate::kit::tools::tools;
use crate::support::{self, need};

#[test]
fn every_key_exists() {
    let shared = need!("../shared", support::shared(""));
    let mut findings = Vec::new();
    for tree in support::golden_trees() {
        let found = values::check_values(&tree, &shared);
        findings.extend(
            found
                .into_iter()
                .map(|f| format!("{}: {f}", tree.display())),
        );
    }
    assert!(findings.is_empty(), "{}", findings.join("\n"));
}

#[test]
fn charts_take_the_values_of_every_cluster() {
    let tools = tools!("helm");
    let shared = need!("../shared", support::shared(""));
    let dir = tempfile::tempdir().unwrap();
    let (mut findings, mut tried) = (Vec::new(), 0);
    for tree in support::golden_trees() {
        for component in components(&tree) {
            let name = &component.name;
            let known = Chart::load(&shared, name).filter(|chart| chart.schema.is_some());
            let Some(known) = known else {
                continue;
            };
            // The chart without its templates: Helm checks values against the schema before it looks at them.
            let chart = dir.path().join(name);
            if !chart.is_dir() {
                fs::create_dir_all(chart.join("templates")).unwrap();
                let about = json!({"apiVersion": "v2", "name": name, "version": "0.1.0"});
                fs::write(chart.join("Chart.yaml"), about.to_string()).unwrap();
                let schema = known.schema.as_ref().unwrap();
                fs::write(chart.join("values.schema.json"), schema.to_string()).unwrap();
                let defaults = serde_yaml::to_string(&known.values).unwrap();
                fs::write(chart.join("values.yaml"), defaults).unwrap();
            }
            for cluster in flux::clusters(&tree) {
                let own = format!("{}/{name}", component.layer);
                let on = format!("clusters/{cluster}/{own}");
                if !tree.join(format!("{on}.yaml")).is_file() {
                    continue;
                }
                let mut helm = tools.command("helm");
                helm.args(["template", name]).arg(&chart);
                let mut files = [&own, &on]
                    .map(|folder| Path::new(folder).join("values.yaml"))
                    .to_vec();
                files.retain(|file| tree.join(file).is_file());
                for file in &files {
                    helm.arg("--values").arg(tree.join(file));
                }
                tried += 1;
                if let Err(said) = run(&mut helm) {
                    let from = origin::values(&tree, &files, &said).join(", ");
                    findings.push(format!("{}: {on}: {from}: {said}", tree.display()));
                }
            }
        }
    }
    assert!(findings.is_empty(), "{}", findings.join("\n"));
    assert!(tried > 20, "only {tried} releases have a schema");
    // A wrong value is refused, so that the stage can fail.
    let mut helm = tools.command("helm");
    let chart = dir.path().join("cert-manager");
    helm.args(["template", "wrong"]).arg(chart);
    helm.args(["--set", "replicaCount=many"]);
    assert!(run(&mut helm).is_err_and(|said| said.contains("replicaCount")));
}
