//! Needs that go round.

use std::collections::{BTreeMap, BTreeSet};

use super::Checker;

impl Checker<'_> {
    /// A need that only one component can meet orders the two; such orders must not go round.
    pub(super) fn cycles(&mut self) {
        let mut givers: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (name, component) in &self.catalogue.components {
            givers.entry(name).or_default().push(name);
            for ability in component.spec.provides.iter().filter(|p| &p.name != name) {
                givers.entry(&ability.name).or_default().push(name);
            }
        }
        let given = |name: &str| {
            self.catalogue
                .providers
                .values()
                .any(|p| p.spec.provides.iter().any(|a| a.value.name == name))
        };
        let mut edges: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (name, component) in &self.catalogue.components {
            for need in component
                .spec
                .needs
                .iter()
                .filter(|n| !n.optional && n.when.is_empty())
            {
                if let Some([only]) = givers.get(need.name.value.as_str()).map(Vec::as_slice)
                    && !given(&need.name.value)
                {
                    edges.entry(name).or_default().push(only);
                }
            }
        }
        for start in self.catalogue.components.keys() {
            if let Some(path) = round(start, &edges) {
                let component = &self.catalogue.components[start];
                self.wrong(
                    &component.source,
                    component.spec.name.span.clone(),
                    format!("needs go round: {}", path.join(" → ")),
                    "one of them must not need the next, or only `optional: true`",
                );
                return;
            }
        }
    }
}

/// A path from `start` back to itself.
fn round<'a>(start: &'a str, edges: &BTreeMap<&'a str, Vec<&'a str>>) -> Option<Vec<&'a str>> {
    fn walk<'a>(
        at: &'a str,
        start: &str,
        edges: &BTreeMap<&'a str, Vec<&'a str>>,
        path: &mut Vec<&'a str>,
        seen: &mut BTreeSet<&'a str>,
    ) -> bool {
        path.push(at);
        for next in edges.get(at).into_iter().flatten() {
            if *next == start {
                path.push(next);
                return true;
            }
            if seen.insert(next) && walk(next, start, edges, path, seen) {
                return true;
            }
        }
        path.pop();
        false
    }
    let mut path = Vec::new();
    walk(start, start, edges, &mut path, &mut BTreeSet::new()).then_some(path)
}
