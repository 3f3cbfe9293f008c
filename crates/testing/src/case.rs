//! One case: its world is made, its runs run one after the other, and what they gave is held against what is expected.

use std::any::Any;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use lockgate_auth0::CONNECTION_TYPE;
use lockgate_engine::clock::Clock;
use lockgate_engine::connection::{Connections, Opening};
use lockgate_engine::event::Observer;
use lockgate_engine::outcome::{Response, RunStatus};
use lockgate_engine::state::MemoryState;
use lockgate_engine::testing::TestClock;
use lockgate_engine::{Alone, Executor, RunOptions};
use lockgate_flow::diagnostic::{Code, Diagnostic, list};
use lockgate_flow::graph::Flow;
use lockgate_flow::source::Span;
use lockgate_flow::workspace::{ConnectionSyntax, Resolved, resolve_settings};
use lockgate_tenant::Tenant;
use serde_json::{Map, Value};

use crate::file::{Case, Given, Run, TestFile};
use crate::record::{Keeping, Recording, error_value};
use crate::report::{CaseReport, Failure, RunReport, Verdict};
use crate::script::{Script, Unanswered, Unopened, Why};
use crate::snapshot::Snapshots;
use crate::subject::Subject;
use crate::{earlier, entropy, request, tenant, verify};

/// The time at which a case begins that says none: 1 January 2030 at midnight, UTC.
const BEGINNING: i64 = 1_893_456_000;

/// Runs a case on this thread. It takes no time that it does not compute.
pub(crate) fn run(
    subject: &Arc<Subject>,
    file: &TestFile,
    case: &Case,
    snapshots: &dyn Snapshots,
) -> CaseReport {
    let began = Instant::now();
    let mut report = CaseReport {
        file: file.source.path().to_owned(),
        flow: file
            .flow
            .as_ref()
            .map_or_else(String::new, |flow| flow.value.clone()),
        name: case.name.value.clone(),
        position: file.source.position(case.span.start),
        verdict: Verdict::Passed,
        failures: Vec::new(),
        runs: Vec::new(),
        snapshots: Vec::new(),
        snapshot_paths: crate::snapshot::paths(file.source.path(), case),
        took: Duration::ZERO,
    };
    let ran = catch_unwind(AssertUnwindSafe(|| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .map_err(|error| format!("the runtime cannot be started: {error}"))?;
        entropy::begin();
        runtime.block_on(async {
            let world = World::make(subject, file, case)?;
            world.go(snapshots, &mut report).await;
            Ok(())
        })
    }));
    let broken = match ran {
        Ok(Ok(())) => None,
        Ok(Err(problem)) => Some(problem),
        Err(panic) => Some(format!("the test runner has a bug: {}", said(&*panic))),
    };
    if let Some(message) = broken {
        let finding = Diagnostic::new(Code::InvalidCase, &file.source, case.name.span, message);
        report.failures.push(Failure::new(finding, report.runs.len()));
    }
    if !report.failures.is_empty() {
        report.verdict = Verdict::Failed;
    }
    report.took = began.elapsed();
    report
}

fn said(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message")
}

/// What the runs of a case share.
struct World<'a> {
    subject: &'a Arc<Subject>,
    file: &'a TestFile,
    case: &'a Case,
    clock: Arc<dyn Clock>,
    tenant: Arc<Tenant>,
    executor: Executor,
    script: Arc<Script>,
}

/// A run that has been set up.
struct Ready<'a> {
    flow: &'a Arc<Flow>,
    input: Map<String, Value>,
    request: Option<Value>,
}

