//! `auth0.link_identities`: `POST /api/v2/users/{id}/identities`.

use std::sync::{Arc, LazyLock};

use async_trait::async_trait;
use lockgate_engine::action::{Action, ActionContext, ActionError};
use lockgate_flow::catalog::{ActionSpec, Effect, Group, InputProblem, KnownInput, ScopeNeed};
use lockgate_flow::schema::Schema;
use reqwest::Method;
use serde_json::{Map, Value, json};

use super::get_user::path_error;
use super::{ATTEMPT_TIMEOUT, identities, user_schema, verification};
use crate::connection::{Request, Session};
use crate::error::{self, IDENTITY_EXISTS, IDENTITY_NOT_FOUND, INVALID_CONNECTION, USER_NOT_FOUND, code};
use crate::path::ApiPath;
use crate::settings::CONNECTION_TYPE;

static SPEC: LazyLock<Arc<ActionSpec>> = LazyLock::new(|| {
    let fields = Map::from_iter([
        ("user_id".to_owned(), user_schema::user_id()),
        ("secondary_user_id".to_owned(), identities::secondary_user_id()),
        (
            "connection_id".to_owned(),
            verification::connection_id(
                "The other account's connection, where the tenant has several databases.",
            ),
        ),
    ]);
    Arc::new(ActionSpec {
        group: Group::Identity,
        docs: "The other account becomes an identity of `user_id`: whoever logs in with it is that user from then on. \
               It has no id of its own any more, and **its metadata and roles are lost**: read them before, and write \
               what should stay.\n\n\
               Link accounts only where one person has shown that both are theirs, by logging in to each; an equal \
               email address shows nothing unless both are verified.\n\n\
               Linking what is linked already is no error. (To tell that from somebody else's link, after a lost answer \
               too, the step reads the user, for which the application needs `read:users`.)".into(),
        input: Schema::new(user_schema::closed(&fields, &["user_id", "secondary_user_id"])),
        output: Schema::new(identities::output()),
        errors: error::declared(&[USER_NOT_FOUND, IDENTITY_NOT_FOUND, IDENTITY_EXISTS, INVALID_CONNECTION]),
        connection: Some(CONNECTION_TYPE.into()),
        scopes: Some(|_| vec![ScopeNeed(vec!["update:users".to_owned()])]),
        check: Some(check),
        changes_users: true,
        example: "action: auth0.link_identities\nwith:\n  user_id: \"{{steps.user.user_id}}\"\n  secondary_user_id: \
                  \"{{input.other_user_id}}\"\n".into(),
        timeout: Some(ATTEMPT_TIMEOUT),
        ..ActionSpec::new(
            "auth0.link_identities",
            Effect::Idempotent,
            "Makes one user of two accounts",
        )
    })
});

fn check(known: &KnownInput) -> Vec<InputProblem> {
    let text = |name: &str| known.value.get(name).and_then(Value::as_str);
    match (text("user_id"), text("secondary_user_id")) {
        (Some(first), Some(second)) if first == second => vec![InputProblem {
            pointer: "/secondary_user_id".to_owned(),
            message: "an account cannot be linked with itself".to_owned(),
            help: Some(
                "`user_id` is the account that stays, `secondary_user_id` the one that becomes a part of it"
                    .to_owned(),
            ),
        }],
        _ => Vec::new(),
    }
}

/// Makes one user of two accounts.
#[derive(Clone, Copy, Debug, Default)]
pub struct LinkIdentities;

#[async_trait]
impl Action for LinkIdentities {
    fn spec(&self) -> &Arc<ActionSpec> {
        &SPEC
    }

