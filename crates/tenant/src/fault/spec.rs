//! The description of a fault, and its small syntax.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use http::StatusCode;

/// Something that goes wrong with some requests.
///
/// Written as `KIND` or `KIND:OPTION,OPTION…`:
///
/// | kind | what happens |
/// |---|---|
/// | `429`, `500`, `503`, … | the request is refused with this status (400 to 599) and the API's own error body; nothing is written |
/// | `delay=200ms` | the answer comes later by `ms`, `s` or `m`; other faults still apply |
/// | `truncate` | the request is carried out; the answer's body is cut in half and the connection closed |
/// | `html`, `html=503` | a gateway's HTML page, status 502 unless given; nothing is written |
/// | `reset` | the connection is reset (TCP RST) before anything is done |
/// | `lost-answer` | the request is carried out, then the connection is closed without an answer |
///
/// | option | which requests |
/// |---|---|
/// | `once`, `count=3` | at most so many |
/// | `every=3` | each third one that fits |
/// | `after=2` | not the first two that fit |
/// | `p=0.1` | by chance; the same random seed strikes the same requests |
/// | `method=POST` | with this method |
/// | `path=/api/v2/users` | with this path; `*` stands for any characters, so that `/api/v2/*` is the Management API |
/// | `retry-after=2` | (statuses only) sends `Retry-After` with so many seconds |
///
/// ```
/// use lockgate_tenant::Fault;
///
/// let fault: Fault = "429:every=3,path=/api/v2/*".parse()?;
/// assert_eq!(fault, Fault::status(429).every(3).path("/api/v2/*"));
/// # Ok::<(), lockgate_tenant::FaultParseError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Fault {
    pub(crate) kind: FaultKind,
    pub(crate) method: Option<String>,
    pub(crate) path: Option<String>,
    pub(crate) every: Option<u64>,
    pub(crate) after: u64,
    pub(crate) count: Option<u64>,
    pub(crate) probability: Option<f64>,
    pub(crate) retry_after: Option<u64>,
}

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultKind {
    /// An error answer with this status.
    Status(StatusCode),
    /// The answer comes later.
    Delay(Duration),
    /// The answer's body stops half-way.
    Truncate,
    /// A gateway's HTML page with this status.
    Html(StatusCode),
    /// The connection is reset before anything is done.
    Reset,
    /// The request is carried out, the answer never sent.
    LostAnswer,
}

/// A fault is not written as [`Fault`] says.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FaultParseError {
    /// The part before the colon names no fault.
    #[error(
        "unknown fault {0:?}: expected a status (400 to 599), delay=…, truncate, html, reset or lost-answer"
    )]
    Kind(String),
    /// An option is not known, or not for this kind.
    #[error(
        "unknown option {0:?}: expected once, count=…, every=…, after=…, p=…, method=…, path=… or, for a status, retry-after=…"
    )]
    Option(String),
    /// An option's value is not of its type.
    #[error("reading {option}: {value:?} is not {expected}")]
    Value {
        /// The option.
        option: String,
        /// What was written.
        value: String,
        /// What it should be.
        expected: &'static str,
    },
}

impl Fault {
    /// An error answer. A status outside 400 to 599 is taken as 500.
    pub fn status(status: u16) -> Self {
        let status = StatusCode::from_u16(status)
            .ok()
            .filter(|status| status.is_client_error() || status.is_server_error());
        Self::of(FaultKind::Status(
            status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
        ))
    }

    /// A late answer.
    pub fn delay(by: Duration) -> Self {
        Self::of(FaultKind::Delay(by))
    }

    /// A body that stops half-way.
    pub fn truncate() -> Self {
        Self::of(FaultKind::Truncate)
    }

    /// A gateway's HTML page, status 502.
    pub fn html() -> Self {
        Self::of(FaultKind::Html(StatusCode::BAD_GATEWAY))
    }

    /// A connection that is reset before anything is done.
    pub fn reset() -> Self {
        Self::of(FaultKind::Reset)
    }

    /// A request that is carried out and never answered.
    pub fn lost_answer() -> Self {
        Self::of(FaultKind::LostAnswer)
    }

