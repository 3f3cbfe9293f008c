//! Writes values as YAML the way people write it: short ones on a line, others in blocks.

use std::fmt::Write as _;

use serde_json::Value;

/// The widest line that is put together from several values.
const WIDTH: usize = 100;

/// A value as it stands after `key:` or `-`, `indent` columns deep: on the same line, or in a block below it.
pub(super) fn value(out: &mut String, value: &Value, indent: usize) {
    let line = flow(value);
    let is_short = indent + line.len() <= WIDTH;
    match value {
        Value::Object(fields) if !is_short && !fields.is_empty() => {
            out.push('\n');
            block(out, value, indent + 2);
        }
        Value::Array(items) if !is_short && !items.is_empty() => {
            out.push('\n');
            block(out, value, indent + 2);
        }
        _ => {
            let _ = writeln!(out, " {line}");
        }
    }
}

fn block(out: &mut String, of: &Value, indent: usize) {
    let margin = " ".repeat(indent);
    match of {
        Value::Object(fields) => {
            for (key, field) in fields {
                let _ = write!(out, "{margin}{}:", text(key));
                value(out, field, indent);
            }
        }
        Value::Array(items) => {
            for item in items {
                let is_long = indent + 2 + flow(item).len() > WIDTH;
                let is_map = item.as_object().is_some_and(|fields| !fields.is_empty());
                if is_long && is_map {
                    // Its first key stands beside the dash.
                    let mut lines = String::new();
                    block(&mut lines, item, indent + 2);
                    let _ = write!(out, "{margin}- {}", lines.trim_start());
                    continue;
                }
                let _ = write!(out, "{margin}-");
                value(out, item, indent);
            }
        }
        _ => {}
    }
}

fn flow(value: &Value) -> String {
    match value {
        Value::String(string) => text(string),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(flow).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Object(fields) if fields.is_empty() => "{}".to_owned(),
        Value::Object(fields) => {
            let fields: Vec<String> = fields
                .iter()
                .map(|(key, value)| format!("{}: {}", text(key), flow(value)))
                .collect();
            format!("{{ {} }}", fields.join(", "))
        }
        other => other.to_string(),
    }
}

/// A text, in quotes where YAML 1.1 or 1.2 could take it for something else.
fn text(text: &str) -> String {
    let is_plain = text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text
            .chars()
            .all(|character| character.is_ascii_alphanumeric() || " _.@+/|-".contains(character))
        && !text.ends_with(' ')
        && ![
            "true", "false", "null", "yes", "no", "on", "off", "y", "n", "nan", "inf", "infinity",
        ]
        .contains(&text.to_ascii_lowercase().as_str());
    if is_plain {
        text.to_owned()
    } else {
        // JSON's texts are YAML's, too.
        Value::from(text).to_string()
    }
}

#[cfg(test)]
mod tests {
    use lockgate_flow::source::Source;
    use lockgate_flow::yaml::{Limits, load};
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_written_is_read_as_it_was() {
        let long = "x".repeat(80);
        for given in [
            json!({}),
            json!([]),
            json!({ "a": [], "b": {}, "c": null, "d": true, "e": -1.5, "f": "1", "g": "true" }),
            json!({ "No": "yes", "é: #": "a: b # c", "": " ", "x": "- a", "t": "2026-11-23T17:22:24Z", "p": "auth0|1" }),
            json!({ "long": { "one": long, "two": [long, [long, { "three": long }], []] }, "tail": "a\n\"b\"\t\\" }),
            json!([[{ "a": long, "b": [long] }], "}", "{", "&a", "*a", "!t", "%", "`", "\u{2022}\u{1}"]),
        ] {
            let mut out = "value:".to_owned();
            value(&mut out, &given, 0);
            let source = Source::new("a.yaml", out.as_str());
            let loaded = load(&source, Limits::default());
            assert!(loaded.diagnostics.is_empty(), "{:#?}\n{out}", loaded.diagnostics);
            assert_eq!(loaded.root.unwrap().to_value()["value"], given, "{out}");
        }
    }

    #[test]
    fn short_values_stand_on_a_line() {
        let mut out = "input:".to_owned();
        value(&mut out, &json!({ "email": "ada@example.com", "age": 1 }), 4);
        assert_eq!(out, "input: { email: ada@example.com, age: 1 }\n");
    }
}
