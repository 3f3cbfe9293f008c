//! `auth0.block_user`: `PATCH /api/v2/users/{id}` with `blocked` alone.

use std::sync::{Arc, LazyLock};

use async_trait::async_trait;
use lockgate_engine::action::{Action, ActionContext, ActionError};
use lockgate_flow::catalog::{ActionSpec, Effect, Group, ScopeNeed};
use lockgate_flow::schema::Schema;
use reqwest::Method;
use serde_json::{Map, Value, json};

use super::get_user::user_path;
use super::{ATTEMPT_TIMEOUT, user_schema};
use crate::connection::{Request, Session};
use crate::error::{self, USER_NOT_FOUND};
use crate::settings::CONNECTION_TYPE;

static SPEC: LazyLock<Arc<ActionSpec>> = LazyLock::new(|| {
    let fields = Map::from_iter([
        ("user_id".to_owned(), user_schema::user_id()),
        (
            "blocked".to_owned(),
            json!({
                "type": "boolean",
                "default": true,
                "description": "True, as when left out, to block the user; false to let them in again."
            }),
        ),
    ]);
    Arc::new(ActionSpec {
        group: Group::Identity,
        docs: "A blocked user cannot log in. Sessions and tokens that they have stay good until they expire.\n\n\
               This is the block of an administrator: it has nothing to do with the ones that Auth0 sets by itself after \
               too many wrong passwords, and does not lift them.".into(),
        input: Schema::new(user_schema::closed(&fields, &["user_id"])),
        output: Schema::new(user_schema::user(true)),
        errors: error::declared(&[USER_NOT_FOUND]),
        connection: Some(CONNECTION_TYPE.into()),
        scopes: Some(|_| vec![ScopeNeed(vec!["update:users".to_owned()])]),
        changes_users: true,
        example: "action: auth0.block_user\nwith:\n  user_id: \"{{input.user_id}}\"\n".into(),
        timeout: Some(ATTEMPT_TIMEOUT),
        ..ActionSpec::new("auth0.block_user", Effect::Idempotent, "Blocks a user, or lets them in again")
    })
});

/// Blocks a user, or lets them in again.
#[derive(Clone, Copy, Debug, Default)]
pub struct BlockUser;

#[async_trait]
impl Action for BlockUser {
    fn spec(&self) -> &Arc<ActionSpec> {
        &SPEC
    }

    async fn call(&self, context: &ActionContext<'_>, input: Value) -> Result<Value, ActionError> {
        let session = Session::new(context, &SPEC, &input)?;
        let blocked = input.get("blocked").and_then(Value::as_bool).unwrap_or(true);
        let body = json!({ "blocked": blocked });
        let request = Request {
            body: Some(&body),
            ..Request::new(Method::PATCH, user_path(&input)?)
        };
        session.send_json(&request, false).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Reply, StandIn, Step};

    #[tokio::test]
    async fn blocked_alone_is_sent() {
        for (input, blocked) in [
            (json!({ "user_id": "auth0|1" }), true),
            (json!({ "user_id": "auth0|1", "blocked": true }), true),
            (json!({ "user_id": "auth0|1", "blocked": false }), false),
        ] {
            let user = json!({ "user_id": "auth0|1", "blocked": blocked });
            let stand_in = StandIn::start([Reply::json(200, &user)]).await;
            assert_eq!(Step::new(&stand_in).call(&BlockUser, input).await, Ok(user));
            let seen = &stand_in.requests()[0];
            assert_eq!(
                (seen.method.as_str(), seen.uri.as_str()),
                ("PATCH", "/api/v2/users/auth0%7C1")
            );
            assert_eq!(seen.json(), json!({ "blocked": blocked }));
        }
    }

    #[tokio::test]
    async fn nobody_is_not_found() {
        let stand_in =
            StandIn::start([Reply::error(404, "inexistent_user", "The user does not exist.")]).await;
        let error = Step::new(&stand_in)
            .call(&BlockUser, json!({ "user_id": "auth0|1" }))
            .await;
        assert_eq!(error.unwrap_err().code, "user_not_found");
    }
}
