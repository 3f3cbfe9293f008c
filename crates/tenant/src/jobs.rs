//! Jobs: the verification email, and asking what became of a job. (Imports and exports are not emulated.)

use http::StatusCode;
use serde_json::{Value, json};

use crate::answer::Answer;
use crate::api_error::ApiError;
use crate::payload::{self, Format, Kind, Shape, property};
use crate::request::Authorized;
use crate::route::Operation;
use crate::state::State;
use crate::verification::{IDENTITY, verifiable};

const VERIFICATION_EMAIL: Shape = Shape {
    required: &["user_id"],
    properties: &[
        property(
            "user_id",
            Kind::Text(Format::UserId),
            "user_id of the user to send the verification email to.",
        ),
        property(
            "client_id",
            Kind::Text(Format::ClientId),
            "client_id of the client (application). If no value provided, the global Client ID will be used.",
        ),
        property(
            "identity",
            Kind::Object(&IDENTITY),
            "This must be provided to verify primary social, enterprise and passwordless email identities. Also, is \
             needed to verify secondary identities.",
        ),
        property(
            "organization_id",
            Kind::Text(Format::OrganizationId),
            "(Optional) Organization ID",
        ),
    ],
};

pub(crate) fn handle(state: &State, request: &Authorized<'_>) -> Result<Answer, ApiError> {
    match request.asked.operation {
        Operation::VerificationEmail => send_verification_email(state, request),
        Operation::GetJob => get(state, request),
        _ => Err(ApiError::not_found()),
    }
}

fn send_verification_email(state: &State, request: &Authorized<'_>) -> Result<Answer, ApiError> {
    request.require(&["update:users"])?;
    let body = payload::check(request.body()?, &VERIFICATION_EMAIL)?;
    let user = verifiable(state, &body)?;
    let now = state.clock.now();
    // Key order as recorded.
    let answer = json!({
        "type": "verification_email",
        "status": "pending",
        "created_at": now.rfc3339(),
        "id": format!("job_{}", state.identifiers.letters(16)),
    });
    let mut kept = answer.clone();
    if let Some(kept) = kept.as_object_mut() {
        kept.insert("status".to_owned(), "completed".into());
        kept.extend(body);
    }
    state.messages.job(kept);
    state.messages.verification_email(&user, "job", now);
    Ok(Answer::value(StatusCode::CREATED, &answer))
}

/// Whatever was asked for is done by the time that somebody asks again.
fn get(state: &State, request: &Authorized<'_>) -> Result<Answer, ApiError> {
    request.require(&["create:users", "read:users"])?;
    let id = request.parameter(0).unwrap_or_default();
    let jobs = state.messages.jobs();
    let job = jobs
        .iter()
        .find(|job| job.get("id").and_then(Value::as_str) == Some(&id))
        .ok_or_else(|| ApiError::new(StatusCode::NOT_FOUND, None, "The job does not exist"))?;
    let shown = json!({
        "type": job["type"], "status": job["status"], "created_at": job["created_at"], "id": job["id"],
    });
    Ok(Answer::value(StatusCode::OK, &shown))
}
