//! `auth0.send_verification_email`: `POST /api/v2/jobs/verification-email`.

use std::sync::{Arc, LazyLock};

use async_trait::async_trait;
use lockgate_engine::action::{Action, ActionContext, ActionError};
use lockgate_flow::catalog::{ActionSpec, Effect, Group, ScopeNeed};
use lockgate_flow::schema::Schema;
use reqwest::Method;
use serde_json::{Value, json};

use super::{ATTEMPT_TIMEOUT, user_schema, verification};
use crate::connection::{Request, Session};
use crate::error::{self, IDENTITY_NOT_FOUND, INVALID_CONNECTION, NO_EMAIL, USER_NOT_FOUND};
use crate::path::ApiPath;
use crate::settings::CONNECTION_TYPE;

static SPEC: LazyLock<Arc<ActionSpec>> = LazyLock::new(|| {
    Arc::new(ActionSpec {
        group: Group::Identity,
        docs: "Auth0 sends its own verification email, with a link, by the tenant's template: the template must be \
               switched on. A user that was created without `email_verified: true` has had one already.\n\n\
               The result is Auth0's job; `status: pending` means that the email is queued, not that it has arrived. \
               Each call sends another email: after a lost answer nobody can tell whether it went out, and the step is \
               in doubt.\n\n\
               For a link that you send yourself, take `auth0.verification_ticket`.".into(),
        input: Schema::new(user_schema::closed(&verification::fields(), &["user_id"])),
        output: Schema::new(json!({
            "type": "object",
            "additionalProperties": true,
            "required": ["id", "status"],
            "properties": {
                "id": { "type": "string", "description": "The job's id, like `job_…`." },
                "type": { "type": "string", "description": "`verification_email`." },
                "status": { "type": "string", "description": "`pending`, or `completed`." },
                "created_at": { "type": "string", "format": "date-time" }
            }
        })),
        errors: error::declared(&[USER_NOT_FOUND, NO_EMAIL, IDENTITY_NOT_FOUND, INVALID_CONNECTION]),
        connection: Some(CONNECTION_TYPE.into()),
        scopes: Some(|_| vec![ScopeNeed(vec!["update:users".to_owned()])]),
        example: "action: auth0.send_verification_email\nwith:\n  user_id: \"{{steps.user.user_id}}\"\n".into(),
        timeout: Some(ATTEMPT_TIMEOUT),
        ..ActionSpec::new(
            "auth0.send_verification_email",
            Effect::Once,
            "Sends Auth0's verification email to a user",
        )
    })
});

/// Has Auth0 send its verification email.
#[derive(Clone, Copy, Debug, Default)]
pub struct SendVerificationEmail;

#[async_trait]
impl Action for SendVerificationEmail {
    fn spec(&self) -> &Arc<ActionSpec> {
        &SPEC
    }

    async fn call(&self, context: &ActionContext<'_>, input: Value) -> Result<Value, ActionError> {
        let session = Session::new(context, &SPEC, &input)?;
        let request = Request {
            body: Some(&input),
            ..Request::new(Method::POST, ApiPath::fixed("/api/v2/jobs/verification-email"))
        };
        let answer = session.send(&request, false).await?;
        let job = session.read_json(&answer)?;
        if job.get("id").is_some_and(Value::is_string) && job.get("status").is_some_and(Value::is_string) {
            return Ok(job);
        }
        Err(error::unexpected(session.subject(), &answer, "no job"))
    }
}

#[cfg(test)]
mod tests {
    use lockgate_engine::action::{Reconciled, Retry};

    use super::*;
    use crate::testing::{Reply, StandIn, Step};

    #[tokio::test]
    async fn the_job_is_the_result() {
        let job = json!({
            "type": "verification_email", "status": "pending", "created_at": "2023-01-25T17:48:14.201Z",
            "id": "job_9zpIFCI3DAnZieXY",
        });
        let stand_in = StandIn::start([Reply::json(201, &job), Reply::json(201, &json!({}))]).await;
        let step = Step::new(&stand_in);
        let input = json!({ "user_id": "auth0|1", "identity": { "user_id": 7, "provider": "github" } });
        assert_eq!(step.call(&SendVerificationEmail, input.clone()).await, Ok(job));
        let seen = &stand_in.requests()[0];
        assert_eq!(
            (seen.method.as_str(), seen.uri.as_str()),
            ("POST", "/api/v2/jobs/verification-email")
        );
        assert_eq!(seen.json(), input);
        let error = step.call(&SendVerificationEmail, input).await.unwrap_err();
        assert_eq!(error.code, "invalid_response");
    }

    #[tokio::test]
    async fn refusals_have_their_codes() {
        for (status, message, code) in [
            (404, "The user does not exist.", "user_not_found"),
            (400, "The user does not have an email address.", "no_email"),
            (
                400,
                "The user's main connection does not support this operation.",
                "invalid_connection",
            ),
            (
                400,
                "The user exists, but does not contain the given identity.",
                "identity_not_found",
            ),
            (400, "The client does not exist", "invalid_request"),
        ] {
            let stand_in = StandIn::start([Reply::error(status, "", message)]).await;
            let input = json!({ "user_id": "auth0|1" });
            let error = Step::new(&stand_in).call(&SendVerificationEmail, input).await;
            assert_eq!(error.unwrap_err().code, code, "{message}");
        }
    }

    #[tokio::test]
    async fn a_lost_answer_leaves_it_in_doubt() {
        let stand_in = StandIn::start([Reply::json(201, &json!({ "id": "job_1" })).cut()]).await;
        let step = Step::new(&stand_in);
        let input = json!({ "user_id": "auth0|1" });
        let error = step
            .call(&SendVerificationEmail, input.clone())
            .await
            .unwrap_err();
        assert_eq!(error.retry, Retry::Transient, "not repeated: the effect is once");
        assert_eq!(SendVerificationEmail.spec().effect, Effect::Once);
        assert_eq!(
            step.reconcile(&SendVerificationEmail, &input).await,
            Ok(Reconciled::Unknown)
        );
    }
}
