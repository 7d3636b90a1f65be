//! A namespace that nothing makes, or only what waits for it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::common::is_slip;
use super::namespaces::{GIVEN, Maker, Namespaces, Used, is_given, is_open};
use crate::check::finding::{Findings, Severity, Spot};
use crate::check::registry::Rule;
use crate::error::did_you_mean;
use crate::index::{Cluster, Known, Object, Repository};

pub(in crate::check) const RULE: Rule = Rule {
    id: "missing-namespace",
    severity: Severity::Error,
    summary: "a namespace that nothing on the cluster makes, or only what waits for it",
    check,
};

fn check(repository: &Repository<'_>, findings: &mut Findings) {
    let mut told = BTreeSet::new();
    let mut outside: BTreeMap<String, bool> = BTreeMap::new();
    for cluster in &repository.clusters {
        let namespaces = Namespaces::of(cluster, repository);
        // Flux runs there before it reads anything.
        let own = cluster.home_of_source();
        for (name, used) in &namespaces.used {
            let place = used.at.key();
            if is_open(name)
                || name.is_empty()
                || is_given(name)
                || own == Some(name)
                || told.contains(&place)
            {
                continue;
            }
            if !namespaces.is_made(name) {
                let by_others = outside
                    .entry((*name).to_owned())
                    .or_insert_with(|| is_made_outside(name, repository));
                if !*by_others && missing(cluster, &namespaces, name, used, repository, findings) {
                    told.insert(place);
                }
            } else if let Some(makers) = namespaces.made.get(name)
                && too_late(cluster, makers, name, used, findings)
            {
                told.insert(place);
            }
        }
    }
}

/// Tells of one that nothing makes, as far as that can be known.
fn missing(
    cluster: &Cluster<'_>,
    namespaces: &Namespaces<'_>,
    name: &str,
    used: &Used,
    repository: &Repository<'_>,
    findings: &mut Findings,
) -> bool {
    if namespaces.open {
        return false;
    }
    let there = namespaces.made.keys().copied().chain(GIVEN);
    let near = did_you_mean(name, there);
    let near = near.filter(|near| is_slip(name, near));
    let known = cluster.start.known != Known::Implied;
    let sure = known && !cluster.may_have_more();
    // What lies elsewhere is called for what it brings, as a rule.
    let likely = known && !may_bring(cluster, name);
    let written = written(name, repository);
    // Of one that comes out under another name tells the rule namespace-renamed.
    if written.is_some_and(|object| repository.reached.contains(object.file()))
        || near.is_none() && (!likely || namespaces.is_by_chart(name))
    {
        return false;
    }
    let count = match used.count {
        1 => used.title.clone(),
        2 => format!("{} and another", used.title),
        count => format!("{} and {} others", used.title, count - 1),
    };
    let verb = if used.count == 1 { "is" } else { "are" };
    let message = format!("{count} {verb} for the namespace {name}, which nothing here makes");
    let finding = findings.add(used.at.clone(), message);
    finding.because(format!("{} {name}", cluster.label()));
    finding.effect(format!(
        "Flux applies nothing of that build: namespaces \"{name}\" not found"
    ));
    finding.hint(format!("add a Namespace {name}"));
    if let Some(near) = near {
        finding.hint(format!("did you mean `{near}`?"));
    } else if let Some(object) = written {
        finding.hint("list the file of the Namespace in a kustomization of this cluster");
        finding.related(
            Spot::name(object),
            "it is here, and this cluster does not read it",
        );
    }
    if !sure && near.is_none() {
        finding.severity(Severity::Hint);
        let why = cluster.open.first().cloned().unwrap_or_default();
        finding.effect(format!("unless it comes from what is not here ({why}), Flux applies nothing of that build: namespaces \"{name}\" not found"));
        return true;
    }
    // A chart may make any; only a slip is surely none of those.
    if !sure || near.is_none() && !namespaces.releases.is_empty() {
        finding.severity(Severity::Warning);
    }
    true
}

