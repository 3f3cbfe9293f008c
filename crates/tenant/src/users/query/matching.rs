//! Whether a user is what a query asks for.

use serde_json::{Map, Value};

use super::parse::{Pattern, Query};

/// Fields whose case does not matter.
const FOLDED: [&str; 5] = ["email", "name", "given_name", "family_name", "nickname"];

impl Query {
    pub(crate) fn matches(&self, user: &Map<String, Value>) -> bool {
        match self {
            Self::All => true,
            Self::Any(queries) => queries.iter().any(|query| query.matches(user)),
            Self::Every(queries) => queries.iter().all(|query| query.matches(user)),
            Self::Not(query) => !query.matches(user),
            Self::Exists(field) => {
                let mut found = false;
                visit(user, field, &mut |value| found |= !value.is_null());
                found
            }
            Self::Term { field, pattern } => {
                let folded = FOLDED.contains(&field.as_str()) || field == "email.domain";
                let mut found = false;
                visit(user, field, &mut |value| found |= pattern.matches(value, folded));
                found
            }
        }
    }
}

impl Pattern {
    fn matches(&self, value: &Value, folded: bool) -> bool {
        let fold = |text: &str| {
            if folded {
                text.to_lowercase()
            } else {
                text.to_owned()
            }
        };
        let text = match value {
            Value::String(text) => fold(text),
            Value::Bool(_) | Value::Number(_) => value.to_string(),
            _ => return false,
        };
        match self {
            Self::Exact(expect) => fold(expect) == text,
            Self::Wildcard(pattern) => wildcard(fold(pattern).as_bytes(), text.as_bytes()),
            Self::Range {
                low,
                low_included,
                high,
                high_included,
            } => {
                let above = low.as_ref().is_none_or(|low| {
                    let order = order(&text, &fold(low));
                    order.is_gt() || (*low_included && order.is_eq())
                });
                let below = high.as_ref().is_none_or(|high| {
                    let order = order(&text, &fold(high));
                    order.is_lt() || (*high_included && order.is_eq())
                });
                above && below
            }
        }
    }
}

/// Numbers by value, everything else (dates among them, which are RFC 3339) as text.
fn order(a: &str, b: &str) -> std::cmp::Ordering {
    match (a.parse::<f64>(), b.parse::<f64>()) {
        (Ok(a), Ok(b)) => a.total_cmp(&b),
        _ => a.cmp(b),
    }
}

fn wildcard(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t) = (0, 0);
    // Where the last `*` stood, and how much of the text it has swallowed: only the last one is ever retried.
    let mut star = None;
    while t < text.len() {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(expect) if *expect == b'?' || *expect == text[t] => {
                p += 1;
                t += 1;
            }
            _ => {
                let Some((at, swallowed)) = star else { return false };
                star = Some((at, swallowed + 1));
                (p, t) = (at + 1, swallowed + 1);
            }
        }
    }
    pattern[p..].iter().all(|c| *c == b'*')
}

/// Calls `seen` with every value at a dotted path; a list on the way stands for each of its items.
fn visit(user: &Map<String, Value>, field: &str, seen: &mut dyn FnMut(&Value)) {
    if field == "email.domain" {
        if let Some((_, domain)) = user
            .get("email")
            .and_then(Value::as_str)
            .and_then(|email| email.rsplit_once('@'))
        {
            seen(&domain.into());
        }
        return;
    }
    visit_in(user, field, seen);
}

fn visit_in(map: &Map<String, Value>, path: &str, seen: &mut dyn FnMut(&Value)) {
    let (key, rest) = path.split_once('.').unwrap_or((path, ""));
    if let Some(value) = map.get(key) {
        visit_value(value, rest, seen);
    }
}

fn visit_value(value: &Value, path: &str, seen: &mut dyn FnMut(&Value)) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| visit_value(item, path, seen)),
        _ if path.is_empty() => seen(value),
        Value::Object(map) => visit_in(map, path, seen),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn found(query: &str) -> bool {
        let user = json!({
            "email": "ada@lovelace.example", "name": "Ada Byron", "user_id": "auth0|1", "username": "Ada",
            "email_verified": true, "logins_count": 12, "updated_at": "2024-05-01T10:00:00.000Z",
            "identities": [{"connection": "db", "isSocial": false}, {"connection": "github", "isSocial": true}],
            "user_metadata": {"a": {"b": "x"}, "tags": ["one", "two"]}, "app_metadata": {"plan": "pro-plus"},
            "nothing": null
        });
        let Value::Object(user) = user else { unreachable!() };
        Query::parse(query)
            .unwrap_or_else(|error| panic!("{query}: {error}"))
            .matches(&user)
    }

    #[test]
    fn the_subset_finds_and_does_not_find() {
        for (query, expect) in [
            ("", true),
            ("*", true),
            (r#"email:"ada@lovelace.example""#, true),
            (r#"email:"ADA@lovelace.example""#, true),
            ("email:ada@lovelace.example", true),
            (r#"name:"ada byron""#, true),
            ("name:ada", false),
            ("name:ada*", true),
            ("name:*byron", true),
            ("name:a?a*", true),
            (r#"username:"ada""#, false),
            (r#"username:"Ada""#, true),
            (r#"email.domain:"lovelace.example""#, true),
            (r#"identities.connection:"github""#, true),
            (r#"identities.connection:"google""#, false),
            ("identities.isSocial:true", true),
            (r#"user_metadata.a.b:"x""#, true),
            (r#"user_metadata.tags:"two""#, true),
            ("app_metadata.plan:pro*", true),
            (r#"user_id:"auth0|1""#, true),
            (r"user_id:auth0\|1", true),
            (r#"user_id:("auth0|9" OR "auth0|1")"#, true),
            ("_exists_:logins_count", true),
            ("_exists_:nothing", false),
            ("_exists_:user_metadata.a.b", true),
            ("NOT _exists_:phone_number", true),
            ("-_exists_:phone_number", true),
            ("logins_count:[10 TO 20]", true),
            ("logins_count:[9 TO *]", true),
            ("logins_count:{12 TO 20]", false),
            ("logins_count:[1 TO 12}", false),
            ("updated_at:[2016-01-01 TO *]", true),
            ("updated_at:[2024-06-01 TO 2024-07-01]", false),
            ("email_verified:true AND logins_count:12", true),
            ("email_verified:false AND logins_count:12", false),
            ("email_verified:false OR logins_count:12", true),
            ("email_verified:false logins_count:12", true),
            ("email_verified:false && logins_count:12 || name:ada*", true),
            (
                "email_verified:true AND NOT (logins_count:12 OR logins_count:13)",
                false,
            ),
            ("!email_verified:false", true),
            (r#""auth0|1""#, true),
            ("nobody", false),
        ] {
            assert_eq!(found(query), expect, "{query}");
        }
    }

    #[test]
    fn wildcards() {
        for (pattern, text, expect) in [
            ("a*", "abc", true),
            ("a*c", "abc", true),
            ("a*b*c", "aXbYbZc", true),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("*c", "abcd", false),
            ("a*", "ba", false),
            ("", "", true),
        ] {
            assert_eq!(
                wildcard(pattern.as_bytes(), text.as_bytes()),
                expect,
                "{pattern} {text}"
            );
        }
    }
}
