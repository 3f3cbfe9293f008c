//! `xml.serialize`: a value as XML text.

use std::io;
use std::sync::{Arc, LazyLock};

use async_trait::async_trait;
use lockgate_engine::action::{Action, ActionContext, ActionError};
use lockgate_flow::catalog::{ActionSpec, Effect, ErrorSpec};
use lockgate_flow::schema::Schema;
use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};
use serde_json::{Map, Value, json};

use super::LEVELS;
use super::grammar::{is_char, is_name};

static SPEC: LazyLock<Arc<ActionSpec>> = LazyLock::new(|| {
    Arc::new(ActionSpec {
        docs: "The form of the value is that of `xml.parse`, and what `xml.parse` gave is written as XML of the same meaning: \
               members are elements, `@name` is an attribute, `#text` the text beside attributes and elements, a list an \
               element for each of its items, and none for an empty list. Numbers and booleans are written as text; null is an \
               empty element.\n\n\
               The object has one member, the root; or `root` names an element that is put around it. What must be escaped is \
               escaped. The text begins with an XML declaration and has no line breaks of its own.\n\n\
               A value that XML cannot say fails with `not_representable`: a name that is none, a list in a list, an attribute \
               that is no plain value, a control character."
            .into(),
        input: Schema::new(json!({
            "type": "object",
            "additionalProperties": false,
            "required": ["object"],
            "properties": {
                "object": { "description": "The value: an object with one member, or with `root` any but a list." },
                "root": { "type": "string", "minLength": 1, "description": "The name of an element around the value." }
            }
        })),
        output: Schema::new(json!({
            "type": "object",
            "additionalProperties": false,
            "required": ["xml"],
            "properties": { "xml": { "type": "string", "description": "The text." } }
        })),
        errors: vec![ErrorSpec::new("not_representable", 422, "the value cannot be written as XML")],
        example: "id: order\naction: xml.serialize\nwith:\n  root: order\n  object:\n    \"@id\": \"{{input.order_id}}\"\n    \
                  item: [{ sku: A1, count: 2 }]\n"
            .into(),
        ..ActionSpec::new("xml.serialize", Effect::Pure, "Writes a value as XML text")
    })
});

/// Writes a value as XML text.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::data) struct XmlSerialize;

#[async_trait]
impl Action for XmlSerialize {
    fn spec(&self) -> &Arc<ActionSpec> {
        &SPEC
    }

    async fn call(&self, _: &ActionContext<'_>, input: Value) -> Result<Value, ActionError> {
        let object = input.get("object").unwrap_or(&Value::Null);
        let root = input.get("root").and_then(Value::as_str);
        Ok(json!({ "xml": serialize(object, root)? }))
    }
}

pub(super) fn serialize(object: &Value, root: Option<&str>) -> Result<String, ActionError> {
    let (name, value) = match (root, object) {
        (Some(root), value) => (root, value),
        (None, Value::Object(members)) => {
            let mut members = members.iter();
            match (members.next(), members.next()) {
                (Some((name, value)), None) => (name.as_str(), value),
                _ => {
                    return Err(refused(
                        "the object does not have one member, the root; name one under `root`",
                    ));
                }
            }
        }
        (None, _) => {
            return Err(refused(
                "the value is no object; name an element around it under `root`",
            ));
        }
    };
    if value.is_array() {
        return Err(refused("the root is a list: XML has one root"));
    }
    let mut writer = Writer::new(Vec::new());
    let declaration = BytesDecl::new("1.0", Some("UTF-8"), None);
    written(writer.write_event(Event::Decl(declaration)))?;
    element(&mut writer, name, value, 1)?;
    String::from_utf8(writer.into_inner()).map_err(|error| refused(error.to_string()))
}

fn element(writer: &mut Writer<Vec<u8>>, name: &str, value: &Value, level: usize) -> Result<(), ActionError> {
    if level > LEVELS {
        return Err(refused("more than 50 elements stand in one another"));
    }
    named(name)?;
    let nothing = Map::new();
    let (members, text) = match value {
        Value::Object(members) => (members, members.get("#text")),
        plain => (&nothing, Some(plain)),
    };
    let mut start = BytesStart::new(name);
    for (member, value) in members {
        if let Some(attribute) = member.strip_prefix('@') {
            named(attribute)?;
            let value = plain(value, || format!("the attribute `{member}`"))?;
            start.push_attribute((attribute, value.as_str()));
        }
    }
    let text = text
        .map(|text| plain(text, || format!("the text of `{name}`")))
        .transpose()?;
    let text = text.filter(|text| !text.is_empty());
    let mut children = members
        .iter()
        .filter(|(member, _)| !member.starts_with('@') && *member != "#text")
        .peekable();
    if text.is_none() && children.peek().is_none() {
        return written(writer.write_event(Event::Empty(start)));
    }
    written(writer.write_event(Event::Start(start)))?;
    if let Some(text) = text {
        written(writer.write_event(Event::Text(BytesText::new(&text))))?;
    }
    for (member, value) in children {
        match value {
            Value::Array(items) => {
                for item in items {
                    if item.is_array() {
                        return Err(refused(format!(
                            "`{member}` is a list of lists: XML has no name for the inner one"
                        )));
                    }
                    element(writer, member, item, level + 1)?;
                }
            }
            value => element(writer, member, value, level + 1)?,
        }
    }
    written(writer.write_event(Event::End(BytesEnd::new(name))))
}

