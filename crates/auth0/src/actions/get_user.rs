//! `auth0.get_user`: `GET /api/v2/users/{id}`.

use std::sync::{Arc, LazyLock};

use async_trait::async_trait;
use lockgate_engine::action::{Action, ActionContext, ActionError};
use lockgate_flow::catalog::{ActionSpec, Effect, Group, ScopeNeed};
use lockgate_flow::schema::Schema;
use reqwest::Method;
use serde_json::{Map, Value};

use super::{ATTEMPT_TIMEOUT, user_schema};
use crate::connection::{Request, Session};
use crate::error::{self, USER_NOT_FOUND};
use crate::path::{ApiPath, PathProblem};
use crate::settings::CONNECTION_TYPE;

static SPEC: LazyLock<Arc<ActionSpec>> = LazyLock::new(|| {
    let mut fields = Map::from_iter([("user_id".to_owned(), user_schema::user_id())]);
    fields.extend(user_schema::projection());
    Arc::new(ActionSpec {
        group: Group::Identity,
        docs: "Reads are exact: a user that was written a moment ago is there.\n\n\
               With `fields` the result holds those alone; name `user_id` among them if you need it."
            .into(),
        input: Schema::new(user_schema::closed(&fields, &["user_id"])),
        output: Schema::new(user_schema::user(false)),
        errors: error::declared(&[USER_NOT_FOUND]),
        connection: Some(CONNECTION_TYPE.into()),
        scopes: Some(|_| vec![ScopeNeed(vec!["read:users".to_owned()])]),
        example: "id: user\naction: auth0.get_user\nwith:\n  user_id: \"{{input.user_id}}\"\n".into(),
        timeout: Some(ATTEMPT_TIMEOUT),
        ..ActionSpec::new("auth0.get_user", Effect::Read, "Reads one user by id")
    })
});

/// Reads one user by id.
#[derive(Clone, Copy, Debug, Default)]
pub struct GetUser;

#[async_trait]
impl Action for GetUser {
    fn spec(&self) -> &Arc<ActionSpec> {
        &SPEC
    }

    async fn call(&self, context: &ActionContext<'_>, input: Value) -> Result<Value, ActionError> {
        let session = Session::new(context, &SPEC, &input)?;
        let mut request = Request::new(Method::GET, user_path(&input)?);
        request.query = user_schema::projection_query(&input);
        session.send_json(&request, false).await
    }
}

/// The path of the input's `user_id`.
pub(super) fn user_path(input: &Value) -> Result<ApiPath, ActionError> {
    let id = input.get("user_id").and_then(Value::as_str).unwrap_or_default();
    ApiPath::user(id).map_err(|problem| path_error(&problem))
}

/// The error for a path that must not be sent.
pub(super) fn path_error(problem: &PathProblem) -> ActionError {
    ActionError::new("invalid_request", format!("the request was not sent: {problem}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::testing::{Reply, StandIn, Step};

    #[tokio::test]
    async fn the_id_is_encoded_and_the_fields_are_asked_for() {
        let user = json!({ "email": "ada@example.com" });
        let stand_in = StandIn::start([Reply::json(200, &user)]).await;
        let input = json!({ "user_id": "samlp|a/b", "fields": ["email", "name"], "include_fields": true });
        assert_eq!(Step::new(&stand_in).call(&GetUser, input).await, Ok(user));
        let seen = &stand_in.requests()[0];
        assert_eq!(
            seen.uri,
            "/api/v2/users/samlp%7Ca%2Fb?fields=email%2Cname&include_fields=true"
        );
        assert_eq!(seen.headers["authorization"], "Bearer token-1");
        assert!(seen.headers.contains_key("auth0-client"));
        assert!(
            seen.headers["user-agent"]
                .to_str()
                .unwrap()
                .starts_with("lockgate/")
        );
    }

    #[tokio::test]
    async fn only_auth0s_own_word_makes_a_user_not_found() {
        let stand_in = StandIn::start([
            Reply::error(404, "inexistent_user", "The user does not exist."),
            Reply::text(404, "<html>no such page</html>"),
        ])
        .await;
        let step = Step::new(&stand_in);
        let error = step
            .call(&GetUser, json!({ "user_id": "auth0|1" }))
            .await
            .unwrap_err();
        assert_eq!(error.code, "user_not_found");
        assert_eq!(error.provider.as_ref().unwrap()["error_code"], "inexistent_user");
        let error = step
            .call(&GetUser, json!({ "user_id": "auth0|1" }))
            .await
            .unwrap_err();
        assert_eq!(error.code, "not_found");
        assert_eq!(
            error.provider.as_ref().unwrap()["body_excerpt"],
            "<html>no such page</html>"
        );
    }

    #[tokio::test]
    async fn an_empty_or_climbing_id_is_never_sent() {
        let stand_in = StandIn::start([]).await;
        let step = Step::new(&stand_in);
        for id in ["", ".", ".."] {
            let error = step.call(&GetUser, json!({ "user_id": id })).await.unwrap_err();
            assert_eq!(error.code, "invalid_request");
        }
        assert!(stand_in.requests().is_empty());
    }
}
