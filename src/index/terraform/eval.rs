//! What expressions of Terraform come to: as Terraform evaluates them, as far as files say it. What they do not say is
//! unknown, and so is whatever depends on it.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use hcl_edit::Span as _;
use hcl_edit::expr::{
    BinaryOperator, Expression, ForExpr, FuncCall, Object, ObjectKey, UnaryOperator,
};
use hcl_edit::structure::Block;
use hcl_edit::template::Element;

use super::function;
use super::module::Module;
use super::value::Value;
use crate::error::Source;
use crate::index::Index;

/// What Terraform stops at.
#[derive(Debug, Clone)]
pub struct Trouble<'a> {
    /// What it is.
    pub ails: Ails,
    /// The file.
    pub source: &'a Arc<Source>,
    /// Where in it.
    pub span: Range<usize>,
}

/// What is wrong where Terraform stops.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ails {
    /// A file of the repository that is not there.
    NoFile(String),
    /// A folder of a module that is not there.
    NoModule(String),
    /// A file of several documents, where one is wanted.
    Documents(String),
    /// A file that does not say what is read of it: the file, the keys that lead to where something is wanted, and it.
    NoAttribute(String, String, String),
    /// A key that a map does not have, of those that are asked for by a text.
    NoKey(String),
    /// Anything else, of which nothing is told.
    Other,
}

/// What an expression comes to.
pub(super) type Outcome<'a> = Result<Value, Trouble<'a>>;

/// `each.key` and `each.value` of an instance.
pub(super) type Each = (Value, Value);

/// Where an expression stands.
#[derive(Clone)]
pub(super) struct Scope<'s, 'a> {
    /// The number of the call of a module.
    pub(super) call: usize,
    /// The file.
    pub(super) source: &'a Arc<Source>,
    /// `each.key` and `each.value`.
    pub(super) each: Option<Each>,
    /// Names that `for` gives.
    names: Option<&'s Named<'s>>,
}

/// A name that `for` gives.
struct Named<'s> {
    name: &'s str,
    value: Value,
    outer: Option<&'s Self>,
}

impl<'a> Scope<'_, 'a> {
    pub(super) fn new(call: usize, source: &'a Arc<Source>) -> Self {
        Self {
            call,
            source,
            each: None,
            names: None,
        }
    }

    pub(super) fn named(&self, name: &str) -> Option<&Value> {
        let mut next = self.names;
        while let Some(known) = next {
            if known.name == name {
                return Some(&known.value);
            }
            next = known.outer;
        }
        None
    }

    pub(super) fn trouble(&self, ails: Ails, expression: &Expression) -> Trouble<'a> {
        Trouble {
            ails,
            source: self.source,
            span: expression.span().unwrap_or(0..0),
        }
    }
}

/// A module as it is called.
pub(super) struct Call<'a> {
    /// Its folder.
    pub(super) folder: &'a str,
    /// By whom; nobody calls a root module.
    pub(super) by: Option<Caller<'a>>,
    /// `local.*` as far as it was asked for.
    pub(super) locals: BTreeMap<&'a str, Outcome<'a>>,
}

/// The block that calls a module.
#[derive(Clone)]
pub(super) struct Caller<'a> {
    /// The number of the call that it is in.
    pub(super) call: usize,
    /// The file.
    pub(super) source: &'a Arc<Source>,
    /// The block.
    pub(super) block: &'a Block,
    /// For which of its instances.
    pub(super) each: Option<Each>,
}

/// How much is evaluated of one root module at most, and how deep.
const STEPS: usize = 400_000;
const DEPTH: usize = 120;

