//! Cases as people read them: a line each; of one that failed what was expected, what was found, and what the run did.

use std::fmt::Write as _;
use std::time::Duration;

use lockgate_flow::diagnostic::render_text;
use lockgate_testing::diff::{Side, diff};
use lockgate_testing::report::{CaseReport, Failure, Report, RunReport, StepReport, StepStatus, Verdict};
use serde_json::Value;

use crate::run::{StepRecord, duration, is_shown, step_line};
use crate::terminal::Style;

/// How much of a value a line shows.
const WIDTH: usize = 160;

/// A case as it is shown.
pub(crate) struct Shown<'a> {
    pub(crate) case: &'a CaseReport,
    pub(crate) style: Style,
}

impl Shown<'_> {
    /// `✓ sign-up › a pro plan gets its quota  2 ms`
    pub(crate) fn line(&self) -> String {
        let style = self.style;
        let case = self.case;
        let name = format!("{} {} {}", style.dim(&case.flow), style.dim("›"), case.name);
        match &case.verdict {
            Verdict::Passed => format!("{} {name}  {}", style.good("✓"), style.dim(&duration(case.took))),
            Verdict::Failed => format!("{} {name}  {}", style.bad("✗"), style.dim(&duration(case.took))),
            Verdict::Skipped(why) => {
                let why = if why.is_empty() {
                    "skipped".to_owned()
                } else {
                    format!("skipped: {why}")
                };
                format!("{} {name}  {}", style.dim("-"), style.dim(&why))
            }
        }
    }

    /// What did not hold; nothing for a case that has not failed.
    pub(crate) fn failures(&self) -> String {
        let mut text = String::new();
        for failure in &self.case.failures {
            text.push('\n');
            self.failure(&mut text, failure);
        }
        // The trace of each run that something did not hold of, once.
        let mut runs: Vec<usize> = self.case.failures.iter().map(|failure| failure.run).collect();
        runs.dedup();
        for index in runs {
            if let Some(run) = self.case.runs.get(index) {
                self.trace(&mut text, run, index);
            }
        }
        text
    }

    fn failure(&self, text: &mut String, failure: &Failure) {
        let style = self.style;
        text.push_str(render_text(std::slice::from_ref(&failure.finding), style.is_on()).trim_end());
        text.push('\n');
        let Some(values) = &failure.values else { return };
        let _ = writeln!(text, "\n  {}  {}", style.bad("- expected"), style.good("+ found"));
        for line in diff(values) {
            let shown = format!("{} {}", line.side.mark(), line.text);
            let shown = match line.side {
                Side::Expected => style.bad(&shown),
                Side::Actual => style.good(&shown),
                Side::Both | Side::Gap => style.dim(&shown),
            };
            let _ = writeln!(text, "  {shown}");
        }
    }

    /// What the runs of a case did, whether it has failed or not.
    pub(crate) fn traces(&self) -> String {
        let mut text = String::new();
        for (index, run) in self.case.runs.iter().enumerate() {
            self.trace(&mut text, run, index);
        }
        text
    }

    fn trace(&self, text: &mut String, run: &RunReport, index: usize) {
        let style = self.style;
        let which = if self.case.runs.len() > 1 {
            format!(" (run {})", index + 1)
        } else {
            String::new()
        };
        let status = run.response["status"].as_u64().unwrap_or_default();
        let _ = writeln!(
            text,
            "\n  {} {}{which}: {} after {}, answered {status}",
            style.dim("the run of"),
            style.name(&run.flow),
            run.status,
            duration(run.took),
        );
        let masked = |value: &Value| run.masks.apply_to(value).into_owned();
        let _ = writeln!(
            text,
            "    {} {}",
            style.dim("input"),
            line_of(&masked(&run.input))
        );
        for step in run.steps.iter().filter(|step| is_shown(step.verb)) {
            let _ = writeln!(text, "    {}", step_line(&record(step), style));
            if step.action.is_none() {
                continue;
            }
            for (name, value) in [("input", &step.input), ("result", &step.output)] {
                if let Some(value) = value {
                    let _ = writeln!(text, "        {} {}", style.dim(name), line_of(&masked(value)));
                }
            }
        }
        if let Some(error) = &run.error {
            let said = |key: &str| error[key].as_str().unwrap_or_default().to_owned();
            let place = run.place.as_deref().unwrap_or_default();
            let _ = writeln!(
                text,
                "    {}[{}]: {} {}",
                style.bad("error"),
                said("code"),
                run.masks.apply(&said("message")),
                style.dim(place)
            );
        }
    }
}

/// JSON on one line, cut where it is long.
fn line_of(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(WIDTH) {
        None => text,
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}

fn record(step: &StepReport) -> StepRecord {
    StepRecord {
        path: step.key.clone(),
        id: step.id.clone(),
        title: step.title.clone(),
        verb: step.verb,
        action: step.action.clone(),
        status: match step.status {
            StepStatus::Succeeded => crate::run::StepStatus::Succeeded,
            StepStatus::Failed => crate::run::StepStatus::Failed,
            StepStatus::Skipped => crate::run::StepStatus::Skipped,
            StepStatus::Interrupted => crate::run::StepStatus::Running,
        },
        began: step.began,
        duration: step.took,
        attempts: step.attempts,
        error: step.error.as_ref().map(|error| {
            let said = |key: &str| error[key].as_str().unwrap_or_default().to_owned();
            (said("code"), said("message"))
        }),
        handled: step.is_handled,
        input: None,
        output: None,
    }
}

/// `✓ 12 passed, 1 skipped in 30 ms`
pub(crate) fn summary(report: &Report, took: Duration, style: Style) -> String {
    let totals = report.totals();
    let mut parts = vec![format!("{} passed", totals.passed)];
    if totals.failed > 0 {
        parts.push(style.bad(&format!("{} failed", totals.failed)));
    }
    if totals.skipped > 0 {
        parts.push(style.warn(&format!("{} skipped", totals.skipped)));
    }
    let mark = if totals.failed > 0 {
        style.bad("✗")
    } else {
        style.good("✓")
    };
    format!("{mark} {} in {}", parts.join(", "), duration(took))
}
