//! Artifacts that an `ArtifactGenerator` puts together: where what lies in one comes from.

use super::document::{Objects, group};
use super::path::{join, rooted};
use super::source::SourceName;
use crate::yaml::Node;

/// Where a path of an `ExternalArtifact` comes from: the source, and the path there. None if no generator in the
/// repository says (source-watcher, `docs/spec/v1beta1/artifactgenerators.md`: copies from `@alias/…` to
/// `@artifact/…`).
pub(super) fn origin(
    artifact: &SourceName,
    path: &str,
    objects: &Objects<'_>,
) -> Option<(SourceName, String)> {
    let path = rooted("", path)?;
    for (_, generator) in objects.of_kind(group::EXTENSIONS, "ArtifactGenerator") {
        let own = generator.namespace.unwrap_or(&artifact.namespace);
        if own != artifact.namespace {
            continue;
        }
        let list = |node: &'_ Node, key: &str| node.get(key).map(|list| list.items().to_vec());
        let spec = generator.node.get("spec")?;
        let made = list(spec, "artifacts").unwrap_or_default();
        let made = made
            .iter()
            .find(|made| text(made, "name") == Some(&artifact.name));
        let Some(made) = made else { continue };
        for copy in list(made, "copy").unwrap_or_default() {
            let (Some(from), Some(to)) = (text(&copy, "from"), text(&copy, "to")) else {
                continue;
            };
            let Some((alias, from)) = from.strip_prefix('@').and_then(|from| from.split_once('/'))
            else {
                continue;
            };
            let Some(to) = to
                .strip_prefix("@artifact")
                .and_then(|to| join("", to.trim_matches('/')))
            else {
                continue;
            };
            // `x/**` copies what lies in x, `x` copies x itself into the target.
            let (base, whole) = match from.find(['*', '?', '[']) {
                Some(glob) => (
                    from[..glob].rsplit_once('/').map_or("", |(base, _)| base),
                    false,
                ),
                None => (from.trim_end_matches('/'), true),
            };
            let to = match base.rsplit('/').next() {
                Some(name) if whole => join(&to, name)?,
                _ => to,
            };
            let Some(rest) = below(&to, &path) else {
                continue;
            };
            let sources = list(spec, "sources").unwrap_or_default();
            let source = sources
                .iter()
                .find(|source| text(source, "alias") == Some(alias))?;
            let name = SourceName {
                kind: text(source, "kind")?.to_owned(),
                namespace: text(source, "namespace").unwrap_or(own).to_owned(),
                name: text(source, "name")?.to_owned(),
            };
            return Some((name, join(base, rest)?));
        }
    }
    None
}

fn text<'n>(node: &'n Node, key: &str) -> Option<&'n str> {
    node.get(key).and_then(Node::text)
}

/// What of a path lies below a folder.
fn below<'p>(folder: &str, path: &'p str) -> Option<&'p str> {
    if folder.is_empty() {
        return Some(path);
    }
    let rest = path.strip_prefix(folder)?;
    if rest.is_empty() {
        Some(rest)
    } else {
        rest.strip_prefix('/')
    }
}
