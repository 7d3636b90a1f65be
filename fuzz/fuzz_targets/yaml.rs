//! Any text is read as YAML, or refused with a reason.

#![no_main]

use landform::error::Source;
use landform::yaml::{parse, parse_foreign};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let source = Source::new("a.yaml", text);
    for outcome in [
        parse(&source).map(|node| vec![node]),
        parse_foreign(&source),
    ] {
        match outcome {
            Ok(nodes) => {
                for node in nodes {
                    assert!(source.text.get(node.span.clone()).is_some());
                }
            }
            Err(error) => assert!(!error.problems.is_empty()),
        }
    }
});
