//! One file per rule. A rule looks at the repository and nothing else: no other rule, no file, no clock.

mod common;
mod namespaces;

pub(super) mod broken_yaml;
pub(super) mod dependency_cycle;
pub(super) mod duplicate_object;
pub(super) mod missing_dependency;
pub(super) mod missing_file;
pub(super) mod missing_health_check;
pub(super) mod missing_key;
pub(super) mod missing_namespace;
pub(super) mod missing_path;
pub(super) mod missing_source;
pub(super) mod missing_values;
pub(super) mod namespace_renamed;
pub(super) mod no_namespace;
pub(super) mod plain_folder;
pub(super) mod removed_api;
pub(super) mod two_owners;
pub(super) mod unread_file;
pub(super) mod unread_folder;
pub(super) mod unused_allowance;
pub(super) mod unused_patch;
pub(super) mod unused_values;
