//! `auth0.assign_roles`: `POST /api/v2/users/{id}/roles`.

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
        docs: "Adds roles; those that the user has already stay. All or none: where a role is missing, nothing changes. \
               The roles come into the person's tokens at the next login or refresh."
            .into(),
        input: Schema::new(roles::input("add")),
        output: Schema::new(roles::output()),
        errors: error::declared(&[USER_NOT_FOUND, ROLE_NOT_FOUND]),
        connection: Some(CONNECTION_TYPE.into()),
        scopes: Some(|known| roles::scopes(known, &["create:role_members", "update:users"])),
        changes_users: true,
        example: "action: auth0.assign_roles\nwith:\n  user_id: \"{{steps.user.user_id}}\"\n  roles: [member]\n".into(),
        timeout: Some(ATTEMPT_TIMEOUT),
        ..ActionSpec::new("auth0.assign_roles", Effect::Idempotent, "Gives roles to a user")
    })
});

/// Gives roles to a user.
#[derive(Clone, Copy, Debug, Default)]
pub struct AssignRoles;

#[async_trait]
impl Action for AssignRoles {
    fn spec(&self) -> &Arc<ActionSpec> {
        &SPEC
    }

    async fn call(&self, context: &ActionContext<'_>, input: Value) -> Result<Value, ActionError> {
        roles::change(context, &SPEC, Method::POST, &input).await
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::testing::{Reply, StandIn, Step};

    const ADMIN: &str = "rol_NHBmr6NkzbRcHob1";
    const EDITOR: &str = "rol_AfqmW4oauAJPyWYI";

    fn done() -> Reply {
        Reply {
            headers: Vec::new(),
            ..Reply::text(204, "")
        }
    }

    #[tokio::test]
    async fn ids_go_out_as_they_are() {
        let stand_in = StandIn::start([done()]).await;
        let input = json!({ "user_id": "auth0|1", "roles": [ADMIN, EDITOR, ADMIN] });
        let output = json!({ "user_id": "auth0|1", "roles": [ADMIN, EDITOR] });
        assert_eq!(Step::new(&stand_in).call(&AssignRoles, input).await, Ok(output));
        let seen = stand_in.requests();
        assert_eq!(
            (seen[0].method.as_str(), seen[0].uri.as_str()),
            ("POST", "/api/v2/users/auth0%7C1/roles")
        );
        assert_eq!(seen[0].json(), json!({ "roles": [ADMIN, EDITOR] }));
        assert_eq!(seen.len(), 1);
    }

    #[tokio::test]
    async fn a_name_is_looked_up_exactly() {
        let found = json!([
            { "id": EDITOR, "name": "admin of some", "description": "" },
            { "id": ADMIN, "name": "admin", "description": "" },
        ]);
        let stand_in = StandIn::start([Reply::json(200, &found), done()]).await;
        let input = json!({ "user_id": "auth0|1", "roles": ["admin", EDITOR] });
        let output = json!({ "user_id": "auth0|1", "roles": [ADMIN, EDITOR] });
        assert_eq!(Step::new(&stand_in).call(&AssignRoles, input).await, Ok(output));
        let seen = stand_in.requests();
        assert_eq!(seen[0].uri, "/api/v2/roles?name_filter=admin&per_page=100&page=0");
        assert_eq!(seen[1].json(), json!({ "roles": [ADMIN, EDITOR] }));
    }

    #[tokio::test]
    async fn several_names_are_read_page_by_page() {
        let mut first: Vec<Value> = (0..99)
            .map(|n| json!({ "id": format!("rol_{n:016}"), "name": format!("r{n}") }))
            .collect();
        first.push(json!({ "id": ADMIN, "name": "admin" }));
        let second = json!([{ "id": EDITOR, "name": "editor" }]);
        let stand_in = StandIn::start([
            Reply::json(200, &first.into()),
            Reply::json(200, &second),
            done(),
            Reply::json(200, &second),
        ])
        .await;
        let step = Step::new(&stand_in);
        let input = json!({ "user_id": "auth0|1", "roles": ["editor", "admin"] });
        let output = json!({ "user_id": "auth0|1", "roles": [EDITOR, ADMIN] });
        assert_eq!(step.call(&AssignRoles, input).await, Ok(output));
        let seen = stand_in.requests();
        assert_eq!(seen[0].uri, "/api/v2/roles?per_page=100&page=0");
        assert_eq!(seen[1].uri, "/api/v2/roles?per_page=100&page=1");
        // One that is nowhere changes nothing.
        let input = json!({ "user_id": "auth0|1", "roles": ["editor", "owner"] });
        let error = step.call(&AssignRoles, input).await.unwrap_err();
        assert_eq!(error.code, "role_not_found");
        assert!(
            error.message.contains("`owner`") && !error.message.contains("editor"),
            "{error}"
        );
        assert_eq!(stand_in.requests().len(), 4, "nothing was sent");
    }

    #[tokio::test]
    async fn refusals_have_their_codes() {
        for (body, code) in [
            (
                json!({ "statusCode": 404, "error": "Not Found", "message": "The role does not exist." }),
                "role_not_found",
            ),
            (
                json!({ "statusCode": 404, "error": "Not Found", "message": "The user does not exist.", "errorCode": "inexistent_user" }),
                "user_not_found",
            ),
        ] {
            let stand_in = StandIn::start([Reply::json(404, &body)]).await;
            let input = json!({ "user_id": "auth0|1", "roles": [ADMIN] });
            let error = Step::new(&stand_in).call(&AssignRoles, input).await.unwrap_err();
            assert_eq!(error.code, code);
        }
    }
}
