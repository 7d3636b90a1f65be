//! Any text is taken apart into text and variables, in its order.

#![no_main]

use landform::index::{Piece, pieces};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let mut end = 0;
    for piece in pieces(text) {
        let span = match piece {
            Piece::Text(_) => continue,
            Piece::Variable(variable) => variable.span,
            Piece::Broken { span, .. } => span,
        };
        assert!(end <= span.start && span.start < span.end);
        assert!(text.get(span.clone()).is_some());
        end = span.end;
    }
});
