//! One run as JSON: everything that is kept of it for people, and nothing that is sealed.

use lockgate_flow::definition::Definition;
use serde::Serialize;
use serde_json::Value;

use super::run::{RunDetail, RunSummary};
use super::timeline::Timeline;
use crate::record::Record;

/// What `lockgate runs export` writes.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Export {
    /// Of this document: [`Export::FORMAT`]. A change that a reader has to know of is another.
    pub format: u32,
    /// The run, as in a list.
    pub run: RunSummary,
    /// What it is pinned to, with the text of its files.
    pub definition: ExportedDefinition,
    /// Its input.
    pub input: Value,
    /// What it returned.
    pub output: Option<Value>,
    /// Why it failed or is in doubt.
    pub error: Option<Value>,
    /// Its records, in order.
    pub records: Vec<Record>,
    /// The same as steps.
    pub timeline: Timeline,
}

/// A definition, and its digest.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ExportedDefinition {
    /// SHA-256 of its content, in hex.
    pub digest: String,
    /// It.
    pub content: Definition,
}

impl Export {
    /// As of this version of the program.
    pub const FORMAT: u32 = 1;

    /// A run with its definition.
    pub fn new(run: RunDetail, definition: Definition) -> Self {
        Self {
            format: Self::FORMAT,
            timeline: Timeline::of(&run.records, run.summary.status),
            run: run.summary,
            definition: ExportedDefinition {
                digest: run.definition,
                content: definition,
            },
            input: run.input,
            output: run.output,
            error: run.error,
            records: run.records,
        }
    }
}
