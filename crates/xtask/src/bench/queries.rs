//! How long questions to the history take when there are a million runs.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use futures_util::stream::{self, StreamExt as _};
use lockgate_engine::clock::SystemClock;
use lockgate_engine::{Executor, RunOptions};
use lockgate_flow::definition::Definition;
use lockgate_flow::graph::Flow;
use lockgate_store::history::{Filter, History};
use lockgate_store::{Begun, Durability, NewRun, Retention, RunId, Status, Store, StoreSettings, Trigger};
use serde_json::json;

use super::cases::{actions, compiled};
use super::latency::median;
use super::report::{Figures, Goal};
use super::workspace::Place;

const MOST_QUERY_MS: f64 = 50.0;

/// How often each question is asked.
const TIMES: usize = 15;

/// Runs that go on at once while the store is filled.
const AT_ONCE: usize = 64;

/// A page, as the command line asks for it.
const PAGE: usize = 50;

/// One run in a hundred fails.
const FLOWS: [&str; 3] = ["sign-up", "invite", "import"];

fn flow_text(name: &str) -> String {
    format!("name: {name}\n{STEPS}")
}

const STEPS: &str = r#"
input: { number: integer, email: string }
steps:
  - id: user
    action: bench.nothing
    with: { x: "{{input.email}}" }
  - action: bench.nothing
    with: { x: "{{steps.user.x}}" }
  - if: ends_with input.email "00@example.com"
    then:
      - fail: { code: email_taken, status: 409, message: There is an account already. }
  - return: { user_id: "{{steps.user.x}}" }
"#;

