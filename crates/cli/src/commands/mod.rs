//! One file for each command: thin, what they do lives in the libraries.

mod actions;
mod check;
mod completions;
mod connections;
mod dev;
mod doctor;
mod explain;
mod graph;
mod new;
mod run;
mod runs;
mod scenarios;
mod schema;
mod scopes;
mod serve;
mod tenant;
mod test;

use std::thread::available_parallelism;

use anyhow::{Context as _, Result};

use crate::args::{Cli, Command, ConnectionsCommand};
use crate::exit::Exit;
use crate::terminal::Terminal;
use crate::workspace;

/// Does what was typed.
pub(crate) fn dispatch(cli: Cli, terminal: &Terminal) -> Result<Exit> {
    let folder = || workspace::directory(cli.global.directory.as_deref());
    match cli.command {
        Command::New(args) => new::new(&folder()?, &args, terminal),
        Command::Scenarios(args) => scenarios::scenarios(&args, terminal),
        Command::Run(args) => block_on(run::run(&folder()?, &args, terminal)),
        Command::Serve(args) => {
            // As many as there are processors; two at the least, so that one that computes stops nobody.
            let workers = available_parallelism().map_or(FEW, |processors| processors.get().max(FEW));
            block_on_with(workers, serve::serve(&folder()?, &args, terminal))
        }
        Command::Dev(args) => block_on(dev::dev(&folder()?, &args, terminal)),
        Command::Runs(args) => block_on(runs::runs(&folder()?, &args, terminal)),
        Command::Doctor(args) => block_on(doctor::doctor(&folder()?, &args, terminal)),
        Command::Check(args) => check::check(&folder()?, &args, terminal),
        Command::Test(args) => test::test(&folder()?, &args, terminal),
        Command::Explain(args) => explain::explain(&args, terminal),
        Command::Graph(args) => graph::graph(&folder()?, &args, terminal),
        Command::Actions(args) => actions::actions(&folder()?, &args, terminal),
        Command::Schema(args) => schema::schema(&folder()?, &args, terminal),
        Command::Connections(args) => match args.command {
            None => connections::list(&folder()?, args.json, terminal),
            Some(ConnectionsCommand::Check(args)) => {
                block_on(connections::check(&folder()?, &args, terminal))
            }
        },
        Command::Scopes(args) => scopes::scopes(&folder()?, &args, terminal),
        Command::Tenant(args) => block_on(tenant::tenant(&folder()?, &args, terminal)),
        Command::Completions(args) => completions::completions(&args, terminal),
    }
}

/// The threads of a command that waits for one thing after the other.
const FEW: usize = 2;

/// Runs a command that waits: sockets, timers, signals.
fn block_on(command: impl Future<Output = Result<Exit>>) -> Result<Exit> {
    block_on_with(FEW, command)
}

fn block_on_with(workers: usize, command: impl Future<Output = Result<Exit>>) -> Result<Exit> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .worker_threads(workers)
        .build()
        .context("starting the runtime")?;
    let result = runtime.block_on(command);
    // What is left (a name that is being looked up) is not waited for.
    runtime.shutdown_background();
    result
}

/// Completes when the process is asked to end: Ctrl-C, or SIGTERM. It is listened for from the call on, not only
/// from when the future is first polled.
#[cfg(unix)]
pub(crate) fn asked_to_end() -> impl Future<Output = ()> + Send {
    use tokio::signal::unix::{SignalKind, signal};
    let (interrupt, terminate) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()));
    async move {
        // Where it cannot be listened for, the signal ends the process by itself.
        let (Ok(mut interrupt), Ok(mut terminate)) = (interrupt, terminate) else {
            return std::future::pending().await;
        };
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    }
}

/// Completes when the process is asked to end: Ctrl-C.
#[cfg(not(unix))]
pub(crate) async fn asked_to_end() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// `1 flow`, `2 flows`.
pub(crate) fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}
