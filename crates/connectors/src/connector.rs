//! What a connector is, read and checked: nothing is parsed while a request is made.

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderName, Method};
use lockgate_flow::catalog::ActionSpec;
use lockgate_flow::expression::{Expression, Template, ValueTemplate};
use lockgate_flow::graph::InputSpec;
use lockgate_flow::source::Source;
use lockgate_http::{Exchange, StatusRange};
use serde_json::Value;

use crate::action::OperationAction;
use crate::auth::Auth;
use crate::path::PathTemplate;

/// A provider: how it is asked, and what it can be asked for.
#[derive(Debug)]
pub struct Connector {
    pub(crate) name: String,
    pub(crate) summary: String,
    pub(crate) docs: Option<String>,
    pub(crate) source: Arc<Source>,
    pub(crate) settings: InputSpec,
    pub(crate) base_url: Arc<Template>,
    /// How many authentications it has: each keeps a token of its own.
    pub(crate) auths: usize,
    pub(crate) operations: Vec<Arc<Operation>>,
    pub(crate) is_sound: bool,
}

/// One thing that a provider can be asked for, with everything that its connector says for all of them.
#[derive(Debug)]
pub struct Operation {
    pub(crate) name: String,
    pub(crate) spec: Arc<ActionSpec>,
    /// What inputs that were left out are.
    pub(crate) defaults: Vec<(String, Value)>,
    pub(crate) base_url: Arc<Template>,
    pub(crate) auth: Arc<Auth>,
    pub(crate) request: RequestTemplate,
    pub(crate) accept: Vec<StatusRange>,
    pub(crate) success_if: Option<Expression>,
    /// The first that fits counts.
    pub(crate) errors: Vec<Arc<ErrorRule>>,
    pub(crate) error_message: Option<Expression>,
    /// The body where there is none.
    pub(crate) result: Option<ValueTemplate>,
    pub(crate) pagination: Option<Pagination>,
    pub(crate) reconcile: Option<Reconcile>,
    /// Of one request.
    pub(crate) timeout: Duration,
}

/// A request with holes.
#[derive(Debug)]
pub(crate) struct RequestTemplate {
    pub(crate) method: Method,
    pub(crate) path: PathTemplate,
    pub(crate) query: Option<ValueTemplate>,
    /// The connector's own first; a later one of the same name counts.
    pub(crate) headers: Vec<(HeaderName, ValueTemplate)>,
    pub(crate) body: Option<(BodyKind, ValueTemplate)>,
    /// The header of the key that makes a repeat harmless.
    pub(crate) idempotency_key: Option<HeaderName>,
}

/// How a body is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BodyKind {
    Json,
    Form,
    Text,
    Xml,
}

/// An answer that means an error, and which.
#[derive(Debug)]
pub(crate) struct ErrorRule {
    pub(crate) code: String,
    /// Every status where it is empty.
    pub(crate) on: Vec<StatusRange>,
    pub(crate) condition: Option<Expression>,
    pub(crate) status: u16,
    /// It may pass, and nothing has happened.
    pub(crate) retry: bool,
}

/// How further pages are asked for.
#[derive(Debug)]
pub(crate) struct Pagination {
    pub(crate) items: Expression,
    /// Whether there is a next page, beside what `next` itself says.
    pub(crate) condition: Option<Expression>,
    pub(crate) next: Next,
    /// Most items that are given.
    pub(crate) limit: usize,
}

/// What is different in the request of the next page.
#[derive(Debug)]
pub(crate) enum Next {
    /// These parameters, beside those of the first.
    Query(Vec<(String, ValueTemplate)>),
    /// All of the URL.
    Url(ValueTemplate),
}

/// How it is asked what became of a lost call.
#[derive(Debug)]
pub(crate) struct Reconcile {
    pub(crate) request: RequestTemplate,
    pub(crate) accept: Vec<StatusRange>,
    /// The result of the lost call; missing where it did not happen.
    pub(crate) happened: Expression,
}

impl Connector {
    /// The prefix of its actions, and the `type` of its connections.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// One line.
    pub fn summary(&self) -> &str {
        &self.summary
    }

    /// Where its rules come from, if it says so.
    pub fn docs(&self) -> Option<&str> {
        self.docs.as_deref()
    }

    /// Whether its file has no mistake. One that has some declares its operations, and none can be called.
    pub fn is_sound(&self) -> bool {
        self.is_sound
    }

    /// The file that it was read from.
    pub fn source(&self) -> &Arc<Source> {
        &self.source
    }

    /// Its operations, in the order of the file.
    pub fn operations(&self) -> &[Arc<Operation>] {
        &self.operations
    }

    /// The JSON Schema of its connections' settings.
    pub fn settings_schema(&self) -> Value {
        crate::read::with_secrets(&self.settings.fields)
    }

    /// Its operations as actions that send with this exchange; none where its file has mistakes.
    pub fn actions(&self, exchange: &Arc<Exchange>) -> Vec<OperationAction> {
        let operations = self.operations.iter().filter(|_| self.is_sound);
        operations
            .map(|operation| OperationAction::new(operation, exchange))
            .collect()
    }
}

impl Operation {
    /// Its name without the connector's.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The declaration of its action.
    pub fn spec(&self) -> &Arc<ActionSpec> {
        &self.spec
    }
}
