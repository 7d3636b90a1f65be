//! What must hold of a cluster that Flux brought up. Each question gives everything that is not so, and where it
//! comes from.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use serde_json::Value;

use super::{Up, objects};
use crate::kit::flux::{self, KUSTOMIZATIONS, RELEASES};
use crate::kit::origin;
use crate::kit::platform::Release;
use crate::kit::process::within;

/// How soon a pushed value must be in its release, in seconds: a release looks at its values once an hour, so only
/// the watch on their `ConfigMap` can be this fast.
const AT_ONCE: u64 = 30;

/// What helm-controller says when the API server tells it too late of what it has written.
const LOST_SIGHT: &str = "failed to wait for object to sync in-cache";

impl Up {
    /// Everything must hold.
    #[track_caller]
    pub(super) fn judge(&self) {
        self.judge_state();
        self.none(&self.a_further_look_changes_nothing());
        self.none(&self.a_pushed_value_arrives_at_once());
        self.none(&self.what_is_removed_goes());
    }

    /// What holds of a cluster that was just brought up.
    #[track_caller]
    pub(crate) fn judge_state(&self) {
        self.none(&self.order_respects_every_edge());
        self.none(&self.releases_have_the_values_of_their_files());
        self.none(&self.objects_are_those_of_the_tree());
    }

    #[track_caller]
    fn none(&self, findings: &[String]) {
        let (count, text) = (findings.len(), findings.join("\n"));
        assert!(count == 0, "{}: {count} findings\n{text}", self.name);
    }

    /// An object, and the file and line of the platform that it comes from.
    fn from(&self, object: &Value) -> String {
        let from = origin::anywhere(&self.platform.tree, object);
        format!("{}, from {from}", objects::id(object))
    }

    /// Nothing of a Kustomization is made before all that it waits for is ready.
    pub(super) fn order_respects_every_edge(&self) -> Vec<String> {
        let mut first: BTreeMap<String, String> = BTreeMap::new();
        for object in objects::there(&self.cluster).values() {
            let metadata = &object["metadata"];
            let by = &metadata["labels"]["kustomize.toolkit.fluxcd.io/name"];
            let (Some(by), Some(at)) = (by.as_str(), metadata["creationTimestamp"].as_str()) else {
                continue;
            };
            let earliest = first.entry(by.to_owned()).or_insert_with(|| at.to_owned());
            *earliest = at.min(earliest.as_str()).to_owned();
        }
        let (mut edges, mut strict, mut findings) = (0, 0, Vec::new());
        for object in self.planned() {
            let own = objects::name(object);
            for on in flux::depends_on(object) {
                edges += 1;
                let (Some(made), ready) = (first.get(&own), &self.ready[on]) else {
                    continue;
                };
                strict += usize::from(ready < made);
                if ready > made {
                    let from = self.from(object);
                    findings.push(format!(
                        "{from}: applied at {made}, before {on} was ready at {ready}, which it waits for"
                    ));
                }
            }
        }
        if edges == 0 || strict == 0 {
            findings.push(format!("only {strict} of {edges} edges were seen to hold"));
        }
        findings
    }

    /// Nothing is missing, nothing is there that the tree does not say, and each object is as it says.
    pub(super) fn objects_are_those_of_the_tree(&self) -> Vec<String> {
        let expected = objects::expected(self);
        let mut there = objects::there(&self.cluster);
        there.retain(|id, _| expected.contains_key(id) || !self.before.contains(id));
        let mut findings = Vec::new();
        for (id, object) in &expected {
            let Some(live) = there.remove(id) else {
                findings.push(format!("{}: is not on the cluster", self.from(object)));
                continue;
            };
            let mut said = objects::differences(object, &live);
            // What the suite itself has put there: kinds that Flux takes over, and what flux-operator would.
            if !self.before.contains(id) && objects::name(object) != "flux-system" {
                let strangers = objects::strangers(&live).into_iter();
                said.extend(strangers.map(|who| format!("{who} wrote to it")));
            }
            let from = |said| format!("{}: {said}", self.from(object));
            findings.extend(said.into_iter().map(from));
        }
        for (id, object) in there {
            let who = objects::writers(&object).join(", ");
            findings.push(format!(
                "{id}: is on the cluster, by {who}, and not in the tree"
            ));
        }
        findings
    }

