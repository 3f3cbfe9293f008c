//! `auth0.change_password_ticket`: `POST /api/v2/tickets/password-change`.

use std::sync::{Arc, LazyLock};

use async_trait::async_trait;
use lockgate_engine::action::{Action, ActionContext, ActionError, Reconciled};
use lockgate_flow::catalog::{ActionSpec, Effect, Group, InputProblem, KnownInput, ScopeNeed};
use lockgate_flow::schema::Schema;
use serde_json::{Map, Value, json};

use super::{ATTEMPT_TIMEOUT, ticket, user_schema, verification};
use crate::connection::Session;
use crate::error::{self, INVALID_CONNECTION, NO_EMAIL, USER_NOT_FOUND};
use crate::settings::CONNECTION_TYPE;

static SPEC: LazyLock<Arc<ActionSpec>> = LazyLock::new(|| {
    let mut fields = Map::from_iter([
        ("user_id".to_owned(), user_schema::user_id()),
        (
            "email".to_owned(),
            json!({
                "type": "string",
                "format": "email",
                "description": "The user's email, in place of `user_id`; needs `connection_id`."
            }),
        ),
        (
            "connection_id".to_owned(),
            verification::connection_id("The database that the email is looked up in."),
        ),
        (
            "mark_email_as_verified".to_owned(),
            json!({
                "type": "boolean",
                "description": "Whether the address counts as verified once the password is changed. True only where the \
                                ticket is sent to that address."
            }),
        ),
    ]);
    fields.extend(ticket::fields());
    Arc::new(ActionSpec {
        group: Group::Identity,
        docs: "A URL with which a person sets a new password, for an email that you send yourself. Auth0 sends nothing, \
               and does not ask who wants it: **whoever has the URL takes over the account**. Send it to the user's own \
               address, never back to whoever called the flow.\n\n\
               Name the user by `user_id`, or by `email` and `connection_id`. Database users alone have a password.\n\n\
               A ticket whose answer was lost is good for nobody, so the step asks again.".into(),
        input: Schema::new(user_schema::closed(&fields, &[])),
        output: Schema::new(ticket::output()),
        errors: error::declared(&[USER_NOT_FOUND, NO_EMAIL, INVALID_CONNECTION]),
        connection: Some(CONNECTION_TYPE.into()),
        scopes: Some(|_| vec![ScopeNeed(vec!["create:user_tickets".to_owned()])]),
        check: Some(check),
        changes_users: true,
        example: "id: reset\naction: auth0.change_password_ticket\nwith:\n  user_id: \"{{steps.user.user_id}}\"\n  \
                  result_url: https://example.com/login\n  ttl_sec: 3600\n  mark_email_as_verified: true\n".into(),
        timeout: Some(ATTEMPT_TIMEOUT),
        ..ActionSpec::new(
            "auth0.change_password_ticket",
            Effect::Once,
            "Makes a URL with which a user sets a new password",
        )
    })
});

/// Whose password: by id, or by email and connection.
fn check(known: &KnownInput) -> Vec<InputProblem> {
    let mut problems = ticket::check(known);
    let written = |name: &str| {
        known.value.get(name).is_some_and(|value| !value.is_null())
            || (known.value.get(name).is_some() && known.is_unknown(&format!("/{name}")))
    };
    // What `omit_if_missing` may drop is not in the value.
    let possible = |name: &str| written(name) || known.is_unknown(&format!("/{name}"));
    let mut problem = |pointer: &str, message: &str, help: &str| {
        problems.push(InputProblem {
            pointer: pointer.to_owned(),
            message: message.to_owned(),
            help: Some(help.to_owned()),
        });
    };
    if known.is_unknown("") {
        return problems;
    }
    if written("user_id") && (written("email") || written("connection_id")) {
        let pointer = if written("email") {
            "/email"
        } else {
            "/connection_id"
        };
        problem(
            pointer,
            "the user is named twice",
            "write `user_id`, or `email` and `connection_id`",
        );
    } else if !possible("user_id") && !possible("email") {
        problem(
            "",
            "nobody is named",
            "write `user_id`, or `email` and `connection_id`",
        );
    } else if written("email") && !possible("connection_id") {
        problem(
            "/email",
            "an email without `connection_id` names nobody: each database has its own users",
            "add the `connection_id` of the database, like `con_ftSSLHb0O7rcUGmF`",
        );
    }
    problems
}

