//! `auth0.delete_user`: `DELETE /api/v2/users/{id}`.

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
use crate::error;
use crate::settings::CONNECTION_TYPE;

static SPEC: LazyLock<Arc<ActionSpec>> = LazyLock::new(|| {
    let fields = Map::from_iter([("user_id".to_owned(), user_schema::user_id())]);
    Arc::new(ActionSpec {
        group: Group::Identity,
        docs: "Auth0 answers the same whether the user was there or not: afterwards there is no such user. The result \
               is the id.".into(),
        input: Schema::new(user_schema::closed(&fields, &["user_id"])),
        output: Schema::new(json!({
            "type": "object",
            "additionalProperties": false,
            "required": ["user_id"],
            "properties": { "user_id": { "type": "string", "description": "The id that was given." } }
        })),
        errors: error::declared(&[]),
        connection: Some(CONNECTION_TYPE.into()),
        scopes: Some(|_| vec![ScopeNeed(vec!["delete:users".to_owned()])]),
        changes_users: true,
        example: "action: auth0.delete_user\nwith:\n  user_id: \"{{input.user_id}}\"\n".into(),
        timeout: Some(ATTEMPT_TIMEOUT),
        ..ActionSpec::new("auth0.delete_user", Effect::Idempotent, "Deletes a user")
    })
});

/// Deletes a user.
#[derive(Clone, Copy, Debug, Default)]
pub struct DeleteUser;

#[async_trait]
impl Action for DeleteUser {
    fn spec(&self) -> &Arc<ActionSpec> {
        &SPEC
    }

    async fn call(&self, context: &ActionContext<'_>, input: Value) -> Result<Value, ActionError> {
        let session = Session::new(context, &SPEC, &input)?;
        let request = Request::new(Method::DELETE, user_path(&input)?);
        session.send(&request, false).await?;
        Ok(json!({ "user_id": input["user_id"] }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Reply, StandIn, Step};

    #[tokio::test]
    async fn the_empty_answer_is_enough() {
        let stand_in = StandIn::start([Reply {
            headers: Vec::new(),
            ..Reply::text(204, "")
        }])
        .await;
        let input = json!({ "user_id": "auth0|1" });
        assert_eq!(
            Step::new(&stand_in).call(&DeleteUser, input.clone()).await,
            Ok(input)
        );
        assert_eq!(stand_in.requests()[0].method, "DELETE");
        assert_eq!(stand_in.requests()[0].uri, "/api/v2/users/auth0%7C1");
    }

    #[tokio::test]
    async fn an_empty_id_deletes_nobody() {
        let stand_in = StandIn::start([]).await;
        let error = Step::new(&stand_in)
            .call(&DeleteUser, json!({ "user_id": "" }))
            .await
            .unwrap_err();
        assert_eq!(error.code, "invalid_request");
        assert!(stand_in.requests().is_empty());
    }
}
