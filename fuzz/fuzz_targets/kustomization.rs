//! Any repository is read, followed and checked: some files at places where Flux and kustomize look.

#![no_main]

use std::collections::BTreeMap;

use arbitrary::Arbitrary;
use landform::check::{check, config_of};
use landform::graph::Graph;
use landform::index::{Index, Objects, Repository};
use libfuzzer_sys::fuzz_target;

#[derive(Debug, Arbitrary)]
enum Place {
    Sync,
    Cluster,
    Base,
    Object,
    Values,
    Component,
    Root,
}

impl Place {
    fn path(&self) -> &'static str {
        match self {
            Self::Sync => "clusters/prod/flux-system/gotk-sync.yaml",
            Self::Cluster => "clusters/prod/a.yaml",
            Self::Base => "apps/a/kustomization.yaml",
            Self::Object => "apps/a/a.yaml",
            Self::Values => "apps/a/values.yaml",
            Self::Component => "apps/b/kustomization.yaml",
            Self::Root => "kustomization.yaml",
        }
    }
}

fuzz_target!(|files: Vec<(Place, &str)>| {
    let texts: BTreeMap<String, String> = files
        .iter()
        .map(|(place, text)| (place.path().to_owned(), (*text).to_owned()))
        .collect();
    let index = Index::of_texts(texts);
    let objects = Objects::of(&index);
    let repository = Repository::of(&index, &objects);
    if let Ok(config) = config_of(&repository) {
        check(&repository, &[], &config);
    }
    for cluster in &repository.clusters {
        Graph::of(cluster, &repository);
    }
});