fn named(name: &str) -> Result<(), ActionError> {
    if is_name(name) {
        Ok(())
    } else {
        Err(refused(format!(
            "`{name}` is no name of an element or an attribute"
        )))
    }
}

/// The text of a value that is no list and no object.
fn plain(value: &Value, of: impl Fn() -> String) -> Result<String, ActionError> {
    let text = match value {
        Value::Null => String::new(),
        Value::Bool(bool) => bool.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.clone(),
        Value::Array(_) | Value::Object(_) => {
            return Err(refused(format!("{} is a list or an object", of())));
        }
    };
    if text.chars().all(is_char) {
        Ok(text)
    } else {
        Err(refused(format!(
            "{} has a character that XML does not have",
            of()
        )))
    }
}

fn refused(problem: impl Into<String>) -> ActionError {
    ActionError::new("not_representable", problem)
}

/// Memory takes everything; the library writes to anything, and so may fail.
fn written(result: io::Result<()>) -> Result<(), ActionError> {
    result.map_err(|error| refused(format!("the text cannot be written: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use lockgate_engine::testing::{LoneStep, TestClock};

    #[tokio::test]
    async fn values_become_elements() {
        let step = LoneStep::on(TestClock::default());
        for (input, xml) in [
            (
                json!({ "object": { "name": "John Doe" } }),
                "<name>John Doe</name>",
            ),
            (json!({ "object": "x", "root": "a" }), "<a>x</a>"),
            (json!({ "object": null, "root": "a" }), "<a/>"),
            (
                json!({ "object": { "b": [1, true, null, ""], "c": [] }, "root": "a" }),
                "<a><b>1</b><b>true</b><b/><b/></a>",
            ),
            (
                json!({ "object": { "s:a": { "b": "2", "@x": 1.5, "#text": "t", "@xmlns:s": "urn:x" } } }),
                "<s:a x=\"1.5\" xmlns:s=\"urn:x\">t<b>2</b></s:a>",
            ),
            (
                json!({ "object": { "a": { "@q": "\"<\n", "#text": "<&]]>\r" } } }),
                "<a q=\"&quot;&lt;&#10;\">&lt;&amp;]]&gt;&#13;</a>",
            ),
            (json!({ "object": {}, "root": "a" }), "<a/>"),
        ] {
            let expected = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>{xml}");
            assert_eq!(
                step.call(&XmlSerialize, input).await,
                Ok(json!({ "xml": expected }))
            );
        }
    }

    #[test]
    fn what_xml_cannot_say_is_refused() {
        let mut deep = json!("x");
        for _ in 0..51 {
            deep = json!({ "a": deep });
        }
        for (object, message) in [
            (
                json!({}),
                "the object does not have one member, the root; name one under `root`",
            ),
            (
                json!({ "a": 1, "b": 2 }),
                "the object does not have one member, the root; name one under `root`",
            ),
            (
                json!([1]),
                "the value is no object; name an element around it under `root`",
            ),
            (json!({ "a": [1] }), "the root is a list: XML has one root"),
            (
                json!({ "a b": 1 }),
                "`a b` is no name of an element or an attribute",
            ),
            (
                json!({ "#text": 1 }),
                "`#text` is no name of an element or an attribute",
            ),
            (
                json!({ "a": { "b><c": 1 } }),
                "`b><c` is no name of an element or an attribute",
            ),
            (
                json!({ "a": { "@": 1 } }),
                "`` is no name of an element or an attribute",
            ),
            (
                json!({ "a": { "@x y": 1 } }),
                "`x y` is no name of an element or an attribute",
            ),
            (
                json!({ "a": { "@x": [] } }),
                "the attribute `@x` is a list or an object",
            ),
            (
                json!({ "a": { "#text": {} } }),
                "the text of `a` is a list or an object",
            ),
            (
                json!({ "a": { "b": [[1]] } }),
                "`b` is a list of lists: XML has no name for the inner one",
            ),
            (
                json!({ "a": "\u{0}" }),
                "the text of `a` has a character that XML does not have",
            ),
            (
                json!({ "a": { "@x": "\u{8}" } }),
                "the attribute `@x` has a character that XML does not have",
            ),
            (deep, "more than 50 elements stand in one another"),
        ] {
            let error = serialize(&object, None).unwrap_err();
            assert_eq!((&*error.code, &*error.message), ("not_representable", message));
        }
        assert!(serialize(&json!(1), Some("1")).is_err());
    }
}
