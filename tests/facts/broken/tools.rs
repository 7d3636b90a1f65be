//! Files that the tools object to.

use std::path::Path;

use super::{finds, folder};
use crate::facts::tools;
use crate::support::{self, need};

#[test]
fn unformatted_terraform_is_found() {
    let tofu = need!("tofu", support::tool("tofu"));
    let tree = folder(&[("terraform/main.tf", "locals {\n  a = 1\n}\n")]);
    finds(&tools::check_fmt(tree.path(), &tofu), &[]);
    std::fs::write(tree.path().join("terraform/main.tf"), "locals {\n a=1\n}\n").expect("written");
    assert!(!tools::check_fmt(tree.path(), &tofu).is_empty());
}

#[test]
fn untidy_yaml_is_found() {
    let yamllint = need!("yamllint", support::tool("yamllint"));
    let tree = folder(&[("a.yaml", "a: 1\n")]);
    let check = |dir: &Path| tools::check_yamllint(dir, &yamllint);
    finds(&check(tree.path()), &[".yamllint is missing"]);
    let rules = "extends: default\nrules: {document-start: disable}\n";
    std::fs::write(tree.path().join(".yamllint"), rules).expect("written");
    finds(&check(tree.path()), &[]);
    std::fs::write(tree.path().join("a.yaml"), "a: 1\na: 2\n").expect("written");
    finds(
        &check(tree.path()),
        &["duplication of key", "yamllint ends with"],
    );
}
