//! Custom resources that are applied before what brings their kind.

use std::cell::LazyCell;
use std::collections::{BTreeMap, BTreeSet};

use super::common::{Applied, applied_on};
use super::handover::{merged, values_of};
use crate::check::facts::crds::BROUGHT;
use crate::check::finding::{Findings, Severity, Spot};
use crate::check::registry::Rule;
use crate::index::terraform::Value;
use crate::index::{Built, Cluster, Lookup, Object, Origin, Repository, group};

pub(in crate::check) const RULE: Rule = Rule {
    id: "crd-order",
    severity: Severity::Warning,
    summary: "a custom resource that is applied before what brings its kind",
    check,
};

fn check(repository: &Repository<'_>, findings: &mut Findings) {
    // Where kinds are brought before Flux is there, by helmfile or a script, the order is right.
    if brings_before(repository) {
        return;
    }
    let mut told: BTreeSet<(String, usize)> = BTreeSet::new();
    for cluster in &repository.clusters {
        let bringers = Bringers::of(cluster, repository);
        if bringers.charts.is_empty() {
            continue;
        }
        // What they are called says that they bring kinds, and they lie elsewhere.
        let elsewhere: Vec<&str> = cluster
            .units
            .iter()
            .filter(|unit| unit.name.contains("crd") && !unit.open.is_empty())
            .map(|unit| unit.name.as_str())
            .collect();
        let order = Order::of(cluster);
        let mut late: BTreeMap<(String, usize), Vec<Late>> = BTreeMap::new();
        for (number, unit) in cluster.units.iter().enumerate() {
            // Few have anything that must wait.
            let after = LazyCell::new(|| order.after(number));
            for built in &unit.built {
                let object = repository.object(built);
                if !elsewhere.is_empty()
                    && object.is_some_and(|object| may_bring(&elsewhere, object))
                {
                    continue;
                }
                look(
                    cluster, number, built, &bringers, &after, repository, &mut told, &mut late,
                    findings,
                );
            }
        }
        for late in late.into_values() {
            tell(late, findings);
        }
    }
}

/// Whether a Flux Kustomization that is called for the kinds it brings may be meant for that of an object: `crds` for
/// any, `envoy-gateway-crds` for what has one of its words in its group or in the name of a chart that brings it.
fn may_bring(names: &[&str], object: &Object<'_>) -> bool {
    let brought = BROUGHT
        .iter()
        .filter(|brought| brought.group == object.group() && brought.kinds.contains(&object.kind));
    let charts: Vec<&str> = brought
        .flat_map(|brought| brought.charts)
        .copied()
        .collect();
    names.iter().any(|name| {
        let mut words = name.split('-').filter(|word| !word.contains("crd"));
        let own = words.clone().next().is_none();
        own || words.any(|word| {
            object.group().contains(word) || charts.iter().any(|chart| chart.contains(word))
        })
    })
}

/// An object that does not wait for what brings its kind.
struct Late {
    at: Spot,
    title: String,
    kind: String,
    unit: String,
    release: Spot,
}

/// Tells once of all that should wait for a release.
fn tell(late: Vec<Late>, findings: &mut Findings) {
    let more = late.len() - 1;
    let Some(first) = late.into_iter().next() else {
        return;
    };
    let Late {
        at,
        title,
        kind,
        unit,
        release,
    } = first;
    let (who, does) = match more {
        0 => (title, "does"),
        1 => (format!("{title} and one more object"), "do"),
        more => (format!("{title} and {more} more objects"), "do"),
    };
    let message = format!("{who} {does} not wait for the Helm release that brings their kind");
    let message = if more == 0 {
        message.replace("their kind", "its kind")
    } else {
        message
    };
    let finding = findings.add(at, message);
    finding.because(format!("{} {}", release.file(), unit));
    finding.severity(Severity::Hint);
    finding.effect(format!(
        "on a new cluster {unit} fails with \"no matches for kind {kind}\" until the release is installed"
    ));
    finding.hint(format!(
        "let {unit} wait, by dependsOn, for the Flux Kustomization that brings the release"
    ));
    finding.related(release, "this brings the kind");
}

/// Whether a file that no Flux reads names definitions of kinds, as what bootstraps a cluster does.
fn brings_before(repository: &Repository<'_>) -> bool {
    let index = repository.index;
    // Talos takes manifests in when it makes the cluster.
    let talos = |path: &str, text: &str| {
        text.contains("extraManifests") && !repository.reached.contains(path)
    };
    let mut texts = index.texts.iter();
    if texts.any(|(path, source)| talos(path, &source.text)) {
        return true;
    }
    index.paths.iter().any(|path| {
        let name = path.rsplit('/').next().unwrap_or_default();
        let is_script = path.contains("helmfile") || path.starts_with("bootstrap/");
        let is_list = name.contains("crds") && !index.files.contains_key(path);
        (is_script || is_list) && !repository.reached.contains(path.as_str())
    })
}

