//! Tickets: URLs with which a person changes a password or verifies an address. They are given out and remembered;
//! the pages behind them are not emulated.

use http::StatusCode;
use serde_json::{Map, Value, json};

use crate::answer::Answer;
use crate::api_error::ApiError;
use crate::lock::read;
use crate::payload::{self, Format, Kind, Property, Shape, property};
use crate::request::Authorized;
use crate::route::Operation;
use crate::state::State;
use crate::users::{Strategy, User};
use crate::verification::{self, IDENTITY};

/// How long a ticket is good unless it is said (or said to be 0), in seconds: five days.
const LIFETIME: u64 = 432_000;

const RESULT_URL: Property = property(
    "result_url",
    Kind::Text(Format::Url),
    "URL the user will be redirected to in the classic Universal Login experience once the ticket is used. Cannot be \
     specified when using client_id or organization_id.",
);
const USER_ID: Property = property(
    "user_id",
    Kind::Text(Format::UserId),
    "user_id of for whom the ticket should be created.",
);
const CLIENT_ID: Property = property(
    "client_id",
    Kind::Text(Format::ClientId),
    "ID of the client (application).",
);
const ORGANIZATION_ID: Property = property(
    "organization_id",
    Kind::Text(Format::OrganizationId),
    "(Optional) Organization ID",
);
const TTL: Property = property(
    "ttl_sec",
    Kind::Number,
    "Number of seconds for which the ticket is valid before expiration. If unspecified or set to 0, this value \
     defaults to 432000 seconds (5 days).",
);
const EMAIL_IN_REDIRECT: Property = property(
    "includeEmailInRedirect",
    Kind::Bool,
    "Whether to include the email address as part of the returnUrl in the reset_email (true), or not (false).",
);

const PASSWORD_CHANGE: Shape = Shape {
    required: &[],
    properties: &[
        RESULT_URL,
        USER_ID,
        CLIENT_ID,
        ORGANIZATION_ID,
        TTL,
        EMAIL_IN_REDIRECT,
        property(
            "connection_id",
            Kind::Text(Format::ConnectionId),
            "ID of the connection. If provided, allows the user to be specified using email instead of user_id. If you \
             set this value, you must also send the email parameter. You cannot send user_id when specifying a \
             connection_id.",
        ),
        property(
            "email",
            Kind::Text(Format::Email),
            "Email address of the user for whom the tickets should be created. Requires the connection_id parameter. \
             Cannot be specified when using user_id.",
        ),
        property(
            "mark_email_as_verified",
            Kind::Bool,
            "Whether to set the email_verified attribute to true (true) or whether it should not be updated (false).",
        ),
        property("identity", Kind::Object(&IDENTITY), "The user's identity."),
    ],
};

const EMAIL_VERIFICATION: Shape = Shape {
    required: &["user_id"],
    properties: &[
        RESULT_URL,
        USER_ID,
        CLIENT_ID,
        ORGANIZATION_ID,
        TTL,
        EMAIL_IN_REDIRECT,
        property(
            "identity",
            Kind::Object(&IDENTITY),
            "This must be provided to verify primary social, enterprise and passwordless email identities. Also, is \
             needed to verify secondary identities.",
        ),
    ],
};

pub(crate) fn handle(state: &State, request: &Authorized<'_>) -> Result<Answer, ApiError> {
    request.require(&["create:user_tickets"])?;
    match request.asked.operation {
        Operation::PasswordTicket => {
            let body = payload::check(request.body()?, &PASSWORD_CHANGE)?;
            let user = whose_password(state, &body)?;
            Ok(give(state, body, &user, "password_change", "reset-password"))
        }
        Operation::VerificationTicket => {
            let body = payload::check(request.body()?, &EMAIL_VERIFICATION)?;
            let user = verification::verifiable(state, &body)?;
            Ok(give(
                state,
                body,
                &user,
                "email_verification",
                "email-verification",
            ))
        }
        _ => Err(ApiError::not_found()),
    }
}

/// The user by id, or by email and connection: one of the two.
fn whose_password(state: &State, body: &Map<String, Value>) -> Result<std::sync::Arc<User>, ApiError> {
    let text = |name: &str| body.get(name).and_then(Value::as_str);
    let user = match (text("user_id"), text("connection_id"), text("email")) {
        (Some(id), None, None) => verification::user(state, id)?,
        (None, Some(connection_id), Some(email)) => {
            let connection = state
                .connections
                .iter()
                .find(|connection| connection.id() == connection_id)
                .ok_or_else(|| {
                    ApiError::refused(format!("The connection with id {connection_id} does not exist."))
                })?;
            read(&state.users)
                .with_email(&email.to_lowercase())
                .into_iter()
                .find(|user| user.has_connection(&connection.name))
                .ok_or_else(ApiError::no_such_user)?
        }
        // The document says what must not stand together; no recording shows the answer.
        _ => {
            return Err(ApiError::bad_request(
                "invalid_body",
                "Payload validation error: 'None of the valid schemas were met'. Inner errors: [ Payload validation \
                 error: 'Missing required property: user_id'. (also) Payload validation error: 'Missing required \
                 property: connection_id'. ].",
            ));
        }
    };
    verification::email(&user)?;
    if state.connection_of(&user).strategy != Strategy::Database {
        return Err(ApiError::refused(
            "The user's main connection does not support this operation.",
        ));
    }
    Ok(user)
}

fn give(state: &State, mut body: Map<String, Value>, user: &User, kind: &str, page: &str) -> Answer {
    let now = state.clock.now();
    let lifetime = body
        .get("ttl_sec")
        .and_then(Value::as_u64)
        .filter(|seconds| *seconds > 0)
        .unwrap_or(LIFETIME);
    let expires = now.plus(
        i64::try_from(lifetime)
            .unwrap_or(i64::MAX / 1000)
            .saturating_mul(1000),
    );
    let url = format!("{}/u/{page}?ticket={}#", state.url, state.identifiers.letters(32));
    for (name, value) in [
        ("type", Value::from(kind)),
        ("ticket", url.as_str().into()),
        ("user_id", user.id().into()),
        ("email", user.text("email").into()),
        ("created_at", now.rfc3339().into()),
        ("expires_at", expires.rfc3339().into()),
    ] {
        body.insert(name.to_owned(), value);
    }
    state.messages.ticket(body.into());
    Answer::value(StatusCode::CREATED, &json!({ "ticket": url }))
}
