//! What a run on the terminal runs on: the flows of a workspace, open connections, someone who watches.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use lockgate_engine::clock::{Clock, SystemClock};
use lockgate_engine::event::Observer;
use lockgate_engine::journal::Journal;
use lockgate_engine::outcome::{RunOutcome, RunStatus};
use lockgate_engine::{Executor, RunOptions};
use lockgate_flow::graph::Flow;
use lockgate_runtime::{Program, ProgramParts};
use lockgate_store::Store;
use serde_json::Value;

use super::progress::Progress;
use super::record::Recorder;
use super::result::{as_json, show};
use super::trace::TraceJournal;
use crate::commands::asked_to_end;
use crate::connect::{self, Live};
use crate::exit::Exit;
use crate::telemetry;
use crate::terminal::Terminal;
use crate::workspace::Loaded;

/// How a run is shown.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct View {
    /// As one JSON object.
    pub(crate) json: bool,
    /// With inputs and results of steps.
    pub(crate) trace: bool,
    /// Whether `--request` was given.
    pub(crate) has_request: bool,
}

/// What a run on the terminal runs on.
pub(crate) struct Stage {
    pub(crate) program: Program,
    pub(crate) clock: Arc<dyn Clock>,
    recorder: Arc<Recorder>,
    live: Live,
    view: View,
}

impl Stage {
    /// Opens the connections of these names; with `emulated`, to an emulated tenant.
    ///
    /// # Errors
    /// A connection lacks a variable, or cannot be used.
    pub(crate) async fn set(
        loaded: &Loaded,
        connections: &BTreeSet<String>,
        emulated: bool,
        view: View,
        terminal: &Terminal,
    ) -> Result<Self> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        let live = connect::connect(loaded, connections, emulated, &clock, terminal).await?;
        let recorder = Arc::new(Recorder::new(
            Progress::new(terminal),
            view.trace,
            Arc::clone(&clock),
        ));
        let flows = loaded.checked.runnable();
        let executor = Executor::new(loaded.actions())
            .with_connections(live.connections.clone())
            .with_clock(Arc::clone(&clock))
            .with_flows(flows.values().cloned())
            .with_observer(Arc::clone(&recorder) as Arc<dyn Observer>)
            .with_propagation(telemetry::propagation());
        let program = Program::new(ProgramParts {
            executor,
            flows,
            connections: loaded.connection_types(),
            catalog: Arc::clone(&loaded.catalog),
        });
        Ok(Self {
            program,
            clock,
            recorder,
            live,
            view,
        })
    }

    /// The same with what runs share in a store; in the memory of this process until then.
    #[must_use]
    pub(crate) fn sharing(self, store: &Store) -> Self {
        Self {
            program: self.program.with_state(Arc::new(store.state())),
            ..self
        }
    }

    /// Runs a flow to its end, or until it is interrupted. With how long that took.
    pub(crate) async fn run(
        &self,
        executor: &Executor,
        flow: &Arc<Flow>,
        input: Value,
        options: RunOptions<'_>,
        journal: &impl Journal,
    ) -> (RunOutcome, Duration) {
        let options = RunOptions {
            trace: telemetry::from_environment(),
            cancel: Some(Box::pin(asked_to_end())),
            ..options
        };
        let began = self.clock.elapsed();
        let outcome = if self.view.trace {
            let journal = TraceJournal(&self.recorder, journal);
            executor.run(flow, input, options, &journal).await
        } else {
            executor.run(flow, input, options, journal).await
        };
        self.recorder.finish();
        (outcome, self.clock.elapsed().saturating_sub(began))
    }

    /// Shows how a run ended.
    ///
    /// # Errors
    /// It cannot be written.
    pub(crate) fn show(
        &self,
        flow: &str,
        outcome: &RunOutcome,
        took: Duration,
        terminal: &Terminal,
    ) -> Result<Exit> {
        let steps = self.recorder.records();
        let shown = if self.view.json {
            let (object, exit) = as_json(flow, outcome, &steps, took, self.view.trace);
            terminal.print(&object.to_string()).map(|()| exit)
        } else {
            show(flow, outcome, &steps, took, self.view.has_request, terminal)
        };
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

    /// Stops what was started.
    pub(crate) async fn close(self) {
        self.live.close().await;
    }
}
