//! A request that has been read whole, as the endpoints see it.

use bytes::Bytes;
use http::{HeaderMap, StatusCode, header};
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

use crate::api_error::ApiError;
use crate::route::{Operation, Parameters};
use crate::token::Access;

#[derive(Debug)]
pub(crate) struct ApiRequest<'a> {
    pub(crate) operation: Operation,
    /// The path parameters, percent-encoded.
    pub(crate) parameters: Parameters<'a>,
    pub(crate) query: Option<&'a str>,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) body: Bytes,
    /// Bytes of path and query.
    pub(crate) target_length: usize,
}

/// A request to the Management API, and what its token allows.
#[derive(Debug)]
pub(crate) struct Authorized<'a> {
    pub(crate) asked: &'a ApiRequest<'a>,
    pub(crate) access: &'a Access,
}

impl Authorized<'_> {
    pub(crate) fn require(&self, any_of: &[&str]) -> Result<(), ApiError> {
        if any_of.iter().any(|scope| self.access.has(scope)) {
            Ok(())
        } else {
            Err(ApiError::insufficient_scope(any_of))
        }
    }

    /// A token with nothing but `…:current_user…` scopes may act on its own subject only.
    pub(crate) fn require_own(&self, id: &str, for_all: &[&str]) -> Result<(), ApiError> {
        if self.access.subject == id || for_all.iter().any(|scope| self.access.has(scope)) {
            Ok(())
        } else {
            Err(ApiError::unowned_resource())
        }
    }

    /// The path parameter with this place, decoded.
    pub(crate) fn parameter(&self, place: usize) -> Option<String> {
        let decoded = percent_decode_str(self.asked.parameters[place]).decode_utf8();
        decoded.ok().map(std::borrow::Cow::into_owned)
    }

    /// The path's user id. `described`: what the document says of the parameter.
    pub(crate) fn user_id(&self, described: &str) -> Result<String, ApiError> {
        let id = self.parameter(0);
        let refuse = |id: &str| {
            let what = format!("Object didn't pass validation for format user-id: {id}");
            ApiError::invalid_uri(&what, Some(("id", described)))
        };
        match id {
            Some(id) if is_user_id(&id) => Ok(id),
            Some(id) => Err(refuse(&id)),
            None => Err(refuse(self.asked.parameters[0])),
        }
    }

    /// The body, JSON or form; null where there is none.
    pub(crate) fn body(&self) -> Result<Value, ApiError> {
        let content_type = self
            .asked
            .headers
            .get(header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok());
        let essence = content_type
            .unwrap_or("application/json")
            .split(';')
            .next()
            .unwrap_or_default()
            .trim();
        Ok(match essence {
            _ if self.asked.body.is_empty() => Value::Null,
            "application/json" => serde_json::from_slice(&self.asked.body)
                .map_err(|_| ApiError::refused("Invalid request payload JSON format"))?,
            "application/x-www-form-urlencoded" => {
                let pairs: Vec<(String, String)> =
                    serde_urlencoded::from_bytes(&self.asked.body).unwrap_or_default();
                pairs
                    .into_iter()
                    .map(|(name, value)| (name, Value::from(value)))
                    .collect::<Map<_, _>>()
                    .into()
            }
            _ => {
                return Err(ApiError::new(
                    StatusCode::UNSUPPORTED_MEDIA_TYPE,
                    None,
                    "Unsupported Media Type",
                ));
            }
        })
    }
}

/// Provider, `|`, and the provider's own id.
pub(crate) fn is_user_id(id: &str) -> bool {
    matches!(id.split_once('|'), Some((provider, local)) if !provider.is_empty() && !local.is_empty())
}
