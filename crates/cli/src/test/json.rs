//! Cases as machines read them.

use lockgate_flow::diagnostic::to_json;
use lockgate_testing::report::{CaseReport, Report, RunReport, StepReport, Verdict};
use serde_json::{Value, json};

use super::Coverage;

/// The report as one object: `passed`, `failed`, `skipped`, `duration_ms`, `cases`, and `coverage` where it was asked for.
pub(crate) fn as_json(report: &Report, coverage: Option<&Coverage>) -> Value {
    let totals = report.totals();
    let mut seen = json!({
        "passed": totals.passed,
        "failed": totals.failed,
        "skipped": totals.skipped,
        "duration_ms": milliseconds(report.took),
        "cases": report.cases.iter().map(case).collect::<Vec<_>>(),
    });
    if let Some(coverage) = coverage {
        seen["coverage"] = coverage.as_json();
    }
    seen
}

fn case(case: &CaseReport) -> Value {
    let failures: Vec<Value> = case
        .failures
        .iter()
        .map(|failure| {
            let mut seen = to_json(&failure.finding);
            if let Some(values) = &failure.values {
                seen["expected"] = json!(values.expected);
                seen["actual"] = json!(values.actual);
            }
            seen["run"] = json!(failure.run);
            seen
        })
        .collect();
    let mut seen = json!({
        "file": case.file,
        "line": case.position.line,
        "flow": case.flow,
        "name": case.name,
        "status": case.verdict.name(),
        "duration_ms": milliseconds(case.took),
        "failures": failures,
        "runs": case.runs.iter().map(run).collect::<Vec<_>>(),
    });
    if let Verdict::Skipped(why) = &case.verdict {
        seen["reason"] = json!(why);
    }
    seen
}

/// What a run of a case did, masked.
pub(crate) fn run(run: &RunReport) -> Value {
    let seen = json!({
        "flow": run.flow,
        "status": run.status,
        "duration_ms": milliseconds(run.took),
        "input": run.input,
        "response": run.response,
        "output": run.output,
        "error": run.error,
        "steps": run.steps.iter().map(step).collect::<Vec<_>>(),
    });
    run.masks.apply_to(&seen).into_owned()
}

fn step(step: &StepReport) -> Value {
    json!({
        "id": step.id,
        "path": step.key,
        "flow": step.flow,
        "verb": step.verb,
        "action": step.action,
        "status": step.status.name(),
        "attempts": step.attempts,
        "duration_ms": milliseconds(step.took),
        "input": step.input,
        "output": step.output,
        "error": step.error,
    })
}

/// With three decimals.
pub(crate) fn milliseconds(duration: std::time::Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e3
}