/// Whether something that lies elsewhere has a word of a namespace in its name.
fn may_bring(cluster: &Cluster<'_>, name: &str) -> bool {
    let words: Vec<&str> = name
        .split('-')
        .filter(|word| word.len() > 2 && !["system", "controller", "operator"].contains(word))
        .collect();
    cluster
        .open
        .iter()
        .any(|why| words.is_empty() || words.iter().any(|word| why.contains(word)))
}

/// A Namespace as it is written anywhere.
fn written<'r, 'a>(name: &str, repository: &'r Repository<'a>) -> Option<&'r Object<'a>> {
    let mut named = repository.objects.named("Namespace", name);
    named.find(|object| object.is("", "Namespace"))
}

/// Whether something else than Flux seems to make it: Terraform, a helmfile, a script's list.
fn is_made_outside(name: &str, repository: &Repository<'_>) -> bool {
    let quoted = format!("\"{name}\"");
    repository.index.texts.iter().any(|(path, source)| {
        let text = &source.text;
        if path.ends_with(".tf") {
            return text.contains(&quoted);
        }
        !repository.reached.contains(path.as_str())
            && !repository.objects.by_file.contains_key(path.as_str())
            && text.contains(name)
            && (text.contains("createNamespace")
                || text.contains("releases:")
                || text.contains("create-namespace"))
    })
}

/// Tells of one that is made only by what cannot come before.
fn too_late(
    cluster: &Cluster<'_>,
    makers: &[Maker],
    name: &str,
    used: &Used,
    findings: &mut Findings,
) -> bool {
    for &user in &used.units {
        let own_release = |maker: &Maker| *maker == Maker::Release(user);
        if makers.iter().all(own_release) {
            let unit = &cluster.units[user];
            let message = format!(
                "only a HelmRelease of {} makes the namespace {name}, which {} is for",
                unit.name, used.title
            );
            let finding = findings.add(used.at.clone(), message);
            finding.effect(format!(
                "Flux tries all of {} before it applies any of it: namespaces \"{name}\" not found, and so the release is never applied either",
                unit.name
            ));
            finding.hint(format!("add a Namespace {name} instead of createNamespace"));
            return true;
        }
        let Some(first) = makers.iter().find(|maker| maker.unit() != user) else {
            continue;
        };
        let waiting = waits_for(cluster, user);
        if makers
            .iter()
            .all(|maker| maker.unit() != user && waiting.contains(&maker.unit()))
        {
            let (unit, maker) = (&cluster.units[user], &cluster.units[first.unit()]);
            let message = format!(
                "{} is for the namespace {name}, which {} makes, and that waits for {}",
                used.title, maker.name, unit.name
            );
            let finding = findings.add(used.at.clone(), message);
            finding.effect(format!(
                "neither is ever applied: {} fails with namespaces \"{name}\" not found",
                unit.name
            ));
            finding.hint(format!("let {} apply the Namespace {name}", unit.name));
            return true;
        }
    }
    false
}

/// What waits for a unit, by `dependsOn`, through however many; and what only that brings.
fn waits_for(cluster: &Cluster<'_>, first: usize) -> BTreeSet<usize> {
    let mut after: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (number, unit) in cluster.units.iter().enumerate() {
        if let [parent] = unit.parents[..] {
            after.entry(parent).or_default().push(number);
        }
        let Some(all) = &unit.effective else { continue };
        for item in all.items(&["spec", "dependsOn"]) {
            let text = |key: &str| item.get(key).and_then(|node| node.text());
            let namespace = text("namespace").unwrap_or(&unit.namespace);
            if let Some(other) = text("name").and_then(|name| cluster.unit(namespace, name)) {
                after.entry(other).or_default().push(number);
            }
        }
    }
    let mut found = BTreeSet::new();
    let mut queue = VecDeque::from([first]);
    while let Some(at) = queue.pop_front() {
        for &next in after.get(&at).into_iter().flatten() {
            if found.insert(next) {
                queue.push_back(next);
            }
        }
    }
    found
}
