//! `lockgate explain`.

use anyhow::Result;
use lockgate_flow::diagnostic::Code;
use serde_json::{Value, json};

use crate::args::ExplainArgs;
use crate::exit::Exit;
use crate::terminal::{Table, Terminal};

pub(super) fn explain(args: &ExplainArgs, terminal: &Terminal) -> Result<Exit> {
    let one = |code: Code| json!({ "code": code.as_str(), "severity": code.severity().name(), "title": code.title(), "page": code.page() });
    match args.code {
        Some(code) if args.json => terminal.print_json(&one(code))?,
        Some(code) => terminal.print(code.page())?,
        None if args.json => {
            terminal.print_json(&Code::ALL.iter().map(|code| one(*code)).collect::<Value>())?;
        }
        None => {
            let mut table = Table::new(terminal.stdout_style(), &["code", "severity", "about"]);
            for code in Code::ALL {
                table.row([
                    code.to_string(),
                    code.severity().name().to_owned(),
                    code.title().to_owned(),
                ]);
            }
            terminal.print(&table.render())?;
        }
    }
    Ok(Exit::Done)
}
