//! What keeping a run costs: CPU time and bytes, beside the same run that is not kept.
//!
//! ```sh
//! cargo run --release --package lockgate-store --example cost [runs]
//! ```
//!
//! The flow is a sign-up of three steps with about 1 kB of JSON, whose actions do nothing; 32 runs go on at a time.
#![allow(clippy::print_stdout, reason = "it is a program")]

use std::error::Error;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use futures_util::stream::{self, StreamExt as _};
use jiff::Timestamp;
use lockgate_engine::action::{Action, ActionContext, ActionError, Actions};
use lockgate_engine::clock::{Clock as _, SystemClock};
use lockgate_engine::journal::NoJournal;
use lockgate_engine::{Executor, RunOptions};
use lockgate_flow::catalog::{ActionSpec, Catalog, Effect};
use lockgate_flow::definition::Definition;
use lockgate_flow::graph::Flow;
use lockgate_flow::schema::Schema;
use lockgate_flow::source::Source;
use lockgate_flow::workspace::Workspace;
use lockgate_store::{Begun, Durability, NewRun, Retention, RunId, Status, Store, StoreSettings, Trigger};
use serde_json::{Value, json};

const FLOW: &str = r#"
name: sign-up
input:
  email: { type: string }
  password: { type: string, secret: true }
  plan: { enum: [free, pro] }
steps:
  - id: user
    action: demo.create
    with: { email: "{{input.email}}", password: "{{input.password}}", connection: Username-Password-Authentication }
  - id: quota
    action: demo.update
    with: { user_id: "{{steps.user.user_id}}", app_metadata: { plan: "{{input.plan}}", quota: 1000 } }
  - respond: { status: 201, body: { user_id: "{{steps.user.user_id}}", plan: "{{input.plan}}" } }
"#;

/// Gives what Auth0 gives for a user, and does nothing.
struct Demo(Arc<ActionSpec>);

#[async_trait]
impl Action for Demo {
    fn spec(&self) -> &Arc<ActionSpec> {
        &self.0
    }

    async fn call(&self, _: &ActionContext<'_>, input: Value) -> Result<Value, ActionError> {
        Ok(json!({
            "user_id": "auth0|0123456789abcdef01234567",
            "email": input["email"],
            "email_verified": false,
            "identities": [{ "connection": "Username-Password-Authentication", "user_id": "0123456789abcdef01234567", "provider": "auth0", "isSocial": false }],
            "created_at": "2030-01-01T00:00:00.000Z",
            "updated_at": "2030-01-01T00:00:00.000Z",
            "app_metadata": input["app_metadata"],
        }))
    }
}

struct Bench {
    executor: Executor,
    flow: Arc<Flow>,
    definition: Arc<Definition>,
    digest: Arc<str>,
    clock: Arc<SystemClock>,
}

impl Bench {
    fn new() -> Result<Self, Box<dyn Error>> {
        let mut actions = Actions::new();
        for (name, effect) in [("demo.create", Effect::Once), ("demo.update", Effect::Idempotent)] {
            let mut spec = ActionSpec::new(name, effect, "for measurements");
            spec.input = Schema::new(json!({ "properties": { "password": { "secret": true } } }));
            actions.add(Demo(Arc::new(spec)));
        }
        let mut catalog = Catalog::new();
        actions.declare(&mut catalog);
        let workspace = Workspace::check(None, &[Source::new("flows/sign-up.yaml", FLOW)], &catalog);
        let flows = workspace.runnable();
        let flow = flows.get("sign-up").ok_or("the flow has mistakes")?;
        let definition = Definition::of(flow, &flows, &std::collections::BTreeMap::new());
        let clock = Arc::new(SystemClock::new());
        Ok(Self {
            executor: Executor::new(actions).with_clock(Arc::clone(&clock) as _),
            flow: Arc::clone(flow),
            digest: definition.digest().into(),
            definition: Arc::new(definition),
            clock,
        })
    }

