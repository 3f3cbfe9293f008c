//! Pattern and value → where they differ.

use lockgate_flow::expression::equal;
use serde_json::{Map, Value};

use super::{Comparison, Difference, Form, Matcher, Pattern, child};

/// How much of a value a message shows.
const SHOWN: usize = 120;

impl Pattern {
    /// Compares; `None` is nothing, as in an object that does not have the key.
    pub fn compare(&self, actual: Option<&Value>) -> Comparison {
        let mut differences = Vec::new();
        let (expected, actual) = self.walk(actual, "", "", &mut differences);
        Comparison {
            differences,
            expected,
            actual,
        }
    }

    fn fits(&self, actual: Option<&Value>) -> bool {
        self.compare(actual).holds()
    }

    /// Gives what to show as expected and as found.
    fn walk(
        &self,
        actual: Option<&Value>,
        pointer: &str,
        at: &str,
        differences: &mut Vec<Difference>,
    ) -> (Option<Value>, Option<Value>) {
        let Some(value) = actual else {
            if self.is_absent() {
                return (None, None);
            }
            let message = format!("expected {}, found nothing", self.shown());
            differences.push(difference(pointer, at, message, None));
            return (Some(self.written.clone()), None);
        };
        match (&self.form, value) {
            (Form::Scalar, value) if equal(&self.written, value) => same(value),
            (Form::List(patterns), Value::Array(items)) => {
                Self::list(patterns, items, pointer, at, differences)
            }
            (Form::Object { fields, is_open }, Value::Object(found)) => {
                Self::object(fields, *is_open, found, pointer, at, differences)
            }
            (Form::Matchers(matchers), value) => self.matchers(matchers, value, pointer, at, differences),
            _ => {
                let message = format!("expected {}, found {}", self.shown(), shown(value));
                differences.push(difference(pointer, at, message, Some(value)));
                (Some(self.written.clone()), Some(value.clone()))
            }
        }
    }

    fn list(
        patterns: &[Self],
        items: &[Value],
        pointer: &str,
        at: &str,
        differences: &mut Vec<Difference>,
    ) -> (Option<Value>, Option<Value>) {
        if patterns.len() != items.len() {
            let message = format!(
                "expected a list of {}, found one of {}",
                patterns.len(),
                items.len()
            );
            differences.push(difference(
                pointer,
                at,
                message,
                Some(&Value::Array(items.to_vec())),
            ));
        }
        let (mut expected, mut found) = (Vec::new(), Vec::new());
        for (index, (pattern, item)) in patterns.iter().zip(items).enumerate() {
            let token = index.to_string();
            let (pattern, item) = pattern.walk(
                Some(item),
                &child(pointer, &token),
                &child(at, &token),
                differences,
            );
            expected.extend(pattern);
            found.extend(item);
        }
        let common = patterns.len().min(items.len());
        expected.extend(patterns[common..].iter().map(|pattern| pattern.written.clone()));
        found.extend_from_slice(&items[common..]);
        (Some(expected.into()), Some(found.into()))
    }

    fn object(
        fields: &[(String, Self)],
        is_open: bool,
        found: &Map<String, Value>,
        pointer: &str,
        at: &str,
        differences: &mut Vec<Difference>,
    ) -> (Option<Value>, Option<Value>) {
        let (mut expected, mut shown) = (Map::new(), Map::new());
        for (key, pattern) in fields {
            let (pattern, value) =
                pattern.walk(found.get(key), &child(pointer, key), &child(at, key), differences);
            expected.extend(pattern.map(|pattern| (key.clone(), pattern)));
            shown.extend(value.map(|value| (key.clone(), value)));
        }
        if !is_open {
            let is_known = |key: &str| fields.iter().any(|(known, _)| known == key);
            for (key, value) in found.iter().filter(|(key, _)| !is_known(key)) {
                let message = format!("expected nothing here, found {}", self::shown(value));
                differences.push(difference(&child(pointer, key), at, message, Some(value)));
                shown.insert(key.clone(), value.clone());
            }
        }
        (Some(expected.into()), Some(shown.into()))
    }

