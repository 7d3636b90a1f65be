//! What Terraform installs and Flux takes over: which release of which cluster it is, and what each of the two makes it
//! of.

use rayon::prelude::*;

use super::common::{Applied, applied_on, begin_with};
use crate::index::terraform::{How, Installed, Stack, Value};
use crate::index::{
    Built, Cluster, Effective, Generated, Located, Lookup, Origin, Repository, Unit, group, join,
    release_id,
};
use crate::yaml::Node;

/// The feature gate by which helm-controller leaves versions of charts as they are.
pub(super) const GATE: &str = "DisableChartDigestTracking";

/// A chart that Terraform installs, and the `HelmRelease` that takes it over.
pub(super) struct Pair<'r, 'a> {
    /// The root module.
    pub(super) stack: &'r Stack<'a>,
    /// The number of the chart there.
    pub(super) number: usize,
    /// The chart there.
    pub(super) installed: &'r Installed<'a>,
    /// The `HelmRelease`, on its cluster.
    pub(super) release: Applied<'r, 'a>,
}

/// Every chart that Terraform installs, with what takes it over.
pub(super) fn pairs<'r, 'a>(repository: &'r Repository<'a>) -> Vec<Pair<'r, 'a>> {
    let mut pairs = Vec::new();
    for stack in &repository.terraform.stacks {
        if stack.installed.is_empty() {
            continue;
        }
        for cluster in repository.clusters_of(stack) {
            for (number, installed) in stack.installed.iter().enumerate() {
                let release = release_of(installed, cluster, repository);
                pairs.extend(release.map(|release| Pair {
                    stack,
                    number,
                    installed,
                    release,
                }));
            }
        }
    }
    pairs
}

/// The `HelmRelease` on a cluster that has the name and the home of what Terraform installs.
pub(super) fn release_of<'r, 'a>(
    installed: &Installed<'a>,
    cluster: &'r Cluster<'a>,
    repository: &'r Repository<'a>,
) -> Option<Applied<'r, 'a>> {
    let wanted = Some(installed.release_id()?);
    let mut releases = applied_on(cluster, repository, group::HELM, "HelmRelease");
    releases.find(|release| release_id_of(release) == wanted)
}

/// The name and the namespace under which Flux keeps a release.
pub(super) fn release_id_of(release: &Applied<'_, '_>) -> Option<(String, String)> {
    let (built, unit) = (release.built, release.unit);
    let namespace = built.namespace.as_deref()?;
    release_id(&release.effective, &unit.variables, &built.name, namespace)
}

/// Whether a chart is installed by the Job of a bootstrap, which steps aside by itself.
pub(super) fn steps_aside(installed: &Installed<'_>) -> bool {
    matches!(installed.how, How::Job(_) | How::Operator(_))
}

/// What Flux makes a release of.
pub(super) struct Chart<'a> {
    /// The address of the chart, without `oci://`; none if it is not known.
    pub(super) address: Option<String>,
    /// The version, and where it stands: a tag, or a range.
    pub(super) version: Option<Located<'a>>,
    /// Whether the source gives ranges only: `semver`.
    pub(super) ranges: bool,
    /// Whether it comes from an `OCIRepository` by `chartRef`.
    pub(super) by_reference: bool,
}

/// The chart of a release.
pub(super) fn chart_of<'a>(
    release: &Applied<'_, 'a>,
    repository: &Repository<'a>,
) -> Option<Chart<'a>> {
    let effective = &release.effective;
    let variables = &release.unit.variables;
    if let Some(name) = effective.text(&["spec", "chartRef", "name"]) {
        if effective.text(&["spec", "chartRef", "kind"]) != Some("OCIRepository") {
            return None;
        }
        let namespace = effective.text(&["spec", "chartRef", "namespace"]);
        let source = source(release, "OCIRepository", namespace, name, repository)?;
        let url = source.text(&["spec", "url"])?;
        let tag = source.at(&["spec", "ref", "tag"]);
        let semver = source.at(&["spec", "ref", "semver"]);
        return Some(Chart {
            address: variables.fill(url).map(|url| bare(&url)),
            ranges: semver.is_some(),
            version: semver.or(tag),
            by_reference: true,
        });
    }
    let spec = |key: &[&str]| {
        let path: Vec<&str> = ["spec", "chart", "spec"]
            .iter()
            .chain(key)
            .copied()
            .collect();
        effective.at(&path)
    };
    let text = |key: &[&str]| spec(key).and_then(|found| found.text());
    let chart = text(&["chart"])?;
    if text(&["sourceRef", "kind"]) != Some("HelmRepository") {
        return None;
    }
    let namespace = text(&["sourceRef", "namespace"]);
    let name = text(&["sourceRef", "name"])?;
    let source = source(release, "HelmRepository", namespace, name, repository);
    let url = source.and_then(|source| variables.fill(source.text(&["spec", "url"])?));
    let version = spec(&["version"]);
    Some(Chart {
        address: url.map(|url| format!("{}/{chart}", bare(&url))),
        ranges: version
            .as_ref()
            .is_none_or(|version| version.text().is_none_or(is_range)),
        version,
        by_reference: false,
    })
}

