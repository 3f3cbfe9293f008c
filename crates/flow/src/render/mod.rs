//! Pictures of a flow: Mermaid, Graphviz DOT, and, with a layout of our own, SVG and the data of an interactive canvas.
//!
//! All of them draw the same [`Outline`], which decides once what a step is called, what is said under its name
//! and where its branches and handlers lead. What is drawn is what was written: nothing here checks, and a flow
//! with mistakes in it is drawn as far as it could be read. Pure, and the same flow gives the same bytes.

mod diagram;
mod dot;
#[cfg(test)]
mod generated;
mod layout;
mod mermaid;
mod outline;
pub mod picture;
mod read;
mod svg;
mod text;
mod wording;

#[cfg(test)]
mod tests;

pub use dot::{dot, dot_outline};
pub use layout::{Font, Form};
pub use mermaid::{mermaid, mermaid_outline};
pub use outline::{Arm, Block, Card, Field, Handling, Kind, Outline, Shape};
pub use picture::{Picture, PictureOptions, picture};
pub use svg::{Mark, Marks, Scheme, SvgOptions, svg, svg_outline};
pub use text::{TextOptions, text, text_outline};
