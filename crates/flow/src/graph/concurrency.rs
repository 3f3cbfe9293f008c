//! `concurrency`: what tells the runs of a flow apart that may not go on at once.

use std::fmt::Write as _;

use serde_json::{Number, Value};

use super::template::strip;
use crate::expression::{Ambient, EvaluationError, Scope, Slot, ValueTemplate};
use crate::syntax::ConcurrencySyntax;

/// `concurrency`: how many runs go on at once; the others wait for their turn.
#[derive(Clone, Debug)]
pub struct Concurrency {
    /// How many at once: of each key, or of the flow where there is no key. At least 1.
    pub limit: u32,
    /// What tells runs apart: an expression on `input` and `config`.
    pub key: Option<ValueTemplate>,
    /// How many at once of all keys together.
    pub total: Option<u32>,
    /// How many may wait, of all keys together.
    pub queue: u32,
}

impl Concurrency {
    pub(super) fn of(syntax: &ConcurrencySyntax) -> Self {
        Self {
            limit: syntax.limit,
            key: syntax.key.as_ref().map(|key| strip(key, None)),
            total: syntax.total,
            queue: syntax.queue,
        }
    }

    /// The key of a run with this input, as text: equal for values that are equal as JSON. `None` where there is no key.
    ///
    /// The same input gives the same key at any time and in any process: a key has neither time nor chance in it.
    ///
    /// # Errors
    /// The expression cannot be evaluated for this input.
    pub fn key(&self, input: &Value, config: &Value) -> Result<Option<String>, EvaluationError> {
        let Some(key) = &self.key else { return Ok(None) };
        let values = BeforeTheRun { input, config };
        let value = key.evaluate(&values, &mut Still)?;
        let mut text = String::new();
        // A key that is left out altogether (`omit_if_missing`) is that of all runs without a value.
        write_canonical(value.as_deref().unwrap_or(&Value::Null), &mut text);
        Ok(Some(text))
    }
}

/// What a key can look at: there is no run yet.
struct BeforeTheRun<'a> {
    input: &'a Value,
    config: &'a Value,
}

impl Scope for BeforeTheRun<'_> {
    fn root(&self, slot: Slot) -> Option<&Value> {
        match slot {
            Slot::Input => Some(self.input),
            Slot::Config => Some(self.config),
            _ => None,
        }
    }
}

/// Time stands still and nothing is left to chance. The checker lets no key ask for either; and nothing that a key would
/// have masked is ever written.
struct Still;

impl Ambient for Still {
    fn now(&mut self) -> jiff::Timestamp {
        jiff::Timestamp::UNIX_EPOCH
    }

    fn random_bytes(&mut self, buffer: &mut [u8]) {
        buffer.fill(0);
    }

    fn mask(&mut self, _: &str) {}
}

/// JSON with the fields of objects in the order of their names, and whole numbers without a fraction.
fn write_canonical(value: &Value, text: &mut String) {
    match value {
        Value::Number(number) => {
            let _ = write!(text, "{}", whole(number).as_ref().unwrap_or(number));
        }
        Value::Array(items) => {
            text.push('[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    text.push(',');
                }
                write_canonical(item, text);
            }
            text.push(']');
        }
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_unstable_by_key(|(name, _)| *name);
            text.push('{');
            for (index, (name, value)) in fields.into_iter().enumerate() {
                if index > 0 {
                    text.push(',');
                }
                let _ = write!(text, "{}:", Value::from(name.as_str()));
                write_canonical(value, text);
            }
            text.push('}');
        }
        plain => {
            let _ = write!(text, "{plain}");
        }
    }
}

/// The integer that a floating-point number is equal to, if there is one.
fn whole(number: &Number) -> Option<Number> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let float = number.as_f64().filter(|_| number.is_f64())?;
    #[expect(clippy::cast_possible_truncation, reason = "it is whole, and within 2^53")]
    let integer = || (float as i64).into();
    (float.fract() == 0.0 && float.abs() <= EXACT).then(integer)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::catalog::Catalog;
    use crate::expression::equal;
    use crate::source::Source;
    use crate::workspace::Workspace;

    fn canonical(value: &Value) -> String {
        let mut text = String::new();
        write_canonical(value, &mut text);
        text
    }

    #[test]
    fn equal_values_give_one_text() {
        for (value, text) in [
            (json!("a\"b"), r#""a\"b""#),
            (json!(1), "1"),
            (json!(1.0), "1"),
            (json!(-0.0), "0"),
            (json!(1.5), "1.5"),
            (json!(u64::MAX), "18446744073709551615"),
            (json!("1"), "\"1\""),
            (json!(null), "null"),
            (
                json!({ "b": [1.0, true], "a": { "d": 1, "c": 2 } }),
                r#"{"a":{"c":2,"d":1},"b":[1,true]}"#,
            ),
        ] {
            assert_eq!(canonical(&value), text);
        }
    }

    fn key(line: &str, input: &Value) -> Result<Option<String>, EvaluationError> {
        let text = format!("concurrency: {line}\ninput: {{ email: string }}\nsteps:\n  - return: x\n");
        let workspace = Workspace::check(None, &[Source::new("flows/it.yaml", text)], &Catalog::new());
        let flow = workspace.runnable()["it"].clone();
        let config = json!({ "a": 1 });
        flow.concurrency.as_ref().unwrap().key(input, &config)
    }

    #[test]
    fn keys_are_worked_out() {
        let input = json!({ "email": "Ada@Example.com" });
        for (line, expect) in [
            ("5", None),
            ("{ limit: 5 }", None),
            (
                "{ limit: 1, key: '{{input.email}}' }",
                Some(r#""Ada@Example.com""#),
            ),
            (
                "{ limit: 1, key: '{{lower input.email}}' }",
                Some(r#""ada@example.com""#),
            ),
            (
                "{ limit: 1, key: 'to {{input.email}}' }",
                Some(r#""to Ada@Example.com""#),
            ),
            (
                "{ limit: 1, key: ['{{length input.email}}', 1.0] }",
                Some("[15,1]"),
            ),
            (
                "{ limit: 1, key: { b: '{{length input.email}}', a: 1 } }",
                Some(r#"{"a":1,"b":15}"#),
            ),
            (
                "{ limit: 1, key: '{{mask input.email}}' }",
                Some(r#""Ada@Example.com""#),
            ),
        ] {
            assert_eq!(key(line, &input).unwrap().as_deref(), expect, "{line}");
        }
    }

    #[test]
    fn a_run_without_the_value_has_a_key_of_its_own_kind() {
        let line = "{ limit: 1, key: '{{omit_if_missing input.email}}' }";
        assert_eq!(key(line, &json!({})).unwrap().as_deref(), Some("null"));
        // Input that was not validated.
        let failed = key("{ limit: 1, key: '{{input.email}}' }", &json!({})).unwrap_err();
        assert!(failed.to_string().contains("input.email"), "{failed}");
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Into::into),
            (-3..3).prop_map(Into::into),
            (-6..6).prop_map(|half| (f64::from(half) / 2.0).into()),
            "[a1,\"]{0,2}".prop_map(Into::into),
        ];
        leaf.prop_recursive(2, 8, 3, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..3).prop_map(Into::into),
                prop::collection::vec(("[ab]", inner), 0..3)
                    .prop_map(|fields| Value::Object(fields.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn texts_are_equal_where_values_are(a in value(), b in value()) {
            prop_assert_eq!(canonical(&a) == canonical(&b), equal(&a, &b), "{} {}", a, b);
        }
    }
}