/// Whether a version of `chart.spec` is a range, so that another may come of it later.
fn is_range(version: &str) -> bool {
    !version.contains("${") && semver::Version::parse(version.trim_start_matches('v')).is_err()
}

fn source<'a>(
    release: &Applied<'_, 'a>,
    kind: &str,
    namespace: Option<&str>,
    name: &str,
    repository: &Repository<'a>,
) -> Option<Effective<'a>> {
    let namespace = namespace.or(release.built.namespace.as_deref());
    match release
        .cluster
        .find(kind, namespace, name, repository.objects)
    {
        Lookup::Found(_, built) => repository.effective(built),
        _ => None,
    }
}

/// An address as one compares it.
fn bare(url: &str) -> String {
    url.trim_start_matches("oci://")
        .trim_end_matches('/')
        .to_owned()
}

/// The address of a chart as Terraform has it.
pub(super) fn installed_from(installed: &Installed<'_>) -> Option<String> {
    if steps_aside(installed) {
        return installed.repository.as_text().map(|text| bare(&text));
    }
    let chart = installed.chart.as_text()?;
    match &installed.repository {
        Value::Null if chart.contains("://") => Some(bare(&chart)),
        Value::Null => None,
        repository => Some(format!("{}/{chart}", bare(&repository.as_text()?))),
    }
}

/// A version as one compares it: registries write a plus sign as `_`, and a leading `v` is none of Helm's.
pub(super) fn plain_version(version: &str) -> String {
    version.trim_start_matches('v').replace('_', "+")
}

/// One of the places that values of a release come from.
pub(super) struct Values<'a> {
    /// The values.
    pub(super) value: Value,
    /// The file that says them.
    pub(super) file: &'a str,
    /// The text of it, in which variables may stand.
    pub(super) text: &'a str,
    /// Whether Flux puts variables in; none if that is not known.
    pub(super) substituted: Option<bool>,
}

/// The values that Flux merges for a release, in their order. Nothing if not all are known.
pub(super) fn values_of<'a>(
    release: &Applied<'_, 'a>,
    repository: &Repository<'a>,
) -> Option<Vec<Values<'a>>> {
    let mut layers = Vec::new();
    for item in release.effective.items(&["spec", "valuesFrom"]) {
        let text = |key: &str| item.get(key).and_then(|node| node.text());
        let (Some("ConfigMap"), Some(name), None) =
            (text("kind"), text("name"), text("targetPath"))
        else {
            return None;
        };
        let name = release.unit.variables.fill(name)?;
        let namespace = release.built.namespace.as_deref();
        let found = release
            .cluster
            .find("ConfigMap", namespace, &name, repository.objects);
        let Lookup::Found(unit, built) = found else {
            if text("optional") == Some("true") && matches!(found, Lookup::None | Lookup::Near(_)) {
                continue;
            }
            return None;
        };
        let Origin::Generated(generated) = &built.origin else {
            return None;
        };
        let key = text("valuesKey").unwrap_or("values.yaml");
        let path = file_of(generated, key)?;
        let (path, source) = repository.index.texts.get_key_value(&path)?;
        let documents = repository.index.files.get(path)?;
        let [document] = documents.as_slice() else {
            return None;
        };
        layers.push(Values {
            value: Value::of_yaml(document, None),
            file: path,
            text: &source.text,
            substituted: substitutes(&release.cluster.units[unit], built, repository),
        });
    }
    if !release.effective.entries(&["spec", "values"]).is_empty() {
        let own = release.effective.at(&["spec", "values"])?;
        // What patches add to it is not seen as one.
        if release.built.patches.iter().any(|patch| {
            patch.node.at(&["spec", "values"]).is_some() || patch.node.entries().is_empty()
        }) {
            return None;
        }
        layers.push(Values {
            value: Value::of_yaml(own.node, None),
            file: &own.source.name,
            text: own.source.text.get(own.span.clone()).unwrap_or_default(),
            substituted: substitutes(release.unit, release.built, repository),
        });
    }
    Some(layers)
}

/// Whether Flux puts variables into an object. With what the first Flux Kustomization is patched is not looked into.
fn substitutes(unit: &Unit<'_>, built: &Built<'_>, repository: &Repository<'_>) -> Option<bool> {
    let patched = unit.effective.is_none() && begin_with(repository, "postBuild");
    (!patched).then_some(unit.variables.substitutes && !built.verbatim)
}

