//! What an author wrote.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use lockgate_engine::action::Retry;
use lockgate_flow::source::{Source, Span};
use lockgate_flow::syntax::DataNode;
use lockgate_flow::yaml::{Node, Spanned};
use serde_json::{Map, Value};

use crate::matching::Pattern;

/// A test file.
#[derive(Clone, Debug)]
pub struct TestFile {
    /// The text.
    pub source: Arc<Source>,
    /// `flow`: the flow that its cases run, unless they say otherwise.
    pub flow: Option<Spanned<String>>,
    /// What all cases have.
    pub setup: Setup,
    /// `cases`.
    pub cases: Vec<Case>,
}

/// What surrounds a run: of the file for all cases, of a case on top.
#[derive(Clone, Debug, Default)]
pub struct Setup {
    /// `now`: the time at which a case begins.
    pub now: Option<Timestamp>,
    /// `tenant.users`.
    pub users: Vec<Spanned<Value>>,
    /// `connections`: settings by connection.
    pub connections: Vec<(Spanned<String>, Node)>,
    /// `mock`.
    pub mocks: Vec<Mock>,
    /// `faults`.
    pub faults: Vec<FaultRule>,
}

/// A case.
#[derive(Clone, Debug)]
pub struct Case {
    /// Unique in the file.
    pub name: Spanned<String>,
    /// The whole case.
    pub span: Span,
    /// What it adds to the file's.
    pub setup: Setup,
    /// Its runs, one after the other.
    pub runs: Vec<Run>,
    /// Whether they stand under `runs`.
    pub is_series: bool,
    /// `skip`: why, where a reason is given.
    pub skip: Option<String>,
    /// `only`.
    pub only: Option<Span>,
}

/// A run of a case.
#[derive(Clone, Debug)]
pub struct Run {
    /// The whole run; the case, where there is only one.
    pub span: Span,
    /// `flow`, where it says one.
    pub flow: Option<Spanned<String>>,
    /// `after`: how long after the run before.
    pub after: Duration,
    /// `input`.
    pub input: Option<Given>,
    /// `request`.
    pub request: Option<Given>,
    /// `step`, with `given`.
    pub alone: Option<Alone>,
    /// `expect`.
    pub expect: Expect,
}

/// One step that runs alone.
#[derive(Clone, Debug)]
pub struct Alone {
    /// Its id.
    pub step: Spanned<String>,
    /// `given.steps`: results of other steps, by id.
    pub steps: Vec<(Spanned<String>, Value)>,
    /// `given.vars`.
    pub vars: Vec<(Spanned<String>, Value)>,
}

/// A value that a run is given: written out, or with `{{runs.…}}` in it.
#[derive(Clone, Debug)]
pub struct Given {
    /// As it stands in the file.
    pub node: Node,
    /// Where it reads earlier runs.
    pub template: Option<DataNode>,
}

/// A mock: what an action answers instead of being called.
#[derive(Clone, Debug)]
pub struct Mock {
    /// What it stands in for.
    pub target: Spanned<Target>,
    /// One a call, the last stays; not empty.
    pub answers: Vec<Answered>,
}

/// What a mock, a fault or a count of calls is about.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Target {
    /// Every call of an action.
    Action(String),
    /// The calls of one step: `steps.charge`.
    Step(String),
}

/// One answer of a mock, with its place.
#[derive(Clone, Debug)]
pub struct Answered {
    /// The answer.
    pub answer: Answer,
    /// `takes`: how long it takes, in virtual time.
    pub takes: Duration,
    /// Where its value or error stands.
    pub node: Node,
}

/// One answer of a mock.
#[derive(Clone, Debug)]
pub enum Answer {
    /// `value`: the action's output.
    Value(Value),
    /// `error`.
    Error(MockError),
}

