//! Sources of Flux, as something refers to them, and where paths in them lead.

use super::cluster::Unit;
use super::effective::Effective;
use super::rooted;

/// A source of Flux, as something refers to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceName {
    /// `GitRepository`, `OCIRepository`, `Bucket` or `ExternalArtifact`.
    pub kind: String,
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

/// Where the path of a Flux Kustomization leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Folder {
    /// To a folder of this repository.
    Here(String),
    /// To where a folder of this repository should be, and is not.
    Missing(String),
    /// To another source.
    Elsewhere,
    /// It cannot be said: the source is not known, or the path has variables.
    Unknown,
}

/// The source that a Flux Kustomization names.
pub(super) fn source_of(effective: &Effective<'_>, namespace: &str) -> Option<SourceName> {
    let text = |key: &str| effective.text(&["spec", "sourceRef", key]);
    Some(SourceName {
        kind: text("kind")?.to_owned(),
        namespace: text("namespace").unwrap_or(namespace).to_owned(),
        name: text("name")?.to_owned(),
    })
}

/// Of what nothing applies the source is not known. Where one of a source leads into this repository, the others of
/// that source do too.
pub(super) fn by_their_likes(children: &mut [Unit<'_>]) {
    let roots: Vec<(Option<SourceName>, String)> = children
        .iter()
        .filter(|unit| matches!(&unit.folder, Folder::Here(folder) if !folder.is_empty()))
        .map(|unit| (unit.source.clone(), unit.root.clone()))
        .collect();
    for unit in children {
        let like = roots.iter().find(|(source, _)| *source == unit.source);
        let path = unit
            .effective
            .as_ref()
            .and_then(|e| e.text(&["spec", "path"]));
        let (Folder::Unknown, Some((_, root)), Some(path)) = (&unit.folder, like, path) else {
            continue;
        };
        let Some(folder) = rooted(root, path).filter(|folder| folder != root) else {
            continue;
        };
        if unit.source.is_some() && !path.contains("${") && !path.contains("<<") {
            unit.root.clone_from(root);
            unit.folder = Folder::Missing(folder);
        }
    }
}

/// Whether two addresses are of one repository, whichever way it is reached: `https://host/a/b.git`, `ssh://git@host/a/b`
/// and `git@host:a/b` are.
pub(super) fn is_same_repository(one: &str, other: &str) -> bool {
    fn plain(url: &str) -> String {
        let url = url.trim().to_ascii_lowercase();
        let (scheme, rest) = url.split_once("://").unwrap_or(("", &url));
        let rest = rest.split_once('@').map_or(rest, |(_, rest)| rest);
        let rest = rest.trim_end_matches('/');
        let rest = rest.strip_suffix(".git").unwrap_or(rest);
        if scheme.is_empty() {
            rest.replacen(':', "/", 1)
        } else {
            rest.to_owned()
        }
    }
    plain(one) == plain(other)
}

#[cfg(test)]
mod tests {
    use super::is_same_repository;

    #[test]
    fn one_repository_has_several_addresses() {
        let one = "https://github.com/acme/Fleet.git";
        for other in [
            "https://github.com/acme/fleet",
            "https://token@github.com/acme/fleet/",
            "ssh://git@github.com/acme/fleet.git",
            "git@github.com:acme/fleet.git",
        ] {
            assert!(is_same_repository(one, other), "{other}");
        }
        for other in [
            "https://github.com/acme/apps",
            "oci://github.com/acme/fleet/x",
        ] {
            assert!(!is_same_repository(one, other), "{other}");
        }
    }
}
