//! Spanned tree → syntax: what an author wrote, with a place on everything, every template parsed.
//!
//! Reading never stops at the first mistake. Names are not resolved here: whether an action or a step exists
//! is the checker's business. This is what the renderings draw and what the compiler lowers.

mod ast;
mod concurrency;
mod data;
mod flow;
mod handler;
mod input;
mod keywords;
mod reader;
mod schedule;
mod step;
mod trigger;
mod verb;

pub use ast::{
    Auth, AuthKind, Branch, Case, ConcurrencySyntax, Cors, FRAMING_HEADERS, FlowSyntax, Handler, HandlerArm,
    HttpTrigger, InputField, Method, Missed, OnError, PathPart, RateKey, RateLimit, RetrySyntax, Route,
    ScheduleTrigger, Step, Trigger, Verb, Wait,
};
pub use data::{DataKind, DataNode, read_expression};
pub use flow::{Parsed, parse};
pub use input::read as read_input;
pub use keywords::read_schema;
pub(crate) use keywords::{DRAFT_7_KEYWORDS, FORMATS, TYPES};
pub use reader::{Fields, Reader};
pub use step::{COMMON_KEYS, VERBS};
pub(crate) use step::{COMPANIONS, path_segment};
pub use trigger::is_identifier;
