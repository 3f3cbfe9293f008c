//! `basic`: a name and a password (RFC 7617).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lockgate_engine::action::ActionError;
use lockgate_http::Request;

use super::{Caller, put_authorization};
use crate::read::Parameters;

/// `username`, and a `password` that may be empty: some providers take a key for the name, and no password.
#[derive(Debug)]
pub(crate) struct Basic {
    pub(crate) parameters: Parameters,
}

impl Basic {
    pub(super) fn authorize(&self, request: &mut Request, caller: Caller<'_>) -> Result<(), ActionError> {
        let username = self.parameters.required("username", caller)?;
        let password = self.parameters.optional("password", caller)?.unwrap_or_default();
        put_basic(request, &username, &password)
    }
}

/// `Authorization: Basic …`.
pub(super) fn put_basic(request: &mut Request, username: &str, password: &str) -> Result<(), ActionError> {
    // RFC 7617 §2: the first colon ends the name.
    if username.contains(':') {
        return Err(ActionError::new(
            "unauthorized",
            "a username of `basic` holds a colon, which it cannot",
        ));
    }
    let encoded = STANDARD.encode(format!("{username}:{password}"));
    request.secrets.push(encoded.clone());
    put_authorization(request, &format!("Basic {encoded}"))
}