/// Makes a URL with which a user sets a new password.
#[derive(Clone, Copy, Debug, Default)]
pub struct ChangePasswordTicket;

#[async_trait]
impl Action for ChangePasswordTicket {
    fn spec(&self) -> &Arc<ActionSpec> {
        &SPEC
    }

    async fn call(&self, context: &ActionContext<'_>, input: Value) -> Result<Value, ActionError> {
        let known = KnownInput {
            value: input,
            unknown: Vec::new(),
        };
        ticket::refuse(check(&known))?;
        let session = Session::new(context, &SPEC, &known.value)?;
        ticket::ask(&session, "/api/v2/tickets/password-change", &known.value).await
    }

    async fn reconcile(&self, _: &ActionContext<'_>, _: &Value) -> Result<Reconciled, ActionError> {
        // Nobody has seen its ticket.
        Ok(Reconciled::DidNotHappen)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Reply, StandIn, Step};

    #[tokio::test]
    async fn the_url_is_the_result() {
        let answer = json!({ "ticket": "https://acme.auth0.com/u/reset-password?ticket=vCXrmOFD88EqTjKpvxBEwG7KmlQ0QFmS#" });
        let stand_in = StandIn::start([Reply::json(201, &answer)]).await;
        let step = Step::new(&stand_in);
        let input = json!({
            "result_url": "https://example.com/change-password", "user_id": "auth0|1", "ttl_sec": 3600,
            "mark_email_as_verified": true, "includeEmailInRedirect": true,
        });
        assert_eq!(step.call(&ChangePasswordTicket, input.clone()).await, Ok(answer));
        let seen = &stand_in.requests()[0];
        assert_eq!(
            (seen.method.as_str(), seen.uri.as_str()),
            ("POST", "/api/v2/tickets/password-change")
        );
        assert_eq!(seen.json(), input);
        assert_eq!(
            step.reconcile(&ChangePasswordTicket, &input).await,
            Ok(Reconciled::DidNotHappen)
        );
        assert!(SPEC.output.view().property("ticket").unwrap().is_secret());
    }

    #[track_caller]
    fn problems(value: Value, unknown: &[&str], expected: &[&str]) {
        let known = KnownInput {
            value,
            unknown: unknown.iter().map(|text| (*text).to_owned()).collect(),
        };
        let found: Vec<String> = check(&known).into_iter().map(|problem| problem.message).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn one_user_is_named() {
        let alone = "an email without `connection_id` names nobody: each database has its own users";
        problems(json!({ "user_id": "auth0|1" }), &[], &[]);
        problems(
            json!({ "email": "a@b.example", "connection_id": "con_1" }),
            &[],
            &[],
        );
        problems(json!({}), &[], &["nobody is named"]);
        problems(json!({ "connection_id": "con_1" }), &[], &["nobody is named"]);
        problems(json!({ "email": "a@b.example" }), &[], &[alone]);
        problems(json!({ "email": null }), &["/email"], &[alone]);
        problems(
            json!({ "user_id": null, "email": "a@b.example" }),
            &["/user_id"],
            &["the user is named twice"],
        );
        // Either may be dropped: nobody knows before the step runs.
        problems(json!({}), &["/user_id", "/email"], &[]);
        problems(json!({ "email": "a@b.example" }), &["/connection_id"], &[]);
        problems(
            json!({ "user_id": "auth0|1", "client_id": "x", "result_url": "https://a.example" }),
            &[],
            &["Auth0 takes no result_url together with client_id"],
        );
    }

    #[tokio::test]
    async fn nobody_is_not_sent() {
        let stand_in = StandIn::start([]).await;
        let error = Step::new(&stand_in).call(&ChangePasswordTicket, json!({})).await;
        assert_eq!(error.unwrap_err().code, "invalid_request");
        assert!(stand_in.requests().is_empty());
    }
}
