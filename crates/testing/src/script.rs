//! What actions do in a case: as they are, as a mock says, or nothing.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use lockgate_engine::action::{Action, ActionContext, ActionError, Actions, Reconciled, Retry};
use lockgate_engine::step_key::StepKey;
use lockgate_flow::catalog::ActionSpec;
use lockgate_flow::graph::{Flow, Op};
use serde_json::Value;

use crate::file::{Answer, Answered, FaultRule, MockError, Setup, Target};
use crate::subject::{Subject, runs_as_it_is};

/// A connection of the workspace that cannot be opened in a test. Nobody minds until an action uses it.
pub(crate) struct Unopened {
    /// Why: a lower-case fragment.
    pub(crate) why: String,
}

/// One call of an action, whoever answered it.
#[derive(Clone, Debug)]
pub(crate) struct Called {
    pub(crate) action: String,
    /// The flow of the step.
    pub(crate) flow: String,
    /// The step's id.
    pub(crate) step: Option<String>,
    pub(crate) input: Value,
}

/// A call that nothing answers.
#[derive(Clone, Debug)]
pub(crate) struct Unanswered {
    pub(crate) called: Called,
    /// Where the step is, for people.
    pub(crate) path: String,
    pub(crate) why: Why,
}

/// Why nothing answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Why {
    /// There is no mock.
    NoMock,
    /// Its connection cannot be opened.
    NoConnection(String),
}

/// What actions do in one case.
pub(crate) struct Script {
    subject: Arc<Subject>,
    state: Mutex<State>,
}

struct State {
    /// The flow of the run that goes on.
    root: String,
    mocks: Vec<Played>,
    faults: Vec<(FaultRule, u64)>,
    calls: Vec<Called>,
    unanswered: Vec<Unanswered>,
}

struct Played {
    target: Target,
    answers: Vec<Answered>,
    next: usize,
}

/// What a call comes to.
enum Turn {
    Real,
    Answer(Box<Answered>),
    Fault(Box<MockError>),
}

impl Script {
    /// The mocks and faults of a case go before those of its file; of one setup, those of a step before those of an
    /// action.
    pub(crate) fn new(subject: &Arc<Subject>, case: &Setup, file: &Setup) -> Self {
        let mut mocks = Vec::new();
        for setup in [case, file] {
            let (steps, actions): (Vec<_>, Vec<_>) = setup
                .mocks
                .iter()
                .partition(|mock| matches!(mock.target.value, Target::Step(_)));
            mocks.extend(steps.into_iter().chain(actions).map(|mock| Played {
                target: mock.target.value.clone(),
                answers: mock.answers.clone(),
                next: 0,
            }));
        }
        let faults = case.faults.iter().chain(&file.faults);
        Self {
            subject: Arc::clone(subject),
            state: Mutex::new(State {
                root: String::new(),
                mocks,
                faults: faults.map(|fault| (fault.clone(), fault.times)).collect(),
                calls: Vec::new(),
                unanswered: Vec::new(),
            }),
        }
    }

    /// Another run begins. Gives what was called since.
    pub(crate) fn begin(&self, root: &str) {
        let mut state = self.lock();
        root.clone_into(&mut state.root);
        state.calls.clear();
        state.unanswered.clear();
    }

    pub(crate) fn calls(&self) -> Vec<Called> {
        self.lock().calls.clone()
    }

    pub(crate) fn unanswered(&self) -> Vec<Unanswered> {
        self.lock().unanswered.clone()
    }

