//! `Prefer: respond-async` (RFC 7240, section 4.1): the caller does not want to wait for the run's answer.

use http::{HeaderMap, HeaderName, HeaderValue};

const PREFER: HeaderName = HeaderName::from_static("prefer");

/// Says that it was followed (RFC 7240, section 3).
pub(crate) const PREFERENCE_APPLIED: HeaderName = HeaderName::from_static("preference-applied");
pub(crate) const RESPOND_ASYNC: HeaderValue = HeaderValue::from_static("respond-async");

/// Whether a request says so. Preferences are separated by commas, and have values and parameters; names are the same in any
/// case (RFC 7240, section 2). What cannot be read is no preference, as is one with a value: a preference is not an order.
pub(crate) fn responds_async(headers: &HeaderMap) -> bool {
    headers.get_all(PREFER).iter().any(|line| {
        let mut preferences = line.as_bytes().split(|byte| *byte == b',');
        preferences.any(|preference| {
            let name = preference.split(|byte| *byte == b';').next().unwrap_or_default();
            name.trim_ascii().eq_ignore_ascii_case(b"respond-async")
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_preference_is_one_of_many() {
        let check = |expected, lines: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(PREFER, HeaderValue::from_static(line));
            }
            assert_eq!(responds_async(&headers), expected, "{lines:?}");
        };
        check(true, &["respond-async"]);
        check(true, &["return=minimal, Respond-Async; x=1, wait=10"]);
        check(true, &["wait=10", "respond-async"]);
        check(false, &[]);
        check(false, &["respond-asynchronously", "return=respond-async", ""]);
    }
}
