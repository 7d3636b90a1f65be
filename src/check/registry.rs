//! The rules: one line each.

use super::finding::{Findings, Severity};
use super::rules;
use crate::index::Repository;

/// A rule.
pub struct Rule {
    /// Its name, for ever.
    pub id: &'static str,
    /// How much a finding of it weighs, unless it says otherwise.
    pub severity: Severity,
    /// What it finds, in a few words.
    pub summary: &'static str,
    /// Looks for it.
    pub check: fn(&Repository<'_>, &mut Findings),
}

/// A rule of this name.
pub fn rule(id: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.id == id)
}

/// Every rule, by name.
pub static RULES: &[Rule] = &[
    rules::bad_digest::RULE,
    rules::bad_metadata::RULE,
    rules::bad_substitution::RULE,
    rules::broken_hcl::RULE,
    rules::broken_kustomization::RULE,
    rules::broken_patch::RULE,
    rules::broken_yaml::RULE,
    rules::chart_digest::RULE,
    rules::chart_source::RULE,
    rules::cluster_network::RULE,
    rules::crd_order::RULE,
    rules::dependency_cycle::RULE,
    rules::duplicate_object::RULE,
    rules::handover_order::RULE,
    rules::handover_safety::RULE,
    rules::handover_source::RULE,
    rules::handover_values::RULE,
    rules::handover_variables::RULE,
    rules::helm_provider_form::RULE,
    rules::immutable_field::RULE,
    rules::incomplete_object::RULE,
    rules::legacy_kustomize::RULE,
    rules::missing_dependency::RULE,
    rules::missing_file::RULE,
    rules::missing_health_check::RULE,
    rules::missing_key::RULE,
    rules::missing_namespace::RULE,
    rules::missing_path::RULE,
    rules::missing_reference::RULE,
    rules::missing_retry::RULE,
    rules::missing_source::RULE,
    rules::missing_values::RULE,
    rules::misspelt_field::RULE,
    rules::misspelt_name::RULE,
    rules::moved_object::RULE,
    rules::namespace_renamed::RULE,
    rules::no_namespace::RULE,
    rules::plain_folder::RULE,
    rules::plain_secret::RULE,
    rules::prune_disabled::RULE,
    rules::pruned_object::RULE,
    rules::release_home::RULE,
    rules::removed_api::RULE,
    rules::replaced_release::RULE,
    rules::suspended_dependency::RULE,
    rules::terraform_file::RULE,
    rules::two_managers::RULE,
    rules::two_owners::RULE,
    rules::undecrypted_secret::RULE,
    rules::undefined_variable::RULE,
    rules::unread_file::RULE,
    rules::unread_folder::RULE,
    rules::unsubstituted::RULE,
    rules::unused_allowance::RULE,
    rules::unused_patch::RULE,
    rules::unused_values::RULE,
    rules::variable_type::RULE,
    rules::yaml_trap::RULE,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_sorted_and_have_a_page() {
        assert!(RULES.is_sorted_by(|a, b| a.id < b.id));
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        for rule in RULES {
            let page = root.join("docs/rules").join(format!("{}.md", rule.id));
            let text = std::fs::read_to_string(&page).unwrap_or_default();
            assert!(
                text.starts_with(&format!("# {}\n", rule.id)),
                "{}",
                page.display()
            );
            let file = format!("src/check/rules/{}.rs", rule.id.replace('-', "_"));
            assert!(root.join(&file).is_file(), "{file}");
            let cases = root.join("tests/rules").join(rule.id);
            assert!(
                cases.join("bad").is_dir() && cases.join("good").is_dir(),
                "{}",
                rule.id
            );
        }
    }
}