/// The file that a generator puts under a key.
fn file_of(generated: &Generated<'_>, key: &str) -> Option<String> {
    let node = generated.node;
    if ["envs", "env", "literals", "behavior"]
        .iter()
        .any(|other| node.get(other).is_some())
    {
        return None;
    }
    let folder = crate::index::folder_of(&generated.source.name);
    let files = node.get("files").into_iter().flat_map(Node::items);
    let mut files = files
        .filter_map(Node::text)
        .map(|file| match file.split_once('=') {
            Some(pair) => pair,
            None => (file.rsplit('/').next().unwrap_or(file), file),
        });
    let (_, path) = files.find(|(own, _)| *own == key)?;
    join(folder, path)
}

/// Values laid over each other as Helm does. Nothing for none, as for an empty file.
pub(super) fn merged<'v>(layers: impl Iterator<Item = &'v Value>) -> Value {
    let empty = Value::text_of("{}").decoded().unwrap_or(Value::Null);
    layers.fold(empty, |base, layer| match layer {
        Value::Null => base,
        layer => layer.over(&base),
    })
}

/// How a release is called in a message.
pub(super) fn title(pair: &Pair<'_, '_>) -> String {
    let namespace = pair.installed.namespace.as_text().unwrap_or_default();
    let name = pair.installed.name.as_text().unwrap_or_default();
    format!("{namespace}/{name}")
}

/// Files that speak of helm-controller's gate by which it leaves versions of charts as they are.
pub(super) struct Gates<'r>(Vec<&'r str>);

impl<'r> Gates<'r> {
    /// Those of a repository: every text is looked through once, whatever the number of clusters.
    pub(super) fn of(repository: &'r Repository<'_>) -> Self {
        let texts = repository.index.texts.par_iter();
        let with = texts.filter(|(_, source)| source.text.contains(GATE));
        Self(with.map(|(path, _)| path.as_str()).collect())
    }

    /// Whether helm-controller leaves versions as they are on a cluster: its files say so, or some that nothing is
    /// known to read.
    pub(super) fn leave_versions(
        &self,
        cluster: &Cluster<'_>,
        repository: &Repository<'_>,
    ) -> bool {
        let mut files = self.0.iter();
        files.any(|path| cluster.files.contains(path) || !repository.reached.contains(path))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::index::{Index, Objects};

    /// Where each root module with a bootstrap is for, with files besides.
    fn homes(more: &[(&str, &str)]) -> BTreeMap<String, Vec<String>> {
        let main = "module \"flux\" {\n  source = \"controlplaneio-fluxcd/flux-operator-bootstrap/kubernetes\"\n  \
                    gitops_resources = {\n    instance_yaml = file(\"${path.module}/../clusters/prod/flux.yaml\")\n  }\n}\n";
        let flux = "apiVersion: fluxcd.controlplane.io/v1\nkind: FluxInstance\nmetadata: {name: flux, namespace: \
                    flux-system}\nspec:\n  sync: {kind: GitRepository, url: https://h/x, path: clusters/prod}\n";
        let mut texts: BTreeMap<String, String> = BTreeMap::new();
        for (path, text) in more {
            let text = match *text {
                "main" => main,
                "flux" => flux,
                text => text,
            };
            texts.insert((*path).to_owned(), text.to_owned());
        }
        let index = Index::of_texts(texts);
        let objects = Objects::of(&index);
        let repository = Repository::of(&index, &objects);
        let stacks = repository.terraform.stacks.iter();
        let homes = stacks.map(|stack| {
            let clusters = repository.clusters_of(stack).into_iter();
            let labels = clusters.map(|cluster| cluster.label().to_owned());
            (stack.folder.to_owned(), labels.collect())
        });
        homes.collect()
    }

    #[test]
    fn of_several_repositories_in_one_the_nearest_is_meant() {
        let found = homes(&[
            ("a/terraform/main.tf", "main"),
            ("a/clusters/prod/flux.yaml", "flux"),
            ("b/terraform/main.tf", "main"),
            ("b/clusters/prod/flux.yaml", "flux"),
        ]);
        assert_eq!(found["a/terraform"], ["a/clusters/prod"]);
        assert_eq!(found["b/terraform"], ["b/clusters/prod"]);
    }

    #[test]
    fn the_folder_is_called_as_the_cluster_or_there_is_only_one() {
        let empty = "locals {}\n";
        let flux = ("clusters/prod/flux.yaml", "flux");
        assert_eq!(
            homes(&[flux, ("iac/x.tf", empty)])["iac"],
            ["clusters/prod"]
        );
        let other = "apiVersion: fluxcd.controlplane.io/v1\nkind: FluxInstance\nmetadata: {name: flux}\nspec:\n  sync: \
                     {kind: GitRepository, url: https://h/x, path: clusters/dev}\n";
        let found = homes(&[
            flux,
            ("clusters/dev/flux.yaml", other),
            ("iac/x.tf", empty),
            ("iac/dev/x.tf", empty),
        ]);
        assert!(found["iac"].is_empty());
        assert_eq!(found["iac/dev"], ["clusters/dev"]);
    }
}
