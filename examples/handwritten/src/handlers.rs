//! The two routes.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::json;

use crate::App;
use crate::auth0::{Auth0Error, NewUser, User, new_user_id};
use crate::input::{Plan, SignUp};
use crate::problem::Problem;

/// How long a whole request may take.
const TIME_LIMIT: Duration = Duration::from_secs(30);

#[derive(Serialize)]
pub(crate) struct SignedUp {
    user_id: String,
    plan: Plan,
}

#[derive(Serialize)]
pub(crate) struct Registered {
    user_id: String,
    email: Option<String>,
    created_at: Option<String>,
}

/// `POST /sign-up`: creates the user, and gives pro plans their quota. What `flows/sign-up.yaml` does.
pub(crate) async fn sign_up(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<(StatusCode, Json<SignedUp>), Problem> {
    let SignUp {
        email,
        password,
        plan,
    } = read(&headers, body)?;
    in_time(async {
        let user = create(&app, &email, &password).await?;
        if plan == Plan::Pro {
            let change = json!({ "app_metadata": { "plan": plan, "quota": 1000 } });
            app.auth0
                .update_user(&user.id, &change)
                .await
                .map_err(Problem::Upstream)?;
        }
        let user_id = user.id;
        Ok((StatusCode::CREATED, Json(SignedUp { user_id, plan })))
    })
    .await
}

/// `POST /register`: looks for the e-mail address, creates the user, reads it again and answers with it.
pub(crate) async fn register(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<(StatusCode, Json<Registered>), Problem> {
    let SignUp { email, password, .. } = read(&headers, body)?;
    in_time(async {
        let found = app.auth0.users_by_email(&email.to_lowercase()).await;
        if !found.map_err(Problem::Upstream)?.is_empty() {
            return Err(Problem::EmailTaken(email));
        }
        let user = create(&app, &email, &password).await?;
        let user = app.auth0.get_user(&user.id).await.map_err(Problem::Upstream)?;
        let registered = Registered {
            user_id: user.id,
            email: user.email,
            created_at: user.created_at,
        };
        Ok((StatusCode::CREATED, Json(registered)))
    })
    .await
}

/// `GET /metrics`: for Prometheus.
pub(crate) async fn metrics(State(app): State<Arc<App>>) -> Response {
    match app.telemetry.encode() {
        Ok(text) => (
            [(
                CONTENT_TYPE,
                "application/openmetrics-text; version=1.0.0; charset=utf-8",
            )],
            text,
        )
            .into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

pub(crate) async fn no_such_route() -> Problem {
    Problem::NoSuchRoute
}

async fn create(app: &App, email: &str, password: &str) -> Result<User, Problem> {
    let user = NewUser {
        connection: app.auth0.database(),
        email,
        password,
        user_id: new_user_id(),
    };
    app.auth0.create_user(&user).await.map_err(|error| match error {
        Auth0Error::UserExists => Problem::EmailTaken(email.to_owned()),
        Auth0Error::WeakPassword => Problem::WeakPassword,
        error => Problem::Upstream(error),
    })
}

fn read(headers: &HeaderMap, body: Result<Bytes, BytesRejection>) -> Result<SignUp, Problem> {
    let is_json = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .is_some_and(|media| media.trim().eq_ignore_ascii_case("application/json"));
    if !is_json {
        return Err(Problem::UnsupportedMediaType);
    }
    SignUp::parse(&body.map_err(|_| Problem::Unread)?)
}

async fn in_time<T>(work: impl Future<Output = Result<T, Problem>>) -> Result<T, Problem> {
    tokio::time::timeout(TIME_LIMIT, work)
        .await
        .unwrap_or(Err(Problem::Timeout))
}
