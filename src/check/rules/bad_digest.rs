//! Digests that are none.

use std::collections::BTreeSet;

use super::common::applied;
use crate::check::finding::{Findings, Severity, Spot};
use crate::check::registry::Rule;
use crate::index::{Repository, group};

pub(in crate::check) const RULE: Rule = Rule {
    id: "bad-digest",
    severity: Severity::Error,
    summary: "a digest of an OCIRepository that is not sha256: and 64 digits",
    check,
};

fn check(repository: &Repository<'_>, findings: &mut Findings) {
    let mut told: BTreeSet<(String, usize)> = BTreeSet::new();
    for source in applied(repository, group::SOURCE, "OCIRepository") {
        let Some(node) = source.effective.at(&["spec", "ref", "digest"]) else {
            continue;
        };
        let digest = node.text().unwrap_or_default();
        let at = Spot::from(&node);
        if digest.is_empty() || digest.contains("${") || is_digest(digest) || !told.insert(at.key())
        {
            continue;
        }
        let message = format!("the digest of OCIRepository {} is none", source.built.name);
        let finding = findings.add(at.clone(), message);
        finding
            .effect("Flux fetches nothing: \"cannot parse hash\"; a tag beside it does not count");
        finding.hint("write sha256: and the 64 digits of the manifest in the registry, or a tag");
        let own = at.source.text.get(at.span.clone());
        let bare = format!("sha256:{digest}");
        if is_digest(&bare) && own == Some(digest) {
            finding.hint("write sha256: before it, if it is of the manifest and not of an archive");
        }
    }
}

/// What go-containerregistry reads as one (`v1.NewHash`).
fn is_digest(text: &str) -> bool {
    let hex = text.strip_prefix("sha256:").unwrap_or_default();
    hex.len() == 64
        && hex
            .bytes()
            .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}
