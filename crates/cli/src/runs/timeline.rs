//! One run, step by step, for people.

use std::collections::BTreeSet;

use jiff::Timestamp;
use lockgate_store::history::{Attempt, Event, RunDetail, RunSummary, Step, StepState, Timeline};
use lockgate_store::{Status, Trigger};
use serde_json::Value;

use super::list::mark;
use super::times::{absolute, relative};
use super::titles::Titles;
use crate::run::duration;
use crate::terminal::Style;

/// Everything that is kept of a run.
pub(crate) fn show(run: &RunDetail, titles: &Titles, now: Timestamp, style: Style) -> String {
    let mut page = Page::new(style);
    page.text += &head(&run.summary, now, style);
    page.field("input", &run.input);
    let timeline = Timeline::of(&run.records, run.summary.status);
    page.timeline(&timeline, titles, run.summary.started_at);
    page.end(run);
    page.text
}

/// How a run ended.
pub(crate) fn end(run: &RunDetail, style: Style) -> String {
    let mut page = Page::new(style);
    let summary = &run.summary;
    page.line("");
    page.line(&format!(
        "{} {} {}, active for {}",
        paint(summary.status, style),
        style.name(&summary.flow),
        summary.status.name(),
        duration(summary.active)
    ));
    page.end(run);
    page.text
}

/// What of a run that is being watched has been shown.
#[derive(Debug, Default)]
pub(crate) struct Live {
    steps: BTreeSet<usize>,
    events: usize,
}

impl Live {
    /// What has ended, and what has happened to the run, since it was asked before. Once the run has ended, all that is left.
    pub(crate) fn news(&mut self, run: &RunDetail, titles: &Titles, style: Style) -> String {
        let mut page = Page::new(style);
        let (status, started) = (run.summary.status, run.summary.started_at);
        let timeline = Timeline::of(&run.records, status);
        for event in timeline.events.iter().skip(self.events) {
            page.event(event, titles, started);
        }
        self.events = timeline.events.len();
        for (index, step) in timeline.steps.iter().enumerate() {
            let is_over = !matches!(step.state, StepState::Running | StepState::Sleeping);
            if (is_over || !status.is_unfinished()) && self.steps.insert(index) {
                page.step(step, titles, started);
            }
        }
        page.text
    }
}

/// What a run is, and how it stands.
pub(crate) fn head(run: &RunSummary, now: Timestamp, style: Style) -> String {
    let mut page = Page::new(style);
    page.line(&format!("{}  {}", style.name(&run.flow), run.id));
    let status = run.status.name();
    let error = run
        .error
        .as_ref()
        .map_or_else(String::new, |code| format!(" ({code})"));
    page.fact("status", &format!("{} {status}{error}", paint(run.status, style)));
    let by = match run.trigger {
        Trigger::Http => "by a request",
        Trigger::Schedule => "by its schedule",
        Trigger::Command => "by `lockgate run`",
        Trigger::Api => "by the admin port",
    };
    let when = |at| format!("{} ({})", absolute(at), relative(at, now));
    page.fact("started", &format!("{}, {by}", when(run.started_at)));
    if let Some(at) = run.wake_at {
        page.fact("wakes", &when(at));
    }
    if let Some(at) = run.finished_at {
        let took = at.duration_since(run.started_at).unsigned_abs();
        page.fact(
            "ended",
            &format!(
                "{}, after {}, active for {}",
                absolute(at),
                duration(took),
                duration(run.active)
            ),
        );
    }
    if run.attempt > 1 {
        page.fact("attempt", &run.attempt.to_string());
    }
    page.text
}

/// What to do about a run.
fn help(run: &RunSummary) -> Option<String> {
    let id = run.id;
    match run.status {
        Status::Failed | Status::Cancelled => Some(format!(
            "`lockgate runs resume {id}` goes on from the step where it stopped"
        )),
        Status::InDoubt => Some(format!(
            "nobody can tell whether the step happened: look where it would have, then say so: `lockgate runs resume {id} \
             --happened '…'` with what it gave, or `--did-not-happen`"
        )),
        Status::Queued | Status::Running | Status::Sleeping | Status::Succeeded => None,
    }
}

