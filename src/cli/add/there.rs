//! Flags about a component from outside the catalogue that is on the platform already: they may not say otherwise.

use serde_json::Value;

use super::foreign::{ForeignArgs, source};
use super::manifests::manifests;
use crate::catalog::{Component, FOREIGN};
use crate::cli::opened::Opened;
use crate::error::{Error, Problem, Problems, Result};

/// Where a flag's value stands in `source` of a `component.yaml`.
const FLAGS: [(&str, &str); 10] = [
    ("/oci/url", "--chart"),
    ("/oci/version", VERSION),
    ("/oci/secret", "--registry-secret"),
    ("/helm/repository", "--repo"),
    ("/helm/chart", "--chart"),
    ("/helm/version", VERSION),
    ("/helm/secret", "--registry-secret"),
    ("/git/url", "--git"),
    ("/git/tag", "--tag"),
    ("/git/path", "--path"),
];
const VERSION: &str = "--version";

/// Refuses flags by which a component would come otherwise than it does.
///
/// # Errors
/// Everything that is said otherwise.
pub(super) fn refuse_other(name: &str, args: &ForeignArgs, opened: &Opened) -> Result<()> {
    let component = &opened.catalogue.components[name];
    if component.spec.category != FOREIGN {
        let problem = Problem::new(format!(
            "{name} is on the platform already, from the catalogue"
        ));
        return Err(Error::refused(problem.hint(
            "choose another name for yours, or leave out where it comes from",
        )));
    }
    let mut problems = Problems::default();
    for (flag, there) in others(name, component, args, opened)? {
        let layer = component.spec.layer;
        let there = there.map(|there| format!(": {there}")).unwrap_or_default();
        let problem = Problem::new(format!(
            "{name} is on the platform already, with another {flag}{there}"
        ));
        problems.push(problem.hint(if flag == VERSION {
            format!(
                "landform pin {name} VERSION --on CLUSTER lets single clusters have another; the one for all stands in {layer}/{name}/"
            )
        } else {
            format!(
                "leave {flag} out, and edit {layer}/{name}/ instead; or landform remove {name}, then add it anew"
            )
        }));
    }
    problems.into_result()
}

/// The flags that say otherwise, each with what is there.
fn others(
    name: &str,
    component: &Component,
    args: &ForeignArgs,
    opened: &Opened,
) -> Result<Vec<(&'static str, Option<String>)>> {
    let catalogue = &opened.catalogue;
    let files: Vec<(&str, &str)> = catalogue
        .below(&component.root)
        .map(|(path, source)| (path, source.text.as_str()))
        .collect();
    let text = |path: &str| {
        files
            .iter()
            .find(|(p, _)| *p == path)
            .map(|(_, text)| *text)
    };
    let is: Value = serde_yaml::from_str(text("component.yaml").unwrap_or_default())
        .map_err(|error| Error::failed(Problem::new(format!("could not read YAML: {error}"))))?;
    let (wanted, ..) = source(args, catalogue, &mut Vec::new())?;
    let mut others = Vec::new();
    let word = |value: &Value| value.as_str().map(str::to_owned);
    let kind = |source: &Value| {
        let keys = source.as_object().and_then(|map| map.keys().next());
        keys.cloned().unwrap_or_default()
    };
    if kind(&wanted) != kind(&is["source"]) {
        let flag = match (&args.chart, &args.git) {
            (Some(_), _) => "--chart",
            (_, Some(_)) => "--git",
            _ => "--manifests",
        };
        return Ok(vec![(flag, word(&is["description"]))]);
    }
    // Its version may have moved on in the tree.
    let folder = format!("{}/{name}", component.spec.layer);
    let versions = opened.index.versions(&folder);
    let has = |version: &str| versions.iter().any(|v| v.value.value == version);
    for (at, flag) in FLAGS {
        let (Some(wanted), there) = (wanted.pointer(at), is["source"].pointer(at)) else {
            continue;
        };
        if there != Some(wanted) && !wanted.as_str().is_some_and(has) {
            others.push((flag, there.and_then(word)));
        }
    }
    let namespace = &is["namespace"];
    let pairs = [
        ("--namespace", &args.namespace, &namespace["name"]),
        (
            "--pod-security",
            &args.pod_security,
            &namespace["podSecurity"],
        ),
    ];
    for (flag, wanted, there) in pairs {
        if wanted.as_deref().is_some_and(|wanted| there != wanted) {
            others.push((flag, word(there)));
        }
    }
    let needs = is["needs"].as_array().into_iter().flatten();
    let needs: Vec<&str> = needs.filter_map(|need| need["name"].as_str()).collect();
    if !args.needs.is_empty() && args.needs != needs {
        others.push(("--needs", (!needs.is_empty()).then(|| needs.join(","))));
    }
    if let Some(path) = &args.values {
        let wanted = std::fs::read_to_string(path).map_err(|e| Error::io("read", path, &e))?;
        if text("values.yaml") != Some(wanted.as_str()) {
            others.push(("--values", None));
        }
    }
    if let Some(folder) = &args.manifests {
        let namespace = namespace["name"].as_str().unwrap_or_default();
        let wanted = manifests(folder, namespace, &mut false, &mut Vec::new())?;
        let there = files.iter().filter_map(|(path, text)| {
            let file = path.strip_prefix("manifests/")?;
            Some((file, *text))
        });
        let wanted = wanted
            .iter()
            .map(|(file, text)| (file.as_str(), text.as_str()));
        if !there.eq(wanted) {
            others.push(("--manifests", None));
        }
    }
    Ok(others)
}
