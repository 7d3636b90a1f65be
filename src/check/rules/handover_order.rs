//! Charts that a bootstrap installs in an order, or into places, in which they cannot come up, or that Flux never takes
//! over.

use std::collections::BTreeSet;

use super::handover::{Pair, merged, pairs, release_of, title, values_of};
use crate::check::finding::{Findings, Severity, Spot};
use crate::check::registry::Rule;
use crate::index::terraform::{How, Installed, Stack, Value};
use crate::index::{Cluster, Known, Repository, group};

pub(in crate::check) const RULE: Rule = Rule {
    id: "handover-order",
    severity: Severity::Warning,
    summary: "charts that a bootstrap installs before what they need, or that Flux does not take over",
    check,
};

type Told = BTreeSet<(String, usize, String)>;

/// Namespaces that are there from the beginning, or that the bootstrap makes itself.
const THERE: [&str; 4] = ["default", "flux-system", "kube-public", "kube-system"];

fn check(repository: &Repository<'_>, findings: &mut Findings) {
    let mut told = Told::new();
    for stack in &repository.terraform.stacks {
        if stack.bootstraps.is_empty() {
            continue;
        }
        let clusters = repository.clusters_of(stack);
        instances(stack, &clusters, &mut told, repository, findings);
        for installed in &stack.installed {
            if matches!(installed.how, How::Job(_)) {
                namespace(stack, installed, &mut told, findings);
                for cluster in &clusters {
                    adopted(installed, cluster, &mut told, repository, findings);
                }
            }
        }
    }
    let pairs = pairs(repository);
    for pair in &pairs {
        order(pair, &pairs, &mut told, findings);
        definitions(pair, &mut told, repository, findings);
    }
}

fn new(told: &mut Told, at: &Spot, what: &str) -> bool {
    let (file, byte) = at.key();
    told.insert((file, byte, what.to_owned()))
}

fn place(installed: &Installed<'_>) -> Spot {
    Spot::span(installed.source, installed.span.clone())
}

