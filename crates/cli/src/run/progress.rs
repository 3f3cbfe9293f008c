//! Steps as they run: spinners on a terminal, a line for each finished step everywhere.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use serde_json::Value;

use super::record::{StepRecord, StepStatus};
use crate::terminal::{Style, Terminal, set_progress};

/// The turns of one loop that have lines of their own where nobody watches; the others are counted.
const SHOWN_TURNS: u64 = 20;

/// Shows steps on stderr.
pub(crate) struct Progress {
    terminal: Terminal,
    live: Option<Live>,
    /// How many turns of a loop, by the path of its step, have no lines.
    unshown: Mutex<BTreeMap<String, u64>>,
}

struct Live {
    lines: MultiProgress,
    bars: Mutex<HashMap<String, ProgressBar>>,
}

/// The verbs that only choose a way: the steps on it are what people want to see.
pub(crate) fn is_shown(verb: &str) -> bool {
    !matches!(verb, "if" | "switch")
}

impl Progress {
    pub(crate) fn new(terminal: &Terminal) -> Self {
        let live = terminal.is_live().then(|| {
            let lines = MultiProgress::new();
            set_progress(Some(lines.clone()));
            Live {
                lines,
                bars: Mutex::default(),
            }
        });
        Self {
            terminal: terminal.clone(),
            live,
            unshown: Mutex::default(),
        }
    }

    fn unshown(&self) -> MutexGuard<'_, BTreeMap<String, u64>> {
        self.unshown.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a step has a line. One in a late turn of a loop is only counted, unless it fails the loop.
    fn has_line(&self, step: &StepRecord) -> bool {
        if self.live.is_some() {
            return true;
        }
        let Some((each, turn)) = late_turn(&step.path) else {
            return true;
        };
        let mut unshown = self.unshown();
        let count = unshown.entry(each.to_owned()).or_default();
        *count = (*count).max(turn + 1 - SHOWN_TURNS);
        step.status == StepStatus::Failed && !step.handled
    }

    /// `… 9,980 more turns of invited`, once a loop is over.
    fn count_turns(&self, count: u64, of: &str) {
        let turns = if count == 1 { "turn" } else { "turns" };
        let text = format!("… {} more {turns}{of}", grouped(count));
        self.terminal.remark(&self.style().dim(&text));
    }

    fn style(&self) -> Style {
        self.terminal.stderr_style()
    }

    pub(super) fn started(&self, step: &StepRecord) {
        let Some(live) = self.live.as_ref().filter(|_| is_shown(step.verb)) else {
            return;
        };
        let bar = live.lines.add(ProgressBar::new_spinner());
        if let Ok(template) = ProgressStyle::with_template("{spinner:.cyan} {wide_msg}") {
            bar.set_style(template.tick_chars("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏ "));
        }
        bar.set_message(label(step, self.style()));
        bar.enable_steady_tick(Duration::from_millis(80));
        live.bars
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(step.path.clone(), bar);
    }

    pub(super) fn retrying(&self, path: &str, title: &str, attempt: u32, code: &str, delay: Duration) {
        let text = format!("{code}, attempt {} in {}", attempt + 1, duration(delay));
        if let Some(live) = &self.live {
            let bars = live.bars.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(bar) = bars.get(path) {
                bar.set_message(format!("{title}  {}", self.style().warn(&text)));
            }
            return;
        }
        self.terminal
            .remark(&format!("{} {title}  {text}", self.style().warn("↻")));
    }

    pub(super) fn finished(&self, step: &StepRecord, trace: bool) {
        if let Some(live) = &self.live
            && let Some(bar) = live
                .bars
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .remove(&step.path)
        {
            bar.finish_and_clear();
        }
        if !is_shown(step.verb) {
            return;
        }
        if !trace && !self.has_line(step) {
            return;
        }
        if let Some(count) = self.unshown().remove(&step.path) {
            self.count_turns(count, &format!(" of {}", step.title));
        }
        self.terminal.remark(&step_line(step, self.style()));
        if trace {
            for (name, value) in [("input", &step.input), ("result", &step.output)] {
                if let Some(value) = value {
                    self.terminal.remark(&indented(self.style(), name, value));
                }
            }
        }
    }

