//! Checks of a generated platform repository against what is known about the
//! outside world: provider and module arguments, chart values, CRDs, and the
//! tools themselves.
//!
//! Every `check_*` takes the tree and the folder of facts, and returns one
//! line per finding, so that golden trees and random ones are judged alike.
//! A test crate that uses this module declares `mod support;` beside it.

#![allow(dead_code, reason = "no test crate uses all of it")]

pub(crate) mod charts;
pub(crate) mod crds;
pub(crate) mod flux;
pub(crate) mod hcl_module;
pub(crate) mod hcl_type;
pub(crate) mod hcl_value;
pub(crate) mod objects;
pub(crate) mod references;
pub(crate) mod terraform;
pub(crate) mod terraform_facts;
pub(crate) mod tools;
pub(crate) mod values;
pub(crate) mod versions;

use std::path::Path;

/// Everything that needs no tool: Terraform arguments and references, chart values and versions.
pub(crate) fn check_texts(tree: &Path, shared: &Path) -> Vec<String> {
    let mut findings = terraform::check_terraform(tree, shared);
    findings.extend(values::check_values(tree, shared));
    findings.extend(charts::check_sources(tree, shared));
    findings
}
