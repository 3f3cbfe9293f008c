//! What an editor asks while a flow is written: what can stand here, what is this, where is it from, which form has this step.
//!
//! Reads a checked workspace; knows nothing of editors, JSON or files. Offsets are bytes of the file's text. Pure.
//!
//! Two sources of knowledge meet: `cursor` tells from the text alone which keys are around a place, also where no parser
//! reads on; `situation` asks the check what is known at that place of the flow, by its own rules.

mod answers;
mod complete;
mod cursor;
mod definition;
mod describe;
mod expression;
mod form;
mod hover;
mod keywords;
mod language;
mod place;
mod preview;
mod schema;
mod scope;
mod shapes;
mod situation;
mod subject;
mod verbs;

pub use answers::{
    Completion, CompletionKind, Completions, Field, Form, Hover, Place, Recorded, Reference, Scope,
};

use std::sync::Arc;

use serde_json::Value;

use crate::catalog::Catalog;
use crate::check::Site;
use crate::source::Source;
use crate::workspace::{CheckedFlow, Workspace};

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
        complete::complete(self, offset)
    }

    /// What stands at an offset.
    pub fn hover(&self, offset: usize) -> Option<Hover> {
        hover::hover(self, offset)
    }

    /// Where what stands at an offset is defined: a step, an input field, a variable, a connection, a called flow.
    pub fn definition(&self, offset: usize) -> Option<Place> {
        definition::definition(self, offset)
    }

    /// What expressions of a step can name, its own `if` being true; of the flow's own `on_error` for the empty path. `None`
    /// where there is no such step.
    pub fn scope(&self, step: &str) -> Option<Scope> {
        let site = if step.is_empty() {
            Site::New("on_error".to_owned(), 0)
        } else {
            self.step(step)?;
            Site::Step(step.to_owned())
        };
        let syntax = self.flow()?.syntax.as_deref()?;
        let situation = situation::Situation::new(self, syntax, &site)?;
        Some(situation.look(self, |probe, roots, _| scope::scope(probe, roots)))
    }

    /// A step, for a form. `None` where there is none.
    pub fn form(&self, step: &str) -> Option<Form> {
        form::form(self, self.step(step)?)
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
        preview::preview(self, step, value, is_expression, recorded)
    }

    fn flow(&self) -> Option<&'a CheckedFlow> {
        self.workspace
            .flows
            .iter()
            .find(|flow| flow.source.path() == self.path)
    }

    fn step(&self, path: &str) -> Option<&'a crate::syntax::Step> {
        let syntax = self.flow()?.syntax.as_deref()?;
        crate::graph::flatten(syntax)
            .into_iter()
            .find(|step| step.path == path)
    }

    fn is_workspace_file(&self) -> bool {
        self.path == "lockgate.yaml" || self.file().is_some_and(|source| source.path() == self.path)
    }

    /// The text of `lockgate.yaml`.
    fn file(&self) -> Option<&'a Arc<Source>> {
        self.workspace.source.as_ref()
    }

    /// The text that is asked about.
    fn text(&self) -> Option<&'a str> {
        match self.flow() {
            Some(flow) => Some(flow.source.text()),
            None if self.is_workspace_file() => Some(self.file().map_or("", |source| source.text())),
            None => None,
        }
    }
}
