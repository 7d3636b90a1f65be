//! Names in workloads and in the values of charts that differ by a slip from what the same build makes.

use std::cell::LazyCell;
use std::collections::{BTreeMap, BTreeSet};

use super::common::{has_open_parts, is_slip, mend_slip};
use super::made::{Made, secrets_of};
use crate::check::finding::{Findings, Severity, Spot};
use crate::check::registry::Rule;
use crate::index::{Cluster, Lookup, Origin, Repository, Unit, folder_of, group};
use crate::yaml::Node;

pub(in crate::check) const RULE: Rule = Rule {
    id: "misspelt-name",
    severity: Severity::Warning,
    summary: "a workload, or a chart's values, name a Secret or the like that is there under almost that name",
    check,
};

/// Kinds whose objects name others in the template of a Pod (Kubernetes, `core/v1` `PodSpec`).
const WORKLOADS: [&str; 8] = [
    "CronJob",
    "DaemonSet",
    "Deployment",
    "Job",
    "Pod",
    "ReplicaSet",
    "ReplicationController",
    "StatefulSet",
];

/// Fields that hold a name themselves, and of what kind. The last two are customs of charts.
const NAMES: [(&str, &str); 5] = [
    ("claimName", "PersistentVolumeClaim"),
    ("secretName", "Secret"),
    ("serviceAccountName", "ServiceAccount"),
    ("existingClaim", "PersistentVolumeClaim"),
    ("existingSecret", "Secret"),
];

/// Fields that hold a map with a `name`, or a list of such.
const REFERENCES: [(&str, &str); 6] = [
    ("secretRef", "Secret"),
    ("secretKeyRef", "Secret"),
    ("imagePullSecrets", "Secret"),
    ("configMapRef", "ConfigMap"),
    ("configMapKeyRef", "ConfigMap"),
    ("configMap", "ConfigMap"),
];

fn check(repository: &Repository<'_>, findings: &mut Findings) {
    let made = Made::of(repository);
    let mut told: BTreeSet<(String, usize)> = BTreeSet::new();
    let copied = LazyCell::new(|| is_copied(repository));
    for cluster in &repository.clusters {
        for unit in &cluster.units {
            look(
                cluster, unit, &made, &copied, &mut told, repository, findings,
            );
        }
    }
}

/// Names by kind and namespace.
type Names<'u> = BTreeMap<(&'static str, &'u str), BTreeSet<String>>;

/// What a unit makes of the kinds that are named.
fn makes<'u, 'a>(unit: &'u Unit<'a>, repository: &'u Repository<'a>) -> Names<'u> {
    let objects = repository.objects;
    let mut names = Names::new();
    let kinds: BTreeSet<&'static str> = NAMES
        .iter()
        .chain(&REFERENCES)
        .map(|(_, kind)| *kind)
        .collect();
    for built in &unit.built {
        let home = built.home(objects).unwrap_or_default();
        let kind = built.kind(objects);
        if let Some(kind) = kinds.iter().find(|known| **known == kind) {
            names
                .entry((kind, home))
                .or_default()
                .insert(built.name.clone());
        }
        let Some(mut said) = repository.object(built).and_then(secrets_of) else {
            continue;
        };
        let said = said.next().unwrap_or(&built.name);
        let name = unit.variables.fill(said).unwrap_or_else(|| said.to_owned());
        names.entry(("Secret", home)).or_default().insert(name);
    }
    names
}

