//! Text: cases, parts, replacing, and the encodings of the web. Positions count characters, not bytes.

use std::ops::Range;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC};
use serde_json::Value;

use super::super::arguments::{Arguments, Fault, Outcome, within_limit};
use super::super::limits::MAX_LIST_ITEMS;
use super::table::{Function, Group, Parameter};
use crate::schema::TypeSet;

const STRING: TypeSet = TypeSet::STRING;
const INTEGER: TypeSet = TypeSet::INTEGER;
const TEXT: Parameter = Parameter::new("text", STRING);
const START: Parameter = Parameter::new("start", INTEGER);
const END: Parameter = Parameter::new("end", INTEGER).optional();
const REPLACING: &[Parameter] = &[
    TEXT,
    Parameter::new("part", STRING),
    Parameter::new("replacement", STRING),
];

pub(super) static FUNCTIONS: &[Function] = &[
    Function::new(
        Group::Text,
        "lower",
        "The text in lower case.",
        &[TEXT],
        STRING,
        &[("lower input.email", "\"ada@example.com\"")],
        |arguments| Ok(arguments.text(0)?.to_lowercase().into()),
    ),
    Function::new(
        Group::Text,
        "upper",
        "The text in upper case.",
        &[TEXT],
        STRING,
        &[("upper input.plan", "\"PRO\"")],
        |arguments| Ok(arguments.text(0)?.to_uppercase().into()),
    ),
    Function::new(
        Group::Text,
        "trim",
        "The text without white space at its ends.",
        &[TEXT],
        STRING,
        &[("trim \"  a b \"", "\"a b\"")],
        |arguments| Ok(arguments.text(0)?.trim().to_owned().into()),
    ),
    Function::new(
        Group::Text,
        "replace",
        "The text with the first occurrence of a part replaced.",
        REPLACING,
        STRING,
        &[("replace \"a-b-c\" \"-\" \"+\"", "\"a+b-c\"")],
        |arguments| replace(arguments, 1),
    ),
    Function::new(
        Group::Text,
        "replace_all",
        "The text with every occurrence of a part replaced.",
        REPLACING,
        STRING,
        &[("replace_all \"a-b-c\" \"-\" \"+\"", "\"a+b+c\"")],
        |arguments| replace(arguments, usize::MAX),
    ),
    Function::new(
        Group::Text,
        "split",
        "The parts of a text between separators, as a list. An empty separator gives the characters.",
        &[TEXT, Parameter::new("separator", STRING)],
        TypeSet::ARRAY,
        &[
            ("split input.name \" \"", "[\"Ada\", \"Lovelace\"]"),
            ("split \"abc\" \"\"", "[\"a\", \"b\", \"c\"]"),
        ],
        split,
    ),
    Function::new(
        Group::Text,
        "join",
        "The elements of a list as one text, with a separator between them. Elements are text, numbers or booleans.",
        &[
            Parameter::new("list", TypeSet::ARRAY),
            Parameter::new("separator", STRING),
        ],
        STRING,
        &[
            ("join input.tags \", \"", "\"admin, beta\""),
            ("join [1, true] \"\"", "\"1true\""),
        ],
        join,
    ),
    Function::new(
        Group::Text,
        "substring",
        "The characters from `start` up to, not including, `end`. Positions count from 0; negative ones from the end.",
        &[TEXT, START, END],
        STRING,
        &[
            ("substring input.name 0 3", "\"Ada\""),
            ("substring input.name -8", "\"Lovelace\""),
            ("substring \"abc\" 2 1", "\"\""),
        ],
        substring,
    ),
    Function::new(
        Group::Text,
        "length",
        "The number of characters of a text, of elements of a list, of fields of an object.",
        &[Parameter::new(
            "value",
            STRING.union(TypeSet::ARRAY).union(TypeSet::OBJECT),
        )],
        INTEGER,
        &[("length input.name", "12"), ("length input.tags", "2")],
        |arguments| {
            let length = match &*arguments.value(0)? {
                Value::String(text) => text.chars().count(),
                Value::Array(items) => items.len(),
                Value::Object(fields) => fields.len(),
                _ => 0,
            };
            Ok(Value::from(length).into())
        },
    ),
    Function::new(
        Group::Text,
        "url_encode",
        "The text with everything percent-encoded but letters, digits, `-`, `_`, `.` and `~` (RFC 3986), for one part of a URL.",
        &[TEXT],
        STRING,
        &[("url_encode \"a b&c\"", "\"a%20b%26c\"")],
        url_encode,
    ),
    Function::new(
        Group::Text,
        "base64_encode",
        "The text in Base64 (RFC 4648). The alphabet is `standard` with padding, or `url` without.",
        &[
            TEXT,
            Parameter::new("alphabet", STRING)
                .optional()
                .checked(check_alphabet),
        ],
        STRING,
        &[
            ("base64_encode \"Ada?\"", "\"QWRhPw==\""),
            ("base64_encode \"~~?\" \"url\"", "\"fn4_\""),
        ],
        base64_encode,
    ),
    Function::new(
        Group::Text,
        "base64_decode",
        "The text that a Base64 text stands for, in either alphabet, with or without padding. It must be UTF-8.",
        &[TEXT],
        STRING,
        &[
            ("base64_decode \"QWRhPw==\"", "\"Ada?\""),
            ("base64_decode \"fn4_\"", "\"~~?\""),
        ],
        base64_decode,
    ),
];

