//! `ConfigMap`s and Secrets that values or variables come from, and that nothing makes.

use super::common::{Applied, applied, instead, is_slip};
use super::made::Made;
use crate::check::finding::{Findings, Severity, Spot};
use crate::check::registry::Rule;
use crate::index::{Generated, Located, Lookup, Origin, Repository, group};

pub(in crate::check) const RULE: Rule = Rule {
    id: "missing-values",
    severity: Severity::Error,
    summary: "valuesFrom or substituteFrom names a ConfigMap or Secret that nothing makes, or under another name",
    check,
};

const PLACES: [(&str, &str, &[&str]); 2] = [
    (
        group::KUSTOMIZE,
        "Kustomization",
        &["spec", "postBuild", "substituteFrom"],
    ),
    (group::HELM, "HelmRelease", &["spec", "valuesFrom"]),
];

fn check(repository: &Repository<'_>, findings: &mut Findings) {
    let made = Made::of(repository);
    for (group, kind, path) in PLACES {
        for object in applied(repository, group, kind) {
            for item in object.effective.items(path) {
                look(&object, kind, &item, &made, repository, findings);
            }
        }
    }
}

fn look(
    object: &Applied<'_, '_>,
    kind: &str,
    item: &Located<'_>,
    made: &Made<'_>,
    repository: &Repository<'_>,
    findings: &mut Findings,
) {
    let text = |key: &str| item.get(key).and_then(|node| node.text());
    let (Some(of), Some(node)) = (text("kind"), item.get("name")) else {
        return;
    };
    let Some(name) = object.unit.variables.fill(node.text().unwrap_or_default()) else {
        return;
    };
    let namespace = object.built.namespace.as_deref();
    let found = object
        .cluster
        .find(of, namespace, &name, repository.objects);
    match &found {
        Lookup::Found(_, built) => {
            if let Origin::Generated(generated) = &built.origin {
                hashed(object, kind, &node, &name, generated, findings);
            }
            return;
        }
        Lookup::Unknown => return,
        _ => {}
    }
    let optional = text("optional") == Some("true");
    // Made by hand, by Terraform, or by an operator: only a name that is nearly there is surely meant for another.
    let near = match found {
        Lookup::Near(near) => is_slip(&name, near),
        Lookup::Otherwhere(..) => true,
        _ => false,
    };
    if optional && !near || made.has(of, &name) {
        return;
    }
    let message = format!(
        "{kind} {} takes its values from {of} {name}, which nothing here makes",
        object.built.name
    );
    let finding = findings.add(Spot::from(&node), message);
    finding.on(object.cluster);
    if !near {
        finding.because(format!("{of} {name}"));
    }
    finding.effect(format!(
        "{} is not applied until it is there",
        object.built.name
    ));
    finding.hint(format!(
        "make the {of} {name} before, or mark it optional: true"
    ));
    instead(finding, &found, repository);
    if let Some(other) = other_kind(object, of, &name, item, repository) {
        finding.hint(format!("did you mean `kind: {other}`?"));
    } else if !near && (of == "Secret" || is_said_elsewhere(&node, &name, repository)) {
        // An operator, Terraform or somebody's hand makes it.
        finding.severity(Severity::Hint);
    } else if optional {
        finding.severity(Severity::Warning);
        finding.effect("it is left out without a word");
    } else if object.cluster.may_have_more() && !near {
        finding.severity(Severity::Warning);
    }
}

/// The kind under which a name is there, if nothing but this says that it is there under the other one too.
fn other_kind(
    object: &Applied<'_, '_>,
    of: &str,
    name: &str,
    item: &Located<'_>,
    repository: &Repository<'_>,
) -> Option<&'static str> {
    let other = match of {
        "Secret" => "ConfigMap",
        "ConfigMap" => "Secret",
        _ => return None,
    };
    let namespace = object.built.namespace.as_deref();
    let there = object
        .cluster
        .find(other, namespace, name, repository.objects);
    if !matches!(there, Lookup::Found(..)) {
        return None;
    }
    // One of each kind may have the name: whoever takes both, or another who takes this one, says so.
    let at = Spot::from(item).key();
    let says = PLACES.iter().any(|(group, kind, path)| {
        let mut takers = applied(repository, group, kind);
        takers.any(|taker| {
            let items = taker.effective.items(path);
            let mut named = items
                .iter()
                .filter(|item| item.get("name").and_then(|node| node.text()) == Some(name));
            named.any(|each| {
                let kind = each.get("kind").and_then(|node| node.text());
                let same = std::ptr::eq(taker.built, object.built);
                Spot::from(each).key() != at && (kind == Some(of) || same)
            })
        })
    });
    (!says).then_some(other)
}

/// Whether any other file of the repository has the name in it: then it is no slip, and something may make it from that.
fn is_said_elsewhere(node: &Located<'_>, name: &str, repository: &Repository<'_>) -> bool {
    let mut texts = repository.index.texts.values();
    texts.any(|source| source.name != node.source.name && source.text.contains(name))
        || node.source.text.matches(name).count() > 1
}

/// kustomize appends a hash to the name, and does not know this field.
fn hashed(
    object: &Applied<'_, '_>,
    kind: &str,
    node: &Located<'_>,
    name: &str,
    generated: &Generated<'_>,
    findings: &mut Findings,
) {
    if !generated.hashed || object.unit.follows_names {
        return;
    }
    let message = format!(
        "{kind} {} names {name}, which gets a hash behind its name",
        object.built.name
    );
    let finding = findings.add(Spot::from(node), message);
    finding.effect(format!(
        "the {} is never found: kustomize does not rewrite this field",
        generated.kind
    ));
    finding.hint("set disableNameSuffixHash: true at the generator, or add a configuration with nameReference");
    finding.related(
        Spot::node(generated.source, generated.node),
        "it is generated here",
    );
}
