//! The syntax of a flow file.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::data::DataNode;
use crate::expression::Expression;
use crate::source::{Source, Span};
use crate::yaml::Spanned;

/// A flow file.
#[derive(Clone, Debug)]
pub struct FlowSyntax {
    /// The text.
    pub source: Arc<Source>,
    /// `name`, or the file's stem.
    pub name: Spanned<String>,
    /// `description`.
    pub description: Option<String>,
    /// `trigger`.
    pub trigger: Trigger,
    /// `input`, in the author's order.
    pub input: Vec<InputField>,
    /// Whether all of `input` could be read. Where not, it may have fields that are not listed.
    pub is_input_known: bool,
    /// `steps`.
    pub steps: Vec<Step>,
    /// `on_error` of the flow.
    pub on_error: Option<Spanned<Vec<Step>>>,
    /// `timeout`; 30 s where it is not given.
    pub timeout: Duration,
    /// `durable`.
    pub durable: bool,
    /// `concurrency`.
    pub concurrency: Option<ConcurrencySyntax>,
}

/// How a flow is started.
#[derive(Clone, Debug, Default)]
pub struct Trigger {
    /// `trigger.http`.
    pub http: Option<HttpTrigger>,
    /// Whether there is a `trigger.http`, also one that could not be read.
    pub has_http: bool,
    /// `trigger.schedule`.
    pub schedule: Option<ScheduleTrigger>,
}

/// `trigger.http`.
#[derive(Clone, Debug)]
pub struct HttpTrigger {
    /// Method and path.
    pub route: Spanned<Route>,
    /// `auth`; nothing where it is not given.
    pub auth: Option<Spanned<Auth>>,
    /// `cors`.
    pub cors: Option<Cors>,
    /// `rate_limit`.
    pub rate_limit: Option<Spanned<RateLimit>>,
    /// `max_body` in bytes; 256 KiB where it is not given.
    pub max_body: u64,
}

/// HTTP methods that a trigger can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Method {
    /// GET
    Get,
    /// POST
    Post,
    /// PUT
    Put,
    /// PATCH
    Patch,
    /// DELETE
    Delete,
}

impl Method {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Get, Self::Post, Self::Put, Self::Patch, Self::Delete];

    /// As on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

/// `METHOD /path/:param`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// The method.
    pub method: Method,
    /// The path's segments.
    pub parts: Vec<PathPart>,
}

/// One segment of a route's path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PathPart {
    /// Fixed text.
    Fixed(String),
    /// `:name`.
    Parameter(String),
}

impl Route {
    /// The names of the path's parameters.
    pub fn parameters(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            PathPart::Parameter(name) => Some(name.as_str()),
            PathPart::Fixed(_) => None,
        })
    }

    /// The method, and the path without the names of its parameters. Routes that answer some same request line have the
    /// same.
    pub fn shape(&self) -> (Method, Vec<Option<&str>>) {
        let parts = self.parts.iter().map(|part| match part {
            PathPart::Fixed(text) => Some(text.as_str()),
            PathPart::Parameter(_) => None,
        });
        (self.method, parts.collect())
    }
}

impl fmt::Display for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", self.method.name())?;
        if self.parts.is_empty() {
            return f.write_str("/");
        }
        for part in &self.parts {
            match part {
                PathPart::Fixed(text) => write!(f, "/{text}")?,
                PathPart::Parameter(name) => write!(f, "/:{name}")?,
            }
        }
        Ok(())
    }
}

/// How callers prove who they are.
#[derive(Clone, Debug)]
pub struct Auth {
    /// The kind.
    pub kind: AuthKind,
    /// The connection that holds the secret (`auth: { bearer: connection }`), for every kind but `none`.
    pub connection: Option<Spanned<String>>,
}

/// The kinds of `auth`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthKind {
    /// Anyone.
    None,
    /// `Authorization: Bearer`.
    Bearer,
    /// `Authorization: Basic`.
    Basic,
    /// A signature of the body.
    Hmac,
}

