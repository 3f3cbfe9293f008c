//! `lockgate graph`.

use std::path::Path;

use anyhow::{Context, Result};
use lockgate_flow::render::{SvgOptions, TextOptions, dot, mermaid, svg, text};

use crate::args::{GraphArgs, GraphFormat};
use crate::catalogue;
use crate::exit::{Exit, Mistake};
use crate::terminal::Terminal;
use crate::workspace::Loaded;

pub(super) fn graph(folder: &Path, args: &GraphArgs, terminal: &Terminal) -> Result<Exit> {
    let loaded = Loaded::find(folder, &catalogue::catalog(), &[])?;
    let checked = loaded.flow(folder, &args.flow)?;
    // A flow with mistakes is drawn as far as it could be read.
    let syntax = checked.syntax.as_deref().ok_or_else(|| {
        Mistake::new(format!("{} cannot be read", checked.source.path())).help("`lockgate check` says why")
    })?;
    let drawn = match args.format {
        GraphFormat::Mermaid => mermaid(syntax),
        GraphFormat::Dot => dot(syntax),
        GraphFormat::Svg => svg(syntax, &SvgOptions::default()),
        GraphFormat::Text => text(syntax, &text_options(args)),
    };
    match &args.output {
        None => terminal.print(&drawn)?,
        Some(path) => {
            let path = folder.join(path);
            std::fs::write(&path, drawn).with_context(|| format!("writing {}", path.display()))?;
            terminal.remark(&format!(
                "{} {}",
                terminal.stderr_style().good("✓"),
                path.display()
            ));
        }
    }
    Ok(Exit::Done)
}

/// As many columns as the terminal has that shows it.
fn text_options(args: &GraphArgs) -> TextOptions {
    let shown = Terminal::width().filter(|_| args.output.is_none());
    shown.map_or_else(TextOptions::default, |columns| TextOptions {
        columns: columns.into(),
        ..TextOptions::default()
    })
}
