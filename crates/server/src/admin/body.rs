//! JSON bodies of requests to the admin port.
//!
//! The type must be named: a page of another origin can send text and forms without asking, JSON only after a preflight
//! (Fetch standard), which nothing here answers. An empty body is `{}`.

use axum::body::to_bytes;
use axum::extract::{FromRequest, Request};
use http::header::CONTENT_TYPE;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::body::MediaType;
use crate::problem::Problem;

/// What is started with an input may be as large as a body may be for a flow.
const LARGEST: usize = 2 * 1024 * 1024;

/// A body of at most so many bytes, read.
pub struct JsonBody<T, const MOST: usize = LARGEST>(pub T);

impl<S: Send + Sync, T: DeserializeOwned, const MOST: usize> FromRequest<S> for JsonBody<T, MOST> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Self, Problem> {
        let headers = request.headers();
        let is_json = MediaType::of(headers).is_ok_and(|media| media == MediaType::Json);
        if !headers.contains_key(CONTENT_TYPE) || !is_json {
            return Err(Problem::JsonNeeded);
        }
        let body = to_bytes(request.into_body(), MOST)
            .await
            .map_err(|_| Problem::BodyTooLarge { most: MOST })?;
        let text: &[u8] = if body.trim_ascii().is_empty() {
            b"{}"
        } else {
            &body
        };
        // An object first: serde would take an array for the fields in their order.
        serde_json::from_slice::<Map<String, Value>>(text)
            .and_then(|fields| T::deserialize(Value::Object(fields)))
            .map(Self)
            .map_err(|error| Problem::Malformed(format!("the body cannot be read: {error}")))
    }
}