    /// Strikes at most `count` times.
    #[must_use]
    pub fn count(mut self, count: u64) -> Self {
        self.count = Some(count);
        self
    }

    /// Strikes at most once.
    #[must_use]
    pub fn once(self) -> Self {
        self.count(1)
    }

    /// Strikes each `n`th fitting request only. 0 counts as 1.
    #[must_use]
    pub fn every(mut self, n: u64) -> Self {
        self.every = Some(n.max(1));
        self
    }

    /// Spares the first `n` fitting requests.
    #[must_use]
    pub fn after(mut self, n: u64) -> Self {
        self.after = n;
        self
    }

    /// Strikes by chance, between 0 (never) and 1 (always).
    #[must_use]
    pub fn probability(mut self, p: f64) -> Self {
        self.probability = Some(p.clamp(0.0, 1.0));
        self
    }

    /// Strikes requests with this method only.
    #[must_use]
    pub fn method(mut self, method: impl Into<String>) -> Self {
        self.method = Some(method.into().to_uppercase());
        self
    }

    /// Strikes requests with this path only; `*` stands for any characters.
    #[must_use]
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.path = Some(path.into());
        self
    }

    /// Sends `Retry-After` with a status, in seconds.
    #[must_use]
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// What goes wrong.
    pub fn kind(&self) -> FaultKind {
        self.kind
    }

    fn of(kind: FaultKind) -> Self {
        Self {
            kind,
            method: None,
            path: None,
            every: None,
            after: 0,
            count: None,
            probability: None,
            retry_after: None,
        }
    }
}

impl FromStr for Fault {
    type Err = FaultParseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (kind, options) = text
            .trim()
            .split_once(':')
            .map_or((text.trim(), None), |(kind, rest)| (kind, Some(rest)));
        let mut fault = Self::of(parse_kind(kind)?);
        for option in options.into_iter().flat_map(|options| options.split(',')) {
            let unknown = || FaultParseError::Option(option.to_owned());
            let (name, value) = option.split_once('=').unwrap_or((option, ""));
            let number = |expected: &'static str, least: u64| match value.parse::<u64>() {
                Ok(number) if number >= least => Ok(number),
                _ => Err(wrong(name, value, expected)),
            };
            fault = match name {
                "once" if value.is_empty() => fault.once(),
                "count" => fault.count(number("a number", 0)?),
                "every" => fault.every(number("a number from 1", 1)?),
                "after" => fault.after(number("a number", 0)?),
                "p" => match value.parse::<f64>() {
                    Ok(p) if (0.0..=1.0).contains(&p) => fault.probability(p),
                    _ => return Err(wrong(name, value, "a number from 0 to 1")),
                },
                "method" if !value.is_empty() => fault.method(value),
                "path" if value.starts_with(['/', '*']) => fault.path(value),
                "path" => return Err(wrong(name, value, "a path")),
                "retry-after" if matches!(fault.kind, FaultKind::Status(_)) => {
                    fault.retry_after(number("a number of seconds", 0)?)
                }
                _ => return Err(unknown()),
            };
        }
        Ok(fault)
    }
}

fn parse_kind(text: &str) -> Result<FaultKind, FaultParseError> {
    let (name, value) = text
        .split_once('=')
        .map_or((text, None), |(name, value)| (name, Some(value)));
    let status = |text: &str| {
        let status: StatusCode = text.parse().ok()?;
        (status.is_client_error() || status.is_server_error()).then_some(status)
    };
    match (name, value) {
        ("truncate", None) => Ok(FaultKind::Truncate),
        ("reset", None) => Ok(FaultKind::Reset),
        ("lost-answer", None) => Ok(FaultKind::LostAnswer),
        ("html", None) => Ok(FaultKind::Html(StatusCode::BAD_GATEWAY)),
        ("html", Some(value)) => status(value)
            .map(FaultKind::Html)
            .ok_or_else(|| wrong(name, value, "a status from 400 to 599")),
        ("delay", Some(value)) => duration(value)
            .map(FaultKind::Delay)
            .ok_or_else(|| wrong(name, value, "a duration such as 200ms")),
        (name, None) => status(name)
            .map(FaultKind::Status)
            .ok_or_else(|| FaultParseError::Kind(text.to_owned())),
        _ => Err(FaultParseError::Kind(text.to_owned())),
    }
}