impl AuthKind {
    /// As written in a flow.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Bearer => "bearer",
            Self::Basic => "basic",
            Self::Hmac => "hmac",
        }
    }
}

/// `cors`: the origins that browsers may call from.
#[derive(Clone, Debug)]
pub struct Cors {
    /// Exact origins, or `*`.
    pub origins: Vec<Spanned<String>>,
}

/// `rate_limit`: `20/min`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RateLimit {
    /// How many calls.
    pub count: u32,
    /// In which time.
    pub per: Duration,
    /// Counted by what.
    pub by: RateKey,
}

/// What a rate limit counts by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RateKey {
    /// The caller's address.
    Address,
    /// The value of an input field.
    Input(String),
}

/// `trigger.schedule`.
#[derive(Clone, Debug)]
pub struct ScheduleTrigger {
    /// The cron line, five fields.
    pub cron: Spanned<String>,
    /// IANA name; UTC where it is not given.
    pub timezone: Option<Spanned<String>>,
    /// `missed`.
    pub missed: Missed,
    /// `overlap`: whether a run starts while the one before still goes on. `false` where it is not given.
    pub overlap: bool,
}

/// What becomes of due times at which nobody was there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Missed {
    /// Nothing.
    #[default]
    Skip,
    /// One run, for the last of them.
    Once,
}

impl Missed {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Skip, Self::Once];

    /// As written in a flow.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Skip => "skip",
            Self::Once => "once",
        }
    }
}

/// `concurrency`: how many runs of a flow go on at once; the others wait for their turn.
#[derive(Clone, Debug)]
pub struct ConcurrencySyntax {
    /// All of it.
    pub span: Span,
    /// How many at once: of each key, or of the flow where there is no key.
    pub limit: u32,
    /// What tells runs apart: data with expressions on `input` and `config`.
    pub key: Option<DataNode>,
    /// How many at once of all keys together; only with a key, and at least `limit`.
    pub total: Option<u32>,
    /// How many may wait, of all keys together.
    pub queue: u32,
}

/// A field of `input`.
#[derive(Clone, Debug)]
pub struct InputField {
    /// Its name.
    pub name: Spanned<String>,
    /// Its JSON Schema, without our additions.
    pub schema: Value,
    /// Where the schema stands.
    pub span: Span,
    /// `default`.
    pub default: Option<Value>,
    /// Whether it must be given: no default and not `required: false`.
    pub required: bool,
    /// `secret: true`.
    pub secret: bool,
}

/// A step: one verb, and the common keys.
#[derive(Clone, Debug)]
pub struct Step {
    /// Its structural path, like `steps/3/then/0`, with `#` for each loop index.
    pub path: String,
    /// All of it.
    pub span: Span,
    /// `id`.
    pub id: Option<Spanned<String>>,
    /// `name`: what the graph and the progress show.
    pub name: Option<String>,
    /// `notes`.
    pub notes: Option<String>,
    /// `if`.
    pub condition: Option<Spanned<Expression>>,
    /// What it does.
    pub verb: Verb,
    /// The verb's key, for findings.
    pub verb_span: Span,
    /// `timeout`.
    pub timeout: Option<Spanned<Duration>>,
    /// `retry`.
    pub retry: Option<Spanned<RetrySyntax>>,
    /// `on_error`.
    pub on_error: Option<OnError>,
    /// `secret: true`: the result is masked wherever it would be written.
    pub secret: bool,
}

/// Headers that belong to a connection (RFC 9110, section 7.6.1): a server writes them, `respond` cannot.
pub const FRAMING_HEADERS: [&str; 4] = ["connection", "content-length", "transfer-encoding", "upgrade"];

