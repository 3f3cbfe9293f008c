//! Every shipped flow, cut off at every place where a process can die: before an effect that was announced, after it, and after
//! its outcome was recorded. Run again with its journal it comes to the same end, and has created everyone once. With a
//! journal in memory, and with the one of the store.

use std::future::{Future, pending};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use jiff::Timestamp;
use lockgate_auth0::Auth0Connection;
use lockgate_engine::action::Actions;
use lockgate_engine::clock::{Clock, SystemClock};
use lockgate_engine::connection::Connections;
use lockgate_engine::journal::{
    Journal, JournalError, MemoryJournal, Outcome, Prior, RunEnd, Slept, StepInfo,
};
use lockgate_engine::outcome::{RunOutcome, RunStatus};
use lockgate_engine::step_key::StepKey;
use lockgate_engine::{Executor, RunOptions};
use lockgate_flow::catalog::Catalog;
use lockgate_flow::definition::Definition;
use lockgate_flow::graph::Flow;
use lockgate_flow::source::Source;
use lockgate_flow::workspace::Workspace;
use lockgate_http::HttpPolicy;
use lockgate_store::{
    Begun, Durability, NewRun, Retention, RunId, RunJournal, Status, Store, StoreSettings, Trigger,
};
use lockgate_tenant::{SeedUser, Tenant};
use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::emulated::runtime;
use crate::folder::read;
use crate::stand_in::{Answer, StandIn};

/// Where a process dies, seen from an effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Death {
    /// It was announced, and did not happen.
    Before,
    /// It happened, and nobody has written down what it gave.
    After,
    /// What it gave is recorded.
    Recorded,
}

/// A journal whose process dies at the nth effect that happens in this life.
struct Mortal<J> {
    journal: J,
    death: Option<(usize, Death)>,
    effects: AtomicUsize,
    died: Notify,
}

impl<J> Mortal<J> {
    fn new(journal: J, death: Option<(usize, Death)>) -> Self {
        Self {
            journal,
            death,
            effects: AtomicUsize::new(0),
            died: Notify::new(),
        }
    }

    async fn may_die(&self, effect: usize, at: Death) {
        if self.death == Some((effect, at)) {
            self.died.notify_one();
            pending::<()>().await;
        }
    }
}

impl<J: Journal> Journal for Mortal<J> {
    const READS_INPUT: bool = J::READS_INPUT;
    const RECORDS: bool = J::RECORDS;

    async fn step<'a, F, Fut>(
        &'a self,
        key: &'a StepKey<'a>,
        info: StepInfo<'a>,
        effect: F,
    ) -> Result<Option<Outcome>, JournalError>
    where
        F: FnOnce(Prior) -> Fut + Send + 'a,
        Fut: Future<Output = Option<Outcome>> + Send + 'a,
    {
        let number = Arc::new(AtomicUsize::new(usize::MAX));
        let mine = Arc::clone(&number);
        let mortal = move |prior| async move {
            let this = self.effects.fetch_add(1, Ordering::Relaxed);
            mine.store(this, Ordering::Relaxed);
            self.may_die(this, Death::Before).await;
            let outcome = effect(prior).await;
            self.may_die(this, Death::After).await;
            outcome
        };
        let outcome = self.journal.step(key, info, mortal).await;
        self.may_die(number.load(Ordering::Relaxed), Death::Recorded)
            .await;
        outcome
    }

    async fn sleep<'a>(
        &'a self,
        key: &'a StepKey<'a>,
        info: StepInfo<'a>,
        until: Timestamp,
        clock: &'a dyn Clock,
    ) -> Result<Slept, JournalError> {
        self.journal.sleep(key, info, until, clock).await
    }

    async fn end<'a>(&'a self, end: RunEnd<'a>) -> Result<(), JournalError> {
        self.journal.end(end).await
    }
}

/// Where the journal of the one run is kept over its lives.
trait Shelf {
    type Journal: Journal;

    /// The journal for the next life, with what was recorded in those before.
    async fn open(&mut self, run: &Run) -> Self::Journal;

    /// The life is over.
    async fn close(&mut self, journal: Self::Journal);
}

#[derive(Default)]
struct Memory(Option<MemoryJournal>);

impl Shelf for Memory {
    type Journal = MemoryJournal;

    async fn open(&mut self, _: &Run) -> MemoryJournal {
        self.0.take().unwrap_or_default().prefix(usize::MAX)
    }

    async fn close(&mut self, journal: MemoryJournal) {
        self.0 = Some(journal);
    }
}

struct Sqlite {
    folder: tempfile::TempDir,
    store: Option<Store>,
    begun: AtomicBool,
}

