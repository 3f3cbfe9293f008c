//! `json.serialize`: a value as JSON text.

use std::sync::{Arc, LazyLock};

use async_trait::async_trait;
use lockgate_engine::action::{Action, ActionContext, ActionError};
use lockgate_flow::catalog::{ActionSpec, Effect};
use lockgate_flow::schema::Schema;
use serde_json::{Value, json};

static SPEC: LazyLock<Arc<ActionSpec>> = LazyLock::new(|| {
    Arc::new(ActionSpec {
        docs: "For a field that wants JSON inside a text. Members keep their order, and nothing is written that the value \
               does not hold: no spaces, unless `pretty` asks for lines.\n\n\
               A body of `http.request` is given as a value, under `json`. In the middle of an expression there is the \
               function `to_json`."
            .into(),
        input: Schema::new(json!({
            "type": "object",
            "additionalProperties": false,
            "required": ["object"],
            "properties": {
                "object": { "description": "The value: an object, a list, or any other." },
                "pretty": {
                    "type": "boolean", "default": false,
                    "description": "Whether each member stands on a line of its own, indented by two spaces."
                }
            }
        })),
        output: Schema::new(json!({
            "type": "object",
            "additionalProperties": false,
            "required": ["json"],
            "properties": { "json": { "type": "string", "description": "The text." } }
        })),
        example: "id: text\naction: json.serialize\nwith:\n  object: { plan: \"{{input.plan}}\", seats: 5 }\n".into(),
        ..ActionSpec::new("json.serialize", Effect::Pure, "Writes a value as JSON text")
    })
});

/// Writes a value as JSON text.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::data) struct JsonSerialize;

#[async_trait]
impl Action for JsonSerialize {
    fn spec(&self) -> &Arc<ActionSpec> {
        &SPEC
    }

    async fn call(&self, _: &ActionContext<'_>, input: Value) -> Result<Value, ActionError> {
        let object = input.get("object").unwrap_or(&Value::Null);
        let text = if input.get("pretty").and_then(Value::as_bool).unwrap_or(false) {
            format!("{object:#}")
        } else {
            object.to_string()
        };
        Ok(json!({ "json": text }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lockgate_engine::testing::{LoneStep, TestClock};

    #[tokio::test]
    async fn a_value_is_written_in_its_order() {
        let step = LoneStep::on(TestClock::default());
        for (input, text) in [
            (
                json!({ "object": { "b": 1, "a": [true, null, "ä\"\n"] } }),
                r#"{"b":1,"a":[true,null,"ä\"\n"]}"#,
            ),
            (
                json!({ "object": { "b": 1 }, "pretty": true }),
                "{\n  \"b\": 1\n}",
            ),
            (json!({ "object": "text", "pretty": false }), "\"text\""),
            (json!({ "object": null }), "null"),
        ] {
            assert_eq!(
                step.call(&JsonSerialize, input).await,
                Ok(json!({ "json": text }))
            );
        }
    }
}
