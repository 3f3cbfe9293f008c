//! SVG with a layout of our own: from top to bottom, ways side by side, errors to the right.
//!
//! A flow is a tree of blocks, so its picture needs no general graph layout: each block is laid out by itself
//! and put under or beside its neighbours. Text is measured with a built-in table, because there is no font at
//! hand. Each box has its step's `data-path`, by which a run can be shown on the picture.

mod card;
mod columns;
mod geometry;
mod layout;
mod marks;
mod paint;
mod picture;
mod side;
mod text;
mod theme;

#[cfg(test)]
mod tests;

use crate::syntax::FlowSyntax;

use super::outline::Outline;

pub use marks::{Mark, Marks};

/// The colours of an SVG.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scheme {
    /// Light or dark as the viewer prefers (`prefers-color-scheme`).
    #[default]
    Auto,
    /// Always light.
    Light,
    /// Always dark.
    Dark,
}

/// How an SVG is drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SvgOptions {
    /// The colours.
    pub scheme: Scheme,
    /// Whether the flow's name and description stand above the picture.
    pub heading: bool,
    /// Whether the picture has a ground of its own; without one it stands on the page's.
    pub background: bool,
    /// Begins every `id`, so that several pictures can stand in one document.
    pub id_prefix: String,
    /// What ran and what did not, where that is to be seen.
    pub marks: Marks,
    /// A line under the heading's description.
    pub caption: Option<String>,
}

impl Default for SvgOptions {
    fn default() -> Self {
        Self {
            scheme: Scheme::Auto,
            heading: true,
            background: true,
            id_prefix: "flow-".to_owned(),
            marks: Marks::default(),
            caption: None,
        }
    }
}

/// Draws a flow as an SVG document (without an XML declaration, so that it can be put into HTML as it is).
pub fn svg(flow: &FlowSyntax, options: &SvgOptions) -> String {
    svg_outline(&Outline::of(flow), options)
}

/// Draws an outline as an SVG document.
pub fn svg_outline(outline: &Outline, options: &SvgOptions) -> String {
    paint::paint(&picture::Picture::of(outline, options), options)
}
