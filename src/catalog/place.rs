//! Where a file of a component goes. Nothing in a catalogue can write anywhere else.

use super::template::SUFFIX;

/// The places a component's file can have, by its path in the component's folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// `component.yaml`: writes nothing.
    Spec,
    /// `<layer>/<name>/values.yaml`.
    Values,
    /// `clusters/<cluster>/<layer>/<name>/values.yaml`.
    ClusterValues,
    /// `<layer>/<name>/<file>`.
    Manifest(String),
    /// `clusters/<cluster>/<layer>/<name>/<file>`.
    Cluster(String),
    /// The part's folder.
    Part {
        /// Name of the part.
        part: String,
        /// File name.
        file: String,
    },
    /// `terraform/<cluster>/<name>.tf`, for one provider.
    Terraform(String),
}

/// The place of a file, or `None` if it has none.
pub fn component_place(path: &str) -> Option<Place> {
    if path == "component.yaml" {
        return Some(Place::Spec);
    }
    let path = path.strip_suffix(SUFFIX).unwrap_or(path);
    let segments: Vec<&str> = path.split('/').collect();
    let yaml = |file: &str| file.ends_with(".yaml") && file_name(file);
    match segments.as_slice() {
        ["values.yaml"] => Some(Place::Values),
        ["cluster-values.yaml"] => Some(Place::ClusterValues),
        ["manifests", file] if yaml(file) => Some(Place::Manifest((*file).to_owned())),
        ["cluster", file] if yaml(file) => Some(Place::Cluster((*file).to_owned())),
        ["parts", part, file] if yaml(file) => Some(Place::Part {
            part: (*part).to_owned(),
            file: (*file).to_owned(),
        }),
        ["terraform", file] => file
            .strip_suffix(".tf")
            .filter(|provider| file_name(provider))
            .map(|provider| Place::Terraform(provider.to_owned())),
        _ => None,
    }
}

/// Names that landform itself gives to files in a component's folder, and so no manifest may have.
pub(super) const OWN_FILES: [&str; 10] = [
    "kustomization.yaml",
    "values.yaml",
    "version.yaml",
    "unguarded.yaml",
    "namespace.yaml",
    "ocirepository.yaml",
    "helmrepository.yaml",
    "gitrepository.yaml",
    "helmrelease.yaml",
    "manifests.yaml",
];

/// Lower-case letters, digits, dashes and dots, starting with a letter: safe on every file system.
pub(super) fn file_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && name
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '.')
        && !name.contains("..")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places() {
        assert_eq!(component_place("values.yaml.tera"), Some(Place::Values));
        assert_eq!(
            component_place("parts/issuers/issuer.yaml"),
            Some(Place::Part {
                part: "issuers".into(),
                file: "issuer.yaml".into()
            })
        );
        assert_eq!(
            component_place("terraform/eks.tf"),
            Some(Place::Terraform("eks".into()))
        );
        for nowhere in [
            "README.md",
            "manifests/../x.yaml",
            "manifests/X.yaml",
            "manifests/a/b.yaml",
            "cluster/script.sh",
            "parts/x.yaml",
            "values.yml",
        ] {
            assert_eq!(component_place(nowhere), None, "{nowhere}");
        }
    }
}
