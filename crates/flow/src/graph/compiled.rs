//! The compiled flow.

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::EdgeRef;
use serde_json::Value;

use super::concurrency::Concurrency;
use super::input::InputSpec;
use crate::catalog::ActionSpec;
use crate::expression::{Expression, ValueTemplate};
use crate::source::{Source, Span};
use crate::syntax::FlowSyntax;

/// A flow that can run. Immutable; shared behind an [`Arc`].
#[derive(Debug)]
pub struct Flow {
    /// Its name.
    pub name: String,
    /// SHA-256 of the source text, in hex: what a run is pinned to.
    pub digest: String,
    /// The text that it came from.
    pub source: Arc<Source>,
    /// What its author wrote; for renderings and triggers. A run does not look at it.
    pub syntax: Arc<FlowSyntax>,
    /// What it takes.
    pub input: InputSpec,
    /// Longest active time of a run.
    pub timeout: Duration,
    /// Whether runs are kept in the journal.
    pub durable: bool,
    /// How many of its runs go on at once.
    pub concurrency: Option<Concurrency>,
    /// Whether a step of it (not of the flows that it calls) looks at `request`.
    pub reads_request: bool,
    /// The nodes and the ways between them.
    pub graph: DiGraph<Node, Edge>,
    /// The steps of the flow.
    pub body: Region,
    /// The flow's own `on_error`.
    pub on_error: Option<Region>,
    /// The steps that have a slot, by slot.
    pub steps: Vec<StepInfo>,
    /// The variables, by slot.
    pub variables: Vec<String>,
    /// `config` of the workspace.
    pub config: Arc<Value>,
}

/// A part of the graph that is entered by one node and has step slots of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Region {
    /// The first node; `None` where there is nothing to do.
    pub entry: Option<NodeIndex>,
    /// The slots of all steps in it, those of nested regions too.
    pub slots: Range<u32>,
}

/// A step with a slot: one whose result can be referred to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepInfo {
    /// Its id; empty for a step without one.
    pub id: String,
    /// Its structural path.
    pub path: String,
    /// Where it stands.
    pub span: Span,
}

/// A node of the graph.
#[derive(Debug)]
pub struct Node {
    /// The step's structural path, with `#` for each loop index: the fixed part of a `StepKey`.
    pub path: Box<str>,
    /// What of the step this node is: empty, or `if` for the guard of a step with another verb.
    pub part: &'static str,
    /// `id`, if the step has one.
    pub id: Option<Box<str>>,
    /// What people see: `name`, `id`, or the verb with its object.
    pub title: Box<str>,
    /// The step in the source.
    pub span: Span,
    /// What it does.
    pub op: Op,
    /// Where its result goes.
    pub slot: Option<u32>,
    /// `timeout`.
    pub timeout: Option<Duration>,
    /// `retry`, or the rule of the action's effect; `None` for verbs that are not retried.
    pub retry: Option<RetryPolicy>,
    /// `secret: true`: the result is masked wherever it would be written.
    pub secret: bool,
    /// Whether evaluating it gives the same twice: it calls none of `now`, `uuid`, `random`.
    pub deterministic: bool,
    /// The arms of `on_error`. One with the error's code goes before one for any.
    pub handlers: Vec<ErrorHandler>,
    /// The innermost enclosing step of the same region whose `on_error` covers this one: its handlers are
    /// asked when none of this node's own fits.
    pub protector: Option<NodeIndex>,
}

/// What a node does.
#[derive(Debug)]
pub enum Op {
    /// Goes [`Edge::Then`] or [`Edge::Else`].
    If(Expression),
    /// Goes the [`Edge::Case`] of the value that it equals, else [`Edge::Default`].
    Switch {
        /// What is compared.
        subject: Expression,
        /// The values, by case.
        cases: Vec<Value>,
    },
    /// Calls an action.
    Action(Box<ActionOp>),
    /// Runs the branches at once.
    Parallel(Vec<Branch>),
    /// Runs its body for each element.
    ForEach(Box<ForEach>),
    /// Runs its body: a choice that has a time limit of its own.
    Block(Region),
    /// Sets variables, in order; each sees those before.
    Set(Vec<(u32, ValueTemplate)>),
    /// Sleeps.
    Wait(WaitOp),
    /// Runs another flow of the workspace.
    Call {
        /// Its name.
        flow: Box<str>,
        /// Its input.
        input: ValueTemplate,
    },
    /// Answers the HTTP caller; the run goes on.
    Respond {
        /// A whole number from 200 to 599.
        status: ValueTemplate,
        /// A map from name to text.
        headers: ValueTemplate,
        /// Absent: no body.
        body: Option<ValueTemplate>,
    },
    /// Ends the run with a result.
    Return(ValueTemplate),
    /// Answers the HTTP caller with a redirect; the run goes on.
    Redirect {
        /// The URL.
        to: ValueTemplate,
        /// 303 where it is not given.
        status: u16,
    },
    /// Ends the run as failed.
    Fail {
        /// The code: an identifier.
        code: ValueTemplate,
        /// The message.
        message: ValueTemplate,
        /// The HTTP status: from 400 to 599.
        status: ValueTemplate,
        /// Anything more for the caller.
        details: Option<ValueTemplate>,
    },
}

