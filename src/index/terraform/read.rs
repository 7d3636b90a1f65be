//! Reads a root module: every block of it and of the modules that it calls.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use hcl_edit::Span as _;
use hcl_edit::expr::Expression;
use hcl_edit::structure::{Block, BlockLabel, Body};

use super::eval::{Ails, Each, Eval, Scope, Trouble};
use super::module::{Module, head};
use super::stack::{Bootstrap, How, Installed, Made, OldForm, Stack};
use super::value::Value;
use crate::error::Source;
use crate::index::Index;

impl<'a> Stack<'a> {
    /// What a root module does, with a variable that is given; `moved` if it is applied from another folder.
    pub(super) fn read(
        index: &'a Index,
        modules: &BTreeMap<&'a str, Module<'a>>,
        folder: &'a str,
        given: Option<(&'a str, String)>,
        moved: bool,
    ) -> Self {
        let mut reader = Reader {
            eval: Eval::new(index, modules, folder),
            stack: Self {
                folder,
                ..Self::default()
            },
            moved,
        };
        reader.eval.given = given;
        let mut at = 0;
        while at < reader.eval.calls.len() && at < 500 {
            reader.visit(at);
            at += 1;
        }
        let mut stack = reader.stack;
        let mut told = BTreeSet::new();
        let key = |trouble: &Trouble<'_>| (trouble.source.name.clone(), trouble.span.start);
        stack.troubles.retain(|trouble| told.insert(key(trouble)));
        stack
    }
}

pub(super) struct Reader<'e, 'a> {
    pub(super) eval: Eval<'e, 'a>,
    pub(super) stack: Stack<'a>,
    moved: bool,
}

impl<'a> Reader<'_, 'a> {
    fn visit(&mut self, call: usize) {
        let Some(module) = self.eval.module(call) else {
            return;
        };
        self.stack.folders.insert(module.folder);
        if module.reads {
            for (source, value) in module.locals.values() {
                self.value(&Scope::new(call, source), value);
            }
        }
        for (source, block) in &module.blocks {
            self.old_forms(module.folder, source, block);
            let instances = match self.eval.instances(call, source, &block.body) {
                Ok(instances) => instances,
                Err(trouble) => {
                    self.trouble(trouble);
                    None
                }
            };
            let perhaps = instances.is_none();
            for each in instances.unwrap_or_else(|| vec![None]) {
                let mut scope = Scope::new(call, source);
                scope.each.clone_from(&each);
                match block.ident.as_str() {
                    "module" => self.call(&scope, block, each),
                    "resource" => self.resource(&scope, block, perhaps),
                    "data" => self.machine(&scope, block),
                    _ => {}
                }
                if module.reads && !block.has_ident("locals") {
                    self.probe(&scope, &block.body);
                }
            }
        }
    }

    /// Evaluates whatever stands in a block, for what Terraform would stop at.
    fn probe(&mut self, scope: &Scope<'_, 'a>, body: &'a Body) {
        for attribute in body.attributes() {
            self.value(scope, &attribute.value);
        }
        for block in body.blocks() {
            self.probe(scope, &block.body);
        }
    }

    pub(super) fn value(&mut self, scope: &Scope<'_, 'a>, expression: &'a Expression) -> Value {
        match self.eval.expression(scope, expression) {
            Ok(value) => value,
            Err(trouble) => {
                self.trouble(trouble);
                Value::Unknown
            }
        }
    }

    fn trouble(&mut self, trouble: Trouble<'a>) {
        let elsewhere = self.moved && matches!(trouble.ails, Ails::NoFile(_) | Ails::NoModule(_));
        if trouble.ails != Ails::Other && !elsewhere {
            self.stack.troubles.push(trouble);
        }
    }

    /// An argument of a block; unknown if it has none.
    fn argument(&mut self, scope: &Scope<'_, 'a>, body: &'a Body, name: &str) -> Value {
        match body.get_attribute(name) {
            Some(attribute) => self.value(scope, &attribute.value),
            None => Value::Null,
        }
    }

    fn call(&mut self, scope: &Scope<'_, 'a>, block: &'a Block, each: Option<Each>) {
        let Some((source, folder)) = self
            .eval
            .module(scope.call)
            .and_then(|module| module.called(block))
        else {
            return;
        };
        if let Some(folder) = folder {
            let there = self.eval.modules.contains_key(folder.as_str());
            let any = there || self.eval.index.has_folder(&folder);
            match block.body.get_attribute("source") {
                Some(attribute) if !any && !folder.is_empty() => {
                    self.trouble(scope.trouble(Ails::NoModule(folder), &attribute.value));
                }
                _ => {
                    self.eval.called(scope.call, scope.source, block, each);
                }
            }
        } else if source.contains("flux-operator-bootstrap") {
            self.bootstrap(scope, block);
        } else {
            self.cluster_module(scope, block, &source);
        }
    }

