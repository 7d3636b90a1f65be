//! `landform catalog show`.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::catalog::{Catalogue, Component, ComponentSpec, is_template, value_text};
use crate::error::{Error, Problem, Result, suggest};
use crate::ui::{Printer, style};

/// What a component says of itself, as data.
pub(super) fn summary(component: &Component) -> Value {
    let spec = &component.spec;
    let names = |needs: &[crate::catalog::Need]| -> Vec<Value> {
        needs
            .iter()
            .map(|n| json!({"name": n.name.value, "optional": n.optional, "why": n.why, "when": n.when.0}))
            .collect()
    };
    let questions: Vec<Value> = spec
        .questions
        .iter()
        .map(|q| json!({"name": q.name.value, "prompt": q.prompt, "default": q.default, "choices": q.choices.keys().collect::<Vec<_>>()}))
        .collect();
    let secrets: Vec<Value> = spec
        .secrets
        .iter()
        .map(|s| json!({"name": s.name, "keys": s.keys, "when": s.when.0, "unless": s.unless}))
        .collect();
    json!({
        "name": spec.name.value,
        "layer": spec.layer,
        "category": spec.category,
        "description": spec.description,
        "homepage": spec.homepage,
        "version": spec.source.value.version(),
        "namespace": spec.namespace.name.value,
        "provides": spec.all_provides().map(|p| &p.name).collect::<Vec<_>>(),
        "needs": names(&spec.needs),
        "only": spec.only.iter().map(|p| &p.value).collect::<Vec<_>>(),
        "unfit": spec.unfit.iter().map(|(p, why)| (p.value.clone(), why.clone())).collect::<BTreeMap<_, _>>(),
        "parts": spec.parts.iter().map(|p| &p.name.value).collect::<Vec<_>>(),
        "questions": questions,
        "secrets": secrets,
        "removal": {"keeps": spec.removal.keeps, "loses": spec.removal.loses},
        "notes": spec.notes,
    })
}

/// Shows one component, as text or as data.
///
/// # Errors
/// The catalogue has none of that name.
pub(super) fn show(catalogue: &Catalogue, name: &str, json: bool, printer: &Printer) -> Result<u8> {
    let Some(component) = catalogue.components.get(name) else {
        let near = suggest(name, catalogue.components.keys().map(String::as_str));
        return Err(Error::refused(
            Problem::new(format!("unknown component `{name}`")).hint(near),
        ));
    };
    if json {
        printer.json(&summary(component))?;
        return Ok(0);
    }
    let spec = &component.spec;
    let (bold, faint) = (style::HEADING, style::FAINT);
    let version = spec.source.value.version().unwrap_or("");
    let mut text = format!(
        "{bold}{name} {version}{bold:#}\n{}\n{faint}{}{faint:#}\n",
        spec.description, spec.homepage
    );
    let mut lines = vec![
        ("layer", layer_line(component)),
        ("namespace", spec.namespace.name.value.clone()),
    ];
    lines.extend(place(spec));
    for part in &spec.parts {
        lines.push(("part", format!("{name}-{}", part.name.value)));
    }
    lines.extend(questions(spec));
    lines.extend(secrets(spec));
    let removal = &spec.removal;
    lines.extend(
        removal
            .loses
            .iter()
            .map(|l| ("removal", format!("loses {l}"))),
    );
    lines.extend(
        removal
            .keeps
            .iter()
            .map(|k| ("removal", format!("keeps {k}"))),
    );
    lines.extend(spec.notes.iter().map(|note| ("note", note.clone())));
    for (label, value) in lines {
        let _ = write!(text, "\n{label:12} {value}");
    }
    printer.product(&text);
    Ok(0)
}

type Line = (&'static str, String);

/// What it gives, what it needs, and where it does not fit.
fn place(spec: &ComponentSpec) -> Vec<Line> {
    let mut lines = Vec::new();
    for given in spec.all_provides() {
        let when = given.when.words().map(|when| format!(", {when}"));
        let when = when.unwrap_or_default();
        lines.push(("provides", format!("{}{when}", given.name)));
    }
    for need in &spec.needs {
        let kind = if need.optional { "if there, " } else { "" };
        let when = need.when.words().map(|when| format!(", {when}"));
        let why = need.why.as_ref().map(|why| format!(": {why}"));
        let (when, why) = (when.unwrap_or_default(), why.unwrap_or_default());
        lines.push(("needs", format!("{kind}{}{when}{why}", need.name.value)));
    }
    if !spec.only.is_empty() {
        let only: Vec<&str> = spec.only.iter().map(|p| p.value.as_str()).collect();
        lines.push(("only on", only.join(", ")));
    }
    for (provider, reason) in &spec.unfit {
        lines.push(("not on", format!("{}: {reason}", provider.value)));
    }
    for (fact, reasons) in &spec.unfit_when {
        for (value, reason) in reasons {
            let text = format!("{} is {value}: {reason}", fact.value);
            lines.push(("not where", text));
        }
    }
    for conflict in &spec.conflicts {
        lines.push(("not beside", conflict.value.clone()));
    }
    lines
}

fn questions(spec: &ComponentSpec) -> Vec<Line> {
    let mut lines = Vec::new();
    for question in &spec.questions {
        let when = question.when.words().map(|when| format!(", {when}"));
        let when = when.unwrap_or_default();
        let name = &question.name.value;
        lines.push(("asks", format!("{name}: {}{when}", question.prompt)));
        let choices = question.choices.iter();
        lines
            .extend(choices.map(|(name, choice)| ("  choice", format!("{name}: {}", choice.text))));
        let default = question.default.as_ref().map(value_text);
        if let Some(default) = default.filter(|text| !is_template(text)) {
            lines.push(("  default", default));
        }
    }
    lines
}

fn secrets(spec: &ComponentSpec) -> Vec<Line> {
    let mut lines = Vec::new();
    for secret in &spec.secrets {
        let when = secret.when.words().map(|when| format!(", {when}"));
        let unless = match secret.unless.as_slice() {
            [] => String::new(),
            unless => format!(", unless there is {}", unless.join(" or ")),
        };
        let when = when.unwrap_or_default();
        lines.push(("secret", format!("{}{when}{unless}", secret.name)));
        let keys = secret.keys.iter();
        lines.extend(keys.map(|(key, meaning)| ("  key", format!("{key}: {meaning}"))));
    }
    lines
}

fn layer_line(component: &Component) -> String {
    let spec = &component.spec;
    let how = match spec.handover.as_ref().map(|h| &h.value) {
        Some(handover) => match &handover.none {
            Some(reason) => format!(", installed by Flux: {reason}"),
            None => ", installed by Terraform, then handed over to Flux".to_owned(),
        },
        None => String::new(),
    };
    format!("{}{how}", spec.layer)
}
