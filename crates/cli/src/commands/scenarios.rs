//! `lockgate scenarios`.

use std::fmt::Write as _;

use anyhow::Result;
use lockgate_flow::render::Outline;
use serde_json::{Value, json};

use crate::args::ScenariosArgs;
use crate::exit::Exit;
use crate::scenarios::{self, Scenario, picture};
use crate::terminal::Terminal;

pub(super) fn scenarios(args: &ScenariosArgs, terminal: &Terminal) -> Result<Exit> {
    if let Some(name) = &args.name {
        let scenario = scenarios::find(name)?;
        if args.json {
            terminal.print_json(&as_json(&scenario))?;
            return Ok(Exit::Done);
        }
        let style = terminal.stdout_style();
        let mut text = format!("{}\n", scenario.page.trim_end());
        for (path, line) in pictures(&scenario) {
            let _ = writeln!(text, "\n{}\n  {line}", style.name(&path));
        }
        terminal.print(&text)?;
        terminal.remark(&terminal.stderr_style().dim(&format!(
            "`lockgate new my-flows --scenario {name}` begins a workspace with it; without a folder it is added to this one"
        )));
        return Ok(Exit::Done);
    }
    let all = scenarios::all();
    if args.json {
        terminal.print_json(&all.iter().map(as_json).collect::<Value>())?;
        return Ok(Exit::Done);
    }
    let style = terminal.stdout_style();
    let mut text = String::new();
    for scenario in &all {
        let _ = writeln!(text, "{}  {}", style.name(&scenario.name), scenario.title);
        let _ = writeln!(text, "  {}", scenario.summary);
        for (_, line) in pictures(scenario) {
            let _ = writeln!(text, "  {}", style.dim(&line));
        }
        text.push('\n');
    }
    terminal.print(text.trim_end())?;
    terminal.remark(&terminal.stderr_style().dim(
        "`lockgate scenarios NAME` explains one; `lockgate new --scenario NAME` adds it to this workspace",
    ));
    Ok(Exit::Done)
}

/// The flows of a scenario, each in one line.
fn pictures(scenario: &Scenario) -> Vec<(String, String)> {
    let flows = scenario.flows();
    flows
        .map(|(path, flow)| (path.to_owned(), picture(&Outline::of(&flow))))
        .collect()
}

fn as_json(scenario: &Scenario) -> Value {
    json!({
        "name": scenario.name,
        "title": scenario.title,
        "summary": scenario.summary,
        "page": scenario.page,
        "files": scenario.files.keys().collect::<Vec<_>>(),
    })
}
