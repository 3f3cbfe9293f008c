//! Errors from answers that were not received by a connection: recorded ones, and those that a fuzzer makes up.

use lockgate_engine::action::{Action as _, ActionError};
use reqwest::StatusCode;
use reqwest::header::HeaderMap;

use crate::actions::GetUser;
use crate::error::{self, Subject};
use crate::redact::Redactor;
use crate::transport::Answer;

/// What `auth0.get_user` fails with when Auth0 answers this. A status outside 100 to 999 counts as 502.
pub fn error_of_answer(status: u16, body: &[u8]) -> ActionError {
    let action = GetUser;
    let subject = Subject {
        spec: action.spec(),
        connection: "auth0",
        client_id: "client",
        needs: &[],
    };
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
    let answer = Answer {
        status,
        headers: HeaderMap::new(),
        body: body.to_vec(),
    };
    error::refused(subject, &Redactor::default(), &answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_that_is_no_json_is_an_error_with_a_code() {
        for (status, body, code) in [
            (
                404,
                r#"{"statusCode":404,"errorCode":"inexistent_user","message":"The user does not exist."}"#,
                "user_not_found",
            ),
            (502, "<html>Bad Gateway</html>", "unavailable"),
            (503, "{\"mess", "unavailable"),
        ] {
            assert_eq!(
                error_of_answer(status, body.as_bytes()).code,
                code,
                "{status} {body}"
            );
        }
    }
}
