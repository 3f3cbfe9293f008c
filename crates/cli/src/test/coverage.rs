//! What of flows has run, for people and for machines.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context as _, Result};
use lockgate_testing::coverage::{self, Count, Covered, FlowCoverage, Lack};
use lockgate_testing::report::Report;
use lockgate_testing::{Subject, picture};
use serde_json::{Value, json};

use crate::args::TestArgs;
use crate::commands::counted;
use crate::exit::Mistake;
use crate::terminal::{Style, Table, Terminal};

/// Coverage of the flows that were asked for.
pub(crate) struct Coverage {
    flows: Vec<FlowCoverage>,
    /// How many percent are wanted.
    least: Option<u8>,
    lacks: Vec<Lack>,
}

impl Coverage {
    /// Of all flows; of those whose cases were asked for, where not all were.
    pub(crate) fn of(subject: &Subject, args: &TestArgs, report: &Report) -> Self {
        let asked = report.cases.iter().map(|case| case.flow.as_str());
        let asked: Option<BTreeSet<&str>> = args.is_for_some().then(|| asked.collect());
        let flows = coverage::of_flows(subject, asked.as_ref(), &report.visits());
        let least = args.min_coverage;
        let lacks = least.map_or_else(Vec::new, |least| coverage::lacks(&flows, least));
        Self { flows, least, lacks }
    }

    /// Whether as much was taken as is wanted.
    pub(crate) fn suffices(&self) -> bool {
        self.lacks.is_empty()
    }

    /// Draws each flow into a folder, or the one that there is into a file that ends in `.svg`.
    ///
    /// # Errors
    /// There are several for one file; a file cannot be written.
    pub(crate) fn draw(
        &self,
        path: &Path,
        subject: &Subject,
        report: &Report,
        terminal: &Terminal,
    ) -> Result<()> {
        let is_file = path.extension().is_some_and(|extension| extension == "svg");
        if is_file && self.flows.len() != 1 {
            let message = format!(
                "{} are not drawn into one file",
                counted(self.flows.len(), "flow")
            );
            return Err(Mistake::new(message)
                .help("name a folder for the pictures, or one flow to test")
                .into());
        }
        let folder = if is_file { path.parent() } else { Some(path) };
        if let Some(folder) = folder {
            std::fs::create_dir_all(folder).with_context(|| format!("making {}", folder.display()))?;
        }
        let visits = report.visits();
        for flow in &self.flows {
            let Some(picture) = picture(subject, flow, &visits) else {
                continue;
            };
            let path = if is_file {
                path.to_owned()
            } else {
                path.join(format!("{}.svg", flow.flow))
            };
            std::fs::write(&path, picture).with_context(|| format!("writing {}", path.display()))?;
            terminal.remark(&format!(
                "{} {}",
                terminal.stderr_style().good("✓"),
                path.display()
            ));
        }
        Ok(())
    }

    /// A table, and the places of what was not taken.
    pub(crate) fn table(&self, style: Style) -> String {
        let mut table = Table::new(style, &["flow", "steps", "", "branches", ""]);
        for flow in &self.flows {
            let (steps, branches) = flow.counts();
            table.row([
                flow.flow.clone(),
                of(steps),
                percent(steps),
                of(branches),
                // A flow that goes one way only has none.
                if branches.total == 0 {
                    String::new()
                } else {
                    percent(branches)
                },
            ]);
        }
        let mut text = format!("\n{}", table.render());
        let missed: Vec<String> = self
            .flows
            .iter()
            .flat_map(|flow| flow.missed().into_iter().map(|missed| place(flow, missed)))
            .collect();
        if !missed.is_empty() {
            text.push_str("\nnot taken:\n");
            for line in missed {
                let _ = writeln!(text, "  {line}");
            }
        }
        text
    }

    /// Which flow lacks what, a line each; nothing where enough was taken.
    pub(crate) fn shortage(&self, style: Style) -> String {
        let lines: Vec<String> = self
            .lacks
            .iter()
            .map(|Lack { flow, what, count }| {
                format!(
                    "{} {}: {} {what} were taken ({}), and {} % are wanted",
                    style.bad("✗"),
                    style.name(flow),
                    of(*count).replace('/', " of "),
                    percent(*count),
                    self.least.unwrap_or_default()
                )
            })
            .collect();
        lines.join("\n")
    }

    /// `flows`, and, where so much is wanted, `min` and `lacks`.
    pub(crate) fn as_json(&self) -> Value {
        let flows = self.flows.iter().map(|flow| {
            let (steps, branches) = flow.counts();
            let missed = flow.missed().into_iter().map(|missed| {
                json!({
                    "line": missed.position.line,
                    "path": missed.path,
                    "way": missed.way.map(|_| &missed.place),
                    "title": missed.title,
                })
            });
            json!({
                "flow": flow.flow,
                "file": flow.file,
                "steps": count(steps),
                "branches": count(branches),
                "missed": missed.collect::<Vec<_>>(),
            })
        });
        let mut seen = json!({ "flows": flows.collect::<Vec<_>>() });
        if let Some(least) = self.least {
            seen["min"] = json!(least);
            let lacks = self.lacks.iter().map(|lack| {
                let mut seen = count(lack.count);
                seen["flow"] = json!(lack.flow);
                seen["what"] = json!(lack.what);
                seen
            });
            seen["lacks"] = lacks.collect();
        }
        seen
    }
}

fn of(count: Count) -> String {
    if count.total == 0 {
        return "none".to_owned();
    }
    format!("{}/{}", count.covered, count.total)
}

/// Downwards: what is not all is not 100 %.
fn percent(count: Count) -> String {
    format!("{:.0} %", count.percent().floor())
}

fn count(count: Count) -> Value {
    json!({
        "covered": count.covered,
        "total": count.total,
        "percent": (count.percent() * 100.0).floor() / 100.0,
    })
}

/// `flows/sign-up.yaml:31 steps/3 else (Is it free?)`
fn place(flow: &FlowCoverage, missed: &Covered) -> String {
    let way = match missed.way {
        Some(_) => format!(" {}", missed.place),
        None => String::new(),
    };
    format!(
        "{}:{} {}{way} ({})",
        flow.file, missed.position.line, missed.path, missed.title
    )
}
