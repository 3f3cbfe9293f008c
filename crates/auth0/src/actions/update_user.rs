//! `auth0.update_user`: `PATCH /api/v2/users/{id}`.

use std::sync::{Arc, LazyLock};

use async_trait::async_trait;
use lockgate_engine::action::{Action, ActionContext, ActionError};
use lockgate_flow::catalog::{ActionSpec, Effect, Group, InputProblem, KnownInput, ScopeNeed};
use lockgate_flow::schema::Schema;
use reqwest::Method;
use serde_json::Value;

use super::get_user::user_path;
use super::{ATTEMPT_TIMEOUT, user_schema};
use crate::connection::{Request, Session};
use crate::error::{self, INVALID_CONNECTION, USER_EXISTS, USER_NOT_FOUND, WEAK_PASSWORD};
use crate::settings::CONNECTION_TYPE;

/// Fields that Auth0 refuses to change in one request (OpenAPI description of the operation, its 400s).
const NEVER_TOGETHER: [(&str, &str); 5] = [
    ("password", "email"),
    ("password", "email_verified"),
    ("username", "email"),
    ("username", "email_verified"),
    ("username", "password"),
];

static SPEC: LazyLock<Arc<ActionSpec>> = LazyLock::new(|| {
    let mut fields = serde_json::Map::from_iter([("user_id".to_owned(), user_schema::user_id())]);
    fields.extend(user_schema::update_fields());
    Arc::new(ActionSpec {
        group: Group::Identity,
        docs: "Only what is written changes; `null` removes a value. In `user_metadata` and `app_metadata` the first \
               level is merged: a key with `null` is removed, a nested object is replaced as a whole, and `{}` empties \
               all of it.\n\n\
               Auth0 takes only one of email (with `email_verified`), username and password in one request: use one \
               step each. A new email that is not said to be verified becomes unverified.\n\n\
               Where only `app_metadata` is changed, the scope `update:users_app_metadata` is enough.".into(),
        input: Schema::new(user_schema::closed(&fields, &["user_id"])),
        output: Schema::new(user_schema::user(true)),
        errors: error::declared(&[USER_NOT_FOUND, USER_EXISTS, WEAK_PASSWORD, INVALID_CONNECTION]),
        connection: Some(CONNECTION_TYPE.into()),
        scopes: Some(scopes),
        check: Some(check),
        changes_users: true,
        example: "action: auth0.update_user\nwith:\n  user_id: \"{{steps.user.user_id}}\"\n  app_metadata: \
                  { plan: pro, quota: 1000 }\n".into(),
        timeout: Some(ATTEMPT_TIMEOUT),
        ..ActionSpec::new("auth0.update_user", Effect::Idempotent, "Changes a user")
    })
});

/// The fields that are, or may be, changed.
fn changes(known: &KnownInput) -> Vec<&str> {
    let written = known
        .value
        .as_object()
        .into_iter()
        .flat_map(|input| input.keys().map(String::as_str));
    // What `omit_if_missing` may drop is not in the value, but may be there when the step runs.
    let possible = known
        .unknown
        .iter()
        .filter_map(|pointer| pointer.strip_prefix('/'))
        .filter(|name| !name.contains('/'));
    let mut names: Vec<&str> = written
        .chain(possible)
        .filter(|name| *name != "user_id")
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}

fn scopes(known: &KnownInput) -> Vec<ScopeNeed> {
    let need = if changes(known) == ["app_metadata"] {
        vec!["update:users_app_metadata".to_owned(), "update:users".to_owned()]
    } else {
        vec!["update:users".to_owned()]
    };
    vec![ScopeNeed(need)]
}

fn check(known: &KnownInput) -> Vec<InputProblem> {
    let Some(input) = known.value.as_object() else {
        return Vec::new();
    };
    let mut problems: Vec<_> = NEVER_TOGETHER
        .into_iter()
        .filter(|(first, second)| input.contains_key(*first) && input.contains_key(*second))
        .map(|(first, second)| InputProblem {
            pointer: format!("/{first}"),
            message: format!("Auth0 does not change {first} and {second} in one request"),
            help: Some(format!("change {second} in a step of its own")),
        })
        .collect();
    if !known.is_unknown("") && changes(known).is_empty() {
        problems.push(InputProblem {
            pointer: String::new(),
            message: "nothing is changed".to_owned(),
            help: Some(
                "write at least one field beside `user_id`, like `app_metadata: { plan: pro }`".to_owned(),
            ),
        });
    }
    for name in ["user_metadata", "app_metadata"] {
        let pointer = format!("/{name}");
        if input.get(name).is_some_and(Value::is_null) && !known.is_unknown(&pointer) {
            problems.push(InputProblem {
                pointer,
                message: format!("{name} cannot be null"),
                help: Some("write `{}` to empty it, or a key with `null` to remove that key".to_owned()),
            });
        }
    }
    problems
}

/// Changes a user.
#[derive(Clone, Copy, Debug, Default)]
pub struct UpdateUser;