/// The FluxInstance that Terraform applies is one that Flux applies again.
fn instances(
    stack: &Stack<'_>,
    clusters: &[&Cluster<'_>],
    told: &mut Told,
    repository: &Repository<'_>,
    findings: &mut Findings,
) {
    for bootstrap in &stack.bootstraps {
        let Value::Text(text) = &bootstrap.instance else {
            continue;
        };
        let Some(file) = text.file.as_deref() else {
            continue;
        };
        let [cluster] = clusters else { continue };
        let open = !cluster.open.is_empty() || cluster.start.known == Known::Implied;
        let mut objects = repository
            .objects
            .of_kind(group::OPERATOR, "FluxInstance")
            .filter(|(_, object)| object.file() == file);
        let Some((_, object)) = objects.next() else {
            continue;
        };
        let at = Spot::name(object);
        if open || cluster.files.contains(file) || !new(told, &at, "") {
            continue;
        }
        let finding = findings.add(
            at,
            "Terraform begins with this FluxInstance, and Flux does not read it",
        );
        finding.effect("it is never taken over: changes of it in Git, also of Flux's version, reach the cluster by Terraform only");
        finding.hint(format!(
            "put the file under {}, and list it in the kustomization there",
            cluster.label()
        ));
    }
}

fn namespace(
    stack: &Stack<'_>,
    installed: &Installed<'_>,
    told: &mut Told,
    findings: &mut Findings,
) {
    let (Some(namespace), Some(bootstrap)) =
        (installed.namespace.as_text(), stack.bootstrap_of(installed))
    else {
        return;
    };
    if THERE.contains(&namespace.as_str())
        || !matches!(installed.makes_namespace, Value::Bool(false))
    {
        return;
    }
    let yamls = match &bootstrap.yamls {
        Value::Null => &[][..],
        Value::List(items) => items,
        _ => return,
    };
    // Each may be of several documents.
    let named = |text: &str| text.contains("kind: Namespace") && text.contains(&namespace);
    let makes = yamls.iter().any(|yaml| match yaml {
        Value::Text(text) => named(&text.text),
        _ => true,
    });
    let at = place(installed);
    if makes || !new(told, &at, &namespace) {
        return;
    }
    let name = installed.name.as_text().unwrap_or_default();
    let finding = findings.add(
        at,
        format!("the bootstrap installs {name} into {namespace}, which nothing makes before"),
    );
    finding.severity(Severity::Error);
    finding.effect("its Job fails: the namespace is not found");
    finding.hint("give its Namespace among prerequisites.yamls, or set create_namespace = true");
}

/// What a bootstrap installs, Flux has to take over.
fn adopted(
    installed: &Installed<'_>,
    cluster: &Cluster<'_>,
    told: &mut Told,
    repository: &Repository<'_>,
    findings: &mut Findings,
) {
    let Some((name, namespace)) = installed.release_id() else {
        return;
    };
    let known = cluster.open.is_empty() && cluster.start.known != Known::Implied;
    let any = repository
        .objects
        .all
        .iter()
        .any(|object| object.nested && object.is(group::HELM, "HelmRelease"));
    if !known || any || release_of(installed, cluster, repository).is_some() {
        return;
    }
    let at = place(installed);
    if new(told, &at, &name) {
        let finding = findings.add(
            at,
            format!(
                "nothing on {} takes {namespace}/{name} over from the bootstrap",
                cluster.label()
            ),
        );
        finding.effect("it stays as it was installed: nobody upgrades it, and what Git says of it is not looked at");
        finding.hint("let the cluster's Flux apply a HelmRelease of that name in that namespace, or take the chart out of prerequisites");
    }
}

/// The order of the charts follows what waits for what in Flux.
fn order(pair: &Pair<'_, '_>, pairs: &[Pair<'_, '_>], told: &mut Told, findings: &mut Findings) {
    let later = pairs.iter().filter(|other| {
        std::ptr::eq(other.stack, pair.stack)
            && std::ptr::eq(other.release.cluster, pair.release.cluster)
            && other.installed.how == pair.installed.how
            && matches!(other.installed.how, How::Job(_))
            && other.number > pair.number
    });
    let needs = needs(pair);
    for other in later {
        let unit = &other.release.unit;
        if !needs.contains(&(unit.namespace.as_str(), unit.name.as_str())) {
            continue;
        }
        let at = place(pair.installed);
        let (name, other_name) = (title(pair), title(other));
        if new(told, &at, &name) {
            let finding = findings.add(
                at,
                format!(
                    "the bootstrap installs {name} before {other_name}, for which it waits in Flux"
                ),
            );
            finding.effect(
                "what it needs is not there yet: its install may fail, and the bootstrap with it",
            );
            finding.hint(format!("install {other_name} before"));
        }
    }
}

/// What the Flux Kustomization of a release waits for, near and far.
fn needs<'p>(pair: &Pair<'p, '_>) -> BTreeSet<(&'p str, &'p str)> {
    let cluster = pair.release.cluster;
    let mut found: BTreeSet<(&str, &str)> = BTreeSet::new();
    let mut queue = vec![pair.release.unit];
    while let Some(unit) = queue.pop() {
        let Some(effective) = &unit.effective else {
            continue;
        };
        for item in effective.items(&["spec", "dependsOn"]) {
            let text = |key: &str| item.get(key).and_then(|node| node.text());
            let Some(name) = text("name") else { continue };
            let namespace = text("namespace").unwrap_or(&unit.namespace);
            let Some(number) = cluster.unit(namespace, name) else {
                continue;
            };
            let next = &cluster.units[number];
            if found.insert((next.namespace.as_str(), next.name.as_str())) {
                queue.push(next);
            }
        }
    }
    found
}