/// An error that an action ends with.
#[derive(Clone, Debug, PartialEq)]
pub struct MockError {
    /// One of the declared codes.
    pub code: Spanned<String>,
    /// What it says.
    pub message: Option<String>,
    /// Another status than the declared one.
    pub status: Option<u16>,
    /// What the remote end said.
    pub provider: Option<Value>,
    /// Whether it may be tried again; read off the status where it is not said.
    pub retry: Option<Retry>,
}

/// Errors that an action has before it works.
#[derive(Clone, Debug)]
pub struct FaultRule {
    /// What has them.
    pub target: Spanned<Target>,
    /// How often; at least 1.
    pub times: u64,
    /// What.
    pub error: MockError,
}

/// What must hold after a run.
#[derive(Clone, Debug, Default)]
pub struct Expect {
    /// The whole `expect`, where there is one.
    pub span: Option<Span>,
    /// `snapshot`.
    pub snapshot: Option<Span>,
    /// `response`, `output`, `error`, `status`.
    pub parts: Vec<(Part, Expected)>,
    /// `steps`, by id.
    pub steps: Vec<(Spanned<String>, Expected)>,
    /// `calls`.
    pub calls: Vec<Calls>,
    /// `tenant`.
    pub tenant: TenantExpected,
    /// `duration`.
    pub duration: Option<Spanned<DurationExpected>>,
}

/// A part of what a run gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Part {
    /// The answer over HTTP: `status`, `headers`, `body`.
    Response,
    /// What it `return`ed.
    Output,
    /// Why it failed.
    Error,
    /// `succeeded` or `failed`.
    Status,
}

impl Part {
    /// As it is written.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Response => "response",
            Self::Output => "output",
            Self::Error => "error",
            Self::Status => "status",
        }
    }
}

/// A pattern with its place.
#[derive(Clone, Debug)]
pub struct Expected {
    /// As it stands in the file.
    pub node: Node,
    /// The pattern; `None` where it reads earlier runs and is put together then, and where it has mistakes.
    pub pattern: Option<Pattern>,
    /// Where it reads earlier runs.
    pub template: Option<DataNode>,
}

/// How often an action is called, and with what.
#[derive(Clone, Debug)]
pub struct Calls {
    /// Of what.
    pub target: Spanned<Target>,
    /// A list of inputs, or a number.
    pub expected: Expected,
}

/// What the tenant must hold.
#[derive(Clone, Debug, Default)]
pub struct TenantExpected {
    /// `user`: there is one like this. May stand several times, as a list.
    pub user: Vec<Expected>,
    /// `no_user`: there is none like this.
    pub no_user: Vec<Expected>,
    /// `users`: all of them, or how many.
    pub users: Option<Expected>,
    /// `requests`: what it was asked.
    pub requests: Option<Expected>,
}

impl TenantExpected {
    /// Whether nothing is expected.
    pub fn is_empty(&self) -> bool {
        self.user.is_empty() && self.no_user.is_empty() && self.users.is_none() && self.requests.is_none()
    }
}

/// How long a run must take, in virtual time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DurationExpected {
    /// At the least.
    pub at_least: Duration,
    /// At the most.
    pub at_most: Duration,
}

impl Target {
    /// As it is written.
    pub fn written(&self) -> String {
        match self {
            Self::Action(action) => action.clone(),
            Self::Step(step) => format!("steps.{step}"),
        }
    }

    /// Reads `auth0.create_user` or `steps.charge`.
    pub fn parse(text: &str) -> Self {
        match text.strip_prefix("steps.") {
            Some(step) => Self::Step(step.to_owned()),
            None => Self::Action(text.to_owned()),
        }
    }
}

impl Setup {
    /// The settings of a connection, those of `self` over those of the file.
    pub(crate) fn settings(&self, file: &Self, connection: &str) -> Map<String, Value> {
        let mut settings = Map::new();
        for (name, node) in file.connections.iter().chain(&self.connections) {
            if let Value::Object(fields) = node.to_value()
                && name.value == connection
            {
                settings.extend(fields);
            }
        }
        settings
    }
}
