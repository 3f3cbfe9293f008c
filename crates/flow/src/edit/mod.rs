//! Edits of a flow's text: what a person does on the picture, as the fewest changes of the file.
//!
//! The text is the only truth. An edit reads it, finds the places of what it is about, and says which stretches get another
//! text; comments, order, quotes and indentation of everything else stay as they are. In the end the text that comes out is
//! read, and must mean what the edit meant: where a file is written in a way that the edit does not understand, it fails, and
//! never gives a text that says something else. Nothing here checks whether the flow is sound afterwards: that is the
//! checker's. Pure.

mod change;
mod chunk;
mod cut;
mod draft;
mod fresh;
mod kinds;
mod layout;
mod meaning;
mod names;
mod path;
mod put;
mod read;
mod rewrite;
mod scalar;
mod set;
mod steps;
#[cfg(test)]
mod tests;
mod tree;
mod wrap;
mod write;

pub use change::{Change, Changed, EditError, apply};
pub use kinds::{Edit, NewStep, Slot, Wrapper};

use std::sync::Arc;

use crate::catalog::Catalog;
use crate::source::Source;

/// What an edit changes in a text. `catalog` says what a new step of an action needs.
///
/// # Errors
/// The edit does not fit the text: a step or slot that it names is not there, or the text is written in a way that cannot
/// be changed there without touching more.
pub fn edit(source: &Arc<Source>, edit: &Edit, catalog: &Catalog) -> Result<Changed, EditError> {
    let text = source.text();
    // Lines are put in and taken out whole: the last gets its line end for that. Of a block of text it would be a part.
    // Lines are put in and taken out whole: the last gets its line end for that. Of a block of text it would be a part.
    let is_whole = text.is_empty() || text.ends_with('\n');
    let newline = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let padded = if is_whole {
        String::new()
    } else {
        format!("{text}{newline}")
    };
    let tree = tree::Tree::read(if is_whole { text } else { &padded })?;
    let tree = if !is_whole && tree.ends_in_block() {
        tree::Tree::read(text)?
    } else {
        tree
    };
    let mut draft = draft::Draft::new(&tree);
    match edit {
        Edit::Insert { at, step } => steps::insert(&mut draft, at, step, catalog)?,
        Edit::Delete { steps } => steps::delete(&mut draft, steps)?,
        Edit::Move { steps, at } => steps::relocate(&mut draft, steps, at)?,
        Edit::Copy { steps, at } => steps::copy(&mut draft, steps, at)?,
        Edit::Wrap { steps, within } => wrap::wrap(&mut draft, steps, *within)?,
        Edit::Unwrap { step } => wrap::unwrap(&mut draft, step)?,
        Edit::Set { step, key, value } => set::set_at(&mut draft, step, key, value)?,
        Edit::Remove { step, key } => set::remove_at(&mut draft, step, key)?,
        Edit::Rename { step, key, to } => names::rename(&mut draft, step, key, to)?,
        Edit::RenameId { step, to } => names::rename_id(&mut draft, step, to)?,
    }
    draft.finish(text)
}
