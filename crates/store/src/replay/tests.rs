//! Runs are recorded, and replayed on flows that were edited: they depart where they were edited, and nothing is called.

use std::collections::HashMap;
use std::future::Future;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use jiff::Timestamp;
use lockgate_engine::Executor;
use lockgate_engine::RunOptions;
use lockgate_engine::action::{Action, ActionContext, ActionError, Actions, Retry};
use lockgate_engine::clock::Clock;
use lockgate_engine::journal::{
    Journal, JournalError, MemoryJournal, Outcome, Prior, Record as MemoryRecord, Slept, StepInfo,
};
use lockgate_engine::outcome::{RunOutcome, RunStatus};
use lockgate_engine::step_key::StepKey;
use lockgate_engine::testing::TestClock;
use lockgate_flow::catalog::{ActionSpec, Catalog, Effect, ErrorSpec};
use lockgate_flow::graph::Flow;
use lockgate_flow::schema::Schema;
use lockgate_flow::source::Source;
use lockgate_flow::workspace::Workspace;
use serde_json::{Value, json};

use super::compare::{Recording, check, compare};
use super::departure::{Departure, ReplayEnd};
use super::journal::RecordedEnd;
use super::script::Script;
use super::{Replayed, Version};
use crate::record::{Kept, Record};
use crate::run::Status;

/// Gives its input back, or fails as its input says; counts its calls.
struct Counting {
    spec: Arc<ActionSpec>,
    calls: Arc<AtomicUsize>,
}

#[async_trait]
impl Action for Counting {
    fn spec(&self) -> &Arc<ActionSpec> {
        &self.spec
    }

    async fn call(&self, context: &ActionContext<'_>, input: Value) -> Result<Value, ActionError> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        if let Some(ms) = input["ms"].as_u64() {
            context.clock.sleep(std::time::Duration::from_millis(ms)).await;
        }
        match input["fails"].as_str() {
            Some("busy") if context.attempt < 3 => {
                Err(ActionError::new("busy", "busy").with_retry(Retry::Transient))
            }
            Some("refused") => Err(ActionError::new("refused", "refused")),
            _ => Ok(json!({ "got": input, "user_id": "auth0|1" })),
        }
    }
}

fn actions(calls: &Arc<AtomicUsize>) -> Actions {
    let mut actions = Actions::new();
    for (name, effect) in [
        ("test.create", Effect::Once),
        ("test.update", Effect::Idempotent),
        ("test.read", Effect::Read),
        ("test.pure", Effect::Pure),
    ] {
        let mut spec = ActionSpec::new(name, effect, "for tests");
        spec.input = Schema::new(json!(true));
        spec.errors = ["busy", "refused"]
            .map(|code| ErrorSpec {
                code,
                status: 409,
                summary: "",
            })
            .into();
        actions.add(Counting {
            spec: Arc::new(spec),
            calls: Arc::clone(calls),
        });
    }
    actions
}

/// A version of a flow, and of those that it calls; what its actions have been called.
struct Made {
    flow: Arc<Flow>,
    executor: Executor,
    calls: Arc<AtomicUsize>,
}

impl Made {
    /// The first flow may call the others.
    #[track_caller]
    fn new(texts: &[&str]) -> Self {
        let calls = Arc::<AtomicUsize>::default();
        let mut catalog = Catalog::new();
        actions(&calls).declare(&mut catalog);
        let sources: Vec<Arc<Source>> = texts
            .iter()
            .enumerate()
            .map(|(number, text)| Source::new(format!("flows/flow-{number}.yaml"), *text))
            .collect();
        let file = Source::new("lockgate.yaml", "version: 1\n");
        let workspace = Workspace::check(Some(&file), &sources, &catalog);
        let mistakes: Vec<String> = workspace
            .diagnostics
            .iter()
            .filter(|finding| finding.is_error())
            .map(|finding| format!("{finding:?}"))
            .collect();
        assert!(mistakes.is_empty(), "{}", mistakes.join("\n"));
        let flows: Vec<Arc<Flow>> = workspace.flows.into_iter().filter_map(|flow| flow.flow).collect();
        Self {
            flow: Arc::clone(&flows[0]),
            executor: Executor::new(actions(&calls))
                .with_clock(Arc::new(TestClock::default()))
                .with_flows(flows),
            calls,
        }
    }