    /// The actions that some flows call, each with this script before it.
    pub(crate) fn actions<'a>(self: &Arc<Self>, flows: impl IntoIterator<Item = &'a Arc<Flow>>) -> Actions {
        let mut specs = BTreeMap::new();
        for flow in flows {
            for node in flow.graph.node_weights() {
                if let Op::Action(action) = &node.op {
                    specs.entry(action.spec.name.clone()).or_insert(&action.spec);
                }
            }
        }
        let mut actions = Actions::new();
        for (name, spec) in specs {
            actions.add(StandIn {
                spec: Arc::clone(spec),
                real: self.subject.actions.get(&name).cloned(),
                script: Arc::clone(self),
            });
        }
        actions
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The flow and the id of the step that is at a key.
    fn step(&self, root: &str, key: &StepKey<'_>) -> (String, Option<String>) {
        let flow = match key.parent {
            None => root.to_owned(),
            Some(parent) => self.called_flow(root, parent),
        };
        let id = self.subject.flows.get(&flow).and_then(|flow| {
            let mut nodes = flow.graph.node_weights();
            nodes
                .find(|node| *node.path == *key.path)
                .and_then(|node| node.id.as_deref().map(str::to_owned))
        });
        (flow, id)
    }

    fn called_flow(&self, root: &str, key: &StepKey<'_>) -> String {
        let (flow, _) = self.step(root, key);
        let called = self.subject.flows.get(&flow).and_then(|flow| {
            flow.graph.node_weights().find_map(|node| match &node.op {
                Op::Call { flow, .. } if *node.path == *key.path => Some(flow.to_string()),
                _ => None,
            })
        });
        called.unwrap_or_default()
    }

    fn turn(&self, spec: &ActionSpec, context: &ActionContext<'_>, input: &Value) -> Turn {
        let mut state = self.lock();
        let (flow, step) = self.step(&state.root, context.key);
        let called = Called {
            action: spec.name.to_string(),
            flow,
            step,
            input: input.clone(),
        };
        state.calls.push(called.clone());
        let is_meant = |target: &Target| match target {
            Target::Action(action) => *action == called.action,
            // An id is looked for in the run's flow first, then in those that it calls.
            Target::Step(id) => {
                called.step.as_ref() == Some(id)
                    && self
                        .subject
                        .step(&state.root, id)
                        .is_some_and(|(flow, _)| flow.name == called.flow)
            }
        };
        let fault = state
            .faults
            .iter()
            .position(|(fault, left)| *left > 0 && is_meant(&fault.target.value));
        let mock = state.mocks.iter().position(|mock| is_meant(&mock.target));
        if let Some((fault, left)) = fault.and_then(|fault| state.faults.get_mut(fault)) {
            *left -= 1;
            return Turn::Fault(Box::new(fault.error.clone()));
        }
        if let Some(mock) = mock.and_then(|mock| state.mocks.get_mut(mock)) {
            let at = mock.next.min(mock.answers.len().saturating_sub(1));
            mock.next += 1;
            if let Some(answer) = mock.answers.get(at) {
                return Turn::Answer(Box::new(answer.clone()));
            }
        }
        Turn::Real
    }

    /// Notes that nothing answers, and gives the error that the run goes on with.
    fn miss(&self, spec: &ActionSpec, context: &ActionContext<'_>, input: &Value, why: Why) -> ActionError {
        let mut state = self.lock();
        let (flow, step) = self.step(&state.root, context.key);
        let message = match &why {
            Why::NoMock => format!("{} has no mock in this test", spec.name),
            Why::NoConnection(why) => why.clone(),
        };
        state.unanswered.push(Unanswered {
            called: Called {
                action: spec.name.to_string(),
                flow,
                step,
                input: input.clone(),
            },
            path: context.key.to_string(),
            why,
        });
        ActionError::new("not_mocked", message)
    }
}

/// An action in a test: the declaration is the real one's.
struct StandIn {
    spec: Arc<ActionSpec>,
    real: Option<Arc<dyn Action>>,
    script: Arc<Script>,
}

#[async_trait]
impl Action for StandIn {
    fn spec(&self) -> &Arc<ActionSpec> {
        &self.spec
    }

    async fn call(&self, context: &ActionContext<'_>, input: Value) -> Result<Value, ActionError> {
        match self.script.turn(&self.spec, context, &input) {
            Turn::Fault(error) => Err(failure(&self.spec, &error)),
            Turn::Answer(answered) => {
                if answered.takes > Duration::ZERO {
                    context.clock.sleep(answered.takes).await;
                }
                match &answered.answer {
                    Answer::Value(value) => Ok(value.clone()),
                    Answer::Error(error) => Err(failure(&self.spec, error)),
                }
            }
            Turn::Real => {
                let Some(real) = self.real.as_ref().filter(|_| runs_as_it_is(&self.spec)) else {
                    return Err(self.script.miss(&self.spec, context, &input, Why::NoMock));
                };
                if let Some(connection) = context.connection
                    && let Some(unopened) = connection.downcast_ref::<Unopened>()
                {
                    let why = Why::NoConnection(unopened.why.clone());
                    return Err(self.script.miss(&self.spec, context, &input, why));
                }
                real.call(context, input).await
            }
        }
    }

    async fn reconcile(&self, context: &ActionContext<'_>, input: &Value) -> Result<Reconciled, ActionError> {
        match &self.real {
            Some(real) if runs_as_it_is(&self.spec) => real.reconcile(context, input).await,
            _ => Ok(Reconciled::Unknown),
        }
    }
}

/// The code of actions that could not reach the other end, whatever status they declare for it.
const UNAVAILABLE: &str = "unavailable";

/// The error of a mock or a fault. What it does not say is the declaration's. What may pass (`unavailable`, and by the
/// status 408, 425, 429, 503 and 504) is tried again: nothing has happened.
fn failure(spec: &ActionSpec, error: &MockError) -> ActionError {
    let declared = spec.error(&error.code.value);
    let message = error.message.clone().unwrap_or_else(|| {
        declared.map_or_else(
            || "as the test says".to_owned(),
            |declared| declared.summary.to_string(),
        )
    });
    let status = error.status.or(declared.map(|declared| declared.status));
    let passes = error.code.value == UNAVAILABLE || matches!(status, Some(408 | 425 | 429 | 503 | 504));
    let retry = error.retry.unwrap_or(if passes {
        Retry::NothingHappened { after: None }
    } else {
        Retry::Never
    });
    let mut failure = ActionError::new(error.code.value.clone(), message).with_retry(retry);
    failure.status = error.status;
    failure.provider.clone_from(&error.provider);
    failure
}
