//! `map_value`: one value for another, by a table.

use std::sync::{Arc, LazyLock};

use async_trait::async_trait;
use lockgate_engine::action::{Action, ActionContext, ActionError};
use lockgate_flow::catalog::{ActionSpec, Effect, ErrorSpec};
use lockgate_flow::schema::Schema;
use serde_json::{Number, Value, json};

static SPEC: LazyLock<Arc<ActionSpec>> = LazyLock::new(|| {
    Arc::new(ActionSpec {
        docs: "`cases` are looked up by the input's text: `3` and `3.0` are found under `\"3\"`, `true` under `\"true\"`; \
               upper and lower case are told apart. A case may give any value, also an object.\n\n\
               Without a `fallback`, an input that no case has fails with `no_case`. `fallback: null` gives null.\n\n\
               To take other steps for each value, use `switch`."
            .into(),
        input: Schema::new(json!({
            "type": "object",
            "additionalProperties": false,
            "required": ["input", "cases"],
            "properties": {
                "input": { "type": ["string", "number", "boolean", "null"], "description": "What to look up." },
                "cases": { "type": "object", "description": "From an input's text to what it gives." },
                "fallback": { "description": "What everything else gives." }
            }
        })),
        output: Schema::new(json!({
            "type": "object",
            "additionalProperties": false,
            "required": ["result"],
            "properties": { "result": { "description": "What the case, or the fallback, gives." } }
        })),
        errors: vec![ErrorSpec::new(
            "no_case",
            422,
            "the input has no case, and there is no `fallback`",
        )],
        example: "id: quota\naction: map_value\nwith:\n  input: \"{{input.plan}}\"\n  cases: { free: 10, pro: 1000 }\n  \
                  fallback: 0\n"
            .into(),
        ..ActionSpec::new("map_value", Effect::Pure, "Looks a value up in a table")
    })
});

/// Looks a value up in a table.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct MapValue;

#[async_trait]
impl Action for MapValue {
    fn spec(&self) -> &Arc<ActionSpec> {
        &SPEC
    }

    async fn call(&self, _: &ActionContext<'_>, mut input: Value) -> Result<Value, ActionError> {
        let case = input
            .get("input")
            .and_then(key)
            .and_then(|key| input.get_mut("cases")?.get_mut(&key).map(Value::take));
        let result = case
            .or_else(|| input.get_mut("fallback").map(Value::take))
            .ok_or_else(|| {
                ActionError::new("no_case", "the input has no case, and there is no `fallback`")
            })?;
        Ok(json!({ "result": result }))
    }
}

/// The case that an input has; null has none.
fn key(input: &Value) -> Option<String> {
    match input {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => {
            Some(as_integer(number).map_or_else(|| number.to_string(), |n| n.to_string()))
        }
        Value::Bool(bool) => Some(bool.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// `3.0` is the number 3, and is looked up as such.
fn as_integer(number: &Number) -> Option<i64> {
    // Beyond this, neighbours of floating point are more than one apart.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let float = number.as_f64().filter(|_| number.is_f64())?;
    #[expect(clippy::cast_possible_truncation, reason = "whole, and within 2⁵³")]
    (float.fract() == 0.0 && float.abs() <= EXACT).then_some(float as i64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use lockgate_engine::testing::{LoneStep, TestClock};

    #[tokio::test]
    async fn the_case_is_taken_or_the_fallback() {
        let step = LoneStep::on(TestClock::default());
        let cases = json!({ "pro": { "quota": 1000 }, "1": "one", "1.5": "more", "true": "yes", "null": "no", "": null });
        for (input, result) in [
            (json!("pro"), json!({ "quota": 1000 })),
            (json!(1), json!("one")),
            (json!("1"), json!("one")),
            (json!(1.0), json!("one")),
            (json!(1.5), json!("more")),
            (json!(true), json!("yes")),
            (json!(""), json!(null)),
            (json!("Pro"), json!("fallback")),
            (json!("01"), json!("fallback")),
            (json!(1e300), json!("fallback")),
            (json!(null), json!("fallback")),
        ] {
            let with = json!({ "input": input, "cases": cases, "fallback": "fallback" });
            assert_eq!(step.call(&MapValue, with).await, Ok(json!({ "result": result })));
        }
    }

    #[tokio::test]
    async fn without_a_fallback_nothing_is_made_up() {
        let step = LoneStep::on(TestClock::default());
        let error = step.call(&MapValue, json!({ "input": "a", "cases": {} })).await;
        assert_eq!(error.unwrap_err().code, "no_case");
        let null = json!({ "input": "a", "cases": {}, "fallback": null });
        assert_eq!(step.call(&MapValue, null).await, Ok(json!({ "result": null })));
    }
}