    fn version(&self) -> Version<'_> {
        Version {
            flow: &self.flow,
            executor: &self.executor,
        }
    }
}

/// By key and attempt.
type Seen = HashMap<(String, u32), (&'static str, Option<String>)>;

/// Records what the store would.
struct Recorder {
    memory: MemoryJournal,
    /// Verbs, and digests of inputs.
    seen: Mutex<Seen>,
}

impl Journal for Recorder {
    const READS_INPUT: bool = true;

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
        let digest = info.input.map(|input| digest(&input.to_string()));
        let seen = (info.verb, digest);
        self.seen
            .lock()
            .unwrap()
            .insert((key.to_string(), info.attempt), seen);
        self.memory.step(key, info, effect).await
    }

    async fn sleep<'a>(
        &'a self,
        key: &'a StepKey<'a>,
        info: StepInfo<'a>,
        until: Timestamp,
        clock: &'a dyn Clock,
    ) -> Result<Slept, JournalError> {
        self.memory.sleep(key, info, until, clock).await
    }
}

fn digest(json: &str) -> String {
    format!("digest of {json}")
}

/// A run that has been recorded.
struct Run {
    made: Made,
    input: Value,
    started_at: Timestamp,
    records: Vec<Record>,
    outcome: RunOutcome,
}

impl Run {
    async fn of(texts: &[&str], input: Value) -> Self {
        let made = Made::new(texts);
        let recorder = Recorder {
            memory: MemoryJournal::new(),
            seen: Mutex::default(),
        };
        let Value::Object(fields) = input else {
            panic!("the input is an object")
        };
        let input = made.flow.input.validate(fields).expect("the input is valid");
        let started_at = made.executor.clock().now();
        let options = RunOptions {
            started_at: Some(started_at),
            ..RunOptions::new("run-1")
        };
        let outcome = made
            .executor
            .run(&made.flow, input.clone(), options, &recorder)
            .await;
        let seen = recorder.seen.into_inner().unwrap();
        let mut records = Vec::new();
        for record in recorder.memory.records() {
            records.push(converted(record, &seen, started_at));
        }
        Self {
            made,
            input,
            started_at,
            records,
            outcome,
        }
    }

    fn recording(&self, length: usize, status: Status) -> Recording<'_> {
        let open = |_: &str, _: u32, kept: &Result<Kept, Kept>| -> Result<Outcome, serde_json::Error> {
            Ok(match kept {
                Ok(kept) => Ok(kept.shown.clone()),
                Err(kept) => Err(Box::new(serde_json::from_value(kept.shown.clone())?)),
            })
        };
        let (output, error) = if status.is_unfinished() {
            (None, None)
        } else {
            (self.outcome.output.clone(), self.outcome.error.clone())
        };
        Recording {
            run_id: "run-1".to_owned(),
            input: &self.input,
            request: None,
            attempt: 1,
            started_at: self.started_at,
            script: Script::of(&self.records[..length], open).unwrap(),
            end: RecordedEnd::new(status, output, error),
            digest: Arc::new(digest),
        }
    }

    fn status(&self) -> Status {
        match self.outcome.status {
            RunStatus::Succeeded => Status::Succeeded,
            RunStatus::Failed => Status::Failed,
            status => panic!("{status:?}"),
        }
    }

    /// Replays the whole of it on a flow, and sees to it that nothing is called.
    async fn replay(&self, texts: &[&str]) -> Replayed {
        let edited = Made::new(texts);
        let calls = self.made.calls.load(Ordering::Relaxed);
        let recording = self.recording(self.records.len(), self.status());
        let replayed = compare(recording, Some(self.made.version()), edited.version()).await;
        assert_eq!(
            edited.calls.load(Ordering::Relaxed),
            0,
            "the edited flow called something"
        );
        assert_eq!(self.made.calls.load(Ordering::Relaxed), calls);
        replayed
    }
}

