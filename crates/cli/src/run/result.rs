//! The end of a run: one JSON object, or words on stderr and the result on stdout.

use std::fmt::Write as _;

use anyhow::Result;
use lockgate_engine::outcome::{RunOutcome, RunStatus, StepError};
use serde_json::{Value, json};

use super::progress::duration;
use super::record::{StepRecord, StepStatus};
use crate::exit::{Exit, Shown, message};
use crate::terminal::{Style, Terminal};

fn exit(status: RunStatus) -> Exit {
    match status {
        RunStatus::Succeeded => Exit::Done,
        RunStatus::Cancelled => Exit::Interrupted,
        RunStatus::Failed | RunStatus::InDoubt | RunStatus::Suspended | RunStatus::Interrupted => {
            Exit::Failed
        }
    }
}

/// Shows how the run ended.
pub(crate) fn show(
    flow: &str,
    outcome: &RunOutcome,
    steps: &[StepRecord],
    took: std::time::Duration,
    has_request: bool,
    terminal: &Terminal,
) -> Result<Exit> {
    let style = terminal.stderr_style();
    let took = style.dim(&duration(took));
    let response = outcome.response.as_ref();
    match outcome.status {
        RunStatus::Succeeded => {
            let answered = match response {
                Some(response) => {
                    let location = response
                        .headers
                        .iter()
                        .find(|(name, _)| name.eq_ignore_ascii_case("location"));
                    let to = location.map(|(_, to)| format!(", {to}")).unwrap_or_default();
                    format!(", answered {}{to}", response.status)
                }
                None => String::new(),
            };
            terminal.remark(&format!(
                "{} {} in {took}{answered}",
                style.good("✓"),
                style.name(flow)
            ));
        }
        RunStatus::Cancelled => {
            let running: Vec<&str> = steps
                .iter()
                .filter(|step| {
                    step.status == StepStatus::Running && !matches!(step.verb, "parallel" | "for_each")
                })
                .map(|step| step.title.as_str())
                .collect();
            let during = if running.is_empty() {
                String::new()
            } else {
                format!(" during {}", running.join(", "))
            };
            terminal.say(&format!(
                "{} {} interrupted after {took}{during}",
                style.bad("✗"),
                style.name(flow)
            ));
            let lost = steps
                .iter()
                .any(|step| step.status == StepStatus::Running && step.action.is_some());
            if lost {
                terminal.say(&format!(
                    "{}: an action that was interrupted may have been carried out",
                    style.help("note")
                ));
            }
        }
        status => {
            let word = match status {
                RunStatus::InDoubt => "is in doubt",
                RunStatus::Suspended => "is suspended",
                RunStatus::Interrupted => "was interrupted by its journal",
                _ => "failed",
            };
            terminal.say(&format!(
                "{} {} {word} after {took}",
                style.bad("✗"),
                style.name(flow)
            ));
            if let Some(error) = &outcome.error {
                terminal.say("");
                terminal.say(error_text(error, steps, style).trim_end());
                if let Some(help) = missing_help(error, has_request) {
                    terminal.say(&format!("{}: {help}", style.help("help")));
                }
            }
        }
    }
    if let Some(value) = outcome
        .output
        .as_ref()
        .or_else(|| response.and_then(|response| response.body.as_ref()))
    {
        terminal.print_json(value)?;
    }
    Ok(exit(outcome.status))
}

/// The error, where it is, and what the other end said.
fn error_text(error: &StepError, steps: &[StepRecord], style: Style) -> String {
    let mut text = format!("{}[{}]: {}\n", style.bad("error"), error.code, error.message);
    let action = steps
        .iter()
        .rev()
        .find(|step| {
            step.status == StepStatus::Failed
                && step.error.as_ref().is_some_and(|(code, _)| *code == error.code)
        })
        .and_then(|step| step.action.as_deref());
    let mut line = |name: &str, value: &str| {
        let _ = writeln!(text, "  {} {value}", style.dim(&format!("{name:<8}")));
    };
    if !error.step.is_empty() {
        line(
            "step",
            &action.map_or_else(
                || error.step.clone(),
                |action| format!("{} ({action})", error.step),
            ),
        );
    }
    if let Some(place) = &error.place {
        line("at", &place.to_string());
    }
    line("status", &error.status.to_string());
    for (name, value) in [("details", &error.details), ("provider", &error.provider)] {
        if let Some(value) = value {
            line(name, &format!("{value:#}").replace('\n', "\n           "));
        }
    }
    text
}

