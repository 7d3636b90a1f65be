//! References between objects of what usually runs beside Flux: stores of secrets, issuers, gateways, what a scaler
//! signs in with. Told as part of `missing-reference`.

use std::collections::{BTreeMap, BTreeSet};

use super::common::{instead, is_slip};
use crate::check::finding::{Findings, Severity, Spot};
use crate::index::{Built, Cluster, Effective, Known, Located, Lookup, Repository, Unit};

/// A field that names an object of another kind.
struct Named {
    /// The group and kinds that have it.
    group: &'static str,
    kinds: &'static [&'static str],
    /// Where it stands: the lists and maps that lead to it; a list means each of its items.
    paths: &'static [&'static [&'static str]],
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
const FIELDS: [Named; 7] = [
    Named {
        group: "external-secrets.io",
        kinds: &["ExternalSecret"],
        paths: &[
            &["spec", "secretStoreRef"],
            &["spec", "data", "sourceRef", "storeRef"],
            &["spec", "dataFrom", "sourceRef", "storeRef"],
        ],
        of: &["SecretStore", "ClusterSecretStore"],
        of_group: "external-secrets.io",
        effect: UNREAD,
    },
    Named {
        group: "external-secrets.io",
        kinds: &["ClusterExternalSecret"],
        paths: &[&["spec", "externalSecretSpec", "secretStoreRef"]],
        of: &["SecretStore", "ClusterSecretStore"],
        of_group: "external-secrets.io",
        effect: UNREAD,
    },
    Named {
        group: "external-secrets.io",
        kinds: &["PushSecret"],
        paths: &[&["spec", "secretStoreRefs"]],
        of: &["SecretStore", "ClusterSecretStore"],
        of_group: "external-secrets.io",
        effect: "nothing is pushed",
    },
    Named {
        group: "cert-manager.io",
        kinds: &["Certificate"],
        paths: &[&["spec", "issuerRef"]],
        of: &["Issuer", "ClusterIssuer"],
        of_group: "cert-manager.io",
        effect: UNSIGNED,
    },
    Named {
        group: "gateway.networking.k8s.io",
        kinds: &["HTTPRoute", "GRPCRoute", "TLSRoute", "TCPRoute", "UDPRoute"],
        paths: &[&["spec", "parentRefs"]],
        of: &["Gateway"],
        of_group: "gateway.networking.k8s.io",
        effect: UNSERVED,
    },
    Named {
        group: "keda.sh",
        kinds: &["ScaledObject", "ScaledJob"],
        paths: &[&["spec", "triggers", "authenticationRef"]],
        of: &["TriggerAuthentication", "ClusterTriggerAuthentication"],
        of_group: "keda.sh",
        effect: "the trigger does not scale",
    },
    Named {
        group: "",
        kinds: &["PersistentVolumeClaim"],
        paths: &[&["spec", "dataSourceRef"]],
        of: &["ReplicationDestination"],
        of_group: "volsync.backube",
        effect: "the volume is not made, and what wants it does not start",
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
    let mut lost_names = Lost::default();
    for cluster in &repository.clusters {
        let mut told = BTreeSet::new();
        let (mut there, mut lost) = (BTreeMap::new(), Vec::new());
        for unit in cluster.units.iter().filter(|unit| !unit.is_remote()) {
            for built in &unit.built {
                for one in references(cluster, unit, built, repository) {
                    if one.is_there(repository) {
                        *there.entry(one.kind.clone()).or_insert(0_usize) += 1;
                    } else {
                        lost.push(one);
                    }
                }
            }
        }
        let mut missing: BTreeMap<(&str, &str), usize> = BTreeMap::new();
        for one in &lost {
            *missing.entry((&one.kind, &one.name)).or_default() += 1;
        }
        for one in &lost {
            // Where nearly all of a cluster name what is there, what only few name is nowhere.
            let right = there.get(&one.kind).copied().unwrap_or_default();
            let rare = right >= MANY * missing[&(one.kind.as_str(), one.name.as_str())];
            let none = right == 0;
            one.look(
                (rare, none),
                repository,
                &mut lost_names,
                &mut told,
                findings,
            );
        }
    }
}

/// How many must name what is there, for each that names what is not, so that this is surely wrong.
const MANY: usize = 3;

/// The references of an object.
fn references<'r, 'a>(
    cluster: &'r Cluster<'a>,
    unit: &'r Unit<'a>,
    built: &'r Built<'a>,
    repository: &'r Repository<'a>,
) -> Vec<One<'r, 'a>> {
    let mut found = Vec::new();
    let Some(object) = repository.object(built).filter(|object| !object.nested) else {
        return found;
    };
    let mut fields = FIELDS
        .iter()
        .filter(|field| field.kinds.contains(&object.kind) && field.group == object.group())
        .peekable();
    if fields.peek().is_none() {
        return found;
    }
    let Some(effective) = repository.effective(built) else {
        return found;
    };
    for field in fields {
        let paths = field.paths.iter();
        let references = paths.flat_map(|path| all(&effective, path));
        found.extend(
            references.filter_map(|reference| {
                One::of(cluster, unit, built, field, &reference, repository)
            }),
        );
    }
    found
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
    kind: String,
    name: String,
    /// Where it is looked for; none for what has no namespace.
    namespace: Option<String>,
    /// The namespace of the object itself.
    own: Option<String>,
    at: Spot,
}

impl<'r, 'a> One<'r, 'a> {
    fn of(
        cluster: &'r Cluster<'a>,
        unit: &'r Unit<'a>,
        built: &'r Built<'a>,
        field: &'static Named,
        reference: &Located<'a>,
        repository: &Repository<'a>,
    ) -> Option<Self> {
        let text = |key: &str| {
            let node = reference.get(key)?;
            unit.variables.fill(node.text()?)
        };
        let kind = text("kind").unwrap_or_else(|| field.of[0].to_owned());
        let group = text("group").unwrap_or_else(|| field.of_group.to_owned());
        let (name, node) = (text("name")?, reference.get("name")?);
        if !field.of.contains(&kind.as_str()) || group != field.of_group {
            return None;
        }
        let own = built.home(repository.objects).map(str::to_owned);
        let namespace = text("namespace").or_else(|| own.clone());
        let wide = WIDE.contains(&kind.as_str());
        Some(Self {
            cluster,
            built,
            field,
            kind,
            name,
            namespace: namespace.filter(|_| !wide),
            own,
            at: Spot::from(&node),
        })
    }

    fn found(&self, repository: &Repository<'a>) -> Lookup<'r, 'a> {
        let namespace = self.namespace.as_deref();
        self.cluster
            .find(&self.kind, namespace, &self.name, repository.objects)
    }

    /// Whether it leads somewhere, or may do so.
    fn is_there(&self, repository: &Repository<'a>) -> bool {
        matches!(self.found(repository), Lookup::Found(..) | Lookup::Unknown)
    }

    /// Tells of it, if it surely leads to nothing.
    fn look(
        &self,
        (rare, none): (bool, bool),
        repository: &Repository<'a>,
        names: &mut Lost,
        told: &mut BTreeSet<(String, usize)>,
        findings: &mut Findings,
    ) {
        let (cluster, field, kind, name) = (self.cluster, self.field, &self.kind, &self.name);
        let found = self.found(repository);
        let other = field.of.iter().find(|other| {
            let place = self.own.as_deref().filter(|_| !WIDE.contains(other));
            let there = cluster.find(other, place, name, repository.objects);
            **other != kind.as_str() && matches!(there, Lookup::Found(..))
        });
        let slip = matches!(found, Lookup::Near(near) if is_slip(name, near));
        let away = matches!(found, Lookup::Otherwhere(..));
        // What lies elsewhere may bring any.
        let known = cluster.start.known != Known::Implied && !cluster.may_have_more();
        // So is one of the other kind, where nobody has any of this.
        let alike = rare || none && other.is_some();
        let sure = known || alike && cluster.start.known != Known::Implied;
        let mut lost = || other.is_some() || away || names.has(kind, name, repository);
        if !(slip || sure && lost()) || !told.insert(self.at.key()) {
            return;
        }
        let place = match self.namespace.as_deref().filter(|_| away) {
            Some(namespace) => format!("in the namespace {namespace}"),
            None => "there".to_owned(),
        };
        let message = format!(
            "{} {} names the {kind} {name}, which is not {place}",
            self.built.kind(repository.objects),
            self.built.name
        );
        let finding = findings.add(self.at.clone(), message);
        finding.severity(Severity::Warning);
        finding.on(cluster);
        finding.effect(field.effect);
        finding.hint(format!("name a {kind} that is on this cluster"));
        instead(finding, &found, repository);
        if let Some(other) = other {
            finding.hint(format!("there is a {other} {name}: write kind: {other}"));
        }
    }
}

/// Kinds and names of which it has been looked up whether they are surely nowhere.
#[derive(Default)]
struct Lost(BTreeMap<(String, String), bool>);

impl Lost {
    fn has(&mut self, kind: &str, name: &str, repository: &Repository<'_>) -> bool {
        let key = (kind.to_owned(), name.to_owned());
        let known = self.0.entry(key);
        *known.or_insert_with(|| is_surely_missing(kind, name, repository))
    }
}

/// Whether an object would be known if it were there: the repository has others of the kind, and no other file has the
/// name, as values of a chart would.
fn is_surely_missing(kind: &str, name: &str, repository: &Repository<'_>) -> bool {
    if repository.objects.of_name(kind).next().is_none() {
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
