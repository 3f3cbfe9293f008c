//! Moves spans from the text of a scalar to the source, so that findings and run-time errors name a place there.

use std::ops::Range;

use serde_json::Value;

use super::ast::{Expression, Literal, Part, Template};

/// Where a range of the text stands in the source.
type Place<'a> = &'a dyn Fn(Range<usize>) -> Range<usize>;

impl Expression {
    /// A written-out value at a place.
    pub fn literal(value: Value, span: Range<usize>) -> Self {
        Self::Literal(Literal { value, span })
    }

    /// Moves every span.
    pub fn map_spans(&mut self, place: Place<'_>) {
        let moved = |span: &mut Range<usize>| *span = place(span.clone());
        match self {
            Self::Literal(literal) => moved(&mut literal.span),
            Self::Path(path) => {
                moved(&mut path.span);
                path.segment_spans.iter_mut().for_each(moved);
            }
            Self::Call(call) => {
                moved(&mut call.span);
                moved(&mut call.name_span);
                call.arguments
                    .iter_mut()
                    .for_each(|argument| argument.map_spans(place));
            }
        }
    }
}

impl Template {
    /// Moves every span.
    pub fn map_spans(&mut self, place: Place<'_>) {
        match self {
            Self::Constant(_) => {}
            Self::Expression(expression) => expression.map_spans(place),
            Self::Text(text) => map_parts(&mut text.parts, place),
        }
    }
}

fn map_parts(parts: &mut [Part], place: Place<'_>) {
    for part in parts {
        match part {
            Part::Text(_) => {}
            Part::Expression(expression) => expression.map_spans(place),
            Part::Block(block) => {
                block.span = place(block.span.clone());
                block.subject.map_spans(place);
                map_parts(&mut block.body, place);
                map_parts(&mut block.otherwise, place);
            }
        }
    }
}