fn paint(status: Status, style: Style) -> String {
    match status {
        Status::Succeeded => style.good(mark(status)),
        Status::Failed => style.bad(mark(status)),
        Status::InDoubt => style.warn(mark(status)),
        Status::Queued | Status::Running | Status::Sleeping | Status::Cancelled => style.dim(mark(status)),
    }
}

struct Page {
    text: String,
    style: Style,
}

impl Page {
    const fn new(style: Style) -> Self {
        Self {
            text: String::new(),
            style,
        }
    }

    fn line(&mut self, text: &str) {
        self.text += text.trim_end();
        self.text.push('\n');
    }

    /// `  status   succeeded`
    fn fact(&mut self, name: &str, value: &str) {
        let name = self.style.dim(&format!("{name:<8}"));
        self.line(&format!("  {name} {value}"));
    }

    /// A fact that is JSON: on one line where that is short.
    fn field(&mut self, name: &str, value: &Value) {
        let text = compact(value, 11);
        self.fact(name, &text);
    }

    /// What it returned, why it failed, and what to do about it.
    fn end(&mut self, run: &RunDetail) {
        if let Some(output) = &run.output {
            self.line("");
            self.field("output", output);
        }
        if let Some(error) = &run.error {
            self.line("");
            self.error(error);
        }
        if let Some(help) = help(&run.summary) {
            let help = format!("{}: {help}", self.style.help("help"));
            self.line("");
            self.line(&help);
        }
    }

    fn error(&mut self, error: &Value) {
        let text = |name: &str| error.get(name).and_then(Value::as_str).unwrap_or_default();
        self.line(&format!(
            "{}: {}",
            self.style.bad(&format!("error[{}]", text("code"))),
            text("message")
        ));
        if !text("step").is_empty() {
            self.fact("step", text("step"));
        }
        if let Some(place) = error.get("place").filter(|place| !place.is_null()) {
            let number = |name: &str| place.get(name).map(ToString::to_string).unwrap_or_default();
            let file = place.get("file").and_then(Value::as_str).unwrap_or_default();
            self.fact("at", &format!("{file}:{}:{}", number("line"), number("column")));
        }
        for name in ["status", "details", "provider"] {
            if let Some(value) = error.get(name).filter(|value| !value.is_null()) {
                self.field(name, value);
            }
        }
    }

    /// Steps, and what happened to the run as a whole, in the order in which they began.
    fn timeline(&mut self, timeline: &Timeline, titles: &Titles, started: Timestamp) {
        let mut events = timeline.events.iter().peekable();
        if !timeline.steps.is_empty() || events.peek().is_some() {
            self.line("");
        }
        for step in &timeline.steps {
            while let Some(event) = events.next_if(|event| at(event) < step.started_at) {
                self.event(event, titles, started);
            }
            self.step(step, titles, started);
        }
        for event in events {
            self.event(event, titles, started);
        }
    }