fn look<'a>(
    cluster: &Cluster<'a>,
    unit: &Unit<'a>,
    made: &Made<'_>,
    copied: &LazyCell<bool, impl FnOnce() -> bool>,
    told: &mut BTreeSet<(String, usize)>,
    repository: &Repository<'a>,
    findings: &mut Findings,
) {
    let mut names: Option<Names<'_>> = None;
    let beside = LazyCell::new(|| Beside::of(unit, repository));
    for built in &unit.built {
        let Some(object) = repository.object(built).filter(|object| !object.nested) else {
            continue;
        };
        let root = if object.is(group::HELM, "HelmRelease") {
            object.node.at(&["spec", "values"])
        } else if WORKLOADS.contains(&object.kind) {
            object.node.get("spec")
        } else {
            None
        };
        let mut found = Vec::new();
        named(root, &mut found);
        let home = built.home(repository.objects).unwrap_or_default();
        for (kind, node) in found {
            let Some(name) = node.text().and_then(|text| unit.variables.fill(text)) else {
                continue;
            };
            let names = names.get_or_insert_with(|| makes(unit, repository));
            if let Some(other) = elsewhere(kind, home, &name, names)
                && !**copied
                && let Lookup::Otherwhere(..) =
                    cluster.find(kind, Some(home), &name, repository.objects)
                && !made.has(kind, &name)
            {
                let at = Spot::node(object.source, node);
                if told.insert(at.key()) {
                    away(
                        (object.kind, &built.name),
                        (kind, &name),
                        (home, other),
                        at,
                        findings,
                    );
                }
                continue;
            }
            // One whose name is not known may be it.
            let open = |name: &String| has_open_parts(name);
            let Some(own) = names
                .get(&(kind, home))
                .filter(|own| !own.contains(&name) && !own.iter().any(open))
            else {
                continue;
            };
            let slip = own.iter().find(|own| is_slip(&name, own));
            let folder = folder_of(object.file());
            let alone = || beside.alone(&name, (kind, home), folder);
            let Some(near) = slip.cloned().or_else(alone) else {
                continue;
            };
            let there = cluster.find(kind, None, &name, repository.objects);
            let is_there = matches!(
                there,
                Lookup::Found(..) | Lookup::Otherwhere(..) | Lookup::Unknown
            );
            let at = Spot::node(object.source, node);
            let elsewhere = || slip.is_none() && is_said_elsewhere(&at, &name, repository);
            if is_there
                || made.has(kind, &name)
                || has_open_parts(&name)
                || elsewhere()
                || !told.insert(at.key())
            {
                continue;
            }
            let message = format!(
                "{} {} names {kind} {name}, and {near} is there",
                object.kind, built.name
            );
            let finding = findings.add(at, message);
            finding.effect(format!(
                "unless something else makes {name}, its Pods wait for it and do not start"
            ));
            finding.hint(format!("did you mean `{near}`?"));
            mend_slip(finding, &near);
            if slip.is_none() {
                finding.severity(Severity::Hint);
                finding.hint(format!("did you mean `{near}`? Nothing names that {kind}"));
            }
        }
    }
}

/// The other namespace in which the same build makes an object of a name.
fn elsewhere<'u>(kind: &str, home: &str, name: &str, names: &Names<'u>) -> Option<&'u str> {
    if home.is_empty() {
        return None;
    }
    let mut others = names
        .iter()
        .filter(|((of, _), own)| *of == kind && own.contains(name));
    let ((_, other), _) = others.next()?;
    // Here as well, or in several: then somebody has thought of it.
    (*other != home && !other.is_empty() && others.next().is_none()).then_some(other)
}

/// Whether something on the clusters copies such objects to other namespaces.
fn is_copied(repository: &Repository<'_>) -> bool {
    let marks = [
        "reflector.v1.k8s.emberstack.com",
        "replicator.v1.mittwald.de",
        "ClusterExternalSecret",
        "kubed.appscode.com",
    ];
    let mut texts = repository.index.texts.values();
    texts.any(|source| marks.iter().any(|mark| source.text.contains(mark)))
}

fn away(
    (by, title): (&str, &str),
    (kind, name): (&str, &str),
    (home, other): (&str, &str),
    at: Spot,
    findings: &mut Findings,
) {
    let message = format!(
        "{by} {title} names {kind} {name}, which is made in the namespace {other} and not in {home}"
    );
    let finding = findings.add(at, message);
    finding
        .effect("Pods see what is in their own namespace only: they wait for it and do not start");
    finding.hint(format!("make it in {home}, or apply {title} to {other}"));
}

/// What lies in each folder of a build, and which names are said in all of it.
struct Beside {
    /// Names of objects by folder, kind and namespace.
    made: BTreeMap<(String, String, String), BTreeSet<String>>,
    /// Names that fields say which are called for one.
    said: BTreeSet<String>,
}

