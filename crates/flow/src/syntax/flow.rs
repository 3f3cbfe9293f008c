//! Reads a flow file.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::ast::{FlowSyntax, Trigger};
use super::reader::Reader;
use super::{concurrency, input, step, trigger};
use crate::diagnostic::{Code, Diagnostic};
use crate::source::{Source, Span};
use crate::yaml::{Limits, Node, Spanned, load};

const KEYS: &[&str] = &[
    "name",
    "description",
    "trigger",
    "input",
    "steps",
    "on_error",
    "timeout",
    "durable",
    "concurrency",
];

/// The time that a run may be active where its flow does not say.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);

/// What reading a flow file gave.
#[derive(Debug)]
pub struct Parsed {
    /// The flow, as far as it could be read. `None` where there is no map to read.
    pub flow: Option<FlowSyntax>,
    /// Whether the text was read to its end.
    pub complete: bool,
    /// Everything that was found.
    pub diagnostics: Vec<Diagnostic>,
}

/// Reads a flow file with the default [`Limits`]. Gives all findings, never only the first; never panics.
pub fn parse(source: &Arc<Source>) -> Parsed {
    let loaded = load(source, Limits::default());
    let mut reader = Reader::new(source);
    reader.diagnostics = loaded.diagnostics;
    let of_the_text = reader.diagnostics.len();
    let mut flow = match &loaded.root {
        Some(root) => read(&mut reader, root),
        None if loaded.complete => {
            reader.report_help(
                Code::NotOneDocument,
                Span::new(0, 0),
                "the file is empty",
                "a flow needs at least `steps:` with one step",
            );
            None
        }
        None => None,
    };
    if !loaded.complete {
        if let Some(flow) = &mut flow {
            flow.is_input_known = false;
        }
        // The text ends before its end: what seems to be missing or wrong may stand further down, or may only look so
        // because of the mistake.
        reader.diagnostics.truncate(of_the_text);
    }
    Parsed {
        flow,
        complete: loaded.complete,
        diagnostics: reader.diagnostics,
    }
}

fn read(reader: &mut Reader, root: &Node) -> Option<FlowSyntax> {
    let mut fields = reader.fields(root, "the flow")?;
    let name = match fields.take("name") {
        Some(node) => read_name(reader, node),
        None => None,
    };
    let name = name.unwrap_or_else(|| Spanned::new(stem(&reader.source), Span::new(0, 0)));
    let description = fields
        .take("description")
        .and_then(|node| reader.text(node, "`description`"))
        .map(|t| t.value);
    let trigger = fields
        .take("trigger")
        .map_or_else(Trigger::default, |node| trigger::read(reader, node));
    let (input, is_input_known) = fields
        .take_or_recover("input", KEYS)
        .map_or((Vec::new(), true), |node| input::read(reader, node));
    let steps = fields.take_or_recover("steps", KEYS);
    if steps.is_none() {
        fields.missing(reader, "steps");
    }
    let steps = match steps {
        Some(node) => step::read_list(reader, node, "`steps`", "steps", true),
        None => Vec::new(),
    };
    let on_error = fields.take("on_error").map(|node| {
        let steps = step::read_list(reader, node, "`on_error` of a flow", "on_error", true);
        Spanned::new(steps, node.span)
    });
    let timeout = fields
        .take("timeout")
        .and_then(|node| reader.duration(node, "`timeout`"));
    let durable = fields
        .take("durable")
        .and_then(|node| reader.boolean(node, "`durable`"))
        .unwrap_or(true);
    let concurrency = fields
        .take("concurrency")
        .and_then(|node| concurrency::read(reader, node));
    fields.finish(reader, KEYS);
    Some(FlowSyntax {
        source: Arc::clone(&reader.source),
        name,
        description,
        trigger,
        input,
        is_input_known,
        steps,
        on_error,
        timeout: timeout.map_or(DEFAULT_TIMEOUT, |timeout| timeout.value),
        durable,
        concurrency,
    })
}

fn stem(source: &Source) -> String {
    Path::new(source.path())
        .file_stem()
        .and_then(|stem| stem.to_str())
        .unwrap_or("flow")
        .to_owned()
}

fn read_name(reader: &mut Reader, node: &Node) -> Option<Spanned<String>> {
    let name = reader.text(node, "`name`")?;
    let kebab = !name.value.is_empty()
        && name.value.len() <= 100
        && name.value.split('-').all(|part| {
            !part.is_empty() && part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
        });
    if !kebab {
        reader.report_help(
            Code::InvalidName,
            name.span,
            format!("`{}` is no name for a flow", name.value),
            "lower-case letters, digits and single hyphens, like `sign-up`",
        );
    }
    Some(name)
}
