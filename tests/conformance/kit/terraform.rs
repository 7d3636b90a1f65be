//! Terraform and OpenTofu on a generated root, with a stand-in of the registry's module that has its real inputs.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use regex_lite::Regex;
use serde_json::Value;

use super::process::run;
use crate::support;

/// A program that reads Terraform's language.
#[derive(Debug, Clone)]
pub(crate) struct Terraform {
    program: PathBuf,
}

impl Terraform {
    /// OpenTofu, and Terraform where it is installed.
    pub(crate) fn all() -> Vec<Self> {
        let programs = ["tofu", "terraform"].into_iter().filter_map(support::tool);
        programs.map(|program| Self { program }).collect()
    }

    /// Its name.
    pub(crate) fn name(&self) -> &str {
        support::name(&self.program)
    }

    /// Runs it in a folder; gives what it printed.
    ///
    /// # Errors
    /// What it says.
    pub(crate) fn run(&self, dir: &Path, arguments: &[&str]) -> Result<String, String> {
        let mut command: Command = support::command(&self.program);
        command
            .arg(format!("-chdir={}", dir.display()))
            .args(arguments)
            .env("TF_IN_AUTOMATION", "1")
            .env("TF_INPUT", "0");
        run(&mut command)
    }

    /// A plan of a folder, as JSON.
    ///
    /// # Errors
    /// What it says.
    pub(crate) fn plan(&self, dir: &Path, variables: &[&str]) -> Result<Value, String> {
        let mut arguments = vec!["plan", "-no-color", "-out=plan"];
        arguments.extend(variables);
        self.run(dir, &arguments)?;
        let said = self.run(dir, &["show", "-json", "plan"])?;
        serde_json::from_str(&said).map_err(|error| error.to_string())
    }
}

/// The inputs that the bootstrap of a cluster hands to the registry's module, read from a plan.
///
/// # Errors
/// What the program says.
pub(crate) fn bootstrap_inputs(
    terraform: &Terraform,
    tree: &Path,
    cluster: &str,
) -> Result<Value, String> {
    let dir = tree.join("terraform/bootstrap");
    terraform.run(&dir, &["init", "-no-color", "-backend=false"])?;
    let cluster = format!("-var=cluster={cluster}");
    let plan = terraform.plan(&dir, &[&cluster, "-var=revision=1"])?;
    let resources = plan["planned_values"]["root_module"]["resources"].as_array();
    let mut resources = resources.into_iter().flatten();
    let bootstrap = resources.find(|r| r["address"] == "terraform_data.bootstrap");
    bootstrap
        .map(|resource| resource["values"]["input"].clone())
        .ok_or_else(|| format!("no terraform_data.bootstrap in {plan}"))
}

/// Puts a module with the real inputs of the registry's in its place: it keeps what it is given, and does nothing.
pub(crate) fn stand_in(tree: &Path, shared: &Path) {
    let facts = shared.join("terraform-facts/modules/flux-operator-bootstrap.json");
    let facts = fs::read_to_string(facts).expect("facts of the module");
    let facts: Value = serde_json::from_str(&facts).expect("facts in JSON");
    let bootstrap = tree.join("terraform/bootstrap");
    let dir = bootstrap.join("stand-in");
    fs::create_dir_all(&dir).expect("a folder");
    // The facts write a type on one line; Terraform wants its attributes on lines of their own.
    let attribute = Regex::new(r" ([A-Za-z_]+) = ").expect("a pattern");
    let on_lines = |text: &Value| {
        let text = text.as_str().unwrap_or_default();
        attribute.replace_all(text, "\n$1 = ").into_owned()
    };
    let mut lines = Vec::new();
    let mut kept = Vec::new();
    for (name, input) in facts["inputs"].as_object().into_iter().flatten() {
        lines.push(format!("variable \"{name}\" {{"));
        lines.push(format!("type = {}", on_lines(&input["type"])));
        if input.get("default").is_some() {
            lines.push(format!("default = {}", on_lines(&input["default"])));
        }
        if input["nullable"] == false {
            lines.push("nullable = false".to_owned());
        }
        lines.push("}".to_owned());
        kept.push(format!("{name} = var.{name}"));
    }
    let kept = kept.join("\n");
    lines.push(format!(
        "resource \"terraform_data\" \"inputs\" {{\ninput = {{\n{kept}\n}}\n}}\n"
    ));
    let text = lines.join("\n");
    fs::write(dir.join("main.tf"), text).expect("a file");
    let main = bootstrap.join("main.tf");
    let text = fs::read_to_string(&main).expect("main.tf of the bootstrap");
    let call = Regex::new(
        r#"source  = "controlplaneio-fluxcd/flux-operator-bootstrap/kubernetes"\n  version = "[0-9.]+""#,
    );
    let call = call.expect("a pattern");
    assert!(call.is_match(&text), "the bootstrap calls another module");
    let text = call.replace(&text, r#"source = "./stand-in""#).into_owned();
    fs::write(main, text).expect("a file");
}