impl Beside {
    fn of(unit: &Unit<'_>, repository: &Repository<'_>) -> Self {
        let objects = repository.objects;
        let (mut made, mut said) = (BTreeMap::new(), BTreeSet::new());
        for built in &unit.built {
            let file = match &built.origin {
                Origin::Object(id) => objects.all[*id].file(),
                Origin::Generated(made) => made.source.name.as_str(),
            };
            let home = built.home(objects).unwrap_or_default();
            let key = |kind: &str| (folder_of(file).to_owned(), kind.to_owned(), home.to_owned());
            let kind = built.kind(objects);
            let own: &mut BTreeSet<String> = made.entry(key(kind)).or_default();
            own.insert(built.name.clone());
            let Some(object) = repository.object(built) else {
                continue;
            };
            if let Some(mut names) = secrets_of(object) {
                let name = names.next().unwrap_or(&built.name);
                let own = made.entry(key("Secret")).or_default();
                own.extend(unit.variables.fill(name));
                continue;
            }
            // Of a release its chart and itself are often called alike.
            let paths: &[&[&str]] = if object.is(group::HELM, "HelmRelease") {
                &[&["spec", "values"], &["spec", "valuesFrom"]]
            } else {
                &[&["spec"]]
            };
            for node in paths.iter().filter_map(|path| object.node.at(path)) {
                says(node, unit, &mut said);
            }
        }
        Self { made, said }
    }

    /// The one object of a kind in a folder, if its name is like another, and nothing in the build names it.
    fn alone(&self, name: &str, (kind, home): (&str, &str), folder: &str) -> Option<String> {
        // As operators call what they make themselves.
        if OPERATORS.iter().any(|end| name.ends_with(end)) || name.contains("-pguser-") {
            return None;
        }
        let key = (folder.to_owned(), kind.to_owned(), home.to_owned());
        let mut left = self.made.get(&key)?.difference(&self.said);
        let (one, None) = (left.next()?, left.next()) else {
            return None;
        };
        (!has_open_parts(one) && is_alike(name, one)).then(|| one.clone())
    }
}

/// Ends of names that operators give: `CloudNativePG` to the Secrets of a cluster, cert-manager to that of a certificate.
const OPERATORS: [&str; 5] = ["-app", "-superuser", "-tls", "-ca", "-token"];

/// Whether one name has the words of another and more, or all of them but one, each in its place.
fn is_alike(name: &str, other: &str) -> bool {
    let words = |text| -> Vec<&str> { str::split(text, '-').collect() };
    let (one, other) = (words(name), words(other));
    let within = |few: &[&str], many: &[&str]| few.iter().all(|word| many.contains(word));
    let pairs = one.iter().zip(&other);
    let differ = pairs.filter(|(a, b)| a != b).count();
    within(&one, &other)
        || within(&other, &one)
        || one.len() == other.len() && one.len() > 1 && differ == 1
}

/// The names that fields below a node say which are called for a name, or for what has one.
fn says(node: &Node, unit: &Unit<'_>, said: &mut BTreeSet<String>) {
    let ends = ["name", "secret", "claim", "configmap", "pvc"];
    for item in node.items() {
        says(item, unit, said);
    }
    for (key, value) in node.entries() {
        let key = key.text().unwrap_or_default().to_ascii_lowercase();
        if ends.iter().any(|end| key.ends_with(end)) {
            said.extend(value.text().and_then(|text| unit.variables.fill(text)));
        }
        says(value, unit, said);
    }
}

/// Whether any other file speaks of a name: then something may make it.
fn is_said_elsewhere(at: &Spot, name: &str, repository: &Repository<'_>) -> bool {
    let mut texts = repository.index.texts.values();
    texts.any(|source| source.name != at.file() && source.text.contains(name))
}

/// Every name of an object of some kind, below a node.
fn named<'n>(node: Option<&'n Node>, found: &mut Vec<(&'static str, &'n Node)>) {
    let Some(node) = node else { return };
    for (key, value) in node.entries() {
        let key = key.text().unwrap_or_default();
        if let Some((_, kind)) = NAMES.iter().find(|(name, _)| *name == key) {
            found.extend(value.text().is_some().then_some((*kind, value)));
        }
        if let Some((_, kind)) = REFERENCES.iter().find(|(name, _)| *name == key) {
            let each = std::iter::once(value).chain(value.items());
            let names = each.filter_map(|item| item.get("name"));
            found.extend(names.map(|name| (*kind, name)));
        }
        // What the chart app-template takes for a volume.
        let of_type = match value.get("type").and_then(Node::text) {
            Some("secret") => Some("Secret"),
            Some("configMap") => Some("ConfigMap"),
            _ => None,
        };
        if let (Some(kind), Some(name)) = (of_type, value.get("name")) {
            found.push((kind, name));
        }
        named(Some(value), found);
    }
    for item in node.items() {
        named(Some(item), found);
    }
}
