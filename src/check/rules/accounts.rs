//! Accounts that Flux is to act as, and that nothing makes or gives any right to.

use std::cell::LazyCell;
use std::collections::BTreeSet;

use super::common::{Applied, applied_on, is_slip, mend_slip};
use super::made::Made;
use crate::check::finding::{Findings, Severity, Spot};
use crate::error::did_you_mean;
use crate::index::{Cluster, Known, Lookup, Repository, group};

/// Kinds that act as somebody (kustomize-controller, helm-controller: `spec.serviceAccountName`).
const ACTING: [(&str, &str); 2] = [
    (group::KUSTOMIZE, "Kustomization"),
    (group::HELM, "HelmRelease"),
];

/// Kinds by which an account gets rights.
const BINDINGS: [&str; 2] = ["RoleBinding", "ClusterRoleBinding"];

/// Tells of accounts that are not there: those of a slip, and where a cluster is known as a whole any.
pub(super) fn check(repository: &Repository<'_>, findings: &mut Findings) {
    let mut told = BTreeSet::new();
    let made = LazyCell::new(|| Made::of(repository));
    for cluster in &repository.clusters {
        let rights = LazyCell::new(|| Rights::of(cluster, repository));
        for (group, kind) in ACTING {
            for object in applied_on(cluster, repository, group, kind) {
                let Some((message, at, near)) = missing(&object, kind, &rights, &made, repository)
                else {
                    continue;
                };
                if !told.insert(at.key()) {
                    continue;
                }
                let title = &object.built.name;
                let finding = findings.add(at, message);
                finding.severity(Severity::Warning);
                finding.effect(format!(
                    "Flux acts as that account, which may do nothing: {title} fails with \"forbidden\""
                ));
                if let Some(near) = near {
                    finding.hint(format!("did you mean `{near}`?"));
                    mend_slip(finding, &near);
                } else {
                    finding.hint(
                        "add the ServiceAccount and a binding that gives it its rights, both applied before",
                    );
                }
            }
        }
    }
}

/// The message, the place, and the account that may be meant.
type Missing = (String, Spot, Option<String>);

fn missing<'m, F: FnOnce() -> Rights, M: FnOnce() -> Made<'m>>(
    object: &Applied<'_, '_>,
    kind: &str,
    rights: &LazyCell<Rights, F>,
    made: &LazyCell<Made<'m>, M>,
    repository: &Repository<'_>,
) -> Option<Missing> {
    let node = object.effective.at(&["spec", "serviceAccountName"])?;
    // The account is one of the other cluster.
    if object.effective.at(&["spec", "kubeConfig"]).is_some() {
        return None;
    }
    let name = node.text().filter(|name| !name.is_empty())?;
    let name = object.unit.variables.fill(name)?;
    let namespace = object.built.namespace.as_deref();
    let cluster = object.cluster;
    let found = cluster.find("ServiceAccount", namespace, &name, repository.objects);
    let near = match found {
        Lookup::Near(near) if is_slip(&name, near) => Some(near.to_owned()),
        Lookup::Near(_) | Lookup::None | Lookup::Otherwhere(..) => None,
        Lookup::Found(..) | Lookup::Unknown => return None,
    };
    let near = near.or_else(|| {
        let near = did_you_mean(&name, rights.bound.iter().map(|(_, name)| name.as_str()));
        near.filter(|near| is_slip(&name, near)).map(str::to_owned)
    });
    let namespace = namespace.unwrap_or_default();
    // Kubernetes lets one act as an account that is not there: only its rights count.
    let is_bound = rights.bound.contains(&(namespace.to_owned(), name.clone()));
    if is_bound || near.is_none() && !rights.is_all_of(cluster, namespace, &name, made) {
        return None;
    }
    let message = format!(
        "{kind} {} acts as ServiceAccount {name}, which nothing here makes",
        object.built.name
    );
    Some((message, Spot::from(&node), near))
}

/// Who has rights on a cluster, as far as its files say it.
struct Rights {
    /// Accounts that a binding names, by namespace and name.
    bound: BTreeSet<(String, String)>,
    /// Namespaces into which charts put what is not known.
    charts: BTreeSet<String>,
}

impl Rights {
    fn of(cluster: &Cluster<'_>, repository: &Repository<'_>) -> Self {
        let mut rights = Self {
            bound: BTreeSet::new(),
            charts: BTreeSet::new(),
        };
        for kind in BINDINGS {
            for binding in applied_on(cluster, repository, "rbac.authorization.k8s.io", kind) {
                let home = binding.built.namespace.as_deref().unwrap_or_default();
                for subject in binding.effective.items(&["subjects"]) {
                    let text = |key: &str| subject.get(key).and_then(|node| node.text());
                    let namespace = text("namespace").unwrap_or(home);
                    let filled = |text: &str| {
                        let filled = binding.unit.variables.fill(text);
                        filled.unwrap_or_else(|| text.to_owned())
                    };
                    if let Some(name) = text("name") {
                        rights.bound.insert((filled(namespace), filled(name)));
                    }
                }
            }
        }
        for release in applied_on(cluster, repository, group::HELM, "HelmRelease") {
            let target = release.effective.text(&["spec", "targetNamespace"]);
            let homes = [target, release.built.namespace.as_deref()];
            rights
                .charts
                .extend(homes.into_iter().flatten().map(str::to_owned));
        }
        rights
    }

    /// Whether whatever makes an account would be known: nothing of the cluster lies elsewhere, no chart puts anything
    /// beside it, and Terraform does not speak of it. Flux's own namespace has accounts of its own.
    fn is_all_of(
        &self,
        cluster: &Cluster<'_>,
        namespace: &str,
        name: &str,
        made: &Made<'_>,
    ) -> bool {
        let own = name == "default" || name.ends_with("-controller") || name == "flux-operator";
        cluster.start.known != Known::Implied
            && cluster.open.is_empty()
            && !namespace.is_empty()
            && !own
            && !self.charts.contains(namespace)
            && !self.bound.iter().any(|(space, name)| {
                [space, name]
                    .iter()
                    .any(|text| text.contains("${") || text.contains("<<"))
            })
            && !made.by_terraform(name)
    }
}
