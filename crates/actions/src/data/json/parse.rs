//! `json.parse`: the value that a JSON text holds.

use std::sync::{Arc, LazyLock};

use async_trait::async_trait;
use lockgate_engine::action::{Action, ActionContext, ActionError};
use lockgate_flow::catalog::{ActionSpec, Effect, ErrorSpec};
use lockgate_flow::schema::Schema;
use serde_json::{Value, json};

use super::super::place::{DEEPEST, LARGEST, depth};

static SPEC: LazyLock<Arc<ActionSpec>> = LazyLock::new(|| {
    Arc::new(ActionSpec {
        docs: "The text may hold any JSON value (RFC 8259), also a list or a single word; a byte order mark before it is \
               passed over. Of two members of one name in an object the last one counts. Numbers that 64 bits do not \
               hold become the nearest that they do.\n\n\
               An error says the line and the column, and never what stands there: the text may hold a secret.\n\n\
               To make an object, write it: `set: { customer: { name: \"{{input.name}}\" } }`. The answers of \
               `http.request` are parsed already. In the middle of an expression there is the function `from_json`."
            .into(),
        input: Schema::new(json!({
            "type": "object",
            "additionalProperties": false,
            "required": ["json"],
            "properties": { "json": { "type": "string", "description": "The text. At most 1 MiB." } }
        })),
        output: Schema::new(json!({
            "type": "object",
            "additionalProperties": false,
            "required": ["object"],
            "properties": { "object": { "description": "The value: mostly an object." } }
        })),
        errors: vec![
            ErrorSpec::new("invalid_json", 422, "the text is not JSON"),
            ErrorSpec::new(
                "too_large",
                422,
                "the text has more than 1 MiB, or more than 100 levels in one another",
            ),
        ],
        example: "id: profile\naction: json.parse\nwith:\n  json: \"{{input.profile}}\"\n".into(),
        ..ActionSpec::new("json.parse", Effect::Pure, "Reads a value from a JSON text")
    })
});

/// Reads a value from a JSON text.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::data) struct JsonParse;

#[async_trait]
impl Action for JsonParse {
    fn spec(&self) -> &Arc<ActionSpec> {
        &SPEC
    }

    async fn call(&self, _: &ActionContext<'_>, input: Value) -> Result<Value, ActionError> {
        let text = input.get("json").and_then(Value::as_str).unwrap_or_default();
        if text.len() > LARGEST {
            return Err(ActionError::new("too_large", "the text has more than 1 MiB"));
        }
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let too_deep = || ActionError::new("too_large", "the text has more than 100 levels in one another");
        let value: Value = serde_json::from_str(text).map_err(|error| {
            // The parser has a limit of its own, a little above ours, and no kind of error for it.
            if error.to_string().starts_with("recursion limit exceeded") {
                too_deep()
            } else {
                ActionError::new("invalid_json", format!("the text is not JSON: {error}"))
            }
        })?;
        if depth(&value) > DEEPEST {
            return Err(too_deep());
        }
        Ok(json!({ "object": value }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lockgate_engine::testing::{LoneStep, TestClock};

    async fn parse(text: &str) -> Result<Value, ActionError> {
        let step = LoneStep::on(TestClock::default());
        let mut result = step.call(&JsonParse, json!({ "json": text })).await?;
        Ok(result["object"].take())
    }

    #[tokio::test]
    async fn any_value_is_read() {
        for (text, value) in [
            (r#"{"name":"John Doe"}"#, json!({ "name": "John Doe" })),
            (" [1, 2.5, null]\n", json!([1, 2.5, null])),
            ("\u{feff}\"ä\\u00e4\"", json!("ää")),
            ("18446744073709551615", json!(u64::MAX)),
            (r#"{"a":1,"a":2}"#, json!({ "a": 2 })),
        ] {
            assert_eq!(parse(text).await, Ok(value), "{text}");
        }
    }

    #[tokio::test]
    async fn an_error_says_where_and_quotes_nothing() {
        for (text, place) in [
            ("", "line 1 column 0"),
            ("{\"a\": tr0ub4dor}", "line 1 column 9"),
            ("{\n  \"tr0ub4dor\": 'x'\n}", "line 2 column 16"),
            ("{\"tr0ub4dor\"", "line 1 column 12"),
            ("[1] tr0ub4dor", "line 1 column 5"),
            ("\"tr0ub4dor\n\"", "line 2 column 0"),
            ("\"\\tr0ub4dor\\q\"", "line 1 column 13"),
            ("[1e999]", "line 1 column 6"),
        ] {
            let error = parse(text).await.unwrap_err();
            assert_eq!(error.code, "invalid_json");
            assert!(error.message.ends_with(place), "{}", error.message);
            assert!(!error.message.contains("ub4dor"), "{}", error.message);
        }
    }

    #[tokio::test]
    async fn depth_and_size_have_limits() {
        let nested = |levels: usize| "[".repeat(levels) + &"]".repeat(levels);
        assert!(parse(&nested(100)).await.is_ok());
        for text in [nested(101), nested(100_000), " ".repeat(LARGEST + 1)] {
            assert_eq!(parse(&text).await.unwrap_err().code, "too_large");
        }
        assert!(parse(&(" ".repeat(LARGEST - 1) + "1")).await.is_ok());
    }
}