    fn bootstrap(&mut self, scope: &Scope<'_, 'a>, block: &'a Block) {
        let body = &block.body;
        let resources = self.argument(scope, body, "gitops_resources");
        let managed = self.argument(scope, body, "managed_resources");
        let number = self.stack.bootstraps.len();
        let part = |of: &Value, path: &[&str]| match of {
            Value::Unknown => Value::Unknown,
            of => of.at(path).cloned().unwrap_or(Value::Null),
        };
        let span = head(block);
        let instance = part(&resources, &["instance_yaml"]);
        if let Some(path) = instance
            .decoded()
            .and_then(|instance| instance.at(&["spec", "sync", "path"])?.as_text())
        {
            self.stack.syncs.insert(path);
        }
        let timeout = self.argument(scope, body, "timeout");
        let charts = part(&resources, &["prerequisites", "charts"]);
        self.stack.bootstraps.push(Bootstrap {
            source: scope.source,
            span: span.clone(),
            instance,
            yamls: part(&resources, &["prerequisites", "yamls"]),
            runtime: part(&managed, &["runtime_info"]),
            timeout,
            complete: matches!(charts, Value::List(_) | Value::Null),
        });
        let operator = part(&resources, &["operator_chart"]);
        if let Value::Map(_) = operator {
            let given = |key: &str| match part(&operator, &[key]) {
                Value::Null => Value::Unknown,
                value => value,
            };
            self.stack.installed.push(Installed {
                how: How::Operator(number),
                source: scope.source,
                span: span.clone(),
                name: Value::text_of("flux-operator"),
                namespace: Value::text_of("flux-system"),
                repository: given("repository"),
                chart: Value::Unknown,
                version: given("version"),
                values: Some(match part(&operator, &["values_yaml"]) {
                    Value::Null => Vec::new(),
                    values => vec![values],
                }),
                adoption: Value::Unknown,
                makes_namespace: Value::Bool(true),
            });
        }
        for chart in charts.items() {
            let part = |key: &str| part(chart, &[key]);
            self.stack.installed.push(Installed {
                how: How::Job(number),
                source: scope.source,
                span: span.clone(),
                name: part("name"),
                namespace: part("namespace"),
                repository: part("repository"),
                chart: Value::Unknown,
                version: part("version"),
                values: Some(match part("values_yaml") {
                    Value::Null => Vec::new(),
                    values => vec![values],
                }),
                adoption: part("flux_adoption_check"),
                makes_namespace: part("create_namespace"),
            });
        }
    }

    fn resource(&mut self, scope: &Scope<'_, 'a>, block: &'a Block, perhaps: bool) {
        let Some(kind) = block.labels.first().map(BlockLabel::as_str) else {
            return;
        };
        let body = &block.body;
        match kind {
            "helm_release" => self.release(scope, block, perhaps),
            "flux_bootstrap_git" => {
                let path = self.argument(scope, body, "path").as_text();
                self.stack.syncs.extend(path);
            }
            "kubectl_manifest" => {
                let manifest = self.argument(scope, body, "yaml_body").decoded();
                self.manifest(scope, block, perhaps, manifest);
            }
            "kubernetes_manifest" => {
                let manifest = Some(self.argument(scope, body, "manifest"));
                self.manifest(scope, block, perhaps, manifest);
            }
            _ => {
                if let Some(kind) = kind.strip_prefix("kubernetes_") {
                    self.object(scope, block, kind, perhaps);
                } else {
                    self.machine(scope, block);
                }
            }
        }
    }

    fn release(&mut self, scope: &Scope<'_, 'a>, block: &'a Block, perhaps: bool) {
        let body = &block.body;
        let single = ["set", "set_list", "set_sensitive", "set_wo", "dynamic"];
        let sets = single
            .iter()
            .any(|word| body.has_attribute(word) || body.has_blocks(word));
        let values = match self.argument(scope, body, "values") {
            Value::Null => Some(Vec::new()),
            Value::List(items) => Some(items.to_vec()),
            _ => None,
        };
        let (ignores_all, _) = ignored(body);
        let namespace = match self.argument(scope, body, "namespace") {
            Value::Null => Value::text_of("default"),
            namespace => namespace,
        };
        let installed = Installed {
            how: How::Resource {
                ignores_all,
                perhaps,
            },
            source: scope.source,
            span: head(block),
            name: self.argument(scope, body, "name"),
            namespace,
            repository: self.argument(scope, body, "repository"),
            chart: self.argument(scope, body, "chart"),
            version: self.argument(scope, body, "version"),
            values: values.filter(|_| !sets),
            adoption: Value::Unknown,
            makes_namespace: self.argument(scope, body, "create_namespace"),
        };
        let chart = installed.chart.as_text().unwrap_or_default();
        if chart.ends_with("flux-instance") {
            let values = installed.values.iter().flatten().filter_map(Value::decoded);
            let paths =
                values.filter_map(|values| values.at(&["instance", "sync", "path"])?.as_text());
            self.stack.syncs.extend(paths);
            self.set_path(scope, body);
        }
        self.stack.installed.push(installed);
    }