fn replace<'a>(arguments: &mut Arguments<'a, '_>, most: usize) -> Outcome<'a> {
    let text = arguments.text(0)?;
    let part = arguments.text(1)?;
    let replacement = arguments.text(2)?;
    if part.is_empty() {
        return Err("takes a part that is not empty".into());
    }
    let count = text.matches(&*part).take(most).count();
    within_limit(text.len().saturating_add(count.saturating_mul(replacement.len())))?;
    Ok(text.replacen(&*part, &replacement, most).into())
}

fn split<'a>(arguments: &mut Arguments<'a, '_>) -> Outcome<'a> {
    let text = arguments.text(0)?;
    let separator = arguments.text(1)?;
    let parts: Vec<Value> = if separator.is_empty() {
        text.chars()
            .take(MAX_LIST_ITEMS + 1)
            .map(|character| character.to_string().into())
            .collect()
    } else {
        text.split(&*separator)
            .take(MAX_LIST_ITEMS + 1)
            .map(Value::from)
            .collect()
    };
    if parts.len() > MAX_LIST_ITEMS {
        return Err(format!("gives more than {MAX_LIST_ITEMS} parts").into());
    }
    Ok(Value::Array(parts).into())
}

fn join<'a>(arguments: &mut Arguments<'a, '_>) -> Outcome<'a> {
    let list = arguments.list(0)?;
    let separator = arguments.text(1)?;
    let mut text = String::new();
    for (position, item) in list.iter().enumerate() {
        if position > 0 {
            text.push_str(&separator);
        }
        match item {
            Value::String(part) => text.push_str(part),
            Value::Number(_) | Value::Bool(_) => text.push_str(&item.to_string()),
            other => {
                let message = format!("joins text, numbers and booleans; element {position} is");
                return Err(format!("{message} {}", TypeSet::of(other)).into());
            }
        }
        within_limit(text.len())?;
    }
    Ok(text.into())
}

fn substring<'a>(arguments: &mut Arguments<'a, '_>) -> Outcome<'a> {
    let text = arguments.text(0)?;
    let range = part_of(arguments, text.chars().count())?;
    Ok(text
        .chars()
        .skip(range.start)
        .take(range.len())
        .collect::<String>()
        .into())
}

/// The range that `start` and `end` (arguments 1 and 2) mean in something of a length; negative ones count from the
/// end, and none leaves it.
pub(super) fn part_of(arguments: &mut Arguments<'_, '_>, length: usize) -> Result<Range<usize>, Fault> {
    let place = |position: i64| match usize::try_from(position) {
        Ok(position) => position.min(length),
        Err(_) => length.saturating_sub(usize::try_from(position.unsigned_abs()).unwrap_or(usize::MAX)),
    };
    let start = place(arguments.integer(1)?);
    let end = if arguments.len() > 2 {
        place(arguments.integer(2)?)
    } else {
        length
    };
    Ok(start..end.max(start))
}

fn url_encode<'a>(arguments: &mut Arguments<'a, '_>) -> Outcome<'a> {
    const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
        .remove(b'-')
        .remove(b'_')
        .remove(b'.')
        .remove(b'~');
    let text = arguments.text(0)?;
    let encoded = percent_encoding::utf8_percent_encode(&text, RESERVED).to_string();
    within_limit(encoded.len())?;
    Ok(encoded.into())
}

const LENIENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
const URL: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT.with_encode_padding(false));

fn check_alphabet(alphabet: &Value) -> Result<(), String> {
    match alphabet.as_str() {
        Some("standard" | "url") => Ok(()),
        _ => Err("the alphabet is \"standard\" or \"url\"".to_owned()),
    }
}

fn base64_encode<'a>(arguments: &mut Arguments<'a, '_>) -> Outcome<'a> {
    let text = arguments.text(0)?;
    let alphabet = if arguments.len() > 1 {
        arguments.value(1)?.into_owned()
    } else {
        "standard".into()
    };
    check_alphabet(&alphabet)?;
    let encoded = if alphabet == "url" {
        URL.encode(&*text)
    } else {
        STANDARD.encode(&*text)
    };
    within_limit(encoded.len())?;
    Ok(encoded.into())
}

fn base64_decode<'a>(arguments: &mut Arguments<'a, '_>) -> Outcome<'a> {
    let text = arguments.text(0)?;
    let engine = if text.contains(['-', '_']) { URL } else { STANDARD };
    let bytes = engine.decode(text.trim()).map_err(|_| "the text is not Base64")?;
    let decoded = String::from_utf8(bytes).map_err(|_| "what it stands for is not text in UTF-8")?;
    Ok(decoded.into())
}
