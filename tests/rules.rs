//! Each rule of `landform check` on two small repositories: `bad` gives exactly what `expected.txt` says, `good`
//! nothing. `LANDFORM_GOLDEN=overwrite` writes what is found.

#![allow(
    clippy::unwrap_used,
    reason = "a test ends where something is not as expected"
)]

mod support;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use landform::check::{Finding, RULES, Severity, check, config_of, fixed};
use landform::index::{Index, Objects, Past, Repository};

/// Texts of a folder, by path.
fn texts(folder: &Path) -> BTreeMap<String, Option<String>> {
    let index = Index::whole(folder).unwrap();
    let texts = index.texts.iter();
    texts
        .map(|(path, source)| (path.clone(), Some(source.text.clone())))
        .collect()
}

/// All that is found in a folder, a line each. A folder `before` beside it is what was there at an earlier commit.
fn found(folder: &Path) -> String {
    let index = Index::whole(folder).unwrap();
    let objects = Objects::of(&index);
    let mut repository = Repository::of(&index, &objects);
    let earlier = folder.with_file_name("before");
    if earlier.is_dir() {
        let mut was = texts(&earlier);
        was.extend(
            index
                .paths
                .iter()
                .filter(|path| !earlier.join(path).exists())
                .map(|path| (path.clone(), None)),
        );
        let before = index.before(was).unwrap();
        let objects = Objects::of(&before);
        let then = Repository::of(&before, &objects);
        repository.past = Some(Past::between("HEAD", &then, &repository));
    }
    let report = check(&repository, &[], &config_of(&repository).unwrap());
    let mut text = String::new();
    for finding in report.findings {
        let (line, column) = finding.at.line_column();
        let severity = finding.severity.as_str();
        let (rule, file) = (finding.rule, finding.at.file());
        writeln!(
            text,
            "{file}:{line}:{column} {severity}[{rule}] {}",
            finding.message
        )
        .unwrap();
        writeln!(text, "  {}", finding.effect).unwrap();
        writeln!(text, "  {}", finding.hint).unwrap();
        assert!(
            !finding.effect.is_empty() && !finding.hint.is_empty(),
            "{text}"
        );
    }
    text
}

#[test]
fn bad_is_found_and_good_is_not() {
    let mut wrong = Vec::new();
    for rule in RULES {
        let cases = support::package().join("tests/rules").join(rule.id);
        let expected = cases.join("expected.txt");
        let bad = found(&cases.join("bad"));
        if std::env::var_os("LANDFORM_GOLDEN").is_some_and(|value| value == "overwrite") {
            fs::write(&expected, &bad).unwrap();
        }
        let own = format!("[{}]", rule.id);
        let others = bad
            .lines()
            .filter(|line| !line.starts_with(' ') && !line.contains(&own));
        let others: Vec<&str> = others.collect();
        if !bad.contains(&own) || !others.is_empty() {
            wrong.push(format!("{}: bad gives\n{bad}", rule.id));
        }
        if bad != fs::read_to_string(&expected).unwrap_or_default() {
            wrong.push(format!("{}: not as expected:\n{bad}", rule.id));
        }
        let good = found(&cases.join("good"));
        if !good.is_empty() {
            wrong.push(format!("{}: good gives\n{good}", rule.id));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What `--fix` makes of a bad case: what it mends is found no more, and what it writes brings nothing new.
#[test]
fn what_is_mended_is_found_no_more() {
    let mut mended = 0;
    for rule in RULES {
        let folder = support::package()
            .join("tests/rules")
            .join(rule.id)
            .join("bad");
        let mut index = Index::whole(&folder).unwrap();
        let before = all(&index, &folder);
        let fixable = |found: &[Finding]| -> Vec<String> {
            let with = found.iter().filter(|finding| finding.fix.is_some());
            with.map(|finding| finding.message.clone()).collect()
        };
        let count = fixable(&before).len();
        if count == 0 {
            continue;
        }
        mended += count;
        // Of two that change the same place one is left for the next time.
        for _ in 0..3 {
            index = index.after(fixed(all(&index, &folder).iter(), &index).texts);
        }
        let after = all(&index, &folder);
        assert_eq!(fixable(&after), Vec::<String>::new(), "{}", rule.id);
        let known: Vec<(&str, &str)> = before
            .iter()
            .map(|finding| (finding.rule, finding.message.as_str()))
            .collect();
        let new = after.iter().filter(|finding| {
            finding.severity == Severity::Error
                && !known.contains(&(finding.rule, finding.message.as_str()))
        });
        let new: Vec<&String> = new.map(|finding| &finding.message).collect();
        assert_eq!(new, Vec::<&String>::new(), "{}", rule.id);
    }
    assert!(mended >= 30, "only {mended} findings can be mended");
}

/// All that is found in an index.
fn all(index: &Index, folder: &Path) -> Vec<Finding> {
    let objects = Objects::of(index);
    let repository = Repository::of(index, &objects);
    let config = config_of(&repository).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    check(&repository, &[], &config).findings
}

#[test]
fn there_is_no_case_without_a_rule() {
    for entry in fs::read_dir(support::package().join("tests/rules")).unwrap() {
        let name = entry.unwrap().file_name();
        let name = name.to_str().unwrap();
        assert!(RULES.iter().any(|rule| rule.id == name), "{name}");
    }
}

#[test]
fn what_landform_generates_is_clean() {
    for entry in fs::read_dir(support::package().join("tests/golden")).unwrap() {
        let folder = entry.unwrap().path();
        let tree = folder.join("out");
        if tree.is_dir() {
            assert_eq!(found(&tree), "", "{}", folder.display());
        }
    }
}
