//! Is what stands behind an argument of the type that the argument takes?
//! Literals are checked key by key, whatever cannot be known is let through.

use hcl_edit::expr::{Expression, ForExpr, FuncCall, Object};

use super::hcl_module::{Module, key_name, reference};
use super::hcl_type::{Field, Type};

/// Functions that give a string.
const GIVE_TEXT: &[&str] = &[
    "base64decode",
    "base64encode",
    "file",
    "format",
    "join",
    "jsonencode",
    "lower",
    "replace",
    "sha256",
    "substr",
    "templatefile",
    "title",
    "trim",
    "trimprefix",
    "trimspace",
    "trimsuffix",
    "upper",
    "urlencode",
    "yamlencode",
];

/// Functions that give one of their arguments, or some of its entries.
const GIVE_ARGUMENT: &[&str] = &[
    "coalesce",
    "coalescelist",
    "concat",
    "compact",
    "distinct",
    "ephemeralasnull",
    "nonsensitive",
    "reverse",
    "sensitive",
    "setunion",
    "sort",
    "tolist",
    "tomap",
    "toset",
    "try",
];

/// Checks values in one module.
pub(crate) struct Values<'a> {
    module: &'a Module,
    following: Vec<Vec<String>>,
    findings: Vec<String>,
}

/// What is wrong with `value` where `wanted` is taken; `path` is what the value is called.
pub(crate) fn check(module: &Module, wanted: &Type, value: &Expression, path: &str) -> Vec<String> {
    let mut values = Values {
        module,
        following: Vec::new(),
        findings: Vec::new(),
    };
    values.value(wanted, value, path, true);
    values.findings
}

impl Values<'_> {
    /// `whole`: the value is all there is, so nothing required may be missing.
    fn value(&mut self, wanted: &Type, value: &Expression, path: &str, whole: bool) {
        if *wanted == Type::Any {
            return;
        }
        match value {
            Expression::Parenthesis(inner) => self.value(wanted, inner.inner(), path, whole),
            Expression::Conditional(either) => {
                self.value(wanted, &either.true_expr, path, whole);
                self.value(wanted, &either.false_expr, path, whole);
            }
            Expression::Object(object) => self.object(wanted, object, path, whole),
            Expression::Array(array) => match wanted {
                Type::List(of) => {
                    for (at, item) in array.iter().enumerate() {
                        self.value(of, item, &format!("{path}[{at}]"), true);
                    }
                }
                Type::Tuple(of) if of.len() == array.len() => {
                    for (at, (of, item)) in of.iter().zip(array.iter()).enumerate() {
                        self.value(of, item, &format!("{path}[{at}]"), true);
                    }
                }
                _ => self.mismatch(wanted, path, "a list"),
            },
            Expression::ForExpr(each) => self.for_each(wanted, each, path),
            Expression::FuncCall(call) => self.call(wanted, call, path, whole),
            Expression::Variable(_) | Expression::Traversal(_) => {
                self.reference(wanted, value, path, whole);
            }
            _ => self.scalar(wanted, value, path),
        }
    }

    fn mismatch(&mut self, wanted: &Type, path: &str, given: &str) {
        self.findings
            .push(format!("{path} is {given}, {wanted} is wanted"));
    }

    fn scalar(&mut self, wanted: &Type, value: &Expression, path: &str) {
        let given = match value {
            Expression::String(text) => match wanted {
                Type::Text => return,
                Type::Number if text.parse::<f64>().is_ok() => return,
                Type::Bool if matches!(text.as_str(), "true" | "false") => return,
                _ => "a string",
            },
            Expression::StringTemplate(_) | Expression::HeredocTemplate(_) => match wanted {
                Type::Text | Type::Number | Type::Bool => return,
                _ => "a string",
            },
            Expression::Number(_) if !matches!(wanted, Type::Text | Type::Number) => "a number",
            Expression::Bool(_) if !matches!(wanted, Type::Text | Type::Bool) => "a bool",
            _ => return,
        };
        self.mismatch(wanted, path, given);
    }

    fn object(&mut self, wanted: &Type, object: &Object, path: &str, whole: bool) {
        match wanted {
            Type::Map(of) => {
                for (key, value) in object {
                    let key = key_name(key).unwrap_or_else(|| "(…)".to_owned());
                    self.value(of, value.expr(), &format!("{path}.{key}"), true);
                }
            }
            Type::Object(fields) => {
                let mut given = Vec::new();
                for (key, value) in object {
                    let Some(key) = key_name(key) else { continue };
                    match fields.get(&key) {
                        Some(Field { ty, .. }) => {
                            self.value(ty, value.expr(), &format!("{path}.{key}"), true);
                        }
                        None => self.findings.push(format!(
                            "{path} has no key {key:?}, only {}",
                            fields.keys().cloned().collect::<Vec<_>>().join(", ")
                        )),
                    }
                    given.push(key);
                }
                let missing = fields
                    .iter()
                    .filter(|(key, f)| !f.optional && !given.contains(key));
                for (key, _) in missing.filter(|_| whole) {
                    self.findings.push(format!("{path}.{key} is missing"));
                }
            }
            _ => self.mismatch(wanted, path, "an object"),
        }
    }

    fn for_each(&mut self, wanted: &Type, each: &ForExpr, path: &str) {
        match (wanted, each.key_expr.is_some()) {
            (Type::List(of), false) => {
                self.value(of, &each.value_expr, &format!("{path}[*]"), true);
            }
            (Type::Map(of), true) if !each.grouping => {
                self.value(of, &each.value_expr, &format!("{path}[*]"), true);
            }
            (Type::Object(_) | Type::Map(_), true) | (Type::Tuple(_), false) => {}
            (_, true) => self.mismatch(wanted, path, "an object"),
            (_, false) => self.mismatch(wanted, path, "a list"),
        }
    }

    fn call(&mut self, wanted: &Type, call: &FuncCall, path: &str, whole: bool) {
        let name = call.name.name.as_str();
        if GIVE_TEXT.contains(&name) {
            if matches!(
                wanted,
                Type::List(_) | Type::Map(_) | Type::Tuple(_) | Type::Object(_)
            ) {
                self.mismatch(wanted, path, &format!("a string from {name}()"));
            }
        } else if name == "merge" {
            for argument in call.args.iter().filter(|_| !call.args.expand_final()) {
                self.value(wanted, argument, path, false);
            }
        } else if GIVE_ARGUMENT.contains(&name) && !call.args.expand_final() {
            for argument in &call.args {
                self.value(wanted, argument, path, whole);
            }
        }
    }

    fn reference(&mut self, wanted: &Type, value: &Expression, path: &str, whole: bool) {
        let Some((names, true)) = reference(value) else {
            return;
        };
        if let Some(target) = self.module.resolve(&names) {
            if !self.following.contains(&names) {
                let path = format!("{path} ({})", names.join("."));
                self.following.push(names);
                let target = target.clone();
                self.value(wanted, &target, &path, whole);
                self.following.pop();
            }
        } else if let [root, name] = names.as_slice()
            && root == "var"
            && let Some(variable) = self.module.variables.get(name)
            && !wanted.takes(&variable.ty)
        {
            self.mismatch(wanted, path, &format!("var.{name}, {}", variable.ty));
        }
    }
}