/// Evaluates what one root module and those that it calls say.
pub(super) struct Eval<'e, 'a> {
    pub(super) index: &'a Index,
    pub(super) modules: &'e BTreeMap<&'a str, Module<'a>>,
    /// The root module is the first.
    pub(super) calls: Vec<Call<'a>>,
    /// A variable of the root module, and what it is taken to be.
    pub(super) given: Option<(&'a str, String)>,
    /// Calls by the caller's number, the block's name and the instance's key.
    pub(super) children: BTreeMap<(usize, &'a str, String), usize>,
    steps: usize,
    depth: usize,
}

impl<'e, 'a> Eval<'e, 'a> {
    pub(super) fn new(
        index: &'a Index,
        modules: &'e BTreeMap<&'a str, Module<'a>>,
        root: &'a str,
    ) -> Self {
        let first = Call {
            folder: root,
            by: None,
            locals: BTreeMap::new(),
        };
        Self {
            index,
            modules,
            calls: vec![first],
            given: None,
            children: BTreeMap::new(),
            steps: 0,
            depth: 0,
        }
    }

    /// The module that a call is of.
    pub(super) fn module(&self, call: usize) -> Option<&'e Module<'a>> {
        self.modules.get(self.calls[call].folder)
    }

    /// What an expression comes to.
    pub(super) fn expression(
        &mut self,
        scope: &Scope<'_, 'a>,
        expression: &'a Expression,
    ) -> Outcome<'a> {
        self.steps += 1;
        if self.steps > STEPS || self.depth > DEPTH {
            return Ok(Value::Unknown);
        }
        self.depth += 1;
        let outcome = self.inner(scope, expression);
        self.depth -= 1;
        outcome
    }

    fn inner(&mut self, scope: &Scope<'_, 'a>, expression: &'a Expression) -> Outcome<'a> {
        match expression {
            Expression::Null(_) => Ok(Value::Null),
            Expression::Bool(value) => Ok(Value::Bool(*value.value())),
            Expression::Number(number) => Ok(number
                .value()
                .as_f64()
                .map_or(Value::Unknown, Value::Number)),
            Expression::String(text) => Ok(Value::text_of(text.value())),
            Expression::Array(items) => {
                let items = items.iter().map(|item| self.expression(scope, item));
                Ok(Value::list(items.collect::<Result<_, _>>()?))
            }
            Expression::Object(object) => self.object(scope, object),
            Expression::StringTemplate(template) => {
                self.template(scope, expression, &template.iter().collect::<Vec<_>>())
            }
            Expression::HeredocTemplate(heredoc) => {
                let value = self.template(
                    scope,
                    expression,
                    &heredoc.template.iter().collect::<Vec<_>>(),
                )?;
                Ok(match value {
                    Value::Text(text) if text.file.is_none() => {
                        let flush = scope.source.text.get(expression.span().unwrap_or(0..0));
                        if flush.is_some_and(|text| text.trim_start().starts_with("<<-")) {
                            Value::text_of(&dedented(&text.text))
                        } else {
                            Value::Text(text)
                        }
                    }
                    value => value,
                })
            }
            Expression::Parenthesis(inner) => self.expression(scope, inner.inner()),
            Expression::Variable(name) => Ok(scope
                .named(name.as_str())
                .cloned()
                .unwrap_or(Value::Unknown)),
            Expression::Conditional(either) => match self.expression(scope, &either.cond_expr)? {
                Value::Bool(true) => self.expression(scope, &either.true_expr),
                Value::Bool(false) => self.expression(scope, &either.false_expr),
                _ => Ok(Value::Unknown),
            },
            Expression::FuncCall(call) => self.function(scope, expression, call),
            Expression::Traversal(traversal) => self.traversal(scope, expression, traversal),
            Expression::UnaryOp(operation) => {
                let value = self.expression(scope, &operation.expr)?;
                Ok(match (operation.operator.value(), value) {
                    (UnaryOperator::Not, Value::Bool(value)) => Value::Bool(!value),
                    (UnaryOperator::Neg, Value::Number(number)) => Value::Number(-number),
                    _ => Value::Unknown,
                })
            }
            Expression::BinaryOp(operation) => {
                let left = self.expression(scope, &operation.lhs_expr)?;
                let operator = *operation.operator.value();
                match (operator, &left) {
                    (BinaryOperator::And, Value::Bool(false))
                    | (BinaryOperator::Or, Value::Bool(true)) => return Ok(left),
                    _ => {}
                }
                let right = self.expression(scope, &operation.rhs_expr)?;
                Ok(function::binary(operator, &left, &right))
            }
            Expression::ForExpr(each) => self.each(scope, expression, each),
        }
    }

    fn object(&mut self, scope: &Scope<'_, 'a>, object: &'a Object) -> Outcome<'a> {
        let mut entries = BTreeMap::new();
        for (key, value) in object {
            let key = match key {
                ObjectKey::Ident(ident) => Some(ident.as_str().to_owned()),
                ObjectKey::Expression(key) => self.expression(scope, key)?.as_text(),
            };
            let Some(key) = key else {
                return Ok(Value::Unknown);
            };
            entries.insert(key, self.expression(scope, value.expr())?);
        }
        Ok(Value::map(entries))
    }

    fn template(
        &mut self,
        scope: &Scope<'_, 'a>,
        whole: &Expression,
        elements: &[&'a Element],
    ) -> Outcome<'a> {
        let alone = elements.len() == 1;
        let mut text = String::new();
        for element in elements {
            match element {
                Element::Literal(literal) => text.push_str(literal.value()),
                Element::Interpolation(inner) => {
                    let value = self.expression(scope, &inner.expr)?;
                    // Terraform takes such a template for what is in it.
                    if alone {
                        return Ok(value);
                    }
                    match value.as_text() {
                        Some(value) => text.push_str(&value),
                        None if matches!(value, Value::Null | Value::List(_) | Value::Map(_)) => {
                            return Err(scope.trouble(Ails::Other, whole));
                        }
                        None => return Ok(Value::Unknown),
                    }
                }
                Element::Directive(_) => return Ok(Value::Unknown),
            }
        }
        Ok(Value::text_of(&text))
    }

    fn each(
        &mut self,
        scope: &Scope<'_, 'a>,
        whole: &'a Expression,
        each: &'a ForExpr,
    ) -> Outcome<'a> {
        let intro = &each.intro;
        let pairs: Vec<(Value, Value)> = match self.expression(scope, &intro.collection_expr)? {
            Value::List(items) => {
                let count = u32::try_from(items.len()).unwrap_or(u32::MAX);
                let keys = (0..count).map(|number| Value::Number(f64::from(number)));
                keys.zip(items.iter().cloned()).collect()
            }
            Value::Map(map) => {
                let entries = map.entries.iter();
                entries
                    .map(|(key, value)| (Value::text_of(key), value.clone()))
                    .collect()
            }
            Value::Unknown => return Ok(Value::Unknown),
            _ => return Err(scope.trouble(Ails::Other, whole)),
        };
        let mut list = Vec::new();
        let mut entries: BTreeMap<String, Value> = BTreeMap::new();
        let mut groups: BTreeMap<String, Vec<Value>> = BTreeMap::new();
        for (key, value) in pairs {
            let first = intro.key_var.as_ref().map(|name| Named {
                name: name.as_str(),
                value: key,
                outer: scope.names,
            });
            let name = Named {
                name: intro.value_var.as_str(),
                value,
                outer: first.as_ref().or(scope.names),
            };
            let inside = Scope {
                names: Some(&name),
                ..scope.clone()
            };
            if let Some(condition) = &each.cond {
                match self.expression(&inside, &condition.expr)? {
                    Value::Bool(true) => {}
                    Value::Bool(false) => continue,
                    _ => return Ok(Value::Unknown),
                }
            }
            let value = self.expression(&inside, &each.value_expr)?;
            let Some(key) = &each.key_expr else {
                list.push(value);
                continue;
            };
            let Some(key) = self.expression(&inside, key)?.as_text() else {
                return Ok(Value::Unknown);
            };
            if each.grouping {
                groups.entry(key).or_default().push(value);
            } else {
                entries.insert(key, value);
            }
        }
        Ok(match (&each.key_expr, each.grouping) {
            (None, _) => Value::list(list),
            (Some(_), false) => Value::map(entries),
            (Some(_), true) => {
                let groups = groups.into_iter();
                Value::map(groups.map(|(key, list)| (key, Value::list(list))).collect())
            }
        })
    }

    fn function(
        &mut self,
        scope: &Scope<'_, 'a>,
        whole: &'a Expression,
        call: &'a FuncCall,
    ) -> Outcome<'a> {
        let name = call.name.name.as_str();
        if !call.name.namespace.is_empty() {
            return Ok(Value::Unknown);
        }
        if name == "try" || name == "can" {
            let mut last = Err(scope.trouble(Ails::Other, whole));
            for argument in &call.args {
                last = self.expression(scope, argument);
                if last.is_ok() {
                    break;
                }
            }
            return match (name, &last) {
                ("try", _) | (_, Ok(Value::Unknown)) => last,
                (_, outcome) => Ok(Value::Bool(outcome.is_ok())),
            };
        }
        let mut arguments = Vec::with_capacity(call.args.len());
        for argument in &call.args {
            arguments.push(self.expression(scope, argument)?);
        }
        if call.args.expand_final() {
            match arguments.pop() {
                Some(Value::List(rest)) => arguments.extend(rest.iter().cloned()),
                _ => return Ok(Value::Unknown),
            }
        }
        let root = self.calls[0].folder;
        match function::files(name, &arguments, root, self.index) {
            Some(Ok(value)) => return Ok(value),
            Some(Err(ails)) => {
                let at = call.args.iter().next().unwrap_or(whole);
                return Err(scope.trouble(ails, at));
            }
            None => {}
        }
        function::pure(name, &arguments).ok_or_else(|| scope.trouble(Ails::Other, whole))
    }
}

/// A text without the spaces that all its lines begin with.
fn dedented(text: &str) -> String {
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    let spaces = |line: &str| line.len() - line.trim_start_matches(' ').len();
    let least = lines.map(spaces).min().unwrap_or_default();
    let lines = text
        .lines()
        .map(|line| line.get(least..).unwrap_or_default());
    lines.flat_map(|line| [line, "\n"]).collect()
}