impl Sqlite {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            store: None,
            begun: AtomicBool::new(false),
        }
    }

    fn settings(folder: &Path) -> StoreSettings {
        StoreSettings {
            path: folder.join("runs.db"),
            durability: Durability::Full,
            retention: Retention {
                age: None,
                count: None,
            },
            key: None,
        }
    }
}

impl Shelf for Sqlite {
    type Journal = RunJournal;

    async fn open(&mut self, run: &Run) -> RunJournal {
        let store = Store::open(Self::settings(self.folder.path()), Arc::new(SystemClock::new())).unwrap();
        let journal = if self.begun.swap(true, Ordering::Relaxed) {
            store.load(run.id).await.unwrap().unwrap().journal
        } else {
            let definition = Arc::new(Definition::of(
                &run.flow,
                &std::iter::once((run.flow.name.clone(), Arc::clone(&run.flow))).collect(),
                &std::iter::once(("auth0".to_owned(), "auth0".to_owned())).collect(),
            ));
            let digest = definition.digest().into();
            let new = NewRun {
                id: run.id,
                flow: &run.flow,
                definition: (&definition, &digest),
                trigger: Trigger::Command,
                status: Status::Running,
                started_at: run.started_at,
                input: &run.input,
                request: None,
                key: None,
            };
            match store.begin(new).await.unwrap() {
                Begun::Fresh(journal) => *journal,
                known @ Begun::Known { .. } => panic!("{known:?}"),
            }
        };
        self.store = Some(store);
        journal
    }

    async fn close(&mut self, journal: RunJournal) {
        drop(journal);
        self.store.take().unwrap().close().await.unwrap();
    }
}

/// A run of a shipped flow.
struct Run {
    id: RunId,
    flow: Arc<Flow>,
    input: Value,
    started_at: Timestamp,
}

/// A tenant with one user, and what runs flows against it.
struct World {
    tenant: Tenant,
    executor: Executor,
    workspace: Workspace,
}

const SEEDED: &str = r#"[{ "connection": "Username-Password-Authentication", "user_id": "auth0|seeded", "email": "seeded@example.com", "password": "correct horse 9" }]"#;

impl World {
    async fn new(profiles: &str) -> Self {
        let users = SeedUser::list_from_json(SEEDED).unwrap();
        let tenant = Tenant::builder().seed(users).start().await.unwrap();
        let mut actions = Actions::new();
        lockgate_actions::register(&mut actions, HttpPolicy::parse(["127.0.0.1"]).unwrap());
        lockgate_auth0::register(&mut actions);
        let mut catalog = Catalog::new();
        actions.declare(&mut catalog);
        catalog.add_connection(lockgate_auth0::connection_spec());
        let file = read("lockgate.yaml").replace("https://profiles.example.com", profiles);
        let sources: Vec<Arc<Source>> = FLOWS
            .iter()
            .map(|(name, _)| {
                let path = format!("flows/{name}.yaml");
                let text = read(&path);
                Source::new(path, text)
            })
            .collect();
        let workspace = Workspace::check(Some(&Source::new("lockgate.yaml", file)), &sources, &catalog);
        assert!(!workspace.has_errors());
        let settings = json!({
            "base_url": tenant.url(),
            "client_id": tenant.client_id(),
            "client_secret": tenant.client_secret(),
        });
        let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
        let connection =
            Auth0Connection::from_settings("auth0", settings.as_object().unwrap(), Arc::clone(&clock))
                .unwrap();
        let mut connections = Connections::new();
        connections.insert("auth0", connection);
        let executor = Executor::new(actions)
            .with_connections(connections)
            .with_clock(clock);
        Self {
            tenant,
            executor,
            workspace,
        }
    }

    fn run(&self, flow: &str, input: &str) -> Run {
        let flow = Arc::clone(&self.workspace.runnable()[flow]);
        let Value::Object(input) = serde_json::from_str(input).unwrap() else {
            panic!("{input}")
        };
        Run {
            // Ids of users are derived from it.
            id: "0199c5d4-2f6e-7c31-9a52-0f6f8f3f2a11".parse().unwrap(),
            input: flow.input.validate(input).unwrap(),
            flow,
            started_at: self.executor.clock().now(),
        }
    }

    /// One life. `None`: it died.
    async fn live<J: Journal>(&self, run: &Run, journal: &Mortal<J>) -> Option<RunOutcome> {
        let options = RunOptions {
            started_at: Some(run.started_at),
            ..RunOptions::new(run.id.to_string())
        };
        let living = self.executor.run(&run.flow, run.input.clone(), options, journal);
        tokio::select! {
            biased;
            () = journal.died.notified() => None,
            outcome = living => Some(outcome),
        }
    }