fn converted(record: MemoryRecord, seen: &Seen, at: Timestamp) -> Record {
    let kept = |shown| Kept { shown, sealed: None };
    match record {
        MemoryRecord::Started {
            key,
            attempt,
            action,
            effect,
            input,
        } => {
            let digest = seen[&(key.clone(), attempt)].1.clone();
            Record::Started {
                key,
                attempt,
                at,
                action,
                effect,
                input: input.zip(digest),
            }
        }
        MemoryRecord::Finished {
            key,
            attempt,
            outcome,
        } => Record::Finished {
            verb: seen[&(key.clone(), attempt)].0.to_owned(),
            key,
            attempt,
            at,
            outcome: outcome
                .map(kept)
                .map_err(|error| kept(serde_json::to_value(error).unwrap())),
        },
        MemoryRecord::Sleeping { key, attempt, until } => Record::Sleeping {
            key,
            attempt,
            at,
            until,
        },
        MemoryRecord::Woken { key, attempt } => Record::Woken { key, attempt, at },
    }
}

/// What is said of a replay, in short: one line for each departure.
fn short(replayed: &Replayed) -> Vec<String> {
    let mut lines: Vec<String> = replayed.departures.iter().map(line).collect();
    if replayed.end != ReplayEnd::Ended {
        lines.push(
            serde_json::to_value(&replayed.end).unwrap()["end"]
                .as_str()
                .unwrap()
                .to_owned(),
        );
    }
    lines
}

fn line(departure: &Departure) -> String {
    let text = |value: &Option<Value>| {
        value
            .as_ref()
            .map_or_else(|| "nothing".to_owned(), Value::to_string)
    };
    match departure {
        Departure::RunInput { mistakes } => format!("input {}", mistakes[0].0),
        Departure::NotRecorded { key, what, .. } => format!("new {key} {what}"),
        Departure::Other { key, recorded, found } => format!("other {key} {recorded} {found}"),
        Departure::Input { key, recorded, found } => {
            format!("input {key} {} {}", text(recorded), text(found))
        }
        Departure::Waits { key, .. } => format!("waits {key}"),
        Departure::Unused { key, what } => format!("unused {key} {what}"),
        Departure::Answer { recorded, found } => format!("answer {} {}", text(recorded), text(found)),
        Departure::Output { recorded, found } => format!("output {} {}", text(recorded), text(found)),
        Departure::Failure { recorded, found } => {
            let code = |error: &Option<Value>| {
                error
                    .as_ref()
                    .map_or("none".to_owned(), |error| error["code"].to_string())
            };
            format!("failure {} {}", code(recorded), code(found))
        }
    }
}

