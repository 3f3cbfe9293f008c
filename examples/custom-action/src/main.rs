//! An action of one's own in a binary of one's own: `cargo run -p example-custom-action -- ada@example.com`
//!
//! The flow below checks an e-mail address with an action that this file declares. The declaration is all that the
//! checker needs: change `domains` to `domain` in the flow, and see what it says.

use std::sync::Arc;

use anyhow::Context as _;
use async_trait::async_trait;
use lockgate_engine::action::{Action, ActionContext, ActionError, Actions};
use lockgate_engine::journal::NoJournal;
use lockgate_engine::{Executor, RunOptions};
use lockgate_flow::catalog::{ActionSpec, Catalog, Effect, ErrorSpec};
use lockgate_flow::diagnostic::render_text;
use lockgate_flow::schema::Schema;
use lockgate_flow::source::Source;
use lockgate_flow::workspace::Workspace;
use serde_json::{Value, json};

const FLOW: &str = r#"
name: vet
input:
  email: { type: string, format: email }
steps:
  - id: vetted
    action: acme.vet_email
    with:
      email: "{{lower input.email}}"
      domains: [example.com, example.org]
    on_error:
      foreign_domain:
        - fail: { code: not_invited, status: 403, message: "{{input.email}} is not invited." }
  - return: { user: "{{steps.vetted.user}}" }
"#;

/// `acme.vet_email`: is this one of ours?
struct VetEmail {
    spec: Arc<ActionSpec>,
}

impl VetEmail {
    fn new() -> Self {
        // `Pure`: it computes only. What writes would say `Idempotent` or `Once`, and that decides whether it is
        // retried, and what happens to it when a process dies in the middle.
        let mut spec = ActionSpec::new(
            "acme.vet_email",
            Effect::Pure,
            "Accepts addresses of some domains.",
        );
        spec.input = Schema::new(json!({
            "type": "object",
            "additionalProperties": false,
            "required": ["email", "domains"],
            "properties": {
                "email": { "type": "string", "description": "The address." },
                "domains": { "type": "array", "items": { "type": "string" }, "description": "Those accepted." },
            },
        }));
        spec.output = Schema::new(json!({
            "type": "object",
            "required": ["user"],
            "properties": { "user": { "type": "string" } },
        }));
        spec.errors = vec![ErrorSpec::new(
            "foreign_domain",
            422,
            "the domain is not accepted",
        )];
        Self { spec: Arc::new(spec) }
    }
}

#[async_trait]
impl Action for VetEmail {
    fn spec(&self) -> &Arc<ActionSpec> {
        &self.spec
    }

    async fn call(&self, _context: &ActionContext<'_>, input: Value) -> Result<Value, ActionError> {
        // The input fits the declared schema; there is nothing to check again.
        let email = input["email"].as_str().unwrap_or_default();
        let (user, domain) = email.split_once('@').unwrap_or((email, ""));
        let accepted = input["domains"]
            .as_array()
            .is_some_and(|domains| domains.iter().any(|it| it == domain));
        if accepted {
            Ok(json!({ "user": user }))
        } else {
            Err(ActionError::new(
                "foreign_domain",
                format!("{domain} is none of the accepted domains"),
            ))
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let email = std::env::args()
        .nth(1)
        .unwrap_or_else(|| "ada@example.com".to_owned());

    let mut actions = Actions::new();
    actions.add(VetEmail::new());

    let mut catalog = Catalog::new();
    actions.declare(&mut catalog);
    let workspace = Workspace::check(None, &[Source::new("vet.yaml", FLOW)], &catalog);
    if workspace.has_errors() {
        anyhow::bail!("{}", render_text(&workspace.diagnostics, false));
    }
    let flows = workspace.runnable();
    let flow = flows.get("vet").context("the flow is in the workspace")?;

    let given = serde_json::Map::from_iter([("email".to_owned(), json!(email))]);
    let input = match flow.input.validate(given) {
        Ok(input) => input,
        Err(mistakes) => anyhow::bail!("`{}` {}", mistakes[0].field, mistakes[0].message),
    };
    let executor = Executor::new(actions);
    let outcome = executor
        .run(flow, input, RunOptions::new("run-1"), &NoJournal)
        .await;
    // What an HTTP caller would get.
    let answer = outcome.answer();
    show(&format!("{} {}", answer.status, answer.body.unwrap_or_default()));
    Ok(())
}

#[expect(clippy::print_stdout, reason = "an example shows its result")]
fn show(line: &str) {
    println!("{line}");
}