    fn matchers(
        &self,
        matchers: &[(&'static str, Matcher)],
        value: &Value,
        pointer: &str,
        at: &str,
        differences: &mut Vec<Difference>,
    ) -> (Option<Value>, Option<Value>) {
        // Alone, `exactly` is the value itself, and its differences are within.
        if let [(name, Matcher::Exactly(pattern))] = matchers {
            return pattern.walk(Some(value), pointer, &child(at, name), differences);
        }
        let before = differences.len();
        for (name, matcher) in matchers {
            if let Some(message) = matcher.mismatch(value) {
                differences.push(difference(pointer, &child(at, name), message, Some(value)));
            }
        }
        if differences.len() == before {
            return same(value);
        }
        let is_absent = self.is_absent();
        ((!is_absent).then(|| self.written.clone()), Some(value.clone()))
    }

    fn is_absent(&self) -> bool {
        let Form::Matchers(matchers) = &self.form else {
            return false;
        };
        matchers.iter().any(|(_, matcher)| match matcher {
            Matcher::Absent => true,
            Matcher::OneOf(options) => options.iter().any(Self::is_absent),
            _ => false,
        })
    }

    fn shown(&self) -> String {
        if let Form::Matchers(matchers) = &self.form {
            return matchers
                .iter()
                .map(|(_, matcher)| matcher.describe())
                .collect::<Vec<_>>()
                .join(" and ");
        }
        shown(&self.written)
    }
}

impl Matcher {
    /// What does not hold, if anything.
    fn mismatch(&self, value: &Value) -> Option<String> {
        let holds = match self {
            Self::Any(None) => true,
            Self::Any(Some(kind)) => kind.fits(value),
            Self::Matches(regex) => value.as_str().is_some_and(|text| regex.is_match(text)),
            Self::Absent => false,
            Self::Exactly(pattern) => pattern.fits(Some(value)),
            Self::Contains(pattern) => match (value, &pattern.written) {
                (Value::String(text), Value::String(part)) => text.contains(part.as_str()),
                (Value::Array(items), _) => items.iter().any(|item| pattern.fits(Some(item))),
                _ => false,
            },
            Self::OneOf(options) => options.iter().any(|option| option.fits(Some(value))),
        };
        (!holds).then(|| format!("expected {}, found {}", self.describe(), shown(value)))
    }

    fn describe(&self) -> String {
        match self {
            Self::Any(None) => "anything".to_owned(),
            Self::Any(Some(kind)) => format!("any {}", kind.name()),
            Self::Matches(regex) => format!("a text that matches /{regex}/"),
            Self::Absent => "nothing".to_owned(),
            Self::Exactly(pattern) => format!("exactly {}", pattern.shown()),
            Self::Contains(pattern) => match &pattern.written {
                Value::String(part) => format!("a list or text that contains {part:?}"),
                _ => format!("a list with {}", pattern.shown()),
            },
            Self::OneOf(options) => {
                let options: Vec<String> = options.iter().map(Pattern::shown).collect();
                format!("one of {}", options.join(", "))
            }
        }
    }
}

fn same(value: &Value) -> (Option<Value>, Option<Value>) {
    (Some(value.clone()), Some(value.clone()))
}

fn difference(pointer: &str, pattern: &str, message: String, actual: Option<&Value>) -> Difference {
    Difference {
        pointer: pointer.to_owned(),
        pattern: pattern.to_owned(),
        message,
        actual: actual.cloned(),
    }
}

/// A value in a message: as JSON, cut where it is long.
fn shown(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(SHOWN) {
        None => text,
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told(pattern: &Value, actual: Option<&Value>) -> Vec<String> {
        let found = Pattern::parse(pattern).unwrap().compare(actual);
        assert_eq!(
            found.holds(),
            found.expected == found.actual,
            "what is shown differs where, and only where, something does: {pattern} {actual:?}"
        );
        found
            .differences
            .iter()
            .map(|difference| {
                format!(
                    "{} ({}): {}",
                    difference.pointer, difference.pattern, difference.message
                )
            })
            .collect()
    }

    #[test]
    fn what_holds() {
        for (pattern, actual) in [
            (json!(1), json!(1.0)),
            (json!(null), json!(null)),
            (json!({}), json!({ "a": 1 })),
            (
                json!({ "a": { "b": 1 } }),
                json!({ "a": { "b": 1, "c": 2 }, "d": 3 }),
            ),
            (json!([1, { "a": 1 }]), json!([1, { "a": 1, "b": 2 }])),
            (json!({ "any": true }), json!(null)),
            (json!({ "any": null }), json!(null)),
            (json!({ "any": "string" }), json!("")),
            (json!({ "any": "integer" }), json!(2.0)),
            (json!({ "any": "number" }), json!(2.5)),
            (json!({ "any": "boolean" }), json!(false)),
            (json!({ "any": "array" }), json!([])),
            (json!({ "any": "object" }), json!({})),
            (json!({ "matches": "^auth0\\|" }), json!("auth0|1")),
            (json!({ "matches": "b" }), json!("abc")),
            (json!({ "a": { "absent": true } }), json!({})),
            (
                json!({ "exactly": { "a": [{ "b": 1 }] } }),
                json!({ "a": [{ "b": 1 }] }),
            ),
            (
                json!({ "exactly": { "a": { "any": "string" } } }),
                json!({ "a": "x" }),
            ),
            (
                json!({ "exactly": { "matches": "x" } }),
                json!({ "matches": "x" }),
            ),
            (json!({ "contains": 2 }), json!([1, 2])),
            (json!({ "contains": { "a": 1 } }), json!([{ "a": 1, "b": 2 }])),
            (json!({ "contains": "bc" }), json!("abcd")),
            (json!({ "one_of": [1, { "any": "string" }] }), json!("x")),
            (json!({ "a": { "one_of": [1, { "absent": true }] } }), json!({})),
            (json!({ "any": "array", "contains": 1 }), json!([1])),
        ] {
            assert_eq!(
                told(&pattern, Some(&actual)),
                Vec::<String>::new(),
                "{pattern} {actual}"
            );
        }
        assert_eq!(told(&json!({ "absent": true }), None), Vec::<String>::new());
    }

    #[test]
    fn what_does_not_is_told_with_both_places() {
        for (pattern, actual, expect) in [
            (json!(1), json!("1"), vec![" (): expected 1, found \"1\""]),
            (json!(null), json!(false), vec![" (): expected null, found false"]),
            (
                json!({ "a": 1 }),
                json!({}),
                vec!["/a (/a): expected 1, found nothing"],
            ),
            (
                json!({ "a": 1 }),
                json!([1]),
                vec![" (): expected {\"a\":1}, found [1]"],
            ),
            (
                json!({ "a/b": { "c": [1, 2] } }),
                json!({ "a/b": { "c": [1, 3] } }),
                vec!["/a~1b/c/1 (/a~1b/c/1): expected 2, found 3"],
            ),
            (
                json!([1]),
                json!([2, 3]),
                vec![
                    " (): expected a list of 1, found one of 2",
                    "/0 (/0): expected 1, found 2",
                ],
            ),
            (
                json!([]),
                json!([2]),
                vec![" (): expected a list of 0, found one of 1"],
            ),
            (
                json!({ "any": "integer" }),
                json!(1.5),
                vec![" (/any): expected any integer, found 1.5"],
            ),
            (
                json!({ "any": "number" }),
                json!("1"),
                vec![" (/any): expected any number, found \"1\""],
            ),
            (
                json!({ "any": "null" }),
                json!(0),
                vec![" (/any): expected any null, found 0"],
            ),
            (
                json!({ "any": "object" }),
                json!([]),
                vec![" (/any): expected any object, found []"],
            ),
            (
                json!({ "any": "array" }),
                json!({}),
                vec![" (/any): expected any array, found {}"],
            ),
            (
                json!({ "any": "boolean" }),
                json!(0),
                vec![" (/any): expected any boolean, found 0"],
            ),
            (
                json!({ "any": "string" }),
                json!(null),
                vec![" (/any): expected any string, found null"],
            ),
            (
                json!({ "a": { "any": true } }),
                json!({}),
                vec!["/a (/a): expected anything, found nothing"],
            ),
            (
                json!({ "matches": "^b" }),
                json!("abc"),
                vec![" (/matches): expected a text that matches /^b/, found \"abc\""],
            ),
            (
                json!({ "matches": "1" }),
                json!(1),
                vec![" (/matches): expected a text that matches /1/, found 1"],
            ),
            (
                json!({ "a": { "absent": true } }),
                json!({ "a": null }),
                vec!["/a (/a/absent): expected nothing, found null"],
            ),
            (
                json!({ "exactly": { "a": { "b": 1 } } }),
                json!({ "a": { "b": 2, "c": 3 } }),
                vec![
                    "/a/b (/exactly/a/b): expected 1, found 2",
                    "/a/c (/exactly/a): expected nothing here, found 3",
                ],
            ),
            (
                json!({ "exactly": [] }),
                json!([1]),
                vec![" (/exactly): expected a list of 0, found one of 1"],
            ),
            (
                json!({ "contains": { "a": 1 } }),
                json!([{ "a": 2 }]),
                vec![" (/contains): expected a list with {\"a\":1}, found [{\"a\":2}]"],
            ),
            (
                json!({ "contains": "x" }),
                json!("abc"),
                vec![" (/contains): expected a list or text that contains \"x\", found \"abc\""],
            ),
            (
                json!({ "contains": 1 }),
                json!(1),
                vec![" (/contains): expected a list with 1, found 1"],
            ),
            (
                json!({ "one_of": ["a", { "any": "integer" }] }),
                json!("b"),
                vec![" (/one_of): expected one of \"a\", any integer, found \"b\""],
            ),
            (
                json!({ "any": "string", "matches": "^a" }),
                json!("b"),
                vec![" (/matches): expected a text that matches /^a/, found \"b\""],
            ),
        ] {
            assert_eq!(told(&pattern, Some(&actual)), expect, "{pattern} {actual}");
        }
        assert_eq!(told(&json!("a"), None), [" (): expected \"a\", found nothing"]);
    }

    #[test]
    fn what_nobody_asked_for_is_not_shown() {
        let pattern = Pattern::parse(&json!({ "id": { "any": "string" }, "plan": "pro" })).unwrap();
        let found = pattern.compare(Some(&json!({ "plan": "free", "id": "x", "more": 1 })));
        assert_eq!(found.expected, Some(json!({ "id": "x", "plan": "pro" })));
        assert_eq!(found.actual, Some(json!({ "id": "x", "plan": "free" })));
    }

    #[test]
    fn a_long_value_is_cut_in_messages() {
        let told = told(&json!(1), Some(&json!("é".repeat(500))));
        assert!(told[0].len() < 300 && told[0].ends_with('…'), "{}", told[0]);
    }
}
