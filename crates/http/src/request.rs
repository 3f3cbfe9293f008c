//! A request that can be sent: what comes before it has nothing left to go wrong with until the socket.

use std::ops::RangeInclusive;
use std::time::Duration;

use bytes::Bytes;
use reqwest::Method;
use reqwest::header::HeaderMap;
use serde_json::Value;
use url::Url;

/// A request that can be sent.
pub struct Request {
    /// The method.
    pub method: Method,
    /// Where to; see [`check_url`].
    pub url: Url,
    /// Headers, credentials included.
    pub headers: HeaderMap,
    /// A body. Its `content-type` is among the headers.
    pub body: Option<Bytes>,
    /// How long all of it may take, redirects included.
    pub timeout: Duration,
    /// The statuses that are no failure.
    pub accept: Vec<StatusRange>,
    /// Whether redirects are followed (at most five).
    pub follow_redirects: bool,
    /// Several of the same have the effect of one: by its method, or because its author says so.
    pub is_repeatable: bool,
    /// What must not be quoted from an answer.
    pub secrets: Vec<String>,
}

impl Request {
    /// Whether a status is none of a failure.
    pub fn accepts(&self, status: u16) -> bool {
        self.accept.iter().any(|range| range.0.contains(&status))
    }

    /// The text without what must not be quoted.
    pub fn redact(&self, text: &str) -> String {
        self.secrets
            .iter()
            .fold(text.to_owned(), |text, secret| text.replace(secret, "••••"))
    }
}

/// A URL that may be asked at all, whatever its address.
///
/// # Errors
/// It is none of HTTP, or holds credentials.
pub fn check_url(url: &Url) -> Result<(), String> {
    if !matches!(url.scheme(), "http" | "https") {
        return Err(format!("`{}:` is not HTTP", url.scheme()));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("the URL holds credentials; `basic` is for them".to_owned());
    }
    Ok(())
}

/// Whether a header belongs to the connection, or is made from the request itself: nobody who writes requests may set it.
pub fn is_reserved(header: &str) -> bool {
    const RESERVED: [&str; 9] = [
        "host",
        "content-length",
        "transfer-encoding",
        "connection",
        "keep-alive",
        "te",
        "trailer",
        "upgrade",
        "proxy-authorization",
    ];
    RESERVED
        .iter()
        .any(|reserved| header.eq_ignore_ascii_case(reserved))
}

/// RFC 9110 §9.2.1: changes nothing.
pub fn is_safe(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

/// RFC 9110 §9.2.2: several of the same have the effect of one.
pub fn is_idempotent(method: &Method) -> bool {
    matches!(
        *method,
        Method::GET | Method::HEAD | Method::OPTIONS | Method::PUT | Method::DELETE
    )
}

/// Statuses from one to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusRange(pub RangeInclusive<u16>);

impl StatusRange {
    /// Reads `404`, `"404"`, `"4xx"`, `"200-204"`.
    ///
    /// # Errors
    /// It is no status, and no range of statuses.
    pub fn parse(value: &Value) -> Result<Self, String> {
        let number = |number: u64| {
            u16::try_from(number)
                .ok()
                .filter(|number| (100..600).contains(number))
        };
        let text = |text: &str| -> Option<RangeInclusive<u16>> {
            let status = |text: &str| number(text.trim().parse().ok()?);
            if let Some(class) = text.strip_suffix("xx").or_else(|| text.strip_suffix("XX")) {
                let first = status(&format!("{class}00"))?;
                return Some(first..=first + 99);
            }
            if let Some((from, to)) = text.split_once('-') {
                let (from, to) = (status(from)?, status(to)?);
                return (from <= to).then_some(from..=to);
            }
            status(text).map(|status| status..=status)
        };
        let range = match value {
            Value::Number(value) => value.as_u64().and_then(number).map(|status| status..=status),
            Value::String(value) => text(value.trim()),
            _ => None,
        };
        range.map(Self).ok_or_else(|| match value {
            Value::String(text) => format!("`{text}` is no status"),
            other => format!("`{other}` is no status"),
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn statuses() {
        for (value, expected) in [
            (json!(404), Some(404..=404)),
            (json!("404"), Some(404..=404)),
            (json!("2xx"), Some(200..=299)),
            (json!("5XX"), Some(500..=599)),
            (json!("200-204"), Some(200..=204)),
            (json!(99), None),
            (json!("6xx"), None),
            (json!("204-200"), None),
            (json!("xx"), None),
            (json!(20.5), None),
            (json!(null), None),
        ] {
            assert_eq!(
                StatusRange::parse(&value).ok(),
                expected.map(StatusRange),
                "{value}"
            );
        }
    }
}