    async fn call(&self, context: &ActionContext<'_>, input: Value) -> Result<Value, ActionError> {
        let session = Session::new(context, &SPEC, &input)?;
        let user_id = input.get("user_id").and_then(Value::as_str).unwrap_or_default();
        let (provider, local) = identities::secondary(&input)?;
        let path = ApiPath::filled("/api/v2/users/{id}/identities", &[user_id])
            .map_err(|problem| path_error(&problem))?;
        let mut body = json!({ "provider": provider, "user_id": local });
        if let Some(connection) = input.get("connection_id") {
            body["connection_id"] = connection.clone();
        }
        let request = Request {
            body: Some(&body),
            ..Request::new(Method::POST, path)
        };
        let linked = match session.send_json(&request, true).await {
            Ok(linked) => linked,
            // Linked already, or gone because it is.
            Err(error) if matches!(&*error.code, code::IDENTITY_EXISTS | code::IDENTITY_NOT_FOUND) => {
                match identities::read(&session, &input).await {
                    Some(all) if all.iter().any(|one| identities::is(one, provider, local)) => all.into(),
                    _ => return Err(error),
                }
            }
            Err(error) => return Err(error),
        };
        Ok(json!({ "user_id": user_id, "identities": linked }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Reply, StandIn, Step};

    fn input() -> Value {
        json!({ "user_id": "auth0|1", "secondary_user_id": "github|7" })
    }

    fn both() -> Value {
        json!([
            { "provider": "auth0", "user_id": "1", "connection": "db", "isSocial": false },
            { "provider": "github", "user_id": 7, "connection": "github", "isSocial": true },
        ])
    }

    fn refused(status: u16, message: &str) -> Reply {
        Reply::json(
            status,
            &json!({ "statusCode": status, "error": "E", "message": message }),
        )
    }

    #[tokio::test]
    async fn the_other_account_is_sent_as_provider_and_own_id() {
        let stand_in = StandIn::start([Reply::json(201, &both()), Reply::json(201, &both())]).await;
        let step = Step::new(&stand_in);
        let output = json!({ "user_id": "auth0|1", "identities": both() });
        assert_eq!(step.call(&LinkIdentities, input()).await, Ok(output));
        let seen = &stand_in.requests()[0];
        assert_eq!(
            (seen.method.as_str(), seen.uri.as_str()),
            ("POST", "/api/v2/users/auth0%7C1/identities")
        );
        assert_eq!(seen.json(), json!({ "provider": "github", "user_id": "7" }));
        let enterprise = json!({
            "user_id": "auth0|1", "secondary_user_id": "samlp|acme|ada", "connection_id": "con_ftSSLHb0O7rcUGmF",
        });
        step.call(&LinkIdentities, enterprise).await.unwrap();
        assert_eq!(
            stand_in.requests()[1].json(),
            json!({ "provider": "samlp", "user_id": "acme|ada", "connection_id": "con_ftSSLHb0O7rcUGmF" })
        );
    }

    #[tokio::test]
    async fn what_is_linked_already_is_no_error() {
        for refusal in [
            refused(409, "Specified identity already exists."),
            refused(400, "Provided secondary account not found."),
        ] {
            let user = json!({ "identities": both() });
            let stand_in = StandIn::start([refusal, Reply::json(200, &user)]).await;
            let output = Step::new(&stand_in).call(&LinkIdentities, input()).await;
            assert_eq!(output.unwrap()["identities"], both());
            assert_eq!(
                stand_in.requests()[1].uri,
                "/api/v2/users/auth0%7C1?fields=identities"
            );
        }
    }

    #[tokio::test]
    async fn what_another_has_is_an_error() {
        let alone = json!({ "identities": [both()[0]] });
        for (refusal, read, code) in [
            (
                refused(409, "Specified identity already exists."),
                Reply::json(200, &alone),
                "identity_exists",
            ),
            (
                refused(400, "Provided secondary account not found."),
                Reply::error(
                    403,
                    "insufficient_scope",
                    "Insufficient scope, expected any of: read:users",
                ),
                "identity_not_found",
            ),
        ] {
            let stand_in = StandIn::start([refusal, read.clone(), read]).await;
            let error = Step::new(&stand_in)
                .call(&LinkIdentities, input())
                .await
                .unwrap_err();
            assert_eq!(error.code, code);
        }
        let stand_in = StandIn::start([refused(400, "The provider/connection is not configured.")]).await;
        let error = Step::new(&stand_in)
            .call(&LinkIdentities, input())
            .await
            .unwrap_err();
        assert_eq!(error.code, "invalid_connection");
    }

    #[tokio::test]
    async fn what_is_no_id_is_not_sent() {
        let stand_in = StandIn::start([]).await;
        for (user, other) in [("auth0|1", "github"), ("auth0|1", "|7"), ("", "github|7")] {
            let input = json!({ "user_id": user, "secondary_user_id": other });
            let error = Step::new(&stand_in)
                .call(&LinkIdentities, input)
                .await
                .unwrap_err();
            assert_eq!(error.code, "invalid_request", "{other}");
        }
        assert!(stand_in.requests().is_empty());
        let problems = check(&KnownInput {
            value: json!({ "user_id": "auth0|1", "secondary_user_id": "auth0|1" }),
            unknown: Vec::new(),
        });
        assert_eq!(problems.len(), 1);
        assert!(
            check(&KnownInput {
                value: input(),
                unknown: Vec::new()
            })
            .is_empty()
        );
    }
}
