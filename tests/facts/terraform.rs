//! Every block of every `.tf` file against the schema of its provider or module.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use hcl_edit::structure::{Block, Body};

use super::hcl_module::{File, Module, label, read_modules};
use super::terraform_facts::{Facts, Input, Nested, Provider, Schema};
use super::{hcl_value, references, versions};

/// Arguments that Terraform itself takes in any resource or data source.
const META: &[&str] = &["count", "depends_on", "for_each", "provider"];
/// Blocks that Terraform itself takes there.
const META_BLOCKS: &[&str] = &["connection", "lifecycle", "provisioner"];
/// The same for a call of a module.
const META_MODULE: &[&str] = &[
    "count",
    "depends_on",
    "for_each",
    "providers",
    "source",
    "version",
];

/// Findings in the Terraform of a tree: what does not parse, arguments, blocks and inputs that do
/// not exist, lack or have the wrong type, and references to what is not there.
pub(crate) fn check_terraform(tree: &Path, shared: &Path) -> Vec<String> {
    let facts = Facts::load(shared);
    let (modules, mut findings) = read_modules(tree);
    for module in modules.values() {
        let mut check = Check {
            facts: &facts,
            modules: &modules,
            module,
            findings: Vec::new(),
        };
        check.module();
        findings.append(&mut check.findings);
        findings.extend(references::check(&facts, &modules, module));
    }
    findings
}

struct Check<'a> {
    facts: &'a Facts,
    modules: &'a BTreeMap<PathBuf, Module>,
    module: &'a Module,
    findings: Vec<String>,
}

/// Where a finding is: the place in the file, and what the block is called.
#[derive(Clone, Copy)]
struct Place<'a> {
    file: &'a File,
    name: &'a str,
}

impl<'a> Check<'a> {
    fn module(&mut self) {
        for file in &self.module.files {
            for attribute in file.body.attributes() {
                self.say(
                    &file.at(None),
                    &format!("argument {} outside any block", attribute.key.as_str()),
                );
            }
            for block in file.body.blocks() {
                self.top(file, block);
            }
        }
        for (name, (source, constraint)) in &self.module.providers {
            self.provider_version(name, source, constraint.as_deref());
        }
    }

    fn top(&mut self, file: &File, block: &Block) {
        let kind = block.ident.as_str();
        let labels: Vec<String> = (0..block.labels.len()).map(|i| label(block, i)).collect();
        let name = [&[kind.to_owned()], labels.as_slice()].concat().join(".");
        let place = Place { file, name: &name };
        match (kind, labels.as_slice()) {
            ("resource" | "data", [ty, _]) => self.resource(place, block, kind == "data", ty),
            ("provider", [ty]) => match self.provider_of(ty) {
                Ok(provider) => self.body(place, &block.body, &provider.block, &["alias"], &[]),
                Err(error) => self.at(place, block, &error),
            },
            ("module", [_]) => self.call(place, block),
            ("variable", [_]) => self.variable(place, block),
            ("output", [_]) => self.known(
                place,
                block,
                &[
                    "depends_on",
                    "description",
                    "ephemeral",
                    "sensitive",
                    "value",
                ],
                &["precondition"],
            ),
            ("terraform", []) => self.known(
                place,
                block,
                &["experiments", "required_version"],
                &["backend", "cloud", "required_providers"],
            ),
            ("moved", []) => self.known(place, block, &["from", "to"], &[]),
            ("import", []) => self.known(place, block, &["for_each", "id", "provider", "to"], &[]),
            ("removed", []) => self.known(place, block, &["from"], &["lifecycle", "provisioner"]),
            ("locals", []) => {}
            _ => self.at(
                place,
                block,
                "no such block in Terraform, or not with these labels",
            ),
        }
    }

    fn say(&mut self, at: &str, what: &str) {
        self.findings.push(format!("{at}: {what}"));
    }

    fn at(&mut self, place: Place<'_>, block: &Block, what: &str) {
        self.say(
            &place.file.at_block(block),
            &format!("{}: {what}", place.name),
        );
    }

