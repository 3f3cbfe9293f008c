//! How long a fetched key set counts without asking again: what its answer says (RFC 9111 §5.2.2), within bounds.

use std::time::Duration;

use reqwest::header::{AGE, CACHE_CONTROL, HeaderMap};

/// No set is asked for more often because of its age. An issuer that says fifteen seconds means caches in between.
pub(super) const LEAST: Duration = Duration::from_mins(1);

/// A key that was withdrawn counts no longer than this, whatever the answer said.
pub(super) const MOST: Duration = Duration::from_hours(6);

/// Where the answer says nothing.
const OTHERWISE: Duration = Duration::from_mins(10);

/// Reads it off an answer's headers.
pub(super) fn of(headers: &HeaderMap) -> Duration {
    let text = |value: &reqwest::header::HeaderValue| value.to_str().map(str::to_ascii_lowercase).ok();
    let directives: Vec<String> = headers.get_all(CACHE_CONTROL).iter().filter_map(text).collect();
    let mut age = None;
    for directive in directives.iter().flat_map(|line| line.split(',')).map(str::trim) {
        if matches!(directive, "no-store" | "no-cache") {
            return LEAST;
        }
        if let Some(seconds) = directive.strip_prefix("max-age=") {
            // What is no number, or too large for one, says nothing.
            age = seconds
                .trim_matches('"')
                .parse()
                .ok()
                .map(Duration::from_secs)
                .or(age);
        }
    }
    let spent = headers
        .get(AGE)
        .and_then(|value| value.to_str().ok()?.trim().parse().ok())
        .map_or(Duration::ZERO, Duration::from_secs);
    age.map_or(OTHERWISE, |age: Duration| age.saturating_sub(spent))
        .clamp(LEAST, MOST)
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;

    use super::*;

    #[test]
    fn what_the_answer_says_counts_within_bounds() {
        for (lines, age, seconds) in [
            (&[][..], None, 600),
            (&["max-age=300"], None, 300),
            (&["public, max-age=300, stale-while-revalidate=15"], None, 300),
            (&["public", "MAX-AGE=300"], None, 300),
            (&["max-age=\"300\""], None, 300),
            (&["max-age=300"], Some("100"), 200),
            (&["max-age=300"], Some("299"), 60),
            (&["max-age=300"], Some("900"), 60),
            (&["max-age=300"], Some("long"), 300),
            (&["max-age=15"], None, 60),
            (&["max-age=0"], None, 60),
            (&["max-age=31536000"], None, 21600),
            (&["max-age=99999999999999999999999"], None, 600),
            (&["max-age=-1"], None, 600),
            (&["s-maxage=20000"], None, 600),
            (&["max-age=300, no-cache"], None, 60),
            (&["no-store"], None, 60),
        ] {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(CACHE_CONTROL, HeaderValue::from_static(line));
            }
            if let Some(age) = age {
                headers.insert(AGE, HeaderValue::from_static(age));
            }
            assert_eq!(of(&headers), Duration::from_secs(seconds), "{lines:?} {age:?}");
        }
    }
}