/// Values that bring objects whose definitions come later, where Cilium's chart fails on it (`templates/validate.yaml`).
fn definitions(
    pair: &Pair<'_, '_>,
    told: &mut Told,
    repository: &Repository<'_>,
    findings: &mut Findings,
) {
    let (How::Job(_), Some(bootstrap)) =
        (&pair.installed.how, pair.stack.bootstrap_of(pair.installed))
    else {
        return;
    };
    let yamls = match &bootstrap.yamls {
        Value::Null => &[][..],
        Value::List(items) => items,
        _ => return,
    };
    let Some(layers) = values_of(&pair.release, repository) else {
        return;
    };
    let values = merged(layers.iter().map(|layer| &layer.value));
    let Some((path, what, words)) = enabled(&values) else {
        return;
    };
    let is_cilium = pair
        .installed
        .repository
        .as_text()
        .is_some_and(|from| from.ends_with("/cilium"));
    let brought = yamls.iter().any(|yaml| match yaml {
        Value::Text(text) => text.text.contains(words[0]),
        _ => true,
    });
    let earlier = pair.stack.installed.iter().take(pair.number);
    let earlier = earlier.filter_map(|installed| installed.repository.as_text());
    let trusted = values
        .at(&["prometheus", "serviceMonitor", "trustCRDsExist"])
        .and_then(Value::as_text)
        .is_some_and(|text| text == "true");
    if brought
        || trusted
        || earlier
            .into_iter()
            .any(|from| words.iter().any(|word| from.contains(word)))
    {
        return;
    }
    let Some(layer) = layers
        .iter()
        .rev()
        .find(|layer| layer.value.at(&path).is_some())
    else {
        return;
    };
    let Some(source) = repository.index.texts.get(layer.file) else {
        return;
    };
    let key = path[path.len() - 2];
    let start = source.text.find(key).unwrap_or_default();
    let at = Spot::span(source, start..start + key.len());
    if !new(told, &at, what) {
        return;
    }
    let name = title(pair);
    let finding = findings.add(
        at,
        format!("{name} is told to make {what}, before anything brings their definition"),
    );
    if is_cilium {
        finding.effect("the chart refuses to be installed without it, and the bootstrap fails");
    } else {
        finding.severity(Severity::Hint);
        finding.effect(
            "the install fails on it, unless the chart leaves them out until they are known",
        );
    }
    finding.hint("bring the definitions among the prerequisites, or enable it once Flux runs");
}

/// The path of the first switch that needs definitions of others, what it makes, and what brings those.
fn enabled(values: &Value) -> Option<(Vec<&'static str>, &'static str, [&'static str; 3])> {
    const SWITCHES: [(&[&str], &str, [&str; 3]); 6] = [
        (
            &["prometheus", "serviceMonitor", "enabled"],
            "ServiceMonitors",
            MONITORS,
        ),
        (
            &["operator", "prometheus", "serviceMonitor", "enabled"],
            "ServiceMonitors",
            MONITORS,
        ),
        (
            &["hubble", "metrics", "serviceMonitor", "enabled"],
            "ServiceMonitors",
            MONITORS,
        ),
        (&["serviceMonitor", "enabled"], "ServiceMonitors", MONITORS),
        (
            &["metrics", "serviceMonitor", "enabled"],
            "ServiceMonitors",
            MONITORS,
        ),
        (&["gatewayAPI", "enabled"], "Gateways", GATEWAYS),
    ];
    const MONITORS: [&str; 3] = [
        "monitoring.coreos.com",
        "prometheus-operator",
        "kube-prometheus",
    ];
    const GATEWAYS: [&str; 3] = ["gateway.networking.k8s.io", "gateway-helm", "gateway-crds"];
    let on = |path: &[&str]| matches!(values.at(path), Some(Value::Bool(true)));
    let (path, what, words) = SWITCHES.iter().find(|(path, ..)| on(path))?;
    Some((path.to_vec(), what, *words))
}