    async fn run(&self, store: Option<&Store>, number: usize) -> Result<(), Box<dyn Error>> {
        let id = RunId::new();
        let input = json!({ "email": format!("person-{number}@example.com"), "password": format!("correct horse {number}"), "plan": "pro" });
        let started_at: Timestamp = self.clock.now();
        let mut options = RunOptions::new(id.to_string());
        options.started_at = Some(started_at);
        let Some(store) = store else {
            self.executor.run(&self.flow, input, options, &NoJournal).await;
            return Ok(());
        };
        let begun = store.begin(NewRun {
            id,
            flow: &self.flow,
            definition: (&self.definition, &self.digest),
            trigger: Trigger::Http,
            status: Status::Running,
            started_at,
            input: &input,
            request: None,
            key: None,
        });
        let Begun::Fresh(journal) = begun.await? else {
            return Err("the run has begun already".into());
        };
        options.masks = journal.take_masks();
        self.executor.run(&self.flow, input, options, &*journal).await;
        Ok(())
    }

    /// Seconds of CPU and of time that so many runs take.
    async fn measure(&self, store: Option<&Store>, runs: usize) -> Result<(f64, f64), Box<dyn Error>> {
        let (cpu, began) = (cpu_time()?, Instant::now());
        let mut going = stream::iter(0..runs)
            .map(|number| self.run(store, number))
            .buffer_unordered(32);
        while let Some(done) = going.next().await {
            done?;
        }
        if let Some(store) = store {
            store.flush().await?;
        }
        Ok((
            cpu_time()?.saturating_sub(cpu).as_secs_f64(),
            began.elapsed().as_secs_f64(),
        ))
    }
}

/// What all threads of this process have used (Linux).
fn cpu_time() -> Result<Duration, Box<dyn Error>> {
    let mut total = 0;
    for task in fs::read_dir("/proc/self/task")? {
        let schedule = fs::read_to_string(task?.path().join("schedstat"))?;
        total += schedule.split(' ').next().ok_or("no time")?.parse::<u64>()?;
    }
    Ok(Duration::from_nanos(total))
}

fn size(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |file| file.len())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let runs = std::env::args().nth(1).map_or(Ok(50_000), |text| text.parse())?;
    let bench = Bench::new()?;
    bench.measure(None, runs / 10).await?;
    let (unkept, _) = bench.measure(None, runs).await?;
    #[expect(clippy::cast_precision_loss, reason = "far less than 2^52 runs")]
    let each = |seconds: f64| seconds * 1e6 / runs as f64;
    let unkept_each = each(unkept);
    println!("not kept   {unkept_each:6.2} us of CPU a run");
    for (name, durability, runs) in [
        (
            "batched",
            Durability::Batched {
                every: Duration::from_millis(20),
            },
            runs,
        ),
        ("full", Durability::Full, runs / 10),
    ] {
        #[expect(clippy::cast_precision_loss, reason = "far less than 2^52 runs")]
        let each = |seconds: f64| seconds * 1e6 / runs as f64;
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("runs.db");
        let settings = StoreSettings {
            path: path.clone(),
            durability,
            retention: Retention {
                age: None,
                count: None,
            },
            key: None,
        };
        let store = Store::open(settings, Arc::clone(&bench.clock) as _)?;
        let before = size(&path);
        let (cpu, took) = bench.measure(Some(&store), runs).await?;
        let written = store.written();
        store.close().await?;
        let bytes = (size(&path) - before) / u64::try_from(runs)?;
        println!(
            "{name:8} + {:6.2} us of CPU a run, {bytes} bytes; {:.0} runs/s, {} commits of {:.0} us",
            each(cpu) - unkept_each,
            1e6 / each(took),
            written.commits,
            written.total.as_secs_f64() * 1e6 / f64::from(u32::try_from(written.commits)?),
        );
    }
    Ok(())
}
