//! The runs that go on in this process, and who waits for their answers.

use lockgate_engine::outcome::{Response, RunOutcome};

/// What a run answers with: its own answer, or its end if there was none.
#[derive(Clone, Debug, PartialEq)]
pub enum RunAnswer {
    /// `respond` or `redirect`.
    Responded(Response),
    /// It ended without: its answer is [`RunOutcome::into_answer`].
    Ended(Box<RunOutcome>),
}