impl<'a> World<'a> {
    fn make(subject: &'a Arc<Subject>, file: &'a TestFile, case: &'a Case) -> Result<Self, String> {
        let began = case.setup.now.or(file.setup.now);
        let began = began.unwrap_or_else(|| Timestamp::from_second(BEGINNING).unwrap_or_default());
        let clock: Arc<dyn Clock> = Arc::new(TestClock::at(began));
        let tenant = tenant::build(&clock)?;
        for user in file.setup.users.iter().chain(&case.setup.users) {
            // The check has seen each of them taken; two that cannot be there together are the case's.
            tenant::seed(&tenant, &user.value).map_err(|reason| format!("a user of `tenant`: {reason}"))?;
        }
        let tenant = Arc::new(tenant);
        let flows: BTreeMap<&str, &Arc<Flow>> = case
            .runs
            .iter()
            .filter_map(|run| flow_of(file, run))
            .flat_map(|flow| subject.reach(flow))
            .map(|flow| (flow.name.as_str(), flow))
            .collect();
        let mut connections = Connections::new();
        for name in flows.values().flat_map(|flow| flow.connections()) {
            if connections.get(name).is_none()
                && let Some(connection) = subject.connections.iter().find(|known| known.name.value == name)
            {
                let settings = case.setup.settings(&file.setup, name);
                let open = open(subject, connection, settings, &tenant, &clock);
                connections.insert(name, open.unwrap_or_else(|why| Arc::new(Unopened { why })));
            }
        }
        let script = Arc::new(Script::new(subject, &case.setup, &file.setup));
        let executor = Executor::new(script.actions(flows.values().copied()))
            .with_connections(connections)
            .with_clock(Arc::clone(&clock))
            .with_flows(flows.values().map(|flow| Arc::clone(flow)))
            .with_entropy(entropy::fill)
            .with_state(Arc::new(MemoryState::new([7; 32])));
        Ok(Self {
            subject,
            file,
            case,
            clock,
            tenant,
            executor,
            script,
        })
    }

    /// Runs all, and stops after the first that fails the case: later ones build on it.
    async fn go(&self, snapshots: &dyn Snapshots, report: &mut CaseReport) {
        let mut earlier = Vec::new();
        for (index, run) in self.case.runs.iter().enumerate() {
            if run.after > Duration::ZERO {
                self.clock.sleep(run.after).await;
            }
            let runs = Value::Array(std::mem::take(&mut earlier));
            let ready = match self.ready(run, &runs) {
                Ok(ready) => ready,
                Err(finding) => {
                    report.failures.push(Failure::new(finding, index));
                    return;
                }
            };
            let requests = tenant::requests(&self.tenant, 0).len();
            self.script.begin(&ready.flow.name);
            let ran = self.run(run, ready, index, requests).await;
            let seen = verify::Seen {
                source: &self.file.source,
                case: self.case,
                run,
                index,
                report: &ran,
                calls: &self.script.calls(),
                tenant: &self.tenant,
                runs: &runs,
                now: self.clock.now(),
            };
            let mut failures = self.unanswered(run, index);
            // What comes of a call that nothing answers says nothing of the flow.
            let is_whole = failures.is_empty();
            if is_whole {
                failures.extend(seen.failures());
            }
            if let Some(span) = run.expect.snapshot.filter(|_| is_whole) {
                let path = crate::snapshot::path(self.file.source.path(), self.case, index);
                let kept = snapshots.read(&path);
                let compared =
                    crate::snapshot::compare(&self.file.source, span, &ran, &path, kept.as_deref());
                failures.extend(compared.finding.map(|(finding, values)| Failure {
                    values,
                    is_of_snapshot: true,
                    ..Failure::new(finding, index)
                }));
                report.snapshots.extend(compared.change);
            }
            let Value::Array(mut runs) = runs else { return };
            runs.push(ran.as_earlier());
            earlier = runs;
            report.runs.push(ran);
            // A snapshot may be out of date, and the runs after it be as they should.
            let is_over = failures.iter().any(|failure| !failure.is_of_snapshot);
            report.failures.extend(failures);
            if is_over {
                return;
            }
        }
    }

