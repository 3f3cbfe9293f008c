//! `cancel`, `resume`, `prune`: asked of the process that owns the store; where there is none, done here.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use lockgate_engine::clock::{Clock, SystemClock};
use lockgate_engine::{Executor, RunOptions};
use lockgate_flow::definition::Definition;
use lockgate_store::replay::{self, Version};
use lockgate_store::{Owner as Lock, Reopen, Retention, RunId, Settled, Status, Store, StoredRun};
use serde_json::{Value, json};

use super::{Place, look};
use crate::args::{AskArgs, RunsCancelArgs, RunsPruneArgs, RunsResumeArgs};
use crate::catalogue;
use crate::commands::counted;
use crate::exit::{Exit, Mistake};
use crate::run::{Stage, View, keep};
use crate::runs::{self, Owner, Titles};
use crate::store;
use crate::terminal::Terminal;
use crate::workspace::Loaded;

/// Who changes runs.
enum Changer {
    /// Another process.
    Owner(Owner),
    /// This one, as the owner of the store.
    Here(Store),
}

impl Changer {
    fn of(place: &Place<'_>, ask: &AskArgs) -> Result<Self> {
        // Not made where there is none: opening would.
        place.history()?;
        match Lock::of(&place.path).map_err(store::failed)? {
            Some(Lock {
                admin_url: Some(url), ..
            }) => Owner::new(&url, ask.admin_token.as_deref()).map(Self::Owner),
            Some(Lock { pid, .. }) => Err(Mistake::new(format!(
                "{} is in use by process {pid}, which has no admin port",
                place.path.display()
            ))
            .help("it is a `lockgate run` or `lockgate runs`, or has not started yet: try again when it is done")
            .into()),
            None => {
                let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
                let settings = store::for_command(place.folder, place.typed)?;
                Store::open(settings, clock)
                    .map(Self::Here)
                    .map_err(store::failed)
            }
        }
    }
}

/// The run that is meant, and how it stands.
fn picked(place: &Place<'_>, typed: &str) -> Result<(RunId, Status)> {
    let history = place.history()?;
    let id = runs::pick(&history, typed)?;
    Ok((id, look::read(&history, id)?.summary.status))
}

fn done(what: &str, terminal: &Terminal) -> Exit {
    terminal.remark(&format!("{} {what}", terminal.stderr_style().good("✓")));
    Exit::Done
}

pub(super) async fn cancel(place: &Place<'_>, args: &RunsCancelArgs, terminal: &Terminal) -> Result<Exit> {
    let (id, status) = picked(place, &args.run)?;
    if !status.is_unfinished() {
        return Err(has_ended(id, status));
    }
    match Changer::of(place, &args.ask)? {
        Changer::Owner(owner) => owner.cancel(id).await?,
        Changer::Here(store) => {
            let was_unfinished = store.cancel(id).await.map_err(store::failed)?;
            store.close().await.map_err(store::failed)?;
            if !was_unfinished {
                return Err(has_ended(id, status));
            }
        }
    }
    Ok(done(&format!("the run {id} is cancelled"), terminal))
}

fn has_ended(id: RunId, status: Status) -> anyhow::Error {
    Mistake::new(format!("the run {id} has ended already: {}", status.name())).into()
}

pub(super) async fn resume(place: &Place<'_>, args: &RunsResumeArgs, terminal: &Terminal) -> Result<Exit> {
    let (id, status) = picked(place, &args.run)?;
    match status {
        Status::Failed | Status::InDoubt | Status::Cancelled => {}
        Status::Succeeded => {
            return Err(Mistake::new(format!(
                "the run {id} has succeeded: there is nothing to go on with"
            ))
            .into());
        }
        Status::Queued | Status::Running | Status::Sleeping => {
            return Err(
                Mistake::new(format!("the run {id} has not ended: it is {}", status.name()))
                    .help("it goes on by itself, as long as a `lockgate serve` owns the store")
                    .into(),
            );
        }
    }
    let doubt = doubt(args, id, status)?;
    match Changer::of(place, &args.ask)? {
        Changer::Owner(owner) => {
            owner.resume(id, &as_json(args.current, doubt.as_ref())).await?;
            Ok(done(
                &format!("the run {id} goes on; `lockgate runs follow {id}` watches it"),
                terminal,
            ))
        }
        Changer::Here(store) => here(place, store, id, args.current, doubt, terminal).await,
    }
}

/// What the operator says of the step in doubt.
fn doubt(args: &RunsResumeArgs, id: RunId, status: Status) -> Result<Option<Settled>> {
    let settled = match &args.happened {
        Some(text) => {
            let result: Value = serde_json::from_str(text)
                .map_err(|error| Mistake::new(format!("`--happened` is no JSON: {error}")))?;
            Some(Settled::Happened(result))
        }
        None if args.did_not_happen => Some(Settled::DidNotHappen),
        None => None,
    };
    if settled.is_some() && status != Status::InDoubt {
        return Err(
            Mistake::new(format!("the run {id} is not in doubt: it is {}", status.name()))
                .help("leave `--happened` and `--did-not-happen` out")
                .into(),
        );
    }
    Ok(settled)
}

/// As the admin port takes it.
fn as_json(current: bool, doubt: Option<&Settled>) -> Value {
    let mut body = json!({ "current": current });
    match doubt {
        Some(Settled::Happened(result)) => body["happened"] = result.clone(),
        Some(Settled::DidNotHappen) => body["did_not_happen"] = json!(true),
        None => {}
    }
    body
}

