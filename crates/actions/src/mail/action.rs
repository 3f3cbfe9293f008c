//! The action: makes the message, hands it over, and says what is known of it.

use std::sync::Arc;
use std::time::SystemTime;

use async_trait::async_trait;
use lockgate_engine::action::{Action, ActionContext, ActionError};
use lockgate_flow::catalog::ActionSpec;
use serde_json::{Value, json};

use super::conversation::deliver;
use super::failure::Failure;
use super::message::{Circumstances, Outgoing, compose};
use super::settings::SmtpConnection;
use super::spec::SPEC;

/// Sends an e-mail over SMTP.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct SendEmail;

// No `reconcile`: SMTP has no way to ask what became of a message.
#[async_trait]
impl Action for SendEmail {
    fn spec(&self) -> &Arc<ActionSpec> {
        &SPEC
    }

    async fn call(&self, context: &ActionContext<'_>, input: Value) -> Result<Value, ActionError> {
        let connection: &SmtpConnection = context.connection()?;
        let mut boundary = [0; 16];
        (context.entropy)(&mut boundary);
        let circumstances = Circumstances {
            from: connection.from.as_ref(),
            identity: context.identity(),
            date: SystemTime::from(context.clock.now()),
            boundary,
        };
        let message = compose(&input, &circumstances)
            .map_err(|problem| ActionError::new(problem.code(), format!("no mail was sent: {problem}")))?;
        let response = send(connection, &message)
            .await
            .map_err(|failure| failure.into_error(connection))?;
        let accepted: Vec<&str> = message.envelope.to().iter().map(AsRef::as_ref).collect();
        Ok(json!({ "message_id": message.message_id, "accepted": accepted, "response": response }))
    }
}

async fn send(connection: &SmtpConnection, message: &Outgoing) -> Result<String, Failure> {
    let mut borrowed = connection.borrow().await?;
    let result = deliver(
        &mut borrowed.connection,
        &message.envelope,
        &message.content,
        connection.timeout,
    )
    .await;
    if result.as_ref().err().is_none_or(Failure::leaves_connection) {
        borrowed.give_back();
    }
    result
}
