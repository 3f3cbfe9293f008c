//! The layout that every drawing of ours shares: from top to bottom, ways side by side, errors to the right.
//!
//! A flow is a tree of blocks, so its picture needs no general graph layout: each block is laid out by itself
//! and put under or beside its neighbours. Text is measured with a built-in table, because there is no font at
//! hand. Nothing here knows how it is painted.

mod blocks;
mod card;
mod choice;
mod columns;
mod geometry;
mod side;
mod text;
mod whole;

#[cfg(test)]
mod tests;

pub use card::Form;
pub(super) use card::{Art, ICON, PADDING, height};
pub(super) use geometry::{Label, Node, Point, Rect, Tone, Wire, at};
pub use text::Font;
pub(super) use text::width;
pub(super) use whole::{Layout, LayoutOptions, is_frame};
