//! Every golden tree against the facts about providers, modules, charts and CRDs, and against the
//! tools themselves; and each of those checks against something broken, which it must find.

mod support;

#[path = "facts/mod.rs"]
mod facts;

#[path = "facts/broken/mod.rs"]
mod broken;
#[path = "facts/clouds.rs"]
mod clouds;

use std::path::Path;

use rayon::prelude::*;
use support::need;

/// Runs a check over all golden trees and lists all that it finds.
fn all_clean(check: impl Fn(&Path) -> Vec<String> + Sync, trees: &[std::path::PathBuf]) {
    let found: Vec<String> = trees
        .par_iter()
        .flat_map_iter(|tree| {
            let case = tree
                .parent()
                .map(support::name)
                .unwrap_or_default()
                .to_owned();
            check(tree)
                .into_iter()
                .map(move |finding| format!("{case}: {finding}"))
        })
        .collect();
    assert!(
        found.is_empty(),
        "{} findings:\n{}",
        found.len(),
        found.join("\n")
    );
}

#[test]
fn terraform_uses_what_providers_and_modules_have() {
    let shared = need!("../shared", support::shared(""));
    let trees = need!("tests/golden/*/out", support::some_golden_trees());
    all_clean(
        |tree| facts::terraform::check_terraform(tree, &shared),
        &trees,
    );
}

#[test]
fn values_are_those_of_the_charts() {
    let shared = need!("../shared", support::shared(""));
    let trees = need!("tests/golden/*/out", support::some_golden_trees());
    all_clean(|tree| facts::values::check_values(tree, &shared), &trees);
}

#[test]
fn sources_name_known_charts_and_versions() {
    let shared = need!("../shared", support::shared(""));
    let trees = need!("tests/golden/*/out", support::some_golden_trees());
    all_clean(|tree| facts::charts::check_sources(tree, &shared), &trees);
}

#[test]
fn objects_build_fit_their_crds_and_have_one_owner() {
    let shared = need!("../shared", support::shared(""));
    let kubectl = need!("kubectl", support::tool("kubectl"));
    let trees = need!("tests/golden/*/out", support::some_golden_trees());
    all_clean(
        |tree| facts::objects::check_objects(tree, &shared, &kubectl),
        &trees,
    );
}

#[test]
fn opentofu_formats_nothing() {
    let tofu = need!("tofu", support::tool("tofu"));
    let trees = need!("tests/golden/*/out", support::some_golden_trees());
    all_clean(|tree| facts::tools::check_fmt(tree, &tofu), &trees);
}

#[test]
fn terraform_formats_nothing() {
    // Terraform is no free software and not installed by `.ci/tools`: used where it is.
    let Some(terraform) = support::tool("terraform") else {
        return support::skipped("terraform_formats_nothing", "terraform");
    };
    let trees = need!("tests/golden/*/out", support::some_golden_trees());
    all_clean(|tree| facts::tools::check_fmt(tree, &terraform), &trees);
}

#[test]
fn yamllint_finds_nothing() {
    let yamllint = need!("yamllint", support::tool("yamllint"));
    let trees = need!("tests/golden/*/out", support::some_golden_trees());
    all_clean(|tree| facts::tools::check_yamllint(tree, &yamllint), &trees);
}