    /// The provider behind a local name, as `required_providers` says or as Terraform assumes.
    fn provider_of(&self, local: &str) -> Result<&'a Provider, String> {
        let assumed = (format!("hashicorp/{local}"), None);
        let (source, _) = self.module.providers.get(local).unwrap_or(&assumed);
        let known = self
            .facts
            .providers
            .values()
            .find(|provider| provider.source == *source);
        known.ok_or_else(|| format!("nothing is known of provider {source}"))
    }

    fn provider_version(&mut self, local: &str, source: &str, constraint: Option<&str>) {
        let known = self
            .facts
            .providers
            .values()
            .find(|provider| provider.source == source);
        let (Some(known), Some(constraint)) = (known, constraint) else {
            return;
        };
        if versions::admits(constraint, &known.version) != Some(true) {
            let at = format!(
                "{}: required_providers.{local}",
                crate::support::shown(&self.module.dir)
            );
            self.say(
                &at,
                &format!(
                    "{constraint:?} leaves out {}, which is known",
                    known.version
                ),
            );
        }
    }

    fn resource(&mut self, place: Place<'_>, block: &Block, data: bool, ty: &str) {
        if ty == "terraform_data" && !data {
            self.known(
                place,
                block,
                &[&["input", "triggers_replace"], META].concat(),
                META_BLOCKS,
            );
            return self.meta_blocks(place, &block.body);
        }
        if ty == "terraform_remote_state" && data {
            return;
        }
        let provider = match self.provider_of(ty.split('_').next().unwrap_or_default()) {
            Ok(provider) => provider,
            Err(error) => return self.at(place, block, &error),
        };
        let schemas = if data {
            &provider.data_sources
        } else {
            &provider.resources
        };
        match schemas.get(ty) {
            Some(schema) => self.body(place, &block.body, schema, META, META_BLOCKS),
            None => self.at(place, block, &format!("nothing is known of {ty}")),
        }
        self.meta_blocks(place, &block.body);
    }

    fn meta_blocks(&mut self, place: Place<'_>, body: &Body) {
        const ARGUMENTS: &[&str] = &[
            "create_before_destroy",
            "ignore_changes",
            "prevent_destroy",
            "replace_triggered_by",
        ];
        for lifecycle in body.get_blocks("lifecycle") {
            let name = format!("{}.lifecycle", place.name);
            let place = Place {
                file: place.file,
                name: &name,
            };
            self.known(
                place,
                lifecycle,
                ARGUMENTS,
                &["postcondition", "precondition"],
            );
        }
    }

    /// A block whose arguments are Terraform's own.
    fn known(&mut self, place: Place<'_>, block: &Block, arguments: &[&str], blocks: &[&str]) {
        for attribute in block.body.attributes() {
            if !arguments.contains(&attribute.key.as_str()) {
                self.at(
                    place,
                    block,
                    &format!("unknown argument {:?}", attribute.key.as_str()),
                );
            }
        }
        for inner in block.body.blocks() {
            if !blocks.contains(&inner.ident.as_str()) {
                self.at(
                    place,
                    inner,
                    &format!("unknown block {:?}", inner.ident.as_str()),
                );
            }
        }
    }

    fn variable(&mut self, place: Place<'_>, block: &Block) {
        let arguments = [
            "default",
            "deprecated",
            "description",
            "ephemeral",
            "nullable",
            "sensitive",
            "type",
        ];
        self.known(place, block, &arguments, &["validation"]);
        for validation in block.body.get_blocks("validation") {
            self.known(place, validation, &["condition", "error_message"], &[]);
        }
        let variable = self.module.variables.get(&label(block, 0));
        if let (Some(variable), Some(default)) = (variable, block.body.get_attribute("default")) {
            for finding in hcl_value::check(self.module, &variable.ty, &default.value, "default") {
                self.at(place, block, &finding);
            }
        }
    }

    /// Arguments and blocks against a schema.
    fn body(
        &mut self,
        place: Place<'_>,
        body: &Body,
        schema: &Schema,
        meta: &[&str],
        meta_blocks: &[&str],
    ) {
        for attribute in body.attributes() {
            let key = attribute.key.as_str();
            let at = place
                .file
                .at(hcl_edit::Span::span(attribute).map(|span| span.start));
            match schema.attributes.get(key) {
                _ if meta.contains(&key) => {}
                Some(known) if !known.settable => {
                    self.say(&at, &format!("{}: {key:?} can only be read", place.name));
                }
                Some(known) => {
                    if known.deprecated {
                        self.say(&at, &format!("{}: {key:?} is deprecated", place.name));
                    }
                    let path = format!("{}.{key}", place.name);
                    for finding in hcl_value::check(self.module, &known.ty, &attribute.value, &path)
                    {
                        self.say(&at, &finding);
                    }
                }
                None if schema.blocks.contains_key(key) => {
                    self.say(
                        &at,
                        &format!("{}: {key:?} is a block, not an argument", place.name),
                    );
                }
                None => self.say(&at, &format!("{}: unknown argument {key:?}", place.name)),
            }
        }
        for (key, known) in &schema.attributes {
            if known.required && !body.has_attribute(key) {
                self.say(
                    &start(place, body),
                    &format!("{}: {key:?} is missing", place.name),
                );
            }
        }
        self.nested_blocks(place, body, schema, meta_blocks);
    }

    fn nested_blocks(&mut self, place: Place<'_>, body: &Body, schema: &Schema, meta: &[&str]) {
        let mut counts: BTreeMap<String, u64> = BTreeMap::new();
        for block in body
            .blocks()
            .filter(|block| !meta.contains(&block.ident.as_str()))
        {
            let dynamic = block.has_ident("dynamic");
            let key = if dynamic {
                label(block, 0)
            } else {
                block.ident.to_string()
            };
            let Some(Nested { schema, .. }) = schema.blocks.get(&key) else {
                let what = match schema.attributes.get(&key) {
                    Some(_) => "is an argument, not a block",
                    None => "is no block of it",
                };
                self.at(place, block, &format!("{key:?} {what}"));
                continue;
            };
            *counts.entry(key.clone()).or_default() += 1;
            let name = format!("{}.{key}", place.name);
            let place = Place {
                file: place.file,
                name: &name,
            };
            if dynamic {
                self.known(
                    place,
                    block,
                    &["for_each", "iterator", "labels"],
                    &["content"],
                );
                for content in block.body.get_blocks("content") {
                    self.body(place, &content.body, schema, &[], &[]);
                }
            } else {
                self.body(place, &block.body, schema, &[], &[]);
            }
        }
        for (key, Nested { min, max, .. }) in &schema.blocks {
            let count = counts.get(key).copied().unwrap_or(0);
            if count < *min || (*max > 0 && count > *max) {
                let what = format!(
                    "{}: {count} blocks {key:?}, {min} to {max} wanted",
                    place.name
                );
                self.say(&start(place, body), &what);
            }
        }
    }

    /// A call of a module: its inputs, and of a registry module the version.
    fn call(&mut self, place: Place<'_>, block: &Block) {
        let text = |key| block.body.get_attribute(key).and_then(|a| a.value.as_str());
        let Some(source) = text("source") else {
            return self.at(place, block, "\"source\" is missing or no plain string");
        };
        if source.starts_with('.') {
            return match self.modules.get(&resolved(&self.module.dir, source)) {
                Some(called) => self.inputs(place, block, &called.variables),
                None => self.at(place, block, &format!("no .tf files in {source}")),
            };
        }
        let Some(known) = self.facts.modules.get(source) else {
            return self.at(
                place,
                block,
                &format!("nothing is known of module {source}"),
            );
        };
        match text("version") {
            None => self.at(place, block, "\"version\" is missing"),
            Some(version) if versions::admits(version, &known.version) != Some(true) => {
                self.at(
                    place,
                    block,
                    &format!("{version:?} leaves out {}, which is known", known.version),
                );
            }
            Some(_) => {}
        }
        for (provider, asked) in &known.required_providers {
            // Of two ranges nothing is known; an exact version is in the other's range or not.
            let ours = self
                .module
                .providers
                .values()
                .find(|(source, _)| source == provider);
            if let Some((_, Some(ours))) = ours
                && versions::admits(asked, ours) == Some(false)
            {
                self.at(
                    place,
                    block,
                    &format!("asks for {provider} {asked}, not {ours}"),
                );
            }
        }
        self.inputs(place, block, &known.inputs);
    }

    fn inputs(&mut self, place: Place<'_>, block: &Block, inputs: &BTreeMap<String, Input>) {
        for attribute in block.body.attributes() {
            let key = attribute.key.as_str();
            if META_MODULE.contains(&key) {
                continue;
            }
            let at = place
                .file
                .at(hcl_edit::Span::span(attribute).map(|span| span.start));
            let Some(input) = inputs.get(key) else {
                self.say(&at, &format!("{}: unknown input {key:?}", place.name));
                continue;
            };
            let path = format!("{}.{key}", place.name);
            for finding in hcl_value::check(self.module, &input.ty, &attribute.value, &path) {
                self.say(&at, &finding);
            }
        }
        for (key, input) in inputs {
            if input.required && !block.body.has_attribute(key) {
                self.at(place, block, &format!("input {key:?} is missing"));
            }
        }
        for inner in block.body.blocks() {
            self.at(
                place,
                inner,
                &format!("unknown block {:?}", inner.ident.as_str()),
            );
        }
    }
}

/// Where a body begins, for what it lacks.
fn start(place: Place<'_>, body: &Body) -> String {
    place
        .file
        .at(hcl_edit::Span::span(body).map(|span| span.start))
}

/// A relative source of a module as a folder of the tree.
pub(crate) fn resolved(dir: &Path, source: &str) -> PathBuf {
    let mut resolved = dir.to_owned();
    for part in Path::new(source).components() {
        match part {
            Component::ParentDir => {
                resolved.pop();
            }
            Component::Normal(name) => resolved.push(name),
            _ => {}
        }
    }
    resolved
}
