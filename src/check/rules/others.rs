//! References between objects of what usually runs beside Flux: stores of secrets, issuers, gateways, what a scaler
//! signs in with. Told as part of `missing-reference`.

use std::collections::BTreeSet;

use super::common::{instead, is_slip};
use crate::check::finding::{Findings, Severity, Spot};
use crate::index::{Built, Cluster, Effective, Known, Located, Lookup, Repository};

/// A field that names an object of another kind.
struct Named {
    /// The group and kinds that have it.
    group: &'static str,
    kinds: &'static [&'static str],
    /// The lists and maps that lead to it; a list means each of its items.
    path: &'static [&'static str],
    /// The kind that is meant if the reference says none, and the other that it may say.
    of: &'static [&'static str],
    /// The group of that.
    of_group: &'static str,
    /// What comes of it.
    effect: &'static str,
}

const UNREAD: &str = "no Secret is made, and what wants it does not start";
const UNSIGNED: &str = "no certificate is issued";
const UNSERVED: &str = "no gateway serves the route";

/// The fields of these kinds' definitions.
const FIELDS: [Named; 8] = [
    Named {
        group: "external-secrets.io",
        kinds: &["ExternalSecret"],
        path: &["spec", "secretStoreRef"],
        of: &["SecretStore", "ClusterSecretStore"],
        of_group: "external-secrets.io",
        effect: UNREAD,
    },
    Named {
        group: "external-secrets.io",
        kinds: &["ExternalSecret"],
        path: &["spec", "data", "sourceRef", "storeRef"],
        of: &["SecretStore", "ClusterSecretStore"],
        of_group: "external-secrets.io",
        effect: UNREAD,
    },
    Named {
        group: "external-secrets.io",
        kinds: &["ExternalSecret"],
        path: &["spec", "dataFrom", "sourceRef", "storeRef"],
        of: &["SecretStore", "ClusterSecretStore"],
        of_group: "external-secrets.io",
        effect: UNREAD,
    },
    Named {
        group: "external-secrets.io",
        kinds: &["ClusterExternalSecret"],
        path: &["spec", "externalSecretSpec", "secretStoreRef"],
        of: &["SecretStore", "ClusterSecretStore"],
        of_group: "external-secrets.io",
        effect: UNREAD,
    },
    Named {
        group: "external-secrets.io",
        kinds: &["PushSecret"],
        path: &["spec", "secretStoreRefs"],
        of: &["SecretStore", "ClusterSecretStore"],
        of_group: "external-secrets.io",
        effect: "nothing is pushed",
    },
    Named {
        group: "cert-manager.io",
        kinds: &["Certificate"],
        path: &["spec", "issuerRef"],
        of: &["Issuer", "ClusterIssuer"],
        of_group: "cert-manager.io",
        effect: UNSIGNED,
    },
    Named {
        group: "gateway.networking.k8s.io",
        kinds: &["HTTPRoute", "GRPCRoute", "TLSRoute", "TCPRoute", "UDPRoute"],
        path: &["spec", "parentRefs"],
        of: &["Gateway"],
        of_group: "gateway.networking.k8s.io",
        effect: UNSERVED,
    },
    Named {
        group: "keda.sh",
        kinds: &["ScaledObject", "ScaledJob"],
        path: &["spec", "triggers", "authenticationRef"],
        of: &["TriggerAuthentication", "ClusterTriggerAuthentication"],
        of_group: "keda.sh",
        effect: "the trigger does not scale",
    },
];

/// Kinds that have no namespace.
const WIDE: [&str; 3] = [
    "ClusterSecretStore",
    "ClusterIssuer",
    "ClusterTriggerAuthentication",
];

/// Tells of what is not there, where others of its kind are in the repository: then it would be there too.
pub(super) fn check(repository: &Repository<'_>, findings: &mut Findings) {
    let mut told = BTreeSet::new();
    for cluster in &repository.clusters {
        for unit in cluster.units.iter().filter(|unit| !unit.is_remote()) {
            for built in &unit.built {
                let Some(object) = repository.object(built) else {
                    continue;
                };
                let mut fields = FIELDS
                    .iter()
                    .filter(|field| {
                        field.kinds.contains(&object.kind) && field.group == object.group()
                    })
                    .peekable();
                if fields.peek().is_none() || object.nested {
                    continue;
                }
                let Some(effective) = repository.effective(built) else {
                    continue;
                };
                for field in fields {
                    for reference in all(&effective, field.path) {
                        let one = One {
                            cluster,
                            built,
                            field,
                            repository,
                        };
                        one.look(&reference, &unit.variables, &mut told, findings);
                    }
                }
            }
        }
    }
}

