//! What a text means, for a browser: its head, its picture, its steps, what is wrong in it. `Document` of the API.
//!
//! ```text
//!  overlay   a text in the place of a file's, checked with the other files
//!  head      what a flow says of itself
//!  steps     its steps, in the order of the text
//!  picture   its layout
//! ```

mod head;
mod overlay;
mod picture;
mod steps;

use std::collections::BTreeSet;

use lockgate_flow::render::{self, PictureOptions};
use lockgate_flow::yaml::{Limits, load};
use serde::Serialize;

use self::head::FlowHead;
pub(crate) use self::head::{route_of, schedule_of};
pub(crate) use self::overlay::Overlay;
use self::picture::PictureShown;
use self::steps::OutlineStep;
use crate::finding::{Finding, Findings};
use crate::positions::Positions;

/// What a text means.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Document {
    path: String,
    complete: bool,
    flow: Option<FlowHead>,
    picture: Option<PictureShown>,
    steps: Vec<OutlineStep>,
    diagnostics: Vec<Finding>,
}

impl Document {
    /// That of an overlay's text. `collapsed` are the keys of cards whose inside is left out.
    pub(crate) fn of(overlay: &Overlay, collapsed: BTreeSet<String>) -> Self {
        let source = &overlay.source;
        let positions = Positions::of(source.text());
        let checked = overlay.flow();
        let syntax = checked.and_then(|checked| checked.syntax.as_deref());
        let tree = load(source, Limits::default());
        let mut findings = Findings::default();
        if let Some(syntax) = syntax {
            findings.know(syntax, tree.root.as_ref());
        }
        let options = PictureOptions { collapsed };
        Self {
            path: source.path().to_owned(),
            complete: tree.complete,
            flow: checked.and_then(|checked| FlowHead::of(checked, tree.root.as_ref())),
            picture: syntax.map(|syntax| PictureShown::of(render::picture(syntax, &options), &positions)),
            steps: syntax.map_or_else(Vec::new, |syntax| steps::steps(syntax, &positions)),
            diagnostics: findings.show_all(&overlay.findings),
        }
    }

    /// What is wrong in the step of this path.
    pub(crate) fn findings_of(&self, step: &str) -> Vec<Finding> {
        let here = self.diagnostics.iter();
        here.filter(|finding| finding.step.as_deref() == Some(step))
            .cloned()
            .collect()
    }

    /// The step of this path: its kind and its title.
    pub(crate) fn step(&self, path: &str) -> Option<(&'static str, &str)> {
        let step = self.steps.iter().find(|step| step.path == path)?;
        Some((step.kind, &step.title))
    }
}
