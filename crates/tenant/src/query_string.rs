//! The parameters of a query string, refused in the words of the server's validator.

use crate::api_error::ApiError;

/// The decoded pairs of a query string.
pub(crate) fn pairs(query: Option<&str>) -> Vec<(String, String)> {
    serde_urlencoded::from_str(query.unwrap_or_default()).unwrap_or_default()
}

/// Refuses parameters that an endpoint does not know.
pub(crate) fn only_known(pairs: &[(String, String)], known: &[&str]) -> Result<(), ApiError> {
    if pairs.iter().all(|(name, _)| known.contains(&name.as_str())) {
        return Ok(());
    }
    Err(ApiError::bad_request(
        "invalid_query_string",
        "Query validation error: Additional properties not allowed",
    ))
}

pub(crate) fn value<'a>(pairs: &'a [(String, String)], name: &str) -> Option<&'a str> {
    pairs
        .iter()
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.as_str())
}

/// A parameter that is true or false.
pub(crate) fn boolean(
    pairs: &[(String, String)],
    name: &str,
    described: &str,
) -> Result<Option<bool>, ApiError> {
    match value(pairs, name) {
        None => Ok(None),
        Some("true") => Ok(Some(true)),
        Some("false") => Ok(Some(false)),
        Some(_) => Err(ApiError::invalid_query(
            "Expected type boolean but found type string",
            Some((name, described)),
        )),
    }
}

/// A parameter that is a number from 0 to `max`.
pub(crate) fn integer(
    pairs: &[(String, String)],
    name: &str,
    described: &str,
    max: usize,
) -> Result<Option<usize>, ApiError> {
    let Some(text) = value(pairs, name) else {
        return Ok(None);
    };
    let refuse = |what: String| Err(ApiError::invalid_query(&what, Some((name, described))));
    match text
        .parse::<i64>()
        .map(|number| (number, usize::try_from(number)))
    {
        Err(_) => refuse("Expected type integer but found type string".into()),
        Ok((number, Err(_))) => refuse(format!("Value {number} is less than minimum 0")),
        Ok((number, Ok(size))) if size > max => {
            refuse(format!("Value {number} is greater than maximum {max}"))
        }
        Ok((_, Ok(size))) => Ok(Some(size)),
    }
}
