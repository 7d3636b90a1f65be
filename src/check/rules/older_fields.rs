//! Misspelt fields of versions of Flux's kinds that are no longer served, whose definitions are not at hand: most fields
//! are called as in the version that is. Told as part of `misspelt-field`.

use super::common::{is_slip, mend_slip};
use crate::check::facts::fields::{Field, Kinds};
use crate::check::finding::{Findings, Severity, Spot};
use crate::index::{Object, Repository};
use crate::yaml::Node;

/// Tells of fields that are a slip of one that is there today, and that is not said beside them.
pub(super) fn look(
    object: &Object<'_>,
    kinds: &Kinds,
    repository: &Repository<'_>,
    findings: &mut Findings,
) {
    let mut same = kinds.iter().filter(|((api, kind), _)| {
        let group = api.split_once('/').map_or("", |(group, _)| group);
        *kind == object.kind && group == object.group() && *api != object.api
    });
    let (Some((_, fields)), Some(spec)) = (same.next(), object.node.get("spec")) else {
        return;
    };
    if let [spec_field] = &fields[..]
        && repository.reached.contains(object.file())
    {
        walk(spec, &spec_field.fields, object, findings);
    }
}

/// Fields that those versions had, and that are named nearly as one of today.
const WENT: [&str; 1] = ["valuesFile"];

fn walk(node: &Node, fields: &[Field], object: &Object<'_>, findings: &mut Findings) {
    if fields.is_empty() {
        return;
    }
    for item in node.items() {
        walk(item, fields, object, findings);
    }
    for (key, value) in node.entries() {
        let Some(name) = key.text() else { continue };
        if let Some(field) = fields.iter().find(|field| field.name == name) {
            walk(value, &field.fields, object, findings);
            continue;
        }
        let meant = fields
            .iter()
            .find(|field| is_slip(name, field.name) && node.get(field.name).is_none());
        let meant = meant.filter(|_| !WENT.contains(&name));
        if let Some(meant) = meant {
            let message = format!("{} has no field {name} here", object.kind);
            let finding = findings.add(Spot::node(object.source, key), message);
            finding.severity(Severity::Warning);
            finding.effect("the API server refuses it, or leaves it out without a word");
            finding.hint(format!("did you mean `{}`?", meant.name));
            mend_slip(finding, meant.name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::misspelt_field::RULE;
    use crate::check::{Config, check};
    use crate::index::{Index, Objects, Repository};

    #[test]
    fn slips_of_older_versions_are_told_and_their_own_fields_are_not() {
        let text = "apiVersion: helm.toolkit.fluxcd.io/v2beta2\nkind: HelmRelease\nmetadata: {name: a, namespace: b}\n\
                    spec:\n  intervall: 1h\n  chart:\n    spec: {chart: web, valuesFile: x.yaml}\n";
        let unit = "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\n\
                    metadata: {name: web, namespace: flux-system}\n\
                    spec: {interval: 1h, path: ./apps, sourceRef: {kind: GitRepository, name: flux-system}}\n";
        let texts = [("apps/a.yaml", text), ("clusters/web.yaml", unit)];
        let texts = texts.map(|(path, text)| (path.to_owned(), text.to_owned()));
        let index = Index::of_texts(texts.into());
        let objects = Objects::of(&index);
        let repository = Repository::of(&index, &objects);
        let found = check(&repository, &[RULE.id], &Config::default()).findings;
        let told: Vec<&str> = found
            .iter()
            .map(|finding| finding.message.as_str())
            .collect();
        assert_eq!(told, ["HelmRelease has no field intervall here"]);
    }
}