#[async_trait]
impl Action for UpdateUser {
    fn spec(&self) -> &Arc<ActionSpec> {
        &SPEC
    }

    async fn call(&self, context: &ActionContext<'_>, input: Value) -> Result<Value, ActionError> {
        let known = KnownInput {
            value: input,
            unknown: Vec::new(),
        };
        if let Some(problem) = check(&known).into_iter().next() {
            let help = problem.help.map(|help| format!("; {help}")).unwrap_or_default();
            return Err(ActionError::new(
                "invalid_request",
                format!("the request was not sent: {}{help}", problem.message),
            ));
        }
        let input = known.value;
        let session = Session::new(context, &SPEC, &input)?;
        let path = user_path(&input)?;
        let mut body = input.clone();
        if let Some(body) = body.as_object_mut() {
            body.shift_remove("user_id");
        }
        let request = Request {
            body: Some(&body),
            ..Request::new(Method::PATCH, path)
        };
        session.send_json(&request, false).await
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::testing::{Reply, StandIn, Step};

    #[tokio::test]
    async fn the_changes_are_sent_without_the_id() {
        let user = json!({ "user_id": "auth0|1" });
        let stand_in = StandIn::start([Reply::json(200, &user)]).await;
        let input = json!({ "user_id": "auth0|1", "nickname": null, "app_metadata": { "plan": "pro" } });
        assert_eq!(Step::new(&stand_in).call(&UpdateUser, input).await, Ok(user));
        let seen = &stand_in.requests()[0];
        assert_eq!(
            (seen.method.as_str(), seen.uri.as_str()),
            ("PATCH", "/api/v2/users/auth0%7C1")
        );
        assert_eq!(
            seen.json(),
            json!({ "nickname": null, "app_metadata": { "plan": "pro" } })
        );
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
    fn what_auth0_refuses_is_found() {
        problems(
            json!({ "user_id": "a", "email": "b", "email_verified": true }),
            &[],
            &[],
        );
        problems(json!({ "user_id": "a", "password": "b", "name": "c" }), &[], &[]);
        for (first, second) in NEVER_TOGETHER {
            problems(
                json!({ "user_id": "a", first: null, second: null }),
                &["/user_id", &format!("/{first}"), &format!("/{second}")],
                &[&format!(
                    "Auth0 does not change {first} and {second} in one request"
                )],
            );
        }
        // Either may be dropped: nobody knows before the step runs.
        problems(json!({ "user_id": "a" }), &["/email", "/password"], &[]);
        problems(json!({ "user_id": "a" }), &[], &["nothing is changed"]);
        problems(json!({ "user_id": null }), &["/user_id"], &["nothing is changed"]);
        problems(
            json!({ "user_id": "a", "app_metadata": null }),
            &[],
            &["app_metadata cannot be null"],
        );
        problems(
            json!({ "user_id": "a", "app_metadata": null }),
            &["/app_metadata"],
            &[],
        );
    }

    #[tokio::test]
    async fn what_auth0_refuses_is_not_sent() {
        let stand_in = StandIn::start([]).await;
        let step = Step::new(&stand_in);
        for (first, second) in NEVER_TOGETHER {
            let input = json!({ "user_id": "auth0|1", first: "x", second: "y" });
            let error = step.call(&UpdateUser, input).await.unwrap_err();
            assert_eq!(error.code, "invalid_request");
            assert!(
                error.message.contains(first) && error.message.contains(second),
                "{error}"
            );
        }
        assert!(stand_in.requests().is_empty());
    }

    #[test]
    fn app_metadata_alone_needs_less() {
        let need = |value: Value, unknown: &[&str]| {
            let known = KnownInput {
                value,
                unknown: unknown.iter().map(|text| (*text).to_owned()).collect(),
            };
            scopes(&known)
                .into_iter()
                .flat_map(|need| need.0)
                .collect::<Vec<_>>()
        };
        let least = ["update:users_app_metadata", "update:users"];
        assert_eq!(
            need(
                json!({ "user_id": null, "app_metadata": { "a": null } }),
                &["/user_id", "/app_metadata/a"]
            ),
            least
        );
        assert_eq!(
            need(json!({ "user_id": "a", "app_metadata": {}, "name": "b" }), &[]),
            ["update:users"]
        );
        assert_eq!(
            need(json!({ "user_id": "a", "app_metadata": {} }), &["/name"]),
            ["update:users"]
        );
        assert_eq!(
            need(json!({ "user_id": "a", "user_metadata": {} }), &[]),
            ["update:users"]
        );
    }

    #[tokio::test]
    async fn a_duplicate_email_is_a_400_here() {
        let stand_in = StandIn::start([Reply::error(
            400,
            "auth0_idp_error",
            "The specified new email already exists",
        )])
        .await;
        let input = json!({ "user_id": "auth0|1", "email": "a@example.com" });
        let error = Step::new(&stand_in).call(&UpdateUser, input).await.unwrap_err();
        assert_eq!(error.code, "user_exists");
    }
}