/// What lies at the end of a path, through lists.
fn all<'a>(effective: &Effective<'a>, path: &[&str]) -> Vec<Located<'a>> {
    for split in 1..=path.len() {
        let items = effective.items(&path[..split]);
        if !items.is_empty() {
            let rest = &path[split..];
            let ends = items.iter().filter_map(|item| {
                let mut end = item.clone();
                for key in rest {
                    end = end.get(key)?;
                }
                Some(end)
            });
            return ends.collect();
        }
    }
    effective.at(path).into_iter().collect()
}

/// A reference of an object.
struct One<'r, 'a> {
    cluster: &'r Cluster<'a>,
    built: &'r Built<'a>,
    field: &'static Named,
    repository: &'r Repository<'a>,
}

impl One<'_, '_> {
    fn look(
        &self,
        reference: &Located<'_>,
        variables: &crate::index::Variables<'_>,
        told: &mut BTreeSet<(String, usize)>,
        findings: &mut Findings,
    ) {
        let (cluster, field, repository) = (self.cluster, self.field, self.repository);
        let text = |key: &str| {
            let node = reference.get(key)?;
            variables.fill(node.text()?)
        };
        let kind = text("kind").unwrap_or_else(|| field.of[0].to_owned());
        let group = text("group").unwrap_or_else(|| field.of_group.to_owned());
        let (Some(name), Some(node)) = (text("name"), reference.get("name")) else {
            return;
        };
        if !field.of.contains(&kind.as_str()) || group != field.of_group {
            return;
        }
        let own = self.built.home(repository.objects).map(str::to_owned);
        let namespace = text("namespace").or_else(|| own.clone());
        let wide = WIDE.contains(&kind.as_str());
        let namespace = namespace.as_deref().filter(|_| !wide);
        let found = cluster.find(&kind, namespace, &name, repository.objects);
        if matches!(found, Lookup::Found(..) | Lookup::Unknown) {
            return;
        }
        let other = field.of.iter().find(|other| {
            let place = own.as_deref().filter(|_| !WIDE.contains(other));
            let there = cluster.find(other, place, &name, repository.objects);
            **other != kind && matches!(there, Lookup::Found(..))
        });
        let slip = matches!(found, Lookup::Near(near) if is_slip(&name, near));
        let away = matches!(found, Lookup::Otherwhere(..));
        // What lies elsewhere may bring any.
        let known = cluster.start.known != Known::Implied && cluster.open.is_empty();
        if !slip && !(known && (other.is_some() || away || self.is_surely_missing(&kind, &name))) {
            return;
        }
        let at = Spot::from(&node);
        if !told.insert(at.key()) {
            return;
        }
        let place = match namespace.filter(|_| away) {
            Some(namespace) => format!("in the namespace {namespace}"),
            None => "there".to_owned(),
        };
        let message = format!(
            "{} {} names the {kind} {name}, which is not {place}",
            self.built.kind(repository.objects),
            self.built.name
        );
        let finding = findings.add(at, message);
        finding.severity(Severity::Warning);
        finding.on(cluster);
        finding.effect(field.effect);
        finding.hint(format!("name a {kind} that is on this cluster"));
        instead(finding, &found, repository);
        if let Some(other) = other {
            finding.hint(format!("there is a {other} {name}: write kind: {other}"));
        }
    }

    /// Whether an object would be known if it were there: the repository has others of the kind, and no other file has the
    /// name, as values of a chart would.
    fn is_surely_missing(&self, kind: &str, name: &str) -> bool {
        let repository = self.repository;
        let mut objects = repository.objects.all.iter();
        if !objects.any(|object| object.kind == kind) {
            return false;
        }
        let mut texts = repository.index.texts.iter();
        !texts.any(|(path, source)| {
            let text = &source.text;
            // What a generator takes in, or a patch brings, may be values.
            let read = repository.objects.by_file.contains_key(path.as_str());
            (!read || text.contains("HelmRelease")) && text.contains(kind) && text.contains(name)
        })
    }
}
