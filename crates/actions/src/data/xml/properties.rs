//! What is written is read again as it was.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::parse::{Options, parse};
use super::serialize::serialize;

/// Text of all characters that XML has, the awkward ones often.
fn text() -> impl Strategy<Value = String> {
    let awkward = prop::sample::select(vec![
        "<",
        ">",
        "&",
        "\"",
        "'",
        "]]>",
        "\r",
        "\n",
        "\t",
        " ",
        "&lt;",
        "<![CDATA[",
    ]);
    let piece = prop_oneof![
        awkward.prop_map(str::to_owned),
        "[ -~\u{a0}-\u{2fff}\u{1f600}-\u{1f64f}]{0,6}"
    ];
    prop::collection::vec(piece, 0..5).prop_map(|pieces| pieces.concat())
}

fn name() -> impl Strategy<Value = String> {
    "[a-c_é名][a-c0-9.-]{0,2}(:[a-c])?"
}

/// A value as `xml.parse` gives one: lists have two items or more, an element that is only text is a string.
fn element() -> impl Strategy<Value = Value> {
    text().prop_map(Value::String).prop_recursive(5, 40, 4, |inner| {
        let repeated = prop_oneof![
            3 => inner.clone(),
            1 => prop::collection::vec(inner, 2..4).prop_map(Value::Array),
        ];
        let attributes = prop::collection::btree_map(name(), text(), 0..3);
        let children = prop::collection::btree_map(name(), repeated, 0..4);
        (attributes, text(), children).prop_map(|(attributes, text, children)| {
            if attributes.is_empty() && children.is_empty() {
                return text.into();
            }
            let mut object = Map::new();
            for (name, value) in attributes {
                object.insert(format!("@{name}"), value.into());
            }
            // Between elements, white space alone is layout.
            let is_layout = text.trim_matches([' ', '\t', '\r', '\n']).is_empty() && !children.is_empty();
            if !text.is_empty() && !is_layout {
                object.insert("#text".to_owned(), text.into());
            }
            object.extend(children);
            object.into()
        })
    })
}

proptest! {
    #[test]
    fn values_survive(name in name(), value in element()) {
        let object = json!({ name: value });
        let xml = serialize(&object, None).unwrap();
        prop_assert_eq!(parse(&xml, &Options::default()), Ok(object), "{}", xml);
    }

    #[test]
    fn any_text_is_read_or_refused(text in "[<>a/ =\"'&;#x!\\[\\]?-]{0,40}") {
        if let Ok(object) = parse(&text, &Options::default()) {
            let xml = serialize(&object, None).unwrap();
            prop_assert_eq!(parse(&xml, &Options::default()), Ok(object), "{}", xml);
        }
    }
}
