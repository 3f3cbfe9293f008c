//! `lockgate check`.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use lockgate_flow::diagnostic::{Diagnostic, render_github, render_json, render_text};

use super::counted;
use crate::args::{CheckArgs, FindingFormat};
use crate::catalogue;
use crate::connectors::CONNECTORS;
use crate::exit::Exit;
use crate::scenarios;
use crate::terminal::Terminal;
use crate::workspace::{self, Loaded};

pub(super) fn check(folder: &Path, args: &CheckArgs, terminal: &Terminal) -> Result<Exit> {
    let paths = args
        .paths
        .iter()
        .map(|path| {
            folder
                .join(path)
                .canonicalize()
                .with_context(|| format!("opening {}", path.display()))
        })
        .collect::<Result<Vec<PathBuf>>>()?;
    // A flow that stands elsewhere is checked as if it were one of the workspace; its connectors are read as such.
    let connectors = workspace::root_of(folder).map(|root| root.join(CONNECTORS));
    let is_connector = |path: &Path| {
        let folder = connectors.as_ref().ok();
        folder.is_some_and(|folder| path.starts_with(folder))
    };
    let files: Vec<PathBuf> = paths
        .iter()
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "yaml" || extension == "yml")
        })
        .filter(|path| path.is_file() && !path.ends_with(workspace::FILE) && !is_connector(path))
        .cloned()
        .collect();
    let loaded = Loaded::find(folder, &catalogue::catalog(), &files)?;
    let is_asked =
        |name: &str| paths.is_empty() || paths.iter().any(|path| loaded.root.join(name).starts_with(path));
    let findings: Vec<Diagnostic> = loaded
        .checked
        .diagnostics
        .iter()
        .filter(|finding| is_asked(finding.primary.source.path()))
        .cloned()
        .collect();
    let flows = loaded
        .checked
        .flows
        .iter()
        .filter(|flow| is_asked(flow.source.path()))
        .count();
    match args.format {
        FindingFormat::Text => {
            if !findings.is_empty() {
                terminal.print(&render_text(&findings, terminal.stdout_style().is_on()))?;
            }
        }
        FindingFormat::Json => terminal.print_json(&render_json(&findings))?,
        FindingFormat::Github => {
            if !findings.is_empty() {
                terminal.print(&render_github(&findings))?;
            }
        }
    }
    let style = match args.format {
        FindingFormat::Text => terminal.stdout_style(),
        FindingFormat::Json | FindingFormat::Github => terminal.stderr_style(),
    };
    for file in &loaded.left_out {
        terminal.remark(&file.note(terminal.stderr_style()));
    }
    let errors = findings.iter().filter(|finding| finding.is_error()).count();
    let warnings = findings.len() - errors;
    let mark = match (errors, warnings) {
        (0, 0) => style.good("✓"),
        (0, _) => style.warn("!"),
        _ => style.bad("✗"),
    };
    let summary = format!(
        "{mark} {}, {}, {}",
        counted(flows, "flow"),
        counted(errors, "error"),
        counted(warnings, "warning")
    );
    // Part of the report where people read it; machines get findings alone.
    match args.format {
        FindingFormat::Text if !terminal.is_quiet() => {
            terminal.print(&summary)?;
            show_gaps(&loaded, terminal);
        }
        FindingFormat::Text => {}
        FindingFormat::Json | FindingFormat::Github => terminal.remark(&summary),
    }
    let is_bad = errors > 0 || args.deny_warnings && warnings > 0;
    Ok(if is_bad { Exit::Invalid } else { Exit::Done })
}

/// Variables without a value: no mistakes, but calls need them.
fn show_gaps(loaded: &Loaded, terminal: &Terminal) {
    let gaps = scenarios::gaps(loaded);
    if gaps.is_empty() {
        return;
    }
    let lines: Vec<String> = gaps.iter().map(|gap| format!("  {}", gap.describe())).collect();
    let text = format!("not set, and needed to call anyone:\n{}", lines.join("\n"));
    terminal.remark(&terminal.stderr_style().dim(&text));
}
