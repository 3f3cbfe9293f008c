//! `--record`: a run in the store becomes a case.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use anyhow::Result;
use lockgate_flow::definition::Compiled;
use lockgate_flow::diagnostic::{Diagnostic, render_text};
use lockgate_flow::source::Source;
use lockgate_store::history::{History, RunDetail, Step, StepState, Timeline};
use lockgate_store::{RunId, Status, StoreError, Trigger};
use lockgate_testing::Subject;
use lockgate_testing::file::{TestFile, parse};
use lockgate_testing::recorded::{Recorded, RecordedCall, write};
use serde_json::Value;

use crate::exit::Mistake;
use crate::runs::place_of;
use crate::workspace::{Loaded, read};

/// The case as the text of a test file of its own.
pub(crate) fn new_file(subject: &Subject, run: &Recorded) -> String {
    let written = write(subject, run, &name(run), 2, false);
    format!("flow: {}\ncases:\n{}", run.flow, written.text)
}

/// The case in a test file: appended to it, or as its first. The text of the whole file.
///
/// # Errors
/// The file cannot be read, has mistakes, or its cases are written in a way that nothing can be appended to.
pub(crate) fn appended(loaded: &Loaded, subject: &Subject, run: &Recorded, path: &Path) -> Result<String> {
    if !path.exists() {
        return Ok(new_file(subject, run));
    }
    let (source, _) = read(&loaded.root, path)?;
    let before = sound(&source)?;
    let refused = || {
        Mistake::new(format!(
            "nothing can be appended to the cases of {}",
            source.path()
        ))
        .help("write `cases` as the last key of the file, each case in lines of its own; or leave `-o` out")
    };
    let indent = indent(&before).ok_or_else(refused)?;
    let mut name = name(run);
    let mut count = 1;
    while before.cases.iter().any(|case| case.name.value == name) {
        count += 1;
        name = format!("{} ({count})", self::name(run));
    }
    let is_other = before.flow.as_ref().is_none_or(|flow| flow.value != run.flow);
    let written = write(subject, run, &name, indent, is_other);
    let text = format!("{}\n\n{}", source.text().trim_end(), written.text);
    // What was put together by hand is read again: the case must be there, and all others as they were.
    let after = sound(&Source::new(source.path(), text.as_str())).map_err(|_| refused())?;
    let names = |file: &TestFile| {
        file.cases
            .iter()
            .map(|case| case.name.value.clone())
            .collect::<Vec<_>>()
    };
    let mut expected = names(&before);
    expected.push(written.name);
    if names(&after) == expected {
        Ok(text)
    } else {
        Err(refused().into())
    }
}

fn name(run: &Recorded) -> String {
    format!("recorded {}", run.id)
}

fn sound(source: &Arc<Source>) -> Result<TestFile> {
    let (file, findings) = parse(source);
    if findings.iter().any(Diagnostic::is_error) {
        let message = format!(
            "{} has mistakes\n{}",
            source.path(),
            render_text(&findings, false)
        );
        return Err(Mistake::new(message.trim_end()).into());
    }
    Ok(file)
}

/// How deep the dashes of the cases stand; `None` where they have none.
fn indent(file: &TestFile) -> Option<usize> {
    let last = file.cases.last()?;
    let text = file.source.text();
    let start = last.span.range().start;
    let line = text[..start].rfind('\n').map_or(0, |at| at + 1);
    let before = &text[line..start];
    let indent = before.strip_suffix("- ")?;
    indent
        .chars()
        .all(|character| character == ' ')
        .then_some(indent.len())
}

/// Why a run cannot become a case.
#[derive(Debug)]
pub(crate) enum NoCase {
    /// It has not ended by itself.
    Status(RunId, Status),
    /// Its flow is not in the workspace.
    Flow(RunId, String),
}

impl fmt::Display for NoCase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Status(id, status) => write!(
                f,
                "the run {id} is {}: a case is made of one that has ended",
                status.name()
            ),
            Self::Flow(id, flow) => write!(
                f,
                "the run {id} is of the flow `{flow}`, which is not in this workspace"
            ),
        }
    }
}

/// A run that has ended, as it is written into a case.
///
/// # Errors
/// The store cannot be read. The inner one: no case can be made of it.
pub(crate) fn recorded(
    loaded: &Loaded,
    history: &History,
    run: &RunDetail,
) -> Result<Result<Recorded, NoCase>, StoreError> {
    let summary = &run.summary;
    if !matches!(summary.status, Status::Succeeded | Status::Failed) {
        return Ok(Err(NoCase::Status(summary.id, summary.status)));
    }
    if loaded.checked.flow(&summary.flow).is_none() {
        return Ok(Err(NoCase::Flow(summary.id, summary.flow.clone())));
    }
    let definition = history.definition(&run.definition)?;
    let compiled = definition.and_then(|definition| definition.compile(&loaded.catalog).ok());
    Ok(Ok(of(run, compiled.as_ref())))
}

/// The line on which the last case of a test file begins, from 1.
pub(crate) fn line_of_last(path: &str, text: &str) -> usize {
    let (file, _) = parse(&Source::new(path, text));
    file.cases
        .last()
        .map_or(1, |case| file.source.position(case.span.start).line)
}

fn of(run: &RunDetail, compiled: Option<&Compiled>) -> Recorded {
    let summary = &run.summary;
    let timeline = Timeline::of(&run.records, summary.status);
    // Of a called flow nobody has heard the answer.
    let answers = timeline.steps.iter().filter(|step| !step.key.contains("/call/"));
    let response = answers
        .filter(|step| matches!(step.verb.as_deref(), Some("respond" | "redirect")))
        .find_map(|step| step.output.clone());
    Recorded {
        id: summary.id.to_string(),
        flow: summary.flow.clone(),
        at: summary.started_at,
        input: run.input.clone(),
        is_http: summary.trigger == Trigger::Http,
        response,
        output: run.output.clone(),
        error: run.error.clone(),
        calls: timeline
            .steps
            .iter()
            .filter_map(|step| call(step, &summary.flow, compiled))
            .collect(),
    }
}

fn call(step: &Step, flow: &str, compiled: Option<&Compiled>) -> Option<RecordedCall> {
    // An operator had it done again; that is another step.
    if step.state == StepState::Dropped {
        return None;
    }
    let action = step.action.clone()?;
    let failed = step
        .attempts
        .iter()
        .filter_map(|attempt| attempt.error.clone())
        .map(Err);
    let answers: Vec<Result<Value, Value>> = failed.chain(step.output.clone().map(Ok)).collect();
    let place = compiled.and_then(|compiled| place_of(compiled, &step.key));
    Some(RecordedCall {
        flow: place.map_or_else(|| flow.to_owned(), |(flow, _)| flow.name.clone()),
        step: place.and_then(|(_, node)| node.id.as_deref().map(str::to_owned)),
        action,
        input: step.input.clone().unwrap_or_default(),
        answers,
    })
}
