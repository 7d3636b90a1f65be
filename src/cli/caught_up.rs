//! How to see that a cluster has caught up with the first of two steps of a removal.

use std::collections::BTreeSet;

use super::opened::Opened;
use super::removal::{has_parts_first, list};
use crate::catalog::{Component, Layer, Order, Part};
use crate::error::Source;
use crate::model::{Cluster, RepoPath};
use crate::ui::Step;
use crate::yaml::parse_foreign;

/// Flux Kustomizations, as kubectl takes them.
pub(super) const KUSTOMIZATION: &str = "kustomizations.kustomize.toolkit.fluxcd.io";

/// The step: guards and parts of these components are gone from a cluster. kubectl speaks to it.
pub(super) fn caught_up(opened: &Opened, cluster: &Cluster, names: &[&String]) -> Step {
    let mut step = Step {
        title: format!("see that {} has caught up", cluster.name),
        ..Step::default()
    };
    let kubectl = "kubectl -n flux-system";
    let (mut guarded, mut parts_go) = (false, false);
    for name in names {
        let component = &opened.catalogue.components[*name];
        let object = &component.object;
        step.commands
            .push(format!("{kubectl} get {KUSTOMIZATION} {object}"));
        if component.spec.layer == Layer::Infrastructure {
            guarded = true;
            step.commands.push(format!(
                "{kubectl} get {KUSTOMIZATION} {object} -o jsonpath='{{.spec.deletionPolicy}}'"
            ));
        }
        if !has_parts_first(component) {
            continue;
        }
        let parts = component.spec.parts.iter();
        for part in parts.filter(|part| part.order == Order::After) {
            let object = component.part_object(part);
            step.commands.push(format!(
                "{kubectl} wait --for=delete {KUSTOMIZATION}/{object} --timeout=15m"
            ));
            let kinds = applied(opened, cluster, component, part);
            if !kinds.is_empty() {
                parts_go = true;
                let kinds = Vec::from_iter(kinds).join(",");
                step.commands.push(format!(
                    "kubectl get {kinds} --all-namespaces --selector kustomize.toolkit.fluxcd.io/name={object}"
                ));
            }
        }
    }
    step.notes
        .push(format!("{}: ready, at this commit", list(names)));
    if guarded {
        step.notes.push(
            "the deletion policy is printed blank: while it is `Orphan`, Flux has not seen this commit, and would leave everything running"
                .to_owned(),
        );
    }
    if parts_go {
        step.notes.push(
            "of what the parts applied no resources are found any more; what still is waits to be let go of"
                .to_owned(),
        );
    }
    step
}

/// The kinds of objects that a part has on a cluster, as kubectl takes them.
fn applied(
    opened: &Opened,
    cluster: &Cluster,
    component: &Component,
    part: &Part,
) -> BTreeSet<String> {
    let layer = component.spec.layer;
    let name = &component.spec.name.value;
    let folders = [
        format!(
            "clusters/{}/{layer}/{}/",
            cluster.name,
            component.part_unit(part)
        ),
        format!("{layer}/{name}/{}/", part.name.value),
    ];
    let inside = |path: &RepoPath| folders.iter().any(|f| path.as_str().starts_with(f));
    let files = opened.base.iter().filter(|(path, _)| inside(path));
    let kinds = files.filter_map(|(path, text)| {
        let documents = parse_foreign(&Source::new(path.as_str(), text.as_str())).ok()?;
        let text = |key: &str| documents.first()?.get(key)?.text();
        let (api, kind) = (text("apiVersion")?, text("kind")?);
        match api.split_once('/') {
            Some(("kustomize.config.k8s.io", _)) => None,
            Some((group, version)) => Some(format!("{kind}.{version}.{group}")),
            None => Some(kind.to_owned()),
        }
    });
    kinds.collect()
}
