//! The layout as text, drawn with box characters for a terminal.
//!
//! The boxes stand as they do in the other drawings of the layout. Its pixels become rows and columns that are as close as
//! the words allow: see `grid`. Nothing is coloured, and no character steers a terminal.

mod canvas;
mod draw;
mod grid;
mod place;
mod words;

#[cfg(test)]
mod tests;

use crate::syntax::FlowSyntax;

use super::layout::{Layout, LayoutOptions};
use super::outline::Outline;
use place::Places;

/// How a flow is drawn as text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TextOptions {
    /// How many columns there are. A flow that needs more takes more.
    pub columns: usize,
    /// Whether the flow's name and description stand above.
    pub heading: bool,
}

impl Default for TextOptions {
    fn default() -> Self {
        Self {
            columns: 100,
            heading: true,
        }
    }
}

/// Draws a flow as text: lines without white space at their ends, each with a line break.
pub fn text(flow: &FlowSyntax, options: &TextOptions) -> String {
    text_outline(&Outline::of(flow), options)
}

/// Draws an outline as text.
pub fn text_outline(outline: &Outline, options: &TextOptions) -> String {
    let layout = Layout::of(outline, &LayoutOptions::default());
    let mut out = String::new();
    if options.heading {
        let prose = outline
            .description
            .iter()
            .flat_map(|text| words::wrap(text, options.columns, 4));
        for line in words::wrap(&outline.name, options.columns, 2)
            .into_iter()
            .chain(prose)
        {
            out.push_str(&line);
            out.push('\n');
        }
        out.push('\n');
    }
    out.push_str(&draw::draw(&layout, &Places::fitting(&layout, options.columns)));
    out
}