fn wrong(option: &str, value: &str, expected: &'static str) -> FaultParseError {
    FaultParseError::Value {
        option: option.to_owned(),
        value: value.to_owned(),
        expected,
    }
}

fn duration(text: &str) -> Option<Duration> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().ok()?;
    match unit {
        "ms" => Some(Duration::from_millis(number)),
        "s" => Some(Duration::from_secs(number)),
        "m" => Some(Duration::from_secs(number.checked_mul(60)?)),
        _ => None,
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            FaultKind::Status(status) => write!(f, "{}", status.as_u16())?,
            FaultKind::Delay(by) => write!(f, "delay={}ms", by.as_millis())?,
            FaultKind::Truncate => f.write_str("truncate")?,
            FaultKind::Html(status) => write!(f, "html={}", status.as_u16())?,
            FaultKind::Reset => f.write_str("reset")?,
            FaultKind::LostAnswer => f.write_str("lost-answer")?,
        }
        let options = [
            self.count.map(|n| format!("count={n}")),
            self.every.map(|n| format!("every={n}")),
            (self.after > 0).then(|| format!("after={}", self.after)),
            self.probability.map(|p| format!("p={p}")),
            self.method.as_ref().map(|method| format!("method={method}")),
            self.path.as_ref().map(|path| format!("path={path}")),
            self.retry_after.map(|n| format!("retry-after={n}")),
        ];
        for (index, option) in options.iter().flatten().enumerate() {
            write!(f, "{}{option}", if index == 0 { ':' } else { ',' })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_written_again() {
        for (text, fault) in [
            ("429", Fault::status(429)),
            ("429:every=3", Fault::status(429).every(3)),
            ("500:once", Fault::status(500).once()),
            (
                "503:count=2,retry-after=7",
                Fault::status(503).count(2).retry_after(7),
            ),
            ("delay=200ms", Fault::delay(Duration::from_millis(200))),
            (
                "delay=2s:p=0.25",
                Fault::delay(Duration::from_secs(2)).probability(0.25),
            ),
            ("delay=1m", Fault::delay(Duration::from_mins(1))),
            ("truncate", Fault::truncate()),
            ("html", Fault::html()),
            (
                "html=503:once",
                Fault::of(FaultKind::Html(StatusCode::SERVICE_UNAVAILABLE)).once(),
            ),
            ("reset:method=post", Fault::reset().method("POST")),
            (
                "lost-answer:path=/api/v2/*,after=1",
                Fault::lost_answer().path("/api/v2/*").after(1),
            ),
        ] {
            assert_eq!(text.parse(), Ok(fault.clone()), "{text}");
            assert_eq!(fault.to_string().parse(), Ok(fault), "{text}");
        }
    }

    #[test]
    fn mistakes_say_what_is_expected() {
        for (text, expect) in [
            (
                "",
                "unknown fault \"\": expected a status (400 to 599), delay=…, truncate, html, reset or lost-answer",
            ),
            (
                "200",
                "unknown fault \"200\": expected a status (400 to 599), delay=…, truncate, html, reset or lost-answer",
            ),
            (
                "delay=200",
                "reading delay: \"200\" is not a duration such as 200ms",
            ),
            (
                "html=200",
                "reading html: \"200\" is not a status from 400 to 599",
            ),
            ("500:every=0", "reading every: \"0\" is not a number from 1"),
            ("500:p=2", "reading p: \"2\" is not a number from 0 to 1"),
            ("500:path=users", "reading path: \"users\" is not a path"),
            (
                "reset:retry-after=1",
                "unknown option \"retry-after=1\": expected once, count=…, every=…, after=…, p=…, method=…, path=… or, for a status, retry-after=…",
            ),
            (
                "500:",
                "unknown option \"\": expected once, count=…, every=…, after=…, p=…, method=…, path=… or, for a status, retry-after=…",
            ),
        ] {
            assert_eq!(text.parse::<Fault>().unwrap_err().to_string(), expect, "{text}");
        }
    }
}
