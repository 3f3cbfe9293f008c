//! What an editor asks while a flow is written: what can stand here, what is this, where is it from, which form has this step.
//!
//! Reads a checked workspace; knows nothing of editors, JSON or files. Offsets are bytes of the file's text. Pure.

mod answers;
mod cursor;

pub use answers::{
    Completion, CompletionKind, Completions, Field, Form, Hover, Place, Recorded, Reference, Scope,
};

use serde_json::Value;

use crate::catalog::Catalog;
use crate::workspace::Workspace;

/// Answers about one file of a workspace.
pub struct Assist<'a> {
    workspace: &'a Workspace,
    catalog: &'a Catalog,
    path: &'a str,
}

impl<'a> Assist<'a> {
    /// About the file of this path: a flow, or `lockgate.yaml`.
    pub const fn new(workspace: &'a Workspace, catalog: &'a Catalog, path: &'a str) -> Self {
        Self {
            workspace,
            catalog,
            path,
        }
    }

    /// What can be written at an offset; empty where that is not known.
    pub fn complete(&self, offset: usize) -> Completions {
        let _ = (self.workspace, self.catalog, self.path);
        Completions {
            span: crate::source::Span::new(offset, offset),
            items: Vec::new(),
        }
    }

    /// What stands at an offset.
    pub fn hover(&self, offset: usize) -> Option<Hover> {
        let _ = offset;
        None
    }

    /// Where what stands at an offset is defined: a step, an input field, a variable, a connection, a called flow.
    pub fn definition(&self, offset: usize) -> Option<Place> {
        let _ = offset;
        None
    }

    /// What expressions of a step can name; of the flow's own `on_error` for the empty path. `None` where there is no such
    /// step.
    pub fn scope(&self, step: &str) -> Option<Scope> {
        let _ = step;
        None
    }

    /// A step, for a form. `None` where there is none.
    pub fn form(&self, step: &str) -> Option<Form> {
        let _ = step;
        None
    }

    /// What a value with templates gives with what a run recorded.
    ///
    /// # Errors
    /// It cannot be read, or something that it names was not recorded: in words.
    pub fn preview(
        &self,
        step: &str,
        value: &Value,
        is_expression: bool,
        recorded: &Recorded,
    ) -> Result<Value, String> {
        let _ = (step, value, is_expression, recorded);
        Err("previews are not built yet".to_owned())
    }
}