/// Goes on with a run in this process, to its end.
async fn here(
    place: &Place<'_>,
    store: Store,
    id: RunId,
    current: bool,
    doubt: Option<Settled>,
    terminal: &Terminal,
) -> Result<Exit> {
    let exit = go_on(place, &store, id, current, doubt, terminal).await;
    let closed = store.close().await.map_err(store::failed);
    let exit = exit?;
    closed?;
    Ok(exit)
}

async fn go_on(
    place: &Place<'_>,
    store: &Store,
    id: RunId,
    current: bool,
    doubt: Option<Settled>,
    terminal: &Terminal,
) -> Result<Exit> {
    let stored = store.load(id).await.map_err(store::failed)?;
    let stored = stored.with_context(|| format!("the run {id} has just been deleted"))?;
    // Everything that can go wrong goes wrong before the run counts as unfinished.
    let loaded = Loaded::find(place.folder, &catalogue::catalog(), &[])?;
    let definition = if current {
        Some(today(&loaded, &stored.flow)?)
    } else {
        None
    };
    let (pinned_to, digest) = definition
        .clone()
        .unwrap_or_else(|| (Arc::clone(&stored.definition), Arc::clone(&stored.digest)));
    let connections = pinned_to.connections.keys().cloned().collect();
    if current {
        fits(&stored, &loaded, doubt.as_ref(), terminal).await?;
    }
    let stage = Stage::set(&loaded, &connections, false, View::default(), terminal).await?;
    let stage = stage.sharing(store);
    let pinned = stage
        .program
        .pinned(&pinned_to, &digest)
        .map_err(|reason| Mistake::new(format!("the run {id} cannot go on: {reason}")))?;
    let Some(stored) = store
        .reopen(id, Reopen { definition, doubt })
        .await
        .map_err(store::failed)?
    else {
        return Err(Mistake::new(format!("the run {id} cannot be resumed any more")).into());
    };
    let options = RunOptions {
        request: stored.request,
        attempt: stored.attempt,
        started_at: Some(stored.started_at),
        active_before: stored.active,
        ..RunOptions::new(id.to_string())
    };
    let journal = stored.journal.suspending(Duration::MAX);
    let (outcome, took) = stage
        .run(&pinned.executor, &pinned.flow, stored.input, options, &journal)
        .await;
    let exit = stage.show(&stored.flow, &outcome, took, terminal);
    if exit.is_ok() {
        keep::say_how_to_go_on(&outcome, terminal);
    }
    stage.close().await;
    exit
}

/// Whether what a run has recorded is what its flow as it is now would have done up to there.
async fn fits(
    stored: &StoredRun,
    loaded: &Loaded,
    doubt: Option<&Settled>,
    terminal: &Terminal,
) -> Result<()> {
    let flows = loaded.checked.runnable();
    let Some(flow) = flows.get(&stored.flow) else {
        return Ok(());
    };
    // Actions are never called.
    let executor = &Executor::new(loaded.actions()).with_flows(flows.values().cloned());
    let today = Version { flow, executor };
    let Err(departure) = replay::fits(stored, today, doubt).await.map_err(store::failed)? else {
        return Ok(());
    };
    let definition = Definition::of(flow, &flows, &loaded.connection_types());
    let was = Titles::of(Some(&stored.definition), &loaded.catalog);
    let is = Titles::of(Some(&definition), &loaded.catalog);
    let departure = runs::departures(&[departure], &was, &is, terminal.stderr_style());
    Err(Mistake::new(format!(
        "the run {} cannot go on with the flow as it is now: what is recorded does not fit\n{}",
        stored.id,
        departure.trim_end()
    ))
    .help(
        "`lockgate runs replay` shows all of it; without `--current` the run goes on with the flow as it was",
    )
    .into())
}

/// What a run of a flow would be pinned to now.
fn today(loaded: &Loaded, flow: &str) -> Result<(Arc<Definition>, Arc<str>)> {
    let flows = loaded.checked.runnable();
    let Some(current) = flows.get(flow) else {
        let message = format!("the workspace has no flow `{flow}` that can run");
        return Err(Mistake::new(message)
            .help("`lockgate check` says what is wrong with it; without `--current` the run goes on with the flow as it was")
            .into());
    };
    let definition = Definition::of(current, &flows, &loaded.connection_types());
    let digest = definition.digest().into();
    Ok((Arc::new(definition), digest))
}

pub(super) async fn prune(place: &Place<'_>, args: &RunsPruneArgs, terminal: &Terminal) -> Result<Exit> {
    let retention = if args.older_than.is_none() && args.keep.is_none() {
        store::for_command(place.folder, place.typed)?.retention
    } else {
        Retention {
            age: args.older_than,
            count: args.keep,
        }
    };
    let deleted = if retention.age.is_none() && retention.count.is_none() {
        0
    } else {
        match Changer::of(place, &args.ask)? {
            Changer::Owner(owner) => owner.prune(retention).await?,
            Changer::Here(store) => {
                let deleted = prune_here(&store, retention).await;
                let closed = store.close().await.map_err(store::failed);
                let deleted = deleted?;
                closed?;
                deleted
            }
        }
    };
    Ok(done(&format!("{} deleted", counted(deleted, "run")), terminal))
}

async fn prune_here(store: &Store, retention: Retention) -> Result<usize> {
    /// Of one transaction.
    const SLICE: usize = 1_000;

    let mut deleted = 0;
    loop {
        let slice = store.prune(retention, SLICE).await.map_err(store::failed)?;
        deleted += slice;
        if slice == 0 {
            return Ok(deleted);
        }
    }
}
