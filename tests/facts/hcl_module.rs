//! A folder of `.tf` files: what it declares and what it calls.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use hcl_edit::expr::{Expression, TraversalOperator};
use hcl_edit::structure::{Block, Body};
use hcl_edit::{Span as _, parser};

use super::hcl_type::Type;
use super::terraform_facts::Input;
use crate::support;

/// One `.tf` file.
#[derive(Debug)]
pub(crate) struct File {
    /// Relative to the tree, with forward slashes.
    pub(crate) path: String,
    /// Its text.
    pub(crate) text: String,
    /// Its contents.
    pub(crate) body: Body,
}

/// A folder of them.
#[derive(Debug, Default)]
pub(crate) struct Module {
    /// Relative to the tree.
    pub(crate) dir: PathBuf,
    /// In the order of their names.
    pub(crate) files: Vec<File>,
    /// `local.*`.
    pub(crate) locals: BTreeMap<String, Expression>,
    /// `var.*`.
    pub(crate) variables: BTreeMap<String, Input>,
    /// The names of its outputs.
    pub(crate) outputs: BTreeSet<String>,
    /// The sources of its providers by local name, with their version constraints.
    pub(crate) providers: BTreeMap<String, (String, Option<String>)>,
}

impl File {
    /// `path:line` of something in this file.
    pub(crate) fn at(&self, offset: Option<usize>) -> String {
        let before = &self.text[..offset.unwrap_or(0).min(self.text.len())];
        format!("{}:{}", self.path, before.matches('\n').count() + 1)
    }

    /// `path:line` of a block.
    pub(crate) fn at_block(&self, block: &Block) -> String {
        self.at(block.span().map(|span| span.start))
    }
}

impl Module {
    /// The block with these labels.
    pub(crate) fn block(&self, kind: &str, labels: &[&str]) -> Option<&Block> {
        let mut blocks = self.files.iter().flat_map(|file| file.body.blocks());
        blocks.find(|block| block.has_ident(kind) && block.has_exact_labels(labels))
    }

    /// What `local.x`, `terraform_data.x.output` and their like stand for, where that is written here.
    pub(crate) fn resolve(&self, reference: &[String]) -> Option<&Expression> {
        let words: Vec<&str> = reference.iter().map(String::as_str).collect();
        match words.as_slice() {
            ["local", name] => self.locals.get(*name),
            ["terraform_data", name, "output"] => {
                let block = self.block("resource", &["terraform_data", name])?;
                Some(&block.body.get_attribute("input")?.value)
            }
            _ => None,
        }
    }

    fn learn(&mut self) -> Result<(), String> {
        let mut learned = Self::default();
        for file in &self.files {
            for block in file.body.blocks() {
                learned
                    .learn_block(block)
                    .map_err(|e| format!("{}: {e}", file.at_block(block)))?;
            }
        }
        self.locals = learned.locals;
        self.variables = learned.variables;
        self.outputs = learned.outputs;
        self.providers = learned.providers;
        Ok(())
    }

    fn learn_block(&mut self, block: &Block) -> Result<(), String> {
        match block.ident.as_str() {
            "locals" => {
                for attribute in block.body.attributes() {
                    self.locals
                        .insert(attribute.key.to_string(), attribute.value.clone());
                }
            }
            "variable" => {
                let ty = match block.body.get_attribute("type") {
                    Some(attribute) => Type::parse(&attribute.value.to_string())?,
                    None => Type::Any,
                };
                let required = !block.body.has_attribute("default");
                self.variables
                    .insert(label(block, 0), Input { ty, required });
            }
            "output" => {
                self.outputs.insert(label(block, 0));
            }
            "terraform" => {
                for required in block.body.get_blocks("required_providers") {
                    for attribute in required.body.attributes() {
                        let entry = |key| string_in(&attribute.value, key);
                        let provider = (entry("source").unwrap_or_default(), entry("version"));
                        self.providers.insert(attribute.key.to_string(), provider);
                    }
                }
            }
            _ => {}
        }
        Ok(())
    }
}

/// A label of a block, empty if it has not that many.
pub(crate) fn label(block: &Block, index: usize) -> String {
    block
        .labels
        .get(index)
        .map(|label| label.as_str().to_owned())
        .unwrap_or_default()
}

/// The string behind a key of an object literal.
fn string_in(expression: &Expression, key: &str) -> Option<String> {
    let object = expression.as_object()?;
    let mut found = object
        .iter()
        .filter(|(k, _)| key_name(k).as_deref() == Some(key));
    found.next()?.1.expr().as_str().map(str::to_owned)
}

/// The name of an object's key, if it is written out.
pub(crate) fn key_name(key: &hcl_edit::expr::ObjectKey) -> Option<String> {
    use hcl_edit::expr::ObjectKey;
    match key {
        ObjectKey::Ident(ident) => Some(ident.to_string().trim().to_owned()),
        ObjectKey::Expression(Expression::String(text)) => Some(text.to_string()),
        ObjectKey::Expression(Expression::Variable(ident)) => Some(ident.as_str().to_owned()),
        ObjectKey::Expression(_) => None,
    }
}

/// The names of a reference such as `module.eks.cluster_name`, up to the first index or splat,
/// and whether that was all of it.
pub(crate) fn reference(expression: &Expression) -> Option<(Vec<String>, bool)> {
    match expression {
        Expression::Variable(ident) => Some((vec![ident.as_str().to_owned()], true)),
        Expression::Traversal(traversal) => {
            let Expression::Variable(root) = &traversal.expr else {
                return None;
            };
            let names = traversal
                .operators
                .iter()
                .map_while(|operator| match operator.value() {
                    TraversalOperator::GetAttr(name) => Some(name.as_str().to_owned()),
                    _ => None,
                });
            let names: Vec<String> = std::iter::once(root.as_str().to_owned())
                .chain(names)
                .collect();
            let whole = names.len() == traversal.operators.len() + 1;
            Some((names, whole))
        }
        _ => None,
    }
}

/// Every folder of the tree with `.tf` files, by its path. What does not parse is a finding.
pub(crate) fn read_modules(tree: &Path) -> (BTreeMap<PathBuf, Module>, Vec<String>) {
    let mut modules: BTreeMap<PathBuf, Module> = BTreeMap::new();
    let mut findings = Vec::new();
    for path in support::files_ending(tree, "tf") {
        let text = std::fs::read_to_string(tree.join(&path)).expect("a readable file");
        let dir = path.parent().expect("a folder").to_owned();
        let path = support::shown(&path);
        match parser::parse_body(&text) {
            Ok(body) => {
                let module = modules.entry(dir.clone()).or_default();
                module.dir = dir;
                module.files.push(File { path, text, body });
            }
            Err(error) => findings.push(format!("{path}: does not parse: {error}")),
        }
    }
    for module in modules.values_mut() {
        findings.extend(module.learn().err());
    }
    (modules, findings)
}
