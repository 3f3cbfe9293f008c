//! `auth0.remove_roles`: `DELETE /api/v2/users/{id}/roles`.

use std::sync::{Arc, LazyLock};

use async_trait::async_trait;
use lockgate_engine::action::{Action, ActionContext, ActionError};
use lockgate_flow::catalog::{ActionSpec, Effect, Group};
use lockgate_flow::schema::Schema;
use reqwest::Method;
use serde_json::Value;

use super::{ATTEMPT_TIMEOUT, roles};
use crate::error::{self, ROLE_NOT_FOUND, USER_NOT_FOUND};
use crate::settings::CONNECTION_TYPE;

static SPEC: LazyLock<Arc<ActionSpec>> = LazyLock::new(|| {
    Arc::new(ActionSpec {
        group: Group::Identity,
        docs: "Afterwards the user has none of these roles, whether they had them before or not. Tokens that were \
               issued before keep them until they expire."
            .into(),
        input: Schema::new(roles::input("remove")),
        output: Schema::new(roles::output()),
        errors: error::declared(&[USER_NOT_FOUND, ROLE_NOT_FOUND]),
        connection: Some(CONNECTION_TYPE.into()),
        scopes: Some(|known| roles::scopes(known, &["delete:role_members", "update:users"])),
        changes_users: true,
        example: "action: auth0.remove_roles\nwith:\n  user_id: \"{{input.user_id}}\"\n  roles: [member]\n".into(),
        timeout: Some(ATTEMPT_TIMEOUT),
        ..ActionSpec::new("auth0.remove_roles", Effect::Idempotent, "Takes roles from a user")
    })
});

/// Takes roles from a user.
#[derive(Clone, Copy, Debug, Default)]
pub struct RemoveRoles;

#[async_trait]
impl Action for RemoveRoles {
    fn spec(&self) -> &Arc<ActionSpec> {
        &SPEC
    }

    async fn call(&self, context: &ActionContext<'_>, input: Value) -> Result<Value, ActionError> {
        roles::change(context, &SPEC, Method::DELETE, &input).await
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::testing::{Reply, StandIn, Step};

    #[tokio::test]
    async fn the_roles_are_in_the_body_of_a_delete() {
        let stand_in = StandIn::start([
            Reply::json(200, &json!([{ "id": "rol_NHBmr6NkzbRcHob1", "name": "admin" }])),
            Reply {
                headers: Vec::new(),
                ..Reply::text(204, "")
            },
        ])
        .await;
        let input = json!({ "user_id": "auth0|1", "roles": ["admin"] });
        let output = json!({ "user_id": "auth0|1", "roles": ["rol_NHBmr6NkzbRcHob1"] });
        assert_eq!(
            Step::new(&stand_in).call(&RemoveRoles, input).await,
            Ok(output.clone())
        );
        let seen = &stand_in.requests()[1];
        assert_eq!(
            (seen.method.as_str(), seen.uri.as_str()),
            ("DELETE", "/api/v2/users/auth0%7C1/roles")
        );
        assert_eq!(seen.json(), json!({ "roles": output["roles"] }));
    }
}