/// What brings kinds on a cluster.
struct Bringers<'r> {
    /// By chart: the Flux Kustomizations that apply a release of it, and the place of its name.
    charts: BTreeMap<String, Vec<(usize, Spot)>>,
    /// By group and kind: the Flux Kustomizations that apply the definition itself.
    definitions: BTreeMap<(&'r str, &'r str), BTreeSet<usize>>,
    /// Those that are ready only when the definition of a group and kind is there.
    checked: BTreeMap<(&'r str, &'r str), BTreeSet<usize>>,
}

impl<'r> Bringers<'r> {
    fn of<'a: 'r>(cluster: &'r Cluster<'a>, repository: &'r Repository<'a>) -> Self {
        let mut charts: BTreeMap<String, Vec<(usize, Spot)>> = BTreeMap::new();
        for release in applied_on(cluster, repository, group::HELM, "HelmRelease") {
            let text = |path: &[&str]| release.effective.text(path);
            // What is skipped is the folder `crds` of a chart, and not what it renders if its values ask for it.
            let skips = text(&["spec", "install", "crds"]) == Some("Skip")
                && !asks_for_definitions(&release, repository);
            let suspended = text(&["spec", "suspend"]) == Some("true");
            let name = match text(&["spec", "chart", "spec", "chart"]) {
                Some(chart) => Some(chart.to_owned()),
                None => text(&["spec", "chartRef", "name"]).and_then(|name| {
                    let own = text(&["spec", "chartRef", "namespace"]);
                    let own = own.or(release.built.namespace.as_deref());
                    chart_of(name, own, cluster, repository)
                }),
            };
            let number = cluster
                .units
                .iter()
                .position(|unit| std::ptr::eq(unit, release.unit));
            if let (Some(name), Some(number), false) = (name, number, skips || suspended)
                && let Some(object) = repository.object(release.built)
            {
                charts
                    .entry(name)
                    .or_default()
                    .push((number, Spot::name(object)));
            }
        }
        let mut definitions: BTreeMap<(&str, &str), BTreeSet<usize>> = BTreeMap::new();
        let mut checked: BTreeMap<(&str, &str), BTreeSet<usize>> = BTreeMap::new();
        for (number, unit) in cluster.units.iter().enumerate() {
            for built in &unit.built {
                let Some(object) = repository.object(built) else {
                    continue;
                };
                if object.kind == "CustomResourceDefinition" {
                    let text = |path: &[&str]| object.node.at(path).and_then(|node| node.text());
                    if let (Some(group), Some(kind)) =
                        (text(&["spec", "group"]), text(&["spec", "names", "kind"]))
                    {
                        definitions.entry((group, kind)).or_default().insert(number);
                    }
                }
            }
        }
        // One that waits for the health of a definition is ready when that is there.
        for (number, unit) in cluster.units.iter().enumerate() {
            let effective = unit.effective.iter();
            for check in effective.flat_map(|all| all.items(&["spec", "healthChecks"])) {
                let text = |key: &str| check.get(key).and_then(|node| node.text());
                let (Some("CustomResourceDefinition"), Some(name)) = (text("kind"), text("name"))
                else {
                    continue;
                };
                let brought = BROUGHT.iter();
                for (group, kind) in brought.flat_map(|brought| {
                    let kinds = brought.kinds.iter();
                    kinds.map(|kind| (brought.group, *kind))
                }) {
                    if is_name_of(name, group, kind) {
                        checked.entry((group, kind)).or_default().insert(number);
                    }
                }
            }
        }
        Self {
            charts,
            definitions,
            checked,
        }
    }
}

/// Whether a definition of this name is of a kind: `<plural>.<group>`, as the API server has it.
fn is_name_of(name: &str, group: &str, kind: &str) -> bool {
    let plural = name
        .strip_suffix(group)
        .and_then(|rest| rest.strip_suffix('.'));
    let stem = kind.to_ascii_lowercase();
    plural.is_some_and(|plural| {
        let rest = plural.strip_prefix(stem.trim_end_matches('y'));
        matches!(rest, Some("" | "s" | "es" | "ies" | "ys"))
    })
}

/// Whether the values of a release ask for the definitions as a part of what is rendered.
fn asks_for_definitions(release: &Applied<'_, '_>, repository: &Repository<'_>) -> bool {
    let Some(layers) = values_of(release, repository) else {
        return false;
    };
    let values = merged(layers.iter().map(|layer| &layer.value));
    let places: [&[&str]; 4] = [
        &["crds", "enabled"],
        &["crds", "install"],
        &["installCRDs"],
        &["installCrds"],
    ];
    places.iter().any(|place| {
        let value = values.at(place).and_then(Value::as_text);
        value.as_deref() == Some("true")
    })
}

/// The chart that an `OCIRepository` is of: the last part of its address.
fn chart_of(
    name: &str,
    namespace: Option<&str>,
    cluster: &Cluster<'_>,
    repository: &Repository<'_>,
) -> Option<String> {
    let found = cluster.find("OCIRepository", namespace, name, repository.objects);
    let Lookup::Found(_, built) = found else {
        return None;
    };
    let effective = repository.effective(built)?;
    let url = effective.text(&["spec", "url"])?;
    url.trim_end_matches('/')
        .rsplit('/')
        .next()
        .map(str::to_owned)
}

