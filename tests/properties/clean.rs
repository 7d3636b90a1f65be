//! What `landform check` says of a tree.

use landform::check::{check, config_of};
use landform::index::{Index, Objects, Repository};
use landform::model::Tree;

/// All findings, hints too, as one line each.
pub(crate) fn findings(tree: &Tree) -> Vec<String> {
    let texts = tree
        .iter()
        .map(|(path, text)| (path.to_string(), text.clone()));
    let index = Index::of_texts(texts.collect());
    let objects = Objects::of(&index);
    let repository = Repository::of(&index, &objects);
    let config = config_of(&repository).expect("no settings");
    let report = check(&repository, &[], &config);
    let shown = report.findings.iter().map(|finding| {
        let file = finding.at.file();
        format!("{file}: {}: {}", finding.rule, finding.message)
    });
    shown.collect()
}
