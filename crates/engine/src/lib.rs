//! Runs compiled flows: executor, actions, journal, retries, events.
//!
//! A [`Flow`](lockgate_flow::graph::Flow) comes from `lockgate-flow`. An [`Executor`] holds what all runs share: the
//! [actions](action), the [connections](connection), the [clock], who [listens](event). [`Executor::run`] takes a
//! flow, its validated input and a [journal], and gives a [`RunOutcome`](outcome::RunOutcome).
//!
//! ```
//! use std::sync::Arc;
//!
//! use async_trait::async_trait;
//! use lockgate_engine::action::{Action, ActionContext, ActionError, Actions};
//! use lockgate_engine::journal::NoJournal;
//! use lockgate_engine::{Executor, RunOptions};
//! use lockgate_flow::catalog::{ActionSpec, Catalog, Effect};
//! use lockgate_flow::schema::Schema;
//! use lockgate_flow::source::Source;
//! use lockgate_flow::workspace::Workspace;
//! use serde_json::{Value, json};
//!
//! struct Greet(Arc<ActionSpec>);
//!
//! #[async_trait]
//! impl Action for Greet {
//!     fn spec(&self) -> &Arc<ActionSpec> {
//!         &self.0
//!     }
//!
//!     async fn call(&self, _: &ActionContext<'_>, input: Value) -> Result<Value, ActionError> {
//!         Ok(json!({ "text": format!("Hello {}", input["name"].as_str().unwrap_or("you")) }))
//!     }
//! }
//!
//! let mut spec = ActionSpec::new("demo.greet", Effect::Pure, "Greets someone.");
//! spec.input = Schema::new(json!({ "type": "object", "properties": { "name": { "type": "string" } } }));
//! let mut actions = Actions::new();
//! actions.add(Greet(Arc::new(spec)));
//!
//! let source = Source::new("flows/greet.yaml", r#"
//! input:
//!   name: { type: string }
//! steps:
//!   - id: greeting
//!     action: demo.greet
//!     with: { name: "{{upper input.name}}" }
//!   - return: "{{steps.greeting.text}}!"
//! "#);
//! let mut catalog = Catalog::new();
//! actions.declare(&mut catalog);
//! let workspace = Workspace::check(None, &[source], &catalog);
//! assert!(!workspace.has_errors());
//! let flow = workspace.runnable()["greet"].clone();
//!
//! let executor = Executor::new(actions);
//! let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
//! let input = flow.input.validate(serde_json::Map::from_iter([("name".to_owned(), json!("Ada"))])).unwrap();
//! let outcome = runtime.block_on(executor.run(&flow, input, RunOptions::new("run-1"), &NoJournal));
//! assert_eq!(outcome.output, Some(json!("Hello ADA!")));
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! # What happens when a process dies
//!
//! Nothing special: the run is run again, from the top, with the same input, the same id and the same journal.
//! Recorded steps give at once what they gave; the run goes on where it stopped. See [`journal`].
//!
//! # What this crate does not know
//!
//! YAML, SQL, HTTP servers, any vendor. It never reads the machine's clock but through [`clock::Clock`].
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

pub mod action;
pub mod clock;
pub mod connection;
pub mod event;
pub mod executor;
pub mod journal;
pub mod masks;
pub mod outcome;
pub mod request;
mod retry;
pub mod state;
pub mod step_key;
pub mod testing;
pub mod trace;

pub use executor::{Alone, Executor, RunOptions};
