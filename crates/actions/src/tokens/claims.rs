//! What is asked of the claims of a token whose signature holds (RFC 7519 §4.1).

use std::time::Duration;

use jiff::Timestamp;
use lockgate_flow::duration::parse_duration;
use serde_json::{Map, Value};

use super::cause::{Cause, Refusal};

/// Clocks that are further apart are wrong, and a longer tolerance would be a longer life.
pub(super) const MOST_TOLERANCE: Duration = Duration::from_mins(10);

/// What a step asks of a token.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Expected {
    /// Any of these has issued it; anybody, where there is none.
    pub(super) issuers: Vec<String>,
    /// It is meant for one of these; for anybody, where there is none.
    pub(super) audiences: Vec<String>,
    pub(super) subject: Option<String>,
    pub(super) required: Vec<String>,
    pub(super) tolerance: Duration,
}

impl Expected {
    /// Looks at the claims: first at the times, then at who and for whom.
    pub(super) fn check(&self, claims: &Map<String, Value>, now: Timestamp) -> Result<(), Refusal> {
        let tolerance = self.tolerance.as_secs_f64();
        let now = seconds(now);
        let (expires, begins) = (date(claims, "exp")?, date(claims, "nbf")?);
        date(claims, "iat")?;
        if let Some(expires) = expires
            && now >= expires + tolerance
        {
            return Err(Refusal::new(Cause::TokenExpired, "its `exp` is past"));
        }
        if let Some(begins) = begins
            && now < begins - tolerance
        {
            return Err(Refusal::new(Cause::TokenNotActive, "its `nbf` is in the future"));
        }
        let (issuer, subject) = (text(claims, "iss")?, text(claims, "sub")?);
        if !self.issuers.is_empty()
            && !issuer.is_some_and(|issuer| self.issuers.iter().any(|known| known == issuer))
        {
            return Err(Refusal::new(Cause::InvalidIssuer, told(issuer, "iss")));
        }
        let audiences = audiences(claims)?;
        if !self.audiences.is_empty()
            && !audiences
                .iter()
                .any(|one| self.audiences.iter().any(|known| known == one))
        {
            let named = audiences.first().copied();
            return Err(Refusal::new(Cause::InvalidAudience, told(named, "aud")));
        }
        if let Some(expected) = &self.subject
            && subject != Some(expected)
        {
            return Err(Refusal::new(Cause::InvalidSubject, told(subject, "sub")));
        }
        match self
            .required
            .iter()
            .find(|name| claims.get(*name).is_none_or(Value::is_null))
        {
            Some(name) => Err(Refusal::new(Cause::MissingClaim, format!("it has no `{name}`"))),
            None => Ok(()),
        }
    }
}

fn told(found: Option<&str>, claim: &str) -> String {
    match found {
        Some(_) => format!("its `{claim}` is another"),
        None => format!("it has no `{claim}`"),
    }
}

/// Unix time with its fraction. A `f64` has room for microseconds for some centuries yet.
#[expect(clippy::cast_precision_loss, reason = "milliseconds of this era fit")]
fn seconds(time: Timestamp) -> f64 {
    time.as_millisecond() as f64 / 1000.0
}

fn malformed(claim: &str, expected: &str) -> Refusal {
    Refusal::new(Cause::Malformed, format!("its `{claim}` is no {expected}"))
}

/// A NumericDate (RFC 7519 §2): a number, with a fraction or without.
fn date(claims: &Map<String, Value>, name: &str) -> Result<Option<f64>, Refusal> {
    match claims.get(name) {
        None => Ok(None),
        Some(value) => value.as_f64().map(Some).ok_or_else(|| malformed(name, "number")),
    }
}

fn text<'a>(claims: &'a Map<String, Value>, name: &str) -> Result<Option<&'a str>, Refusal> {
    match claims.get(name) {
        None => Ok(None),
        Some(value) => value.as_str().map(Some).ok_or_else(|| malformed(name, "text")),
    }
}

/// One text or several (RFC 7519 §4.1.3).
fn audiences(claims: &Map<String, Value>) -> Result<Vec<&str>, Refusal> {
    let refused = || malformed("aud", "text and no list of texts");
    match claims.get("aud") {
        None => Ok(Vec::new()),
        Some(Value::String(one)) => Ok(vec![one]),
        Some(Value::Array(several)) => several
            .iter()
            .map(|one| one.as_str().ok_or_else(refused))
            .collect(),
        Some(_) => Err(refused()),
    }
}

/// An argument that is one text or several.
pub(super) fn one_or_more(value: Option<&Value>) -> Vec<String> {
    match value {
        Some(Value::String(one)) => vec![one.clone()],
        Some(Value::Array(several)) => several
            .iter()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect(),
        _ => Vec::new(),
    }
}

