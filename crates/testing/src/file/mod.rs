//! Test files: text → what the author wrote, with a place on everything.
//!
//! [`parse`] reads keys and shapes and never stops at the first mistake. Whether a flow, a step or an action exists, and
//! whether a mock could be true, is the [`check`](crate::check)'s business.

mod ast;
mod expect;
mod mocks;
mod read;

pub use ast::{
    Alone, Answer, Answered, Calls, Case, DurationExpected, Expect, Expected, FaultRule, Given, Mock,
    MockError, Part, Run, Setup, Target, TenantExpected, TestFile,
};
pub use read::parse;

/// How the name of a test file ends.
pub const SUFFIX: &str = ".test.yaml";
