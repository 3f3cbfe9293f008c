//! What `bench --instructions` counts: the parts of a request that are Lockgate's own work.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::hint::black_box;
use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context as _, Result, bail, ensure};
use async_trait::async_trait;
use lockgate_engine::action::{Action, ActionContext, ActionError, Actions};
use lockgate_engine::journal::NoJournal;
use lockgate_engine::outcome::RunStatus;
use lockgate_engine::{Executor, RunOptions};
use lockgate_flow::catalog::{ActionSpec, Catalog, Effect};
use lockgate_flow::graph::Flow;
use lockgate_flow::schema::Schema;
use lockgate_flow::source::Source;
use lockgate_flow::workspace::Workspace;
use lockgate_runtime::{Program, ProgramParts};
use lockgate_server::metrics::Metrics;
use lockgate_server::options::ServerOptions;
use lockgate_server::server::Server;
use lockgate_server::site::{Site, SiteParts};
use serde_json::{Value, json};
use tokio::runtime::Builder;

use super::load::Connection;
use super::scenario::Scenario;
use super::workspace::route_flow;

/// The cases, and how often each is done. What is done before the first time is not counted.
pub(super) const CASES: [(&str, u32); 5] = [
    ("steps", 1000),
    ("expressions", 1000),
    ("validation", 3000),
    ("request", 1000),
    ("request-of-1000-flows", 1000),
];

/// Does a case so many times.
pub(crate) fn run_case(case: &str, times: u32) -> Result<()> {
    match case {
        "steps" => runs(&ten_steps(), &json!({}), times),
        "expressions" => runs(
            EXPRESSIONS,
            &json!({ "email": "Ada@example.com", "plan": "pro" }),
            times,
        ),
        "validation" => validation(times),
        "request" => requests(10, times),
        "request-of-1000-flows" => requests(1000, times),
        _ => bail!("there is no case `{case}`"),
    }
}

/// Steps without I/O, each with the result of the one before.
fn ten_steps() -> String {
    let mut text =
        "name: bench\nsteps:\n  - { id: s0, action: bench.nothing, with: { x: start } }\n".to_owned();
    for step in 1..10 {
        let before = step - 1;
        let _ = writeln!(
            text,
            "  - {{ id: s{step}, action: bench.nothing, with: {{ x: '{{{{steps.s{before}.x}}}}' }} }}"
        );
    }
    text
}

const EXPRESSIONS: &str = r#"
name: bench
input:
  email: { type: string }
  plan: { enum: [free, pro] }
steps:
  - if: and (eq input.plan "pro") (ends_with input.email ".com")
    set: { quota: 1000 }
  - return:
      typed: "{{input.plan}}"
      text: "{{input.email}} has the plan {{input.plan}}."
      nested: "{{upper (replace (lower input.email) \"@example.com\" \"\")}}"
      default: "{{default (optional vars.quota) 10}}"
      block: "{{#if (eq input.plan \"pro\")}}much{{else}}little{{/if}}"
      list: ["{{join (split input.email \"@\") \" at \"}}", "{{length input.email}}"]
"#;

const SIGN_UP: &str = "
name: bench
input:
  email:    { type: string, format: email }
  password: { type: string, minLength: 8, secret: true }
  plan:     { enum: [free, pro], default: free }
steps:
  - return: 1
";

/// Whole runs, without a server.
fn runs(text: &str, input: &Value, times: u32) -> Result<()> {
    let flow = compiled(&[text.to_owned()])?.remove(0);
    let executor = Executor::new(actions());
    let runtime = Builder::new_current_thread().enable_time().build()?;
    for _ in 0..times {
        let run = executor.run(&flow, input.clone(), RunOptions::new("run"), &NoJournal);
        let outcome = black_box(runtime.block_on(run));
        ensure!(
            outcome.status == RunStatus::Succeeded,
            "the run ended as {outcome:?}"
        );
    }
    Ok(())
}

/// A good input.
fn validation(times: u32) -> Result<()> {
    let flow = compiled(&[SIGN_UP.to_owned()])?.remove(0);
    let input = json!({ "email": "ada@example.com", "password": "correct horse 9" });
    let Value::Object(input) = input else {
        bail!("the input is no object")
    };
    for _ in 0..times {
        let valid = flow.input.validate(black_box(input.clone()));
        ensure!(valid.is_ok(), "the input was refused: {valid:?}");
    }
    Ok(())
}

/// Requests over a socket, the client's part too: route, input, run, answer.
fn requests(flows: usize, times: u32) -> Result<()> {
    let texts: Vec<String> = (0..flows).map(route_flow).collect();
    let flows: Vec<Arc<Flow>> = compiled(&texts)?;
    Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(async {
            let metrics = Metrics::new();
            let mut catalog = Catalog::new();
            actions().declare(&mut catalog);
            let program = Program::new(ProgramParts {
                executor: Executor::new(actions()).with_flows(flows.iter().cloned()),
                flows: flows.into_iter().map(|flow| (flow.name.clone(), flow)).collect(),
                connections: BTreeMap::new(),
                catalog: Arc::new(catalog),
            });
            let parts = SiteParts {
                program: Arc::new(program),
                credentials: BTreeMap::new(),
                broken: Vec::new(),
            };
            let site = Site::build(parts, None, &metrics)?;
            let options = ServerOptions {
                address: SocketAddr::from(([127, 0, 0, 1], 0)),
                admin_address: SocketAddr::from(([127, 0, 0, 1], 0)),
                ..ServerOptions::default()
            };
            let server = Server::start(options, site, metrics, None).await?;
            let mut connection = Connection::open(server.address()).await?;
            for _ in 0..times {
                connection.exchange(Scenario::Route).await?;
            }
            Ok(())
        })
}

pub(super) fn compiled(texts: &[String]) -> Result<Vec<Arc<Flow>>> {
    let mut catalog = Catalog::new();
    actions().declare(&mut catalog);
    let sources: Vec<_> = texts
        .iter()
        .enumerate()
        .map(|(number, text)| Source::new(format!("flows/{number}.yaml"), text.clone()))
        .collect();
    let workspace = Workspace::check(None, &sources, &catalog);
    workspace
        .flows
        .iter()
        .map(|flow| flow.flow.clone().context("the flow has mistakes"))
        .collect()
}

struct Nothing(Arc<ActionSpec>);

#[async_trait]
impl Action for Nothing {
    fn spec(&self) -> &Arc<ActionSpec> {
        &self.0
    }

    async fn call(&self, _context: &ActionContext<'_>, input: Value) -> Result<Value, ActionError> {
        Ok(input)
    }
}

pub(super) fn actions() -> Actions {
    let mut spec = ActionSpec::new("bench.nothing", Effect::Read, "gives back what it gets");
    spec.input = Schema::new(json!({ "type": "object", "properties": { "x": { "type": "string" } } }));
    let mut actions = Actions::new();
    actions.add(Nothing(Arc::new(spec)));
    actions
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn every_case_can_be_done() {
        for (case, _) in CASES {
            run_case(case, 2).unwrap();
        }
        assert!(run_case("no-such-case", 1).is_err());
    }
}
