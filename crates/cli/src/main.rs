//! The `lockgate` command: one binary that checks flows, draws them and runs them.
//!
//! This crate wires and shows; what it wires lives in the libraries. Where to look:
//!
//! ```text
//!  args          what may be typed; each command's help has an example
//!  commands/*    one file each, thin
//!   ├─ workspace   lockgate.yaml, flows/**/*.yaml, connectors/*.yaml and .env → a checked workspace
//!   ├─ connect     settings → live connections, or the emulated tenant
//!   ├─ needs       which scopes flows need on them
//!   ├─ store       where a workspace keeps its runs
//!   ├─ serve/*     a site of a workspace, made again when it changes
//!   ├─ run/*       a run on the terminal: input, progress, result
//!   ├─ runs/*      runs that were kept: lists, timelines, departures
//!   ├─ test/*      test files, snapshots, what cases came to
//!   ├─ doctor/*    what can be wrong with a machine
//!   ├─ studio/*    the workspace's files, tests, connections and runs, for the browser
//!   └─ terminal/*  colours, widths, tables; data on stdout, words on stderr
//!  exit          exit codes, errors with help, the panic hook
//!  telemetry/*   the log on stderr, spans to a collector
//! ```
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod args;
mod catalogue;
mod commands;
mod connect;
mod connectors;
mod doctor;
mod environment;
mod exit;
mod needs;
mod run;
mod runs;
mod scenarios;
mod serve;
mod store;
mod studio;
mod telemetry;
mod terminal;
mod test;
mod workspace;

use std::process::ExitCode;

use mimalloc::MiMalloc;

/// A run makes and drops many small values, which this allocator does in less time than the system's.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    exit::guard(|| {
        let cli = match args::parse() {
            Ok(cli) => cli,
            Err(code) => return code,
        };
        let terminal = terminal::Terminal::new(cli.global.color, cli.global.quiet);
        let telemetry = telemetry::start(&cli.global, cli.command.role(), &terminal);
        let code = match commands::dispatch(cli, &terminal) {
            Ok(exit) => exit.into(),
            Err(error) => {
                exit::report(&error, &terminal);
                exit::exit_of(&error).into()
            }
        };
        telemetry.finish();
        code
    })
}
