//! `lockgate run`.

use std::path::Path;
use std::sync::Arc;

use anyhow::Result;
use lockgate_engine::clock::{Clock, SystemClock};
use lockgate_engine::event::Observer;
use lockgate_engine::journal::NoJournal;
use lockgate_engine::outcome::RunOutcome;
use lockgate_engine::{Executor, RunOptions};
use lockgate_flow::graph::Flow;
use serde_json::Value;

use super::asked_to_end;
use crate::args::RunArgs;
use crate::catalogue;
use crate::connect::{self, Live};
use crate::exit::{Exit, Mistake};
use crate::run::{Given, Progress, Recorder, TraceJournal, as_json, invalid_as_json, show};
use crate::terminal::Terminal;
use crate::workspace::{self, Loaded};

/// What is needed to run.
struct Ready {
    loaded: Loaded,
    flow: Arc<Flow>,
    input: Value,
    live: Live,
    clock: Arc<dyn Clock>,
}

pub(super) async fn run(folder: &Path, args: &RunArgs, terminal: &Terminal) -> Result<Exit> {
    match prepare(folder, args, terminal).await {
        Ok(ready) => go(ready, args, terminal).await,
        Err(error) => {
            if args.json {
                terminal.print(&invalid_as_json(&args.flow, &error).to_string())?;
            }
            Err(error)
        }
    }
}

/// Everything that can go wrong before the first step.
async fn prepare(folder: &Path, args: &RunArgs, terminal: &Terminal) -> Result<Ready> {
    let loaded = Loaded::find(folder, &catalogue::catalog(), &[])?;
    for link in loaded.left_out.iter().filter(|file| file.is_link()) {
        terminal.remark(&link.note(terminal.stderr_style()));
    }
    let checked = loaded.flow(folder, &args.flow)?;
    let name = checked.name.clone();
    let (connections, flows) = connect::reach(&loaded, &name);
    let paths: Vec<&str> = flows
        .iter()
        .filter_map(|flow| loaded.checked.flow(flow))
        .map(|flow| flow.source.path())
        .chain([checked.source.path()])
        .collect();
    let errors = loaded.errors_of(&paths);
    if !errors.is_empty() {
        return Err(workspace::refuse(&errors, terminal));
    }
    let flow = checked.flow.clone().ok_or_else(|| {
        Mistake::new(format!("the flow `{name}` cannot run")).help("`lockgate check` says why")
    })?;
    let given = Given::read(&args.input, args.input_json.as_deref(), folder)?;
    let input = given
        .fit(&flow.input)
        .map_err(|mistakes| mistakes.show(&flow, terminal))?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let live = connect::connect(&loaded, &connections, args.emulated, &clock, terminal).await?;
    Ok(Ready {
        loaded,
        flow,
        input,
        live,
        clock,
    })
}

async fn go(ready: Ready, args: &RunArgs, terminal: &Terminal) -> Result<Exit> {
    let Ready {
        loaded,
        flow,
        input,
        live,
        clock,
    } = ready;
    let recorder = Arc::new(Recorder::new(Progress::new(terminal), args.trace));
    let executor = Executor::new(loaded.actions())
        .with_connections(live.connections.clone())
        .with_clock(Arc::clone(&clock))
        .with_flows(loaded.checked.runnable().into_values())
        .with_observer(Arc::clone(&recorder) as Arc<dyn Observer>);
    let options = RunOptions {
        cancel: Some(Box::pin(asked_to_end())),
        ..RunOptions::new(uuid::Uuid::now_v7().to_string())
    };
    let began = clock.elapsed();
    let outcome: RunOutcome = if args.trace {
        executor
            .run(&flow, input, options, &TraceJournal(&recorder))
            .await
    } else {
        executor.run(&flow, input, options, &NoJournal).await
    };
    let took = clock.elapsed().saturating_sub(began);
    recorder.finish();
    let steps = recorder.records();
    let exit = if args.json {
        let (object, exit) = as_json(&flow.name, &outcome, &steps, took, args.trace);
        terminal.print(&object.to_string())?;
        exit
    } else {
        show(&flow.name, &outcome, &steps, took, terminal)?
    };
    live.close().await;
    Ok(exit)
}
