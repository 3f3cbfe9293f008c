//! Edits of a flow's text: what a person does on the picture, as the fewest changes of the file.
//!
//! The text is the only truth. An edit reads it, finds the places of what it is about, and says which stretches get another
//! text; comments, order, quotes and indentation of everything else stay as they are. Nothing here checks whether the flow
//! is sound afterwards: that is the checker's. Pure.

mod change;
mod kinds;

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
    let _ = (source, edit, catalog);
    Err(EditError::new("this edit is not built yet"))
}