    /// Ends all spinners. A finished run has none; an interrupted one does.
    pub(super) fn finish(&self) {
        if let Some(live) = &self.live {
            for (_, bar) in live.bars.lock().unwrap_or_else(PoisonError::into_inner).drain() {
                bar.finish_and_clear();
            }
            set_progress(None);
        }
        // Of loops that were interrupted.
        for count in std::mem::take(&mut *self.unshown()).into_values() {
            self.count_turns(count, "");
        }
    }
}

/// What it is called, and what it does where the name does not say that.
fn label(step: &StepRecord, style: Style) -> String {
    let doing = step.action.as_deref().unwrap_or(step.verb);
    let place = turns(&step.path);
    let mut label = step.title.clone();
    if let Some(place) = place {
        let _ = write!(label, " {}", style.dim(&place));
    }
    if !step.title.contains(doing) {
        let _ = write!(label, "  {}", style.dim(doing));
    }
    label
}

/// `✓ user  auth0.create_user  12 ms`
pub(crate) fn step_line(step: &StepRecord, style: Style) -> String {
    let label = label(step, style);
    let attempts = match step.attempts {
        0 | 1 => String::new(),
        attempts => format!("  {}", style.warn(&format!("{attempts} attempts"))),
    };
    let took = format!("{}{attempts}", style.dim(&duration(step.duration)));
    match (step.status, &step.error) {
        (StepStatus::Skipped, _) => format!("{} {label}  {}", style.dim("-"), style.dim("skipped")),
        (StepStatus::Failed, Some((code, _))) if step.handled => {
            format!(
                "{} {label}  {took}  {}",
                style.warn("!"),
                style.warn(&format!("{code}, handled"))
            )
        }
        (StepStatus::Failed, error) => {
            // `fail email_taken` says its code already.
            let code = error.as_ref().map_or("", |(code, _)| code);
            let code = if step.title.contains(code) { "" } else { code };
            format!("{} {label}  {took}  {}", style.bad("✗"), style.bad(code))
                .trim_end()
                .to_owned()
        }
        _ => format!("{} {label}  {took}", style.good("✓")),
    }
}

/// Which turn of which loop, from 1: `#2`, `#2.1`.
pub(crate) fn turns(path: &str) -> Option<String> {
    let counted: Vec<String> = path
        .split('/')
        .zip(path.split('/').skip(1))
        .filter(|(before, _)| *before == "each")
        .filter_map(|(_, index)| index.parse::<u64>().ok())
        .map(|index| (index + 1).to_string())
        .collect();
    (!counted.is_empty()).then(|| format!("#{}", counted.join(".")))
}

/// The outermost loop of which the path is in a turn that has no lines: the path of its step, and the turn from 0.
fn late_turn(path: &str) -> Option<(&str, u64)> {
    path.match_indices("/each/").find_map(|(start, each)| {
        let turn = path[start + each.len()..].split('/').next()?.parse().ok()?;
        (turn >= SHOWN_TURNS).then_some((&path[..start], turn))
    })
}

/// `9,980`
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn indented(style: Style, name: &str, value: &Value) -> String {
    let text = format!("{value:#}").replace('\n', "\n    ");
    format!("    {} {text}", style.dim(name))
}

/// `0.4 ms`, `12 ms`, `1.2 s`, `3 min`: as exact as is of use.
pub(crate) fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    match seconds {
        s if s < 0.000_95 => format!("{:.0} µs", s * 1e6),
        s if s < 0.009_5 => format!("{:.1} ms", s * 1e3),
        s if s < 0.999_5 => format!("{:.0} ms", s * 1e3),
        s if s < 59.95 => tenths(s, "s"),
        s if s < 7200.0 => tenths(s / 60.0, "min"),
        s => tenths(s / 3600.0, "h"),
    }
}

