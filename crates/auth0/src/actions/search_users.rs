//! `auth0.search_users`: `GET /api/v2/users`, search engine v3.

use std::sync::{Arc, LazyLock};

use async_trait::async_trait;
use lockgate_engine::action::{Action, ActionContext, ActionError};
use lockgate_flow::catalog::{ActionSpec, Effect, Group, InputProblem, KnownInput, ScopeNeed};
use lockgate_flow::schema::Schema;
use reqwest::Method;
use serde_json::{Map, Value, json};

use super::{ATTEMPT_TIMEOUT, user_schema};
use crate::connection::{Request, Session};
use crate::error;
use crate::path::ApiPath;
use crate::settings::CONNECTION_TYPE;

/// Auth0 pages no further than this ("View search results by page").
const MOST_RESULTS: u64 = 1000;

/// What Auth0 takes when `per_page` is left out.
const DEFAULT_PAGE: u64 = 50;

static SPEC: LazyLock<Arc<ActionSpec>> = LazyLock::new(|| {
    let fields = json!({
        "q": {
            "type": "string",
            "description": "Query in Lucene syntax, like `email:\"ada@example.com\" AND app_metadata.plan:\"pro\"`. \
                            All users when left out."
        },
        "page": { "type": "integer", "minimum": 0, "description": "Which page, from 0." },
        "per_page": {
            "type": "integer",
            "minimum": 0,
            "maximum": 100,
            "description": "Users on a page; 50 when left out."
        },
        "sort": {
            "type": "string",
            "pattern": "^[^:]+:(1|-1)$",
            "description": "`field:1` for ascending, `field:-1` for descending."
        },
        "primary_order": {
            "type": "boolean",
            "description": "False gives up a fixed order for faster answers to complex queries."
        }
    });
    let mut fields = match fields {
        Value::Object(fields) => fields,
        _ => Map::new(),
    };
    fields.extend(user_schema::projection());
    Arc::new(ActionSpec {
        group: Group::Identity,
        docs: "The search lags: a user that was written a moment ago may be missing or old. To find somebody by \
               email, use `auth0.find_users_by_email`, which is exact.\n\n\
               Auth0 shows the first 1,000 results of a query and no more; `total` counts all of them. Values in `q` \
               belong in double quotes; a quote inside a value is written `\\\"`.".into(),
        input: Schema::new(user_schema::closed(&fields, &[])),
        output: Schema::new(json!({
            "type": "object",
            "additionalProperties": true,
            "required": ["users", "start", "limit", "length", "total"],
            "properties": {
                "users": { "type": "array", "items": user_schema::user(false) },
                "start": { "type": "integer", "description": "Index of the first user of this page." },
                "limit": { "type": "integer", "description": "The page's size." },
                "length": { "type": "integer", "description": "Users on this page." },
                "total": { "type": "integer", "description": "Users that the query finds." }
            }
        })),
        errors: error::declared(&[]),
        connection: Some(CONNECTION_TYPE.into()),
        scopes: Some(|_| vec![ScopeNeed(vec!["read:users".to_owned()])]),
        check: Some(check),
        example: "id: pros\naction: auth0.search_users\nwith:\n  q: 'app_metadata.plan:\"pro\"'\n  per_page: 100\n".into(),
        timeout: Some(ATTEMPT_TIMEOUT),
        ..ActionSpec::new("auth0.search_users", Effect::Read, "Searches users")
    })
});

fn check(known: &KnownInput) -> Vec<InputProblem> {
    if known.is_unknown("/page") || known.is_unknown("/per_page") {
        return Vec::new();
    }
    let number = |name: &str| known.value.get(name).and_then(Value::as_u64);
    let (page, per_page) = (
        number("page").unwrap_or(0),
        number("per_page").unwrap_or(DEFAULT_PAGE),
    );
    if page.saturating_mul(per_page) < MOST_RESULTS {
        return Vec::new();
    }
    vec![InputProblem {
        pointer: "/page".to_owned(),
        message: format!(
            "page {page} of {per_page} users lies behind the {MOST_RESULTS} results that Auth0 shows"
        ),
        help: Some("make the query narrower, for example by a range of `created_at`".to_owned()),
    }]
}

/// Searches users.
#[derive(Clone, Copy, Debug, Default)]
pub struct SearchUsers;

#[async_trait]
impl Action for SearchUsers {
    fn spec(&self) -> &Arc<ActionSpec> {
        &SPEC
    }

    async fn call(&self, context: &ActionContext<'_>, input: Value) -> Result<Value, ActionError> {
        let session = Session::new(context, &SPEC, &input)?;
        let mut request = Request::new(Method::GET, ApiPath::fixed("/api/v2/users"));
        for name in ["q", "page", "per_page", "sort", "primary_order"] {
            match input.get(name) {
                None | Some(Value::Null) => {}
                Some(Value::String(text)) => request.query.push((name.to_owned(), text.clone())),
                Some(other) => request.query.push((name.to_owned(), other.to_string())),
            }
        }
        request
            .query
            .push(("include_totals".to_owned(), "true".to_owned()));
        request.query.push(("search_engine".to_owned(), "v3".to_owned()));
        request.query.extend(user_schema::projection_query(&input));
        let answer = session.send(&request, false).await?;
        match session.read_json(&answer)? {
            Value::Object(page) if page.get("users").is_some_and(Value::is_array) => Ok(Value::Object(page)),
            _ => Err(error::unexpected(session.subject(), &answer, "no page of users")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Reply, StandIn, Step};

    #[tokio::test]
    async fn a_page_comes_with_its_totals() {
        let page =
            json!({ "start": 100, "limit": 100, "length": 1, "users": [{ "user_id": "a" }], "total": 101 });
        let stand_in = StandIn::start([Reply::json(200, &page), Reply::json(200, &json!([]))]).await;
        let step = Step::new(&stand_in);
        let input = json!({ "q": "name:\"Ada L*\"", "page": 1, "per_page": 100, "sort": "created_at:-1" });
        assert_eq!(step.call(&SearchUsers, input).await, Ok(page));
        assert_eq!(
            stand_in.requests()[0].uri,
            "/api/v2/users?q=name%3A%22Ada+L*%22&page=1&per_page=100&sort=created_at%3A-1&include_totals=true\
             &search_engine=v3"
        );
        assert_eq!(
            step.call(&SearchUsers, json!({})).await.unwrap_err().code,
            "invalid_response"
        );
    }

    #[test]
    fn a_page_behind_the_last_result_is_found() {
        let problems = |value: Value| {
            check(&KnownInput {
                value,
                unknown: Vec::new(),
            })
            .len()
        };
        assert_eq!(problems(json!({ "page": 9, "per_page": 100 })), 0);
        assert_eq!(problems(json!({ "page": 10, "per_page": 100 })), 1);
        assert_eq!(problems(json!({ "page": 20 })), 1);
        let unknown = KnownInput {
            value: json!({ "page": null }),
            unknown: vec!["/page".to_owned()],
        };
        assert!(check(&unknown).is_empty());
    }
}
