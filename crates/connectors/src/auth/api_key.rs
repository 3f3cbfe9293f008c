//! `api_key`: a key in a header or in the query.

use http::HeaderName;
use lockgate_engine::action::ActionError;
use lockgate_http::Request;

use super::{Caller, sensitive};
use crate::read::Parameters;

/// A `value`, and where it goes.
#[derive(Debug)]
pub(crate) struct ApiKey {
    pub(crate) place: KeyPlace,
    pub(crate) parameters: Parameters,
}

/// Where a key goes.
#[derive(Debug)]
pub(crate) enum KeyPlace {
    Header(HeaderName),
    Query(String),
}

impl ApiKey {
    pub(super) fn authorize(&self, request: &mut Request, caller: Caller<'_>) -> Result<(), ActionError> {
        let value = self.parameters.required("value", caller)?;
        request.secrets.push(value.clone());
        match &self.place {
            KeyPlace::Header(name) => {
                request.headers.insert(name.clone(), sensitive(&value)?);
            }
            KeyPlace::Query(name) => {
                request.url.query_pairs_mut().append_pair(name, &value);
            }
        }
        Ok(())
    }
}