    fn ready(&self, run: &Run, runs: &Value) -> Result<Ready<'a>, Diagnostic> {
        let source = &self.file.source;
        let name = flow_of(self.file, run).unwrap_or_default();
        let flow = self.subject.flows.get(name).ok_or_else(|| {
            Diagnostic::new(
                Code::UnknownFlow,
                source,
                run.span,
                format!("there is no flow `{name}`"),
            )
        })?;
        let value = |given: &Given| match &given.template {
            None => Ok(given.node.to_value()),
            Some(template) => earlier::evaluate(template, runs, self.clock.now()).map_err(|error| {
                let span = Span::new(error.span.start, error.span.end);
                Diagnostic::new(Code::InvalidCase, source, span, error.to_string()).help(
                    "`runs.[0]` is the first run of the case; of those that come later nothing is known",
                )
            }),
        };
        let input = match run.input.as_ref().map(value).transpose()? {
            Some(Value::Object(input)) => input,
            _ => Map::new(),
        };
        let given = run.request.as_ref().map(value).transpose()?;
        let request = request::of(flow, &input, given.as_ref());
        Ok(Ready { flow, input, request })
    }

    async fn run(&self, run: &Run, ready: Ready<'_>, index: usize, requests: usize) -> RunReport {
        let Ready { flow, input, request } = ready;
        let began = self.clock.elapsed();
        let recording = Arc::new(Recording::new(&self.clock));
        let given = Value::Object(input.clone());
        // One step alone reads what it reads of an input that need not be whole.
        let input = if run.alone.is_some() {
            Ok(given.clone())
        } else {
            flow.input.validate(input)
        };
        let mut report = RunReport {
            flow: flow.name.clone(),
            input: given,
            status: "refused",
            response: Value::Null,
            output: None,
            error: None,
            place: None,
            steps: Vec::new(),
            visits: crate::coverage::Visits::default(),
            took: Duration::ZERO,
            requests: Vec::new(),
            calls: BTreeMap::new(),
            masks: lockgate_engine::masks::Masks::new(),
        };
        let input = match input {
            Ok(input) => input,
            Err(mistakes) => {
                report.response = request::seen(&Response::of_mistakes(&mistakes));
                report.masks.add_input(flow, &report.input);
                return report;
            }
        };
        let alone = run.alone.as_ref().and_then(|alone| {
            let mut step = Alone::of(flow, &alone.step.value)?;
            step.steps.extend(
                alone
                    .steps
                    .iter()
                    .map(|(id, value)| (id.value.clone(), value.clone())),
            );
            step.variables.extend(
                alone
                    .vars
                    .iter()
                    .map(|(name, value)| (name.value.clone(), value.clone())),
            );
            Some(step)
        });
        let options = RunOptions {
            request,
            alone,
            ..RunOptions::new(run_id(&*self.clock, index))
        };
        let executor = self
            .executor
            .clone()
            .with_observer(Arc::clone(&recording) as Arc<dyn Observer>);
        let outcome = executor.run(flow, input, options, &Keeping(&recording)).await;
        report.took = self.clock.elapsed().saturating_sub(began);
        (report.steps, report.visits, report.masks) = recording.finish();
        report.status = match outcome.status {
            RunStatus::Succeeded => "succeeded",
            status => status.name(),
        };
        report.output.clone_from(&outcome.output);
        report.error = outcome.error.as_ref().map(error_value);
        report.place = outcome
            .error
            .as_ref()
            .and_then(|error| error.place.as_ref())
            .map(ToString::to_string);
        if let Some(alone) = &run.alone {
            // A step that runs alone gives its result, and answers nobody.
            let step = report
                .steps
                .iter()
                .find(|step| step.id.as_ref() == Some(&alone.step.value));
            report.output = outcome.output.clone().or_else(|| step?.output.clone());
        }
        report.response = request::seen(&outcome.into_public_answer());
        report.requests = tenant::requests(&self.tenant, requests);
        for call in self.script.calls() {
            *report.calls.entry(call.action).or_default() += 1;
        }
        report
    }

    /// Calls that nothing answered: they fail the case, whatever the flow made of them.
    fn unanswered(&self, run: &Run, index: usize) -> Vec<Failure> {
        let mut told: Vec<(String, Option<String>)> = Vec::new();
        let mut failures = Vec::new();
        for missed in self.script.unanswered() {
            let which = (missed.called.action.clone(), missed.called.step.clone());
            if told.contains(&which) {
                continue;
            }
            told.push(which);
            let span = if self.case.is_series {
                run.span
            } else {
                self.case.name.span
            };
            failures.push(Failure::new(
                not_answered(self.subject, self.file, span, &missed),
                index,
            ));
        }
        failures
    }
}

/// The name of the flow that a run runs.
pub(crate) fn flow_of<'a>(file: &'a TestFile, run: &'a Run) -> Option<&'a str> {
    let flow = run.flow.as_ref().or(file.flow.as_ref());
    flow.map(|flow| flow.value.as_str())
}

