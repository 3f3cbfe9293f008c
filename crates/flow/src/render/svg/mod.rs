//! SVG of the layout. Each box has its step's `data-path`, by which a run can be shown on the picture.

mod marks;
mod paint;
mod theme;

use crate::syntax::FlowSyntax;

use super::layout::{Layout, LayoutOptions};
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
    let layout = Layout::of(
        outline,
        &LayoutOptions {
            heading: options.heading,
            caption: options.caption.as_deref(),
            ..LayoutOptions::default()
        },
    );
    paint::paint(&layout, options)
}