/// What was asked, and how long the answers took.
pub(super) struct Queries {
    runs: u32,
    /// Milliseconds in the median, by the name of the question.
    took: Vec<(&'static str, f64)>,
}

pub(super) fn measure(place: &Place, runs: u32) -> Result<Queries> {
    let path = place.folder().join("history.db");
    let began = Instant::now();
    // Two threads: one for the runs, and the store has its own writer.
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("starting the runs")?
        .block_on(fill(&path, runs))?;
    println!(
        "a store of {runs} runs was filled in {:.0} s",
        began.elapsed().as_secs_f64()
    );
    let history = History::open(&path)?;
    let ended = |(status, count): (Status, u64)| if status.is_unfinished() { 0 } else { count };
    let ended: u64 = history.counts()?.into_iter().map(ended).sum();
    ensure!(ended == u64::from(runs), "{ended} runs of {runs} have ended");
    Ok(Queries {
        runs,
        took: ask(&history)?,
    })
}

/// Fills a store by runs: as a server does, without HTTP.
async fn fill(path: &Path, runs: u32) -> Result<()> {
    let clock = Arc::new(SystemClock::new());
    let settings = StoreSettings {
        path: path.to_owned(),
        durability: Durability::Batched {
            every: Duration::from_millis(100),
        },
        retention: Retention {
            age: None,
            count: None,
        },
        key: None,
    };
    let store = Store::open(settings, clock)?;
    let flows = compiled(&FLOWS.map(flow_text))?;
    let definitions: Vec<(Arc<Definition>, Arc<str>)> = flows.iter().map(pinned).collect();
    let executor = Executor::new(actions());
    let one = |number: u32| {
        let which = number as usize % flows.len();
        let (flow, definition) = (&flows[which], &definitions[which]);
        run(&store, &executor, flow, definition, number)
    };
    let mut running = stream::iter(0..runs).map(one).buffer_unordered(AT_ONCE);
    while let Some(done) = running.next().await {
        done?;
    }
    drop(running);
    store.close().await?;
    Ok(())
}

fn pinned(flow: &Arc<Flow>) -> (Arc<Definition>, Arc<str>) {
    let definition = Definition::of(flow, &BTreeMap::new(), &BTreeMap::new());
    let digest = definition.digest();
    (Arc::new(definition), digest.into())
}

async fn run(
    store: &Store,
    executor: &Executor,
    flow: &Arc<Flow>,
    definition: &(Arc<Definition>, Arc<str>),
    number: u32,
) -> Result<()> {
    let id = RunId::new();
    let input = json!({ "number": number, "email": format!("ada-{number}@example.com") });
    let new = NewRun {
        id,
        flow,
        definition: (&definition.0, &definition.1),
        trigger: Trigger::Http,
        status: Status::Running,
        started_at: executor.clock().now(),
        input: &input,
        request: None,
        key: None,
    };
    let Begun::Fresh(journal) = store.begin(new).await? else {
        bail!("a run without a key has begun before");
    };
    executor
        .run(flow, input, RunOptions::new(id.to_string()), &*journal)
        .await;
    Ok(())
}

/// Asks what people and programs ask.
fn ask(history: &History) -> Result<Vec<(&'static str, f64)>> {
    let newest = history.list(&Filter::default(), None, PAGE)?;
    let some = newest.runs.last().context("a store without runs")?.clone();
    let of_flow = Filter {
        flow: Some("invite".to_owned()),
        ..Filter::default()
    };
    let failed = Filter {
        statuses: vec![Status::Failed],
        ..of_flow.clone()
    };
    let since = Filter {
        since: Some(some.started_at),
        ..Filter::default()
    };
    let text = Filter {
        text: Some("nobody has this".to_owned()),
        ..Filter::default()
    };
    let deep = deep_cursor(history)?;
    let id = some.id.to_string();
    Ok(vec![
        (
            "the newest",
            timed(|| history.list(&Filter::default(), None, PAGE).map(drop))?,
        ),
        (
            "a page far down",
            timed(|| history.list(&Filter::default(), deep.as_deref(), PAGE).map(drop))?,
        ),
        (
            "of a flow",
            timed(|| history.list(&of_flow, None, PAGE).map(drop))?,
        ),
        (
            "failed ones of a flow",
            timed(|| history.list(&failed, None, PAGE).map(drop))?,
        ),
        (
            "since a time",
            timed(|| history.list(&since, None, PAGE).map(drop))?,
        ),
        (
            "a page of a search that finds nothing",
            timed(|| history.list(&text, None, PAGE).map(drop))?,
        ),
        ("one with its records", timed(|| history.run(some.id).map(drop))?),
        (
            "by the beginning of the id",
            timed(|| history.find(&id[..12]).map(drop))?,
        ),
        ("how many stand how", timed(|| history.counts().map(drop))?),
    ])
}

/// The cursor of a page that somebody comes to who has turned many.
fn deep_cursor(history: &History) -> Result<Option<String>> {
    let mut cursor = None;
    for _ in 0..40 {
        let page = history.list(&Filter::default(), cursor.as_deref(), 500)?;
        if page.next.is_none() {
            break;
        }
        cursor = page.next;
    }
    Ok(cursor)
}

/// Milliseconds, in the median.
fn timed(ask: impl Fn() -> Result<(), lockgate_store::StoreError>) -> Result<f64> {
    let mut took = Vec::with_capacity(TIMES);
    for _ in 0..TIMES {
        let began = Instant::now();
        ask()?;
        took.push(began.elapsed().as_secs_f64() * 1000.0);
    }
    ensure!(!took.is_empty(), "nothing was asked");
    Ok(median(took))
}

impl Queries {
    pub(super) fn tell(&self, figures: &mut Figures) {
        for (question, took) in &self.took {
            println!("history of {} runs, {question}: {took:.2} ms", self.runs);
        }
        let worst = self.took.iter().map(|(_, took)| *took).fold(0.0, f64::max);
        let words = format!(
            "history of {} runs, the slowest question: {worst:.2} ms",
            self.runs
        );
        figures.add("history_query_ms", worst, Some(Goal::Most(MOST_QUERY_MS)), &words);
    }
}