/// What the Flux Kustomizations of a cluster wait for and apply.
struct Order<'c, 'a> {
    cluster: &'c Cluster<'a>,
    /// For each, its dependencies and its parents.
    direct: Vec<BTreeSet<usize>>,
    /// For each, those that it applies.
    children: Vec<BTreeSet<usize>>,
}

impl<'c, 'a> Order<'c, 'a> {
    fn of(cluster: &'c Cluster<'a>) -> Self {
        let units = &cluster.units;
        let mut direct: Vec<BTreeSet<usize>> = vec![BTreeSet::new(); units.len()];
        for (number, unit) in units.iter().enumerate() {
            for item in unit
                .effective
                .iter()
                .flat_map(|e| e.items(&["spec", "dependsOn"]))
            {
                let text = |key: &str| item.get(key).and_then(|node| node.text());
                let namespace = text("namespace").unwrap_or(&unit.namespace);
                let target = text("name").and_then(|name| cluster.unit(namespace, name));
                direct[number].extend(target);
            }
            direct[number].extend(&unit.parents);
        }
        let mut children: Vec<BTreeSet<usize>> = vec![BTreeSet::new(); units.len()];
        for (number, unit) in units.iter().enumerate() {
            for parent in &unit.parents {
                children[*parent].insert(number);
            }
        }
        Self {
            cluster,
            direct,
            children,
        }
    }

    /// What one comes after: its dependencies, those of its parents, and so on.
    fn after(&self, number: usize) -> BTreeSet<usize> {
        let mut seen = BTreeSet::new();
        let mut stack: Vec<usize> = self.direct[number].iter().copied().collect();
        while let Some(next) = stack.pop() {
            if seen.insert(next) {
                stack.extend(&self.direct[next]);
                // What is waited for waits for what it applies, if it is told to; its own parents do not.
                if !self.cluster.units[number].parents.contains(&next) {
                    let children = self.children[next].iter();
                    stack.extend(children.filter(|child| **child != number));
                }
            }
        }
        seen
    }
}

#[allow(
    clippy::too_many_arguments,
    reason = "all of them are what a look at one object needs"
)]
fn look<F: FnOnce() -> BTreeSet<usize>>(
    cluster: &Cluster<'_>,
    number: usize,
    built: &Built<'_>,
    bringers: &Bringers<'_>,
    after: &LazyCell<BTreeSet<usize>, F>,
    repository: &Repository<'_>,
    told: &mut BTreeSet<(String, usize)>,
    late: &mut BTreeMap<(String, usize), Vec<Late>>,
    findings: &mut Findings,
) {
    let Origin::Object(id) = built.origin else {
        return;
    };
    let object = &repository.objects.all[id];
    // Those of a ResourceSet are made in an order of its own; Flux's own kinds are there with Flux.
    if object.nested || object.group().ends_with("fluxcd.io") || object.group() == group::OPERATOR {
        return;
    }
    let of_group = BROUGHT
        .iter()
        .filter(|brought| brought.group == object.group());
    let charts = of_group
        .filter(|brought| brought.kinds.contains(&object.kind))
        .flat_map(|brought| brought.charts);
    let releases: Vec<&(usize, Spot)> = charts
        .filter_map(|chart| bringers.charts.get(*chart))
        .flatten()
        .collect();
    let own = releases.iter().find(|(unit, _)| *unit == number);
    let Some((_, release)) = own.or(releases.first()) else {
        return;
    };
    let same = own.is_some();
    let before = |unit: &usize| after.contains(unit);
    let defined = bringers.definitions.get(&(object.group(), object.kind));
    // Definitions in a Flux Kustomization that nothing waits for are there sooner or later, as those of a release.
    let ordered = defined.is_some_and(|units| units.contains(&number) || units.iter().any(before));
    let checked = bringers.checked.get(&(object.group(), object.kind));
    if ordered
        || checked.is_some_and(|units| units.iter().any(before))
        || defined.is_some() && !same
        || releases
            .iter()
            .any(|(unit, _)| *unit != number && before(unit))
    {
        return;
    }
    let at = Spot::name(object);
    if !told.insert(at.key()) {
        return;
    }
    let unit = &cluster.units[number].name;
    let unit = if unit.is_empty() { "the folder" } else { unit };
    let title = format!("{} {}", object.kind, built.name);
    if same {
        let finding = findings.add(
            at,
            format!("{title} is applied together with the Helm release that brings its kind"),
        );
        finding.effect(format!("{unit} is never applied: \"no matches for kind {}\" comes before the release is installed", object.kind));
        finding.hint(
            "put it into a Flux Kustomization of its own that waits for this one by dependsOn",
        );
        finding.related(release.clone(), "this brings the kind");
        if !cluster.open.is_empty() {
            finding.severity(Severity::Hint);
            finding.effect(format!("unless something else brings it before, {unit} is never applied: \"no matches for kind {}\"", object.kind));
        }
    } else {
        let key = release.key();
        late.entry(key).or_default().push(Late {
            at,
            title,
            kind: object.kind.to_owned(),
            unit: unit.to_owned(),
            release: release.clone(),
        });
    }
}
