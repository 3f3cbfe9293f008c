//! `auth0.verification_ticket`: `POST /api/v2/tickets/email-verification`.

use std::sync::{Arc, LazyLock};

use async_trait::async_trait;
use lockgate_engine::action::{Action, ActionContext, ActionError, Reconciled};
use lockgate_flow::catalog::{ActionSpec, Effect, Group, KnownInput, ScopeNeed};
use lockgate_flow::schema::Schema;
use serde_json::Value;

use super::{ATTEMPT_TIMEOUT, ticket, user_schema, verification};
use crate::connection::Session;
use crate::error::{self, IDENTITY_NOT_FOUND, INVALID_CONNECTION, NO_EMAIL, USER_NOT_FOUND};
use crate::settings::CONNECTION_TYPE;

static SPEC: LazyLock<Arc<ActionSpec>> = LazyLock::new(|| {
    let mut fields = verification::fields();
    fields.extend(ticket::fields());
    Arc::new(ActionSpec {
        group: Group::Identity,
        docs: "A URL with which a person confirms the address of a user, for an email that you send yourself. Auth0 \
               sends nothing. Whoever opens it has the address marked as verified, so send it to that address and \
               nowhere else.\n\n\
               A ticket whose answer was lost is good for nobody, so the step asks again.".into(),
        input: Schema::new(user_schema::closed(&fields, &["user_id"])),
        output: Schema::new(ticket::output()),
        errors: error::declared(&[USER_NOT_FOUND, NO_EMAIL, IDENTITY_NOT_FOUND, INVALID_CONNECTION]),
        connection: Some(CONNECTION_TYPE.into()),
        scopes: Some(|_| vec![ScopeNeed(vec!["create:user_tickets".to_owned()])]),
        check: Some(ticket::check),
        changes_users: true,
        example: "id: verify\naction: auth0.verification_ticket\nwith:\n  user_id: \"{{steps.user.user_id}}\"\n  \
                  result_url: https://example.com/welcome\n  ttl_sec: 86400\n".into(),
        timeout: Some(ATTEMPT_TIMEOUT),
        ..ActionSpec::new(
            "auth0.verification_ticket",
            Effect::Once,
            "Makes a URL that confirms a user's email address",
        )
    })
});

/// Makes a URL that confirms a user's address.
#[derive(Clone, Copy, Debug, Default)]
pub struct VerificationTicket;

#[async_trait]
impl Action for VerificationTicket {
    fn spec(&self) -> &Arc<ActionSpec> {
        &SPEC
    }

    async fn call(&self, context: &ActionContext<'_>, input: Value) -> Result<Value, ActionError> {
        let known = KnownInput {
            value: input,
            unknown: Vec::new(),
        };
        ticket::refuse(ticket::check(&known))?;
        let session = Session::new(context, &SPEC, &known.value)?;
        ticket::ask(&session, "/api/v2/tickets/email-verification", &known.value).await
    }

    async fn reconcile(&self, _: &ActionContext<'_>, _: &Value) -> Result<Reconciled, ActionError> {
        // Nobody has seen its ticket.
        Ok(Reconciled::DidNotHappen)
    }
}

#[cfg(test)]
mod tests {
    use lockgate_engine::action::Retry;
    use serde_json::json;

    use super::*;
    use crate::testing::{Reply, StandIn, Step};

    #[tokio::test]
    async fn the_url_is_the_result_and_a_lost_one_is_asked_for_again() {
        let url = "https://acme.auth0.com/u/email-verification?ticket=2S37wTxh1qAzuEg7cPsBPayVCMGHUL7h#";
        let answer = json!({ "ticket": url });
        let stand_in = StandIn::start([
            Reply::json(201, &answer),
            Reply::json(201, &answer).cut(),
            Reply::json(201, &json!({ "url": url })),
        ])
        .await;
        let step = Step::new(&stand_in);
        let input = json!({ "user_id": "auth0|1", "ttl_sec": 60, "includeEmailInRedirect": true });
        assert_eq!(step.call(&VerificationTicket, input.clone()).await, Ok(answer));
        let seen = &stand_in.requests()[0];
        assert_eq!(seen.uri, "/api/v2/tickets/email-verification");
        assert_eq!(seen.json(), input);
        let lost = step.call(&VerificationTicket, input.clone()).await.unwrap_err();
        assert_eq!(lost.retry, Retry::NothingHappened { after: None });
        assert_eq!(
            step.reconcile(&VerificationTicket, &input).await,
            Ok(Reconciled::DidNotHappen)
        );
        let odd = step.call(&VerificationTicket, input).await.unwrap_err();
        assert_eq!(odd.code, "invalid_response");
    }

    #[test]
    fn the_url_is_a_secret() {
        let output = SPEC.output.view();
        assert!(output.property("ticket").unwrap().is_secret());
    }

    #[tokio::test]
    async fn what_must_not_stand_together_is_not_sent() {
        let stand_in = StandIn::start([]).await;
        for other in ["client_id", "organization_id"] {
            let input = json!({ "user_id": "auth0|1", "result_url": "https://a.example", other: "x" });
            let error = Step::new(&stand_in)
                .call(&VerificationTicket, input)
                .await
                .unwrap_err();
            assert_eq!(error.code, "invalid_request");
            assert!(error.message.contains(other), "{error}");
        }
        assert!(stand_in.requests().is_empty());
    }
}