impl Op {
    /// The verb that it came from.
    pub const fn verb(&self) -> &'static str {
        match self {
            Self::If(_) | Self::Block(_) => "if",
            Self::Switch { .. } => "switch",
            Self::Action(_) => "action",
            Self::Parallel(_) => "parallel",
            Self::ForEach(_) => "for_each",
            Self::Set(_) => "set",
            Self::Wait(_) => "wait",
            Self::Call { .. } => "call",
            Self::Respond { .. } => "respond",
            Self::Return(_) => "return",
            Self::Redirect { .. } => "redirect",
            Self::Fail { .. } => "fail",
        }
    }
}

/// A call of an action.
#[derive(Debug)]
pub struct ActionOp {
    /// The declaration that it was checked against.
    pub spec: Arc<ActionSpec>,
    /// Its input.
    pub input: ValueTemplate,
    /// Validates the evaluated input; `None` where the input is constant and was checked.
    pub validator: Option<Arc<crate::schema::Validator>>,
    /// The workspace's connection.
    pub connection: Option<Box<str>>,
}

/// A branch of `parallel`.
#[derive(Debug)]
pub struct Branch {
    /// Its name.
    pub name: Box<str>,
    /// Its steps.
    pub region: Region,
}

/// A loop.
#[derive(Debug)]
pub struct ForEach {
    /// The list.
    pub list: Expression,
    /// How many loops it is in: 0 for an outermost one. `Slot::Item` and `Slot::Index` name it by this.
    pub depth: u32,
    /// Most elements at once.
    pub at_once: usize,
    /// Its steps.
    pub body: Region,
    /// `yield`; without it the result is a list of `null`.
    pub result: Option<ValueTemplate>,
}

/// How long to sleep.
#[derive(Debug)]
pub enum WaitOp {
    /// A fixed duration.
    For(Duration),
    /// A duration that an expression gives, as text.
    ForValue(ValueTemplate),
    /// Until a time that is or that an expression gives as RFC 3339 text.
    Until(ValueTemplate),
}

/// When a failed attempt is repeated.
#[derive(Clone, Debug, PartialEq)]
pub struct RetryPolicy {
    /// Attempts in all.
    pub attempts: u32,
    /// Before the second; doubles from there.
    pub delay: Duration,
    /// Never longer than this.
    pub max_delay: Duration,
    /// The codes to repeat; `None`: what the action calls transient.
    pub codes: Option<Vec<Box<str>>>,
}

impl RetryPolicy {
    /// The rule for actions that may be repeated, where the author says nothing.
    pub fn standard() -> Self {
        Self {
            attempts: 3,
            delay: Duration::from_millis(200),
            max_delay: Duration::from_secs(10),
            codes: None,
        }
    }
}

/// A way from one node to another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Edge {
    /// After it has succeeded.
    Next,
    /// The condition is true.
    Then,
    /// The condition is false.
    Else,
    /// The subject equals the case of this index.
    Case(u32),
    /// The subject equals no case.
    Default,
    /// Into a branch.
    Branch(u32),
    /// Into a body.
    Body,
    /// After it has failed: into the handler of this index in [`Node::handlers`].
    Error(u32),
}

/// One arm of `on_error`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErrorHandler {
    /// The code; `None`: any.
    pub code: Option<Box<str>>,
    /// `continue`: `steps.<id>.error` is set and the run goes on.
    pub keeps_error: bool,
    /// The first node of its steps, or of what comes after; `None` where the region ends.
    pub target: Option<NodeIndex>,
}

impl Node {
    /// The handler of its own for a code.
    pub fn handler(&self, code: &str) -> Option<&ErrorHandler> {
        self.handlers
            .iter()
            .find(|handler| handler.code.as_deref() == Some(code))
            .or_else(|| self.handlers.iter().find(|handler| handler.code.is_none()))
    }
}

impl Flow {
    /// The handler that takes an error of a node: its own, or that of the nearest protector. With the node whose
    /// handler it is.
    pub fn handler(&self, node: NodeIndex, code: &str) -> Option<(NodeIndex, &ErrorHandler)> {
        let mut at = Some(node);
        while let Some(index) = at {
            let node = self.graph.node_weight(index)?;
            if let Some(handler) = node.handler(code) {
                return Some((index, handler));
            }
            at = node.protector;
        }
        None
    }

    /// The node behind an edge of this kind; `None` where the region ends.
    pub fn successor(&self, node: NodeIndex, kind: &Edge) -> Option<NodeIndex> {
        self.graph
            .edges(node)
            .find(|edge| edge.weight() == kind)
            .map(|edge| edge.target())
    }

    /// The node after a node that has succeeded.
    pub fn next(&self, node: NodeIndex) -> Option<NodeIndex> {
        self.graph
            .edges(node)
            .find(|edge| matches!(edge.weight(), Edge::Next))
            .map(|edge| edge.target())
    }

    /// The connections that its steps use, in the order of the nodes; one that several use comes several times.
    pub fn connections(&self) -> impl Iterator<Item = &str> {
        self.graph.node_weights().filter_map(|node| match &node.op {
            Op::Action(action) => action.connection.as_deref(),
            _ => None,
        })
    }

    /// The names of the flows that its steps call; one that is called several times comes several times.
    pub fn calls(&self) -> impl Iterator<Item = &str> {
        self.graph.node_weights().filter_map(|node| match &node.op {
            Op::Call { flow, .. } => Some(&**flow),
            _ => None,
        })
    }

    /// What the step's id is called, for messages.
    pub fn step_id(&self, slot: u32) -> &str {
        self.steps.get(slot as usize).map_or("", |step| step.id.as_str())
    }
}
