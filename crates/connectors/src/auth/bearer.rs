//! `bearer`: a token that the settings hold (RFC 6750 §2.1).

use lockgate_engine::action::ActionError;
use lockgate_http::Request;

use super::{Caller, put_bearer};
use crate::read::Parameters;

/// A token of the settings.
#[derive(Debug)]
pub(crate) struct Bearer {
    pub(crate) token: Parameters,
}

impl Bearer {
    pub(super) fn authorize(&self, request: &mut Request, caller: Caller<'_>) -> Result<(), ActionError> {
        put_bearer(request, &self.token.required("token", caller)?)
    }
}