/// `1.5 h`, `24 h`.
fn tenths(number: f64, unit: &str) -> String {
    let number = format!("{number:.1}");
    format!("{} {unit}", number.strip_suffix(".0").unwrap_or(&number))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::terminal::ColorChoice;

    fn step(path: &str) -> StepRecord {
        StepRecord {
            path: path.to_owned(),
            id: Some("user".to_owned()),
            title: "user".to_owned(),
            verb: "action",
            action: Some("auth0.create_user".to_owned()),
            status: StepStatus::Succeeded,
            began: Duration::ZERO,
            duration: Duration::from_millis(12),
            attempts: 1,
            error: None,
            handled: false,
            input: None,
            output: None,
        }
    }

    #[test]
    fn durations_are_as_exact_as_is_of_use() {
        for (micros, expected) in [
            (0, "0 µs"),
            (420, "420 µs"),
            (4_240, "4.2 ms"),
            (12_400, "12 ms"),
            (999_400, "999 ms"),
            (1_240_000, "1.2 s"),
            (90_000_000, "1.5 min"),
            (86_400_000_000, "24 h"),
        ] {
            assert_eq!(duration(Duration::from_micros(micros)), expected);
        }
    }

    #[test]
    fn a_turn_of_a_loop_is_counted_as_people_count() {
        assert_eq!(turns("steps/0"), None);
        assert_eq!(turns("steps/2/each/4/steps/0"), Some("#5".to_owned()));
        assert_eq!(
            turns("steps/2/each/4/steps/0/each/0/steps/1"),
            Some("#5.1".to_owned())
        );
    }

    #[test]
    fn late_turns_of_a_loop_are_counted() {
        assert_eq!(late_turn("steps/2/each/19/steps/0"), None);
        assert_eq!(
            late_turn("steps/2/each/20/steps/0/each/99/steps/1"),
            Some(("steps/2", 20))
        );
        assert_eq!(
            late_turn("steps/2/each/3/steps/0/each/99/steps/1"),
            Some(("steps/2/each/3/steps/0", 99))
        );
        for (number, expected) in [(7, "7"), (980, "980"), (9_980, "9,980"), (1_000_000, "1,000,000")] {
            assert_eq!(grouped(number), expected);
        }
        let progress = Progress {
            terminal: Terminal::new(ColorChoice::Never, true),
            live: None,
            unshown: Mutex::default(),
        };
        let step = |turn: u32, status, handled| StepRecord {
            status,
            handled,
            ..step(&format!("steps/2/each/{turn}/steps/0"))
        };
        assert!(progress.has_line(&step(19, StepStatus::Succeeded, false)));
        assert!(!progress.has_line(&step(9_999, StepStatus::Succeeded, false)));
        assert!(!progress.has_line(&step(20, StepStatus::Failed, true)));
        assert!(progress.has_line(&step(21, StepStatus::Failed, false)));
        assert_eq!(progress.unshown()["steps/2"], 9_980);
        let whole = StepRecord {
            verb: "for_each",
            ..super::tests::step("steps/2")
        };
        progress.finished(&whole, false);
        assert!(progress.unshown().is_empty());
    }

    #[test]
    fn a_line_says_what_happened() {
        let progress = Progress {
            terminal: Terminal::new(ColorChoice::Never, false),
            live: None,
            unshown: Mutex::default(),
        };
        let step = step("steps/0");
        let error = Some(("user_exists".to_owned(), "it is there".to_owned()));
        for (step, expected) in [
            (step.clone(), "✓ user  auth0.create_user  12 ms"),
            (
                StepRecord {
                    attempts: 3,
                    ..step.clone()
                },
                "✓ user  auth0.create_user  12 ms  3 attempts",
            ),
            (
                StepRecord {
                    status: StepStatus::Skipped,
                    ..step.clone()
                },
                "- user  auth0.create_user  skipped",
            ),
            (
                StepRecord {
                    status: StepStatus::Failed,
                    error: error.clone(),
                    ..step.clone()
                },
                "✗ user  auth0.create_user  12 ms  user_exists",
            ),
            (
                StepRecord {
                    status: StepStatus::Failed,
                    error,
                    handled: true,
                    ..step.clone()
                },
                "! user  auth0.create_user  12 ms  user_exists, handled",
            ),
            (
                StepRecord {
                    title: "respond 201".to_owned(),
                    verb: "respond",
                    action: None,
                    ..step
                },
                "✓ respond 201  12 ms",
            ),
        ] {
            assert_eq!(step_line(&step, progress.style()), expected);
        }
    }
}
