//! `lockgate schema`.

use std::path::Path;

use anyhow::Result;
use lockgate_flow::json_schema::{flow_schema, workspace_schema};

use crate::args::{SchemaArgs, SchemaOf};
use crate::catalogue;
use crate::exit::Exit;
use crate::terminal::Terminal;

pub(super) fn schema(folder: &Path, args: &SchemaArgs, terminal: &Terminal) -> Result<Exit> {
    let catalog = catalogue::catalog_around(folder);
    terminal.print_json(&match args.of {
        SchemaOf::Flow => flow_schema(&catalog),
        SchemaOf::Workspace => workspace_schema(&catalog),
    })?;
    Ok(Exit::Done)
}
