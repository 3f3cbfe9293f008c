//! `lockgate run`.

use std::path::Path;
use std::sync::Arc;

use anyhow::Result;
use lockgate_engine::RunOptions;
use lockgate_engine::journal::NoJournal;
use lockgate_flow::graph::Flow;
use lockgate_store::Store;
use serde_json::Value;

use crate::args::RunArgs;
use crate::catalogue;
use crate::connect;
use crate::exit::{self, Exit, Mistake};
use crate::run::{Given, Stage, View, invalid_as_json, keep, read_request};
use crate::store;
use crate::terminal::Terminal;
use crate::workspace::{self, Loaded};

/// What is needed to run.
struct Ready {
    stage: Stage,
    /// Where the run is kept.
    store: Option<Store>,
    flow: Arc<Flow>,
    input: Value,
    request: Option<Value>,
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
    let view = View {
        json: args.json,
        trace: args.trace,
        has_request: args.request.is_some(),
    };
    let stage = Stage::set(&loaded, &connections, args.emulated, view, terminal).await?;
    // What happens in an emulated tenant is gone with it.
    let store = if flow.durable && !args.emulated && !args.no_keep {
        keep::open(&loaded, folder, args.store.as_deref(), &stage.clock, terminal)?
    } else {
        None
    };
    let stage = match &store {
        Some(store) => stage.sharing(store),
        None => stage,
    };
    Ok(Ready {
        stage,
        store,
        flow,
        input,
        request,
    })
}

async fn go(ready: Ready, args: &RunArgs, terminal: &Terminal) -> Result<Exit> {
    let Ready {
        stage,
        store,
        flow,
        input,
        request,
    } = ready;
    let ran = if let Some(store) = &store {
        keep::run(&stage, store, &flow, input, request).await
    } else {
        let options = RunOptions {
            request,
            ..RunOptions::new(uuid::Uuid::now_v7().to_string())
        };
        let executor = stage.program.executor();
        Ok(stage.run(executor, &flow, input, options, &NoJournal).await)
    };
    let shown = ran.and_then(|(outcome, took)| {
        let exit = stage.show(&flow.name, &outcome, took, terminal)?;
        if store.is_some() && !args.json {
            keep::say_how_to_go_on(&outcome, terminal);
        }
        Ok(exit)
    });
    stage.close().await;
    let closed = match store {
        Some(store) => store.close().await.map_err(store::failed),
        None => Ok(()),
    };
    let exit = shown?;
    closed?;
    Ok(exit)
}
