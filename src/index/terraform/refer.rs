//! What references come to: `local.x`, `var.x`, `module.x.y`, an argument of a resource.

use std::collections::BTreeMap;
use std::sync::Arc;

use hcl_edit::Span as _;
use hcl_edit::expr::{Expression, Traversal, TraversalOperator};
use hcl_edit::structure::{Block, Body};

use super::eval::{Ails, Call, Caller, Each, Eval, Outcome, Scope, Trouble};
use super::function;
use super::value::{Map, Value};
use crate::error::Source;

impl<'a> Eval<'_, 'a> {
    pub(super) fn traversal(
        &mut self,
        scope: &Scope<'_, 'a>,
        whole: &'a Expression,
        traversal: &'a Traversal,
    ) -> Outcome<'a> {
        let steps: Vec<&TraversalOperator> = traversal
            .operators
            .iter()
            .map(hcl_edit::Decorated::value)
            .collect();
        let Expression::Variable(root) = &traversal.expr else {
            let value = self.expression(scope, &traversal.expr)?;
            return self.follow(scope, whole, value, &steps);
        };
        let root = root.as_str();
        if let Some(value) = scope.named(root) {
            let value = value.clone();
            return self.follow(scope, whole, value, &steps);
        }
        let Some((TraversalOperator::GetAttr(name), rest)) = steps.split_first() else {
            return Ok(Value::Unknown);
        };
        let name = name.as_str();
        let value = match root {
            "local" => self.local(scope.call, name)?,
            "var" => self.variable(scope.call, name)?,
            "each" => match (&scope.each, name) {
                (Some((key, _)), "key") => key.clone(),
                (Some((_, value)), "value") => value.clone(),
                _ => Value::Unknown,
            },
            "path" => match name {
                "module" => function::place(self.calls[scope.call].folder),
                "root" | "cwd" => function::place(self.calls[0].folder),
                _ => Value::Unknown,
            },
            "module" => return self.output(scope, whole, name, rest),
            "data" | "count" | "self" | "terraform" => Value::Unknown,
            kind => return self.resource(scope, whole, kind, name, rest),
        };
        self.follow(scope, whole, value, rest)
    }

    /// Goes along the steps of a reference.
    fn follow(
        &mut self,
        scope: &Scope<'_, 'a>,
        whole: &'a Expression,
        mut value: Value,
        steps: &[&'a TraversalOperator],
    ) -> Outcome<'a> {
        for (number, step) in steps.iter().enumerate() {
            value = match step {
                TraversalOperator::GetAttr(name) => {
                    Self::attribute(scope, whole, &value, name.as_str())?
                }
                TraversalOperator::Index(written) => {
                    let key = self.expression(scope, written)?;
                    if let (Some(key), Value::Map(map)) = (written.as_str(), &value)
                        && map.origin.is_none()
                        && !map.entries.contains_key(key)
                    {
                        return Err(scope.trouble(Ails::NoKey(key.to_owned()), whole));
                    }
                    Self::indexed(scope, whole, &value, &key)?
                }
                TraversalOperator::LegacyIndex(number) => {
                    let number = u32::try_from(*number.value()).unwrap_or(u32::MAX);
                    Self::indexed(scope, whole, &value, &Value::Number(f64::from(number)))?
                }
                TraversalOperator::AttrSplat(_) | TraversalOperator::FullSplat(_) => {
                    let items = match &value {
                        Value::List(items) => items.to_vec(),
                        Value::Null => Vec::new(),
                        Value::Unknown => return Ok(Value::Unknown),
                        one => vec![one.clone()],
                    };
                    let rest = &steps[number + 1..];
                    let items = items
                        .into_iter()
                        .map(|item| self.follow(scope, whole, item, rest));
                    return Ok(Value::list(items.collect::<Result<_, _>>()?));
                }
            };
        }
        Ok(value)
    }

    fn attribute(
        scope: &Scope<'_, 'a>,
        whole: &Expression,
        value: &Value,
        name: &str,
    ) -> Outcome<'a> {
        match value {
            Value::Unknown => Ok(Value::Unknown),
            Value::Map(map) => match map.entries.get(name) {
                Some(value) => Ok(value.clone()),
                None => Err(scope.trouble(lacks(map, name), whole)),
            },
            _ => Err(scope.trouble(Ails::Other, whole)),
        }
    }

    fn indexed(
        scope: &Scope<'_, 'a>,
        whole: &Expression,
        value: &Value,
        key: &Value,
    ) -> Outcome<'a> {
        match (value, key) {
            (Value::Unknown, _) | (_, Value::Unknown) => Ok(Value::Unknown),
            (Value::List(items), Value::Number(number)) => {
                let count = u32::try_from(items.len()).unwrap_or(u32::MAX);
                let found = (0..count)
                    .zip(items.iter())
                    .find(|(at, _)| f64::from(*at).to_bits() == number.to_bits());
                let found = found.map(|(_, item)| item.clone());
                found.ok_or_else(|| scope.trouble(Ails::Other, whole))
            }
            (Value::Map(_), key) => match key.as_text() {
                Some(key) => Self::attribute(scope, whole, value, &key),
                None => Ok(Value::Unknown),
            },
            _ => Err(scope.trouble(Ails::Other, whole)),
        }
    }

    fn local(&mut self, call: usize, name: &str) -> Outcome<'a> {
        let Some((name, (source, expression))) = self
            .module(call)
            .and_then(|module| module.locals.get_key_value(name))
        else {
            return Ok(Value::Unknown);
        };
        if let Some(known) = self.calls[call].locals.get(name) {
            return known.clone();
        }
        // One that needs itself comes to nothing.
        self.calls[call].locals.insert(name, Ok(Value::Unknown));
        let outcome = self.expression(&Scope::new(call, source), expression);
        self.calls[call].locals.insert(name, outcome.clone());
        outcome
    }

    /// A variable: of a root module whatever somebody sets, of another what its call gives, or else its default.
    fn variable(&mut self, call: usize, name: &str) -> Outcome<'a> {
        let Some(caller) = self.calls[call].by.clone() else {
            let given = self.given.iter().find(|(given, _)| *given == name);
            return Ok(given.map_or(Value::Unknown, |(_, value)| Value::text_of(value)));
        };
        let declared = self
            .module(call)
            .and_then(|module| module.block("variable", name, ""));
        let Some((own, declared)) = declared else {
            return Ok(Value::Unknown);
        };
        // An object with optional entries has more than is given.
        let opens = declared
            .body
            .get_attribute("type")
            .is_some_and(|attribute| {
                let text = own.text.get(attribute.value.span().unwrap_or(0..0));
                text.is_none_or(|text| text.contains("optional("))
            });
        if let Some(given) = caller.block.body.get_attribute(name) {
            let mut scope = Scope::new(caller.call, caller.source);
            scope.each = caller.each;
            let value = self.expression(&scope, &given.value)?;
            return Ok(if opens { Value::Unknown } else { value });
        }
        match declared.body.get_attribute("default") {
            Some(default) if !opens => self.expression(&Scope::new(call, own), &default.value),
            _ => Ok(Value::Unknown),
        }
    }

    /// The instances of a block with `for_each` or `count`: of each its key and value. No answer where that is not
    /// known.
    pub(super) fn instances(
        &mut self,
        call: usize,
        source: &'a Arc<Source>,
        body: &'a Body,
    ) -> Result<Option<Vec<Option<Each>>>, Trouble<'a>> {
        let scope = Scope::new(call, source);
        if let Some(each) = body.get_attribute("for_each") {
            return Ok(match self.expression(&scope, &each.value)? {
                Value::Map(map) => {
                    let pairs = map.entries.iter();
                    Some(
                        pairs
                            .map(|(key, value)| Some((Value::text_of(key), value.clone())))
                            .collect(),
                    )
                }
                Value::List(items) if items.iter().all(Value::is_known) => {
                    let items = items.iter();
                    Some(
                        items
                            .map(|item| Some((item.clone(), item.clone())))
                            .collect(),
                    )
                }
                _ => None,
            });
        }
        if let Some(count) = body.get_attribute("count") {
            return Ok(match self.expression(&scope, &count.value)? {
                Value::Number(number) if number < 1.0 => Some(Vec::new()),
                Value::Number(_) => Some(vec![None]),
                _ => None,
            });
        }
        Ok(Some(vec![None]))
    }

    /// The call of a module of the repository's own by a block.
    pub(super) fn called(
        &mut self,
        call: usize,
        source: &'a Arc<Source>,
        block: &'a Block,
        each: Option<Each>,
    ) -> Option<usize> {
        let (_, folder) = self.module(call)?.called(block)?;
        let (folder, _) = self.modules.get_key_value(folder?.as_str())?;
        let name = block.labels.first()?.as_str();
        let key = each.as_ref().and_then(|(key, _)| key.as_text());
        let key = (call, name, key.unwrap_or_default());
        if let Some(known) = self.children.get(&key) {
            return Some(*known);
        }
        // Modules that call each other have no end.
        if self.calls.len() > 1000 {
            return None;
        }
        let number = self.calls.len();
        self.children.insert(key, number);
        self.calls.push(Call {
            folder,
            by: Some(Caller {
                call,
                source,
                block,
                each,
            }),
            locals: BTreeMap::new(),
        });
        Some(number)
    }

    fn output(
        &mut self,
        scope: &Scope<'_, 'a>,
        whole: &'a Expression,
        name: &str,
        steps: &[&'a TraversalOperator],
    ) -> Outcome<'a> {
        let found = self
            .module(scope.call)
            .and_then(|module| module.block("module", name, ""));
        let Some((source, block)) = found else {
            return Ok(Value::Unknown);
        };
        let many = block.body.has_attribute("for_each") || block.body.has_attribute("count");
        let (each, steps) = match steps.split_first() {
            Some((TraversalOperator::Index(key), rest)) if many => {
                let Some(key) = self.expression(scope, key)?.as_text() else {
                    return Ok(Value::Unknown);
                };
                let Some(instances) = self.instances(scope.call, source, &block.body)? else {
                    return Ok(Value::Unknown);
                };
                let mut instances = instances.into_iter().flatten();
                let found = instances.find(|(own, _)| own.as_text().as_deref() == Some(&key));
                let Some(found) = found else {
                    return Ok(Value::Unknown);
                };
                (Some(found), rest)
            }
            _ if many => return Ok(Value::Unknown),
            _ => (None, steps),
        };
        let Some((TraversalOperator::GetAttr(output), rest)) = steps.split_first() else {
            return Ok(Value::Unknown);
        };
        let Some(child) = self.called(scope.call, source, block, each) else {
            return Ok(Value::Unknown);
        };
        let output = self
            .module(child)
            .and_then(|module| module.block("output", output.as_str(), ""));
        let Some((own, output)) = output else {
            return Ok(Value::Unknown);
        };
        let Some(attribute) = output.body.get_attribute("value") else {
            return Ok(Value::Unknown);
        };
        let value = self.expression(&Scope::new(child, own), &attribute.value)?;
        self.follow(scope, whole, value, rest)
    }

    /// What a resource is given: an argument, or one in a block of it.
    fn resource(
        &mut self,
        scope: &Scope<'_, 'a>,
        whole: &'a Expression,
        kind: &str,
        name: &str,
        steps: &[&'a TraversalOperator],
    ) -> Outcome<'a> {
        let found = self
            .module(scope.call)
            .and_then(|module| module.block("resource", kind, name));
        let Some((source, block)) = found else {
            return Ok(Value::Unknown);
        };
        let mut body = &block.body;
        if body.has_attribute("for_each") || body.has_attribute("count") {
            return Ok(Value::Unknown);
        }
        let mut steps = steps;
        loop {
            let Some((TraversalOperator::GetAttr(word), rest)) = steps.split_first() else {
                return Ok(Value::Unknown);
            };
            // What goes into it comes out of it.
            let word = match (kind, word.as_str()) {
                ("terraform_data", "output") => "input",
                (_, word) => word,
            };
            if let Some(attribute) = body.get_attribute(word) {
                let value = self.expression(&Scope::new(scope.call, source), &attribute.value)?;
                return self.follow(scope, whole, value, rest);
            }
            let Some(inner) = body.get_blocks(word).next() else {
                return Ok(Value::Unknown);
            };
            body = &inner.body;
            steps = match rest.split_first() {
                Some((TraversalOperator::Index(_) | TraversalOperator::LegacyIndex(_), rest)) => {
                    rest
                }
                _ => rest,
            };
        }
    }
}

fn lacks(map: &Map, name: &str) -> Ails {
    match &map.origin {
        Some(origin) => Ails::NoAttribute(
            origin.file.to_string(),
            origin.path.clone(),
            name.to_owned(),
        ),
        None => Ails::Other,
    }
}
