//! Does what an expression refers to exist? Terraform would say so, had it the providers.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use hcl_edit::Span as _;
use hcl_edit::expr::{Expression, ForIntro, Traversal};
use hcl_edit::structure::{Attribute, Block};
use hcl_edit::visit::{self, Visit};

use super::hcl_module::{File, Module, label, reference};
use super::terraform::resolved;
use super::terraform_facts::Facts;

/// Names that are always there.
const ALWAYS: &[&str] = &["count", "each", "path", "self", "terraform", "tofu"];

/// Findings in one folder.
pub(crate) fn check(
    facts: &Facts,
    modules: &BTreeMap<PathBuf, Module>,
    module: &Module,
) -> Vec<String> {
    let mut findings = Vec::new();
    for file in &module.files {
        let mut bound = Bound(BTreeSet::new());
        bound.visit_body(&file.body);
        let mut check = Check {
            facts,
            modules,
            module,
            file,
            bound: bound.0,
            findings: Vec::new(),
        };
        check.visit_body(&file.body);
        findings.append(&mut check.findings);
    }
    findings
}

/// The names that `for` and `dynamic` bind anywhere in a file.
struct Bound(BTreeSet<String>);

impl Visit for Bound {
    fn visit_for_intro(&mut self, intro: &ForIntro) {
        self.0.insert(intro.value_var.as_str().to_owned());
        self.0
            .extend(intro.key_var.iter().map(|key| key.as_str().to_owned()));
        visit::visit_for_intro(self, intro);
    }

    fn visit_block(&mut self, block: &Block) {
        if block.has_ident("dynamic") {
            self.0.insert(label(block, 0));
            let iterator = block
                .body
                .get_attribute("iterator")
                .map(|a| a.value.to_string());
            self.0.extend(iterator.map(|name| name.trim().to_owned()));
        }
        visit::visit_block(self, block);
    }
}

struct Check<'a> {
    facts: &'a Facts,
    modules: &'a BTreeMap<PathBuf, Module>,
    module: &'a Module,
    file: &'a File,
    bound: BTreeSet<String>,
    findings: Vec<String>,
}

impl Visit for Check<'_> {
    fn visit_attr(&mut self, attribute: &Attribute) {
        // `aws.west` names a provider there, not a resource.
        if !matches!(
            attribute.key.as_str(),
            "provider" | "providers" | "configuration_aliases"
        ) {
            visit::visit_attr(self, attribute);
        }
    }

    fn visit_traversal(&mut self, traversal: &Traversal) {
        let whole = Expression::from(traversal.clone());
        if let Some((names, _)) = reference(&whole)
            && let Err(missing) = self.names(&names)
        {
            let at = self.file.at(traversal.span().map(|span| span.start));
            self.findings
                .push(format!("{at}: {}: {missing}", names.join(".")));
        }
        visit::visit_traversal(self, traversal);
    }
}

impl Check<'_> {
    fn names(&self, names: &[String]) -> Result<(), String> {
        let words: Vec<&str> = names.iter().map(String::as_str).collect();
        let there = |yes: bool, what: &str| if yes { Ok(()) } else { Err(what.to_owned()) };
        match words.as_slice() {
            [root, ..] if ALWAYS.contains(root) || self.bound.contains(*root) => Ok(()),
            ["var", name, ..] => there(
                self.module.variables.contains_key(*name),
                "no such variable",
            ),
            ["local", name, ..] => there(self.module.locals.contains_key(*name), "no such local"),
            ["module", name, rest @ ..] => {
                let block = self
                    .module
                    .block("module", &[name])
                    .ok_or("no such module")?;
                match (rest, self.outputs(block)) {
                    ([output, ..], Some(outputs)) => there(
                        outputs.iter().any(|known| known == output),
                        "no such output",
                    ),
                    _ => Ok(()),
                }
            }
            ["data", ty, name, rest @ ..] => self.resource("data", ty, name, rest),
            [ty, name, rest @ ..] => self.resource("resource", ty, name, rest),
            _ => Ok(()),
        }
    }

    /// The outputs of the module that a block calls, if that is known.
    fn outputs(&self, call: &Block) -> Option<Vec<String>> {
        // With `count` or `for_each` an index comes first, and only a splat ends up here.
        let source = call.body.get_attribute("source")?.value.as_str()?;
        if source.starts_with('.') {
            let called = self.modules.get(&resolved(&self.module.dir, source))?;
            return Some(called.outputs.iter().cloned().collect());
        }
        Some(self.facts.modules.get(source)?.outputs.clone())
    }

    fn resource(&self, kind: &str, ty: &str, name: &str, rest: &[&str]) -> Result<(), String> {
        self.module
            .block(kind, &[ty, name])
            .ok_or_else(|| format!("no such {kind}"))?;
        let Some(attribute) = rest.first() else {
            return Ok(());
        };
        if ty == "terraform_data" {
            let known = ["id", "input", "output", "triggers_replace"].contains(attribute);
            return if known {
                Ok(())
            } else {
                Err("no such attribute".to_owned())
            };
        }
        let schemas = self
            .facts
            .providers
            .values()
            .find_map(|provider| match kind {
                "data" => provider.data_sources.get(ty),
                _ => provider.resources.get(ty),
            });
        let Some(schema) = schemas else { return Ok(()) };
        if schema.attributes.contains_key(*attribute) || schema.blocks.contains_key(*attribute) {
            return Ok(());
        }
        Err("no such attribute".to_owned())
    }
}
