//! `auth0.find_users_by_email`: `GET /api/v2/users-by-email`.

use std::sync::{Arc, LazyLock};

use async_trait::async_trait;
use lockgate_engine::action::{Action, ActionContext, ActionError};
use lockgate_flow::catalog::{ActionSpec, Effect, Group, ScopeNeed};
use lockgate_flow::schema::Schema;
use reqwest::Method;
use serde_json::{Map, Value, json};

use super::{ATTEMPT_TIMEOUT, user_schema};
use crate::connection::{Request, Session};
use crate::error;
use crate::path::ApiPath;
use crate::settings::CONNECTION_TYPE;

static SPEC: LazyLock<Arc<ActionSpec>> = LazyLock::new(|| {
    let mut fields = Map::from_iter([(
        "email".to_owned(),
        json!({
            "type": "string",
            "minLength": 1,
            "description": "The email, compared letter by letter. Databases keep emails in lower case."
        }),
    )]);
    fields.extend(user_schema::projection());
    Arc::new(ActionSpec {
        group: Group::Identity,
        docs: "Gives every user with that email, whatever their connection: none, one, or several. The result is \
               an object, so that a flow can ask `steps.found.count` and go through `steps.found.users`.\n\n\
               Reads are exact: a user that was written a moment ago is found. The email is compared letter by \
               letter; write `{{lower input.email}}` for users of databases.".into(),
        input: Schema::new(user_schema::closed(&fields, &["email"])),
        output: Schema::new(json!({
            "type": "object",
            "additionalProperties": false,
            "required": ["users", "count"],
            "properties": {
                "users": { "type": "array", "items": user_schema::user(false) },
                "count": { "type": "integer", "minimum": 0, "description": "How many users were found." }
            }
        })),
        errors: error::declared(&[]),
        connection: Some(CONNECTION_TYPE.into()),
        scopes: Some(|_| vec![ScopeNeed(vec!["read:users".to_owned()])]),
        example: "id: found\naction: auth0.find_users_by_email\nwith:\n  email: \"{{lower input.email}}\"\n".into(),
        timeout: Some(ATTEMPT_TIMEOUT),
        ..ActionSpec::new(
            "auth0.find_users_by_email",
            Effect::Read,
            "Finds the users that have an email",
        )
    })
});

/// Finds the users that have an email.
#[derive(Clone, Copy, Debug, Default)]
pub struct FindUsersByEmail;

#[async_trait]
impl Action for FindUsersByEmail {
    fn spec(&self) -> &Arc<ActionSpec> {
        &SPEC
    }

    async fn call(&self, context: &ActionContext<'_>, input: Value) -> Result<Value, ActionError> {
        let session = Session::new(context, &SPEC, &input)?;
        let mut request = Request::new(Method::GET, ApiPath::fixed("/api/v2/users-by-email"));
        let email = input.get("email").and_then(Value::as_str).unwrap_or_default();
        request.query.push(("email".to_owned(), email.to_owned()));
        request.query.extend(user_schema::projection_query(&input));
        let answer = session.send(&request, false).await?;
        match session.read_json(&answer)? {
            Value::Array(users) => Ok(json!({ "count": users.len(), "users": users })),
            _ => Err(error::unexpected(session.subject(), &answer, "no list of users")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Reply, StandIn, Step};

    #[tokio::test]
    async fn users_are_counted() {
        let stand_in = StandIn::start([
            Reply::json(200, &json!([{ "user_id": "a" }, { "user_id": "b" }])),
            Reply::json(200, &json!([])),
            Reply::json(200, &json!({ "users": [] })),
        ])
        .await;
        let step = Step::new(&stand_in);
        let input = json!({ "email": "a+b@example.com", "fields": ["user_id"] });
        assert_eq!(
            step.call(&FindUsersByEmail, input.clone()).await,
            Ok(json!({ "count": 2, "users": [{ "user_id": "a" }, { "user_id": "b" }] }))
        );
        assert_eq!(
            stand_in.requests()[0].uri,
            "/api/v2/users-by-email?email=a%2Bb%40example.com&fields=user_id"
        );
        assert_eq!(
            step.call(&FindUsersByEmail, input.clone()).await,
            Ok(json!({ "count": 0, "users": [] }))
        );
        assert_eq!(
            step.call(&FindUsersByEmail, input).await.unwrap_err().code,
            "invalid_response"
        );
    }
}
