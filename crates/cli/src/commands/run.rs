//! `lockgate run`.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use lockgate_engine::clock::{Clock, SystemClock};
use lockgate_engine::event::Observer;
use lockgate_engine::journal::NoJournal;
use lockgate_engine::outcome::{RunOutcome, RunStatus};
use lockgate_engine::{Executor, RunOptions};
use lockgate_flow::graph::Flow;
use serde_json::Value;

use super::asked_to_end;
use crate::args::RunArgs;
use crate::catalogue;
use crate::connect::{self, Live};
use crate::exit::{self, Exit, Mistake};
use crate::run::{Given, Progress, Recorder, TraceJournal, as_json, invalid_as_json, read_request, show};
use crate::telemetry;
use crate::terminal::Terminal;
use crate::workspace::{self, Loaded};

/// What is needed to run.
struct Ready {
    loaded: Loaded,
    flow: Arc<Flow>,
    input: Value,
    request: Option<Value>,
    live: Live,
    clock: Arc<dyn Clock>,
}

pub(super) async fn run(folder: &Path, args: &RunArgs, terminal: &Terminal) -> Result<Exit> {
    match prepare(folder, args, terminal).await {
        Ok(ready) => go(ready, args, terminal).await,
        Err(error) => {
            if args.json
                && let Err(unwritten) = terminal.print(&invalid_as_json(&args.flow, &error).to_string())
            {
                exit::report(&unwritten, terminal);
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
    let (connections, flows) = connect::reach(&loaded.checked.runnable(), [name.as_str()]);
    for called in flows.iter().filter(|called| **called != name) {
        loaded.named(called)?;
    }
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
    let request = args
        .request
        .as_deref()
        .map(|request| read_request(request, folder))
        .transpose()?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let live = connect::connect(&loaded, &connections, args.emulated, &clock, terminal).await?;
    Ok(Ready {
        loaded,
        flow,
        input,
        request,
        live,
        clock,
    })
}

async fn go(ready: Ready, args: &RunArgs, terminal: &Terminal) -> Result<Exit> {
    let Ready {
        loaded,
        flow,
        input,
        request,
        live,
        clock,
    } = ready;
    let recorder = Arc::new(Recorder::new(
        Progress::new(terminal),
        args.trace,
        Arc::clone(&clock),
    ));
    let executor = Executor::new(loaded.actions())
        .with_connections(live.connections.clone())
        .with_clock(Arc::clone(&clock))
        .with_flows(loaded.checked.runnable().into_values())
        .with_observer(Arc::clone(&recorder) as Arc<dyn Observer>)
        .with_propagation(telemetry::propagation());
    let options = RunOptions {
        request,
        trace: telemetry::from_environment(),
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
    let shown = if args.json {
        let (object, exit) = as_json(&flow.name, &outcome, &steps, took, args.trace);
        terminal.print(&object.to_string()).map(|()| exit)
    } else {
        show(
            &flow.name,
            &outcome,
            &steps,
            took,
            args.request.is_some(),
            terminal,
        )
    };
    live.close().await;
    shown.with_context(|| {
        // Who reads no result must not think that nothing was done, and do it again.
        let ended = match outcome.status {
            RunStatus::Succeeded => "the run succeeded",
            RunStatus::Cancelled => "the run was interrupted",
            _ => "the run failed",
        };
        format!("{ended}, but its result could not be written")
    })
}