    /// Who is there, without what depends on the time.
    fn users(&self) -> Vec<Value> {
        let mut users: Vec<Value> = self.tenant.users().into_iter().map(timeless).collect();
        users.sort_by_key(ToString::to_string);
        users
    }

    fn creates(&self) -> u64 {
        self.tenant.request_count("POST", "/api/v2/users").unwrap()
    }
}

/// Without what is another each time.
fn timeless(mut value: Value) -> Value {
    const TIMES: [&str; 5] = [
        "created_at",
        "updated_at",
        "last_password_reset",
        "invited_at",
        "synced_at",
    ];
    match &mut value {
        Value::Object(fields) => {
            fields.retain(|name, _| !TIMES.contains(&name.as_str()));
            for field in fields.values_mut() {
                *field = timeless(field.take());
            }
        }
        Value::Array(items) => {
            for item in items {
                *item = timeless(item.take());
            }
        }
        _ => {}
    }
    value
}

/// The shipped flows, each with an input.
const FLOWS: [(&str, &str); 7] = [
    (
        "bulk-invite",
        r#"{ "people": [{ "email": "a@example.com" }, { "email": "b@example.com", "name": "B" }] }"#,
    ),
    (
        "create-user",
        r#"{ "email": "ada@example.com", "password": "correct horse 9" }"#,
    ),
    ("get-user", r#"{ "user_id": "auth0|seeded" }"#),
    (
        "sign-up",
        r#"{ "email": "ada@example.com", "password": "correct horse 9", "plan": "pro" }"#,
    ),
    ("sync-profile", r#"{ "user_id": "auth0|seeded" }"#),
    (
        "update-user",
        r#"{ "user_id": "auth0|seeded", "preferences": { "theme": "dark" } }"#,
    ),
    ("upsert-user", r#"{ "email": "ada@example.com", "plan": "pro" }"#),
];

/// What a run came to.
#[derive(Debug, PartialEq)]
struct End {
    output: Option<Value>,
    answer: Option<Value>,
    users: Vec<Value>,
    /// How often one was asked for. Unknown where several are at once: the others' calls are cut off on their way.
    creates: Option<u64>,
}

fn end(outcome: RunOutcome, world: &World, run: &Run) -> End {
    assert_eq!(outcome.status, RunStatus::Succeeded, "{:?}", outcome.error);
    let answer = outcome
        .response
        .map(|response| json!([response.status, response.body]));
    End {
        output: outcome.output.map(timeless),
        answer: answer.map(timeless),
        users: world.users(),
        creates: (run.flow.name != "bulk-invite").then(|| world.creates()),
    }
}

/// Cuts every flow off everywhere. How many lives were cut short.
async fn cut<S: Shelf>(profiles: &str, shelf: impl Fn() -> S) -> usize {
    let mut deaths = 0;
    for (name, input) in FLOWS {
        let whole = World::new(profiles).await;
        let run = whole.run(name, input);
        let outcome = whole
            .live(&run, &Mortal::new(MemoryJournal::new(), None))
            .await
            .unwrap();
        let expected = end(outcome, &whole, &run);
        for death in [Death::Before, Death::After, Death::Recorded] {
            for effect in 0.. {
                let world = World::new(profiles).await;
                let (run, mut shelf) = (world.run(name, input), shelf());
                let mortal = Mortal::new(shelf.open(&run).await, Some((effect, death)));
                let first = world.live(&run, &mortal).await;
                let lived = first.is_some();
                shelf.close(mortal.journal).await;
                let immortal = Mortal::new(shelf.open(&run).await, None);
                let second = world.live(&run, &immortal).await.unwrap();
                let found = end(second, &world, &run);
                assert_eq!(found, expected, "{name}, {death:?} effect {effect}");
                if lived {
                    assert_eq!(
                        immortal.effects.load(Ordering::Relaxed),
                        0,
                        "nothing was left to do"
                    );
                }
                shelf.close(immortal.journal).await;
                if lived {
                    break;
                }
                deaths += 1;
            }
        }
    }
    deaths
}

/// The same for everyone who is asked for.
fn everywhere<S: Shelf>(shelf: impl Fn() -> S) {
    let profile = json!({ "locale": "en", "company": { "name": "Engines" } });
    let service = StandIn::start(move |_| Answer::Json(200, profile.clone()));
    let deaths = runtime().block_on(cut(service.url(), shelf));
    assert!(deaths > 30, "{deaths}");
}

#[test]
fn a_journal_in_memory_brings_every_flow_to_its_end() {
    everywhere(Memory::default);
}

#[test]
fn the_store_brings_every_flow_to_its_end() {
    everywhere(Sqlite::new);
}
