//! Which Flux a cluster runs, as far as its files say.

use super::common::applied_on;
use crate::index::{Cluster, Repository, Role, group};

/// Major and minor.
pub(super) type Version = (u32, u32);

/// The Flux of a cluster: as its manifests say, a `FluxInstance`, a source of Flux's own manifests, or the address from
/// which kustomize takes them.
pub(super) fn flux_version(cluster: &Cluster<'_>, repository: &Repository<'_>) -> Option<Version> {
    let mut files = cluster.files.iter();
    let manifests = files.find(|path| path.ends_with("gotk-components.yaml"));
    if let Some(source) = manifests.and_then(|path| repository.index.texts.get(*path)) {
        let mut lines = source.text.lines().take(10);
        return lines.find_map(|line| parse(line.strip_prefix("# Flux Version: ")?));
    }
    let mut instances = applied_on(cluster, repository, group::OPERATOR, "FluxInstance");
    let instance = instances.find_map(|instance| {
        parse(
            instance
                .effective
                .text(&["spec", "distribution", "version"])?,
        )
    });
    instance
        .or_else(|| of_source(cluster, repository))
        .or_else(|| of_address(cluster, repository))
}

/// A source of Flux's manifests with a tag.
fn of_source(cluster: &Cluster<'_>, repository: &Repository<'_>) -> Option<Version> {
    ["GitRepository", "OCIRepository"]
        .into_iter()
        .find_map(|kind| {
            let mut sources = applied_on(cluster, repository, group::SOURCE, kind);
            sources.find_map(|source| {
                let url = source.effective.text(&["spec", "url"])?;
                let url = url.trim_end_matches('/').trim_end_matches(".git");
                let own = url.ends_with("fluxcd/flux2") || url.ends_with("/flux-manifests");
                let tag = source.effective.text(&["spec", "ref", "tag"])?;
                own.then(|| parse(tag)).flatten()
            })
        })
}

/// An address of Flux's manifests: `github.com/fluxcd/flux2/manifests/install?ref=v2.1.0`.
fn of_address(cluster: &Cluster<'_>, repository: &Repository<'_>) -> Option<Version> {
    let read = repository
        .references
        .iter()
        .filter(|(source, _)| cluster.files.contains(source.name.as_str()));
    let mut addresses = read
        .flat_map(|(_, found)| found)
        .filter(|reference| reference.role == Role::Resource);
    addresses.find_map(|reference| {
        let (address, tag) = reference.text.split_once("ref=")?;
        address
            .contains("fluxcd/flux2")
            .then(|| parse(tag))
            .flatten()
    })
}

/// Major and minor of `v2.1.0`; none of `2.x`.
fn parse(version: &str) -> Option<Version> {
    let mut parts = version
        .trim()
        .trim_start_matches(['v', '='])
        .split(|c: char| !c.is_ascii_digit());
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn versions() {
        assert_eq!(parse("v0.31.4"), Some((0, 31)));
        assert_eq!(parse("2.7.x"), Some((2, 7)));
        assert_eq!(parse("2.x"), None);
        assert_eq!(parse("latest"), None);
    }
}