/// An id like that of any run (UUID version 7, RFC 9562), the same each time.
fn run_id(clock: &dyn Clock, index: usize) -> String {
    let milliseconds = u64::try_from(clock.now().as_millisecond()).unwrap_or_default();
    let mut bytes = [0; 10];
    bytes[9] = u8::try_from(index + 1).unwrap_or(u8::MAX);
    uuid::Builder::from_unix_timestamp_millis(milliseconds, &bytes)
        .into_uuid()
        .to_string()
}

fn open(
    subject: &Subject,
    connection: &ConnectionSyntax,
    given: Map<String, Value>,
    tenant: &Arc<Tenant>,
    clock: &Arc<dyn Clock>,
) -> Result<Arc<dyn Any + Send + Sync>, String> {
    let name = &connection.name.value;
    let type_name = &connection.type_name.value;
    if type_name == CONNECTION_TYPE {
        // What is not there was for a tenant elsewhere, or is missed by the action that needs it.
        let settings = settings(connection, given).unwrap_or_else(|(settings, _)| settings);
        let connected = tenant::connect(name, settings, tenant, clock).map_err(|error| error.to_string())?;
        return Ok(connected);
    }
    let known = subject
        .connection_types
        .iter()
        .find(|known| known.spec.type_name == type_name.as_str())
        .ok_or_else(|| {
            format!("the connection `{name}` has the type `{type_name}`, which tests cannot open")
        })?;
    let settings = settings(connection, given).map_err(|(_, missing)| missing)?;
    let opening = Opening {
        name,
        settings: &settings,
        clock: Arc::clone(clock),
    };
    (known.open)(&opening).map_err(|error| error.to_string())
}

/// What the test says, else what the workspace says. Tests are the same on every machine, so no variable is read: one that
/// has no default is missing. A setting that the test says is `null` is left out.
///
/// # Errors
/// Some are missing: the others, and what to say of it.
fn settings(
    connection: &ConnectionSyntax,
    given: Map<String, Value>,
) -> Result<Resolved, (Resolved, String)> {
    let mut rest = connection.clone();
    rest.settings
        .retain(|setting| !given.contains_key(&setting.key.text));
    let mut missing = Vec::new();
    let found = resolve_settings(&rest, &|_| None).or_else(|unset| {
        missing = unset.into_iter().map(|unset| unset.setting).collect();
        missing.dedup();
        rest.settings
            .retain(|setting| !missing.contains(&setting.key.text));
        resolve_settings(&rest, &|_| None)
    });
    let mut settings = found.unwrap_or_default();
    settings.extend(given.into_iter().filter(|(_, value)| !value.is_null()));
    if missing.is_empty() {
        return Ok(settings);
    }
    let missing = format!(
        "the connection `{}` has no {} in this test",
        connection.name.value,
        list(missing.iter().map(String::as_str))
    );
    Err((settings, missing))
}

fn not_answered(subject: &Subject, file: &TestFile, span: Span, missed: &Unanswered) -> Diagnostic {
    let called = &missed.called;
    let step = called.step.as_deref().unwrap_or(&missed.path);
    let flow = subject.flows.get(&called.flow);
    let place = flow.and_then(|flow| {
        let node = flow
            .graph
            .node_weights()
            .find(|node| node.id.as_deref() == called.step.as_deref() && called.step.is_some())?;
        Some((&flow.source, node.span))
    });
    let (message, help) = match &missed.why {
        Why::NoMock => {
            let example = crate::example::output(subject, &called.action);
            (
                format!("the step `{step}` calls `{}`, which has no mock", called.action),
                format!(
                    "write what it answers:\nmock:\n  {}: {{ value: {example} }}",
                    called.action
                ),
            )
        }
        Why::NoConnection(why) => (
            format!("the step `{step}` calls `{}`: {why}", called.action),
            "write made-up settings: `connections: { NAME: { setting: value } }`, or a mock".to_owned(),
        ),
    };
    let mut finding = Diagnostic::new(Code::NotMocked, &file.source, span, message).help(help);
    if let Some((source, span)) = place {
        finding = finding.and_in(source, span, "called here");
    }
    finding
}