    /// The folder of a cluster that is set as a single value of the chart flux-instance.
    fn set_path(&mut self, scope: &Scope<'_, 'a>, body: &'a Body) {
        let mut pairs = Vec::new();
        let list = self.argument(scope, body, "set");
        for item in list.items() {
            let text = |key: &str| item.get(key).and_then(Value::as_text);
            pairs.push((text("name"), text("value")));
        }
        for block in body.get_blocks("set") {
            let name = self.argument(scope, &block.body, "name").as_text();
            pairs.push((name, self.argument(scope, &block.body, "value").as_text()));
        }
        let paths = pairs.into_iter().filter_map(|(name, value)| {
            value.filter(|_| name.as_deref() == Some("instance.sync.path"))
        });
        self.stack.syncs.extend(paths);
    }

    fn object(&mut self, scope: &Scope<'_, 'a>, block: &'a Block, kind: &str, perhaps: bool) {
        let Some(metadata) = block.body.get_blocks("metadata").next() else {
            return;
        };
        let Some(name) = self.argument(scope, &metadata.body, "name").as_text() else {
            return;
        };
        let namespace = match self.argument(scope, &metadata.body, "namespace") {
            Value::Null => Some("default".to_owned()),
            namespace => namespace.as_text(),
        };
        let kind = kind.trim_end_matches(|c: char| c.is_ascii_digit());
        let kind = kind.strip_suffix("_v").unwrap_or(kind);
        let kind: String = kind.split('_').map(capital).collect();
        self.make(scope, block, perhaps, (kind, namespace, name));
    }

    fn manifest(
        &mut self,
        scope: &Scope<'_, 'a>,
        block: &'a Block,
        perhaps: bool,
        manifest: Option<Value>,
    ) {
        let Some(manifest) = manifest else { return };
        let text = |path: &[&str]| manifest.at(path).and_then(Value::as_text);
        if let (Some(kind), Some(name)) = (text(&["kind"]), text(&["metadata", "name"])) {
            if kind == "FluxInstance" {
                let path = text(&["spec", "sync", "path"]);
                self.stack.syncs.extend(path);
            }
            let namespace = text(&["metadata", "namespace"]);
            self.make(scope, block, perhaps, (kind, namespace, name));
        }
    }

    fn make(
        &mut self,
        scope: &Scope<'_, 'a>,
        block: &'a Block,
        perhaps: bool,
        (kind, namespace, name): (String, Option<String>, String),
    ) {
        let (all, some) = ignored(&block.body);
        let ignores = all || some || block.body.has_attribute("ignore_fields");
        self.stack.made.push(Made {
            kind,
            namespace,
            name,
            resource: block.labels.first().map_or("", |label| label.as_str()),
            ignores,
            perhaps,
            source: scope.source,
            span: head(block),
        });
    }

    /// Blocks where version 3 of the provider of Helm takes attributes (its CHANGELOG, 3.0.0).
    fn old_forms(&mut self, folder: &'a str, source: &'a Arc<Source>, block: &'a Block) {
        let label = block.labels.first().map(BlockLabel::as_str);
        let words: &[&str] = match (block.ident.as_str(), label) {
            ("provider", Some("helm")) => &["kubernetes", "registry", "experiments"],
            ("resource" | "data", Some("helm_release" | "helm_template")) => {
                &["set", "set_list", "set_sensitive", "postrender"]
            }
            _ => return,
        };
        for inner in block.body.blocks() {
            let word = inner.ident.as_str();
            let dynamic = inner.labels.first().map(BlockLabel::as_str);
            let is_old = words.contains(&word)
                || word == "dynamic" && dynamic.is_some_and(|name| words.contains(&name));
            let known = self.stack.old_forms.iter().any(|known| {
                known.source.name == source.name
                    && Some(known.span.start) == inner.ident.span().map(|s| s.start)
            });
            if is_old && !known {
                self.stack.old_forms.push(OldForm {
                    folder,
                    source,
                    span: inner.ident.span().unwrap_or(0..0),
                    word: dynamic
                        .filter(|_| word == "dynamic")
                        .unwrap_or(word)
                        .to_owned(),
                    words: words_of(block, inner),
                });
            }
        }
    }
}

/// Ends of the words behind which an equals sign makes attributes of a block and of what is in it. For one block of its
/// kind only: several make a list.
fn words_of(block: &Block, inner: &Block) -> Option<Vec<usize>> {
    let word = inner.ident.as_str();
    if word != "kubernetes" || block.body.get_blocks(word).count() != 1 {
        return None;
    }
    let mut words = vec![inner.ident.span()?.end];
    let within: Vec<&Block> = inner.body.blocks().collect();
    match within.as_slice() {
        [] => {}
        [exec] if exec.has_ident("exec") && exec.body.blocks().next().is_none() => {
            words.push(exec.ident.span()?.end);
        }
        _ => return None,
    }
    Some(words)
}

/// Whether changes from outside are left as they are: all of them, or some.
fn ignored(body: &Body) -> (bool, bool) {
    let mut lifecycles = body.get_blocks("lifecycle");
    let found = lifecycles.find_map(|block| block.body.get_attribute("ignore_changes"));
    match found.map(|attribute| &attribute.value) {
        Some(Expression::Variable(word)) => (word.as_str() == "all", true),
        Some(Expression::Array(items)) => (false, !items.is_empty()),
        _ => (false, false),
    }
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}
