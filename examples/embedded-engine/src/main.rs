//! A flow from Rust, and what a journal is for: `cargo run -p example-embedded-engine`
//!
//! The flow is run on a journal in memory. Then the journal is cut off, as if the process had died there, and the run
//! is run again: what was recorded is not done twice.

use std::sync::Arc;

use anyhow::Context as _;
use lockgate_actions::register;
use lockgate_engine::action::Actions;
use lockgate_engine::event::{Event, EventKind};
use lockgate_engine::journal::MemoryJournal;
use lockgate_engine::{Executor, RunOptions};
use lockgate_flow::catalog::Catalog;
use lockgate_flow::diagnostic::render_text;
use lockgate_flow::source::Source;
use lockgate_flow::workspace::Workspace;
use lockgate_http::HttpPolicy;
use serde_json::json;

const FLOW: &str = r#"
name: invite
input:
  guests: { type: array, items: { type: string } }
steps:
  - id: invitations
    for_each: input.guests
    as: guest
    at_once: 4
    steps:
      - id: written
        action: log
        with: { message: "an invitation for {{guest}}" }
      - set: { code: "{{uuid}}" }
    yield: { guest: "{{guest}}", code: "{{vars.code}}" }
  - return: "{{steps.invitations}}"
"#;

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let mut actions = Actions::new();
    register(&mut actions, HttpPolicy::default());

    let mut catalog = Catalog::new();
    actions.declare(&mut catalog);
    let workspace = Workspace::check(None, &[Source::new("invite.yaml", FLOW)], &catalog);
    if workspace.has_errors() {
        anyhow::bail!("{}", render_text(&workspace.diagnostics, false));
    }
    let flows = workspace.runnable();
    let flow = flows.get("invite").context("the flow is in the workspace")?;

    // One executor serves all runs; whoever wants to know what they do listens.
    let executor = Executor::new(actions).with_observer(Arc::new(|event: &Event<'_>| match &event.kind {
        EventKind::StepFinished { step, replayed, .. } if step.action.is_some() => {
            let how = if *replayed { "replayed" } else { "done" };
            show(&format!("  {} {how}", step.key));
        }
        _ => {}
    }));

    let given = serde_json::Map::from_iter([("guests".to_owned(), json!(["ada", "grace", "barbara"]))]);
    let input = flow
        .input
        .validate(given)
        .map_err(|mistakes| anyhow::anyhow!("{mistakes:?}"))?;

    let journal = MemoryJournal::new();
    show("first life");
    let first = executor
        .run(flow, input.clone(), RunOptions::new("run-1"), &journal)
        .await;
    show(&first.output.unwrap_or_default().to_string());

    // The same flow, the same input, the same id, and the journal as far as it came.
    show("second life, after a crash in the middle");
    let cut = journal.prefix(journal.records().len() / 2);
    let second = executor.run(flow, input, RunOptions::new("run-1"), &cut).await;
    show(&second.output.unwrap_or_default().to_string());
    Ok(())
}

#[expect(clippy::print_stdout, reason = "an example shows what happens")]
fn show(line: &str) {
    println!("{line}");
}