    pub(super) fn releases_have_the_values_of_their_files(&self) -> Vec<String> {
        let releases = self.platform.releases(&self.name);
        let mut findings = Vec::new();
        for release in &releases {
            let from = format!("{}/{}/helmrelease.yaml", release.layer, release.component);
            let history = self.history(release);
            if history.len() != 1 {
                let errors = self.cluster.errors("helm-controller");
                // On a busy machine: the API server said no, and Flux tried again; or helm-controller did not see in
                // time what it had written itself, and upgraded what it had just installed.
                let name = format!("\"name\":\"{}\"", release.component);
                let lost = |line: &String| line.contains(&name) && line.contains(LOST_SIGHT);
                let excused = history.iter().skip(1).all(|(_, status)| status == "failed")
                    || errors.iter().any(lost);
                let said = errors.join("\n  ");
                let said = format!("{from}: not installed at once: {history:?}\n  {said}");
                if excused {
                    crate::tell(&said);
                } else {
                    findings.push(said);
                }
            }
            let (seen, wanted) = (
                self.seen(release),
                self.platform.values(&self.name, release),
            );
            if seen != wanted {
                findings.push(format!("{from}: got values {seen}, its files say {wanted}"));
            }
        }
        findings
    }

    pub(super) fn a_further_look_changes_nothing(&self) -> Vec<String> {
        let before = objects::versions(&self.cluster);
        for _ in 0..2 {
            flux::reconcile_all(&self.cluster);
        }
        let after = objects::versions(&self.cluster);
        let ids: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
        ids.into_iter()
            .filter(|id| before.get(*id) != after.get(*id))
            .map(|id| {
                let (old, new) = (before.get(id), after.get(id));
                format!("{id}: moved at a second or third look, from {old:?} to {new:?}")
            })
            .collect()
    }

    pub(super) fn a_pushed_value_arrives_at_once(&self) -> Vec<String> {
        let releases = self.platform.releases(&self.name);
        let file =
            |release: &Release| format!("{}/{}/values.yaml", release.layer, release.component);
        let has_file = |release: &&Release| self.platform.tree.join(file(release)).is_file();
        let Some(release) = releases.iter().rfind(has_file) else {
            return vec!["no release has values".to_owned()];
        };
        let file = file(release);
        let path = self.platform.tree.join(&file);
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, format!("{text}pushed: just now\n")).unwrap();
        self.platform.commit("Change a value");
        let newest =
            |history: &[(u64, String)]| history.first().map_or(0, |(revision, _)| *revision);
        let before = newest(&self.history(release));
        self.fetch(Some(&release.component));
        let arrived = within(AT_ONCE, || {
            let (seen, history) = (self.seen(release), self.history(release));
            let done = history
                .first()
                .is_some_and(|(_, status)| status == "deployed");
            (seen["pushed"] == "just now" && newest(&history) == before + 1 && done)
                .then_some(())
                .ok_or(format!("{history:?}, {seen}"))
        });
        let late =
            |why| format!("{file}: after {AT_ONCE} s a pushed value is not in the release: {why}");
        Vec::from_iter(arrived.err().map(late))
    }

    /// The release that may go: of an app that no other waits for.
    fn free(&self) -> Option<Release> {
        let waited: BTreeSet<&str> = self.planned().flat_map(flux::depends_on).collect();
        let mut releases = self.platform.releases(&self.name).into_iter();
        releases
            .find(|release| release.layer == "apps" && !waited.contains(release.component.as_str()))
    }

    fn what_is_removed_goes(&self) -> Vec<String> {
        let apps = self
            .platform
            .tree
            .join(format!("clusters/{}/apps", self.name));
        let Some(release) = self.free() else {
            // Storage alone: a cluster without any app.
            let any = self
                .platform
                .releases(&self.name)
                .iter()
                .any(|r| r.layer == "apps");
            return Vec::from_iter(any.then(|| "no app is free to go".to_owned()));
        };
        let gone = &release.component;
        fs::remove_file(apps.join(format!("{gone}.yaml"))).unwrap();
        let _ = fs::remove_dir_all(apps.join(gone));
        let list = apps.join("kustomization.yaml");
        let text = fs::read_to_string(&list).unwrap();
        let line = format!("  - {gone}.yaml\n");
        assert!(text.contains(&line), "{text}");
        fs::write(&list, text.replace(&line, "")).unwrap();
        self.platform.commit("Remove an app");
        self.fetch(None);
        let went = within(120, || {
            let mut left = self.cluster.all(KUSTOMIZATIONS);
            left.extend(self.cluster.all(RELEASES));
            left.retain(|object| objects::name(object) == *gone);
            let of_release = objects::there(&self.cluster)
                .into_values()
                .filter(|object| {
                    let label = &object["metadata"]["labels"]["helm.toolkit.fluxcd.io/name"];
                    // Helm keeps what is in a chart's folder `crds`.
                    *label == gone.as_str() && object["kind"] != "CustomResourceDefinition"
                });
            left.extend(of_release);
            let left: Vec<String> = left.iter().map(objects::id).collect();
            left.is_empty().then_some(()).ok_or(left.join(", "))
        });
        if let Err(left) = went {
            return vec![format!("{gone} was removed, and is there: {left}")];
        }
        let namespace = self
            .cluster
            .get(&format!("namespace/{}", release.namespace), None);
        let kept = namespace["status"]["phase"] == "Active";
        Vec::from_iter((!kept).then(|| format!("the namespace of {gone} went with it")))
    }
}
