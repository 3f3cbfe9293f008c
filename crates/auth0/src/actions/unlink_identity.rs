//! `auth0.unlink_identity`: `DELETE /api/v2/users/{id}/identities/{provider}/{user_id}`.

use std::sync::{Arc, LazyLock};

use async_trait::async_trait;
use lockgate_engine::action::{Action, ActionContext, ActionError};
use lockgate_flow::catalog::{ActionSpec, Effect, Group, ScopeNeed};
use lockgate_flow::schema::Schema;
use reqwest::Method;
use serde_json::{Map, Value, json};

use super::get_user::path_error;
use super::{ATTEMPT_TIMEOUT, identities, user_schema};
use crate::connection::{Request, Session};
use crate::error::{self, IDENTITY_NOT_FOUND, USER_NOT_FOUND, code};
use crate::path::ApiPath;
use crate::settings::CONNECTION_TYPE;

static SPEC: LazyLock<Arc<ActionSpec>> = LazyLock::new(|| {
    let fields = Map::from_iter([
        ("user_id".to_owned(), user_schema::user_id()),
        ("secondary_user_id".to_owned(), identities::secondary_user_id()),
    ]);
    Arc::new(ActionSpec {
        group: Group::Identity,
        docs: "The identity becomes a user of its own again, with the id `secondary_user_id` and without metadata. The \
               first identity, which gives the user its id, cannot be taken away.\n\n\
               An identity that the user does not have is no error: afterwards it is not there. (To tell, the step reads \
               the user, for which the application needs `read:users`.)".into(),
        input: Schema::new(user_schema::closed(&fields, &["user_id", "secondary_user_id"])),
        output: Schema::new(identities::output()),
        errors: error::declared(&[USER_NOT_FOUND, IDENTITY_NOT_FOUND]),
        connection: Some(CONNECTION_TYPE.into()),
        scopes: Some(|_| vec![ScopeNeed(vec!["update:users".to_owned()])]),
        changes_users: true,
        example: "action: auth0.unlink_identity\nwith:\n  user_id: \"{{input.user_id}}\"\n  secondary_user_id: \
                  \"{{input.other_user_id}}\"\n".into(),
        timeout: Some(ATTEMPT_TIMEOUT),
        ..ActionSpec::new(
            "auth0.unlink_identity",
            Effect::Idempotent,
            "Takes a linked account out of a user",
        )
    })
});

/// Takes a linked account out of a user.
#[derive(Clone, Copy, Debug, Default)]
pub struct UnlinkIdentity;

#[async_trait]
impl Action for UnlinkIdentity {
    fn spec(&self) -> &Arc<ActionSpec> {
        &SPEC
    }

    async fn call(&self, context: &ActionContext<'_>, input: Value) -> Result<Value, ActionError> {
        let session = Session::new(context, &SPEC, &input)?;
        let user_id = input.get("user_id").and_then(Value::as_str).unwrap_or_default();
        let (provider, local) = identities::secondary(&input)?;
        let path = ApiPath::filled(
            "/api/v2/users/{id}/identities/{provider}/{user_id}",
            &[user_id, provider, local],
        )
        .map_err(|problem| path_error(&problem))?;
        let request = Request::new(Method::DELETE, path);
        let left = match session.send_json(&request, true).await {
            Ok(left) => left,
            // No document says how Auth0 refuses an identity that is not there; the user does.
            Err(error) if may_be_missing(&error) => match identities::read(&session, &input).await {
                Some(all) if !all.iter().any(|one| identities::is(one, provider, local)) => all.into(),
                _ => return Err(error),
            },
            Err(error) => return Err(error),
        };
        Ok(json!({ "user_id": user_id, "identities": left }))
    }
}

fn may_be_missing(error: &ActionError) -> bool {
    let status = error.provider.as_ref().and_then(|said| said["status"].as_u64());
    matches!(
        &*error.code,
        code::IDENTITY_NOT_FOUND | code::INVALID_REQUEST | code::NOT_FOUND
    ) && matches!(status, Some(400 | 404))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Reply, StandIn, Step};

    fn input() -> Value {
        json!({ "user_id": "auth0|1", "secondary_user_id": "samlp|acme|a/b" })
    }

    fn own() -> Value {
        json!({ "provider": "auth0", "user_id": "1", "connection": "db", "isSocial": false })
    }

    #[tokio::test]
    async fn the_path_names_the_identity() {
        let stand_in = StandIn::start([Reply::json(200, &json!([own()]))]).await;
        let output = json!({ "user_id": "auth0|1", "identities": [own()] });
        assert_eq!(
            Step::new(&stand_in).call(&UnlinkIdentity, input()).await,
            Ok(output)
        );
        let seen = &stand_in.requests()[0];
        assert_eq!(
            (seen.method.as_str(), seen.uri.as_str()),
            ("DELETE", "/api/v2/users/auth0%7C1/identities/samlp/acme%7Ca%2Fb")
        );
    }

    #[tokio::test]
    async fn what_is_not_there_is_no_error() {
        let refusal = json!({ "statusCode": 400, "error": "Bad Request", "message": "No such identity." });
        let user = json!({ "identities": [own()] });
        let stand_in = StandIn::start([Reply::json(400, &refusal), Reply::json(200, &user)]).await;
        let output = Step::new(&stand_in).call(&UnlinkIdentity, input()).await.unwrap();
        assert_eq!(output["identities"], json!([own()]));
    }

    #[tokio::test]
    async fn the_main_identity_stays() {
        let refusal = json!({ "statusCode": 400, "error": "Bad Request", "message": "Main identity cannot be removed." });
        let user = json!({ "identities": [own()] });
        let stand_in = StandIn::start([Reply::json(400, &refusal), Reply::json(200, &user)]).await;
        let input = json!({ "user_id": "auth0|1", "secondary_user_id": "auth0|1" });
        let error = Step::new(&stand_in)
            .call(&UnlinkIdentity, input)
            .await
            .unwrap_err();
        assert_eq!(error.code, "invalid_request");
        assert!(error.message.contains("Main identity"), "{error}");
    }
}