/// What a step does.
#[derive(Clone, Debug)]
#[expect(
    missing_docs,
    reason = "the fields are the keys that each variant names, described on the language page"
)]
pub enum Verb {
    /// `action`, `with`, `connection`.
    Action {
        action: Spanned<String>,
        with: Option<DataNode>,
        connection: Option<Spanned<String>>,
    },
    /// `then`, `else` under `if`.
    Choose { then: Vec<Step>, otherwise: Vec<Step> },
    /// `switch`, `cases`, `default`.
    Switch {
        subject: Spanned<Expression>,
        cases: Vec<Case>,
        default: Option<Vec<Step>>,
    },
    /// `parallel`.
    Parallel { branches: Vec<Branch> },
    /// `for_each`, `as`, `at_once`, `steps`, `yield`.
    ForEach {
        list: Spanned<Expression>,
        item: Spanned<String>,
        at_once: u32,
        steps: Vec<Step>,
        result: Option<DataNode>,
    },
    /// `set`.
    Set {
        variables: Vec<(Spanned<String>, DataNode)>,
    },
    /// `wait`.
    Wait(Wait),
    /// `call`, `with`.
    Call {
        flow: Spanned<String>,
        with: Option<DataNode>,
    },
    /// `respond`.
    Respond {
        status: Option<DataNode>,
        headers: Option<DataNode>,
        body: Option<DataNode>,
    },
    /// `return`.
    Return { value: DataNode },
    /// `redirect`.
    Redirect {
        to: DataNode,
        status: Option<Spanned<u16>>,
    },
    /// `fail`.
    Fail {
        code: DataNode,
        message: DataNode,
        status: Option<DataNode>,
        details: Option<DataNode>,
    },
    /// Nothing that could be read; it was reported.
    Invalid,
}

impl Verb {
    /// The verb's key as written; `if` for a choice.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Action { .. } => "action",
            Self::Choose { .. } => "if",
            Self::Switch { .. } => "switch",
            Self::Parallel { .. } => "parallel",
            Self::ForEach { .. } => "for_each",
            Self::Set { .. } => "set",
            Self::Wait(_) => "wait",
            Self::Call { .. } => "call",
            Self::Respond { .. } => "respond",
            Self::Return { .. } => "return",
            Self::Redirect { .. } => "redirect",
            Self::Fail { .. } => "fail",
            Self::Invalid => "invalid",
        }
    }
}

/// A case of `switch`.
#[derive(Clone, Debug)]
pub struct Case {
    /// The value that the subject is compared with.
    pub value: Spanned<Value>,
    /// Its steps.
    pub steps: Vec<Step>,
}

/// A branch of `parallel`.
#[derive(Clone, Debug)]
pub struct Branch {
    /// Its name.
    pub name: Spanned<String>,
    /// Its steps.
    pub steps: Vec<Step>,
}

/// How long `wait` waits.
#[derive(Clone, Debug)]
pub enum Wait {
    /// A duration: a text, checked where it is constant.
    For(DataNode),
    /// A time: RFC 3339.
    Until(DataNode),
}

/// `retry`.
#[derive(Clone, Debug, PartialEq)]
pub struct RetrySyntax {
    /// How often in all.
    pub attempts: u32,
    /// Before the second attempt.
    pub delay: Duration,
    /// Never longer than this.
    pub max_delay: Duration,
    /// Which errors; the transient ones where it is not given.
    pub codes: Option<Vec<Spanned<String>>>,
}

/// `on_error` of a step.
#[derive(Clone, Debug)]
pub struct OnError {
    /// The key.
    pub span: Span,
    /// The arms, in order. A list of steps is one arm for all codes.
    pub arms: Vec<HandlerArm>,
}

/// One arm of `on_error`.
#[derive(Clone, Debug)]
pub struct HandlerArm {
    /// The code; `None` for all that have no arm of their own (`"*"`).
    pub code: Option<Spanned<String>>,
    /// What happens.
    pub handler: Handler,
}

/// What happens after an error.
#[derive(Clone, Debug)]
pub enum Handler {
    /// The run goes on as if the step had succeeded without a result.
    Continue,
    /// These steps run, then the run goes on after the step.
    Steps(Vec<Step>),
}