/// What to do about a value that is missing.
fn missing_help(error: &StepError, has_request: bool) -> Option<String> {
    if error.code != "missing_value" {
        return None;
    }
    // An expression in the place of a path has spaces.
    let path = error
        .message
        .split('`')
        .nth(1)
        .filter(|path| !path.contains(' '))?;
    if !has_request && (path == "request" || path.starts_with("request.")) {
        return Some(
            "a run from the command line has no request of its own; give it one: \
             `--request '{\"method\": \"POST\", \"path\": \"/\", \"ip\": \"192.0.2.1\"}'`"
                .to_owned(),
        );
    }
    Some(format!(
        "where it may be missing, write `{{{{default {path} \"…\"}}}}`, `{{{{optional {path}}}}}` or \
         `{{{{omit_if_missing {path}}}}}`"
    ))
}

/// The run as one JSON object.
pub(crate) fn as_json(
    flow: &str,
    outcome: &RunOutcome,
    steps: &[StepRecord],
    took: std::time::Duration,
    trace: bool,
) -> (Value, Exit) {
    let response = outcome.response.as_ref().map(|response| {
        let headers = response.headers_by_name();
        json!({ "status": response.status, "headers": headers, "body": response.body })
    });
    let value = json!({
        "run_id": outcome.run_id,
        "flow": flow,
        "status": outcome.status,
        "duration_ms": (took.as_secs_f64() * 1e6).round() / 1e3,
        "output": outcome.output,
        "response": response,
        "steps": steps.iter().map(|step| step.as_json(trace)).collect::<Vec<_>>(),
        "error": outcome.error.as_ref().map(error_json),
    });
    (value, exit(outcome.status))
}

fn error_json(error: &StepError) -> Value {
    let place = error
        .place
        .as_ref()
        .map(|place| json!({ "file": place.file, "line": place.line, "column": place.column }));
    json!({
        "code": error.code,
        "message": error.message,
        "status": error.status,
        "step": error.step,
        "place": place,
        "details": error.details,
        "provider": error.provider,
    })
}

/// A run that could not be started, in the same shape.
pub(crate) fn invalid_as_json(flow: &str, error: &anyhow::Error) -> Value {
    let (code, details) = match error.downcast_ref::<Shown>() {
        Some(shown) => (shown.code, &shown.details),
        None => ("not_started", &Value::Null),
    };
    json!({
        "run_id": null,
        "flow": flow,
        "status": "invalid",
        "duration_ms": 0,
        "output": null,
        "response": null,
        "steps": [],
        "error": { "code": code, "message": message(error), "details": details },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_value_has_a_way_out() {
        let help = |code: &'static str, message: &str, has_request| {
            missing_help(&StepError::new(code, 500, message), has_request)
        };
        let of_request = |has_request| help("missing_value", "`request.ip` is missing", has_request).unwrap();
        assert!(of_request(false).contains("--request"));
        assert_eq!(
            of_request(true),
            "where it may be missing, write `{{default request.ip \"…\"}}`, `{{optional request.ip}}` or \
             `{{omit_if_missing request.ip}}`"
        );
        assert!(
            help("missing_value", "`steps.a.b` is missing", false)
                .unwrap()
                .contains("{{optional steps.a.b}}")
        );
        assert_eq!(
            help("missing_value", "`first input.list` is missing", false),
            None
        );
        assert_eq!(help("invalid_expression", "`request.ip` is bad", false), None);
    }
}