/// An argument that is a duration: `15s`, or a number of seconds.
///
/// # Errors
/// What is wrong with it.
pub(super) fn duration(value: &Value) -> Result<Duration, String> {
    match value {
        Value::String(text) => parse_duration(text).map_err(|error| error.to_string()),
        value => value
            .as_u64()
            .map(Duration::from_secs)
            .filter(|duration| *duration <= lockgate_flow::duration::MAX_DURATION)
            .ok_or_else(|| format!("`{value}` is no number of seconds")),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    const NOW: i64 = 1_000_000;

    fn expected() -> Expected {
        Expected::default()
    }

    #[track_caller]
    fn check(expected: &Expected, claims: &Value, cause: Option<Cause>) {
        let now = Timestamp::from_second(NOW).unwrap();
        let found = expected
            .check(claims.as_object().unwrap(), now)
            .map_err(|refusal| refusal.cause);
        assert_eq!(found.err(), cause, "{claims}");
    }

    #[test]
    fn times() {
        for (claims, tolerance, cause) in [
            (json!({}), 0, None),
            (json!({ "exp": NOW + 1 }), 0, None),
            (json!({ "exp": NOW }), 0, Some(Cause::TokenExpired)),
            (json!({ "exp": 999_999.5 }), 0, Some(Cause::TokenExpired)),
            (json!({ "exp": 1_000_000.5 }), 0, None),
            (json!({ "exp": NOW }), 1, None),
            (json!({ "exp": NOW - 1 }), 1, Some(Cause::TokenExpired)),
            (json!({ "exp": -5 }), 0, Some(Cause::TokenExpired)),
            (json!({ "exp": u64::MAX }), 0, None),
            (json!({ "exp": 1e300 }), 0, None),
            (json!({ "nbf": NOW }), 0, None),
            (json!({ "nbf": NOW + 1 }), 0, Some(Cause::TokenNotActive)),
            (json!({ "nbf": NOW + 1 }), 1, None),
            (json!({ "nbf": NOW + 2 }), 1, Some(Cause::TokenNotActive)),
            // When it was issued says nothing of whether it is valid.
            (json!({ "iat": NOW + 100 }), 0, None),
            (json!({ "exp": (NOW + 1).to_string() }), 0, Some(Cause::Malformed)),
            (json!({ "exp": null }), 0, Some(Cause::Malformed)),
            (json!({ "nbf": true }), 0, Some(Cause::Malformed)),
            (json!({ "iat": "now" }), 0, Some(Cause::Malformed)),
        ] {
            let tolerance = Duration::from_secs(tolerance);
            check(
                &Expected {
                    tolerance,
                    ..expected()
                },
                &claims,
                cause,
            );
        }
    }

    #[test]
    fn who_and_for_whom() {
        let asked = Expected {
            issuers: vec!["https://a/".to_owned(), "https://b/".to_owned()],
            audiences: vec!["api".to_owned(), "web".to_owned()],
            subject: Some("ada".to_owned()),
            required: vec!["plan".to_owned()],
            ..expected()
        };
        let good = json!({ "iss": "https://b/", "aud": "web", "sub": "ada", "plan": false });
        check(&asked, &good, None);
        for (name, value, cause) in [
            ("iss", json!("https://b"), Cause::InvalidIssuer),
            ("iss", json!("https://c/"), Cause::InvalidIssuer),
            ("iss", json!(""), Cause::InvalidIssuer),
            ("iss", json!(["https://b/"]), Cause::Malformed),
            ("aud", json!("WEB"), Cause::InvalidAudience),
            ("aud", json!([]), Cause::InvalidAudience),
            ("aud", json!(["other", "another"]), Cause::InvalidAudience),
            ("aud", json!(["web", 1]), Cause::Malformed),
            ("aud", json!({}), Cause::Malformed),
            ("sub", json!("bob"), Cause::InvalidSubject),
            ("sub", json!(7), Cause::Malformed),
            ("plan", json!(null), Cause::MissingClaim),
        ] {
            let mut claims = good.clone();
            claims[name] = value;
            check(&asked, &claims, Some(cause));
            // What nobody asks for is only looked at for its type.
            check(
                &expected(),
                &claims,
                Some(cause).filter(|cause| *cause == Cause::Malformed),
            );
        }
        for (name, cause) in [
            ("iss", Cause::InvalidIssuer),
            ("aud", Cause::InvalidAudience),
            ("sub", Cause::InvalidSubject),
            ("plan", Cause::MissingClaim),
        ] {
            let mut claims = good.clone();
            claims.as_object_mut().unwrap().remove(name);
            check(&asked, &claims, Some(cause));
        }
        let mut claims = good;
        claims["aud"] = json!(["other", "api"]);
        check(&asked, &claims, None);
    }

    proptest! {
        /// Between its times and nowhere else, however long the tolerance.
        #[test]
        fn a_token_counts_between_its_times(
            begins in -2000i64..2000, lasts in 0i64..2000, now in -3000i64..5000, tolerance in 0u64..600,
        ) {
            let claims = json!({ "nbf": begins, "exp": begins + lasts });
            let asked = Expected { tolerance: Duration::from_secs(tolerance), ..expected() };
            let tolerance = i64::try_from(tolerance).unwrap();
            let counts = now >= begins - tolerance && now < begins + lasts + tolerance;
            let found = asked.check(claims.as_object().unwrap(), Timestamp::from_second(now).unwrap());
            prop_assert_eq!(found.is_ok(), counts);
        }
    }

    #[test]
    fn durations() {
        assert_eq!(duration(&json!("15s")), Ok(Duration::from_secs(15)));
        assert_eq!(duration(&json!(15)), Ok(Duration::from_secs(15)));
        for value in [json!("15"), json!(-1), json!(1.5), json!(u64::MAX), json!(null)] {
            assert!(duration(&value).is_err(), "{value}");
        }
    }
}