    /// `  +1.2 s   ✓ user  auth0.create_user  24 ms`
    fn step(&mut self, step: &Step, titles: &Titles, started: Timestamp) {
        let style = self.style;
        let (mark, note) = match step.state {
            StepState::Finished => (style.good("✓"), ""),
            StepState::Failed => (style.bad("✗"), ""),
            StepState::Running => (style.dim("▸"), "goes on"),
            StepState::Sleeping => (style.dim("…"), "sleeps"),
            StepState::InDoubt => (style.warn("?"), "in doubt"),
            StepState::Dropped if step.error.is_some() => (style.dim("✗"), "done again"),
            StepState::Dropped => (style.dim("-"), "cut off"),
        };
        let verb = step.verb.as_deref().unwrap_or("step");
        let doing = step.action.as_deref().unwrap_or(verb);
        let title = titles.title(&step.key);
        let mut parts = vec![format!("{mark} {}", style.name(&title))];
        if !title.contains(doing) {
            parts.push(style.dim(doing));
        }
        if let Some(took) = step.duration_ms {
            parts.push(duration(std::time::Duration::from_secs_f64(took.max(0.0) / 1e3)));
        }
        if step.attempts.len() > 1 {
            parts.push(style.warn(&format!("{} attempts", step.attempts.len())));
        }
        if !note.is_empty() {
            parts.push(style.warn(note));
        }
        if let Some(until) = step.sleeps_until {
            parts.push(format!("until {}", absolute(until)));
        }
        if let Some(code) = step.error.as_ref().and_then(code) {
            parts.push(style.bad(code));
        }
        self.moment(step.started_at, started, &parts.join("  "));
        if step.attempts.len() > 1 {
            for attempt in &step.attempts {
                self.attempt(attempt, started);
            }
        }
        for (name, value) in [("input", &step.input), ("output", &step.output)] {
            if let Some(value) = value {
                self.detail(name, &compact(value, 22));
            }
        }
        for value in &step.values {
            if let Some(shown) = value.value.as_ref().filter(|shown| !shown.is_null())
                && step.output.as_ref() != Some(shown)
            {
                self.detail(&value.part, &compact(shown, 22));
            }
        }
        if let Some(message) = step
            .error
            .as_ref()
            .and_then(|error| error.get("message")?.as_str())
        {
            self.detail("error", message);
        }
    }

    fn attempt(&mut self, attempt: &Attempt, started: Timestamp) {
        let mut parts = Vec::new();
        if let Some(at) = attempt.started_at {
            parts.push(since(at, started));
        }
        parts.push(match (&attempt.error, attempt.ended_at) {
            (Some(error), _) => code(error).unwrap_or("failed").to_owned(),
            (None, Some(_)) => "succeeded".to_owned(),
            (None, None) => "no outcome".to_owned(),
        });
        if let Some(took) = attempt.duration_ms {
            parts.push(duration(std::time::Duration::from_secs_f64(took.max(0.0) / 1e3)));
        }
        self.detail(&format!("try {}", attempt.number), &parts.join("  "));
    }

    fn event(&mut self, event: &Event, titles: &Titles, started: Timestamp) {
        let text = match event {
            Event::Resumed { attempt, .. } if *attempt > 1 => format!("↻ resumed, attempt {attempt}"),
            Event::Resumed { .. } => "↻ resumed".to_owned(),
            // The step that slept has a line.
            Event::Woken { .. } => return,
            Event::Dropped { keys, .. } => {
                let steps: Vec<String> = keys.iter().map(|key| titles.title(key)).collect();
                format!("↺ done again from {}", steps.join(", "))
            }
        };
        let text = self.style.dim(&text);
        self.moment(at(event), started, &text);
    }

    fn moment(&mut self, at: Timestamp, started: Timestamp, text: &str) {
        let when = format!("{:>8}", since(at, started));
        self.line(&format!("  {}  {text}", self.style.dim(&when)));
    }

    fn detail(&mut self, name: &str, text: &str) {
        let name = self.style.dim(&format!("{name:<7}"));
        self.line(&format!("              {name} {text}"));
    }
}

const fn at(event: &Event) -> Timestamp {
    match event {
        Event::Resumed { at, .. } | Event::Woken { at, .. } | Event::Dropped { at, .. } => *at,
    }
}

/// `+24 ms`
fn since(at: Timestamp, started: Timestamp) -> String {
    let since = at.duration_since(started);
    let sign = if since.is_negative() { '-' } else { '+' };
    format!("{sign}{}", duration(since.unsigned_abs()))
}

fn code(error: &Value) -> Option<&str> {
    error.get("code")?.as_str()
}

/// JSON on one line where it is short, else indented below its name.
fn compact(value: &Value, indent: usize) -> String {
    const SHORT: usize = 100;
    let line = value.to_string();
    if line.chars().count() <= SHORT {
        return line;
    }
    format!("{value:#}").replace('\n', &format!("\n{}", " ".repeat(indent)))
}