/// Flows with everything that a run can record.
fn flows() -> Vec<Vec<&'static str>> {
    vec![
        vec![SIGN_UP],
        // Values that are new each time, in all places.
        vec!["steps:
  - { id: a, action: test.create, with: { id: '{{uuid}}', secret: '{{mask (uuid)}}' } }
  - { set: { id: '{{uuid}}', same: '{{vars.id}}' } }
  - { if: 'lt (to_number (random 1 \"digits\")) 5', then: [{ set: { way: low } }], else: [{ set: { way: high } }] }
  - { if: 'lt (to_number (random 1 \"digits\")) 11', action: test.update, with: { at: '{{now}}' } }
  - { id: l, for_each: 'split (uuid) \"-\"', steps: [{ action: test.read, with: { x: '{{item}}' } }], yield: '{{random 9 \"digits\"}} {{item}}' }
  - { respond: { body: '{{uuid}}', headers: { x-now: '{{now}}' } } }
  - { return: ['{{vars.same}}', '{{steps.l}}', '{{now}}'] }"],
        // Retries, an error that is taken, one that is kept, one that leaves the flow.
        vec!["steps:
  - { action: test.read, with: { fails: busy } }
  - { action: test.create, with: { fails: refused }, on_error: { refused: [{ action: test.update, with: { code: '{{error.code}}' } }] } }
  - { id: k, action: test.create, with: { fails: refused }, on_error: continue }
  - { action: test.pure, with: { x: '{{optional steps.k.error.code}}' } }
  - { action: test.create, with: { fails: refused } }
on_error:
  - { action: test.update, with: { last: true } }
  - { respond: { status: 503, body: '{{error.code}}' } }"],
        // Branches of which one ends the others, at different times; loops at once; sleeps; limits.
        vec!["steps:
  - { parallel: { x: [{ action: test.create, with: { ms: 20 } }, { wait: 1h }, { action: test.update }], y: [{ action: test.read, with: { ms: 10 } }, { action: test.update, with: { b: 1 } }] } }
  - parallel:
      x: [{ action: test.read, with: { ms: 20 } }, { action: test.update, with: { ms: 100, x: 1 } }, { action: test.update, with: { x: 2 } }]
      y: [{ action: test.read, with: { ms: 50 } }, { action: test.create, with: { fails: refused } }]
    on_error: { refused: [{ action: test.create, with: { after: true } }] }
  - { for_each: 'split \"a,b,c,d\" \",\"', at_once: 2, steps: [{ action: test.create, with: { ms: 10, item: '{{item}}' } }, { wait: 1s }], id: all, yield: '{{index}}' }
  - { if: true, timeout: 1s, then: [{ action: test.update }, { wait: 5s }, { action: test.update }], on_error: { timeout: [{ action: test.read }] } }
  - { action: test.read, timeout: 1s, with: { ms: 5000 }, on_error: continue }
  - { wait: { until: '2030-02-01T00:00:00Z' } }
  - { parallel: { x: [{ action: test.read, with: { ms: 100 } }, { action: test.create }], y: [{ action: test.read, with: { ms: 5 } }, { return: '{{steps.all}}' }] } }"],
        // Flows that are called, in a loop too.
        vec![
            "steps: [{ for_each: 'split \"a,b\" \",\"', steps: [{ id: c, call: called, with: { x: '{{item}}' } }], id: l, yield: '{{steps.c}}' }, { call: failing, on_error: continue }, { return: '{{steps.l}}' }]",
            "name: called\ninput: { x: { type: string } }\nsteps: [{ id: a, action: test.create, with: { x: '{{input.x}} {{uuid}}' } }, { respond: { body: 1 } }, { call: failing, on_error: continue }, { return: '{{steps.a.user_id}}' }]",
            "name: failing\nsteps: [{ action: test.update }, { fail: { code: mine, message: x } }]\non_error: [{ action: test.read }]",
        ],
    ]
}

/// The update of [`SIGN_UP`] is gone.
const UNUSED: &[&str] = &["unused steps/1 test.update"];

const SIGN_UP: &str = "
input: { email: { type: string }, plan: { enum: [free, pro], default: pro } }
steps:
  - id: user
    action: test.create
    with: { email: '{{input.email}}' }
  - if: eq input.plan \"pro\"
    action: test.update
    with: { user_id: '{{steps.user.user_id}}', quota: 1000 }
  - respond: { status: 201, body: { user_id: '{{steps.user.user_id}}' } }
  - return: '{{input.plan}}'
";

fn sign_up_input() -> Value {
    json!({ "email": "ann@example.com" })
}

fn input_of(texts: &[&str]) -> Value {
    if texts[0] == SIGN_UP {
        sign_up_input()
    } else {
        json!({})
    }
}

#[tokio::test(start_paused = true)]
async fn the_same_flow_departs_nowhere() {
    for texts in flows() {
        let run = Run::of(&texts, input_of(&texts)).await;
        assert!(run.made.calls.load(Ordering::Relaxed) > 1);
        let replayed = run.replay(&texts).await;
        assert_eq!(
            short(&replayed),
            Vec::<String>::new(),
            "{texts:?}\n{:#?}",
            run.records
        );
        // Without the recorded flow as well: keys and inputs are the same.
        let again = Made::new(&texts);
        let recording = run.recording(run.records.len(), run.status());
        let mut alone = compare(recording, None, again.version()).await;
        alone
            .departures
            .retain(|departure| !matches!(departure, Departure::Answer { .. }));
        assert_eq!(short(&alone), Vec::<String>::new(), "{texts:?}");
    }
}

/// A run that was cut off anywhere goes on with its own flow.
#[tokio::test(start_paused = true)]
async fn every_prefix_fits_its_flow() {
    for texts in flows() {
        let run = Run::of(&texts, input_of(&texts)).await;
        for length in 0..=run.records.len() {
            let again = Made::new(&texts);
            let at = format!("{length} of {:#?}", run.records);
            let replayed = compare(
                run.recording(length, Status::Running),
                Some(run.made.version()),
                again.version(),
            )
            .await;
            assert!(replayed.departures.is_empty(), "{at}\n{:#?}", replayed.departures);
            let fit = check(run.recording(length, Status::Running), again.version()).await;
            assert_eq!(fit, Ok(()), "{at}");
            assert_eq!(again.calls.load(Ordering::Relaxed), 0);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_edited_flow_departs_where_it_was_edited() {
    let run = Run::of(&[SIGN_UP], sign_up_input()).await;
    let log = "  - { action: test.read, with: { a: 1 } }\n";
    let (user, update) = (SIGN_UP.find("  - id").unwrap(), SIGN_UP.find("  - if").unwrap());
    let (respond, end) = (
        SIGN_UP.find("  - respond").unwrap(),
        SIGN_UP.find("  - return").unwrap(),
    );
    let with_before = |at: usize, text: &str| format!("{}{text}{}", &SIGN_UP[..at], &SIGN_UP[at..]);
    let without = |from: usize, to: usize| format!("{}{}", &SIGN_UP[..from], &SIGN_UP[to..]);
    let cases: Vec<(String, &[&str])> = vec![
        // Another input.
        (
            SIGN_UP.replace("1000", "2000"),
            &[
                "input steps/1 {\"user_id\":\"auth0|1\",\"quota\":1000} {\"user_id\":\"auth0|1\",\"quota\":2000}",
            ],
        ),
        // The order of fields is none of the value.
        (
            SIGN_UP.replace(
                "user_id: '{{steps.user.user_id}}', quota: 1000",
                "quota: 1000, user_id: '{{steps.user.user_id}}'",
            ),
            &[],
        ),
        // Another step: its outcome is not known, wherever it stands.
        (with_before(user, log), &["new steps/0 test.read", "departed"]),
        (with_before(update, log), &["new steps/1 test.read", "departed"]),
        (with_before(end, log), &["new steps/3 test.read", "departed"]),
        // One that touches nothing moves the others, and that is all.
        (with_before(user, "  - set: { x: '{{uuid}}' }\n"), &[]),
        (with_before(user, "  - wait: 1h\n"), &["waits steps/0@wait"]),
        // One is gone.
        (without(update, respond), UNUSED),
        (
            without(respond, end),
            &[
                "unused steps/2 respond",
                "answer {\"status\":201,\"headers\":[],\"body\":{\"user_id\":\"auth0|1\"}} nothing",
            ],
        ),
        // Another action in its place.
        (
            SIGN_UP.replace("test.update", "test.create"),
            &["other steps/1 test.update test.create", "departed"],
        ),
        (
            SIGN_UP.replace("test.create", "test.read"),
            &["other steps/0 test.create test.read", "departed"],
        ),
        // Another condition.
        (SIGN_UP.replace("eq input", "ne input"), UNUSED),
        // Another answer, another result, another failure.
        (
            SIGN_UP.replace("201", "200"),
            &[
                "answer {\"status\":201,\"headers\":[],\"body\":{\"user_id\":\"auth0|1\"}} \
                 {\"status\":200,\"headers\":[],\"body\":{\"user_id\":\"auth0|1\"}}",
            ],
        ),
        (
            SIGN_UP.replace("return: '{{input.plan}}'", "return: 'now {{input.plan}}'"),
            &["output \"pro\" \"now pro\""],
        ),
        (
            without(end, SIGN_UP.len()) + "  - fail: { code: mine, message: x }\n",
            &["output \"pro\" nothing", "failure none \"mine\""],
        ),
        // The input of the run.
        (
            SIGN_UP.replace("plan: {", "name: { type: string }, plan: {"),
            &["input name", "departed"],
        ),
        // Moved to where nobody comes.
        (
            format!("{}{}", without(user, update), &SIGN_UP[user..update])
                .replace("'{{steps.user.user_id}}'", "'auth0|1'"),
            &["unused steps/0 test.create"],
        ),
        // Another name for what it was.
        (
            SIGN_UP
                .replace("id: user\n", "id: person\n")
                .replace("steps.user.", "steps.person."),
            &[],
        ),
    ];
    for (edited, expected) in cases {
        let replayed = run.replay(&[&edited]).await;
        assert_eq!(short(&replayed), expected, "{edited}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_made_from_new_values_is_compared_as_well() {
    let flow = "steps:
  - { id: a, action: test.create, with: { name: 'a {{uuid}}' } }
  - { set: { x: '{{uuid}}' } }
  - { for_each: 'split (uuid) \"-\"', steps: [{ action: test.read }] }
  - { respond: { body: 'hello {{now}}' } }
  - { wait: 5m }
  - { return: '{{vars.x}}' }";
    let run = Run::of(&[flow], json!({})).await;
    for (from, to, expected) in [
        ("'a {{uuid}}'", "'b {{uuid}}'", "input steps/0@input"),
        ("x: '{{uuid}}'", "x: '{{uuid}}!'", "input steps/1@input"),
        ("(uuid)", "(uuid) \"-\" 2 ", ""),
        ("hello", "good day", "answer"),
        (
            "5m",
            "6m",
            "input steps/4@wait \"2030-01-01T00:05:00Z\" \"2030-01-01T00:06:00Z\"",
        ),
    ] {
        if expected.is_empty() {
            continue;
        }
        let replayed = run.replay(&[&flow.replace(from, to)]).await;
        let lines = short(&replayed);
        assert_eq!(lines.len(), 1, "{from}: {lines:?}");
        assert!(lines[0].starts_with(expected), "{from}: {lines:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn errors_branches_loops_and_calls_depart_where_they_were_edited() {
    for (at, from, to, expected) in [
        // A handler that comes too late, and one that is gone.
        (
            2,
            "{ refused: [{ action: test.update, with: { code: '{{error.code}}' } }] }",
            "continue",
            &["unused steps/1/on_error/refused/0 test.update"][..],
        ),
        (2, "last: true", "last: false", &["input on_error/0"][..]),
        (2, "status: 503", "status: 500", &["answer"]),
        (2, "fails: busy", "fails: refused", &["input", "input", "input"]),
        // What touches nothing outside is recorded without its name and input.
        (
            2,
            "action: test.pure, with: { x:",
            "action: test.pure, with: { y:",
            &["input steps/3"],
        ),
        (
            2,
            "test.pure",
            "test.read",
            &["other steps/3 test.pure test.read", "departed"],
        ),
        // In a branch that ended the others; in one that was ended.
        (
            3,
            "with: { after: true }",
            "with: { after: false }",
            &["input steps/1/on_error/refused/0"],
        ),
        (
            3,
            "with: { b: 1 }",
            "with: { b: 2 }",
            &["input steps/0/parallel/y/1"],
        ),
        (
            3,
            "ms: 100, x: 1",
            "ms: 100, x: 3",
            &["input steps/1/parallel/x/1"],
        ),
        // In each turn of a loop.
        (
            3,
            "item: '{{item}}'",
            "item: '{{item}}!'",
            &[
                "input steps/2/each/0",
                "input steps/2/each/1",
                "input steps/2/each/2",
                "input steps/2/each/3",
            ],
        ),
        (3, "yield: '{{index}}'", "yield: 7", &["input steps/6@end"]),
        (3, "{ wait: 1h }, ", "", &["unused steps/0/parallel/x/1@wait"]),
    ] {
        let texts = flows().swap_remove(at);
        let run = Run::of(&texts, json!({})).await;
        let replayed = run.replay(&[&texts[0].replace(from, to)]).await;
        let lines = short(&replayed);
        assert!(
            lines.len() == expected.len()
                && lines
                    .iter()
                    .zip(expected)
                    .all(|(line, start)| line.starts_with(start)),
            "{from}: {lines:#?}"
        );
    }
    // A flow that is called is compared as well.
    let texts = flows().swap_remove(4);
    let run = Run::of(&texts, json!({})).await;
    let called = texts[1]
        .replace("steps: [", "steps: [{ set: { new: 1 } }, ")
        .replace("{{uuid}}'", "{{uuid}}!'");
    let replayed = run.replay(&[texts[0], &called, texts[2]]).await;
    let lines = short(&replayed);
    let starts = [
        "input steps/0/each/0/steps/0/call/steps/1@input",
        "input steps/0/each/1/steps/0/call/steps/1@input",
    ];
    assert_eq!(lines.len(), 2, "{lines:#?}");
    assert!(
        lines
            .iter()
            .zip(starts)
            .all(|(line, start)| line.starts_with(start)),
        "{lines:#?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_run_fits_a_flow_that_does_the_same_up_to_there() {
    let run = Run::of(&[SIGN_UP], sign_up_input()).await;
    let log = "  - { action: test.read, with: { a: 1 } }\n";
    let update = SIGN_UP.find("  - if").unwrap();
    let with_log = format!("{}{log}{}", &SIGN_UP[..update], &SIGN_UP[update..]);
    let without_user = SIGN_UP.replace("test.create", "test.read");
    // The first action alone: it has been started, and has ended.
    for length in [1, 2] {
        for (text, fits) in [
            (SIGN_UP.to_owned(), true),
            (SIGN_UP.replace("1000", "2000"), true),
            (with_log.clone(), true),
            (without_user.clone(), false),
            (
                format!("steps:\n{}", &SIGN_UP[update..])
                    .replace("eq input.plan", "eq \"pro\"")
                    .replace("'{{input.plan}}'", "x")
                    .replace("'{{steps.user.user_id}}'", "x"),
                false,
            ),
        ] {
            let made = Made::new(&[&text]);
            let fit = check(run.recording(length, Status::Running), made.version()).await;
            assert_eq!(fit.is_ok(), fits, "{length}, {fit:?}: {text}");
        }
    }
    // Both actions: what comes between them now is not recorded.
    let made = Made::new(&[&with_log]);
    let fit = check(run.recording(4, Status::Running), made.version()).await;
    assert_eq!(
        fit.as_ref().map_err(line),
        Err("other steps/1 test.update test.read".to_owned())
    );
    // Unless the second is done again.
    let mut run = run;
    run.records.insert(
        4,
        Record::Dropped {
            at: run.started_at,
            keys: vec!["steps/1".to_owned()],
        },
    );
    let fit = check(run.recording(5, Status::Failed), made.version()).await;
    assert_eq!(fit, Ok(()));
}
